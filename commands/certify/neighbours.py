"""The emulated systems around a product, for the workflow cases: a `radloop serve` each, reached through relays."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commands.certify.emulated import EmulatedSystem
from commands.certify.emulated_site import HOST, PORTS, TITLES, free_ports, site_text
from conformance.case import Role
from conformance.house import PLACES, Address, System
from conformance.taps import Protocol as WireProtocol
from conformance.target import Endpoint, PeerName, RoleTarget
from conformance.verdict import Inconclusive

NAMES: Mapping[System, str] = {
    "ehr": "ehr",
    "engine": "engine",
    "ris": "ris",
    "pacs": "pacs",
    "modality": "ct1",
    "workstation": "workstation",
}
"""The tester's names of the systems to those of the site."""
_KEYS: Mapping[WireProtocol, str] = {"dicom": "dicom_port", "mllp": "mllp_port"}


class EmulatedNeighbours:
    """Every system but the product's. Close it: it owns processes."""

    def __init__(self, folder: Path, role: Role, target: RoleTarget, peers: Mapping[PeerName, Endpoint]) -> None:
        self._folder = folder
        self._place = PLACES[role]
        self._endpoints: dict[System, Endpoint] = {**peers, self._place: target}
        self._own = {
            system: {protocol: free_ports(1)[0] for protocol, key in _KEYS.items() if key in PORTS[name]}
            for system, name in NAMES.items()
            if system != self._place
        }
        self._systems: dict[System, EmulatedSystem] = {}

    def addresses(self) -> Mapping[System, Mapping[WireProtocol, Address]]:
        return {system: {protocol: (HOST, port) for protocol, port in ports.items()} for system, ports in self._own.items()}

    def start(self, reached_at: Mapping[System, Mapping[WireProtocol, Address]]) -> None:
        """Raises OSError where one does not start."""
        for system in self._own:
            folder = self._folder / system
            folder.mkdir(exist_ok=True)
            path = folder / "site.toml"
            path.write_text(self._site(system, reached_at), encoding="utf-8")
            self._systems[system] = EmulatedSystem(NAMES[system], path)
            self._systems[system].launch()
        for served in self._systems.values():
            served.wait_until_ready()

    def _site(self, own: System, reached_at: Mapping[System, Mapping[WireProtocol, Address]]) -> str:
        endpoints: dict[str, dict[str, Any]] = {}
        for system, name in NAMES.items():
            mine = {_KEYS[protocol]: port for protocol, port in self._own[own].items()}
            others = {_KEYS[protocol]: address[1] for protocol, address in reached_at.get(system, {}).items()}
            ports = {**mine, "control_port": free_ports(1)[0]} if system == own else others
            nowhere = {key: free_ports(1)[0] for key in PORTS[name] if key not in ports}  # it has none: nobody listens
            known = self._endpoints.get(system)
            application = {"application": known.application} if known is not None and known.application else {}
            endpoints[name] = {**nowhere, **ports, **application}
        nobody = {name: {key: free_ports(1)[0] for key in keys} for name, keys in PORTS.items() if name not in endpoints}
        endpoints |= nobody
        titles = {name: self._title(system) for system, name in NAMES.items() if name in TITLES}
        return site_text(endpoints, titles)

    def _title(self, system: System) -> str:
        known = self._endpoints.get(system)
        return known.ae_title if known is not None and known.ae_title else TITLES[NAMES[system]]

    def perform(self, system: System, step: str, data: Mapping[str, str]) -> str:
        if system not in self._systems:
            raise Inconclusive(f"the hospital has no {system}")
        return self._systems[system].perform(step, data)

    def close(self) -> None:
        for served in self._systems.values():
            served.kill()
