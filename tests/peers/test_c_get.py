"""C-GET with its C-STORE sub-operations on the same association: getscu and dcmqrscp against our upper layer and DIMSE."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulators.codecs.dicom import elements
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, STUDY_ROOT_GET
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.ports.association import SocketAssociation
from emulators.ports.sockets import Address, Listener
from emulators.wire.commands import SubOperations, c_get_rq, c_store_rq, response
from emulators.wire.dimse import C_GET_RQ, C_STORE_RQ, RESPONSE, Command, Message
from emulators.wire.items import RoleSelection
from emulators.wire.negotiation import MAX_PDU_LENGTH, AcceptorPolicy
from tests.peers.products import ARCHIVE, dcmqrscp, run
from tests.peers.senders import IMAGES, Sender, association, data_sets, files_by_uid, study

pytestmark = pytest.mark.peer

STUDY = study("CT", 3)
STORAGE = STUDY.sop_class_uid
SYNTAXES = [EXPLICIT_VR_LITTLE_ENDIAN]


def received(ours: SocketAssociation) -> Message:
    message = ours.receive()
    assert message is not None, "released in the middle of the C-GET"
    return message


# --- the archive's side ------------------------------------------------------------------------------------------------


class Archive:
    """Answers one C-GET per association with the images of STUDY, and keeps what the sub-operations were answered."""

    def __init__(self) -> None:
        self.policy = AcceptorPolicy("GETSCP", {STUDY_ROOT_GET: SYNTAXES, STORAGE: SYNTAXES}, roles={STORAGE: (False, True)})
        self.statuses: list[int] = []
        self.asked_for = ""

    def serve(self, connection: socket.socket, _peer: Address) -> None:
        ours = SocketAssociation(connection)
        if not ours.accept(self.policy):
            return
        while (message := ours.receive()) is not None:
            assert message.command.field == C_GET_RQ
            identifier = elements.decode(message.dataset or b"", EXPLICIT_VR_LITTLE_ENDIAN)
            self.asked_for = str(identifier["StudyInstanceUID"])
            self._send_images(ours, message)

    def _send_images(self, ours: SocketAssociation, request: Message) -> None:
        storage = ours.context_for(STORAGE)
        assert storage.requestor_is_scp, "the requestor did not offer to take images"
        total = len(STUDY.instances)
        for number, instance in enumerate(IMAGES.instances(STUDY), start=1):
            command = c_store_rq(number, instance.sop_class_uid, instance.sop_instance_uid)
            ours.send(storage.context_id, command, instance.buffers)
            self.statuses.append(received(ours).command.status)
            counters = SubOperations(number, remaining=total - number)
            ours.send(request.context_id, response(request.command, 0xFF00, sub_operations=counters))
        ours.send(request.context_id, response(request.command, 0x0000, sub_operations=SubOperations(total)))


@contextmanager
def listening(archive: Archive) -> Iterator[Address]:
    failures: list[Exception] = []
    listener = Listener("test-c-get", archive.serve, failures.append)
    try:
        yield listener.address
    finally:
        listener.close()
    assert failures == []


def test_getscu_gets_every_image_from_us_byte_for_byte(tmp_path: Path) -> None:
    uid = STUDY.header.study_instance_uid
    archive = Archive()
    with listening(archive) as address:
        keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={uid}")
        run("getscu", "-S", "-aec", "GETSCP", "+B", "-od", tmp_path, *keys, *address)
    assert archive.asked_for == uid
    assert archive.statuses == [0x0000] * 3
    assert files_by_uid(tmp_path) == data_sets(STUDY)


# --- the asking side ---------------------------------------------------------------------------------------------------


def get(port: int, store: StoreStudy, max_pdu_length: int) -> tuple[Command, dict[str, bytes]]:
    """C-GET a study from dcmqrscp: the final response, and the data sets that came."""
    images: dict[str, bytes] = {}
    contexts = [(STUDY_ROOT_GET, SYNTAXES), (STORAGE, SYNTAXES)]
    roles = [RoleSelection(STORAGE, scu=False, scp=True)]
    with association(port, ARCHIVE, contexts, roles, max_pdu_length) as ours:
        identifier = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": store.header.study_instance_uid}
        context_id = ours.context_for(STUDY_ROOT_GET).context_id
        ours.send(context_id, c_get_rq(1, STUDY_ROOT_GET), [elements.encode({**identifier}, EXPLICIT_VR_LITTLE_ENDIAN)])
        while True:
            message = received(ours)
            command = message.command
            if command.field == C_STORE_RQ:
                images[command.sop_instance_uid] = bytes(message.dataset or b"")
                ours.send(message.context_id, response(command, 0x0000))
            elif command.field == C_GET_RQ | RESPONSE and command.status != 0xFF00:
                return command, images


@pytest.mark.parametrize("max_pdu_length", [4096, 16384, 65536, MAX_PDU_LENGTH])
def test_we_get_every_image_from_dcmqrscp_byte_for_byte_in_pdus_as_we_announce(tmp_path: Path, max_pdu_length: int) -> None:
    with dcmqrscp(tmp_path, {}) as port:
        assert Sender(port, ARCHIVE).ask(STUDY) == StoreResult(stored=STUDY.instances)
        final, images = get(port, STUDY, max_pdu_length)
    assert (final.status, final.number("NumberOfCompletedSuboperations")) == (0x0000, 3)
    assert images == data_sets(STUDY)
