"""Orders and what becomes of them: lanes ``orders``, ``reading`` and ``reports``, HL7 ORM^O01 and ORR^O02, answered by an
Acknowledgement.

==================  ==============  =====================================================================================
message             ORC-1 / ORC-5   from, to
==================  ==============  =====================================================================================
PlaceOrder          NW              placer to filler (RAD-2)
ChangeOrder         XO              placer to filler: the same order, changed
CancelOrder         CA              placer to filler; answered by OrderStatus CR, or UC when it is too late
FillerOrder         SN              filler to placer: an order that the filler made, which wants a placer number (RAD-3)
NumberAssigned      NA (ORR^O02)    placer to filler: the number it wanted
OrderStatus         SC CR UC OC     filler to placer: ``order_control`` with the status in ORC-5 (RAD-3)
ScheduleProcedure   NW / SC         filler to image manager (RAD-4)
ChangeProcedure     XO / SC         filler to image manager: changed, or another patient (RAD-13)
CancelProcedure     CA / CA         filler to image manager (RAD-13)
ReadingListEntry    SC / CM         filler to reading system: complete, and waits to be read; again when it has changed
ReadingListRemoval  CA / CM         filler to reading system: not to be read any more
ReportStatus        SC / CM         reading system to filler: who works on the report
==================  ==============  =====================================================================================
"""

from dataclasses import dataclass
from typing import ClassVar

from emulators.core.errors import LocalProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import NO_CODE, NOBODY, Code, PersonName, Visit
from emulators.messages.hl7_message import Hl7Message

PRIORITIES = frozenset(("STAT", "ROUTINE"))

ORDER_STATUSES = frozenset(("SC", "IP", "CM", "CA", "DC"))
"""HL7 table 0038: SC scheduled, IP in process, CM completed, CA cancelled, DC discontinued."""

STATUS_CONTROLS = frozenset(("SC", "CR", "UC", "OC"))
"""HL7 table 0119: SC status changed, CR cancelled as requested, UC unable to cancel, OC cancelled by the filler."""

