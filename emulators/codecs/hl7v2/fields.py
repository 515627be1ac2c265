"""Fields and the data types of their values: text, times, codes.

Writers return what ``er7.row`` takes. Readers return text without escapes, or raise Rejection with the location.

Empty and ``""`` (2.5.3): an empty field says nothing, so a reader looks at the next place where the value may stand;
``""`` says that there is no value, so it does not. A value of ours is complete: for lack of one it is "" in both cases,
and a required field that holds ``""`` is missing. Only ADT tells the two apart, see there.
"""

import re
from collections.abc import Mapping

from emulators.codecs.hl7v2.rejection import content_error
from emulators.core.errors import LocalProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import Code
from emulators.wire.er7 import NULL, Message, Segment

_TIME_STAMP = re.compile(r"((?:[0-9]{2}){4,7})(?:\.[0-9]{1,4})?(?:[+-][0-9]{4})?")

REPETITIONS_MAX = 100
"""Of a name or an identifier: nobody has more, and a field with a million must not hold up everybody else's messages."""

_LOCATIONS: Mapping[str, str] = {
    "control_id": "MSH-10",
    "sent_at": "MSH-7",
    "patient.patient_id": "PID-3",
    "patient.issuer": "PID-3",
    "patient.birth_date": "PID-7",
    "prior_patient_id": "MRG-1",
    "prior_issuer": "MRG-1",
    "visit.visit_number": "PV1-19",
    "visit.location": "PV1-3",
    "placer_order_number": "ORC-2",
    "placer_group_number": "ORC-4",
    "reason": "ORC-16",
    "order.modality": "OBR-24",
    "modality": "OBR-24",
    "order.body_part": "OBR-15",
    "order.reason": "OBR-31",
    "accession_number": "OBR-18",
    "study_instance_uid": "ZDS-1",
    "requested_procedure_id": "OBR-19",
    "steps": "OBR-19",
    "step_id": "OBR-20",
    "station_ae_title": "OBR-21",
    "report.text": "OBX-5",
    "report.addendum": "OBX-5",
    "report.documents": "OBX-5",
}
"""Where an attribute that the canonical constructors may refuse stands."""


def location_of(error: LocalProtocolError) -> str:
    """The field of the attribute that a constructor refused."""
    return _LOCATIONS.get(str(error).partition(":")[0], "MSH-9")


# --- reading -------------------------------------------------------------------------------------------------------------


def segment(message: Message, name: str) -> Segment:
    """The first segment of that name; Rejection 100 if there is none."""
    found = message.first(name)
    if found is None:
        raise content_error("100", name)
    return found


def single(message: Message, name: str) -> Segment:
    """The one segment of that name; Rejection 100 if there is none, and 207 if there are several: all but one were lost."""
    found = message.all(name)
    if len(found) != 1:
        raise content_error("207" if found else "100", name)
    return found[0]


def said(source: Segment, number: int, component: int = 1) -> str:
    """A component as it came, ``""`` included; see ``stated``."""
    raw = source.field(number)
    if not raw or raw.isalnum():  # the usual case: no delimiter, no escape
        return raw if component == 1 else ""
    parts = _parts(source, number, raw)
    return parts[component - 1] if component <= len(parts) else ""


def text(source: Segment, number: int, component: int = 1) -> str:
    return stated(said(source, number, component))


def components(source: Segment, number: int, first: int, count: int, repetition: int = 1) -> list[str]:
    """``count`` components of a field from ``first`` on, as ``text`` gives each."""
    raw = source.field(number)
    parts = _parts(source, number, raw, repetition)[first - 1 : first - 1 + count]
    if NULL in parts:
        parts = ["" if part == NULL else part for part in parts]
    return parts + [""] * (count - len(parts))


def _parts(source: Segment, number: int, raw: str, repetition: int = 1) -> list[str]:
    """The components of a repetition; ``raw`` is the field."""
    mark = source.delimiters
    if repetition > 1 or mark.escape in raw or mark.subcomponent in raw or mark.repetition in raw:
        return source.components(number, repetition)
    return raw.split(mark.component)


def stated(raw: str) -> str:
    """The value of a raw component, of ``said(here) or said(there)`` for one that may stand in two places."""
    return "" if raw == NULL else raw


def needed(value: str, location: str) -> str:
    if not value:
        raise content_error("101", location)
    return value


def stamp(value: str, location: str) -> Stamp:
    """A TS as local wall time to the second: what it does not say is 0, fractions and zone are dropped."""
    if not value:
        return ""
    match = _TIME_STAMP.fullmatch(value)
    try:
        return canonical.stamp(match[1].ljust(14, "0") if match else value, location)
    except LocalProtocolError:
        raise content_error("102", location) from None


def code(source: Segment, number: int, first: int = 1) -> Code:
    """A CE: identifier, text, coding system; its alternate triplet with ``first=4``. A system of no identifier is dropped."""
    value, meaning, scheme = components(source, number, first, 3)
    try:
        return Code(value, scheme if value else "", meaning)
    except LocalProtocolError:
        raise content_error("102", f"{source.name}-{number}") from None


# --- writing -------------------------------------------------------------------------------------------------------------


def present(value: str, location: str) -> str:
    """A value that HL7 requires; LocalProtocolError if we have none."""
    if not value:
        raise LocalProtocolError(f"{location}: required, but there is no value")
    return value


def ce(entry: Code, location: str) -> tuple[str, ...]:
    present(entry.value or entry.meaning, location)
    return (entry.value, entry.meaning, entry.scheme)
