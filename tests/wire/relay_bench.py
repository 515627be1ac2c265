"""A relay between plain sockets that a test drives: a server that listens, the relay before it, and clients.

Socket timeouts are watchdogs. That nothing arrives is shown by order: the relay has read the bytes (its recorder says so) and
has carried out a later order, and still the receiver has nothing.
"""

import errno
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass

from emulators.core.fault import FaultKind
from emulators.wire.message_boundaries import Direction, Framing
from emulators.wire.mllp import frame
from emulators.wire.relay import Order, Record, Relay
from tests.wire import golden_dicom, golden_hl7

WATCHDOG_S = 5.0
REQUEST, RESPONSE = Direction.REQUEST, Direction.RESPONSE


@dataclass(frozen=True)
class Link:
    """A protocol, and bytes that others made for it."""

    framing: Framing
    open_request: bytes
    open_response: bytes
    request: bytes
    response: bytes


MLLP = Link(Framing.MLLP, b"", b"", golden_hl7.PYTHON_HL7_ORU_FRAME, frame(golden_hl7.PYTHON_HL7_ACK))
DICOM = Link(
    Framing.DICOM,
    golden_dicom.DCMTK_ECHO_ASSOCIATE_RQ,
    golden_dicom.DCMTK_ECHO_ASSOCIATE_AC,
    golden_dicom.DCMTK_STORE_RQ_COMMAND + golden_dicom.DCMTK_STORE_RQ_DATA_SET,
    golden_dicom.DCMTK_STORE_RSP,
)


class Bench:
    """A server that listens, a relay before it, and clients."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(WATCHDOG_S)
        self._sockets = [self.listener]
        self._read = threading.Condition()
        self.records: list[Record] = []
        self.origins: dict[int, int] = {}
        self.relay = Relay(self.listener.getsockname(), link.framing, self._record, self.origins.__setitem__)

    def _record(self, record: Record) -> None:
        with self._read:
            self.records.append(record)
            self._read.notify_all()

    def close(self) -> None:
        self.relay.close()
        for own in self._sockets:
            own.close()

    def connect(self, port: int = 0) -> tuple[socket.socket, socket.socket]:
        """A client, with a port of its own or any, and its connection at the server, before any byte."""
        client = socket.create_connection(self.relay.address, WATCHDOG_S, ("127.0.0.1", port))
        self._sockets.append(client)
        server, _ = self.listener.accept()
        server.settimeout(WATCHDOG_S)
        self._sockets.append(server)
        return client, server

    def open(self, port: int = 0) -> tuple[socket.socket, socket.socket]:
        """The same with the association set up."""
        client, server = self.connect(port)
        self.send(client, server, self.link.open_request)
        self.send(server, client, self.link.open_response)
        return client, server

    def send(self, source: socket.socket, target: socket.socket, data: bytes) -> None:
        source.sendall(data)
        assert receive(target, len(data)) == data

    def exchange(self, client: socket.socket, server: socket.socket) -> None:
        self.send(client, server, self.link.request)
        self.send(server, client, self.link.response)

    def recorded(self, client_port: int, direction: Direction) -> bytes:
        ours = [one for one in self.records if one.connection == client_port and one.direction is direction]
        return b"".join(record.data for record in ours)

    def settle(self, client_port: int, direction: Direction, data: bytes) -> None:
        """Wait until the relay has read ``data`` as the last bytes of a direction and has done what follows from it."""
        with self._read:
            assert self._read.wait_for(lambda: self.recorded(client_port, direction).endswith(data), WATCHDOG_S)
        self.relay.order(Order(FaultKind.PASS, connection=1))  # carried out after the bytes

    def refused(self) -> bool:
        with socket.socket() as client:
            client.settimeout(WATCHDOG_S)
            return client.connect_ex(self.relay.address) == errno.ECONNREFUSED


def port_of(client: socket.socket) -> int:
    port: int = client.getsockname()[1]
    return port


def receive(source: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        chunk = source.recv(count - len(data))
        assert chunk, "closed too early"
        data += chunk
    return data


def receive_all(source: socket.socket) -> bytes:
    """All bytes until the end of the stream, be it a FIN or a reset."""
    data = b""
    with suppress(ConnectionResetError):
        while chunk := source.recv(65536):
            data += chunk
    return data


def has_nothing(source: socket.socket) -> bool:
    """Whether the connection is open and nothing has arrived."""
    source.setblocking(False)
    try:
        source.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    finally:
        source.settimeout(WATCHDOG_S)
    return False
