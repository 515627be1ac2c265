"""Procedures that another order filler has scheduled: they come with accession number, Study Instance UID and steps (OMI^O23,
or ORM^O01 with ZDS), and this RIS keeps them on its worklist as they are.

===================================  ===========================  ========================================================
said                                 while scheduled              else
===================================  ===========================  ========================================================
NW, nothing of it known              -                            on the worklist; image manager and placer told
NW, the same procedure               AA, no second one            the same
NW under a number of another one     AE 205                       AE 205
XO, of the same study                changed, told                AE 206
CA                                   off the worklist, CR         UC with the status that it has; CR again if cancelled
===================================  ===========================  ========================================================
"""

from collections.abc import Sequence
from dataclasses import replace

from emulators.actors.requested_procedures import Procedure, ProcedureTable, State
from emulators.actors.ris_patients import RisPatients
from emulators.actors.ris_procedure_changes import ProcedureChanges
from emulators.actors.scheduling import Scheduling
from emulators.actors.system import (
    ACCEPTED,
    DUPLICATE_KEY,
    RECORD_LOCKED,
    UNKNOWN_KEY,
    Accepted,
    RequestMethod,
    System,
    refused,
)
from emulators.core.effect import Effect
from emulators.messages.orders import (
    CancelProcedure,
    ChangeProcedure,
    ProcedureMessage,
    ScheduledProcedure,
    ScheduleProcedure,
)


class RisProcedures:
    def __init__(
        self,
        system: System,
        table: ProcedureTable,
        patients: RisPatients,
        scheduling: Scheduling,
        changes: ProcedureChanges,
    ) -> None:
        self._system = system
        self._table = table
        self._patients = patients
        self._scheduling = scheduling
        self._changes = changes
        self.requests: dict[type, RequestMethod] = {
            ScheduleProcedure: self._schedule,
            ChangeProcedure: self._change,
            CancelProcedure: self._cancel,
        }

    def _schedule(self, message: ScheduleProcedure, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        known = self._table.of_accession(message.procedure.accession_number)
        if known is not None and self._is_same(message, known):
            return ACCEPTED, ()
        error = "ORC-3" if known is not None else self._taken(message)
        if error:
            return refused(DUPLICATE_KEY, error), ()
        if not self._serves(message):
            return refused(UNKNOWN_KEY, "OBR-24"), ()
        patient, visit = self._patients.resolved(message.patient), self._patients.visit(message.visit)
        subject = message.order.placer_order_number or message.procedure.accession_number
        procedure = Procedure(subject, patient, visit, message.order, self._steps(message))
        self._table.add(procedure)
        return ACCEPTED, self._changes.scheduled(procedure)

    def _change(self, message: ChangeProcedure, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        procedure = self._meant(message)
        if not isinstance(procedure, Procedure):
            return procedure, ()
        if not self._serves(message):
            return refused(UNKNOWN_KEY, "OBR-24"), ()
        if procedure.state is not State.SCHEDULED:
            return refused(RECORD_LOCKED, "ORC-3"), ()
        visit = self._patients.visit(message.visit)
        return ACCEPTED, self._changes.changed(procedure, message.order, visit, self._steps(message))

    def _cancel(self, message: CancelProcedure, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        procedure = self._meant(message)
        if not isinstance(procedure, Procedure):
            return procedure, ()
        return ACCEPTED, self._changes.cancelled_on_request(procedure, message.order.reason)

    def _is_same(self, message: ProcedureMessage, known: Procedure) -> bool:
        said = (message.procedure.study_instance_uid, message.order.placer_order_number)
        has_its_numbers = said == (known.study_instance_uid, known.order.placer_order_number)
        return has_its_numbers and self._patients.same(message.patient, known.patient)

    def _taken(self, message: ProcedureMessage) -> str:
        """The field with a number that another procedure has; empty if none does."""
        if message.order.placer_order_number and self._table.of_placer(message.order.placer_order_number) is not None:
            return "ORC-2"
        if self._table.of_study(message.procedure.study_instance_uid):
            return "IPC-3"
        return "IPC-4" if any(self._table.of_step(step.step_id) is not None for step in message.steps) else ""

    def _meant(self, message: ProcedureMessage) -> Procedure | Accepted:
        """The procedure that is spoken of, or why it is none that is known here."""
        procedure = self._table.of_accession(message.procedure.accession_number)
        if procedure is None:
            return refused(UNKNOWN_KEY, "ORC-3")
        if not self._patients.same(message.patient, procedure.patient):
            return refused(UNKNOWN_KEY, "PID-3")
        if message.procedure.study_instance_uid != procedure.study_instance_uid:
            return refused(UNKNOWN_KEY, "IPC-3")
        others = (self._table.of_step(step.step_id) for step in message.steps)
        return refused(DUPLICATE_KEY, "IPC-4") if any(one not in (None, procedure) for one in others) else procedure

    def _serves(self, message: ProcedureMessage) -> bool:
        return all(self._scheduling.serves(step.modality or message.order.modality) for step in message.steps)

    def _steps(self, message: ProcedureMessage) -> tuple[ScheduledProcedure, ...]:
        """As they are; what a worklist entry needs and they lack is the order's."""
        order = message.order
        return tuple(
            replace(
                step,
                modality=step.modality or order.modality,
                start=step.start or order.requested_at or self._system.stamp(),
                protocol=step.protocol if step.protocol.value or step.protocol.meaning else order.procedure,
            )
            for step in message.steps
        )
