"""A DICOM peer that stops in the middle is waited for as long as it may take, and no longer."""

from collections.abc import Iterator

import pytest

from emulators.ports import association, dicom_server
from emulators.ports.arrivals import Arrivals
from emulators.ports.dicom_server import DicomServer
from emulators.ports.sockets import Origins
from emulators.wire.commands import VERIFICATION, c_echo_rq
from emulators.wire.dimse import encode_command
from emulators.wire.pdu import Abort, encode
from tests.serving.raw_dicom import RawConnection, ask, associated, message, proposal

SHORT_S = 0.05
REQUEST = encode(proposal("OURS", "THEIRS"))
ECHO = message(encode_command(c_echo_rq(1)))


@pytest.fixture
def server() -> Iterator[DicomServer]:
    served = DicomServer("ours", "OURS", Arrivals(), Origins(), takes_strangers=True)
    yield served
    served.close()


@pytest.mark.parametrize("length", [0, 1, 6, 100])
def test_who_asks_for_no_association_is_closed_after_artim(
    server: DicomServer, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(association, "ARTIM_S", SHORT_S)
    with RawConnection(server.address) as connection:
        connection.send(REQUEST[:length])
        assert connection.rest() == []


@pytest.mark.parametrize("length", [0, 1, 6, 12, 40])
def test_who_stops_in_a_message_is_aborted_after_the_idle_limit(
    server: DicomServer, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dicom_server, "IDLE_S", SHORT_S)
    with associated(server.address, "OURS", "THEIRS", VERIFICATION) as connection:
        connection.send(ECHO[:length])
        (abort,) = connection.rest()
        assert isinstance(abort, Abort)


def test_who_is_rejected_and_stays_is_closed_after_artim(server: DicomServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(association, "ARTIM_S", SHORT_S)
    with RawConnection(server.address) as connection:
        connection.send(encode(proposal("NOT_US", "THEIRS")))
        assert len(connection.rest()) == 1


def test_a_peer_that_stalls_holds_up_no_other(server: DicomServer) -> None:
    with RawConnection(server.address), associated(server.address, "OURS", "THEIRS", VERIFICATION) as stalled:
        stalled.send(ECHO[:20])
        with associated(server.address, "OURS", "THEIRS", VERIFICATION) as other:
            assert ask(other, c_echo_rq(1)).status == 0x0000
            other.release()
