"""The workstation: keeps the reading list, brings a study and its prior to the reader, and sends the report.

One case goes through::

    listed --open study--> finding --studies found--> retrieving --all images here--> open --sign--> preliminary --sign--> final

Whether a study is here is decided by the images that came, not by the counters of the C-MOVE: a lost response costs no
study. What is still missing when the C-MOVE is over is asked for again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulators.actors.outbox import Delivery, RetryPolicy
from emulators.actors.system import ACCEPTED, Accepted, System
from emulators.core.effect import Effect, Note, SetTimer
from emulators.core.identity import control_id
from emulators.core.instant import SECOND, WallClock
from emulators.messages.common import PersonName
from emulators.messages.imaging import NO_INSTANCES, Admission, InstanceSet, InstancesStored, StudyHeader
from emulators.messages.orders import ReadingListEntry, ReportStatus
from emulators.messages.query import FindStudies, MoveStudy, StudiesFound
from emulators.messages.report import Report

LOOK_AGAIN_US = 15 * SECOND
"""How long the workstation waits before it looks again for a study that the archive does not have yet, or not whole."""


@dataclass(slots=True)
class _Case:
    entry: ReadingListEntry
    reader: PersonName | None = None
    awaited: dict[str, int] = field(default_factory=dict)
    """Study Instance UIDs to the instances they must have before the case is open."""
    is_open: bool = False


class Workstation(System):
    """``ae_title`` is where studies are moved to; ``priors`` is how many of the patient's earlier studies are brought along."""

    def __init__(
        self,
        name: str,
        clock: WallClock,
        ae_title: str,
        ris: str,
        pacs: str,
        priors: int = 1,
        retry: RetryPolicy | None = None,
    ) -> None:
        super().__init__(name, clock, retry)
        self._ae_title = ae_title
        self._ris = ris
        self._pacs = pacs
        self._priors = priors
        self._cases: dict[str, _Case] = {}
        self._here: dict[str, InstanceSet] = {}
        self._waiting: dict[str, list[_Case]] = {}
        self.stimuli = {"open study": self._open, "sign report": self._sign}
        self.requests = {ReadingListEntry: self._listed, StudyHeader: self._admit}
        self.deliveries = {FindStudies: self._found, MoveStudy: self._moved, Report: self._report_sent}

    def _listed(self, message: ReadingListEntry, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        accession = message.procedure.accession_number
        self._cases[accession] = _Case(message)
        fields = {
            "mrn": message.patient.patient_id,
            "placer": message.order.placer_order_number,
            "study": message.procedure.study_instance_uid,
            "priority": message.order.priority,
        }
        return ACCEPTED, [Note("study listed", accession, fields)]

    # --- opening -------------------------------------------------------------------------------------------------------

    def _open(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        """``subject``: the accession number; ``reader``: who opens it."""
        accession: str = data["subject"]
        case = self._cases[accession]
        if case.reader is not None:
            return ()
        case.reader = data["reader"]
        return [*self._tell_ris(case, "ASSIGNED", "RA"), *self._find(accession)]

    def _find(self, accession: str) -> Sequence[Effect]:
        patient = self._cases[accession].entry.patient
        return self.outbox.put(self._pacs, FindStudies(patient_id=patient.patient_id), queue=f"find/{accession}")

    def _found(self, delivery: Delivery) -> Sequence[Effect]:
        accession = delivery.queue.partition("/")[2]
        case = self._cases[accession]
        answer: StudiesFound = delivery.answer
        current = case.entry.procedure.study_instance_uid
        matches = {match.study_instance_uid: match for match in answer.studies}
        if current not in matches:
            return [SetTimer(f"look/{accession}", self.now + LOOK_AGAIN_US)]
        at = matches[current].study_at
        earlier = [match for match in answer.studies if match.study_instance_uid != current and match.study_at < at]
        wanted = [matches[current], *earlier[: self._priors]]
        case.awaited = {match.study_instance_uid: match.instances for match in wanted}
        effects: list[Effect] = []
        for match in wanted:
            effects.extend(self._retrieve(match.study_instance_uid, case))
        return [*effects, *self._opened(case)]

    def _retrieve(self, study: str, case: _Case) -> Sequence[Effect]:
        """Ask for a study unless it is here already, or on its way for another case."""
        if len(self._here.get(study, NO_INSTANCES)) >= case.awaited[study]:
            return ()
        cases = self._waiting.setdefault(study, [])
        cases.append(case)
        return self._ask_for(study) if len(cases) == 1 else ()

    def _ask_for(self, study: str) -> Sequence[Effect]:
        return self.outbox.put(self._pacs, MoveStudy(study, self._ae_title), queue=f"move/{study}")

    def _admit(self, _header: StudyHeader, _sender: str) -> tuple[Admission, Sequence[Effect]]:
        return Admission(), ()

    def told(self, message: InstancesStored) -> Sequence[Effect]:
        study = message.study_instance_uid
        self._here[study] = self._here.get(study, NO_INSTANCES).union(message.instances)
        return self._arrivals(study)

    def _moved(self, delivery: Delivery) -> Sequence[Effect]:
        study = delivery.message.study_instance_uid
        effects = self._arrivals(study)
        if study in self._waiting:
            return [*effects, SetTimer(f"move/{study}", self.now + LOOK_AGAIN_US)]
        return effects

    def _arrivals(self, study: str) -> Sequence[Effect]:
        here = len(self._here.get(study, NO_INSTANCES))
        complete = [case for case in self._waiting.get(study, ()) if here >= case.awaited[study]]
        if not complete:
            return ()
        waiting = [case for case in self._waiting[study] if case not in complete]
        if waiting:
            self._waiting[study] = waiting
        else:
            del self._waiting[study]
        return [effect for case in complete for effect in self._opened(case)]

    def _opened(self, case: _Case) -> Sequence[Effect]:
        if case.is_open or any(len(self._here.get(study, NO_INSTANCES)) < n for study, n in case.awaited.items()):
            return ()
        case.is_open = True
        fields = {"priors": len(case.awaited) - 1}
        opened = Note("study opened", case.entry.procedure.accession_number, fields)
        return [*self._tell_ris(case, "IN PROGRESS", "RI"), opened]

    def timer_fired(self, key: str) -> Sequence[Effect]:
        """Look again for what was not there yet."""
        kind, _, subject = key.partition("/")
        if kind == "look":
            return self._find(subject)
        return self._ask_for(subject) if subject in self._waiting else ()

    # --- reporting -----------------------------------------------------------------------------------------------------

    def _tell_ris(self, case: _Case, status: str, purpose: str) -> Sequence[Effect]:
        entry = case.entry
        placer = entry.order.placer_order_number
        message = ReportStatus(
            control_id(placer, purpose),
            self.stamp(),
            entry.patient,
            placer,
            entry.procedure.accession_number,
            entry.order.procedure,
            status,
        )
        return self.outbox.put(self._ris, message)

    def _sign(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        """``subject``: the accession number; ``status``: P or F; ``text``: the whole report."""
        case = self._cases[data["subject"]]
        entry, status = case.entry, data["status"]
        placer = entry.order.placer_order_number
        message = Report(
            control_id=control_id(placer, f"R{status}"),
            sent_at=self.stamp(),
            patient=entry.patient,
            placer_order_number=placer,
            accession_number=entry.procedure.accession_number,
            study_instance_uid=entry.procedure.study_instance_uid,
            procedure=entry.order.procedure,
            status=status,
            text=data["text"],
            reader=case.reader or PersonName(""),
            reported_at=self.stamp(),
        )
        signed = Note("report signed", placer, {"accession": entry.procedure.accession_number, "status": status})
        return [*self.outbox.put(self._ris, message), signed]

    def _report_sent(self, delivery: Delivery) -> Sequence[Effect]:
        report: Report = delivery.message
        if report.status == "F" and delivery.accepted:
            del self._cases[report.accession_number]
        return ()
