"""OMG^O19 and OMI^O23 of 2.5.1 (4.4.4, 4.4.12): an order with its timing in TQ1, a procedure with a step in each IPC.

OMG is ORM with the timing in another place: start in TQ1-7 and priority in TQ1-9 instead of ORC-7 and OBR-27. OMI has no ZDS,
and OBR-18 to OBR-21 are empty: IPC-1 is the accession number, IPC-2 the requested procedure, IPC-3 the Study Instance UID,
IPC-4 the scheduled step, IPC-5 its modality, IPC-6 its protocol code and IPC-9 the station's AE title; IPC-1 to IPC-4 are
required.

Several IPC under one OBR are several steps of one procedure (IHE RAD TF-2 4.4). IPC has no room for a start or a performing
physician: a step that has others than the one before it gets an ORC and OBR of its own, with the same numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from emulators.codecs.hl7v2 import fields, names
from emulators.codecs.hl7v2.fields import needed, present, said, stated, text
from emulators.codecs.hl7v2.order_segments import OrderGroup, of_one_order, order_of_procedure, order_rows, start_of
from emulators.codecs.hl7v2.rejection import content_error
from emulators.core.errors import LocalProtocolError
from emulators.messages.orders import Order, ProcedureMessage, ScheduledProcedure
from emulators.wire import er7
from emulators.wire.er7 import NULL, Field, Row, Segment

_LOCATIONS: Mapping[str, str] = {
    "accession_number": "IPC-1",
    "requested_procedure_id": "IPC-2",
    "study_instance_uid": "IPC-3",
    "step_id": "IPC-4",
    "modality": "IPC-5",
    "station_ae_title": "IPC-9",
}
"""Where an attribute of a step stands that its constructor may refuse."""

# --- writing -------------------------------------------------------------------------------------------------------------


def timed_by_tq1(rows: Sequence[Row]) -> Iterator[Row]:
    """The rows of an ORM with a TQ1 in the place of ORC-7 and OBR-27."""
    for row in rows:
        if row[0] not in ("ORC", "OBR"):
            yield row
            continue
        number = 7 if row[0] == "ORC" else 27
        timing = row[number] if len(row) > number else None
        yield [*row[:number], None, *row[number + 1 :]] if timing else row
        if isinstance(timing, tuple) and row[0] == "ORC":
            yield er7.row("TQ1", {1: "1", 7: timing[3], 9: timing[5]})


def procedure_rows(orc: dict[int, Field], message: ProcedureMessage) -> Sequence[Row]:
    """An ORC, TQ1 and OBR for the steps that begin together, and an IPC for each of them."""
    rows: list[Row] = []
    order, accession = message.order, present(message.procedure.accession_number, "IPC-1")
    modality = order.modality or (NULL if message.procedure.modality else "")
    together = groupby(message.steps, lambda step: (step.start, step.performing_physician))
    for number, ((start, physician), steps) in enumerate(together, 1):
        obr: dict[int, Field] = {3: accession, 24: modality, 34: names.ndl(physician)}
        rows += timed_by_tq1(order_rows(orc | {3: accession}, obr, message.sent_at, order, start, number))
        rows += [_ipc(step, order) for step in steps]
    return rows


def _ipc(step: ScheduledProcedure, order: Order) -> Row:
    protocol = step.protocol
    return er7.row(
        "IPC",
        {
            1: present(step.accession_number, "IPC-1"),
            2: present(step.requested_procedure_id, "IPC-2"),
            3: present(step.study_instance_uid, "IPC-3"),
            4: present(step.step_id, "IPC-4"),
            5: step.modality or (NULL if order.modality else ""),
            6: (protocol.value, protocol.meaning, protocol.scheme),
            9: step.station_ae_title,
        },
    )


# --- reading -------------------------------------------------------------------------------------------------------------


def procedure(groups: Sequence[OrderGroup]) -> tuple[Order, tuple[ScheduledProcedure, ...]]:
    """The order, and a step for each IPC. Rejection 100: an OBR without; 207: several orders, or several procedures."""
    of_one_order(groups)
    if not all(group.ipc for group in groups):
        raise content_error("100", "IPC")
    steps = tuple(_step(group, ipc) for group in groups for ipc in group.ipc)
    first = steps[0]
    shared = (first.accession_number, first.study_instance_uid, first.requested_procedure_id)
    if any((one.accession_number, one.study_instance_uid, one.requested_procedure_id) != shared for one in steps):
        raise content_error("207", "IPC-1")
    obr, ipc = groups[0].obr, groups[0].ipc[0]
    return order_of_procedure(groups[0], stated(said(obr, 24) or said(ipc, 5))), steps


def _step(group: OrderGroup, ipc: Segment) -> ScheduledProcedure:
    accession, requested, study, step_id = (needed(text(ipc, number), f"IPC-{number}") for number in range(1, 5))
    try:
        return ScheduledProcedure(
            accession_number=accession,
            study_instance_uid=study,
            requested_procedure_id=requested,
            step_id=step_id,
            protocol=fields.code(ipc, 6),
            station_ae_title=text(ipc, 9),
            start=start_of(group),
            modality=stated(said(ipc, 5) or said(group.obr, 24)),
            performing_physician=names.person_of_ndl(group.obr, 34),
        )
    except LocalProtocolError as error:
        attribute = str(error).partition(":")[0]
        raise content_error("102", _LOCATIONS.get(attribute, "IPC")) from None
