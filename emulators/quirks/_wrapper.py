"""What every quirk does the same way: stand between an actor and its host, and change what passes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from emulators.core.actor import Actor
from emulators.core.effect import Effect, Reply
from emulators.core.event import Event, Outcome, Request
from emulators.core.instant import Instant


class Wrapper:
    """Behaves as ``actor`` does; a quirk overrides what its product does otherwise. Events and messages of others are never
    changed in place, and what a quirk remembers follows from the events it was given, as with every actor."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def answered_instead(self, request: Request) -> Any:
        """The answer to a request that the actor never hears of; None for one that it does."""
        return None

    def heard(self, message: Any) -> Any:
        """What the actor takes a request, or the answer to one of its own, for."""
        return message

    def done(self, effect: Effect) -> Effect:
        """What is done instead of an effect."""
        return effect

    def handle(self, event: Event, now: Instant) -> Sequence[Effect]:
        if isinstance(event, Request):
            answer = self.answered_instead(event)
            if answer is not None:
                return [Reply(event.ticket, answer)]
        if isinstance(event, (Request, Outcome)):
            message = self.heard(event.message)
            event = event if message is event.message else replace(event, message=message)
        return [self.done(effect) for effect in self.actor.handle(event, now)]
