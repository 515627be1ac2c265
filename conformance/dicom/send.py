"""Images as a modality sends them, or a router or reporting system."""

from collections.abc import Iterable

from conformance.case import MUST, OPINION, READ, SECONDARY, SHOULD, Role, case
from conformance.dicom.mpps_scu import codes
from conformance.material.commitment_results import references
from conformance.material.exam import Archive, Room, StoredImage
from conformance.material.sop_classes import KEY_OBJECT_SELECTION
from conformance.material.validator import faults
from conformance.peers.conversation import Conversation, Received
from conformance.trial import IMPLICIT, Trial
from conformance.verdict import Inconclusive
from emulators.wire.pdu import Abort, encode

SENDERS: tuple[Role, ...] = ("modality", "reporting", "engine")
SENDERS_OF_MANY: tuple[Role, ...] = ("modality", "engine")


def expect_legal(trial: Trial, images: Iterable[StoredImage]) -> None:
    """Each has what its modules need, in legal values, under the UIDs of its request. Raises Failure."""
    for image in images:
        dataset, records = image.dataset, image.request.records
        found = faults(dataset)
        trial.expect(not found, "modules, values and UIDs as PS3.3 and PS3.5 want them", "; ".join(found[:5]), records)
        said = str(dataset.SOPClassUID), str(dataset.SOPInstanceUID)
        asked = image.request.command.sop_class_uid, image.uid
        trial.expect_equal("SOP class and instance UID of data set and request", said, asked, records)


@case("dicom.send.1", MUST, SENDERS, "+", "PS3.3 Annex A; PS3.5 6.2, 9.1", READ, needs="sending")
def what_is_sent_is_legal(trial: Trial) -> None:
    """Objects sent are legal: required modules and type 1 values, legal value representations, UIDs under the declared root,
    unique per object."""
    room = Room(trial)
    room.exam(4)
    images = room.stored(4)
    expect_legal(trial, images)
    trial.expect_equal("different SOP Instance UIDs", len({one.uid for one in images}), len(images))
    roots = trial.target.claims.uid_roots
    for image in images if roots else ():
        made = (image.uid, str(image.dataset.SeriesInstanceUID))
        below = all(any(one.startswith(f"{root}.") for root in roots) for one in made)
        trial.expect(below, f"series and instance under {' or '.join(roots)}", ", ".join(made), image.request.records)


class Judges(Archive):
    """The n-th different image gets the n-th answer, the later ones success; what is out of resources takes the fourth try."""

    def __init__(self, trial: Trial, statuses: tuple[int, ...]) -> None:
        super().__init__(trial)
        self._statuses = statuses
        self.times: dict[str, int] = {}

    def status_of(self, uid: str) -> int:
        number = list(self.times).index(uid)
        return self._statuses[number] if number < len(self._statuses) else 0x0000

    def store(self, request: Received) -> int:
        uid = request.command.sop_instance_uid
        self.times[uid] = self.times.get(uid, 0) + 1
        status = self.status_of(uid)
        if status == OUT_OF_RESOURCES and self.times[uid] > 3:
            status = 0x0000
        if status == 0 or status >> 12 == 0xB:
            super().store(request)
        return status


OUT_OF_RESOURCES = 0xA700
FAILURES, WARNINGS = (0xA900, 0xC000), (0xB000, 0xB006, 0xB007)
TRIES_OF_A_FAILURE = 3


@case(
    "dicom.send.2",
    MUST,
    SENDERS,
    "-",
    "PS3.4 B.2.3",
    READ,
    needs="sending",
    variants=("out of resources", "failures and warnings"),
)
def statuses_are_told_apart(trial: Trial) -> None:
    """Failure statuses are told apart: A7xx is tried again later; A9xx and Cxxx are not tried without end; B000, B006 and B007
    count as success."""
    statuses = (OUT_OF_RESOURCES,) if trial.variant == "out of resources" else (*FAILURES, *WARNINGS)
    archive = Judges(trial, statuses)
    room = Room(trial, archive=archive)
    room.exam(len(statuses) + 1)
    room.stored(len(statuses) + 1)
    first = next(iter(archive.times))
    if trial.variant == "out of resources":
        limit_s = trial.timers.propagation_s + 4 * trial.timers.retry_s
        taken = trial.eventually(lambda: archive.times[first] > 3, limit_s)
        trial.expect(taken, "the image is sent again until it is taken", f"{archive.times[first]} tries in {limit_s:g} s")
        return
    trial.eventually(lambda: False, trial.timers.retry_s + trial.timers.quiet_s)
    for uid, times in archive.times.items():
        status = archive.status_of(uid)
        most = TRIES_OF_A_FAILURE if status in FAILURES else 1
        proof = next(one.request.records for one in reversed(room.images()) if one.uid == uid)
        trial.expect(times <= most, f"at most {most} C-STORE after {status:04X}H", f"{times}", proof)
    refused = {uid for uid in archive.times if archive.status_of(uid) in FAILURES}
    for asked in room.commitments():
        named = refused & {uid for _, uid in references(asked.dataset)}
        trial.should(not named, "no commitment asked for what was refused", f"{len(named)}", asked.records)


