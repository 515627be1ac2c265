"""What every system does the same way: sort events by kind, answer a repeated HL7 message once, keep an outbox.

A system states three tables: ``stimuli`` (by name), ``requests`` (by message type) and ``deliveries`` (by message type),
each to a method that returns effects. A request method of an HL7 message returns the code and error of its acknowledgement
first; for a DIMSE message it returns the answer itself first.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulators.actors.outbox import Delivery, Outbox, RetryPolicy
from emulators.actors.receipts import Receipts
from emulators.core.effect import Effect, Note, Reply
from emulators.core.errors import LocalProtocolError
from emulators.core.event import Event, Outcome, Request, Stimulus, TimerFired, Told, Withdrawn
from emulators.core.instant import Instant, Stamp, WallClock
from emulators.messages.common import Acknowledgement

ACCEPTED = ("AA", "")
UNKNOWN_KEY = "204"
"""Table 0357: unknown key identifier."""
UNSUPPORTED_MESSAGE = "200 MSH-9"

Accepted = tuple[str, str]
StimulusMethod = Callable[[Mapping[str, Any]], Sequence[Effect]]
RequestMethod = Callable[[Any, str], tuple[Any, Sequence[Effect]]]
DeliveryMethod = Callable[[Delivery], Sequence[Effect]]


class System:
    """Base of all emulated systems; ``name`` is the system's own in the route table."""

    def __init__(self, name: str, clock: WallClock, retry: RetryPolicy | None = None) -> None:
        self.name = name
        self.now: Instant = 0
        self.outbox = Outbox(retry)
        self._clock = clock
        self._receipts = Receipts()
        self.stimuli: dict[str, StimulusMethod] = {}
        self.requests: dict[type, RequestMethod] = {}
        self.deliveries: dict[type, DeliveryMethod] = {}

    def handle(self, event: Event, now: Instant) -> Sequence[Effect]:
        self.now = now
        kind = type(event)
        if kind is Request:
            return self._request(event)  # type: ignore[arg-type]
        if kind is Outcome:
            return self._outcome(event)  # type: ignore[arg-type]
        if kind is Stimulus:
            return self.stimuli[event.name](event.data)  # type: ignore[union-attr]
        if kind is TimerFired:
            return self._timer_fired(event)  # type: ignore[arg-type]
        if kind is Told:
            return self.told(event.message)  # type: ignore[union-attr]
        if kind is Withdrawn:
            return ()  # every request is answered in the event that brings it
        raise LocalProtocolError(f"{self.name}: not an event: {kind.__name__}")

    def stamp(self, later_us: int = 0) -> Stamp:
        """This system's wall time, ``later_us`` from now."""
        return self._clock.stamp(self.now + later_us)

    def told(self, message: Any) -> Sequence[Effect]:
        """What this system's host tells it; only a system with an archive is told anything."""
        raise LocalProtocolError(f"{self.name}: told {type(message).__name__}, but keeps no images")

    def timer_fired(self, key: str) -> Sequence[Effect]:
        """A timer of this system's own, not of its outbox."""
        raise LocalProtocolError(f"{self.name}: no timer {key}")

    def _request(self, request: Request) -> Sequence[Effect]:
        message = request.message
        method = self.requests.get(type(message))
        if method is None and hasattr(message, "control_id"):
            return [Reply(request.ticket, Acknowledgement("AR", message.control_id, UNSUPPORTED_MESSAGE))]
        if method is None:
            raise LocalProtocolError(f"{self.name} does not take {type(message).__name__}")
        if not hasattr(message, "control_id"):
            answer, effects = method(message, request.sender)
            return [Reply(request.ticket, answer), *effects]
        earlier = self._receipts.earlier(request.sender, message)
        if earlier is not None:
            return [Reply(request.ticket, earlier)]
        (code, error), effects = method(message, request.sender)
        return [Reply(request.ticket, self._receipts.give(request.sender, message, code, error)), *effects]

    def _outcome(self, outcome: Outcome) -> Sequence[Effect]:
        effects, delivery = self.outbox.outcome(outcome, self.now)
        if delivery is None:
            return effects
        if not delivery.accepted:
            effects.append(self._dead_letter(delivery))
        method = self.deliveries.get(type(delivery.message))
        if method is not None:
            effects.extend(method(delivery))
        return effects

    def _dead_letter(self, delivery: Delivery) -> Note:
        answer = delivery.answer
        reason = answer.summary if answer is not None else ""
        fields = {"to": delivery.to, "message": type(delivery.message).__name__, "reason": reason}
        return Note("delivery refused", delivery.message.subject, fields)

    def _timer_fired(self, event: TimerFired) -> Sequence[Effect]:
        if self.outbox.owns(event.key):
            return self.outbox.timer_fired(event.key)
        return self.timer_fired(event.key)


def refused(code: str, location: str) -> Accepted:
    """AE with an error of table 0357 at a location such as ``OBR-2``."""
    return "AE", f"{code} {location}"
