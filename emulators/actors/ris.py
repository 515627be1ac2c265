"""The RIS: order filler, worklist and performed-step server, keeper of the reading list, and the way of the report.

One order is one requested procedure with one scheduled step, which goes through::

    scheduled --StepStarted--> in progress --StepEnded--> completed --Report F--> reported

A scheduled step is on the worklist; it leaves when it is started (declared behaviour). Every move is told to the placer
through the engine; the image manager hears of the procedure when it is scheduled and of its step as it is performed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emulators.actors.outbox import DUPLICATE_SOP_INSTANCE, PROCESSING_FAILURE, RetryPolicy
from emulators.actors.system import ACCEPTED, UNKNOWN_KEY, Accepted, System, refused
from emulators.actors.worklist import Worklist
from emulators.core.effect import Effect, Note
from emulators.core.identity import accession_number, control_id, digest, procedure_id, uid
from emulators.core.instant import WallClock
from emulators.messages.adt import RegisterPatient
from emulators.messages.common import SUCCESS, Code, Patient, Status, Visit
from emulators.messages.imaging import StepEnded, StepStarted
from emulators.messages.orders import (
    Order,
    OrderStatus,
    PlaceOrder,
    ReadingListEntry,
    ReportStatus,
    ScheduledProcedure,
    ScheduleProcedure,
)
from emulators.messages.report import Report
from emulators.messages.worklist import WorklistItem, WorklistItems, WorklistQuery

NO_SUCH_INSTANCE = 0x0112

SCHEDULED, IN_PROGRESS, COMPLETED, REPORTED = "scheduled", "in progress", "completed", "reported"


@dataclass(frozen=True, slots=True)
class RisPeers:
    """The systems a RIS speaks to, by name."""

    engine: str
    pacs: str
    workstation: str


@dataclass(slots=True)
class _Procedure:
    patient: Patient
    visit: Visit
    order: Order
    scheduled: ScheduledProcedure
    state: str = SCHEDULED
    report_status: str = ""


class Ris(System):
    """``stations`` gives the AE titles of the scanners of each modality; ``protocols`` the protocol code of a procedure
    code."""

    def __init__(
        self,
        name: str,
        clock: WallClock,
        peers: RisPeers,
        stations: Mapping[str, tuple[str, ...]],
        protocols: Mapping[str, Code],
        retry: RetryPolicy | None = None,
    ) -> None:
        super().__init__(name, clock, retry)
        self._peers = peers
        self._stations = stations
        self._protocols = protocols
        self._patients: dict[str, Patient] = {}
        self._by_placer: dict[str, _Procedure] = {}
        self._by_accession: dict[str, _Procedure] = {}
        self._by_step: dict[str, _Procedure] = {}
        self._worklist = Worklist()
        self.requests = {
            RegisterPatient: self._register,
            PlaceOrder: self._place_order,
            WorklistQuery: self._query,
            StepStarted: self._step_started,
            StepEnded: self._step_ended,
            ReportStatus: self._report_status,
            Report: self._report,
        }

    # --- orders --------------------------------------------------------------------------------------------------------

    def _register(self, message: RegisterPatient, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        self._patients[message.patient.patient_id] = message.patient
        return ACCEPTED, ()

    def _place_order(self, message: PlaceOrder, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        order = message.order
        placer = order.placer_order_number
        if placer in self._by_placer:
            return ACCEPTED, ()
        if order.modality not in self._stations:
            return refused(UNKNOWN_KEY, "OBR-24"), ()
        scheduled = self._schedule(order)
        patient = self._patients.get(message.patient.patient_id, message.patient)  # as registered, if it was
        procedure = _Procedure(patient, message.visit, order, scheduled)
        self._by_placer[placer] = self._by_accession[scheduled.accession_number] = procedure
        self._worklist.add(_worklist_item(procedure))
        announcement = ScheduleProcedure(control_id(placer, "SP"), self.stamp(), patient, message.visit, order, scheduled)
        fields = {
            "mrn": message.patient.patient_id,
            "accession": scheduled.accession_number,
            "study": scheduled.study_instance_uid,
            "station": scheduled.station_ae_title,
        }
        return ACCEPTED, [
            *self.outbox.put(self._peers.pacs, announcement),
            *self._tell_placer(procedure, "SC"),
            Note("procedure scheduled", placer, fields),
        ]

    def _schedule(self, order: Order) -> ScheduledProcedure:
        placer = order.placer_order_number
        occurrence = 1
        while accession_number(placer, occurrence) in self._by_accession:
            occurrence += 1
        accession = accession_number(placer, occurrence)
        stations = self._stations[order.modality]
        return ScheduledProcedure(
            accession_number=accession,
            study_instance_uid=uid("study", placer, occurrence),
            requested_procedure_id=procedure_id("R", accession),
            step_id=procedure_id("S", accession),
            protocol=self._protocols.get(order.procedure.value, order.procedure),
            station_ae_title=stations[digest(32, "station", accession) % len(stations)],
            start=order.requested_at or self.stamp(),
        )

    def _tell_placer(self, procedure: _Procedure, status: str) -> Sequence[Effect]:
        order = procedure.order
        message = OrderStatus(
            control_id(order.placer_order_number, status),
            self.stamp(),
            procedure.patient,
            order.placer_order_number,
            procedure.scheduled.accession_number,
            order.procedure,
            status,
        )
        return self.outbox.put(self._peers.engine, message)

    # --- worklist and performed steps ----------------------------------------------------------------------------------

    def _query(self, query: WorklistQuery, _sender: str) -> tuple[WorklistItems, Sequence[Effect]]:
        return WorklistItems(self._worklist.matches(query)), ()

    def _step_started(self, message: StepStarted, _sender: str) -> tuple[Status, Sequence[Effect]]:
        if message.mpps_uid in self._by_step:
            return Status(DUPLICATE_SOP_INSTANCE), ()
        procedure = self._by_accession.get(message.accession_number)
        if procedure is None or procedure.state != SCHEDULED:
            return Status(PROCESSING_FAILURE, "no such scheduled step"), ()
        self._by_step[message.mpps_uid] = procedure
        procedure.state = IN_PROGRESS
        self._worklist.remove(procedure.scheduled.step_id)
        return SUCCESS, [*self._tell_placer(procedure, "IP"), *self.outbox.put(self._peers.pacs, message)]

    def _step_ended(self, message: StepEnded, _sender: str) -> tuple[Status, Sequence[Effect]]:
        procedure = self._by_step.get(message.mpps_uid)
        if procedure is None:
            return Status(NO_SUCH_INSTANCE), ()
        if procedure.state != IN_PROGRESS:
            return Status(PROCESSING_FAILURE, "performed procedure step may no longer be updated"), ()
        procedure.state = COMPLETED
        entry = ReadingListEntry(
            control_id(procedure.order.placer_order_number, "RL"),
            self.stamp(),
            procedure.patient,
            procedure.visit,
            procedure.order,
            procedure.scheduled,
        )
        return SUCCESS, [
            *self._tell_placer(procedure, "CM"),
            *self.outbox.put(self._peers.pacs, message),
            *self.outbox.put(self._peers.workstation, entry),
        ]

    # --- reports -------------------------------------------------------------------------------------------------------

    def _report_status(self, message: ReportStatus, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        procedure = self._by_accession.get(message.accession_number)
        if procedure is None:
            return refused(UNKNOWN_KEY, "OBR-3"), ()
        fields = {"accession": message.accession_number, "status": message.status}
        return ACCEPTED, [Note("reading status", procedure.order.placer_order_number, fields)]

    def _report(self, message: Report, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        procedure = self._by_accession.get(message.accession_number)
        if procedure is None:
            return refused(UNKNOWN_KEY, "OBR-3"), ()
        if procedure.patient.patient_id != message.patient.patient_id:
            return refused(UNKNOWN_KEY, "PID-3"), ()
        if procedure.report_status == "F":
            return ACCEPTED, ()
        procedure.report_status = message.status
        if message.status == "F":
            procedure.state = REPORTED
        return ACCEPTED, self.outbox.put(self._peers.engine, message)


def _worklist_item(procedure: _Procedure) -> WorklistItem:
    order, visit = procedure.order, procedure.visit
    return WorklistItem(
        patient=procedure.patient,
        admission_id=visit.visit_number,
        location=visit.location,
        referring_physician=visit.referring_physician,
        requesting_physician=order.ordering_physician,
        placer_order_number=order.placer_order_number,
        reason=order.reason,
        priority=order.priority,
        procedure=order.procedure,
        modality=order.modality,
        scheduled=procedure.scheduled,
    )
