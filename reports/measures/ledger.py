"""The ledger: how many of everything, so that what went in can be held against what came out."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from emulators.trace import Record
from reports.measures.known_orders import KnownOrders, Named

ENDINGS = ("reported", "cancelled", "discontinued")
RECONCILIATIONS = ("matched", "held", "orphan", "rejected")
_INSTANCES = ("instances", "duplicates_same", "duplicates_different", "bytes")


@dataclass(slots=True, eq=False)
class _Order(Named):
    ending: str = ""


@dataclass(slots=True)
class Ledger:
    """A trace subscriber; ``archive`` is the system whose instances count, empty where a product is in its place: then what
    only the archive knows is None.

    Studies, orders and reports are counted once each, however often they were sent; exchanges are counted one by one.
    """

    archive: str = "pacs"
    _exchanges: dict[tuple[str, str], int] = field(default_factory=dict)
    _faults: Counter[str] = field(default_factory=Counter)
    _late: int = 0
    _notes: Counter[str] = field(default_factory=Counter)
    _instances: Counter[str] = field(default_factory=Counter)
    _orders: KnownOrders[_Order] = field(default_factory=lambda: KnownOrders(_Order))
    _study_of_exam: dict[str, str] = field(default_factory=dict)
    _acquired: set[str] = field(default_factory=set)
    _reconciliation: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Study to the last state and who judged it."""
    _signed: set[str] = field(default_factory=set)
    _delivered: set[str] = field(default_factory=set)
    _dead_letters: dict[tuple[str, str, str], dict[str, str]] = field(default_factory=dict)
    """By sender, receiver and MSH-10."""

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind == "exchange":
            exchange = (record["message"], record["outcome"])
            self._exchanges[exchange] = self._exchanges.get(exchange, 0) + 1
            if "fault" in record:
                self._faults[record["fault"]] += 1
            if record["message"] == "PlaceOrder":
                self._orders.placed(record)
        elif kind == "note":
            self._notes[record["name"]] += 1
            tell = _NOTES.get(record["name"])
            if tell is not None:
                tell(self, record)
        elif kind == "stimulus":
            if record["name"] == "place order":
                self._orders.placed(record)
            elif record["name"] == "images acquired":
                self._acquire(record)
        elif kind == "stored":
            if record["system"] == self.archive:
                for name in _INSTANCES:
                    self._instances[name] += record[name]
        elif kind == "late":
            self._late += 1

    # --- notes ---------------------------------------------------------------------------------------------------------

    def _scheduled(self, record: Record) -> None:
        self._orders.scheduled(record)

    def _numbered(self, record: Record) -> None:
        self._orders.numbered(record)

    def _closed(self, record: Record) -> None:
        self._orders.of_placer(record["subject"]).ending = record["state"]

    def _started(self, record: Record) -> None:
        self._study_of_exam[record["subject"]] = record["study"]

    def _discontinued(self, record: Record) -> None:
        if record["instances"]:
            self._acquire(record)

    def _acquire(self, record: Record) -> None:
        subject: str = record["subject"]
        self._acquired.add(self._study_of_exam.get(subject, subject))

    def _reconciled(self, record: Record) -> None:
        self._reconciliation[record["subject"]] = record["state"], record["by"]

    def _report_signed(self, record: Record) -> None:
        if record["status"] == "F":
            self._signed.add(record["accession"])

    def _report_filed(self, record: Record) -> None:
        if record["status"] in "FC":
            self._delivered.add(record["accession"])

    def _dead_letter(self, record: Record) -> None:
        named = {name: record[name] for name in ("system", "to", "message", "reason")}
        self._dead_letters[record["system"], record["to"], record["subject"]] = named

    # --- what came of it -----------------------------------------------------------------------------------------------

    def result(self) -> dict[str, Any]:
        """Counts by subject; ``studies`` by the last state of their reconciliation, ``by_person`` those that a person matched;
        ``reports`` are those that are final, or were; ``dead_letters`` are sorted."""
        endings = Counter(order.ending for order in self._orders.all)
        outcomes: Counter[str] = Counter()
        messages: dict[str, dict[str, int]] = {}
        for (message, outcome), count in sorted(self._exchanges.items()):
            outcomes[outcome] += count
            messages.setdefault(message, {})[outcome] = count
        return {
            "orders": {
                "placed": len(self._orders.all),
                "closed": sum(endings[ending] for ending in ENDINGS),
                **{ending: endings[ending] for ending in ENDINGS},
            },
            "studies": {"acquired": len(self._acquired), **self._studies()},
            "reports": {"signed": len(self._signed), "delivered": len(self._delivered)},
            "instances": self._images(),
            "dead_letters": sorted(self._dead_letters.values(), key=lambda letter: tuple(letter.values())),
            "deliveries_refused": self._notes["delivery refused"],
            "instances_refused": self._notes["instances refused"],
            "without_route": self._notes["no route"],
            "not_mapped": self._notes["not mapped"],
            "queue_alerts": self._notes["queue alert"],
            "worklist_unanswered": self._notes["worklist did not answer"],
            "worklist_items_missing": self._notes["worklist item missing"],
            "late_answers": self._late,
            "exchanges": {outcome: outcomes[outcome] for outcome in ("answered", "refused", "unknown")},
            "faults": dict(sorted(self._faults.items())),
            "messages": messages,
        }

    def _studies(self) -> dict[str, int | None]:
        if not self.archive:
            return dict.fromkeys((*RECONCILIATIONS, "by_person"))
        states = Counter(state for state, _ in self._reconciliation.values())
        by_person = sum(verdict == ("matched", "person") for verdict in self._reconciliation.values())
        return {**{state: states[state] for state in RECONCILIATIONS}, "by_person": by_person}

    def _images(self) -> dict[str, int | None]:
        names = ("stored", "duplicates_same", "duplicates_different", "stored_bytes")
        if not self.archive:
            return dict.fromkeys(names)
        return dict(zip(names, (self._instances[name] for name in _INSTANCES), strict=True))


_NOTES = {
    "procedure scheduled": Ledger._scheduled,
    "placer number assigned": Ledger._numbered,
    "order closed": Ledger._closed,
    "exam started": Ledger._started,
    "exam discontinued": Ledger._discontinued,
    "study reconciled": Ledger._reconciled,
    "report signed": Ledger._report_signed,
    "report covers": Ledger._report_signed,
    "report filed": Ledger._report_filed,
    "dead letter": Ledger._dead_letter,
}
