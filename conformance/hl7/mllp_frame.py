"""MLLP frames at the receiver (MLLP release 1: 0BH, the message, 1CH 0DH)."""

import contextlib

from conformance.case import HL7_RECEIVERS, MUST, OPINION, READ, SECONDARY, case
from conformance.material.effects import processed, visible
from conformance.material.good_messages import good_messages
from conformance.material.messages import Sent
from conformance.peers.mllp import MllpClient
from conformance.trial import Trial
from conformance.verdict import Ended, Failure, Silence
from emulators.wire.mllp import END_BLOCK, START_BLOCK, frame

ON_ONE_CONNECTION = 100
EACH_ON_ITS_OWN = 10
LARGE_BYTES = 12 * 1024 * 1024
BLOCK_FORMAT = "MLLP R1 4.2 (block format)"


@case("hl7.mllp.frame.1", MUST, HL7_RECEIVERS, "+", "MLLP R1 4.2; ITI TF-2 App. C.2.1", READ)
def many_messages_on_one_connection_are_answered_in_frames(trial: Trial) -> None:
    """A frame 0BH ... 1CH 0DH is taken; the answer comes framed on the same connection; the connection may stay open for many
    messages.
    """
    good = good_messages(trial)
    with trial.mllp() as peer:
        _expect_exact_frame(trial, peer, good())
        for _ in range(ON_ONE_CONNECTION - 1):
            _expect_answer(trial, peer, good())
    for _ in range(EACH_ON_ITS_OWN):
        with trial.mllp() as peer:
            _expect_answer(trial, peer, good())


@case("hl7.mllp.frame.2", MUST, HL7_RECEIVERS, "-", BLOCK_FORMAT, SECONDARY, safety=True, slow=True)
def an_unterminated_message_is_neither_processed_nor_acknowledged(trial: Trial) -> None:
    """A message without its end block is not processed and not acknowledged positively, whether silence, the end of the
    connection or another message follows; after that the next message is answered, on this connection or a new one.
    """
    good = good_messages(trial)
    cut_by_silence, cut_by_end, cut_by_message = (visible(trial) for _ in range(3))
    with trial.mllp() as peer:
        peer.send_bytes(START_BLOCK + cut_by_silence.message().payload)
        _expect_no_aa(trial, peer)
    with trial.mllp() as peer:
        peer.send_bytes(START_BLOCK + cut_by_end.message().payload)
        peer.stream.finish_sending()
        _expect_no_aa(trial, peer)
    with trial.mllp() as peer:
        cut, whole = cut_by_message.message(), good()
        peer.send_bytes(START_BLOCK + cut.payload + frame(whole.payload))
        with contextlib.suppress(Ended):  # closed: the sender has to come again
            answer = peer.receive()
            if answer.code in ("AA", "CA"):  # AE or AR says that the two together are no message
                trial.expect_equal("MSA-2 of a positive answer", answer.field("MSA", 2), whole.control_id, answer.records)
    with trial.mllp() as peer:
        _expect_answer(trial, peer, good())
    cut_off = {"silence": cut_by_silence, "FIN": cut_by_end, "another message": cut_by_message}
    what = processed(trial, cut_off, trial.timers.propagation_s)
    trial.expect(not what, "a message that has not ended is not processed", f"one was, with {what} behind it")


NOISE = ("before", "no-cr", "lf", "doubled-cr", "empty", "start-inside")


