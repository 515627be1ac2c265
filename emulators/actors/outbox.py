"""The ordered retry queues of one system: what is put in gets through once, in order, however often it is sent.

Rules
- One queue per receiver and name (the lane, unless said otherwise); one send under way per queue. A queue has no limit.
- ``refused`` and ``unknown`` are tried again after a back-off, without limit; so is A7xxH (out of resources).
- AR, and CR of enhanced mode, is tried again as often as the policy says; one that speaks of the header (200 to 203: message
  type, event, processing ID, version) can never pass, and is final.
- A retry is the same message with the same MSH-10 or UID, so that the receiver can tell it from a new one.
- A study resumes with the instances that were not confirmed, and starts its back-off anew when some were.
- A commitment result that is answered with 0110H (processing failure) is sent three times more (PS3.4 J.3.3.1.3).
- AE, CE, and any other failure status, is final: it is not sent again unchanged. After an ``unknown`` of one's own, 0111H to an
  N-CREATE (it exists already) and 0110H to an N-SET to a final state (it can no longer be changed) say that the first try
  was taken, and are success (PS3.7 10.1.5.1.6, PS3.4 F.7.2.2). An N-SET that leaves the state as it is can be repeated.
- Of a study, instances refused for good are left out and the others sent on; the delivery is then a failed one.
- A receiver whose oldest message has waited for ``alert_after_us`` is noted, once, until nothing waits for it any more. It
  is looked at when a try ends, and by a timer while tries fail: what goes through at once costs no timer.

====================  ==============  ====================================
head of the queue is  event           then
====================  ==============  ====================================
sending               taken           delivered; ``go_on`` sends the next
sending               final refusal   delivered as failed; ``go_on`` sends the next
sending               try again       waiting; timer set
waiting               timer           sending
====================  ==============  ====================================

=====================  =======================================  ==================================
receiver is            event                                    then
=====================  =======================================  ==================================
unwatched              a try fails, or the next one is overdue  watched: alert timer set
watched                nothing waits for it any more            unwatched: timer cancelled
watched                timer, the oldest is not overdue         watched: timer set anew
watched                timer, the oldest is overdue             alerted: note ``queue alert``
alerted                nothing waits for it any more            unwatched: note ``queue alert over``
=====================  =======================================  ==================================
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulators.core.effect import CancelTimer, Effect, Note, Send, SetTimer
from emulators.core.event import Outcome, OutcomeKind
from emulators.core.instant import SECOND, Instant
from emulators.messages.availability import InstancesAvailable
from emulators.messages.commitment import CommitResult
from emulators.messages.common import Acknowledgement, Status
from emulators.messages.imaging import StoreResult
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.messages.query import MoveResult
from emulators.messages.steps import StepEnded, StepStarted

DUPLICATE_SOP_INSTANCE = 0x0111
PROCESSING_FAILURE = 0x0110
_OUT_OF_RESOURCES = 0xA7
_WARNING = 0xB

_TAKEN_BEFORE = {
    StepStarted: DUPLICATE_SOP_INSTANCE,
    InstancesAvailable: DUPLICATE_SOP_INSTANCE,
    StepEnded: PROCESSING_FAILURE,
}
"""What a receiver says of a message that it has taken already."""

_RESULTS_AFTER_FAILURE = 3
"""How often a commitment result is sent after a processing failure."""

_NEVER = ("200", "201", "202", "203")
"""Errors of table 0357 about what the header asks for."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``deadline_us`` for an answer; back-off from ``first_us``, doubled at each try up to ``longest_us``.

    ``alert_after_us``: how long the oldest message for a receiver may wait before it is noted, 0 for ever. ``rejections``: the
    AR that makes a message a dead letter, 0 for none; 30 with this back-off is after half an hour.
    """

    deadline_us: int = 30 * SECOND
    first_us: int = 5 * SECOND
    longest_us: int = 60 * SECOND
    alert_after_us: int = 0
    rejections: int = 30


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message: its answer, and whether the receiver took it. For a study, ``confirmed`` over all tries."""

    to: str
    queue: str
    message: Any
    answer: Any
    accepted: bool
    confirmed: InstanceSet = NO_INSTANCES


