"""ORM^O01: MSH PID [PV1] ORC OBR [ZDS] (4.4.1), one order per message, in five meanings.

=====  =====  =======  ===  =====================
ORC-1  ORC-5  ORC-16   ZDS
=====  =====  =======  ===  =====================
NW                          PlaceOrder (RAD-2)
NW     SC              yes  ScheduleProcedure (RAD-4)
SC     CM              yes  ReadingListEntry
SC            ours          ReportStatus
SC     any                  OrderStatus (RAD-3)
=====  =====  =======  ===  =====================

Where the values stand, the same in 2.3.1 and 2.5.1: ORC-2 and OBR-2 the placer's number, ORC-3, OBR-3 and OBR-18 the
accession number, OBR-4 the procedure code with the protocol code as its alternate, OBR-6 when the exam was asked for,
OBR-15.4 the body part, ORC-12 and OBR-16 the ordering physician, OBR-19 the requested procedure, OBR-20 the scheduled
step, OBR-21 the station's AE title, OBR-24 the modality, OBR-31 the reason, ZDS-1 the Study Instance UID. Start and
priority are ORC-7 and OBR-27, which 2.5.1 keeps for backward compatibility; TQ1, their new place, is read too.

A message with several orders is refused: its further orders would be lost.
"""

from collections.abc import Mapping, Sequence

from emulators.codecs.hl7v2 import fields
from emulators.codecs.hl7v2.fields import needed, present, said, stated, text
from emulators.codecs.hl7v2.rejection import content_error
from emulators.core.instant import Stamp
from emulators.messages.common import Code
from emulators.messages.orders import (
    ORDER_STATUSES,
    Order,
    OrderStatus,
    PlaceOrder,
    ReadingListEntry,
    ReportStatus,
    ScheduledProcedure,
    ScheduleProcedure,
)
from emulators.wire import er7
from emulators.wire.er7 import Field, Message, Repetition, Row, Segment

OrderMessage = PlaceOrder | ScheduleProcedure | ReadingListEntry | OrderStatus | ReportStatus

_OWN_SCHEME = "99RADLOOP"
_REPORT_STATUS_TEXTS: Mapping[str, str] = {"ASSIGNED": "Report assigned", "IN PROGRESS": "Report in progress"}

_PRIORITY_CODES: Mapping[str, str] = {"STAT": "S", "ROUTINE": "R"}
"""Table 0485 and TQ-6. Read, S is STAT and all else routine."""

# --- writing -------------------------------------------------------------------------------------------------------------


def write_new_order(message: PlaceOrder) -> Sequence[Row]:
    return [
        fields.pid_row(message.patient),
        fields.pv1_row(message.visit),
        *_order_rows({1: "NW"}, {}, message.sent_at, message.order, message.order.requested_at),
    ]


def write_scheduled_procedure(message: ScheduleProcedure) -> Sequence[Row]:
    return _scheduled_rows({1: "NW", 5: "SC"}, message)


def write_reading_list_entry(message: ReadingListEntry) -> Sequence[Row]:
    return _scheduled_rows({1: "SC", 5: "CM"}, message)


def write_order_status(message: OrderStatus) -> Sequence[Row]:
    return _status_rows({1: "SC", 5: message.status}, message)


def write_report_status(message: ReportStatus) -> Sequence[Row]:
    # the exam is over: CM, so that nobody takes the order back to an earlier state
    reason = (message.status, _REPORT_STATUS_TEXTS[message.status], _OWN_SCHEME)
    return _status_rows({1: "SC", 5: "CM", 16: reason}, message)


def _scheduled_rows(orc: dict[int, Field], message: ScheduleProcedure | ReadingListEntry) -> Sequence[Row]:
    procedure, order = message.procedure, message.order
    accession = present(procedure.accession_number, "OBR-18")
    protocol = procedure.protocol
    obr: dict[int, Field] = {
        3: accession,
        4: (*fields.ce(order.procedure, "OBR-4"), protocol.value, protocol.meaning, protocol.scheme),
        18: accession,
        19: procedure.requested_procedure_id,
        20: procedure.step_id,
        21: procedure.station_ae_title,
    }
    return [
        fields.pid_row(message.patient),
        fields.pv1_row(message.visit),
        *_order_rows(orc | {3: accession}, obr, message.sent_at, order, procedure.start),
        er7.row("ZDS", {1: (procedure.study_instance_uid, "Radloop", "Application", "DICOM")}),
    ]


def _order_rows(orc: dict[int, Field], obr: dict[int, Field], sent_at: Stamp, order: Order, start: Stamp) -> tuple[Row, Row]:
    """ORC and OBR with all of an order; ``orc`` and ``obr`` hold what is special of the message."""
    placer = present(order.placer_order_number, "ORC-2")
    physician = fields.xcn(order.ordering_physician)
    timing: Repetition = ("", "", "", start, "", _PRIORITY_CODES[order.priority])
    order_detail: dict[int, Field] = {
        1: "1",
        2: placer,
        4: fields.ce(order.procedure, "OBR-4"),
        6: order.requested_at,
        15: ("", "", "", order.body_part),
        16: physician,
        24: order.modality,
        27: timing,
        31: ("", order.reason),
    }
    return er7.row("ORC", orc | {2: placer, 7: timing, 9: sent_at, 12: physician}), er7.row("OBR", order_detail | obr)


