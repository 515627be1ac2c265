"""C-MOVE from an archive to the tester's workstation: what is sent, how it is counted, and what is said when it fails."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pydicom.dataset import Dataset

from conformance.case import MUST, READ, SHOULD, case
from conformance.material.archive import SR, are_found, reference_archive, store
from conformance.material.codestreams import LOSSY, SHORT_NAMES, UIDS, in_transfer_syntax
from conformance.material.images import Study
from conformance.material.query_models import LEVELS, MODELS, UNIQUE_KEYS, Level, Model, identifier, models
from conformance.material.sop_classes import SECONDARY_CAPTURE
from conformance.peers.acceptor import Acceptor, Behaviour
from conformance.peers.association import Association, Retrieved
from conformance.peers.conversation import Received
from conformance.target import RoleTarget
from conformance.trial import IMPLICIT, Trial
from emulators.wire import commands
from emulators.wire.dimse import Command

MOVE = ("storage", "query", "move")
COUNTERS = (
    "NumberOfRemainingSuboperations",
    "NumberOfCompletedSuboperations",
    "NumberOfFailedSuboperations",
    "NumberOfWarningSuboperations",
)


@dataclass(frozen=True, slots=True)
class Mover:
    """Retrieves to the tester's workstation."""

    trial: Trial
    peer: Association
    model: Model
    workstation: Acceptor
    title: str

    def move(self, level: Level, **keys: str | list[str]) -> Retrieved:
        return self.peer.move(self.model.move, identifier(level, **keys), self.title)

    def move_study(self, study: Study) -> Retrieved:
        return self.move("STUDY", **of_study(self.model, study))

    @property
    def stored(self) -> list[Received]:
        """The C-STORE requests that have come."""
        return [one for one in self.workstation.received if one.name == "C-STORE-RQ"]


def of_study(model: Model, study: Study) -> dict[str, str]:
    """The unique keys of a study."""
    above = {"PatientID": study.patient_id} if "PATIENT" in model.levels else {}
    return {**above, "StudyInstanceUID": study.uid}


@contextmanager
def mover(trial: Trial, behaviour: Behaviour | None = None) -> Iterator[Mover]:
    """At the model of the variant, or else the first that is claimed."""
    workstation = trial.peer("workstation")
    if behaviour is not None:
        workstation.dicom.behave(behaviour)
    name = trial.variant.partition("/")[0]
    model = MODELS[name if name in MODELS else models(trial.target)[0]]
    with trial.associate(model.move) as peer:
        yield Mover(trial, peer, model, workstation.dicom, workstation.title)


def counters(answer: Received) -> dict[str, int | None]:
    """The four numbers of sub-operations; None for one that is absent."""
    found = {name: answer.command.elements.get(name) for name in COUNTERS}
    return {name: value if isinstance(value, int) else None for name, value in found.items()}


def expect_counters(trial: Trial, answer: Received, *, completed: int, failed: int = 0) -> None:
    """Of a final response that was not cancelled: without Number of Remaining Sub-operations (C.4.2.1.6)."""
    found = counters(answer)
    remaining, *others = (found[name] for name in COUNTERS)
    trial.expect_equal("completed, failed and warning", [one or 0 for one in others], [completed, failed, 0], answer.records)
    trial.should(
        remaining is None, "no Number of Remaining Sub-operations in the final response", f"{remaining}", answer.records
    )


def expect_pending_counters(trial: Trial, retrieved: Retrieved, total: int) -> None:
    """Of every pending response: all four, and together all sub-operations (C.4.2.1.6 to .9)."""
    for one in retrieved.pending:
        found = [value for value in counters(one).values() if value is not None]
        trial.expect(len(found) == 4, "four numbers in a pending response", f"{len(found)}", one.records)
        trial.expect_equal("sum of the four numbers", sum(found), total, one.records)


# --- what is sent ------------------------------------------------------------------------------------------------------


