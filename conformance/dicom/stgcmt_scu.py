"""Storage commitment as a modality asks for it."""

from conformance.case import MUST, READ, SHOULD, case
from conformance.material.commitment_results import WELL_KNOWN_INSTANCE, references, send_result
from conformance.material.exam import Archive, Room, report
from conformance.peers.conversation import Conversation, Received
from conformance.peers.stream import ReceivedPdu
from conformance.trial import Trial
from conformance.verdict import NotApplicable

NEEDS = ("worklist", "sending", "commitment")


class SaysNothing(Archive):
    """Takes requests, and sends no result."""

    def asked(self, conversation: Conversation, request: Received) -> None:
        pass


class ReportsAtOnce(SaysNothing):
    """The result follows on the association of the request, unless that is released before."""

    is_released = False

    def asked(self, conversation: Conversation, request: Received) -> None:
        send_result(conversation, request, references(request.dataset))

    def release(self, conversation: Conversation, received: ReceivedPdu) -> None:
        self.is_released = True
        super().release(conversation, received)


def scanned(trial: Trial, room: Room, instances: int = 3) -> list[str]:
    """One exam, all of whose images are stored; their SOP Instance UIDs."""
    entry = room.schedule()
    room.start(entry)
    before = {one.uid for one in room.images()}
    room.acquire(entry, instances)
    with trial.beforehand("the images are stored"):
        return sorted({one.uid for one in room.stored(len(before) + instances)} - before)


@case("dicom.stgcmt.scu.1", MUST, "modality", "+", "PS3.4 J.3.2.1.1, J.3.5", READ, needs=NEEDS)
def commitment_is_asked_for_all_that_was_stored(trial: Trial) -> None:
    """The modality asks commitment for every instance it stored, once per instance, with a fresh Transaction UID and the
    well-known instance UID 1.2.840.10008.1.20.1.1."""
    room = Room(trial)
    for _ in range(2):
        images = scanned(trial, room)
        asked = room.asked_for_commitment(images[:1])
        named = [uid for _, uid in references(asked.dataset)]
        trial.expect_equal("instances that are named", sorted(named), images, asked.records)
        classes = {(str(one.dataset.get("SOPClassUID", "")), one.uid) for one in room.images()}
        trial.expect(set(references(asked.dataset)) <= classes, "each under its SOP class", "another class", asked.records)
        trial.expect_equal("Requested SOP Instance UID", asked.command.sop_instance_uid, WELL_KNOWN_INSTANCE, asked.records)
        trial.expect_equal("Action Type ID", asked.command.elements.get("ActionTypeID"), 1, asked.records)
    transactions = [str(one.dataset.get("TransactionUID", "")) for one in room.commitments()]
    trial.expect_equal("different Transaction UIDs of two exams", (len(transactions), len(set(transactions))), (2, 2))


@case(
    "dicom.stgcmt.scu.2",
    MUST,
    "modality",
    "+",
    "PS3.4 J.3.3.1.2-J.3.3.1.3",
    READ,
    needs=NEEDS,
    variants=("same association", "later, new association", "after a restart"),
)
def the_result_is_taken_whenever_it_comes(trial: Trial) -> None:
    """The modality takes the result on the same association, later on a new one, and after it was restarted, and answers
    0000H."""
    is_at_once = trial.variant == "same association"
    archive = ReportsAtOnce(trial) if is_at_once else SaysNothing(trial)
    room = Room(trial, archive=archive)
    asked = room.asked_for_commitment(scanned(trial, room))
    if is_at_once:
        answer = _answer_on_same(trial, room, archive)
    else:
        trial.eventually(lambda: False, 2 * trial.timers.quiet_s)
        if trial.variant == "after a restart":
            trial.operate("restart")
            with trial.beforehand("it is there again"):
                echo = trial.well_behaved().echo
                up = trial.eventually(lambda: not echo(trial.key), trial.timers.association_s)
                trial.expect(up, "it answers C-ECHO", "it does not")
        answer = report(trial, asked, references(asked.dataset))
    trial.expect_equal("status of N-EVENT-REPORT-RSP", answer.meaning, "0000H success", answer.records)


def _answer_on_same(trial: Trial, room: Room, archive: Archive) -> Received:
    """The answer to the result that came at once. Raises NotApplicable, Failure."""

    def answers() -> list[Received]:
        return [one for one in room.pacs_listener.received if one.name == "N-EVENT-REPORT-RSP"]

    trial.eventually(lambda: bool(answers()), trial.timers.dimse_s)
    if not answers() and isinstance(archive, ReportsAtOnce) and archive.is_released:
        raise NotApplicable("it releases the association of its request at once")
    trial.expect(bool(answers()), "N-EVENT-REPORT-RSP", f"none within {trial.timers.dimse_s:g} s")
    return answers()[0]


@case(
    "dicom.stgcmt.scu.3",
    MUST,
    "modality",
    "-",
    "PS3.4 J.3.3.1.2; declared",
    READ,
    safety=True,
    needs=NEEDS,
    variants=("one failed", "no result"),
)
def what_is_not_committed_is_kept(trial: Trial) -> None:
    """On a result with failures, or no result, the modality keeps the images and tries again: what failed is stored again and
    committed later, at the latest when the operator sends it again."""
    room = Room(trial, archive=SaysNothing(trial))
    images = scanned(trial, room)
    asked = room.asked_for_commitment(images)
    lost, before = images[:1] if trial.variant == "one failed" else images, len(room.images())
    if trial.variant == "one failed":
        kept = [one for one in references(asked.dataset) if one[1] not in lost]
        with trial.beforehand("the result is taken"):
            answer = report(trial, asked, kept)
            trial.expect_equal("status", answer.meaning, "0000H success", answer.records)

    def again() -> bool:
        stored = {one.uid for one in room.images()[before:]}
        return set(lost) <= stored or (trial.variant == "no result" and len(room.commitments()) > 1)

    limit_s = trial.timers.commitment_s + trial.timers.retry_s
    if not trial.eventually(again, limit_s) and trial.operator.can("send again"):
        trial.operate("send again", subject=str(room.ris.entries[0].AccessionNumber))
        trial.eventually(again, trial.timers.propagation_s)
    wanted = "the failed image is stored again" if trial.variant == "one failed" else "commitment is asked for again"
    trial.expect(again(), wanted, f"nothing within {limit_s:g} s", asked.records)
    second = room.asked_for_commitment(lost, trial.timers.commitment_s, after=1)
    transactions = str(asked.dataset.TransactionUID), str(second.dataset.TransactionUID)
    trial.expect(len(set(transactions)) == 2, "a fresh Transaction UID", "the same again", second.records)
    answer = report(trial, second, references(second.dataset))
    trial.expect_equal("status of N-EVENT-REPORT-RSP", answer.meaning, "0000H success", answer.records)


@case("dicom.stgcmt.scu.4", SHOULD, "modality", "-", "PS3.4 J.3.3.1.3; PS3.7 Annex C", READ, needs=NEEDS)
def a_result_of_an_unknown_transaction_is_refused(trial: Trial) -> None:
    """An event with an unknown Transaction UID is refused with an error, and the transaction that is open stays so."""
    room = Room(trial, archive=SaysNothing(trial))
    asked = room.asked_for_commitment(scanned(trial, room))
    unknown = report(trial, asked, references(asked.dataset), transaction=trial.uid())
    trial.expect(unknown.status != 0, "a status other than 0000H", unknown.meaning, unknown.records)
    answer = report(trial, asked, references(asked.dataset))
    trial.expect_equal("status of the event of the open one", answer.meaning, "0000H success", answer.records)
