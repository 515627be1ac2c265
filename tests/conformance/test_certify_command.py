"""`radloop certify` as a user types it: what it prints and writes, how it ends, interrupted and taken up again."""

import itertools
import json
import re
import socket
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner, Result

from conformance.case import Case
from conformance.catalogue import all_cases
from conformance.result import CaseResult, load_result, to_json
from conformance.runner import Run
from conformance.signing import MANIFEST, SIGNATURE
from conformance.taps import read_records
from conformance.target import Claims, Limits, Policies, Service, Timers, load_target
from conformance.verdict import Outcome
from radloop import app
from tests.conformance.made_up import made_up_run
from tests.test_cli import radloop

CASES = ["dicom.ul.assoc.1", "dicom.ul.assoc.5", "dicom.echo.1", "hl7.ack.orig.1"]
ON_EMULATOR = ["run", *CASES, "--role", "pacs", "--target", "emulator"]


def certify(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"}).invoke(app, ["certify", *map(str, words)])


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = tmp_path_factory.mktemp("keys") / "my.key"
    done = certify("keygen", "--out", key)
    assert done.exit_code == 0
    assert f"public key   {key}.pub" in done.output
    return key


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Path:
    folder = tmp_path_factory.mktemp("signed")
    done = certify(*ON_EMULATOR, "--out", folder, "--seed", 7, "--sign", keys)
    assert done.exit_code == 0, done.output
    assert "4 pass" in done.output
    return folder


def test_a_run_writes_everything_and_its_signature(signed: Path) -> None:
    files = {"records.jsonl", "result.json", "report.html", "certificate.pdf", "junit.xml", MANIFEST, SIGNATURE}
    assert {path.name for path in signed.iterdir()} == files
    assert load_result(signed / "result.json").seed == 7


def test_verify_says_what_is_good_and_what_was_changed(signed: Path, keys: Path, tmp_path: Path) -> None:
    done = certify("verify", signed, "--key", f"{keys}.pub")
    assert done.exit_code == 0
    assert "good     certificate.pdf" in done.output
    assert "verified: Radloop emulator" in done.output
    for path in signed.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "junit.xml").write_text("<testsuites/>", encoding="utf-8")
    done = certify("verify", tmp_path, "--key", f"{keys}.pub")
    assert done.exit_code == 1
    assert "BAD      junit.xml: not what was signed" in done.output
    assert done.output.rstrip().endswith("NOT VERIFIED")
    (tmp_path / MANIFEST).unlink()
    done = certify("verify", tmp_path / "certificate.pdf", "--key", f"{keys}.pub")
    assert done.exit_code == 2
    assert "unsigned" in done.output


def test_show_prints_the_records_of_a_case(signed: Path) -> None:
    done = certify("show", "dicom.echo.1", "--out", signed)
    assert done.exit_code == 0
    assert done.output.count("C-ECHO-RSP  0000H success") >= 3
    assert certify("show", "dicom.echo.9", "--out", signed).exit_code == 2


def test_diff_ends_with_1_where_something_is_worse(tmp_path: Path) -> None:
    for name, outcomes in (("good", (Outcome.PASS,)), ("bad", (Outcome.FAIL,))):
        (tmp_path / name).mkdir()
        result = made_up_run(tmp_path / name, outcomes, cases=3)
        (tmp_path / name / "result.json").write_text(to_json(result), encoding="utf-8")
    good, bad = tmp_path / "good", tmp_path / "bad" / "result.json"
    assert certify("diff", good, good).exit_code == 0
    assert certify("diff", bad, good).exit_code == 0
    done = certify("diff", good, bad)
    assert done.exit_code == 1
    assert "dicom.ul.assoc.1  pass to fail" in done.output
    assert certify("diff", good, tmp_path / "nothing").exit_code == 2


def test_list_has_one_line_for_each_case_with_its_state() -> None:
    done = certify("--list", "--status")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [case.id for case in all_cases()]
    assert {line.split()[1] for line in lines} <= {"built", "planned"}
    assert f"{len(lines)} cases: " in done.stderr
    assert len(certify("--list", "dicom.mwl", "--role", "ris").stdout.splitlines()) < len(lines)