def _levels(target: RoleTarget) -> list[str]:
    return [f"{name}/{one}" for name in models(target) for one in (*MODELS[name].levels, "UID list")]


@case(
    "dicom.qr.move.1", MUST, "pacs", "+", "PS3.4 C.4.2.2.1, C.4.2.1.3 to .9; PS3.7 9.3.1.1", READ, needs=MOVE, variants=_levels
)
def exactly_what_was_asked_for_is_sent_and_counted(trial: Trial) -> None:
    """C-MOVE sends exactly the asked objects to the known destination, with Move Originator AET and Message ID, and right
    counters.
    """
    reference = reference_archive(trial)
    first = reference.instances[0]
    with mover(trial) as archive:
        wanted_level = trial.variant.partition("/")[2]
        level: Level = next((one for one in LEVELS if one == wanted_level), "STUDY")
        path = archive.model.levels[: archive.model.levels.index(level) + 1]
        keys: dict[str, str | list[str]] = {UNIQUE_KEYS[one]: str(first[UNIQUE_KEYS[one]].value) for one in path}
        values = [str(first[UNIQUE_KEYS[level]].value)]
        if wanted_level == "UID list":
            values = list(reference.entries("STUDY"))[:2]
            keys["StudyInstanceUID"] = values
        wanted = set().union(*(reference.below(UNIQUE_KEYS[level], value) for value in values))
        retrieved = archive.move(level, **keys)
    trial.expect_equal("final status", retrieved.final.meaning, "0000H success", retrieved.final.records)
    trial.expect(retrieved.final.data is None, "no identifier", "an identifier", retrieved.final.records)
    _expect_sent(trial, archive.stored, wanted, archive.peer)
    expect_counters(trial, retrieved.final, completed=len(wanted))
    expect_pending_counters(trial, retrieved, len(wanted))


def _expect_sent(trial: Trial, stored: Sequence[Received], wanted: set[str], peer: Association) -> None:
    """Each once, and every one says who asked for it."""
    sent = [one.command.text("AffectedSOPInstanceUID") for one in stored]
    trial.expect(
        sorted(sent) == sorted(wanted),
        f"{len(wanted)} instances, each once",
        f"{len(sent)}, missing {len(wanted - set(sent))}, not asked for {len(set(sent) - wanted)}",
    )
    for one in stored:
        originator = one.command.text("MoveOriginatorApplicationEntityTitle")
        trial.expect_equal("Move Originator AE Title", originator, peer.request.calling_ae_title, one.records)
        trial.expect_equal("Move Originator Message ID", one.command.elements.get("MoveOriginatorMessageID"), 1, one.records)


@case("dicom.qr.move.2", MUST, "pacs", "-", "PS3.4 Table C.4-2", READ, needs=MOVE, variants=models)
def an_unknown_destination_is_refused(trial: Trial) -> None:
    """Unknown Move Destination gives A801H."""
    study = Study(trial)
    store(trial, study.images(1))
    with mover(trial) as archive:
        keys = of_study(archive.model, study)
        final = archive.peer.move(archive.model.move, identifier("STUDY", **keys), "NOWHERE").final
        trial.expect_equal("status", f"{final.status:04X}H", "A801H", final.records)
        trial.expect(not archive.stored, "no C-STORE", f"{len(archive.stored)}")


# --- what fails --------------------------------------------------------------------------------------------------------


class RefusesTheFirstTwo(Behaviour):
    """A700H, out of resources."""

    def __init__(self) -> None:
        self.refused: set[str] = set()

    def store(self, request: Received) -> int:
        if len(self.refused) >= 2:
            return 0x0000
        self.refused.add(request.command.text("AffectedSOPInstanceUID"))
        return 0xA700


class RefusesReports(Behaviour):
    refused_sop_classes = frozenset((SR,))


