"""What performed procedure steps do at a RIS: worklist, orders, and exams that nobody ordered."""

from conformance.case import MUST, READ, SECONDARY, SHOULD, case
from conformance.dicom.mpps_scp import expect_taken, started
from conformance.material.ordered import offered, ordered, said_of, step_ids, worklist
from conformance.material.patients import Patient
from conformance.material.steps import MPPS, PerformedStep
from conformance.trial import Trial
from conformance.verdict import Failure

NEEDS = ("performed_step", "worklist")


def another_step_is_worked(trial: Trial) -> None:
    """A step of another patient begins: when its entry is offered no more, what came before has been worked too. Not judged."""
    patient = Patient(trial.patient_id())
    step = PerformedStep(trial, patient, ordered(trial, patient))
    with trial.associate(MPPS) as peer:
        started(trial, peer, step)
    trial.eventually(lambda: not offered(trial, patient), trial.timers.propagation_s)


def expect_offered(trial: Trial, patient: Patient, when: str, wanted: list[str]) -> None:
    """The steps of a patient that the worklist offers. Raises Failure."""
    trial.eventually(lambda: offered(trial, patient) == wanted, trial.timers.propagation_s)
    trial.expect_equal(f"steps that the worklist offers {when}", offered(trial, patient), wanted)


@case("dicom.mpps.scp.6", SHOULD, "ris", "+", "PS3.4 F.7.2.1.2; RAD TF-2 4.6, 4.7", READ, needs=NEEDS)
def the_worklist_follows_the_step(trial: Trial) -> None:
    """MPPS changes the worklist: in progress, the entry is flagged or gone as declared; completed, it is gone or flagged."""
    patient = Patient(trial.patient_id())
    entries = ordered(trial, patient)
    trial.expect_equal("steps offered before the start", offered(trial, patient), step_ids(entries))
    step = PerformedStep(trial, patient, entries)
    with trial.associate(MPPS) as peer:
        started(trial, peer, step)
        expect_offered(trial, patient, "while it is in progress", [])
        is_flagged = trial.target.policies.worklist_after_start == "flag"
        wanted = step_ids(entries) if is_flagged else []
        trial.expect_equal("entries while it is in progress", step_ids(worklist(trial, patient)), wanted)
        expect_taken(trial, peer.n_set(MPPS, step.uid, step.ended()))
    expect_offered(trial, patient, "when it is completed", [])


@case(
    "dicom.mpps.scp.7",
    MUST,
    "ris",
    "+",
    "PS3.4 Table F.7.2-1; RAD TF-2 4.6.4.1.2.3.2; MESA 201",
    SECONDARY,
    safety=True,
    needs=NEEDS,
)
def an_unscheduled_step_is_taken_and_matched_with_nothing(trial: Trial) -> None:
    """An unscheduled step (no scheduled step, empty accession number and procedure ID) is accepted and waits to be reconciled:
    no match is invented, not even with an order of the same patient."""
    patient = Patient(trial.patient_id())
    [entry] = ordered(trial, patient)
    step = PerformedStep(trial, patient)
    before = len(said_of(trial, entry.AccessionNumber))
    with trial.associate(MPPS) as peer:
        expect_taken(trial, peer.n_create(MPPS, step.uid, step.created()))
        expect_taken(trial, peer.n_set(MPPS, step.uid, step.ended()))
    another_step_is_worked(trial)

    def is_matched() -> bool:
        return offered(trial, patient) != step_ids([entry]) or bool(_told(trial, entry.AccessionNumber, before, step.study))

    if trial.eventually(is_matched, trial.timers.quiet_s):
        raise Failure("the order of the same patient is as before", "the exam that names no order was matched with it")
    if trial.operator.can("link exam"):  # a person says whose it is
        trial.operate("link exam", subject=step.study, accession=str(entry.AccessionNumber))
        expect_offered(trial, patient, "after a person has linked the exam with the order", [])


