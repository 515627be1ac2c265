"""What `radloop certify diff` says of two results."""

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.report.difference import BEST_FIRST, difference
from conformance.result import CaseResult, RunResult
from conformance.verdict import Outcome
from tests.conformance.made_up import made_up_run


@pytest.fixture
def result(tmp_path: Path) -> RunResult:
    return made_up_run(tmp_path, (Outcome.PASS,), cases=6)


def with_outcome(result: RunResult, number: int, outcome: Outcome) -> RunResult:
    """One case with another outcome, in all its variants."""
    cases = list(result.cases)
    trials = tuple(replace(trial, outcome=outcome) for trial in cases[number].trials)
    cases[number] = replace(cases[number], trials=trials)
    return replace(result, cases=tuple(cases))


def ids(cases: list[CaseResult]) -> list[str]:
    return [case.id for case in cases]


def test_the_same_result_has_no_difference(result: RunResult) -> None:
    found = difference(result, result)
    assert (found.changed, found.new, found.gone, found.notes, found.worse) == ((), (), (), (), [])


@pytest.mark.parametrize("old", [one for one in BEST_FIRST if one is not Outcome.WAIVED])
@pytest.mark.parametrize("new", [one for one in BEST_FIRST if one is not Outcome.WAIVED])
def test_worse_is_what_lies_further_on(result: RunResult, old: Outcome, new: Outcome) -> None:
    found = difference(with_outcome(result, 0, old), with_outcome(result, 0, new))
    assert len(found.changed) == (old is not new)
    assert bool(found.worse) is (BEST_FIRST.index(new) > BEST_FIRST.index(old))


def test_a_waiver_that_is_gone_is_worse(result: RunResult) -> None:
    failed = with_outcome(result, 0, Outcome.FAIL)
    waived = replace(failed, cases=(replace(failed.cases[0], waiver="known"), *failed.cases[1:]))
    assert ids(difference(waived, failed).worse) == [result.cases[0].id]
    assert difference(failed, waived).worse == []


def test_new_and_gone_cases_are_named_and_a_new_failure_is_worse(result: RunResult) -> None:
    fewer = replace(result, cases=result.cases[1:])
    found = difference(fewer, with_outcome(result, 0, Outcome.FAIL))
    assert (ids(list(found.new)), ids(found.worse)) == ([result.cases[0].id], [result.cases[0].id])
    assert difference(fewer, result).worse == []
    found = difference(result, fewer)
    assert (ids(list(found.gone)), found.worse) == ([result.cases[0].id], [])


def test_a_variant_that_changed_under_the_same_outcome_is_named(result: RunResult) -> None:
    number = next(number for number, case in enumerate(result.cases) if len(case.trials) == 2)
    failed = with_outcome(result, number, Outcome.FAIL)
    case = failed.cases[number]
    half = replace(case, trials=(replace(case.trials[0], outcome=Outcome.PASS), case.trials[1]))
    other = replace(failed, cases=(*failed.cases[:number], half, *failed.cases[number + 1 :]))
    [change] = difference(failed, other).changed
    assert (change.variants, change.is_worse) == (("first",), False)


def test_what_makes_two_results_hard_to_compare_is_said(result: RunResult) -> None:
    other = replace(result, role="ris", strict=True, versions={"radloop": "0.2.0"}, not_run=["x"])
    assert difference(result, other).notes == (
        "role: pacs before, ris now",
        "strict: no before, yes now",
        "Radloop 0.1.0 before, 0.2.0 now",
        "the new run is unfinished: 1 cases did not run",
    )
