"""The end of associations, and PDUs where they must not come."""

from conformance.case import ACCEPTORS, MUST, READ, case
from conformance.material.work import Work, p_data
from conformance.peers.stream import ReceivedPdu, Stream
from conformance.trial import VERIFICATION, Trial
from conformance.verdict import Failure
from emulators.wire.commands import c_echo_rq
from emulators.wire.dimse import encode_command
from emulators.wire.pdu import Abort, ReleaseReply, encode


def aborted(trial: Trial, stream: Stream) -> tuple[Abort, ReceivedPdu]:
    """The A-ABORT that must come, and the end of the connection after it. Raises Failure."""
    received = stream.receive_pdu()
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
    peer.release()
    peer.stream.finish_sending()
    peer.stream.ending(trial.timers.artim_s * 1.2)


@case("dicom.ul.state.3", MUST, ACCEPTORS, "-", "PS3.8 7.3.2, 9.2", READ, variants=("A-ABORT", "TCP reset"))
def an_abort_ends_the_association_at_once(trial: Trial) -> None:
    """A received A-ABORT or TCP reset ends the association at once; the next association works."""
    work = Work(trial)
    peer = work.associate()
    peer.stream.send(work.half(peer))
    if trial.variant == "TCP reset":
        peer.reset()
    else:
        peer.stream.send(encode(Abort(0, 0)))
        peer.stream.ending(trial.timers.artim_s)
    with Work(trial).associate() as after:
        trial.expect_equal("C-ECHO on the next association", after.echo().meaning, "0000H success")


@case("dicom.ul.state.4", MUST, ACCEPTORS, "-", "PS3.8 9.1.2, 9.1.5", READ, waits=True, slow=True)
def a_connection_on_which_nothing_arrives_is_closed(trial: Trial) -> None:
    """A connection on which nothing arrives is closed after the configurable ARTIM time (declared, and a fifth more)."""
    trial.connect().ending(trial.timers.artim_s * 1.2)


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
