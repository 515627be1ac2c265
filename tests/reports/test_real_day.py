"""The folds on the trace of the clinic day itself, in memory: without faults, and with half of all acknowledgements lost."""

from functools import lru_cache

import pytest

from emulators.carriers import MemoryCarriers
from emulators.core.fault import FaultPlan
from emulators.trace import Record
from reports.measures.joins import of_order
from reports.render import render_html
from reports.summary import Findings, Summary, endings, is_good, summarise
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
    assert [stage["unfinished"] for stage in summary["stages"]] == [0] * 7
    assert all(stage["count"] > 30 for stage in summary["stages"])
    page = render_html(summary)
    assert "NOT OK" not in page
    assert endings(summary) in page


@pytest.mark.parametrize("plan", PLANS)
def test_what_is_counted_agrees_with_the_facts(plan: str) -> None:
    _, summary = clinic_day(plan)
    ledger, facts = summary["ledger"], summary["facts"]["orders"].values()
    states = [order["state"] for order in facts]
    assert [row["placer"] for row in summary["orders"]] != []
    assert {row["placer"] for row in summary["orders"]} == set(summary["facts"]["orders"])
    assert ledger["orders"] == {
        "placed": len(states),
        "closed": len(states),
        **{state: states.count(state) for state in ("reported", "cancelled", "discontinued")},
    }
    studies = {order["study"]: order["instances"] for order in facts if order["instances"]}
    assert ledger["studies"]["acquired"] == ledger["studies"]["matched"] == len(studies)
    assert ledger["instances"]["stored"] == sum(studies.values())
    assert ledger["reports"]["signed"] == ledger["reports"]["delivered"] == states.count("reported")
    assert ledger["studies"]["by_person"] == summary["happenings"]["put_right"]["matched"] > 0
    assert sum(row["matched_by"] == "person" for row in summary["orders"]) == ledger["studies"]["by_person"]


@pytest.mark.parametrize("plan", PLANS)
def test_every_record_of_the_day_joins_to_an_order_and_to_two_only_if_they_are_of_one_patient(plan: str) -> None:
    records, summary = clinic_day(plan)
    position = {id(record): index for index, record in enumerate(records)}
    patients: list[list[str]] = [[] for _ in records]
    for order in summary["orders"]:
        for record in of_order(records, order["placer"]):
            patients[position[id(record)]].append(order["patient"])
    assert [records[index] for index, joined in enumerate(patients) if not joined] == []
    assert [records[index] for index, joined in enumerate(patients) if len(set(joined)) > 1] == []
    assert sum(len(joined) > 1 for joined in patients) < len(records) / 20


def test_lost_acknowledgements_change_no_fact() -> None:
    plain, troubled = (clinic_day(plan)[1] for plan in PLANS)
    assert troubled["ledger"]["faults"] != {}
    assert troubled["facts"] == plain["facts"]
    assert troubled["happenings"] == plain["happenings"]


def test_the_ladder_of_the_day_is_a_stat_order_that_went_by_the_book() -> None:
    _, summary = clinic_day("")
    (order,) = (row for row in summary["orders"] if row["placer"] == summary["ladder"]["placer"])
    assert (order["priority"], order["ending"]) == ("STAT", "reported")
    texts = " ".join(row["text"] for row in summary["ladder"]["rows"])
    for wire in ("ADT^A04", "ORM^O01 NW", "C-FIND worklist", "C-STORE x", "N-EVENT-REPORT", "C-MOVE", "ORU^R01 P", "ORU^R01 F"):
        assert wire in texts
    assert "CA" not in texts.split()
