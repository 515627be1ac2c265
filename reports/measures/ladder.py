"""One order as a ladder of messages: who said what to whom, when, and how it ended.

The order is the one asked for, else the first STAT order that was reported and went by the book, else the first that was
reported and did, else the first that closed, else the first that was placed. The fold keeps the latest KEPT_BEFORE records
until its order closes, and KEPT_AFTER more, so that a long run costs no more than a short one.
"""

from collections import Counter, deque
from typing import Any

from emulators.trace import Record
from reports.measures.joins import of_order

KEPT_BEFORE = 40_000
KEPT_AFTER = 4_000

MOST_TRIES_ALIKE = 4

WIRE_NAMES = {
    "AdmitPatient": "ADT^A01",
    "TransferPatient": "ADT^A02",
    "DischargePatient": "ADT^A03",
    "RegisterPatient": "ADT^A04",
    "PreadmitPatient": "ADT^A05",
    "BecomeInpatient": "ADT^A06",
    "BecomeOutpatient": "ADT^A07",
    "UpdatePatient": "ADT^A08",
    "CancelAdmission": "ADT^A11",
    "CancelTransfer": "ADT^A12",
    "CancelDischarge": "ADT^A13",
    "AddPerson": "ADT^A28",
    "UpdatePerson": "ADT^A31",
    "CancelPreadmission": "ADT^A38",
    "MergePatients": "ADT^A40",
    "PlaceOrder": "ORM^O01 NW",
    "ChangeOrder": "ORM^O01 XO",
    "CancelOrder": "ORM^O01 CA",
    "FillerOrder": "ORM^O01 SN",
    "NumberAssigned": "ORR^O02 NA",
    "ScheduleProcedure": "ORM^O01 NW, ZDS",
    "ChangeProcedure": "ORM^O01 XO, ZDS",
    "CancelProcedure": "ORM^O01 CA, ZDS",
    "OrderStatus": "ORM^O01 SC, order status",
    "ReadingListEntry": "ORM^O01 SC, reading list",
    "ReadingListRemoval": "ORM^O01 CA, reading list",
    "ReportStatus": "ORM^O01 SC, reading status",
    "WorklistQuery": "C-FIND worklist",
    "StepStarted": "N-CREATE IN PROGRESS",
    "StepProgressed": "N-SET IN PROGRESS",
    "StepEnded": "N-SET final state",
    "StoreStudy": "C-STORE",
    "CommitRequest": "N-ACTION commitment",
    "CommitResult": "N-EVENT-REPORT commitment",
    "InstancesAvailable": "N-CREATE availability",
    "Find": "C-FIND",
    "Move": "C-MOVE",
    "Report": "ORU^R01",
}
"""Message to what stands on the wire in HL7 v2 or DICOM."""


_ODD = frozenset(
    (
        "append images",
        "cancel order",
        "change order",
        "exam discontinued",
        "exam linked",
        "procedure rescheduled",
        "study unlisted",
    )
)
"""Stimuli and notes of an order that did not go by the book."""


class Ladder:
    """A trace subscriber for the order ``placer``, or for one of its own choice."""

    def __init__(self, placer: str = "") -> None:
        self._wanted = placer
        self._chosen = ""
        self._stat: set[str] = set()
        self._accession: dict[str, str] = {}
        """By placer order number."""
        self._odd: set[str] = set()
        """By any name."""
        self._kept: deque[Record] = deque(maxlen=KEPT_BEFORE)
        self._left = KEPT_AFTER

    def __call__(self, record: Record) -> None:
        if self._chosen:
            if not self._left:
                return
            self._left -= 1
        elif record["record"] in ("note", "stimulus"):
            self._look(record)
        self._kept.append(record)

    def _look(self, record: Record) -> None:
        """Is this the order, and is it closed now?"""
        name, subject = record["name"], record["subject"]
        if name in _ODD:
            self._odd.add(subject)
        elif name == "procedure scheduled":
            self._accession[subject] = record["accession"]
        elif name == "placer number assigned":  # its exam came first
            self._odd.add(record["placer"])
        elif name == "exam started":
            accessions = record["accession"].split("+")
            if len(accessions) > 1:
                self._odd.update(accessions)
        elif name == "study listed":
            if record["priority"] == "STAT":
                self._stat.add(record["placer"])
        elif name == "order closed" and self._is_wanted(record):
            self._chosen = subject

    def _is_wanted(self, closed: Record) -> bool:
        if self._wanted:
            return bool(closed["subject"] == self._wanted)
        return closed["subject"] in self._stat and self._is_plain(closed)

    def _is_plain(self, closed: Record) -> bool:
        """Whether an order was reported and went by the book, as far as it is told."""
        placer = closed["subject"]
        names = {placer, self._accession.get(placer, placer)}
        return closed["state"] == "reported" and self._odd.isdisjoint(names)

    def result(self) -> dict[str, Any]:
        """``placer`` and ``rows`` in the order of their start; ``placer`` is empty when there was no order."""
        placer = self._wanted or self._chosen or self._first()
        rows = [_row(record) for record in of_order(tuple(self._kept), placer)] if placer else []
        return {"placer": placer, "rows": _folded(sorted(rows, key=_at))}

    def _first(self) -> str:
        """Of the orders that were placed within what is kept."""
        placed: list[str] = []
        closed: list[str] = []
        for record in self._kept:
            if record["record"] == "stimulus" and record["name"] == "place order":
                placed.append(record["subject"])
            elif record["record"] == "note" and record["name"] == "order closed" and record["subject"] in placed:
                if self._is_plain(record):
                    return str(record["subject"])
                closed.append(record["subject"])
        return next(iter((*closed, *placed)), "")


