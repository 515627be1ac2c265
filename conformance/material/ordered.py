"""Procedures ordered at a RIS by HL7, and what it then shows of them: worklist entries, and the messages that it sends."""

from dataclasses import replace

from pydicom.dataset import Dataset

from conformance.material import read_back
from conformance.material.orders import order_of
from conformance.material.patients import Patient
from conformance.material.routing import receivers
from conformance.material.telling import told_orders
from conformance.material.worklist import step_of
from conformance.peers.mllp import ReceivedMessage
from conformance.trial import Trial


def ordered(trial: Trial, patient: Patient, count: int = 1, procedure: str = "", steps: int = 1) -> list[Dataset]:
    """``count`` procedures, of this code and so many ``steps`` each, are ordered for a patient; their worklist entries.

    Raises NotApplicable, Inconclusive.
    """
    services = trial.target.claims.services
    trial.needs("orders" in services and "worklist" in services, "orders that come onto a worklist")
    with trial.beforehand("ordered procedures are on the worklist"):
        orders = [order_of(trial, patient) for _ in range(count)]
        if procedure:
            orders = [replace(order, procedure=(procedure, procedure, "99RADLOOP")) for order in orders]
        told_orders(trial, orders)
        found: list[Dataset] = []

        def shown() -> bool:
            found[:] = worklist(trial, patient)
            return len(found) >= count * steps

        there = trial.eventually(shown, trial.timers.propagation_s)
        trial.expect(there, f"{count * steps} entries", f"{len(found)} within {trial.timers.propagation_s:g} s")
    return found


def worklist(trial: Trial, patient: Patient) -> list[Dataset]:
    """The entries of a patient as a scanner sees them. Raises Failure where the query fails, Inconclusive."""
    return read_back.worklist(trial, PatientID=patient.patient_id).matches


def step_ids(entries: list[Dataset]) -> list[str]:
    """The Scheduled Procedure Step IDs, sorted."""
    return sorted(str(step_of(one).get("ScheduledProcedureStepID", "")) for one in entries)


def is_offered(entry: Dataset) -> bool:
    """Whether its step is still to be done, by its Scheduled Procedure Step Status (PS3.3 C.4.10)."""
    status = step_of(entry).get("ScheduledProcedureStepStatus") or "SCHEDULED"
    return status in ("SCHEDULED", "ARRIVED", "READY")


def offered(trial: Trial, patient: Patient) -> list[str]:
    """The IDs of the steps of a patient that are still to be done, as the worklist says."""
    return step_ids([one for one in worklist(trial, patient) if is_offered(one)])


def said_of(trial: Trial, number: str) -> list[ReceivedMessage]:
    """The HL7 messages of this trial that name an order, to any of the tester's systems."""
    came = [one for listener in receivers(trial).values() for one in listener.received]
    return [one for one in came if number.encode() in one.payload]
