"""Orders: new, changed, several in one message, the same again, made by the filler."""

import json
from collections.abc import Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from conformance.case import MUST, NO_CLAUSE, OPINION, SECONDARY, SHOULD, Role, case
from conformance.material.filler import accession_of, entries, message_about, new_entry, scheduled_order, study_of
from conformance.material.good_messages import placed_order
from conformance.material.hl7 import SENT_AT
from conformance.material.messages import Sent, message_to_product
from conformance.material.orders import Order, as_omg, changed_order, imaging_procedure, new_order, order_of
from conformance.material.patients import Patient, pid, register
from conformance.material.read_back import text, worklist
from conformance.material.telling import told
from conformance.material.worklist import WORKLIST_FIND, ask, identifier, step_of
from conformance.peers.mllp import ReceivedMessage
from conformance.target import RoleTarget
from conformance.trial import Trial
from emulators.wire.er7 import Segment, row

RIS_AND_EHR: tuple[Role, ...] = ("ris", "ehr")
RIS_NEEDS = ("orders", "worklist")


def _forms(role: RoleTarget) -> Sequence[str]:
    """Messages in which it takes new orders."""
    return ["ORM", *(name.upper() for name in ("omg", "omi") if name in role.claims.services)]


@case(
    "hl7.ord.new.1",
    MUST,
    "ris",
    "+",
    "HL7 chapter 4 (ORC-1 NW); RAD TF-2 4.2, 4.4",
    SECONDARY,
    needs=RIS_NEEDS,
    variants=_forms,
)
def a_new_order_is_scheduled_and_announced(trial: Trial) -> None:
    """New order (NW): accepted, scheduled, on the worklist in time, and announced to the image manager (RAD-4) with its Study
    Instance UID in ZDS-1 of an ORM, or in IPC-3 of an OMI.
    """
    order = order_of(trial)
    forms = {"ORM": new_order, "OMG": as_omg}
    sent = (
        imaging_procedure(trial, order, [trial.identifier("S")])
        if trial.variant == "OMI"
        else forms[trial.variant](trial, order)
    )
    told(trial, sent)
    entry = new_entry(trial, order.patient)
    accession, study = text(entry, "AccessionNumber"), text(entry, "StudyInstanceUID")
    trial.expect(bool(accession) and bool(study), "accession number and Study Instance UID", f"{accession} {study}")
    if trial.variant == "OMI":
        trial.expect_equal("numbers of the filler", (accession, study), (order.accession, order.study_instance_uid))
    if "orders_sending" not in trial.target.claims.services:
        return
    announced = message_about(trial, "pacs", "the scheduled procedure", order.patient, "NW")
    trial.expect_equal("its Study Instance UID", study_of(announced), study, announced.records)
    trial.expect_equal("its accession number", accession_of(announced), accession, announced.records)
    status = announced.field("ORC", 5)
    trial.should(status == "SC", "ORC-5: SC", status or "none", announced.records)


@case("hl7.ord.new.2", MUST, "ehr", "+", "RAD TF-2 4.2, Tables 4.2-3 and 4.2-4 (MESA)", SECONDARY, needs="orders_sending")
def a_placed_order_is_complete(trial: Trial) -> None:
    """The message of the placer is complete: ORC-1, 2, 9, 12 and 17, OBR-2, 4 and 16, priority, reason, PID and PV1; each order
    has a placer number of its own.
    """
    numbers = []
    for _ in range(3):
        order = placed_order(trial)
        came = message_about(trial, "engine", "a placed order", order.patient, "NW")
        needed = [("PID", 3), ("PID", 5), ("PV1", 2), ("ORC", 2), ("ORC", 9), ("ORC", 12), ("ORC", 17), ("OBR", 4), ("OBR", 16)]
        found = {segment.name: segment for segment in came.message.segments}
        missing = [f"{name}-{number}" for name, number in needed if name not in found or not found[name].field(number)]
        trial.expect(not missing, "every field that is required", f"without {', '.join(missing)}", came.records)
        trial.expect_equal("OBR-2", came.field("OBR", 2), came.field("ORC", 2), came.records)
        trial.expect_equal("PID-3", came.field("PID", 3), order.patient.patient_id, came.records)
        trial.expect_equal("OBR-4", came.field("OBR", 4), order.procedure[0], came.records)
        trial.expect(bool(_priority(came)), "a priority (ORC-7, OBR-27 or TQ1-9)", "none", came.records)
        reason = came.field("OBR", 31) or came.field("OBR", 31, 2)
        trial.expect(bool(reason), "a reason (OBR-31)", "none", came.records)
        numbers.append(came.field("ORC", 2))
    trial.expect_equal("different placer numbers", len(set(numbers)), 3)


