"""Acknowledgement in enhanced mode: the accept acknowledgement on the connection of the message, the application
acknowledgement as a message of its own, on this connection or on one that the product opens to the sender's port.
"""

import contextlib

from conformance.case import HL7_RECEIVERS, MUST, READ, case
from conformance.material.effects import visible
from conformance.material.good_messages import good_messages
from conformance.material.hl7 import acknowledgement
from conformance.material.messages import Sent
from conformance.peers.mllp import MllpClient, MllpListener, ReceivedMessage
from conformance.trial import HL7_CALLERS, Trial
from conformance.verdict import Ended, Silence

ENHANCED = "HL7 v2.9.1 2.8.3 (v2.5.1 2.9.3)"
POLL_S = 0.1

ASKED: dict[str, tuple[str, list[str]]] = {
    "al-al": ("AL/AL", ["CA", "AA"]),
    "al-ne": ("AL/NE", ["CA"]),
    "ne-al": ("NE/AL", ["AA"]),
    "er-ne": ("ER/NE", []),
    "su-ne": ("SU/NE", ["CA"]),
    "er-ne-rejected": ("ER/NE", ["CR"]),
    "su-ne-rejected": ("SU/NE", []),
}
"""MSH-15 and MSH-16, and the codes that a good message gets by them (or one of an unknown type, rejected by its header)."""


@case(
    "hl7.ack.enh.1",
    MUST,
    HL7_RECEIVERS,
    "+",
    ENHANCED,
    READ,
    needs="enhanced_acknowledgement",
    variants=tuple(ASKED),
    slow=True,
)
def the_acknowledgements_that_are_asked_for_come_and_no_others(trial: Trial) -> None:
    """MSH-15 and MSH-16 are obeyed: CA after safe storage, the application acknowledgement as a message of its own, itself
    accept-acknowledged as it asks; none that was not asked for.
    """
    asked, wanted = ASKED[trial.variant]
    accept, application = asked.split("/")
    is_rejected = trial.variant.endswith("rejected")
    own_type = {9: ("ZZZ", "Z01")} if is_rejected else {}
    sent = good_messages(trial)(msh_fields={15: accept, 16: application, **own_type})
    with trial.mllp() as peer:
        answers = _acknowledgements(trial, peer, sent, len(wanted))
    codes = [one.code for one in answers]
    if is_rejected and wanted:
        trial.expect(len(codes) == 1 and codes[0] in ("CR", "CE"), "CR, and nothing else", ", ".join(codes) or "nothing")
        return
    trial.expect_equal("acknowledgements", ", ".join(sorted(codes)) or "none", ", ".join(sorted(wanted)) or "none")
    for one in answers:
        own = one.field("MSH", 10)
        trial.expect(own not in ("", sent.control_id), "an MSH-10 of its own", own or "none", one.records)


@case("hl7.ack.enh.2", MUST, HL7_RECEIVERS, "-", ENHANCED, READ, needs="enhanced_acknowledgement")
def a_message_whose_accept_acknowledgement_was_lost_has_one_effect(trial: Trial) -> None:
    """The same message, sent again because its CA was lost, is accepted again and has no second effect."""
    one = visible(trial)
    sent = one.message(msh_fields={15: "AL", 16: "NE"})
    with trial.mllp() as peer:
        peer.send(sent.payload)  # and its CA is not waited for
        trial.eventually(lambda: one.count() > 0, trial.timers.propagation_s)
    with trial.mllp() as peer:
        again = peer.ask(sent.payload)
    trial.expect_code(again, "CA")
    trial.expect_equal("MSA-2", again.field("MSA", 2), sent.control_id, again.records)
    trial.expect(one.appears(trial), "the message is processed", "it is not")
    trial.eventually(lambda: one.count() > 1, trial.timers.quiet_s)
    trial.expect_equal("effects of the message", one.count(), 1)


def _acknowledgements(trial: Trial, peer: MllpClient, sent: Sent, count: int) -> list[ReceivedMessage]:
    """What comes about a message on its connection, then at the sender's port: until there are ``count``, and a quiet time.

    Sent again until it is accepted, an acknowledgement counts once.
    """
    listener = _listener_of_the_sender(trial)
    if listener is not None:
        listener.acknowledge_with(_accept_acknowledgement)
    came: list[ReceivedMessage] = []

    def all_that_came() -> list[ReceivedMessage]:
        with contextlib.suppress(Silence, Ended):
            came.append(peer.receive(POLL_S))
        own_messages = listener.received if listener is not None else []
        here = {one.field("MSH", 10): one for one in (*came, *own_messages) if one.field("MSA", 2) == sent.control_id}
        return list(here.values())

    peer.send(sent.payload)
    trial.eventually(lambda: len(all_that_came()) >= count, trial.timers.acknowledgement_s + trial.timers.propagation_s)
    trial.eventually(lambda: len(all_that_came()) > count, trial.timers.quiet_s)
    return all_that_came()


def _listener_of_the_sender(trial: Trial) -> MllpListener | None:
    return trial.peer(HL7_CALLERS[trial.role]).mllp_listener


def _accept_acknowledgement(message: ReceivedMessage, number: int) -> bytes | None:
    """As MSH-15 of the message asks; without one, it is in original mode."""
    wanted = message.field("MSH", 15)
    if wanted in ("AL", "SU"):
        return acknowledgement(message.payload, "CA")
    return None if wanted or message.field("MSA", 1) else acknowledgement(message.payload, "AA")
