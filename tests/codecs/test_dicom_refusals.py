"""What cannot be understood is refused with the status of the standard, in one line, and without patient data."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.codecs.dicom import codec, elements
from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    MODALITY_PERFORMED_PROCEDURE_STEP,
    MODALITY_WORKLIST_FIND,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)
from emulators.codecs.dicom.values import Refused
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.messages.query import Find, Found
from emulators.messages.worklist import WorklistItems, WorklistQuery
from emulators.wire import commands
from emulators.wire.dimse import Command
from emulators.wire.status import PENDING, SUCCESS
from tests.codecs.golden_dicom_data_sets import DCMTK_EVENT, DCMTK_N_CREATE, DCMTK_N_SET, DCMTK_WORKLIST_RESPONSE
from tests.codecs.test_dicom_messages import ITEM, MATCH

FIND_WORKLIST = commands.c_find_rq(1, MODALITY_WORKLIST_FIND)
FIND_STUDIES = commands.c_find_rq(1, STUDY_ROOT_FIND)
MOVE = commands.c_move_rq(1, STUDY_ROOT_MOVE, "WORKSTATION")
CREATE = commands.n_create_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.3")
SET = commands.n_set_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.3")
ACTION = commands.n_action_rq(1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, 1)
EVENT = commands.n_event_report_rq(1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, 2)

STARTED = elements.decode(DCMTK_N_CREATE)
ENDED = elements.decode(DCMTK_N_SET)
HAPPENED = elements.decode(DCMTK_EVENT, EXPLICIT_VR_LITTLE_ENDIAN)
REFERENCE: DataSet = {"ReferencedSOPClassUID": "1.2.840", "ReferencedSOPInstanceUID": "1.2.3.4"}
ACTED: DataSet = {"TransactionUID": "1.2.9", "ReferencedSOPSequence": [REFERENCE]}


def without(dataset: DataSet, keyword: str) -> DataSet:
    return {name: value for name, value in dataset.items() if name != keyword}


def series_of(*references: DataSet) -> DataSet:
    return {"SeriesInstanceUID": "1.2.3", "ProtocolName": "Head", "ReferencedImageSequence": list(references)}


def refusal(command: Command, dataset: DataSet | bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        codec.decode_request(command, dataset if isinstance(dataset, bytes) else elements.encode(dataset))
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("command", "dataset", "status"),
    [
        (FIND_WORKLIST, {"ScheduledProcedureStepSequence": [{"Modality": "CT"}, {"Modality": "MR"}]}, 0xA900),
        (FIND_WORKLIST, {"ScheduledProcedureStepSequence": [{"ScheduledProcedureStepStartTime": "noon"}]}, 0xA900),
        (FIND_WORKLIST, b"\x10\x00\x10\x00\xff\xff\x00\x00cut", 0xA900),
        (FIND_STUDIES, {"PatientID": "MRN-1"}, 0xA900),
        (FIND_STUDIES, {"QueryRetrieveLevel": "EVERYTHING", "PatientID": "MRN-1"}, 0xA900),
        (MOVE, {"StudyInstanceUID": "1.2"}, 0xA900),
        (CREATE, {**STARTED, "PerformedProcedureStepStatus": "COMPLETED"}, 0x0106),
        (CREATE, {**STARTED, "PatientBirthDate": "someday"}, 0x0106),
        (CREATE, without(STARTED, "Modality"), 0x0120),
        (CREATE, {**STARTED, "PerformedProcedureStepID": ""}, 0x0121),
        (CREATE, {**STARTED, "ScheduledStepAttributesSequence": []}, 0x0121),
        (CREATE, {**STARTED, "ScheduledStepAttributesSequence": [{"AccessionNumber": "A1"}]}, 0x0120),
        (CREATE, {**STARTED, "ScheduledStepAttributesSequence": [{"StudyInstanceUID": "1.2"}, {}]}, 0x0120),
        (SET, without(ENDED, "PerformedProcedureStepEndDate"), 0x0120),
        (SET, {**ENDED, "PerformedSeriesSequence": []}, 0x0121),
        (SET, {**ENDED, "PerformedProcedureStepEndDate": ""}, 0x0121),
        (SET, {**ENDED, "PerformedProcedureStepStatus": "SCHEDULED"}, 0x0106),
        (SET, {**ENDED, "PerformedSeriesSequence": [{"SeriesInstanceUID": "1.2"}]}, 0x0120),
        (SET, {"PerformedSeriesSequence": [{"SeriesInstanceUID": "", "ProtocolName": "Head"}]}, 0x0121),
        (SET, {"PerformedSeriesSequence": [series_of(REFERENCE, REFERENCE)]}, 0x0106),
        (SET, {"PerformedSeriesSequence": [series_of(without(REFERENCE, "ReferencedSOPClassUID"))]}, 0x0120),
        (ACTION, {"TransactionUID": "1.2.9"}, 0x0120),
        (ACTION, {**ACTED, "ReferencedSOPSequence": []}, 0x0121),
        (ACTION, {**ACTED, "ReferencedSOPSequence": [REFERENCE, REFERENCE]}, 0x0115),
        (ACTION, {**ACTED, "TransactionUID": "none"}, 0x0115),
        (ACTION, {**ACTED, "ReferencedSOPSequence": [{**REFERENCE, "ReferencedSOPClassUID": "none"}]}, 0x0115),
        (EVENT, {**HAPPENED, "FailedSOPSequence": HAPPENED["ReferencedSOPSequence"]}, 0x0115),
        (commands.n_action_rq(1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, 2), ACTED, 0x0123),
        (commands.n_action_rq(1, STORAGE_COMMITMENT, "1.2.3", 1), ACTED, 0x0112),
        (commands.n_event_report_rq(1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, 3), HAPPENED, 0x0113),
        (commands.n_event_report_rq(1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, 1), HAPPENED, 0x0110),
        (EVENT, {"TransactionUID": "1.2.9"}, 0x0115),
        (commands.c_find_rq(1, "1.2.3"), {}, 0x0118),
        (commands.c_find_rq(1, VERIFICATION), {}, 0x0118),
        (commands.c_find_rq(1, STORAGE_COMMITMENT), {}, 0x0211),
    ],
)
def test_the_status_that_answers_a_bad_request(command: Command, dataset: DataSet | bytes, status: int) -> None:
    assert f"{refusal(command, dataset).status:04X}" == f"{status:04X}"


def test_a_refusal_names_the_attribute_and_not_its_value() -> None:
    reason = str(refusal(CREATE, {**STARTED, "PatientBirthDate": "SECRET"}))
    assert reason == "N-CREATE-RQ: patient.birth_date: not a date"


def test_a_refusal_is_rebuilt_from_its_argument() -> None:
    error = refusal(FIND_STUDIES, {})
    assert type(error)(*error.args).args == error.args


@pytest.mark.parametrize(
    "responses",
    [
        [],
        [(commands.response(FIND_WORKLIST, PENDING, has_dataset=True), DCMTK_WORKLIST_RESPONSE)],
        [
            (commands.response(FIND_WORKLIST, PENDING, has_dataset=True), elements.encode({"PatientID": "MRN-1"})),
            (commands.response(FIND_WORKLIST, SUCCESS), None),
        ],
    ],
)
def test_a_broken_answer_is_the_error_of_the_peer(responses: list[tuple[Command, bytes | None]]) -> None:
    with pytest.raises(RemoteProtocolError):
        codec.decode_answer(WorklistQuery(), responses, EXPLICIT_VR_LITTLE_ENDIAN)


def test_no_other_transfer_syntax_is_read() -> None:
    with pytest.raises(LocalProtocolError, match=r"1\.2\.840\.10008\.1\.2\.2"):
        elements.decode(b"", "1.2.840.10008.1.2.2")


# --- hostile bytes -----------------------------------------------------------------------------------------------------

REQUESTS = st.sampled_from((FIND_WORKLIST, FIND_STUDIES, MOVE, CREATE, SET, ACTION, EVENT))
SYNTAXES = st.sampled_from((IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN))
GOLDEN = st.sampled_from((DCMTK_N_CREATE, DCMTK_N_SET, DCMTK_EVENT, DCMTK_WORKLIST_RESPONSE))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A golden data set, cut, or with bytes overwritten."""
    data = bytearray(draw(GOLDEN))
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255) | st.sampled_from((0xFF, 0xFE, 0xE0, 0x5C)))
    return bytes(data[: draw(st.integers(0, len(data)) | st.just(len(data)))])


