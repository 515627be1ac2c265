"""The good flows, through all seven stages."""

from conformance.case import MUST, ROLES, SECONDARY, case
from conformance.trial import Trial


@case("flow.ok.1", MUST, ROLES, "+", "RAD TF-1 3.3.1; MESA 131/134", SECONDARY)
def a_scheduled_outpatient_has_one_identity_through_all_stages(trial: Trial) -> None:
    """Scheduled outpatient: A04 → ORM → RAD-4 → MWL → MPPS → C-STORE → commit → IAN → prior fetch → ORU P/F → EHR."""
    work = trial.workflow()
    patient = work.person()
    work.register(patient)
    [order] = work.place_order(patient)
    [entry] = work.scheduled(patient)
    work.scan(entry.accession, instances=3)
    study = work.archived(3, StudyInstanceUID=entry.study_instance_uid)
    said = (str(study.PatientID), str(study.AccessionNumber), str(study.PatientName))
    trial.expect_equal("patient ID, accession and name in the archive", said, (entry.patient_id, entry.accession, "Doe^Jane"))
    work.read(entry.accession, "No finding.")
    work.charted(order, lambda chart: chart.get("shown") == "final" and chart.get("text") == "No finding.", "a final report")
    trial.expect_equal("worklist entries left", len(work.worklist(patient_id=patient.patient_id)), 0)
