"""What only MLLP does: a peer that closes after every message costs no message."""

import socket
import threading

from emulators.carriers import hl7_codec
from emulators.messages.common import Acknowledgement
from emulators.ports.arrivals import Arrivals
from emulators.ports.contract import Exchange, Lane
from emulators.ports.mllp import MllpPort
from emulators.ports.sockets import Origins
from emulators.wire.mllp import Deframer, Event, Frame, frame
from sim.scenario import find
from tests.ports.harness import LINK, registration

WATCHDOG_S = 10.0


def test_a_peer_that_closes_after_every_acknowledgement_gets_every_message() -> None:
    _, clinic = find("clinic")
    codec = hl7_codec(clinic.site, "ehr", "ris")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(WATCHDOG_S)
    closed = threading.Semaphore(0)

    def answer_and_close() -> None:
        for _ in range(3):
            connection, _ = listener.accept()
            with connection:
                deframer = Deframer()
                events: list[Event] = []
                while not events:
                    events = deframer.receive(connection.recv(4096))
                (received,) = events
                assert isinstance(received, Frame)
                answer = Acknowledgement("AA", codec.decode(received.payload).control_id)
                connection.sendall(frame(codec.encode_acknowledgement(answer, received.payload)))
            closed.release()

    peer = threading.Thread(target=answer_and_close)
    peer.start()
    arrivals = Arrivals(WATCHDOG_S)
    port = MllpPort(codec, listener.getsockname(), arrivals, Origins(), live=True)
    lane = Lane("left", "right", "adt", port, LINK)
    try:
        for number in range(3):
            exchange = Exchange(lane, str(number), registration(number), 1_000_000, 0, number)
            port.begin(exchange)
            assert port.outcome(exchange) == Acknowledgement("AA", f"C{number}")
            assert closed.acquire(timeout=WATCHDOG_S)
    finally:
        port.close()
        peer.join()
        listener.close()
