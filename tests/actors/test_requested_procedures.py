"""Requested procedures: their state follows their steps, and the table finds them under every name they have."""

from dataclasses import replace

import pytest

from emulators.actors.requested_procedures import Procedure, ProcedureTable, State
from tests.actors.samples import ACCESSION, PATIENT, SOMEBODY_ELSE, STUDY, VISIT, order, scheduled

SC, IP, CM, DC = State.SCHEDULED, State.IN_PROGRESS, State.COMPLETED, State.DISCONTINUED
FIRST, SECOND = scheduled().step_id, "S2"


def procedure(placer: str = "P1", steps: int = 2) -> Procedure:
    both = (scheduled(placer), replace(scheduled(placer), step_id=SECOND))
    return Procedure(placer, PATIENT, VISIT, order(placer), both[:steps])


def after(*moves: tuple[str, State]) -> Procedure:
    """A procedure of two steps after these starts (IP) and ends."""
    one = procedure()
    for step_id, state in moves:
        if state is IP:
            one.start(step_id)
        else:
            one.end(step_id, state)
    return one


@pytest.mark.parametrize(
    ("moves", "state", "waiting"),
    [
        ([], SC, [FIRST, SECOND]),
        ([(FIRST, IP)], IP, [SECOND]),
        ([(FIRST, IP), (FIRST, SC)], SC, [FIRST, SECOND]),
        ([(FIRST, IP), (FIRST, CM)], IP, [SECOND]),
        ([(FIRST, IP), (FIRST, DC)], IP, [SECOND]),
        ([(FIRST, IP), (FIRST, CM), (SECOND, IP), (SECOND, SC)], IP, [SECOND]),
        ([(FIRST, IP), (FIRST, CM), (SECOND, IP), (SECOND, CM)], CM, []),
        ([(FIRST, IP), (FIRST, CM), (SECOND, IP), (SECOND, DC)], CM, []),
        ([(FIRST, IP), (FIRST, DC), (SECOND, IP), (SECOND, DC)], DC, []),
        ([(FIRST, IP), (SECOND, IP), (FIRST, CM), (SECOND, CM), (FIRST, IP), (FIRST, DC)], CM, []),
        ([(FIRST, IP), (FIRST, CM), (SECOND, IP), (SECOND, DC), (SECOND, IP)], CM, []),
        ([(FIRST, IP), (FIRST, IP), (FIRST, DC)], IP, [SECOND]),
        ([(FIRST, IP), (FIRST, IP), (FIRST, CM), (FIRST, DC), (SECOND, IP), (SECOND, DC)], CM, []),
    ],
)
def test_the_state_of_a_procedure_follows_its_steps(moves: list[tuple[str, State]], state: State, waiting: list[str]) -> None:
    one = after(*moves)
    assert one.state is state
    assert [step.step_id for step in one.waiting_steps] == waiting


def test_nothing_of_a_cancelled_procedure_waits() -> None:
    one = procedure()
    one.state = State.CANCELLED
    assert list(one.waiting_steps) == []
    assert not one.may_be_performed


def test_occurrences_are_counted_for_each_purpose() -> None:
    one = procedure()
    assert [one.occurrence(purpose) for purpose in ("XP", "RL", "XP", "XP")] == [1, 1, 2, 3]


def test_a_procedure_is_found_under_every_name_it_has() -> None:
    table, one = ProcedureTable(), procedure()
    table.add(one)
    assert table.of_placer("P1") is table.of_accession(ACCESSION) is table.of_step(FIRST) is table.of_step(SECOND) is one
    assert list(table.of_study(STUDY)) == list(table.of_patients(["M1", "M9", "M1"])) == [one]
    assert table.of_placer("P2") is table.of_accession("A1") is table.of_step("") is None
    assert list(table.of_study("1.2")) == []


def test_a_procedure_is_found_under_its_new_names_and_not_under_the_old() -> None:
    table, one = ProcedureTable(), procedure()
    table.add(one)
    table.change_study(one, "1.2.3")
    table.change_patient(one, SOMEBODY_ELSE)
    assert list(table.of_study(STUDY)) == list(table.of_patients(["M1"])) == []
    assert list(table.of_study("1.2.3")) == list(table.of_patients(["M2"])) == [one]
    assert {step.study_instance_uid for step in one.steps} == {"1.2.3"}
    changed = (replace(scheduled(), step_id="S9", study_instance_uid="1.2.3"),)
    table.change_order(one, order(modality="US"), changed)
    assert (table.of_step(FIRST), table.of_step("S9"), one.order.modality) == (None, one, "US")


def test_an_order_of_our_own_is_found_by_its_placer_number_once_it_has_one() -> None:
    table = ProcedureTable()
    one = Procedure(ACCESSION, PATIENT, VISIT, order(""), (scheduled(),))
    table.add(one)
    assert table.of_placer("") is None
    assert one.name == ACCESSION
    table.assign_placer(one, "F1")
    assert table.of_placer("F1") is one
    assert one.name == "F1"
