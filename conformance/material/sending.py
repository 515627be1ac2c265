"""Messages that the product sends, so that a case can answer them badly: what makes it send one, and where that arrives.

=========  ============================================================  ================================
role       made to send by                                               arrives at
=========  ============================================================  ================================
ehr        operator step ``register``                                    the engine: ADT^A04
ris        an order that it is sent                                      the image manager: RAD-4
engine     an ADT message that it is sent                                the first destination of its route
reporting  an entry of its reading list, operator step ``sign report``   the RIS: ORU^R01
=========  ============================================================  ================================
"""

from collections.abc import Callable
from dataclasses import dataclass

from conformance.material.messages import Sent
from conformance.material.orders import new_order, order_of, ready_to_read
from conformance.material.patients import Patient, Visit, register
from conformance.material.routing import adt_destination
from conformance.material.telling import told
from conformance.peers.mllp import MllpListener, ReceivedMessage
from conformance.trial import Trial
from conformance.verdict import NotApplicable


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that the product is going to send: ``send`` makes it, ``is_it`` tells it from others."""

    send: Callable[[], object]
    is_it: Callable[[ReceivedMessage], bool]


@dataclass(frozen=True, slots=True)
class Sender:
    """``next`` prepares another message; it arrives at ``listener``."""

    listener: MllpListener
    next: Callable[[], Outgoing]


def sender(trial: Trial) -> Sender:
    """Of the product of this trial. Raises NotApplicable, Inconclusive."""
    services = trial.target.claims.services
    if trial.role == "ehr" and "adt_sending" in services:
        return Sender(trial.peer("engine").mllp, lambda: _registration(trial))
    if trial.role == "ris" and "orders_sending" in services:
        return Sender(trial.peer("pacs").mllp, lambda: _procedure(trial))
    if trial.role == "engine" and "adt" in services:
        return Sender(adt_destination(trial), lambda: _forwarded(trial))
    if trial.role == "reporting" and "reports_sending" in services:
        return Sender(trial.peer("ris").mllp, lambda: _report(trial))
    raise NotApplicable("not claimed: a service that sends HL7 messages")


def registered(trial: Trial, step: str = "register", patient: Patient | None = None, visit: Visit | None = None) -> Patient:
    """Who the operator has registered at an EHR (or, by another step, admitted or updated). Raises Inconclusive."""
    who = patient or Patient(trial.patient_id())
    came = visit or Visit(trial.identifier("V"))
    trial.operate(
        step,
        **{
            "subject": who.patient_id,
            **who.step_data,
            "visit.visit_number": came.number,
            "visit.patient_class": came.patient_class,
            "visit.location": came.location,
        },
    )
    return who


def _given(trial: Trial, sent: Sent) -> None:
    with trial.beforehand("a message that makes it send one"):
        told(trial, sent)


def _registration(trial: Trial) -> Outgoing:
    patient = Patient(trial.patient_id())
    return Outgoing(
        lambda: registered(trial, patient=patient),
        lambda message: message.field("PID", 3) == patient.patient_id,
    )


def _procedure(trial: Trial) -> Outgoing:
    order = order_of(trial)
    return Outgoing(
        lambda: _given(trial, new_order(trial, order)),
        lambda message: message.field("ORC", 1) == "NW" and message.field("PID", 3) == order.patient.patient_id,
    )


def _forwarded(trial: Trial) -> Outgoing:
    patient = Patient(trial.patient_id())
    return Outgoing(
        lambda: _given(trial, register(trial, patient=patient)),
        lambda message: message.field("PID", 3) == patient.patient_id,
    )


def _report(trial: Trial) -> Outgoing:
    order = order_of(trial)

    def sign() -> None:
        _given(trial, ready_to_read(trial, order))
        trial.operate("sign report", subject=order.accession, status="F", text="No finding.")

    return Outgoing(
        sign, lambda message: message.field("MSH", 9) == "ORU" and message.field("PID", 3) == order.patient.patient_id
    )
