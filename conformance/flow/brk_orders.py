"""Flows broken between order and scan: orders that do not come, a worklist that is away, entries that change."""

from contextlib import suppress
from dataclasses import replace

from conformance.case import MUST, NO_CLAUSE, OPINION, ROLES, SECONDARY, case
from conformance.material.data_sets import decode
from conformance.trial import Trial
from conformance.verdict import Inconclusive


@case("flow.brk.2", MUST, ROLES, "-", "ITI TF-2 C.2.1; RAD TF-1 4.4.3", SECONDARY)
def an_order_that_comes_late_is_matched_once(trial: Trial) -> None:
    """Order never arrives: ORM lost between EHR and RIS; patient is at the modality. Exam still possible, order later
    matched once."""
    work = trial.workflow()
    patient = work.person()
    work.register(patient)
    work.house.refuse("ris", "mllp")
    try:
        work.place_order(patient)
        work.scan_unscheduled(patient)
        study = work.archived(3, PatientID=patient.patient_id)
        trial.expect_equal("accession of the study before the order", str(study.AccessionNumber), "")
    finally:
        work.house.heal("ris", "mllp")
    [entry] = work.scheduled(patient)
    work.do("ris", "link exam", subject=str(study.StudyInstanceUID), accession=entry.accession)
    work.eventually_off_the_list(patient)
    if trial.role == "pacs" and "orders" not in trial.target.claims.services:
        return
    matched = work.accession_of(str(study.StudyInstanceUID))
    trial.expect_equal("accession of the study", matched, entry.accession)
    trial.expect_equal("studies of the patient", len(work.studies(PatientID=patient.patient_id)), 1)


@case("flow.brk.4", OPINION, ("modality", "ris", "pacs"), "-", "dicom.mwl.scu.3", NO_CLAUSE, slow=True)
def patients_scanned_without_the_worklist_are_reconciled(trial: Trial) -> None:
    """MWL outage 30 min with 5 patients scanned; after return all 5 are reconciled."""
    work = trial.workflow()
    exams = [work.person_on_the_list("Doe", f"Jane{letter}") for letter in "ABCDE"]
    work.house.refuse("ris", "dicom")
    try:
        for patient, _, entry in exams:
            work.scan_unscheduled(patient, entry.accession)
            work.archived(3, PatientID=patient.patient_id)
    finally:
        work.house.heal("ris", "dicom")
    for patient, order, _ in exams:
        work.eventually_off_the_list(patient)
        work.charted_as(order, "awaiting report")


@case("flow.brk.5", OPINION, ("modality", "ris"), "-", "dicom.mwl.scu.5", NO_CLAUSE, variants=("cancelled", "renamed"))
def an_entry_that_changed_is_not_scanned_as_it_was(trial: Trial) -> None:
    """Worklist drift: entries changed, cancelled, moved to another scanner after the modality cached them. Status right; no
    ghost entry."""
    work = trial.workflow()
    patient, order, entry = work.person_on_the_list()
    if trial.variant == "cancelled":
        work.do("ehr", "cancel order", subject=order, reason="Patient feels better")
        work.eventually_off_the_list(patient)
        work.do("modality", "patient on table", subject=entry.accession, modality="CT")
        with suppress(Inconclusive):  # where no exam was begun there are no images to take
            work.acquire(entry.accession)
        seen = trial.eventually(lambda: bool(work.studies(PatientID=patient.patient_id)), trial.timers.quiet_s)
        trial.expect(not seen, "no study of a cancelled entry", "one is found")
        work.charted_as(order, "cancelled")
        return
    renamed = replace(patient, name=("Roe", "Janet"))
    work.register(renamed, "update patient")

    def names() -> set[str]:
        return {one.patient_name for one in work.worklist(patient)}

    trial.eventually(lambda: names() == {renamed.dicom_name}, trial.timers.propagation_s)
    trial.expect_equal("name on the worklist", names(), {renamed.dicom_name})
    work.scan(entry.accession)
    work.archived(3, StudyInstanceUID=entry.study_instance_uid)
    sent = {
        str(decode(one.data, one.transfer_syntax).PatientName)
        for one in work.dicom_messages()
        if one.name == "C-STORE-RQ" and one.data
    }
    trial.expect_equal("name in the images that were sent", sent, {renamed.dicom_name})