@case(
    "hl7.mllp.frame.3", OPINION, HL7_RECEIVERS, "-", "MLLP R1; HL7 v2.9.1 2.5 (segments end with CR)", SECONDARY, variants=NOISE
)
def noise_around_frames_does_no_harm(trial: Trial) -> None:
    """Bytes before 0BH, 1CH without 0DH, LF line ends, doubled 0DH, an empty frame, 0BH inside text: each is answered AE or AR,
    or dropped, or read for what it is; never another message's answer, and the next good message gets AA.
    """
    good = good_messages(trial)
    noisy = good()
    body = noisy.payload
    data = {
        "before": b"\r\nnoise " + frame(body),
        "no-cr": START_BLOCK + body + b"\x1c" + frame(good().payload),
        "lf": START_BLOCK + body.replace(b"\r", b"\n") + END_BLOCK,
        "doubled-cr": START_BLOCK + body.replace(b"\r", b"\r\r") + END_BLOCK,
        "empty": START_BLOCK + END_BLOCK,
        "start-inside": START_BLOCK + body[: len(body) // 2] + START_BLOCK + body[len(body) // 2 :] + END_BLOCK,
    }[trial.variant]
    must_not_be_taken = trial.variant in ("no-cr", "empty", "start-inside")
    with trial.mllp() as peer:
        peer.send_bytes(data)
        try:
            answer = peer.receive(trial.timers.quiet_s)
        except (Silence, Ended):
            answer = None
        if answer is not None and must_not_be_taken:
            taken = answer.code in ("AA", "CA") and answer.field("MSA", 2) in ("", noisy.control_id)
            trial.expect(not taken, "AE, AR or no answer to what is no message", answer.code, answer.records)
        try:
            peer.send(good().payload)
            peer.receive()
        except (Silence, Ended):
            pass  # it may have ended this connection, or wait for the end of what it takes for one frame
    with trial.mllp() as peer:
        _expect_answer(trial, peer, good())


@case(
    "hl7.mllp.frame.4",
    MUST,
    HL7_RECEIVERS,
    "+",
    f"{BLOCK_FORMAT}; RFC 9293 3.8",
    SECONDARY,
    variants=("bytewise", "five", "large"),
)
def how_tcp_cuts_the_frames_does_not_matter(trial: Trial) -> None:
    """TCP segmentation is irrelevant: a frame may come byte by byte, several frames may come in one segment, and large frames
    work; all are answered one by one, in order.
    """
    good = good_messages(trial)
    with trial.mllp() as peer:
        if trial.variant == "bytewise":
            sent = [good()]
            for byte in frame(sent[0].payload):
                peer.send_bytes(bytes((byte,)))
        elif trial.variant == "five":
            sent = [good() for _ in range(5)]
            peer.send_bytes(b"".join(frame(one.payload) for one in sent))
        else:
            sent = [_with_document(good()), good()]
            for one in sent:
                peer.send(one.payload)
        for one in sent:
            answer = peer.receive()
            trial.expect_equal("MSA-2", answer.field("MSA", 2), one.control_id, answer.records)
            trial.expect_code(answer, "AA")


def _with_document(sent: Sent) -> Sent:
    """With a document of 12 MB in base64 in an observation of its own, which a receiver may ignore (HL7 2.8.2)."""
    document = b"QUJD" * (LARGE_BYTES // 4)
    observation = b"OBX|99|ED|PDF^Document^L||^application^pdf^Base64^" + document + b"||||||F\r"
    return Sent(sent.payload + observation, sent.control_id)


def _expect_answer(trial: Trial, peer: MllpClient, sent: Sent) -> None:
    answer = peer.ask(sent.payload)
    trial.expect_code(answer, "AA")
    trial.expect_equal("MSA-2", answer.field("MSA", 2), sent.control_id, answer.records)


def _expect_exact_frame(trial: Trial, peer: MllpClient, sent: Sent) -> None:
    """The bytes themselves: one frame and nothing around it."""
    peer.send(sent.payload)
    data = b""
    while END_BLOCK not in data:
        more = peer.stream.receive_bytes(trial.timers.acknowledgement_s)
        if not more:
            raise Ended("a framed answer", "the connection ended")
        data += more
    met = data.startswith(START_BLOCK) and data.endswith(END_BLOCK) and data.count(START_BLOCK) == 1
    trial.expect(met, "0BH, the answer, 1CH 0DH", f"{data[:1].hex().upper()}H ... {data[-2:].hex(' ').upper()}H")


def _expect_no_aa(trial: Trial, peer: MllpClient) -> None:
    try:
        answer = peer.receive(trial.timers.quiet_s)
    except (Silence, Ended):
        return
    if answer.code in ("AA", "CA"):
        raise Failure("no positive answer to a message that has not ended", answer.code, answer.records)
