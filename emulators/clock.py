"""What drives the kernel's environment: three clocks, of which two are one loop.

==========  ==========================================================================================================
jumping     from event to event, as fast as it goes. No sockets
lock-step   the same loop; the socket ports hold each instant until its traffic has come (ports/arrivals.py)
paced       an event is due at its wall time, times a factor; what comes over sockets happens when it comes
==========  ==========================================================================================================

On the paced clock idle time may be jumped over: when nothing is in flight, nothing is expected, and nothing has come for
``settle_s``; once that has been waited for, every idle time is jumped over until something comes again.
"""

import threading
import time
from collections.abc import Callable
from queue import Empty

import simpy

from emulators.core.instant import SECOND
from emulators.kernel import Kernel
from emulators.ports.arrivals import Arrival, Arrivals

_LONGEST_WAIT_S = 3600.0


class Clock:
    """Jumping, and lock-step."""

    def run(self, kernel: Kernel, until: simpy.Event) -> None:
        """Process events until ``until`` has happened."""
        kernel.environment.run(until=until)


class PacedClock(Clock):
    """``factor`` virtual seconds pass in one wall second. With a product on a link it is 1.

    ``settle_s``: how long nothing may come before idle time is jumped over; None never jumps. ``expects``: whether something is
    to come that no exchange in flight stands for, such as the result of a commitment.
    """

    def __init__(
        self,
        factor: float = 1.0,
        arrivals: Arrivals | None = None,
        settle_s: float | None = None,
        expects: Callable[[], bool] = lambda: False,
    ) -> None:
        self._factor = factor
        self._arrivals = arrivals or Arrivals()
        self._settle_s = settle_s
        self._expects = expects
        self._stopped = threading.Event()

    def run(self, kernel: Kernel, until: simpy.Event) -> None:
        """Process events and arrivals until ``until`` has happened, or ``stop`` is called."""
        environment = kernel.environment
        wall_offset_s = time.monotonic() - self._wall_s(kernel.now)
        settle_s = self._settle_s
        while not until.processed and not self._stopped.is_set():
            due_s = environment.peek() / SECOND / self._factor + wall_offset_s
            wait_s = max(0.0, min(due_s - time.monotonic(), _LONGEST_WAIT_S))
            is_idle = not kernel.in_flight and due_s != float("inf") and not self._expects()
            jumps = settle_s is not None and is_idle and wait_s > settle_s
            arrival = None
            try:
                arrival = self._arrivals.next(settle_s if jumps and settle_s is not None else wait_s)
                settle_s, jumps = self._settle_s, False  # the wire is busy, whether something has arrived or not
            except Empty:
                pass
            if arrival is not None:
                self._happen(kernel, arrival, time.monotonic() - wall_offset_s)
            elif jumps:
                wall_offset_s -= due_s - time.monotonic()
                settle_s = 0.0
            elif due_s <= time.monotonic():
                environment.step()

    def stop(self) -> None:
        """From any thread: let ``run`` return soon."""
        self._stopped.set()
        self._arrivals.wake()

    def _wall_s(self, now: int) -> float:
        return now / SECOND / self._factor

    def _happen(self, kernel: Kernel, arrival: Arrival, wall_s: float) -> None:
        """Let an arrival happen at the instant of the wall, but not before what is due already."""
        environment = kernel.environment
        instant = min(round(wall_s * self._factor * SECOND), environment.peek())
        event = environment.timeout(max(0, round(instant) - kernel.now))
        event.callbacks.append(lambda _: kernel.reached(arrival.exchange, arrival.stage))
        while not event.processed:
            environment.step()
