"""The host of a served system: stands between the kernel and the actor, and sees every event before and every effect after.

Rules
- An event is in the journal before the actor has it, so no effect leaves before its event is on disk.
- A fault of the actor costs the event, not the process: of a request its answer (AE 207, or the association), logged without
  what was being handled. It is the same fault again when the journal is replayed.
- A message that cannot be sent, because nobody carries it or it cannot be encoded, never reaches the kernel: the actor gets the
  answer of a receiver that refuses it for good, so that it becomes a dead letter instead of a retry for ever.
- A system that has images removed (effect Discard) is to leave nothing of a patient on the disk. So when it does that, then
  whenever nothing is under way any more, and when it stops, its state takes the place of its journal: what the system
  itself leaves out of a snapshot is then only in memory, and is gone at the next start. Never between the parts of a batch
  of images, of which the journal must say how many there are.
- What comes through the control port is for the host: a stimulus, which it gives the actor, or a question.
"""

import contextlib
import logging
import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulators.actors.system import System
from emulators.control import AskStatus, Said, Stimulate
from emulators.core.actor import Actor
from emulators.core.effect import Effect, Reply, Send
from emulators.core.errors import LocalProtocolError
from emulators.core.event import Event, Outcome, OutcomeKind, Request, Stimulus, Told, Withdrawn
from emulators.core.instant import SECOND, Instant
from emulators.messages.common import Acknowledgement
from emulators.serving.faults import APPLICATION_INTERNAL_ERROR, described
from emulators.serving.open_work import OpenWork
from emulators.store.journal import Journal, Snapshot
from emulators.trace import Trace

log = logging.getLogger("radloop")

Refusal = Callable[[Send], Any]
"""The negative answer to a message that cannot be sent, None for one that can."""


class Host:
    """An actor to the kernel. ``actor`` is ``system`` itself, or within its quirks."""

    def __init__(self, name: str, actor: Actor, system: System, journal: Journal, refusal: Refusal, trace: Trace) -> None:
        self.name = name
        self.work = OpenWork()
        self.events = 0
        """Given since the journal began."""
        self._actor = actor
        self._system = system
        self._journal = journal
        self._refusal = refusal
        self._trace = trace
        self._forgets = False
        """Whether it has had images removed."""
        self._has_discarded = False
        """Since its state was kept last."""

    def handle(self, event: Event, now: Instant) -> Sequence[Effect]:
        if isinstance(event, Request) and isinstance(event.message, (Stimulate, AskStatus)):
            return self._control(event.ticket, event.message, now)
        self._journal.append(now, event)
        try:
            effects = self._take(event, now)
        except Exception as error:
            _log_fault(self.name, event, error)
            return self._unhandled(event)
        wanted = [effect for found in effects for effect in self._sendable(found, now)]
        is_at_rest = isinstance(event, Outcome) and not self.work.sends
        if (self._has_discarded or is_at_rest) and not isinstance(event, Told):
            self.forget(now)
        return wanted

    def forget(self, now: Instant) -> None:
        """If it is a system that has to: keep its state, and of its events none. Raises JournalFailure."""
        if not self._forgets:
            return
        try:
            state = pickle.dumps((self._actor, self._system, self.work))
        except Exception as error:  # a quirk that cannot be written down
            log.error("%s cannot forget its events: %s", self.name, described(error))
        else:
            self._journal.begin_anew(Snapshot(now, self.events, state))
            self._has_discarded = False

    def restore(self, snapshot: Snapshot) -> None:
        """Take up a state that was kept."""
        self._actor, self._system, self.work = pickle.loads(snapshot.state)
        self.events = snapshot.events
        self._forgets = True

    def replay(self, event: Event, now: Instant) -> None:
        """Give the actor an event of the journal; its effects have left long ago."""
        with contextlib.suppress(Exception):  # a fault is the same as it was, and was logged then
            self._take(event, now)

    def _take(self, event: Event, now: Instant) -> Sequence[Effect]:
        self.events += 1
        self.work.happened(event)
        try:
            effects = self._actor.handle(event, now)
        except Exception:
            if isinstance(event, Request):
                self.work.happened(Withdrawn(event.ticket))
            raise
        self.work.wanted(effects, now)
        self._has_discarded |= bool(self.work.discards)
        self._forgets |= self._has_discarded
        return effects

    def _unhandled(self, event: Event) -> Sequence[Effect]:
        """What is done instead when the actor fails. Raises LocalProtocolError for a request that only the port can end."""
        if not isinstance(event, Request):
            return ()
        control_id = getattr(event.message, "control_id", None)
        if control_id is None:
            raise LocalProtocolError(f"{self.name}: {type(event.message).__name__} was not answered")
        return [Reply(event.ticket, Acknowledgement("AE", control_id, APPLICATION_INTERNAL_ERROR))]

    def _sendable(self, effect: Effect, now: Instant) -> Sequence[Effect]:
        """The effect itself, or what the actor does once it knows that the message cannot be sent."""
        answer = self._refusal(effect) if isinstance(effect, Send) else None
        if answer is None:
            return (effect,)
        assert isinstance(effect, Send)
        return self.handle(Outcome(effect.key, OutcomeKind.ANSWERED, answer), now)

    # --- the control port ----------------------------------------------------------------------------------------------

    def _control(self, ticket: int, message: Stimulate | AskStatus, now: Instant) -> Sequence[Effect]:
        if isinstance(message, AskStatus):
            return [Reply(ticket, Said(self.status(now)))]
        if message.name not in self._system.stimulus_names:
            known = ", ".join(sorted(self._system.stimulus_names))
            return [Reply(ticket, Said({"error": f"{self.name} takes no stimulus {message.name!r}; there is {known}"}))]
        subject = message.data.get("subject", "")
        self._trace.publish({"at": now, "record": "stimulus", "system": self.name, "name": message.name, "subject": subject})
        event = Stimulus(message.name, message.data)
        self._journal.append(now, event)
        try:
            effects = self._take(event, now)
        except Exception as error:
            _log_fault(self.name, event, error)
            return [Reply(ticket, Said({"error": f"{self.name} cannot take it: {_in_words(error)}"}))]
        given = Reply(ticket, Said({"given": message.name}))
        return [given, *(effect for wanted in effects for effect in self._sendable(wanted, now))]

    def status(self, now: Instant) -> Mapping[str, Any]:
        """What the system has open, in counts and ages, and what it says of its queues; no content of a message."""
        sends = [
            {"to": send.to, "message": type(send.message).__name__, "for_s": round((now - since) / SECOND, 3)}
            for send, since in self.work.sends.values()
        ]
        return {
            "system": self.name,
            "events": self.events,
            "journal_bytes": self._journal.size_bytes,
            "open_sends": sends,
            "timers": len(self.work.timers),
            **self._system.status(),
        }


def _log_fault(name: str, event: Event, error: Exception) -> None:
    what = type(getattr(event, "message", event)).__name__
    log.error("%s cannot handle %s: %s", name, what, described(error))


def _in_words(error: Exception) -> str:
    """For the operator, who gave the data."""
    if isinstance(error, KeyError):
        return f"{error} is missing, or is not known here"
    return str(error) if isinstance(error, LocalProtocolError) else f"{type(error).__name__}: {error}"
