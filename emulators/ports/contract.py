"""What the kernel asks of a port, and what it keeps of every exchange.

The kernel owns lanes, deadlines, faults and the instants; a port owns how a message crosses. For one exchange the kernel
calls, in this order and from its own thread only::

    begin(exchange)                       the first leg starts; the exchange's verdict is known
    request(exchange) -> message          its arrival instant is reached: the message as the receiver decoded it
    answer(exchange, message)             the receiver's reply starts back
    outcome(exchange) -> message          the answer's instant is reached: the answer as the sender decoded it
    broken(exchange) -> nothing sent?     the instant is reached at which the sender sees its connection fail
    abandon(exchange) -> nothing sent?    the deadline passed: the sender stops waiting and closes what it opened

and for a study, between ``request`` (which gives the StudyHeader) and ``outcome`` (which gives the StoreResult)::

    answer(exchange, admission)           the instances follow, as far as ``foreseen_confirmed`` and ``foreseen_stored`` say
    batches(exchange)                     the instant of the last stored instance is reached: what is on disk

A memory port answers at once. A socket port starts threads in ``begin`` and ``answer``; in ``request``, ``batches``,
``outcome`` and ``broken`` it waits until the socket event has come, so that the clock passes no reached instant before its
traffic is real.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from emulators.core.event import OutcomeKind
from emulators.core.fault import PASS, FaultKind, Verdict
from emulators.core.instant import SECOND, Instant
from emulators.core.link import LinkSpec
from emulators.messages.imaging import InstancesStored


class Lane:
    """One conversation of one pair of systems: its port, its link, and the sends that wait their turn."""

    __slots__ = (
        "answer_limit_us",
        "associations",
        "faulty",
        "foreign",
        "link",
        "name",
        "open",
        "port",
        "receiver",
        "sender",
        "set_up_us",
        "waiting",
    )

    def __init__(
        self,
        sender: str,
        receiver: str,
        name: str,
        port: "Port",
        link: LinkSpec,
        associations: int = 1,
        set_up_round_trips: int = 0,
        answer_limit_us: int = 30 * SECOND,
        foreign: bool = False,
    ) -> None:
        """``associations``: sends under way at once; ``set_up_round_trips``: what it takes before the first byte of a
        message (TCP and A-ASSOCIATE are 2; an open connection is 0); ``answer_limit_us``: how long the port lets its actor
        think.
        """
        self.sender = sender
        self.receiver = receiver
        self.name = name
        self.port = port
        self.link = link
        self.associations = associations
        self.set_up_us = set_up_round_trips * link.round_trip_us
        self.answer_limit_us = answer_limit_us
        self.foreign = foreign
        self.faulty = False
        """Whether a rule of the fault plan could touch it; set when it is connected."""
        self.open = 0
        self.waiting: deque[Exchange] = deque()


class Exchange:
    """One Send on its way to its one Outcome. Instants are -1 until reached."""

    __slots__ = (
        "answer",
        "arrived",
        "client",
        "deadline_us",
        "expires",
        "fault",
        "foreseen_confirmed",
        "foreseen_stored",
        "generation",
        "instances_confirmed",
        "instances_us",
        "key",
        "kind",
        "lane",
        "message",
        "mode",
        "moves",
        "reached",
        "replied",
        "server",
        "started",
        "taken",
        "ticket",
        "verdict",
    )

    def __init__(self, lane: Lane, key: str, message: Any, deadline_us: int, taken: Instant, ticket: int) -> None:
        self.lane = lane
        self.key = key
        self.message = message
        self.deadline_us = deadline_us
        self.taken = taken
        self.expires: Instant = taken + deadline_us
        self.ticket = ticket
        self.generation = 0
        """Raised whenever the deadline moves; an older deadline event is stale."""
        self.verdict: Verdict = PASS
        self.fault = FaultKind.PASS
        """What was injected, as it stands in the trace."""
        self.started: Instant = -1
        self.arrived: Instant = -1
        self.replied = False
        self.answer: Any = None
        self.kind: OutcomeKind | None = None
        """None while open."""
        self.instances_confirmed = 0
        """Of a study: what its sender has a success for; 0 until the archive has admitted it."""
        self.foreseen_confirmed = 0
        self.foreseen_stored = 0
        """How far the association will come, before it is opened: responses that pass, and instances that reach the archive."""
        self.instances_us = 0
        self.mode: Any = None
        """How the sender of an HL7 message wants it acknowledged, if not in original mode; of a socket port."""
        self.moves: Any = None
        """Set for the C-STORE sub-operations of a C-MOVE: who wants to hear of the end instead of an actor."""
        self.reached: dict[Any, Any] = {}
        """What has been seen of it on the wire; of a socket port (ports/arrivals.py)."""
        self.client: Any = None
        """The sending end of its connection; of a socket port."""
        self.server: Any = None
        """The receiving end of its connection, where a reply goes; of a socket port."""

    @property
    def outlives_sender(self) -> bool:
        """Whether the request still reaches its receiver after the sender gave up: what was held or delayed on the way."""
        return self.verdict.kind in (FaultKind.HOLD, FaultKind.DELAY)


class Port(Protocol):
    """See the module's docstring. ``live``: instants come from the socket events, not from the link model."""

    live: bool

    def begin(self, exchange: Exchange) -> None: ...
    def request(self, exchange: Exchange) -> Any: ...
    def answer(self, exchange: Exchange, message: Any) -> None: ...
    def batches(self, exchange: Exchange) -> Sequence[InstancesStored]: ...
    def outcome(self, exchange: Exchange) -> Any: ...
    def broken(self, exchange: Exchange) -> bool: ...
    def abandon(self, exchange: Exchange) -> bool: ...
