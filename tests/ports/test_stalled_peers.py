"""A DICOM peer that stops in the middle is waited for as long as it may take, and no longer; one too many is refused."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from emulators.ports.arrivals import Arrivals
from emulators.ports.association import Limits
from emulators.ports.dicom_server import DicomServer
from emulators.ports.sockets import Origins
from emulators.wire.commands import VERIFICATION, c_echo_rq
from emulators.wire.dimse import encode_command
from emulators.wire.pdu import Abort, AssociateReject, encode
from tests.serving.raw_dicom import RawConnection, ask, associated, message, proposal

SHORT_S = 0.05
REQUEST = encode(proposal("OURS", "THEIRS"))
ECHO = message(encode_command(c_echo_rq(1)))


@contextmanager
def serving(limits: Limits) -> Iterator[DicomServer]:
    served = DicomServer("ours", "OURS", Arrivals(), Origins(), takes_strangers=True, limits=limits)
    try:
        yield served
    finally:
        served.close()


@pytest.fixture
def server() -> Iterator[DicomServer]:
    with serving(Limits()) as served:
        yield served


@pytest.mark.parametrize("length", [0, 1, 6, 100])
def test_who_asks_for_no_association_is_closed_after_artim(length: int) -> None:
    with serving(Limits(artim_s=SHORT_S)) as server, RawConnection(server.address) as connection:
        connection.send(REQUEST[:length])
        assert connection.rest() == []


@pytest.mark.parametrize("length", [0, 1, 6, 12, 40])
def test_who_stops_in_a_message_is_aborted_after_the_idle_limit(length: int) -> None:
    with (
        serving(Limits(idle_s=SHORT_S)) as server,
        associated(server.address, "OURS", "THEIRS", VERIFICATION) as connection,
    ):
        connection.send(ECHO[:length])
        (abort,) = connection.rest()
        assert isinstance(abort, Abort)


def test_who_is_rejected_and_stays_is_closed_after_artim() -> None:
    with serving(Limits(artim_s=SHORT_S)) as server, RawConnection(server.address) as connection:
        connection.send(encode(proposal("NOT_US", "THEIRS")))
        assert len(connection.rest()) == 1


def test_a_peer_that_stalls_holds_up_no_other(server: DicomServer) -> None:
    with RawConnection(server.address), associated(server.address, "OURS", "THEIRS", VERIFICATION) as stalled:
        stalled.send(ECHO[:20])
        with associated(server.address, "OURS", "THEIRS", VERIFICATION) as other:
            assert ask(other, c_echo_rq(1)).status == 0x0000
            other.release()


def test_one_association_too_many_is_refused_for_now_and_hurts_no_other() -> None:
    """dicom.ul.assoc.12: A-ASSOCIATE-RJ 2/3/2; a rejected one takes no room, and one that ends gives its room back."""
    with serving(Limits(associations_max=2)) as server, ExitStack() as opened:
        first, second = (opened.enter_context(associated(server.address, "OURS", "THEIRS", VERIFICATION)) for _ in range(2))
        for _ in range(3):
            with RawConnection(server.address) as connection:
                assert connection.request(proposal("OURS", "THEIRS")) == AssociateReject(2, 3, 2)
        for one in (first, second):
            assert ask(one, c_echo_rq(1)).status == 0x0000
        first.release()  # the connection stays open
        with associated(server.address, "OURS", "THEIRS", VERIFICATION) as third:
            assert ask(third, c_echo_rq(1)).status == 0x0000
            third.release()


def test_a_wrong_ae_title_is_refused_for_good_also_where_there_is_no_room() -> None:
    with (
        serving(Limits(associations_max=1)) as server,
        associated(server.address, "OURS", "THEIRS", VERIFICATION),
        RawConnection(server.address) as connection,
    ):
        assert connection.request(proposal("NOT_US", "THEIRS")) == AssociateReject(1, 1, 7)
