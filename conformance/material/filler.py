"""A RIS as the filler of orders: what it makes of an order, on its worklist and in what it tells placer and image manager."""

from collections.abc import Callable, Collection
from dataclasses import replace

from pydicom.dataset import Dataset

from conformance.material.orders import Order, new_order, order_of
from conformance.material.patients import Patient
from conformance.material.read_back import text, worklist
from conformance.material.telling import told
from conformance.peers.mllp import ReceivedMessage
from conformance.target import PeerName
from conformance.trial import Trial


def entries(trial: Trial, patient: Patient, wanted: Callable[[list[Dataset]], bool]) -> list[Dataset]:
    """The worklist entries of a patient, as soon as they are as wanted, or when the time is over."""
    found: list[Dataset] = []

    def seen() -> bool:
        found[:] = worklist(trial, PatientID=patient.patient_id).matches
        return wanted(found)

    trial.eventually(seen, trial.timers.propagation_s)
    return found


def scheduled_order(trial: Trial, patient: Patient | None = None) -> Order:
    """An order that the RIS has taken and scheduled, with the numbers that it gave. Raises Inconclusive."""
    order = order_of(trial, patient)
    with trial.beforehand("an order is scheduled"):
        before = {text(one, "AccessionNumber") for one in worklist(trial, PatientID=order.patient.patient_id).matches}
        told(trial, new_order(trial, order))
        entry = new_entry(trial, order.patient, before)
    return with_numbers(order, entry)


def new_entry(trial: Trial, patient: Patient, before: Collection[str] = ()) -> Dataset:
    """The one entry of a patient beside those of the accession numbers that were there before. Raises Failure."""

    def new(found: list[Dataset]) -> list[Dataset]:
        return [one for one in found if text(one, "AccessionNumber") not in before]

    found = new(entries(trial, patient, lambda found: bool(new(found))))
    trial.expect_equal("new worklist entries of the patient", len(found), 1)
    return found[0]


def with_numbers(order: Order, entry: Dataset) -> Order:
    """The order with accession number and Study Instance UID of its worklist entry."""
    return replace(order, accession=text(entry, "AccessionNumber"), study_instance_uid=text(entry, "StudyInstanceUID"))


def message_about(trial: Trial, at: PeerName, what: str, patient: Patient, *controls: str, status: str = "") -> ReceivedMessage:
    """The first message to one of the tester's systems about a patient with one of these ORC-1, and this ORC-5 where one is
    named; ``what`` says so in words. Raises Silence.
    """

    def is_it(message: ReceivedMessage) -> bool:
        is_wanted = message.field("ORC", 1) in controls and status in ("", message.field("ORC", 5))
        return is_wanted and message.field("PID", 3) == patient.patient_id

    return trial.peer(at).mllp.wait_for(what, is_it, trial.timers.propagation_s)[0]


def study_of(message: ReceivedMessage) -> str:
    """The Study Instance UID of a scheduled procedure: ZDS-1 of an ORM, IPC-3 of an OMI."""
    return message.field("IPC", 3) or message.field("ZDS", 1)


def accession_of(message: ReceivedMessage) -> str:
    """Its accession number: OBR-18 of an ORM, IPC-1 of an OMI."""
    return message.field("IPC", 1) or message.field("OBR", 18)
