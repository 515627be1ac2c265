"""What a RIS tells others of its procedures: placer, image manager and reading system, each a message with its control id.

A control id derives from the order, from what is said, and from how often that has happened to this order: the second change
of an order is ``P1-XP2`` however often it is sent. A system that the site does not have is told nothing.
"""

from dataclasses import dataclass
from typing import Any

from emulators.actors.requested_procedures import Procedure
from emulators.actors.system import System
from emulators.actors.worklist import Worklist
from emulators.actors.worklist_item import worklist_item
from emulators.core.effect import Effect
from emulators.core.identity import control_id
from emulators.messages.common import NO_CODE, Code
from emulators.messages.orders import (
    CancelProcedure,
    ChangeProcedure,
    FillerOrder,
    OrderStatus,
    ProcedureMessage,
    ReadingListEntry,
    ReadingListRemoval,
    ScheduleProcedure,
)
from emulators.messages.report import Report
from emulators.messages.steps import StepEnded, StepProgressed, StepStarted


@dataclass(frozen=True, slots=True)
class RisPeers:
    """The systems a RIS speaks to, by name; empty for one that the site does not have.

    ``pacs`` is the image manager that hears of procedures; ``steps`` hears of performed steps, None for the image manager.
    """

    engine: str = ""
    pacs: str = ""
    workstation: str = ""
    steps: str | None = None


class Letters:
    """Writes for ``system``, the RIS itself, and keeps its ``worklist`` in step with the procedures."""

    def __init__(self, system: System, peers: RisPeers, worklist: Worklist) -> None:
        self._system = system
        self._peers = peers
        self._worklist = worklist

    # --- to the placer -------------------------------------------------------------------------------------------------

    def status(self, procedure: Procedure, control: str = "SC", reason: Code = NO_CODE) -> list[Effect]:
        """The order's status as it is now."""
        status = procedure.state.value
        message = OrderStatus(
            self._control_id(procedure, status if control == "SC" else control),
            self._system.stamp(),
            procedure.patient,
            procedure.order.placer_order_number,
            procedure.accession_number,
            procedure.order.procedure,
            status,
            control,
            reason,
        )
        return self._send(self._peers.engine, message)

    def ask_for_number(self, procedure: Procedure) -> list[Effect]:
        """An order of our own wants its placer order number."""
        message = FillerOrder(
            self._control_id(procedure, "SN"),
            self._system.stamp(),
            procedure.patient,
            procedure.visit,
            procedure.order,
            procedure.accession_number,
        )
        return self._send(self._peers.engine, message)

    def report(self, report: Report) -> list[Effect]:
        return self._send(self._peers.engine, report)

    # --- to image manager and reading system ---------------------------------------------------------------------------

    def announce(self, procedure: Procedure) -> list[Effect]:
        return self._send(self._peers.pacs, self._about(procedure, ScheduleProcedure, "SP"))

    def cancel(self, procedure: Procedure) -> list[Effect]:
        return self._send(self._peers.pacs, self._about(procedure, CancelProcedure, "CP"))

    def changed(self, procedure: Procedure) -> list[Effect]:
        """Patient, order or study are others now: everybody who works with the procedure hears of it."""
        self.refresh(procedure)
        if procedure.is_closed:
            return []
        effects = self._send(self._peers.pacs, self._about(procedure, ChangeProcedure, "XP"))
        return [*effects, *self.list_for_reading(procedure)] if procedure.is_listed else effects

    def step(self, message: StepStarted | StepProgressed | StepEnded) -> list[Effect]:
        peers = self._peers
        return self._send(peers.pacs if peers.steps is None else peers.steps, message)

    def list_for_reading(self, procedure: Procedure) -> list[Effect]:
        procedure.is_listed = True
        return self._send(self._peers.workstation, self._about(procedure, ReadingListEntry, "RL"))

    def unlist(self, procedure: Procedure) -> list[Effect]:
        procedure.is_listed = False
        return self._send(self._peers.workstation, self._about(procedure, ReadingListRemoval, "RR"))

    # --- on the worklist -----------------------------------------------------------------------------------------------

    def refresh(self, procedure: Procedure) -> None:
        """Put the steps that wait on the worklist, as they are now."""
        for step in procedure.waiting_steps:
            self._worklist.put(step.step_id, worklist_item(procedure.patient, procedure.visit, procedure.order, step))

    def take_off(self, step_id: str) -> None:
        self._worklist.remove(step_id)

    def _about(self, procedure: Procedure, message: type[ProcedureMessage], purpose: str) -> ProcedureMessage:
        return message(
            self._control_id(procedure, purpose),
            self._system.stamp(),
            procedure.patient,
            procedure.visit,
            procedure.order,
            procedure.steps,
        )

    def _control_id(self, procedure: Procedure, purpose: str) -> str:
        return control_id(procedure.subject, purpose, procedure.occurrence(purpose))

    def _send(self, to: str, message: Any) -> list[Effect]:
        return self._system.outbox.put(to, message) if to else []
