"""Instance availability as an archive tells of it."""

from collections.abc import Iterator

from pydicom.dataset import Dataset

from conformance.case import MUST, READ, SECONDARY, SHOULD, case
from conformance.material.archive_view import ArchiveView
from conformance.material.data_sets import keywords
from conformance.material.images import Study
from conformance.material.items import code, item
from conformance.material.patients import Patient
from conformance.material.sop_classes import CT, KEY_OBJECT_SELECTION
from conformance.material.steps import MPPS, PerformedStep, entry
from conformance.peers.conversation import Received
from conformance.trial import Trial

NOTIFICATION = "1.2.840.10008.5.1.4.33"
ALLOWED = {"ReferencedPerformedProcedureStepSequence", "StudyInstanceUID", "ReferencedSeriesSequence"}
ALLOWED_OF_SERIES = {"SeriesInstanceUID", "ReferencedSOPSequence"}
ALLOWED_OF_INSTANCE = {
    "ReferencedSOPClassUID",
    "ReferencedSOPInstanceUID",
    "InstanceAvailability",
    "RetrieveAETitle",
    "StorageMediaFileSetID",
    "StorageMediaFileSetUID",
}
"""PS3.4 Table R.3.2-1."""
ONLINE, UNAVAILABLE = "ONLINE", "UNAVAILABLE"


def archived(trial: Trial, count: int) -> tuple[Study, list[Dataset], PerformedStep]:
    """A study of a performed step that is completed, with all of its images."""
    patient = Patient(trial.patient_id())
    scheduled = entry(trial, patient)
    study = Study(
        trial,
        PatientID=patient.patient_id,
        AccessionNumber=scheduled.AccessionNumber,
        StudyInstanceUID=scheduled.StudyInstanceUID,
    )
    images = study.images(count)
    step = PerformedStep(trial, patient, [scheduled])
    step.has_made(images)
    with trial.beforehand("a performed step and its images"), trial.associate(MPPS, CT) as peer:
        for answer in (peer.n_create(MPPS, step.uid, step.created()), *map(peer.store, images)):
            trial.expect_equal(f"status of {answer.name}", answer.meaning, "0000H success", answer.records)
        answer = peer.n_set(MPPS, step.uid, step.ended())
        trial.expect_equal("status of N-SET-RSP", answer.meaning, "0000H success", answer.records)
    return study, images, step


def notifications(trial: Trial, study: str) -> list[Received]:
    """What any of the tester's systems was told of a study."""
    return [
        one
        for peer in trial.peers.values()
        if peer.dicom_listener is not None
        for one in peer.dicom.received
        if one.name == "N-CREATE-RQ" and one.command.sop_class_uid == NOTIFICATION
        if one.dataset.get("StudyInstanceUID") == study
    ]


def instances(notification: Received) -> Iterator[tuple[str, Dataset]]:
    """Series and item of each instance that is named."""
    for series in notification.dataset.get("ReferencedSeriesSequence") or []:
        yield from ((str(series.get("SeriesInstanceUID", "")), one) for one in series.get("ReferencedSOPSequence") or [])


def availability(notification: Received) -> dict[str, str]:
    """What is said of each instance."""
    said = ((reference(one)[1], str(one.get("InstanceAvailability", ""))) for _, one in instances(notification))
    return dict(said)


def reference(item_of_instance: Dataset) -> tuple[str, str]:
    """SOP class and instance UID that an item names."""
    return str(item_of_instance.get("ReferencedSOPClassUID", "")), str(item_of_instance.get("ReferencedSOPInstanceUID", ""))


def expect_told(trial: Trial, study: str, wanted: dict[str, str]) -> Received:
    """The notification that says this of these instances of the study. Raises Failure."""

    def told() -> list[Received]:
        said_of = [(one, availability(one)) for one in notifications(trial, study)]
        return [one for one, said in said_of if wanted == {uid: said[uid] for uid in said.keys() & wanted.keys()}]

    limit_s = trial.timers.index_s + trial.timers.propagation_s
    trial.eventually(lambda: bool(told()), limit_s)
    said = [", ".join(sorted(availability(one).values())) or "nothing" for one in notifications(trial, study)]
    trial.expect(
        bool(told()), f"a notification: {', '.join(sorted(wanted.values()))}", "; ".join(said) or f"none in {limit_s:g} s"
    )
    return told()[0]


