"""What is to be read first."""

from dataclasses import replace

from conformance.case import NO_CLAUSE, OPINION, case
from conformance.material.orders import Order, ready_to_read
from conformance.material.reading import ReadingRoom
from conformance.trial import Trial

ROUTINE = 20


@case("rpt.stat.1", OPINION, "reporting", "+", "HL7 TQ1-9, ORC-7.6; (0040,1003)", NO_CLAUSE, needs="orders")
def what_becomes_urgent_comes_first(trial: Trial) -> None:
    """An order that is urgent, or becomes so after its arrival, is the first that is shown to be read."""
    room = ReadingRoom(trial)
    orders = [room.put_on_list() for _ in range(ROUTINE)]
    raised = orders[ROUTINE // 2]
    with trial.beforehand("the order is on the list, not as the first"):
        there = trial.eventually(lambda: _first(room, orders) not in (None, raised), trial.timers.propagation_s)
        trial.expect(there, "the order behind another", "it is not")
    room.tell(ready_to_read(trial, replace(raised, priority="S")))
    came = trial.eventually(lambda: _first(room, orders) is raised, trial.timers.propagation_s)
    room.close(orders)
    trial.expect(came, "the order that has become urgent is the first", "another one is")


def _first(room: ReadingRoom, orders: list[Order]) -> Order | None:
    """Which of them stands first on the list; None where one of them is not on it."""
    shown = room.shown()
    if any(order.accession not in shown for order in orders):
        return None
    return min(orders, key=lambda order: shown.index(order.accession))
