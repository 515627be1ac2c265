"""Values that are not what their VR allows."""

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.case import OPINION, READ, case
from conformance.material.archive_view import ArchiveView
from conformance.material.data_sets import decode, encode, raw
from conformance.material.images import Study
from conformance.material.sop_classes import CT
from conformance.material.stored import expect_found, expect_kept, is_refusal, is_taken, sent_as
from conformance.trial import EXPLICIT, Trial


@dataclass(frozen=True, slots=True)
class Invalid:
    """An attribute of the object: a value that can be encoded, and the bytes of the element that go in its place."""

    keyword: str
    value: str
    element: bytes = b""
    becomes: bytes = b""


INVALID: Mapping[str, Invalid] = {
    "sh-of-20": Invalid("AccessionNumber", "ACCESSION-OF-20-CHAR"),
    "dashed-date": Invalid("StudyDate", "2024-01-05"),
    "comma": Invalid("SliceThickness", "1.5", b"DS\x04\x001.5 ", b"DS\x04\x001,5 "),
    "lower-case": Invalid("BodyPartExamined", "chest"),
    "odd-length": Invalid("StudyDescription", "five!", b"LO\x06\x00five! ", b"LO\x05\x00five!"),  # and Institution Name
}


@case("dicom.store.vr.1", OPINION, "pacs", "-", "PS3.5 6.2; PS3.4 B.4.1.1", READ, needs="storage", variants=tuple(INVALID))
def an_invalid_value_damages_nothing(trial: Trial) -> None:
    """Invalid VR content is refused, or taken and kept; it is not cut in C-FIND, and good objects are unaffected."""
    good_study, invalid = Study(trial), INVALID[trial.variant]
    good = good_study.image()
    study = Study(trial, PatientID=good_study.patient_id)
    image = study.image()
    image.InstitutionName = "five!"  # where two values are odd, the data set is not
    setattr(image, invalid.keyword, invalid.value)
    data = encode(image, EXPLICIT).replace(invalid.element, invalid.becomes)
    with trial.associate((CT, (EXPLICIT,))) as peer:
        peer.store_all([good])
        answer = sent_as(peer, data, CT, str(image.SOPInstanceUID))
    is_answer = is_taken(answer.status) or is_refusal(answer.status)
    trial.expect(is_answer, "Cxxx or A9xx, B007H, or 0000H", answer.meaning, answer.records)
    if is_taken(answer.status):
        expect_found(trial, image)
        _expect_whole(trial, study, invalid)
        expect_kept(trial, decode(data, EXPLICIT))
    expect_kept(trial, good)


def _expect_whole(trial: Trial, study: Study, invalid: Invalid) -> None:
    """At STUDY level the study is found, and in it the value as it was sent, or none."""
    keyword = invalid.keyword
    if keyword not in ("AccessionNumber", "StudyDate", "StudyDescription"):
        return
    found = ArchiveView(trial).answers("STUDY", PatientID=study.patient_id, StudyInstanceUID=study.uid, **{keyword: ""})
    trial.expect(len(found) == 1, "the study of what was taken, once", f"{len(found)} matches")
    for one in found:
        value = (raw(one.dataset, keyword) or b"").decode("latin-1").rstrip(" \0")
        trial.expect(value in ("", invalid.value), f"{keyword} {invalid.value}, or none", value, one.records)
