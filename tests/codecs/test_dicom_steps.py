"""Performed steps and commitment as data sets: what stands where, and what is read from those of other makers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.codecs.dicom import codec, elements
from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.uids import MODALITY_PERFORMED_PROCEDURE_STEP, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from emulators.codecs.dicom.values import items, text
from emulators.core.errors import LocalProtocolError
from emulators.messages.attributes import NOTHING
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import NO_CODE, SUCCESS, Code, Patient, PersonName, Status
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet, from_uids
from emulators.messages.steps import PerformedSeries, ScheduledReference, StepEnded, StepProgressed, StepStarted
from emulators.wire import commands
from emulators.wire.dimse import Command
from tests.codecs.golden_dicom_data_sets import DCMTK_N_CREATE, DCMTK_N_SET

CT_IMAGE, MR_IMAGE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
DOSE_REPORT = "1.2.840.10008.5.1.4.1.1.88.67"
PATIENT = Patient("MRN-1", "HOSPITAL", PersonName("DOE", "JANE"), "19700228", "F")
PROCEDURE, PROTOCOL = Code("CTCHEST", "99LOCAL", "CT of the chest"), Code("CHEST", "99LOCAL", "Chest")
OTHER = Code("CTABD", "99LOCAL", "CT of the abdomen")
FIRST = ScheduledReference("A1", "1.2.4", "P1", "R1", "S1", PROCEDURE, PROTOCOL)
SECOND = ScheduledReference("A2", "1.2.5", "P2", "R2", "S2", OTHER, OTHER)
SET = commands.n_set_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.3")
SERIES: DataSet = {"SeriesInstanceUID": "1.2.4.1", "ProtocolName": "Chest"}


def started(*scheduled: ScheduledReference, study: str = "1.2.4") -> StepStarted:
    return StepStarted("1.2.3", PATIENT, scheduled, study, "CT", "CT_ONE", "PPS1", "CT of the chest", "20250301093000")


def encoded(message: Any) -> DataSet:
    _, data = codec.encode_request(message, 1)
    assert data is not None
    return elements.decode(data)


def decoded(command: Command, dataset: DataSet) -> Any:
    return codec.decode_request(command, elements.encode(dataset))


def arrived(message: Any) -> Any:
    """The message as its receiver has it."""
    return codec.decode_request(*codec.encode_request(message, 1))


# --- what is passed on -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "message", "more"),
    [
        (
            commands.n_create_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.3"),
            started(FIRST),
            {"PerformedLocation": "ROOM 3", "EntranceDose": 7, "PerformingPhysicianName": "MÜLLER^JÖRG", "(0009,0010)": ""},
        ),
        (SET, StepProgressed("1.2.3"), {"PerformedSeriesSequence": [{**SERIES, "OperatorsName": "ROE^R"}]}),
        (
            SET,
            StepEnded("1.2.3", "20250301101500", (PerformedSeries("1.2.4.1", "", "Chest", NO_INSTANCES),)),
            {"CommentsOnThePerformedProcedureStep": "patient was restless", "RetrieveURI": ""},
        ),
    ],
)
def test_what_another_maker_said_beyond_a_message_is_passed_on(command: Command, message: Any, more: DataSet) -> None:
    """dicom.mpps.fwd.1: unchanged; what it means to us is the same as without."""
    sent = {**encoded(message), **more}
    received = decoded(command, sent)
    assert encoded(received) == sent
    if "PerformedSeriesSequence" not in more:
        assert received == message


def test_what_another_maker_left_out_is_not_added_when_it_is_passed_on() -> None:
    sent = encoded(started(FIRST))
    del sent["StudyID"]
    command = commands.n_create_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.3")
    assert encoded(decoded(command, sent)) == sent


def test_of_our_own_steps_nothing_is_kept_twice() -> None:
    assert arrived(started(FIRST)).as_it_came == NOTHING
    ended = StepEnded("1.2.3", "20250301101500", (PerformedSeries("1.2.4.1", CT_IMAGE, "Chest", InstanceSet("1.2.4.1", 1, 9)),))
    assert arrived(ended).as_it_came == NOTHING


# --- N-CREATE ----------------------------------------------------------------------------------------------------------


def test_an_unscheduled_step_has_one_item_with_its_study_and_values_that_are_empty() -> None:
    """PS3.4 Table F.7.2-1."""
    (item,) = items(encoded(started()), "ScheduledStepAttributesSequence")
    assert item.pop("StudyInstanceUID") == "1.2.4"
    assert {"AccessionNumber", "RequestedProcedureID", "ScheduledProcedureStepID"} < item.keys()
    assert not any(item.values())
    assert arrived(started()) == started()


def test_an_unscheduled_step_of_another_maker_names_nothing_whatever_it_performed() -> None:
    dataset = encoded(started(FIRST))
    dataset["ScheduledStepAttributesSequence"] = [{"StudyInstanceUID": "1.2.9", "RequestedProcedureDescription": "Chest"}]
    message = decoded(commands.n_create_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.3"), dataset)
    assert (message.scheduled, message.study_instance_uid) == ((), "1.2.9")


def test_an_accession_number_that_was_typed_names_no_step() -> None:
    typed = ScheduledReference("A1", "", "", "", "", NO_CODE, NO_CODE)
    (item,) = items(encoded(started(typed)), "ScheduledStepAttributesSequence")
    assert (item["AccessionNumber"], item["ScheduledProcedureStepID"]) == ("A1", "")
    (reference,) = arrived(started(typed)).scheduled
    assert (reference.accession_number, reference.step_id) == ("A1", "")


def test_steps_done_as_one_are_an_item_each_under_the_study_of_the_images() -> None:
    """PS3.3 C.4.13: the study that is used; where another was scheduled, the Referenced Study Sequence names it."""
    found = items(encoded(started(FIRST, SECOND, study="1.2.9")), "ScheduledStepAttributesSequence")
    assert [item["StudyInstanceUID"] for item in found] == ["1.2.9", "1.2.9"]
    assert [items(item, "ReferencedStudySequence")[0]["ReferencedSOPInstanceUID"] for item in found] == ["1.2.4", "1.2.5"]
    assert arrived(started(FIRST, SECOND, study="1.2.9")) == started(FIRST, SECOND, study="1.2.9")


def test_a_step_that_is_done_as_scheduled_refers_to_no_other_study() -> None:
    (item,) = items(encoded(started(FIRST)), "ScheduledStepAttributesSequence")
    assert item["ReferencedStudySequence"] == []


def test_what_was_performed_of_several_is_no_one_procedure_and_all_their_protocols() -> None:
    dataset = encoded(started(FIRST, SECOND))
    assert dataset["ProcedureCodeSequence"] == []
    assert [item["CodeValue"] for item in items(dataset, "PerformedProtocolCodeSequence")] == ["CHEST", "CTABD"]


def test_codes_that_the_item_lacks_are_taken_from_what_was_performed() -> None:
    dataset = encoded(started(FIRST))
    for keyword in ("RequestedProcedureCodeSequence", "ScheduledProtocolCodeSequence"):
        items(dataset, "ScheduledStepAttributesSequence")[0][keyword] = []
    message = decoded(commands.n_create_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.3"), dataset)
    assert message.scheduled == (FIRST,)


def test_items_of_one_step_may_each_name_the_study_that_was_scheduled() -> None:
    """Not as the standard says; the images are then in the first one's."""
    dataset = encoded(started(FIRST, SECOND))
    found = items(dataset, "ScheduledStepAttributesSequence")
    found[1].update(StudyInstanceUID="1.2.5", ReferencedStudySequence=[])
    message = decoded(commands.n_create_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.3"), dataset)
    assert message == started(FIRST, SECOND)


def test_what_will_be_set_at_the_end_is_created_empty() -> None:
    """Only what an N-CREATE holds may be set later (PS3.4 F.7.2.2)."""
    dataset = encoded(started(FIRST))
    ending = encoded(StepEnded("1.2.3", "20250301094000", (), "DISCONTINUED", Code("110513", "DCM", "Discontinued")))
    assert ending.keys() < dataset.keys()


def test_a_step_without_a_uid_is_given_one_that_its_answer_tells() -> None:
    """PS3.7 10.1.5.1.3; the same one when it is sent again."""
    nameless = commands.n_create_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP)
    message = codec.decode_request(nameless, DCMTK_N_CREATE)
    ((response, _),) = codec.encode_answer(SUCCESS, nameless, DCMTK_N_CREATE)
    assert response.sop_instance_uid == message.mpps_uid
    assert codec.decode_request(nameless, DCMTK_N_CREATE) == message
    later = {**elements.decode(DCMTK_N_CREATE), "PerformedProcedureStepStartTime": "093101"}
    assert decoded(nameless, later).mpps_uid != message.mpps_uid