def _priority(came: ReceivedMessage) -> str:
    return came.field("ORC", 7, 6) or came.field("OBR", 27, 6) or came.field("TQ1", 9)


@case("hl7.ord.change.1", SHOULD, RIS_AND_EHR, "+", "HL7 table 0119; RAD TF-2 4.13 (XO with SC)", SECONDARY)
def a_changed_order_shows_on_the_worklist(trial: Trial) -> None:
    """XO: changed time, modality, priority and procedure reach the worklist; accession number and Study Instance UID stay, and
    the image manager is told. Of an EHR: the change that it sends is of the same order.
    """
    if trial.role == "ehr":
        _changed_by_the_placer(trial)
        return
    _needs_ris(trial)
    order = order_of(trial)
    with trial.beforehand("an order is scheduled"):
        told(trial, new_order(trial, order))
        before = new_entry(trial, order.patient)
    procedure = ("MR-HEAD", "MR of the head", "99RADLOOP")
    changed = replace(order, start="20250304081500", modality="MR", priority="S", procedure=procedure)
    told(trial, changed_order(trial, changed))
    wanted = ["20250304", "081500", "MR", "MR of the head", "STAT"]
    trial.eventually(lambda: _shown(trial, order.patient) == wanted, trial.timers.propagation_s)
    trial.expect_equal("day, time, modality, procedure and priority", _shown(trial, order.patient), wanted)
    [entry] = worklist(trial, PatientID=order.patient.patient_id).matches
    for keyword in ("AccessionNumber", "StudyInstanceUID"):
        trial.expect_equal(keyword, text(entry, keyword), text(before, keyword))
    if "orders_sending" in trial.target.claims.services:
        announced = message_about(trial, "pacs", "the changed procedure", order.patient, "XO")
        trial.expect_equal("its Study Instance UID", study_of(announced), text(before, "StudyInstanceUID"), announced.records)


def _needs_ris(trial: Trial) -> None:
    for service in RIS_NEEDS:
        trial.needs(service in trial.target.claims.services, service)


def _shown(trial: Trial, patient: Patient) -> list[str]:
    with trial.associate(WORKLIST_FIND) as peer:
        found = ask(peer, identifier(PatientID=patient.patient_id)).matches
    if len(found) != 1:
        return [f"{len(found)} entries"]
    entry, step = found[0], step_of(found[0])
    time = str(step.get("ScheduledProcedureStepStartTime", ""))[:6]
    of_step = [str(step.get("ScheduledProcedureStepStartDate", "")), time, str(step.get("Modality", ""))]
    return [*of_step, text(entry, "RequestedProcedureDescription"), str(entry.get("RequestedProcedurePriority", ""))]


