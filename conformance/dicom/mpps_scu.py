"""Performed procedure steps as a modality reports them."""

from collections.abc import Iterable

from pydicom.dataset import Dataset

from conformance.case import DECLARED, MUST, READ, SECONDARY, SHOULD, case
from conformance.material.commitment_results import references
from conformance.material.exam import Ris, Room
from conformance.peers.conversation import Conversation, Received
from conformance.trial import Trial

NEEDS = ("worklist", "performed_step", "sending")

TYPE_1 = (
    "ScheduledStepAttributesSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepStatus",
    "Modality",
)
TYPE_2 = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "ReferencedPatientSequence",
    "PerformedStationName",
    "PerformedLocation",
    "PerformedProcedureStepDescription",
    "PerformedProcedureTypeDescription",
    "ProcedureCodeSequence",
    "PerformedProcedureStepEndDate",
    "PerformedProcedureStepEndTime",
    "StudyID",
    "PerformedProtocolCodeSequence",
    "PerformedSeriesSequence",
)
TYPE_2_OF_SCHEDULED = (
    "ReferencedStudySequence",
    "AccessionNumber",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "ScheduledProcedureStepID",
    "ScheduledProcedureStepDescription",
    "ScheduledProtocolCodeSequence",
)
"""What an SCU sends in N-CREATE (PS3.4 Table F.7.2-1); of the scheduled step, Study Instance UID is type 1."""


def missing(dataset: Dataset, with_value: Iterable[str] = (), present: Iterable[str] = ()) -> list[str]:
    """Attributes that are absent, and those of the first that have no value."""
    found = [f"{keyword} absent" for keyword in (*with_value, *present) if keyword not in dataset]
    return found + [f"{keyword} empty" for keyword in with_value if keyword in dataset and not dataset[keyword].value]


def in_exam(trial: Trial) -> tuple[Room, Dataset]:
    """A room whose scanner has begun an exam, and its worklist entry. Raises Inconclusive."""
    room = Room(trial)
    entry = room.schedule()
    room.start(entry)
    return room, entry


def codes(dataset: Dataset, keyword: str) -> list[tuple[str, str]]:
    """Value and scheme of each item of a code sequence."""
    return [(str(one.get("CodeValue", "")), str(one.get("CodingSchemeDesignator", ""))) for one in dataset.get(keyword) or []]


@case(
    "dicom.mpps.scu.1",
    MUST,
    "modality",
    "+",
    "PS3.4 Table F.7.2-1; RAD TF-2x App. A, Table A-1; MESA mpps_evaluate",
    SECONDARY,
    needs=NEEDS,
)
def the_start_is_reported_with_what_the_worklist_says(trial: Trial) -> None:
    """The modality sends N-CREATE at the start with all type 1 and type 2 attributes, and the worklist's values copied: Study
    Instance UID, accession number, requested procedure ID, scheduled step ID, codes, patient."""
    room, entry = in_exam(trial)
    room.acquire(entry, 3)
    room.stored(3)
    created = room.creates()[0]
    dataset = created.dataset
    absent = missing(dataset, TYPE_1, TYPE_2)
    trial.expect(not absent, "all type 1 and type 2 attributes", ", ".join(absent), created.records)
    trial.expect_equal("status", dataset.PerformedProcedureStepStatus, "IN PROGRESS", created.records)
    items = dataset.ScheduledStepAttributesSequence
    trial.expect_equal("items of the Scheduled Step Attributes Sequence", len(items), 1, created.records)
    [scheduled] = items
    absent = missing(scheduled, ("StudyInstanceUID",), TYPE_2_OF_SCHEDULED)
    trial.expect(not absent, "all attributes of the scheduled step", ", ".join(absent), created.records)
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"):
        trial.expect_equal(keyword, str(dataset[keyword].value), str(entry[keyword].value), created.records)
    step = entry.ScheduledProcedureStepSequence[0]
    for keyword in ("StudyInstanceUID", "AccessionNumber", "RequestedProcedureID", "ScheduledProcedureStepID"):
        wanted = entry.get(keyword) or step.get(keyword)
        trial.expect_equal(keyword, str(scheduled[keyword].value), str(wanted), created.records)
    found = codes(scheduled, "ScheduledProtocolCodeSequence")
    trial.expect_equal("scheduled protocol code", found, codes(step, "ScheduledProtocolCodeSequence"), created.records)
    first_image = min(one.request.records[0] for one in room.images())
    trial.should(created.records[0] < first_image, "N-CREATE before the first image", "after it", created.records)


@case("dicom.mpps.scu.2", MUST, "modality", "+", "PS3.4 F.7.2.2.2", READ, needs=NEEDS)
def the_end_names_everything_that_was_made(trial: Trial) -> None:
    """The final N-SET names every series and every instance that was made, and no more N-SET follows."""
    room, entry = in_exam(trial)
    room.acquire(entry, 7, 5)
    images = room.stored(12)
    final = room.ended()[0]
    stored = {(str(one.dataset.SeriesInstanceUID), one.uid) for one in images}
    trial.expect_equal("status", final.dataset.PerformedProcedureStepStatus, "COMPLETED", final.records)
    expect_named(trial, final, stored)
    trial.expect_equal("series", len({series for series, _ in stored}), 2)
    more = trial.eventually(lambda: room.sets()[-1] is not final, trial.timers.quiet_s)
    trial.expect(not more, "no N-SET after the final state", "another one", room.sets()[-1].records)


