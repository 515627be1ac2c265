"""DIMSE messages (PS3.7): command sets and their bytes, and messages put together from PDVs (PS3.8 Annex E).

Command sets are implicit VR little endian, in ascending order of their tags, led by the group length (PS3.7 6.3.1).

Rules of the assembler: a message is its command fragments, then, unless Command Data Set Type is 0101H, its data set
fragments, all on one presentation context; the last fragment of each part says so. Any break is a RemoteProtocolError.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.wire.fragmentation import fragment
from emulators.wire.pdu import Buffer, DataValue
from emulators.wire.upper_layer import Association

__all__ = [
    "COMMAND_NAMES",
    "Command",
    "Message",
    "MessageAssembler",
    "decode_command",
    "encode_command",
    "fragment",
    "send_message",
]

C_STORE_RQ = 0x0001
C_GET_RQ = 0x0010
C_FIND_RQ = 0x0020
C_MOVE_RQ = 0x0021
C_ECHO_RQ = 0x0030
N_EVENT_REPORT_RQ = 0x0100
N_GET_RQ = 0x0110
N_SET_RQ = 0x0120
N_ACTION_RQ = 0x0130
N_CREATE_RQ = 0x0140
N_DELETE_RQ = 0x0150
C_CANCEL_RQ = 0x0FFF
RESPONSE = 0x8000  # a response's command field is its request's with this bit

_OPERATIONS = {
    C_STORE_RQ: "C-STORE",
    C_GET_RQ: "C-GET",
    C_FIND_RQ: "C-FIND",
    C_MOVE_RQ: "C-MOVE",
    C_ECHO_RQ: "C-ECHO",
    N_EVENT_REPORT_RQ: "N-EVENT-REPORT",
    N_GET_RQ: "N-GET",
    N_SET_RQ: "N-SET",
    N_ACTION_RQ: "N-ACTION",
    N_CREATE_RQ: "N-CREATE",
    N_DELETE_RQ: "N-DELETE",
}
COMMAND_NAMES = (
    {field: f"{name}-RQ" for field, name in _OPERATIONS.items()}
    | {field | RESPONSE: f"{name}-RSP" for field, name in _OPERATIONS.items()}
    | {C_CANCEL_RQ: "C-CANCEL-RQ"}
)

# Command Data Set Type: 0101H is none, anything else is one (PS3.7 Annex E.1).
NO_DATA_SET = 0x0101
DATA_SET_PRESENT = 0x0001

# Element number in group 0000H, keyword, value representation: PS3.7 Annex E.1. Retired elements are skipped.
_ELEMENTS = {
    "AffectedSOPClassUID": (0x0002, "UI"),
    "RequestedSOPClassUID": (0x0003, "UI"),
    "CommandField": (0x0100, "US"),
    "MessageID": (0x0110, "US"),
    "MessageIDBeingRespondedTo": (0x0120, "US"),
    "MoveDestination": (0x0600, "AE"),
    "Priority": (0x0700, "US"),
    "CommandDataSetType": (0x0800, "US"),
    "Status": (0x0900, "US"),
    "OffendingElement": (0x0901, "AT"),
    "ErrorComment": (0x0902, "LO"),
    "ErrorID": (0x0903, "US"),
    "AffectedSOPInstanceUID": (0x1000, "UI"),
    "RequestedSOPInstanceUID": (0x1001, "UI"),
    "EventTypeID": (0x1002, "US"),
    "AttributeIdentifierList": (0x1005, "AT"),
    "ActionTypeID": (0x1008, "US"),
    "NumberOfRemainingSuboperations": (0x1020, "US"),
    "NumberOfCompletedSuboperations": (0x1021, "US"),
    "NumberOfFailedSuboperations": (0x1022, "US"),
    "NumberOfWarningSuboperations": (0x1023, "US"),
    "MoveOriginatorApplicationEntityTitle": (0x1030, "AE"),
    "MoveOriginatorMessageID": (0x1031, "US"),
}
_KEYWORDS = {number: (keyword, representation) for keyword, (number, representation) in _ELEMENTS.items()}

_AFFECTED = ("AffectedSOPClassUID", "AffectedSOPInstanceUID")
_REQUESTED = ("RequestedSOPClassUID", "RequestedSOPInstanceUID")

# What a message cannot be understood without (PS3.7 9.3 and 10.3). Priority is not among it: nobody acts on it.
_REQUIRED = {
    C_STORE_RQ: ("MessageID", *_AFFECTED),
    C_GET_RQ: ("MessageID", "AffectedSOPClassUID"),
    C_FIND_RQ: ("MessageID", "AffectedSOPClassUID"),
    C_MOVE_RQ: ("MessageID", "AffectedSOPClassUID", "MoveDestination"),
    C_ECHO_RQ: ("MessageID", "AffectedSOPClassUID"),
    C_CANCEL_RQ: ("MessageIDBeingRespondedTo",),
    N_EVENT_REPORT_RQ: ("MessageID", *_AFFECTED, "EventTypeID"),
    N_GET_RQ: ("MessageID", *_REQUESTED),
    N_SET_RQ: ("MessageID", *_REQUESTED),
    N_ACTION_RQ: ("MessageID", *_REQUESTED, "ActionTypeID"),
    N_CREATE_RQ: ("MessageID", "AffectedSOPClassUID"),
    N_DELETE_RQ: ("MessageID", *_REQUESTED),
}
_REQUIRED_IN_RESPONSE = ("MessageIDBeingRespondedTo", "Status")

# A command set has a few hundred bytes; above this it is refused.
COMMAND_LENGTH_MAX = 1 << 16
# A data set that is assembled in memory is refused above this; one that goes to a sink has no limit.
DATASET_LENGTH_MAX = 1 << 28

Value = int | str | tuple[int, ...]

_HEADER = struct.Struct("<HHI")
_US_ELEMENT = struct.Struct("<HHIH")
_US = struct.Struct("<H")


@dataclass(frozen=True, slots=True)
class Command:
    """A command set: keyword (as in PS3.7 Annex E, without spaces) to value, without the group length.

    US values are int, UIDs and names are str without padding, attribute tags are a tuple of int (group << 16 | element).
    """

    elements: Mapping[str, Value]

    def __getitem__(self, keyword: str) -> Value:
        return self.elements[keyword]

    def number(self, keyword: str) -> int | None:
        """A US value, None where it is absent."""
        value = self.elements.get(keyword)
        return value if isinstance(value, int) else None

    def text(self, keyword: str) -> str:
        """A UID or name, empty where it is absent."""
        value = self.elements.get(keyword)
        return value if isinstance(value, str) else ""

    @property
    def field(self) -> int:
        """Command Field."""
        return self.number("CommandField") or 0

    @property
    def name(self) -> str:
        """The name of the message, such as C-STORE-RQ."""
        return COMMAND_NAMES.get(self.field, f"command {self.field:04X}H")

    @property
    def is_response(self) -> bool:
        """Whether this answers a request."""
        return self.field >= RESPONSE

    @property
    def message_id(self) -> int:
        """Message ID of a request; for a response or C-CANCEL the Message ID that it responds to."""
        return self.number("MessageID") or self.number("MessageIDBeingRespondedTo") or 0

    @property
    def status(self) -> int:
        """Status of a response."""
        return self.number("Status") or 0

    @property
    def has_dataset(self) -> bool:
        """Whether a data set follows."""
        return self.elements.get("CommandDataSetType") != NO_DATA_SET

    @property
    def sop_class_uid(self) -> str:
        """Affected or Requested SOP Class UID."""
        return self.text("AffectedSOPClassUID") or self.text("RequestedSOPClassUID")

    @property
    def sop_instance_uid(self) -> str:
        """Affected or Requested SOP Instance UID."""
        return self.text("AffectedSOPInstanceUID") or self.text("RequestedSOPInstanceUID")


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message. ``dataset`` is None where there is none or where it went to a sink."""

    context_id: int
    command: Command
    dataset: bytearray | None


