"""ORC, OBR, TQ1 and ZDS: an order, and the steps that were made of it. Where steps stand in IPC: imaging_orders.py.

The same in 2.3.1 and 2.5.1: ORC-2 and OBR-2 the placer's number, ORC-3, OBR-3 and OBR-18 the accession number, ORC-4 the
placer's group, OBR-4 the procedure code with the protocol code as its alternate, OBR-6 when the exam was asked for, OBR-15.4
the body part, ORC-12 and OBR-16 the ordering physician, OBR-19 the requested procedure, OBR-20 the scheduled step, OBR-21 the
station's AE title, OBR-24 the modality, OBR-31 the reason, OBR-34 the performing physician, ZDS-1 the Study Instance UID.
Start and priority are ORC-7 and OBR-27, which 2.5.1 keeps for backward compatibility; TQ1, their new place, is read too.

Where there are steps, OBR-24 is the modality of the step (RAD TF-2 4.4), and ZDS-2, a field of ours, that of the order if the
first step has another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emulators.codecs.hl7v2 import fields, names
from emulators.codecs.hl7v2.fields import needed, present, said, stated, text
from emulators.codecs.hl7v2.rejection import content_error
from emulators.core.instant import Stamp
from emulators.messages.common import Code
from emulators.messages.orders import Order, ProcedureMessage, ScheduledProcedure
from emulators.wire import er7
from emulators.wire.er7 import NULL, Field, Message, Repetition, Row, Segment

_PRIORITY_CODES: Mapping[str, str] = {"STAT": "S", "ROUTINE": "R"}
"""Table 0485 and TQ-6. Read, S is STAT and all else routine."""

# --- writing -------------------------------------------------------------------------------------------------------------


def order_rows(
    orc: dict[int, Field], obr: dict[int, Field], sent_at: Stamp, order: Order, start: Stamp, number: int = 1
) -> tuple[Row, Row]:
    """ORC and OBR with all of an order, the ``number``-th of the message; ``orc`` and ``obr`` hold what is special of it."""
    placer = order.placer_order_number
    physician = names.xcn(order.ordering_physician)
    timing: Repetition = ("", "", "", start, "", _PRIORITY_CODES[order.priority])
    common_order: dict[int, Field] = {2: placer, 4: order.placer_group_number, 7: timing, 9: sent_at, 12: physician}
    order_detail: dict[int, Field] = {
        1: str(number),
        2: placer,
        4: fields.ce(order.procedure, "OBR-4"),
        6: order.requested_at,
        15: ("", "", "", order.body_part),
        16: physician,
        24: order.modality,
        27: timing,
        31: ("", order.reason),
    }
    return er7.row("ORC", common_order | orc), er7.row("OBR", order_detail | obr)


def procedure_rows(orc: dict[int, Field], message: ProcedureMessage) -> Sequence[Row]:
    """An ORC and OBR for each step, and the one ZDS."""
    rows: list[Row] = []
    order = message.order
    accession = present(message.procedure.accession_number, "OBR-18")
    for number, step in enumerate(message.steps, 1):
        protocol = step.protocol
        obr: dict[int, Field] = {
            3: accession,
            4: (*fields.ce(order.procedure, "OBR-4"), protocol.value, protocol.meaning, protocol.scheme),
            18: accession,
            19: step.requested_procedure_id,
            20: step.step_id,
            21: step.station_ae_title,
            24: step.modality,
            34: names.ndl(step.performing_physician),
        }
        rows += order_rows(orc | {3: accession}, obr, message.sent_at, order, step.start, number)
    study = (message.procedure.study_instance_uid, "Radloop", "Application", "DICOM")
    other_modality = (order.modality or NULL) if order.modality != message.procedure.modality else ""
    return [*rows, er7.row("ZDS", {1: study, 2: other_modality})]


def status_rows(orc: dict[int, Field], sent_at: Stamp, placer: str, accession: str, procedure: Code) -> tuple[Row, Row]:
    """ORC and OBR that name an order and say nothing of what it asks for."""
    obr: dict[int, Field] = {1: "1", 2: placer, 3: accession, 4: fields.ce(procedure, "OBR-4"), 18: accession}
    return er7.row("ORC", {2: placer, 3: accession, 9: sent_at} | orc), er7.row("OBR", obr)


# --- reading -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class OrderGroup:
    """An ORC with what follows it."""

    orc: Segment
    obr: Segment
    tq1: Segment | None
    ipc: Sequence[Segment]


def order_groups(message: Message) -> Sequence[OrderGroup]:
    """In the order of the message, one at least. Rejection 100: an ORC without OBR, or an OBR without ORC."""
    runs: list[list[Segment]] = []  # an ORC, and all up to the next
    for one in message.segments:
        name = one.name
        if name == "ORC":
            runs.append([one])
        elif runs:
            runs[-1].append(one)
        elif name == "OBR":
            raise content_error("100", "ORC")
    if not runs:
        raise content_error("100", "ORC")
    return [_group(run) for run in runs]


def _group(run: Sequence[Segment]) -> OrderGroup:
    obr: Segment | None = None
    tq1: Segment | None = None
    for one in run:
        name = one.name
        if name == "OBR":
            if obr is not None:
                raise content_error("100", "ORC")
            obr = one
        elif name == "TQ1":
            tq1 = tq1 or one
    if obr is None:
        raise content_error("100", "OBR")
    return OrderGroup(run[0], obr, tq1, [one for one in run if one.name == "IPC"])


def order(group: OrderGroup) -> Order:
    """What a placer asks for; the time is that of ORC-7, or else of OBR-6."""
    return _order(group, start_of(group) or _requested_at(group), text(group.obr, 24))


def of_one_order(groups: Sequence[OrderGroup]) -> None:
    """Rejection 207 for groups of several orders, of which all but one were lost."""
    if len(groups) > 1 and len({placer_number(group.orc, group.obr) for group in groups}) > 1:
        raise content_error("207", "ORC-2")


def procedure(groups: Sequence[OrderGroup], zds: Segment) -> tuple[Order, tuple[ScheduledProcedure, ...]]:
    """The order, and a step for each group."""
    of_one_order(groups)
    asked = order_of_procedure(groups[0], stated(said(zds, 2) or said(groups[0].obr, 24)))
    return asked, tuple(_step(group, zds) for group in groups)


def order_of_procedure(group: OrderGroup, modality: str) -> Order:
    """What was asked for, where ORC-7 and TQ1 are the step's: the time is that of OBR-6."""
    return _order(group, _requested_at(group), modality)


