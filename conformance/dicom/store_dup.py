"""The same SOP Instance UID again. No clause says what is right; the product declares it (PS3.2 F.4.2.3.4.1.4)."""

from pydicom.dataset import Dataset

from conformance.case import OPINION, READ, case
from conformance.dicom.store_abort import expect_once
from conformance.material.archive_view import ArchiveView
from conformance.material.differences import changed_elements
from conformance.material.images import Study
from conformance.material.sop_classes import CT
from conformance.material.stored import expect_found, expect_kept, is_refusal, is_taken
from conformance.peers.conversation import Received
from conformance.trial import Trial
from emulators.wire.commands import c_store_rq

DUPLICATE_SOP_INSTANCE = 0x0111


@case("dicom.store.dup.1", OPINION, "pacs", "-", "PS3.2 F.4.2.3.4.1.4", READ, needs="storage", variants=("again", "at-once"))
def the_same_object_twice_is_taken_and_counted_once(trial: Trial) -> None:
    """Same SOP Instance UID, same content: accepted both times, also on two associations at the same time, and counted once."""
    study = Study(trial)
    image = study.image()
    with trial.associate(CT) as first, trial.associate(CT) as second:
        peers = (first, first) if trial.variant == "again" else (first, second)
        commands = [c_store_rq(peer.next_message_id(), CT, str(image.SOPInstanceUID)) for peer in peers]
        if trial.variant == "again":
            answers = [peer.request_of(peer.context(CT), command, image) for peer, command in zip(peers, commands, strict=True)]
        else:
            for peer, command in zip(peers, commands, strict=True):
                peer.send(peer.context(CT), command, image)
            answers = [peer.answer_to(command) for peer, command in zip(peers, commands, strict=True)]
        for answer in answers:
            trial.expect(is_taken(answer.status), "0000H or Bxxx both times", answer.meaning, answer.records)
    expect_once(trial, study, image)


@case(
    "dicom.store.dup.2",
    OPINION,
    "pacs",
    "-",
    "PS3.2 F.4.2.3.4.1.4",
    READ,
    safety=True,
    needs="storage",
    variants=("pixels", "name"),
)
def the_same_uid_with_other_content_is_treated_as_declared(trial: Trial) -> None:
    """Same SOP Instance UID, different content: the declared policy is followed and visible; never is there a mix of both."""
    study = Study(trial)
    image = study.image()
    other = study.image(SOPInstanceUID=image.SOPInstanceUID, InstanceNumber=image.InstanceNumber)
    if trial.variant == "pixels":
        other.PixelData = bytes(reversed(image.PixelData))
    else:
        other.PatientName = "Doe^Joan"
    answer = _stored_after(trial, image, other)
    policy = trial.target.policies.duplicate_sop_instance
    if policy == "refuse":
        is_said = is_refusal(answer.status) or answer.status == DUPLICATE_SOP_INSTANCE
        trial.expect(is_said, "refused as declared: Cxxx, A9xx or 0111H", answer.meaning, answer.records)
    else:
        trial.expect(is_taken(answer.status), f"{policy} as declared: 0000H or Bxxx", answer.meaning, answer.records)
    expect_once(trial, study, image)
    _expect_content(trial, other if policy == "replace" else image)


def _stored_after(trial: Trial, image: Dataset, other: Dataset) -> Received:
    """The answer to ``other`` where ``image`` is found already; an object that was stored later is found too, so that whatever
    becomes of the first has become of it. Raises Inconclusive."""
    later = Study(trial).image()
    with trial.associate(CT) as peer:
        peer.store_all([image])
    with trial.beforehand("the first object is found"):
        expect_found(trial, image)
    with trial.associate(CT) as peer:
        answer = peer.store(other)
    with trial.associate(CT) as peer:
        peer.store_all([later])
    with trial.beforehand("an object of a later association is found"):
        expect_found(trial, later)
    return answer


def _expect_content(trial: Trial, wanted: Dataset) -> None:
    """What is retrieved has the pixels and the name of one of the two, wholly, and C-FIND shows the same name."""
    view, coerced = ArchiveView(trial), trial.target.policies.changed_in_store

    def differs() -> list[str]:
        found = view.study(str(wanted.StudyInstanceUID), str(wanted.PatientID))
        name = str(found.get("PatientName", "")) if found is not None else "no study"
        is_other = name != str(wanted.PatientName) and "PatientName" not in coerced
        return changed_elements(wanted, view.retrieved(wanted), coerced) + ([f"C-FIND shows {name}"] if is_other else [])

    trial.eventually(lambda: not differs(), trial.timers.index_s)
    changed = differs()
    trial.expect(not changed, "the content that the policy keeps, all of it", "; ".join(changed))


@case("dicom.store.dup.3", OPINION, "pacs", "-", "PS3.5 9", READ, safety=True, needs="storage")
def the_same_uid_under_another_patient_moves_nothing(trial: Trial) -> None:
    """Same SOP Instance UID under another study and patient: never moved or overwritten silently; the first study stays."""
    study, other_study = Study(trial), Study(trial, PatientName="Moss^Rita")
    image = study.image()
    other = other_study.image(SOPInstanceUID=image.SOPInstanceUID)
    answer = _stored_after(trial, image, other)
    if answer.status == 0:
        _expect_both(trial, image, other)
    elif not is_taken(answer.status):
        trial.expect(not ArchiveView(trial).shows(other), "what was refused is not found", "it is, under the other patient")
    expect_kept(trial, image)


def _expect_both(trial: Trial, image: Dataset, other: Dataset) -> None:
    """0000H says that the second is kept too: without a quarantine that is declared, it must be found under its own study."""
    if trial.target.policies.unindexable == "quarantine":
        return
    view = ArchiveView(trial)
    is_there = trial.eventually(lambda: view.shows(other), trial.timers.index_s)
    trial.expect(is_there and view.shows(image), "an error, or both kept", "0000H, and the second is nowhere")
