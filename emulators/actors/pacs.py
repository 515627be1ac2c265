"""The PACS: admits studies, reconciles them with orders, answers queries, moves studies, commits, and files reports.

A study is reconciled by patient, accession number and Study Instance UID (actors/reconciliation.py) when its first batch is
on disk, and again when an order comes later. It can be found once a batch of it has been told. What is on disk
comes from ``Told`` alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from emulators.actors.outbox import RetryPolicy
from emulators.actors.reconciliation import Expected, Reconciliation, reconcile
from emulators.actors.system import ACCEPTED, Accepted, System
from emulators.actors.worklist import in_range
from emulators.core.effect import Effect, Note
from emulators.core.instant import WallClock
from emulators.messages.adt import RegisterPatient
from emulators.messages.common import SUCCESS, Patient, Status
from emulators.messages.imaging import (
    NO_INSTANCES,
    Admission,
    ArchivedStudy,
    CommitRequest,
    CommitResult,
    InstanceSet,
    InstancesStored,
    StepEnded,
    StepStarted,
    StoreStudy,
    StudyHeader,
)
from emulators.messages.orders import ScheduleProcedure
from emulators.messages.query import FindStudies, MovePlan, MoveResult, MoveStudy, StudiesFound, StudyMatch
from emulators.messages.report import Report

MOVE_DESTINATION_UNKNOWN = 0xA801
DUPLICATE_SOP_INSTANCE = 0x0111
PROCESSING_FAILURE = 0x0110
NO_SUCH_INSTANCE = 0x0112
NOT_AUTHORIZED = 0x0124


@dataclass(slots=True)
class _Series:
    sop_class_uid: str
    instances: InstanceSet
    instance_bytes: int


@dataclass(slots=True)
class _Study:
    header: StudyHeader
    patient: Patient
    series: dict[str, _Series] = field(default_factory=dict)
    reconciliation: Reconciliation | None = None

    @property
    def instances(self) -> int:
        return sum(len(series.instances) for series in self.series.values())


class Pacs(System):
    """``destinations`` maps the AE titles that a C-MOVE may name to systems; ``told_results`` are the systems that commitment
    results can be sent to, None for any."""

    def __init__(
        self,
        name: str,
        clock: WallClock,
        destinations: Mapping[str, str],
        retry: RetryPolicy | None = None,
        told_results: frozenset[str] | None = None,
    ) -> None:
        super().__init__(name, clock, retry)
        self._destinations = destinations
        self._told_results = told_results
        self._patients: dict[str, Patient] = {}
        self._expected: dict[str, Expected] = {}
        self._steps: dict[str, bool] = {}
        """Performed procedure steps, and whether they have ended."""
        self._studies: dict[str, _Study] = {}
        self._by_patient: dict[str, list[_Study]] = {}
        self._by_accession: dict[str, list[_Study]] = {}
        self._held: dict[str, InstanceSet] = {}
        """Every instance on disk, by the UID without its last component."""
        self._transactions: set[str] = set()
        self._reports: dict[str, Report] = {}
        self.requests = {
            RegisterPatient: self._register,
            ScheduleProcedure: self._schedule,
            StepStarted: self._step_started,
            StepEnded: self._step_ended,
            StudyHeader: self._admit,
            CommitRequest: self._commit,
            FindStudies: self._find,
            MoveStudy: self._move,
            Report: self._report,
        }

    # --- patients, orders, steps ---------------------------------------------------------------------------------------

    def _register(self, message: RegisterPatient, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        self._patients[message.patient.patient_id] = message.patient
        return ACCEPTED, ()

    def _schedule(self, message: ScheduleProcedure, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        scheduled = message.procedure
        expected = Expected(message.patient, scheduled.accession_number, scheduled.study_instance_uid)
        self._expected[scheduled.accession_number] = expected
        return ACCEPTED, self._reconcile_again(self._by_accession.get(scheduled.accession_number, ()))

    def _step_started(self, message: StepStarted, _sender: str) -> tuple[Status, Sequence[Effect]]:
        if message.mpps_uid in self._steps:
            return Status(DUPLICATE_SOP_INSTANCE), ()
        self._steps[message.mpps_uid] = False
        return SUCCESS, ()

    def _step_ended(self, message: StepEnded, _sender: str) -> tuple[Status, Sequence[Effect]]:
        ended = self._steps.get(message.mpps_uid)
        if ended is None:
            return Status(NO_SUCH_INSTANCE), ()
        if ended:
            return Status(PROCESSING_FAILURE, "performed procedure step may no longer be updated"), ()
        self._steps[message.mpps_uid] = True
        return SUCCESS, ()

    # --- images --------------------------------------------------------------------------------------------------------

    def _admit(self, header: StudyHeader, _sender: str) -> tuple[Admission, Sequence[Effect]]:
        """Take every study; one whose identity does not fit waits in the hold queue, where a person can see it."""
        if header.study_instance_uid not in self._studies:
            self._file(header)
        return Admission(), ()

    def _file(self, header: StudyHeader) -> _Study:
        study = _Study(header, self._patients.get(header.patient.patient_id, header.patient))
        self._studies[header.study_instance_uid] = study
        self._by_patient.setdefault(header.patient.patient_id, []).append(study)
        self._by_accession.setdefault(header.accession_number, []).append(study)
        return study

    def told(self, message: InstancesStored | ArchivedStudy) -> Sequence[Effect]:
        if isinstance(message, ArchivedStudy):
            study = self._studies.get(message.header.study_instance_uid) or self._file(message.header)
            self._add(study, message.batch)
            study.reconciliation = Reconciliation.MATCHED  # it was read long ago
            return ()
        study = self._studies[message.study_instance_uid]
        self._add(study, message)
        return self._reconcile_again((study,)) if study.reconciliation is None else ()

    def _add(self, study: _Study, batch: InstancesStored) -> None:
        for root, instances in batch.instances.by_root().items():
            self._held[root] = self._held.get(root, NO_INSTANCES).union(instances)
        series = study.series.get(batch.series_instance_uid)
        if series is None:
            each = batch.stored_bytes // max(1, len(batch.instances))
            study.series[batch.series_instance_uid] = _Series(batch.sop_class_uid, batch.instances, each)
        else:
            series.instances = series.instances.union(batch.instances)

    def _reconcile_again(self, studies: Sequence[_Study]) -> Sequence[Effect]:
        """Judge what is not matched yet; a study that is not on disk yet is judged when it is."""
        effects: list[Effect] = []
        for study in studies:
            if study.reconciliation is Reconciliation.MATCHED or not study.series:
                continue
            header = study.header
            state = reconcile(header, self._expected.get(header.accession_number))
            if state is study.reconciliation:
                continue
            study.reconciliation = state
            if state is Reconciliation.MATCHED:
                study.patient = self._expected[header.accession_number].patient
            fields = {"mrn": header.patient.patient_id, "accession": header.accession_number, "state": state.value}
            effects.append(Note("study reconciled", header.study_instance_uid, fields))
        return effects

    # --- commitment ----------------------------------------------------------------------------------------------------

    def _commit(self, request: CommitRequest, sender: str) -> tuple[Status, Sequence[Effect]]:
        if self._told_results is not None and sender not in self._told_results:
            return Status(NOT_AUTHORIZED, "no address for the result"), ()
        if request.transaction_uid in self._transactions:
            return SUCCESS, ()
        self._transactions.add(request.transaction_uid)
        asked, failed = request.instances, NO_INSTANCES
        for root, instances in asked.by_root().items():
            failed = failed.union(instances.without(self._held.get(root, NO_INSTANCES)))
        result = CommitResult(request.transaction_uid, request.sop_class_uid, asked.without(failed), failed)
        return SUCCESS, self.outbox.put(sender, result)

    # --- query and retrieve --------------------------------------------------------------------------------------------

    def _find(self, query: FindStudies, _sender: str) -> tuple[StudiesFound, Sequence[Effect]]:
        found = [study for study in self._candidates(query) if study.series and _fits(study, query)]
        found.sort(key=_newest_first, reverse=True)
        return StudiesFound(tuple(map(_match, found))), ()

    def _candidates(self, query: FindStudies) -> Sequence[_Study]:
        if query.study_instance_uid:
            study = self._studies.get(query.study_instance_uid)
            return (study,) if study else ()
        if query.accession_number:
            return self._by_accession.get(query.accession_number, ())
        if query.patient_id:
            return self._by_patient.get(query.patient_id, ())
        return tuple(self._studies.values())

    def _move(self, request: MoveStudy, _sender: str) -> tuple[MovePlan | MoveResult, Sequence[Effect]]:
        destination = self._destinations.get(request.destination)
        if destination is None:
            return MoveResult(0, 0, 0, MOVE_DESTINATION_UNKNOWN), ()
        study = self._studies.get(request.study_instance_uid)
        if study is None:
            return MoveResult(0, 0, 0), ()
        stores = tuple(
            StoreStudy(study.header, uid, series.sop_class_uid, series.instances, series.instance_bytes)
            for uid, series in study.series.items()
        )
        return MovePlan(destination, stores), ()

    # --- reports -------------------------------------------------------------------------------------------------------

    def _report(self, message: Report, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        """Kept by accession number, also before its study is here; a preliminary after the final one does not win."""
        filed = self._reports.get(message.accession_number)
        if filed is not None and filed.status == "F":
            return ACCEPTED, ()
        self._reports[message.accession_number] = message
        fields = {"mrn": message.patient.patient_id, "status": message.status}
        return ACCEPTED, [Note("report attached", message.accession_number, fields)]


def _fits(study: _Study, query: FindStudies) -> bool:
    header = study.header
    return (
        query.patient_id in ("", study.patient.patient_id)
        and query.accession_number in ("", header.accession_number)
        and query.study_instance_uid in ("", header.study_instance_uid)
        and query.modality in ("", header.modality)
        and in_range(header.study_at[:8], query.study_date)
    )


def _newest_first(study: _Study) -> tuple[str, str]:
    return study.header.study_at, study.header.study_instance_uid


def _match(study: _Study) -> StudyMatch:
    header = study.header
    return StudyMatch(
        study.patient,
        header.study_instance_uid,
        header.accession_number,
        header.study_at,
        header.modality,
        header.description,
        study.instances,
    )
