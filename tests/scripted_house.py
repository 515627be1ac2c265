"""A kernel with two scripted systems on one lane: one does what the test says, the other answers as the test says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import simpy

from emulators.core.effect import Effect, Reply, Send
from emulators.core.event import Event, Outcome, OutcomeKind, Request, Stimulus
from emulators.core.fault import FaultPlan, Rule
from emulators.core.instant import MILLISECOND, SECOND
from emulators.core.link import LinkSpec
from emulators.kernel import Kernel
from emulators.ports.contract import Lane
from emulators.ports.memory import MemoryPort
from emulators.trace import Level, Record, Trace

START = 100 * SECOND
LINK = LinkSpec(round_trip_us=10 * MILLISECOND, bandwidth_bit_s=8_000_000, service_us=2 * MILLISECOND)
"""1,000 bytes take a millisecond."""
DEADLINE_US = 30 * SECOND


@dataclass(frozen=True, slots=True)
class Question:
    """A message of 1,000 bytes: 6 ms one way."""

    subject: str = "Q1"

    lane: ClassVar[str] = "questions"
    nominal_bytes: ClassVar[int] = 1_000

    @property
    def identifiers(self) -> dict[str, str]:
        return {"control": self.subject}


@dataclass(frozen=True, slots=True)
class Answer:
    """1,000 bytes: 8 ms back with the service."""

    text: str = "A1"

    nominal_bytes: ClassVar[int] = 1_000

    @property
    def summary(self) -> str:
        return self.text


THERE_US, BACK_US = 6 * MILLISECOND, 8 * MILLISECOND

Script = Callable[[Any], Sequence[Effect]]


@dataclass
class Scripted:
    """Does the effects of a stimulus, answers requests by its script, and keeps what came and when."""

    kernel: Kernel
    script: Script = lambda request: [Reply(request.ticket, Answer())]
    on_outcome: Script = lambda _outcome: []
    seen: list[tuple[int, Event]] = field(default_factory=list)

    def handle(self, event: Event, now: int) -> Sequence[Effect]:
        assert now == self.kernel.now
        self.seen.append((now, event))
        if isinstance(event, Stimulus):
            effects: Sequence[Effect] = event.data["effects"]
            return effects
        if isinstance(event, Request):
            return self.script(event)
        return self.on_outcome(event) if isinstance(event, Outcome) else []

    def of(self, kind: type) -> list[Any]:
        return [event for _, event in self.seen if isinstance(event, kind)]

    def when(self, kind: type) -> list[int]:
        """Instants since the start."""
        return [now - START for now, event in self.seen if isinstance(event, kind)]


class House:
    """Two systems, ``asker`` and ``answerer``, joined by one lane for questions."""

    def __init__(
        self,
        rules: Sequence[Rule] = (),
        associations: int = 1,
        level: Level = Level.EXCHANGES,
        start: int = START,
        **lane: Any,
    ) -> None:
        self.environment = simpy.Environment(start)
        self.records: list[Record] = []
        trace = Trace(level)
        trace.subscribe(self.records.append)
        self.kernel = Kernel(self.environment, FaultPlan(7, rules), trace)
        self.asker, self.answerer = Scripted(self.kernel), Scripted(self.kernel)
        self.kernel.host("asker", self.asker)
        self.kernel.host("answerer", self.answerer)
        settings = {"link": LINK, **lane}
        self.kernel.connect(Lane("asker", "answerer", "questions", MemoryPort(), associations=associations, **settings))

    def do(self, *effects: Effect, system: str = "asker") -> None:
        self.kernel.stimulate(system, "do", {"subject": "S1", "effects": effects})

    def ask(self, *keys: str, deadline_us: int = DEADLINE_US) -> None:
        self.do(*(Send(key, "answerer", Question(key), deadline_us) for key in keys))

    def run(self, for_us: int = 10_000 * SECOND) -> None:
        self.environment.run(until=START + for_us)

    @property
    def outcomes(self) -> list[tuple[str, OutcomeKind]]:
        return [(outcome.key, outcome.kind) for outcome in self.asker.of(Outcome)]

    def traced(self, kind: str) -> list[Record]:
        return [record for record in self.records if record["record"] == kind]


ANSWERED, REFUSED, UNKNOWN = OutcomeKind.ANSWERED, OutcomeKind.REFUSED, OutcomeKind.UNKNOWN