class _Queue:
    """The head stays in ``entries`` until it is delivered: while there is one, it is under way or waits for its back-off."""

    __slots__ = ("confirmed", "doubtful", "entries", "failures", "name", "refused", "rejections", "to", "tries", "trouble")

    def __init__(self, to: str, name: str) -> None:
        self.to = to
        self.name = name
        self.entries: deque[tuple[Instant, Any]] = deque()
        """Messages, and since when they wait."""
        self.begin()

    @property
    def head(self) -> Any:
        return self.entries[0][1]

    @property
    def since(self) -> Instant:
        """When the head was put in."""
        return self.entries[0][0]

    def begin(self) -> None:
        """A new head: no try of it yet."""
        self.tries = 0
        """Without progress."""
        self.rejections = 0
        self.failures = 0
        """Processing failures."""
        self.trouble = ""
        """How the last try ended."""
        self.doubtful = False
        """Whether a try ended unknown."""
        self.confirmed = NO_INSTANCES
        """Over all tries."""
        self.refused = False
        """Whether an instance was refused for good."""


class Outbox:
    """Owned by one actor, which sets ``now`` before it does anything here, and passes every Outcome and TimerFired whose key
    it ``owns``."""

    def __init__(self, policy: RetryPolicy | None = None) -> None:
        self.now: Instant = 0
        self._policy = policy or RetryPolicy()
        self._queues: dict[str, _Queue] = {}
        self._watched: dict[str, bool] = {}
        """Receivers that are watched, and whether they are alerted."""

    def put(self, to: str, message: Any, queue: str = "") -> list[Effect]:
        """Queue ``message`` for ``to``; give the Send if its turn is now."""
        name = queue or message.lane
        key = f"out/{to}/{name}"
        waiting = self._queues.get(key)
        if waiting is not None:
            waiting.entries.append((self.now, message))
            return []
        waiting = self._queues[key] = _Queue(to, name)
        waiting.entries.append((self.now, message))
        return self._send(key, waiting)

    def owns(self, key: str) -> bool:
        """Whether an outcome or a timer with this key is for this outbox."""
        return key in self._queues or (key.startswith("alert/") and key[6:] in self._watched)

    def timer_fired(self, key: str) -> list[Effect]:
        """The back-off of a queue is over, or a receiver is to be looked at."""
        queue = self._queues.get(key)
        return self._look(key) if queue is None else self._send(key, queue)

    def outcome(self, outcome: Outcome) -> tuple[list[Effect], Delivery | None]:
        """What to do next, or the delivery if this outcome ended one; then ``go_on`` is to be called."""
        key = outcome.key
        queue = self._queues[key]
        accepted = _accepted(queue, outcome)
        if accepted is None:
            if queue.rejections == self._policy.rejections != 0:
                accepted = False
            else:
                return self._wait(key, queue, outcome), None
        _, message = queue.entries.popleft()
        return [], Delivery(queue.to, queue.name, message, outcome.message, accepted, queue.confirmed)

    def go_on(self, key: str) -> list[Effect]:
        """After a delivery: send the next one, if there is one."""
        queue = self._queues[key]
        if not queue.entries:
            del self._queues[key]
            return self._drained(queue.to) if queue.to in self._watched else []
        queue.begin()
        alert_after_us = self._policy.alert_after_us
        if alert_after_us and self.now - queue.since >= alert_after_us and queue.to not in self._watched:
            return [*self._send(key, queue), self._watch(queue.to)]
        return self._send(key, queue)

    def take_out(self, to: str, name: str, chosen: Callable[[Any], bool]) -> list[Any]:
        """Take the ``chosen`` ones out of a queue between a delivery and ``go_on``; asks of each in order."""
        queue = self._queues[f"out/{to}/{name}"]
        taken: list[Any] = []
        left: deque[tuple[Instant, Any]] = deque()
        for entry in queue.entries:
            if chosen(entry[1]):
                taken.append(entry[1])
            else:
                left.append(entry)
        queue.entries = left
        return taken

    def status(self) -> list[dict[str, int | str]]:
        """Every queue with something in it: its depth, how long its head has waited, how often it was tried, and what came of
        that. No content of a message."""
        return [
            {
                "to": queue.to,
                "queue": queue.name,
                "depth": len(queue.entries),
                "oldest_us": self.now - queue.since,
                "message": type(queue.head).__name__,
                "control": getattr(queue.head, "control_id", ""),
                "tries": queue.tries,
                "trouble": queue.trouble,
            }
            for queue in self._queues.values()
        ]

    def _send(self, key: str, queue: _Queue) -> list[Effect]:
        queue.tries += 1
        return [Send(key, queue.to, queue.entries[0][1], self._policy.deadline_us)]

    def _wait(self, key: str, queue: _Queue, outcome: Outcome) -> list[Effect]:
        queue.doubtful |= outcome.kind is OutcomeKind.UNKNOWN
        answered = outcome.kind is OutcomeKind.ANSWERED
        queue.trouble = str(outcome.message.summary) if answered else outcome.kind.value
        effects: list[Effect] = [SetTimer(key, self.now + self._back_off_us(queue.tries))]
        if self._policy.alert_after_us and queue.to not in self._watched:
            effects.append(self._watch(queue.to))
        return effects

    def _back_off_us(self, tries: int) -> int:
        return int(min(self._policy.first_us << min(max(tries - 1, 0), 20), self._policy.longest_us))

    # --- alerts --------------------------------------------------------------------------------------------------------

    def _watch(self, to: str) -> SetTimer:
        self._watched[to] = False
        return SetTimer(f"alert/{to}", self._oldest(to).since + self._policy.alert_after_us)

    def _oldest(self, to: str) -> _Queue:
        """The queue for ``to`` whose head waits longest."""
        return min(self._for(to), key=lambda queue: queue.since)

    def _for(self, to: str) -> list[_Queue]:
        return [queue for queue in self._queues.values() if queue.to == to]

    def _look(self, key: str) -> list[Effect]:
        to = key.partition("/")[2]
        oldest = self._oldest(to)
        waited_us = self.now - oldest.since
        if waited_us < self._policy.alert_after_us:
            return [SetTimer(key, oldest.since + self._policy.alert_after_us)]
        self._watched[to] = True
        fields = {
            "depth": sum(len(queue.entries) for queue in self._for(to)),
            "oldest_us": waited_us,
            "message": type(oldest.head).__name__,
            "trouble": oldest.trouble,
        }
        return [Note("queue alert", to, fields)]

    def _drained(self, to: str) -> list[Effect]:
        """One queue for a watched receiver is empty."""
        if self._for(to):
            return []
        alerted = self._watched.pop(to)
        return [Note("queue alert over", to, {})] if alerted else [CancelTimer(f"alert/{to}")]


