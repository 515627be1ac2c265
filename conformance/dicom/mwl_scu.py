"""The worklist as a modality uses it."""

import itertools
from collections.abc import Iterable, Iterator
from copy import deepcopy

from pydicom.dataset import Dataset

from conformance.case import DECLARED, MUST, OPINION, READ, SECONDARY, SHOULD, case
from conformance.dicom.mpps_scu import codes
from conformance.material.data_sets import encode
from conformance.material.exam import STEPS, Ris, Room, StoredImage
from conformance.material.items import item
from conformance.peers.acceptor import Answers
from conformance.peers.conversation import Received
from conformance.peers.stream import Stream
from conformance.trial import Trial

NEEDS = ("worklist", "sending")
COPIED = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "AccessionNumber")
ASKED = (*COPIED, "RequestedProcedureID", "RequestedProcedureDescription", "RequestedProcedureCodeSequence")
ASKED_OF_STEP = ("Modality", "ScheduledProcedureStepID", "ScheduledProcedureStepDescription", "ScheduledProtocolCodeSequence")


def requests(dataset: Dataset, keyword: str = "RequestAttributesSequence") -> list[tuple[str, str]]:
    """Requested Procedure ID and scheduled step ID of each item of a sequence of requests, sorted."""
    items = dataset.get(keyword) or []
    return sorted((str(one.get("RequestedProcedureID", "")), str(one.get("ScheduledProcedureStepID", ""))) for one in items)


def requested(*entries: Dataset) -> list[tuple[str, str]]:
    """The same of worklist entries."""
    return sorted((str(one.RequestedProcedureID), str(one[STEPS][0].ScheduledProcedureStepID)) for one in entries)


def expect_copied(trial: Trial, image: StoredImage, entry: Dataset, keywords: Iterable[str] = COPIED) -> None:
    for keyword in keywords:
        said, wanted = str(image.dataset.get(keyword, "")), str(entry[keyword].value)
        trial.expect_equal(f"{keyword} of the images", said, wanted, image.request.records)


@case(
    "dicom.mwl.scu.1",
    MUST,
    "modality",
    "+",
    "PS3.4 K.6.1.2; RAD TF-2x App. A, Table A-1; MESA mesa_composite_eval",
    SECONDARY,
    safety=True,
    needs=NEEDS,
)
def images_say_what_the_worklist_says(trial: Trial) -> None:
    """The modality's query holds the return keys it needs, and the values are copied into the images: Study Instance UID,
    accession number, patient, procedure and step IDs in the Request Attributes Sequence, codes."""
    room = Room(trial)
    entry = room.schedule()
    room.schedule(PatientName="Other^Ann", PatientID=trial.patient_id())
    room.start(entry)
    room.acquire(entry, 2)
    images = room.stored(2)
    query = next(one for one in room.ris_listener.received if one.name == "C-FIND-RQ")
    keys = query.dataset
    steps = keys.get(STEPS) or [Dataset()]
    absent = [one for one in ASKED if one not in keys] + [one for one in ASKED_OF_STEP if one not in steps[0]]
    trial.expect(not absent, "return keys for all that is copied", f"not asked for: {', '.join(absent)}", query.records)
    step = entry[STEPS][0]
    for image in images:
        expect_copied(trial, image, entry)
        trial.expect_equal("requests", requests(image.dataset), requested(entry), image.request.records)
        [request] = image.dataset.RequestAttributesSequence
        found = codes(request, "ScheduledProtocolCodeSequence")
        trial.expect_equal("protocol code", found, codes(step, "ScheduledProtocolCodeSequence"), image.request.records)
        done = codes(image.dataset, "ProcedureCodeSequence")
        trial.expect_equal("procedure code", done, codes(entry, "RequestedProcedureCodeSequence"), image.request.records)


