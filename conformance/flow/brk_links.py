"""Flows broken on a link or by a restart: nothing that was acknowledged is lost, nothing is doubled."""

from conformance.case import MUST, READ, ROLES, SHOULD, Role, case
from conformance.house import System
from conformance.material.data_sets import decode
from conformance.trial import Trial
from conformance.workflow import Workflow
from emulators.core.fault import FaultKind
from emulators.wire.er7 import parse
from emulators.wire.relay import Order

HOPS: dict[Role, System] = {"ris": "engine", "reporting": "ris", "ehr": "ehr"}
"""Where the report goes next from the product, or comes to it."""


@case("flow.brk.6", MUST, ("ris", "reporting", "ehr"), "-", "ITI TF-2 C.2.1", READ, variants=("lost", "restart"), slow=True)
def a_report_whose_acknowledgement_is_lost_is_there_once(trial: Trial) -> None:
    """Report ACK missing or lost at stage 7; EHR restarts. EHR has one final report; sender shows no error at end."""
    work = trial.workflow()
    _, order, entry = work.person_on_the_list()
    work.scan(entry.accession)
    work.archived(3, StudyInstanceUID=entry.study_instance_uid)
    work.charted_as(order, "awaiting report")
    work.open_case(entry.accession)
    hop = HOPS[trial.role]
    if trial.variant == "lost":
        work.house.order(hop, "mllp", Order(FaultKind.RESET_AFTER))
    else:
        work.do("ehr", "stop")
    work.do("workstation", "sign report", subject=entry.accession, status="F", text="No finding.")
    if trial.variant == "restart":
        work.do("ehr", "start")
    work.charted_as(order, "final")
    if trial.variant == "lost":
        limit_s = trial.timers.sender_waits_s + trial.timers.retry_s
        again = trial.eventually(lambda: _is_repeated(work, hop), limit_s)
        trial.expect(again, "what was not acknowledged is sent again, under its MSH-10", "it is not")
    trial.expect_equal("MSH-10 of the report, however often it came", len(set(_reports(work, hop, order))), 1)
    _expect_one_report(work, order)


def _expect_one_report(work: Workflow, order: str) -> None:
    """The chart shows one final report, and no other comes while it is quiet. Raises Failure."""
    work.charted_as(order, "final")
    work.trial.eventually(lambda: work.chart(order).get("earlier") != 0, work.trial.timers.quiet_s)
    work.trial.expect_equal("earlier reports", work.chart(order).get("earlier"), 0)


def _is_repeated(work: Workflow, hop: System) -> bool:
    """Whether a message came to a system twice."""
    numbers = [parse(one.payload).msh.component(10, 1) for one in work.said_to(hop)]
    return len(set(numbers)) < len(numbers)


def _reports(work: Workflow, hop: System, order: str) -> list[str]:
    """The MSH-10 of every report of the order that came to a system."""
    payloads = [one.payload for one in work.said_to(hop, "ORU") if order.encode() in one.payload]
    return [parse(payload).msh.component(10, 1) for payload in payloads]


@case(
    "flow.brk.9",
    MUST,
    ROLES,
    "-",
    "PS3.8 Table 9-21",
    READ,
    variants=("archive refuses", "archive is black-holed", "orders refused", "events refused"),
    slow=True,
)
def what_a_closed_hop_holds_back_comes_after_the_repair(trial: Trial) -> None:
    """Wrong AE title, port or firewall for one hop: refused, black-holed, one way only (event report path closed). Queue
    drains after repair."""
    if trial.variant == "events refused" and trial.role in ("pacs", "modality"):
        trial.needs("commitment" in trial.target.claims.services, "commitment")
    work = trial.workflow()
    patient = work.person()
    work.register(patient)
    if trial.variant == "orders refused":
        work.house.refuse("ris", "mllp")
        work.place_order(patient)
        came = trial.eventually(lambda: bool(work.worklist(patient)), trial.timers.quiet_s)
        trial.expect(not came, "nothing on the worklist yet", "an entry")
        work.house.heal("ris", "mllp")
        work.scheduled(patient)
        return
    work.place_order(patient)
    [entry] = work.scheduled(patient)
    hop: System = "modality" if trial.variant == "events refused" else "pacs"
    kind = FaultKind.SWALLOW if trial.variant == "archive is black-holed" else FaultKind.REFUSE
    work.house.order(hop, "dicom", Order(kind))
    try:
        work.scan(entry.accession)
        if trial.variant == "events refused":
            work.archived(3, StudyInstanceUID=entry.study_instance_uid)
        trial.eventually(lambda: False, trial.timers.quiet_s)  # until somebody has tried the hop
    finally:
        work.house.heal(hop, "dicom")
    work.archived(3, StudyInstanceUID=entry.study_instance_uid)
    if trial.variant == "events refused":
        _expect_committed(work, 3)
    trial.expect_equal("entries left on the worklist", len(work.worklist(patient)), 0)


