"""A receiver whose acknowledgements lag by one: MSA-2 is the MSH-10 of the message before, of the same sender.

Catalogue: ``hl7.ack.orig.1`` (MSA-2 = MSH-10). Seen: in every acknowledgement but the first of a sender. A sender that does not
compare counts a message as delivered when another was.
"""

from collections.abc import Sequence
from dataclasses import replace

from emulators.core.actor import Actor
from emulators.core.effect import Effect, Reply
from emulators.core.event import Event, Request
from emulators.core.instant import Instant
from emulators.messages.common import Acknowledgement
from emulators.quirks._wrapper import Wrapper


class Quirk(Wrapper):
    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        self._before: dict[str, str] = {}
        """By sender: MSH-10 of its last message."""

    def handle(self, event: Event, now: Instant) -> Sequence[Effect]:
        effects = super().handle(event, now)
        if not isinstance(event, Request) or not hasattr(event.message, "control_id"):
            return effects
        control_id: str = event.message.control_id
        before = self._before.get(event.sender, control_id)
        self._before[event.sender] = control_id
        return [_about(before, effect) for effect in effects]


def _about(control_id: str, effect: Effect) -> Effect:
    if isinstance(effect, Reply) and isinstance(effect.message, Acknowledgement):
        return Reply(effect.ticket, replace(effect.message, control_id=control_id))
    return effect
