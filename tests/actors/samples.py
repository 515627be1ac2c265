"""What the tests of the actors share: one patient with one order, and how to ask an actor and sort what it does."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from emulators.actors import worklist_item as worklist_items
from emulators.core.actor import Actor
from emulators.core.effect import CancelTimer, Effect, Note, Reply, Send, SetTimer
from emulators.core.event import Outcome, OutcomeKind, Request, Stimulus, TimerFired, Told
from emulators.core.identity import accession_number, procedure_id, uid
from emulators.core.instant import Instant, WallClock
from emulators.messages.adt import MergePatients, PatientMessage, RegisterPatient, UpdatePatient
from emulators.messages.attributes import Attributes
from emulators.messages.common import NO_CODE, Acknowledgement, Code, Patient, PersonName, Visit
from emulators.messages.imaging import InstancesStored, StudyHeader
from emulators.messages.instance_set import InstanceSet
from emulators.messages.orders import (
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
    ScheduledProcedure,
    ScheduleProcedure,
)
from emulators.messages.report import SHOWN, Report, ReportedOrder
from emulators.messages.steps import PerformedSeries, ScheduledReference, StepEnded, StepStarted

CLOCK = WallClock(datetime(2026, 3, 2, 8))
NOW = "20260302080000"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"

PATIENT = Patient("M1", "RADLOOP", PersonName("Doe", "Jane"), "19700101", "F")
SOMEBODY_ELSE = Patient("M2", "RADLOOP", PersonName("Roe", "Richard"), "19650505", "M")
VISIT = Visit("V1", "O", "CLINIC", PersonName("Grey", "Ada"))
PROCEDURE = Code("CTCHEST", "RADLOOP", "CT of the chest")
PROTOCOL = Code("CTCHEST-P", "RADLOOP", "CT of the chest protocol")
READER = PersonName("Moss", "Rita")
WRONG_ENTRY = Code("110514", "DCM", "Incorrect worklist entry selected")


def order(placer: str = "P1", modality: str = "CT", requested_at: str = NOW) -> Order:
    return Order(placer, PROCEDURE, modality, "CHEST", "ROUTINE", requested_at, "Cough", PersonName("Grey", "Ada"))


def scheduled(placer: str = "P1", station: str = "CT1", start: str = NOW) -> ScheduledProcedure:
    """What a RIS makes of the order ``placer``."""
    accession = accession_number(placer)
    return ScheduledProcedure(
        accession,
        uid("study", placer),
        procedure_id("R", accession),
        procedure_id("S", accession),
        PROTOCOL,
        station,
        start,
        "CT",
    )


ACCESSION = scheduled().accession_number
STUDY = scheduled().study_instance_uid
SERIES = f"{STUDY}.1"
MPPS = uid("step", STUDY)
HEADER = StudyHeader(PATIENT, ACCESSION, STUDY, NOW, "CT", PROCEDURE.meaning)


def images(first: int, last: int) -> InstanceSet:
    return InstanceSet(SERIES, first, last)


def worklist_item(placer: str = "P1", patient: Patient = PATIENT, station: str = "CT1", start: str = NOW) -> Attributes:
    return worklist_items.worklist_item(patient, VISIT, order(placer), scheduled(placer, station, start))


def reference(placer: str = "P1") -> ScheduledReference:
    """How the one who performs it names the step of the order ``placer``."""
    return worklist_items.scheduled_reference(worklist_item(placer))


# --- messages ----------------------------------------------------------------------------------------------------------


def register_patient(patient: Patient = PATIENT, control_id: str = "V1-A041") -> RegisterPatient:
    return RegisterPatient(control_id, NOW, patient, VISIT)


def update_patient(
    patient: Patient = PATIENT, control_id: str = "V1-A081", kind: type[PatientMessage] = UpdatePatient, **changes: Any
) -> PatientMessage:
    """An update, or any other message about one patient."""
    return kind(control_id, NOW, patient, VISIT, **changes)


def merge_patients(prior: Patient = SOMEBODY_ELSE, patient: Patient = PATIENT, control_id: str = "M1-A401") -> MergePatients:
    return MergePatients(control_id, NOW, patient, prior.patient_id, prior.issuer)


def place_order(placer: str = "P1", *others: str, control_id: str = "", **changes: Any) -> PlaceOrder:
    """One order, or several in one message."""
    orders = tuple(order(number, **changes) for number in (placer, *others))
    return PlaceOrder(control_id or f"{placer}-NW1", NOW, PATIENT, VISIT, orders)


def change_order(placer: str = "P1", control_id: str = "", **changes: Any) -> ChangeOrder:
    return ChangeOrder(control_id or f"{placer}-XO1", NOW, PATIENT, VISIT, order(placer, **changes))


def cancel_order(placer: str = "P1", control_id: str = "") -> CancelOrder:
    return CancelOrder(control_id or f"{placer}-CA1", NOW, PATIENT, placer, PROCEDURE, "Not needed any more")


def filler_order(accession: str = "A1", control_id: str = "") -> FillerOrder:
    return FillerOrder(control_id or f"{accession}-SN1", NOW, PATIENT, VISIT, order(""), accession)


def number_assigned(accession: str = "A1", placer: str = "FA1", control_id: str = "") -> NumberAssigned:
    return NumberAssigned(control_id or f"{accession}-NA1", NOW, PATIENT, placer, accession, f"{accession}-SN1")


def schedule_procedure(placer: str = "P1", patient: Patient = PATIENT, control_id: str = "") -> ScheduleProcedure:
    return ScheduleProcedure(control_id or f"{placer}-SP1", NOW, patient, VISIT, order(placer), (scheduled(placer),))


_PROCEDURE_PURPOSES: Mapping[type[ProcedureMessage], str] = {
    ScheduleProcedure: "SP",
    ChangeProcedure: "XP",
    CancelProcedure: "CP",
    ReadingListEntry: "RL",
    ReadingListRemoval: "RR",
}


def of_procedure(
    kind: type[ProcedureMessage], placer: str = "P1", patient: Patient = PATIENT, control_id: str = ""
) -> ProcedureMessage:
    """Any message about the procedure that was made of the order ``placer``."""
    control_id = control_id or f"{placer}-{_PROCEDURE_PURPOSES[kind]}1"
    return kind(control_id, NOW, patient, VISIT, order(placer), (scheduled(placer),))


def reading_list_entry(placer: str = "P1", patient: Patient = PATIENT, control_id: str = "") -> ReadingListEntry:
    return ReadingListEntry(control_id or f"{placer}-RL1", NOW, patient, VISIT, order(placer), (scheduled(placer),))


def order_status(
    status: str, placer: str = "P1", control_id: str = "", order_control: str = "SC", reason: Code = NO_CODE
) -> OrderStatus:
    accession = accession_number(placer)
    control_id = control_id or f"{placer}-{status}1"
    return OrderStatus(control_id, NOW, PATIENT, placer, accession, PROCEDURE, status, order_control, reason)


def report_status(status: str, placer: str = "P1", control_id: str = "") -> ReportStatus:
    return ReportStatus(
        control_id or f"{placer}-{status[:2]}1", NOW, PATIENT, placer, accession_number(placer), PROCEDURE, status
    )


def reported(placer: str = "P1") -> ReportedOrder:
    return ReportedOrder(placer, accession_number(placer), uid("study", placer), PROCEDURE)


def report(
    status: str,
    placer: str = "P1",
    *others: str,
    patient: Patient = PATIENT,
    control_id: str = "",
    text: str = "",
    addendum: str = "",
) -> Report:
    """A report on one order, or on several that were read as one."""
    return Report(
        control_id=control_id or f"{placer}-R{status}1",
        sent_at=NOW,
        patient=patient,
        orders=tuple(reported(number) for number in (placer, *others)),
        status=status,
        text=text or (f"Text {status}." if status in SHOWN else ""),
        reader=READER,
        reported_at=NOW,
        addendum=addendum,
    )


def step_started(placer: str = "P1", *others: str, mpps_uid: str = MPPS) -> StepStarted:
    """The step of one order, or of several that are done as one."""
    return StepStarted(
        mpps_uid=mpps_uid,
        patient=PATIENT,
        scheduled=tuple(reference(number) for number in (placer, *others)),
        study_instance_uid=uid("study", placer),
        modality="CT",
        station_ae_title="CT1",
        performed_step_id="P1",
        description=PROCEDURE.meaning,
        started_at=NOW,
    )


def step_ended(mpps_uid: str = MPPS, status: str = "COMPLETED", reason: Code = NO_CODE) -> StepEnded:
    series = PerformedSeries(SERIES, CT_IMAGE_STORAGE, PROTOCOL.meaning, images(1, 4))
    return StepEnded(mpps_uid, NOW, (series,), status, reason)


def stored(instances: InstanceSet, study: str = STUDY, same: int = 0) -> InstancesStored:
    """What the archive tells its actor of a batch."""
    series = instances.root or f"{study}.1"
    return InstancesStored(study, series, CT_IMAGE_STORAGE, instances, same, 0, 1_000 * len(instances))


# --- asking an actor ---------------------------------------------------------------------------------------------------


def ask(actor: Actor, message: Any, sender: str = "engine", now: Instant = 0) -> tuple[Any, list[Effect]]:
    """The one answer to a request, and what else the actor does. Holds that the answer comes first, and once."""
    first, *rest = actor.handle(Request(41, sender, message), now)
    assert isinstance(first, Reply)
    assert first.ticket == 41
    assert not any(isinstance(effect, Reply) for effect in rest)
    return first.message, rest


def touch(actor: Actor, stimulus: str, now: Instant = 0, **data: Any) -> list[Effect]:
    return list(actor.handle(Stimulus(stimulus, data), now))


def tell(actor: Actor, message: Any, now: Instant = 0) -> list[Effect]:
    return list(actor.handle(Told(message), now))


def wake(actor: Actor, key: str, now: Instant = 0) -> list[Effect]:
    return list(actor.handle(TimerFired(key), now))


def end(actor: Actor, send: Send, kind: OutcomeKind, message: Any = None, now: Instant = 0) -> list[Effect]:
    """Give a send its outcome."""
    return list(actor.handle(Outcome(send.key, kind, message), now))


def answer(actor: Actor, send: Send, message: Any, now: Instant = 0) -> list[Effect]:
    return end(actor, send, OutcomeKind.ANSWERED, message, now)


def accept(actor: Actor, send: Send, now: Instant = 0) -> list[Effect]:
    """Let an HL7 message be taken."""
    return answer(actor, send, Acknowledgement("AA", send.message.control_id), now)


# --- sorting what it does ----------------------------------------------------------------------------------------------


def sends(effects: Iterable[Effect]) -> list[Send]:
    return [effect for effect in effects if isinstance(effect, Send)]


def sent(effects: Iterable[Effect]) -> list[tuple[str, str]]:
    """Receiver and type of each message that goes out."""
    return [(send.to, type(send.message).__name__) for send in sends(effects)]


def only_send(effects: Iterable[Effect], message: type) -> Send:
    """The one send of this type of message."""
    (found,) = [send for send in sends(effects) if type(send.message) is message]
    return found


def notes(effects: Iterable[Effect]) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [(effect.name, effect.subject, effect.fields) for effect in effects if isinstance(effect, Note)]


def note_names(effects: Iterable[Effect]) -> list[str]:
    return [name for name, _, _ in notes(effects)]


def timers(effects: Sequence[Effect]) -> list[SetTimer]:
    return [effect for effect in effects if isinstance(effect, SetTimer)]


def cancelled(effects: Sequence[Effect]) -> list[str]:
    return [effect.key for effect in effects if isinstance(effect, CancelTimer)]
