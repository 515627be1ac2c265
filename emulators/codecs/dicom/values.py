"""The values that messages share, as attributes and back: whole identifiers, times, codes, patients, references to instances.

What a peer sent is brought to canonical form: times get the seconds they lack and lose fractions, of several values the first
is taken. The Attributes of an identifier stay as they came.
"""

import re
from collections.abc import Iterable

from pydicom.datadict import tag_for_keyword

from emulators.codecs.dicom.elements import DataSet
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.attributes import Attributes, Value, of, vr
from emulators.messages.common import Code, Patient, from_pn
from emulators.messages.instance_set import InstanceSet, from_uids
from emulators.wire.status import MISSING_ATTRIBUTE, MISSING_ATTRIBUTE_VALUE, PROCESSING_FAILURE

_FRACTION = re.compile(r"\.\d*")


class Refused(RemoteProtocolError):
    """A request that cannot be understood; ``status`` is the one that answers it, ``tags`` are those of what is wrong."""

    status = PROCESSING_FAILURE
    tags: tuple[int, ...] = ()


def refused(status: int, reason: str, keyword: str = "") -> Refused:
    """The error, with its status and the tag of ``keyword`` set afterwards: errors rebuild from one positional argument."""
    error = Refused(reason)
    error.status = status
    tag = tag_for_keyword(keyword) if keyword else None
    error.tags = () if tag is None else (tag,)
    return error


# --- getting -----------------------------------------------------------------------------------------------------------


def text(dataset: DataSet, keyword: str) -> str:
    """The first value, empty where there is none."""
    value = dataset.get(keyword, "")
    if isinstance(value, str):
        return value.partition("\\")[0].strip() if "\\" in value else value
    raise RemoteProtocolError(f"{keyword} is not text")


def values(dataset: DataSet, keyword: str) -> list[str]:
    """All values, none where it is absent or empty."""
    value = dataset.get(keyword, "")
    if not isinstance(value, str):
        raise RemoteProtocolError(f"{keyword} is not text")
    return [part.strip() for part in value.split("\\")] if value else []


def items(dataset: DataSet, keyword: str) -> list[DataSet]:
    """The items of a sequence, none where it is absent."""
    value = dataset.get(keyword) or []
    if isinstance(value, list):
        return value
    raise RemoteProtocolError(f"{keyword} is not a sequence")


def first_item(dataset: DataSet, keyword: str) -> DataSet:
    """The first item of a sequence, an empty one where there is none."""
    found = items(dataset, keyword)
    return found[0] if found else {}


def require(dataset: DataSet, keywords: Iterable[str]) -> None:
    """Refuse a data set in which one of these is missing (0120H) or has no value (0121H): type 1 (PS3.5 7.4.1)."""
    for keyword in keywords:
        if keyword not in dataset:
            raise refused(MISSING_ATTRIBUTE, f"{keyword} is missing", keyword)
        if dataset[keyword] in ("", []):
            raise refused(MISSING_ATTRIBUTE_VALUE, f"{keyword} has no value", keyword)


# --- identifiers -------------------------------------------------------------------------------------------------------


def to_attributes(dataset: DataSet) -> Attributes:
    """An identifier as a message carries it: what is absent, empty or has a value stays so; numbers are text."""
    return of({keyword: _to_value(value) for keyword, value in dataset.items()})


def _to_value(value: str | int | list[DataSet]) -> Value:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else tuple(map(to_attributes, value))


def from_attributes(attributes: Attributes) -> DataSet:
    """The identifier of a message. Raises LocalProtocolError for a text that is no number where one must stand."""
    return {keyword: from_value(keyword, value) for keyword, value in attributes}


def from_value(keyword: str, value: Value) -> str | int | list[DataSet]:
    """One value of an identifier."""
    if not isinstance(value, str):
        return list(map(from_attributes, value))
    return _number(keyword, value) if value and vr(keyword) == "US" else value


def _number(keyword: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 5 and int(value) <= 0xFFFF):
        raise LocalProtocolError(f"{keyword} is not a number of 16 bits")
    return int(value)


# --- times, codes ------------------------------------------------------------------------------------------------------


def da_tm(stamp: Stamp) -> tuple[str, str]:
    """Date and time."""
    return stamp[:8], stamp[8:]


def stamp(date: str, time: str) -> Stamp:
    """A date, also in the form of ACR-NEMA with dots, and a time to any precision; without a date nothing."""
    date = date.replace(".", "")
    return date and date + _FRACTION.sub("", time.replace(":", "")).ljust(6, "0")


def code_items(code: Code) -> list[DataSet]:
    """A code sequence: one item, or none where there is only a meaning."""
    if not code.value:
        return []
    return [{"CodeValue": code.value, "CodingSchemeDesignator": code.scheme, "CodeMeaning": code.meaning}]


def code(found: list[DataSet], description: str) -> Code:
    """The first item of a code sequence; the description stands for what it lacks."""
    item = found[0] if found else {}
    value = text(item, "CodeValue")
    return Code(value, text(item, "CodingSchemeDesignator") if value else "", text(item, "CodeMeaning") or description)


# --- patients ----------------------------------------------------------------------------------------------------------


def patient_attributes(patient: Patient) -> DataSet:
    """Patient identification and demographics."""
    return {
        "PatientName": patient.name.pn,
        "PatientID": patient.patient_id,
        "IssuerOfPatientID": patient.issuer,
        "PatientBirthDate": patient.birth_date,
        "PatientSex": patient.sex,
    }


def patient(dataset: DataSet) -> Patient:
    """The patient a data set names."""
    return Patient(
        patient_id=text(dataset, "PatientID"),
        issuer=text(dataset, "IssuerOfPatientID"),
        name=from_pn(text(dataset, "PatientName")),
        birth_date=text(dataset, "PatientBirthDate").replace(".", ""),
        sex=text(dataset, "PatientSex"),
    )


# --- references to instances -------------------------------------------------------------------------------------------


def references(sop_class_uid: str, instances: InstanceSet) -> list[DataSet]:
    """Referenced SOP Class and Instance UID, an item each."""
    return [{"ReferencedSOPClassUID": sop_class_uid, "ReferencedSOPInstanceUID": uid} for uid in instances]


def referenced(found: list[DataSet]) -> dict[str, InstanceSet]:
    """The instances by their SOP class, in the order of the items. Refused: an item without its UIDs, an instance twice."""
    by_class: dict[str, list[str]] = {}
    for item in found:
        require(item, ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"))
        uid = canonical.uid(text(item, "ReferencedSOPInstanceUID"), "ReferencedSOPInstanceUID")
        by_class.setdefault(text(item, "ReferencedSOPClassUID"), []).append(uid)
    if len({uid for uids in by_class.values() for uid in uids}) < len(found):
        raise RemoteProtocolError("an instance is referenced twice")
    return {sop_class_uid: from_uids(uids) for sop_class_uid, uids in by_class.items()}
