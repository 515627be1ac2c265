"""The workstation: keeps the reading list, brings a study and its priors to the reader, and sends the report.

Stimuli
=====================  ======================================================================================================
``open study``         subject (accession number), reader; opened again it says what it shows
``join studies``       subject, others (accession numbers): of the same patient, read as one; before any of them is signed
``sign report``        subject, status (P, F or C), text; reader, if it is not the one who opened it
``add addendum``       subject, text, reader
``withdraw report``    subject, status (X, D or W), reader
``show reading list``  note ``reading list``
=====================  ======================================================================================================

Notes, of an accession number unless said otherwise
=======================  ====================================================================================================
``study listed``         mrn, placer, study, priority; again when something has changed
``study unlisted``
``accession in use``     placer: an entry of another patient and study under a number that is on the list was refused
``reading list``         of no number; accessions, in the order in which they are to be read
``study opened``         the study's context (reading_case.py), and priors: how many are here
``images missing``       of a Study UID; here (how many), status: its C-MOVE is over, and it is asked for again
``report signed``        of a placer order number, or of an accession number without one; accession, status
``report not sent``      reason: it cannot follow what was signed before
``studies not joined``   other, reason
``no such case``         stimulus
=======================  ====================================================================================================

One case goes through::

    waiting --open study--> assigned --all images here--> in progress --P--> preliminary --F--> final
       |                                                                                          |
       removal: gone                                 C, addendum, withdrawal: reports of their own+

Rules
- An entry that comes again brings the patient and the order up to date; the case keeps its place. One of another study is
  another case; of another patient too, as two sites with equal accession numbers may send, it is AE 205 OBR-18.
- Entries of one study and one patient are read as one, and so are those that a person joins: one report for all orders.
- The images of a case are brought by retrieval.py. What may be signed next is in signing.py. A report that the RIS refuses
  leaves the case where it was.
- When a final report or a withdrawal has been taken, the images that no other case needs go from the disk (effect Discard),
  and what comes of them later goes at once. What an addendum or a correction needs is kept in memory, and is in no snapshot.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emulators.actors import availability
from emulators.actors.outbox import Delivery, RetryPolicy
from emulators.actors.priors import PriorRule
from emulators.actors.reading_case import Case, context
from emulators.actors.receipts import Receipts
from emulators.actors.retrieval import TIMERS, Retrieval
from emulators.actors.signing import ADDENDUM, WITHDRAWALS, checked_status, checked_text
from emulators.actors.system import ACCEPTED, DUPLICATE_KEY, Accepted, System, refused
from emulators.core.effect import Effect, Note
from emulators.core.identity import control_id
from emulators.core.instant import WallClock
from emulators.messages import canonical
from emulators.messages.availability import InstancesAvailable
from emulators.messages.common import NOBODY, PersonName
from emulators.messages.imaging import Admission, InstancesStored, StudyHeader
from emulators.messages.orders import ReadingListEntry, ReadingListRemoval, ReportStatus
from emulators.messages.report import Report, ReportedOrder

__all__ = ["PriorRule", "Workstation"]

_PURPOSES = {"P": "RP", "F": "RF", "C": "RC", ADDENDUM: "RAD", "X": "RX", "D": "RD", "W": "RW"}
"""What the control ids of reports are made of."""

_WORDS = {"P": ("PRELIMINARY", "SP"), "F": ("FINAL", "SF")}
"""What the RIS is told beside a report, and what its control id is made of."""


class Workstation(System):
    """``ae_title`` is where studies are moved to; ``priors`` says which of the patient's earlier studies are brought along."""

    def __init__(
        self,
        name: str,
        clock: WallClock,
        ae_title: str,
        ris: str,
        pacs: str,
        priors: PriorRule | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        super().__init__(name, clock, retry)
        self._ris = ris
        self._cases: dict[str, Case] = {}
        """By accession number; cases read as one stand under each of theirs."""
        self._closed: dict[str, Case] = {}
        self._numbers: Counter[tuple[str, str]] = Counter()
        """How many messages of each kind were sent about an order."""
        self._images = Retrieval(self, pacs, ae_title, priors or PriorRule(), self._cases, self._opened)
        self.stimuli = {
            "open study": self._open,
            "join studies": self._join,
            "sign report": self._sign,
            "add addendum": self._add_addendum,
            "withdraw report": self._withdraw,
            "show reading list": self._show_reading_list,
        }
        self.requests = {
            ReadingListEntry: self._listed,
            ReadingListRemoval: self._unlisted,
            StudyHeader: self._admit,
            InstancesAvailable: availability.taken,
        }
        self.deliveries = {**self._images.deliveries, Report: self._report_sent}

    def __getstate__(self) -> dict[str, Any]:
        """What a snapshot may hold: nothing of a case that has been read. The receipts are left out, since an entry that is
        taken twice is the same entry."""
        read = {_named(entry) for case in self._closed.values() for entry in case.entries.values()}
        numbers = Counter({key: number for key, number in self._numbers.items() if key[0] not in read})
        return {**self.__dict__, "_closed": {}, "_receipts": Receipts(), "_numbers": numbers}

    def status(self) -> dict[str, list[dict[str, int | str]]]:
        """Also ``reading_list``, in the order in which it is to be read, with the state of each case."""
        entries: list[dict[str, int | str]] = [
            {"accession": accession, "priority": entry.order.priority, "state": self._cases[accession].state}
            for accession, entry in self.reading_list().items()
        ]
        return {**super().status(), "reading_list": entries}

    # --- the reading list ----------------------------------------------------------------------------------------------

    def reading_list(self) -> Mapping[str, ReadingListEntry]:
        """What has no final report yet, by accession number: STAT first, then in the order in which it came."""
        entries = [(accession, case.entries[accession]) for accession, case in self._cases.items()]
        return dict(sorted(entries, key=lambda listed: listed[1].order.priority != "STAT"))

    def _show_reading_list(self, _data: Mapping[str, Any]) -> Sequence[Effect]:
        return [Note("reading list", "", {"accessions": list(self.reading_list())})]

    def _listed(self, message: ReadingListEntry, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        procedure = message.procedure
        accession = procedure.accession_number
        known = self._known(accession)
        if known is not None and _is_another_patients(known, message):
            fields = {"placer": message.order.placer_order_number}
            return refused(DUPLICATE_KEY, "OBR-18"), [Note("accession in use", accession, fields)]
        closed = self._closed.get(accession)
        if closed is not None and closed.reports.taken not in ("D", "W"):  # read: an addendum will be about whom it says now
            closed.entries[accession] = message
            return ACCEPTED, ()
        effects: list[Effect] = []
        case = self._cases.get(accession)
        if case is not None and case.entries[accession].procedure.study_instance_uid != procedure.study_instance_uid:
            effects.extend(self._take_off(accession))
            case = None
        if case is None:
            effects.extend(self._put_on(message))
        else:
            case.entries[accession] = message
        listed = {
            "mrn": message.patient.patient_id,
            "placer": message.order.placer_order_number,
            "study": procedure.study_instance_uid,
            "priority": message.order.priority,
        }
        return ACCEPTED, [Note("study listed", accession, listed), *effects]

    def _put_on(self, message: ReadingListEntry) -> Sequence[Effect]:
        """To the unsigned case that has the same images, and then it is as far as that case; or as a case of its own."""
        accession, study = message.procedure.accession_number, message.procedure.study_instance_uid
        read_before = self._closed.pop(accession, None)
        if read_before is not None:
            del read_before.entries[accession]
        self._images.want(study)
        of_study = (case for case in self._cases.values() if study in case.studies)
        case = next((case for case in of_study if case.is_about(message.patient) and not case.reports.last), None) or Case()
        self._cases[accession] = case
        case.entries[accession] = message
        effects: list[Effect] = []
        if case.reader is not None:
            effects.extend(self._tell_ris([message], "ASSIGNED", "RA"))
        if case.is_open:
            effects.extend([*self._tell_ris([message], "IN PROGRESS", "RI"), self._opened_note(case, message)])
        return effects

    def _unlisted(self, message: ReadingListRemoval, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        accession = message.procedure.accession_number
        if accession not in self._cases:
            return ACCEPTED, ()
        return ACCEPTED, [Note("study unlisted", accession, {}), *self._take_off(accession)]

    def _take_off(self, accession: str) -> Sequence[Effect]:
        """The entry is not to be read here; others of its case still are."""
        case = self._cases.pop(accession)
        study = case.entries.pop(accession).procedure.study_instance_uid
        if not case.entries:
            return self._images.let_go(case, (study, *case.brought))
        effects = self._images.let_go(case, () if study in case.studies else (study,))
        if case.reader is None or case.is_open:
            return effects
        return [*effects, *self._images.look_for(case)]

    def _join(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        case = self._cases.get(data["subject"])
        if case is None:
            return [_no_such_case(data["subject"], "join studies")]
        effects: list[Effect] = []
        joined: list[ReadingListEntry] = []
        for accession in data["others"]:
            other = self._cases.get(accession)
            reason = _reason_not_to_join(case, other)
            if other is None or reason:
                effects.append(Note("studies not joined", data["subject"], {"other": accession, "reason": reason}))
            elif other is not case:
                joined.extend(other.entries.values())
                self._take_over(case, other)
        if joined and case.reader is not None:
            effects.extend([*self._tell_ris(joined, "ASSIGNED", "RA"), *self._images.look_for(case)])
        return effects

    def _take_over(self, case: Case, other: Case) -> None:
        """Everything of the other case belongs to this one."""
        self._images.stop(other)
        case.brought.update(other.brought)
        case.entries.update(other.entries)
        self._cases.update(dict.fromkeys(other.entries, case))

    # --- images --------------------------------------------------------------------------------------------------------

    def _open(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        case = self._cases.get(data["subject"])
        if case is None:
            return [_no_such_case(data["subject"], "open study")]
        reader: PersonName = data["reader"]
        if case.reader is not None:
            return self._opened_notes(case) if case.is_open else ()
        case.reader = reader
        return [*self._tell_ris(case.entries.values(), "ASSIGNED", "RA"), *self._images.look_for(case)]

    def _admit(self, _header: StudyHeader, _sender: str) -> tuple[Admission, Sequence[Effect]]:
        return Admission(), ()

    def told(self, message: InstancesStored) -> Sequence[Effect]:
        return self._images.came(message)

    def timer_fired(self, key: str) -> Sequence[Effect]:
        kind, _, subject = key.partition("/")
        return self._images.timer_fired(kind, subject) if kind in TIMERS else super().timer_fired(key)

    def _opened(self, case: Case) -> Sequence[Effect]:
        return [*self._tell_ris(case.entries.values(), "IN PROGRESS", "RI"), *self._opened_notes(case)]

    def _opened_notes(self, case: Case) -> Sequence[Effect]:
        return [self._opened_note(case, entry) for entry in case.entries.values()]

    def _opened_note(self, case: Case, entry: ReadingListEntry) -> Note:
        return Note("study opened", entry.procedure.accession_number, context(entry, self._images.priors_here(case)))

    # --- reports -------------------------------------------------------------------------------------------------------

    def _sign(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        status = checked_status(data["status"])
        return self._report("sign report", data, status, status)

    def _add_addendum(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        return self._report("add addendum", data, ADDENDUM, "F")

    def _withdraw(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        status = canonical.one_of(data["status"], WITHDRAWALS, "status")
        return self._report("withdraw report", data, status, status)

    def _report(self, stimulus: str, data: Mapping[str, Any], kind: str, status: str) -> Sequence[Effect]:
        """Send a report on all orders of a case. The stimulus names the case: what else is open does not matter."""
        text, case = checked_text(data.get("text", ""), kind), self._known(data["subject"])
        if case is None:
            return [_no_such_case(data["subject"], stimulus)]
        objection = case.reports.objection(kind)
        if objection:
            return [Note("report not sent", data["subject"], {"reason": objection})]
        message = Report(
            control_id=self._control(case.entry, _PURPOSES[kind]),
            sent_at=self.stamp(),
            patient=case.entry.patient,
            orders=tuple(map(_reported, case.entries.values())),
            status=status,
            text="" if kind == ADDENDUM else text,
            reader=data.get("reader") or case.reader or NOBODY,
            reported_at=self.stamp(),
            addendum=text if kind == ADDENDUM else "",
        )
        case.reports.sign(message)
        effects = [*self.outbox.put(self._ris, message), *(_signed_note(order, status) for order in message.orders)]
        if kind in _WORDS:
            effects.extend(self._tell_ris(case.entries.values(), *_WORDS[kind]))
        return effects

    def _tell_ris(self, entries: Iterable[ReadingListEntry], status: str, purpose: str) -> Sequence[Effect]:
        """Who works on the reports of these orders, and how far they are."""
        effects: list[Effect] = []
        for entry in entries:
            message = ReportStatus(
                self._control(entry, purpose),
                self.stamp(),
                entry.patient,
                entry.order.placer_order_number,
                entry.procedure.accession_number,
                entry.order.procedure,
                status,
            )
            effects.extend(self.outbox.put(self._ris, message))
        return effects

    def _control(self, entry: ReadingListEntry, purpose: str) -> str:
        """MSH-10 of the next message of this kind about an order, also when it was off the list meanwhile."""
        named = _named(entry)
        self._numbers[named, purpose] += 1
        return control_id(named, purpose, self._numbers[named, purpose])

    def _known(self, accession: str) -> Case | None:
        return self._cases.get(accession) or self._closed.get(accession)

    def _report_sent(self, delivery: Delivery) -> Sequence[Effect]:
        report: Report = delivery.message
        known = (self._known(order.accession_number) for order in report.orders)
        case = next(filter(None, known), None)
        if case is None:
            return ()
        case.reports.end(report, delivery.accepted)
        if not case.reports.is_read or case.accession in self._closed:
            return ()
        for accession in case.entries:
            del self._cases[accession]
            self._closed[accession] = case
        return self._images.let_go(case, (*case.studies, *case.brought))


def _is_another_patients(case: Case, message: ReadingListEntry) -> bool:
    """Whether the entry has no more than its accession number in common with that of the case."""
    entry = case.entries[message.procedure.accession_number]
    is_same_study = entry.procedure.study_instance_uid == message.procedure.study_instance_uid
    return not is_same_study and not case.is_about(message.patient)


def _reason_not_to_join(case: Case, other: Case | None) -> str:
    """Empty if the two can be read as one."""
    if other is None:
        return "not on the list"
    if not other.is_about(case.entry.patient):
        return "of another patient"
    return "signed already" if case.reports.last or other.reports.last else ""


def _named(entry: ReadingListEntry) -> str:
    """What the control ids of an order are made of."""
    return entry.order.placer_order_number or entry.procedure.accession_number


def _reported(entry: ReadingListEntry) -> ReportedOrder:
    procedure = entry.procedure
    return ReportedOrder(
        entry.order.placer_order_number, procedure.accession_number, procedure.study_instance_uid, entry.order.procedure
    )


def _signed_note(order: ReportedOrder, status: str) -> Note:
    subject = order.placer_order_number or order.accession_number
    return Note("report signed", subject, {"accession": order.accession_number, "status": status})


def _no_such_case(accession: str, stimulus: str) -> Note:
    return Note("no such case", accession, {"stimulus": stimulus})