def test_the_answer_to_a_step_with_a_uid_names_that_one() -> None:
    named = commands.n_create_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.3")
    ((response, _),) = codec.encode_answer(Status(0x0111), named, DCMTK_N_CREATE)
    assert (response.status, response.sop_instance_uid) == (0x0111, "1.2.3")


# --- N-SET -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [{}, {"PerformedProcedureStepStatus": ""}, {"PerformedProcedureStepStatus": "IN PROGRESS"}])
def test_an_n_set_that_ends_nothing_is_progress(status: DataSet) -> None:
    assert decoded(SET, {**status, "PerformedLocation": "ROOM 2"}) == StepProgressed("1.2.3")
    assert decoded(SET, {**status, "PerformedSeriesSequence": [SERIES]}) == StepProgressed(
        "1.2.3", (PerformedSeries("1.2.4.1", "", "Chest", NO_INSTANCES),)
    )


def test_a_series_of_several_sop_classes_is_one_item_and_several_performed_series() -> None:
    images = PerformedSeries("1.2.4.1", CT_IMAGE, "Chest", InstanceSet("1.2.4.1", 1, 2))
    others = PerformedSeries("1.2.4.1", MR_IMAGE, "Chest", InstanceSet("1.2.4.1", 3, 3))
    report = PerformedSeries("1.2.4.1", DOSE_REPORT, "Chest", InstanceSet("1.2.4.9", 1, 1))
    message = StepEnded("1.2.3", "20250301094000", (images, others, report))
    (item,) = items(encoded(message), "PerformedSeriesSequence")
    named = [text(one, "ReferencedSOPInstanceUID") for one in items(item, "ReferencedImageSequence")]
    assert named == ["1.2.4.1.1", "1.2.4.1.2", "1.2.4.1.3"]
    assert len(items(item, "ReferencedNonImageCompositeSOPInstanceSequence")) == 1
    assert arrived(message) == message


