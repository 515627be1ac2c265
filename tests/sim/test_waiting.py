"""People wait for systems with a limit, and then try again."""

import simpy

from emulators.core.effect import Note
from emulators.core.event import Event
from emulators.core.fault import FaultPlan
from emulators.kernel import Kernel
from emulators.trace import Trace
from sim.world.waiting import until_noted


class DeafUntil:
    """A system that notes a touch as done only from some instant on."""

    def __init__(self, instant: int) -> None:
        self.instant = instant

    def handle(self, _event: Event, now: int) -> list[Note]:
        return [Note("done", "S1", {"at": now})] if now >= self.instant else []


def attempts_until_done(deaf_until: int) -> tuple[list[int], object]:
    environment = simpy.Environment(0)
    kernel = Kernel(environment, FaultPlan(7), Trace())
    kernel.host("system", DeafUntil(deaf_until))
    attempts: list[int] = []

    def attempt() -> None:
        attempts.append(kernel.now)
        kernel.stimulate("system", "do", {"subject": "S1"})

    fields = environment.run(until=environment.process(until_noted(kernel, "done", "S1", 100, attempt)))
    return attempts, fields


def test_a_note_that_comes_in_the_attempt_itself_is_heard() -> None:
    assert attempts_until_done(0) == ([0], {"at": 0})


def test_the_attempt_is_made_again_each_time_patience_runs_out() -> None:
    assert attempts_until_done(250) == ([0, 100, 200, 300], {"at": 300})
