"""The seven stages of the loop: how often each was gone through, how long that took, and what went wrong.

A stage begins and ends with a record about the same subject:

==================================  ====================================  =================================================
stage                               begins                                ends
==================================  ====================================  =================================================
1 Patient identity                  stimulus ``register``, ``admit``      RIS and archive both acknowledged the patient
2 Order                             stimulus ``place order``              the archive acknowledged the scheduled procedure
3 Worklist                          stimulus ``patient on table``         note ``exam started``
4 Acquisition and transmission      stimulus ``images acquired``,         note ``study committed``
                                    ``append images``
5 Reconciliation                    first ``stored`` of the study         note ``study reconciled``: matched, or settled
                                                                          by a person
6 Reading                           stimulus ``open study``               note ``study opened``
7 Report distribution               note ``report signed``, F or C        note ``report filed``, F or C
==================================  ====================================  =================================================

A stage that begins again for a subject still under way (a patient put on the table twice) keeps its first beginning. A message
with several orders counts once, by the first; an exam that the worklist did not come up for ends stage 3 when it is typed. A
study that is taken off the reading list, because it was read elsewhere, is not under way any more. Where a product is in the
archive's place, stages 1 and 2 end with the RIS, stage 5 is not seen, and an archive that is asked for no commitment has ended
stage 4 when it has taken the images.
Failures are exchanges that got no answer (refused or unknown), and cases that began and never ended.
Percentiles are by nearest rank: the smallest sample that at least that share of the samples does not exceed.
"""

from dataclasses import dataclass, field
from math import ceil
from typing import Any

from emulators.trace import Record

NAMES = (
    "Patient identity",
    "Order",
    "Worklist",
    "Acquisition and transmission",
    "Reconciliation",
    "Reading",
    "Report distribution",
)
MOST_SAMPLES = 200
"""How many samples a result shows for a plot; the percentiles are of all of them."""

STAGE_OF_MESSAGE = {
    "RegisterPatient": 1,
    "AdmitPatient": 1,
    "PreadmitPatient": 1,
    "TransferPatient": 1,
    "DischargePatient": 1,
    "BecomeInpatient": 1,
    "BecomeOutpatient": 1,
    "CancelAdmission": 1,
    "CancelTransfer": 1,
    "CancelDischarge": 1,
    "CancelPreadmission": 1,
    "AddPerson": 1,
    "UpdatePatient": 1,
    "UpdatePerson": 1,
    "MergePatients": 1,
    "PlaceOrder": 2,
    "ChangeOrder": 2,
    "CancelOrder": 2,
    "FillerOrder": 2,
    "NumberAssigned": 2,
    "ScheduleProcedure": 2,
    "ChangeProcedure": 2,
    "CancelProcedure": 2,
    "OrderStatus": 2,
    "WorklistQuery": 3,
    "StepStarted": 4,
    "StepProgressed": 4,
    "StepEnded": 4,
    "StoreStudy": 4,
    "CommitRequest": 4,
    "CommitResult": 4,
    "InstancesAvailable": 4,
    "ReadingListEntry": 6,
    "ReadingListRemoval": 6,
    "ReportStatus": 6,
    "Find": 6,
    "Move": 6,
    "Report": 7,
}
_READING = 6

_BEGINS = {
    "register": 1,
    "admit": 1,
    "place order": 2,
    "patient on table": 3,
    "images acquired": 4,
    "append images": 4,
    "open study": 6,
}
_ARRIVALS = frozenset(("RegisterPatient", "AdmitPatient"))
_ENDS = {"exam started": 3, "study committed": 4, "study opened": 6}


@dataclass(slots=True)
class _Stage:
    samples_us: list[int] = field(default_factory=list)
    began: dict[str, int] = field(default_factory=dict)
    """Subjects under way, with the instant at which they began."""
    lost_exchanges: int = 0

    def begin(self, subject: str, at: int) -> None:
        self.began.setdefault(subject, at)

    def drop(self, subject: str) -> None:
        """It is nobody's business any more."""
        self.began.pop(subject, None)

    def end(self, subject: str, at: int) -> None:
        """An end without a beginning, or a second one, counts nothing."""
        began = self.began.pop(subject, None)
        if began is not None:
            self.samples_us.append(at - began)


