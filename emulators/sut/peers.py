"""What must be configured in a product before it can take its place: who calls it, and whom it calls."""

from collections.abc import Mapping
from dataclasses import dataclass

from emulators.ports.sockets import Address
from emulators.site import HL7_LANES, routes
from emulators.site_settings import SiteSettings, application_name
from emulators.sut.target import Sut


@dataclass(frozen=True, slots=True)
class Peer:
    """One of our systems. ``title`` is its AE title or its application name; ``address`` is empty where it only calls."""

    system: str
    protocol: str
    title: str
    address: Address | None
    calls_with: tuple[str, ...]
    is_called_with: tuple[str, ...]


def peers(settings: SiteSettings, sut: Sut, dicom: Mapping[str, Address], hl7: Mapping[str, Address]) -> list[Peer]:
    """Every system that shares a claimed lane with the product; ``dicom`` and ``hl7`` say where they listen."""
    left_out = sut.left_out(settings)
    calls: dict[tuple[str, str], list[str]] = {}
    called: dict[tuple[str, str], list[str]] = {}
    for route in routes(settings):
        if not sut.touches(route) or route in left_out:
            continue
        protocol = "HL7" if route.lane in HL7_LANES else "DICOM"
        if route.receiver == sut.role.system:
            calls.setdefault((route.sender, protocol), []).append(route.lane)
        else:
            called.setdefault((route.receiver, protocol), []).append(route.lane)
    found: list[Peer] = []
    for system, protocol in dict.fromkeys((*calls, *called)):
        key = (system, protocol)
        title = settings.ae_title_of[system] if protocol == "DICOM" else application_name(system)
        address = (dicom if protocol == "DICOM" else hl7).get(system)
        found.append(Peer(system, protocol, title, address, tuple(calls.get(key, ())), tuple(called.get(key, ()))))
    return found
