"""A receiver that does not look at MSH-10: a message that is repeated because its acknowledgement was lost is a new one to it.

Catalogue: ``hl7.ack.orig.4`` (the same MSH-10 again has no second effect), ``ie.dup.1``. Seen: an engine forwards the message
twice, under two control ids; an order filler tells the placer twice that it has cancelled.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from emulators.core.actor import Actor
from emulators.core.effect import Effect, Reply
from emulators.core.event import Event, Request
from emulators.core.identity import control_id
from emulators.core.instant import Instant
from emulators.messages.common import Acknowledgement
from emulators.quirks._wrapper import Wrapper


class Quirk(Wrapper):
    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        self._times: Counter[tuple[str, str]] = Counter()
        """By sender and MSH-10: how often it came."""

    def handle(self, event: Event, now: Instant) -> Sequence[Effect]:
        if not isinstance(event, Request) or not hasattr(event.message, "control_id"):
            return super().handle(event, now)
        came: str = event.message.control_id
        times = self._times[event.sender, came]
        self._times[event.sender, came] += 1
        if not times:
            return super().handle(event, now)
        as_new = replace(event.message, control_id=control_id(came, "REP", times))
        return [_answering(came, effect) for effect in super().handle(replace(event, message=as_new), now)]


def _answering(came: str, effect: Effect) -> Effect:
    """The acknowledgement names the message as its sender knows it."""
    if isinstance(effect, Reply) and isinstance(effect.message, Acknowledgement):
        return Reply(effect.ticket, replace(effect.message, control_id=came))
    return effect
