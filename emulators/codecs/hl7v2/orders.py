"""ORM^O01, MSH PID [PV1] {ORC OBR} [ZDS] (4.4.1), and ORR^O02, MSH MSA PID ORC (4.4.2).

In 2.5.1 also OMG^O19, MSH PID [PV1] {ORC [TQ1] OBR} (4.4.4), OMI^O23, the same with {IPC} behind each OBR (4.4.12), and
ORG^O20, which is as ORR^O02 (4.4.5). What comes with ZDS in an ORM is an OMI, all else an OMG; what stands where:
imaging_orders.py.

One structure has many meanings. What a message means is told by three fields and by ZDS or IPC, which only the filler of an
order can fill; nothing else is known of its sender:

=====  ===========  =======  ===  =========================
ORC-1  ORC-5        ORC-16   ZDS
=====  ===========  =======  ===  =========================
NW                                PlaceOrder (RAD-2), any number of ORC and OBR
XO                                ChangeOrder
CA                  why           CancelOrder
SN                                FillerOrder (RAD-3)
NW     SC                    yes  ScheduleProcedure (RAD-4), an ORC and OBR for each step
XO     SC                    yes  ChangeProcedure (RAD-13), as above
CA     CA                    yes  CancelProcedure (RAD-13), as above
SC     CM                    yes  ReadingListEntry, as above
CA     CM                    yes  ReadingListRemoval, as above: the exam is over, and so CM
SC     CM           ours          ReportStatus
SC     any but CM   why      any  OrderStatus (RAD-3)
SC     CM           why           OrderStatus
CR     any          why      any  OrderStatus; so UC and OC
NA                                NumberAssigned, in ORR^O02 or ORG^O20
=====  ===========  =======  ===  =========================

Read, ORC-5 counts only where the table needs it: any but CM goes for SC after NW and XO, and for CA after CA. Other messages
of several orders, and orders under several ORC-1, are refused: all but one of them would be lost.
"""

from collections.abc import Callable, Mapping, Sequence

from emulators.codecs.hl7v2 import fields, imaging_orders
from emulators.codecs.hl7v2.fields import needed, present, said, segment, single, stated, text
from emulators.codecs.hl7v2.order_segments import (
    OrderGroup,
    accession_number,
    order,
    order_groups,
    order_rows,
    placer_number,
    procedure,
    procedure_code,
    procedure_rows,
    status_rows,
)
from emulators.codecs.hl7v2.patients import patient, pid_row, pv1_row, visit
from emulators.codecs.hl7v2.rejection import content_error
from emulators.core.instant import Stamp
from emulators.messages.common import Patient
from emulators.messages.orders import (
    ORDER_STATUSES,
    STATUS_CONTROLS,
    CancelOrder,
    CancelProcedure,
    ChangeOrder,
    ChangeProcedure,
    FillerOrder,
    NumberAssigned,
    Order,
    OrderStatus,
    PlaceOrder,
    ProcedureMessage,
    ReadingListEntry,
    ReadingListRemoval,
    ReportStatus,
    ScheduleProcedure,
)
from emulators.wire import er7
from emulators.wire.er7 import Field, Message, Row

OrderMessage = (
    PlaceOrder | ChangeOrder | CancelOrder | FillerOrder | NumberAssigned | ProcedureMessage | OrderStatus | ReportStatus
)

_PROCEDURE_CODES: Mapping[type[ProcedureMessage], tuple[str, str]] = {
    ScheduleProcedure: ("NW", "SC"),
    ChangeProcedure: ("XO", "SC"),
    CancelProcedure: ("CA", "CA"),
    ReadingListEntry: ("SC", "CM"),
    ReadingListRemoval: ("CA", "CM"),
}
"""ORC-1 and ORC-5 of what comes with ZDS."""

_COMPLETED: Mapping[str, type[ProcedureMessage]] = {"SC": ReadingListEntry, "CA": ReadingListRemoval}
_ANY_STATUS: Mapping[str, type[ProcedureMessage]] = {"NW": ScheduleProcedure, "XO": ChangeProcedure, "CA": CancelProcedure}
"""By ORC-1, with ZDS: if ORC-5 is CM, or else."""

