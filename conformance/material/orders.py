"""Orders of a trial: ORM^O01 from the placer, and what the filler says of them to image manager, reading system and placer.

``imaging_procedure`` and ``as_omg`` say the same in OMI^O23 and OMG^O19 (HL7 v2.5.1 4.4.12, 4.4.4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.material.hl7 import SENT_AT
from conformance.material.messages import Sent, message_to_product
from conformance.material.patients import Patient, Visit, pid
from conformance.trial import Trial
from emulators.wire.er7 import Field, Row, row

ORDERED_BY = ("4711", "Grey", "Ada")


@dataclass(frozen=True, slots=True)
class Order:
    """One procedure. The filler's own numbers, ``accession`` and ``study_instance_uid``, are empty in the placer's message."""

    placer: str
    patient: Patient
    visit: Visit
    accession: str = ""
    study_instance_uid: str = ""
    procedure: tuple[str, ...] = ("CT-HEAD", "CT head without contrast", "99RADLOOP")
    modality: str = "CT"
    start: str = "20250303140000"
    priority: str = "R"  # S: stat
    fields: Mapping[int, Field] = field(default_factory=dict)
    """Of OBR, beside or instead of the others."""

    @property
    def row_of_study(self) -> Row:
        """ZDS, IHE's segment of the Study Instance UID (RAD TF-2 4.4)."""
        return row("ZDS", {1: (self.study_instance_uid, "RADLOOP", "Application", "DICOM")})


def order_of(trial: Trial, patient: Patient | None = None, visit: Visit | None = None) -> Order:
    """An order with numbers of its own, those of the filler too."""
    return Order(
        trial.identifier("O"),
        patient or Patient(trial.patient_id()),
        visit or Visit(trial.identifier("V")),
        trial.accession_number(),
        trial.uid(),
    )


def new_order(
    trial: Trial, order: Order, *others: Order, pid_fields: Mapping[int, Field] | None = None, **options: Any
) -> Sent:
    """From the placer (RAD-2); ``others`` are of the same patient and visit, in the same message."""
    rows = [pid(order.patient, pid_fields), order.visit.row()]
    for one in (order, *others):
        rows += _order_rows("NW", "", one, is_of_filler=False)
    return orm(trial, rows, **options)


def changed_order(trial: Trial, order: Order, **options: Any) -> Sent:
    """From the placer: XO, the order as it is now."""
    return orm(trial, [pid(order.patient), order.visit.row(), *_order_rows("XO", "", order, is_of_filler=False)], **options)


def cancelled_order(trial: Trial, order: Order, **options: Any) -> Sent:
    """From the placer: CA."""
    return orm(trial, [pid(order.patient), order.visit.row(), *_order_rows("CA", "", order, is_of_filler=False)], **options)


def scheduled(trial: Trial, order: Order, **options: Any) -> Sent:
    """To the image manager, with accession number and Study Instance UID (RAD-4)."""
    return _from_filler(trial, _of_filler("NW", "SC", order), options)


def taken_back(trial: Trial, order: Order, **options: Any) -> Sent:
    """To the image manager: what was scheduled is cancelled (RAD-13)."""
    return _from_filler(trial, _of_filler("CA", "CA", order), options)


def ready_to_read(trial: Trial, order: Order, **options: Any) -> Sent:
    """To the reading system: the procedure is complete."""
    return _from_filler(trial, _of_filler("SC", "CM", order), options)


def not_to_be_read(trial: Trial, order: Order, **options: Any) -> Sent:
    """To the reading system: the procedure is taken off its list."""
    return orm(trial, _of_filler("CA", "CM", order), **options)


def order_status(trial: Trial, order: Order, status: str, **options: Any) -> Sent:
    """To the placer (RAD-3); ``status`` is ORC-5, table 0038."""
    rows = [pid(order.patient), *_order_rows("SC", status, order, is_of_filler=True)]
    return _from_filler(trial, rows, options)


def orm(trial: Trial, rows: Sequence[Row], **options: Any) -> Sent:
    """An ORM^O01 with any segments after MSH; ``options`` are those of ``message_to_product``."""
    return message_to_product(trial, "ORM^O01^ORM_O01", rows, **options)


def as_omg(trial: Trial, order: Order) -> Sent:
    """A new order of the placer as OMG^O19: start and priority stand in TQ1."""
    orc, obr = _order_rows("NW", "", order, is_of_filler=False, is_timed=False)
    rows = [pid(order.patient), order.visit.row(), orc, _timing(order), obr]
    return message_to_product(trial, "OMG^O19^OMG_O19", rows, version="2.5.1")


def imaging_procedure(trial: Trial, order: Order, step_ids: Sequence[str], **options: Any) -> Sent:
    """A procedure that another filler has scheduled, as OMI^O23: an IPC for each of its steps."""
    orc, obr = _order_rows("NW", "SC", order, is_of_filler=True, is_timed=False)
    named: dict[int, Field] = {1: order.accession, 2: f"R{order.accession}"[:16], 3: order.study_instance_uid}
    steps = [row("IPC", {**named, 4: step_id, 5: order.modality, 6: order.procedure}) for step_id in step_ids]
    rows = [pid(order.patient), order.visit.row(), orc, _timing(order), obr, *steps]
    return message_to_product(trial, "OMI^O23^OMI_O23", rows, version="2.5.1", **options)


def _timing(order: Order) -> Row:
    return row("TQ1", {1: "1", 7: order.start, 9: order.priority})


def _from_filler(trial: Trial, rows: list[Row], options: dict[str, Any]) -> Sent:
    """From the RIS itself, to an EHR by its engine."""
    return orm(trial, rows, **({} if trial.role == "ehr" else {"sender": "ris"}) | options)


def _of_filler(control: str, status: str, order: Order) -> list[Row]:
    rows = _order_rows(control, status, order, is_of_filler=True)
    return [pid(order.patient), order.visit.row(), *rows, order.row_of_study]


def _order_rows(control: str, status: str, order: Order, *, is_of_filler: bool, is_timed: bool = True) -> list[Row]:
    """ORC and OBR; ``is_timed``: with start and priority, which OMG and OMI have elsewhere."""
    accession = order.accession if is_of_filler else ""
    timing = ("", "", "", order.start, "", order.priority) if is_timed else ()
    orc: dict[int, Field] = {1: control, 2: order.placer, 3: accession, 5: status, 7: timing, 9: SENT_AT, 12: ORDERED_BY}
    obr: dict[int, Field] = {1: "1", 2: order.placer, 3: accession, 4: order.procedure, 16: ORDERED_BY, 18: accession}
    obr |= {19: f"R{accession}"[:16], 20: f"S{accession}"[:16]} if is_of_filler else {}
    obr |= {24: order.modality, 27: timing, 31: ("", "Headache"), **order.fields}
    return [row("ORC", orc), row("OBR", obr)]
