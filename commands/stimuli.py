"""What can happen to each kind of system, with the keys that it takes and an example of each.

Data is checked here, and made into the values that the system expects, before it is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, get_args, get_origin

from commands.values import made, merged, nested
from emulators.actors.ehr import ADMINISTRATION
from emulators.core.errors import ConfigError
from emulators.endpoints import ServedSite
from emulators.messages.common import Code, Patient, PersonName, Visit
from emulators.messages.orders import Order

MODALITY = "modality"
"""The kind of every scanner; another system's kind is its name."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a stimulus: what its value is, in words too, and an example as JSON."""

    kind: Any
    what: str
    example: Any
    needed: bool = True


_PHYSICIAN = {"family": "Grey", "given": "Ada"}
_PATIENT = {
    "patient_id": "M1",
    "issuer": "RADLOOP",
    "name": {"family": "Doe", "given": "Jane"},
    "birth_date": "19700101",
    "sex": "F",
}
_VISIT = {"visit_number": "V1", "patient_class": "O", "location": "CLINIC", "referring_physician": _PHYSICIAN}
_ORDER = {
    "placer_order_number": "P1",
    "procedure": {"value": "CT-HEAD", "scheme": "99RADLOOP", "meaning": "CT head without contrast"},
    "modality": "CT",
    "body_part": "HEAD",
    "priority": "ROUTINE",
    "requested_at": "",
    "reason": "Headache",
    "ordering_physician": _PHYSICIAN,
}
_STUDY_UID = "2.25.152432241547499310721947196176607331268"

_MRN = Key(str, "medical record number", "M1")
_PATIENT_KEY = Key(Patient, "who it is", _PATIENT)
_VISIT_KEY = Key(Visit, "the visit", _VISIT)
_PLACER = Key(str, "placer order number", "P1")
_ACCESSION = Key(str, "accession number", "A0123456789")
_OTHER_ACCESSION = Key(str, "accession number of the order", "A0123456789")
_STUDY = Key(str, "Study Instance UID", _STUDY_UID)
_READER = Key(PersonName, "who reads it", {"family": "Moss", "given": "Rita"})
_MAY_NAME_READER = Key(PersonName, "who reads it", {"family": "Moss", "given": "Rita"}, needed=False)
_MODALITY = Key(str, "of the scanner", "CT")
_BODY_PART = Key(str, "as the protocol says", "HEAD", needed=False)
_INSTANCES = Key(int | tuple[int, ...], "how many images, or how many of each series", 4)
_TEXT = Key(str, "the whole report", "No finding.")

_AT_THE_DESK = {
    "subject": _MRN,
    "patient": _PATIENT_KEY,
    "visit": _VISIT_KEY,
    "deleted": Key(tuple[str, ...], "attributes that are deleted, such as birth_date", [], needed=False),
}
_DEAD_LETTER = {"subject": Key(str, "control id (MSH-10)", "P1-NW1"), "to": Key(str, "its receiver", "ris")}

