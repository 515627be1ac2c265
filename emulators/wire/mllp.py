"""MLLP, the frame around one HL7 v2 message on TCP (HL7 Appendix C, Minimal Lower Layer Protocol release 1).

A frame is 0BH, the payload, 1CH 0DH. The bytes 0BH and 1CH never occur in legal HL7 text, in any character set of
MSH-18 that MLLP can carry, so the reader uses them to find its feet again after an unterminated frame. Rules:

- A payload is handed over only when its end block has come. 1CH without 0DH is not one; it belongs to the payload.
- A 0BH inside a frame starts a new one: the unterminated frame is reported as Truncated and never handed over.
- Bytes outside a frame are counted and reported as Noise when the next frame starts or the transport closes.
- A payload longer than the limit is reported as Oversize at once; its bytes are dropped up to its end or the next 0BH.
- The events depend on the bytes alone, never on how TCP cut them. Time is linear in the number of bytes.

========  ====================  ========  ==============================
state     input                 next      event
========  ====================  ========  ==============================
OUTSIDE   0BH                   INSIDE    Noise, if bytes were counted
OUTSIDE   other byte            OUTSIDE
INSIDE    1CH 0DH               OUTSIDE   Frame
INSIDE    0BH                   INSIDE    Truncated
INSIDE    byte over the limit   SKIPPING  Oversize
INSIDE    other byte            INSIDE
SKIPPING  1CH 0DH               OUTSIDE
SKIPPING  0BH                   INSIDE
SKIPPING  other byte            SKIPPING
OUTSIDE   transport closed      OUTSIDE   Noise, if bytes were counted
INSIDE    transport closed      OUTSIDE   Truncated
SKIPPING  transport closed      OUTSIDE
========  ====================  ========  ==============================
"""

from dataclasses import dataclass
from enum import Enum, auto

from emulators.core.errors import LocalProtocolError

START_BLOCK = b"\x0b"
END_BLOCK = b"\x1c\r"

DEFAULT_MAX_FRAME_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """One complete payload, without its frame bytes; may be empty."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that stood outside a frame."""

    count_bytes: int


@dataclass(frozen=True, slots=True)
class Truncated:
    """A frame without an end block, after so many payload bytes. To be neither processed nor acknowledged."""

    count_bytes: int


@dataclass(frozen=True, slots=True)
class Oversize:
    """A payload of more than ``limit_bytes``; dropped."""

    limit_bytes: int


Event = Frame | Noise | Truncated | Oversize


def frame(payload: bytes) -> bytes:
    """The payload in its frame. LocalProtocolError if the peer could not read it back: it holds 0BH or 1CH 0DH."""
    if START_BLOCK in payload or END_BLOCK in payload:
        raise LocalProtocolError("MLLP payload holds a frame byte: 0BH, or 1CH 0DH")
    return b"".join((START_BLOCK, payload, END_BLOCK))


class _State(Enum):
    OUTSIDE = auto()
    INSIDE = auto()
    SKIPPING = auto()


class Deframer:
    """Bytes in, events out, for one direction of one connection. Never raises on bytes."""

    def __init__(self, max_frame_bytes: int = DEFAULT_MAX_FRAME_BYTES) -> None:
        self._limit_bytes = max_frame_bytes
        self._state = _State.OUTSIDE
        self._noise_bytes = 0
        self._buffer = bytearray()  # of an open frame: its payload so far
        self._searched = 0  # so many bytes of the buffer hold neither 0BH nor a complete 1CH 0DH

    def receive(self, data: bytes) -> list[Event]:
        """Take the next bytes of the stream; return what they complete, in order."""
        self._buffer += data
        events: list[Event] = []
        position = 0
        while position < len(self._buffer):
            if self._state is _State.OUTSIDE:
                position = self._read_outside(position, events)
            else:
                position, complete = self._read_frame(position, events)
                if not complete:
                    break
        del self._buffer[:position]
        return events

    def transport_closed(self) -> list[Event]:
        """The peer has closed; return what is left to report."""
        events: list[Event] = []
        if self._state is _State.INSIDE:
            events.append(Truncated(len(self._buffer)))
        self._report_noise(events)
        self._buffer.clear()
        self._enter(_State.OUTSIDE)
        return events

    def _enter(self, state: _State) -> None:
        self._state = state
        self._searched = 0

    def _report_noise(self, events: list[Event]) -> None:
        if self._noise_bytes:
            events.append(Noise(self._noise_bytes))
            self._noise_bytes = 0

    def _read_outside(self, position: int, events: list[Event]) -> int:
        start = self._buffer.find(START_BLOCK, position)
        if start < 0:
            self._noise_bytes += len(self._buffer) - position
            return len(self._buffer)
        self._noise_bytes += start - position
        self._report_noise(events)
        self._enter(_State.INSIDE)
        return start + 1

    def _read_frame(self, position: int, events: list[Event]) -> tuple[int, bool]:
        """Read the open frame whose payload starts at ``position``. Return where to go on, and whether it has ended."""
        search_from = position + self._searched
        restart = self._buffer.find(START_BLOCK, search_from)
        stop = len(self._buffer) if restart < 0 else restart
        end = self._buffer.find(END_BLOCK, search_from, stop)
        if end >= 0:
            self._finish(position, end, events)
            return end + len(END_BLOCK), True
        # a last 1CH may still turn out to be the end block
        undecided = 1 if stop > position and self._buffer[stop - 1] == END_BLOCK[0] else 0
        if self._state is _State.INSIDE and stop - undecided - position > self._limit_bytes:
            events.append(Oversize(self._limit_bytes))
            self._enter(_State.SKIPPING)
        if restart >= 0:
            if self._state is _State.INSIDE:
                events.append(Truncated(restart - position))
            self._enter(_State.INSIDE)
            return restart + 1, True
        if self._state is _State.SKIPPING:
            return stop - undecided, False
        self._searched = stop - undecided - position
        return position, False

    def _finish(self, position: int, end: int, events: list[Event]) -> None:
        if self._state is _State.INSIDE:
            if end - position > self._limit_bytes:
                events.append(Oversize(self._limit_bytes))
            else:
                events.append(Frame(bytes(memoryview(self._buffer)[position:end])))
        self._enter(_State.OUTSIDE)
