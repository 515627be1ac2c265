"""The EHR: registers patients, places orders, files reports, and closes an order when its report is final.

========================  ============================================================================
``register``              patient and visit: RegisterPatient to the engine
``place order``           order: PlaceOrder to the engine
OrderStatus               kept; status never goes back from completed
Report                    filed by placer order number; a preliminary after the final one does not win
note ``order closed``     the order is completed and its final report is filed
========================  ============================================================================
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulators.actors.outbox import RetryPolicy
from emulators.actors.system import ACCEPTED, UNKNOWN_KEY, Accepted, System, refused
from emulators.core.effect import Effect, Note
from emulators.core.identity import control_id
from emulators.core.instant import WallClock
from emulators.messages.adt import RegisterPatient
from emulators.messages.common import Patient, Visit
from emulators.messages.orders import Order, OrderStatus, PlaceOrder
from emulators.messages.report import Report

_PROGRESS = {"": 0, "SC": 1, "IP": 2, "CM": 3}


@dataclass(slots=True)
class _ChartEntry:
    patient: Patient
    status: str = ""
    report_status: str = ""
    closed: bool = False


class Ehr(System):
    """``engine`` is the system that all its messages go to."""

    def __init__(self, name: str, clock: WallClock, engine: str, retry: RetryPolicy | None = None) -> None:
        super().__init__(name, clock, retry)
        self._engine = engine
        self._orders: dict[str, _ChartEntry] = {}
        self.stimuli = {"register": self._register, "place order": self._place_order}
        self.requests = {OrderStatus: self._order_status, Report: self._report}

    def _register(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        patient: Patient = data["patient"]
        visit: Visit = data["visit"]
        control = control_id(visit.visit_number, "A04")
        return self.outbox.put(self._engine, RegisterPatient(control, self.stamp(), patient, visit))

    def _place_order(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        order: Order = data["order"]
        placer = order.placer_order_number
        self._orders[placer] = _ChartEntry(data["patient"])
        message = PlaceOrder(control_id(placer, "NW"), self.stamp(), data["patient"], data["visit"], order)
        return self.outbox.put(self._engine, message)

    def _order_status(self, message: OrderStatus, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        entry = self._orders.get(message.placer_order_number)
        if entry is None:
            return refused(UNKNOWN_KEY, "ORC-2"), ()
        if _PROGRESS[message.status] <= _PROGRESS[entry.status]:
            return ACCEPTED, ()
        entry.status = message.status
        fields = {"accession": message.accession_number, "status": message.status}
        return ACCEPTED, [
            Note("order status", message.placer_order_number, fields),
            *self._closing(message.placer_order_number),
        ]

    def _report(self, message: Report, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        entry = self._orders.get(message.placer_order_number)
        if entry is None:
            return refused(UNKNOWN_KEY, "OBR-2"), ()
        if entry.patient.patient_id != message.patient.patient_id:
            return refused(UNKNOWN_KEY, "PID-3"), ()
        if entry.report_status == "F":
            return ACCEPTED, ()
        entry.report_status = message.status
        fields = {"accession": message.accession_number, "status": message.status, "text": message.text}
        return ACCEPTED, [
            Note("report filed", message.placer_order_number, fields),
            *self._closing(message.placer_order_number),
        ]

    def _closing(self, placer: str) -> Sequence[Effect]:
        entry = self._orders[placer]
        if entry.closed or entry.status != "CM" or entry.report_status != "F":
            return ()
        entry.closed = True
        return [Note("order closed", placer, {"mrn": entry.patient.patient_id})]
