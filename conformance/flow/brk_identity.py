"""Flows broken at the patient's identity: is it seen, does nothing wrong come of it, and is the end right?"""

from conformance.case import MUST, NO_CLAUSE, OPINION, SECONDARY, Role, case
from conformance.material.images import Study
from conformance.material.sop_classes import CT
from conformance.trial import Trial
from conformance.verdict import Inconclusive

WITH_ARCHIVE_QUESTIONS: tuple[Role, ...] = ("pacs", "ris", "reporting")


@case("flow.brk.1", MUST, WITH_ARCHIVE_QUESTIONS, "-", "HL7 3.3.40; MESA 104", SECONDARY, safety=True)
def a_merge_that_the_archive_misses_shows_and_is_made_up_for(trial: Trial) -> None:
    """Merge not propagated: A40 reaches RIS, not PACS (lost or AE). Detected and repaired after re-send."""
    work = trial.workflow()
    work.needs_archive_that_takes("adt")
    survivor, merged = work.person("Roe", "Mary"), work.person("Roe", "Marie")
    for patient in (survivor, merged):
        work.register(patient)
    work.place_order(merged, 2)
    first, second = work.scheduled(merged, 2)
    work.scan(first.accession)
    work.archived(3, PatientID=merged.patient_id)
    work.house.refuse("pacs", "mllp")
    try:
        work.merge(survivor, merged)
        [moved] = work.scheduled(survivor)
        trial.expect_equal("accession on the worklist of the survivor", moved.accession, second.accession)
        split = [str(study.PatientID) for study in work.studies(StudyInstanceUID=first.study_instance_uid)]
        trial.expect_equal("patient ID in the archive while it does not know", split, [merged.patient_id])
    finally:
        work.house.heal("pacs", "mllp")
    study = work.archived(3, PatientID=survivor.patient_id)
    trial.expect_equal("study of the survivor", str(study.StudyInstanceUID), first.study_instance_uid)
    work.not_archived("under the merged ID", PatientID=merged.patient_id)


@case(
    "flow.brk.3",
    OPINION,
    WITH_ARCHIVE_QUESTIONS,
    "-",
    "opinion",
    NO_CLAUSE,
    safety=True,
    variants=("transposed digits", "missing character", "order of another patient"),
)
def a_mistyped_accession_number_never_reports_a_foreign_patient(trial: Trial) -> None:
    """Accession mismatch: typed at modality with a transposed digit / missing zero / order of another patient. Never read
    or reported under a foreign patient; exception shown."""
    work = trial.workflow()
    patient, order, entry = work.person_on_the_list("Doe", "Jane")
    other, foreign_order, foreign = work.person_on_the_list("Poe", "Mary")
    number = entry.accession
    typed = {
        "transposed digits": _transposed(number),
        "missing character": number[:-1],
        "order of another patient": foreign.accession,
    }[trial.variant]
    work.scan_unscheduled(patient, typed)
    work.archived(3, PatientID=patient.patient_id)
    trial.expect(not work.studies(PatientID=other.patient_id), "nothing found for the foreign patient", "a study is found")
    still = [one.accession for one in work.worklist(other)]
    trial.expect_equal("worklist of the foreign patient", still, [foreign.accession])
    for placer in (order, foreign_order):
        shown = work.chart(placer).get("shown")
        trial.expect(shown in ("scheduled", "ordered"), "no report and no exam at an order that nobody did", f"{shown}")


def _transposed(number: str) -> str:
    """The last two neighbours that differ, exchanged. Raises Inconclusive where all are the same."""
    for place in range(len(number) - 1, 0, -1):
        if number[place] != number[place - 1]:
            return number[: place - 1] + number[place] + number[place - 1] + number[place + 1 :]
    raise Inconclusive(f"no digits of {number} can be transposed")


@case("flow.brk.8", OPINION, ("pacs", "reporting", "engine"), "-", "dicom.store.dup.*", NO_CLAUSE, safety=True, slow=True)
def a_study_that_comes_by_several_routes_is_there_once(trial: Trial) -> None:
    """Duplicate studies by several routes: same study by modality and router and teleradiology, one path coerces IDs.
    Counts right; no second reading task; coerced copy found as copy."""
    work = trial.workflow()
    patient, _, entry = work.person_on_the_list()
    same = {"StudyInstanceUID": entry.study_instance_uid, "AccessionNumber": entry.accession}
    study = Study(trial, PatientID=patient.patient_id, PatientName=entry.patient_name, **same)
    images = study.images(3)
    for caller in ("modality", "workstation"):
        with work.associate("pacs", caller, CT) as peer:
            peer.store_all(images)
    work.archived(3, StudyInstanceUID=entry.study_instance_uid)
    stranger = work.person("Poe", "Mary")
    for image in images:
        image.PatientID, image.PatientName = stranger.patient_id, stranger.dicom_name
    with work.associate("pacs", "workstation", CT) as peer:
        for image in images:
            peer.store(image)

    def is_moved() -> bool:
        return entry.study_instance_uid in [str(one.StudyInstanceUID) for one in work.studies(PatientID=stranger.patient_id)]

    moved = trial.eventually(is_moved, trial.timers.index_s)
    trial.expect(not moved, "the copy does not move the study to another patient", "it did")
    kept = work.archived(3, StudyInstanceUID=entry.study_instance_uid)
    trial.expect_equal("patient ID of the study", str(kept.PatientID), patient.patient_id)


@case("flow.brk.10", MUST, ("pacs", "ris", "ehr"), "-", "HL7 0085 W; RAD IOCM; RAD TF-1 3.3.4", SECONDARY, safety=True)
def patients_who_were_exchanged_end_with_their_own_reports(trial: Trial) -> None:
    """Patient swapped found after the final report: report W/withdrawn, images rejected, right patient gets his study."""
    work = trial.workflow()
    patient, order, entry = work.person_on_the_list("Doe", "Jane")
    _, other_order, foreign = work.person_on_the_list("Poe", "Mary")
    # Jane lies on the table; Mary's entry is picked.
    work.do("modality", "patient on table", subject=entry.accession, modality="CT", picked=foreign.accession)
    work.acquire(entry.accession)
    wrong = foreign.study_instance_uid
    work.archived(3, StudyInstanceUID=wrong)
    work.read(foreign.accession, "Fracture.")
    work.charted_as(other_order, "final")
    # It is found: the report is withdrawn, the images are rejected, both are examined.
    work.do("workstation", "withdraw report", subject=foreign.accession, status="W")
    work.charted_as(other_order, "withdrawn")
    work.do("pacs", "reject study", subject=wrong)
    work.not_archived("of the exchanged exam", StudyInstanceUID=wrong)
    work.scan(entry.accession)
    study = work.archived(3, StudyInstanceUID=entry.study_instance_uid)
    trial.expect_equal("patient of the new study", str(study.PatientID), patient.patient_id)
    work.read(entry.accession, "No finding.")
    work.charted(order, lambda chart: chart.get("text") == "No finding.", "the right report")
    shown = work.chart(other_order)
    trial.expect_equal("what the other chart shows", (shown.get("shown"), shown.get("text")), ("withdrawn", ""))
