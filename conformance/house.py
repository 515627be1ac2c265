"""A small hospital around the product: our emulated systems as its neighbours, every connection through a recording relay.

Workflow cases work it as its people would, by steps at its systems, and judge it by what every interface answers on the wire.

The words of the cases are in ``workflow.py``. The systems are started once in a run and shared by its cases; identifiers keep
them apart. From its start on, the tester's own systems do not listen: the relays stand on their ports.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from conformance.case import Role
from conformance.taps import Protocol as WireProtocol
from conformance.taps import Tap, Taps
from conformance.target import Endpoint, PeerName, RoleTarget
from conformance.verdict import Inconclusive
from emulators.core.fault import FaultKind
from emulators.wire.message_boundaries import Direction, Framing
from emulators.wire.mllp import Deframer, Frame
from emulators.wire.relay import Order, Record, Relay

System = PeerName
PLACES: dict[Role, System] = {
    "pacs": "pacs",
    "ris": "ris",
    "modality": "modality",
    "ehr": "ehr",
    "reporting": "workstation",
    "engine": "engine",
}
"""Whose place the product takes."""

Address = tuple[str, int]


class Neighbours(Protocol):
    """The emulated systems around a product. Close them."""

    def addresses(self) -> Mapping[System, Mapping[WireProtocol, Address]]:
        """Where each system will listen."""
        ...

    def start(self, reached_at: Mapping[System, Mapping[WireProtocol, Address]]) -> None:
        """Start them all; ``reached_at`` says where each, the product included, is reached by the others."""
        ...

    def perform(self, system: System, step: str, data: Mapping[str, str]) -> str:
        """What a person does at a system; its notes, a JSON object a line. Raises Inconclusive."""
        ...

    def close(self) -> None: ...


MakeNeighbours = Callable[[Role, RoleTarget, Mapping[PeerName, Endpoint]], Neighbours]


@dataclass(frozen=True, slots=True)
class Carried:
    """An HL7 message that a relay carried: to whom, whether it is an answer, and its record."""

    to: System
    is_answer: bool
    payload: bytes
    record: int


class _LinkRecorder:
    """The recorder of one relay: a tap for each connection, and the HL7 messages in it."""

    def __init__(
        self, taps: Taps, system: System, protocol: WireProtocol, opened_by_product: bool, case: Callable[[], str]
    ) -> None:
        self._taps = taps
        self._system: System = system
        self._protocol: WireProtocol = protocol
        self._opened_by_product = opened_by_product
        self._case = case
        self._open: dict[int, tuple[Tap, Deframer, Deframer]] = {}
        self.carried: list[Carried] = []

    def __call__(self, record: Record) -> None:
        if record.connection not in self._open:
            opened_by: Any = "product" if self._opened_by_product else "tester"
            tap = self._taps.open(self._case(), self._protocol, opened_by, self._system, f"to {self._system}")
            self._open[record.connection] = tap, Deframer(), Deframer()
        tap, asked, answered = self._open[record.connection]
        is_request = record.direction is Direction.REQUEST
        number = tap.received(record.data) if is_request is self._opened_by_product else tap.sent(record.data)
        if self._protocol == "mllp":
            for event in (asked if is_request else answered).receive(record.data):
                if isinstance(event, Frame):
                    self.carried.append(Carried(self._system, not is_request, event.payload, number))


class House:
    """The hospital of a run. ``place`` is the product's. Close it: it owns relays and neighbours."""

    def __init__(
        self,
        role: Role,
        target: RoleTarget,
        peers: Mapping[PeerName, Endpoint],
        taps: Taps,
        make: MakeNeighbours,
        case: Callable[[], str],
    ) -> None:
        self.place: System = PLACES[role]
        self.endpoints: dict[System, Endpoint] = {**peers, self.place: target}
        self._taps = taps
        self._case = case
        self._relays: dict[tuple[System, WireProtocol], Relay] = {}
        self._recorders: dict[tuple[System, WireProtocol], _LinkRecorder] = {}
        with ExitStack() as opened:
            self.neighbours = make(role, target, peers)
            opened.callback(self.neighbours.close)
            for system, protocol, upstream, port in self._links(target, peers):
                recorder = _LinkRecorder(taps, system, protocol, system != self.place, case)
                framing = Framing.DICOM if protocol == "dicom" else Framing.MLLP
                relay = Relay(upstream, framing, recorder, port=port)
                opened.callback(relay.close)
                self._relays[system, protocol], self._recorders[system, protocol] = relay, recorder
            reached_at: dict[System, dict[WireProtocol, Address]] = {}
            for (system, protocol), relay in self._relays.items():
                reached_at.setdefault(system, {})[protocol] = relay.address
            self.neighbours.start(reached_at)
            self._opened = opened.pop_all()

    def close(self) -> None:
        self._opened.close()

    def _links(
        self, target: RoleTarget, peers: Mapping[PeerName, Endpoint]
    ) -> Iterator[tuple[System, WireProtocol, Address, int]]:
        """Each system's ports: where a relay leads to, and the port that it stands on (0: any, before the product)."""
        if target.dicom_port is not None:
            yield self.place, "dicom", target.dicom, 0
        if target.mllp_port is not None:
            yield self.place, "mllp", target.mllp, 0
        for system, ports in self.neighbours.addresses().items():
            for protocol, address in ports.items():
                known = peers.get(system)
                port = None if known is None else known.dicom_port if protocol == "dicom" else known.mllp_port
                yield system, protocol, address, port or 0

    # --- reaching

    def address(self, system: System, protocol: WireProtocol) -> Address:
        """Where a system is reached, through its relay. Raises Inconclusive where it has no such port."""
        relay = self._relays.get((system, protocol))
        if relay is None:
            raise Inconclusive(f"{system} has no {protocol} port")
        return relay.address

    def title(self, system: System) -> str:
        """Raises Inconclusive where the target file gives it none."""
        known = self.endpoints.get(system)
        title = None if known is None else known.ae_title
        if title is None:
            raise Inconclusive(f"{system} has no AE title")
        return title

    # --- faults

    def refuse(self, system: System, protocol: WireProtocol) -> None:
        """From now on nobody can connect to it."""
        self._relays[system, protocol].order(Order(FaultKind.REFUSE))

    def heal(self, system: System, protocol: WireProtocol) -> None:
        self._relays[system, protocol].order(Order(FaultKind.PASS))

    def order(self, system: System, protocol: WireProtocol, order: Order) -> None:
        """Any order of the relay before it (emulators/wire/relay.py); it counts from the next connection on."""
        self._end_idle(self._relays[system, protocol])
        self._relays[system, protocol].order(order)

    def end_idle_connections(self) -> None:
        """So that what is said next is on connections of the case that says it."""
        for relay in self._relays.values():
            self._end_idle(relay)

    @staticmethod
    def _end_idle(relay: Relay) -> None:
        relay.order(Order(FaultKind.REFUSE))
        relay.order(Order(FaultKind.PASS))

    # --- what was said

    def carried(self, system: System, since: int = 0) -> list[Carried]:
        """The HL7 messages to a system, and its answers, whose record is after ``since``."""
        recorder = self._recorders.get((system, "mllp"))
        return [one for one in recorder.carried if one.record > since] if recorder else []


def notes(text: str) -> list[dict[str, Any]]:
    """What a step printed, as objects; lines that are none are left out."""
    found = []
    for line in text.splitlines():
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if isinstance(content, dict):
            found.append(content)
    return found