class Unusual(Ris):
    """A worklist whose answers are rare and legal, or fail."""

    def __init__(self, how: str, trial: Trial) -> None:
        super().__init__()
        self._how = how
        self._trial = trial
        self.streams: list[Stream] = []

    def opened(self, stream: Stream) -> bool:
        self.streams.append(stream)
        return True

    def answered_entry(self, entry: Dataset, keys: Dataset) -> Dataset:
        answer = super().answered_entry(entry, keys)
        if self._how == "unknown character set":
            answer.SpecificCharacterSet = "ISO_IR 100"
        elif self._how == "type 2 missing":
            for keyword in ("PatientBirthDate", "PatientSex", "ReferringPhysicianName"):
                if keyword in answer:
                    delattr(answer, keyword)
        elif self._how == "two steps":
            answer[STEPS].value.append(item(deepcopy(answer[STEPS][0]), ScheduledProcedureStepID=self._trial.identifier("S")))
        return answer

    def answers(self, request: Received) -> Answers | None:
        if request.name != "C-FIND-RQ":
            return super().answers(request)
        matches = [encode(one, request.transfer_syntax) for one in self.find(request)]
        others = _of_others(next(iter(self.find(request))), request.transfer_syntax)
        pending = 0xFF01 if self._how == "FF01H" else 0xFF00
        if self._how in FAILURES:
            matches = []
        elif self._how == "many entries":
            matches = [*itertools.islice(others, 1200), *matches]
        elif self._how == "silence":
            return [(pending, one) for one in itertools.islice(others, 3)]
        elif self._how == "unknown character set":
            matches = [one.replace(b"ISO_IR 100", b"ISO_IR 999", 1) for one in matches]
        return [*((pending, one) for one in matches), (FAILURES.get(self._how, 0x0000), None)]


def _of_others(match: Dataset, transfer_syntax: str) -> Iterator[bytes]:
    """Entries like it, each of somebody else, without end; encoded once and then numbered."""
    values = {"PatientID": "P000000", "PatientName": "Other^Ann", "AccessionNumber": "A000000"}
    data = encode(item(match, **values, StudyInstanceUID="2.25.9000000", RequestedProcedureID="R000000"), transfer_syntax)
    return (data.replace(b"000000", f"{number:06}".encode()) for number in itertools.count(1))


FAILURES = {"A700H": 0xA700, "C001H": 0xC001}
USABLE = ("many entries", "FF01H", "unknown character set", "type 2 missing", "two steps")


@case(
    "dicom.mwl.scu.2",
    SHOULD,
    "modality",
    "-",
    "PS3.4 Table K.4-1, K.4.1.2",
    READ,
    safety=True,
    needs=NEEDS,
    variants=(*USABLE, *FAILURES, "silence"),
)
def unusual_answers_of_the_worklist_are_survived(trial: Trial) -> None:
    """Unusual responses are survived: more than 1000 entries, FF01H, an unknown character set, missing type 2 attributes, two
    steps in an entry, a failure, silence after some responses. The list is usable or the failure clear, a query that stalls is
    given up, the next one works, and the patient is never another."""
    strange = Unusual(trial.variant, trial)
    room = Room(trial, strange)
    entry = room.schedule()
    room.pick(entry)
    with trial.beforehand("the worklist is asked"):
        room.ris_listener.wait_for("a query", lambda one: one.name == "C-FIND-RQ", trial.timers.propagation_s)
    if trial.variant == "silence":
        expect_given_up(trial, room, strange.streams[0])
    elif trial.variant in USABLE:
        trial.eventually(lambda: bool(room.creates()), trial.timers.propagation_s)
    if not room.creates():
        calm = Ris()
        calm.entries.append(entry)
        room.ris_listener.behave(calm)
        room.start(entry)
    room.acquire(entry, 1)
    for image in room.stored(1):
        expect_copied(trial, image, entry, ("PatientID", "StudyInstanceUID", "AccessionNumber"))
    others = {str(one.dataset.get("PatientID", "")) for one in room.ris_listener.received if one.name == "N-CREATE-RQ"}
    trial.expect(others <= {room.patient_id}, "no step of anybody else", f"{len(others)} patients")


def expect_given_up(trial: Trial, room: Room, stream: Stream) -> None:
    """C-CANCEL, A-ABORT or the end of the connection within the declared time. Raises Failure."""

    def given_up() -> bool:
        return stream.is_closed or any(one.name == "C-CANCEL-RQ" for one in room.ris_listener.received)

    limit_s = trial.timers.dimse_s + trial.timers.propagation_s
    trial.expect(
        trial.eventually(given_up, limit_s), "C-CANCEL, A-ABORT or the end of the connection", f"none within {limit_s:g} s"
    )


