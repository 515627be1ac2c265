"""One scheduled step as a worklist entry (PS3.4 Table K.6-1): written by who schedules it, read by who performs it.

An entry holds every key of the table; what is not known is there and empty. What comes from a worklist of another maker is read
as far as it can be: a birth date or sex that is none is dropped.
"""

from collections.abc import Callable
from typing import TypeVar

from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.attributes import Attributes, Value, of
from emulators.messages.common import SEXES, Code, Patient, PersonName, Visit, from_pn
from emulators.messages.orders import Order, ScheduledProcedure
from emulators.messages.steps import ScheduledReference
from emulators.messages.worklist import KEYS, STEPS


def _nothing_known(keys: Attributes) -> dict[str, Value]:
    return {keyword: "" if isinstance(value, str) else () for keyword, value in keys}


_NOTHING_KNOWN = _nothing_known(KEYS)
_NOTHING_KNOWN_OF_STEP = _nothing_known(KEYS.item(STEPS))

_URGENT = frozenset(("STAT", "HIGH"))
"""Requested Procedure Priority has five terms (PS3.3 C.4.11), an order two: what is urgent must not be taken for routine."""

_Read = TypeVar("_Read")


# --- writing -----------------------------------------------------------------------------------------------------------


def worklist_item(patient: Patient, visit: Visit, order: Order, step: ScheduledProcedure) -> Attributes:
    """The entry of one scheduled step."""
    return of(
        {
            **_NOTHING_KNOWN,
            "AccessionNumber": step.accession_number,
            "ReferringPhysicianName": visit.referring_physician.pn,
            "PatientName": patient.name.pn,
            "PatientID": patient.patient_id,
            "IssuerOfPatientID": patient.issuer,
            "PatientBirthDate": patient.birth_date,
            "PatientSex": patient.sex,
            "StudyInstanceUID": step.study_instance_uid,
            "RequestingPhysician": order.ordering_physician.pn,
            "RequestedProcedureDescription": order.procedure.meaning,
            "RequestedProcedureCodeSequence": _code_items(order.procedure),
            "AdmissionID": visit.visit_number,
            "CurrentPatientLocation": visit.location,
            STEPS: (_step(order, step),),
            "RequestedProcedureID": step.requested_procedure_id,
            "ReasonForTheRequestedProcedure": order.reason,
            "RequestedProcedurePriority": order.priority,
            "PlacerOrderNumberImagingServiceRequest": order.placer_order_number,
            "FillerOrderNumberImagingServiceRequest": step.accession_number,
        }
    )


def _step(order: Order, step: ScheduledProcedure) -> Attributes:
    return of(
        {
            **_NOTHING_KNOWN_OF_STEP,
            "Modality": step.modality or order.modality,
            "ScheduledStationAETitle": step.station_ae_title,
            "ScheduledProcedureStepStartDate": step.start[:8],
            "ScheduledProcedureStepStartTime": step.start[8:],
            "ScheduledPerformingPhysicianName": step.performing_physician.pn,
            "ScheduledProcedureStepDescription": step.protocol.meaning,
            "ScheduledProtocolCodeSequence": _code_items(step.protocol),
            "ScheduledProcedureStepID": step.step_id,
            "ScheduledProcedureStepStatus": "SCHEDULED",
        }
    )


def _code_items(code: Code) -> tuple[Attributes, ...]:
    """One item, or none where there is only a meaning."""
    if not code.value:
        return ()
    values = {"CodeValue": code.value, "CodingSchemeDesignator": code.scheme, "CodeMeaning": code.meaning}
    return (of(values),)


# --- reading -----------------------------------------------------------------------------------------------------------
# All raise RemoteProtocolError for an identifier, name or code that no message of ours can carry.


def patient_of(item: Attributes) -> Patient:
    """Whom the step is for."""
    birth_date, sex = item.first("PatientBirthDate").replace(".", ""), item.first("PatientSex").upper()
    return _read(
        lambda: Patient(
            patient_id=item.first("PatientID"),
            issuer=item.first("IssuerOfPatientID"),
            name=from_pn(item.first("PatientName")),
            birth_date=_date(birth_date),
            sex=sex if sex in SEXES else "",
        )
    )


def scheduled_reference(item: Attributes) -> ScheduledReference:
    """The scheduled step and its request, as MPPS and images name them."""
    return _read(
        lambda: ScheduledReference(
            accession_number=item.first("AccessionNumber"),
            study_instance_uid=item.first("StudyInstanceUID"),
            placer_order_number=item.first("PlacerOrderNumberImagingServiceRequest"),
            requested_procedure_id=item.first("RequestedProcedureID"),
            step_id=step_of(item).first("ScheduledProcedureStepID"),
            procedure=_code(item, "RequestedProcedureCodeSequence", "RequestedProcedureDescription"),
            protocol=_code(step_of(item), "ScheduledProtocolCodeSequence", "ScheduledProcedureStepDescription"),
        )
    )


def step_of(item: Attributes) -> Attributes:
    """The attributes of the step itself: modality, station, start, protocol."""
    return item.item(STEPS)


def start_of(item: Attributes) -> Stamp:
    """When the step is to start, to the second; empty where that cannot be read."""
    step = step_of(item)
    date, time = step.first("ScheduledProcedureStepStartDate"), step.first("ScheduledProcedureStepStartTime")
    try:
        return canonical.stamp(date.replace(".", "") + time.replace(":", "").partition(".")[0].ljust(6, "0"), "start")
    except LocalProtocolError:
        return ""


def referring_physician_of(item: Attributes) -> PersonName:
    """Who sent the patient."""
    return _read(lambda: from_pn(item.first("ReferringPhysicianName")))


def is_urgent(item: Attributes) -> bool:
    """Whether the exam must not wait."""
    return item.first("RequestedProcedurePriority").upper() in _URGENT


def _code(attributes: Attributes, sequence: str, description: str) -> Code:
    """The code of a sequence; the description stands for what it lacks (one of the two has a value)."""
    item = attributes.item(sequence)
    value = item.first("CodeValue")
    scheme = item.first("CodingSchemeDesignator") if value else ""
    return Code(value, scheme, item.first("CodeMeaning") or attributes.first(description))


def _date(value: str) -> str:
    try:
        return canonical.date(value, "date")
    except LocalProtocolError:
        return ""


def _read(make: Callable[[], _Read]) -> _Read:
    """A peer's value that has no canonical form is the peer's fault."""
    try:
        return make()
    except LocalProtocolError as error:
        raise RemoteProtocolError(f"worklist item: {error}") from None
