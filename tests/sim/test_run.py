"""A run: it ends when every order is closed and nothing is in flight, or at the drain limit with the orders named."""

import pytest

from emulators.core.fault import FaultKind, FaultPlan, Rule, Verdict
from emulators.core.instant import HOUR, MINUTE, SECOND
from emulators.trace import Record
from sim.run import Ending
from tests.clinic import run, small_clinic

NOBODY = [0.0] * 24


def test_a_run_ends_when_every_order_is_closed_and_nothing_is_in_flight() -> None:
    records: list[Record] = []
    ending = run(small_clinic(), records.append)
    assert ending.finished
    assert ending.open_orders == ()
    assert ending.at_rest
    closed = [record["at"] for record in records if record["record"] == "note" and record["name"] == "order closed"]
    assert len(closed) == ending.orders > 5
    assert ending.ended_at >= max(closed)


def test_every_committed_study_is_committed_before_the_run_is_over() -> None:
    """Commitment is in flight longer than the order is open."""
    records: list[Record] = []
    ending = run(small_clinic(), records.append)
    committed = [record for record in records if record["record"] == "note" and record["name"] == "study committed"]
    assert len(committed) == ending.orders


def test_an_order_that_cannot_close_ends_the_run_at_the_drain_limit_and_is_named() -> None:
    lost_for_good = FaultPlan(7, [Rule(Verdict(FaultKind.REFUSE), sender="engine", receiver="ehr", lane="reports")])
    clinic = small_clinic(drain_limit_h=3)
    ending = run(clinic, plan=lost_for_good)
    assert not ending.finished
    assert not ending.at_rest
    assert len(ending.open_orders) == ending.orders
    assert ending.open_orders[0].startswith("P00008")  # ordered in the ninth hour
    assert ending.ended_at <= 13 * HOUR


def test_a_run_without_visits_is_over_at_once() -> None:
    assert run(small_clinic(expected_exams_by_hour=NOBODY)) == Ending(0, (), True, 0)


@pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.SWALLOW, FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])
def test_a_clinic_recovers_from_an_hour_without_any_network(kind: FaultKind) -> None:
    outage = FaultPlan(7, [Rule(Verdict(kind), from_us=8 * HOUR + 30 * MINUTE, until_us=9 * HOUR + 30 * MINUTE)])
    assert run(small_clinic(), plan=outage).finished


@pytest.mark.parametrize(
    "verdict",
    [Verdict(FaultKind.TRUNCATE), Verdict(FaultKind.DELAY, delay_us=5 * SECOND), Verdict(FaultKind.HOLD, until_us=10 * HOUR)],
)
def test_a_clinic_recovers_from_a_bad_line(verdict: Verdict) -> None:
    assert run(small_clinic(), plan=FaultPlan(7, [Rule(verdict, probability=0.2)])).finished
