"""A C-FIND that would never end is ended by a C-CANCEL, whichever side is ours (PS3.7 9.3.2.3, PS3.4 C.4.1.3.2)."""

import socket
import threading
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.sop_class import ModalityWorklistInformationFind, StudyRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]

from emulators.codecs.dicom import elements
from emulators.codecs.dicom.uids import IMPLICIT_VR_LITTLE_ENDIAN, MODALITY_WORKLIST_FIND, STUDY_ROOT_FIND
from emulators.messages.attributes import Attributes
from emulators.messages.imaging import StoreResult
from emulators.messages.worklist import WorklistItems
from emulators.ports.association import SocketAssociation
from emulators.ports.sockets import LOOPBACK
from emulators.wire.commands import c_cancel_rq, c_find_rq
from emulators.wire.dimse import Message, decode_command, encode_command, send_message
from emulators.wire.fragmentation import fragment
from emulators.wire.negotiation import propose
from emulators.wire.pdu import DataTransfer, Pdu, PduCutter, ReleaseReply, ReleaseRequest, decode, encode
from tests.peers.products import ARCHIVE, dcmqrscp, run
from tests.peers.pynetdicom_ends import acceptor, requestor
from tests.peers.senders import ANSWER_LIMIT_S, OURS, Receiver, Sender, association, study
from tests.peers.worklist_samples import ITEM

pytestmark = pytest.mark.peer

CANCELLED, PENDING = 0xFE00, 0xFF00
SYNTAXES = [IMPLICIT_VR_LITTLE_ENDIAN]


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[Receiver]:
    """Our worklist server, whose list never ends: the port asks for one item after the other."""
    items: Any = repeat(ITEM)
    with Receiver(tmp_path / "ours", lambda _query: WorklistItems(items)) as receiver:
        yield receiver


# --- ours is asked -----------------------------------------------------------------------------------------------------


def test_findscu_cancels_our_worklist(endless: Receiver) -> None:
    keys = ("-k", "PatientID", "-k", "AccessionNumber")
    printed = run("findscu", "-W", "-v", "--cancel", 3, "-aec", OURS, *keys, LOOPBACK, endless.port)
    assert "Sending Cancel Request" in printed
    assert "Received Final Find Response (Cancel: " in printed


def test_pynetdicom_cancels_our_worklist(tmp_path: Path) -> None:
    cancelled = threading.Event()

    def items() -> Iterator[Attributes]:
        """Three, and when the cancel is on its way without end: pynetdicom is slow to read a backlog."""
        yield from repeat(ITEM, 3)
        assert cancelled.wait(ANSWER_LIMIT_S)
        yield from repeat(ITEM)

    endless: Any = items()
    identifier = Dataset()
    identifier.PatientID = ""
    model = ModalityWorklistInformationFind
    statuses: list[int] = []
    with (
        Receiver(tmp_path, lambda _query: WorklistItems(endless)) as receiver,
        requestor((LOOPBACK, receiver.port), OURS, model) as theirs,
    ):
        for status, _ in theirs.send_c_find(identifier, model, msg_id=7):
            statuses.append(status.Status)
            if len(statuses) == 3:
                theirs.send_c_cancel(7, query_model=model)
                cancelled.set()
    assert statuses[-1] == CANCELLED
    assert set(statuses[:-1]) == {PENDING}


def first_answer(port: int, behind_the_query: bytes) -> Pdu:
    """The PDU that answers a query and what comes in the same segment as it."""
    request = encode(propose(OURS, "SCANNER", [(MODALITY_WORKLIST_FIND, SYNTAXES)]))
    identifier = elements.encode({"PatientID": ""}, IMPLICIT_VR_LITTLE_ENDIAN)
    query = fragment(1, encode_command(c_find_rq(5, MODALITY_WORKLIST_FIND)), [identifier], 16384)
    with socket.create_connection((LOOPBACK, port), timeout=ANSWER_LIMIT_S) as connection:
        connection.sendall(request)
        assert connection.recv(65536)[0] == 2  # A-ASSOCIATE-AC
        connection.sendall(b"".join(map(bytes, query)) + behind_the_query)
        cutter = PduCutter()
        while (pdu := cutter.next_pdu()) is None:
            cutter.feed(connection.recv(65536))
        return decode(*pdu)


def test_a_cancel_in_the_same_segment_as_its_query_is_seen(endless: Receiver) -> None:
    cancel = fragment(1, encode_command(c_cancel_rq(5)), None, 16384)
    answer = first_answer(endless.port, b"".join(map(bytes, cancel)))
    assert isinstance(answer, DataTransfer)
    assert decode_command(answer.values[0].data).status == CANCELLED


def test_a_release_before_the_last_response_ends_that_association_alone(endless: Receiver) -> None:
    assert isinstance(first_answer(endless.port, bytes(encode(ReleaseRequest()))), ReleaseReply)
    run("echoscu", "-aec", OURS, LOOPBACK, endless.port)


# --- ours asks ---------------------------------------------------------------------------------------------------------


def answer(ours: SocketAssociation) -> Message:
    message = ours.receive()
    assert message is not None, "released in the middle of the C-FIND"
    return message


def test_we_cancel_an_endless_query_of_pynetdicom() -> None:
    def find(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        match = Dataset()
        match.PatientID = "ENDLESS"
        while not event.is_cancelled:
            yield PENDING, match
        yield CANCELLED, None

    with (
        acceptor("ENDLESS", [StudyRootQueryRetrieveInformationModelFind], [(evt.EVT_C_FIND, find)]) as port,
        association(port, "ENDLESS", [(STUDY_ROOT_FIND, SYNTAXES)]) as ours,
    ):
        context_id = ours.context_for(STUDY_ROOT_FIND).context_id
        identifier = elements.encode({"QueryRetrieveLevel": "STUDY", "PatientID": ""}, IMPLICIT_VR_LITTLE_ENDIAN)
        ours.send(context_id, c_find_rq(9, STUDY_ROOT_FIND), [identifier])
        assert answer(ours).command.status == PENDING
        ours.send(context_id, c_cancel_rq(9))
        while (status := answer(ours).command.status) == PENDING:
            pass
        assert status == CANCELLED


def test_we_cancel_a_query_of_dcmqrscp(tmp_path: Path) -> None:
    stores = [study("US", 1, skipped=number) for number in range(5)]
    with dcmqrscp(tmp_path, {}) as port:
        for store in stores:
            assert Sender(port, ARCHIVE).ask(store) == StoreResult(stored=store.instances)
        with association(port, ARCHIVE, [(STUDY_ROOT_FIND, SYNTAXES)]) as ours:
            context_id = ours.context_for(STUDY_ROOT_FIND).context_id
            identifier = elements.encode({"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": ""}, IMPLICIT_VR_LITTLE_ENDIAN)
            # In one segment, so that the cancel is there before the first response: five matches are soon found.
            send_message(ours._association, context_id, c_find_rq(9, STUDY_ROOT_FIND), [identifier])
            ours.send(context_id, c_cancel_rq(9))
            while (status := answer(ours).command.status) == PENDING:
                pass
    assert status == CANCELLED
