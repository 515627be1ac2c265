"""What the doctor says of a DICOM connection, for each way in which one can be wrong."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from emulators.codecs.dicom.uids import MODALITY_WORKLIST_FIND, TRANSFER_SYNTAXES, VERIFICATION
from emulators.doctor.dicom import examine
from emulators.doctor.finding import Finding, Health
from emulators.ports.association import Gone, SocketAssociation
from emulators.wire.commands import response
from emulators.wire.negotiation import AcceptorPolicy

LIMITS_S = (0.5, 0.5)
WORKLIST = ((MODALITY_WORKLIST_FIND, "modality worklist"),)
ALL = {VERIFICATION: TRANSFER_SYNTAXES, MODALITY_WORKLIST_FIND: TRANSFER_SYNTAXES}


@contextmanager
def peer(policy: AcceptorPolicy, delay_s: float = 0.0, status: int = 0) -> Iterator[tuple[str, int]]:
    """Accepts one association by ``policy`` and answers its C-ECHOs ``delay_s`` later, with ``status``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, policy, delay_s, status))
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            thread.join()


def _serve(listener: socket.socket, policy: AcceptorPolicy, delay_s: float, status: int) -> None:
    connection, _ = listener.accept()
    with connection, suppress(Gone):
        association = SocketAssociation(connection)
        if association.accept(policy):
            while (message := association.receive()) is not None:
                time.sleep(delay_s)  # what is told apart is how long a peer takes
                association.send(message.context_id, response(message.command, status))


def diagnosis(policy: AcceptorPolicy, delay_s: float = 0.0, status: int = 0) -> Finding:
    with peer(policy, delay_s, status) as address:
        return examine(address, "CT1", "RADRIS", WORKLIST, LIMITS_S)


def test_a_peer_that_takes_all_and_answers_is_good() -> None:
    finding = diagnosis(AcceptorPolicy("RADRIS", ALL))
    assert finding.health is Health.GOOD
    assert finding.what.startswith("C-ECHO")


def test_a_wrong_called_ae_title_is_named() -> None:
    finding = diagnosis(AcceptorPolicy("OTHER", ALL))
    assert finding.what == "rejected, called AE title not recognized"
    assert "RADRIS" in finding.advice


def test_an_unknown_calling_ae_title_is_named() -> None:
    finding = diagnosis(AcceptorPolicy("RADRIS", ALL, frozenset(("MR1",))))
    assert finding.what == "rejected, calling AE title not recognized"
    assert "CT1" in finding.advice


def test_a_missing_service_is_named() -> None:
    finding = diagnosis(AcceptorPolicy("RADRIS", {VERIFICATION: TRANSFER_SYNTAXES}))
    assert finding.what == "service refused"
    assert finding.advice == "modality worklist: the SOP class is not supported"


def test_no_common_transfer_syntax_is_named() -> None:
    finding = diagnosis(AcceptorPolicy("RADRIS", {**ALL, MODALITY_WORKLIST_FIND: ("1.2.840.10008.1.2.4.70",)}))
    assert "no common transfer syntax" in finding.advice


def test_a_stall_of_nagles_algorithm_is_told_from_a_slow_network() -> None:
    finding = diagnosis(AcceptorPolicy("RADRIS", ALL), delay_s=0.045)
    assert finding.health is Health.SLOW
    assert "TCP_NODELAY" in finding.advice


def test_a_c_echo_that_fails_is_no_echo() -> None:
    finding = diagnosis(AcceptorPolicy("RADRIS", ALL), status=0x0210)
    assert finding.what == "no C-ECHO"
    assert "0210H" in finding.advice


def test_a_port_of_another_protocol_gives_no_association() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_greet, args=(listener,))
        thread.start()
        finding = examine(listener.getsockname(), "CT1", "RADRIS", WORKLIST, LIMITS_S)
        thread.join()
    assert finding.what == "no association"


def _greet(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def test_a_port_where_nothing_listens_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    assert examine(address, "CT1", "RADRIS", WORKLIST, LIMITS_S).what == "refused"
