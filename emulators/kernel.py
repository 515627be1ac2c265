"""The kernel: one SimPy environment, one thread, all actors. It gives them their events, and carries out what they want.

Sends and Replies are carried out by exchanges.py; notes, who waits for them, and timers are here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import simpy

from emulators.core.actor import Actor
from emulators.core.effect import CancelTimer, Discard, Effect, Note, Reply, Send, SetTimer
from emulators.core.event import Stimulus, TimerFired, Told
from emulators.core.fault import FaultPlan
from emulators.core.instant import Instant
from emulators.exchanges import Exchanges
from emulators.ports.arrivals import Stage
from emulators.ports.contract import Exchange, Lane
from emulators.search import Searchable
from emulators.trace import Record, Trace


class Archive(Searchable, Protocol):
    """The image store of a system."""

    def discard(self, study_instance_uid: str) -> None: ...


class Kernel:
    """Hosts actors, joins them by lanes, and runs on ``environment``, whose clock counts whole microseconds."""

    def __init__(self, environment: simpy.Environment, faults: FaultPlan, trace: Trace) -> None:
        self.environment = environment
        self._clock: Any = environment  # the same; its time is whole numbers, which SimPy's types do not say
        self.trace = trace
        self._handlers: dict[str, Callable[..., Any]] = {}
        self._archives: dict[str, Archive] = {}
        self._timers: dict[tuple[str, str], simpy.Event] = {}
        self._expected: dict[tuple[str, str], simpy.Event] = {}
        self._listeners: dict[str, list[Callable[[str, Mapping[str, Any]], None]]] = {}
        self._exchanges = Exchanges(environment, faults, trace, self._give, self._archives)
        self._effects: dict[type, Callable[[str, Any], None]] = {
            Send: self._exchanges.send,
            Reply: self._exchanges.reply,
            Note: self._note,
            SetTimer: self._set_timer,
            CancelTimer: self._cancel_timer,
            Discard: self._discard,
        }

    # --- what the site and the world use -------------------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        return int(self.environment.now)

    @property
    def in_flight(self) -> int:
        """How many exchanges have no outcome yet."""
        return self._exchanges.in_flight

    @property
    def quiet(self) -> bool:
        """Nothing is in flight, queued, or waiting for a timer."""
        return not self._exchanges.in_flight and not self._timers

    def host(self, name: str, actor: Actor, archive: Archive | None = None) -> None:
        """Put ``actor`` on this kernel under ``name``; ``archive`` is its image store, if it has one."""
        self._handlers[name] = actor.handle
        if archive is not None:
            self._archives[name] = archive

    def connect(self, lane: Lane) -> None:
        """Add one row to the route table."""
        self._exchanges.connect(lane)

    def stimulate(self, name: str, stimulus: str, data: Mapping[str, Any]) -> None:
        """Let the world touch an actor."""
        record: Record = {"at": self.now, "record": "stimulus", "system": name, "name": stimulus}
        record["subject"] = data.get("subject", "")
        self.trace.publish(record)
        self._give(name, Stimulus(stimulus, data))

    def tell(self, name: str, message: Any) -> None:
        """Let an actor's host inform it."""
        self._give(name, Told(message))

    def perform(self, name: str, effect: Effect) -> None:
        """Carry out an effect as if the actor had returned it."""
        self._effects[type(effect)](name, effect)

    def expect(self, note: str, subject: str, limit_us: int) -> simpy.Event:
        """An event with the fields of the next such Note, or with None when ``limit_us`` have passed."""
        event = self.environment.event()
        self._expected[note, subject] = event
        limit = self.environment.timeout(limit_us, (note, subject, event))
        limit.callbacks.append(self._expectation_over)
        return event

    def listen(self, note: str, listener: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Call ``listener(subject, fields)`` at every such Note. It may put things into SimPy stores, not touch actors."""
        self._listeners.setdefault(note, []).append(listener)

    def reached(self, exchange: Exchange, stage: Stage) -> None:
        """On a paced clock: a socket event has come, and its instant is now."""
        self._exchanges.reached(exchange, stage)

    # --- events and effects --------------------------------------------------------------------------------------------

    def _give(self, name: str, event: Any) -> None:
        effects: Sequence[Effect] = self._handlers[name](event, self._clock.now)
        for effect in effects:
            self._effects[type(effect)](name, effect)
        if self._exchanges.just_answered:
            self._exchanges.just_answered.clear()

    def _note(self, name: str, note: Note) -> None:
        self.trace.publish(
            {
                "at": self.now,
                "record": "note",
                "system": name,
                "name": note.name,
                "subject": note.subject,
                **note.fields,
            }
        )
        expected = self._expected.pop((note.name, note.subject), None)
        if expected is not None:
            expected.succeed(note.fields)
        for listener in self._listeners.get(note.name, ()):
            listener(note.subject, note.fields)

    def _expectation_over(self, limit: simpy.Event) -> None:
        note, subject, event = cast("tuple[str, str, simpy.Event]", limit.value)
        if not event.triggered:
            if self._expected.get((note, subject)) is event:
                del self._expected[note, subject]
            event.succeed(None)

    def _set_timer(self, name: str, timer: SetTimer) -> None:
        delay_us = max(0, timer.at - self.now)
        key = (name, timer.key)
        self._timers[key] = event = self.environment.timeout(delay_us, key)
        event.callbacks.append(self._timer_fired)

    def _timer_fired(self, event: simpy.Event) -> None:
        key = cast("tuple[str, str]", event.value)
        if self._timers.get(key) is event:
            del self._timers[key]
            self._give(key[0], TimerFired(key[1]))

    def _cancel_timer(self, name: str, timer: CancelTimer) -> None:
        self._timers.pop((name, timer.key), None)

    def _discard(self, name: str, effect: Discard) -> None:
        self._archives[name].discard(effect.study_instance_uid)
