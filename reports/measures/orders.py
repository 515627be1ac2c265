"""How far each order came, and when: the row of the order table, and where a loop that did not close broke.

Milestones are told under the placer order number, the accession number or the Study UID; the note ``procedure scheduled``
names all three.
"""

from dataclasses import dataclass, field
from typing import Any

from emulators.trace import Record

MILESTONES: dict[tuple[str, str], tuple[int, str]] = {
    ("stimulus", "place order"): (0, "ordered"),
    ("note", "procedure scheduled"): (1, "scheduled"),
    ("stimulus", "patient on table"): (2, "patient on table"),
    ("note", "exam started"): (3, "exam started"),
    ("stimulus", "images acquired"): (4, "images acquired"),
    ("note", "study sent"): (5, "study sent"),
    ("note", "study listed"): (6, "study on the reading list"),
    ("stimulus", "open study"): (7, "study asked for"),
    ("note", "study opened"): (8, "study opened"),
    ("note", "report signed"): (9, "report signed"),
    ("note", "report filed"): (10, "report filed"),
    ("note", "order closed"): (11, "closed"),
}
"""(kind, name) of a record to the milestone's rank and name. Of the reports, the final one counts."""

_NAMES = tuple(name for _, name in MILESTONES.values())
_ORDERED, _CLOSED = 0, 11


@dataclass(slots=True)
class _Order:
    reached: dict[int, int] = field(default_factory=dict)
    """Milestone to its first instant."""
    station: str = ""
    priority: str = ""


@dataclass(slots=True)
class Orders:
    """A trace subscriber."""

    kinds = ("stimulus", "note")

    _orders: dict[str, _Order] = field(default_factory=dict)
    _by_subject: dict[str, _Order] = field(default_factory=dict)
    """Also by accession number."""

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind != "note" and kind != "stimulus":
            return
        milestone = MILESTONES.get((kind, record["name"]))
        if milestone is not None and record.get("status", "F") == "F":
            self._reach(milestone[0], record)

    def _reach(self, milestone: int, record: Record) -> None:
        subject = record["subject"]
        order = self._by_subject.get(subject)
        if order is None:
            order = self._by_subject[subject] = _Order()
            if milestone == _ORDERED:
                self._orders[subject] = order
        if record["name"] == "procedure scheduled":
            self._by_subject[record["accession"]] = order
            order.station = record["station"]
        elif record["name"] == "study listed":
            order.priority = record["priority"]
        order.reached.setdefault(milestone, record["at"])

    def result(self) -> list[dict[str, Any]]:
        """One row per order in the order of placing; ``last`` is the furthest milestone, ``turnaround_us`` from ordered to
        closed, None while open."""
        return [_row(placer, order) for placer, order in self._orders.items()]


def _row(placer: str, order: _Order) -> dict[str, Any]:
    last = max(order.reached)
    ordered, closed = order.reached[_ORDERED], order.reached.get(_CLOSED)
    return {
        "placer": placer,
        "station": order.station,
        "priority": order.priority,
        "ordered_us": ordered,
        "last": _NAMES[last],
        "last_us": order.reached[last],
        "turnaround_us": None if closed is None else closed - ordered,
    }
