"""HL7 messages as a plain client sends them."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from emulators.codecs.hl7v2 import Hl7Codec
from emulators.messages.common import Acknowledgement
from emulators.ports.sockets import LOOPBACK, Address, Listener
from emulators.wire import er7
from emulators.wire.mllp import Deframer, Frame, frame

LIMIT_S = 10.0
CODEC = Hl7Codec("2.3.1", "RIS", "CLINIC", "ENGINE", "CLINIC")


def message_of(message: Any, sender: str, version: str = "2.5.1") -> bytes:
    """The bytes of a message from an application of this name (MSH-3)."""
    return Hl7Codec(version, sender, "CLINIC", "ANY", "CLINIC").encode(message)


def payloads(connection: socket.socket) -> Iterator[bytes]:
    """The framed payloads that come, until the other side ends the connection."""
    deframer = Deframer()
    while data := connection.recv(65536):
        for event in deframer.receive(data):
            assert isinstance(event, Frame)
            yield event.payload


def send(address: Address, payload: bytes) -> Acknowledgement:
    """Send one message and read its acknowledgement."""
    with socket.create_connection(address, timeout=LIMIT_S) as connection:
        connection.sendall(frame(payload))
        for answer in payloads(connection):
            return CODEC.decode_acknowledgement(answer)
    raise AssertionError("closed without an acknowledgement")


class Peer:
    """An HL7 system that keeps what it gets, and acknowledges it with AA, or not at all. Close it."""

    def __init__(self, port: int = 0, answers: bool = True) -> None:
        self.received: SimpleQueue[Any] = SimpleQueue()
        self._answers = answers
        self._failures: list[Exception] = []
        self._listener = Listener("test-peer", self._serve, self._failures.append, (LOOPBACK, port))
        self.port = self._listener.address[1]

    def next(self) -> Any:
        """The next message that comes."""
        return self.received.get(timeout=LIMIT_S)

    def close(self) -> None:
        self._listener.close()
        assert self._failures == []

    def _serve(self, connection: socket.socket, _peer: Address) -> None:
        with suppress(OSError):
            for payload in payloads(connection):
                message: Any = CODEC.decode(payload)
                if self._answers:
                    answer = Acknowledgement("AA", message.control_id)
                    connection.sendall(frame(CODEC.encode_acknowledgement(answer, payload)))
                self.received.put(message)


class Receiver:
    """Keeps the bytes of what it gets, and takes all of it."""

    def __init__(self, port: int) -> None:
        self.received: SimpleQueue[bytes] = SimpleQueue()
        self._listener = Listener("test-receiver", self._serve, lambda error: None, (LOOPBACK, port))

    def _serve(self, connection: socket.socket, _peer: Address) -> None:
        with suppress(OSError):
            for payload in payloads(connection):
                code, control_id = self.take(payload), er7.header(payload).component(10, 1)
                answer = f"MSH|^~\\&|||||20260302080000||ACK|1|P|2.5.1\rMSA|{code}|{control_id}\r"
                connection.sendall(frame(answer.encode()))

    def take(self, payload: bytes) -> str:
        """What becomes of a message: MSA-1 of the answer."""
        self.received.put(payload)
        return "AA"

    def next(self) -> bytes:
        """The next message that comes."""
        return self.received.get(timeout=LIMIT_S)

    def close(self) -> None:
        self._listener.close()
