"""Commitment results on the association of their requests: one at a time, each answer to its own."""

from collections.abc import Iterator

import pytest

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.uids import CT_IMAGE, EXPLICIT_VR_LITTLE_ENDIAN, STORAGE_COMMITMENT
from emulators.core.instant import SECOND
from emulators.core.link import LinkSpec
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import Status
from emulators.messages.instance_set import InstanceSet
from emulators.ports.arrivals import Arrivals, Stage
from emulators.ports.contract import Exchange, Lane
from emulators.ports.dicom_server import DicomServer
from emulators.ports.foreign import OverPort
from emulators.ports.sockets import Origins
from emulators.wire.commands import response
from emulators.wire.dimse import N_ACTION_RQ, N_EVENT_REPORT_RQ, RESPONSE
from tests.serving.raw_dicom import LIMIT_S, RawConnection, associated

COMMITTED = (Referenced(CT_IMAGE, InstanceSet(uids=("2.25.7",))),)
SUCCESS, PROCESSING_FAILURE = 0x0000, 0x0110


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals()


@pytest.fixture
def server(arrivals: Arrivals) -> Iterator[DicomServer]:
    served = DicomServer(
        "pacs", "OURS", arrivals, Origins(), takes_strangers=True, serves=(CommitRequest,), commits_on_same=True
    )
    yield served
    served.close()


def accept(arrivals: Arrivals, transaction_uid: str) -> Exchange:
    """Answer the commitment request that comes next, and push its result; the exchange of the result."""
    arrival = arrivals.take(LIMIT_S)
    assert arrival is not None
    awaited = arrival.exchange.server
    lane = Lane("pacs", "THEIRS", "commitment", OverPort(awaited), LinkSpec())
    pushed = Exchange(lane, transaction_uid, CommitResult(transaction_uid, COMMITTED), 30 * SECOND, 0, 1)
    awaited.push(pushed)
    awaited.reply(Status(SUCCESS))
    return pushed


def ask(connection: RawConnection, transaction_uid: str, message_id: int) -> None:
    request = CommitRequest(transaction_uid, COMMITTED)
    connection.send_message(*codec.encode_request(request, message_id, EXPLICIT_VR_LITTLE_ENDIAN))


def test_a_second_result_waits_until_the_first_is_answered(server: DicomServer, arrivals: Arrivals) -> None:
    """PS3.7 D.3.3.3: without a negotiated window one operation is outstanding."""
    with associated(server.address, "OURS", "THEIRS", STORAGE_COMMITMENT) as connection:
        ask(connection, "2.25.1", 1)
        first = accept(arrivals, "2.25.1")
        assert connection.response().field == N_ACTION_RQ | RESPONSE
        event = connection.response()
        assert event.field == N_EVENT_REPORT_RQ
        ask(connection, "2.25.2", 2)  # before the result is answered
        second = accept(arrivals, "2.25.2")
        assert connection.response().field == N_ACTION_RQ | RESPONSE
        for exchange, status in ((first, PROCESSING_FAILURE), (second, SUCCESS)):
            connection.send_message(response(event, status))
            arrival = arrivals.take(LIMIT_S)
            assert arrival is not None
            assert (arrival.exchange, arrival.stage, arrival.value.code) == (exchange, Stage.ANSWER, status)
            if exchange is first:
                event = connection.response()
                assert event.field == N_EVENT_REPORT_RQ
        connection.release()