_REPORT_STATUS_SCHEME = "99RADLOOP-RPT"
_REPORT_STATUS_TEXTS: Mapping[str, str] = {
    "ASSIGNED": "Report assigned",
    "IN PROGRESS": "Report in progress",
    "PRELIMINARY": "Report preliminary",
    "FINAL": "Report final",
}

# --- writing -------------------------------------------------------------------------------------------------------------


def write_new_order(message: PlaceOrder) -> Sequence[Row]:
    rows: list[Row] = [pid_row(message.patient), pv1_row(message.visit)]
    for number, one in enumerate(message.orders, 1):
        present(one.placer_order_number, "ORC-2")
        rows += order_rows({1: "NW"}, {}, message.sent_at, one, one.requested_at, number)
    return rows


def write_changed_order(message: ChangeOrder) -> Sequence[Row]:
    changed = message.order
    present(changed.placer_order_number, "ORC-2")
    return [
        pid_row(message.patient),
        pv1_row(message.visit),
        *order_rows({1: "XO"}, {}, message.sent_at, changed, changed.requested_at),
    ]


def entered_at(organisation: str, rows: Sequence[Row]) -> Sequence[Row]:
    """Orders of a placer with ORC-17, where they were entered, which is no part of an order (IHE RAD TF-2 4.2, Table 4.2-3)."""
    return [[*row, *[""] * (17 - len(row)), ("", organisation)] if row[0] == "ORC" else row for row in rows]


def write_filler_order(message: FillerOrder) -> Sequence[Row]:
    accession, made = present(message.accession_number, "OBR-18"), message.order
    return [
        pid_row(message.patient),
        pv1_row(message.visit),
        *order_rows({1: "SN", 3: accession}, {3: accession, 18: accession}, message.sent_at, made, made.requested_at),
    ]


def write_cancelled_order(message: CancelOrder) -> Sequence[Row]:
    placer = present(message.placer_order_number, "ORC-2")
    orc: dict[int, Field] = {1: "CA", 16: ("", message.reason)}
    return [pid_row(message.patient), *status_rows(orc, message.sent_at, placer, "", message.procedure)]


def write_procedure(message: ProcedureMessage) -> Sequence[Row]:
    control, status = _PROCEDURE_CODES[type(message)]
    return [pid_row(message.patient), pv1_row(message.visit), *procedure_rows({1: control, 5: status}, message)]


def write_imaging_procedure(message: ProcedureMessage) -> Sequence[Row]:
    """OMI^O23 for what is an ORM^O01 with ZDS."""
    control, status = _PROCEDURE_CODES[type(message)]
    steps = imaging_orders.procedure_rows({1: control, 5: status}, message)
    return [pid_row(message.patient), pv1_row(message.visit), *steps]


def write_order_status(message: OrderStatus) -> Sequence[Row]:
    why = message.reason
    orc: dict[int, Field] = {1: message.order_control, 5: message.status, 16: (why.value, why.meaning, why.scheme)}
    return _write_status(orc, message)


def write_report_status(message: ReportStatus) -> Sequence[Row]:
    # the exam is over: CM, so that nobody takes the order back to an earlier state
    progress = (message.status, _REPORT_STATUS_TEXTS[message.status], _REPORT_STATUS_SCHEME)
    return _write_status({1: "SC", 5: "CM", 16: progress}, message)


def _write_status(orc: dict[int, Field], message: OrderStatus | ReportStatus) -> Sequence[Row]:
    accession = present(message.accession_number, "OBR-18")
    named = status_rows(orc, message.sent_at, message.placer_order_number, accession, message.procedure)
    return [pid_row(message.patient), *named]


def write_assigned_number(message: NumberAssigned) -> Sequence[Row]:
    placer, accession = present(message.placer_order_number, "ORC-2"), present(message.accession_number, "ORC-3")
    return [
        er7.row("MSA", {1: "AA", 2: present(message.request_control_id, "MSA-2")}),
        pid_row(message.patient),
        er7.row("ORC", {1: "NA", 2: placer, 3: accession, 9: message.sent_at}),
    ]


# --- reading -------------------------------------------------------------------------------------------------------------

_Header = tuple[str, Stamp, Patient]
"""What all messages start with: control ID, time and patient."""


