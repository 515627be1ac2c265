"""Bad requests for storage commitment: refused, and so is a good one by a system that commits nothing."""

from collections.abc import Mapping

import pytest

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from emulators.messages.commitment import CommitRequest, Referenced
from emulators.messages.instance_set import from_uids
from emulators.wire.commands import n_action_rq
from tests.serving.bad_input_dicom.pieces import FIRST, ULTRASOUND, identifier
from tests.serving.bad_input_dicom.systems import Role
from tests.serving.raw_dicom import ask

BAD_COMMITMENTS: Mapping[str, tuple[str, int, bytes, int]] = {
    "another instance": ("2.25.1", 1, identifier(TransactionUID="2.25.5001"), 0x0112),
    "an unknown action": (STORAGE_COMMITMENT_INSTANCE, 2, identifier(TransactionUID="2.25.5001"), 0x0123),
    "no transaction": (STORAGE_COMMITMENT_INSTANCE, 1, identifier(ReferencedSOPSequence=[]), 0x0120),
    "no images": (STORAGE_COMMITMENT_INSTANCE, 1, identifier(TransactionUID="2.25.5001", ReferencedSOPSequence=[]), 0x0121),
    "noise": (STORAGE_COMMITMENT_INSTANCE, 1, bytes(range(256)), 0x0115),
}


@pytest.mark.parametrize("bad", BAD_COMMITMENTS)
def test_a_commitment_that_cannot_be_asked_for_is_refused(pacs: Role, bad: str) -> None:
    instance, action, dataset, status = BAD_COMMITMENTS[bad]
    with pacs.associated(STORAGE_COMMITMENT) as connection:
        assert ask(connection, n_action_rq(1, STORAGE_COMMITMENT, instance, action), dataset).status == status
        connection.release()


def test_a_scanner_is_not_asked_to_commit(roles: Mapping[str, Role]) -> None:
    scanner = roles["ct1"]
    with scanner.associated(STORAGE_COMMITMENT) as connection:
        request = CommitRequest("2.25.5002", (Referenced(ULTRASOUND.sop_class_uid, from_uids([FIRST])),))
        command, dataset = codec.encode_request(request, 1, EXPLICIT_VR_LITTLE_ENDIAN)
        assert ask(connection, command, dataset).status == 0x0211
        connection.release()
    scanner.still_serves()
