"""Reconciliation: a study belongs to an order by patient, accession number and Study Instance UID, all three."""

from dataclasses import replace
from typing import Any

import pytest

from emulators.actors.reconciliation import Expectations, Judgement, State
from emulators.messages.common import Patient, PersonName
from emulators.messages.imaging import StudyHeader
from emulators.messages.orders import CancelProcedure, ChangeProcedure, ProcedureMessage
from tests.actors.samples import (
    ACCESSION,
    HEADER,
    PATIENT,
    SOMEBODY_ELSE,
    STUDY,
    of_procedure,
    reference,
    schedule_procedure,
    step_started,
)

MATCHED = Judgement(State.MATCHED, order=ACCESSION)
ORPHAN = Judgement(State.ORPHAN, "no order")


def same_number(one: Patient, other: Patient) -> bool:
    return (one.patient_id, one.issuer) == (other.patient_id, other.issuer)


def judged(header: StudyHeader, *announced: ProcedureMessage) -> Judgement:
    expectations = Expectations()
    for message in announced:
        expectations.announce(message)
    return expectations.judge(header, same_number)


def held(reason: str) -> Judgement:
    return Judgement(State.HELD, reason)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, MATCHED),
        ({"patient": SOMEBODY_ELSE}, held("patient differs")),
        ({"patient": replace(PATIENT, issuer="ELSEWHERE")}, held("patient differs")),
        ({"study_instance_uid": "1.2.3"}, held("study UID differs")),
        ({"patient": SOMEBODY_ELSE, "study_instance_uid": "1.2.3"}, held("patient differs")),
        ({"accession_number": "OTHER"}, held("accession number differs")),
        ({"accession_number": ""}, MATCHED),
        ({"accession_number": "", "patient": SOMEBODY_ELSE}, held("patient differs")),
        ({"accession_number": "", "study_instance_uid": "1.2.3"}, ORPHAN),
        ({"accession_number": "OTHER", "study_instance_uid": "1.2.3"}, ORPHAN),
    ],
)
def test_a_study_is_matched_held_or_an_orphan(changes: dict[str, Any], expected: Judgement) -> None:
    assert judged(replace(HEADER, **changes), schedule_procedure()) == expected


def test_without_any_order_a_study_is_an_orphan() -> None:
    assert judged(HEADER) == ORPHAN


def test_a_patient_is_known_by_number_and_issuer_not_by_name() -> None:
    married = replace(PATIENT, name=PersonName("Smith", "Jane"), birth_date="19700102")
    assert judged(replace(HEADER, patient=married), schedule_procedure()) == MATCHED


def test_a_cancelled_order_holds_whatever_else_fits() -> None:
    cancelled = of_procedure(CancelProcedure)
    assert judged(HEADER, schedule_procedure(), cancelled) == held("order cancelled")
    assert judged(replace(HEADER, patient=SOMEBODY_ELSE), cancelled) == held("order cancelled")


def test_an_order_is_as_it_was_last_announced() -> None:
    changed = of_procedure(ChangeProcedure)
    moved = replace(changed, steps=(replace(changed.procedure, study_instance_uid="1.2.3"),))
    assert judged(HEADER, schedule_procedure(), moved) == held("study UID differs")
    assert judged(replace(HEADER, study_instance_uid="1.2.3"), schedule_procedure(), moved) == MATCHED
    assert judged(replace(HEADER, accession_number=""), schedule_procedure(), moved) == ORPHAN


def test_of_two_orders_of_a_study_the_one_that_is_not_cancelled_counts() -> None:
    second = schedule_procedure("P2")
    same_study = replace(second, steps=(replace(second.procedure, study_instance_uid=STUDY),))
    found = judged(replace(HEADER, accession_number=""), schedule_procedure(), of_procedure(CancelProcedure), same_study)
    assert found == Judgement(State.MATCHED, order=same_study.procedure.accession_number)


@pytest.mark.parametrize("order_first", [True, False])
def test_a_performed_step_makes_its_study_one_of_the_order(order_first: bool) -> None:
    step = replace(step_started(), study_instance_uid="1.2.3")
    expectations = Expectations()
    if order_first:
        expectations.announce(schedule_procedure())
    expectations.perform(step)
    if not order_first:
        expectations.announce(schedule_procedure())
    for accession in (ACCESSION, ""):
        header = replace(HEADER, study_instance_uid="1.2.3", accession_number=accession)
        assert expectations.judge(header, same_number) == MATCHED
    assert expectations.judge(HEADER, same_number) == MATCHED


@pytest.mark.parametrize("changes", [{"step_id": ""}, {"step_id": "S9"}, {"accession_number": "OTHER"}])
def test_a_step_that_names_another_or_none_makes_nothing(changes: dict[str, Any]) -> None:
    expectations = Expectations()
    expectations.announce(schedule_procedure())
    named = replace(reference(), **changes)
    expectations.perform(replace(step_started(), scheduled=(named,), study_instance_uid="1.2.3"))
    header = replace(HEADER, study_instance_uid="1.2.3")
    assert expectations.judge(header, same_number) == held("study UID differs")
