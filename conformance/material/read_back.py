"""What a product says of patients, orders and studies when it is asked: worklist and study queries, and their text.

Text is decoded here from the bytes as they came, by the Specific Character Set that stands beside them.
"""

from pydicom.dataset import Dataset

from conformance.material.data_sets import raw
from conformance.material.query_models import first_model, identifier
from conformance.material.texts import plain, read
from conformance.material.worklist import WORKLIST_FIND
from conformance.material.worklist import identifier as worklist_identifier
from conformance.peers.association import Found
from conformance.trial import Trial
from conformance.verdict import Failure, Inconclusive

_MORE_WORKLIST_KEYS = ("IssuerOfPatientID", "ReasonForTheRequestedProcedure", "PlacerOrderNumberImagingServiceRequest")
"""Beside those that every query of this tester has."""
_STUDY_KEYS = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "AccessionNumber",
    "NumberOfStudyRelatedInstances",
)


def worklist(trial: Trial, **keys: str) -> Found:
    """The worklist entries with these values (of the entry, not of its step). Raises Failure, Inconclusive."""
    claimed(trial, "worklist")
    step = {"ScheduledProcedureStepStatus": None}
    return answered(trial, WORKLIST_FIND, worklist_identifier(step, **{**dict.fromkeys(_MORE_WORKLIST_KEYS), **keys}))


def studies(trial: Trial, **keys: str) -> Found:
    """The archived studies with these values. As ``worklist``."""
    claimed(trial, "query")
    return answered(trial, first_model(trial.target).find, identifier("STUDY", _STUDY_KEYS, **keys))


def answered(trial: Trial, sop_class: str, keys: Dataset) -> Found:
    """One C-FIND on an association of its own, whose last answer is 0000H. Raises Failure, Inconclusive."""
    if trial.target.dicom_port is None:
        raise Inconclusive("the target file names no dicom_port to ask at")
    with trial.associate(sop_class) as peer:
        found = peer.find(sop_class, keys)
    if found.final.status:
        raise Failure("C-FIND ends with 0000H", found.final.meaning, found.final.records)
    return found


def claimed(trial: Trial, *services: str) -> None:
    """Raises Inconclusive where the product does not claim what its effects are seen by."""
    missing = [one for one in services if one not in trial.target.claims.services]
    if missing:
        raise Inconclusive(f"nothing shows the effect: it does not claim {', '.join(missing)}")


def text(dataset: Dataset, keyword: str) -> str:
    """The text of a value as its bytes and (0008,0005) say, or where that is no text, ASCII with U+FFFD. Empty if absent."""
    try:
        return read(dataset, keyword)
    except Failure:
        return (raw(dataset, keyword) or b"").decode("ascii", "replace").rstrip(" \0")


def person_name(dataset: Dataset, keyword: str = "PatientName") -> str:
    """As ``text``; empty components and groups at the end do not count (PS3.5 6.2.1.1)."""
    return plain(text(dataset, keyword))
