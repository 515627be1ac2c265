"""Our sending ends against servers made with pynetdicom: worklist, performed steps, storage commitment."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from emulators.core.errors import LocalProtocolError
from emulators.messages.common import SUCCESS, Status
from emulators.messages.imaging import CommitRequest, CommitResult, InstanceSet, StepEnded, StepStarted
from emulators.messages.worklist import WorklistItems, WorklistQuery
from emulators.ports.sockets import LOOPBACK
from tests.peers.pynetdicom_ends import acceptor
from tests.peers.senders import OURS, Receiver, Sender, study
from tests.peers.worklist_samples import ITEM, worklist_item

pytestmark = pytest.mark.peer

STUDY = study("CT", 3)


def test_a_rejected_association_is_refused_with_its_reason() -> None:
    reason = "rejected: result 1, source 1, reason 7"
    with (
        acceptor("RIS", [ModalityWorklistInformationFind], []) as port,
        pytest.raises(LocalProtocolError, match=f"nothing_sent=True, reason='{reason}'"),
    ):
        Sender(port, "SIR").ask(WorklistQuery())


def test_the_worklist_of_pynetdicom() -> None:
    asked: list[Dataset] = []

    def find(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        asked.append(event.identifier)
        yield 0xFF00, worklist_item("A1", "CT1", "20260302")
        yield 0xFF01, worklist_item("A2", "CT1", "20260302")

    with acceptor("RIS", [ModalityWorklistInformationFind], [(evt.EVT_C_FIND, find)]) as port:
        query = WorklistQuery(station_ae_title="CT1", start_date="20260301-20260302", patient_name="Doe*", modality="CT")
        answer = Sender(port, "RIS").ask(query)
    assert isinstance(answer, WorklistItems)
    assert answer.items[0] == ITEM
    assert [item.scheduled.accession_number for item in answer.items] == ["A1", "A2"]
    (identifier,) = asked
    (step,) = identifier.ScheduledProcedureStepSequence
    assert (step.ScheduledStationAETitle, step.ScheduledProcedureStepStartDate) == ("CT1", "20260301-20260302")
    assert (step.Modality, identifier.PatientName) == ("CT", "Doe*")
    assert identifier.AccessionNumber == identifier.StudyInstanceUID == ""


# --- performed steps ---------------------------------------------------------------------------------------------------

STARTED = StepStarted(
    mpps_uid="2.25.41",
    patient=ITEM.patient,
    accession_number="A1",
    study_instance_uid="2.25.31",
    placer_order_number="P1",
    requested_procedure_id="R1",
    step_id="S1",
    procedure=ITEM.procedure,
    protocol=ITEM.scheduled.protocol,
    modality="CT",
    station_ae_title="CT1",
    performed_step_id="PPS1",
    started_at="20260302083500",
)
ENDED = StepEnded(
    mpps_uid="2.25.41",
    ended_at="20260302084500",
    series_instance_uid="2.25.31.1",
    sop_class_uid=STUDY.sop_class_uid,
    protocol_name="CT head protocol",
    instances=InstanceSet("2.25.31.1", 1, 2),
)


def test_a_step_is_created_and_set_at_pynetdicom() -> None:
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
        sender = Sender(port, "RIS")
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


# --- storage commitment ------------------------------------------------------------------------------------------------


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

    request = CommitRequest("2.25.51", STUDY.sop_class_uid, STUDY.instances)
    with Receiver(tmp_path) as receiver, acceptor("ARCHIVE", [StorageCommitmentPushModel], [(evt.EVT_N_ACTION, act)]) as port:
        assert Sender(port, "ARCHIVE").ask(request) == SUCCESS
        ((action_type, information),) = actions
        assert (action_type, information.TransactionUID) == (1, "2.25.51")
        asked = [item.ReferencedSOPInstanceUID for item in information.ReferencedSOPSequence]
        assert asked == list(STUDY.instances)

        assert report(receiver.port, information, event_type=1) == 0x0000
        assert receiver.next(CommitResult) == CommitResult("2.25.51", STUDY.sop_class_uid, STUDY.instances)

        *committed, lost = information.ReferencedSOPSequence
        lost.FailureReason = 0x0112
        information.ReferencedSOPSequence, information.FailedSOPSequence = committed, [lost]
        assert report(receiver.port, information, event_type=2) == 0x0000
        two, third = STUDY.instances.head(2), STUDY.instances.without(STUDY.instances.head(2))
        assert receiver.next(CommitResult) == CommitResult("2.25.51", STUDY.sop_class_uid, two, third)

        assert report(receiver.port, information, event_type=3) == 0x0113  # no such event type
