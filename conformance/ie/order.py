"""The order of what is forwarded."""

import threading

from conformance.case import NO_CLAUSE, OPINION, case
from conformance.material.hl7 import acknowledgement
from conformance.material.messages import Sent
from conformance.material.orders import new_order, order_of
from conformance.material.patients import merge, register
from conformance.material.routing import Line, arrives_again_s, routes
from conformance.peers.mllp import AcknowledgeWith, ReceivedMessage, well
from conformance.trial import Trial
from conformance.verdict import Inconclusive

THIRD = 2
DELAY_PART = 0.5
"""Of the time that the product waits for an answer."""


@case(
    "ie.order.1",
    OPINION,
    "engine",
    "-",
    "HL7 2.10.1 in v2.5.1; opinion",
    NO_CLAUSE,
    variants=("refused", "delayed", "unanswered"),
)
def the_messages_of_a_patient_keep_their_order(trial: Trial) -> None:
    """What is about one patient arrives in its order, also when one message is answered late, or not at first. When one is
    refused, those behind it wait or go on, as declared; a merge never comes before an order that it depends on.
    """
    line, variant = Line(trial), trial.variant
    sent = _ten_messages(trial, line)
    numbers = [one.control_id for one in sent]
    line.end.acknowledge_with(_third(trial, numbers[THIRD], variant))
    with line.connect() as sender:
        for one in sent:
            trial.expect_code(sender.ask(one.payload), "AA", "CA")
    waits = variant == "refused" and trial.target.policies.failed_message == "blocks_patient"
    wanted = numbers[: THIRD + 1] if waits else numbers

    def came() -> list[str]:
        return [number for one in line.end.received if (number := one.field("MSH", 10)) in numbers]

    trial.eventually(lambda: set(came()) >= set(wanted), arrives_again_s(trial, is_unanswered=True))
    if variant != "delayed":
        trial.eventually(lambda: False, trial.timers.quiet_s)
    if not came():
        raise Inconclusive("nothing arrives under the MSH-10 that it was sent with")
    found = [numbers.index(number) + 1 for number in dict.fromkeys(came())]
    expected = list(range(1, len(wanted) + 1))
    trial.expect_equal("the messages of the patient", found, expected)


def _ten_messages(trial: Trial, line: Line) -> list[Sent]:
    """A patient comes, is changed, has orders (where they go to the same destination), and is merged."""
    patient, survivor, sender = line.patient(), line.patient(), line.route.sender
    to = line.route.destinations[0]
    has_orders = any(one.kind == "ORM" and one.sender == sender and to in one.destinations for one in routes(trial))
    sent = [register(trial, patient=patient, sender=sender)]
    for number in range(8):
        if number % 2 and has_orders:
            sent.append(new_order(trial, order_of(trial, patient), sender=sender))
        else:
            sent.append(register(trial, "A08", patient, sender=sender))
    return [*sent, merge(trial, survivor, patient)]


def _third(trial: Trial, control_id: str, how: str) -> AcknowledgeWith:
    """The third message is refused, answered late, or not answered at first."""
    delay_s = DELAY_PART * trial.timers.sender_waits_s
    seen: list[ReceivedMessage] = []

    def answer(message: ReceivedMessage, number: int) -> bytes | None:
        if message.field("MSH", 10) != control_id:
            return well(message, number)
        seen.append(message)
        if how == "refused":
            return acknowledgement(message.payload, "AE")
        if how == "delayed":
            threading.Event().wait(delay_s)
        return None if how == "unanswered" and len(seen) == 1 else well(message, number)

    return answer
