"""How far each order came, and when: the row of the order table, and where a loop that did not close broke.

Milestones are told under the placer order number, the accession number, or what people called the exam; an exam is for the
orders that its note ``exam started`` names, or that the note ``exam linked`` finds for its study.
"""

from dataclasses import dataclass, field
from typing import Any

from emulators.trace import Record
from reports.measures.known_orders import KnownOrders, Named

OF_AN_ORDER: dict[tuple[str, str], tuple[int, str]] = {
    ("stimulus", "place order"): (0, "ordered"),
    ("note", "procedure scheduled"): (1, "scheduled"),
    ("note", "study listed"): (6, "study on the reading list"),
    ("stimulus", "open study"): (7, "study asked for"),
    ("note", "study opened"): (8, "study opened"),
    ("note", "report signed"): (9, "report signed"),
    ("note", "report filed"): (10, "report filed"),
    ("note", "order closed"): (11, "closed"),
}
OF_AN_EXAM: dict[tuple[str, str], tuple[int, str]] = {
    ("stimulus", "patient on table"): (2, "patient on table"),
    ("stimulus", "start unscheduled"): (2, "patient on table"),
    ("note", "exam started"): (3, "exam started"),
    ("stimulus", "images acquired"): (4, "images acquired"),
    ("note", "study sent"): (5, "study sent"),
}
"""(kind, name) of a record to the milestone's rank and name. Of the reports, the final one counts."""

_NAMES = dict((*OF_AN_ORDER.values(), *OF_AN_EXAM.values()))
_ORDERED, _CLOSED = 0, 11


@dataclass(slots=True, eq=False)
class _Exam:
    """``reached``: milestone to its first instant. ``orders`` are those that it is for."""

    station: str = ""
    reached: dict[int, int] = field(default_factory=dict)
    orders: list["_Order"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Order(Named):
    reached: dict[int, int] = field(default_factory=dict)
    station: str = ""
    priority: str = ""
    matched_by: str = ""
    exams: list[_Exam] = field(default_factory=list)


@dataclass(slots=True)
class Orders:
    """A trace subscriber."""

    kinds = ("stimulus", "note", "exchange")

    _orders: KnownOrders[_Order] = field(default_factory=lambda: KnownOrders(_Order))
    _exams: dict[str, _Exam] = field(default_factory=dict)
    """By what people call them."""
    _exam_of_study: dict[str, _Exam] = field(default_factory=dict)

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind == "exchange":
            if record["message"] == "PlaceOrder":
                self._placed(record)
            return
        name = record["name"]
        milestone = OF_AN_EXAM.get((kind, name))
        if milestone is not None:
            self._exam(record).reached.setdefault(milestone[0], record["at"])
        tell = _NOTES.get(name)
        if tell is not None and kind == "note":
            tell(self, record)
        milestone = OF_AN_ORDER.get((kind, name))
        if milestone is not None and record.get("status", "F") in "FC":
            self._reach(milestone[0], record)

    # --- orders --------------------------------------------------------------------------------------------------------

    def _placed(self, record: Record) -> None:
        self._orders.placed(record)
        for placer in record["placer"].split("+"):
            self._orders.of_placer(placer).reached.setdefault(_ORDERED, record["taken"])

    def _reach(self, milestone: int, record: Record) -> None:
        accession = record.get("accession") or record["subject"]
        order = self._orders.of_accession(accession)
        if order is None and record["name"] in ("place order", "order closed", "report filed"):
            order = self._orders.of_placer(record["subject"])
        if order is not None:
            order.reached.setdefault(milestone, record["at"])

    def _scheduled(self, record: Record) -> None:
        order = self._orders.scheduled(record)
        order.station = record["station"]
        self._join(order, self._exam_called(order.accession))

    def _numbered(self, record: Record) -> None:
        self._orders.numbered(record)

    def _listed(self, record: Record) -> None:
        order = self._orders.of_accession(record["subject"])
        if order is not None:
            order.priority = record["priority"]

    def _reconciled(self, record: Record) -> None:
        for order in self._orders.of_accessions(record["accession"]):
            order.matched_by = record["by"] if record["state"] == "matched" else ""

    # --- exams ---------------------------------------------------------------------------------------------------------

    def _exam(self, record: Record) -> _Exam:
        return self._exam_called(record["subject"])

    def _exam_called(self, subject: str) -> _Exam:
        exam = self._exams.get(subject)
        if exam is None:
            exam = self._exams[subject] = _Exam()
        return exam

    def _started(self, record: Record) -> None:
        exam = self._exam_of_study[record["study"]] = self._exam(record)
        exam.station = record["station"]
        for order in self._orders.of_accessions(record["accession"]):
            self._join(order, exam)

    def _linked(self, record: Record) -> None:
        order, exam = self._orders.of_accession(record["subject"]), self._exam_of_study.get(record["study"])
        if order is not None and exam is not None:
            self._join(order, exam)

    @staticmethod
    def _join(order: _Order, exam: _Exam) -> None:
        if exam not in order.exams:
            order.exams.append(exam)
            exam.orders.append(order)

    def _discontinued(self, record: Record) -> None:
        """An exam without images was for nobody."""
        if not record["instances"]:
            exam = self._exam(record)
            for order in exam.orders:
                if len(order.exams) > 1:
                    order.exams.remove(exam)

    def result(self) -> list[dict[str, Any]]:
        """One row per order in the order in which they became known; ``last`` is the furthest milestone, ``turnaround_us`` from
        ordered to closed, None while open; ``matched_by`` says who matched its study, system or person. An order that was made
        for an exam begins with that."""
        return [_row(order) for order in self._orders.all]


_NOTES = {
    "procedure scheduled": Orders._scheduled,
    "placer number assigned": Orders._numbered,
    "study listed": Orders._listed,
    "exam started": Orders._started,
    "exam linked": Orders._linked,
    "exam discontinued": Orders._discontinued,
    "study reconciled": Orders._reconciled,
}


def _row(order: _Order) -> dict[str, Any]:
    reached = dict(order.reached)
    for exam in order.exams:
        for milestone, at in exam.reached.items():
            reached[milestone] = min(at, reached.get(milestone, at))
    last = max(reached, default=_ORDERED)
    begun, closed = min(reached.values(), default=0), reached.get(_CLOSED)
    stations = [exam.station for exam in order.exams if exam.station]
    return {
        "placer": order.name,
        "station": stations[-1] if stations else order.station,
        "priority": order.priority,
        "matched_by": order.matched_by,
        "ordered_us": reached.get(_ORDERED, begun),
        "last": _NAMES[last],
        "last_us": reached.get(last, 0),
        "turnaround_us": None if closed is None else closed - reached.get(_ORDERED, begun),
    }
