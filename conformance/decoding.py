"""What the records of a connection say: PDUs, DIMSE messages and HL7 messages, each with the records that its bytes came in.

Works on the recorded bytes alone, legal or not, and never raises for what is in them: what cannot be read is kept, with why.
A PDU comes before the messages that end in it. Opening and closing are records of their own (conformance/taps.py).
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from conformance.material.data_sets import IMPLICIT
from conformance.peers.stream import PDU_NAMES
from conformance.taps import Opened, Record, Taps
from emulators.core.errors import RemoteProtocolError
from emulators.wire.dimse import Command, decode_command
from emulators.wire.mllp import END_BLOCK, Deframer, Frame
from emulators.wire.pdu import AssociateAccept, AssociateRequest, DataTransfer, DataValue, Pdu, decode

Way = Literal["to product", "from product"]

_HEADER = struct.Struct(">BxI")


@dataclass(frozen=True, slots=True)
class ReadPdu:
    """A PDU; ``pdu`` is None where it cannot be read, ``fault`` says why."""

    way: Way
    at_s: float  # of its last byte
    records: tuple[int, ...]
    pdu_type: int
    body: bytes
    pdu: Pdu | None
    fault: str = ""

    @property
    def name(self) -> str:
        return PDU_NAMES.get(self.pdu_type, f"PDU of type {self.pdu_type:02X}H")


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A DIMSE message. ``command`` is None where it cannot be read; ``data`` is None where there is no data set.

    The syntaxes are those of its context, the abstract one empty and the transfer syntax implicit VR where it was not agreed.
    """

    way: Way
    at_s: float
    records: tuple[int, ...]
    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    command_bytes: bytes
    command: Command | None
    data: bytes | None
    fault: str = ""

    @property
    def name(self) -> str:
        return self.command.name if self.command else "a command set that cannot be read"


@dataclass(frozen=True, slots=True)
class ReadHl7:
    """An HL7 message, without its MLLP frame."""

    way: Way
    at_s: float
    records: tuple[int, ...]
    payload: bytes

    @property
    def name(self) -> str:
        return "HL7 message"


@dataclass(frozen=True, slots=True)
class Unread:
    """Bytes that are no whole PDU, message or frame; ``fault`` says what they are."""

    way: Way
    at_s: float
    records: tuple[int, ...]
    fault: str

    @property
    def name(self) -> str:
        return self.fault


Item = ReadPdu | ReadMessage | ReadHl7 | Unread


def decoded(connections: Mapping[int, Opened], records: Iterable[Record]) -> Iterator[tuple[Opened, list[Item]]]:
    """Every connection that the records are of, with what was said on it, in the order in which connections were opened."""
    of: dict[int, list[Record]] = {}
    for record in records:
        of.setdefault(record.connection, []).append(record)
    for number in sorted(of):
        opened = connections[number]
        yield opened, decoded_connection(opened, of[number])


def decoded_connection(opened: Opened, records: Sequence[Record]) -> list[Item]:
    """What was said on one connection, in the order in which it ended; ``records`` are all that it has."""
    shared = _Contexts()
    ways: dict[str, _DicomWay | _MllpWay] = {
        "to product": _DicomWay("to product", shared) if opened.protocol == "dicom" else _MllpWay("to product"),
        "from product": _DicomWay("from product", shared) if opened.protocol == "dicom" else _MllpWay("from product"),
    }
    items: list[Item] = []
    for record in records:
        if record.event in ways:
            items += ways[record.event].feed(record)
    for way in ways.values():
        items += way.end()
    return items


def decoded_case(taps: Taps, case: str) -> Iterator[tuple[Opened, list[Item]]]:
    """As ``decoded``, for the connections that belong to a case (its variant in the name); the run may go on meanwhile."""
    return decoded(taps.connections, (one for one in tuple(taps.records) if taps.connections[one.connection].case == case))


@dataclass(slots=True)
class _Contexts:
    """What both ways know of the association."""

    proposed: dict[int, str] = field(default_factory=dict)  # id to abstract syntax
    accepted: dict[int, str] = field(default_factory=dict)  # id to transfer syntax

    def learn(self, pdu: Pdu | None) -> None:
        if isinstance(pdu, AssociateRequest):
            self.proposed = {one.context_id: one.abstract_syntax for one in pdu.contexts}
        elif isinstance(pdu, AssociateAccept):
            self.accepted = {one.context_id: one.transfer_syntax for one in pdu.contexts if one.result == 0}