def _changed_by_the_placer(trial: Trial) -> None:
    trial.needs("orders_sending" in trial.target.claims.services, "orders_sending")
    order = placed_order(trial)
    with trial.beforehand("the order is placed"):
        placed = message_about(trial, "engine", "a placed order", order.patient, "NW")
    change = {
        "order.placer_order_number": order.placer,
        "order.procedure.value": "MR-HEAD",
        "order.procedure.meaning": "MR of the head",
        "order.modality": "MR",
        "order.requested_at": "20250304081500",
        "order.priority": "STAT",
    }
    trial.operate("change order", subject=order.placer, **change)
    came = message_about(trial, "engine", "the change", order.patient, "XO", "RP")
    if came.field("ORC", 1) == "XO":
        trial.expect_equal("ORC-2", came.field("ORC", 2), placed.field("ORC", 2), came.records)
    trial.expect_equal("OBR-4", came.field("OBR", 4), "MR-HEAD", came.records)
    start = came.field("ORC", 7, 4) or came.field("TQ1", 7) or came.field("OBR", 27, 4)
    trial.expect_equal("start", start, "20250304081500", came.records)
    trial.expect_equal("priority", _priority(came), "S", came.records)


@case("hl7.ord.of.1", MUST, "ris", "+", "RAD TF-2 4.3; MESA 105, 132; ORR^O02", SECONDARY, needs="order_status_sending")
def an_order_that_the_filler_makes_gets_a_placer_number(trial: Trial) -> None:
    """Order born in the RIS: SN to the placer, who answers with a number (NA); later messages bear it. Cancelled by the filler:
    OC.
    """
    order = order_of(trial)
    _made_at_the_filler(trial, order)
    asked = message_about(trial, "engine", "the request for a placer number", order.patient, "SN")
    filler = asked.field("ORC", 3)
    trial.expect(bool(filler), "ORC-3: the filler's number", "none", asked.records)
    trial.expect_equal("ORC-2", asked.field("ORC", 2), "", asked.records)
    told(trial, _number_assigned(trial, order, filler, asked.field("MSH", 10)))
    trial.operate("cancel procedure", subject=asked.field("OBR", 18) or filler, reason="Duplicate order")
    cancelled = message_about(trial, "engine", "the cancellation", order.patient, "OC")
    trial.expect_equal("ORC-2", cancelled.field("ORC", 2), order.placer, cancelled.records)
    trial.expect_equal("ORC-3", cancelled.field("ORC", 3), filler, cancelled.records)
    trial.should(cancelled.field("ORC", 5) == "CA", "ORC-5: CA", cancelled.field("ORC", 5) or "none", cancelled.records)


def _made_at_the_filler(trial: Trial, order: Order) -> None:
    trial.operate(
        "create order",
        **{
            "subject": order.placer,
            **order.patient.step_data,
            "visit.visit_number": order.visit.number,
            "order.placer_order_number": "",
            "order.procedure.value": order.procedure[0],
            "order.procedure.meaning": order.procedure[1],
            "order.modality": order.modality,
        },
    )


def _number_assigned(trial: Trial, order: Order, filler: str, asked: str) -> Sent:
    """ORR^O02 NA."""
    orc = row("ORC", {1: "NA", 2: order.placer, 3: filler, 9: SENT_AT})
    return message_to_product(trial, "ORR^O02^ORR_O02", [row("MSA", {1: "AA", 2: asked}), pid(order.patient), orc])


def _multiples(role: RoleTarget) -> Sequence[str]:
    return ["orders", "steps"] if "omi" in role.claims.services and "worklist" in role.claims.services else ["orders"]


@case(
    "hl7.ord.multi.1",
    MUST,
    RIS_AND_EHR,
    "+",
    "HL7 chapter 4; RAD TF-2 4.4.4.1.2.2",
    SECONDARY,
    variants=_multiples,
)
def every_procedure_of_a_message_is_worked(trial: Trial) -> None:
    """Several procedures in one order message: each ORC and OBR is worked, under an accession number of its own; several IPC
    under one OBR are several steps of one procedure. Of an EHR: each of its orders is in what it sends.
    """
    if trial.role == "ehr":
        _several_placed(trial)
        return
    _needs_ris(trial)
    {"orders": _several_orders, "steps": _several_steps}[trial.variant](trial)


