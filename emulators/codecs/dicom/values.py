"""The values that messages share, as attributes and back: names, times, codes, patients, references to instances.

What a peer sent is brought to canonical form: times get the seconds they lack and lose fractions, of a name the first
component group is taken, of several values the first.
"""

import re
from collections.abc import Iterable

from emulators.codecs.dicom.elements import DataSet
from emulators.core.errors import RemoteProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import Code, Patient, PersonName
from emulators.messages.imaging import InstanceSet, from_uids
from emulators.wire.status import MISSING_ATTRIBUTE, MISSING_ATTRIBUTE_VALUE, PROCESSING_FAILURE

_PUNCTUATION = re.compile(r"[.:]")
_FRACTION = re.compile(r"\.\d*")


class Refused(RemoteProtocolError):
    """A request that cannot be understood; ``status`` is the one that answers it."""

    status = PROCESSING_FAILURE


def refused(status: int, reason: str) -> Refused:
    """The error, with its status set afterwards: errors rebuild from one positional argument."""
    error = Refused(reason)
    error.status = status
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
            raise refused(MISSING_ATTRIBUTE, f"{keyword} is missing")
        if dataset[keyword] in ("", []):
            raise refused(MISSING_ATTRIBUTE_VALUE, f"{keyword} has no value")


# --- names, times, codes -----------------------------------------------------------------------------------------------


def pn(name: PersonName) -> str:
    """The alphabetic component group of a PN, without the delimiters of empty components at its end (PS3.5 6.2.1)."""
    return "^".join(name.components()).rstrip("^")


def person_name(value: str) -> PersonName:
    """The first component group that holds anything: alphabetic, ideographic, phonetic."""
    return PersonName(*name_group(value).split("^")[:5])


def name_group(value: str) -> str:
    """The first component group that holds anything, as it stands."""
    return next((group.strip() for group in value.split("=") if group.strip(" ^")), "")


def da_tm(stamp: Stamp) -> tuple[str, str]:
    """Date and time."""
    return stamp[:8], stamp[8:]


def stamp(date: str, time: str) -> Stamp:
    """A date, also in the form of ACR-NEMA with dots, and a time to any precision; without a date nothing."""
    date = date.replace(".", "")
    return date and date + _FRACTION.sub("", time.replace(":", "")).ljust(6, "0")


def dates(key: str) -> str:
    """A date or range of dates as a matching key."""
    return _PUNCTUATION.sub("", key)


def times(key: str) -> str:
    """A time or range of times as a matching key, to the second."""
    return _FRACTION.sub("", key.replace(":", ""))


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
        "PatientName": pn(patient.name),
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
        name=person_name(text(dataset, "PatientName")),
        birth_date=text(dataset, "PatientBirthDate").replace(".", ""),
        sex=text(dataset, "PatientSex"),
    )


# --- references to instances -------------------------------------------------------------------------------------------


def references(sop_class_uid: str, instances: InstanceSet) -> list[DataSet]:
    """Referenced SOP Class and Instance UID, an item each."""
    return [{"ReferencedSOPClassUID": sop_class_uid, "ReferencedSOPInstanceUID": uid} for uid in instances]


def referenced(found: list[DataSet]) -> tuple[str, InstanceSet]:
    """The one SOP class, empty for no items, and the instances. Refused: several classes, an instance twice."""
    for item in found:
        require(item, ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"))
    classes = {text(item, "ReferencedSOPClassUID") for item in found}
    if len(classes) > 1:
        raise refused(PROCESSING_FAILURE, "instances of more than one SOP class in one message are not supported")
    uids = [canonical.uid(text(item, "ReferencedSOPInstanceUID"), "ReferencedSOPInstanceUID") for item in found]
    if len(set(uids)) < len(uids):
        raise RemoteProtocolError("an instance is referenced twice")
    return canonical.uid(classes.pop(), "ReferencedSOPClassUID") if classes else "", from_uids(uids)
