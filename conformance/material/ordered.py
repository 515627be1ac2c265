"""Procedures ordered at a RIS by HL7, and what it then shows of them: worklist entries, and the messages that it sends."""

from dataclasses import replace

from pydicom.dataset import Dataset

from conformance.material.documents import item
from conformance.material.orders import new_order, order_of
from conformance.material.patients import Patient, register
from conformance.peers.mllp import ReceivedMessage
from conformance.trial import Trial

WORKLIST = "1.2.840.10008.5.1.4.31"
TWO_STEPS = ("TWOSTEPS", "Two steps", "99RADLOOP")
"""A procedure that the site schedules as two steps of one request, where it can."""

_KEYS = ("PatientID", "PatientName", "AccessionNumber", "StudyInstanceUID", "RequestedProcedureID")
_STEP_KEYS = (
    "Modality",
    "ScheduledStationAETitle",
    "ScheduledProcedureStepID",
    "ScheduledProcedureStepDescription",
    "ScheduledProcedureStepStatus",
)
_CODE_KEYS = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")


def ordered(trial: Trial, patient: Patient, count: int = 1, procedure: tuple[str, ...] = ()) -> list[Dataset]:
    """``count`` procedures are ordered for a patient; their worklist entries. Raises NotApplicable, Inconclusive."""
    services = trial.target.claims.services
    trial.needs("orders" in services and "worklist" in services, "orders that come onto a worklist")
    with trial.beforehand("ordered procedures are on the worklist"):
        with trial.mllp() as sender:
            if "adt" in services:
                trial.expect_code(sender.ask(register(trial, patient=patient).payload), "AA", "CA")
            for _ in range(count):
                order = order_of(trial, patient)
                order = replace(order, procedure=procedure) if procedure else order
                trial.expect_code(sender.ask(new_order(trial, order).payload), "AA", "CA")
        found: list[Dataset] = []

        def shown() -> bool:
            found[:] = worklist(trial, patient)
            return len(found) >= count

        there = trial.eventually(shown, trial.timers.propagation_s)
        trial.expect(there, f"{count} entries", f"{len(found)} within {trial.timers.propagation_s:g} s")
    return found


def worklist(trial: Trial, patient: Patient) -> list[Dataset]:
    """The entries of a patient as a scanner sees them. Raises Failure where the query fails."""
    step = item(_empty(_STEP_KEYS), ScheduledProtocolCodeSequence=[_empty(_CODE_KEYS)])
    keys = item(_empty(_KEYS), PatientID=patient.patient_id, ScheduledProcedureStepSequence=[step])
    with trial.associate(WORKLIST) as peer:
        found = peer.find(WORKLIST, keys)
    trial.expect_equal("final status of the worklist query", found.final.meaning, "0000H success", found.final.records)
    return found.matches


def _empty(keywords: tuple[str, ...]) -> Dataset:
    dataset = Dataset()
    for keyword in keywords:
        setattr(dataset, keyword, "")
    return dataset


def step_ids(entries: list[Dataset]) -> list[str]:
    """The Scheduled Procedure Step IDs, sorted."""
    return sorted(str(one.ScheduledProcedureStepSequence[0].get("ScheduledProcedureStepID", "")) for one in entries)


def is_offered(entry: Dataset) -> bool:
    """Whether its step is still to be done, by its Scheduled Procedure Step Status (PS3.3 C.4.10)."""
    status = entry.ScheduledProcedureStepSequence[0].get("ScheduledProcedureStepStatus") or "SCHEDULED"
    return status in ("SCHEDULED", "ARRIVED", "READY")


def offered(trial: Trial, patient: Patient) -> list[str]:
    """The IDs of the steps of a patient that are still to be done, as the worklist says."""
    return step_ids([one for one in worklist(trial, patient) if is_offered(one)])


def said_of(trial: Trial, number: str) -> list[ReceivedMessage]:
    """The HL7 messages of this trial that name an order, to any of the tester's systems."""
    return [
        one
        for peer in trial.peers.values()
        if peer.mllp_listener is not None
        for one in peer.mllp.received
        if number.encode() in one.payload
    ]
