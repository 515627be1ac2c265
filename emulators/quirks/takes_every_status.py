"""A placer whose order is always in the state that it heard of last: an IP that comes after CM takes it back.

Catalogue: ``hl7.ord.status.2`` (an order that is completed does not go back to in progress). Seen: in the chart of an order
without a report, the status that came last.
"""

from collections.abc import Sequence
from dataclasses import replace

from emulators.core.actor import Actor
from emulators.core.effect import Effect, Note
from emulators.core.event import Event, Request
from emulators.core.instant import Instant
from emulators.messages.orders import OrderStatus
from emulators.quirks._wrapper import Wrapper

_WORDS = {"SC": "scheduled", "IP": "in progress", "CM": "awaiting report", "CA": "cancelled", "DC": "discontinued"}
"""As the chart says them, by ORC-5."""


class Quirk(Wrapper):
    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        self._heard: dict[str, str] = {}
        """By placer order number: the status that came last."""

    def handle(self, event: Event, now: Instant) -> Sequence[Effect]:
        if isinstance(event, Request) and isinstance(event.message, OrderStatus):
            self._heard[event.message.placer_order_number] = event.message.status
        return super().handle(event, now)

    def done(self, effect: Effect) -> Effect:
        if not isinstance(effect, Note) or effect.fields.get("shown") not in _WORDS.values():
            return effect
        status = self._heard.get(effect.subject, "")
        return replace(effect, fields={**effect.fields, "shown": _WORDS.get(status, effect.fields["shown"])})
