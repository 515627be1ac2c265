"""Messages that come again."""

from conformance.case import NO_CLAUSE, OPINION, case
from conformance.material.routing import Line, arrives_again_s, is_about
from conformance.peers.mllp import ReceivedMessage, well
from conformance.trial import Trial


@case("ie.dup.1", OPINION, "engine", "-", "opinion", NO_CLAUSE, variants=("thrice", "unheard", "unanswered"))
def a_repeated_message_is_passed_or_dropped_as_declared(trial: Trial) -> None:
    """The same message again (MSH-10 and content), or again because its acknowledgement was lost, is passed on or dropped as
    declared. What the engine itself repeats after a lost acknowledgement has the same MSH-10, so that its receiver can tell.
    """
    line = Line(trial)
    if trial.variant == "unanswered":
        _expect_a_repetition(trial, line)
        return
    patient = line.patient()
    payload = line.message(patient).payload
    times = {"thrice": 3, "unheard": 2}[trial.variant]
    if trial.variant == "unheard":
        with line.connect() as sender:
            sender.send(payload)
            line.wait_for(patient, trial.timers.propagation_s)
            sender.stream.reset()
    with line.connect() as sender:
        for _ in range(1 if trial.variant == "unheard" else times):
            trial.expect(bool(sender.ask(payload).code), "an acknowledgement", "none")
    wanted = times if trial.target.policies.repeated_message == "pass" else 1
    trial.eventually(lambda: len(line.sequence(patient)) >= wanted, trial.timers.propagation_s)
    trial.eventually(lambda: len(line.sequence(patient)) > wanted, trial.timers.quiet_s)
    trial.expect_equal(f"copies of a message that came {times} times", len(line.sequence(patient)), wanted)


def _expect_a_repetition(trial: Trial, line: Line) -> None:
    """The receiver's first acknowledgement is lost."""
    patient = line.patient()
    seen: list[str] = []

    def answer(message: ReceivedMessage, number: int) -> bytes | None:
        if is_about(message, patient):
            seen.append(message.field("MSH", 10))
        return None if len(seen) == 1 else well(message, number)

    line.end.acknowledge_with(answer)
    line.give(patient)
    trial.eventually(lambda: len(seen) > 1, arrives_again_s(trial, is_unanswered=True))
    trial.eventually(lambda: len(seen) > 2, trial.timers.quiet_s)
    trial.expect_equal("copies, one of them after a lost acknowledgement", len(seen), 2)
    trial.expect_equal("MSH-10 of the second", seen[1], seen[0])
