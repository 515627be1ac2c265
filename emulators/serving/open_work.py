"""What a system has begun and not ended, known from its events and effects alone.

=====================  ==================================  ====================
begins                 ends                                after a restart
=====================  ==================================  ====================
effect Send            event Outcome of its key            unknown
effect SetTimer        TimerFired, CancelTimer             set again
event Request          effect Reply, event Withdrawn       void: withdrawn
effect Discard         the next event                      done again
=====================  ==================================  ====================
"""

from collections.abc import Sequence

from emulators.core.effect import CancelTimer, Discard, Effect, Reply, Send, SetTimer
from emulators.core.event import Event, Outcome, Request, Ticket, TimerFired, Withdrawn
from emulators.core.instant import Instant


class OpenWork:
    """Of one actor. Tell it of each event before its effects."""

    def __init__(self) -> None:
        self.sends: dict[str, tuple[Send, Instant]] = {}
        """By key: what is under way, and since when."""
        self.timers: dict[str, Instant] = {}
        self.tickets: dict[Ticket, None] = {}
        self.discards: list[Discard] = []

    def happened(self, event: Event) -> None:
        if isinstance(event, Outcome):
            self.sends.pop(event.key, None)
        elif isinstance(event, TimerFired):
            self.timers.pop(event.key, None)
        elif isinstance(event, Request):
            self.tickets[event.ticket] = None
        elif isinstance(event, Withdrawn):
            self.tickets.pop(event.ticket, None)

    def wanted(self, effects: Sequence[Effect], now: Instant) -> None:
        self.discards = [effect for effect in effects if isinstance(effect, Discard)]
        for effect in effects:
            if isinstance(effect, Send):
                self.sends[effect.key] = (effect, now)
            elif isinstance(effect, SetTimer):
                self.timers[effect.key] = effect.at
            elif isinstance(effect, CancelTimer):
                self.timers.pop(effect.key, None)
            elif isinstance(effect, Reply):
                self.tickets.pop(effect.ticket, None)
