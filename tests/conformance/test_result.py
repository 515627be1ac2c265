"""result.json: read back as it was written, and what a whole run counts for."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.result import load_result, to_json
from conformance.verdict import Outcome
from emulators.core.errors import ConfigError
from tests.conformance.made_up import made_up_run

ALL_PASS = (Outcome.PASS,)


def test_a_result_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    result = replace(made_up_run(tmp_path, cases=60), not_run=["x"], other_roles=["ris"])
    (tmp_path / "result.json").write_text(to_json(result), encoding="utf-8")
    assert to_json(load_result(tmp_path / "result.json")) == to_json(result)


def test_an_unfinished_run_is_never_a_pass(tmp_path: Path) -> None:
    whole = made_up_run(tmp_path, ALL_PASS)
    assert (whole.conformance, whole.resilience, whole.exit_code) == ("passed", "passed", 0)
    cut = replace(whole, not_run=["dicom.echo.1"])
    assert (cut.conformance, cut.resilience, cut.exit_code) == ("not shown", "not shown", 2)


def test_an_unfinished_run_with_a_failure_has_failed(tmp_path: Path) -> None:
    cut = replace(made_up_run(tmp_path, (Outcome.FAIL,)), not_run=["x"])
    assert (cut.conformance, cut.exit_code) == ("failed", 1)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("{", "not JSON"), ("[]", "not a result"), ('{"format": 9}', "another version"), ('{"format": 1}', "not a whole result")],
)
def test_what_is_no_result_is_refused_with_its_path(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=f"result.json: .*{complaint}"):
        load_result(path)


def test_a_case_of_no_group_is_refused(tmp_path: Path) -> None:
    content = json.loads(to_json(made_up_run(tmp_path, cases=1)))
    content["cases"][0]["id"] = "nothing.at.all.1"
    (tmp_path / "result.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"nothing\.at\.all\.1"):
        load_result(tmp_path / "result.json")