@case(
    "dicom.qr.move.3",
    MUST,
    "pacs",
    "-",
    "PS3.4 C.4.2.3.1, C.4.2.1.4.2, Table C.4-2",
    READ,
    needs=MOVE,
    variants=("two refused", "one SOP class not taken", "port closed"),
)
def a_failure_of_some_is_reported_with_the_list(trial: Trial) -> None:
    """Partial failure is reported: B000H, failed count, Failed SOP Instance UID List; all failed gives A702H or B000H."""
    study = Study(trial)
    images = [*study.images(3), *study.images(2, SR, 2)]
    store(trial, images)
    refusing = RefusesTheFirstTwo()
    behaviour = {"two refused": refusing, "one SOP class not taken": RefusesReports()}.get(trial.variant, Behaviour())
    with mover(trial, behaviour) as archive:
        if trial.variant == "port closed":
            archive.workstation.stop_listening()
        final = archive.move_study(study).final
    failed = {
        "two refused": refusing.refused,
        "one SOP class not taken": {str(one.SOPInstanceUID) for one in images[3:]},
        "port closed": {str(one.SOPInstanceUID) for one in images},
    }[trial.variant]
    wanted = (0xB000, 0xA702) if len(failed) == len(images) else (0xB000,)
    said = " or ".join(f"{status:04X}H" for status in wanted)
    trial.expect(final.status in wanted, said, final.meaning, final.records)
    expect_counters(trial, final, completed=len(images) - len(failed), failed=len(failed))
    listed = final.dataset.get("FailedSOPInstanceUIDList") or []
    uids = {str(one) for one in ([listed] if isinstance(listed, str) else listed)}
    trial.expect(uids == failed, "Failed SOP Instance UID List names what failed", f"{len(uids)} UIDs", final.records)


def _stored_in(target: RoleTarget) -> list[str]:
    """The claimed transfer syntaxes that keep pixels as they are and that a destination of implicit VR does not take."""
    claimed = target.claims.transfer_syntaxes
    return [name for uid, name in SHORT_NAMES.items() if uid in claimed and uid != IMPLICIT and name not in LOSSY]


class TakesImplicitAlone(Behaviour):
    def preferred(self, offered: Iterable[str]) -> list[str]:
        return [one for one in offered if one == IMPLICIT]


@case("dicom.qr.move.4", MUST, "pacs", "+", "PS3.4 C.4.2.3.1; PS3.5 10.1", READ, needs=MOVE, variants=_stored_in)
def an_object_is_sent_in_a_transfer_syntax_that_is_accepted(trial: Trial) -> None:
    """The object is sent in a transfer syntax the destination accepted: transcoded, or counted as failed. Pixels that were
    compressed without loss are the same.
    """
    image = Study(trial).image(SECONDARY_CAPTURE)
    pixels = bytes(image.PixelData)
    with trial.beforehand("an image in the transfer syntax"):
        _store_in(trial, image, UIDS[trial.variant])
    with mover(trial, TakesImplicitAlone()) as archive:
        above = {"PatientID": str(image.PatientID)} if "PATIENT" in archive.model.levels else {}
        final = archive.move("STUDY", **above, StudyInstanceUID=str(image.StudyInstanceUID)).final
    if not archive.stored:
        trial.expect(final.status in (0xB000, 0xA702), "B000H or A702H where it was not sent", final.meaning, final.records)
        expect_counters(trial, final, completed=0, failed=1)
        return
    trial.expect_equal("C-STORE requests", len(archive.stored), 1)
    [sent] = archive.stored
    trial.expect_equal("transfer syntax", sent.transfer_syntax, IMPLICIT, sent.records)
    trial.expect(sent.dataset.get("PixelData") == pixels, "the pixels of the image", "others", sent.records)
    expect_counters(trial, final, completed=1)