class _DicomWay:
    """One direction of an association."""

    def __init__(self, way: Way, contexts: _Contexts) -> None:
        self._way = way
        self._contexts = contexts
        self._buffer = bytearray()
        self._records: list[int] = []  # whose bytes are in the buffer
        self._at_s = 0.0
        self._messages = _Messages(way, contexts)

    def feed(self, record: Record) -> Iterator[Item]:
        self._buffer += record.data
        self._records.append(record.number)
        self._at_s = record.at_s
        start = 0
        while len(self._buffer) - start >= _HEADER.size:
            pdu_type, length = _HEADER.unpack_from(self._buffer, start)
            end = start + _HEADER.size + length
            if end > len(self._buffer):
                break
            yield from self._pdu(pdu_type, bytes(self._buffer[start + _HEADER.size : end]))
            start = end
            self._records = [record.number]
        del self._buffer[:start]
        if not self._buffer:
            self._records = []

    def _pdu(self, pdu_type: int, body: bytes) -> Iterator[Item]:
        pdu, fault = None, ""
        try:
            pdu = decode(pdu_type, memoryview(body))
        except RemoteProtocolError as error:
            fault = str(error.args[0])
        self._contexts.learn(pdu)
        records = tuple(self._records)
        yield ReadPdu(self._way, self._at_s, records, pdu_type, body, pdu, fault)
        if isinstance(pdu, DataTransfer):
            for value in pdu.values:
                yield from self._messages.feed(value, records, self._at_s)

    def end(self) -> Iterator[Item]:
        yield from self._messages.end()
        if self._buffer:
            count = len(self._buffer)
            yield Unread(self._way, self._at_s, tuple(self._records), f"{count} bytes that are no whole PDU")


class _Messages:
    """Puts the PDVs of one direction together (PS3.8 Annex E); what breaks the rules is given as it stands."""

    def __init__(self, way: Way, contexts: _Contexts) -> None:
        self._way = way
        self._contexts = contexts
        self._begin()

    def _begin(self) -> None:
        self._context_id = 0
        self._command = bytearray()
        self._command_is_whole = False
        self._data: bytearray | None = None
        self._records: list[int] = []
        self._at_s = 0.0

    def feed(self, value: DataValue, records: tuple[int, ...], at_s: float) -> Iterator[Item]:
        if self._records and (value.context_id != self._context_id or (value.is_command and self._command_is_whole)):
            yield self._broken()
        self._context_id, self._at_s = value.context_id, at_s
        self._records += records
        if value.is_command:
            self._command += value.data
            self._command_is_whole = value.is_last
        else:
            self._data = bytearray() if self._data is None else self._data
            self._data += value.data
        if value.is_last and (not value.is_command or not self._announces_data()):
            yield self._whole()

    def _announces_data(self) -> bool:
        try:
            return decode_command(self._command).has_dataset
        except RemoteProtocolError:
            return False

    def _whole(self) -> ReadMessage:
        fault = "" if self._command_is_whole else "a data set that no command announces"
        command = None
        if self._command_is_whole:
            try:
                command = decode_command(self._command)
            except RemoteProtocolError as error:
                fault = str(error.args[0])
        return self._message(command, fault)

    def _broken(self) -> ReadMessage:
        """What was begun and does not go on."""
        if not self._command_is_whole:
            return self._message(None, "a message that breaks off before its command set is whole")
        missing = "does not come" if self._data is None else "breaks off"
        return self._message(decode_command(self._command), f"the data set that the command announces {missing}")

    def _message(self, command: Command | None, fault: str) -> ReadMessage:
        message = ReadMessage(
            self._way,
            self._at_s,
            tuple(dict.fromkeys(self._records)),
            self._context_id,
            self._contexts.proposed.get(self._context_id, ""),
            self._contexts.accepted.get(self._context_id, IMPLICIT),
            bytes(self._command),
            command,
            None if self._data is None else bytes(self._data),
            fault,
        )
        self._begin()
        return message

    def end(self) -> Iterator[Item]:
        if self._records:
            broken = self._broken()
            yield Unread(broken.way, broken.at_s, broken.records, f"{broken.name}: the connection ended inside the message")


class _MllpWay:
    """One direction of an MLLP connection."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._deframer = Deframer()
        self._records: list[int] = []
        self._at_s = 0.0

    def feed(self, record: Record) -> Iterator[Item]:
        self._records.append(record.number)
        self._at_s = record.at_s
        for event in self._deframer.receive(record.data):
            yield self._item(event)
            self._records = [record.number]
        if record.data.endswith(END_BLOCK):  # nothing is left of it
            self._records = []

    def _item(self, event: object) -> Item:
        if isinstance(event, Frame):
            return ReadHl7(self._way, self._at_s, tuple(self._records), event.payload)
        return Unread(self._way, self._at_s, tuple(self._records), f"no MLLP frame: {event}")

    def end(self) -> Iterator[Item]:
        for event in self._deframer.transport_closed():
            yield self._item(event)
