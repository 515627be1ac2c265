"""What was exchanged in a case, connection by connection, as steps that a person reads: messages, opening, end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from pydicom import config
from pydicom.uid import UID

from conformance.decoding import Item, ReadHl7, ReadMessage, ReadPdu, decoded_connection
from conformance.report.words import clean
from conformance.taps import Opened, Record, Recorded
from emulators.core.errors import RemoteProtocolError
from emulators.wire.dimse import Command
from emulators.wire.er7 import parse
from emulators.wire.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest, DataTransfer
from emulators.wire.status import status_meaning

TO_PRODUCT, FROM_PRODUCT, END = "to product", "from product", "closed"


@dataclass(frozen=True, slots=True)
class Step:
    """One message, or how the connection ended. ``times``: so many alike, one after the other."""

    way: str
    at_s: float
    name: str
    detail: str
    records: tuple[int, ...]
    is_odd: bool = False  # it cannot be read, or breaks off
    times: int = 1

    def is_proof(self, proof: frozenset[int]) -> bool:
        """The record that completes it is the one that shows it."""
        return bool(self.records) and self.records[-1] in proof


@dataclass(frozen=True, slots=True)
class Exchange:
    """One connection: who it was between, its records in order, and what they say."""

    opened: Opened
    records: tuple[Record, ...]
    items: tuple[Item, ...]

    @property
    def is_probe(self) -> bool:
        """Whether it only asked if the product lives."""
        return self.opened.peer == "probe"

    @property
    def is_relayed(self) -> bool:
        """Whether it was between two systems of the hospital, the product perhaps among them: a relay hears who is called."""
        return self.opened.address == f"to {self.opened.peer}"

    @property
    def ends(self) -> tuple[str, str]:
        """The tester's end and the product's, or in the hospital the one who calls and the one who is called."""
        if not self.is_relayed:
            neighbour, _, _ = self.opened.address.rpartition(" at ")
            return f"{self.opened.peer} (tester)", neighbour or "product"
        return ("caller", "product") if self.opened.opened_by == "tester" else (self.opened.peer, "caller")

    @property
    def words(self) -> str:
        """Who opened it, and to whom."""
        opened = self.opened
        if self.is_relayed:
            return f"{opened.protocol}, in the hospital, to {'the product' if opened.opened_by == 'tester' else opened.peer}"
        if " at " in opened.address:
            return f"{opened.peer}, {opened.protocol}, opened to {opened.address}"
        side = "opened to the product at" if opened.opened_by == "tester" else "opened by the product to"
        return f"{opened.peer}, {opened.protocol}, {side} {opened.address}"

    @property
    def began_s(self) -> float:
        return self.records[0].at_s

    def steps(self) -> Iterator[Step]:
        """P-DATA-TF PDUs are left out: the messages that they carry stand for them."""
        for item in self.items:
            if not (isinstance(item, ReadPdu) and isinstance(item.pdu, DataTransfer)):
                yield Step(item.way, item.at_s, name_of(item), detail_of(item), item.records, not _is_whole(item))
        for record in self.records:
            if record.event == END:
                yield Step(END, record.at_s, record.data.decode(errors="replace"), "", (record.number,))


class Exchanges:
    """The exchanges of a run, by case."""

    def __init__(self, recorded: Recorded) -> None:
        self._connections, records = recorded
        self._records: dict[int, list[Record]] = {}
        for record in records:
            self._records.setdefault(record.connection, []).append(record)
        self._by_key: dict[str, list[int]] = {}
        for number, opened in self._connections.items():
            self._by_key.setdefault(opened.case, []).append(number)

    def keys_of(self, case_id: str) -> list[str]:
        """The case and its variants, as they are named in the record."""
        return [key for key in self._by_key if key == case_id or key.startswith(f"{case_id}[")]

    def of(self, key: str) -> Iterator[Exchange]:
        """The exchanges of a case in one variant."""
        for number in self._by_key.get(key, ()):
            opened, records = self._connections[number], self._records.get(number, [])
            if records:
                yield Exchange(opened, tuple(records), tuple(decoded_connection(opened, records)))


def alike_together(steps: Sequence[Step], proof: frozenset[int]) -> list[Step]:
    """Runs of steps that say the same become one; what is proof stays by itself."""
    found: list[Step] = []
    for step in steps:
        last = found[-1] if found else None
        says_the_same = last and (last.way, last.name, last.detail) == (step.way, step.name, step.detail)
        if last and says_the_same and not last.is_proof(proof) and not step.is_proof(proof):
            found[-1] = Step(last.way, last.at_s, last.name, last.detail, step.records, last.is_odd, last.times + 1)
        else:
            found.append(step)
    return found


@cache
def uid_name(uid: str) -> str:
    """What a UID is called; itself where nobody named it."""
    return str(UID(uid, config.IGNORE).name)  # also of what is no UID


def _is_whole(item: Item) -> bool:
    if isinstance(item, ReadPdu):
        return item.pdu is not None
    return isinstance(item, ReadHl7) or (isinstance(item, ReadMessage) and not item.fault)


def name_of(item: Item) -> str:
    """What it is called: PDU, command, HL7 message type."""
    if isinstance(item, ReadHl7):
        return clean(_hl7(item.payload)[0])
    return clean(item.name)


def detail_of(item: Item) -> str:
    """The one thing more that a reader wants to know of it; empty where there is none."""
    return clean(_detail(item))


def _detail(item: Item) -> str:
    if isinstance(item, ReadHl7):
        return _hl7(item.payload)[1]
    if isinstance(item, ReadMessage):
        return item.fault or (_message(item.command) if item.command else "")
    return item.fault or _pdu(item) if isinstance(item, ReadPdu) else ""


def _pdu(item: ReadPdu) -> str:
    pdu = item.pdu
    if isinstance(pdu, AssociateRequest):
        contexts = f"{len(pdu.contexts)} context{'' if len(pdu.contexts) == 1 else 's'}"
        return f"{pdu.calling_ae_title} calls {pdu.called_ae_title}, {contexts}"
    if isinstance(pdu, AssociateAccept):
        return f"{sum(one.result == 0 for one in pdu.contexts)} of {len(pdu.contexts)} contexts accepted"
    if isinstance(pdu, AssociateReject):
        return pdu.meaning
    if isinstance(pdu, Abort):
        return f"source {pdu.source}, reason {pdu.reason}"
    return ""


def _message(command: Command) -> str:
    if command.is_response:
        return status_meaning(command.status)
    return uid_name(command.sop_class_uid) if command.sop_class_uid else ""


def _hl7(payload: bytes) -> tuple[str, str]:
    """Type and, of an acknowledgement, its code; else the control id."""
    try:
        message = parse(payload, "latin-1")
    except RemoteProtocolError as error:
        return "HL7 message", str(error.args[0])
    kind = message.msh.field(9) or "HL7 message"
    acknowledgement = message.first("MSA")
    if acknowledgement is None:
        return kind, f"MSH-10 {message.msh.field(10)}"
    words = (acknowledgement.field(1), acknowledgement.field(2), acknowledgement.field(3))
    return kind, " ".join(word for word in words if word)
