"""JUnit XML, read by junitparser as a CI server reads it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from conformance.report.junit import to_junit
from conformance.result import RunResult
from conformance.verdict import Outcome
from tests.conformance.made_up import PRODUCT, made_up_run

KINDS = {
    Outcome.PASS: None,
    Outcome.WARN: None,
    Outcome.FAIL: Failure,
    Outcome.ERROR: Error,
    Outcome.INCONCLUSIVE: Error,
    Outcome.WAIVED: Skipped,
    Outcome.NOT_APPLICABLE: Skipped,
}


@pytest.fixture
def result(tmp_path: Path) -> RunResult:
    return made_up_run(tmp_path)


def read(result: RunResult) -> JUnitXml:
    return JUnitXml.fromstring(to_junit(result).encode())


def cases_of(document: JUnitXml) -> dict[str, TestCase]:
    return {case.name: case for suite in document for case in suite}


def test_each_case_is_there_once_with_its_kind_of_result(result: RunResult) -> None:
    cases = cases_of(read(result))
    assert sorted(cases) == sorted(case.id for case in result.cases)
    for case in result.cases:
        kind = KINDS[case.outcome]
        assert [type(one) for one in cases[case.id].result] == ([kind] if kind else []), case.id


def test_failures_errors_and_skips_are_counted_in_each_suite_and_in_all(result: RunResult) -> None:
    document = read(result)
    told = (document.tests, document.failures, document.errors, document.skipped)
    document.update_statistics()  # type: ignore[no-untyped-call]  # junitparser counts itself
    assert told == (document.tests, document.failures, document.errors, document.skipped)
    counts = Counter(case.outcome for case in result.cases)
    assert document.failures == counts[Outcome.FAIL] > 0
    assert document.errors == counts[Outcome.ERROR] + counts[Outcome.INCONCLUSIVE]
    assert [suite.name for suite in document] == [f"{group.letter} {group.title}" for group, _ in result.by_group]
    for suite, (_, cases) in zip(document, result.by_group, strict=True):
        assert suite.failures == sum(case.outcome is Outcome.FAIL for case in cases)


def test_a_failure_says_requirement_clause_expected_actual_and_proof(result: RunResult) -> None:
    failed = next(case for case in result.cases if case.outcome is Outcome.FAIL)
    [problem] = cases_of(read(result))[failed.id].result
    assert problem.message.startswith("expected: 0000H success; actual: 0110H")
    assert failed.requirement in problem.text
    assert "clause: " in problem.text
    assert "proof: record" in problem.text


def test_what_xml_cannot_hold_is_written_as_its_code(result: RunResult) -> None:
    text = to_junit(result)
    assert "\x1b" not in text
    assert r"0110H\x1B[31m" in text
    [problem] = next(
        case.result for case in cases_of(read(result)).values() if case.result and "bad" in str(case.result[0].message)
    )
    assert problem.type == "error"


def test_what_did_not_run_is_an_error(result: RunResult) -> None:
    document = read(replace(result, not_run=["hl7.adt.merge.1"], cases=result.cases[:3]))
    [suite] = [suite for suite in document if suite.name == "not run"]
    [case] = suite
    assert (case.name, case.classname, type(case.result[0])) == ("hl7.adt.merge.1", "pacs.hl7.adt", Error)


def test_product_seed_and_evidence_are_properties(result: RunResult) -> None:
    suite = next(iter(read(result)))
    properties = {one.name: one.value for one in suite.properties()}  # type: ignore[no-untyped-call]
    assert properties["product"] == f"{PRODUCT['name']} {PRODUCT['version']}"
    assert properties["seed"] == "7"
    assert properties["evidence.sha256"] == result.evidence.sha256