def _status_rows(orc: dict[int, Field], message: OrderStatus | ReportStatus) -> Sequence[Row]:
    placer = present(message.placer_order_number, "ORC-2")
    accession = present(message.accession_number, "OBR-18")
    obr: dict[int, Field] = {1: "1", 2: placer, 3: accession, 4: fields.ce(message.procedure, "OBR-4"), 18: accession}
    return [
        fields.pid_row(message.patient),
        er7.row("ORC", orc | {2: placer, 3: accession, 9: message.sent_at}),
        er7.row("OBR", obr),
    ]


# --- reading -------------------------------------------------------------------------------------------------------------


def read_order(message: Message, control_id: str, sent_at: Stamp) -> OrderMessage:
    orc, obr, zds = fields.segment(message, "ORC"), fields.segment(message, "OBR"), message.first("ZDS")
    for name in ("ORC", "OBR"):
        if len(message.all(name)) > 1:
            raise content_error("207", name)
    control, status = needed(text(orc, 1), "ORC-1"), text(orc, 5)
    if control not in ("NW", "SC"):
        raise content_error("103", "ORC-1")
    patient = fields.patient(message)
    if control == "NW" and zds is None:
        start, priority = _timing(message, orc, obr)
        order = _order(orc, obr, start or fields.stamp(text(obr, 6), "OBR-6"), priority)
        return PlaceOrder(control_id, sent_at, patient, fields.visit(message), order)
    if zds is not None and (control == "NW" or status == "CM"):
        start, priority = _timing(message, orc, obr)
        order = _order(orc, obr, fields.stamp(text(obr, 6), "OBR-6"), priority)
        kind = ScheduleProcedure if control == "NW" else ReadingListEntry
        return kind(control_id, sent_at, patient, fields.visit(message), order, _procedure(orc, obr, zds, start))
    placer, accession = _placer(orc, obr), accession_number(orc, obr)
    if text(orc, 16, 3) == _OWN_SCHEME:
        report_status = text(orc, 16)
        if report_status not in _REPORT_STATUS_TEXTS:
            raise content_error("103", "ORC-16")
        return ReportStatus(control_id, sent_at, patient, placer, accession, procedure_code(obr), report_status)
    if needed(status, "ORC-5") not in ORDER_STATUSES:
        raise content_error("103", "ORC-5")
    return OrderStatus(control_id, sent_at, patient, placer, accession, procedure_code(obr), status)


def _order(orc: Segment, obr: Segment, requested_at: Stamp, priority: str) -> Order:
    return Order(
        placer_order_number=_placer(orc, obr),
        procedure=procedure_code(obr),
        modality=text(obr, 24),
        body_part=text(obr, 15, 4),
        priority="STAT" if priority == "S" else "ROUTINE",
        requested_at=requested_at,
        reason=stated(said(obr, 31, 2) or said(obr, 31)),
        ordering_physician=fields.person(orc, 12, 2) if orc.field(12) else fields.person(obr, 16, 2),
    )


def _procedure(orc: Segment, obr: Segment, zds: Segment, start: Stamp) -> ScheduledProcedure:
    return ScheduledProcedure(
        accession_number=accession_number(orc, obr),
        study_instance_uid=needed(text(zds, 1), "ZDS-1"),
        requested_procedure_id=text(obr, 19),
        step_id=text(obr, 20),
        protocol=fields.code(obr, 4, 4),
        station_ae_title=text(obr, 21),
        start=start,
    )


def _timing(message: Message, orc: Segment, obr: Segment) -> tuple[Stamp, str]:
    """Start and priority: ORC-7, else OBR-27, else TQ1-7 and TQ1-9 (2.5 and later)."""
    start, priority = said(orc, 7, 4) or said(obr, 27, 4), said(orc, 7, 6) or said(obr, 27, 6)
    tq1 = message.first("TQ1")
    if tq1 is not None:
        start, priority = start or said(tq1, 7), priority or said(tq1, 9)
    return fields.stamp(stated(start), "ORC-7"), stated(priority)


def _placer(orc: Segment, obr: Segment) -> str:
    return needed(stated(said(orc, 2) or said(obr, 2)), "ORC-2")


def accession_number(orc: Segment | None, obr: Segment) -> str:
    """OBR-18 (IHE RAD TF-2 4.4), else the filler order number."""
    return needed(stated(said(obr, 18) or said(obr, 3) or (said(orc, 3) if orc is not None else "")), "OBR-18")


def procedure_code(obr: Segment) -> Code:
    """OBR-4; a CE may hold a text alone."""
    procedure = fields.code(obr, 4)
    needed(procedure.value or procedure.meaning, "OBR-4")
    return procedure
