"""How people wait: with a limit, then they try again or give up; and how a run knows that nobody is about anything."""

import simpy

from emulators.core.effect import Note
from emulators.core.event import Event
from emulators.core.fault import FaultPlan
from emulators.kernel import Kernel
from emulators.trace import Trace
from sim.world.waiting import Errands, Heard, Process, until_noted


class DeafUntil:
    """A system that notes a touch as done only from some instant on."""

    def __init__(self, instant: int) -> None:
        self.instant = instant

    def handle(self, _event: Event, now: int) -> list[Note]:
        return [Note("done", "S1", {"at": now})] if now >= self.instant else []


def kernel_with(deaf_until: int) -> Kernel:
    kernel = Kernel(simpy.Environment(0), FaultPlan(7), Trace())
    kernel.host("system", DeafUntil(deaf_until))
    return kernel


def attempts_until_done(deaf_until: int, limit_us: int = 1_000) -> tuple[list[int], object]:
    kernel = kernel_with(deaf_until)
    attempts: list[int] = []

    def attempt() -> None:
        attempts.append(kernel.now)
        kernel.stimulate("system", "do", {"subject": "S1"})

    environment = kernel.environment
    waiting = environment.process(until_noted(kernel, "done", "S1", 100, limit_us, attempt))
    return attempts, environment.run(until=waiting)


def test_a_note_that_comes_in_the_attempt_itself_is_heard() -> None:
    assert attempts_until_done(0) == ([0], {"at": 0})


def test_the_attempt_is_made_again_and_again() -> None:
    assert attempts_until_done(250) == ([0, 100, 200, 300], {"at": 300})


def test_after_the_limit_people_give_up() -> None:
    assert attempts_until_done(1_000, limit_us=250) == ([0, 100, 200], None)


def test_what_was_heard_stays_heard_and_the_first_note_counts() -> None:
    kernel = kernel_with(0)
    heard = Heard(kernel, ("done",))
    for _ in range(2):
        kernel.stimulate("system", "do", {"subject": "S1"})
        kernel.environment.run(until=kernel.now + 10)
    assert heard.event("done", "S1").value == {"at": 0}
    assert not heard.event("done", "S2").triggered


def test_errands_are_over_when_the_last_is_done_also_one_that_another_began() -> None:
    environment = simpy.Environment(0)
    errands = Errands(environment)

    def errand(left: int) -> Process:
        yield environment.timeout(10)
        if left:
            errands.start(errand(left - 1))

    errands.start(errand(3))
    errands.start(errand(0))
    environment.run(until=environment.process(errands.over()))
    assert environment.now == 40