def test_the_example_is_a_target_file_that_is_taken(tmp_path: Path) -> None:
    done = certify("--example")
    assert done.exit_code == 0
    (tmp_path / "target.toml").write_text(done.stdout, encoding="utf-8")
    assert set(load_target(tmp_path / "target.toml").roles) == {"pacs"}


def test_the_example_explains_every_key_and_names_its_default_first() -> None:
    text = certify("--example").stdout
    services = text.partition("# What it says it can do.")[2].partition("# Further keys")[0]
    assert set(get_args(Service)) <= set(re.findall(r"\w+", services))
    assert [key for key in Claims.model_fields if not re.search(rf"^(#   )?{key}\b", text, re.MULTILINE)] == []
    for key, field in {**Policies.model_fields, **Limits.model_fields, **Timers.model_fields}.items():
        said = re.search(rf"^#   {key} +(.*)", text, re.MULTILINE)
        assert said is not None, key
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        shown = f"{default:g}" if isinstance(default, float) else str(default).replace("'", '"')
        assert default is None or said[1].startswith(shown or '""'), key


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--target", "nothing.toml"], "nothing.toml: No such file"),
        (["--target", "wrong.toml"], "wrong.toml: product: Field required"),
        (["--target", "emulator"], "--role: which of our emulators?"),
        (["--target", "emulator", "--role", "nurse"], "--role nurse: there is pacs, ris"),
        (["dicom.nothing", "--target", "emulator", "--role", "pacs"], "dicom.nothing: no case begins so"),
        (["fhir", "--target", "emulator", "--role", "ehr"], "nothing to run: of 6 selected for ehr none is built yet"),
        (["dicom.mwl", "--target", "emulator", "--role", "pacs"], "nothing to run: none of these cases is for pacs"),
        (["--target", "example.toml", "--role", "pasc"], "--role pasc: there is pacs, ris"),
        (["--target", "example.toml", "--role", "ris"], "example.toml: roles.ris: missing; it plays pacs"),
        (["--target", "emulator", "--role", "pacs", "--sign", "nothing.key"], "nothing.key: No such file"),
        (["--target", "emulator", "--role", "pacs", "--resume"], "result.json: No such file"),
    ],
)
def test_where_nothing_runs_one_line_says_why_and_the_exit_code_is_3(
    words: list[str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.toml").write_text("[roles]", encoding="utf-8")
    (tmp_path / "example.toml").write_text(certify("--example").stdout, encoding="utf-8")
    done = certify(*words)
    assert done.exit_code == 3
    assert complaint in done.stderr
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def test_a_port_of_the_tester_that_is_taken_is_named_and_nothing_runs(tmp_path: Path) -> None:
    target = tmp_path / "target.toml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        target.write_text(certify("--example").stdout.replace("11202", str(port)), encoding="utf-8")
        done = certify("dicom.echo", "--target", target, "--out", tmp_path / "out")
    assert done.exit_code == 3
    assert "tester.peers.workstation: a port of it cannot be had: Address already in use" in done.stderr


def test_a_product_that_is_not_there_leaves_the_results_of_before_as_they_were(tmp_path: Path) -> None:
    target = tmp_path / "target.toml"
    target.write_text(certify("--example").stdout.replace("4242", "1").replace("2575", "1"), encoding="utf-8")
    (tmp_path / "records.jsonl").write_text("kept", encoding="utf-8")
    # In a process of its own: pynetdicom leaves the socket of a refused connection open.
    done = radloop("certify", "dicom.echo", "--target", str(target), "--out", ".", folder=tmp_path)
    assert done.returncode == 3
    assert "nothing ran: no connection to 127.0.0.1:1: Connection refused" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["records.jsonl", "target.toml"]
    assert (tmp_path / "records.jsonl").read_text(encoding="utf-8") == "kept"


# --- interrupted


@pytest.fixture
def interrupted_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ctrl-C comes when one of these cases begins; the list of what ran."""
    ran: list[str] = []
    real = Run.case

    def case(run: Run, one: Case) -> CaseResult:
        ran.append(one.id)
        if one.id == "dicom.echo.1" and ran.count(one.id) == 1:
            raise KeyboardInterrupt
        return real(run, one)

    monkeypatch.setattr(Run, "case", case)
    return ran


def test_an_interrupted_run_is_written_unfinished_and_unsigned_and_can_be_taken_up(
    interrupted_at: list[str], keys: Path, tmp_path: Path
) -> None:
    done = certify(*ON_EMULATOR, "--out", tmp_path, "--seed", 7, "--sign", keys)
    assert done.exit_code == 130
    assert "unfinished: 2 cases did not run" in done.output
    assert "Conformance not shown" in done.output
    assert not (tmp_path / MANIFEST).exists()
    half = load_result(tmp_path / "result.json")
    assert [case.id for case in half.cases] == CASES[:2]
    assert list(half.not_run) == CASES[2:]

    interrupted_at.clear()
    interrupted_at.append("dicom.echo.1")
    done = certify(*ON_EMULATOR, "--out", tmp_path, "--resume", "--sign", keys)
    assert done.exit_code == 0, done.output
    assert interrupted_at[1:] == CASES[2:]
    whole = load_result(tmp_path / "result.json")
    assert [case.id for case in whole.cases] == CASES
    assert whole.cases[:2] == half.cases
    assert (whole.seed, whole.resumed, whole.started, whole.is_finished) == (7, 1, half.started, True)
    assert whole.run_id != half.run_id
    _, records = read_records(tmp_path / "records.jsonl")
    assert [record.number for record in records] == list(range(1, whole.evidence.records + 1))
    assert all(one.at_s <= two.at_s for one, two in itertools.pairwise(records))
    assert certify("verify", tmp_path, "--key", f"{keys}.pub").exit_code == 0


def test_a_finished_run_that_was_not_signed_is_signed_when_taken_up(
    signed: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("result.json", "records.jsonl"):
        (tmp_path / name).write_bytes((signed / name).read_bytes())
    monkeypatch.setattr(Run, "case", lambda *_: pytest.fail("a case ran"))
    assert certify(*ON_EMULATOR, "--out", tmp_path, "--resume", "--sign", keys).exit_code == 0
    assert certify("verify", tmp_path, "--key", f"{keys}.pub").exit_code == 0


def test_a_finished_run_is_not_run_again(signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in signed.iterdir()}
    monkeypatch.setattr(Run, "case", lambda *_: pytest.fail("a case ran"))
    done = certify(*ON_EMULATOR, "--out", signed, "--resume")
    assert done.exit_code == 0
    assert "4 pass" in done.output
    assert {path.name: path.read_bytes() for path in signed.iterdir()} == before


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--strict"], "result.json: strict: not the same as now"),
        (["--seed", "8"], "result.json: seed: 7, not 8"),
        (["dicom.ul"], "result.json: selection: not the same as now"),
    ],
)
def test_another_run_is_not_taken_up(signed: Path, words: list[str], complaint: str) -> None:
    done = certify(*ON_EMULATOR, "--out", signed, "--resume", *words)
    assert done.exit_code == 3
    assert complaint in done.stderr


def test_a_run_whose_records_are_others_is_not_taken_up(signed: Path, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes((signed / "result.json").read_bytes())
    (tmp_path / "records.jsonl").write_text("", encoding="utf-8")
    done = certify(*ON_EMULATOR, "--out", tmp_path, "--resume")
    assert done.exit_code == 3
    assert "records.jsonl: not the record of this result" in done.stderr


def test_a_case_without_a_verdict_runs_again_when_taken_up(signed: Path, tmp_path: Path) -> None:
    content: dict[str, Any] = json.loads((signed / "result.json").read_bytes())
    content["cases"][1]["trials"][0]["outcome"] = "inconclusive"
    (tmp_path / "result.json").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "records.jsonl").write_bytes((signed / "records.jsonl").read_bytes())
    done = certify(*ON_EMULATOR, "--out", tmp_path, "--resume")
    assert done.exit_code == 0
    assert "as pacs, 1 case, seed 7" in done.output
