"""What every HL7 message may hold: character sets, escapes, what is not expected, null, and times with their zone."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from conformance.case import HL7_RECEIVERS, MUST, READ, Role, case
from conformance.material.good_messages import good_messages
from conformance.material.holdings import Holdings
from conformance.material.messages import Sent
from conformance.material.orders import Order, order_of
from conformance.material.patients import Patient, Visit, adt, pid, register
from conformance.material.read_back import person_name, text
from conformance.material.routing import adt_destination
from conformance.material.spoken import Spoken, spoken_name, spoken_report
from conformance.material.telling import told
from conformance.peers.mllp import ReceivedMessage
from conformance.target import RoleTarget
from conformance.trial import Trial
from emulators.wire.er7 import Field, parse

ADT_RECEIVERS: tuple[Role, ...] = ("ris", "pacs", "engine")


class Written(NamedTuple):
    """A text, and MSH-18 that it is sent under."""

    text: str
    declared: Field


WRITTEN = {
    "UNICODE UTF-8": Written("Mülłer", "UNICODE UTF-8"),
    "8859/1": Written("Müller", "8859/1"),
    "GB 18030-2000": Written("王小东", "GB 18030-2000"),
    "ISO IR87": Written("山田", ["", "ISO IR87"]),
    "undeclared": Written("Müller", "UNICODE UTF-8"),
    "truncated": Written("Mallé", "UNICODE UTF-8"),
}


def _character_sets(role: RoleTarget) -> list[str]:
    return [*(name for name in WRITTEN if name in role.claims.hl7_character_sets), "undeclared", "truncated"]


@case(
    "hl7.base.charset.1",
    MUST,
    HL7_RECEIVERS,
    "-",
    "HL7 MSH-18; table 0211; ITI TF-2 App. C.2.2",
    READ,
    variants=_character_sets,
)
def text_is_read_in_the_character_set_of_msh_18(trial: Trial) -> None:
    """MSH-18 is honoured (repetitions too); empty it means 7-bit text; text that is not legal in it is refused or kept, never
    silently changed.
    """
    spoken, (word, declared) = spoken_name(trial), WRITTEN[trial.variant]
    sent, is_legal = spoken.message(word, {18: declared}), True
    bytes_sent = word.encode()
    if trial.variant == "undeclared":
        sent, is_legal = Sent(sent.payload.replace(b"UNICODE UTF-8", b"", 1), sent.control_id), False
    elif trial.variant == "truncated":
        sent = Sent(sent.payload.replace(bytes_sent, bytes_sent[:-1], 1), sent.control_id)
        bytes_sent, is_legal = bytes_sent[:-1], False
    answer = told(trial, sent, "AA", *(() if is_legal else ("AE", "AR")))
    if answer.code == "AA":
        heard = spoken.comes_out(trial)
        kept = heard is not None and (heard.text == word or (not is_legal and bytes_sent in heard.raw))
        trial.expect(kept, f"the text that went in: {word}", heard.text if heard else "nothing")


ESCAPED = rb"bar\F\hat\S\and\T\tilde\R\back\E\slash\.br\second\X0D\third \H\bold\N\ end"
MEANT = "bar|hat^and&tilde~back\\slash\nsecond\nthird bold end"
PLACE = "PLACEHOLDER"


def _escapes(role: RoleTarget) -> list[str]:
    services = role.claims.services
    shows_reports = "reports" in services and not {"storage", "worklist"} & set(services)
    return [*(["report"] if shows_reports else []), "name", "delimiters", "unknown"]


@case(
    "hl7.base.escape.1",
    MUST,
    HL7_RECEIVERS,
    "+",
    "HL7 2.7 in v2.5.1 (v2.9.1 2.6.1 to 2.6.7)",
    READ,
    variants=_escapes,
)
def escapes_are_taken_off_once_and_other_delimiters_followed(trial: Trial) -> None:
    r"""Escapes \F\ \S\ \T\ \R\ \E\ \X0D\ \.br\ \H\ are decoded once and encoded again on output, line breaks kept; other
    delimiters in MSH-2 are followed; an unknown escape is dropped or kept, or the message refused, without harm.
    """
    if trial.variant == "report":
        spoken = spoken_report(trial)
        _expect_heard(trial, spoken, _with(spoken, ESCAPED), MEANT)
    elif trial.variant == "name":
        spoken = spoken_name(trial)
        _expect_heard(trial, spoken, spoken.message("AT&T|N~Co", {}), "AT&T|N~Co")
    elif trial.variant == "delimiters":
        spoken = spoken_name(trial)
        sent = spoken.message("Alpha", {})
        other = Sent(sent.payload.translate(bytes.maketrans(b"^~&", b"$%@")), sent.control_id)
        _expect_heard(trial, spoken, other, "Alpha")
    else:
        spoken = spoken_name(trial)
        answer = told(trial, _with(spoken, rb"Al\Z1\pha"), "AA", "AE", "AR")
        if answer.code == "AA":
            heard = spoken.comes_out(trial)
            met = heard is not None and heard.text in ("Alpha", "Al\\Z1\\pha")
            trial.expect(met, "the unknown escape dropped or kept", heard.text if heard else "nothing")


def _with(spoken: Spoken, escaped: bytes) -> Sent:
    sent = spoken.message(PLACE, {})
    return Sent(sent.payload.replace(PLACE.encode(), escaped, 1), sent.control_id)


def _expect_heard(trial: Trial, spoken: Spoken, sent: Sent, meant: str) -> None:
    told(trial, sent)
    heard = spoken.comes_out(trial)
    lines = heard.text.replace("\r\n", "\n").replace("\r", "\n") if heard else "nothing"
    trial.expect_equal("the text that went in", repr(lines), repr(meant))


@case("hl7.base.tol.1", MUST, HL7_RECEIVERS, "-", "HL7 v2.9.1 2.5.2; ITI TF-2 App. C.2.4", READ)
def what_is_not_expected_is_ignored(trial: Trial) -> None:
    """Unexpected segments, fields, repetitions, components and Z-segments are ignored, not refused."""
    good = good_messages(trial)
    sent = good()
    line = parse(sent.payload).required("PID").raw
    name = parse(sent.payload).required("PID").field(5)
    fields = line.split("|")
    more = "|".join([*fields, *[""] * (41 - len(fields)), "EXTRA", "MORE~AGAIN", "A^B&C"])
    more = more.replace(f"|{name}|", f"|{name}{'^' * 16}EXTRA^MORE~Alias^Other|", 1)
    unexpected = sent.payload.replace(line.encode(), f"{more}\rZZZ|1|own^data~again&more".encode(), 1) + b"NTE|9|L|a note\r"
    with trial.mllp() as peer:
        answer = peer.ask(unexpected)
    trial.expect_code(answer, "AA")
    trial.expect_equal("MSA-2", answer.field("MSA", 2), sent.control_id, answer.records)


@case("hl7.base.null.1", MUST, ADT_RECEIVERS, "+", "ITI TF-2 App. C.2.6; HL7 2.5.3", READ, needs="adt")
def an_empty_field_keeps_and_null_deletes(trial: Trial) -> None:
    """An empty field changes nothing; two quotation marks delete the value; an engine passes on both as they are."""
    patient, visit = Patient(trial.patient_id()), Visit(trial.identifier("V"))
    renamed = replace(patient, name=(trial.identifier("N").capitalize(), "Jane"))
    empty, null = (adt(trial, "A08", [pid(renamed, {7: value}), visit.row()]) for value in ("", '""'))
    if trial.role == "engine":
        told(trial, register(trial, "A04", patient, visit))
        for sent, value in ((empty, ""), (null, '""')):
            told(trial, sent)
            passed_on = _forwarded(trial, sent)
            trial.expect_equal("PID-7", passed_on.field("PID", 7), value, passed_on.records)
        return
    holdings = Holdings(trial)
    with trial.beforehand("the patient is registered"):
        told(trial, register(trial, "A04", patient, visit))
    key = holdings.put(patient)

    def birth_date() -> str:
        return text(holdings.entry(key), "PatientBirthDate")

    told(trial, empty)
    _renamed(trial, holdings, key, renamed)
    trial.expect_equal("birth date after an empty PID-7", birth_date(), patient.birth_date)
    told(trial, null)
    trial.eventually(lambda: not birth_date(), trial.timers.propagation_s)
    trial.expect_equal('birth date after PID-7 ""', birth_date(), "")


def _renamed(trial: Trial, holdings: Holdings, key: str, patient: Patient) -> None:
    """The update is seen to be processed: the patient has its name. Raises Inconclusive."""

    def has_name() -> bool:
        return person_name(holdings.entry(key)) == patient.dicom_name

    with trial.beforehand("the update is seen"):
        trial.expect(trial.eventually(has_name, trial.timers.propagation_s), f"the name {patient.dicom_name}", "another")


def _forwarded(trial: Trial, sent: Sent) -> ReceivedMessage:
    """What an engine makes of a message: the one with its patient ID that comes next."""
    patient_id, known = sent.field("PID", 3), sent.control_id

    def is_it(message: ReceivedMessage) -> bool:
        return message.field("PID", 3) == patient_id and message.field("MSH", 10) == known

    return adt_destination(trial).wait_for("the message, forwarded", is_it, trial.timers.propagation_s)[0]


APPOINTMENTS = {
    "gap": "20250330023000",  # a time that there is not in Europe
    "first": "20251026023000+0200",
    "second": "20251026023000+0100",
    "utc": "20250610223000+0000",
    "fraction": "20250610101500.1234",
}
BORN = "19700101000000+0900"


def _times(role: RoleTarget) -> list[str]:
    return ["birth-date", *(APPOINTMENTS if "worklist" in role.claims.services else ())]


@case(
    "hl7.base.time.1",
    MUST,
    ADT_RECEIVERS,
    "-",
    "HL7 v2.9.1 2.14.9.7 (MSH-7), 2.A.22 (DTM); PS3.4 Table K.6-1a; PS3.5 6.2 DT",
    READ,
    needs="adt",
    variants=_times,
)
def offsets_and_summer_time_do_not_shift_dates(trial: Trial) -> None:
    """Offsets of times are used; half past two on the day of the change, +0000 and fractions give the right wall time on the
    worklist; a birth date is never shifted.
    """
    if trial.variant == "birth-date":
        _expect_birth_date_kept(trial)
        return
    sent, zone = APPOINTMENTS[trial.variant], trial.target.policies.time_zone
    trial.needs(bool(zone) or "+" not in sent, "policies.time_zone")
    wanted = sent[:14]
    if "+" in sent:
        wanted = datetime.strptime(sent, "%Y%m%d%H%M%S%z").astimezone(ZoneInfo(zone)).strftime("%Y%m%d%H%M%S")
    holdings, plain = Holdings(trial), order_of(trial)
    order = Order(plain.placer, plain.patient, plain.visit, start=sent)
    step = holdings.entry(holdings.put(order.patient, order)).ScheduledProcedureStepSequence[0]
    time = str(step.ScheduledProcedureStepStartTime).partition(".")[0].ljust(6, "0")
    trial.expect_equal("start date and time", f"{step.ScheduledProcedureStepStartDate} {time}", f"{wanted[:8]} {wanted[8:]}")


def _expect_birth_date_kept(trial: Trial) -> None:
    patient = Patient(trial.patient_id(), birth_date=BORN)
    if trial.role == "engine":
        sent = register(trial, "A04", patient)
        told(trial, sent)
        passed_on = _forwarded(trial, sent)
        trial.expect_equal("PID-7", passed_on.field("PID", 7)[:8], BORN[:8], passed_on.records)
        return
    holdings, plain = Holdings(trial), Patient(patient.patient_id, birth_date=BORN[:8])
    told(trial, register(trial, "A04", patient))
    key = holdings.put(plain)
    renamed = replace(patient, name=(trial.identifier("N").capitalize(), "Jane"))
    told(trial, register(trial, "A08", renamed))
    _renamed(trial, holdings, key, renamed)
    trial.expect_equal("birth date", text(holdings.entry(key), "PatientBirthDate"), BORN[:8])
