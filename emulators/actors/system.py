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
note ``application refused``       control id; from, reason: AE or AR came for a message that is not waited for
=================================  =======================================================================================

All that a system knows follows from the events it was given, and their instants: a journal of them makes it anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from emulators.actors import application_acknowledgements
from emulators.actors.application_acknowledgements import AwaitedApplications
from emulators.actors.dead_letters import DeadLetter, DeadLetters
from emulators.actors.outbox import Delivery, Outbox, RetryPolicy
from emulators.actors.receipts import Receipts
from emulators.core.effect import Effect, Note, Reply, Send
from emulators.core.errors import LocalProtocolError
from emulators.core.event import Event, Outcome, Request, Stimulus, Ticket, TimerFired, Told, Withdrawn
from emulators.core.identity import digest
from emulators.core.instant import SECOND, Instant, Stamp, WallClock
from emulators.messages.acknowledgements import ApplicationAcknowledgement, EnhancedMode, accepting
from emulators.messages.common import Acknowledgement

ACCEPTED = ("AA", "")
REQUIRED_FIELD_MISSING = "101"
UNKNOWN_KEY = "204"
DUPLICATE_KEY = "205"
RECORD_LOCKED = "206"
"""Errors of table 0357."""
UNSUPPORTED_MESSAGE = "200 MSH-9"

_OVER = "acknowledged/"
"""Of the keys of application acknowledgements that go back on the connection of their message."""

_OVER_LIMIT_US = 10 * SECOND

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
        self.awaited = AwaitedApplications()
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
        """What has not got through: ``queues`` with how it stands with the head of each, and ``dead_letters``; where
        application acknowledgements are waited for, ``accepted`` ones that have none yet."""
        found = {"queues": self.outbox.status(), "dead_letters": self.dead_letters.status(self.now)}
        return {**found, "accepted": self.awaited.status()} if self.awaited.receivers else found

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
        effects = self._answered(request)
        return effects if request.mode is None else self._in_enhanced_mode(request, request.mode, effects)

    def _answered(self, request: Request) -> Sequence[Effect]:
        """What a request leads to, its Reply first."""
        message, self.ticket = request.message, request.ticket
        if type(message) is ApplicationAcknowledgement:
            return [
                Reply(request.ticket, Acknowledgement("AA", message.control_id)),
                *self._application_acknowledged(request.sender, message),
            ]
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
        if outcome.key.startswith(_OVER):
            return ()  # who did not get it asks again
        effects, delivery = self.outbox.outcome(outcome)
        if delivery is None:
            return effects
        if not delivery.accepted:
            effects.append(self._refused(delivery))
        elif delivery.to in self.awaited.receivers and type(delivery.message) is not ApplicationAcknowledgement:
            early, waiting = self.awaited.accepted(delivery, self.now)
            effects += waiting if early is None else self._settle_accepted(delivery, early)
        method = self.deliveries.get(type(delivery.message))
        if method is not None:
            effects.extend(method(delivery))
        effects.extend(self.outbox.go_on(outcome.key))
        return effects

    def _refused(self, delivery: Delivery) -> Note:
        message, answer = delivery.message, delivery.answer
        reason = answer.summary if answer is not None else "no application acknowledgement"
        fields = {"to": delivery.to, "message": type(message).__name__, "reason": reason}
        if not hasattr(message, "control_id") or type(message) is ApplicationAcknowledgement:
            return Note("delivery refused", message.subject, fields)
        self.dead_letters.keep(DeadLetter(delivery.to, delivery.queue, message, reason, self.now))
        if delivery.to in self.dead_letters.holding:
            self.outbox.take_out(delivery.to, delivery.queue, partial(self.dead_letters.hold, delivery.to))
        return Note("dead letter", message.control_id, fields)

    # --- enhanced acknowledgement mode ---------------------------------------------------------------------------------

    def _in_enhanced_mode(self, request: Request, mode: EnhancedMode, effects: Sequence[Effect]) -> Sequence[Effect]:
        """The message is in the store when this is done: it is accepted (CA), whatever comes of it, which the application
        acknowledgement says. One of a type that nobody here takes is rejected (CR)."""
        first, *further = effects
        assert isinstance(first, Reply)  # every HL7 message gets one
        answer: Acknowledgement = first.message
        if (answer.code, answer.error) == ("AR", UNSUPPORTED_MESSAGE):
            return [Reply(first.ticket, accepting(answer))]
        accepted = Reply(first.ticket, Acknowledgement("CA", answer.control_id))
        if not mode.wants_application(answer.code):
            return [accepted, *further]
        return [accepted, *self._acknowledge(request, mode, answer), *further]

    def _acknowledge(self, request: Request, mode: EnhancedMode, answer: Acknowledgement) -> Sequence[Effect]:
        stamp = self.stamp()
        number = digest(64, "application", self.name, request.sender, answer.control_id, answer.code, answer.error, stamp)
        control_id = f"K{number:016X}"
        message = ApplicationAcknowledgement(control_id, stamp, mode.event, answer.code, answer.control_id, answer.error)
        if mode.same_connection:
            return [Send(f"{_OVER}{request.ticket}", request.sender, message, _OVER_LIMIT_US, over=request.ticket)]
        return self.outbox.put(request.sender, message)

    def _application_acknowledged(self, sender: str, message: ApplicationAcknowledgement) -> Sequence[Effect]:
        """A receiver says what came of a message that it has accepted."""
        delivery, effects = self.awaited.take(sender, message)
        if delivery is not None:
            return [*effects, *self._settle_accepted(delivery, message)]
        if message.code == "AA" or sender in self.awaited.receivers:
            return ()
        fields = {"from": sender, "reason": f"{message.code} {message.error}".rstrip()}
        return [Note("application refused", message.request_control_id, fields)]

    def _settle_accepted(self, delivery: Delivery, message: ApplicationAcknowledgement) -> Sequence[Effect]:
        """A message that its receiver has accepted is done with, or refused after all."""
        if message.code == "AA":
            return ()
        answer = Acknowledgement(message.code, message.request_control_id, message.error)
        return [self._refused(replace(delivery, answer=answer, accepted=False))]

    def _overdue(self, key: str) -> Sequence[Effect]:
        """No application acknowledgement has come in time."""
        delivery, goes_again = self.awaited.overdue(key)
        if goes_again:
            return self.outbox.put(delivery.to, delivery.message, delivery.queue)
        return [self._refused(replace(delivery, answer=None, accepted=False))]

    # --- dead letters --------------------------------------------------------------------------------------------------

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
        if event.key.startswith(application_acknowledgements.PREFIX):
            return self._overdue(event.key)
        return self.timer_fired(event.key)


def refused(code: str, location: str) -> Accepted:
    """AE with an error of table 0357 at a location such as ``OBR-2``."""
    return "AE", f"{code} {location}"
