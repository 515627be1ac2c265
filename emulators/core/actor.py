"""The shape of every system: a pure state machine.

Laws: no socket, thread, clock, SimPy or global randomness inside; all state is changed in ``handle`` alone; the same events
in the same order give the same effects. Anything that could differ between two runs (``hash()``, the order of a set, the
address of an object) never reaches an effect.
"""

from collections.abc import Sequence
from typing import Protocol

from emulators.core.effect import Effect
from emulators.core.event import Event
from emulators.core.instant import Instant


class Actor(Protocol):
    def handle(self, event: Event, now: Instant) -> Sequence[Effect]:
        """Take one event; return what is to be done, in order."""
        ...
