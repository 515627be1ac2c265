"""What the tests of the actors share: one patient with one order, and how to ask an actor and sort what it does."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from emulators.core.actor import Actor
from emulators.core.effect import CancelTimer, Effect, Note, Reply, Send, SetTimer
from emulators.core.event import Outcome, OutcomeKind, Request, Stimulus, TimerFired, Told
from emulators.core.identity import accession_number, procedure_id, uid
from emulators.core.instant import Instant, WallClock
from emulators.messages.adt import RegisterPatient
from emulators.messages.common import Acknowledgement, Code, Patient, PersonName, Visit
from emulators.messages.imaging import InstanceSet, InstancesStored, StepEnded, StepStarted, StudyHeader
from emulators.messages.orders import Order, OrderStatus, PlaceOrder, ReadingListEntry, ScheduledProcedure, ScheduleProcedure
from emulators.messages.report import Report
from emulators.messages.worklist import WorklistItem

CLOCK = WallClock(datetime(2026, 3, 2, 8))
NOW = "20260302080000"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"

PATIENT = Patient("M1", "RADLOOP", PersonName("Doe", "Jane"), "19700101", "F")
SOMEBODY_ELSE = Patient("M2", "RADLOOP", PersonName("Roe", "Richard"), "19650505", "M")
VISIT = Visit("V1", "O", "CLINIC", PersonName("Grey", "Ada"))
PROCEDURE = Code("CTCHEST", "RADLOOP", "CT of the chest")
PROTOCOL = Code("CTCHEST-P", "RADLOOP", "CT of the chest protocol")
READER = PersonName("Moss", "Rita")


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
    )


ACCESSION = scheduled().accession_number
STUDY = scheduled().study_instance_uid
SERIES = f"{STUDY}.1"
MPPS = uid("step", STUDY)
HEADER = StudyHeader(PATIENT, ACCESSION, STUDY, NOW, "CT", PROCEDURE.meaning)


def images(first: int, last: int) -> InstanceSet:
    return InstanceSet(SERIES, first, last)


def worklist_item(placer: str = "P1", patient: Patient = PATIENT, station: str = "CT1", start: str = NOW) -> WorklistItem:
    asked = order(placer)
    return WorklistItem(
        patient=patient,
        admission_id=VISIT.visit_number,
        location=VISIT.location,
        referring_physician=VISIT.referring_physician,
        requesting_physician=asked.ordering_physician,
        placer_order_number=placer,
        reason=asked.reason,
        priority=asked.priority,
        procedure=PROCEDURE,
        modality=asked.modality,
        scheduled=scheduled(placer, station, start),
    )


# --- messages ----------------------------------------------------------------------------------------------------------


def register_patient(patient: Patient = PATIENT, control_id: str = "V1-A041") -> RegisterPatient:
    return RegisterPatient(control_id, NOW, patient, VISIT)


def place_order(placer: str = "P1", control_id: str = "", **changes: Any) -> PlaceOrder:
    return PlaceOrder(control_id or f"{placer}-NW1", NOW, PATIENT, VISIT, order(placer, **changes))


def schedule_procedure(placer: str = "P1", patient: Patient = PATIENT, control_id: str = "") -> ScheduleProcedure:
    return ScheduleProcedure(control_id or f"{placer}-SP1", NOW, patient, VISIT, order(placer), scheduled(placer))


def order_status(status: str, placer: str = "P1", control_id: str = "") -> OrderStatus:
    accession = accession_number(placer)
    return OrderStatus(control_id or f"{placer}-{status}1", NOW, PATIENT, placer, accession, PROCEDURE, status)


def reading_list_entry(placer: str = "P1", patient: Patient = PATIENT, control_id: str = "") -> ReadingListEntry:
    return ReadingListEntry(control_id or f"{placer}-RL1", NOW, patient, VISIT, order(placer), scheduled(placer))


def report(status: str, placer: str = "P1", patient: Patient = PATIENT, control_id: str = "", text: str = "") -> Report:
    return Report(
        control_id=control_id or f"{placer}-R{status}1",
        sent_at=NOW,
        patient=patient,
        placer_order_number=placer,
        accession_number=accession_number(placer),
        study_instance_uid=uid("study", placer),
        procedure=PROCEDURE,
        status=status,
        text=text or f"Text {status}.",
        reader=READER,
        reported_at=NOW,
    )


def step_started(placer: str = "P1", mpps_uid: str = MPPS) -> StepStarted:
    item = worklist_item(placer)
    return StepStarted(
        mpps_uid=mpps_uid,
        patient=item.patient,
        accession_number=item.scheduled.accession_number,
        study_instance_uid=item.scheduled.study_instance_uid,
        placer_order_number=placer,
        requested_procedure_id=item.scheduled.requested_procedure_id,
        step_id=item.scheduled.step_id,
        procedure=item.procedure,
        protocol=item.scheduled.protocol,
        modality=item.modality,
        station_ae_title="CT1",
        performed_step_id="P1",
        started_at=NOW,
    )


def step_ended(mpps_uid: str = MPPS) -> StepEnded:
    return StepEnded(mpps_uid, NOW, SERIES, CT_IMAGE_STORAGE, PROTOCOL.meaning, images(1, 4))


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
