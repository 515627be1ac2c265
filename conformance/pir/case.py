"""Patient information reconciliation (IHE RAD PIR), in a small hospital: who was scanned turns out to be somebody else."""

from conformance.case import MUST, NO_CLAUSE, OPINION, SECONDARY, Role, case
from conformance.material.patients import Patient
from conformance.trial import Trial

RIS_AND_PACS: tuple[Role, ...] = ("pacs", "ris")


@case("pir.case.1", MUST, RIS_AND_PACS, "+", "RAD TF-1 4.4.1; MESA 103", SECONDARY, needs="adt")
def an_unidentified_patient_is_named_after_the_scan(trial: Trial) -> None:
    """PIR case 1: unidentified patient registered (A04 Doe), ordered at the placer, scanned, then A08 with real name:
    images, MWL and order follow."""
    work = trial.workflow()
    doe = work.person("Doe", trial.identifier("X"))
    work.register(doe)
    work.place_order(doe, count=2)
    first, _second = work.scheduled(doe, 2)
    work.scan(first.accession)
    work.archived(3, PatientName=doe.dicom_name)
    known = Patient(doe.patient_id, ("Roe", trial.identifier("R")))
    work.register(known, "update patient")
    study = work.archived(3, PatientName=known.dicom_name)
    trial.expect_equal("study under the new name", str(study.StudyInstanceUID), first.study_instance_uid)
    work.not_archived("under the old name", PatientName=doe.dicom_name)
    names = {entry.patient_name for entry in work.worklist(doe)}
    trial.expect_equal("name on the worklist", names, {known.dicom_name})


@case("pir.case.2", MUST, RIS_AND_PACS, "+", "RAD TF-1 4.4.2; MESA 133", SECONDARY, needs="adt")
def an_unidentified_patient_ordered_at_the_filler_is_merged(trial: Trial) -> None:
    """PIR case 2: unidentified, ordered at the filler, then A40 into a known patient."""
    work = trial.workflow()
    known, doe = work.person("Roe", "Mary"), work.person("Doe", trial.identifier("X"))
    work.register(known)
    work.register(doe)
    work.order_at_filler(doe)
    [entry] = work.scheduled(doe)
    work.scan(entry.accession)
    work.archived(3, PatientID=doe.patient_id)
    work.merge(known, doe)
    study = work.archived(3, PatientID=known.patient_id)
    found = (str(study.StudyInstanceUID), str(study.AccessionNumber))
    trial.expect_equal("study and accession of the known patient", found, (entry.study_instance_uid, entry.accession))
    work.not_archived("under the merged ID", PatientID=doe.patient_id)


@case("pir.case.3", MUST, RIS_AND_PACS, "+", "RAD TF-1 4.4.3; MESA 105", SECONDARY, needs="adt")
def a_scan_before_any_order_gets_its_order_and_its_patient(trial: Trial) -> None:
    """PIR case 3: scanned before any order (unscheduled), order made afterwards, then patient identified."""
    work = trial.workflow()
    doe = work.person("Doe", trial.identifier("X"))
    work.register(doe)
    work.scan_unscheduled(doe)
    study_uid = str(work.archived(3, PatientID=doe.patient_id).StudyInstanceUID)
    work.order_at_filler(doe, study_uid)
    work.accession_of(study_uid)
    known = Patient(doe.patient_id, ("Roe", trial.identifier("R")))
    work.register(known, "update patient")
    study = work.archived(3, PatientName=known.dicom_name)
    trial.expect_equal("study under the new name", str(study.StudyInstanceUID), study_uid)
    trial.expect_equal("entries left on the worklist", len(work.worklist(doe)), 0)


@case("pir.case.4", MUST, "pacs", "-", "RAD TF-1 3.3.4; MESA 109", SECONDARY, safety=True, needs="performed_step", slow=True)
def images_of_a_wrong_worklist_entry_are_not_offered(trial: Trial) -> None:
    """Patient swapped: images made with the wrong entry; DISCONTINUED with 110514: not offered for reading."""
    trial.needs(trial.target.policies.wrong_entry_images == "hide", "images of a wrong entry are hidden")
    work = trial.workflow()
    _, _, own = work.person_on_the_list("Doe", "Jane")
    wrong, _, other = work.person_on_the_list("Poe", "Mary")
    work.do("modality", "patient on table", subject=own.accession, modality="CT", picked=other.accession)
    work.discontinue(own.accession, "110514", "Incorrect worklist entry selected")
    seen = trial.eventually(lambda: bool(work.studies(StudyInstanceUID=other.study_instance_uid)), trial.timers.index_s)
    hidden = not seen or trial.eventually(
        lambda: not work.studies(StudyInstanceUID=other.study_instance_uid), trial.timers.propagation_s
    )
    trial.expect(hidden, "C-FIND does not give the study of the wrong entry", "it is found")
    trial.expect(
        not work.studies(PatientID=wrong.patient_id), "nothing is found for the patient of the wrong entry", "a study is found"
    )


@case("pir.case.5", OPINION, "pacs", "-", "opinion; RAD TF-1 ch. 4", NO_CLAUSE, safety=True, needs=("orders", "adt"))
def images_that_do_not_fit_their_order_wait_for_a_person(trial: Trial) -> None:
    """Accession or patient mismatch between image and known order goes to an exception list; after fixing, all references
    agree."""
    trial.needs(trial.target.policies.mismatched_images == "hold", "mismatched images are held")
    work = trial.workflow()
    patient, _, entry = work.person_on_the_list()
    mistyped = trial.accession_number()
    work.scan_unscheduled(patient, mistyped)
    study = work.archived(3, PatientID=patient.patient_id)
    trial.expect_equal("accession of the study before it is fixed", str(study.AccessionNumber), mistyped)
    trial.expect(not work.studies(AccessionNumber=entry.accession), "no study under the order's accession", "one is found")
    uid = str(study.StudyInstanceUID)
    work.do("ris", "link exam", subject=uid, accession=entry.accession)
    work.do("pacs", "assign study", subject=uid, accession=entry.accession)
    fixed = work.archived(3, AccessionNumber=entry.accession)
    said = (str(fixed.StudyInstanceUID), str(fixed.PatientID))
    trial.expect_equal("study and patient after it is fixed", said, (uid, patient.patient_id))
    trial.expect(not work.studies(AccessionNumber=mistyped), "nothing under the mistyped accession", "a study is found")
