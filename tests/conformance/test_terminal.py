"""What `radloop certify` prints, on a terminal of 80 columns and where there is none."""

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from conformance.report.terminal import Terminal
from conformance.result import RunResult
from conformance.verdict import Outcome
from tests.conformance.made_up import PRODUCT, made_up_run

STYLE = re.compile(r"\x1b\[[0-9;]*m")
"""What bold and dim are on a terminal."""


def printed(result: RunResult, *, terminal: bool) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=80, force_terminal=terminal, no_color=True, highlight=False, soft_wrap=not terminal)
    what = {"product": PRODUCT, "role": "pacs", "versions": result.versions, "strict": False, "fast": True}
    shown = Terminal(what, 7, len(result.cases), console)
    for case in result.cases:
        shown.case(case)
    shown.end(result, Path("out/here"))
    return file.getvalue().splitlines()


@pytest.fixture
def result(tmp_path: Path) -> RunResult:
    return made_up_run(tmp_path, cases=80)


def test_seed_product_and_version_come_first(result: RunResult) -> None:
    first = printed(result, terminal=False)[0]
    assert first.startswith(f"radloop 0.1.0  {PRODUCT['name']} {PRODUCT['version']} as pacs, 80 cases, seed 7")


def test_without_a_terminal_every_case_has_its_line_and_none_is_broken(result: RunResult) -> None:
    lines = printed(result, terminal=False)
    for case in result.cases:
        assert f"{case.outcome:14} {case.id}" in lines
    requirement = max((case.requirement for case in result.cases if case.outcome is Outcome.FAIL), key=len)
    assert len(requirement) > 80
    assert f"  requirement {requirement}" in lines


def test_failing_cases_come_before_the_milder_ones_with_clause_expected_actual_and_proof(result: RunResult) -> None:
    text = "\n".join(printed(result, terminal=False))
    failed = next(case for case in result.cases if case.outcome is Outcome.FAIL and len(case.trials) == 1)
    block = text[text.index(f"\nfail {failed.id}  ") :].split("\n\n")[0]
    assert [line.split()[0] for line in block.strip().splitlines()] == [
        "fail",
        "requirement",
        "clause",
        "expected",
        "actual",
        "proof",
    ]
    assert failed.edition in block
    first = [text.index(f"\n\n{outcome} ") for outcome in ("fail", "error", "inconclusive", "warn", "waived")]
    assert first == sorted(first)


def test_a_failed_safety_case_is_flagged_and_counted(result: RunResult) -> None:
    lines = printed(result, terminal=False)
    flagged = [case.id for case in result.cases if case.safety and case.outcome is Outcome.FAIL]
    assert flagged
    for name in flagged:
        assert [line for line in lines if line.startswith(f"fail {name} ") and line.endswith("⚑ safety")]
    assert [line for line in lines if "safety cases passed" in line]


def test_waivers_are_shown_with_their_reason(result: RunResult) -> None:
    waived = next(case for case in result.cases if case.outcome is Outcome.WAIVED)
    assert f"  waived      {waived.waiver}" in printed(result, terminal=False)


def test_on_a_terminal_no_line_is_longer_than_it(result: RunResult) -> None:
    lines = printed(result, terminal=True)
    tree = lines[next(number for number, line in enumerate(lines) if "├──" in line) :]
    assert max(len(STYLE.sub("", line)) for line in tree) <= 80
    assert any("requirement" in line for line in tree)


def test_what_a_product_said_does_not_steer_the_terminal(result: RunResult) -> None:
    assert not any("\x1b[31m" in line for line in printed(result, terminal=False))
    assert any(r"0110H\x1B[31m" in line for line in printed(result, terminal=False))
