"""Performed procedure steps at their SCP: what N-CREATE and N-SET are answered."""

from pydicom.dataset import Dataset

from conformance.case import MUST, READ, SECONDARY, Role, case
from conformance.material.ordered import offered, ordered, step_ids
from conformance.material.patients import Patient
from conformance.material.steps import (
    COMPLETED,
    DISCONTINUED,
    MPPS,
    UNSPECIFIED,
    WRONG_WORKLIST_ENTRY,
    PerformedStep,
    entry,
)
from conformance.peers.association import Association
from conformance.peers.conversation import Received
from conformance.trial import Trial

SCPS: tuple[Role, ...] = ("ris", "pacs")
NO_LONGER_UPDATED = 0xA710


def patient_and_entry(trial: Trial) -> tuple[Patient, Dataset]:
    """A patient with a scheduled step: one of the product's own worklist where it has one."""
    patient = Patient(trial.patient_id())
    services = trial.target.claims.services
    return patient, ordered(trial, patient)[0] if {"orders", "worklist"} <= set(services) else entry(trial, patient)


def started(trial: Trial, peer: Association, step: PerformedStep) -> None:
    """As preparation."""
    with trial.beforehand("a step is in progress"):
        expect_taken(trial, peer.n_create(MPPS, step.uid, step.created()))


def expect_taken(trial: Trial, answer: Received) -> None:
    trial.expect_equal(f"status of {answer.name}", answer.meaning, "0000H success", answer.records)


@case("dicom.mpps.scp.1", MUST, SCPS, "+", "PS3.4 F.7.2.1, F.7.2.2, Table F.7.2-1", READ, needs="performed_step")
def a_step_is_started_and_completed(trial: Trial) -> None:
    """N-CREATE with IN PROGRESS is accepted, N-SET to COMPLETED with the series list is accepted."""
    patient, scheduled = patient_and_entry(trial)
    step = PerformedStep(trial, patient, [scheduled])
    with trial.associate(MPPS) as peer:
        created = peer.n_create(MPPS, step.uid, step.created())
        expect_taken(trial, created)
        named = created.command.elements.get("AffectedSOPInstanceUID", step.uid)
        trial.expect_equal("Affected SOP Instance UID, where there is one", named, step.uid, created.records)
        expect_taken(trial, peer.n_set(MPPS, step.uid, step.ended(COMPLETED)))


@case("dicom.mpps.scp.2", MUST, SCPS, "-", "PS3.4 F.7.2.1.3", READ, needs="performed_step")
def a_step_that_begins_completed_is_refused(trial: Trial) -> None:
    """N-CREATE with a status other than IN PROGRESS is refused 0106H."""
    step = PerformedStep(trial, Patient(trial.patient_id()))
    with trial.associate(MPPS) as peer:
        answer = peer.n_create(MPPS, step.uid, step.created(PerformedProcedureStepStatus=COMPLETED))
    trial.expect_equal("status", f"{answer.status:04X}H", "0106H", answer.records)
    listed = [str(element.tag) for element in answer.dataset]
    named = answer.command.elements.get("AttributeIdentifierList", ())
    said = 0x00400252 in (named if isinstance(named, tuple) else (named,)) or "(0040,0252)" in listed
    trial.should(said, "(0040,0252) in the attribute list", f"{named or listed or 'none'}", answer.records)


@case(
    "dicom.mpps.scp.3",
    MUST,
    SCPS,
    "-",
    "PS3.4 F.7.2.2.2-F.7.2.2.4",
    READ,
    needs="performed_step",
    variants=("completed", "discontinued"),
)
def nothing_is_set_after_the_final_state(trial: Trial) -> None:
    """Nothing may be set after COMPLETED or DISCONTINUED."""
    final = COMPLETED if trial.variant == "completed" else DISCONTINUED
    step = PerformedStep(trial, Patient(trial.patient_id()))
    with trial.associate(MPPS) as peer:
        started(trial, peer, step)
        with trial.beforehand("the step is in its final state"):
            expect_taken(trial, peer.n_set(MPPS, step.uid, step.ended(final)))
        for again in (step.ended(COMPLETED), step.ended(DISCONTINUED)):
            answer = peer.n_set(MPPS, step.uid, again)
            trial.expect_equal("status", f"{answer.status:04X}H", "0110H", answer.records)
            error = answer.command.elements.get("ErrorID")
            trial.should(error == NO_LONGER_UPDATED, "Error ID A710H", f"{error}", answer.records)


BAD_OPERATIONS = {
    "unknown instance": 0x0112,
    "used UID": 0x0111,
    "missing attribute": 0x0120,
    "empty attribute": 0x0121,
}


@case(
    "dicom.mpps.scp.4",
    MUST,
    SCPS,
    "-",
    "PS3.7 10.1.3.1.9, 10.1.5.1.6; PS3.4 Table F.7.2-1",
    READ,
    needs="performed_step",
    variants=tuple(BAD_OPERATIONS),
)
def bad_operations_are_refused(trial: Trial) -> None:
    """Bad operations are refused: N-SET for an unknown instance 0112H, N-CREATE with a used UID 0111H, with a missing type 1
    attribute 0120H, with an empty one 0121H."""
    step = PerformedStep(trial, Patient(trial.patient_id()))
    with trial.associate(MPPS) as peer:
        if trial.variant == "unknown instance":
            answer = peer.n_set(MPPS, step.uid, step.ended())
        elif trial.variant == "used UID":
            started(trial, peer, step)
            answer = peer.n_create(MPPS, step.uid, step.created())
        else:
            value = None if trial.variant == "missing attribute" else ""
            answer = peer.n_create(MPPS, step.uid, step.created(PerformedProcedureStepID=value))
    wanted = f"{BAD_OPERATIONS[trial.variant]:04X}H"
    trial.expect(answer.status != 0 and answer.status >> 12 != 0xB, wanted, answer.meaning, answer.records)
    trial.should(answer.status == BAD_OPERATIONS[trial.variant], wanted, answer.meaning, answer.records)


REASONS = {"unspecified": UNSPECIFIED, "wrong worklist entry": WRONG_WORKLIST_ENTRY}


@case(
    "dicom.mpps.scp.5",
    MUST,
    SCPS,
    "+",
    "PS3.4 F.7.2.2.2; RAD TF-1 3.3.4; MESA 241/242/109",
    SECONDARY,
    needs="performed_step",
    variants=tuple(REASONS),
)
def a_discontinued_step_is_taken_and_the_worklist_follows(trial: Trial) -> None:
    """DISCONTINUED with a reason is accepted, and the worklist follows the declared rule."""
    patient, scheduled = patient_and_entry(trial)
    step = PerformedStep(trial, patient, [scheduled])
    with trial.associate(MPPS) as peer:
        started(trial, peer, step)
        expect_taken(trial, peer.n_set(MPPS, step.uid, step.discontinued(REASONS[trial.variant])))
    if not {"orders", "worklist"} <= set(trial.target.claims.services):
        return
    policies = trial.target.policies
    is_wrong = trial.variant == "wrong worklist entry"
    rule = policies.worklist_after_wrong_entry if is_wrong else policies.worklist_after_discontinued
    mine = step_ids([scheduled])
    wanted = mine if rule == "offer" else []
    trial.eventually(lambda: offered(trial, patient) == wanted, trial.timers.propagation_s)
    if rule == "remove":  # it left when it was started: it must not come back
        trial.eventually(lambda: offered(trial, patient) != wanted, trial.timers.quiet_s)
    trial.expect_equal(f"steps that the worklist offers (declared: {rule})", offered(trial, patient), wanted)
