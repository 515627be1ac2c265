"""Which records of a trace belong to one order: joined by the identifiers that systems exchange, and by time where none
reaches.

==========================  ===========================================================================
known of an order           learned from
==========================  ===========================================================================
placer order number         given; or the accession number of an order that has none
MRN                         ``PlaceOrder``, note ``procedure scheduled``; merged ones from ``MergePatients``
accession, Study UIDs       notes ``procedure scheduled``, ``placer number assigned``, ``exam linked``,
                            ``procedure rescheduled``
MPPS UIDs                   ``StepStarted`` of the accession number, or of a study of the order
scanner, name of the exam   note ``exam started`` of the accession number, or of a study of the order
workstation                 the system that was told ``open study``
==========================  ===========================================================================

Some messages carry none of the order's own identifiers, and are joined by who did what at the time:

- Patient administration names the patient: all of it.
- ``WorklistQuery`` names the station: the scanner's from ``patient on table`` to ``exam started``.
- ``CommitRequest`` and ``CommitResult`` name the transaction: the ones that the scanner asked for at the instant of a note
  ``study sent``, and the ones whose result came at the instant of a note ``study committed``.
- ``Find`` names the patient, and priors have accession numbers of their own: what the workstation got of this patient
  from ``open study`` to ``order closed``.

What several orders share (a message, an exam, a report) belongs to each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from emulators.trace import Record

_NEVER = 1 << 62


@dataclass(slots=True)
class _Known:
    placer: str
    accession: str = ""
    mrns: set[str] = field(default_factory=set)
    studies: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)
    """What stimuli and notes call the order, its exam, its studies and its patient."""
    scanner: str = ""
    workstation: str = ""
    instants: dict[str, list[int]] = field(default_factory=dict)
    """Name of a stimulus or note about this order to its instants."""
    transactions: set[str] = field(default_factory=set)
    priors: set[str] = field(default_factory=set)
    of_others: set[str] = field(default_factory=set)
    """Accession numbers of other patients: an image may name this patient by mistake."""

    def at(self, name: str) -> Sequence[int]:
        return self.instants.get(name, ())

    def during(self, instant: int, first: str, last: str) -> bool:
        return min(self.at(first), default=_NEVER) <= instant <= max(self.at(last), default=_NEVER)

    def reading(self, instant: int) -> bool:
        return self.during(instant, "open study", "order closed")


def of_order(records: Sequence[Record], placer: str) -> list[Record]:
    """The records that belong to the order ``placer``, in the order of the trace."""
    known = _Known(placer)
    for learn in (_learn_numbers, _learn_exam, _learn_instants, _learn_indirect):
        for record in records:
            learn(known, record)
    return [record for record in records if _belongs(known, record)]


def _split(record: Record, name: str) -> list[str]:
    """An identifier of a record that may name several."""
    return str(record.get(name, "")).split("+")


# --- what is known -----------------------------------------------------------------------------------------------------


def _learn_numbers(known: _Known, record: Record) -> None:
    kind = record["record"]
    if kind == "exchange":
        message = record["message"]
        if message == "PlaceOrder" and known.placer in _split(record, "placer"):
            known.mrns.add(record["mrn"])
        elif message == "MergePatients" and not known.mrns.isdisjoint((record["mrn"], record["prior_mrn"])):
            known.mrns |= {record["mrn"], record["prior_mrn"]}
    elif kind == "note":
        name, subject = record["name"], record["subject"]
        if name == "procedure scheduled" and known.placer in (subject, f"F{subject}"):
            known.accession = record["accession"]
            known.studies.add(record["study"])
            known.mrns.add(record["mrn"])
        elif (name == "exam linked" and subject == known.accession) or (
            name == "procedure rescheduled" and subject == known.placer
        ):
            known.studies.add(record["study"])


def _learn_exam(known: _Known, record: Record) -> None:
    is_step = record["record"] == "exchange" and record["message"] == "StepStarted"
    if not is_step and record.get("name") != "exam started":
        return
    if (known.accession and known.accession in _split(record, "accession")) or record["study"] in known.studies:
        known.studies.add(record["study"])
        if is_step:
            known.steps.add(record["step"])
        else:
            known.scanner = record["system"]
            known.subjects.add(record["subject"])


def _learn_instants(known: _Known, record: Record) -> None:
    kind = record["record"]
    if kind == "exchange" and record["message"] == "MergePatients":
        if not known.mrns.isdisjoint((record["mrn"], record["prior_mrn"])):  # the other one may have come later
            known.mrns |= {record["mrn"], record["prior_mrn"]}
    elif kind == "note" and record["name"] == "procedure scheduled" and record["mrn"] not in known.mrns:
        known.of_others.add(record["accession"])
    elif kind in ("note", "stimulus") and _is_about(known, record["subject"]):
        known.instants.setdefault(record["name"], []).append(record["at"])
        if record["name"] == "open study":
            known.workstation = record["system"]


def _learn_indirect(known: _Known, record: Record) -> None:
    if record["record"] != "exchange":
        return
    message = record["message"]
    if message == "CommitRequest":
        if record["sender"] == known.scanner and record["taken"] in known.at("study sent"):
            known.transactions.add(record["transaction"])
    elif message == "CommitResult":
        if record["receiver"] == known.scanner and record["arrived"] in known.at("study committed"):
            known.transactions.add(record["transaction"])
    elif message == "StoreStudy" and _is_for_reader(known, record):
        known.priors.add(record["study"])


def _is_for_reader(known: _Known, record: Record) -> bool:
    to_reader = record["receiver"] == known.workstation and record["mrn"] in known.mrns
    return to_reader and record["accession"] not in known.of_others and known.reading(record["taken"])


# --- what belongs ------------------------------------------------------------------------------------------------------


def _is_about(known: _Known, subject: str) -> bool:
    if subject == "":
        return False
    return subject in (known.placer, known.accession) or subject in known.studies or subject in known.subjects


def _belongs(known: _Known, record: Record) -> bool:
    kind = record["record"]
    if kind in ("note", "stimulus"):
        return _is_about(known, record["subject"]) or (kind == "stimulus" and record["subject"] in known.mrns)
    if _names_order(known, record):
        return True
    if kind == "stored":
        return record["system"] == known.workstation and record["study"] in known.priors and known.reading(record["at"])
    return kind == "exchange" and _concerns_order(known, record)


def _names_order(known: _Known, record: Record) -> bool:
    if known.placer in _split(record, "placer") or (known.accession and known.accession in _split(record, "accession")):
        return True
    named = record.get("study") in known.studies or record.get("step") in known.steps
    return named or record.get("transaction") in known.transactions


def _concerns_order(known: _Known, record: Record) -> bool:
    """Whether an exchange without an identifier of the order's own was about it."""
    message = record["message"]
    if record["lane"] == "adt":
        return record["mrn"] in known.mrns or record.get("prior_mrn") in known.mrns
    if message == "WorklistQuery":
        return record["sender"] == known.scanner and known.during(record["taken"], "patient on table", "exam started")
    if message == "Find":
        return record.get("mrn") in known.mrns and known.reading(record["taken"])
    return record.get("study") in known.priors and known.reading(record["taken"])
