"""Where messages begin and end in a byte stream: just enough of MLLP and DICOM to count messages and cut between them.

For a relay, which must pass every byte on, legal or not, and fail at an exact one. MLLP: a message is a frame, 0BH to
1CH 0DH. DICOM: a DIMSE message is a command set and a data set if (0000,0800) says so, in the fragments (PDVs) of
P-DATA-TF PDUs (PS3.8 9.3 and Annex E, PS3.7 E.1); association set-up is not a message. No splitter raises on bytes.
"""

import struct
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol


class Framing(Enum):
    MLLP = auto()
    DICOM = auto()


class Direction(Enum):
    REQUEST = "request"  # client to server
    RESPONSE = "response"  # server to client


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of the stream. A message begins at the first byte of a piece or not at all, and ends after the last."""

    data: bytes
    begins: bool = False
    ends: bool = False


class Splitter(Protocol):
    """Cuts one direction of a connection into pieces; their concatenation is the stream. ``waiting`` is what this
    direction asked for, less what it answered; over both directions 0 if nobody waits."""

    waiting: int

    def split(self, data: bytes) -> list[Piece]: ...

    def rest(self) -> bytes:
        """Bytes of an incomplete header that no piece has held yet; asked when the stream ends."""
        ...

    @property
    def inside(self) -> bool:
        """Whether a message, or a header that may start one, is incomplete."""
        ...


class MllpSplitter:
    """Frames from 0BH to 1CH 0DH. Bytes between frames belong to no message."""

    def __init__(self, direction: Direction) -> None:
        self.waiting = 0
        self.inside = False
        self._step = 1 if direction is Direction.REQUEST else -1
        self._last_was_1c = False

    def split(self, data: bytes) -> list[Piece]:
        pieces = []
        position = 0
        while position < len(data):
            begins = False
            if not self.inside:
                start = data.find(b"\x0b", position)
                if start < 0:
                    pieces.append(Piece(data[position:]))
                    break
                if start > position:
                    pieces.append(Piece(data[position:start]))
                position, begins, self.inside = start, True, True
            end = self._end(data, position)
            pieces.append(Piece(data[position : end or len(data)], begins, ends=end > 0))
            self._last_was_1c = not end and data.endswith(b"\x1c")
            if not end:
                break
            self.waiting += self._step
            self.inside = False
            position = end
        return pieces

    def rest(self) -> bytes:
        return b""

    def _end(self, data: bytes, position: int) -> int:
        """Where the frame ends, 0 if not in this data."""
        if self._last_was_1c and position == 0 and data.startswith(b"\r"):
            return 1
        end = data.find(b"\x1c\r", position)
        return 0 if end < 0 else end + 2


_P_DATA_TF = 4
# A-ASSOCIATE-RQ and A-RELEASE-RQ ask; A-ASSOCIATE-AC, A-ASSOCIATE-RJ and A-RELEASE-RP answer (PS3.8 9.3.1)
_WAITING_BY_PDU_TYPE = {1: 1, 2: -1, 3: -1, 5: 1, 6: -1}
_COMMAND, _LAST = 1, 2  # bits of the message control header (PS3.8 E.2)
_PDV_HEADER_BYTES = 6  # length, presentation context ID, message control header
_COMMAND_LIMIT_BYTES = 64 * 1024
# Elements of the command set (PS3.7 E.1) and values
_COMMAND_FIELD, _DATA_SET_TYPE, _STATUS = 0x0100, 0x0800, 0x0900
_NO_DATA_SET, _RESPONSE_BIT, _C_CANCEL_RQ = 0x0101, 0x8000, 0x0FFF
_PENDING = (0xFF00, 0xFF01)


class DicomSplitter:
    """DIMSE messages in P-DATA-TF PDUs: command set, then data set if (0000,0800) says so.

    A message begins with the PDU, or the PDV in the middle of one, that holds the first fragment of its command set.
    A stream that cannot be DICOM passes uncounted from there on.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self._head = bytearray()  # of a header that is not complete, and the PDU header before it
        self._pdu_left = 0  # bytes of the P-DATA-TF still to come
        self._left = 0  # bytes to pass before the next header
        self._control = 0  # of the PDV being passed; 0 with _left: a PDU that is not P-DATA-TF
        self._in_pdv = False
        self._in_message = False
        self._in_command = False
        self._command = bytearray()
        self._opaque = False

    @property
    def inside(self) -> bool:
        return self._in_message or bool(self._head)

    def split(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        position = 0
        while position < len(data):
            if self._opaque:
                pieces.append(Piece(data[position:]))
                break
            if self._left:
                part = data[position : position + self._left]
                position += len(part)
                self._left -= len(part)
                pieces.append(Piece(part, ends=self._take_body(part)))
            else:
                position = self._take_header(data, position, pieces)
        return pieces

    def rest(self) -> bytes:
        return self._pop_head()

    def _take_header(self, data: bytes, position: int, pieces: list[Piece]) -> int:
        """Take bytes of a PDU or PDV header (6 bytes each); a piece comes out once it is known what they start."""
        in_pdu_header = self._pdu_left == 0
        missing = 6 - len(self._head) % 6
        part = data[position : position + missing]
        self._head += part
        if len(part) == missing:
            if in_pdu_header:
                self._read_pdu_header(pieces)
            else:
                self._read_pdv_header(pieces)
        return position + len(part)

    def _give_up(self) -> None:
        self._opaque = True
        self._in_message = False

    def _pop_head(self) -> bytes:
        head = bytes(self._head)
        self._head.clear()
        return head

    def _read_pdu_header(self, pieces: list[Piece]) -> None:
        pdu_type, length = struct.unpack(">BxL", self._head)
        self._in_pdv = False
        if pdu_type == _P_DATA_TF:
            self._pdu_left = length
            if length == 0:
                pieces.append(Piece(self._pop_head()))
            return
        self.waiting += _WAITING_BY_PDU_TYPE.get(pdu_type, 0)
        if not 1 <= pdu_type <= 7:
            self._give_up()
        self._left = length
        pieces.append(Piece(self._pop_head()))

    def _read_pdv_header(self, pieces: list[Piece]) -> None:
        length, _, self._control = struct.unpack(">LBB", self._head[-_PDV_HEADER_BYTES:])
        self._left = length - 2
        self._pdu_left -= 4 + length
        self._in_pdv = True
        if self._left < 0 or self._pdu_left < 0:
            self._give_up()
            pieces.append(Piece(self._pop_head()))
            return
        begins = bool(self._control & _COMMAND) and not self._in_command
        if begins:
            self._in_message = self._in_command = True
            self._command.clear()
        ends = self._left == 0 and self._take_body(b"")
        pieces.append(Piece(self._pop_head(), begins, ends))

    def _take_body(self, part: bytes) -> bool:
        """Take bytes of a PDU's or PDV's body; return whether a message ends with them."""
        if not self._in_pdv or not self._in_message:
            return False
        if self._control & _COMMAND and len(self._command) < _COMMAND_LIMIT_BYTES:
            self._command += part
        if self._left or not self._control & _LAST:
            return False
        if self._control & _COMMAND:
            self._in_command = False
            self._in_message = self._finish_command()
        else:
            self._in_message = False
        return not self._in_message

    def _finish_command(self) -> bool:
        """Read the complete command set; return whether a data set follows."""
        elements = _command_elements(bytes(self._command))
        command = elements.get(_COMMAND_FIELD, 0)
        if not command & _RESPONSE_BIT:
            self.waiting += command != _C_CANCEL_RQ
        elif elements.get(_STATUS) not in _PENDING:
            self.waiting -= 1
        return elements.get(_DATA_SET_TYPE, _NO_DATA_SET) != _NO_DATA_SET


def _command_elements(command: bytes) -> dict[int, int]:
    """The two-byte values of a command set (group 0000, Implicit VR Little Endian) by element number."""
    elements = {}
    position = 0
    while position + 8 <= len(command):
        _, element, length = struct.unpack_from("<HHL", command, position)
        if length == 2 and position + 10 <= len(command):
            (elements[element],) = struct.unpack_from("<H", command, position + 8)
        position += 8 + length
    return elements


def splitter(framing: Framing, direction: Direction) -> Splitter:
    return MllpSplitter(direction) if framing is Framing.MLLP else DicomSplitter()
