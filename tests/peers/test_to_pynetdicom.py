"""Our sending ends against servers made with pynetdicom: worklist, queries, steps, images, storage commitment."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import ImplicitVRLittleEndian, JPEG2000Lossless
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    PatientRootQueryRetrieveInformationModelFind,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
)

from emulators.messages.attributes import of
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import SUCCESS, Code, Patient, PersonName, Status
from emulators.messages.imaging import StoreResult
from emulators.messages.instance_set import InstanceSet, from_uids
from emulators.messages.query import Find, Found, Move, MoveResult
from emulators.messages.steps import PerformedSeries, ScheduledReference, StepEnded, StepProgressed, StepStarted
from emulators.messages.worklist import WorklistItems, WorklistQuery, query_for_all_keys
from emulators.ports.arrivals import Failure
from emulators.ports.sockets import LOOPBACK
from tests.peers.pynetdicom_ends import acceptor
from tests.peers.senders import OURS, Receiver, Sender, data_sets, study
from tests.peers.worklist_samples import ITEM, PROCEDURE, PROTOCOL, worklist_item

pytestmark = pytest.mark.peer

STUDY = study("CT", 3)


# --- associations ------------------------------------------------------------------------------------------------------


def test_a_rejected_association_is_refused_with_its_reason() -> None:
    with acceptor("RIS", [ModalityWorklistInformationFind], []) as port:
        failed = Sender(port, "SIR").failure(WorklistQuery())
    assert failed == Failure(True, "rejected permanent: called AE title not recognized")


def test_a_sop_class_that_the_peer_does_not_take_is_refused_with_its_reason() -> None:
    with acceptor("RIS", [ModalityPerformedProcedureStep], []) as port:
        failed = Sender(port, "RIS").failure(WorklistQuery())
    assert failed.nothing_sent
    assert ModalityWorklistInformationFind in failed.reason


def test_identifiers_go_in_implicit_vr_where_the_peer_takes_no_other() -> None:
    def find(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        yield 0xFF00, worklist_item("A1", "CT1", "20260302")

    handlers = [(evt.EVT_C_FIND, find)]
    with acceptor("RIS", [ModalityWorklistInformationFind], handlers, transfer_syntaxes=[ImplicitVRLittleEndian]) as port:
        assert Sender(port, "RIS").ask(query_for_all_keys({})) == WorklistItems((ITEM,))


# --- queries -----------------------------------------------------------------------------------------------------------


def test_the_worklist_of_pynetdicom() -> None:
    asked: list[Dataset] = []

    def find(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        asked.append(event.identifier)
        yield 0xFF00, worklist_item("A1", "CT1", "20260302")
        yield 0xFF01, worklist_item("A2", "CT1", "20260302")

    with acceptor("RIS", [ModalityWorklistInformationFind], [(evt.EVT_C_FIND, find)]) as port:
        day = {"ScheduledStationAETitle": "CT1", "ScheduledProcedureStepStartDate": "20260301-20260302"}
        answer = Sender(port, "RIS").ask(query_for_all_keys({**day, "Modality": "CT"}, {"PatientName": "Doe*"}))
    assert isinstance(answer, WorklistItems)
    assert answer.items[0] == ITEM
    assert [item.text("AccessionNumber") for item in answer.items] == ["A1", "A2"]
    assert not answer.keys_supported
    (identifier,) = asked
    (step,) = identifier.ScheduledProcedureStepSequence
    assert (step.ScheduledStationAETitle, step.ScheduledProcedureStepStartDate) == ("CT1", "20260301-20260302")
    assert (step.Modality, identifier.PatientName) == ("CT", "Doe*")
    assert identifier.AccessionNumber == identifier.StudyInstanceUID == ""


def test_a_query_that_fails_says_how() -> None:
    statuses = iter((0xA700, 0xA900, 0xC001, 0x0122))
    handlers = [(evt.EVT_C_FIND, lambda _: iter([(next(statuses), None)]))]
    with acceptor("RIS", [ModalityWorklistInformationFind], handlers) as port:
        for status in (0xA700, 0xA900, 0xC001, 0x0122):
            assert Sender(port, "RIS").ask(query_for_all_keys({})) == WorklistItems((), status)


LEVELS = [("STUDY", level) for level in ("STUDY", "SERIES", "IMAGE")]
LEVELS += [("PATIENT", level) for level in ("PATIENT", "STUDY", "SERIES", "IMAGE")]


def test_a_query_reaches_its_root_and_level() -> None:
    asked: list[tuple[str, Dataset]] = []

    def find(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        asked.append((event.request.AffectedSOPClassUID, event.identifier))
        match = Dataset()
        match.QueryRetrieveLevel, match.PatientID, match.StudyInstanceUID = event.identifier.QueryRetrieveLevel, "M1", "2.25.31"
        match.ModalitiesInStudy, match.NumberOfStudyRelatedInstances = ["CT", "SR"], 2
        yield 0xFF00, match

    models = {
        "STUDY": StudyRootQueryRetrieveInformationModelFind,
        "PATIENT": PatientRootQueryRetrieveInformationModelFind,
    }
    keys = of({"PatientID": "M*", "StudyInstanceUID": "", "ModalitiesInStudy": "", "NumberOfStudyRelatedInstances": ""})
    expected = keys.with_values(
        {
            "PatientID": "M1",
            "StudyInstanceUID": "2.25.31",
            "ModalitiesInStudy": "CT\\SR",
            "NumberOfStudyRelatedInstances": "2",
        }
    )
    with acceptor("ARCHIVE", list(models.values()), [(evt.EVT_C_FIND, find)]) as port:
        for root, level in LEVELS:
            assert Sender(port, "ARCHIVE").ask(Find(keys, level, root)) == Found((expected,))
            model, identifier = asked.pop()
            assert (model, identifier.QueryRetrieveLevel) == (models[root], level)
            assert (identifier.PatientID, identifier.StudyInstanceUID) == ("M*", "")


def test_the_counters_of_a_move_that_failed_in_part_are_ours_to_read() -> None:
    uids = [f"2.25.31.1.{number}" for number in (1, 2, 3)]

    def move(event: Any) -> Iterator[Any]:
        yield LOOPBACK, destination, {"contexts": [build_context(STUDY.sop_class_uid)], "ae_title": "DESTINATION"}
        yield len(uids)
        for uid in uids:
            image = Dataset()
            image.SOPClassUID, image.SOPInstanceUID, image.PatientID = STUDY.sop_class_uid, uid, "M1"
            image.file_meta = FileMetaDataset()
            image.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
            yield 0xFF00, image

    def store(event: Any) -> int:
        return 0xA700 if event.request.AffectedSOPInstanceUID == uids[1] else 0x0000

    moves = StudyRootQueryRetrieveInformationModelMove
    with (
        acceptor("DESTINATION", [STUDY.sop_class_uid], [(evt.EVT_C_STORE, store)]) as destination,
        acceptor("ARCHIVE", [moves], [(evt.EVT_C_MOVE, move)]) as port,
    ):
        moved = Sender(port, "ARCHIVE").ask(Move(of({"StudyInstanceUID": "2.25.31"}), destination="DESTINATION"))
    assert moved == MoveResult(2, 1, 0, 0xB000, from_uids([uids[1]]))


# --- images ------------------------------------------------------------------------------------------------------------


def archive(store: Callable[[Any], int], **options: Any) -> Any:
    return acceptor("ARCHIVE", [STUDY.sop_class_uid], [(evt.EVT_C_STORE, store)], **options)


def test_what_a_status_says_of_an_image_is_told_apart() -> None:
    statuses = dict(zip(STUDY.instances, (0x0000, 0xB007, 0xA700), strict=True))
    with archive(lambda event: statuses[event.request.AffectedSOPInstanceUID]) as port:
        result = Sender(port, "ARCHIVE").ask(STUDY)
    one, two, three = (from_uids([uid]) for uid in STUDY.instances)
    assert result == StoreResult(stored=one, warned=two, failed=((0xA700, three),))


def test_an_archive_that_aborts_costs_what_was_not_confirmed() -> None:
    received: list[str] = []

    def store(event: Any) -> int:
        received.append(event.request.AffectedSOPInstanceUID)
        if len(received) == 2:
            event.assoc.abort()
        return 0x0000

    with archive(store) as port:
        failed = Sender(port, "ARCHIVE").failure(STUDY)
    assert (failed.nothing_sent, failed.confirmed) == (False, 1)
    assert len(received) == 2


def test_images_go_in_implicit_vr_where_the_peer_takes_no_other() -> None:
    """dicom.send.4: every element as in explicit VR, to the last byte of the pixels."""
    received: dict[str, Dataset] = {}

    def store(event: Any) -> int:
        assert event.context.transfer_syntax == ImplicitVRLittleEndian
        received[event.request.AffectedSOPInstanceUID] = event.dataset
        return 0x0000

    with archive(store, transfer_syntaxes=[ImplicitVRLittleEndian]) as port:
        assert Sender(port, "ARCHIVE").ask(STUDY) == StoreResult(stored=STUDY.instances)
    for uid, content in data_sets(STUDY).items():
        assert received[uid] == read_dataset(io.BytesIO(content), is_implicit_VR=False, is_little_endian=True)


def test_images_that_the_peer_takes_in_no_syntax_of_theirs_are_not_sent() -> None:
    with archive(lambda _: 0x0000, transfer_syntaxes=[JPEG2000Lossless]) as port:
        assert Sender(port, "ARCHIVE").ask(STUDY) == StoreResult(not_sent=STUDY.instances)


# --- performed steps ---------------------------------------------------------------------------------------------------

REQUESTED = ScheduledReference("A1", "2.25.31", "P1", "R1", "S1", Code(*PROCEDURE.values()), Code(*PROTOCOL.values()))
STARTED = StepStarted(
    mpps_uid="2.25.41",
    patient=Patient("WL1", "RADLOOP", PersonName("Doe", "Jane", "Q"), "19700228", "F"),
    scheduled=(REQUESTED,),
    study_instance_uid="2.25.31",
    modality="CT",
    station_ae_title="CT1",
    performed_step_id="PPS1",
    description="CT head without contrast",
    started_at="20260302083500",
)
SERIES = PerformedSeries("2.25.31.1", STUDY.sop_class_uid, "CT head protocol", InstanceSet("2.25.31.1", 1, 2))
ENDED = StepEnded(mpps_uid="2.25.41", ended_at="20260302084500", series=(SERIES,))


@contextmanager
def step_keeper() -> Iterator[tuple[Sender, dict[str, Dataset]]]:
    """Our sender towards a RIS of pynetdicom, and the steps that this keeps."""
    steps: dict[str, Dataset] = {}

    def create(event: Any) -> tuple[int, Dataset | None]:
        uid = event.request.AffectedSOPInstanceUID
        if uid in steps:
            return 0x0111, None
        steps[uid] = event.attribute_list
        return 0x0000, event.attribute_list

    def change(event: Any) -> tuple[int, Dataset | None]:
        uid = event.request.RequestedSOPInstanceUID
        if uid not in steps:
            return 0x0112, None
        steps[uid].update(event.modification_list)
        return 0x0000, event.modification_list

    handlers = [(evt.EVT_N_CREATE, create), (evt.EVT_N_SET, change)]
    with acceptor("RIS", [ModalityPerformedProcedureStep], handlers) as port:
        yield Sender(port, "RIS"), steps


def test_a_step_is_created_and_set_at_pynetdicom() -> None:
    with step_keeper() as (sender, steps):
        assert sender.ask(ENDED) == Status(0x0112)
        assert sender.ask(STARTED) == SUCCESS
        assert sender.ask(STARTED) == Status(0x0111)
        assert sender.ask(ENDED) == SUCCESS
    (step,) = steps.values()
    assert (step.PatientID, step.PatientName) == ("WL1", "Doe^Jane^Q")
    assert (step.PerformedProcedureStepStatus, step.PerformedProcedureStepStartTime) == ("COMPLETED", "083500")
    assert (step.PerformedProcedureStepEndDate, step.PerformedProcedureStepEndTime) == ("20260302", "084500")
    (scheduled,) = step.ScheduledStepAttributesSequence
    assert (scheduled.AccessionNumber, scheduled.StudyInstanceUID) == ("A1", "2.25.31")
    (series,) = step.PerformedSeriesSequence
    images = [item.ReferencedSOPInstanceUID for item in series.ReferencedImageSequence]
    assert (series.SeriesInstanceUID, images) == ("2.25.31.1", ["2.25.31.1.1", "2.25.31.1.2"])


def test_an_exam_that_nobody_ordered_has_one_empty_reference() -> None:
    with step_keeper() as (sender, steps):
        assert sender.ask(replace(STARTED, scheduled=())) == SUCCESS
    (step,) = steps.values()
    (scheduled,) = step.ScheduledStepAttributesSequence
    assert scheduled.StudyInstanceUID == "2.25.31"
    empty = "AccessionNumber", "RequestedProcedureID", "ScheduledProcedureStepID", "RequestedProcedureDescription"
    assert [scheduled[keyword].value for keyword in empty] == [""] * 4
    assert (step.PatientID, step.PerformedProcedureStepStatus) == ("WL1", "IN PROGRESS")


def test_procedures_that_are_done_as_one_have_a_reference_each() -> None:
    other = replace(REQUESTED, accession_number="A2", study_instance_uid="2.25.32", requested_procedure_id="R2", step_id="S2")
    with step_keeper() as (sender, steps):
        assert sender.ask(replace(STARTED, scheduled=(REQUESTED, other))) == SUCCESS
    (step,) = steps.values()
    first, second = step.ScheduledStepAttributesSequence
    assert [item.AccessionNumber for item in (first, second)] == ["A1", "A2"]
    assert [item.StudyInstanceUID for item in (first, second)] == ["2.25.31", "2.25.31"]
    assert first.ReferencedStudySequence == []
    assert second.ReferencedStudySequence[0].ReferencedSOPInstanceUID == "2.25.32"


def test_a_step_progresses_and_is_discontinued_with_its_reason() -> None:
    wrong_entry = Code("110514", "DCM", "Incorrect worklist entry selected")
    with step_keeper() as (sender, steps):
        assert sender.ask(STARTED) == SUCCESS
        assert sender.ask(StepProgressed("2.25.41", (SERIES,))) == SUCCESS
        (step,) = steps.values()
        assert step.PerformedProcedureStepStatus == "IN PROGRESS"
        assert len(step.PerformedSeriesSequence[0].ReferencedImageSequence) == 2
        assert sender.ask(StepEnded("2.25.41", "20260302083600", (), "DISCONTINUED", wrong_entry)) == SUCCESS
    assert step.PerformedProcedureStepStatus == "DISCONTINUED"
    (reason,) = step.PerformedProcedureStepDiscontinuationReasonCodeSequence
    assert (reason.CodeValue, reason.CodingSchemeDesignator) == ("110514", "DCM")


# --- storage commitment ------------------------------------------------------------------------------------------------


def test_a_result_of_ours_reaches_pynetdicom() -> None:
    told: list[tuple[int, Dataset]] = []

    def keep(event: Any) -> tuple[int, None]:
        told.append((event.event_type, event.event_information))
        return 0x0000, None

    two, third = STUDY.instances.head(2), STUDY.instances.without(STUDY.instances.head(2))
    committed, lost = Referenced(STUDY.sop_class_uid, two), Referenced(STUDY.sop_class_uid, third, 0x0112)
    with acceptor("CT1", [StorageCommitmentPushModel], [(evt.EVT_N_EVENT_REPORT, keep)], requestor_is_scp=True) as port:
        assert Sender(port, "CT1").ask(CommitResult("2.25.52", (committed,))) == SUCCESS
        assert Sender(port, "CT1").ask(CommitResult("2.25.53", (), (lost,))) == SUCCESS
    (success, good), (failure, bad) = told
    assert (success, good.TransactionUID, "FailedSOPSequence" in good) == (1, "2.25.52", False)
    assert [item.ReferencedSOPInstanceUID for item in good.ReferencedSOPSequence] == list(two)
    assert (failure, bad.TransactionUID, "ReferencedSOPSequence" in bad) == (2, "2.25.53", False)
    assert [(item.ReferencedSOPInstanceUID, item.FailureReason) for item in bad.FailedSOPSequence] == [(*third, 0x0112)]


def report(to: int, information: Dataset, event_type: int) -> int:
    """N-EVENT-REPORT on an association of the archive's own, on which it is SCP; the status of the answer."""
    entity = AE("ARCHIVE")
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 10
    entity.add_requested_context(StorageCommitmentPushModel)
    role = build_role(StorageCommitmentPushModel, scp_role=True)
    association = entity.associate(LOOPBACK, to, ae_title=OURS, ext_neg=[role])
    assert association.is_established
    try:
        uids = StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        status: int = association.send_n_event_report(information, event_type, *uids)[0].Status
        return status
    finally:
        association.release()


