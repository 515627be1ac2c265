"""Acknowledgement in original mode."""

from conformance.case import HL7_RECEIVERS, HL7_SENDERS, MUST, READ, case
from conformance.material.effects import Visible, processed, visible
from conformance.material.good_messages import good_messages
from conformance.material.hl7 import acknowledgement
from conformance.material.messages import Sent
from conformance.material.orders import order_of, ready_to_read
from conformance.material.patients import Patient, merge
from conformance.material.reports import report
from conformance.material.sending import Outgoing, sender
from conformance.peers.mllp import MllpListener, ReceivedMessage, well
from conformance.target import RoleTarget
from conformance.trial import Trial
from emulators.wire.er7 import Field, parse

PROCESSING = "HL7 2.9.2 in v2.5.1 (v2.9.1 2.8.2.1)"


@case("hl7.ack.orig.1", MUST, HL7_RECEIVERS, "+", f"{PROCESSING}; ITI TF-2 App. C.2.3, C.2.3.1", READ)
def a_good_message_is_acknowledged_in_original_mode(trial: Trial) -> None:
    """One answer with MSA-1 AA, AE or AR, MSA-2 = MSH-10, MSH-3 to MSH-6 swapped, its own MSH-7 and MSH-10, MSH-9 ACK with the
    trigger event, and MSH-11 as it came.
    """
    sent = good_messages(trial)()
    with trial.mllp() as peer:
        answer = peer.ask(sent.payload)
        trial.expect_code(answer, "AA")
        trial.expect_equal("MSA-2", answer.field("MSA", 2), sent.control_id, answer.records)
        swapped = [answer.field("MSH", number) for number in (3, 4, 5, 6)]
        asked = [sent.field("MSH", number) for number in (5, 6, 3, 4)]
        trial.expect_equal("MSH-3 to MSH-6", swapped, asked, answer.records)
        own = answer.field("MSH", 10)
        trial.expect(own not in ("", sent.control_id), "an MSH-10 of its own", own or "none", answer.records)
        trial.expect(bool(answer.field("MSH", 7)), "MSH-7", "none", answer.records)
        trial.expect_equal("MSH-11", answer.field("MSH", 11), sent.field("MSH", 11), answer.records)
        said, event = [answer.field("MSH", 9, part) for part in (1, 2, 3)], sent.field("MSH", 9, 2)
        trial.expect(said[0] in ("ACK", "ORR"), "MSH-9.1: ACK, or the answer to an order", said[0], answer.records)
        if said[0] == "ACK":
            whole = ["ACK", event, "ACK"] if sent.field("MSH", 12) != "2.3.1" else said
            trial.should(said == whole, f"MSH-9: ACK^{event}^ACK", "^".join(said), answer.records)


@case(
    "hl7.ack.orig.2",
    MUST,
    HL7_RECEIVERS,
    "-",
    "HL7 2.9.2.1 in v2.5.1 (v2.9.1 2.8.2.0); ITI TF-2 App. C.2.3; table 0357",
    READ,
    variants=("trigger", "type"),
)
def an_unknown_trigger_event_or_message_type_is_rejected(trial: Trial) -> None:
    """An unknown trigger event or message type is answered AR, with the error 201 or 200 at MSH-9."""
    good = good_messages(trial)
    kind = good().field("MSH", 9)
    message_type, code = ((kind, "Z99"), "201") if trial.variant == "trigger" else (("ZZZ", "Z01"), "200")
    with trial.mllp() as peer:
        answer = peer.ask(good(msh_fields={9: message_type}).payload)
    trial.expect_code(answer, "AR")
    trial.should(error(answer) == code, f"error {code}", error(answer) or "no ERR", answer.records)
    trial.should(located(answer).startswith("MSH-9"), "located at MSH-9", located(answer) or "nowhere", answer.records)


