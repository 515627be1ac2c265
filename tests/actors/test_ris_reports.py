"""Reports at the RIS: which are sent on, with what, and which are not."""

from dataclasses import replace
from typing import Any

import pytest

from emulators.actors.ris import Ris
from emulators.core.identity import accession_number, uid
from emulators.messages.common import NO_CODE, PersonName
from emulators.messages.orders import ReadingListRemoval
from emulators.messages.report import Report, ReportedOrder
from tests.actors.ris_samples import do, press, ris
from tests.actors.samples import (
    ACCESSION,
    PATIENT,
    PROCEDURE,
    SOMEBODY_ELSE,
    STUDY,
    VISIT,
    cancel_order,
    number_assigned,
    order,
    place_order,
    report,
    report_status,
    step_ended,
    step_started,
    update_patient,
)

COMPLETED = (place_order(), step_started(), step_ended())
BY_ACCESSION = ReportedOrder("", ACCESSION, "", NO_CODE)


def sent_on(actor: Ris, message: Report, sender: str = "workstation") -> list[Report]:
    """What the engine gets of a report that is acknowledged."""
    done = do(actor, message, sender)
    assert done.answer.code == "AA"
    assert {to for to, one in done.sent if isinstance(one, Report)} <= {"engine"}
    return done.all(Report)


def test_a_reading_status_is_noted() -> None:
    for status in ("ASSIGNED", "IN PROGRESS", "PRELIMINARY", "FINAL"):
        done = do(ris(*COMPLETED), report_status(status), "workstation")
        assert done.answer.code == "AA"
        assert done.notes == [("reading status", "P1", {"accession": ACCESSION, "status": status})]
        assert done.sent == []


def test_reports_go_unchanged_to_the_engine() -> None:
    actor = ris(*COMPLETED)
    for status in ("P", "F"):
        assert sent_on(actor, report(status)) == [report(status)]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (report("F"), report("P", control_id="C2")),
        (report("C"), report("P", control_id="C2")),
        (report("F"), report("F", control_id="C2")),
        (report("P"), report("P", control_id="C2")),
        (report("F"), replace(report("F", control_id="C2", text="Earlier."), reported_at="20260302075959")),
    ],
)
def test_a_report_that_is_late_or_the_same_is_acknowledged_and_not_sent_on(first: Report, then: Report) -> None:
    assert sent_on(ris(*COMPLETED, first), then) == []


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (report("P"), report("P", control_id="C2", text="More.")),
        (report("F"), report("C", control_id="C2")),
        (report("F"), report("F", control_id="C2", text="Text F.", addendum="One thing more.")),
        (report("F"), report("W")),
        (report("P"), report("X")),
        (report("F"), report("D")),
        (report("W"), report("F", control_id="C2")),
        (report("F"), replace(report("C", control_id="C2"), reported_at="")),
    ],
)
def test_what_changes_a_report_is_sent_on(first: Report, then: Report) -> None:
    assert sent_on(ris(*COMPLETED, first), then) == [then]


@pytest.mark.parametrize("message", [report("F"), report_status("ASSIGNED")])
def test_what_speaks_of_an_unknown_accession_number_is_refused(message: Any) -> None:
    done = do(ris(place_order("P2")), message, "workstation")
    assert (done.answer.code, done.answer.error) == ("AE", "204 OBR-3")
    assert done.sent == []


def test_a_report_that_came_before_its_order_is_taken_when_it_is_sent_again() -> None:
    actor = ris(report("F"), *COMPLETED)
    assert sent_on(actor, report("F", control_id="C2")) == [report("F", control_id="C2")]


def test_a_report_on_a_cancelled_order_is_refused() -> None:
    assert do(ris(place_order(), cancel_order()), report("F"), "workstation").answer.error == "204 OBR-3"


