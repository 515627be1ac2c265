"""Query and retrieve as DICOM: both roots, every level, what findscu and dcmqrscp wrote, and what is refused."""

import pydicom
import pytest
from pynetdicom.dsutils import encode as pynetdicom_encode

from emulators.codecs.dicom import codec, elements
from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    MODALITY_WORKLIST_FIND,
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)
from emulators.codecs.dicom.values import Refused
from emulators.messages.attributes import of
from emulators.messages.instance_set import InstanceSet, from_uids
from emulators.messages.query import LEVELS, ROOTS, Find, Found, Get, Move, MoveResult
from emulators.messages.worklist import WorklistQuery
from emulators.wire import commands
from emulators.wire.dimse import Command
from emulators.wire.status import CANCEL, PENDING, PENDING_WITH_UNSUPPORTED_KEYS, SUCCESS
from tests.codecs.golden_dicom_data_sets import DCMTK_STUDY_IDENTIFIER, DCMTK_STUDY_RESPONSE

FIND = commands.c_find_rq(1, STUDY_ROOT_FIND)
MATCH = of({"PatientID": "G1", "StudyInstanceUID": "1.2.3.4.5"})
ASKED = of({"PatientID": "G1", "StudyInstanceUID": ""})

SOP_CLASSES = {
    (Find, "PATIENT"): PATIENT_ROOT_FIND,
    (Find, "STUDY"): STUDY_ROOT_FIND,
    (Move, "PATIENT"): PATIENT_ROOT_MOVE,
    (Move, "STUDY"): STUDY_ROOT_MOVE,
    (Get, "PATIENT"): PATIENT_ROOT_GET,
    (Get, "STUDY"): STUDY_ROOT_GET,
}


@pytest.mark.parametrize(("kind", "root"), SOP_CLASSES)
def test_the_root_of_a_message_is_its_sop_class(kind: type, root: str) -> None:
    for level in LEVELS - ({"PATIENT"} if root == "STUDY" else set()):
        message = kind(ASKED, level, root)
        assert codec.abstract_syntax(message) == SOP_CLASSES[kind, root]
        command, data = codec.encode_request(message, 7)
        assert command.sop_class_uid == SOP_CLASSES[kind, root]
        assert elements.decode(data or b"")["QueryRetrieveLevel"] == level
        assert codec.decode_request(command, data) == message


def test_every_sop_class_of_a_message_can_be_negotiated() -> None:
    assert set(codec.sop_classes((Find, Move, Get))) == set(SOP_CLASSES.values())
    assert codec.sop_classes((WorklistQuery,)) == (MODALITY_WORKLIST_FIND,)
    assert {root for _, root in SOP_CLASSES} == ROOTS


# --- what others wrote -------------------------------------------------------------------------------------------------


def test_the_study_query_of_findscu_and_the_answer_of_dcmqrscp() -> None:
    query = codec.decode_request(FIND, DCMTK_STUDY_IDENTIFIER, EXPLICIT_VR_LITTLE_ENDIAN)
    assert query == Find(ASKED)
    pending = commands.response(FIND, PENDING, has_dataset=True)
    responses = [(pending, DCMTK_STUDY_RESPONSE), (commands.response(FIND, SUCCESS), None)]
    assert codec.decode_answer(query, responses, EXPLICIT_VR_LITTLE_ENDIAN) == Found((MATCH,))


def test_our_answer_to_findscu_is_that_of_dcmqrscp() -> None:
    more = MATCH.with_values({"PatientName": "GOLD", "AccessionNumber": "A1"})
    answer = codec.encode_answer(Found((more,)), FIND, DCMTK_STUDY_IDENTIFIER, EXPLICIT_VR_LITTLE_ENDIAN, "QR")
    assert next(answer)[1] == DCMTK_STUDY_RESPONSE


