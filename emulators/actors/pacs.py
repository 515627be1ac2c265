"""The PACS: admits studies, reconciles them with orders, answers queries, sends studies, commits, and files reports.

Rules
- It takes every study, whatever its identity: the hold queue is where a person sees what does not fit (``hold_queue``). Refused
  is only what names a Study Instance UID that another patient's images have already.
- A study can be found once a batch of it has been told. What is on disk comes from ``Told`` alone.
- What leaves (matches, C-MOVE, C-GET, routing) says whose the study is now, whatever is in the stored images: patient and
  accession number follow ADT, the order, and the person at the hold queue. With it goes when that became so, and why.
- What a rejection note of the same patient names is on disk and not shown, nor is the note (RAD TF-3 4.66).
- Without space (a stimulus) it takes no images, A700H, until it has space again; it answers everything else.
- An ID that was merged away belongs to its survivor, also in what comes later (``patient_index``). A merge across assigning
  authorities is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulators.actors import query_keys
from emulators.actors.availability import Announcer
from emulators.actors.hold_queue import HoldQueue
from emulators.actors.instances_on_disk import InstancesOnDisk
from emulators.actors.matching import matcher
from emulators.actors.outbox import Delivery, RetryPolicy
from emulators.actors.patient_index import PatientIndex
from emulators.actors.performed_steps import PerformedStep, PerformedSteps
from emulators.actors.reconciliation import Expectations, State
from emulators.actors.routing import Router, RoutingRule, is_whole
from emulators.actors.study_table import Study, StudyTable, patient_counts
from emulators.actors.system import ACCEPTED, UNKNOWN_KEY, Accepted, System, refused
from emulators.core.effect import Effect, Note, Send, SetTimer
from emulators.core.event import Outcome, OutcomeKind
from emulators.core.instant import MINUTE, SECOND, WallClock
from emulators.messages.adt import VISIT_MESSAGES, MergePatients, PatientMessage
from emulators.messages.attributes import Attributes
from emulators.messages.coercion import COERCE, AttributeModification
from emulators.messages.commitment import CommitRequest, CommitResult
from emulators.messages.common import SUCCESS, Status
from emulators.messages.imaging import Admission, ArchivedStudy, InstancesStored, StoreStudy, StudyHeader
from emulators.messages.instance_set import from_uids
from emulators.messages.orders import CancelProcedure, ChangeProcedure, ProcedureMessage, ScheduleProcedure
from emulators.messages.query import Find, FindPlan, Found, Get, Identifier, Move, MovePlan, MoveResult
from emulators.messages.report import Report
from emulators.messages.steps import StepEnded, StepProgressed, StepStarted

MOVE_DESTINATION_UNKNOWN = 0xA801
CANNOT_UNDERSTAND = 0xC000
OUT_OF_RESOURCES = 0xA700
COERCION_OF_DATA_ELEMENTS = 0xB000
NOT_AUTHORIZED = 0x0124
PRELIMINARY = "P"

QUIET_US = MINUTE
"""How long nothing comes of a study without performed steps until it counts as whole."""

_OVER = "over/"
"""Keys of commitment results for systems that have no address, sent on the association of their request."""
_RESULT_LIMIT_US = 30 * SECOND


class Pacs(System):
    """``destinations`` maps the AE titles that a C-MOVE may name to systems; ``told_results`` are the systems that commitment
    results can be sent to, None for any; a study without performed steps is routed when it was quiet for ``quiet_us``.
    ``commits_on_same``: results go on the association of their request, if its peer is somebody else's and keeps it open.
    ``announcer`` says who is told which images are here, None for nobody. ``default_issuer``: of patient IDs in images that
    come without one; such images are taken with a warning, because they leave with it (PS3.4 B.4.1.3). ``ae_title`` is what it
    calls itself in images that leave under another identity than they came, its name if empty.
    """

    def __init__(
        self,
        name: str,
        clock: WallClock,
        destinations: Mapping[str, str],
        retry: RetryPolicy | None = None,
        told_results: frozenset[str] | None = None,
        routing: Sequence[RoutingRule] = (),
        quiet_us: int = QUIET_US,
        commits_on_same: bool = False,
        announcer: Announcer | None = None,
        default_issuer: str = "",
        ae_title: str = "",
    ) -> None:
        super().__init__(name, clock, retry)
        self._destinations = destinations
        self._told_results = told_results
        self._quiet_us = quiet_us
        self._commits_on_same = commits_on_same
        self._default_issuer = default_issuer
        self._ae_title = ae_title or name
        self._patients = PatientIndex()
        self._expectations = Expectations()
        self._table = StudyTable()
        self._hold_queue = HoldQueue(self._table, self._patients, self._expectations, self._modification)
        self._steps = PerformedSteps()
        self._steps_of_study: dict[str, list[PerformedStep]] = {}
        self._router = Router(routing)
        self._announcer = announcer or Announcer((), "")
        self._on_disk = InstancesOnDisk()
        self._transactions: set[tuple[str, str]] = set()
        self._reports: dict[str, Report] = {}
        self._has_space = True
        self.requests = {
            **dict.fromkeys(VISIT_MESSAGES, self._describe_patient),
            MergePatients: self._merge_patients,
            **dict.fromkeys((ScheduleProcedure, ChangeProcedure, CancelProcedure), self._take_order),
            StepStarted: self._step_started,
            StepProgressed: self._step_progressed,
            StepEnded: self._step_ended,
            StudyHeader: self._admit,
            CommitRequest: self._commit,
            Find: self._find,
            Move: self._move,
            Get: self._get,
            Report: self._report,
        }
        self.stimuli = {
            "assign study": self._assign_study,
            "accept study": self._accept_study,
            "reject study": self._reject_study,
            "run out of space": self._run_out_of_space,
            "have space again": self._have_space_again,
        }
        self.deliveries = {StoreStudy: self._sent}

    def status(self) -> dict[str, list[dict[str, int | str]]]:
        """Also ``hold_queue``: the studies that were held, and the orphans."""
        return {**super().status(), "hold_queue": self._hold_queue.waiting()}

    # --- patients, orders, steps ---------------------------------------------------------------------------------------

    def _describe_patient(self, message: PatientMessage, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        self._patients.take(message)
        return ACCEPTED, self._follow(self._table.under_patient(message.patient.patient_id))

    def _merge_patients(self, message: MergePatients, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        issuer = message.patient.issuer
        if issuer and message.prior_issuer not in ("", issuer):
            return refused(UNKNOWN_KEY, "MRG-1"), ()
        self._patients.take(message)
        studies = {
            study.uid: study
            for patient_id in (message.prior_patient_id, message.patient.patient_id)
            for study in self._table.under_patient(patient_id)
        }
        return ACCEPTED, self._follow(studies.values())

    def _take_order(self, message: ProcedureMessage, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        self._expectations.announce(message)
        procedure = message.procedure
        return ACCEPTED, self._follow(self._named(procedure.study_instance_uid, (procedure.accession_number,)))

    def _step_started(self, message: StepStarted, _sender: str) -> tuple[Status, Sequence[Effect]]:
        status = self._steps.take(message)
        if status is not SUCCESS:
            return status, ()
        study = message.study_instance_uid
        self._steps_of_study.setdefault(study, []).append(self._steps[message.mpps_uid])
        self._expectations.perform(message)
        self._hold_queue.step_started(message)
        accessions = (reference.accession_number for reference in message.scheduled)
        return SUCCESS, self._follow(self._named(study, accessions))

    def _step_progressed(self, message: StepProgressed, _sender: str) -> tuple[Status, Sequence[Effect]]:
        return self._steps.take(message), ()

    def _step_ended(self, message: StepEnded, _sender: str) -> tuple[Status, Sequence[Effect]]:
        status = self._steps.take(message)
        if status is not SUCCESS:
            return status, ()
        started = self._steps[message.mpps_uid].started
        self._hold_queue.step_ended(started, self._steps.ended(message.mpps_uid))
        return SUCCESS, self._follow(self._named(started.study_instance_uid, ()))

    def _named(self, study_instance_uid: str, accession_numbers: Iterable[str]) -> Iterable[Study]:
        """The study, and those under these accession numbers."""
        studies = {study.uid: study for number in accession_numbers if number for study in self._table.under_accession(number)}
        study = self._table.get(study_instance_uid)
        if study is not None:
            studies[study.uid] = study
        return studies.values()

    def _follow(self, studies: Iterable[Study]) -> list[Effect]:
        """What is known of these studies has changed."""
        studies = tuple(studies)
        effects = self._hold_queue.judge(studies)
        for study in studies:
            effects += self._route(study)
            effects += self._announce(study)
        return effects

    # --- the person at the hold queue ----------------------------------------------------------------------------------

    def _assign_study(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        return [*self._hold_queue.assign(data), *self._follow(self._named(data["subject"], ()))]

    def _accept_study(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        return [*self._hold_queue.accept(data), *self._follow(self._named(data["subject"], ()))]

    def _reject_study(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        effects = self._hold_queue.reject(data)
        for study in self._named(data["subject"], ()):
            effects += self._announce(study)
        return effects

    # --- images --------------------------------------------------------------------------------------------------------

    def _run_out_of_space(self, _data: Mapping[str, Any]) -> Sequence[Effect]:
        self._has_space = False
        return [Note("out of space", self.name, {})]

    def _have_space_again(self, _data: Mapping[str, Any]) -> Sequence[Effect]:
        self._has_space = True
        return [Note("space again", self.name, {})]

    def _admit(self, header: StudyHeader, _sender: str) -> tuple[Admission, Sequence[Effect]]:
        if not self._has_space:
            return Admission(OUT_OF_RESOURCES), ()
        taken = Admission()
        if self._default_issuer and header.patient.patient_id and not header.patient.issuer:
            header = replace(header, patient=replace(header.patient, issuer=self._default_issuer))
            taken = Admission(COERCION_OF_DATA_ELEMENTS)
        study = self._table.get(header.study_instance_uid)
        if study is None:
            self._file(header)
            return taken, ()
        if self._is_of(header, study):
            return taken, ()
        fields = {"mrn": header.patient.patient_id, "accession": header.accession_number}
        return Admission(CANNOT_UNDERSTAND), [
            Note("study refused", header.study_instance_uid, {**fields, "reason": "study UID of another patient"})
        ]

    def _is_of(self, header: StudyHeader, study: Study) -> bool:
        same = self._patients.same
        return same(header.patient, study.header.patient) or same(header.patient, study.patient)

    def _file(self, header: StudyHeader) -> Study:
        patient = self._patients.resolved(header.patient)
        return self._table.file(Study(header, patient, header.accession_number, self._modification(COERCE)))

    def _modification(self, reason: str) -> AttributeModification:
        """Of an identity that a study gets now."""
        return AttributeModification(self.stamp(), self._ae_title, reason)

    def told(self, message: InstancesStored | ArchivedStudy) -> Sequence[Effect]:
        if isinstance(message, ArchivedStudy):
            study = self._table.get(message.header.study_instance_uid) or self._file(message.header)
            study.state = State.MATCHED  # it was read long ago
            study.add(message.batch)
            self._on_disk.add(message.batch)
            return ()
        self._on_disk.add(message)
        stored = self._table.get(message.study_instance_uid)
        assert stored is not None  # its header was admitted
        stored.add(message)
        changed = {stored.uid: stored}
        for uid, instances in message.rejects:
            noted = self._table.get(uid)
            if noted is not None and self._patients.same(stored.patient, noted.patient):
                noted.reject(instances)
                changed[uid] = noted
        return [*self._follow(changed.values()), *self._wait_for_more(stored)]

    # --- routing -------------------------------------------------------------------------------------------------------

    def _route(self, study: Study, quiet: bool = False) -> Sequence[Effect]:
        """Send what is to be sent of a study; ``quiet``: nothing of it has come for a while."""
        if not self._router.is_needed or study.state is not State.MATCHED:
            return ()
        if not self._router.has_decided(study):
            if not self._has_all(study, quiet):
                return ()
            self._router.decide(study, self._expectations.order(study.order), int(self.stamp()[8:10]))
        return [effect for destination, store in self._router.due(study) for effect in self.outbox.put(destination, store)]

    def _announce(self, study: Study, quiet: bool = False) -> Sequence[Effect]:
        """Tell who is to be told what can be had of a study."""
        announcer = self._announcer
        if not announcer.to or not (announcer.has_told(study) or self._has_all(study, quiet)):
            return ()
        message = announcer.due(study, [step.started.mpps_uid for step in self._steps_of_study.get(study.uid, ())])
        return [effect for to in announcer.to for effect in self.outbox.put(to, message)] if message is not None else ()

    def _has_all(self, study: Study, quiet: bool) -> bool:
        """Whether all is here that its performed steps have made; without any, whether nothing has come for a while."""
        steps = self._steps_of_study.get(study.uid, ())
        return is_whole(study, steps) if steps else quiet

    def _wait_for_more(self, study: Study) -> Sequence[Effect]:
        routes = self._router.is_needed and not self._router.has_decided(study)
        announces = bool(self._announcer.to) and not self._announcer.has_told(study)
        if study.uid in self._steps_of_study or not (routes or announces):
            return ()
        return [SetTimer(f"quiet/{study.uid}", self.now + self._quiet_us)]

    def timer_fired(self, key: str) -> Sequence[Effect]:
        """Nothing of a study has come for a while."""
        study = self._table.get(key.partition("/")[2])
        return [*self._route(study, quiet=True), *self._announce(study, quiet=True)] if study is not None else ()

    def _sent(self, delivery: Delivery) -> Sequence[Effect]:
        store: StoreStudy = delivery.message
        if not self._router.delivered(delivery.to, store, delivery.accepted):
            return ()
        fields = {**store.header.identifiers, "destination": delivery.to}
        return [Note("study routed", store.header.study_instance_uid, fields)]

    # --- commitment ----------------------------------------------------------------------------------------------------

    def _commit(self, request: CommitRequest, sender: str) -> tuple[Status, Sequence[Effect]]:
        has_address = self._told_results is None or sender in self._told_results
        if not has_address and not self._commits_on_same:
            return Status(NOT_AUTHORIZED, "no address for the result"), ()
        if (sender, request.transaction_uid) in self._transactions:
            return SUCCESS, ()
        self._transactions.add((sender, request.transaction_uid))
        judged = [part for asked in request.references for part in self._on_disk.commit(asked)]
        result = CommitResult(
            request.transaction_uid,
            committed=tuple(part for part in judged if not part.failure_reason),
            failed=tuple(part for part in judged if part.failure_reason),
        )
        if not has_address:  # one try, while its association lasts
            key = f"{_OVER}{sender}/{request.transaction_uid}"
            return SUCCESS, [Send(key, sender, result, _RESULT_LIMIT_US, over=self.ticket)]
        effects = self.outbox.put(sender, result)
        for effect in effects:
            if isinstance(effect, Send) and self._commits_on_same:
                effect.over = self.ticket
        return SUCCESS, effects

    def _outcome(self, outcome: Outcome) -> Sequence[Effect]:
        if not outcome.key.startswith(_OVER):
            return super()._outcome(outcome)
        if outcome.kind is OutcomeKind.ANSWERED:
            return ()
        sender, _, transaction = outcome.key.removeprefix(_OVER).rpartition("/")
        return [Note("commitment not reported", transaction, {"to": sender, "outcome": outcome.kind.value})]

    # --- query and retrieve --------------------------------------------------------------------------------------------

    def _find(self, query: Find, _sender: str) -> tuple[Found | FindPlan, Sequence[Effect]]:
        """Studies and patients newest first, from the table; what is below comes from the store."""
        if query_keys.is_broken(query, query.relational):
            return Found((), query_keys.BROKEN_IDENTIFIER), ()
        above = "PATIENT" if query.level == "PATIENT" else "STUDY"
        found = self._fitting(query_keys.matched_keys(query, above))
        if query.level not in ("PATIENT", "STUDY"):
            return FindPlan(tuple(study.searched() for study in found), query), ()
        counted = query_keys.wants_patient_counts(query)
        items = self._with_patient_counts(found) if counted else [study.attributes for study in found]
        if query.level == "PATIENT":
            items = _one_each(items)
        returned = query_keys.returned_keys(query)
        matches = tuple(query_keys.selected(item, returned) for item in items)
        return Found(matches, keys_supported=query_keys.are_supported(query)), ()

    def _fitting(self, keys: Attributes) -> list[Study]:
        """The studies that are shown and fit; newest first."""
        fits = matcher(keys, empty_matches=True)
        found = [study for study in self._table.candidates(keys) if study.shown and fits(study.attributes)]
        found.sort(key=_newest_first, reverse=True)
        return found

    def _with_patient_counts(self, found: Iterable[Study]) -> list[Attributes]:
        counts: dict[tuple[str, str], dict[str, str]] = {}
        items = []
        for study in found:
            named = study.patient.patient_id, study.patient.issuer
            if named not in counts:
                counts[named] = patient_counts(self._table.of_patient(study.patient))
            items.append(study.attributes.with_values(counts[named]))
        return items

    def _move(self, request: Move, _sender: str) -> tuple[MovePlan | MoveResult, Sequence[Effect]]:
        destination = self._destinations.get(request.destination)
        if destination is None:
            return MoveResult(0, 0, 0, MOVE_DESTINATION_UNKNOWN), ()
        return self._retrieve(request, request.relational, destination), ()

    def _get(self, request: Get, _sender: str) -> tuple[MovePlan | MoveResult, Sequence[Effect]]:
        return self._retrieve(request, request.relational, ""), ()

    def _retrieve(self, request: Identifier, relational: bool, destination: str) -> MovePlan | MoveResult:
        """What the unique keys name; other keys are taken as if they were not there."""
        if query_keys.is_broken(request, relational):
            return MoveResult(0, 0, 0, query_keys.BROKEN_IDENTIFIER)
        unique = query_keys.unique_keys(request)
        patient, series = unique.text("PatientID"), unique.text("SeriesInstanceUID")
        instances = unique.text("SOPInstanceUID")
        stores = (
            _only(store, instances)
            for study in sorted(self._table.candidates(unique), key=_newest_first, reverse=True)
            if patient in ("", study.patient.patient_id)
            for store in study.stores()
            if not series or store.series_instance_uid in series.split("\\")
        )
        return MovePlan(destination, tuple([store for store in stores if store.instances]))

    # --- reports -------------------------------------------------------------------------------------------------------

    def _report(self, message: Report, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        """Kept by accession number, also before its study is here; a preliminary one after another does not win."""
        effects = []
        for order in message.orders:
            accession = order.accession_number
            filed = self._reports.get(accession)
            if message.status == PRELIMINARY and filed is not None and filed.status != PRELIMINARY:
                continue
            self._reports[accession] = message
            fields = {"mrn": message.patient.patient_id, "status": message.status}
            effects.append(Note("report attached", accession, fields))
        return ACCEPTED, effects


def _newest_first(study: Study) -> tuple[str, str]:
    return study.header.study_at, study.uid


def _one_each(items: Iterable[Attributes]) -> list[Attributes]:
    """A match for each patient, as the newest of their studies has it."""
    patients: dict[tuple[str, str], Attributes] = {}
    for item in items:
        patients.setdefault((item.text("PatientID"), item.text("IssuerOfPatientID")), item)
    return list(patients.values())


def _only(store: StoreStudy, uids: str) -> StoreStudy:
    """Of a series the instances of a UID list; all of them where there is no list."""
    if not uids:
        return store
    return store.only(store.instances.without(store.instances.without(from_uids(dict.fromkeys(uids.split("\\"))))))