_STIMULI: Mapping[str, Mapping[str, Mapping[str, Key]]] = {
    "ehr": {
        **dict.fromkeys(ADMINISTRATION, _AT_THE_DESK),
        "merge": {
            "subject": _MRN,
            "patient": Key(Patient, "who stays", _PATIENT),
            "prior_patient_id": Key(str, "the number that goes", "M2"),
            "prior_issuer": Key(str, "its assigning authority", "RADLOOP"),
        },
        "place order": {
            "subject": _PLACER,
            "patient": _PATIENT_KEY,
            "visit": _VISIT_KEY,
            "orders": Key(tuple[Order, ...], "what is ordered", [_ORDER]),
        },
        "change order": {"subject": _PLACER, "order": Key(Order, "as it is now", _ORDER)},
        "cancel order": {"subject": _PLACER, "reason": Key(str, "in words", "Patient feels better", needed=False)},
        "show chart": {"subject": Key(str, "placer order number, or accession number", "P1")},
    },
    "ris": {
        "create order": {
            "subject": Key(str, "Study Instance UID of an exam without order, or any key", _STUDY_UID),
            "patient": _PATIENT_KEY,
            "visit": _VISIT_KEY,
            "order": Key(Order, "what is ordered, without a placer number", {**_ORDER, "placer_order_number": ""}),
            "study_instance_uid": Key(str, "of images that are there", "", needed=False),
        },
        "link exam": {"subject": _STUDY, "accession": _OTHER_ACCESSION},
        "cancel procedure": {"subject": _ACCESSION, "reason": Key(str, "in words", "Duplicate order")},
    },
    "pacs": {
        "assign study": {"subject": _STUDY, "accession": _OTHER_ACCESSION},
        "accept study": {"subject": _STUDY},
        "reject study": {"subject": _STUDY},
        "run out of space": {},
        "have space again": {},
    },
    MODALITY: {
        "patient on table": {
            "subject": Key(str, "accession number on the request form", "A0123456789"),
            "modality": _MODALITY,
            "picked": Key(str, "accession number of the entry that is picked, if another", "A0123456789", needed=False),
            "group": Key(tuple[str, ...], "accession numbers that are done in the same study", [], needed=False),
            "body_part": _BODY_PART,
        },
        "start unscheduled": {
            "subject": Key(str, "what the exam is called by", "A0123456789"),
            "patient": Key(Patient, "as typed", _PATIENT),
            "accession": Key(str, "as typed", "A0123456789"),
            "modality": _MODALITY,
            "description": Key(str, "as typed", "CT head without contrast"),
            "body_part": Key(str, "as typed", "HEAD"),
        },
        "images acquired": {"subject": _ACCESSION, "instances": _INSTANCES},
        "discontinue exam": {
            "subject": _ACCESSION,
            "instances": _INSTANCES,
            "reason": Key(Code, "why", {"value": "110513", "scheme": "DCM", "meaning": "Discontinued for unspecified reason"}),
        },
        "append images": {"subject": _ACCESSION, "instances": _INSTANCES},
        "correct patient": {"subject": _ACCESSION, "patient": Key(Patient, "whose the images are", _PATIENT)},
    },
    "workstation": {
        "open study": {"subject": _ACCESSION, "reader": _READER},
        "join studies": {
            "subject": _ACCESSION,
            "others": Key(tuple[str, ...], "accession numbers that are read with it", ["A1123456789"]),
        },
        "sign report": {
            "subject": _ACCESSION,
            "status": Key(str, "P preliminary, F final, C correction", "F"),
            "text": _TEXT,
            "reader": _MAY_NAME_READER,
        },
        "add addendum": {"subject": _ACCESSION, "text": Key(str, "what is added", "See earlier."), "reader": _MAY_NAME_READER},
        "withdraw report": {
            "subject": _ACCESSION,
            "status": Key(str, "X no result, D deleted, W wrong", "W"),
            "reader": _MAY_NAME_READER,
        },
        "show reading list": {},
    },
    "teleradiology": {
        "sign report": {
            "subject": Key(str, "accession number or Study Instance UID", "A0123456789"),
            "status": Key(str, "P preliminary, F final, C correction; X, D, W withdrawn", "F"),
            "text": Key(str, "the whole report; empty with an addendum, or withdrawn", "No finding."),
            "reader": _MAY_NAME_READER,
            "addendum": Key(str, "what is added", "", needed=False),
        },
    },
}

_OF_EVERY_SYSTEM: Mapping[str, Mapping[str, Key]] = {"resend dead letter": _DEAD_LETTER, "drop dead letter": _DEAD_LETTER}


def described(settings: ServedSite, system: str) -> Mapping[str, Mapping[str, Key]]:
    """What can happen to a system, with the keys of each."""
    is_scanner = system in (scanner.name for scanner in settings.site.scanners)
    return {**_STIMULI.get(MODALITY if is_scanner else system, {}), **_OF_EVERY_SYSTEM}


def listing(settings: ServedSite, system: str) -> str:
    """Every stimulus and its keys, for people."""
    lines = [f"What can happen to {system}:"]
    for name, keys in described(settings, system).items():
        lines += ["", name]
        width = max(map(len, keys), default=0)
        lines += [f"  {key:{width}}  {value.what} ({_kind(value)})" for key, value in keys.items()]
    return "\n".join(lines)


def _kind(key: Key) -> str:
    options = get_args(key.kind) if isinstance(key.kind, UnionType) else (key.kind,)
    return " or ".join(map(_in_words, options)) + ("" if key.needed else ", may be left out")


def _in_words(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return f"list of {_in_words(get_args(kind)[0])}"
    word: str = {str: "text", int: "number"}.get(kind, kind.__name__)
    return word


def example_of(settings: ServedSite, system: str, name: str) -> Mapping[str, Any]:
    """What must be given for a stimulus, as JSON. Raises ConfigError for one that is not described."""
    return {key: value.example for key, value in _keys(settings, system, name).items() if value.needed}


def data_for(settings: ServedSite, system: str, name: str, given: Mapping[str, Any], pairs: Sequence[str]) -> Mapping[str, Any]:
    """The data of a stimulus from JSON and from ``key=value`` words, which win. Raises ConfigError, which names the key."""
    split = dict(_split(pair) for pair in pairs)
    plain = merged(given, nested(split))
    keys = _keys(settings, system, name)
    for key in plain.keys() - keys.keys():
        raise ConfigError(f"{name}: {key}: no such key; there is {', '.join(keys)}")
    for key, value in keys.items():
        if key not in plain and value.needed:
            raise ConfigError(f"{name}: {key}: missing: {value.what} ({_kind(value)})")
    return {key: made(keys[key].kind, value, f"{name}: {key}") for key, value in plain.items()}


def _keys(settings: ServedSite, system: str, name: str) -> Mapping[str, Key]:
    found = described(settings, system)
    if name not in found:
        raise ConfigError(f"{system}: nothing called {name!r} can happen to it; there is {', '.join(found)}")
    return found[name]


def _split(pair: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not equals or not key:
        raise ConfigError(f"{pair}: not KEY=VALUE")
    return key, value
