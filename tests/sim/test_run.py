"""A run: it ends when every visit is over, people have nothing left to do and nothing is in flight, or at the drain limit."""

import pytest

from emulators.core.fault import FaultKind, FaultPlan, Rule, Verdict
from emulators.core.instant import HOUR, MINUTE, SECOND
from emulators.trace import Record
from sim.run import Ending
from tests.clinic import eventful_clinic, happenings, run, small_clinic, visits

BY_THE_BOOK = happenings()


def noted(records: list[Record], name: str) -> list[Record]:
    return [record for record in records if record["record"] == "note" and record["name"] == name]


def test_a_run_ends_when_every_order_is_closed_and_nothing_is_in_flight() -> None:
    records: list[Record] = []
    ending = run(small_clinic(), records.append)
    assert ending.finished
    assert ending.open_orders == ()
    assert ending.at_rest
    closed = noted(records, "order closed")
    assert len(closed) == ending.orders > 5
    assert ending.ended_at >= max(record["at"] for record in closed)


def test_every_study_is_committed_before_the_run_is_over() -> None:
    """Commitment is in flight longer than the order is open."""
    records: list[Record] = []
    ending = run(small_clinic(happenings=BY_THE_BOOK), records.append)
    assert len(noted(records, "study committed")) == ending.orders


def test_the_run_waits_for_the_person_at_the_hold_queue_and_for_images_that_are_appended() -> None:
    """Both may come long after the orders are closed."""
    records: list[Record] = []
    slow = {"reconciliation_mean_min": 600, "addendum_mean_min": 60}
    often = happenings(manual_entry=0.5, typing_error=1, appended=0.5)
    ending = run(small_clinic(happenings=often, offices=slow, drain_limit_h=200), records.append)
    assert ending.finished
    states = {record["subject"]: record["state"] for record in noted(records, "study reconciled")}
    assert set(states.values()) == {"matched"}
    assert any(record["by"] == "person" for record in noted(records, "study reconciled"))
    appended = [record for record in records if record["record"] == "stimulus" and record["name"] == "append images"]
    assert len(noted(records, "study committed")) == ending.orders + len(appended) > ending.orders


def test_an_order_that_cannot_close_ends_the_run_at_the_drain_limit_and_is_named() -> None:
    lost_for_good = FaultPlan(7, [Rule(Verdict(FaultKind.REFUSE), sender="engine", receiver="ehr", lane="reports")])
    ending = run(small_clinic(happenings=BY_THE_BOOK, drain_limit_h=3), plan=lost_for_good)
    assert not ending.finished
    assert not ending.at_rest
    assert len(ending.open_orders) == ending.orders
    assert ending.open_orders[0].startswith("P00008")  # ordered in the ninth hour
    assert ending.ended_at <= 13 * HOUR


def test_an_exam_that_never_gets_an_order_is_named_by_its_visit() -> None:
    nobody_hears = FaultPlan(7, [Rule(Verdict(FaultKind.REFUSE), sender="ris", receiver="engine", lane="orders")])
    emergencies = [visits(3, 0, "E")]
    clinic = small_clinic(arrivals=emergencies, happenings=happenings(unordered=1), drain_limit_h=3)
    ending = run(clinic, plan=nobody_hears)
    assert ending.orders == len(ending.open_orders) > 0
    assert {name[:3] for name in ending.open_orders} == {"U00"}


def test_a_run_without_visits_is_over_at_once() -> None:
    assert run(small_clinic(arrivals=[visits(0, 0)])) == Ending(0, (), True, 0)


@pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.SWALLOW, FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])
def test_a_clinic_recovers_from_an_hour_without_any_network(kind: FaultKind) -> None:
    outage = FaultPlan(7, [Rule(Verdict(kind), from_us=8 * HOUR + 30 * MINUTE, until_us=9 * HOUR + 30 * MINUTE)])
    assert run(eventful_clinic(), plan=outage).finished


@pytest.mark.parametrize(
    "verdict",
    [Verdict(FaultKind.TRUNCATE), Verdict(FaultKind.DELAY, delay_us=5 * SECOND), Verdict(FaultKind.HOLD, until_us=10 * HOUR)],
)
def test_a_clinic_recovers_from_a_bad_line(verdict: Verdict) -> None:
    assert run(eventful_clinic(), plan=FaultPlan(7, [Rule(verdict, probability=0.2)])).finished
