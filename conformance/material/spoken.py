"""Text that goes into a product by HL7 and comes out at another of its interfaces.

=========  ===========================================  ==========================================================
role       goes in                                      comes out
=========  ===========================================  ==========================================================
ris        PID-5 of an order                            Patient's Name on the worklist
pacs       PID-5 of A08 about a stored study            Patient's Name in C-FIND
engine     PID-5 of ADT, or OBX-5 of a report           the same field of what it forwards
ehr        OBX-5 of a report                            what the operator reads in the chart
reporting  PID-5 of an entry of the reading list        PID-5 of the report that the operator signs
=========  ===========================================  ==========================================================
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydicom.dataset import Dataset

from conformance.material.data_sets import raw
from conformance.material.effects import archived_study
from conformance.material.good_messages import placed_order
from conformance.material.messages import Sent
from conformance.material.orders import new_order, order_of, ready_to_read
from conformance.material.patients import Patient, register
from conformance.material.read_back import person_name, studies, worklist
from conformance.material.reports import report
from conformance.material.routing import adt_destination, route_of
from conformance.peers.mllp import MllpListener, ReceivedMessage
from conformance.trial import Trial
from conformance.verdict import Inconclusive
from emulators.wire.er7 import Field

GIVEN = "Jane"
MshFields = Mapping[int, Field]


@dataclass(frozen=True, slots=True)
class Heard:
    """The text, and bytes that it came in."""

    text: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Spoken:
    """``message`` carries a text, with fields of MSH; ``heard`` is what came out of it so far, None while nothing has."""

    message: Callable[[str, MshFields], Sent]
    heard: Callable[[], Heard | None]

    def comes_out(self, trial: Trial) -> Heard | None:
        trial.eventually(lambda: self.heard() is not None, trial.timers.propagation_s)
        return self.heard()


def spoken_name(trial: Trial) -> Spoken:
    """The family name of a patient; at an EHR the text of a report. Raises Inconclusive."""
    makers = {"ris": _of_ris, "pacs": _of_pacs, "engine": _of_engine, "ehr": spoken_report, "reporting": _of_reporting}
    return makers[trial.role](trial)


def _family(entries: list[Dataset], unless: str = "") -> Heard | None:
    for entry in entries:
        name = raw(entry, "PatientName") or b""
        family = person_name(entry).split("^")[0]
        if family and family != unless:
            return Heard(family, name)
    return None


def _of_ris(trial: Trial) -> Spoken:
    patient_id = trial.patient_id()

    def order(text: str, fields: MshFields) -> Sent:
        return new_order(trial, order_of(trial, Patient(patient_id, (text, GIVEN))), msh_fields=fields)

    return Spoken(order, lambda: _family(worklist(trial, PatientID=patient_id).matches))


def _of_pacs(trial: Trial) -> Spoken:
    study, before = archived_study(trial), "Doe"
    return Spoken(
        lambda text, fields: register(trial, "A08", Patient(study.patient_id, (text, GIVEN)), msh_fields=fields),
        lambda: _family(studies(trial, StudyInstanceUID=study.uid).matches, before),
    )


def _of_engine(trial: Trial) -> Spoken:
    patient_id, destination = trial.patient_id(), adt_destination(trial)
    return Spoken(
        lambda text, fields: register(trial, "A04", Patient(patient_id, (text, GIVEN)), msh_fields=fields),
        lambda: _in_message(destination, patient_id, lambda message: message.field("PID", 5)),
    )


def _in_message(listener: MllpListener, patient_id: str, text: Callable[[ReceivedMessage], str]) -> Heard | None:
    for message in listener.received:
        if message.field("PID", 3) == patient_id:
            return Heard(text(message), message.payload)
    return None


def _of_reporting(trial: Trial) -> Spoken:
    order, ris = order_of(trial), trial.peer("ris").mllp
    signed: list[str] = []

    def entry(text: str, fields: MshFields) -> Sent:
        patient = Patient(order.patient.patient_id, (text, GIVEN))
        return ready_to_read(trial, order_of(trial, patient), msh_fields=fields)

    def listed(text: str, fields: MshFields) -> Sent:
        sent = entry(text, fields)
        signed.append(sent.field("OBR", 18))
        return sent

    def heard() -> Heard | None:
        if signed:
            trial.operate("sign report", subject=signed.pop(), status="F", text="No finding.")
        reports = [one for one in ris.received if one.field("MSH", 9) == "ORU"]
        found = [one for one in reports if one.field("PID", 3) == order.patient.patient_id]
        return Heard(found[0].field("PID", 5), found[0].payload) if found else None

    return Spoken(listed, heard)


def spoken_report(trial: Trial) -> Spoken:
    """A line of a report. Raises Inconclusive where the role shows none."""
    if trial.role == "ehr":
        order = placed_order(trial)
        return Spoken(
            lambda text, fields: report(trial, order, (text,), msh_fields=fields),
            lambda: _in_chart(trial.operate("show chart", subject=order.placer)),
        )
    if trial.role == "engine":
        order, destination = order_of(trial), trial.peer(route_of(trial, "ORU").destinations[0]).mllp
        return Spoken(
            lambda text, fields: report(trial, order, (text,), msh_fields=fields),
            lambda: _in_message(destination, order.patient.patient_id, lambda message: message.field("OBX", 5)),
        )
    raise Inconclusive("nothing shows the text of a report")


def _in_chart(shown: str) -> Heard | None:
    """What a person reads there: the whole, or of an answer in JSON its text."""
    try:
        text = str(json.loads(shown.strip().splitlines()[-1])["fields"]["text"])
    except (ValueError, KeyError, TypeError, IndexError):
        text = shown
    return Heard(text, text.encode()) if text else None
