"""What a sender in enhanced mode waits for: the application acknowledgement of a message that its receiver has accepted.

====================  =========================  ==================================================================
message is            event                      then
====================  =========================  ==================================================================
-                     accepted by a receiver     waiting: timer set
waiting               AA                         forgotten
waiting               AE, AR                     a dead letter
waiting               timer                      sent again under its MSH-10, which a receiver answers as it did then
waiting               timer, after the last try  a dead letter: nobody knows what became of it
====================  =========================  ==================================================================

It may overtake the accept acknowledgement, which comes on another connection: what is not waited for is remembered for a while.
A receiver that is not waited for, because it is not always to send one (MSH-16 ER or SU), may send one all the same.
"""

from collections.abc import Collection
from dataclasses import dataclass

from emulators.actors.outbox import Delivery
from emulators.core.effect import CancelTimer, SetTimer
from emulators.core.instant import SECOND, Instant
from emulators.messages.acknowledgements import ApplicationAcknowledgement

PREFIX = "application/"
"""Of the keys of its timers."""

LIMIT_US = 60 * SECOND
"""How long an application acknowledgement may take before the message is sent again."""

TRIES = 10

_REMEMBERED = 64
"""Acknowledgements that were not waited for when they came."""


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    tries: int = 1


class AwaitedApplications:
    """Of one system. ``receivers`` are those whose application acknowledgement is waited for."""

    def __init__(self, receivers: Collection[str] = ()) -> None:
        self.receivers = frozenset(receivers)
        self._waiting: dict[str, _Waiting] = {}
        """By the key of its timer."""
        self._early: dict[str, ApplicationAcknowledgement] = {}

    def accepted(self, delivery: Delivery, now: Instant) -> tuple[ApplicationAcknowledgement | None, list[SetTimer]]:
        """A receiver has taken a message into its store: wait, or the acknowledgement that has come already."""
        key = _key(delivery.to, delivery.message.control_id)
        early = self._early.pop(key, None)
        if early is not None:
            return early, []
        self._waiting.setdefault(key, _Waiting(delivery)).delivery = delivery
        return None, [SetTimer(key, now + LIMIT_US)]

    def take(self, sender: str, message: ApplicationAcknowledgement) -> tuple[Delivery | None, list[CancelTimer]]:
        """The message that ``sender`` acknowledges, if it was waited for."""
        key = _key(sender, message.request_control_id)
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            return waiting.delivery, [CancelTimer(key)]
        if sender in self.receivers:
            self._early[key] = message
            if len(self._early) > _REMEMBERED:
                del self._early[next(iter(self._early))]
        return None, []

    def overdue(self, key: str) -> tuple[Delivery, bool]:
        """A timer has fired: the message, and whether it is to be sent again."""
        waiting = self._waiting[key]
        waiting.tries += 1
        if waiting.tries <= TRIES:
            return waiting.delivery, True
        del self._waiting[key]
        return waiting.delivery, False

    def status(self) -> list[dict[str, int | str]]:
        """Each message without its content."""
        return [
            {
                "to": one.delivery.to,
                "message": type(one.delivery.message).__name__,
                "control": one.delivery.message.control_id,
                "tries": one.tries,
            }
            for one in self._waiting.values()
        ]


def _key(system: str, control_id: str) -> str:
    return f"{PREFIX}{system}/{control_id}"