def _folded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of many tries that failed alike the first two and the last, the second of which says how many are left out."""

    def alike(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["from"], row["to"], row["text"], row["outcome"], row["fault"]

    failed = [row for row in rows if row["outcome"] in ("refused", "unknown")]
    tries = Counter(alike(row) for row in failed)
    seen: Counter[tuple[Any, ...]] = Counter()
    kept: list[dict[str, Any]] = []
    for row in rows:
        key = alike(row)
        seen[key] += 1
        many = tries[key] > MOST_TRIES_ALIKE
        if many and seen[key] == 2:
            kept.append(row | {"text": f"{row['text']}, and {tries[key] - 3} more like this"})
        elif not many or seen[key] in (1, tries[key]):
            kept.append(row)
    return kept


def _at(row: dict[str, Any]) -> int:
    at: int = row["at_us"]
    return at


def _row(record: Record) -> dict[str, Any]:
    """``kind`` is the record's; ``outcome`` and ``took_us`` only of an exchange, ``to`` also of a late answer."""
    kind = record["record"]
    row = {"at_us": record["at"], "took_us": None, "kind": kind, "to": "", "outcome": "", "answer": "", "fault": ""}
    if kind == "exchange":
        start = record["started"] if record["started"] >= 0 else record["taken"]
        row |= {"at_us": start, "took_us": record["at"] - start, "from": record["sender"], "to": record["receiver"]}
        row |= {"text": _wire_name(record), "outcome": record["outcome"], "answer": _answer(record["answer"])}
        row["fault"] = record.get("fault", "")
    elif kind == "late":
        row |= {"from": record["receiver"], "to": record["sender"], "text": "late answer, dropped"}
    elif kind == "stored":
        row |= {"from": record["system"], "text": _stored(record)}
    else:
        said = [record[name] for name in ("status", "state") if name in record]
        if record["name"] == "study reconciled":
            said += [f"({why})" for why in (record["reason"], "by a person" if record["by"] == "person" else "") if why]
        row |= {"from": record["system"], "text": " ".join([record["name"], *said])}
    return row


def _wire_name(record: Record) -> str:
    message: str = record["message"]
    name, answer = WIRE_NAMES.get(message, message), record["answer"]
    if message == "StoreStudy" and isinstance(answer, dict):
        return f"{name} x {sum(answer.values())}"
    return f"{name} {record['status']}" if "status" in record else name


def _answer(summary: Any) -> str:
    """A summary in words: ``AA``, ``0000H``, ``1 found``, ``20 stored``."""
    if not isinstance(summary, dict):
        return summary or ""
    if "count" in summary:
        return f"{summary['count']} found"
    told = ("stored", "warned", "failed", "completed")
    counts = [f"{summary[name]} {name}" for name in told if summary.get(name)]
    return ", ".join(counts) or str(summary.get("status", ""))


def _stored(record: Record) -> str:
    again = record["duplicates_same"] + record["duplicates_different"]
    return f"{record['instances']} on disk" + (f", {again} again" if again else "")
