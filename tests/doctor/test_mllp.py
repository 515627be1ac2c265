"""What the doctor says of an HL7 connection, for each way in which one can be wrong."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from emulators.doctor.finding import Finding, Health
from emulators.doctor.mllp import examine

LIMITS_S = (0.5, 0.3)
Answer = Callable[[bytes], bytes | None]


@contextmanager
def peer(answer: Answer) -> Iterator[tuple[str, int]]:
    """Listens on loopback, and sends what ``answer`` makes of what came; None: says nothing and waits for the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, answer))
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            thread.join()


def _serve(listener: socket.socket, answer: Answer) -> None:
    connection, _ = listener.accept()
    with connection:
        said = answer(connection.recv(65_536))
        if said is None:
            connection.recv(1)
        else:
            connection.sendall(said)


def diagnosis(answer: Answer) -> Finding:
    with peer(answer) as address:
        return examine(address, "RIS", "PACS", "HOSPITAL", "2.3.1", "20260302080000", LIMITS_S)


def acknowledged(code: str, control_id: str = "DOCTOR20260302080000", rest: str = "") -> Answer:
    answer = f"MSH|^~\\&|PACS|H|RIS|H|20260302080000||ACK|1|P|2.3.1\rMSA|{code}|{control_id}\r{rest}"
    return lambda _query: b"\x0b" + answer.encode() + b"\x1c\r"


def test_an_accepted_query_is_a_good_connection() -> None:
    assert diagnosis(acknowledged("AA")).health is Health.GOOD


@pytest.mark.parametrize("rest", ["", "ERR|MSH^1^9^200&Unsupported message type&HL70357\r", "ERR||MSH^1^9|201^^HL70357|E\r"])
def test_a_peer_that_knows_no_such_query_is_reached_all_the_same(rest: str) -> None:
    assert diagnosis(acknowledged("AR", rest=rest)).health is Health.GOOD


def test_a_refused_version_is_named() -> None:
    finding = diagnosis(acknowledged("AR", rest="ERR||MSH^1^12|203^^HL70357|E\r"))
    assert (finding.health, finding.what) == (Health.BROKEN, "NAK AR 203")
    assert "hl7_version" in finding.advice


def test_silence_is_no_acknowledgement() -> None:
    assert diagnosis(lambda _query: None).what == "no ACK"


def test_a_peer_that_hangs_up_may_not_know_us() -> None:
    finding = diagnosis(lambda _query: b"")
    assert finding.what == "no ACK"
    assert "sending application" in finding.advice


def test_bytes_that_are_no_frame_are_another_protocol() -> None:
    finding = diagnosis(lambda _query: b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert finding.what == "no ACK"
    assert "not MLLP" in finding.advice


def test_an_acknowledgement_for_another_message_is_no_good() -> None:
    assert diagnosis(acknowledged("AA", "SOMETHING-ELSE")).what == "ACK for another message"


def test_an_answer_without_msa_is_not_an_acknowledgement() -> None:
    assert diagnosis(lambda _query: b"\x0bMSH|^~\\&|A\r\x1c\r").what == "not an ACK"


def test_a_port_where_nothing_listens_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    finding = examine(address, "RIS", "PACS", "HOSPITAL", "2.3.1", "20260302080000", LIMITS_S)
    assert (finding.health, finding.what) == (Health.BROKEN, "refused")


def test_a_host_that_drops_the_packets_swallows() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        filling = [socket.socket() for _ in range(3)]
        try:
            for one in filling:  # a listener whose queue is full drops the next SYN
                one.setblocking(False)
                one.connect_ex(full.getsockname())
            finding = examine(full.getsockname(), "RIS", "PACS", "HOSPITAL", "2.3.1", "20260302080000", LIMITS_S)
        finally:
            for one in filling:
                one.close()
    assert finding.what == "swallowed"
    assert "firewall" in finding.advice
