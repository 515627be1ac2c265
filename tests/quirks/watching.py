"""An actor seen from outside: what it is told, what it answers, and every message it sends. Its peers take all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from emulators.core.actor import Actor
from emulators.core.effect import Effect, Reply
from emulators.core.event import Event, Request, Told
from emulators.messages.common import SUCCESS
from tests.actors.samples import accept, answer, notes, sends


@dataclass(slots=True)
class Watched:
    actor: Actor
    answers: list[Any] = field(default_factory=list)
    sent: list[tuple[str, Any]] = field(default_factory=list)
    """Receiver and message, in order."""
    noted: list[tuple[str, str, Any]] = field(default_factory=list)

    def ask(self, *messages: Any, sender: str = "engine") -> Any:
        """The answer to the last of them."""
        for message in messages:
            self._take(Request(7, sender, message))
        return self.answers[-1]

    def tell(self, message: Any) -> None:
        self._take(Told(message))

    def of(self, kind: type) -> list[Any]:
        """What it sent of this type."""
        return [message for _, message in self.sent if isinstance(message, kind)]

    def names(self) -> list[tuple[str, str]]:
        """Receiver and type of what it sent, sorted: receivers do not wait for each other."""
        return sorted((to, type(message).__name__) for to, message in self.sent)

    def _take(self, event: Event) -> None:
        effects: Sequence[Effect] = self.actor.handle(event, 0)
        self.answers += [effect.message for effect in effects if isinstance(effect, Reply)]
        self.noted += notes(effects)
        waiting = sends(effects)
        while waiting:
            send = waiting.pop(0)
            self.sent.append((send.to, send.message))
            is_hl7 = hasattr(send.message, "control_id")
            following = accept(self.actor, send) if is_hl7 else answer(self.actor, send, SUCCESS)
            self.noted += notes(following)
            waiting += sends(following)