def test_a_report_for_another_patient_is_refused_and_not_sent_on() -> None:
    actor = ris(*COMPLETED)
    done = do(actor, report("F", patient=SOMEBODY_ELSE), "workstation")
    assert (done.answer.code, done.answer.error) == ("AE", "204 PID-3")
    assert done.sent == []
    assert len(sent_on(actor, report("F", control_id="C2"))) == 1


def test_a_report_under_the_placer_number_of_another_order_is_refused() -> None:
    wrong = replace(report("F"), orders=(ReportedOrder("P2", ACCESSION, STUDY, PROCEDURE),))
    assert do(ris(*COMPLETED), wrong, "workstation").answer.error == "204 OBR-2"


def test_a_study_whose_report_was_withdrawn_is_not_on_the_reading_list_again_by_itself() -> None:
    actor = ris(*COMPLETED)
    for message in (report("F"), report("W")):
        do(actor, message, "workstation")
    married = replace(PATIENT, name=PersonName("Smith", "Jane"))
    assert do(actor, update_patient(married)).names() == [("pacs", "ChangeProcedure")]


# --- several orders ----------------------------------------------------------------------------------------------------


def test_one_report_for_several_accession_numbers_closes_all_of_them() -> None:
    together = step_started("P1", "P2")
    actor = ris(place_order("P1", "P2"), together, step_ended())
    both = report("F", "P1", "P2")
    assert sent_on(actor, both) == [both]
    assert sent_on(actor, report("P", "P2", control_id="C2")) == []


def test_a_report_of_which_one_order_does_not_fit_is_refused_whole() -> None:
    done = do(ris(*COMPLETED), report("F", "P1", "P2"), "workstation")
    assert done.answer.error == "204 OBR-3"
    assert done.sent == []


# --- from elsewhere ----------------------------------------------------------------------------------------------------


def test_a_report_from_teleradiology_gets_what_it_lacks_and_takes_the_study_off_the_reading_list() -> None:
    actor = ris(*COMPLETED)
    done = do(actor, replace(report("F"), orders=(BY_ACCESSION,)), "engine")
    assert done.names() == [("engine", "Report"), ("workstation", "ReadingListRemoval")]
    assert done.only(Report).orders == (ReportedOrder("P1", ACCESSION, STUDY, PROCEDURE),)
    removal = done.only(ReadingListRemoval)
    assert (removal.control_id, removal.procedure.accession_number) == ("P1-RR1", ACCESSION)
    corrected = do(actor, replace(report("C"), orders=(BY_ACCESSION,)), "engine")
    assert corrected.names() == [("engine", "Report")]


def test_a_preliminary_report_from_teleradiology_leaves_the_study_on_the_reading_list() -> None:
    done = do(ris(*COMPLETED), replace(report("P"), orders=(BY_ACCESSION,)), "engine")
    assert done.names() == [("engine", "Report")]


def test_the_workstation_is_not_told_of_its_own_report() -> None:
    assert do(ris(*COMPLETED), report("F"), "workstation").names() == [("engine", "Report")]


def test_a_report_that_came_before_the_end_of_the_exam_keeps_it_off_the_reading_list() -> None:
    actor = ris(place_order(), step_started(), report("F"))
    assert do(actor, step_ended()).names() == [("engine", "OrderStatus"), ("pacs", "StepEnded")]


def test_a_report_on_an_order_of_our_own_waits_for_its_placer_number() -> None:
    actor = ris()
    press(actor, "create order", subject="U1", patient=PATIENT, visit=VISIT, order=order(""))
    accession, study = accession_number("U1"), uid("study", "U1")
    named = ReportedOrder("", accession, study, PROCEDURE)
    assert sent_on(actor, replace(report("P"), orders=(named,))) == []
    numbered = (replace(named, placer_order_number="F1"),)
    waited = do(actor, number_assigned(accession, "F1")).all(Report)
    assert [(one.status, one.orders) for one in waited] == [("P", numbered)]
    (final,) = sent_on(actor, replace(report("F"), orders=(named,)))
    assert final.orders == numbered
