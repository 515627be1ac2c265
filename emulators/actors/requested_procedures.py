"""Requested procedures: what a RIS has made of each order, and how far its steps are.

A step::

    scheduled --start--> in progress --completed-----> completed
        ^                   |     +----discontinued--> discontinued
        +----wrong entry----+

A step may be performed more than once, and by several at a time. What is discontinued counts when nobody else performs the
step any more; what is completed counts at once and stays, whatever is appended. The procedure follows its steps:

====================================  =============
its steps                             the procedure
====================================  =============
all scheduled                         scheduled
one in progress, or some not begun    in progress
all over, one completed               completed
all discontinued                      discontinued
====================================  =============

A scheduled procedure may be cancelled; that is for good. A completed one stays completed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from emulators.messages.common import Patient, Visit
from emulators.messages.orders import Order, ScheduledProcedure
from emulators.messages.report import Report

FINAL_STATUSES = frozenset("FC")


class State(Enum):
    """Of a procedure or a step; the value is its code in HL7 table 0038."""

    SCHEDULED = "SC"
    IN_PROGRESS = "IP"
    COMPLETED = "CM"
    DISCONTINUED = "DC"
    CANCELLED = "CA"


@dataclass(slots=True)
class _Step:
    state: State = State.SCHEDULED
    performers: int = 0
    """How many performed steps are in progress for it."""


@dataclass(slots=True, eq=False)
class Procedure:
    """``steps`` say what is so now: their Study Instance UID is that of the images, once there are any.

    ``subject`` is what control ids derive from: the placer order number, or the accession number of an order that had none.
    """

    subject: str
    patient: Patient
    visit: Visit
    order: Order
    steps: tuple[ScheduledProcedure, ...]
    state: State = State.SCHEDULED
    is_listed: bool = False
    """Whether it is on the reading list."""
    report: Report | None = None
    """The one that holds."""
    _progress: dict[str, _Step] = field(default_factory=dict)
    _occurrences: dict[str, int] = field(default_factory=dict)

    @property
    def accession_number(self) -> str:
        return self.steps[0].accession_number

    @property
    def study_instance_uid(self) -> str:
        return self.steps[0].study_instance_uid

    @property
    def name(self) -> str:
        """What notes are about: the placer order number, or else the accession number."""
        return self.order.placer_order_number or self.accession_number

    @property
    def may_be_performed(self) -> bool:
        """Whether who has its entry may perform it, or append to it."""
        return self.state in (State.SCHEDULED, State.IN_PROGRESS, State.COMPLETED)

    @property
    def is_reported(self) -> bool:
        return self.report is not None and self.report.status in FINAL_STATUSES

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is expected: images and reports of it are history."""
        return self.state in (State.CANCELLED, State.DISCONTINUED) or (self.state is State.COMPLETED and self.is_reported)

    @property
    def waiting_steps(self) -> Sequence[ScheduledProcedure]:
        """Steps that belong on the worklist."""
        if self.state is State.CANCELLED:
            return ()
        return [step for step in self.steps if self._of(step.step_id).state is State.SCHEDULED]

    def occurrence(self, purpose: str) -> int:
        """Which time it is that something happens to this procedure, counted from 1."""
        self._occurrences[purpose] = self._occurrences.get(purpose, 0) + 1
        return self._occurrences[purpose]

    def start(self, step_id: str) -> None:
        """Somebody begins to perform a step."""
        step = self._of(step_id)
        step.performers += 1
        if step.state is not State.COMPLETED:
            step.state = State.IN_PROGRESS
        self._settle()

    def end(self, step_id: str, state: State) -> None:
        """Who performed a step is done with it: completed, discontinued, or back to scheduled."""
        step = self._of(step_id)
        step.performers -= 1
        if state is State.COMPLETED or (step.state is State.IN_PROGRESS and not step.performers):
            step.state = state
        self._settle()

    def _of(self, step_id: str) -> _Step:
        return self._progress.setdefault(step_id, _Step())

    def _settle(self) -> None:
        states = {self._of(step.step_id).state for step in self.steps}
        if self.state is State.COMPLETED:
            return
        if State.IN_PROGRESS in states or (State.SCHEDULED in states and len(states) > 1):
            self.state = State.IN_PROGRESS
        elif State.SCHEDULED in states:
            self.state = State.SCHEDULED
        else:
            self.state = State.COMPLETED if State.COMPLETED in states else State.DISCONTINUED


