"""Routers of images."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from conformance.case import MUST, READ, case
from conformance.material.commitment import references_to, requested
from conformance.material.commitment_results import ALL_SAFE, STORAGE_COMMITMENT, references
from conformance.material.images import Study
from conformance.material.orders import order_of, scheduled
from conformance.material.routing import arrives_again_s
from conformance.material.sop_classes import CT
from conformance.material.telling import told
from conformance.peers.conversation import Received
from conformance.target import PeerName
from conformance.trial import Trial
from conformance.verdict import Failure, Silence

IMAGES = 3


@case(
    "ie.dicom.1",
    MUST,
    ("engine", "pacs"),
    "-",
    "PS3.4 J.3.3.1.2 (commitment part); the rest counts as OPINION",
    READ,
    safety=True,
    needs="dicom_routing",
    slow=True,
)
def a_dead_destination_holds_up_no_other(trial: Trial) -> None:
    """A study is sent to each destination, its UIDs unchanged. One that is dead holds up no other, and has it when it is back.
    Commitment is never confirmed for what the archive has not: by a router while its archive is dead, by an archive for an
    image that it was not sent.
    """
    names = trial.target.claims.image_destinations
    trial.needs(len(names) > 1, "several destinations of images")
    *others, dead = names
    images = _study(trial)
    trial.peer(dead).dicom.stop_listening()
    with trial.beforehand("a study is stored"), trial.associate(CT, peer="modality") as peer:
        peer.store_all(images)
    for name in others:
        _expect_all(trial, name, images, trial.timers.propagation_s + trial.timers.index_s)
    if "commitment" in trial.target.claims.services:
        is_router = trial.role == "engine"
        _expect_no_commitment(trial, images if is_router else [*images, Study(trial).image()])
    trial.peer(dead).dicom.listen()
    _expect_all(trial, dead, images, arrives_again_s(trial) + trial.timers.index_s)


def _study(trial: Trial) -> list[Dataset]:
    """Images of a study that is to be sent on; where the product takes orders, it is one that was ordered."""
    order = order_of(trial)
    if "orders" in trial.target.claims.services and trial.role == "pacs":
        with trial.beforehand("an order for the study"):
            told(trial, scheduled(trial, order), "AA", "CA", peer="ris")
    numbers = {"AccessionNumber": order.accession, "StudyInstanceUID": order.study_instance_uid}
    body_part = trial.target.claims.routed_body_part
    numbers |= {"BodyPartExamined": body_part} if body_part else {}
    study = Study(trial, PatientID=order.patient.patient_id, PatientName=order.patient.dicom_name, **numbers)
    return study.images(IMAGES)


def _expect_all(trial: Trial, name: PeerName, images: Sequence[Dataset], limit_s: float) -> None:
    """Each image at a destination, under its own study, series and instance. Raises Failure."""

    def uids(image: Dataset) -> tuple[str, str, str]:
        return str(image.StudyInstanceUID), str(image.SeriesInstanceUID), str(image.SOPInstanceUID)

    wanted = {uids(image) for image in images}
    patient_id = str(images[0].PatientID)

    def came() -> list[Received]:
        stored = [one for one in trial.peer(name).dicom.received if one.name == "C-STORE-RQ"]
        return [one for one in stored if str(one.dataset.get("PatientID")) == patient_id]

    trial.eventually(lambda: len({one.command.sop_instance_uid for one in came()}) >= len(wanted), limit_s)
    found = {uids(one.dataset) for one in came()}
    trial.expect(len(found) >= len(wanted), f"{len(wanted)} images at {name}", f"{len(found)} within {limit_s:g} s")
    trial.expect(found == wanted, f"images under their own UIDs at {name}", f"{len(found - wanted)} under others")


def _expect_no_commitment(trial: Trial, images: Sequence[Dataset]) -> None:
    """Commitment of all these is asked for and not confirmed. Raises Failure."""
    ours = str(images[0].SOPInstanceUID)
    listener = trial.peer("modality").dicom
    came: list[Received] = []

    def confirmed() -> list[Received]:
        events = [one for one in [*came, *listener.received] if one.name == "N-EVENT-REPORT-RQ"]
        successes = [one for one in events if one.command.number("EventTypeID") == ALL_SAFE]
        return [one for one in successes if ours in {uid for _, uid in references(one.dataset)}]

    with trial.associate(STORAGE_COMMITMENT, peer="modality") as peer:
        requested(peer, trial.uid(), references_to(*images))
        try:
            came.append(peer.receive(trial.timers.quiet_s))
        except Silence:
            pass  # the best answer
        except Failure:  # it has ended the association, and may report on another one
            peer.is_open = False
    trial.eventually(lambda: bool(confirmed()), trial.timers.quiet_s)
    if wrong := confirmed():
        raise Failure("no event type 1 for what the archive has not", "it came", wrong[0].records)
