"""Storage commitment as SCP."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from conformance.case import MUST, READ, SHOULD, case
from conformance.dicom.store_abort import PIXEL_BYTES, broken_off
from conformance.material.commitment import (
    CLASS_INSTANCE_CONFLICT,
    SCU,
    Result,
    committed,
    is_result,
    references_to,
    requested,
    result_of,
)
from conformance.material.commitment_results import (
    ALL_SAFE,
    NO_SUCH_INSTANCE,
    SOME_FAILED,
    STORAGE_COMMITMENT,
    WELL_KNOWN_INSTANCE,
    Reference,
)
from conformance.material.images import Study
from conformance.material.sop_classes import CT, MR
from conformance.material.stored import expect_found, is_taken, sent_as
from conformance.material.work import pixels
from conformance.peers.acceptor import Behaviour
from conformance.peers.conversation import Received
from conformance.trial import Trial

CLAIMS = ("storage", "commitment")
PROCESSING_FAILURE = 0x0110


def stored(trial: Trial, count: int) -> list[Dataset]:
    """As many images of one study, stored and found."""
    images = Study(trial).images(count)
    with trial.associate(CT) as peer:
        peer.store_all(images)
    with trial.beforehand("the stored images are found"):
        expect_found(trial, *images)
    return images


def expect_all_safe(trial: Trial, result: Result, asked: Sequence[Reference]) -> None:
    """Event type 1, every instance in the Referenced SOP Sequence once, and none failed."""
    trial.expect_equal("event type", result.event_type, ALL_SAFE, result.records)
    trial.expect_equal("Referenced SOP Sequence", sorted(result.committed), sorted(asked), result.records)
    trial.expect(not result.failed, "no Failed SOP Sequence", f"{len(result.failed)} failed", result.records)


@case("dicom.stgcmt.scp.1", MUST, "pacs", "+", "PS3.4 J.3.2, J.3.3.1, Table J.3-2", READ, needs=CLAIMS)
def what_is_safe_is_committed_under_its_transaction(trial: Trial) -> None:
    """N-ACTION is accepted and an N-EVENT-REPORT with the same Transaction UID follows; event type 1 when all are safe."""
    asked = references_to(*stored(trial, 5))
    expect_all_safe(trial, committed(trial, asked), asked)


@case("dicom.stgcmt.scp.2", MUST, "pacs", "-", "PS3.4 J.3.3.1.1, J.3.3.1.2; PS3.3 C.14.1.1", READ, needs=CLAIMS)
def unknown_instances_fail_and_each_is_in_one_list(trial: Trial) -> None:
    """Unknown instances give event type 2 with failure 0112H; each requested instance is in exactly one of the two lists."""
    known, unknown = references_to(*stored(trial, 5)), (CT, trial.uid())
    result = committed(trial, [*known, unknown])
    trial.expect_equal("event type", result.event_type, SOME_FAILED, result.records)
    trial.expect_equal("Referenced SOP Sequence", sorted(result.committed), sorted(known), result.records)
    trial.expect_equal("failed, by reason", result.failed, [(unknown[1], NO_SUCH_INSTANCE)], result.records)
    result = committed(trial, [unknown])
    trial.expect_equal("event type", result.event_type, SOME_FAILED, result.records)
    trial.expect_equal("Referenced SOP Sequence", result.committed, [], result.records)
    trial.expect_equal("failed, by reason", result.failed, [(unknown[1], NO_SUCH_INSTANCE)], result.records)
    is_left_out = "ReferencedSOPSequence" not in result.received.dataset
    trial.should(is_left_out, "no Referenced SOP Sequence where nothing is committed (type 1C)", "one", result.records)


BREAKS = ("A-ABORT", "FIN", "RST")


@case("dicom.stgcmt.scp.3", MUST, "pacs", "-", "PS3.4 J.3.3.1.2; PS3.7 9.1.1.2", READ, safety=True, needs=CLAIMS)
def what_broke_off_or_was_refused_is_not_committed(trial: Trial) -> None:
    """Commitment is never given for an object whose transfer was aborted (by A-ABORT, FIN or RST), or that was refused."""
    study = Study(trial)
    good, mismatched = study.images(2)
    broken = study.images(len(BREAKS), **pixels(trial, PIXEL_BYTES))
    other = study.image(SOPInstanceUID=good.SOPInstanceUID, PatientComments="another content")
    for image, how in zip(broken, BREAKS, strict=True):
        broken_off(trial, image, how)
    announced = trial.uid()
    with trial.associate(CT) as peer:
        peer.store_all([good])
        is_mismatch_refused = not is_taken(sent_as(peer, mismatched, CT, announced).status)
        is_other_refused = not is_taken(peer.store(other).status)
    with trial.beforehand("the good image is found"):
        expect_found(trial, good)
    lost = [str(one.SOPInstanceUID) for one in broken]
    lost += [announced, str(mismatched.SOPInstanceUID)] if is_mismatch_refused else []
    result = committed(trial, [(CT, uid) for uid in lost])
    trial.expect_equal("event type", result.event_type, SOME_FAILED, result.records)
    trial.expect(not result.committed, "nothing of it committed", f"{result.committed}", result.records)
    trial.expect_equal("failed", sorted(uid for uid, _ in result.failed), sorted(lost), result.records)
    if is_other_refused:  # the UID is in the archive, but not what its sender has: he must not delete it
        result = committed(trial, references_to(other))
        trial.should(not result.committed, "no commitment for a refused duplicate", "committed", result.records)


@case("dicom.stgcmt.scp.4", MUST, "pacs", "+", "PS3.4 J.2.1, J.3.3.1.2; PS3.7 D.3.3.4", READ, needs=CLAIMS)
def the_result_comes_on_a_new_association_with_role_selection(trial: Trial) -> None:
    """The event can be sent on a new association opened by the SCP, with SCP/SCU role selection, to the AE that asked."""
    asked, transaction = references_to(*stored(trial, 2)), trial.uid()
    scu = trial.peer(SCU)
    with trial.associate(STORAGE_COMMITMENT) as peer:
        answer = requested(peer, transaction, asked)
        trial.expect_equal("N-ACTION-RSP", answer.meaning, "0000H success", answer.records)
    expect_all_safe(trial, result_of(trial, transaction), asked)
    proposals = [one for one in scu.dicom.requests if STORAGE_COMMITMENT in {two.abstract_syntax for two in one.contexts}]
    trial.expect(bool(proposals), "an association that proposes storage commitment", "none")
    called = proposals[-1].called_ae_title
    trial.expect_equal("called AE title", called, scu.title)
    roles = [(role.scu, role.scp) for role in proposals[-1].user_information.roles if role.sop_class_uid == STORAGE_COMMITMENT]
    trial.expect_equal("role selection (SCU, SCP) of storage commitment", roles, [(False, True)])


class _FailsOnce(Behaviour):
    """0110H to the first event about a transaction, 0000H to all others."""

    def __init__(self, transaction: str) -> None:
        self._transaction = transaction
        self._count = 0

    def n_event_report(self, request: Received) -> int:
        if not is_result(request, self._transaction):
            return 0x0000
        self._count += 1
        return PROCESSING_FAILURE if self._count == 1 else 0x0000


@case(
    "dicom.stgcmt.scp.5",
    SHOULD,
    "pacs",
    "-",
    "PS3.4 J.3.3.1.3",
    READ,
    needs=CLAIMS,
    variants=("port-closed", "processing-failure"),
    slow=True,
)
def a_result_that_was_not_taken_is_sent_again(trial: Trial) -> None:
    """The event is retried when the SCU cannot be reached or answers an error."""
    asked, transaction, scu = references_to(*stored(trial, 1)), trial.uid(), trial.peer(SCU).dicom
    if trial.variant == "port-closed":
        scu.stop_listening()
    else:
        scu.behave(_FailsOnce(transaction))
    with trial.associate(STORAGE_COMMITMENT) as peer:
        answer = requested(peer, transaction, asked)
        trial.expect_equal("N-ACTION-RSP", answer.meaning, "0000H success", answer.records)
    wanted = 1
    if trial.variant == "port-closed":
        trial.eventually(lambda: False, trial.timers.retry_s)  # as long as it takes to try twice
        scu.listen()
    else:
        wanted = 2
    limit_s = trial.timers.commitment_s + 1.2 * trial.timers.retry_s
    came = scu.wait_for("the event again", lambda one: is_result(one, transaction), limit_s, wanted)
    expect_all_safe(trial, Result(came[-1]), asked)


@case(
    "dicom.stgcmt.scp.6",
    SHOULD,
    "pacs",
    "-",
    "PS3.4 J.3.2.1.1, J.3.5; PS3.3 C.14.1.1",
    READ,
    needs=CLAIMS,
    variants=("other-class", "empty", "twice", "other-instance"),
)
def a_bad_request_gets_a_fitting_answer(trial: Trial) -> None:
    """Wrong SOP class of an instance: 0119H. Empty list, an instance twice, wrong well-known UID: an error, or event type 2."""
    [known] = references_to(*stored(trial, 1))
    wrong = (MR, known[1])
    asked = {"other-class": [wrong], "empty": [], "twice": [known, known]}.get(trial.variant, [known])
    instance = trial.uid() if trial.variant == "other-instance" else WELL_KNOWN_INSTANCE
    transaction = trial.uid()
    with trial.associate(STORAGE_COMMITMENT) as peer:
        answer = requested(peer, transaction, asked, instance)
        if answer.status != 0 and trial.variant != "other-class":
            return
        trial.expect_equal("N-ACTION-RSP", answer.meaning, "0000H success", answer.records)
        result = result_of(trial, transaction, peer)
    trial.expect_equal("event type", result.event_type, SOME_FAILED, result.records)
    if trial.variant == "other-class":
        trial.expect_equal("failed, by reason", result.failed, [(known[1], CLASS_INSTANCE_CONFLICT)], result.records)
