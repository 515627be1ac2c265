"""The folds on the trace of the clinic day itself, in memory: without faults, and with half of all acknowledgements lost."""

from collections import Counter
from functools import lru_cache

import pytest

from emulators.carriers import MemoryCarriers
from emulators.core.fault import FaultPlan
from emulators.trace import Record
from reports.measures.joins import of_order
from reports.render import render_html
from reports.summary import Findings, Summary, is_good, summarise
from reports.summary import Run as RunDetails
from sim import faults, scenario
from sim.run import Run

PLANS = ("", "half_the_acknowledgements")


@lru_cache
def clinic_day(plan: str) -> tuple[tuple[Record, ...], Summary]:
    _, clinic = scenario.find("clinic")
    findings = Findings(clinic.site.epoch)
    records: list[Record] = []
    carriers = MemoryCarriers()
    fault_plan = faults.find(plan).plan(7) if plan else FaultPlan(7)
    run = Run(clinic, 7, fault_plan, carriers, carriers.import_prior, subscribers=[records.append, *findings.folds])
    ending = run.carry_out()
    assert ending.finished
    details = RunDetails(7, "clinic", clinic.site.epoch, {}, "", ending.ended_at)
    return tuple(records), summarise(details, findings)


@pytest.mark.parametrize("plan", PLANS)
def test_the_day_is_good_and_makes_a_page(plan: str) -> None:
    _, summary = clinic_day(plan)
    assert is_good(summary), summary["checks"]
    assert [stage["count"] for stage in summary["stages"]] == [len(summary["orders"])] * 7
    assert [stage["unfinished"] for stage in summary["stages"]] == [0] * 7
    assert "NOT OK" not in render_html(summary)


@pytest.mark.parametrize("plan", PLANS)
def test_every_record_of_the_day_joins_to_exactly_one_order(plan: str) -> None:
    records, summary = clinic_day(plan)
    position = {id(record): index for index, record in enumerate(records)}
    joined = Counter(position[id(record)] for order in summary["orders"] for record in of_order(records, order["placer"]))
    assert [records[index] for index in range(len(records)) if joined[index] != 1] == []


def test_lost_acknowledgements_change_no_fact() -> None:
    plain, troubled = (clinic_day(plan)[1] for plan in PLANS)
    assert troubled["ledger"]["faults"] != {}
    assert troubled["facts"] == plain["facts"]
