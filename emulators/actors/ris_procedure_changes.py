"""What happens to a procedure of a RIS, and who is told: the same whether a placer, another filler or a person asks for it."""

from collections.abc import Sequence

from emulators.actors.requested_procedures import Procedure, ProcedureTable, State
from emulators.actors.ris_letters import Letters
from emulators.core.effect import Effect, Note
from emulators.messages.common import Code, Visit
from emulators.messages.orders import Order, ScheduledProcedure


class ProcedureChanges:
    def __init__(self, table: ProcedureTable, letters: Letters) -> None:
        self._table = table
        self._letters = letters

    def scheduled(self, procedure: Procedure) -> Sequence[Effect]:
        """A new one goes on the worklist; image manager and placer are told."""
        self._letters.refresh(procedure)
        return [*self._letters.announce(procedure), *self._letters.status(procedure), scheduled_note(procedure)]

    def changed(
        self, procedure: Procedure, order: Order, visit: Visit, steps: tuple[ScheduledProcedure, ...]
    ) -> Sequence[Effect]:
        """Order, visit and steps are others now; nothing of it has been performed."""
        self._take_off(procedure)
        procedure.visit = visit
        self._table.change_order(procedure, order, steps)
        return self._letters.changed(procedure)

    def cancelled(self, procedure: Procedure, control: str, reason: str) -> Sequence[Effect]:
        """For good; ``control`` is the ORC-1 that tells the placer, ``reason`` in words."""
        self._take_off(procedure)
        procedure.state = State.CANCELLED
        fields = {"placer": procedure.order.placer_order_number, "reason": reason}
        return [
            *self._letters.cancel(procedure),
            *self._letters.status(procedure, control, Code("", "", reason)),
            Note("procedure cancelled", procedure.accession_number, fields),
        ]

    def cancelled_on_request(self, procedure: Procedure, reason: str) -> Sequence[Effect]:
        """Cancelled if it is still scheduled, and whatever holds is told to who asked."""
        if procedure.state is State.SCHEDULED:
            return self.cancelled(procedure, "CR", reason)
        return self._letters.status(procedure, "CR" if procedure.state is State.CANCELLED else "UC")

    def _take_off(self, procedure: Procedure) -> None:
        for step in procedure.steps:
            self._letters.take_off(step.step_id)


def scheduled_note(procedure: Procedure) -> Note:
    fields = {
        "mrn": procedure.patient.patient_id,
        "accession": procedure.accession_number,
        "study": procedure.study_instance_uid,
        "station": procedure.steps[0].station_ae_title,
    }
    return Note("procedure scheduled", procedure.name, fields)
