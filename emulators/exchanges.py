"""Exchanges: the Sends of all actors and their Outcomes, carried out over virtual time for the kernel.

Rules
- Every Send gets exactly one Outcome, by its deadline: ``answered``, ``refused`` or ``unknown``.
- Sends of one lane start in the order in which they were sent, as many at once as the lane has associations.
- The deadline runs from the Send; for a study it starts again at each instance, for a C-MOVE at each sub-operation.
- A Request is answered at most once. An answer that comes after its sender gave up is dropped and traced.
- The instants of both legs come from the link model and the fault's verdict; the port says how the bytes cross
  (ports/contract.py).

The life of an exchange; each row is one event of the environment::

    queued --lane free--> started --request arrives--> asked --actor replies--> replied --answer arrives--> answered
       |                     |                           |                         |
       deadline: refused     link fails, deadline:       no answer, deadline:      link fails, deadline:
                             refused or unknown          unknown                   unknown

A study passes from asked to replied by its Admission; then its instances flow, the archive is told of the batch, and the
StoreResult is the answer. A C-MOVE is replied by a MovePlan, which is carried out as StoreStudy exchanges of
the mover before it is answered; a C-FIND that wants series or instances by a FindPlan, carried out in the image store.
"""

from collections.abc import Callable, Mapping
from typing import Any

import simpy

from emulators.core.effect import Reply, Send
from emulators.core.errors import LocalProtocolError
from emulators.core.event import Outcome, OutcomeKind, Request, Told, Withdrawn
from emulators.core.fault import PASS, FaultKind, FaultPlan, Verdict
from emulators.core.instant import Instant
from emulators.foresight import foresee_instances, slowed_us
from emulators.messages.imaging import Admission, StoreResult, StoreStudy
from emulators.messages.instance_set import NO_INSTANCES
from emulators.messages.query import FindPlan, MovePlan
from emulators.moves import MoveUnderWay
from emulators.ports.arrivals import Stage
from emulators.ports.contract import Exchange, Lane
from emulators.ports.foreign import OverPort
from emulators.search import Searchable, search
from emulators.trace import Record, Trace


