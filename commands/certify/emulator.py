"""Our own emulator as a target (`--target emulator`): a `radloop serve` of its own, in a folder of the run.

The tester's systems take the places of its neighbours in the site file; operator steps are stimuli, as `radloop stimulate`
gives them. Timers are short, and declared.
"""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from commands.certify.emulated import EmulatedSystem
from commands.certify.emulated_site import HOST, PORTS, TITLES, free_ports, site_text
from commands.certify.emulator_claims import (
    ASSOCIATIONS_MAX,
    CLAIMS,
    LIMITS,
    POLICIES,
    ROUTED_BODY_PART,
    SITE,
    TIMERS,
)
from conformance.case import Role
from conformance.target import Target, parse_target

SYSTEMS: Mapping[Role, str] = {
    "pacs": "pacs",
    "ris": "ris",
    "modality": "ct1",
    "ehr": "ehr",
    "reporting": "workstation",
    "engine": "engine",
}
PEERS: Mapping[str, str] = {
    "ehr": "ehr",
    "engine": "engine",
    "ris": "ris",
    "pacs": "pacs",
    "ct1": "modality",
    "workstation": "workstation",
    "teleradiology": "teleradiology",
}
"""Systems of the site to the names of the tester's systems."""

GRANTED: Mapping[str, Any] = {
    "artim_s": TIMERS["artim_s"],
    "idle_s": TIMERS["network_s"],
    "associations_max": ASSOCIATIONS_MAX,
    "users": {"ward3": "secret"},
}
"""What its endpoint grants those who call."""

ROUTING = f"""
[site.teleradiology]
ae_title = "{TITLES["teleradiology"]}"

[[site.routing]]
destination = "workstation"
modalities = []
body_parts = ["{ROUTED_BODY_PART}"]
priorities = []

[[site.routing]]
destination = "teleradiology"
modalities = []
body_parts = ["{ROUTED_BODY_PART}"]
priorities = []
"""
"""What the archive sends on."""


class Emulator(EmulatedSystem):
    """One served emulator, with the tester around it."""

    def __init__(self, role: Role, folder: Path, quirks: tuple[str, ...] = (), site: str = "") -> None:
        self.role = role
        own = SYSTEMS[role]
        ports = {**PORTS, "teleradiology": ("dicom_port",)} if role == "pacs" else PORTS
        self._ports = {name: dict(zip(kinds, free_ports(len(kinds)), strict=True)) for name, kinds in ports.items()}
        endpoints: dict[str, dict[str, Any]] = {name: dict(ports) for name, ports in self._ports.items()}
        endpoints[own] |= {"control_port": free_ports(1)[0], "quirks": list(quirks), **GRANTED}
        path = folder / "site.toml"
        more = "\n".join((SITE.get(role, ""), "quiet_s = 1" if role == "pacs" else "", site))
        text = site_text(endpoints, more=more) + (ROUTING if role == "pacs" else "")
        path.write_text(text, encoding="utf-8")
        super().__init__(own, path)
        self.start()

    def target(self) -> Target:
        """What a vendor would write about it."""
        own = {**self._endpoint(self.system), "claims": CLAIMS[self.role], "policies": POLICIES.get(self.role, {})}
        own["limits"] = LIMITS.get(self.role, {})
        peers = {PEERS[name]: self._endpoint(name) for name in self._ports if name in PEERS and name != self.system}
        data: dict[str, Any] = {
            "product": {"name": "Radloop emulator", "version": version("radloop")},
            "roles": {self.role: own},
            "tester": {"peers": peers},
            "timers": TIMERS,
        }
        return parse_target(data, "emulator")

    def _endpoint(self, name: str) -> dict[str, Any]:
        title = {"ae_title": TITLES[name]} if name in TITLES else {}
        return {"host": HOST, **self._ports[name], **title, "application": name.upper(), "facility": "RADLOOP"}