def encode_command(command: Command) -> bytes:
    """The bytes of a command set. Raises LocalProtocolError on an unknown keyword or a value that cannot be written."""
    elements = command.elements
    try:
        numbered = sorted((_ELEMENTS[keyword], value) for keyword, value in elements.items())
        body = b"".join([_encode_element(number, representation, value) for (number, representation), value in numbered])
    except (KeyError, TypeError, AttributeError, struct.error, UnicodeEncodeError) as error:
        raise LocalProtocolError(f"{command.name} cannot be encoded: {type(error).__name__} {error}") from None
    return _HEADER.pack(0, 0, 4) + struct.pack("<I", len(body)) + body


def _encode_element(number: int, representation: str, value: Any) -> bytes:
    if representation == "US":
        return _US_ELEMENT.pack(0, number, 2, value)
    if representation == "AT":
        encoded = b"".join(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in value)
    else:
        encoded = value.encode("ascii")
        if len(encoded) % 2:
            encoded += b"\0" if representation == "UI" else b" "
    return _HEADER.pack(0, number, len(encoded)) + encoded


def decode_command(data: Buffer) -> Command:
    """The command set in these bytes. Unknown and empty elements are skipped, the group length is not relied on.

    Raises RemoteProtocolError, one line without values, where it cannot be read or lacks what its kind requires.
    """
    elements: dict[str, Value] = {}
    position, end = 0, len(data)
    while position < end:
        if position + 8 > end:
            raise RemoteProtocolError("command set: the header of the last element is cut")
        group, number, length = _HEADER.unpack_from(data, position)
        position += 8
        if group != 0:
            raise RemoteProtocolError(f"command set: element ({group:04X},{number:04X}) is not of group 0000H")
        if length > end - position:
            raise RemoteProtocolError(f"command set: element (0000,{number:04X}) reaches beyond the end")
        if number in _KEYWORDS and length:
            keyword, representation = _KEYWORDS[number]
            if keyword in elements:
                raise RemoteProtocolError(f"command set: {keyword} comes twice")
            elements[keyword] = _decode_value(keyword, representation, data, position, length)
        position += length
    command = Command(elements)
    _check_required(command)
    return command


