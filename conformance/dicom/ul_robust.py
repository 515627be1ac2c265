"""Bytes that are cut, too long, oddly cut or out of place, at the acceptor."""

import struct
import time

from conformance.case import ACCEPTORS, DICOM_EITHER, MUST, NO_CLAUSE, OPINION, READ, SHOULD, case
from conformance.dicom.ul_scu import pdus_of
from conformance.dicom.ul_state import aborted
from conformance.material.archive_view import ArchiveView
from conformance.material.errands import Errand, calls_others
from conformance.material.query_models import MODELS, identifier
from conformance.material.work import Work, p_data, pixels
from conformance.peers.acceptor import Behaviour, scp_role
from conformance.peers.association import Association
from conformance.peers.conversation import Aborted, Received
from conformance.peers.stream import Stream
from conformance.target import RoleTarget
from conformance.trial import IMPLICIT, VERIFICATION, Trial
from conformance.verdict import Ended, Failure, Inconclusive, Silence
from emulators.wire.commands import c_echo_rq
from emulators.wire.dimse import encode_command
from emulators.wire.fragmentation import fragment
from emulators.wire.pdu import P_DATA_TF, Abort

ANNOUNCED_BYTES = 16_000
MEBIBYTE = 1 << 20


def begun(peer: Association, work: Work, announced: int, sent: int) -> bytes:
    """A message whose last P-DATA-TF announces so many bytes in its header, and has as many as are sent of it."""
    context_id, _, command, data = work.parts(peer)
    length = min(announced, peer.max_pdu_length or announced)
    of_command = data is None
    rest = command if data is None else data
    pdu = struct.pack(">BxIIBB", P_DATA_TF, length, length - 4, context_id, 3 if of_command else 0)
    pdu += rest.ljust(length, b"\0")[: length - 6]
    whole = b"" if of_command else p_data((context_id, True, True, command))
    return whole + pdu[: min(sent, length // 2)]


@case("dicom.ul.robust.1", MUST, ACCEPTORS, "-", "PS3.8 9.2, Table 9-26", READ)
def an_unknown_pdu_type_leads_to_an_abort(trial: Trial) -> None:
    """An unknown PDU type leads to A-ABORT, never to a hang."""
    peer = trial.associate(VERIFICATION)
    peer.stream.send(struct.pack(">BxI", 0x99, 4) + bytes(4))
    abort, received = aborted(trial, peer.stream)
    trial.expect_equal("source of the A-ABORT", abort.source, 2, received.records)
    trial.should(abort.reason == 1, "reason 1, unrecognized PDU", f"reason {abort.reason}", received.records)


@case("dicom.ul.robust.2", MUST, ACCEPTORS, "-", "PS3.8 9.2; PS3.7 9.1.1.2", READ)
def a_truncated_pdu_is_not_processed(trial: Trial) -> None:
    """When the peer disappears in the middle of a PDU, nothing partial is processed and the product stays alive."""
    work = Work(trial, ANNOUNCED_BYTES)
    peer = work.associate()
    peer.stream.send(begun(peer, work, ANNOUNCED_BYTES, 7_000))
    peer.stream.finish_sending()
    try:
        received = peer.stream.receive_pdu(trial.timers.quiet_s)
    except (Ended, Silence):
        peer.stream.close()
    else:
        trial.expect(received.pdu_type != P_DATA_TF, "no answer", received.name, received.records)
    if work.dataset is not None and "query" in trial.target.claims.services:
        later = Work(trial)
        assert later.dataset is not None
        with trial.beforehand("a good image that came later is found"):
            with later.associate() as sender:
                sender.store_all([later.dataset])
            trial.expect(ArchiveView(trial).comes_to_show(later.dataset), "it is found", "it is not")
        trial.expect(not ArchiveView(trial).shows(work.dataset), "the cut image is not found (C-FIND IMAGE)", "it is found")


@case("dicom.ul.robust.3", OPINION, ACCEPTORS, "-", "no timer is defined for this state", NO_CLAUSE, waits=True, slow=True)
def a_peer_that_stalls_is_given_up_and_blocks_nobody(trial: Trial) -> None:
    """A peer that stalls inside a PDU is timed out and does not block other associations."""
    work = Work(trial, ANNOUNCED_BYTES)
    stalled = work.associate()
    stalled.stream.send(begun(stalled, work, ANNOUNCED_BYTES, 100))
    begun_s = time.monotonic()
    with trial.associate(VERIFICATION) as second:
        trial.expect_equal("C-ECHO of a second peer meanwhile", second.echo().meaning, "0000H success")
    took_s = time.monotonic() - begun_s
    trial.should(took_s < 2, "the second peer is served within 2 s", f"it took {took_s:.1f} s")
    ended(trial, stalled.stream, trial.timers.network_s * 1.2)


def ended(trial: Trial, stream: Stream, limit_s: float) -> str:
    """How the product ends the connection, an A-ABORT before it or not. Raises Failure."""
    try:
        received = stream.receive_pdu(limit_s)
    except Ended:
        return "closed"
    except Silence:
        raise Silence("A-ABORT, or the end of the connection", f"nothing within {limit_s:g} s") from None
    trial.expect(
        isinstance(received.decoded(), Abort), "A-ABORT, or the end of the connection", received.name, received.records
    )
    return "A-ABORT"


@case("dicom.ul.robust.4", SHOULD, ACCEPTORS, "-", "PS3.8 D.1.1, D.1.2", READ)
def a_p_data_tf_longer_than_announced_is_a_protocol_error(trial: Trial) -> None:
    """A P-DATA-TF longer than the Maximum Length that the product announced is a protocol error."""
    with trial.associate(VERIFICATION) as first:
        announced = first.max_pdu_length
    trial.needs(0 < announced <= 64 * MEBIBYTE, f"a maximum length of at most 64 MiB (it announces {announced})")
    work = Work(trial, announced + 4096)
    peer = work.associate()
    context_id, command, encoded, data = work.parts(peer)
    if data is None:  # no message is that long: a command set without end
        peer.stream.send(p_data((context_id, True, False, bytes(announced + 4096))))
    else:
        peer.stream.send(p_data((context_id, True, True, encoded)) + p_data((context_id, False, True, data)))
    try:
        received = peer.answer_to(command, trial.timers.dimse_s if data else trial.timers.quiet_s)
    except (Aborted, Ended, Silence) as end:
        trial.expect(not isinstance(end, Silence), "A-ABORT", "nothing: it is taken in silence")
        trial.should(isinstance(end, Aborted), "A-ABORT", end.actual)
        return
    raise Failure("A-ABORT", f"it is taken: {received.name}, {received.meaning}", received.records)


@case("dicom.ul.robust.5", OPINION, ACCEPTORS, "-", "none (security)", NO_CLAUSE, waits=True)
def an_absurd_pdu_length_exhausts_nothing(trial: Trial) -> None:
    """An absurd PDU length does not exhaust memory: the connection is aborted or closed, and the product lives."""
    peer = trial.associate(VERIFICATION)
    try:
        peer.stream.send(struct.pack(">BxI", P_DATA_TF, 0xFFFFFFFF) + bytes(MEBIBYTE))
    except Ended:
        return
    ended(trial, peer.stream, trial.timers.network_s * 1.2)


def _announced(target: RoleTarget) -> list[str]:
    sides = ["C-GET"] if {"storage", "get"} <= set(target.claims.services) else []
    sides += ["on its own association"] if calls_others(target) else []
    return [f"{announced}, {side}" for side in sides for announced in (4096, 16384, 65536, 0)]


@case("dicom.ul.robust.6", MUST, DICOM_EITHER, "+", "PS3.8 D.1", READ, variants=_announced)
def no_p_data_tf_is_longer_than_the_peer_announced(trial: Trial) -> None:
    """The product never sends a P-DATA-TF longer than the peer announced; 0 means no limit."""
    announced = int(trial.variant.split(",")[0])
    if trial.variant.endswith("C-GET"):
        got_by(trial, announced)
    else:
        sent_to(trial, announced)
    lengths = [(len(pdu.body), pdu.records) for pdu in pdus_of(trial, "P-DATA-TF", own_associations_only=False)]
    longest, records = max(lengths, default=(0, ()))
    trial.expect(longest > 0, "P-DATA-TF", "none came")
    trial.expect(not announced or longest <= announced, f"at most {announced} bytes", f"{longest} bytes", records)


def got_by(trial: Trial, announced: int) -> None:
    """An image of 1 MiB is fetched by who announces so much."""
    work = Work(trial, MEBIBYTE)
    image = work.dataset
    trial.needs(image is not None, "a storage SOP class that the tester knows")
    assert image is not None
    with trial.beforehand("an image to fetch"):
        with work.associate() as peer:
            peer.store_all([image])
        trial.expect(ArchiveView(trial).comes_to_show(image), "it is found", "it is not")
    names = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    asked = identifier("IMAGE", **{name: str(image[name].value) for name in names})
    roles = (scp_role(work.abstract_syntax),)
    with trial.associate(MODELS["s"].get, (work.abstract_syntax, (IMPLICIT,)), roles=roles, max_pdu_length=announced) as peer:
        answers = peer.get(MODELS["s"].get, asked)
        trial.expect_equal("images that come", len(answers.stored), 1, answers.final.records)


def sent_to(trial: Trial, announced: int) -> None:
    """It sends what it sends to who announces so much."""
    with Errand(trial, **pixels(trial, MEBIBYTE)) as errand:
        behaviour = Behaviour()
        behaviour.max_pdu_length = announced
        errand.at.behave(behaviour)
        retrieved = errand.run()
        if retrieved is not None and retrieved.final.status and not errand.at.attempts:
            raise Inconclusive(f"C-MOVE to {errand.at.name} is answered {retrieved.final.meaning}, and it is not called")
        errand.arrives()


OF_ANY = ("2-byte fragments", "empty last PDV", "1-byte TCP segments")
OF_DATA = ("command and data in one PDU", "two data PDVs in one PDU")


def _fragmentations(target: RoleTarget) -> tuple[str, ...]:
    return (*OF_ANY, *OF_DATA) if "storage" in target.claims.services else OF_ANY


@case("dicom.ul.robust.7", MUST, ACCEPTORS, "-", "PS3.8 E.1, E.2", READ, variants=_fragmentations)
def any_legal_fragmentation_is_accepted(trial: Trial) -> None:
    """Any legal fragmentation of a message is accepted; what is stored is what was sent. (An empty last PDV: SHOULD.)"""
    work = Work(trial)
    with work.associate() as peer:
        context_id, command, encoded, data = work.parts(peer)
        for piece in cut(trial.variant, context_id, encoded, data):
            peer.stream.send(piece)
        try:
            answer = peer.answer_to(command)
        except Failure as failure:
            if trial.variant != "empty last PDV":
                raise
            trial.should(False, failure.expected, failure.actual, failure.proof)
            peer.give_up()
            return
        trial.expect_equal(command.name, answer.meaning, "0000H success", answer.records)
    if work.dataset is not None and {"get", "move"} & set(trial.target.claims.services):
        same_pixels(trial, work)


def cut(how: str, context_id: int, command: bytes, data: bytes | None) -> list[bytes]:
    """The bytes of one message, each piece to be sent by itself."""
    parts = None if data is None else [data]
    whole = list(map(bytes, fragment(context_id, command, parts, 8 if how == "2-byte fragments" else 4096)))
    if how == "2-byte fragments":
        return [b"".join(whole)]
    if how == "1-byte TCP segments":
        joined = b"".join(whole)
        return [joined[at : at + 1] for at in range(len(joined))]
    if data is None:
        return [p_data((context_id, True, False, command)), p_data((context_id, True, True, b""))]
    if how == "empty last PDV":
        before = p_data((context_id, True, True, command)) + p_data((context_id, False, False, data))
        return [before + p_data((context_id, False, True, b""))]
    half = len(data) // 4 * 2
    first, last = (context_id, False, False, data[:half]), (context_id, False, True, data[half:])
    if how == "command and data in one PDU":
        return [p_data((context_id, True, True, command), first) + p_data(last)]
    return [p_data((context_id, True, True, command)) + p_data(first, last)]


def same_pixels(trial: Trial, work: Work) -> None:
    """What is retrieved is what was sent."""
    assert work.dataset is not None
    view = ArchiveView(trial)
    trial.expect(view.comes_to_show(work.dataset), "the stored image is found (C-FIND IMAGE)", "it is not")
    back = view.retrieved(work.dataset)
    is_same = back.dataset.PixelData == work.dataset.PixelData
    trial.expect(is_same, "the Pixel Data that was sent", "other Pixel Data", back.records)


@case("dicom.ul.robust.8", SHOULD, ACCEPTORS, "-", "PS3.8 Table 9-26, 9.3.2.2", READ, variants=("refused context", "context 2"))
def data_on_a_context_that_was_not_accepted_is_not_processed(trial: Trial) -> None:
    """Data on a presentation context that was not accepted is not processed."""
    peer = trial.associate((VERIFICATION, (IMPLICIT,)), ("1.2.3.4.5", (IMPLICIT,)))
    command = c_echo_rq(1)
    peer.stream.send(p_data((3 if trial.variant == "refused context" else 2, True, True, encode_command(command))))
    try:
        answer: Received | None = peer.answer_to(command)
    except Aborted:
        return
    assert answer is not None
    trial.expect(answer.status != 0, "A-ABORT, or an error status", answer.meaning, answer.records)


@case("dicom.ul.robust.9", OPINION, ACCEPTORS, "-", "motive: pynetdicom issues 979 and 912", NO_CLAUSE)
def aborted_associations_do_not_leak(trial: Trial) -> None:
    """Aborted associations do not leak: the product still accepts after many of them."""
    work = Work(trial)

    def one(number: int) -> bool:
        try:
            peer = work.associate()
        except Failure:
            return False
        peer.stream.send(work.half(peer))
        if number % 2:
            peer.abort()
        else:
            peer.reset()
        return True

    for number in range(1, 201):  # one that is not yet gone may be in the way of the next for a moment
        is_accepted = trial.eventually(lambda number=number: one(number), trial.timers.association_s)  # type: ignore[misc]
        trial.expect(is_accepted, f"association {number} is accepted, after as many aborted ones", "it is not")
    with trial.associate(VERIFICATION) as last:
        trial.expect_equal("C-ECHO", last.echo().meaning, "0000H success")
