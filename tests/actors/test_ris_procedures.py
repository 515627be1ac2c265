"""Procedures that another filler has scheduled: on the worklist as they are, several steps of one procedure together."""

from dataclasses import replace
from typing import Any

import pytest

from emulators.messages.common import Patient
from emulators.messages.orders import CancelProcedure, ChangeProcedure, ScheduleProcedure
from tests.actors.ris_samples import do, new_ris, on_worklist, ris
from tests.actors.samples import PATIENT, SOMEBODY_ELSE, VISIT, order, place_order, scheduled, step_started

STEPS = (scheduled("P1"), replace(scheduled("P1"), step_id="S-2", start="20260302101500"))
CHANGED = tuple(replace(step, start="20260302140000", modality="US", station_ae_title="US1") for step in STEPS)


def said(kind: type, steps: Any = STEPS, patient: Patient = PATIENT, placer: str = "P1", number: str = "1") -> Any:
    return kind(f"C{number}", "20260302080000", patient, VISIT, order(placer), steps)


def entries(actor: Any) -> list[tuple[str, str, str, str]]:
    return sorted(
        (
            item.text("AccessionNumber"),
            item.text("StudyInstanceUID"),
            item.items("ScheduledProcedureStepSequence")[0].text("ScheduledProcedureStepID"),
            item.items("ScheduledProcedureStepSequence")[0].text("ScheduledProcedureStepStartTime"),
        )
        for item in on_worklist(actor)
    )


def test_two_steps_of_one_procedure_are_two_entries_of_one_study() -> None:
    actor = new_ris()
    done = do(actor, said(ScheduleProcedure))
    assert done.answer.code == "AA"
    assert done.names() == [("engine", "OrderStatus"), ("pacs", "ScheduleProcedure")]
    assert done.only(ScheduleProcedure).steps == STEPS
    first, second = entries(actor)
    assert first[:2] == second[:2] == (STEPS[0].accession_number, STEPS[0].study_instance_uid)
    assert {first[2:], second[2:]} == {(STEPS[0].step_id, STEPS[0].start[8:]), ("S-2", "101500")}


def test_the_same_procedure_again_is_no_second_one() -> None:
    actor = ris(said(ScheduleProcedure))
    done = do(actor, said(ScheduleProcedure, number="2"))
    assert (done.answer.code, done.sent, len(entries(actor))) == ("AA", [], 2)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (said(ScheduleProcedure, patient=SOMEBODY_ELSE, number="2"), "205 ORC-3"),
        (said(ScheduleProcedure, (replace(STEPS[0], accession_number="A9"),), number="2"), "205 ORC-2"),
        (said(ScheduleProcedure, (replace(STEPS[0], accession_number="A9"),), placer="P9", number="2"), "205 IPC-3"),
        (
            said(
                ScheduleProcedure,
                (replace(STEPS[0], accession_number="A9", study_instance_uid="2.25.9"),),
                placer="P9",
                number="2",
            ),
            "205 IPC-4",
        ),
        (said(ScheduleProcedure, (replace(scheduled("P9"), modality="PT"),), placer="P9", number="2"), "204 OBR-24"),
        (said(ChangeProcedure, (scheduled("P9"),), placer="P9", number="2"), "204 ORC-3"),
        (said(ChangeProcedure, patient=SOMEBODY_ELSE, number="2"), "204 PID-3"),
        (said(CancelProcedure, (replace(STEPS[0], study_instance_uid="2.25.9"),), number="2"), "204 IPC-3"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(message: Any, error: str) -> None:
    actor = ris(said(ScheduleProcedure))
    before = entries(actor)
    done = do(actor, message)
    assert (done.answer.code, done.answer.error, done.sent) == ("AE", error, [])
    assert entries(actor) == before


def test_a_change_keeps_the_study_and_is_told() -> None:
    actor = ris(said(ScheduleProcedure))
    done = do(actor, said(ChangeProcedure, CHANGED, number="2"))
    assert done.names() == [("pacs", "ChangeProcedure")]
    assert [entry[3] for entry in entries(actor)] == ["140000", "140000"]
    assert {entry[1] for entry in entries(actor)} == {STEPS[0].study_instance_uid}


def test_a_cancelled_procedure_leaves_the_worklist() -> None:
    actor = ris(said(ScheduleProcedure))
    done = do(actor, said(CancelProcedure, number="2"))
    assert done.statuses() == [("P1", "CR", "CA")]
    assert entries(actor) == []


def test_what_has_begun_is_not_changed_nor_cancelled() -> None:
    actor = ris(said(ScheduleProcedure, STEPS[:1]), step_started())
    assert do(actor, said(ChangeProcedure, CHANGED[:1], number="2")).answer.error == "206 ORC-3"
    assert do(actor, said(CancelProcedure, number="3")).statuses() == [("P1", "UC", "IP")]


def test_what_its_steps_lack_is_the_orders() -> None:
    bare = replace(
        scheduled("P1"), modality="", start="", protocol=replace(scheduled("P1").protocol, value="", scheme="", meaning="")
    )
    done = do(new_ris(), said(ScheduleProcedure, (bare,)))
    (step,) = done.only(ScheduleProcedure).steps
    assert (step.modality, step.start, step.protocol) == ("CT", order().requested_at, order().procedure)


def test_an_order_of_the_placer_gets_numbers_that_nobody_has() -> None:
    number = do(new_ris(), place_order("P2")).only(ScheduleProcedure).procedure.accession_number
    elsewhere = replace(scheduled("P1"), accession_number=number)
    done = do(ris(said(ScheduleProcedure, (elsewhere,))), place_order("P2"))
    assert done.only(ScheduleProcedure).procedure.accession_number != number
