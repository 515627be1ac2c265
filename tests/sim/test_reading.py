"""Who reads: at the workstation or at the teleradiology platform; whoever it is, the chart holds the same."""

from typing import Any

from emulators.trace import Record
from reports.checkers import all_checkers
from reports.measures.facts import Facts
from tests.clinic import happenings, run, scenario, visits

TELERADIOLOGY = {
    "teleradiology": {"ae_title": "NIGHTREAD"},
    "routing": [{"destination": "teleradiology", "modalities": [], "body_parts": [], "priorities": []}],
}
ALWAYS = [{"start_hour": 0, "end_hour": 24}]
IN_THE_EVENING = [{"start_hour": 20, "end_hour": 22}]
OFTEN = happenings(
    second_procedure=0.6, done_as_one=0.7, discontinued=0.2, manual_entry=0.2, typing_error=0.6, corrected=0.2, merged=0.2
)


def read(site: dict[str, Any], **readers: Any) -> tuple[dict[str, Any], list[Record]]:
    """The facts and the trace of a morning that is read by these people."""
    facts, records, checkers = Facts(), list[Record](), all_checkers()
    clinic = scenario(site, arrivals=[visits(6, 6)], images={"cap": 5, "scale": 0.125}, happenings=OFTEN, **readers)
    assert run(clinic, facts, records.append, *checkers.values()).finished
    assert {name: checker.violations() for name, checker in checkers.items() if checker.violations()} == {}
    return facts.result(), records


def signers(records: list[Record]) -> set[str]:
    return {record["system"] for record in records if record["record"] == "note" and record["name"] == "report signed"}


def test_the_chart_does_not_depend_on_who_reads() -> None:
    here, at_the_workstation = read({}, radiologists=ALWAYS)
    there, on_the_platform = read(TELERADIOLOGY, radiologists=IN_THE_EVENING, teleradiologists=ALWAYS)
    assert signers(at_the_workstation) == {"workstation"}
    assert "teleradiology" in signers(on_the_platform)
    assert there == here


def test_what_was_broken_off_is_read_by_nobody() -> None:
    facts, _ = read(TELERADIOLOGY, radiologists=IN_THE_EVENING, teleradiologists=ALWAYS)
    broken_off = {order["study"]: order for order in facts["orders"].values() if order["state"] == "discontinued"}
    assert broken_off
    assert {order["report"]["status"] for order in broken_off.values()} == {""}


def test_orders_done_as_one_are_read_elsewhere_under_the_number_of_the_first() -> None:
    facts, records = read(TELERADIOLOGY, radiologists=IN_THE_EVENING, teleradiologists=ALWAYS)
    studies = [order["study"] for order in facts["orders"].values()]
    shared = [order["accession"] for order in facts["orders"].values() if studies.count(order["study"]) > 1]
    signed = [record for record in records if record["record"] == "note" and record["name"] == "report signed"]
    assert shared
    assert {record["system"] for record in signed if record["accession"] in shared} == {"teleradiology"}
    states = {order["state"] for order in facts["orders"].values() if order["accession"] in shared}
    assert states <= {"reported", "discontinued"}


def test_a_study_is_read_by_one_at_a_time_and_once() -> None:
    _, records = read({}, radiologists=ALWAYS * 4)
    opened = [record["subject"] for record in records if record["record"] == "stimulus" and record["name"] == "open study"]
    finals = [
        record["accession"]
        for record in records
        if record["record"] == "note" and (record["name"], record.get("status")) == ("report signed", "P")
    ]
    assert len(opened) == len(set(opened))
    assert len(finals) == len(set(finals))
