"""Which records of a trace belong to one order: joined by the identifiers that systems exchange, and by time where none
reaches.

======================  ===============================================================================
known of an order       learned from
======================  ===============================================================================
placer order number     given
MRN                     ``PlaceOrder``
accession, Study UID    note ``procedure scheduled``
MPPS UID                ``StepStarted`` of the accession number
scanner, workstation    the systems that were told ``patient on table`` and ``open study``
======================  ===============================================================================

Some messages carry none of the order's own identifiers, and are joined by who did what at the time:

- ``RegisterPatient`` names the patient: all of them.
- ``WorklistQuery`` names the station: the scanner's from ``patient on table`` to ``exam started``.
- ``CommitRequest`` and ``CommitResult`` name the transaction: the one that the scanner asked for at the instant of the note
  ``study sent``, and the one whose result came at the instant of the note ``study committed``.
- ``FindStudies`` names the patient, and priors have accession numbers of their own: what the workstation got of this patient
  from ``open study`` to ``order closed``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from emulators.trace import Record

_NEVER = 1 << 62


@dataclass(slots=True)
class _Known:
    placer: str
    mrn: str = ""
    accession: str = ""
    study: str = ""
    step: str = ""
    scanner: str = ""
    workstation: str = ""
    instants: dict[str, int] = field(default_factory=dict)
    """Name of a stimulus or note about this order to its first instant."""
    transactions: set[str] = field(default_factory=set)
    priors: set[str] = field(default_factory=set)

    def during(self, instant: int, first: str, last: str) -> bool:
        return self.instants.get(first, _NEVER) <= instant <= self.instants.get(last, _NEVER)

    def reading(self, instant: int) -> bool:
        return self.during(instant, "open study", "order closed")

    def is_subject(self, subject: str) -> bool:
        return subject != "" and subject in (self.placer, self.accession, self.study)


def of_order(records: Sequence[Record], placer: str) -> list[Record]:
    """The records that belong to the order ``placer``, in the order of the trace."""
    known = _Known(placer)
    for learn in (_learn_identifiers, _learn_instants, _learn_indirect):
        for record in records:
            learn(known, record)
    return [record for record in records if _belongs(known, record)]


def _learn_identifiers(known: _Known, record: Record) -> None:
    kind = record["record"]
    if kind == "note" and record["name"] == "procedure scheduled" and record["subject"] == known.placer:
        known.accession, known.study = record["accession"], record["study"]
    elif kind == "exchange" and record["message"] == "PlaceOrder" and record["placer"] == known.placer:
        known.mrn = record["mrn"]


def _learn_instants(known: _Known, record: Record) -> None:
    kind = record["record"]
    if kind == "exchange":
        if record["message"] == "StepStarted" and record["accession"] == known.accession:
            known.step = record["step"]
    elif kind in ("note", "stimulus") and known.is_subject(record["subject"]):
        known.instants.setdefault(record["name"], record["at"])
        if record["name"] == "patient on table":
            known.scanner = record["system"]
        elif record["name"] == "open study":
            known.workstation = record["system"]


def _learn_indirect(known: _Known, record: Record) -> None:
    if record["record"] != "exchange":
        return
    message = record["message"]
    if message == "CommitRequest":
        if record["sender"] == known.scanner and record["taken"] == known.instants.get("study sent"):
            known.transactions.add(record["transaction"])
    elif message == "CommitResult":
        if record["receiver"] == known.scanner and record["arrived"] == known.instants.get("study committed"):
            known.transactions.add(record["transaction"])
    elif message == "StoreStudy" and _is_for_reader(known, record):
        known.priors.add(record["study"])


def _is_for_reader(known: _Known, record: Record) -> bool:
    to_reader = record["receiver"] == known.workstation and record["mrn"] == known.mrn
    return to_reader and known.reading(record["taken"])


def _belongs(known: _Known, record: Record) -> bool:
    kind = record["record"]
    if kind in ("note", "stimulus"):
        return known.is_subject(record["subject"]) or (record["name"] == "register" and record["subject"] == known.mrn)
    if _names_order(known, record):
        return True
    if kind == "stored":
        return record["system"] == known.workstation and record["study"] in known.priors and known.reading(record["at"])
    return kind == "exchange" and _concerns_order(known, record)


def _names_order(known: _Known, record: Record) -> bool:
    own = {"placer": known.placer, "accession": known.accession, "study": known.study, "step": known.step}
    if any(value and record.get(name) == value for name, value in own.items()):
        return True
    return record.get("transaction") in known.transactions


def _concerns_order(known: _Known, record: Record) -> bool:
    """Whether an exchange without an identifier of the order's own was about it."""
    message = record["message"]
    if message == "RegisterPatient":
        return bool(record["mrn"] == known.mrn)
    if message == "WorklistQuery":
        return record["sender"] == known.scanner and known.during(record["taken"], "patient on table", "exam started")
    if message == "FindStudies":
        return record.get("mrn") == known.mrn and known.reading(record["taken"])
    return record.get("study") in known.priors and known.reading(record["taken"])
