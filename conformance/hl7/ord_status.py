"""How far an order is: what the filler says, and what the placer makes of it."""

from itertools import groupby

from conformance.case import MUST, READ, SECONDARY, case
from conformance.dicom.mpps_scp import expect_taken, started
from conformance.material.filler import message_about, scheduled_order
from conformance.material.good_messages import placed_order
from conformance.material.ordered import worklist
from conformance.material.orders import Order, order_status
from conformance.material.report_receivers import said_in_chart
from conformance.material.steps import MPPS, PerformedStep
from conformance.material.telling import told
from conformance.trial import Trial


@case(
    "hl7.ord.status.1",
    MUST,
    "ris",
    "+",
    "RAD TF-2 4.3.4.2; MESA 107",
    SECONDARY,
    needs=("orders", "worklist", "performed_step", "order_status_sending"),
)
def the_placer_hears_how_far_the_order_is(trial: Trial) -> None:
    """Status to the placer: ORC-1 SC with ORC-5 SC, IP and CM after scheduling, start and end of the performed step, in this
    order, with the right placer and filler numbers.
    """
    order = scheduled_order(trial)
    [entry] = worklist(trial, order.patient)
    step = PerformedStep(trial, order.patient, [entry])
    message_about(trial, "engine", "the status SC", order.patient, "SC", status="SC")
    with trial.associate(MPPS) as peer:
        started(trial, peer, step)
        message_about(trial, "engine", "the status IP", order.patient, "SC", status="IP")
        expect_taken(trial, peer.n_set(MPPS, step.uid, step.ended()))
    message_about(trial, "engine", "the status CM", order.patient, "SC", status="CM")
    said = [one for one in trial.peer("engine").mllp.received if one.field("ORC", 1) == "SC"]
    said = [one for one in said if one.field("PID", 3) == order.patient.patient_id]
    known = [one for one in said if one.field("ORC", 5) in ("SC", "IP", "CM")]
    statuses = [status for status, _ in groupby(one.field("ORC", 5) for one in known)]  # one may come again, but not go back
    trial.expect_equal("ORC-5 in the order in which they came", statuses, ["SC", "IP", "CM"])
    for one in known:
        trial.expect_equal("ORC-2", one.field("ORC", 2), order.placer, one.records)
        filler = one.field("ORC", 3)
        trial.expect(bool(filler), "ORC-3", "none", one.records)
        trial.expect_equal("ORC-3", filler, known[0].field("ORC", 3), one.records)
        accession = one.field("OBR", 18)
        trial.should(accession in ("", order.accession), f"OBR-18: {order.accession}", accession, one.records)


@case(
    "hl7.ord.status.2",
    MUST,
    "ehr",
    "-",
    "HL7 table 0038",
    READ,
    needs="order_status",
    variants=("out of order", "repeated", "unknown"),
)
def a_status_that_comes_late_or_is_unknown_takes_no_order_back(trial: Trial) -> None:
    """The placer accepts status messages out of order and repeated, and treats an unknown one as declared; an order that is
    completed does not go back to in progress.
    """
    order = placed_order(trial)
    before, last = {"out of order": (("SC", "CM"), "IP"), "repeated": (("SC", "IP"), "IP"), "unknown": (("SC",), "ZZ")}[
        trial.variant
    ]
    states = [_state(trial, order)]
    for status in before:
        told(trial, order_status(trial, order, status))
        states.append(_state(trial, order))
    trial.expect(len(set(states)) == len(states), "a state of its own for each status", ", ".join(states))
    refuses = trial.target.policies.unknown_status == "refuse"
    told(trial, order_status(trial, order, last), *(("AE", "AR") if last == "ZZ" and refuses else ("AA",)))
    trial.eventually(lambda: _state(trial, order) != states[-1], trial.timers.quiet_s)
    trial.expect_equal(f"state after {last}", _state(trial, order), states[-1])


def _state(trial: Trial, order: Order) -> str:
    """How the chart says it."""
    return said_in_chart(trial.operate("show chart", subject=order.placer))