def test_commitment_is_asked_of_pynetdicom_and_its_result_taken(tmp_path: Path) -> None:
    actions: list[tuple[int, Dataset]] = []

    def act(event: Any) -> tuple[int, Any]:
        actions.append((event.action_type, event.action_information))
        return 0x0000, None

    images = Referenced(STUDY.sop_class_uid, STUDY.instances)
    request = CommitRequest("2.25.51", (images,))
    with Receiver(tmp_path) as receiver, acceptor("ARCHIVE", [StorageCommitmentPushModel], [(evt.EVT_N_ACTION, act)]) as port:
        assert Sender(port, "ARCHIVE").ask(request) == SUCCESS
        ((action_type, information),) = actions
        assert (action_type, information.TransactionUID) == (1, "2.25.51")
        asked = [item.ReferencedSOPInstanceUID for item in information.ReferencedSOPSequence]
        assert asked == list(STUDY.instances)

        assert report(receiver.port, information, event_type=1) == 0x0000
        assert receiver.next(CommitResult) == CommitResult("2.25.51", (images,))

        *committed, lost = information.ReferencedSOPSequence
        lost.FailureReason = 0x0112
        information.ReferencedSOPSequence, information.FailedSOPSequence = committed, [lost]
        assert report(receiver.port, information, event_type=2) == 0x0000
        two = STUDY.instances.head(2)
        third = Referenced(STUDY.sop_class_uid, STUDY.instances.without(two), 0x0112)
        assert receiver.next(CommitResult) == CommitResult("2.25.51", (replace(images, instances=two),), (third,))

        assert report(receiver.port, information, event_type=3) == 0x0113  # no such event type