def _decode_value(keyword: str, representation: str, data: Buffer, position: int, length: int) -> Value:
    if representation == "US":
        if length != 2:
            raise RemoteProtocolError(f"command set: {keyword} has {length} bytes instead of 2")
        value: int = _US.unpack_from(data, position)[0]
        return value
    if representation == "AT":
        if length % 4:
            raise RemoteProtocolError(f"command set: {keyword} has {length} bytes, not a multiple of 4")
        halves = struct.unpack_from(f"<{length // 2}H", data, position)
        return tuple(group << 16 | element for group, element in zip(halves[::2], halves[1::2], strict=True))
    return bytes(data[position : position + length]).decode("latin-1").strip("\0 ")


def _check_required(command: Command) -> None:
    for keyword in ("CommandField", "CommandDataSetType"):
        if keyword not in command.elements:
            raise RemoteProtocolError(f"command set: {keyword} is missing")
    required = _REQUIRED_IN_RESPONSE if command.is_response else _REQUIRED.get(command.field, ("MessageID",))
    for keyword in required:
        if keyword not in command.elements:
            raise RemoteProtocolError(f"{command.name}: {keyword} is missing")


def send_message(association: Association, context_id: int, command: Command, dataset: Sequence[Buffer] | None = None) -> None:
    """Send one message. Raises LocalProtocolError as ``Association.send_data`` does, and where the command announces a
    data set that is not given, or the other way round."""
    if command.has_dataset != (dataset is not None):
        raise LocalProtocolError(f"{command.name}: Command Data Set Type does not fit the data set")
    association.send_data(context_id, encode_command(command), dataset)


# Takes each fragment of a data set in turn and copies what it keeps; ``file.write`` is one.
Sink = Callable[[memoryview], object]
# Asked once a command is complete and a data set follows: the sink for it, or None to assemble it in memory.
OpenSink = Callable[[int, Command], Sink | None]


class MessageAssembler:
    """Puts the PDVs of one association together. The sink of an unfinished message is left to whoever opened it."""

    def __init__(self, open_sink: OpenSink | None = None) -> None:
        self._open_sink = open_sink
        self._command_bytes = bytearray()
        self._command: Command | None = None
        self._context_id = 0  # of the message under way, 0 for none
        self._dataset: bytearray | None = None
        self._sink: Sink | None = None

    def feed(self, value: DataValue) -> Message | None:
        """Take the next PDV; the message, if it ends with this one. Raises RemoteProtocolError: then abort."""
        if self._context_id not in (0, value.context_id):
            raise RemoteProtocolError(f"a message on context {self._context_id} is mixed with context {value.context_id}")
        self._context_id = value.context_id
        if value.is_command:
            return self._feed_command(value)
        return self._feed_dataset(value)

    def _feed_command(self, value: DataValue) -> Message | None:
        if self._command is not None:
            raise RemoteProtocolError(f"{self._command.name}: a command fragment comes before the data set is complete")
        if len(self._command_bytes) + len(value.data) > COMMAND_LENGTH_MAX:
            raise RemoteProtocolError(f"a command set is longer than {COMMAND_LENGTH_MAX} bytes")
        self._command_bytes += value.data
        if not value.is_last:
            return None
        command = decode_command(self._command_bytes)
        self._command_bytes = bytearray()
        if not command.has_dataset:
            return self._finish(command)
        self._command = command
        if self._open_sink is not None:
            self._sink = self._open_sink(value.context_id, command)
        self._dataset = None if self._sink is not None else bytearray()
        return None

    def _feed_dataset(self, value: DataValue) -> Message | None:
        if self._command is None:
            raise RemoteProtocolError("a data set fragment comes before its command is complete")
        if self._sink is not None:
            self._sink(value.data)
        elif self._dataset is not None:
            if len(self._dataset) + len(value.data) > DATASET_LENGTH_MAX:
                raise RemoteProtocolError(f"{self._command.name}: the data set is longer than {DATASET_LENGTH_MAX} bytes")
            self._dataset += value.data
        return self._finish(self._command) if value.is_last else None

    def _finish(self, command: Command) -> Message:
        message = Message(self._context_id, command, self._dataset)
        self._context_id = 0
        self._command = self._dataset = self._sink = None
        return message
