"""Reports sent: what a reading system says to the RIS, and the RIS to whoever ordered."""

from conformance.case import MUST, READ, SECONDARY, Role, case
from conformance.hl7.oru_recv import finding
from conformance.material.orders import Order
from conformance.material.report_receivers import text_of
from conformance.material.report_senders import ReportSender
from conformance.peers.mllp import ReceivedMessage, well
from conformance.trial import Trial
from emulators.wire.er7 import Segment

SENDERS: tuple[Role, ...] = ("reporting", "ris")


@case("hl7.oru.send.1", MUST, SENDERS, "+", "HL7 v2.5.1 7.3.1; table 0123", READ, needs="reports_sending")
def every_report_says_whose_and_of_what_it_is(trial: Trial) -> None:
    """Preliminary, final, corrected and addendum: PID-3, placer and filler number, accession number, OBR-4, OBR-22, OBR-25, the
    reader in OBR-32, OBX-2, 3, 5 and 11; the status in OBR and OBX agrees.
    """
    sender, limit_s = ReportSender(trial), trial.timers.propagation_s
    for status in ("P", "F", "C"):
        line = finding(trial)
        sender.sign(status, line)
        [came] = sender.came(line, limit_s)
        trial.expect_equal("OBR-25", came.field("OBR", 25), status, came.records)
        expect_whole(trial, came, sender.orders[0], line)
    added = finding(trial)
    sender.add(added)
    [came] = sender.came(added, limit_s)
    trial.expect(came.field("OBR", 25) in ("F", "C"), "OBR-25 of an addendum: F or C", came.field("OBR", 25), came.records)
    expect_whole(trial, came, sender.orders[0], added)


def expect_whole(trial: Trial, came: ReceivedMessage, order: Order, line: str) -> None:
    """The static check of one report. Raises Failure."""
    said = {
        "PID-3": (came.field("PID", 3), order.patient.patient_id),
        "OBR-2": (came.field("OBR", 2), order.placer),
        "OBR-3": (came.field("OBR", 3), order.accession),
        "OBR-4": (came.field("OBR", 4), order.procedure[0]),
    }
    for what, (actual, expected) in said.items():
        trial.expect_equal(what, actual, expected, came.records)
    accession = came.field("OBR", 18)
    trial.should(accession == order.accession, f"OBR-18: {order.accession}", accession or "none", came.records)
    trial.expect(len(came.field("OBR", 22)) >= 8, "OBR-22: a time", came.field("OBR", 22) or "none", came.records)
    obr = came.message.required("OBR")
    trial.expect(bool(obr.field(32)), "OBR-32: the reader", "none", came.records)
    for obx in came.message.all("OBX"):
        _expect_observation(trial, came, obr, obx)
    trial.expect(line in text_of(came), f"a line {line}", " / ".join(text_of(came)) or "no text", came.records)


def _expect_observation(trial: Trial, came: ReceivedMessage, obr: Segment, obx: Segment) -> None:
    for number in (2, 3, 11):
        trial.expect(bool(obx.field(number)), f"OBX-{number}", "none", came.records)
    statuses = {"F": ("F", "C"), "C": ("C", "F")}.get(obr.field(25), (obr.field(25),))
    trial.expect(obx.field(11) in statuses, f"OBX-11: {' or '.join(statuses)}", obx.field(11), came.records)


@case("hl7.oru.send.2", MUST, SENDERS, "-", "ITI TF-2 App. C.2.1, C.2.3.1", READ, needs="reports_sending")
def a_report_that_is_not_acknowledged_is_sent_again(trial: Trial) -> None:
    """While no acknowledgement comes the report is sent again under the same MSH-10; later reports are not lost, and keep their
    order. Each arrives once acknowledgements come again.
    """
    sender, timers = ReportSender(trial), trial.timers
    again_s = 2 * (timers.sender_waits_s + 1.2 * timers.retry_s)
    preliminary, final = finding(trial), finding(trial)
    sender.listener.acknowledge_with(lambda message, number: None)
    sender.sign("P", preliminary)
    [first, second, *_] = sender.came(preliminary, again_s + timers.propagation_s, count=2)
    trial.expect_equal("MSH-10 of the repetition", second.field("MSH", 10), first.field("MSH", 10), second.records)
    sender.sign("F", final)
    unanswered = len(sender.all_came())
    sender.listener.acknowledge_with(well)
    [last] = sender.came(final, again_s + timers.propagation_s)
    numbers = [one.field("MSH", 10) for one in sender.all_came()]
    trial.expect_equal("reports, each under one MSH-10", len(set(numbers)), 2, last.records)
    answered = numbers[unanswered : numbers.index(last.field("MSH", 10))]
    is_first = first.field("MSH", 10) in answered
    trial.expect(is_first, "the first report again, now acknowledged, before the next", "the next one", last.records)


@case(
    "hl7.oru.send.3",
    MUST,
    SENDERS,
    "+",
    "HL7 chapter 7 (repeated ORDER_OBSERVATION); RAD TF-2 Group Case",
    SECONDARY,
    needs="reports_sending",
)
def one_report_for_two_orders_is_the_result_of_both(trial: Trial) -> None:
    """One report for several accession numbers (grouped procedures): each order gets result and status, in one message with two
    OBR groups or in two messages.
    """
    sender, line = ReportSender(trial, 2), finding(trial)
    sender.sign_for_all(line)
    accessions = {one.accession for one in sender.orders}

    def groups() -> list[Segment]:
        return [obr for one in sender.all_came() for obr in one.message.all("OBR")]

    def reported() -> set[str]:
        return {obr.component(3, 1) or obr.component(18, 1) for obr in groups()}

    trial.eventually(lambda: accessions <= reported(), trial.timers.propagation_s)
    came = sender.came(line, trial.timers.propagation_s)
    trial.expect_equal("orders with a report", sorted(reported()), sorted(accessions), came[0].records)
    placers = {obr.component(3, 1) or obr.component(18, 1): obr.component(2, 1) for obr in groups()}
    trial.expect_equal("placer numbers", placers, {one.accession: one.placer for one in sender.orders}, came[0].records)
    trial.expect_equal("OBR-25 of all", {obr.field(25) for obr in groups()}, {"F"}, came[0].records)
    trial.expect(all(line in text_of(one) for one in sender.all_came()), "the text in each message", "one is without")
