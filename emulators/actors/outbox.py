"""The ordered retry queues of one system: what is put in gets through once, in order, however often it is sent.

Rules
- One queue per receiver and name (the lane, unless said otherwise); one send under way per queue.
- ``refused`` and ``unknown`` are tried again after a back-off, without limit; so are AR and A7xxH (out of resources).
- A retry is the same message with the same MSH-10 or UID, so that the receiver can tell it from a new one.
- A study resumes with the instances that were not confirmed, and starts its back-off anew when some were.
- AE, and any other failure status, is final: it is not sent again unchanged. After an ``unknown`` of one's own, 0111H to an
  N-CREATE (it exists already) and 0110H to an N-SET (it can no longer be changed) say that the first try was taken, and
  are success (PS3.7 10.1.5.1.6, PS3.4 F.7.2.2).
- Of a study, instances refused for good are left out and the others sent on; the delivery is then a failed one.

====================  ==============  ====================================
head of the queue is  event           then
====================  ==============  ====================================
sending               taken           delivered; the next one is sent
sending               final refusal   delivered as failed; the next one is sent
sending               try again       waiting; timer set
waiting               timer           sending
====================  ==============  ====================================
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

from emulators.core.effect import Effect, Send, SetTimer
from emulators.core.event import Outcome, OutcomeKind
from emulators.core.instant import SECOND, Instant
from emulators.messages.common import Acknowledgement, Status
from emulators.messages.imaging import NO_INSTANCES, InstanceSet, StepEnded, StepStarted, StoreResult, StoreStudy
from emulators.messages.query import MoveResult

DUPLICATE_SOP_INSTANCE = 0x0111
PROCESSING_FAILURE = 0x0110
_OUT_OF_RESOURCES = 0xA7
_WARNING = 0xB

_TAKEN_BEFORE = {StepStarted: DUPLICATE_SOP_INSTANCE, StepEnded: PROCESSING_FAILURE}
"""What a receiver says of a message that it has taken already."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``deadline_us`` for an answer; back-off from ``first_us``, doubled at each try up to ``longest_us``."""

    deadline_us: int = 30 * SECOND
    first_us: int = 5 * SECOND
    longest_us: int = 60 * SECOND


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
    """The head stays in ``messages`` until it is delivered: while there is one, it is under way or waits for its back-off."""

    __slots__ = ("confirmed", "doubtful", "messages", "name", "refused", "to", "tries")

    def __init__(self, to: str, name: str) -> None:
        self.to = to
        self.name = name
        self.messages: deque[Any] = deque()
        self.begin()

    def begin(self) -> None:
        """A new head: no try of it yet."""
        self.tries = 0
        """Without progress."""
        self.doubtful = False
        """Whether a try ended unknown."""
        self.confirmed = NO_INSTANCES
        """Over all tries."""
        self.refused = False
        """Whether an instance was refused for good."""


class Outbox:
    """Owned by one actor, which passes it every Outcome and TimerFired whose key it ``owns``."""

    def __init__(self, policy: RetryPolicy | None = None) -> None:
        self._policy = policy or RetryPolicy()
        self._queues: dict[str, _Queue] = {}

    def put(self, to: str, message: Any, queue: str = "") -> list[Effect]:
        """Queue ``message`` for ``to``; give the Send if its turn is now."""
        name = queue or message.lane
        key = f"out/{to}/{name}"
        waiting = self._queues.get(key)
        if waiting is None:
            waiting = self._queues[key] = _Queue(to, name)
        waiting.messages.append(message)
        return self._send(key, waiting) if len(waiting.messages) == 1 else []

    def owns(self, key: str) -> bool:
        """Whether an outcome or a timer with this key is for this outbox."""
        return key in self._queues

    def timer_fired(self, key: str) -> list[Effect]:
        """The back-off of a queue is over."""
        return self._send(key, self._queues[key])

    def outcome(self, outcome: Outcome, now: Instant) -> tuple[list[Effect], Delivery | None]:
        """What to do next, and the delivery if this outcome ended one."""
        key = outcome.key
        queue = self._queues[key]
        accepted = _accepted(queue, outcome)
        if accepted is None:
            queue.doubtful |= outcome.kind is OutcomeKind.UNKNOWN
            return [SetTimer(key, now + self._back_off_us(queue.tries))], None
        delivery = Delivery(queue.to, queue.name, queue.messages.popleft(), outcome.message, accepted, queue.confirmed)
        if not queue.messages:
            del self._queues[key]
            return [], delivery
        queue.begin()
        return self._send(key, queue), delivery

    def _send(self, key: str, queue: _Queue) -> list[Effect]:
        queue.tries += 1
        return [Send(key, queue.to, queue.messages[0], self._policy.deadline_us)]

    def _back_off_us(self, tries: int) -> int:
        return int(min(self._policy.first_us << min(max(tries - 1, 0), 20), self._policy.longest_us))


def _accepted(queue: _Queue, outcome: Outcome) -> bool | None:
    """True: taken. False: refused for good. None: to be tried again."""
    answer = outcome.message
    if isinstance(answer, StoreResult):
        return _study_accepted(queue, answer)
    if outcome.kind is not OutcomeKind.ANSWERED:
        return None
    if isinstance(answer, Acknowledgement):
        return None if answer.code == "AR" else answer.code == "AA"
    if answer is None:  # none was asked for
        return True
    status: int = answer.code if isinstance(answer, Status) else answer.status
    if status >> 8 == _OUT_OF_RESOURCES:
        return True if isinstance(answer, MoveResult) else None  # who asked for a move sees what has come
    repeated = queue.doubtful and status == _TAKEN_BEFORE.get(type(queue.messages[0]))
    return repeated or status == 0x0000 or status >> 12 == _WARNING


def _study_accepted(queue: _Queue, result: StoreResult) -> bool | None:
    """Keep what was confirmed, note what was refused for good, and leave only the rest at the head of the queue."""
    confirmed = result.confirmed
    store: StoreStudy = queue.messages[0]
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
    queue.messages[0] = store.only(rest)
    return None