def expect_named(trial: Trial, final: Received, stored: set[tuple[str, str]]) -> None:
    """The final N-SET names these images, by series and instance, and nothing else. Raises Failure."""
    series = final.dataset.get("PerformedSeriesSequence") or []
    named = {(str(one.get("SeriesInstanceUID", "")), uid) for one in series for uid in made(one)}
    unnamed, unknown = len(stored - named), len(named - stored)
    trial.expect(
        named == stored,
        f"the {len(stored)} images that were stored",
        f"{unnamed} of them not named, {unknown} others named",
        final.records,
    )


def made(series: Dataset) -> list[str]:
    """The instances that an item of the Performed Series Sequence names."""
    sequences = ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence")
    return [uid for keyword in sequences for _, uid in references(series, keyword)]


@case("dicom.mpps.scu.3", MUST, "modality", "-", "PS3.4 F.7.2.2.2; MESA 241/242", SECONDARY, needs=NEEDS)
def an_abandoned_exam_is_discontinued(trial: Trial) -> None:
    """Abandoned exam: DISCONTINUED, with a reason code; images made before are named."""
    room, entry = in_exam(trial)
    room.discontinue(entry, 3, "110501", "Equipment failure")
    images = room.stored(3)
    final = room.ended()[0]
    trial.expect_equal("status", final.dataset.PerformedProcedureStepStatus, "DISCONTINUED", final.records)
    expect_named(trial, final, {(str(one.dataset.SeriesInstanceUID), one.uid) for one in images})
    reasons = codes(final.dataset, "PerformedProcedureStepDiscontinuationReasonCodeSequence")
    trial.should(
        reasons == [("110501", "DCM")], "the reason in (0040,0281): 110501, DCM", f"{reasons or 'none'}", final.records
    )


@case("dicom.mpps.scu.4", MUST, "modality", "-", "PS3.4 F.7.2.2.2; MESA 231.5", SECONDARY, needs=NEEDS)
def appended_images_are_a_step_of_their_own(trial: Trial) -> None:
    """Images appended after COMPLETED need a new MPPS, with a new UID and a new step ID; the old one is not touched."""
    room, entry = in_exam(trial)
    room.acquire(entry, 2)
    room.stored(2)
    first = room.ended()[0]
    room.append(entry, 2)
    images = room.stored(4)
    second = room.ended(2)[1]
    begun = room.creates()
    uids = {one.command.sop_instance_uid for one in begun}
    step_ids = {str(one.dataset.get("PerformedProcedureStepID", "")) for one in begun}
    trial.expect_equal("N-CREATE, different UIDs, different step IDs", (len(begun), len(uids), len(step_ids)), (2, 2, 2))
    later = [one for one in room.sets(first.command.sop_instance_uid) if one.records[0] > first.records[-1]]
    trial.expect(not later, "no N-SET on the first step", f"{len(later)}", later[0].records if later else ())
    added = {one.uid for one in images} - _named(first)
    trial.expect(_named(second) == added, "the second step names the appended images", "it does not", second.records)


def _named(final: Received) -> set[str]:
    return {uid for one in final.dataset.get("PerformedSeriesSequence") or [] for uid in made(one)}


class GoneAfterTheQuery(Ris):
    """Nobody listens any more when the worklist was answered."""

    def __init__(self, trial: Trial) -> None:
        super().__init__()
        self._listener = trial.peer("ris").dicom

    def answered(self, conversation: Conversation, request: Received) -> None:
        if request.name == "C-FIND-RQ":
            self._listener.stop_listening(end_connections=False)


class FailsAtFirst(Ris):
    """The first N-CREATE is a processing failure."""

    refused = 0

    def n_create(self, request: Received) -> int:
        self.refused += 1
        return 0x0110 if self.refused == 1 else 0x0000


@case(
    "dicom.mpps.scu.5",
    SHOULD,
    "modality",
    "-",
    "declared",
    DECLARED,
    needs=NEEDS,
    variants=("nobody listens", "processing failure"),
)
def images_do_not_wait_for_the_ris(trial: Trial) -> None:
    """MPPS SCP down or answering an error: storing images goes on, and the MPPS is queued and sent in order later, or after an
    error given up as declared; never N-SET without its N-CREATE."""
    is_down = trial.variant == "nobody listens"
    room = Room(trial, GoneAfterTheQuery(trial) if is_down else FailsAtFirst())
    entry = room.schedule()
    room.pick(entry)
    if is_down:
        with trial.beforehand("the worklist is asked"):
            room.ris_listener.wait_for("a query", lambda one: one.name == "C-FIND-RQ", trial.timers.propagation_s)
    room.acquire(entry, 3)
    room.stored(3)
    if is_down:
        room.ris_listener.behave(Ris())
        room.ris_listener.listen()
    limit_s = trial.timers.propagation_s + trial.timers.retry_s
    trial.eventually(lambda: bool(room.sets()), limit_s)
    steps = {one.command.sop_instance_uid for one in room.creates()}
    order = [one.name for one in room.ris_listener.received if one.command.sop_instance_uid in steps]
    wanted = ["N-CREATE-RQ", "N-SET-RQ"]
    if not is_down:
        is_given_up = trial.target.policies.failed_step_start == "give_up"
        wanted = ["N-CREATE-RQ"] if is_given_up else ["N-CREATE-RQ", *wanted]
    trial.expect_equal(f"messages of the step within {limit_s:g} s", order, wanted)