REPORT_STATUSES = frozenset(("ASSIGNED", "IN PROGRESS", "PRELIMINARY", "FINAL"))


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for: one procedure. ``requested_at`` is when the exam is wanted, ``priority`` STAT or ROUTINE.

    Orders that were placed together share a ``placer_group_number`` (ORC-4). An order that the filler made has no placer number
    until the placer has assigned one.
    """

    placer_order_number: str
    procedure: Code
    modality: str
    body_part: str
    priority: str
    requested_at: Stamp
    reason: str = ""
    ordering_physician: PersonName = NOBODY
    placer_group_number: str = ""

    def __post_init__(self) -> None:
        for attribute in ("placer_order_number", "placer_group_number"):
            object.__setattr__(self, attribute, canonical.text(getattr(self, attribute), 22, attribute))
        object.__setattr__(self, "reason", canonical.text(self.reason, 64, "order.reason"))
        object.__setattr__(self, "modality", canonical.code_string(self.modality, "order.modality"))
        object.__setattr__(self, "body_part", canonical.text(self.body_part, 16, "order.body_part"))
        canonical.one_of(self.priority, PRIORITIES, "order.priority")
        canonical.stamp(self.requested_at, "order.requested_at")


@dataclass(frozen=True, slots=True)
class ScheduledProcedure:
    """What the order filler made of an order: the requested procedure, and one scheduled step that performs it.

    A procedure of several steps is several of these, with the same accession number, Study Instance UID and requested procedure
    ID. ``modality`` is the step's. Its description is the meaning of its protocol code (PS3.4 Table K.6-1: one of the two).
    """

    accession_number: str
    study_instance_uid: str
    requested_procedure_id: str
    step_id: str
    protocol: Code
    station_ae_title: str
    start: Stamp
    modality: str = ""
    performing_physician: PersonName = NOBODY

    def __post_init__(self) -> None:
        for attribute in ("accession_number", "requested_procedure_id", "step_id"):
            object.__setattr__(self, attribute, canonical.text(getattr(self, attribute), 16, attribute))
        object.__setattr__(self, "station_ae_title", canonical.ascii_text(self.station_ae_title, 16, "station_ae_title"))
        object.__setattr__(self, "modality", canonical.code_string(self.modality, "modality"))
        canonical.uid(self.study_instance_uid, "study_instance_uid")
        canonical.stamp(self.start, "start")


@dataclass(frozen=True, slots=True)
class PlaceOrder(Hl7Message):
    """ORM^O01 NW from the placer (RAD-2): one order or several, an ORC and OBR each."""

    visit: Visit
    orders: tuple[Order, ...]

    lane: ClassVar[str] = "orders"

    def __post_init__(self) -> None:
        Hl7Message.__post_init__(self)
        if not self.orders:
            raise LocalProtocolError("orders: none")

    @property
    def nominal_bytes(self) -> int:
        return 400 + 300 * len(self.orders)

    @property
    def identifiers(self) -> dict[str, str]:
        placers = "+".join(order.placer_order_number for order in self.orders)
        return self.named(placer=placers)


@dataclass(frozen=True, slots=True)
class ChangeOrder(Hl7Message):
    """ORM^O01 XO from the placer: ``order`` as it is now, under its placer order number."""

    visit: Visit
    order: Order

    lane: ClassVar[str] = "orders"
    nominal_bytes: ClassVar[int] = 700

    @property
    def identifiers(self) -> dict[str, str]:
        return self.named(placer=self.order.placer_order_number)


@dataclass(frozen=True, slots=True)
class CancelOrder(Hl7Message):
    """ORM^O01 CA from the placer; ``reason`` is the text of ORC-16."""

    placer_order_number: str
    procedure: Code
    reason: str = ""

    lane: ClassVar[str] = "orders"
    nominal_bytes: ClassVar[int] = 450

    def __post_init__(self) -> None:
        Hl7Message.__post_init__(self)
        canonical.identifier(self.placer_order_number, 22, "placer_order_number")
        object.__setattr__(self, "reason", canonical.text(self.reason, 64, "reason"))

    @property
    def identifiers(self) -> dict[str, str]:
        return self.named(placer=self.placer_order_number)


@dataclass(frozen=True, slots=True)
class FillerOrder(Hl7Message):
    """ORM^O01 SN from the filler: an order it made for an exam that nobody had ordered; ``order`` has no placer number."""

    visit: Visit
    order: Order
    accession_number: str

    lane: ClassVar[str] = "orders"
    nominal_bytes: ClassVar[int] = 700

    def __post_init__(self) -> None:
        Hl7Message.__post_init__(self)
        canonical.identifier(self.accession_number, 16, "accession_number")

    @property
    def identifiers(self) -> dict[str, str]:
        return self.named(accession=self.accession_number)


@dataclass(frozen=True, slots=True)
class NumberAssigned(Hl7Message):
    """ORR^O02 NA from the placer: the placer order number of an order that the filler made.

    ``request_control_id`` is the ``control_id`` of the FillerOrder that asked for it (MSA-2); HL7 requires it.
    """

    placer_order_number: str
    accession_number: str
    request_control_id: str = ""

    lane: ClassVar[str] = "orders"
    nominal_bytes: ClassVar[int] = 300

    def __post_init__(self) -> None:
        Hl7Message.__post_init__(self)
        canonical.identifier(self.placer_order_number, 22, "placer_order_number")
        canonical.identifier(self.accession_number, 16, "accession_number")
        canonical.identifier(self.request_control_id, 20, "request_control_id")

    @property
    def identifiers(self) -> dict[str, str]:
        return self.named(placer=self.placer_order_number, accession=self.accession_number)


@dataclass(frozen=True, slots=True)
class ProcedureMessage(Hl7Message):
    """What the filler says of an order together with what it made of it: ``steps``, all of one requested procedure."""

    visit: Visit
    order: Order
    steps: tuple[ScheduledProcedure, ...]

    lane: ClassVar[str]

    def __post_init__(self) -> None:
        Hl7Message.__post_init__(self)
        if len({(step.accession_number, step.study_instance_uid, step.requested_procedure_id) for step in self.steps}) != 1:
            raise LocalProtocolError("steps: not of one requested procedure")

    @property
    def procedure(self) -> ScheduledProcedure:
        """The first step, for what all of them share."""
        return self.steps[0]

    @property
    def nominal_bytes(self) -> int:
        return 600 + 300 * len(self.steps)

    @property
    def identifiers(self) -> dict[str, str]:
        return self.named(
            placer=self.order.placer_order_number,
            accession=self.procedure.accession_number,
            study=self.procedure.study_instance_uid,
        )


@dataclass(frozen=True, slots=True)
class ScheduleProcedure(ProcedureMessage):
    """ORM^O01 NW from the filler to the image manager, with the Study Instance UID in ZDS (RAD-4)."""

    lane: ClassVar[str] = "orders"


@dataclass(frozen=True, slots=True)
class ChangeProcedure(ProcedureMessage):
    """ORM^O01 XO from the filler to the image manager: patient, order or steps as they are now (RAD-13)."""

    lane: ClassVar[str] = "orders"


@dataclass(frozen=True, slots=True)
class CancelProcedure(ProcedureMessage):
    """ORM^O01 CA from the filler to the image manager (RAD-13)."""

    lane: ClassVar[str] = "orders"


@dataclass(frozen=True, slots=True)
class ReadingListEntry(ProcedureMessage):
    """ORM^O01 SC, order status CM, from the filler to the reading system: the study is complete and waits to be read.

    Sent again when patient or order have changed. ``study_instance_uid`` of its steps is that of the images: in a group of
    procedures done as one not the one that was scheduled.
    """

    lane: ClassVar[str] = "reading"


@dataclass(frozen=True, slots=True)
class ReadingListRemoval(ProcedureMessage):
    """ORM^O01 CA from the filler to the reading system: the study is not to be read any more, or was read elsewhere."""

    lane: ClassVar[str] = "reading"


@dataclass(frozen=True, slots=True)
class StatusMessage(Hl7Message):
    """What became of an order; ``status`` is one of ``STATUSES``. An order made by the filler may lack its placer number."""

    placer_order_number: str
    accession_number: str
    procedure: Code
    status: str

    nominal_bytes: ClassVar[int] = 450
    STATUSES: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        Hl7Message.__post_init__(self)
        canonical.identifier(self.placer_order_number, 22, "placer_order_number")
        canonical.identifier(self.accession_number, 16, "accession_number")
        canonical.one_of(self.status, self.STATUSES, "status")

    @property
    def identifiers(self) -> dict[str, str]:
        return {**self.named(placer=self.placer_order_number, accession=self.accession_number), "status": self.status}


@dataclass(frozen=True, slots=True)
class OrderStatus(StatusMessage):
    """ORM^O01 from the filler to the placer: ``order_control`` is ORC-1, ``status`` ORC-5 (RAD-3).

    UC carries the status that the order has. ``reason`` is why an order was cancelled or discontinued (ORC-16).
    """

    order_control: str = "SC"
    reason: Code = NO_CODE

    lane: ClassVar[str] = "orders"
    STATUSES: ClassVar[frozenset[str]] = ORDER_STATUSES

    def __post_init__(self) -> None:
        StatusMessage.__post_init__(self)
        canonical.one_of(self.order_control, STATUS_CONTROLS, "order_control")


@dataclass(frozen=True, slots=True)
class ReportStatus(StatusMessage):
    """ORM^O01 SC from the reading system to the filler: who works on the report, and how far it is."""

    lane: ClassVar[str] = "reports"
    STATUSES: ClassVar[frozenset[str]] = REPORT_STATUSES
