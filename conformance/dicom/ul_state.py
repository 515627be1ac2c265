"""The end of associations, and PDUs where they must not come."""

import threading
import time

from conformance.case import ACCEPTORS, DICOM_EITHER, MUST, READ, REQUESTORS, case
from conformance.material.errands import Errand, calls_others
from conformance.material.work import Work, p_data
from conformance.peers.acceptor import Behaviour
from conformance.peers.conversation import Conversation, Received
from conformance.peers.stream import ReceivedPdu, Stream
from conformance.target import RoleTarget
from conformance.trial import VERIFICATION, Trial
from conformance.verdict import Ended, Failure, Silence
from emulators.wire.commands import c_echo_rq
from emulators.wire.dimse import encode_command
from emulators.wire.pdu import Abort, ReleaseReply, ReleaseRequest, encode


def awaited(stream: Stream, name: str, limit_s: float) -> ReceivedPdu:
    """The next PDU; ``name`` says which it should be. Raises Silence, Ended."""
    try:
        return stream.receive_pdu(limit_s)
    except (Silence, Ended) as end:
        raise type(end)(name, end.actual, end.proof) from None


def aborted(trial: Trial, stream: Stream) -> tuple[Abort, ReceivedPdu]:
    """The A-ABORT that must come, and the end of the connection after it. Raises Failure."""
    received = awaited(stream, "A-ABORT", stream.limit_s)
    pdu = received.decoded()
    if not isinstance(pdu, Abort):
        raise Failure("A-ABORT", received.name, received.records)
    stream.finish_sending()
    stream.ending(trial.timers.artim_s * 1.2)
    return pdu, received


@case("dicom.ul.state.1", MUST, ACCEPTORS, "+", "PS3.8 7.2.2, 9.1.4, 9.2", READ)
def a_release_is_answered_and_the_connection_closed(trial: Trial) -> None:
    """Orderly release: A-RELEASE-RQ is answered with A-RELEASE-RP and the connection is closed."""
    peer = trial.associate(VERIFICATION)
    trial.expect_equal("C-ECHO", peer.echo().meaning, "0000H success")
    peer.ask_for_release()
    peer.stream.finish_sending()
    peer.stream.ending(trial.timers.artim_s * 1.2)