@pytest.mark.parametrize("syntax", [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN])
def test_identifiers_as_pynetdicom_encodes_them(syntax: str) -> None:
    identifier = pydicom.Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.PatientName = ""
    identifier.StudyInstanceUID = "1.2.3"
    data = pynetdicom_encode(identifier, syntax == IMPLICIT_VR_LITTLE_ENDIAN, True)
    move = commands.c_move_rq(1, STUDY_ROOT_MOVE, "WORKSTATION")
    keys = of({"PatientName": "", "StudyInstanceUID": "1.2.3"})
    assert codec.decode_request(move, data, syntax) == Move(keys, destination="WORKSTATION")
    assert codec.decode_request(commands.c_get_rq(1, STUDY_ROOT_GET), data, syntax) == Get(keys)


# --- answers -----------------------------------------------------------------------------------------------------------


def statuses(answer: object, request: Command = FIND) -> list[int]:
    return [
        command.status for command, _ in codec.encode_answer(answer, request, DCMTK_STUDY_IDENTIFIER, EXPLICIT_VR_LITTLE_ENDIAN)
    ]


def test_pending_responses_say_whether_every_key_was_supported() -> None:
    assert statuses(Found((MATCH, MATCH))) == [PENDING, PENDING, SUCCESS]
    assert statuses(Found((MATCH,), keys_supported=False)) == [PENDING_WITH_UNSUPPORTED_KEYS, SUCCESS]
    assert statuses(Found((), 0xA700)) == [0xA700]


def test_pending_with_unsupported_keys_is_read_as_such() -> None:
    pending = commands.response(FIND, PENDING_WITH_UNSUPPORTED_KEYS, has_dataset=True)
    responses = [(pending, DCMTK_STUDY_RESPONSE), (commands.response(FIND, SUCCESS), None)]
    found = codec.decode_answer(Find(ASKED), responses, EXPLICIT_VR_LITTLE_ENDIAN)
    assert found == Found((MATCH,), keys_supported=False)


def test_a_cancelled_move_says_what_remains_and_another_does_not() -> None:
    request, data = codec.encode_request(Move(ASKED, destination="WORKSTATION"), 1)

    def final(result: MoveResult) -> Command:
        ((command, _),) = codec.encode_answer(result, request, data)
        return command

    cancelled = final(MoveResult(3, 0, 0, CANCEL, remaining=47))
    assert (cancelled.status, cancelled.number("NumberOfRemainingSuboperations")) == (CANCEL, 47)
    assert final(MoveResult(3, 0, 0)).number("NumberOfRemainingSuboperations") is None


def test_of_very_many_failed_instances_as_many_are_listed_as_a_value_holds() -> None:
    request, data = codec.encode_request(Get(ASKED), 1, EXPLICIT_VR_LITTLE_ENDIAN)
    failed = InstanceSet("2.25.123456789012345678901234567890", 1, 5_000)
    ((command, listed),) = codec.encode_answer(
        MoveResult(0, 5_000, 0, 0xA702, failed), request, data, EXPLICIT_VR_LITTLE_ENDIAN
    )
    assert command.number("NumberOfFailedSuboperations") == 5_000
    uids = str(elements.decode(listed or b"", EXPLICIT_VR_LITTLE_ENDIAN)["FailedSOPInstanceUIDList"]).split("\\")
    assert 1_000 < len(uids) < 5_000
    assert from_uids(uids) == failed.head(len(uids))


# --- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "identifier"),
    [
        ("STUDY", {"PatientID": "1"}),
        ("STUDY", {"QueryRetrieveLevel": "", "PatientID": "1"}),
        ("STUDY", {"QueryRetrieveLevel": "FRAME"}),
        ("STUDY", {"QueryRetrieveLevel": "PATIENT"}),
        ("PATIENT", {"QueryRetrieveLevel": "study"}),
        ("STUDY", {"QueryRetrieveLevel": "STUDY", "StudyDate": "2024-01-05"}),
    ],
)
def test_an_identifier_that_says_no_level_or_no_date_is_refused(root: str, identifier: DataSet) -> None:
    """dicom.qr.find.7: A900H."""
    command = commands.c_find_rq(1, SOP_CLASSES[Find, root])
    with pytest.raises(Refused) as refusal:
        codec.decode_request(command, elements.encode(identifier))
    assert refusal.value.status == 0xA900
