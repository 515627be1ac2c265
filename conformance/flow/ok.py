"""The good flows, through all seven stages."""

from conformance.case import MEMORY, MUST, READ, ROLES, SECONDARY, SHOULD, case
from conformance.trial import Trial


@case("flow.ok.1", MUST, ROLES, "+", "RAD TF-1 3.3.1; MESA 131/134", SECONDARY)
def a_scheduled_outpatient_has_one_identity_through_all_stages(trial: Trial) -> None:
    """Scheduled outpatient: A04 → ORM → RAD-4 → MWL → MPPS → C-STORE → commit → IAN → prior fetch → ORU P/F → EHR."""
    work = trial.workflow()
    patient, order, entry = work.person_on_the_list()
    work.scan(entry.accession, instances=3)
    study = work.archived(3, StudyInstanceUID=entry.study_instance_uid)
    said = (str(study.PatientID), str(study.AccessionNumber), str(study.PatientName))
    trial.expect_equal("patient ID, accession and name in the archive", said, (entry.patient_id, entry.accession, "Doe^Jane"))
    work.read(entry.accession, "No finding.")
    work.charted(order, lambda chart: chart.get("shown") == "final" and chart.get("text") == "No finding.", "a final report")
    trial.expect_equal("worklist entries left", len(work.worklist(patient)), 0)


@case("flow.ok.2", MUST, ROLES, "+", "RAD TF-1 3.3.3; MESA 132", SECONDARY)
def an_order_that_the_filler_replaces_is_not_scanned(trial: Trial) -> None:
    """Order change and cancel: order replaced by the filler, only the new one is scanned."""
    work = trial.workflow()
    patient, order, old = work.person_on_the_list()
    work.do("ris", "cancel procedure", subject=old.accession, reason="Another protocol")
    work.charted_as(order, "cancelled")
    work.order_at_filler(patient)
    [new] = work.scheduled(patient)
    trial.expect(new.accession != old.accession, "an accession number of its own for the new order", "that of the old one")
    work.scan(new.accession)
    study = work.archived(3, PatientID=patient.patient_id)
    trial.expect_equal("accession of the one study", str(study.AccessionNumber), new.accession)
    trial.expect_equal("entries left on the worklist", len(work.worklist(patient)), 0)


@case("flow.ok.3", MUST, ROLES, "+", "RAD TF-1 4.4.1-3", SECONDARY)
def an_emergency_ends_with_images_and_report_at_the_right_patient(trial: Trial) -> None:
    """Emergency: unidentified patient, scan first, order and identity later, report on the right patient."""
    work = trial.workflow()
    work.needs_archive_that_takes("adt", "orders")
    known, doe = work.person("Roe", "Mary"), work.person("Doe", trial.identifier("X"))
    work.register(known)
    work.register(doe)
    work.scan_unscheduled(doe)
    study_uid = str(work.archived(3, PatientID=doe.patient_id).StudyInstanceUID)
    work.order_at_filler(doe, study_uid)
    accession = work.accession_of(study_uid)
    work.read(accession, "No finding.")
    work.charted_as(accession, "final")
    work.merge(known, doe)
    work.charted(accession, lambda chart: chart.get("mrn") == known.patient_id, "the report under the survivor")
    study = work.archived(3, PatientID=known.patient_id)
    trial.expect_equal("study of the survivor", str(study.StudyInstanceUID), study_uid)
    work.not_archived("under the merged ID", PatientID=doe.patient_id)


@case("flow.ok.4", MUST, ROLES, "+", "RAD TF-2 4.6.4.1.2.3.4; MESA 222", SECONDARY)
def grouped_procedures_end_with_both_orders_reported(trial: Trial) -> None:
    """Grouped procedures: chest+abdomen CT, two accessions, one acquisition, one report."""
    work = trial.workflow()
    patient = work.person()
    work.register(patient)
    orders = work.place_order(patient, count=2)
    first, second = work.scheduled(patient, 2)
    group = f'["{second.accession}"]'
    work.do("modality", "patient on table", subject=first.accession, modality="CT", group=group)
    work.acquire(first.accession, 4)
    work.archived(4, PatientID=patient.patient_id)
    work.eventually_off_the_list(patient)
    work.read(first.accession, "No finding in chest and abdomen.")
    for order in orders:
        chart = work.charted_as(order, "final")
        trial.expect_equal("text of the report", chart.get("text"), "No finding in chest and abdomen.")


@case("flow.ok.5", SHOULD, ROLES, "+", "RAD TF-2 append case; MESA 231", MEMORY)
def a_series_appended_after_the_preliminary_report_is_in_the_study(trial: Trial) -> None:
    """Late images: series appended after COMPLETED and after preliminary report."""
    work = trial.workflow()
    _, order, entry = work.person_on_the_list()
    work.scan(entry.accession, instances=3)
    work.archived(3, StudyInstanceUID=entry.study_instance_uid)
    work.read(entry.accession, "Wet read.", status="P")
    work.charted_as(order, "preliminary")
    work.do("modality", "append images", subject=entry.accession, instances="2")
    study = work.archived(5, StudyInstanceUID=entry.study_instance_uid)
    trial.expect_equal("accession of the study", str(study.AccessionNumber), entry.accession)
    work.read(entry.accession, "Final with the late series.")
    work.charted(order, lambda chart: chart.get("text") == "Final with the late series.", "the final report")


@case("flow.ok.6", SHOULD, ROLES, "+", "MESA 141; PS3.5 6.1.2", READ)
def a_name_of_three_scripts_is_the_same_at_both_ends(trial: Trial) -> None:
    """Non-Latin patient through all stages (ISO_IR 192 at HL7, ISO 2022 IR 87 or GB18030 at modality)."""
    work = trial.workflow()
    patient = work.person("Yamada", "Tarou")
    groups = {"patient.name.ideographic": "山田^太郎", "patient.name.phonetic": "やまだ^たろう"}
    work.register(patient, **groups)
    [order] = work.place_order(patient, data=groups)
    [entry] = work.scheduled(patient)
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    trial.expect_equal("name on the worklist", entry.patient_name, name)
    work.scan(entry.accession)
    study = work.archived(3, StudyInstanceUID=entry.study_instance_uid)
    trial.expect_equal("name in the archive", str(study.PatientName), name)
    work.read(entry.accession, "肺野清晰。Kein Befund, ü.")
    chart = work.charted_as(order, "final")
    trial.expect_equal("text of the report", chart.get("text"), "肺野清晰。Kein Befund, ü.")
