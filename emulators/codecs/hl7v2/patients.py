"""Patient and visit: PID and PV1, which most messages share, and CX."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from emulators.codecs.hl7v2 import names
from emulators.codecs.hl7v2.fields import REPETITIONS_MAX, needed, present, single, stamp, stated, text
from emulators.codecs.hl7v2.rejection import content_error
from emulators.core.errors import LocalProtocolError
from emulators.messages.common import NOBODY, Patient, Visit
from emulators.wire import er7
from emulators.wire.er7 import NULL, Delimiters, Field, Message, Repetition, Row, Segment

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

# --- writing -------------------------------------------------------------------------------------------------------------


def cx(number: str, issuer: str, location: str) -> Repetition:
    return (present(number, location), "", "", issuer)


def pid_row(who: Patient, deleted: Collection[str] = ()) -> Row:
    """PID (3.4.2); what is in ``deleted`` goes as null."""
    if who.name == NOBODY:
        raise LocalProtocolError("PID-5: required, but there is no value")
    birth_date, sex = (NULL if name in deleted else getattr(who, name) for name in ("birth_date", "sex"))
    return er7.row("PID", {1: "1", 3: cx(who.patient_id, who.issuer, "PID-3"), 5: names.xpn(who.name), 7: birth_date, 8: sex})


def pv1_row(encounter: Visit) -> Row:
    """PV1 (3.4.3)."""
    fields: dict[int, Field] = {
        1: "1",
        2: encounter.patient_class,
        3: encounter.location,
        8: names.xcn(encounter.referring_physician),
        19: encounter.visit_number,
    }
    return er7.row("PV1", fields)


# --- reading -------------------------------------------------------------------------------------------------------------


def patient(message: Message) -> Patient:
    """Of PID, which is required; several would be several patients."""
    return _patient(single(message, "PID").raw, message.delimiters, message.encoding)


@lru_cache(maxsize=4096)  # a dozen messages of one exam hold the same PID
def _patient(raw: str, delimiters: Delimiters, encoding: str) -> Patient:
    pid = Segment(raw, (delimiters, encoding))
    number, issuer = identifier(pid, 3)
    name = names.person_of_xpn(pid, 5)
    if name == NOBODY:
        raise content_error("101", "PID-5")
    sex = _SEXES.get(text(pid, 8))
    if sex is None:
        raise content_error("103", "PID-8")
    birth_date = stamp(text(pid, 7), "PID-7")[:8]
    return Patient(number, issuer, name, birth_date, sex)


def identifier(source: Segment, number: int) -> tuple[str, str]:
    """Of a CX, which is required: the ID number and its assigning authority, the namespace or else the universal ID of CX.4.

    Of several the one of type MR (CX.5), or else the first.
    """
    repetitions = source.repetitions(number)
    chosen = 1
    if len(repetitions) > 1:
        looked_at = range(1, min(len(repetitions), REPETITIONS_MAX) + 1)
        of_type_mr = (one for one in looked_at if source.component(number, 5, one) == "MR")
        chosen = next(of_type_mr, 1)
    issuer = stated(source.component(number, 4, chosen) or source.component(number, 4, chosen, 2))
    return needed(stated(source.component(number, 1, chosen)), f"{source.name}-{number}"), issuer


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
    return Visit(text(pv1, 19), patient_class, text(pv1, 3), names.person_of_xcn(pv1, 8))