def read_order(message: Message, control_id: str, sent_at: Stamp) -> OrderMessage:
    groups = order_groups(message)
    header = (control_id, sent_at, patient(message))
    control = _order_control(groups)
    kind = _procedure_kind(control, groups)
    if kind is not None and message.first("ZDS") is not None:
        return kind(*header, visit(message), *procedure(groups, single(message, "ZDS")))
    if control == "NW":
        return PlaceOrder(*header, visit(message), tuple(map(_placed, groups)))
    read = _READERS.get(control)
    if read is None:
        raise content_error("103", "ORC-1")
    if len(groups) > 1:
        raise content_error("207", "ORC")
    return read(message, groups[0], header)


def read_imaging_order(message: Message, control_id: str, sent_at: Stamp) -> ProcedureMessage:
    """OMI^O23: always with its steps."""
    groups = order_groups(message)
    kind = _procedure_kind(_order_control(groups), groups)
    if kind is None:
        raise content_error("103", "ORC-1")
    return kind(control_id, sent_at, patient(message), visit(message), *imaging_orders.procedure(groups))


def _order_control(groups: Sequence[OrderGroup]) -> str:
    """ORC-1, the same in all."""
    control = needed(text(groups[0].orc, 1), "ORC-1")
    if any(text(group.orc, 1) != control for group in groups):
        raise content_error("207", "ORC-1")
    return control


def _procedure_kind(control: str, groups: Sequence[OrderGroup]) -> type[ProcedureMessage] | None:
    """What a message with steps is; None for an order control that comes without."""
    status = text(groups[0].orc, 5)
    return (_COMPLETED if status == "CM" else {}).get(control) or _ANY_STATUS.get(control)


def _placed(group: OrderGroup) -> Order:
    """An order with the number that its placer gave it."""
    needed(placer_number(group.orc, group.obr), "ORC-2")
    return order(group)


def _read_changed_order(message: Message, group: OrderGroup, header: _Header) -> ChangeOrder:
    return ChangeOrder(*header, visit(message), _placed(group))


def _read_filler_order(message: Message, group: OrderGroup, header: _Header) -> FillerOrder:
    return FillerOrder(*header, visit(message), order(group), accession_number(group.orc, group.obr))


def _read_cancelled_order(_: Message, group: OrderGroup, header: _Header) -> CancelOrder:
    orc, obr = group.orc, group.obr
    placer = needed(placer_number(orc, obr), "ORC-2")
    return CancelOrder(*header, placer, procedure_code(obr), stated(said(orc, 16, 2) or said(orc, 16)))


def _read_status(_: Message, group: OrderGroup, header: _Header) -> OrderStatus | ReportStatus:
    orc, obr = group.orc, group.obr
    numbers = (placer_number(orc, obr), accession_number(orc, obr), procedure_code(obr))
    control, status, why = text(orc, 1), text(orc, 5), fields.code(orc, 16)
    if control == "SC" and why.scheme == _REPORT_STATUS_SCHEME:
        if why.value not in _REPORT_STATUS_TEXTS:
            raise content_error("103", "ORC-16")
        return ReportStatus(*header, *numbers, why.value)
    if needed(status, "ORC-5") not in ORDER_STATUSES:
        raise content_error("103", "ORC-5")
    return OrderStatus(*header, *numbers, status, control, why)


_READERS: Mapping[str, Callable[[Message, OrderGroup, _Header], OrderMessage]] = {
    "XO": _read_changed_order,
    "CA": _read_cancelled_order,
    "SN": _read_filler_order,
    **dict.fromkeys(STATUS_CONTROLS, _read_status),
}
"""By ORC-1, of one order and without ZDS."""


def read_assigned_number(message: Message, control_id: str, sent_at: Stamp) -> NumberAssigned:
    orc, msa = single(message, "ORC"), segment(message, "MSA")
    if needed(text(orc, 1), "ORC-1") != "NA":
        raise content_error("103", "ORC-1")
    placer, accession = needed(text(orc, 2), "ORC-2"), needed(text(orc, 3), "ORC-3")
    return NumberAssigned(control_id, sent_at, patient(message), placer, accession, text(msa, 2))
