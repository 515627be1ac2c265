"""Where socket threads tell the kernel's thread what has come: one queue, posted by many, read by one.

A socket port posts the stages of an exchange as they happen on the wire; the kernel's thread waits here for the stage whose
instant it has reached (lock-step), or takes what comes (paced). Nothing but ``post`` is called from a socket thread.
"""

from dataclasses import dataclass
from enum import Enum
from queue import Empty, SimpleQueue
from typing import Any

from emulators.core.errors import LocalProtocolError
from emulators.ports.contract import Exchange

WATCHDOG_S = 60.0
"""Wall seconds without a socket event after which a run in lock-step is given up; never makes an Outcome."""


class Stage(Enum):
    """What can be seen of an exchange on the wire."""

    REQUEST = "the request is at the receiver"
    BATCH = "a batch of instances is on disk"
    ANSWER = "the answer is at the sender"
    BROKEN = "the sender's connection has failed"


_CONTRARY = {
    Stage.REQUEST: (Stage.BROKEN, Stage.ANSWER),
    Stage.ANSWER: (Stage.BROKEN,),
    Stage.BROKEN: (Stage.ANSWER,),
    Stage.BATCH: (),
}
"""What rules a stage out while the sender still waits; a batch is on disk however its association ended."""


@dataclass(frozen=True, slots=True)
class Arrival:
    exchange: Exchange
    stage: Stage
    value: Any


@dataclass(frozen=True, slots=True)
class Failure:
    """How a sender's connection failed: whether no byte of the message had gone, and the instances confirmed before."""

    nothing_sent: bool
    reason: str
    confirmed: int = 0


class Watchdog(LocalProtocolError):
    """The wire did not do what the model says it does: the run is void."""


class Arrivals:
    """The queue, and what was taken from it before its instant."""

    def __init__(self, watchdog_s: float = WATCHDOG_S) -> None:
        self._queue: SimpleQueue[Arrival | Exception | None] = SimpleQueue()
        self._watchdog_s = watchdog_s

    def post(self, exchange: Exchange, stage: Stage, value: Any = None) -> None:
        """From any thread: this stage of this exchange was reached."""
        self._queue.put(Arrival(exchange, stage, value))

    def wake(self) -> None:
        """From any thread: end a ``take`` that waits."""
        self._queue.put(None)

    def fail(self, error: Exception) -> None:
        """From any thread: something of ours went wrong there; the kernel's thread raises it."""
        self._queue.put(error)

    def progress(self) -> None:
        """From any thread: the wire is busy with something that is not over; a waiting kernel goes on waiting."""
        self._queue.put(None)

    def take(self, timeout_s: float) -> Arrival | None:
        """The next arrival, or None after ``timeout_s`` or a ``wake``. Raises what a thread failed with."""
        try:
            return self.next(timeout_s)
        except Empty:
            return None

    def next(self, timeout_s: float) -> Arrival | None:
        """As ``take``, but raises Empty when nothing came at all, no ``progress`` either."""
        arrival = self._queue.get(timeout=timeout_s)
        if arrival is None:
            return None
        if isinstance(arrival, Exception):
            raise arrival
        exchange = arrival.exchange
        exchange.reached[arrival.stage] = arrival.value
        if arrival.stage is Stage.REQUEST and exchange.kind is not None and not exchange.outlives_sender:
            exchange.server.reply(None)  # it came after its sender had given up, and nobody will answer it
        return arrival

    def wait(self, exchange: Exchange, stage: Stage) -> Any:
        """Block until ``exchange`` has reached ``stage``; its value.

        Raises Watchdog when nothing comes for long, LocalProtocolError when the wire ends the exchange otherwise.
        """
        reached = exchange.reached
        while stage not in reached:
            for contrary in _CONTRARY[stage]:
                if contrary in reached and exchange.kind is None:
                    seen = f"{contrary.value}: {reached[contrary]}"
                    raise LocalProtocolError(f"{_named(exchange)}: expected that {stage.value}, but {seen}")
            try:
                self.next(self._watchdog_s)
            except Empty:
                raise Watchdog(f"{_named(exchange)}: waited {self._watchdog_s:g} s until {stage.value}") from None
        return reached[stage]

    def check(self) -> None:
        """When all threads have ended: raise what one of them failed with after the kernel's last wait."""
        while not self._queue.empty():
            left = self._queue.get()
            if isinstance(left, Exception):
                raise left


def _named(exchange: Exchange) -> str:
    lane = exchange.lane
    return f"{type(exchange.message).__name__} from {lane.sender} to {lane.receiver}"
