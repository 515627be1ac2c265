"""What a C-FIND response holds: the keys that were asked for, and no others (PS3.4 C.4.1.1.3.2, K.4.1.1.3.2)."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.codecs.dicom import codec, elements
from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.uids import MODALITY_WORKLIST_FIND, STUDY_ROOT_FIND
from emulators.messages.common import Code, Patient, PersonName
from emulators.messages.imaging import InstanceSet
from emulators.messages.orders import ScheduledProcedure
from emulators.messages.query import FindStudies, MoveResult, MoveStudy, StudiesFound, StudyMatch
from emulators.messages.worklist import WorklistItem, WorklistItems, WorklistQuery
from emulators.wire import commands
from emulators.wire.dimse import Command
from emulators.wire.status import PENDING, PENDING_WITH_UNSUPPORTED_KEYS

PATIENT = Patient("MRN-1", "HOSPITAL", PersonName("DOE", "JANE"), "19700228", "F")
CODE = Code("CTCHEST", "99LOCAL", "CT of the chest")
SCHEDULED = ScheduledProcedure("A1", "1.2.4", "R1", "S1", CODE, "CT_ONE", "20250301093000")
NOBODY = PersonName("")
ITEM = WorklistItem(PATIENT, "V1", "WARD", NOBODY, NOBODY, "P1", "Cough", "STAT", CODE, "CT", SCHEDULED)
MATCH = StudyMatch(PATIENT, "1.2.4", "A1", "20250301093000", "CT", "Chest", 90)

FIND_WORKLIST = commands.c_find_rq(1, MODALITY_WORKLIST_FIND)
FIND_STUDIES = commands.c_find_rq(1, STUDY_ROOT_FIND)
CODE_ITEM: DataSet = {"CodeValue": "CTCHEST", "CodingSchemeDesignator": "99LOCAL", "CodeMeaning": "CT of the chest"}

_, ALL_KEYS = codec.encode_request(WorklistQuery(), 1)
EVERYTHING = elements.decode(ALL_KEYS or b"")


def answer(requested: DataSet, answered: object, request: Command, retrieve_ae_title: str = "") -> tuple[int, DataSet]:
    """Status and identifier of the first response."""
    data = elements.encode(requested)
    command, identifier = next(codec.encode_answer(answered, request, data, retrieve_ae_title=retrieve_ae_title))
    return command.status, elements.decode(identifier or b"")


@pytest.mark.parametrize(
    ("requested", "returned"),
    [
        ({"PatientID": "", "PatientName": "DOE*"}, {"PatientName": "DOE^JANE", "PatientID": "MRN-1"}),
        ({"PatientWeight": "", "PregnancyStatus": ""}, {"PatientWeight": "", "PregnancyStatus": ""}),
        (
            {"ScheduledProcedureStepSequence": [{"ScheduledProcedureStepID": "", "Modality": "CT"}]},
            {"ScheduledProcedureStepSequence": [{"Modality": "CT", "ScheduledProcedureStepID": "S1"}]},
        ),
        ({"RequestedProcedureCodeSequence": []}, {"RequestedProcedureCodeSequence": [CODE_ITEM]}),
        ({"RequestedProcedureCodeSequence": [{}]}, {"RequestedProcedureCodeSequence": [CODE_ITEM]}),
        (
            {"RequestedProcedureCodeSequence": [{"CodeValue": ""}]},
            {"RequestedProcedureCodeSequence": [{"CodeValue": "CTCHEST"}]},
        ),
        (
            {"ScheduledProcedureStepSequence": [{"ScheduledProtocolCodeSequence": [{"CodeMeaning": ""}]}]},
            {"ScheduledProcedureStepSequence": [{"ScheduledProtocolCodeSequence": [{"CodeMeaning": "CT of the chest"}]}]},
        ),
    ],
)
def test_the_worklist_returns_what_was_asked_for(requested: DataSet, returned: DataSet) -> None:
    assert answer(requested, WorklistItems((ITEM,)), FIND_WORKLIST) == (PENDING, returned)


@given(st.sets(st.sampled_from(sorted(EVERYTHING)), min_size=1))
def test_any_choice_of_keys_is_returned_whole(keywords: set[str]) -> None:
    status, identifier = answer({keyword: EVERYTHING[keyword] for keyword in keywords}, WorklistItems((ITEM,)), FIND_WORKLIST)
    assert status == PENDING
    assert set(identifier) == keywords


def test_type_1_keys_have_values() -> None:
    _, identifier = answer(EVERYTHING, WorklistItems((ITEM,)), FIND_WORKLIST)
    step = identifier["ScheduledProcedureStepSequence"]
    assert isinstance(step, list)
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "RequestedProcedureID"):
        assert identifier[keyword]
    for keyword in (
        "ScheduledStationAETitle",
        "ScheduledProcedureStepStartDate",
        "ScheduledProcedureStepStartTime",
        "Modality",
        "ScheduledProcedureStepID",
    ):
        assert step[0][keyword]


def test_a_study_answer_adds_level_and_retrieve_ae_title() -> None:
    requested: DataSet = {"QueryRetrieveLevel": "STUDY", "PatientID": "MRN-1"}
    expected = {"QueryRetrieveLevel": "STUDY", "RetrieveAETitle": "ARCHIVE", "PatientID": "MRN-1"}
    assert answer(requested, StudiesFound((MATCH,)), FIND_STUDIES, "ARCHIVE") == (PENDING, expected)


@pytest.mark.parametrize(
    "requested",
    [
        {"PatientAge": ""},  # not there
        {"RequestedProcedureID": "R1"},  # there, and not matched on
        {"ScheduledProcedureStepSequence": [{"ScheduledProcedureStepEndDate": ""}]},
        {"ScheduledProcedureStepSequence": [{"ScheduledProcedureStepID": "S1"}]},
    ],
)
def test_a_key_that_is_not_supported_is_told_by_the_status(requested: DataSet) -> None:
    status, identifier = answer({"PatientID": "", **requested}, WorklistItems((ITEM,)), FIND_WORKLIST)
    assert status == PENDING_WITH_UNSUPPORTED_KEYS
    assert identifier["PatientID"] == "MRN-1"
    assert "PatientAge" not in identifier


def test_a_private_key_is_told_by_the_status() -> None:
    private = b"\x09\x00\x01\x10\x00\x00\x00\x00"
    data = private + elements.encode({"PatientID": ""})
    command, identifier = next(codec.encode_answer(WorklistItems((ITEM,)), FIND_WORKLIST, data))
    assert command.status == PENDING_WITH_UNSUPPORTED_KEYS
    assert elements.decode(identifier or b"") == {"PatientID": "MRN-1"}


def test_responses_are_made_one_at_a_time() -> None:
    """So that the port can stop at a C-CANCEL: a match that nobody asks for is never looked at."""
    seen: list[int] = []

    class Watched(tuple[StudyMatch, ...]):
        def __iter__(self) -> Iterator[StudyMatch]:
            for number, match in enumerate(super().__iter__()):
                seen.append(number)
                yield match

    responses = codec.encode_answer(StudiesFound(Watched([MATCH] * 500)), FIND_STUDIES, elements.encode({"PatientID": ""}))
    next(responses)
    next(responses)
    assert len(seen) <= 3


@pytest.mark.parametrize(
    ("requested", "query"),
    [
        ({}, WorklistQuery()),
        ({"ScheduledProcedureStepSequence": []}, WorklistQuery()),
        ({"PatientID": "*", "PatientName": "*"}, WorklistQuery()),
        ({"PatientName": "DOE^J*=X"}, WorklistQuery(patient_name="DOE^J*")),
        (
            {"ScheduledProcedureStepSequence": [{"ScheduledProcedureStepStartDate": "2025.03.02"}]},
            WorklistQuery(start_date="20250302"),
        ),
        (
            {"ScheduledProcedureStepSequence": [{"ScheduledProcedureStepStartTime": "080000.000-12:00:00"}]},
            WorklistQuery(start_time="080000-120000"),
        ),
    ],
)
def test_odd_but_common_queries_are_understood(requested: DataSet, query: WorklistQuery) -> None:
    assert codec.decode_request(FIND_WORKLIST, elements.encode(requested)) == query


def test_modalities_in_study_is_the_key_for_the_modality() -> None:
    data = elements.encode({"QueryRetrieveLevel": "STUDY", "ModalitiesInStudy": "MR"})
    assert codec.decode_request(FIND_STUDIES, data) == FindStudies(modality="MR")


def test_a_move_with_failures_names_them() -> None:
    move, _ = codec.encode_request(MoveStudy("1.2.4", "WORKSTATION"), 5)
    result = MoveResult(3, 2, 0, 0xB000, InstanceSet("1.2.4", 1, 2))
    ((command, data),) = codec.encode_answer(result, move, None)
    assert command.has_dataset
    assert elements.decode(data or b"") == {"FailedSOPInstanceUIDList": "1.2.4.1\\1.2.4.2"}
    assert codec.decode_answer(MoveStudy("1.2.4", "WORKSTATION"), [(command, data)]) == result


def test_pending_responses_of_a_move_are_passed_over() -> None:
    move, _ = codec.encode_request(MoveStudy("1.2.4", "WORKSTATION"), 5)
    progress = commands.response(move, PENDING, sub_operations=commands.SubOperations(3, failed=1, remaining=4))
    (final,) = codec.encode_answer(MoveResult(8, 0, 0), move, None)
    assert codec.decode_answer(MoveStudy("1.2.4", "W"), [(progress, None), final]) == MoveResult(8, 0, 0)
