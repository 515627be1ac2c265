"""Worklist SCP: identifiers that are too long, several procedures and steps, and a full day."""

import time
from collections.abc import Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from conformance.case import MUST, READ, SHOULD, case
from conformance.material.at_once import at_once
from conformance.material.orders import Order, new_order, order_of
from conformance.material.patients import Patient, register
from conformance.material.worklist import (
    WORKLIST_FIND,
    ask,
    identifier,
    identity,
    schedule,
    step_of,
    wait_for_entries,
)
from conformance.trial import Trial

SH_CHARACTERS, LO_CHARACTERS = 16, 64


@case(
    "dicom.mwl.len.1",
    MUST,
    "ris",
    "-",
    "PS3.5 6.2",
    READ,
    safety=True,
    needs=("worklist", "orders"),
    variants=("accession number", "patient ID"),
)
def what_is_too_long_is_never_cut_silently(trial: Trial) -> None:
    """An accession number of more than 16 characters (SH), or a Patient ID of more than 64: never cut silently; the order is
    refused, or mapped to a unique value. Two orders that differ only behind that never share one.
    """
    orders = _with_long_accessions(trial) if trial.variant == "accession number" else _with_long_patient_ids(trial)
    answers = []
    with trial.mllp() as sender:
        for order in orders:
            registered = sender.ask(register(trial, "A04", order.patient).payload)
            answers.append(sender.ask(new_order(trial, order).payload) if registered.code == "AA" else registered)
    taken = [order for order, answer in zip(orders, answers, strict=True) if answer.code == "AA"]
    for answer in answers:
        trial.expect_code(answer, "AA", "AE", "AR")
    if trial.variant == "accession number":
        wanted = "AA" if trial.target.policies.long_accession == "map" else "AE or AR"
        met = bool(taken) is (wanted == "AA")
        trial.should(met, f"{wanted}, as declared by long_accession", ", ".join(answer.code for answer in answers))
    if taken:
        _expect_told_apart(trial, taken)


def _with_long_accessions(trial: Trial) -> list[Order]:
    """Placer order number and OBR-18 of 20 characters, of which the last four differ."""
    beginning, patient = trial.identifier("L", SH_CHARACTERS), Patient(trial.patient_id())
    orders = [replace(order_of(trial, patient), placer=f"{beginning}{end}") for end in ("AAAA", "BBBB")]
    return [replace(order, fields={18: order.placer}) for order in orders]


def _with_long_patient_ids(trial: Trial) -> list[Order]:
    beginning = trial.identifier("P", LO_CHARACTERS)
    return [order_of(trial, Patient(f"{beginning}{end}")) for end in ("AAAA", "BBBB")]


def _expect_told_apart(trial: Trial, taken: Sequence[Order]) -> None:
    """The entries of the orders that were taken have numbers of their own, of a legal length."""
    entries: list[Dataset] = []

    def all_are_there() -> bool:
        with trial.associate(WORKLIST_FIND) as peer:
            found = ask(peer, identifier())
        entries[:] = [one for one in found.matches if str(one.get("PatientID", ""))[:LO_CHARACTERS] in beginnings]
        return len(entries) >= len(taken)

    beginnings = {order.patient.patient_id[:LO_CHARACTERS] for order in taken}
    there = trial.eventually(all_are_there, trial.timers.propagation_s)
    trial.expect(there, "an entry for each order that was taken", f"{len(entries)} for {len(taken)}")
    several_patients = len({order.patient.patient_id for order in taken}) > 1
    is_mapped = trial.target.policies.long_accession == "map"
    cuts = {order.placer[:SH_CHARACTERS] for order in taken if len(order.placer) > SH_CHARACTERS}
    cuts |= beginnings - {order.patient.patient_id for order in taken}
    checked = [("AccessionNumber", SH_CHARACTERS), ("RequestedProcedureID", SH_CHARACTERS), ("PatientID", LO_CHARACTERS)]
    for keyword, limit in checked:
        values = [str(entry.get(keyword, "")) for entry in entries]
        trial.expect(max(map(len, values)) <= limit, f"{keyword} of {limit} characters at most", ", ".join(values))
        if keyword != "PatientID" or several_patients:
            trial.expect(len(set(values)) == len(values), f"a {keyword} for each order", ", ".join(values))
        if keyword == "PatientID" or not is_mapped:
            trial.expect(not cuts & set(values), f"{keyword} that is not cut", ", ".join(values))


