"""Messages that can never pass."""

from conformance.case import NO_CLAUSE, OPINION, case
from conformance.material.hl7 import acknowledgement
from conformance.material.routing import RETRY_MARGIN, Line, is_about
from conformance.peers.mllp import ReceivedMessage, well
from conformance.trial import Trial

OTHERS = 5


@case("ie.dead.1", OPINION, "engine", "-", "opinion; ITI TF-2 App. C.2.3.1", NO_CLAUSE)
def what_can_never_pass_leaves_the_queue_and_can_be_sent_again(trial: Trial) -> None:
    """A message that is answered AE is not repeated unchanged, and does not hold up those of other patients. A person finds it
    and sends it again; then it arrives once more.
    """
    line = Line(trial)
    poison, others = line.patient(), [line.patient() for _ in range(OTHERS)]

    def refuse(message: ReceivedMessage, number: int) -> bytes | None:
        return acknowledgement(message.payload, "AE") if is_about(message, poison) else well(message, number)

    line.end.acknowledge_with(refuse)
    message = line.message(poison)
    with line.connect() as sender:
        trial.expect_code(sender.ask(message.payload), "AA", "CA")
    line.give(*others)
    for other in others:
        line.wait_for(other, trial.timers.propagation_s)
    trial.eventually(lambda: len(line.sequence(poison)) > 1, RETRY_MARGIN * trial.timers.retry_s)
    trial.expect_equal("copies of what was answered AE", len(line.sequence(poison)), 1)
    line.end.acknowledge_with(well)
    trial.operate("resend dead letter", subject=message.control_id, to=line.route.destinations[0])
    arrives = trial.eventually(lambda: len(line.sequence(poison)) > 1, trial.timers.propagation_s)
    trial.expect(arrives, "it arrives when a person sends it again", f"not within {trial.timers.propagation_s:g} s")
    trial.eventually(lambda: len(line.sequence(poison)) > 2, trial.timers.quiet_s)
    trial.expect_equal("copies after it was sent again", len(line.sequence(poison)), 2)
