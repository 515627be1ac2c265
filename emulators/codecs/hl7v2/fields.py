"""Data types and the segments that several messages share: names, codes, times, PID, PV1.

Writers return what ``er7.row`` takes. Readers return text without escapes, or raise Rejection with the location.

Empty and ``""`` (2.5.3): an empty field says nothing, so a reader looks at the next place where the value may stand;
``""`` says that there is no value, so it does not. A value of ours is complete: for lack of one it is "" in both cases,
and a required field that holds ``""`` is missing.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from emulators.codecs.hl7v2.rejection import content_error
from emulators.core.errors import LocalProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import NOBODY, Code, Patient, PersonName, Visit
from emulators.wire import er7
from emulators.wire.er7 import NULL, Delimiters, Message, Repetition, Row, Segment

_TIME_STAMP = re.compile(r"((?:[0-9]{2}){4,7})(?:\.[0-9]{1,4})?(?:[+-][0-9]{4})?")

_SEXES: Mapping[str, str] = {"": "", "F": "F", "M": "M", "O": "O", "U": "", "A": "O", "N": ""}
"""Table 0001 (A and N since 2.4) to the sex of DICOM, where empty is unknown."""

_PATIENT_CLASSES: Mapping[str, str] = {
    "O": "O",
    "I": "I",
    "E": "E",
    "P": "I",  # preadmit
    "B": "I",  # obstetrics
    "R": "O",  # recurring patient
    "C": "O",  # commercial account
    "N": "O",  # not applicable
    "U": "O",  # unknown
    "": "O",
}
"""Table 0004, a suggestion of HL7, to its three classes that we tell apart."""

_LOCATIONS: Mapping[str, str] = {
    "control_id": "MSH-10",
    "sent_at": "MSH-7",
    "patient.patient_id": "PID-3",
    "patient.issuer": "PID-3",
    "patient.birth_date": "PID-7",
    "visit.visit_number": "PV1-19",
    "visit.location": "PV1-3",
    "placer_order_number": "ORC-2",
    "order.modality": "OBR-24",
    "order.body_part": "OBR-15",
    "order.reason": "OBR-31",
    "accession_number": "OBR-18",
    "study_instance_uid": "ZDS-1",
    "requested_procedure_id": "OBR-19",
    "step_id": "OBR-20",
    "station_ae_title": "OBR-21",
    "report.text": "OBX-5",
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


def said(source: Segment, number: int, component: int = 1) -> str:
    """A component as it came, ``""`` included; see ``stated``."""
    raw = source.field(number)
    if not raw or raw.isalnum():  # the usual case: no delimiter, no escape
        return raw if component == 1 else ""
    parts = _parts(source, number, raw)
    return parts[component - 1] if component <= len(parts) else ""


def text(source: Segment, number: int, component: int = 1) -> str:
    return stated(said(source, number, component))


def components(source: Segment, number: int, first: int, count: int) -> list[str]:
    """``count`` components of a field from ``first`` on, as ``text`` gives each."""
    raw = source.field(number)
    parts = _parts(source, number, raw)[first - 1 : first - 1 + count]
    if NULL in raw:
        parts = ["" if part == NULL else part for part in parts]
    return parts + [""] * (count - len(parts))


def _parts(source: Segment, number: int, raw: str) -> list[str]:
    """The components of the first repetition; ``raw`` is the field."""
    mark = source.delimiters
    if mark.escape in raw or mark.subcomponent in raw or mark.repetition in raw:
        return [source.component(number, component) for component in range(1, raw.count(mark.component) + 2)]
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


def person(source: Segment, number: int, first: int = 1) -> PersonName:
    """An XPN, or an XCN with ``first=2``: family, given, middle, suffix, prefix."""
    if not source.field(number):
        return NOBODY
    family, given, middle, suffix, prefix = components(source, number, first, 5)
    try:
        return PersonName(family, given, middle, prefix, suffix)
    except LocalProtocolError:
        raise content_error("102", f"{source.name}-{number}") from None


def code(source: Segment, number: int, first: int = 1) -> Code:
    """A CE: identifier, text, coding system; its alternate triplet with ``first=4``. A system of no identifier is dropped."""
    value, meaning, scheme = components(source, number, first, 3)
    try:
        return Code(value, scheme if value else "", meaning)
    except LocalProtocolError:
        raise content_error("102", f"{source.name}-{number}") from None


def patient(message: Message) -> Patient:
    """Of PID, which is required; of several identifiers in PID-3 the one of type MR, or else the first."""
    return _patient(segment(message, "PID").raw, message.delimiters, message.encoding)


@lru_cache(maxsize=4096)  # a dozen messages of one exam hold the same PID
def _patient(raw: str, delimiters: Delimiters, encoding: str) -> Patient:
    pid = Segment(raw, (delimiters, encoding))
    identifier, issuer = _identifier(pid)
    name = person(pid, 5)
    if name == NOBODY:
        raise content_error("101", "PID-5")
    sex = _SEXES.get(text(pid, 8))
    if sex is None:
        raise content_error("103", "PID-8")
    birth_date = stamp(text(pid, 7), "PID-7")[:8]
    return Patient(needed(identifier, "PID-3"), issuer, name, birth_date, sex)


def _identifier(pid: Segment) -> tuple[str, str]:
    """Of PID-3: the ID number and its assigning authority, which is the namespace or else the universal ID of CX-4."""
    repetitions = pid.repetitions(3)
    if len(repetitions) < 2:
        return text(pid, 3), stated(said(pid, 3, 4) or pid.component(3, 4, 1, 2))
    of_type_mr = (number for number in range(1, len(repetitions) + 1) if pid.component(3, 5, number) == "MR")
    chosen = next(of_type_mr, 1)
    issuer = stated(pid.component(3, 4, chosen) or pid.component(3, 4, chosen, 2))
    return stated(pid.component(3, 1, chosen)), issuer


def visit(message: Message) -> Visit:
    """Of PV1; an order may come without one."""
    pv1 = message.first("PV1")
    return _visit(pv1.raw, message.delimiters, message.encoding) if pv1 is not None else Visit("")


@lru_cache(maxsize=4096)  # as with PID
def _visit(raw: str, delimiters: Delimiters, encoding: str) -> Visit:
    pv1 = Segment(raw, (delimiters, encoding))
    patient_class = _PATIENT_CLASSES.get(text(pv1, 2))
    if patient_class is None:
        raise content_error("103", "PV1-2")
    return Visit(text(pv1, 19), patient_class, text(pv1, 3), person(pv1, 8, 2))


# --- writing -------------------------------------------------------------------------------------------------------------


def present(value: str, location: str) -> str:
    """A value that HL7 requires; LocalProtocolError if we have none."""
    if not value:
        raise LocalProtocolError(f"{location}: required, but there is no value")
    return value


def xpn(name: PersonName) -> tuple[str, ...]:
    """HL7 puts suffix before prefix, DICOM the other way round."""
    return (name.family, name.given, name.middle, name.suffix, name.prefix)


def xcn(name: PersonName) -> tuple[str, ...]:
    return ("", name.family, name.given, name.middle, name.suffix, name.prefix)


def ce(entry: Code, location: str) -> tuple[str, ...]:
    present(entry.value or entry.meaning, location)
    return (entry.value, entry.meaning, entry.scheme)


def pid_row(who: Patient) -> Row:
    """PID (3.4.2)."""
    if who.name == NOBODY:
        raise LocalProtocolError("PID-5: required, but there is no value")
    identifier: Repetition = (present(who.patient_id, "PID-3"), "", "", who.issuer)
    return er7.row("PID", {1: "1", 3: identifier, 5: xpn(who.name), 7: who.birth_date, 8: who.sex})


def pv1_row(encounter: Visit) -> Row:
    """PV1 (3.4.3)."""
    fields: dict[int, er7.Field] = {
        1: "1",
        2: encounter.patient_class,
        3: encounter.location,
        8: xcn(encounter.referring_physician),
        19: encounter.visit_number,
    }
    return er7.row("PV1", fields)