@case("flow.brk.11", MUST, ("modality", "pacs"), "-", "PS3.4 Annex J", READ, safety=True, slow=True)
def half_a_study_is_made_whole_before_it_is_committed(trial: Trial) -> None:
    """Half study: PACS fails in the middle of stage 4; modality deletes only after commitment. All instances there; event
    type 1 only then."""
    work = trial.workflow()
    _, _, entry = work.person_on_the_list()
    for _ in range(3):  # a performed step that is passed on may come before the images, and is too short to be cut
        work.house.order("pacs", "dicom", Order(FaultKind.RESET_BEFORE, message=4))
    work.scan(entry.accession, instances=8)
    work.do("pacs", "restart")
    work.archived(8, StudyInstanceUID=entry.study_instance_uid)
    _expect_committed(work, 8)


def _expect_committed(work: Workflow, count: int) -> None:
    """So many images of this case come to be committed, none before it was stored. Raises Failure."""
    whole = work.trial.eventually(lambda: len(_committed(work)) >= count, work.trial.timers.commitment_s)
    work.trial.expect(whole, f"an event of type 1 for all {count} images", f"for {len(_committed(work))}")


def _committed(work: Workflow) -> set[str]:
    """The instances of this case that were committed. Raises Failure where one was not stored before."""
    stored: set[str] = set()
    committed: set[str] = set()
    messages = work.dicom_messages()
    sent = {one.command.sop_instance_uid for one in messages if one.command is not None and one.name == "C-STORE-RQ"}
    for message in messages:
        if message.command is None:
            continue
        if message.name == "C-STORE-RSP" and message.command.status == 0:
            stored.add(message.command.sop_instance_uid)
        elif message.name == "N-EVENT-REPORT-RQ" and message.command.number("EventTypeID") == 1 and message.data:
            event = decode(message.data, message.transfer_syntax)
            named = sent & {str(item.ReferencedSOPInstanceUID) for item in event.get("ReferencedSOPSequence", [])}
            early = len(named - stored)
            work.trial.expect(not early, "commitment of what is stored", f"of {early} more instances", message.records)
            committed |= named
    return committed


STAGES = ("registered", "ordered", "scheduled", "scanned", "archived", "read", "reported")


@case("flow.brk.13", SHOULD, ROLES, "-", "HL7 2.8.3 (CA); PS3.7 9.1.1.2", READ, variants=STAGES, slow=True)
def a_restart_at_a_stage_border_loses_and_doubles_nothing(trial: Trial) -> None:
    """Restart of the SUT at each stage border: nothing acknowledged is lost, nothing doubled."""
    work = trial.workflow()
    patient = work.person()
    work.register(patient)
    _restart_at("registered", work)
    [order] = work.place_order(patient)
    _restart_at("ordered", work)
    [entry] = work.scheduled(patient)
    _restart_at("scheduled", work)
    work.scan(entry.accession)
    _restart_at("scanned", work)
    work.archived(3, StudyInstanceUID=entry.study_instance_uid)
    _restart_at("archived", work)
    work.open_case(entry.accession)
    _restart_at("read", work)
    work.do("workstation", "sign report", subject=entry.accession, status="F", text="No finding.")
    _restart_at("reported", work)
    _expect_one_report(work, order)
    trial.expect_equal("studies of the patient", len(work.studies(PatientID=patient.patient_id)), 1)
    trial.expect_equal("entries left on the worklist", len(work.worklist(patient)), 0)


def _restart_at(stage: str, work: Workflow) -> None:
    if work.trial.variant == stage:
        work.trial.operate("restart")