@case(
    "hl7.ack.orig.3",
    MUST,
    HL7_RECEIVERS,
    "-",
    "HL7 v2.9.1 2.8.2.0, 2.7, 2.5.2; table 0357",
    READ,
    variants=("version", "no-version", "processing", "later"),
)
def a_wrong_version_or_processing_id_is_rejected(trial: Trial) -> None:
    """A version that is none, an empty one and another processing ID are answered AR (203, 202); a compatible later 2.x with
    more fields is read by ignoring what is new, where that is declared.
    """
    good, policies = good_messages(trial), trial.target.policies
    other_id = "P" if policies.processing_id != "P" else "T"
    changed: dict[str, tuple[dict[int, Field], str]] = {
        "version": ({12: "3.9"}, "203"),
        "no-version": ({12: ""}, "203"),
        "processing": ({11: other_id}, "202"),
        "later": ({12: "2.6", 22: "NEW", 25: "NEWER"}, ""),
    }
    fields, code = changed[trial.variant]
    sent = good(msh_fields={11: policies.processing_id, **fields})
    later = sent.payload + b"UAC|1|NEW\r" if trial.variant == "later" else sent.payload
    with trial.mllp() as peer:
        answer = peer.ask(later)
    if trial.variant == "later":
        trial.expect_code(answer, "AA" if policies.compatible_later_version == "accept" else "AR")
        return
    trial.expect_code(answer, "AR")
    trial.should(error(answer) == code, f"error {code}", error(answer) or "no ERR", answer.records)


@case(
    "hl7.ack.orig.4",
    MUST,
    HL7_RECEIVERS,
    "-",
    "HL7 v2.9.1 2.14.9 (MSH-10 required); ITI TF-2 App. C.2.2",
    READ,
    safety=True,
    variants=("missing", "same", "other"),
    slow=True,
)
def a_missing_or_repeated_control_id_does_no_harm(trial: Trial) -> None:
    """A message without MSH-10 is answered AE or AR (101), never AA, and not processed. The same message again has no second
    effect, and other content under a used MSH-10 is treated as declared; these two are warnings, they have no clause.
    """
    one = visible(trial)
    if trial.variant == "missing":
        with trial.mllp() as peer:
            answer = peer.ask(one.message(msh_fields={10: ""}).payload)
        trial.expect_code(answer, "AE", "AR")
        _expect_nothing_changed(trial, one)
        trial.should(error(answer) == "101", "error 101", error(answer) or "no ERR", answer.records)
    elif trial.variant == "same":
        _repeat(trial, again=True)
    else:
        _repeat(trial, again=False)


def _repeat(trial: Trial, *, again: bool) -> None:
    """A message, and under its MSH-10 itself again or another one."""
    policies = trial.target.policies
    one, other = visible(trial), visible(trial)
    first = one.message()
    second = first if again else other.message(control_id=first.control_id)
    declared = policies.duplicate_message if again else policies.duplicate_message_other_content
    with trial.beforehand("the first of two messages"), trial.mllp() as peer:
        trial.expect_code(peer.ask(first.payload), "AA")
        trial.expect(one.appears(trial), "it is seen to be processed", "it is not")
    with trial.mllp() as peer:
        answer = peer.ask(second.payload)
    codes = ("AE", "AR") if declared == "ae" else ("AA",)
    trial.should(answer.code in codes, f"MSA-1: {' or '.join(codes)}, as declared", answer.code, answer.records)
    doubled = trial.eventually(lambda: one.count() > 1, trial.timers.quiet_s)
    trial.should(not doubled, "one effect of the first message", f"{one.count()}")
    if not again:
        is_applied, timers = declared == "applied", trial.timers
        taken = trial.eventually(lambda: other.count() > 0, timers.propagation_s if is_applied else timers.quiet_s)
        expected = "processed" if is_applied else "not processed"
        trial.should(taken is is_applied, f"other content: {expected}, as declared", "the opposite")


def _broken(role: RoleTarget) -> list[str]:
    """What is wrong with the message, by what the role takes."""
    kinds = {"adt": ["adt-no-mrg"], "orders": ["orm-no-pid", "orm-no-obr"], "reports": ["oru-no-obr", "oru-unknown-order"]}
    return ["no-patient-id", *(name for service, names in kinds.items() if service in role.claims.services for name in names)]


@case(
    "hl7.ack.orig.5",
    MUST,
    HL7_RECEIVERS,
    "-",
    f"{PROCESSING}; table 0357; ITI TF-2 App. C.2.3.2",
    READ,
    safety=True,
    variants=_broken,
    slow=True,
)
def a_message_that_cannot_be_applied_is_an_error_and_changes_nothing(trial: Trial) -> None:
    """A required segment or field is missing, the patient or order is not known: AE (or AR) with ERR, and nothing changes."""
    shown = visible(trial)
    with trial.mllp() as peer:
        answer = peer.ask(_bad(trial, shown.message()).payload)
    if trial.variant == "oru-unknown-order" and trial.target.policies.unknown_order_report == "keep":
        trial.expect_code(answer, "AA")
        return
    trial.expect_code(answer, "AE", "AR")
    trial.should(bool(error(answer)), "ERR with a code of table 0357", "none", answer.records)
    _expect_nothing_changed(trial, shown)


