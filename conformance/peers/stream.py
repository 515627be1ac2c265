"""A TCP connection that is read PDU by PDU, with its tap.

What is read is what came: a PDU is cut by its length and nothing is judged here. Every wait has a limit; what does not come is
a Silence, what ends too early an Ended, and both are the product's failure unless the case says otherwise.
"""

import contextlib
import socket
import struct
import time
from dataclasses import dataclass

from conformance.taps import Tap
from conformance.verdict import Ended, Failure, Malformed, Silence
from emulators.core.errors import RemoteProtocolError
from emulators.wire.pdu import Pdu, decode

PDU_NAMES = {
    1: "A-ASSOCIATE-RQ",
    2: "A-ASSOCIATE-AC",
    3: "A-ASSOCIATE-RJ",
    4: "P-DATA-TF",
    5: "A-RELEASE-RQ",
    6: "A-RELEASE-RP",
    7: "A-ABORT",
}
PDU_BYTES_MAX = 1 << 28
"""A PDU that announces more is not read: no memory for it."""

_HEADER = struct.Struct(">BxI")
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close sends RST


@dataclass(frozen=True, slots=True)
class ReceivedPdu:
    """A PDU as it came. ``records`` are those that its bytes came in."""

    pdu_type: int
    body: bytes
    records: tuple[int, ...]

    @property
    def name(self) -> str:
        return PDU_NAMES.get(self.pdu_type, f"PDU of type {self.pdu_type:02X}H")

    def decoded(self) -> Pdu:
        """Raises Malformed."""
        try:
            return decode(self.pdu_type, memoryview(self.body))
        except RemoteProtocolError as error:
            raise Malformed(f"a readable {self.name}", str(error.args[0]), self.records) from None


class Stream:
    """One connection to or from the product."""

    def __init__(self, connection: socket.socket, tap: Tap, limit_s: float) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection
        self.tap = tap
        self.limit_s = limit_s
        self.seen: tuple[int, ...] = ()  # records of what was received last
        self._buffer = bytearray()
        self._pending: list[int] = []  # records whose bytes are in the buffer
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether our end is closed, as it is when the talk is over."""
        return self._is_closed

    def send(self, data: bytes) -> None:
        """Raises Ended where the product has closed."""
        self.tap.sent(data)
        try:
            self.socket.settimeout(self.limit_s)
            self.socket.sendall(data)
        except TimeoutError:
            raise Silence("the product reads what it is sent", f"it took nothing for {self.limit_s:g} s") from None
        except OSError as error:
            raise Ended("an open connection", f"it ended while something was sent ({error.strerror})") from None

    def receive_bytes(self, limit_s: float) -> bytes:
        """What comes next; empty at the orderly end. Raises Silence, Ended (a reset)."""
        self.socket.settimeout(max(limit_s, 0.001))
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            raise Silence("an answer", f"nothing within {limit_s:g} s", self.seen) from None
        except OSError as error:
            self.tap.closed(f"reset by the product ({error.strerror})")
            raise Ended("an answer", "the connection was reset", self.seen) from None
        if data:
            self._pending.append(self.tap.received(data))
        else:
            self.tap.closed("ended by the product")
        return data

    def receive_pdu(self, limit_s: float | None = None) -> ReceivedPdu:
        """The next PDU. Raises Silence, Ended, Malformed (a length beyond all measure)."""
        limit_s = self.limit_s if limit_s is None else limit_s
        until = time.monotonic() + limit_s
        self._fill(6, until, limit_s)
        pdu_type, length = _HEADER.unpack_from(self._buffer)
        if length > PDU_BYTES_MAX:
            raise Malformed("a PDU of sane length", f"a header that announces {length} bytes", tuple(self._pending))
        self._fill(6 + length, until, limit_s)
        body = bytes(self._buffer[6 : 6 + length])
        del self._buffer[: 6 + length]
        self.seen = tuple(self._pending)
        self._pending = self._pending[-1:] if self._buffer else []
        return ReceivedPdu(pdu_type, body, self.seen)

    def _fill(self, wanted: int, until: float, limit_s: float) -> None:
        while len(self._buffer) < wanted:
            left = until - time.monotonic()
            if left <= 0:
                raise Silence("an answer", f"nothing whole within {limit_s:g} s", self.seen)
            try:
                data = self.receive_bytes(left)
            except Silence:
                raise Silence("an answer", f"nothing within {limit_s:g} s", self.seen) from None
            if not data:
                inside = " inside a PDU" if self._buffer else ""
                raise Ended("an answer", f"the connection ended{inside}", self.seen)
            self._buffer += data

    def take_pending(self) -> tuple[int, ...]:
        """The records that came since the last time."""
        taken, self._pending = tuple(self._pending), []
        return taken

    def ending(self, limit_s: float) -> str:
        """Wait for the product to end the connection: how it did, in words. Raises Silence; Failure where more bytes come."""
        until = time.monotonic() + limit_s
        try:
            data = bytes(self._buffer) or self.receive_bytes(until - time.monotonic())
        except Ended:
            return "reset"
        except Silence:
            raise Silence("the product ends the connection", f"it is open after {limit_s:g} s", self.seen) from None
        if data:
            raise Failure("the product ends the connection", f"{len(data)} more bytes came", tuple(self._pending))
        return "closed"

    def finish_sending(self) -> None:
        """Send FIN: nothing more will come from here."""
        self.tap.closed("half closed by the tester")
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """End with RST."""
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.tap.closed("reset by the tester")
        self.socket.close()

    def close(self) -> None:
        """May be called twice."""
        if not self._is_closed:
            self._is_closed = True
            self.tap.closed("closed by the tester")
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()
