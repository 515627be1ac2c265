"""UIDs that are none."""

from collections.abc import Callable, Mapping

from conformance.case import READ, SHOULD, case
from conformance.material.archive_view import ArchiveView
from conformance.material.data_sets import raw
from conformance.material.images import Study
from conformance.material.query_models import UNIQUE_KEYS, Level
from conformance.material.sop_classes import CT
from conformance.material.stored import expect_found, is_taken
from conformance.trial import Trial

INVALID: Mapping[str, Callable[[str], str]] = {
    "70-characters": lambda uid: f"{uid}.{'1' * 70}"[:70],
    "leading-zero": lambda uid: uid.replace("2.25.", "2.25.0", 1),
    "letter": lambda uid: f"{uid}a",
    "space-padded": lambda uid: f"{uid} " if len(uid) % 2 else f"{uid[:-1]} ",
}
"""What is made of a good UID."""


@case("dicom.store.uid.1", SHOULD, "pacs", "-", "PS3.5 9.1, 6.2", READ, safety=True, needs="storage", variants=tuple(INVALID))
def invalid_uids_are_refused_or_kept_as_they_are(trial: Trial) -> None:
    """Invalid UIDs are refused or kept as they are; never cut or repaired into another UID."""
    study, invalid = Study(trial), INVALID[trial.variant]
    good, bad = study.image(), study.image(SOPInstanceUID=invalid(trial.uid()))
    stray = study.image(StudyInstanceUID=invalid(trial.uid()), SeriesInstanceUID=trial.uid())
    with trial.associate(CT) as peer:
        peer.store_all([good])
        bad_is_taken, stray_is_taken = (is_taken(peer.store(image).status) for image in (bad, stray))
    with trial.beforehand("a good image of the study is found"):
        expect_found(trial, good)
    kept = {str(good.SOPInstanceUID), *([bad.SOPInstanceUID.strip()] if bad_is_taken else [])}
    _expect_uids(trial, "IMAGE", {"StudyInstanceUID": study.uid, "SeriesInstanceUID": study.series_uid()}, kept)
    kept = {study.uid, *([stray.StudyInstanceUID.strip()] if stray_is_taken else [])}
    _expect_uids(trial, "STUDY", {"PatientID": study.patient_id}, kept)


def _expect_uids(trial: Trial, level: Level, above: Mapping[str, str], kept: set[str]) -> None:
    """Found are these UIDs, as they were sent, and no other."""
    keyword = UNIQUE_KEYS[level]

    def found() -> set[str]:
        answers = ArchiveView(trial).answers(level, **above, **{keyword: ""})
        return {(raw(one.dataset, keyword) or b"").decode("latin-1").rstrip(" \0") for one in answers}

    trial.eventually(lambda: found() == kept, trial.timers.index_s)
    trial.expect_equal(f"{keyword} found at {level} level", sorted(found()), sorted(kept))