def _store_in(trial: Trial, image: Dataset, transfer_syntax: str) -> None:
    """Store one image in one transfer syntax, and wait until it is found. Raises Failure, Inconclusive."""
    image = in_transfer_syntax(image, transfer_syntax)
    with trial.associate((str(image.SOPClassUID), (transfer_syntax,))) as sender:
        sender.store_all([image])
    there = trial.eventually(lambda: are_found(trial, [image]), trial.timers.index_s)
    trial.expect(there, "the image is found", f"not within {trial.timers.index_s:g} s")


# --- what is cut short -------------------------------------------------------------------------------------------------

TOTAL, BEFORE_CANCEL, SECONDS_EACH = 50, 3, 0.03


class IsSlow(Behaviour):
    def store(self, request: Received) -> int:
        time.sleep(SECONDS_EACH)
        return 0x0000


@case("dicom.qr.move.5", MUST, "pacs", "-", "PS3.4 C.4.2.3.1", READ, needs=MOVE, variants=("C-CANCEL", "A-ABORT"))
def a_move_that_is_cut_short_is_counted_honestly(trial: Trial) -> None:
    """C-CANCEL during C-MOVE ends with FE00H and honest counters; an aborted C-MOVE association does not crash the product."""
    study = Study(trial)
    store(trial, study.images(TOTAL))
    with mover(trial, IsSlow()) as archive:
        if trial.variant == "A-ABORT":
            _abort(archive, study)
            return

        def cancel(request: Command) -> None:
            archive.workstation.wait_for("C-STORE", lambda one: one.name == "C-STORE-RQ", trial.timers.dimse_s, BEFORE_CANCEL)
            archive.peer.cancel(request)

        keys = identifier("STUDY", **of_study(archive.model, study))
        final = archive.peer.move(archive.model.move, keys, archive.title, meanwhile=cancel).final
    found = counters(final)
    total = sum(value or 0 for value in found.values())
    completed = found["NumberOfCompletedSuboperations"] or 0
    trial.expect_equal("completed, failed, warning and remaining together", total, TOTAL, final.records)
    trial.expect(completed <= len(archive.stored), f"{len(archive.stored)} completed at most", f"{completed}", final.records)
    is_whole = final.status == 0x0000 and completed == TOTAL
    trial.expect(final.status == 0xFE00 or is_whole, "FE00H, or 0000H after all were sent", final.meaning, final.records)
    trial.should(final.status == 0xFE00, "FE00H after C-CANCEL", final.meaning, final.records)


def _abort(archive: Mover, study: Study) -> None:
    """In the middle; then a C-MOVE on another association goes well."""
    trial, model = archive.trial, archive.model
    peer = archive.peer
    command = commands.c_move_rq(peer.next_message_id(), model.move, archive.title)
    peer.send(peer.context(model.move), command, identifier("STUDY", **of_study(model, study)))
    archive.workstation.wait_for("C-STORE", lambda one: one.name == "C-STORE-RQ", trial.timers.dimse_s, BEFORE_CANCEL)
    peer.abort()
    other = Study(trial)
    store(trial, other.images(1))
    with mover(trial) as again:
        final = again.move_study(other).final
    trial.expect_equal("status of the next C-MOVE", final.meaning, "0000H success", final.records)


@case("dicom.qr.move.6", SHOULD, "pacs", "-", "PS3.4 Table C.4-2", READ, needs=MOVE, variants=models)
def a_move_of_nothing_ends(trial: Trial) -> None:
    """No match gives 0000H with zero sub-operations (or A9xx for missing keys); never pending for ever."""
    study = Study(trial)
    with mover(trial) as archive:
        final = archive.move_study(study).final
        trial.expect(not archive.stored, "no C-STORE", f"{len(archive.stored)}")
    trial.expect(final.status == 0x0000 or final.status >> 8 == 0xA9, "0000H or A9xx", final.meaning, final.records)
    trial.expect_equal("sub-operations", sum(value or 0 for value in counters(final).values()), 0, final.records)
