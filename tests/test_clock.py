"""The paced clock: events at their wall time, arrivals when they come, idle time jumped over."""

import threading
import time

import simpy

from emulators.clock import Clock, PacedClock
from emulators.core.fault import FaultPlan
from emulators.core.instant import HOUR, MILLISECOND, SECOND
from emulators.kernel import Kernel
from emulators.ports.arrivals import Arrivals
from emulators.trace import Trace


def kernel() -> Kernel:
    return Kernel(simpy.Environment(0), FaultPlan(7), Trace())


def test_the_jumping_clock_is_there_at_once() -> None:
    it = kernel()
    Clock().run(it, it.environment.timeout(1_000 * HOUR))
    assert it.now == 1_000 * HOUR


def test_a_paced_event_comes_no_earlier_than_its_wall_time() -> None:
    it = kernel()
    began_s = time.monotonic()
    PacedClock(factor=100).run(it, it.environment.timeout(2 * SECOND))
    assert it.now == 2 * SECOND
    assert time.monotonic() - began_s >= 0.02


def test_a_paced_run_goes_on_from_where_the_last_one_ended() -> None:
    it = kernel()
    clock = PacedClock(factor=1_000)
    clock.run(it, it.environment.timeout(SECOND))
    clock.run(it, it.environment.timeout(SECOND))
    assert it.now == 2 * SECOND


def test_idle_time_is_jumped_over_when_nothing_is_expected() -> None:
    it = kernel()
    PacedClock(factor=1, settle_s=0.001).run(it, it.environment.timeout(10 * HOUR))
    assert it.now == 10 * HOUR


def test_idle_time_is_not_jumped_over_while_the_wire_is_busy() -> None:
    it, arrivals = kernel(), Arrivals()
    arrivals.progress()  # an image of somebody else's study, which no exchange in flight stands for
    began_s = time.monotonic()
    PacedClock(factor=1, arrivals=arrivals, settle_s=0.02).run(it, it.environment.timeout(10 * HOUR))
    assert time.monotonic() - began_s >= 0.02


def test_stopping_from_another_thread_ends_a_long_wait() -> None:
    it = kernel()
    clock = PacedClock(factor=1)
    it.environment.timeout(HOUR)
    thread = threading.Thread(target=clock.run, args=(it, it.environment.timeout(10 * HOUR)), name="radloop-test-clock")
    thread.start()
    clock.stop()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert it.now < HOUR


def test_events_between_two_waits_keep_their_order() -> None:
    it = kernel()
    seen: list[int] = []
    for delay_ms in (3, 1, 2):
        event = it.environment.timeout(delay_ms * MILLISECOND, delay_ms)
        event.callbacks.append(lambda fired: seen.append(fired.value))
    PacedClock(factor=1).run(it, it.environment.timeout(5 * MILLISECOND))
    assert seen == [1, 2, 3]
