"""Orders and what becomes of them: lanes ``orders`` and ``reading``, HL7 ORM^O01, answered by an Acknowledgement."""

from dataclasses import dataclass
from typing import ClassVar

from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import NOBODY, Code, Patient, PersonName, Visit

PRIORITIES = frozenset(("STAT", "ROUTINE"))

ORDER_STATUSES = frozenset(("SC", "IP", "CM"))
"""HL7 table 0038: SC scheduled, IP in process, CM completed."""

REPORT_STATUSES = frozenset(("ASSIGNED", "IN PROGRESS"))


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. ``requested_at`` is when the exam is wanted, ``priority`` STAT or ROUTINE."""

    placer_order_number: str
    procedure: Code
    modality: str
    body_part: str
    priority: str
    requested_at: Stamp
    reason: str = ""
    ordering_physician: PersonName = NOBODY

    def __post_init__(self) -> None:
        object.__setattr__(self, "placer_order_number", canonical.text(self.placer_order_number, 22, "placer_order_number"))
        object.__setattr__(self, "reason", canonical.text(self.reason, 64, "order.reason"))
        object.__setattr__(self, "modality", canonical.code_string(self.modality, "order.modality"))
        object.__setattr__(self, "body_part", canonical.text(self.body_part, 16, "order.body_part"))
        canonical.one_of(self.priority, PRIORITIES, "order.priority")
        canonical.stamp(self.requested_at, "order.requested_at")


@dataclass(frozen=True, slots=True)
class ScheduledProcedure:
    """What the order filler made of the order: its identifiers, and the one step that performs it.

    The step's description is the meaning of its protocol code (PS3.4 Table K.6-1: one of the two, OBR-4.5).
    """

    accession_number: str
    study_instance_uid: str
    requested_procedure_id: str
    step_id: str
    protocol: Code
    station_ae_title: str
    start: Stamp

    def __post_init__(self) -> None:
        for attribute in ("accession_number", "requested_procedure_id", "step_id"):
            object.__setattr__(self, attribute, canonical.text(getattr(self, attribute), 16, attribute))
        object.__setattr__(self, "station_ae_title", canonical.ascii_text(self.station_ae_title, 16, "station_ae_title"))
        canonical.uid(self.study_instance_uid, "study_instance_uid")
        canonical.stamp(self.start, "start")


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """ORM^O01 NW from the placer (RAD-2)."""

    control_id: str
    sent_at: Stamp
    patient: Patient
    visit: Visit
    order: Order

    lane: ClassVar[str] = "orders"
    nominal_bytes: ClassVar[int] = 700

    def __post_init__(self) -> None:
        canonical.heading(self.control_id, self.sent_at)

    @property
    def subject(self) -> str:
        return self.control_id

    @property
    def identifiers(self) -> dict[str, str]:
        return {"mrn": self.patient.patient_id, "placer": self.order.placer_order_number, "control": self.control_id}


@dataclass(frozen=True, slots=True)
class _ProcedureMessage:
    """What the filler says of an order together with what it made of it."""

    control_id: str
    sent_at: Stamp
    patient: Patient
    visit: Visit
    order: Order
    procedure: ScheduledProcedure

    nominal_bytes: ClassVar[int] = 900

    def __post_init__(self) -> None:
        canonical.heading(self.control_id, self.sent_at)

    @property
    def subject(self) -> str:
        return self.control_id

    @property
    def identifiers(self) -> dict[str, str]:
        return {
            "mrn": self.patient.patient_id,
            "placer": self.order.placer_order_number,
            "accession": self.procedure.accession_number,
            "study": self.procedure.study_instance_uid,
            "control": self.control_id,
        }


@dataclass(frozen=True, slots=True)
class ScheduleProcedure(_ProcedureMessage):
    """ORM^O01 NW from the filler to the image manager, with the Study Instance UID in ZDS (RAD-4)."""

    lane: ClassVar[str] = "orders"


@dataclass(frozen=True, slots=True)
class ReadingListEntry(_ProcedureMessage):
    """ORM^O01 SC, order status CM, from the filler to the workstation: the study is complete and waits to be read."""

    lane: ClassVar[str] = "reading"


@dataclass(frozen=True, slots=True)
class _StatusMessage:
    """What became of an order; ``status`` is one of ``STATUSES``."""

    control_id: str
    sent_at: Stamp
    patient: Patient
    placer_order_number: str
    accession_number: str
    procedure: Code
    status: str

    nominal_bytes: ClassVar[int] = 450
    STATUSES: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        canonical.heading(self.control_id, self.sent_at)
        canonical.identifier(self.placer_order_number, 22, "placer_order_number")
        canonical.identifier(self.accession_number, 16, "accession_number")
        canonical.one_of(self.status, self.STATUSES, "status")

    @property
    def subject(self) -> str:
        return self.control_id

    @property
    def identifiers(self) -> dict[str, str]:
        return {
            "mrn": self.patient.patient_id,
            "placer": self.placer_order_number,
            "accession": self.accession_number,
            "control": self.control_id,
            "status": self.status,
        }


@dataclass(frozen=True, slots=True)
class OrderStatus(_StatusMessage):
    """ORM^O01 SC from the filler to the placer: ``status`` is ORC-5 (RAD-3)."""

    lane: ClassVar[str] = "orders"
    STATUSES: ClassVar[frozenset[str]] = ORDER_STATUSES


@dataclass(frozen=True, slots=True)
class ReportStatus(_StatusMessage):
    """ORM^O01 SC from the workstation to the filler: who works on the report, before there is one."""

    lane: ClassVar[str] = "reports"
    STATUSES: ClassVar[frozenset[str]] = REPORT_STATUSES
