"""What a product says of patients, orders and studies when it is asked: worklist and study queries, and their text.

Text is decoded here from the bytes as they came, by the Specific Character Set that stands beside them.
"""

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from conformance.material.data_sets import raw
from conformance.peers.association import Found
from conformance.trial import Trial
from conformance.verdict import Failure, Inconclusive

WORKLIST = "1.2.840.10008.5.1.4.31"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"

_STEP_KEYS = (
    "Modality",
    "ScheduledStationAETitle",
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
    "ScheduledProcedureStepDescription",
    "ScheduledProcedureStepID",
)
_WORKLIST_KEYS = (
    "AccessionNumber",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "AdmissionID",
    "CurrentPatientLocation",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "ReasonForTheRequestedProcedure",
    "PlacerOrderNumberImagingServiceRequest",
)
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

_CODECS = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 100": "iso8859-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 166": "tis_620",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
    "ISO 2022 IR 87": "iso2022_jp",
}
"""Defined terms of PS3.3 C.12.1.1.2; of several values the last."""


def worklist(trial: Trial, **keys: str) -> Found:
    """The worklist entries with these values (of the entry, not of its step). Raises Failure, Inconclusive."""
    identifier = _identifier(_WORKLIST_KEYS, keys)
    step = Dataset()
    for keyword in _STEP_KEYS:
        setattr(step, keyword, "")
    identifier.ScheduledProcedureStepSequence = Sequence([step])
    return _found(trial, WORKLIST, identifier)


def studies(trial: Trial, **keys: str) -> Found:
    """The archived studies with these values. As ``worklist``."""
    identifier = _identifier(_STUDY_KEYS, keys)
    identifier.QueryRetrieveLevel = "STUDY"
    return _found(trial, STUDY_ROOT_FIND, identifier)


def _identifier(keywords: tuple[str, ...], keys: dict[str, str]) -> Dataset:
    identifier = Dataset()
    for keyword in keywords:
        setattr(identifier, keyword, keys.get(keyword, ""))
    return identifier


def _found(trial: Trial, sop_class: str, identifier: Dataset) -> Found:
    claimed(trial, "worklist" if sop_class == WORKLIST else "query")
    if trial.target.dicom_port is None:
        raise Inconclusive("the target file names no dicom_port to ask at")
    with trial.associate(sop_class) as peer:
        found = peer.find(sop_class, identifier)
    if found.final.status:
        raise Failure("C-FIND ends with 0000H", found.final.meaning, found.final.records)
    return found


def claimed(trial: Trial, *services: str) -> None:
    """Raises Inconclusive where the product does not claim what its effects are seen by."""
    missing = [one for one in services if one not in trial.target.claims.services]
    if missing:
        raise Inconclusive(f"nothing shows the effect: it does not claim {', '.join(missing)}")


def text(dataset: Dataset, keyword: str) -> str:
    """The text of a value, padding taken off, as its bytes and (0008,0005) say; U+FFFD for what is not legal there."""
    declared = (raw(dataset, "SpecificCharacterSet") or b"").decode("ascii", "replace").split("\\")[-1].strip(" \0")
    return (raw(dataset, keyword) or b"").decode(_CODECS.get(declared, "ascii"), "replace").rstrip(" \0")


def person_name(dataset: Dataset, keyword: str = "PatientName") -> str:
    """As ``text``; empty components and groups at the end do not count (PS3.5 6.2)."""
    return "=".join(group.rstrip("^") for group in text(dataset, keyword).split("=")).rstrip("=")