def _bad(trial: Trial, own: Sent) -> Sent:
    """The message of the variant: ``own`` without something, or another about its patient, so that its effect would be seen."""
    if trial.variant == "no-patient-id":
        return _without_patient_id(own)
    if trial.variant == "adt-no-mrg":
        return _about_the_same(own, without(merge(trial, Patient(trial.patient_id()), Patient(trial.patient_id())), "MRG"))
    kind = trial.variant[:3]
    one = own if own.field("MSH", 9) == kind.upper() else _about_the_same(own, _of_kind(trial, kind))
    if trial.variant == "oru-unknown-order":
        return _of_an_unknown_order(trial, one)
    return without(one, trial.variant.rpartition("-")[2].upper())


def _expect_nothing_changed(trial: Trial, refused: Visible) -> None:
    was = processed(trial, {"it": refused}, trial.timers.quiet_s)
    trial.expect(not was, "a refused message changes nothing", "it was processed")


def _of_kind(trial: Trial, kind: str) -> Sent:
    return ready_to_read(trial, order_of(trial)) if kind == "orm" else report(trial, order_of(trial))


def _about_the_same(own: Sent, other: Sent) -> Sent:
    """Another message, about the patient of the first."""
    before, after = (parse(one.payload).required("PID").raw.encode() for one in (other, own))
    return Sent(other.payload.replace(before, after, 1), other.control_id)


def _of_an_unknown_order(trial: Trial, sent: Sent) -> Sent:
    """A report under numbers that nobody knows."""
    order, payload = order_of(trial), sent.payload
    for known, unknown in ((sent.field("ORC", 2), order.placer), (sent.field("OBR", 3), order.accession)):
        payload = payload.replace(known.encode(), unknown.encode())
    return Sent(payload, sent.control_id)


def without(sent: Sent, segment: str) -> Sent:
    """The message without its segments of this name."""
    lines = [line for line in sent.payload.split(b"\r") if not line.startswith(segment.encode() + b"|")]
    return Sent(b"\r".join(lines), sent.control_id)


def _without_patient_id(sent: Sent) -> Sent:
    pid = parse(sent.payload).required("PID")
    changed = pid.raw.replace(f"|{pid.field(3)}|", "||", 1)
    return Sent(sent.payload.replace(pid.raw.encode(), changed.encode(), 1), sent.control_id)


def error(answer: ReceivedMessage) -> str:
    """The code of table 0357: ERR-3, in 2.3.1 ERR-1.4; empty where there is none."""
    return answer.field("ERR", 3) or answer.field("ERR", 1, 4)


def located(answer: ReceivedMessage) -> str:
    """Segment and field of ERR-2, in 2.3.1 of ERR-1."""
    number = 2 if answer.field("ERR", 2) else 1
    return f"{answer.field('ERR', number)}-{answer.field('ERR', number, 3)}".rstrip("-")


@case("hl7.ack.orig.6", MUST, HL7_SENDERS, "-", "ITI TF-2 App. C.2.3.1", READ, variants=("AE", "AR"), slow=True)
def the_sender_reacts_to_the_code(trial: Trial) -> None:
    """AA: the next message. AE: an error for a person, the message is not repeated unchanged. AR: it may be tried again, in
    measure. What follows is not blocked for ever.
    """
    products, code, timers = sender(trial), trial.variant, trial.timers
    listener, refused, following = products.listener, products.next(), products.next()

    def refuse_one(message: ReceivedMessage, _: int) -> bytes | None:
        return acknowledgement(message.payload, code if refused.is_it(message) else "AA")

    listener.acknowledge_with(refuse_one)
    refused.send()
    listener.wait_for("a message", refused.is_it, timers.propagation_s)
    following.send()
    observed_s = timers.sender_waits_s + 1.2 * timers.retry_s
    if code == "AE":
        listener.wait_for("the next message", following.is_it, timers.propagation_s)
        trial.eventually(lambda: _copies(listener, refused) > 1, observed_s)
        trial.expect_equal("copies of the message answered AE", _copies(listener, refused), 1)
        return
    trial.eventually(lambda: False, observed_s)
    copies, in_measure = _copies(listener, refused), 1 + trial.target.limits.attempts_per_minute
    trial.expect(copies <= in_measure, f"at most {in_measure} attempts", f"{copies} in {observed_s:g} s")
    listener.acknowledge_with(well)
    listener.wait_for("the next message", following.is_it, 1.2 * timers.retry_s + timers.propagation_s)


def _copies(listener: MllpListener, message: Outgoing) -> int:
    return sum(map(message.is_it, listener.received))
