"""A C-MOVE under way: what of its plan is still to be sent, and the counters that its answer gives (PS3.4 C.4.2.1.4)."""

from collections.abc import Iterator

from emulators.core.event import OutcomeKind
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.messages.instance_set import NO_INSTANCES
from emulators.messages.query import MovePlan, MoveResult
from emulators.ports.contract import Exchange
from emulators.ports.sub_operations import move_result


class MoveUnderWay:
    """``rest`` is what a failed association left to send."""

    def __init__(self, exchange: Exchange, plan: MovePlan) -> None:
        self.exchange = exchange
        self.destination = plan.destination
        self.total = plan.total
        self.stores: Iterator[StoreStudy] = iter(plan.stores)
        self.rest: StoreStudy | None = None
        self.completed = 0
        self.failed = NO_INSTANCES
        self.warned = 0

    @property
    def is_cancelled(self) -> bool:
        """Whether who asked for it has cancelled it: what has not been sent is then left."""
        server = self.exchange.server
        return server is not None and server.is_cancelled

    def count(self, store: StoreStudy, kind: OutcomeKind, result: StoreResult) -> None:
        """Count what ended. After a lost association the instance in doubt has failed, and the others are sent again."""
        self.completed += len(result.stored)
        self.warned += len(result.warned)
        left = result.not_sent
        if kind is OutcomeKind.UNKNOWN and len(left) > 1:
            in_doubt = left.head(1)
            self.failed = self.failed.union(in_doubt)
            self.rest = store.only(left.without(in_doubt))
            return
        if self.is_cancelled:
            left = NO_INSTANCES
        for _, instances in (*result.failed, (0, left)):
            self.failed = self.failed.union(instances)

    def result(self) -> MoveResult:
        remaining = self.total - self.completed - self.warned - len(self.failed)
        return move_result(self.completed, self.warned, self.failed, remaining, self.is_cancelled)
