"""MLLP, both sides: a client that can send any byte, and a tester's system that listens, acknowledges and remembers.

A case that needs a bad receiver gives its own acknowledgement::

    trial.peer("ehr").mllp.acknowledge_with(lambda message, number: None)   # says nothing
"""

import contextlib
import socket
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from conformance.material.hl7 import acknowledgement
from conformance.peers.stream import Stream
from conformance.taps import Taps
from conformance.verdict import Ended, Failure, Malformed, Silence
from emulators.core.errors import RemoteProtocolError
from emulators.wire.er7 import Message, parse
from emulators.wire.mllp import Deframer, Frame, frame

IDLE_LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A framed payload from the product."""

    payload: bytes
    records: tuple[int, ...]
    connection: int = 0
    at_s: float = 0.0  # monotonic

    @property
    def message(self) -> Message:
        """Raises Malformed."""
        try:
            return parse(self.payload)
        except RemoteProtocolError as error:
            raise Malformed("a readable HL7 message", str(error.args[0]), self.records) from None

    @property
    def code(self) -> str:
        """MSA-1; empty where there is none."""
        return self.field("MSA", 1)

    def field(self, segment: str, number: int, component: int = 1, repetition: int = 1) -> str:
        """The text of a component of the first such segment; empty where it is absent."""
        found = self.message.first(segment)
        return found.component(number, component, repetition) if found else ""


class _Frames:
    """Frames out of a stream."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._deframer = Deframer()
        self._frames: list[bytes] = []

    def next(self, limit_s: float) -> ReceivedMessage:
        """Raises Silence, Ended."""
        until = time.monotonic() + limit_s
        while not self._frames:
            left = until - time.monotonic()
            if left <= 0:
                raise Silence("a framed answer", f"nothing within {limit_s:g} s", self.stream.seen)
            try:
                data = self.stream.receive_bytes(left)
            except Silence:
                raise Silence("a framed answer", f"nothing within {limit_s:g} s", self.stream.seen) from None
            if not data:
                raise Ended("a framed answer", "the connection ended", self.stream.seen)
            self._frames += [event.payload for event in self._deframer.receive(data) if isinstance(event, Frame)]
            self.stream.seen = self.stream.take_pending()
        return ReceivedMessage(self._frames.pop(0), self.stream.seen, self.stream.tap.connection, time.monotonic())


class MllpClient:
    """A connection to the product's HL7 port; a context manager."""

    def __init__(self, stream: Stream, acknowledgement_s: float) -> None:
        self.stream = stream
        self.acknowledgement_s = acknowledgement_s
        self._frames = _Frames(stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stream.close()

    def send(self, payload: bytes) -> None:
        """One message, framed."""
        self.stream.send(frame(payload))

    def send_bytes(self, data: bytes) -> None:
        """Bytes as they are."""
        self.stream.send(data)

    def receive(self, limit_s: float | None = None) -> ReceivedMessage:
        """The next framed payload. Raises Silence, Ended."""
        return self._frames.next(self.acknowledgement_s if limit_s is None else limit_s)

    def ask(self, payload: bytes) -> ReceivedMessage:
        """Send one message and take the answer."""
        self.send(payload)
        return self.receive()


AcknowledgeWith = Callable[[ReceivedMessage, int], bytes | None]
"""Given a message and how many have come before it in this trial: the payload of the answer, None for silence."""


def well(message: ReceivedMessage, number: int) -> bytes | None:
    """AA to everything that can be read."""
    return acknowledgement(message.payload, "AA")


class MllpListener:
    """A tester's HL7 receiver on a port of its own. Close it."""

    def __init__(self, name: str, address: tuple[str, int], taps: Taps) -> None:
        self.name = name
        self.address = address
        self.case = ""
        self.fault = ""  # of the tester, while it answered in this trial
        self._taps = taps
        self._acknowledge: AcknowledgeWith = well
        self._changed = threading.Condition()
        self._received: list[ReceivedMessage] = []
        self._attempts = 0
        self._open: set[Stream] = set()
        self._listener: socket.socket | None = None
        self.listen()

    # --- for the cases

    def acknowledge_with(self, answer: AcknowledgeWith) -> None:
        """From the next message on."""
        self._acknowledge = answer

    def reset(self, case: str) -> None:
        """For the next trial: forget what came, acknowledge, listen again."""
        with self._changed:
            self.case = case
            self.fault = ""
            self._received.clear()
            self._attempts = 0
        self._acknowledge = well
        self.listen()

    @property
    def received(self) -> list[ReceivedMessage]:
        """The messages of this trial so far."""
        with self._changed:
            return list(self._received)

    @property
    def attempts(self) -> int:
        """How many connections came in this trial."""
        with self._changed:
            return self._attempts

    def wait_for(
        self, what: str, wanted: Callable[[ReceivedMessage], bool], limit_s: float, count: int = 1
    ) -> list[ReceivedMessage]:
        """The first ``count`` messages that are wanted; ``what`` says so in words. Raises Silence."""

        def found() -> list[ReceivedMessage]:
            return [one for one in self._received if wanted(one)]

        with self._changed:
            if self._changed.wait_for(lambda: len(found()) >= count, limit_s):
                return found()[:count]
            raise Silence(f"{what} at {self.name}", f"{len(found())} of {count} within {limit_s:g} s")

    # --- listening

    def listen(self) -> None:
        """Open the port, unless it is open. Raises OSError."""
        if self._listener is None:
            self._listener = socket.create_server(self.address, backlog=64)
            threading.Thread(target=self._accept, args=(self._listener,), name=f"tester-{self.name}", daemon=True).start()

    def stop_listening(self, *, end_connections: bool = True) -> None:
        """Close the port, as in an outage: connecting is refused."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        if end_connections:
            self.end_connections()

    def end_connections(self) -> None:
        """Reset what is open."""
        with self._changed:
            streams = list(self._open)
        for stream in streams:
            stream.reset()

    def close(self) -> None:
        self.stop_listening()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, peer = listener.accept()
            except OSError:
                return
            with self._changed:
                self._attempts += 1
                self._changed.notify_all()
            tap = self._taps.open(self.case, "mllp", "product", self.name, f"{peer[0]}:{peer[1]}")
            stream = Stream(connection, tap, IDLE_LIMIT_S)
            threading.Thread(target=self._talk, args=(stream,), name=f"tester-{self.name}-talk", daemon=True).start()

    def _talk(self, stream: Stream) -> None:
        frames = _Frames(stream)
        with self._changed:
            self._open.add(stream)
        try:
            while True:
                message = frames.next(IDLE_LIMIT_S)
                with self._changed:
                    number = len(self._received)
                    self._received.append(message)
                    self._changed.notify_all()
                answer = self._acknowledge(message, number)
                if answer is not None:
                    stream.send(frame(answer))
        except (Failure, OSError):
            pass  # the product's fault is in the record
        except Exception:
            self.fault = self.fault or traceback.format_exc(limit=-4).strip()
        finally:
            stream.close()
            with self._changed:
                self._open.discard(stream)