def _accepted(queue: _Queue, outcome: Outcome) -> bool | None:
    """True: taken. False: refused for good. None: to be tried again."""
    answer = outcome.message
    if isinstance(answer, StoreResult):
        return _study_accepted(queue, answer)
    if outcome.kind is not OutcomeKind.ANSWERED:
        return None
    if isinstance(answer, Acknowledgement):
        if answer.code in ("AR", "CR"):
            return _rejected(queue, answer)
        return answer.code in ("AA", "CA")
    if answer is None:  # none was asked for
        return True
    status: int = answer.code if isinstance(answer, Status) else answer.status
    if status >> 8 == _OUT_OF_RESOURCES:
        return True if isinstance(answer, MoveResult) else None  # who asked for a move sees what has come
    if status == PROCESSING_FAILURE and isinstance(queue.head, CommitResult):
        queue.failures += 1
        return None if queue.failures <= _RESULTS_AFTER_FAILURE else False
    repeated = queue.doubtful and status == _TAKEN_BEFORE.get(type(queue.head))
    return repeated or status == 0x0000 or status >> 12 == _WARNING


def _rejected(queue: _Queue, answer: Acknowledgement) -> bool | None:
    queue.rejections += 1
    return False if answer.error.startswith(_NEVER) else None


def _study_accepted(queue: _Queue, result: StoreResult) -> bool | None:
    """Keep what was confirmed, note what was refused for good, and leave only the rest at the head of the queue."""
    confirmed = result.confirmed
    since, store = queue.entries[0]
    if confirmed:
        queue.tries = 0
        queue.confirmed = queue.confirmed.union(confirmed)
    rest = store.instances.without(confirmed)
    for status, instances in result.failed:
        if status >> 8 != _OUT_OF_RESOURCES:
            queue.refused = True
            rest = rest.without(instances)
    if not rest:
        return not queue.refused
    queue.entries[0] = (since, store.only(rest))
    return None