class BreaksOff(Archive):
    """Once, after the seventh image: A-ABORT, or nobody listens any more."""

    def __init__(self, trial: Trial, how: str) -> None:
        super().__init__(trial)
        self._how = how
        self._listener = trial.peer("pacs").dicom
        self._stored = 0

    def answered(self, conversation: Conversation, request: Received) -> None:
        super().answered(conversation, request)
        self._stored += request.name == "C-STORE-RQ"
        if request.name == "C-STORE-RQ" and self._stored == 7:
            if self._how == "abort":
                conversation.stream.send(encode(Abort(2, 0)))
                conversation.stream.close()
            else:
                self._listener.stop_listening()


@case(
    "dicom.send.3",
    MUST,
    SENDERS_OF_MANY,
    "-",
    "PS3.7 Annex A.5-A.6; declared",
    READ,
    needs="sending",
    variants=("abort", "outage", "restart"),
)
def everything_arrives_after_a_break(trial: Trial) -> None:
    """Abort or lost connection in the middle: the queue is kept and everything arrives in the end, also after a restart of the
    sender."""
    room = Room(trial, archive=BreaksOff(trial, trial.variant))
    room.exam(20)
    with trial.beforehand("the first images are stored"):
        room.stored(7)
    if trial.variant != "abort":
        trial.eventually(lambda: False, trial.timers.quiet_s)
        if trial.variant == "restart":
            trial.operate("restart")
        room.pacs_listener.listen()
    images = room.stored(20, trial.timers.propagation_s + trial.timers.index_s + 2 * trial.timers.retry_s)
    numbers = {str(one.dataset.get("InstanceNumber", "")) for one in images}
    trial.expect_equal("different instances and instance numbers", (len({one.uid for one in images}), len(numbers)), (20, 20))


class OnlyImplicit(Archive):
    """Takes Implicit VR Little Endian and nothing else; knows what came on a context that it did not accept."""

    def __init__(self, trial: Trial, accepted: tuple[str, ...] = (IMPLICIT,)) -> None:
        super().__init__(trial)
        self._accepted = accepted
        self.on_refused: list[Received] = []

    def preferred(self, offered: Iterable[str]) -> list[str]:
        return [syntax for syntax in offered if syntax in self._accepted]

    def answered(self, conversation: Conversation, request: Received) -> None:
        super().answered(conversation, request)
        if request.context_id not in conversation.contexts:
            self.on_refused.append(request)


@case(
    "dicom.send.4",
    SHOULD,
    SENDERS_OF_MANY,
    "+",
    "PS3.5 10.1; PS3.8 7.1.1.14",
    READ,
    needs="sending",
    variants=("implicit only", "nothing accepted"),
)
def images_are_sent_as_they_are_accepted(trial: Trial) -> None:
    """Sending in the transfer syntax accepted: conversion when only Implicit VR LE is, and nothing on a refused context."""
    is_refused = trial.variant == "nothing accepted"
    archive = OnlyImplicit(trial, () if is_refused else (IMPLICIT,))
    room = Room(trial, archive=archive)
    room.exam(2)
    if is_refused:
        with trial.beforehand("an association is proposed"):
            room.pacs_listener.wait_for_association(trial.timers.propagation_s)
        sent = trial.eventually(lambda: bool(archive.on_refused or room.images()), trial.timers.quiet_s)
        trial.expect(not sent, "nothing on a context that was refused", "C-STORE")
        room.pacs_listener.behave(Archive(trial))
        room.stored(2, trial.timers.propagation_s + 2 * trial.timers.retry_s)
        return
    images = room.stored(2)
    trial.expect(not archive.on_refused, "images on the accepted context", "on another", images[0].request.records)
    expect_legal(trial, images)
    for image in images:
        dataset = image.dataset
        bits = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.BitsAllocated
        trial.expect_equal("bytes of pixel data", len(dataset.PixelData), (bits + 15) // 16 * 2, image.request.records)


REJECTED = ("113001", "113037", "113038", "113039")
"""Titles of rejection notes (PS3.16 CID 7011)."""


@case("dicom.send.5", OPINION, "modality", "-", "RAD TF-1 3.3.4; RAD IOCM", SECONDARY, safety=True, needs="sending")
def corrected_images_are_new_ones(trial: Trial) -> None:
    """Wrong patient chosen and corrected on the modality: corrected objects come with new SOP Instance UIDs, or the old ones
    are rejected by a note."""
    room = Room(trial)
    subject = room.exam(2)
    old = {one.uid for one in room.stored(2)}
    right = trial.patient_id()
    name = {"patient.name.family": "Moss", "patient.name.given": "Rita"}
    trial.operate("correct patient", subject=subject, **{"patient.patient_id": right}, **name)
    limit_s = trial.timers.propagation_s + trial.timers.index_s
    if not trial.eventually(lambda: len({one.uid for one in room.images(right)}) >= 2, limit_s):
        raise Inconclusive("no images of the right patient were sent")
    again = [one for one in room.images(right) if one.uid in old]
    trial.eventually(lambda: {one.uid for one in again} <= _rejected(room), limit_s)  # a note may come behind the images
    for image in again:
        is_noted = image.uid in _rejected(room)
        trial.expect(is_noted, "new SOP Instance UIDs, or a note", "an old UID with another patient", image.request.records)


def _rejected(room: Room) -> set[str]:
    """The instances that rejection notes name."""
    found: set[str] = set()
    for one in room.pacs_listener.received:
        if one.name == "C-STORE-RQ" and one.command.sop_class_uid == KEY_OBJECT_SELECTION:
            note = one.dataset
            if any(value in REJECTED for value, _ in codes(note, "ConceptNameCodeSequence")):
                content = note.get("ContentSequence") or []
                found |= {uid for image in content for _, uid in references(image)}
    return found