@case(
    "dicom.ian.1",
    MUST,
    "pacs",
    "+",
    "PS3.4 R.3.2.1.1 Table R.3.2-1, R.3.2.1.2; RAD-49; MESA 134",
    READ,
    needs=("availability", "storage", "performed_step"),
)
def a_whole_study_is_announced(trial: Trial) -> None:
    """Instance Availability Notification: right study, series and instance UIDs, availability, Retrieve AE Title; no attributes
    beyond the table."""
    study, images, step = archived(trial, 3)
    told = expect_told(trial, study.uid, {str(one.SOPInstanceUID): ONLINE for one in images})
    dataset = told.dataset
    named = {(series, *reference(one)) for series, one in instances(told)}
    stored = {(str(one.SeriesInstanceUID), str(one.SOPClassUID), str(one.SOPInstanceUID)) for one in images}
    trial.expect(named == stored, "each instance under its series and SOP class", "others", told.records)
    titles = sorted({str(one.get("RetrieveAETitle", "")) for _, one in instances(told)})
    trial.expect_equal("Retrieve AE Title", titles, [trial.target.title], told.records)
    steps = [reference(one)[1] for one in dataset.get("ReferencedPerformedProcedureStepSequence") or []]
    trial.expect_equal("performed steps that it names", steps, [step.uid], told.records)
    more = keywords(dataset) - ALLOWED - {"SpecificCharacterSet"}
    for series in dataset.get("ReferencedSeriesSequence") or []:
        more |= keywords(series) - ALLOWED_OF_SERIES
    for _, one in instances(told):
        more |= keywords(one) - ALLOWED_OF_INSTANCE
    trial.expect(not more, "no attribute beyond Table R.3.2-1", ", ".join(sorted(more)), told.records)


TITLES = {
    "113001": "Rejected for Quality Reasons",
    "113037": "Rejected for Patient Safety Reasons",
    "113038": "Incorrect Modality Worklist Entry",
}


def rejection_note(study: Study, title: str, rejected: list[Dataset]) -> Dataset:
    """A key object selection of CID 7011 that rejects images of a study (RAD TF-3 4.66)."""
    named = [item(ReferencedSOPClassUID=one.SOPClassUID, ReferencedSOPInstanceUID=one.SOPInstanceUID) for one in rejected]
    series = item(SeriesInstanceUID=rejected[0].SeriesInstanceUID, ReferencedSOPSequence=named)
    evidence = item(StudyInstanceUID=study.uid, ReferencedSeriesSequence=[series])
    content = [item(RelationshipType="CONTAINS", ValueType="IMAGE", ReferencedSOPSequence=[one]) for one in named]
    return study.image(
        KEY_OBJECT_SELECTION,
        ConceptNameCodeSequence=[code(title, "DCM", TITLES[title])],
        CurrentRequestedProcedureEvidenceSequence=[evidence],
        ContentSequence=content,
    )


@case(
    "dicom.ian.2",
    SHOULD,
    "pacs",
    "-",
    "RAD IOCM 4.49.4.1.2.2",
    SECONDARY,
    needs=("availability", "rejection_notes", "storage", "performed_step"),
    variants=tuple(TITLES),
)
def rejected_instances_are_announced_unavailable(trial: Trial) -> None:
    """Rejected instances are announced UNAVAILABLE, and found no more; never ONLINE for what cannot be retrieved."""
    study, images, _ = archived(trial, 5)
    with trial.beforehand("the whole study is announced"):
        expect_told(trial, study.uid, {str(one.SOPInstanceUID): ONLINE for one in images})
    with trial.beforehand("a rejection note is stored"), trial.associate(KEY_OBJECT_SELECTION) as peer:
        peer.store_all([rejection_note(study, trial.variant, images[:2])])
    uids = [str(one.SOPInstanceUID) for one in images]
    expect_told(trial, study.uid, {uid: UNAVAILABLE if uid in uids[:2] else ONLINE for uid in uids})
    if "query" in trial.target.claims.services:
        found = ArchiveView(trial).instances(study.uid, study.patient_id)
        trial.expect(not set(uids[:2]) & set(found), "the rejected images are not found", "they are found")
        trial.expect(set(uids[2:]) <= set(found), "the others are found", "they are not")