STATUSES = (None, 0xA900, 0x0106, 0x0110, 0x0112, 0x0113, 0x0115, 0x0117, 0x0120, 0x0121, 0x0123)


def status_of(command: Command, data: bytes, syntax: str = IMPLICIT_VR_LITTLE_ENDIAN) -> int | None:
    """The status that refuses a request, None if it is understood. Any other error is a failure of the test."""
    try:
        codec.decode_request(command, data, syntax)
    except Refused as error:
        return error.status
    return None


@given(REQUESTS, damaged() | st.binary(max_size=200), SYNTAXES)
def test_hostile_bytes_in_a_request_are_refused_or_understood(command: Command, data: bytes, syntax: str) -> None:
    assert status_of(command, data, syntax) in STATUSES


@given(st.sampled_from((WorklistQuery(), Find())), damaged() | st.binary(max_size=200), SYNTAXES)
def test_hostile_bytes_in_an_answer_are_refused_or_understood(message: object, data: bytes, syntax: str) -> None:
    request, _ = codec.encode_request(message, 1, syntax)
    responses = [(commands.response(request, PENDING, has_dataset=True), data), (commands.response(request, SUCCESS), None)]
    with suppress(RemoteProtocolError):
        codec.decode_answer(message, responses, syntax)


@given(damaged() | st.binary(max_size=200), SYNTAXES)
def test_hostile_keys_in_a_query_are_answered_or_refused(data: bytes, syntax: str) -> None:
    with suppress(RemoteProtocolError):
        list(codec.encode_answer(WorklistItems((ITEM,)), FIND_WORKLIST, data, syntax))
        list(codec.encode_answer(Found((MATCH,)), FIND_STUDIES, data, syntax))


@given(st.text(max_size=20), st.text(max_size=70))
def test_hostile_values_in_a_command_are_refused_or_understood(destination: str, uid: str) -> None:
    move = commands.c_move_rq(1, STUDY_ROOT_MOVE, destination)
    assert status_of(move, elements.encode({"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2"})) in (None, 0xA900)
    ended = commands.n_set_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, uid)
    assert status_of(ended, DCMTK_N_SET) in (None, 0x0106)


def test_sequences_nest_to_a_limit() -> None:
    opened = b"\x40\x00\x00\x01\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with pytest.raises(RemoteProtocolError, match="deeper than 16"):
        elements.decode(opened * 100_000)


def test_a_data_set_that_is_cut_anywhere_is_refused_or_shorter() -> None:
    """Between two elements a cut cannot be seen."""
    whole = elements.decode(DCMTK_N_CREATE)
    for length in range(len(DCMTK_N_CREATE)):
        with suppress(RemoteProtocolError):
            assert len(elements.decode(DCMTK_N_CREATE[:length])) < len(whole)
