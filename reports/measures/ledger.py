"""The ledger: how many of everything, so that what went in can be held against what came out."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from emulators.trace import Record

RECONCILIATIONS = ("matched", "held", "orphan")


@dataclass(slots=True)
class Ledger:
    """A trace subscriber; ``archive`` is the system whose instances count.

    Studies, orders and reports are counted once each, however often they were sent; exchanges are counted one by one.
    """

    archive: str = "pacs"
    _exchanges: dict[tuple[str, str], int] = field(default_factory=dict)
    _faults: Counter[str] = field(default_factory=Counter)
    _late: int = 0
    _notes: Counter[str] = field(default_factory=Counter)
    _instances: Counter[str] = field(default_factory=Counter)
    _ordered: set[str] = field(default_factory=set)
    _acquired: set[str] = field(default_factory=set)
    _closed: set[str] = field(default_factory=set)
    _reconciliation: dict[str, str] = field(default_factory=dict)
    _signed: set[str] = field(default_factory=set)
    _delivered: set[str] = field(default_factory=set)

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind == "exchange":
            exchange = (record["message"], record["outcome"])
            self._exchanges[exchange] = self._exchanges.get(exchange, 0) + 1
            if "fault" in record:
                self._faults[record["fault"]] += 1
        elif kind == "note":
            self._note(record)
        elif kind == "stimulus":
            if record["name"] == "place order":
                self._ordered.add(record["subject"])
            elif record["name"] == "images acquired":
                self._acquired.add(record["subject"])
        elif kind == "stored":
            if record["system"] == self.archive:
                for name in ("instances", "duplicates_same", "duplicates_different", "bytes"):
                    self._instances[name] += record[name]
        elif kind == "late":
            self._late += 1

    def _note(self, record: Record) -> None:
        name, subject = record["name"], record["subject"]
        self._notes[name] += 1
        if name == "study reconciled":
            self._reconciliation[subject] = record["state"]
        elif name == "report signed":
            if record["status"] == "F":
                self._signed.add(subject)
        elif name == "report filed":
            if record["status"] == "F":
                self._delivered.add(subject)
        elif name == "order closed":
            self._closed.add(subject)

    def result(self) -> dict[str, Any]:
        """Counts by subject; ``studies`` by the last state of their reconciliation, ``reports`` are the final ones."""
        states = Counter(self._reconciliation.values())
        outcomes: Counter[str] = Counter()
        messages: dict[str, dict[str, int]] = {}
        for (message, outcome), count in sorted(self._exchanges.items()):
            outcomes[outcome] += count
            messages.setdefault(message, {})[outcome] = count
        return {
            "orders": {"placed": len(self._ordered), "closed": len(self._closed)},
            "studies": {"acquired": len(self._acquired), **{state: states[state] for state in RECONCILIATIONS}},
            "reports": {"signed": len(self._signed), "delivered": len(self._delivered)},
            "instances": {
                "stored": self._instances["instances"],
                "duplicates_same": self._instances["duplicates_same"],
                "duplicates_different": self._instances["duplicates_different"],
                "stored_bytes": self._instances["bytes"],
            },
            "deliveries_refused": self._notes["delivery refused"],
            "without_route": self._notes["no route"],
            "worklist_items_missing": self._notes["worklist item missing"],
            "late_answers": self._late,
            "exchanges": {outcome: outcomes[outcome] for outcome in ("answered", "refused", "unknown")},
            "faults": dict(sorted(self._faults.items())),
            "messages": messages,
        }
