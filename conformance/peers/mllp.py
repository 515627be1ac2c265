"""MLLP, both sides: a client that can send any byte, and a tester's system that listens, acknowledges and remembers.

A case that needs a bad receiver gives its own acknowledgement::

    trial.peer("ehr").mllp.acknowledge_with(lambda message, number: None)   # says nothing
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from conformance.material.hl7 import acknowledgement
from conformance.peers.listening import IDLE_LIMIT_S, Listening
from conformance.peers.stream import Stream
from conformance.taps import Taps
from conformance.verdict import Ended, Malformed, Silence
from emulators.core.errors import RemoteProtocolError
from emulators.wire.er7 import Message, parse
from emulators.wire.mllp import Deframer, Frame, frame


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


class MllpListener(Listening):
    """A tester's HL7 receiver."""

    protocol = "mllp"

    def __init__(self, name: str, address: tuple[str, int], taps: Taps) -> None:
        self._acknowledge: AcknowledgeWith = well
        self._received: list[ReceivedMessage] = []
        super().__init__(name, address, taps)

    def acknowledge_with(self, answer: AcknowledgeWith) -> None:
        """From the next message on."""
        self._acknowledge = answer

    def reset(self, case: str) -> None:
        """A connection that a sender keeps open goes on; what is said on it next is recorded with this trial."""
        super().reset(case)
        with self._changed:
            for stream in self._open:
                stream.tap = self._taps.open(case, self.protocol, "product", self.name, "kept open")

    def forget(self) -> None:
        self._received.clear()
        self._acknowledge = well

    @property
    def received(self) -> list[ReceivedMessage]:
        """The messages of this trial so far."""
        with self._changed:
            return list(self._received)

    def wait_for(
        self, what: str, wanted: Callable[[ReceivedMessage], bool], limit_s: float, count: int = 1
    ) -> list[ReceivedMessage]:
        """The first ``count`` messages that are wanted; ``what`` says so in words. Raises Silence."""
        return self.wait(lambda: [one for one in self._received if wanted(one)], what, limit_s, count)

    def talk(self, stream: Stream, case: str) -> None:
        frames = _Frames(stream)
        while True:
            message = frames.next(IDLE_LIMIT_S)
            with self._changed:
                number = len(self._received)
                self._received.append(message)
                self._changed.notify_all()
            answer = self._acknowledge(message, number)
            if answer is not None:
                stream.send(frame(answer))