def _told(trial: Trial, accession: str, before: int, study: str) -> list[str]:
    """What was sent of the order since then: its status changed, or it has the study of the exam."""
    sent = said_of(trial, accession)[before:]
    return [one.field("ORC", 1) for one in sent if one.field("ORC", 5) in ("IP", "CM", "A") or study.encode() in one.payload]


GROUPS = ("same request", "two requests")


@case(
    "dicom.mpps.scp.8",
    MUST,
    "ris",
    "+",
    "RAD TF-2 4.6.4.1.2.3.4; MESA 221/222",
    SECONDARY,
    needs=NEEDS,
    variants=GROUPS,
)
def one_performed_step_for_several_scheduled_ones_updates_each(trial: Trial) -> None:
    """Grouped procedures: one MPPS that names several scheduled steps, or several accession numbers, updates every one."""
    patient = Patient(trial.patient_id())
    if trial.variant == "same request":
        procedure = trial.target.claims.procedure_of_two_steps
        trial.needs(bool(procedure), "a procedure of two steps")
        entries = ordered(trial, patient, procedure=procedure, steps=2)
    else:
        entries = ordered(trial, patient, 2)
    study = "" if trial.variant == "same request" else trial.uid()
    step = PerformedStep(trial, patient, entries, study)
    with trial.associate(MPPS) as peer:
        expect_taken(trial, peer.n_create(MPPS, step.uid, step.created()))
        expect_taken(trial, peer.n_set(MPPS, step.uid, step.ended()))
    expect_offered(trial, patient, "when all of them are completed", [])
    if "order_status_sending" in trial.target.claims.services:
        for accession in sorted({str(one.AccessionNumber) for one in entries}):
            expect_status(trial, accession, "CM")


def expect_status(trial: Trial, accession: str, status: str) -> None:
    """Somebody is told this status of an order. Raises Failure."""
    told = trial.eventually(lambda: status in statuses(trial, accession), trial.timers.propagation_s)
    trial.expect(told, f"order status {status} of {accession}", ", ".join(statuses(trial, accession)) or "none")


def statuses(trial: Trial, accession: str) -> list[str]:
    """ORC-5 of the status messages (ORC-1 SC) about an order, in the order in which they came."""
    return [one.field("ORC", 5) for one in said_of(trial, accession) if one.field("ORC", 1) == "SC"]


def _comes_to_tell(trial: Trial, accession: str, status: str) -> None:
    """Wait for what was said of the order so far, where it says anything."""
    if "order_status_sending" in trial.target.claims.services:
        trial.eventually(lambda: status in statuses(trial, accession), trial.timers.propagation_s)


@case("dicom.mpps.scp.9", SHOULD, "ris", "+", "RAD TF-2 4.6.4.1.2.3.3; MESA 231", SECONDARY, needs=NEEDS)
def images_are_appended_by_a_second_step(trial: Trial) -> None:
    """Append: a second MPPS for a scheduled step that is already completed is accepted as a new step, and the order is not set
    back to scheduled."""
    patient = Patient(trial.patient_id())
    entries = ordered(trial, patient)
    first, second = (PerformedStep(trial, patient, entries) for _ in range(2))
    with trial.associate(MPPS) as peer:
        with trial.beforehand("the first step is completed"):
            expect_taken(trial, peer.n_create(MPPS, first.uid, first.created()))
            expect_taken(trial, peer.n_set(MPPS, first.uid, first.ended()))
            trial.eventually(lambda: not offered(trial, patient), trial.timers.propagation_s)
            _comes_to_tell(trial, entries[0].AccessionNumber, "CM")
        before = len(statuses(trial, entries[0].AccessionNumber))
        expect_taken(trial, peer.n_create(MPPS, second.uid, second.created()))
        back = trial.eventually(lambda: bool(offered(trial, patient)), trial.timers.quiet_s)
        trial.expect(not back, "the step is not offered again", "it is on the worklist again")
        expect_taken(trial, peer.n_set(MPPS, second.uid, second.ended()))
    later = statuses(trial, entries[0].AccessionNumber)[before:]
    trial.expect("SC" not in later, "the order is not set back to scheduled", f"status {', '.join(later)}")