def test_a_completed_series_without_instances_is_understood() -> None:
    """A series must exist, though it may hold nothing (PS3.4 Table F.7.2-1, note 2)."""
    dataset = {**elements.decode(DCMTK_N_SET), "PerformedSeriesSequence": [SERIES]}
    assert decoded(SET, dataset).series == (PerformedSeries("1.2.4.1", "", "Chest", NO_INSTANCES),)


@pytest.mark.parametrize("series", [{}, {"PerformedSeriesSequence": []}])
def test_a_discontinued_step_may_have_made_nothing(series: DataSet) -> None:
    dataset: DataSet = {"PerformedProcedureStepStatus": "DISCONTINUED", **series}
    assert decoded(SET, dataset) == StepEnded("1.2.3", "", (), "DISCONTINUED")


def test_a_step_that_is_completed_may_have_said_its_series_before() -> None:
    message = decoded(
        SET,
        {
            "PerformedProcedureStepStatus": "COMPLETED",
            "PerformedProcedureStepEndDate": "20260302",
            "PerformedProcedureStepEndTime": "083000",
        },
    )
    assert (message.status, message.ended_at, message.series) == ("COMPLETED", "20260302083000", ())


def test_the_reason_of_a_discontinued_step_is_a_code() -> None:
    reason = Code("110514", "DCM", "Incorrect worklist entry selected")
    message = StepEnded("1.2.3", "20250301094000", (), "DISCONTINUED", reason)
    (item,) = items(encoded(message), "PerformedProcedureStepDiscontinuationReasonCodeSequence")
    assert item == {
        "CodeValue": "110514",
        "CodingSchemeDesignator": "DCM",
        "CodeMeaning": "Incorrect worklist entry selected",
    }
    assert arrived(message) == message


# --- commitment --------------------------------------------------------------------------------------------------------


def test_instances_of_several_classes_are_asked_for_in_one_request() -> None:
    images, reports = Referenced(CT_IMAGE, InstanceSet("1.2.4.1", 1, 3)), Referenced(DOSE_REPORT, from_uids(["1.2.4.2.1"]))
    request = CommitRequest("1.2.5", (images, reports))
    assert len(items(encoded(request), "ReferencedSOPSequence")) == 4
    assert arrived(request) == request


REASONS = st.sampled_from((0x0110, 0x0112, 0x0119, 0x0122, 0x0131, 0x0213))


@given(st.lists(st.tuples(st.sampled_from((CT_IMAGE, MR_IMAGE)), REASONS), min_size=1, max_size=5, unique=True))
def test_each_failure_keeps_its_class_and_its_reason(failures: list[tuple[str, int]]) -> None:
    failed = tuple(
        Referenced(sop_class, InstanceSet(f"1.2.{number}", 1, 2), reason)
        for number, (sop_class, reason) in enumerate(failures, start=1)
    )
    result = CommitResult("1.2.5", (), failed)
    assert arrived(result) == result


def test_a_failure_without_a_reason_is_a_processing_failure() -> None:
    failure: DataSet = {"ReferencedSOPClassUID": CT_IMAGE, "ReferencedSOPInstanceUID": "1.2.4.1.1"}
    event = commands.n_event_report_rq(1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, 2)
    result = decoded(event, {"TransactionUID": "1.2.5", "FailedSOPSequence": [failure]})
    assert result == CommitResult("1.2.5", (), (Referenced(CT_IMAGE, from_uids(["1.2.4.1.1"]), 0x0110),))


def test_a_failure_that_says_no_reason_is_our_own_error() -> None:
    with pytest.raises(LocalProtocolError, match="without a failure reason"):
        CommitResult("1.2.5", (), (Referenced(CT_IMAGE, InstanceSet("1.2.4.1", 1, 1)),))
