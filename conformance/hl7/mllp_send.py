"""The sender of HL7 messages and the acknowledgement that it waits for."""

import time

from conformance.case import HL7_SENDERS, MUST, READ, case
from conformance.material.hl7 import acknowledgement
from conformance.material.sending import Outgoing, sender
from conformance.peers.mllp import AcknowledgeWith, MllpListener, ReceivedMessage, well
from conformance.trial import Trial

CLAUSE = "ITI TF-2 App. C.2.1; HL7 2.9 in v2.5.1 (v2.9.1 2.8.2)"
ANOTHER = "ANOTHERMESSAGE"


@case("hl7.mllp.send.1", MUST, HL7_SENDERS, "-", CLAUSE, READ, variants=("silent", "closed", "late", "foreign"), slow=True)
def a_message_without_its_acknowledgement_is_sent_again(trial: Trial) -> None:
    """The sender waits for the acknowledgement before the next message; without one (silence, a closed connection, one that
    comes too late or is for another message) it sends the same message again under the same MSH-10, and then goes on.
    """
    products = sender(trial)
    listener = products.listener
    first, second = products.next(), products.next()
    listener.acknowledge_with(_badly_at_first(trial, listener, first))
    first.send()
    [came] = listener.wait_for("a message", first.is_it, trial.timers.propagation_s)
    second.send()
    again_s = trial.timers.sender_waits_s + 1.2 * trial.timers.retry_s + trial.timers.quiet_s
    if trial.variant != "late":  # a sender that was still waiting has its answer
        listener.wait_for("the same message again", first.is_it, again_s, count=2)
    listener.wait_for("the next message", second.is_it, again_s)
    for copy in filter(first.is_it, listener.received):
        trial.expect_equal("MSH-10 of the repetition", copy.field("MSH", 10), came.field("MSH", 10), copy.records)
    if trial.variant != "late":
        _expect_nothing_between(trial, listener, came)


def _badly_at_first(trial: Trial, listener: MllpListener, bad: Outgoing) -> AcknowledgeWith:
    """This message is answered badly the first time, all else well."""

    def answer(message: ReceivedMessage, number: int) -> bytes | None:
        if sum(map(bad.is_it, listener.received)) > 1 or not bad.is_it(message):
            return well(message, number)
        if trial.variant == "closed":
            listener.end_connections()
        if trial.variant == "late":
            time.sleep(trial.timers.sender_waits_s + 1.0)
            return well(message, number)
        return acknowledgement(message.payload, "AA", control_id=ANOTHER) if trial.variant == "foreign" else None

    return answer


def _expect_nothing_between(trial: Trial, listener: MllpListener, first: ReceivedMessage) -> None:
    """On the connection of the first message nothing else came while it was not acknowledged."""
    on_connection = [one for one in listener.received if one.connection == first.connection]
    for one in on_connection[on_connection.index(first) + 1 :][:1]:
        trial.expect_equal("MSH-10 of what follows", one.field("MSH", 10), first.field("MSH", 10), one.records)