class Stages:
    """A trace subscriber; ``archive`` and ``ris`` are the systems that stages 1, 2 and 5 look at, ``archive`` empty where a
    product is in its place."""

    def __init__(self, archive: str = "pacs", ris: str = "ris") -> None:
        self._archive = archive
        self._identity_receivers = frozenset(filter(None, (archive, ris)))
        self._stages = {number: _Stage() for number in range(1, 8)}
        self._unacknowledged: dict[str, set[str]] = {}
        """Patients under way in stage 1, with the systems that have not acknowledged them."""
        self._stored: set[str] = set()
        self._sent: dict[str, int] = {}
        """Exams whose images the archive has taken, with the instant."""
        self._is_asked_to_commit = False

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind == "exchange":
            self._exchange(record)
        elif kind == "note":
            self._note(record)
        elif kind == "stimulus":
            number = _BEGINS.get(record["name"])
            if number is not None:
                self._stages[number].begin(record["subject"], record["at"])
            if number == 1:
                self._unacknowledged[record["subject"]] = set(self._identity_receivers)
        elif kind == "stored" and record["system"] == self._archive and record["study"] not in self._stored:
            self._stored.add(record["study"])
            self._stages[5].begin(record["study"], record["at"])

    def _exchange(self, record: Record) -> None:
        message = record["message"]
        if record["outcome"] != "answered":
            number = STAGE_OF_MESSAGE.get(message)
            if message == "StoreStudy" and record["sender"] == self._archive:
                number = _READING  # a sub-operation of a C-MOVE
            if number is not None:
                self._stages[number].lost_exchanges += 1
        elif message in _ARRIVALS:
            if record["answer"] == "AA":
                self._acknowledged(record["mrn"], record["receiver"], record["at"])
        elif message == "ScheduleProcedure" and record["answer"] == "AA" and record["receiver"] == self._archive:
            self._stages[2].end(record["placer"], record["at"])
        elif message == "CommitRequest":
            self._is_asked_to_commit = True

    def _acknowledged(self, mrn: str, receiver: str, at: int) -> None:
        waiting = self._unacknowledged.get(mrn)
        if waiting is None:
            return
        waiting.discard(receiver)
        if not waiting:
            del self._unacknowledged[mrn]
            self._stages[1].end(mrn, at)

    def _note(self, record: Record) -> None:
        name = record["name"]
        number = _ENDS.get(name)
        if number is not None:
            self._stages[number].end(record["subject"], record["at"])
        elif name == "procedure scheduled":
            if not self._archive:
                self._stages[2].end(record["subject"], record["at"])
        elif name == "study sent":
            self._sent[record["subject"]] = record["at"]
        elif name == "study reconciled":
            if record["state"] == "matched" or record["by"] == "person":
                self._stages[5].end(record["subject"], record["at"])
        elif name == "study unlisted":
            self._stages[6].drop(record["subject"])
        elif name == "report signed":
            if record["status"] in "FC":
                self._stages[7].begin(record["accession"], record["at"])
        elif name == "report filed" and record["status"] in "FC":
            self._stages[7].end(record["accession"], record["at"])

    def result(self) -> list[dict[str, Any]]:
        """One row per stage, in order; percentiles are None without samples, ``samples_us`` is sorted and thinned."""
        if not self._is_asked_to_commit:
            for subject, at in self._sent.items():
                self._stages[4].end(subject, at)
        return [_row(number, stage) for number, stage in self._stages.items()]


def _row(number: int, stage: _Stage) -> dict[str, Any]:
    samples = sorted(stage.samples_us)
    return {
        "number": number,
        "name": NAMES[number - 1],
        "count": len(samples),
        "failures": stage.lost_exchanges + len(stage.began),
        "lost_exchanges": stage.lost_exchanges,
        "unfinished": len(stage.began),
        "p50_us": nearest_rank(samples, 50),
        "p95_us": nearest_rank(samples, 95),
        "samples_us": thinned(samples),
    }


def nearest_rank(ordered: list[int], percent: int) -> int | None:
    """The sample of rank ceil(percent / 100 * n) of an ordered list, None of an empty one."""
    return ordered[max(1, ceil(percent * len(ordered) / 100)) - 1] if ordered else None


def thinned(ordered: list[int]) -> list[int]:
    """At most MOST_SAMPLES of an ordered list, at even ranks, with both ends."""
    last = len(ordered) - 1
    if last < MOST_SAMPLES:
        return ordered
    return [ordered[last * position // (MOST_SAMPLES - 1)] for position in range(MOST_SAMPLES)]