@case(
    "dicom.mwl.order.1",
    MUST,
    "ris",
    "+",
    "PS3.4 K.6.1.2.1",
    READ,
    needs=("worklist", "orders"),
    variants=("procedures", "steps"),
)
def each_scheduled_step_is_one_response_in_its_procedure(trial: Trial) -> None:
    """One order, several procedures; one procedure, several steps: each scheduled step is one response, with the right grouping
    of Requested Procedure ID, Study Instance UID and accession number.
    """
    order = order_of(trial)
    if trial.variant == "procedures":
        orders = [order, order_of(trial, order.patient, order.visit)]
    else:
        code = trial.target.claims.procedure_of_two_steps
        trial.needs(bool(code), "procedure_of_two_steps")
        orders = [replace(order, procedure=(code, code, "99RADLOOP"))]
    with trial.beforehand("the order is taken"), trial.mllp() as sender:
        trial.expect_code(sender.ask(register(trial, "A04", order.patient, order.visit).payload), "AA")
        trial.expect_code(sender.ask(new_order(trial, *orders).payload), "AA")
    wait_for_entries(trial, {order.patient.patient_id}, 2)
    with trial.associate(WORKLIST_FIND) as peer:
        entries = ask(peer, identifier(PatientID=order.patient.patient_id)).matches
    trial.expect_equal("responses, one for each step", len(entries), 2)
    steps = {str(step_of(entry).get("ScheduledProcedureStepID", "")) for entry in entries}
    trial.expect_equal("different Scheduled Procedure Step IDs", len(steps), 2)
    procedures = len(orders)
    for keyword in ("RequestedProcedureID", "StudyInstanceUID"):
        values = {str(entry.get(keyword, "")) for entry in entries}
        trial.expect_equal(f"different values of {keyword}", len(values), procedures)
    if trial.variant == "steps":
        trial.expect_equal("accession numbers", len({str(entry.get("AccessionNumber")) for entry in entries}), 1)


POLLING_MODALITIES, QUERIES_OF_EACH = 20, 3


@case("dicom.mwl.load.1", SHOULD, "ris", "+", "PS3.4 K.4.1.3", READ, needs=("worklist", "orders"), slow=True)
def a_full_day_is_answered_quickly_and_whole_to_all_modalities(trial: Trial) -> None:
    """Worklist answers stay quick and complete with a full day of entries and 20 polling modalities; C-CANCEL works."""
    patient = Patient(trial.patient_id())
    orders = [order_of(trial, patient) for _ in range(trial.target.limits.worklist_entries)]
    with trial.beforehand("a full day"):
        schedule(trial, orders)
        known = set(wait_for_entries(trial, {patient.patient_id}, len(orders)))
    seconds = sorted(_polled(trial, patient.patient_id, known))
    slow = seconds[len(seconds) * 95 // 100 - 1]
    limit = trial.timers.query_s
    trial.expect(slow <= limit, f"95 of 100 queries answered within {limit:g} s", f"within {slow:.2f} s")
    with trial.associate(WORKLIST_FIND) as peer:
        cancelled = peer.find(WORKLIST_FIND, identifier(), cancel_after=2).final
        trial.expect(cancelled.status in (0xFE00, 0x0000), "FE00H, or 0000H where it was over", cancelled.meaning)


def _polled(trial: Trial, patient_id: str, known: set[str]) -> list[float]:
    """The seconds of every query of all modalities at once, each on an association of its own. Raises Failure."""
    seconds: list[float] = []

    def poll() -> None:
        for _ in range(QUERIES_OF_EACH):
            begun = time.monotonic()
            with trial.associate(WORKLIST_FIND) as peer:
                found = ask(peer, identifier(PatientID=patient_id))
            seconds.append(time.monotonic() - begun)
            names = {identity(one) for one in found.matches}
            trial.expect(names == known, f"{len(known)} entries", f"{len(names)}", found.final.records)

    modalities = min(POLLING_MODALITIES, trial.target.limits.associations or POLLING_MODALITIES)
    at_once([poll] * modalities, "polling-modality")
    return seconds