class Collides(Behaviour):
    """Answers A-RELEASE-RQ with its own; what came of it is in ``failure`` once ``is_over`` is set."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self.is_over = threading.Event()
        self.failure: Failure | None = None

    def release(self, conversation: Conversation, received: ReceivedPdu) -> None:
        stream = conversation.stream
        try:
            stream.send(encode(ReleaseRequest()))
            answer = awaited(stream, "A-RELEASE-RP", self._limit_s)
            if not isinstance(answer.decoded(), ReleaseReply):
                raise Failure("A-RELEASE-RP", answer.name, answer.records)
            stream.send(encode(ReleaseReply()))
            stream.ending(self._limit_s)
        except Failure as failure:
            self.failure = failure
        finally:
            self.is_over.set()


@case("dicom.ul.state.2", MUST, REQUESTORS, "-", "PS3.8 7.2.2.7, Table 9-10", READ)
def a_release_collision_is_resolved(trial: Trial) -> None:
    """A release collision is resolved, not deadlocked: the requestor sends A-RELEASE-RP, waits for A-RELEASE-RP, closes."""
    with Errand(trial) as errand:
        collides = Collides(trial.timers.artim_s)
        errand.at.behave(collides)
        errand.run()
        errand.arrives()
        trial.expect(collides.is_over.wait(errand.limit_s), "A-RELEASE-RQ", "none came")
    if collides.failure is not None:
        raise collides.failure


class Aborts(Behaviour):
    """In the place of the first answer; ``ending`` is how the product took it."""

    def __init__(self, by_reset: bool, limit_s: float) -> None:
        self._by_reset = by_reset
        self._limit_s = limit_s
        self.is_over = threading.Event()
        self.failure: Failure | None = None

    def answers(self, request: Received) -> None:
        return None

    def answered(self, conversation: Conversation, request: Received) -> None:
        try:
            if self._by_reset:
                conversation.stream.reset()
            else:
                conversation.stream.send(encode(Abort(0, 0)))
                conversation.stream.ending(self._limit_s)
        except Failure as failure:
            self.failure = failure
        finally:
            self.is_over.set()
        raise Ended("the end of the association", "it was made here")


BY_ABORT, BY_RESET = "A-ABORT", "TCP reset"


def _ends(target: RoleTarget) -> tuple[str, ...]:
    as_acceptor = (BY_ABORT, BY_RESET) if target.dicom_port is not None else ()
    as_requestor = (f"{BY_ABORT} to the requestor", f"{BY_RESET} to the requestor") if calls_others(target) else ()
    return (*as_acceptor, *as_requestor)


@case("dicom.ul.state.3", MUST, DICOM_EITHER, "-", "PS3.8 7.3.2, 9.2", READ, variants=_ends)
def an_abort_ends_the_association_at_once(trial: Trial) -> None:
    """A received A-ABORT or TCP reset ends the association at once; the next association works."""
    if trial.variant.endswith("requestor"):
        the_requestor_is_aborted(trial)
        return
    work = Work(trial)
    peer = work.associate()
    peer.stream.send(work.half(peer))
    if trial.variant == BY_RESET:
        peer.reset()
    else:
        peer.stream.send(encode(Abort(0, 0)))
        nothing_follows(trial, peer.stream)
    with Work(trial).associate() as after:
        trial.expect_equal("C-ECHO on the next association", after.echo().meaning, "0000H success")


def nothing_follows(trial: Trial, stream: Stream) -> None:
    """The connection ends. Raises Failure where a PDU comes; an A-ABORT may have crossed ours."""
    try:
        received = stream.receive_pdu(trial.timers.artim_s)
    except Ended:
        return
    trial.expect(isinstance(received.decoded(), Abort), "no PDU after A-ABORT", received.name, received.records)
    trial.should(False, "no PDU after A-ABORT", "A-ABORT", received.records)
    stream.ending(trial.timers.artim_s)


def the_requestor_is_aborted(trial: Trial) -> None:
    """In the middle of its operation; then it is asked for another."""
    with Errand(trial) as errand:
        aborts = Aborts(trial.variant.startswith(BY_RESET), trial.timers.artim_s)
        errand.at.behave(aborts)
        errand.run()
        trial.expect(aborts.is_over.wait(errand.limit_s), errand.request, "none came")
        if aborts.failure is not None:
            raise aborts.failure
        errand.at.behave(Behaviour())
        before = len([one for one in errand.at.received if one.name == errand.request])
        errand.run()
        errand.arrives(before + 1)


@case("dicom.ul.state.4", MUST, ACCEPTORS, "-", "PS3.8 9.1.2, 9.1.5", READ, alone=True, slow=True)
def a_connection_on_which_nothing_arrives_is_closed(trial: Trial) -> None:
    """A connection on which nothing arrives is closed after the configurable ARTIM time (declared, and a fifth more)."""
    silent, until_s = trial.connect(), time.monotonic() + trial.timers.artim_s * 1.2
    try:
        with trial.associate(VERIFICATION) as other:
            other.echo()
    except Silence as silence:
        trial.should(False, "others are served meanwhile", silence.actual)
    silent.ending(until_s - time.monotonic())


OUT_OF_PLACE = ("P-DATA-TF first", "second A-ASSOCIATE-RQ", "A-RELEASE-RP unasked")


@case("dicom.ul.state.5", MUST, ACCEPTORS, "-", "PS3.8 9.2, 9.3.8, Tables 9-1 to 9-10, 9-26", READ, variants=OUT_OF_PLACE)
def a_pdu_that_is_illegal_in_its_state_leads_to_an_abort(trial: Trial) -> None:
    """A PDU that is illegal in the current state leads to A-ABORT (AA-1 before an association, AA-8 in it: source 2)."""
    if trial.variant == "P-DATA-TF first":
        stream = trial.connect()
        stream.send(p_data((1, True, True, encode_command(c_echo_rq(1)))))
        aborted(trial, stream)
        return
    peer = trial.associate(VERIFICATION)
    peer.stream.send(encode(peer.request if trial.variant == "second A-ASSOCIATE-RQ" else ReleaseReply()))
    abort, received = aborted(trial, peer.stream)
    trial.expect_equal("source of the A-ABORT", abort.source, 2, received.records)
    trial.should(abort.reason == 2, "reason 2, unexpected PDU", f"reason {abort.reason}", received.records)
