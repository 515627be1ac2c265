"""A served engine on the wire: what goes through it is what came."""

import socket
from contextlib import closing, suppress
from pathlib import Path
from queue import SimpleQueue

from emulators.ports.sockets import LOOPBACK, Address, Listener
from emulators.wire import er7
from emulators.wire.mllp import Deframer, Frame, frame
from tests.serving.hl7 import LIMIT_S, send
from tests.serving.processes import free_ports, site_file
from tests.serving.services import running

BODY = (
    b'EVN||20260302\rPID|1||M1^^^RADLOOP^MR~7^^^CITY^PI||M\xfcller^J\xf6rg^^^^^L~Alias||19700228|F|||Way 1^^Town|||""\r'
    b"NK1|1|Doe\rPV1|1|O|A^1\\T\\2\rZZZ|1|a~b^c&d\\Z1\\\r"
)


class Receiver:
    """Keeps the bytes of what it gets, and takes all of it."""

    def __init__(self, port: int) -> None:
        self.received: SimpleQueue[bytes] = SimpleQueue()
        self._listener = Listener("test-receiver", self._serve, lambda error: None, (LOOPBACK, port))

    def _serve(self, connection: socket.socket, _peer: Address) -> None:
        deframer = Deframer()
        with suppress(OSError):
            while data := connection.recv(65536):
                for event in deframer.receive(data):
                    assert isinstance(event, Frame)
                    self.received.put(event.payload)
                    control_id = er7.header(event.payload).component(10, 1)
                    connection.sendall(frame(f"MSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|AA|{control_id}\r".encode()))

    def close(self) -> None:
        self._listener.close()


def test_nothing_is_lost_on_the_way_not_even_over_a_restart(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    site = site_file(tmp_path, {"ris.mllp_port": port})
    came = b"MSH|^~\\&|EHR|C|ENGINE|C|20260302||ADT^A04^ADT_A01|C1|P|2.5.1||||||8859/1\r" + BODY
    with running(site, "engine") as engine:
        assert send(engine.address("mllp"), came).code == "AA"
    with closing(Receiver(port)) as ris, running(site, "engine"):
        head, _, rest = ris.received.get(timeout=LIMIT_S).partition(b"\r")
    assert rest == BODY
    assert head == b"MSH|^~\\&|ENGINE|Radloop Clinic|RIS|Radloop Clinic|20260302||ADT^A04|C1|P|2.3.1||||||8859/1"