def _order(group: OrderGroup, requested_at: Stamp, modality: str) -> Order:
    orc, obr = group.orc, group.obr
    return Order(
        placer_order_number=placer_number(orc, obr),
        procedure=procedure_code(obr),
        modality=modality,
        body_part=text(obr, 15, 4),
        priority="STAT" if _timing(group, 6, 9) == "S" else "ROUTINE",
        requested_at=requested_at,
        reason=stated(said(obr, 31, 2) or said(obr, 31)),
        ordering_physician=names.person_of_xcn(orc, 12) if orc.field(12) else names.person_of_xcn(obr, 16),
        placer_group_number=text(orc, 4),
    )


def _step(group: OrderGroup, zds: Segment) -> ScheduledProcedure:
    orc, obr = group.orc, group.obr
    return ScheduledProcedure(
        accession_number=accession_number(orc, obr),
        study_instance_uid=needed(text(zds, 1), "ZDS-1"),
        requested_procedure_id=text(obr, 19),
        step_id=text(obr, 20),
        protocol=fields.code(obr, 4, 4),
        station_ae_title=text(obr, 21),
        start=start_of(group),
        modality=text(obr, 24),
        performing_physician=names.person_of_ndl(obr, 34),
    )


def _timing(group: OrderGroup, component: int, field_of_tq1: int) -> str:
    """A component of ORC-7, else of OBR-27, else the field of TQ1 that stands for it (2.5 and later)."""
    raw = said(group.orc, 7, component) or said(group.obr, 27, component)
    if not raw and group.tq1 is not None:
        raw = said(group.tq1, field_of_tq1)
    return stated(raw)


def start_of(group: OrderGroup) -> Stamp:
    return fields.stamp(_timing(group, 4, 7), "ORC-7")


def _requested_at(group: OrderGroup) -> Stamp:
    return fields.stamp(text(group.obr, 6), "OBR-6")


def placer_number(orc: Segment | None, obr: Segment) -> str:
    """ORC-2 or OBR-2; empty where the placer has not assigned one."""
    return stated((said(orc, 2) if orc is not None else "") or said(obr, 2))


def accession_number(orc: Segment | None, obr: Segment) -> str:
    """OBR-18 (IHE RAD TF-2 4.4), else the filler order number."""
    return needed(stated(said(obr, 18) or said(obr, 3) or (said(orc, 3) if orc is not None else "")), "OBR-18")


def procedure_code(obr: Segment) -> Code:
    """OBR-4; a CE may hold a text alone."""
    procedure = fields.code(obr, 4)
    needed(procedure.value or procedure.meaning, "OBR-4")
    return procedure