@case("dicom.mwl.scu.3", OPINION, "modality", "-", "RAD TF-1 4.4.3; declared", SECONDARY, needs=NEEDS)
def an_exam_can_be_done_without_the_worklist(trial: Trial) -> None:
    """Worklist outage: with the SCP down the exam can be done, and is marked so that it can be reconciled: a Study Instance UID
    of its own, accession number empty or typed in, MPPS in the unscheduled form."""
    room = Room(trial)
    entry = room.schedule()
    room.ris_listener.stop_listening()
    room.pick(entry)
    subject = room.start_unscheduled()
    room.acquire(subject, 2)
    images = room.stored(2)
    room.ris_listener.listen()
    for image in images:
        dataset, records = image.dataset, image.request.records
        trial.expect_equal("accession number", str(dataset.get("AccessionNumber", "")), "", records)
        study = str(dataset.get("StudyInstanceUID", ""))
        trial.expect(study not in ("", entry.StudyInstanceUID), "a study of its own", study or "none", records)
        trial.expect_equal("scheduled steps that the images name", [step for _, step in requests(dataset) if step], [], records)
    if "performed_step" not in trial.target.claims.services:
        return
    limit_s = trial.timers.propagation_s + trial.timers.retry_s
    trial.expect(trial.eventually(lambda: bool(room.creates()), limit_s), "an N-CREATE later", f"none within {limit_s:g} s")
    created = room.creates()[0]
    named = created.dataset.get("ScheduledStepAttributesSequence") or []
    empty = ("AccessionNumber", "RequestedProcedureID", "ScheduledProcedureStepID")
    said = [str(one.get(keyword) or "") for one in named for keyword in empty]
    trial.expect_equal("one item that names nothing scheduled", said, ["", "", ""], created.records)
    studies = [str(one.get("StudyInstanceUID", "none")) for one in (named[0], images[0].dataset)]
    trial.expect_equal("its study", studies[0], studies[1], created.records)


@case("dicom.mwl.scu.4", MUST, "modality", "+", "RAD TF-2 4.6.4.1.2.3.4; MESA 222", SECONDARY, needs=NEEDS)
def two_requests_are_done_as_one(trial: Trial) -> None:
    """Group case: two requests done as one have a new Study Instance UID, both requests are in the Request Attributes Sequence
    and in the MPPS, and the accession number of the images is empty, or the first as declared."""
    room = Room(trial)
    first, second = room.schedule(), room.schedule()
    room.start(first, group=f'["{second.AccessionNumber}"]')
    room.acquire(first, 2)
    wanted = "" if trial.target.policies.grouped_accession == "empty" else str(first.AccessionNumber)
    for image in room.stored(2):
        dataset, records = image.dataset, image.request.records
        study, scheduled = str(dataset.get("StudyInstanceUID", "")), (first.StudyInstanceUID, second.StudyInstanceUID)
        trial.expect(study not in ("", *scheduled), "a new Study Instance UID", study or "none", records)
        trial.expect_equal("requests that the images name", requests(dataset), requested(first, second), records)
        trial.expect_equal("accession number", str(dataset.get("AccessionNumber", "")), wanted, records)
    if "performed_step" in trial.target.claims.services:
        created = room.creates()[0]
        named = requests(created.dataset, "ScheduledStepAttributesSequence")
        trial.expect_equal("steps that the MPPS names", named, requested(first, second), created.records)


@case(
    "dicom.mwl.scu.5",
    OPINION,
    "modality",
    "-",
    "declared",
    DECLARED,
    safety=True,
    needs=NEEDS,
    variants=("renamed", "merged", "cancelled"),
)
def a_stale_list_is_refreshed_before_the_start(trial: Trial) -> None:
    """Stale list: an entry that was cancelled, merged or changed is refreshed before the scan starts."""
    room = Room(trial)
    earlier, entry = room.schedule(), room.schedule()
    room.start(earlier)  # now the scanner has seen both
    room.acquire(earlier, 1)
    room.stored(1)
    before = len(room.ris_listener.received)
    if trial.variant == "cancelled":
        room.ris.entries.remove(entry)
        room.pick(entry)
        started = trial.eventually(lambda: room.begun(entry) is not None, trial.timers.quiet_s)
        trial.expect(not started, "an entry that was cancelled is not started", "it is")
    else:
        entry.PatientName = "Moss^Jane^Q"
        if trial.variant == "merged":
            entry.PatientID = trial.patient_id()
        room.pick(entry)
        room.acquire(entry, 1)
        expect_copied(trial, _image_of(room, entry), entry)
    asked = [one for one in room.ris_listener.received[before:] if one.name == "C-FIND-RQ"]
    trial.expect(bool(asked), "the worklist is asked again before the start", "it is not")


def _image_of(room: Room, entry: Dataset) -> StoredImage:
    """The first image of the entry's study, under the patient who is there now or was there before. Raises Failure."""

    def came() -> list[StoredImage]:
        images = [one for patient_id in (str(entry.PatientID), room.patient_id) for one in room.images(patient_id)]
        return [one for one in images if one.dataset.get("StudyInstanceUID") == entry.StudyInstanceUID]

    limit_s = room.trial.timers.propagation_s + room.trial.timers.index_s
    room.trial.expect(
        room.trial.eventually(lambda: bool(came()), limit_s), "an image of the study", f"none within {limit_s:g} s"
    )
    return came()[0]