class Exchanges:
    """Of one kernel: ``give`` hands an event to the actor of a name, ``archives`` are the image stores by name."""

    def __init__(
        self,
        environment: simpy.Environment,
        faults: FaultPlan,
        trace: Trace,
        give: Callable[[str, Any], None],
        archives: Mapping[str, Searchable],
    ) -> None:
        self._environment = environment
        self._clock: Any = environment  # the same; its time is whole numbers, which SimPy's types do not say
        self._faults = faults
        self._trace = trace
        self._give = give
        self._archives = archives
        self._lanes: dict[tuple[str, str, str], Lane] = {}
        self._tickets: dict[int, Exchange] = {}
        self._last_ticket = 0
        self._open_sends: set[tuple[str, str]] = set()
        self.in_flight = 0
        """How many exchanges have no outcome yet."""
        self.just_answered: dict[int, Exchange] = {}
        """Strangers' requests that the event under way has answered, by ticket; emptied when that event is over."""

    def connect(self, lane: Lane) -> None:
        """Add one row to the route table."""
        lane.faulty = self._faults.concerns(lane.sender, lane.receiver, lane.name)
        self._lanes[lane.sender, lane.receiver, lane.name] = lane

    def reached(self, exchange: Exchange, stage: Stage) -> None:
        """On a paced clock: a socket event has come, and its instant is now."""
        if exchange.lane.foreign and stage is Stage.REQUEST:
            self._last_ticket += 1
            exchange.ticket = self._last_ticket
            exchange.taken = exchange.started = self._clock.now
            exchange.expires = self._clock.now + exchange.deadline_us
            self.in_flight += 1
        if stage is Stage.REQUEST:
            self._arrived(exchange)
        elif stage is Stage.BATCH:
            self._tell_batch(exchange)
        elif stage is Stage.ANSWER:
            self._answered(exchange)
        else:
            self._broken(exchange)

    def _after(self, delay_us: int, call: Callable[[Any], None], argument: Any) -> None:
        self._environment.timeout(delay_us).callbacks.append(lambda _: call(argument))

    # --- the first leg -------------------------------------------------------------------------------------------------

    def send(self, name: str, send: Send) -> None:
        """An actor sends. Raises LocalProtocolError for a key that is still open, and where there is no route."""
        if (name, send.key) in self._open_sends:
            raise LocalProtocolError(f"{name}: a send with key {send.key} is open already")
        self._open_sends.add((name, send.key))
        self._take(self._over(name, send) or self._exchange(name, send.to, send.key, send.message, send.deadline_us))

    def _over(self, name: str, send: Send) -> Exchange | None:
        """The exchange for a Send on the association of a stranger's request that this event answers; None for any other."""
        asked = self.just_answered.get(send.over) if send.over is not None else None
        if asked is None:
            return None
        self._last_ticket += 1
        self.in_flight += 1
        lane = Lane(name, asked.lane.sender, send.message.lane, OverPort(asked.server), asked.lane.link)
        return Exchange(lane, send.key, send.message, send.deadline_us, self._clock.now, self._last_ticket)

    def _exchange(self, sender: str, receiver: str, key: str, message: Any, deadline_us: int) -> Exchange:
        lane = self._lanes.get((sender, receiver, message.lane))
        if lane is None:
            raise LocalProtocolError(f"no route from {sender} to {receiver} for {message.lane}")
        self._last_ticket += 1
        self.in_flight += 1
        return Exchange(lane, key, message, deadline_us, self._clock.now, self._last_ticket)

    def _take(self, exchange: Exchange) -> None:
        lane = exchange.lane
        if lane.open < lane.associations:
            self._start(exchange)
        else:
            lane.waiting.append(exchange)
            self._watch_deadline(exchange)

    def _watch_deadline(self, exchange: Exchange) -> None:
        """Schedule the deadline; done only when the exchange was not over at once."""
        remaining_us = max(0, exchange.expires - self._clock.now)
        self._after(remaining_us, self._deadline, (exchange, exchange.generation))

    def _start(self, exchange: Exchange) -> None:
        lane, message = exchange.lane, exchange.message
        lane.open += 1
        now: Instant = self._clock.now
        exchange.started = now
        link = lane.link
        if type(message) is StoreStudy:
            foresee_instances(exchange, self._faults, now)
            size = message.instance_bytes
        else:
            if lane.faulty:
                exchange.verdict = self._verdict(lane, type(message).__name__, message, now)
                exchange.fault = exchange.verdict.kind
            size = message.nominal_bytes
        verdict = exchange.verdict
        leg_us = lane.set_up_us + link.one_way_us(size)
        lane.port.begin(exchange)
        kind = verdict.kind
        if lane.port.live:
            self._watch_deadline(exchange)
            return
        if verdict is PASS or kind is FaultKind.RESET_AFTER or exchange.foreseen_stored:
            pass
        elif kind is FaultKind.REFUSE:
            self._break_after(exchange, link.round_trip_us)
            return
        elif kind is FaultKind.SWALLOW:
            self._watch_deadline(exchange)
            return
        elif kind in (FaultKind.RESET_BEFORE, FaultKind.TRUNCATE):
            self._break_after(exchange, leg_us + link.round_trip_us // 2)
            return
        else:
            leg_us = slowed_us(verdict, leg_us, size, now)
        self._after(leg_us, self._arrived, exchange)
        if now + leg_us >= exchange.expires:
            self._watch_deadline(exchange)

    def _break_after(self, exchange: Exchange, delay_us: int) -> None:
        """The sender will see its connection fail, unless its deadline comes first."""
        self._after(delay_us, self._broken, exchange)
        if self._clock.now + delay_us >= exchange.expires:
            self._watch_deadline(exchange)

    def _verdict(self, lane: Lane, kind: str, message: Any, now: Instant) -> Verdict:
        return self._faults.verdict(lane.sender, lane.receiver, lane.name, kind, message.subject, now)

    def _arrived(self, exchange: Exchange) -> None:
        """The request is at the receiver in full."""
        lane = exchange.lane
        if exchange.kind is not None and not exchange.outlives_sender:
            return
        exchange.arrived = self._clock.now
        message = lane.port.request(exchange)
        self._tickets[exchange.ticket] = exchange
        try:
            self._give(lane.receiver, Request(exchange.ticket, lane.sender, message, exchange.mode))
        except LocalProtocolError:
            if not lane.foreign or exchange.replied:
                raise
            del self._tickets[exchange.ticket]
            self._unanswered(exchange)  # a stranger may ask what nobody here answers: it costs its connection, not the run
        if not exchange.replied and exchange.kind is None:
            self._watch_deadline(exchange)
            if self._clock.now + lane.answer_limit_us < exchange.expires:
                self._after(lane.answer_limit_us, self._unanswered, exchange)

    # --- the way back --------------------------------------------------------------------------------------------------

    def reply(self, name: str, reply: Reply) -> None:
        """An actor answers. Raises LocalProtocolError where it was not asked, or has answered already."""
        exchange = self._tickets.pop(reply.ticket, None)
        if exchange is None or exchange.lane.receiver != name:
            raise LocalProtocolError(f"{name}: no open request with ticket {reply.ticket}")
        exchange.replied = True
        if exchange.kind is not None:
            exchange.lane.port.abandon(exchange)
            self._late(exchange)
        elif type(reply.message) is Admission:
            self._admitted(exchange, reply.message)
        elif type(reply.message) is FindPlan:
            self._answer(exchange, search(reply.message, self._archives[name]))
        elif type(reply.message) is MovePlan:
            self._carry_out(exchange, reply.message)
        else:
            self._answer(exchange, reply.message)

    def _answer(self, exchange: Exchange, message: Any) -> None:
        lane, verdict = exchange.lane, exchange.verdict
        exchange.answer = message
        lane.port.answer(exchange, message)
        if lane.foreign:
            self.just_answered[exchange.ticket] = exchange
            self._finish(exchange, OutcomeKind.ANSWERED, message)
        if lane.port.live:
            return
        leg_us = lane.link.service_us + lane.link.one_way_us(message.nominal_bytes)
        if verdict.kind is FaultKind.DELAY:
            leg_us += verdict.delay_us
        if verdict.kind is FaultKind.RESET_AFTER:
            self._after(leg_us, self._broken, exchange)
        else:
            self._after(leg_us, self._answered, exchange)
        if self._clock.now + leg_us >= exchange.expires:
            self._watch_deadline(exchange)

    def _answered(self, exchange: Exchange) -> None:
        """The answer is at the sender in full."""
        if exchange.kind is not None:
            self._late(exchange)
        else:
            self._finish(exchange, OutcomeKind.ANSWERED, exchange.lane.port.outcome(exchange))

    def _broken(self, exchange: Exchange) -> None:
        """The sender sees its connection fail."""
        if exchange.kind is None:
            nothing_sent = exchange.lane.port.broken(exchange)
            self._fail(exchange, OutcomeKind.REFUSED if nothing_sent else OutcomeKind.UNKNOWN)

    def _unanswered(self, exchange: Exchange) -> None:
        """The receiving port waited long enough for its actor: the sender sees the connection end without an answer."""
        if exchange.kind is None and not exchange.replied:
            exchange.lane.port.abandon(exchange)
            self._fail(exchange, OutcomeKind.UNKNOWN)

    def _deadline(self, watched: tuple[Exchange, int]) -> None:
        exchange, generation = watched
        if exchange.kind is not None or generation != exchange.generation:
            return
        if exchange.started < 0:
            exchange.lane.waiting.remove(exchange)
            self._fail(exchange, OutcomeKind.REFUSED)
            return
        nothing_sent = exchange.lane.port.abandon(exchange)
        self._fail(exchange, OutcomeKind.REFUSED if nothing_sent else OutcomeKind.UNKNOWN)

    def _fail(self, exchange: Exchange, kind: OutcomeKind) -> None:
        message = _confirmed(exchange) if type(exchange.message) is StoreStudy else None
        if exchange.ticket in self._tickets:
            self._give(exchange.lane.receiver, Withdrawn(exchange.ticket))
        self._finish(exchange, kind, message)

    def _late(self, exchange: Exchange) -> None:
        lane = exchange.lane
        record: Record = {
            "at": self._clock.now,
            "record": "late",
            "sender": lane.sender,
            "receiver": lane.receiver,
            "lane": lane.name,
        }
        record.update(exchange.message.identifiers)
        self._trace.publish(record)

    def _finish(self, exchange: Exchange, kind: OutcomeKind, message: Any) -> None:
        lane = exchange.lane
        exchange.kind = kind
        self.in_flight -= 1
        if exchange.started >= 0:
            lane.open -= 1
            if lane.waiting:
                self._start(lane.waiting.popleft())
        self._publish(exchange, message)
        if exchange.moves is not None:
            self._sub_operation_ended(exchange.moves, exchange, kind, message)
        elif not lane.foreign:
            self._open_sends.discard((lane.sender, exchange.key))
            self._give(lane.sender, Outcome(exchange.key, kind, message))

    def _publish(self, exchange: Exchange, message: Any) -> None:
        lane = exchange.lane
        assert exchange.kind is not None
        record: Record = {
            "at": self._clock.now,
            "record": "exchange",
            "sender": lane.sender,
            "receiver": lane.receiver,
            "lane": lane.name,
            "message": type(exchange.message).__name__,
            "taken": exchange.taken,
            "started": exchange.started,
            "arrived": exchange.arrived,
            "outcome": exchange.kind.value,
            "answer": None if message is None else message.summary,
            **exchange.message.identifiers,
        }
        if exchange.fault is not FaultKind.PASS:
            record["fault"] = exchange.fault.value
        if self._trace.full:
            record["content"] = exchange.message
            record["answer_content"] = message
        self._trace.publish(record)

    # --- studies -------------------------------------------------------------------------------------------------------

    def _admitted(self, exchange: Exchange, admission: Admission) -> None:
        """The archive has seen the header: the instances flow as foreseen, or each gets the refusing status."""
        lane = exchange.lane
        exchange.generation += 1  # from here on the deadline starts again at each instance
        answered = exchange.message.instances.head(exchange.foreseen_confirmed) if not lane.foreign else NO_INSTANCES
        if lane.foreign:
            pass  # what it sends comes as it comes
        elif admission.status and admission.status >> 12 != 0xB:
            exchange.foreseen_stored = 0
            exchange.answer = StoreResult(failed=((admission.status, answered),))
        else:
            exchange.instances_confirmed = exchange.foreseen_confirmed
            exchange.answer = StoreResult(warned=answered) if admission.status else StoreResult(stored=answered)
        lane.port.answer(exchange, admission)
        if lane.foreign:
            self._finish(exchange, OutcomeKind.ANSWERED, admission)
        elif not lane.port.live:
            self._after(exchange.instances_us, self._instances_over, exchange)

    def _instances_over(self, exchange: Exchange) -> None:
        """The last instance of the association is on disk, or the association has failed."""
        lane = exchange.lane
        if exchange.foreseen_stored:
            self._tell_batch(exchange)
        whole = exchange.foreseen_confirmed == len(exchange.message.instances)
        self._after(lane.link.round_trip_us // 2, self._answered if whole else self._broken, exchange)

    def _tell_batch(self, exchange: Exchange) -> None:
        receiver = exchange.lane.receiver
        for batch in exchange.lane.port.batches(exchange):
            self._trace.publish(
                {
                    "at": self._clock.now,
                    "record": "stored",
                    "system": receiver,
                    "study": batch.study_instance_uid,
                    "instances": len(batch.instances),
                    "duplicates_same": batch.duplicates_same,
                    "duplicates_different": batch.duplicates_different,
                    "bytes": batch.stored_bytes,
                }
            )
            self._give(receiver, Told(batch))

    # --- C-MOVE and C-GET ----------------------------------------------------------------------------------------------

    def _carry_out(self, exchange: Exchange, plan: MovePlan) -> None:
        """A C-MOVE is carried out here; a C-GET on its own association, by the port that serves who asked for it."""
        if not plan.destination and not exchange.lane.foreign:
            raise LocalProtocolError("a C-GET is for others: no port of ours asks for one")
        exchange.generation += 1
        exchange.lane.port.answer(exchange, plan)
        if plan.destination:
            self._sub_operations(MoveUnderWay(exchange, plan))

    def _sub_operations(self, move: MoveUnderWay) -> None:
        """Carry out the next StoreStudy of the plan, or answer the C-MOVE."""
        store = next(move.stores, None) if move.rest is None else move.rest
        if move.is_cancelled:
            store = None
        move.rest = None
        if store is None:
            exchange = move.exchange
            exchange.expires = self._clock.now + exchange.deadline_us
            self._answer(exchange, move.result())
            return
        mover = move.exchange.lane.receiver
        sub_operation = self._exchange(mover, move.destination, move.exchange.key, store, move.exchange.deadline_us)
        sub_operation.moves = move
        self._take(sub_operation)

    def _sub_operation_ended(self, move: MoveUnderWay, exchange: Exchange, kind: OutcomeKind, result: StoreResult) -> None:
        move.count(exchange.message, kind, result)
        self._sub_operations(move)


def _confirmed(exchange: Exchange) -> StoreResult:
    """What the sender of a study knows when its exchange has failed: how far it has come."""
    sent = exchange.message.instances
    confirmed = sent.head(exchange.instances_confirmed)
    failed = exchange.answer.failed if exchange.answer is not None else ()
    rest = sent.without(confirmed)
    for _, instances in failed:
        rest = rest.without(instances)
    return StoreResult(stored=confirmed, failed=failed, not_sent=rest)