def _several_orders(trial: Trial) -> None:
    first = order_of(trial)
    others = [replace(order_of(trial, first.patient), visit=first.visit) for _ in range(2)]
    told(trial, new_order(trial, first, *others))
    found = entries(trial, first.patient, lambda found: len(found) >= 3)
    trial.expect_equal("worklist entries", len(found), 3)
    for keyword in ("AccessionNumber", "StudyInstanceUID"):
        trial.expect_equal(f"different values of {keyword}", len({text(one, keyword) for one in found} - {""}), 3)


def _several_steps(trial: Trial) -> None:
    order, steps = order_of(trial), [trial.identifier("S") for _ in range(2)]
    told(trial, imaging_procedure(trial, order, steps))
    found = entries(trial, order.patient, lambda found: len(found) >= 2)
    shown = sorted(str(step_of(one).get("ScheduledProcedureStepID", "")) for one in found)
    trial.expect_equal("steps on the worklist", shown, sorted(steps))
    trial.expect_equal("studies", {text(one, "StudyInstanceUID") for one in found}, {order.study_instance_uid})


def _several_placed(trial: Trial) -> None:
    trial.needs("orders_sending" in trial.target.claims.services, "orders_sending")
    first = order_of(trial)
    numbers = [first.placer, *(trial.identifier("O") for _ in range(2))]
    detail = {
        "procedure": dict(zip(("value", "meaning", "scheme"), first.procedure, strict=True)),
        "modality": first.modality,
        "body_part": "HEAD",
        "priority": "ROUTINE",
        "requested_at": SENT_AT,
        "reason": "Headache",
        "ordering_physician": {"family": "Grey", "given": "Ada"},
    }
    placed_order(trial, order=first, orders=json.dumps([{"placer_order_number": number, **detail} for number in numbers]))

    def placed() -> list[Segment]:
        came = [one for one in trial.peer("engine").mllp.received if one.field("PID", 3) == first.patient.patient_id]
        return [obr for one in came for obr in one.message.all("OBR")]

    trial.eventually(lambda: len(placed()) >= 3, trial.timers.propagation_s)
    trial.expect_equal("placer numbers that were sent", sorted(obr.component(2, 1) for obr in placed()), sorted(numbers))


@case("hl7.ord.dup.1", OPINION, "ris", "-", "", NO_CLAUSE, needs=RIS_NEEDS, variants=("the same order", "unknown patient"))
def the_same_order_again_is_no_second_one(trial: Trial) -> None:
    """The same placer order number sent again under another MSH-10 makes no second order. An order for a patient whom nobody
    has registered is refused, or makes the patient, as declared.
    """
    order, policies = order_of(trial), trial.target.policies
    if trial.variant == "unknown patient":
        creates = policies.unknown_patient_order == "create"
        told(trial, new_order(trial, order), *(("AA",) if creates else ("AE", "AR")))
        found = entries(trial, order.patient, bool)
        trial.expect_equal("worklist entries", len(found), 1 if creates else 0)
        return
    with trial.beforehand("an order is scheduled"):
        if "adt" in trial.target.claims.services:
            told(trial, register(trial, "A04", order.patient, order.visit))
        told(trial, new_order(trial, order))
        new_entry(trial, order.patient)
    told(trial, new_order(trial, order), "AA", "AE", "AR")
    scheduled_order(trial)  # of another patient: what came before has been worked by then
    _expect_one_entry(trial, order.patient)


def _expect_one_entry(trial: Trial, patient: Patient) -> None:
    found: list[Dataset] = []

    def doubled() -> bool:
        found[:] = worklist(trial, PatientID=patient.patient_id).matches
        return len(found) != 1

    trial.eventually(doubled, trial.timers.quiet_s)
    trial.expect_equal("worklist entries", len(found), 1)
