"""The orders of a RIS: from placer and person to scheduled steps, changed and cancelled while nothing has been done.

=================================  ============================  ==========================================================
asked                              while scheduled               else
=================================  ============================  ==========================================================
new order (NW), number unknown     -                             scheduled: worklist, image manager, status to the placer
new order (NW), number known       AA, no second procedure       the same
change (XO)                        same accession and study,     AE 206; of the priority alone told, until there is a report
                                   told to the image manager
cancel (CA)                        off the worklist, CR with CA  UC with the status that it has; CR again if cancelled
cancel by the filler               off the worklist, OC with CA  not possible
=================================  ============================  ==========================================================

An order that the filler makes has no placer number: the placer is asked for one (SN) and gives it (NA). Made for an exam to
reconcile, it has that exam's study and is performed by it at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulators.actors.requested_procedures import Procedure, ProcedureTable, State
from emulators.actors.ris_exams import RisExams
from emulators.actors.ris_letters import Letters
from emulators.actors.ris_patients import RisPatients
from emulators.actors.ris_procedure_changes import ProcedureChanges, scheduled_note
from emulators.actors.ris_reports import RisReports
from emulators.actors.scheduling import Scheduling
from emulators.actors.system import (
    ACCEPTED,
    DUPLICATE_KEY,
    RECORD_LOCKED,
    REQUIRED_FIELD_MISSING,
    UNKNOWN_KEY,
    Accepted,
    RequestMethod,
    StimulusMethod,
    System,
    refused,
)
from emulators.core.effect import Effect, Note
from emulators.messages.common import Patient, Visit
from emulators.messages.orders import CancelOrder, ChangeOrder, NumberAssigned, Order, PlaceOrder


class RisOrders:
    def __init__(
        self,
        system: System,
        table: ProcedureTable,
        letters: Letters,
        patients: RisPatients,
        exams: RisExams,
        reports: RisReports,
        scheduling: Scheduling,
        changes: ProcedureChanges,
    ) -> None:
        self._system = system
        self._table = table
        self._letters = letters
        self._patients = patients
        self._exams = exams
        self._reports = reports
        self._scheduling = scheduling
        self._changes = changes
        self._made_here: set[str] = set()
        """What orders of our own were made for."""
        self.requests: dict[type, RequestMethod] = {
            PlaceOrder: self._place,
            ChangeOrder: self._change,
            CancelOrder: self._cancel,
            NumberAssigned: self._number_assigned,
        }
        self.stimuli: dict[str, StimulusMethod] = {
            "create order": self._create,
            "link exam": self._link,
            "cancel procedure": self._cancel_here,
        }

    # --- orders of the placer ------------------------------------------------------------------------------------------

    def _place(self, message: PlaceOrder, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        """All orders of the message, or none."""
        orders = {order.placer_order_number: order for order in message.orders}
        if "" in orders:
            return refused(REQUIRED_FIELD_MISSING, "ORC-2"), ()
        new = [order for placer, order in orders.items() if self._table.of_placer(placer) is None]
        if not all(self._scheduling.serves(order.modality) for order in new):
            return refused(UNKNOWN_KEY, "OBR-24"), ()
        patient, visit = self._patients.resolved(message.patient), self._patients.visit(message.visit)
        effects: list[Effect] = []
        for order in new:
            procedure = self._schedule(order.placer_order_number, patient, visit, order)
            effects += self._changes.scheduled(procedure)
        return ACCEPTED, effects

    def _schedule(self, subject: str, patient: Patient, visit: Visit, order: Order, study: str = "") -> Procedure:
        """Make the procedure of an order; ``study`` is the one that its images are in already."""
        accession, own_study = self._scheduling.identify(subject, self._is_taken)
        steps = self._scheduling.steps(order, accession, study or own_study, self._system.stamp())
        procedure = Procedure(order.placer_order_number or accession, patient, visit, order, steps)
        self._table.add(procedure)
        return procedure

    def _is_taken(self, accession: str) -> bool:
        return self._table.of_accession(accession) is not None

    def _change(self, message: ChangeOrder, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        order = message.order
        procedure = self._table.of_placer(order.placer_order_number)
        if procedure is None:
            return refused(UNKNOWN_KEY, "ORC-2"), ()
        if not self._patients.same(message.patient, procedure.patient):
            return refused(UNKNOWN_KEY, "PID-3"), ()
        if not self._scheduling.serves(order.modality):
            return refused(UNKNOWN_KEY, "OBR-24"), ()
        if procedure.state is not State.SCHEDULED:
            return self._raise_priority(procedure, order)
        before, visit = procedure.steps[0], self._patients.visit(message.visit)
        if (order, visit) == (procedure.order, procedure.visit):
            return ACCEPTED, ()
        steps = self._scheduling.steps(order, before.accession_number, before.study_instance_uid, before.start)
        return ACCEPTED, self._changes.changed(procedure, order, visit, steps)

    def _raise_priority(self, procedure: Procedure, order: Order) -> tuple[Accepted, Sequence[Effect]]:
        """All that can still be changed of an exam that has begun: how urgent its reading is."""
        if procedure.is_closed or order != replace(procedure.order, priority=order.priority):
            return refused(RECORD_LOCKED, "ORC-2"), ()
        if order == procedure.order:
            return ACCEPTED, ()
        procedure.order = order
        return ACCEPTED, self._letters.changed(procedure)

    def _cancel(self, message: CancelOrder, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        procedure = self._table.of_placer(message.placer_order_number)
        if procedure is None:
            return refused(UNKNOWN_KEY, "ORC-2"), ()
        if not self._patients.same(message.patient, procedure.patient):
            return refused(UNKNOWN_KEY, "PID-3"), ()
        return ACCEPTED, self._changes.cancelled_on_request(procedure, message.reason)

    # --- orders of our own ---------------------------------------------------------------------------------------------

    def _create(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        """``subject``: the Study Instance UID of an exam to reconcile, or any key; ``patient``, ``visit``, ``order`` without a
        placer number; ``study_instance_uid``: of images that are there, where ``subject`` is not that."""
        subject: str = data["subject"]
        order: Order = data["order"]
        study: str = data.get("study_instance_uid", "") or (subject if self._exams.is_unlinked(subject) else "")
        if subject in self._made_here or self._table.of_study(study):
            return [_not_done("create order", subject, "there is an order for it")]
        if order.placer_order_number:
            return [_not_done("create order", subject, "it has a placer order number")]
        if not study and not self._scheduling.serves(order.modality):
            return [_not_done("create order", subject, "no scanner of this modality")]
        self._made_here.add(subject)
        patient, visit = self._patients.resolved(data["patient"]), self._patients.visit(data["visit"])
        procedure = self._schedule(subject, patient, visit, order, study)
        effects = [*self._letters.ask_for_number(procedure), *self._letters.announce(procedure), scheduled_note(procedure)]
        if self._exams.is_unlinked(study):
            return [*effects, *self._exams.link(study, procedure)]
        self._letters.refresh(procedure)
        return [*effects, *self._letters.status(procedure)]

    def _link(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        """``subject``: the Study Instance UID of an exam to reconcile; ``accession``: of the order that it performs."""
        study: str = data["subject"]
        procedure = self._table.of_accession(data["accession"])
        if not self._exams.is_unlinked(study):
            return [_not_done("link exam", study, "no exam to reconcile")]
        if procedure is None or procedure.state is not State.SCHEDULED:
            return [_not_done("link exam", study, "no order that waits for its exam")]
        return self._exams.link(study, procedure)

    def _cancel_here(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        """``subject``: the accession number; ``reason``: in words."""
        accession: str = data["subject"]
        procedure = self._table.of_accession(accession)
        if procedure is None or procedure.state is not State.SCHEDULED:
            return [_not_done("cancel procedure", accession, "no procedure that is still scheduled")]
        return self._changes.cancelled(procedure, "OC", data["reason"])

    def _number_assigned(self, message: NumberAssigned, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        placer = message.placer_order_number
        procedure = self._table.of_accession(message.accession_number)
        if procedure is None:
            return refused(UNKNOWN_KEY, "ORC-3"), ()
        if procedure.order.placer_order_number == placer:
            return ACCEPTED, ()
        if procedure.order.placer_order_number or self._table.of_placer(placer) is not None:
            return refused(DUPLICATE_KEY, "ORC-2"), ()
        self._table.assign_placer(procedure, placer)
        return ACCEPTED, [*self._letters.changed(procedure), *self._reports.number_assigned()]


def _not_done(stimulus: str, subject: str, reason: str) -> Note:
    """What a person asked for and could not have."""
    return Note("not done", subject, {"stimulus": stimulus, "reason": reason})
