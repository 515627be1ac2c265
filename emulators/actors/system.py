"""What every system does the same way: sort events by kind, answer a repeated HL7 message once, keep an outbox and its dead
letters.

A system states three tables: ``stimuli`` (by name), ``requests`` (by message type) and ``deliveries`` (by message type),
each to a method that returns effects. A request method of an HL7 message returns the code and error of its acknowledgement
first; for a DIMSE message it returns the answer itself first.

=================================  =======================================================================================
``resend dead letter``             control id, to: the same message again, and note ``dead letter resent``
``drop dead letter``               control id, to: forgotten, and note ``dead letter dropped``
note ``dead letter``               control id; to, message, reason: an HL7 message was refused for good, and is kept
note ``delivery refused``          subject; to, message, reason: anything else was refused for good
notes ``queue alert``, ``… over``  receiver: what it is sent has waited too long (outbox.py)
=================================  =======================================================================================

All that a system knows follows from the events it was given, and their instants: a journal of them makes it anew.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from emulators.actors.dead_letters import DeadLetter, DeadLetters
from emulators.actors.outbox import Delivery, Outbox, RetryPolicy
from emulators.actors.receipts import Receipts
from emulators.core.effect import Effect, Note, Reply
from emulators.core.errors import LocalProtocolError
from emulators.core.event import Event, Outcome, Request, Stimulus, Ticket, TimerFired, Told, Withdrawn
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
        self.ticket: Ticket = 0
        """Of the request that is being handled."""
        self.outbox = Outbox(retry)
        self.dead_letters = DeadLetters()
        self._clock = clock
        self._receipts = Receipts()
        self._common_stimuli: dict[str, StimulusMethod] = {
            "resend dead letter": self._resend_dead_letter,
            "drop dead letter": self._drop_dead_letter,
        }
        self.stimuli: dict[str, StimulusMethod] = {}
        self.requests: dict[type, RequestMethod] = {}
        self.deliveries: dict[type, DeliveryMethod] = {}

    def handle(self, event: Event, now: Instant) -> Sequence[Effect]:
        self.now = self.outbox.now = now
        kind = type(event)
        if kind is Request:
            return self._request(event)  # type: ignore[arg-type]
        if kind is Outcome:
            return self._outcome(event)  # type: ignore[arg-type]
        if kind is Stimulus:
            return self._stimulus(event)  # type: ignore[arg-type]
        if kind is TimerFired:
            return self._timer_fired(event)  # type: ignore[arg-type]
        if kind is Told:
            return self.told(event.message)  # type: ignore[union-attr]
        if kind is Withdrawn:
            return ()  # every request is answered in the event that brings it
        raise LocalProtocolError(f"{self.name}: not an event: {kind.__name__}")

    @property
    def stimulus_names(self) -> Sequence[str]:
        """All that this system can be touched with."""
        return [*self.stimuli, *self._common_stimuli]

    def status(self) -> dict[str, list[dict[str, int | str]]]:
        """What has not got through: ``queues`` with how it stands with the head of each, and ``dead_letters``."""
        return {"queues": self.outbox.status(), "dead_letters": self.dead_letters.status(self.now)}

    def stamp(self, later_us: int = 0) -> Stamp:
        """This system's wall time, ``later_us`` from now."""
        return self._clock.stamp(self.now + later_us)

    def told(self, message: Any) -> Sequence[Effect]:
        """What this system's host tells it; only a system with an archive is told anything."""
        raise LocalProtocolError(f"{self.name}: told {type(message).__name__}, but keeps no images")

    def timer_fired(self, key: str) -> Sequence[Effect]:
        """A timer of this system's own, not of its outbox."""
        raise LocalProtocolError(f"{self.name}: no timer {key}")

    def _stimulus(self, stimulus: Stimulus) -> Sequence[Effect]:
        method = self.stimuli.get(stimulus.name) or self._common_stimuli.get(stimulus.name)
        if method is None:
            raise LocalProtocolError(f"{self.name}: no stimulus {stimulus.name}")
        return method(stimulus.data)

    def _request(self, request: Request) -> Sequence[Effect]:
        message, self.ticket = request.message, request.ticket
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
        effects, delivery = self.outbox.outcome(outcome)
        if delivery is None:
            return effects
        if not delivery.accepted:
            effects.append(self._refused(delivery))
        method = self.deliveries.get(type(delivery.message))
        if method is not None:
            effects.extend(method(delivery))
        effects.extend(self.outbox.go_on(outcome.key))
        return effects

    def _refused(self, delivery: Delivery) -> Note:
        message, answer = delivery.message, delivery.answer
        reason = answer.summary if answer is not None else ""
        fields = {"to": delivery.to, "message": type(message).__name__, "reason": reason}
        if not hasattr(message, "control_id"):
            return Note("delivery refused", message.subject, fields)
        self.dead_letters.keep(DeadLetter(delivery.to, delivery.queue, message, reason, self.now))
        if delivery.to in self.dead_letters.holding:
            self.outbox.take_out(delivery.to, delivery.queue, partial(self.dead_letters.hold, delivery.to))
        return Note("dead letter", message.control_id, fields)

    def _resend_dead_letter(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        return self._settle_dead_letter(data["subject"], data["to"], again=True)

    def _drop_dead_letter(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        return self._settle_dead_letter(data["subject"], data["to"], again=False)

    def _settle_dead_letter(self, control_id: str, to: str, again: bool) -> Sequence[Effect]:
        letter = self.dead_letters.take(control_id, to)
        if letter is None:
            return [Note("no such dead letter", control_id, {"to": to})]
        fields = {"to": to, "message": type(letter.message).__name__}
        effects: list[Effect] = [Note("dead letter resent" if again else "dead letter dropped", control_id, fields)]
        for message in (*([letter.message] if again else ()), *self.dead_letters.released(to)):
            effects.extend(self.outbox.put(to, message, letter.queue))
        return effects

    def _timer_fired(self, event: TimerFired) -> Sequence[Effect]:
        if self.outbox.owns(event.key):
            return self.outbox.timer_fired(event.key)
        return self.timer_fired(event.key)


def refused(code: str, location: str) -> Accepted:
    """AE with an error of table 0357 at a location such as ``OBR-2``."""
    return "AE", f"{code} {location}"