class ProcedureTable:
    """Every procedure, by each identifier under which somebody may ask for it."""

    def __init__(self) -> None:
        self._by_placer: dict[str, Procedure] = {}
        self._by_accession: dict[str, Procedure] = {}
        self._by_step: dict[str, Procedure] = {}
        self._by_study: dict[str, list[Procedure]] = {}
        self._by_patient: dict[str, list[Procedure]] = {}

    def add(self, procedure: Procedure) -> None:
        self._by_accession[procedure.accession_number] = procedure
        if procedure.order.placer_order_number:
            self._by_placer[procedure.order.placer_order_number] = procedure
        self._index_steps(procedure)
        self._by_patient.setdefault(procedure.patient.patient_id, []).append(procedure)

    def open(self) -> list[dict[str, int | str]]:
        """Every procedure of which something more is expected."""
        return [
            {
                "accession": accession,
                "placer": one.order.placer_order_number,
                "status": one.state.name.lower().replace("_", " "),
            }
            for accession, one in self._by_accession.items()
            if not one.is_closed
        ]

    def of_placer(self, placer_order_number: str) -> Procedure | None:
        return self._by_placer.get(placer_order_number)

    def of_accession(self, accession_number: str) -> Procedure | None:
        return self._by_accession.get(accession_number)

    def of_step(self, step_id: str) -> Procedure | None:
        return self._by_step.get(step_id)

    def of_study(self, study_instance_uid: str) -> Sequence[Procedure]:
        """Whose images are, or are to be, in this study."""
        return self._by_study.get(study_instance_uid, ())

    def of_patients(self, patient_ids: Iterable[str]) -> Sequence[Procedure]:
        """All procedures under these numbers, whoever issued them."""
        return [one for number in dict.fromkeys(patient_ids) for one in self._by_patient.get(number, ())]

    def assign_placer(self, procedure: Procedure, placer_order_number: str) -> None:
        """An order of our own has got its number."""
        procedure.order = replace(procedure.order, placer_order_number=placer_order_number)
        self._by_placer[placer_order_number] = procedure

    def change_order(self, procedure: Procedure, order: Order, steps: tuple[ScheduledProcedure, ...]) -> None:
        """The order is another one under the same numbers, and its steps with it."""
        for step in procedure.steps:
            del self._by_step[step.step_id]
        self._leave_study(procedure)
        procedure.order, procedure.steps = order, steps
        self._index_steps(procedure)

    def change_study(self, procedure: Procedure, study_instance_uid: str) -> None:
        """Its images are, or are to be, in another study."""
        self._leave_study(procedure)
        procedure.steps = tuple(replace(step, study_instance_uid=study_instance_uid) for step in procedure.steps)
        self._by_study.setdefault(study_instance_uid, []).append(procedure)

    def change_patient(self, procedure: Procedure, patient: Patient) -> None:
        """The patient is described otherwise, or is another one."""
        before = procedure.patient.patient_id
        procedure.patient = patient
        if before != patient.patient_id:
            self._by_patient[before].remove(procedure)
            self._by_patient.setdefault(patient.patient_id, []).append(procedure)

    def _index_steps(self, procedure: Procedure) -> None:
        for step in procedure.steps:
            self._by_step[step.step_id] = procedure
        self._by_study.setdefault(procedure.study_instance_uid, []).append(procedure)

    def _leave_study(self, procedure: Procedure) -> None:
        others = self._by_study[procedure.study_instance_uid]
        others.remove(procedure)
        if not others:
            del self._by_study[procedure.study_instance_uid]
