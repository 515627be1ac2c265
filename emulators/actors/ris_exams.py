"""The exams of a RIS: worklist and performed steps, and which procedures an exam performs.

============================================  ===============================================================================
a performed step names                        then
============================================  ===============================================================================
known steps that may be performed, of the     it performs these, also several, also of several procedures done as one
  same patient
no such step, but the study of a procedure    it performs that procedure: images are appended to an exam linked before
  of the same patient, or of who was typed
neither, but the accession number of a        it is linked to it at once
  procedure not started, of the same patient
none of these                                 an exam to reconcile, until a person links it or makes an order for it
============================================  ===============================================================================

Nothing cancelled or discontinued is performed again without a person.

A step leaves the worklist when it is started. Discontinued because of the wrong worklist entry (110514), it is back on it, and
a procedure of which nothing else was done gets another Study Instance UID: images of somebody else may be under the old one.
Where images are in another study than was scheduled, everybody is told.
"""

from collections.abc import Iterable, Sequence

from emulators.actors.performed_steps import PerformedSteps
from emulators.actors.requested_procedures import Procedure, ProcedureTable, State
from emulators.actors.ris_letters import Letters
from emulators.actors.ris_patients import RisPatients
from emulators.actors.system import RequestMethod
from emulators.actors.worklist import Worklist
from emulators.core.effect import Effect, Note
from emulators.core.identity import uid
from emulators.messages.common import SUCCESS, Code, Patient, Status
from emulators.messages.steps import ScheduledReference, StepEnded, StepProgressed, StepStarted
from emulators.messages.worklist import WorklistItems, WorklistQuery

WRONG_WORKLIST_ENTRY = "110514"
"""PS3.16 CID 9300."""

_Performed = tuple[Procedure, str]
"""A procedure and the ID of its step."""


