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
from emulators.actors.ris_letters import Letters
from emulators.actors.ris_orders import DUPLICATE_KEY, RECORD_LOCKED, RisOrders, scheduled_note
from emulators.actors.ris_patients import RisPatients
from emulators.actors.scheduling import Scheduling
from emulators.actors.system import ACCEPTED, UNKNOWN_KEY, Accepted, RequestMethod, System, refused
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
        letters: Letters,
        patients: RisPatients,
        scheduling: Scheduling,
        orders: RisOrders,
    ) -> None:
        self._system = system
        self._table = table
        self._letters = letters
        self._patients = patients
        self._scheduling = scheduling
        self._orders = orders
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
        name = message.order.placer_order_number or message.procedure.accession_number
        procedure = Procedure(name, patient, visit, message.order, self._steps(message))
        self._table.add(procedure)
        self._letters.refresh(procedure)
        told = [*self._letters.announce(procedure), *self._letters.status(procedure)]
        return ACCEPTED, [*told, scheduled_note(procedure)]

    def _change(self, message: ChangeProcedure, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        procedure = self._table.of_accession(message.procedure.accession_number)
        refusal = self._misfit(message, procedure)
        if procedure is None or refusal is not None:
            return refusal or refused(UNKNOWN_KEY, "ORC-3"), ()
        if not self._serves(message):
            return refused(UNKNOWN_KEY, "OBR-24"), ()
        if procedure.state is not State.SCHEDULED:
            return refused(RECORD_LOCKED, "ORC-3"), ()
        self._orders.take_off(procedure)
        procedure.visit = self._patients.visit(message.visit)
        self._table.change_order(procedure, message.order, self._steps(message))
        return ACCEPTED, self._letters.changed(procedure)

    def _cancel(self, message: CancelProcedure, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        procedure = self._table.of_accession(message.procedure.accession_number)
        refusal = self._misfit(message, procedure)
        if procedure is None or refusal is not None:
            return refusal or refused(UNKNOWN_KEY, "ORC-3"), ()
        if procedure.state is State.SCHEDULED:
            return ACCEPTED, self._orders.cancelled(procedure, "CR", message.order.reason)
        return ACCEPTED, self._letters.status(procedure, "CR" if procedure.state is State.CANCELLED else "UC")

    def _is_same(self, message: ProcedureMessage, known: Procedure) -> bool:
        said = (message.procedure.study_instance_uid, message.order.placer_order_number)
        return said == (known.study_instance_uid, known.order.placer_order_number) and self._patients.same(
            message.patient, known.patient
        )

    def _taken(self, message: ProcedureMessage) -> str:
        """The field with a number that another procedure has; empty if none does."""
        if message.order.placer_order_number and self._table.of_placer(message.order.placer_order_number) is not None:
            return "ORC-2"
        if self._table.of_study(message.procedure.study_instance_uid):
            return "IPC-3"
        return "IPC-4" if any(self._table.of_step(step.step_id) is not None for step in message.steps) else ""

    def _misfit(self, message: ProcedureMessage, procedure: Procedure | None) -> Accepted | None:
        """Why what is said is not about ``procedure``."""
        if procedure is None:
            return refused(UNKNOWN_KEY, "ORC-3")
        if not self._patients.same(message.patient, procedure.patient):
            return refused(UNKNOWN_KEY, "PID-3")
        if message.procedure.study_instance_uid != procedure.study_instance_uid:
            return refused(UNKNOWN_KEY, "IPC-3")
        others = (self._table.of_step(step.step_id) for step in message.steps)
        return refused(DUPLICATE_KEY, "IPC-4") if any(one not in (None, procedure) for one in others) else None

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
