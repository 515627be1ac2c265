"""Orders that are cancelled: in time, too late, and when images come all the same."""

from conformance.case import MUST, NO_CLAUSE, OPINION, SECONDARY, case
from conformance.dicom.mpps_ris import another_step_is_worked
from conformance.dicom.mpps_scp import expect_taken, started
from conformance.material.archive_view import ArchiveView
from conformance.material.filler import entries, message_about, scheduled_order
from conformance.material.images import Study
from conformance.material.ordered import is_offered, said_of
from conformance.material.ordered import worklist as whole_entries
from conformance.material.orders import Order, cancelled_order, order_of, scheduled, taken_back
from conformance.material.sop_classes import CT
from conformance.material.steps import MPPS, PerformedStep
from conformance.material.telling import told
from conformance.peers.mllp import ReceivedMessage
from conformance.trial import Trial

NEEDS = ("orders", "worklist")


@case("hl7.ord.cancel.1", MUST, "ris", "+", "HL7 table 0119; RAD TF-2 4.2, 4.13; MESA 132", SECONDARY, needs=NEEDS)
def a_cancelled_order_leaves_the_worklist(trial: Trial) -> None:
    """CA: the worklist entry is gone, the placer is answered CR, the image manager is told (RAD-13: CA with ORC-5 CA)."""
    order, services = scheduled_order(trial), trial.target.claims.services
    told(trial, cancelled_order(trial, order))
    left = entries(trial, order.patient, lambda found: not found)
    trial.expect_equal("worklist entries", len(left), 0)
    if "order_status_sending" in services:
        answer = message_about(trial, "engine", "the answer to the placer", order.patient, "CR", "UC")
        trial.expect_equal("ORC-1", answer.field("ORC", 1), "CR", answer.records)
        trial.expect_equal("ORC-2", answer.field("ORC", 2), order.placer, answer.records)
    if "orders_sending" in services:
        announced = message_about(trial, "pacs", "the cancellation", order.patient, "CA")
        status = announced.field("ORC", 5)
        trial.expect_equal("ORC-5", status, "CA", announced.records)


@case(
    "hl7.ord.cancel.2",
    MUST,
    "ris",
    "-",
    "HL7 table 0119 (UC: unable to cancel); RAD TF-1 3.3.3",
    SECONDARY,
    needs=(*NEEDS, "performed_step", "order_status_sending"),
)
def an_order_that_is_being_done_is_not_cancelled(trial: Trial) -> None:
    """CA after the exam is IN PROGRESS: answered UC, or AE, or the order is discontinued; it is not dropped, and the study
    still belongs to it.
    """
    order = scheduled_order(trial)
    [entry] = whole_entries(trial, order.patient)
    step = PerformedStep(trial, order.patient, [entry])
    with trial.associate(MPPS) as peer:
        started(trial, peer, step)
        with trial.beforehand("the exam is in progress"):
            message_about(trial, "engine", "the status IP", order.patient, "SC", status="IP")
        answer = told(trial, cancelled_order(trial, order), "AA", "AE", "AR")
        is_discontinued = False
        if answer.code == "AA":
            said = message_about(trial, "engine", "the answer to the placer", order.patient, "UC", "CR", "CA", "OC", "OD", "DR")
            is_discontinued = said.field("ORC", 1) in ("OD", "DR")
            trial.expect(said.field("ORC", 1) in ("UC", "OD", "DR"), "ORC-1: UC", said.field("ORC", 1), said.records)
        expect_taken(trial, peer.n_set(MPPS, step.uid, step.ended()))
    if not is_discontinued:
        done = message_about(trial, "engine", "the status CM", order.patient, "SC", status="CM")
        trial.expect_equal("ORC-2", done.field("ORC", 2), order.placer, done.records)
    told_away = [one for one in trial.peer("pacs").mllp.received if _cancels(one, order)]
    trial.expect(not told_away, "no CA to the image manager", "CA", told_away[0].records if told_away else ())


def _cancels(message: ReceivedMessage, order: Order) -> bool:
    return message.field("ORC", 1) == "CA" and message.field("PID", 3) == order.patient.patient_id


@case("hl7.ord.cancel.3", OPINION, ("ris", "pacs"), "-", "RAD TF-1 4.4", NO_CLAUSE, safety=True, needs="orders")
def images_of_a_cancelled_order_are_kept_and_revive_nothing(trial: Trial) -> None:
    """Cancelled order, then its step and its images come: nothing is lost, it is an exception, and the order is not silently
    active again.
    """
    if trial.role == "pacs":
        _at_the_archive(trial)
    else:
        _at_the_filler(trial)


def _at_the_filler(trial: Trial) -> None:
    services = trial.target.claims.services
    trial.needs("performed_step" in services and "worklist" in services, "performed_step and worklist")
    order = scheduled_order(trial)
    [entry] = whole_entries(trial, order.patient)
    with trial.beforehand("the order is cancelled"):
        told(trial, cancelled_order(trial, order))
        trial.expect_equal("entries left", len(entries(trial, order.patient, lambda found: not found)), 0)
        if "order_status_sending" in services:
            message_about(trial, "engine", "the answer to the placer", order.patient, "CR")
        if "orders_sending" in services and "pacs" in trial.peers:
            message_about(trial, "pacs", "the cancellation at the archive", order.patient, "CA")
    before, step = len(said_of(trial, order.accession)), PerformedStep(trial, order.patient, [entry])
    with trial.associate(MPPS) as peer:
        expect_taken(trial, peer.n_create(MPPS, step.uid, step.created()))
        expect_taken(trial, peer.n_set(MPPS, step.uid, step.ended()))
    another_step_is_worked(trial)

    def revived() -> list[str]:
        said = [f"{one.field('ORC', 1)} {one.field('ORC', 5)}" for one in said_of(trial, order.accession)[before:]]
        active = [one for one in said if one.split(" ")[0] in ("NW", "XO") or one.endswith((" SC", " IP", " CM", " A"))]
        offered = ["on the worklist"] if any(map(is_offered, whole_entries(trial, order.patient))) else []
        return active + offered

    trial.eventually(lambda: bool(revived()), trial.timers.quiet_s)
    trial.expect(not revived(), "the order stays cancelled", f"it is active again: {', '.join(revived())}")


def _at_the_archive(trial: Trial) -> None:
    trial.needs("storage" in trial.target.claims.services, "storage")
    order = order_of(trial)
    with trial.beforehand("an order is scheduled and cancelled"):
        told(trial, scheduled(trial, order), peer="ris")
        told(trial, taken_back(trial, order), peer="ris")
    study = Study(
        trial,
        PatientID=order.patient.patient_id,
        PatientName=order.patient.dicom_name,
        AccessionNumber=order.accession,
        StudyInstanceUID=order.study_instance_uid,
    )
    images, view = study.images(2), ArchiveView(trial)
    with trial.associate(CT) as peer:
        for image in images:
            answer = peer.store(image)
            is_taken = answer.status == 0 or answer.status >> 12 == 0xB
            trial.expect(is_taken, "the image is stored", answer.meaning, answer.records)
    are_found = view.comes_to_show(*images)
    if not are_found and trial.target.policies.cancelled_order_images == "hold":
        trial.operate("accept study", subject=study.uid)  # what is held need not be found before
        are_found = view.comes_to_show(*images)
    trial.expect(are_found, "both images are found", "they are not")
