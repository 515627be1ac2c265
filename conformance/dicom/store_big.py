"""Much in one association, and much in one instance."""

from pydicom.dataset import Dataset

from conformance.case import OPINION, READ, case
from conformance.material.archive_view import ArchiveView
from conformance.material.images import Study
from conformance.material.sop_classes import CT, UIDS
from conformance.material.stored import expect_kept, is_taken
from conformance.trial import Trial
from conformance.verdict import Inconclusive

SERIES = 20
FRAME_SIDE = 512
MULTI_FRAME = ("us-mf", "sc-mf-grey")


@case("dicom.store.big.1", OPINION, "pacs", "+", "PS3.5 7.1.1", READ, needs="storage", slow=True, variants=("many", "large"))
def large_inputs_work(trial: Trial) -> None:
    """Large inputs work: 3000 instances (or as declared) of 20 interleaved series in one association; a large multi-frame."""
    if trial.variant == "large":
        _one_large(trial)
    else:
        _many(trial)


def _many(trial: Trial) -> None:
    study, count = Study(trial), trial.target.limits.instances_per_association
    with trial.associate(CT) as peer:
        for number in range(count):
            answer = peer.store(study.image(CT, series=number % SERIES + 1))
            trial.expect(is_taken(answer.status), f"instance {number + 1}: 0000H", answer.meaning, answer.records)
    view = ArchiveView(trial)
    trial.eventually(lambda: len(view.instances(study.uid, study.patient_id)) == count, trial.timers.index_s)
    found = view.instances(study.uid, study.patient_id)
    trial.expect_equal("instances found", len(set(found)), count)
    trial.expect_equal("matches at IMAGE level", len(found), count)


def _one_large(trial: Trial) -> None:
    claimed = trial.target.claims.sop_classes
    names = [name for name in MULTI_FRAME if not claimed or UIDS[name] in claimed]
    if not names:
        raise Inconclusive(f"it claims no multi-frame image of {', '.join(MULTI_FRAME)}")
    image = _multi_frame(Study(trial), UIDS[names[0]], trial.target.limits.instance_bytes)
    with trial.associate(UIDS[names[0]]) as peer:
        answer = peer.store(image)
        trial.expect(is_taken(answer.status), "0000H", answer.meaning, answer.records)
    expect_kept(trial, image)


def _multi_frame(study: Study, sop_class: str, size_bytes: int) -> Dataset:
    frames = size_bytes // FRAME_SIDE**2
    pixels = bytes(range(256)) * (frames * FRAME_SIDE**2 // 256)
    return study.image(sop_class, Rows=FRAME_SIDE, Columns=FRAME_SIDE, NumberOfFrames=frames, PixelData=pixels)
