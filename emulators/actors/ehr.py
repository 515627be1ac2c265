"""The EHR: keeps patients and visits, places, changes and cancels orders, files reports, and shows the chart (chart.py).

===============================  =====================================================================================
``register`` and the like        patient, visit, deleted: the ADT message of ``ADMINISTRATION`` to the engine
``merge``                        patient (who stays), prior_patient_id, prior_issuer: MergePatients (A40)
``place order``                  patient, visit, orders: one PlaceOrder with all of them
``change order``                 placer; order, as it is now: ChangeOrder
``cancel order``                 placer; reason: CancelOrder
``show chart``                   placer or accession number: note ``chart``
OrderStatus                      taken if it is further than what is known; UC is noted as it comes
FillerOrder                      a chart entry under the number ``F`` and the accession number: NumberAssigned
Report                           each of its orders filed, or none
note ``order status``            placer; accession, status, order_control
note ``placer number assigned``  accession; placer
note ``report filed``            placer; accession, and the report as it is shown now: status, text, addendum
note ``order closed``            placer; mrn, state: reported, cancelled or discontinued; once
note ``chart``                   placer; mrn, accession, shown (the report's state in words), text, addenda, earlier: how many
                                 reports there were before the one that holds; documents, if there are any: type, size, digest
note ``no such order``           placer: a person named an order that is not in the chart
===============================  =====================================================================================

Rules
- An order is found by its placer number; where that is not known or not said, by the accession number that the filler gave it.
  Both, where known, must be of one order (AE 204), and the patient the order's (AE 204 PID-3).
- After a merge everything is the survivor's (patient_index.py). What names the merged ID is about the survivor; of a stimulus
  that does, only an update says anything new about the person.
- What the EHR sends is about the patient as it knows him, and bears the visit as ADT last described it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

from emulators.actors.chart import ChartEntry
from emulators.actors.outbox import RetryPolicy
from emulators.actors.patient_index import PatientIndex
from emulators.actors.system import ACCEPTED, DUPLICATE_KEY, UNKNOWN_KEY, Accepted, System, refused
from emulators.core.effect import Effect, Note
from emulators.core.errors import LocalProtocolError
from emulators.core.identity import control_id
from emulators.core.instant import WallClock
from emulators.messages.adt import (
    AdmitPatient,
    CancelAdmission,
    DischargePatient,
    MergePatients,
    PatientMessage,
    PreadmitPatient,
    RegisterPatient,
    TransferPatient,
    UpdatePatient,
    UpdatePerson,
)
from emulators.messages.common import Patient, Visit
from emulators.messages.orders import CancelOrder, ChangeOrder, FillerOrder, NumberAssigned, Order, OrderStatus, PlaceOrder
from emulators.messages.report import Document, Report

ADMINISTRATION: Mapping[str, type[PatientMessage]] = {
    "register": RegisterPatient,
    "admit": AdmitPatient,
    "preadmit": PreadmitPatient,
    "transfer": TransferPatient,
    "discharge": DischargePatient,
    "cancel admission": CancelAdmission,
    "update patient": UpdatePatient,
    "update person": UpdatePerson,
}
"""What happens at the desk, by stimulus."""

_UPDATES = (UpdatePatient, UpdatePerson)


class Ehr(System):
    """``engine`` is the system that all its messages go to."""

    def __init__(self, name: str, clock: WallClock, engine: str, retry: RetryPolicy | None = None) -> None:
        super().__init__(name, clock, retry)
        self._engine = engine
        self._patients = PatientIndex()
        self._visits: dict[str, Visit] = {}
        self._orders: dict[str, ChartEntry] = {}
        self._placers: dict[str, str] = {}
        """Accession number to placer order number."""
        self._occurrences: dict[tuple[str, str], int] = {}
        self.stimuli = {
            **{name: partial(self._administer, message) for name, message in ADMINISTRATION.items()},
            "merge": self._merge,
            "place order": self._place_order,
            "change order": self._change_order,
            "cancel order": self._cancel_order,
            "show chart": self._show_chart,
        }
        self.requests = {OrderStatus: self._order_status, FillerOrder: self._filler_order, Report: self._report}

    def chart(self, placer: str) -> ChartEntry | None:
        """What a reader finds under a placer order number, with the patient as known now."""
        entry = self._orders.get(placer)
        return entry and replace(entry, patient=self._patients.resolved(entry.patient))

    def status(self) -> dict[str, list[dict[str, int | str]]]:
        """Also ``open_orders``: how far each of them is, in words."""
        open_orders: list[dict[str, int | str]] = [
            {"placer": placer, "accession": entry.accession_number, "status": entry.shown_status}
            for placer, entry in self._orders.items()
            if not entry.closed
        ]
        return {**super().status(), "open_orders": open_orders}

    def _control(self, subject: str, purpose: str) -> str:
        """MSH-10 of the next message of this kind about ``subject``."""
        occurrence = self._occurrences[subject, purpose] = self._occurrences.get((subject, purpose), 0) + 1
        return control_id(subject, purpose, occurrence)

    # --- patients ------------------------------------------------------------------------------------------------------

    def _administer(self, message: type[PatientMessage], data: Mapping[str, Any]) -> Sequence[Effect]:
        patient: Patient = data["patient"]
        visit: Visit = data["visit"]
        deleted: tuple[str, ...] = data.get("deleted", ())
        survivor = self._patients.resolved(patient)
        if survivor.patient_id != patient.patient_id and message not in _UPDATES:
            patient, deleted = survivor, ()
        elif (survivor.patient_id, survivor.issuer) != (patient.patient_id, patient.issuer):
            patient = replace(patient, patient_id=survivor.patient_id, issuer=survivor.issuer)
        control = self._control(visit.visit_number or patient.patient_id, message.event)
        sent = message(control, self.stamp(), patient, visit, deleted)
        self._patients.take(sent)
        if visit.visit_number:
            self._visits[visit.visit_number] = visit
        return self.outbox.put(self._engine, sent)

    def _merge(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        patient: Patient = data["patient"]
        control = self._control(patient.patient_id, MergePatients.event)
        sent = MergePatients(control, self.stamp(), patient, data["prior_patient_id"], data["prior_issuer"])
        self._patients.take(sent)
        return self.outbox.put(self._engine, sent)

    # --- orders out ----------------------------------------------------------------------------------------------------

    def _place_order(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        orders: tuple[Order, ...] = tuple(data["orders"])
        placers = [order.placer_order_number for order in orders]
        if not placers or "" in placers:
            raise LocalProtocolError(f"{self.name}: place order: no orders, or one without its placer order number")
        if data.get("subject", placers[0]) != placers[0]:
            raise LocalProtocolError(f"{self.name}: place order: the subject is not the placer order number of the first order")
        patient, visit = self._patients.resolved(data["patient"]), self._visit(data["visit"])
        message = PlaceOrder(self._control(placers[0], "NW"), self.stamp(), patient, visit, orders)
        for placer, order in zip(placers, orders, strict=True):
            self._orders.setdefault(placer, ChartEntry(patient, visit, order))
        return self.outbox.put(self._engine, message)

    def _change_order(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        placer: str = data["subject"]
        entry = self._orders.get(placer)
        if entry is None:
            return [Note("no such order", placer, {})]
        order: Order = replace(data["order"], placer_order_number=placer)
        patient, visit = self._patients.resolved(entry.patient), self._visit(entry.visit)
        message = ChangeOrder(self._control(placer, "XO"), self.stamp(), patient, visit, order)
        entry.order = order
        return self.outbox.put(self._engine, message)

    def _cancel_order(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        placer: str = data["subject"]
        entry = self._orders.get(placer)
        if entry is None:
            return [Note("no such order", placer, {})]
        patient, procedure = self._patients.resolved(entry.patient), entry.order.procedure
        control = self._control(placer, "CA")
        message = CancelOrder(control, self.stamp(), patient, placer, procedure, data.get("reason", ""))
        return self.outbox.put(self._engine, message)

    def _show_chart(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        named: str = data["subject"]
        placer = named if named in self._orders else self._placers.get(named, named)
        entry = self.chart(placer)
        if entry is None:
            return [Note("no such order", placer, {})]
        fields = {
            "mrn": entry.patient.patient_id,
            "accession": entry.accession_number,
            "shown": entry.shown_status,
            "text": entry.text,
            "addenda": list(entry.addenda),
            "earlier": max(0, len(entry.history) - 1),
        }
        if entry.documents:
            fields["documents"] = [_described(document) for document in entry.documents]
        return [Note("chart", placer, fields)]

    def _visit(self, visit: Visit) -> Visit:
        """As ADT last described it."""
        return self._visits.get(visit.visit_number, visit)

    # --- what comes back -----------------------------------------------------------------------------------------------

    def _placer(self, placer: str, accession: str) -> str:
        """The number in the chart of the order that is named; empty if there is none."""
        return placer if placer in self._orders else self._placers.get(accession, "")

    def _refusal(self, placer: str, accession: str, patient: Patient, segment: str) -> Accepted | None:
        """Why what is said is not about the order ``placer`` of the chart."""
        entry = self._orders.get(placer)
        if entry is None:
            return refused(UNKNOWN_KEY, f"{segment}-2")
        known = entry.accession_number or accession
        if accession and (known != accession or self._placers.get(accession, placer) != placer):
            return refused(UNKNOWN_KEY, f"{segment}-3")
        if not self._patients.same(entry.patient, patient):
            return refused(UNKNOWN_KEY, "PID-3")
        return None

    def _learn(self, placer: str, accession: str) -> ChartEntry:
        """The chart entry, with the accession number if it is said."""
        entry = self._orders[placer]
        if accession and not entry.accession_number:
            entry.accession_number = accession
            self._placers[accession] = placer
        return entry

    def _order_status(self, message: OrderStatus, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        accession = message.accession_number
        placer = self._placer(message.placer_order_number, accession)
        refusal = self._refusal(placer, accession, message.patient, "ORC")
        if refusal is not None:
            return refusal, ()
        entry = self._learn(placer, accession)
        if not entry.advance(message.status) and message.order_control != "UC":
            return ACCEPTED, ()
        fields = {
            "accession": entry.accession_number,
            "status": entry.order_status,
            "order_control": message.order_control,
        }
        return ACCEPTED, [Note("order status", placer, fields), *self._closing(placer, entry)]

    def _filler_order(self, message: FillerOrder, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        accession = message.accession_number
        placer = self._placers.get(accession) or f"F{accession}"
        patient = self._patients.resolved(message.patient)
        known = self._orders.get(placer)
        if not accession or (known is not None and known.accession_number != accession):
            return refused(DUPLICATE_KEY if accession else UNKNOWN_KEY, "ORC-3"), ()
        if known is None:
            order = replace(message.order, placer_order_number=placer)
            self._orders[placer] = ChartEntry(patient, message.visit, order, accession)
            self._placers[accession] = placer
        control = self._control(accession, "NA")
        answer = NumberAssigned(control, self.stamp(), patient, placer, accession, message.control_id)
        return ACCEPTED, [
            *self.outbox.put(self._engine, answer),
            Note("placer number assigned", accession, {"placer": placer}),
        ]

    def _report(self, message: Report, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        placers = [self._placer(order.placer_order_number, order.accession_number) for order in message.orders]
        for placer, order in zip(placers, message.orders, strict=True):
            refusal = self._refusal(placer, order.accession_number, message.patient, "OBR")
            if refusal is None and self._orders[placer].misses_its_report(message):
                refusal = refused(UNKNOWN_KEY, "OBX-3")
            if refusal is not None:
                return refusal, ()
        effects: list[Effect] = []
        for placer, order in zip(placers, message.orders, strict=True):
            entry = self._learn(placer, order.accession_number)
            if entry.file(message):
                effects.extend(self._filed(placer, entry))
        return ACCEPTED, effects

    def _filed(self, placer: str, entry: ChartEntry) -> Iterator[Effect]:
        fields = {
            "accession": entry.accession_number,
            "status": entry.report_status,
            "text": entry.text,
            "addendum": "\n".join(entry.addenda),
        }
        yield Note("report filed", placer, fields)
        yield from self._closing(placer, entry)

    def _closing(self, placer: str, entry: ChartEntry) -> Sequence[Effect]:
        if entry.closed or not entry.ending:
            return ()
        entry.closed = entry.ending
        patient = self._patients.resolved(entry.patient)
        return [Note("order closed", placer, {"mrn": patient.patient_id, "state": entry.closed})]


def _described(document: Document) -> dict[str, str | int]:
    """What a reader sees of a document before it is opened; of a pointer where it points."""
    if document.value_type == "RP":
        return {"type": document.media_type, "pointer": document.value[0]}
    content = document.content
    return {"type": document.media_type, "bytes": len(content), "sha256": sha256(content).hexdigest()}
