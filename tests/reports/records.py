"""Trace records of a made-up day, in the shapes that the kernel publishes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from emulators.trace import Record, Subscriber, Trace

Fold = TypeVar("Fold", bound=Subscriber)

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def fed(fold: Fold, records: Iterable[Record]) -> Fold:
    """The fold after it has heard what of these records it subscribes to."""
    trace = Trace()
    trace.subscribe(fold)
    for record in records:
        trace.publish(record)
    return fold


def exchange(at: int, sender: str, receiver: str, message: str, answer: Any = "AA", **identifiers: Any) -> Record:
    """An answered exchange that ended at ``at`` and took 20 ms; ``identifiers`` may replace any field."""
    return {
        "at": at,
        "record": "exchange",
        "sender": sender,
        "receiver": receiver,
        "lane": "adt" if "Patient" in message else "any",
        "message": message,
        "taken": at - 20 * MILLISECOND,
        "started": at - 20 * MILLISECOND,
        "arrived": at - 10 * MILLISECOND,
        "outcome": "answered",
        "answer": answer,
        **identifiers,
    }


def lost(record: Record, outcome: str = "unknown", fault: str = "reset_after") -> Record:
    """The same exchange, five seconds earlier and without an answer."""
    earlier = {name: record[name] - 5 * SECOND for name in ("at", "taken", "started", "arrived")}
    return {**record, **earlier, "outcome": outcome, "answer": None, "fault": fault}


def note(at: int, system: str, name: str, subject: str, **fields: Any) -> Record:
    return {"at": at, "record": "note", "system": system, "name": name, "subject": subject, **fields}


def stimulus(at: int, system: str, name: str, subject: str) -> Record:
    return {"at": at, "record": "stimulus", "system": system, "name": name, "subject": subject}


def stored(at: int, system: str, study: str, instances: int, same: int = 0, different: int = 0) -> Record:
    record = {"at": at, "record": "stored", "system": system, "study": study, "instances": instances}
    return {**record, "duplicates_same": same, "duplicates_different": different, "bytes": instances * 500_000}


def late(at: int, sender: str, receiver: str, **identifiers: str) -> Record:
    return {"at": at, "record": "late", "sender": sender, "receiver": receiver, "lane": "any", **identifiers}


class Exam:
    """One order and its identifiers, from registration to closing; ``start`` is when the patient comes."""

    def __init__(self, number: int, start: int = 0, priority: str = "ROUTINE", instances: int = 20) -> None:
        self.placer = f"P{number:04}"
        self.mrn = f"M{number:04}"
        self.accession = f"A{number:04}"
        self.study = f"2.25.{number}"
        self.start = start
        self.priority = priority
        self.instances = instances
        self.scanner = f"ct{number % 2 + 1}"

    def records(self, without: Callable[[Record], bool] = lambda record: False) -> list[Record]:
        """What a day without faults gives of this exam, in the order of time; ``without`` leaves some out."""
        records = [record for part in (self._ordered(), self._scanned(), self._read()) for record in part]
        return sorted((record for record in records if not without(record)), key=lambda record: record["at"])

    @property
    def _filed(self) -> dict[str, str]:
        return {"mrn": self.mrn, "placer": self.placer, "accession": self.accession, "study": self.study}

    def _ordered(self) -> Iterator[Record]:
        t, placer, mrn = self.start, self.placer, self.mrn
        yield stimulus(t, "ehr", "register", mrn)
        for at, sender, receiver in ((20, "ehr", "engine"), (40, "engine", "ris"), (50, "engine", "pacs")):
            yield exchange(t + at * MILLISECOND, sender, receiver, "RegisterPatient", mrn=mrn, control=f"{mrn}-A041")
        t += 2 * MINUTE
        yield stimulus(t, "ehr", "place order", placer)
        for at, sender, receiver in ((20, "ehr", "engine"), (42, "engine", "ris")):
            at_us = t + at * MILLISECOND
            yield exchange(at_us, sender, receiver, "PlaceOrder", mrn=mrn, placer=placer, control=f"{placer}-NW1")
        fields = {"mrn": mrn, "accession": self.accession, "study": self.study, "station": self.scanner.upper()}
        yield note(t + 32 * MILLISECOND, "ris", "procedure scheduled", placer, **fields)
        yield exchange(t + 60 * MILLISECOND, "ris", "pacs", "ScheduleProcedure", control=f"{placer}-SP1", **self._filed)
        yield from self._status(t + 55 * MILLISECOND, "SC")

    def _status(self, at: int, status: str) -> Iterator[Record]:
        named = {"mrn": self.mrn, "placer": self.placer, "accession": self.accession, "control": f"{self.placer}-{status}1"}
        yield exchange(at, "ris", "engine", "OrderStatus", **named)
        fields = {"accession": self.accession, "status": status, "order_control": "SC"}
        yield note(at + 10 * MILLISECOND, "ehr", "order status", self.placer, **fields)
        yield exchange(at + 20 * MILLISECOND, "engine", "ehr", "OrderStatus", **named)

    def _scanned(self) -> Iterator[Record]:
        scanner, accession, study = self.scanner, self.accession, self.study
        t = self.start + 20 * MINUTE
        yield stimulus(t, scanner, "patient on table", accession)
        yield exchange(t + 20 * MILLISECOND, scanner, "ris", "WorklistQuery", {"count": 3}, station=scanner.upper())
        fields = {"mrn": self.mrn, "station": scanner.upper(), "accession": accession, "study": study}
        yield note(t + 20 * MILLISECOND, scanner, "exam started", accession, **fields)
        step = {"mrn": self.mrn, "accession": accession, "study": study, "step": f"{study}.7"}
        yield exchange(t + 41 * MILLISECOND, scanner, "ris", "StepStarted", "0000H", **step)
        yield exchange(t + 62 * MILLISECOND, "ris", "pacs", "StepStarted", "0000H", **step)
        yield from self._status(t + 61 * MILLISECOND, "IP")
        t += 8 * MINUTE
        yield stimulus(t, scanner, "images acquired", accession)
        sent = {"started": t, "taken": t, "mrn": self.mrn, "accession": accession, "study": study}
        t += self.instances * 50 * MILLISECOND
        yield stored(t - 10 * MILLISECOND, "pacs", study, self.instances)
        fields = {"mrn": self.mrn, "accession": accession, "state": "matched", "reason": "", "by": "system"}
        yield note(t - 10 * MILLISECOND, "pacs", "study reconciled", study, **fields)
        yield exchange(t, scanner, "pacs", "StoreStudy", {"stored": self.instances}, **sent)
        yield note(t, scanner, "study sent", accession, instances=self.instances)
        transaction = f"{study}.9"
        yield exchange(t + 20 * MILLISECOND, scanner, "pacs", "CommitRequest", "0000H", transaction=transaction)
        yield note(t + 30 * MILLISECOND, scanner, "study committed", accession, instances=self.instances)
        yield exchange(t + 40 * MILLISECOND, "pacs", scanner, "CommitResult", "0000H", transaction=transaction)
        yield exchange(t + 21 * MILLISECOND, scanner, "ris", "StepEnded", "0000H", step=f"{study}.7")
        yield exchange(t + 42 * MILLISECOND, "ris", "pacs", "StepEnded", "0000H", step=f"{study}.7")
        yield from self._status(t + 41 * MILLISECOND, "CM")
        control = f"{self.placer}-RL1"
        yield exchange(t + 43 * MILLISECOND, "ris", "workstation", "ReadingListEntry", control=control, **self._filed)
        fields = {"mrn": self.mrn, "placer": self.placer, "study": study, "priority": self.priority}
        yield note(t + 33 * MILLISECOND, "workstation", "study listed", accession, **fields)

    def _read(self) -> Iterator[Record]:
        accession, study, prior = self.accession, self.study, f"{self.study}.1.77"
        t = self.start + 40 * MINUTE
        yield stimulus(t, "workstation", "open study", accession)
        named = {"mrn": self.mrn, "placer": self.placer, "accession": accession}
        yield exchange(t + 20 * MILLISECOND, "workstation", "ris", "ReportStatus", control=f"{self.placer}-RA1", **named)
        yield exchange(t + 21 * MILLISECOND, "workstation", "pacs", "Find", {"count": 2}, mrn=self.mrn)
        opened = t + 21 * MILLISECOND
        for uid, its_accession, count in ((study, accession, self.instances), (prior, f"B{accession[1:]}", 5)):
            start = opened
            opened += count * 50 * MILLISECOND
            yield stored(opened, "workstation", uid, count)
            at = {"taken": start, "started": start}
            header = {"mrn": self.mrn, "accession": its_accession, "study": uid}
            after = opened + 5 * MILLISECOND
            yield exchange(after, "pacs", "workstation", "StoreStudy", {"stored": count}, **header, **at)
            moved = {"completed": count, "failed": 0, "warned": 0, "status": "0000H"}
            yield exchange(opened + 15 * MILLISECOND, "workstation", "pacs", "Move", moved, study=uid, **at)
        fields = {"mrn": self.mrn, "accession": accession, "placer": self.placer, "study": study}
        yield note(opened, "workstation", "study opened", accession, priors=1, **fields)
        opened += 20 * MILLISECOND
        yield exchange(opened, "workstation", "ris", "ReportStatus", control=f"{self.placer}-RI1", **named)
        yield from self._reported(t + 5 * MINUTE, "P")
        yield from self._reported(t + 9 * MINUTE, "F")
        yield note(t + 9 * MINUTE + 50 * MILLISECOND, "ehr", "order closed", self.placer, mrn=self.mrn, state="reported")

    def _reported(self, at: int, status: str) -> Iterator[Record]:
        yield stimulus(at, "workstation", "sign report", self.accession)
        fields = {"accession": self.accession, "status": status}
        yield note(at, "workstation", "report signed", self.placer, **fields)
        named = {**self._filed, "control": f"{self.placer}-R{status}1"}
        yield exchange(at + 20 * MILLISECOND, "workstation", "ris", "Report", **named)
        yield exchange(at + 40 * MILLISECOND, "ris", "engine", "Report", **named)
        yield note(at + 50 * MILLISECOND, "ehr", "report filed", self.placer, text="IMPRESSION: none", addendum="", **fields)
        yield exchange(at + 60 * MILLISECOND, "engine", "ehr", "Report", **named)
        yield exchange(at + 61 * MILLISECOND, "engine", "pacs", "Report", **named)


def day(*exams: Exam) -> list[Record]:
    """The records of all ``exams``, in the order of time."""
    return sorted((record for exam in exams for record in exam.records()), key=lambda record: record["at"])
