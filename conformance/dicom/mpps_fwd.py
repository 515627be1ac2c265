"""Performed procedure steps passed on by a PPS manager."""

from pydicom.dataset import Dataset

from conformance.case import MUST, SECONDARY, case
from conformance.dicom.mpps_scp import expect_taken
from conformance.material.patients import Patient
from conformance.material.steps import MPPS, PerformedStep
from conformance.peers.conversation import Received
from conformance.target import PeerName
from conformance.trial import Trial

OUTAGES = ("target up", "target down")


@case(
    "dicom.mpps.fwd.1",
    MUST,
    ("pacs", "ris", "engine"),
    "+",
    "RAD TF-2 4.6, 4.7; MESA evaluate_mpps_mpps_mgr",
    SECONDARY,
    needs="performed_step_forwarding",
    variants=OUTAGES,
)
def steps_are_forwarded_unchanged_and_in_order(trial: Trial) -> None:
    """A PPS manager forwards N-CREATE and N-SET unchanged, in order, under the same SOP Instance UID, and retries while the
    target is down."""
    name: PeerName = "ris" if trial.role == "pacs" else "pacs"
    target = trial.peer(name).dicom
    step = PerformedStep(trial, Patient(trial.patient_id()))
    created, ended = step.created(PerformedLocation="ROOM 1"), step.ended()
    if trial.variant == "target down":
        target.stop_listening()
    with trial.associate(MPPS, peer="modality") as peer:
        expect_taken(trial, peer.n_create(MPPS, step.uid, created))
        expect_taken(trial, peer.n_set(MPPS, step.uid, ended))
    if trial.variant == "target down":
        trial.eventually(lambda: False, trial.timers.quiet_s)
        target.listen()

    def is_ours(one: Received) -> bool:
        return not one.command.is_response and one.command.sop_instance_uid == step.uid

    limit_s = trial.timers.propagation_s + trial.timers.retry_s
    target.wait_for("both messages of the step", is_ours, limit_s, 2)
    trial.eventually(lambda: sum(map(is_ours, target.received)) > 2, trial.timers.quiet_s)
    came = [one for one in target.received if is_ours(one)]
    trial.expect_equal("messages in their order", [one.name for one in came], ["N-CREATE-RQ", "N-SET-RQ"])
    for one, sent in zip(came, (created, ended), strict=True):
        differences = _differences(one.dataset, sent)
        trial.expect(not differences, f"{one.name} as it came", f"different: {', '.join(differences)}", one.records)


def _differences(actual: Dataset, sent: Dataset) -> list[str]:
    """The attributes that differ; a character set that was added is none."""
    tags = {element.tag for element in (*actual, *sent)} - {0x00080005}
    return [str(tag) for tag in sorted(tags) if actual.get(tag) != sent.get(tag)]
