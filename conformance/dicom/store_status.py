"""What the status of a C-STORE response says."""

from pydicom.dataset import Dataset

from conformance.case import MUST, READ, SHOULD, case
from conformance.material.archive_view import ArchiveView
from conformance.material.data_sets import encode
from conformance.material.images import Study
from conformance.material.sop_classes import CT, MR
from conformance.material.stored import expect_found, expect_kept, expect_stored, is_refusal, sent_as
from conformance.trial import EXPLICIT, Trial
from conformance.verdict import Silence
from emulators.wire.commands import c_store_rq

EARLY_S = 0.3
"""How long an archive that does not have all of the object is watched for an answer."""

PDU_BYTES = 256


@case("dicom.store.status.1", MUST, "pacs", "+", "PS3.7 9.1.1.2; PS3.4 B.2.3", READ, needs="storage", alone=True, slow=True)
def success_is_said_when_the_whole_object_is_safe(trial: Trial) -> None:
    """0000H is sent only after the whole object is safely received, so that it is there after a restart, and found soon."""
    image = Study(trial).image()
    with trial.associate(CT) as peer:
        command = c_store_rq(peer.next_message_id(), CT, str(image.SOPInstanceUID))
        pdus = peer.pdus(peer.context(CT), command, image, PDU_BYTES)
        peer.stream.send(b"".join(pdus[:-1]))
        try:
            early = peer.receive(EARLY_S)
            trial.expect(False, "no answer before the last fragment", early.meaning, early.records)
        except Silence:
            peer.stream.send(pdus[-1])
        answer = peer.answer_to(command)
        trial.expect_equal("status", answer.meaning, "0000H success", answer.records)
        peer.give_up()
    expect_kept(trial, image)
    trial.operate("restart")
    expect_kept(trial, image)


@case("dicom.store.status.2", MUST, "pacs", "-", "PS3.4 B.2.3, Table B.2-1", READ, needs="storage")
def a_data_set_that_is_not_what_the_command_says_is_refused(trial: Trial) -> None:
    """A data set that does not match the SOP class or instance UID in the command is refused with A9xx or Cxxx, not stored."""
    study = Study(trial)
    other_class, other_instance, good = study.image(MR), study.image(CT), study.image(CT)
    announced = trial.uid()
    with trial.associate(CT, MR) as peer:
        for what, image, uid in (
            ("another SOP class", other_class, str(other_class.SOPInstanceUID)),
            ("another SOP instance", other_instance, announced),
        ):
            answer = sent_as(peer, image, CT, uid)
            trial.expect(is_refusal(answer.status), f"{what}: A9xx or Cxxx", answer.meaning, answer.records)
        peer.store_all([good])
    view = ArchiveView(trial)
    with trial.beforehand("a good image of the study is found"):
        trial.expect(view.comes_to_show(good), "found", "not found")
    kept = view.instances(study.uid, study.patient_id)
    trial.expect(kept == [good.SOPInstanceUID], "the good instance alone", f"{len(kept)} instances: {', '.join(kept)}")


BROKEN = ("no-study", "no-series", "cut-sequence", "empty")


@case("dicom.store.status.3", SHOULD, "pacs", "-", "PS3.4 B.2.3", READ, needs="storage", variants=BROKEN)
def a_data_set_that_cannot_be_indexed_is_not_swallowed(trial: Trial) -> None:
    """A data set that the archive cannot index is refused with Cxxx (or A9xx), or kept in a quarantine that it declares."""
    image = Study(trial).image()
    uid = str(image.SOPInstanceUID)
    with trial.associate((CT, (EXPLICIT,))) as peer:
        answer = sent_as(peer, _broken(image, trial.variant), CT, uid)
    if trial.target.policies.unindexable == "quarantine" and answer.status == 0:
        return
    trial.expect(is_refusal(answer.status), "Cxxx or A9xx", answer.meaning, answer.records)


def _broken(image: Dataset, how: str) -> bytes:
    if how == "empty":
        return b""
    if how == "cut-sequence":
        whole = encode(image, EXPLICIT)
        patient = whole.index(b"\x10\x00\x10\x00PN")  # Referenced Image Sequence (0008,1140) stands before it
        return whole[:patient] + b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\x00" + whole[patient:]
    del image["StudyInstanceUID" if how == "no-study" else "SeriesInstanceUID"]
    return encode(image, EXPLICIT)


@case("dicom.store.status.4", MUST, "pacs", "-", "PS3.4 B.2.3", READ, needs="storage", alone=True)
def out_of_resources_is_said_and_passes(trial: Trial) -> None:
    """Out of resources is reported as A7xx and recovers; C-FIND is answered in between."""
    study = Study(trial)
    before, during, after = study.images(3)
    expect_stored(trial, before)
    trial.operate("run out of space")
    try:
        with trial.associate(CT) as peer:
            answer = peer.store(during)
            trial.expect(answer.status >> 8 == 0xA7, "A7xx", answer.meaning, answer.records)
        expect_found(trial, before)
    finally:
        trial.operate("have space again")
    for image in (during, after):
        expect_stored(trial, image)
    expect_found(trial, during, after)