class RisExams:
    def __init__(self, table: ProcedureTable, letters: Letters, patients: RisPatients, worklist: Worklist) -> None:
        self._table = table
        self._letters = letters
        self._patients = patients
        self._worklist = worklist
        self._steps = PerformedSteps()
        self._performed: dict[str, Sequence[_Performed]] = {}
        self._named: dict[str, list[Patient]] = {}
        """By Study Instance UID: whom the steps that performed an order in it named."""
        self._unlinked: dict[str, list[str]] = {}
        """Study Instance UIDs of exams to reconcile, to their performed steps."""
        self.requests: dict[type, RequestMethod] = {
            WorklistQuery: self._query,
            StepStarted: self._started,
            StepProgressed: self._progressed,
            StepEnded: self._ended,
        }

    def is_unlinked(self, study_instance_uid: str) -> bool:
        """Whether this is the study of an exam to reconcile."""
        return study_instance_uid in self._unlinked

    def link(self, study_instance_uid: str, procedure: Procedure) -> Sequence[Effect]:
        """The exam to reconcile performs this procedure, all of it: a person says so."""
        exams = self._unlinked.pop(study_instance_uid)
        effects = [self._linked(procedure, study_instance_uid)]
        for mpps_uid in exams:
            effects.extend(self._begin(self._steps[mpps_uid].started, _whole(procedure)))
        for mpps_uid in exams:
            ended = self._steps[mpps_uid].ended
            if ended is not None:
                effects.extend(self._finish(ended))
        return effects

    def unlinked(self) -> list[dict[str, int | str]]:
        """The exams to reconcile, without anything of the patient but the number."""
        first = [(study, self._steps[steps[0]].started) for study, steps in self._unlinked.items()]
        return [
            {
                "study": study,
                "mrn": started.patient.patient_id,
                "accession": started.accession_number,
                "station": started.station_ae_title,
            }
            for study, started in first
        ]

    # --- messages ------------------------------------------------------------------------------------------------------

    def _query(self, query: WorklistQuery, _sender: str) -> tuple[WorklistItems, Sequence[Effect]]:
        return self._worklist.matches(query), ()

    def _started(self, message: StepStarted, _sender: str) -> tuple[Status, Sequence[Effect]]:
        status = self._steps.take(message)
        if status is not SUCCESS:
            return status, ()
        return SUCCESS, [*self._letters.step(message), *self._assign(message)]

    def _progressed(self, message: StepProgressed, _sender: str) -> tuple[Status, Sequence[Effect]]:
        status = self._steps.take(message)
        return status, self._letters.step(message) if status is SUCCESS else ()

    def _ended(self, message: StepEnded, _sender: str) -> tuple[Status, Sequence[Effect]]:
        status = self._steps.take(message)
        if status is not SUCCESS:
            return status, ()
        ended = self._steps.ended(message.mpps_uid)
        return SUCCESS, [*self._letters.step(ended), *self._finish(ended)]

    # --- what an exam performs -----------------------------------------------------------------------------------------

    def _assign(self, message: StepStarted) -> Sequence[Effect]:
        study = message.study_instance_uid
        performed = self._referenced(message) or self._of_study(message)
        if performed:
            return self._begin(message, performed)
        procedure = self._ordered(message)
        if procedure is not None:
            return [self._linked(procedure, study), *self._begin(message, _whole(procedure))]
        if study in self._unlinked:
            self._unlinked[study].append(message.mpps_uid)
            return ()
        self._unlinked[study] = [message.mpps_uid]
        fields = {
            "mrn": message.patient.patient_id,
            "accession": message.accession_number,
            "step": message.mpps_uid,
        }
        return [Note("exam to reconcile", study, fields)]

    def _referenced(self, message: StepStarted) -> Sequence[_Performed]:
        found: dict[str, _Performed] = {}
        for reference in message.scheduled:
            step_id = reference.step_id
            procedure = self._table.of_step(step_id)
            if procedure is None:
                self._worklist.remove_preloaded(reference.study_instance_uid, step_id)
            elif self._fits(message, reference, procedure):
                found[step_id] = (procedure, step_id)
        return tuple(found.values())

    def _fits(self, message: StepStarted, reference: ScheduledReference, procedure: Procedure) -> bool:
        """Whether the procedure of the step that is named may be performed, and it is the one that is meant."""
        is_meant = reference.accession_number in ("", procedure.accession_number)
        return procedure.may_be_performed and is_meant and self._patients.same(message.patient, procedure.patient)

    def _of_study(self, message: StepStarted) -> Sequence[_Performed]:
        procedures = [
            procedure
            for procedure in self._table.of_study(message.study_instance_uid)
            if procedure.may_be_performed and self._is_patient_of(message, procedure)
        ]
        return [performed for procedure in procedures for performed in _whole(procedure)]

    def _is_patient_of(self, message: StepStarted, procedure: Procedure) -> bool:
        """The order's, or the one who was typed for images that are in the study."""
        known = (procedure.patient, *self._named.get(message.study_instance_uid, ()))
        return any(self._patients.same(message.patient, patient) for patient in known)

    def _ordered(self, message: StepStarted) -> Procedure | None:
        procedure = self._table.of_accession(message.accession_number)
        if procedure is None or procedure.state is not State.SCHEDULED:
            return None
        return procedure if self._patients.same(message.patient, procedure.patient) else None

    def _linked(self, procedure: Procedure, study_instance_uid: str) -> Effect:
        return Note("exam linked", procedure.accession_number, {"study": study_instance_uid})

    # --- what becomes of the procedures --------------------------------------------------------------------------------

    def _begin(self, message: StepStarted, performed: Sequence[_Performed]) -> Sequence[Effect]:
        self._performed[message.mpps_uid] = performed
        named = self._named.setdefault(message.study_instance_uid, [])
        if message.patient not in named:
            named.append(message.patient)
        before = _states(performed)
        for procedure, step_id in performed:
            procedure.start(step_id)
            self._letters.take_off(step_id)
        effects: list[Effect] = []
        for procedure, state in before.items():
            if procedure.state is state:
                continue
            effects.extend(self._letters.status(procedure))
            if procedure.study_instance_uid != message.study_instance_uid:
                self._table.change_study(procedure, message.study_instance_uid)
                effects.extend(self._letters.changed(procedure))
        return effects

    def _finish(self, message: StepEnded) -> Sequence[Effect]:
        performed = self._performed.pop(message.mpps_uid, ())
        before = _states(performed)
        ended = _state_after(message)
        for procedure, step_id in performed:
            procedure.end(step_id, ended)
        effects: list[Effect] = []
        for procedure, state in before.items():
            if procedure.state is not state:
                effects.extend(self._moved(procedure, message.reason))
            elif ended is State.SCHEDULED:
                self._letters.refresh(procedure)
        return effects

    def _moved(self, procedure: Procedure, reason: Code) -> Sequence[Effect]:
        """A performed step has ended, and with it the procedure's state is another."""
        if procedure.state is State.SCHEDULED:
            return self._again(procedure, reason)
        if procedure.state is State.DISCONTINUED:
            fields = {"accession": procedure.accession_number, "reason": reason.meaning or reason.value}
            return [
                *self._letters.status(procedure, reason=reason),
                Note("order discontinued", procedure.name, fields),
            ]
        effects = self._letters.status(procedure)
        if procedure.is_reported:
            return effects
        return [*effects, *self._letters.list_for_reading(procedure)]

    def _again(self, procedure: Procedure, reason: Code) -> Sequence[Effect]:
        """Nothing of it was done: it is to be performed as another study."""
        study = uid("study again", procedure.accession_number, procedure.occurrence("study"))
        self._table.change_study(procedure, study)
        fields = {"accession": procedure.accession_number, "study": study, "reason": reason.meaning or reason.value}
        return [
            *self._letters.status(procedure),
            *self._letters.changed(procedure),
            Note("procedure rescheduled", procedure.name, fields),
        ]


def _whole(procedure: Procedure) -> Sequence[_Performed]:
    return [(procedure, step.step_id) for step in procedure.steps]


def _states(performed: Iterable[_Performed]) -> dict[Procedure, State]:
    """The state of each procedure; made before it changes, to see later whether it has."""
    return {procedure: procedure.state for procedure, _ in performed}


def _state_after(message: StepEnded) -> State:
    """Of a step, when the exam that performs it has ended like this."""
    if message.status == "COMPLETED":
        return State.COMPLETED
    return State.SCHEDULED if message.reason.value == WRONG_WORKLIST_ENTRY else State.DISCONTINUED
