"""The command line as a user types it: what it prints, what it writes, and how it exits."""

import os
import re
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).parents[1]


def radloop(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in ``folder``, 100 columns wide."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"}
    command = [sys.executable, str(ROOT / "radloop.py"), *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_run_prints_seed_version_and_options_first_and_the_verdict_last(tmp_path: Path) -> None:
    done = radloop("run", "clinic", "--memory", "--seed", "7", "--out", "here", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("radloop 0.")
    assert "seed 7" in lines[0]
    assert "radloop run clinic --seed 7 --memory" in lines[0]
    assert re.search(r"The loop closed for (\d+) of \1 orders\.", done.stdout)
    assert "Acquisition and transmission" in done.stdout
    assert "C-STORE x" in done.stdout


def test_a_run_writes_trace_summary_and_a_page_that_loads_nothing(tmp_path: Path) -> None:
    radloop("run", "clinic", "--memory", "--out", "here", folder=tmp_path)
    summary = orjson.loads((tmp_path / "here" / "summary.json").read_bytes())
    assert {"seed", "scenario", "options", "stages", "facts", "ledger"} <= summary.keys()
    assert len(summary["facts"]["sha256"]) == 64
    assert (tmp_path / "here" / "trace.jsonl").stat().st_size > 100_000
    page = (tmp_path / "here" / "report.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page
    assert "src=" not in page


def test_trace_none_writes_no_trace(tmp_path: Path) -> None:
    assert radloop("run", "clinic", "--trace", "none", "--out", "here", folder=tmp_path).returncode == 0
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["report.html", "summary.json"]


def test_trace_full_has_the_content_of_messages_and_answers(tmp_path: Path) -> None:
    assert radloop("run", "clinic", "--trace", "full", "--out", "here", folder=tmp_path).returncode == 0
    with (tmp_path / "here" / "trace.jsonl").open("rb") as lines:
        exchange = next(record for line in lines if (record := orjson.loads(line))["record"] == "exchange")
    assert exchange["content"]["patient"]["name"]["family"]
    assert exchange["answer_content"]["code"] == "AA"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nowhere",), "nowhere: no such scenario; there is clinic"),
        (("missing.toml",), "missing.toml: No such file"),
        (("wrong.toml",), "wrong.toml: "),
        (("clinic", "--faults", "nothing"), "nothing: no such fault plan; there is every_kind, half_the_acknowledgements"),
        (("clinic", "--faults", "typo.toml"), "typo.toml: rules[0].message: no ORU^R01; there is "),
        (("clinic", "--out", "wrong.toml"), "--out wrong.toml: File exists"),
        (("clinic", "--wire", "--codecs"), "--codecs goes with --memory"),
    ],
)
def test_wrong_use_is_one_clear_line_and_exit_code_2(words: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text("title = 3", encoding="utf-8")
    typo = 'title = "x"\n[[rules]]\nverdict = "refuse"\nmessage = "ORU^R01"\n'
    (tmp_path / "typo.toml").write_text(typo, encoding="utf-8")
    done = radloop("run", *words, folder=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_images_of_another_run_are_never_removed(tmp_path: Path) -> None:
    (tmp_path / "here" / "archive").mkdir(parents=True)
    done = radloop("run", "clinic", "--wire", "--out", "here", folder=tmp_path)
    assert done.returncode == 2
    assert "holds images of another run" in done.stderr
    assert (tmp_path / "here" / "archive").exists()


def test_a_day_that_cannot_end_says_where_it_broke_and_exits_1(tmp_path: Path) -> None:
    plan = tmp_path / "cut.toml"
    rule = '[[rules]]\nverdict = "refuse"\nsender = "engine"\nreceiver = "ehr"\nlane = "reports"\n'
    plan.write_text(f'title = "No report reaches the EHR"\n{rule}', encoding="utf-8")
    done = radloop("run", "clinic", "--seed", "7", "--faults", "cut.toml", "--out", "here", folder=tmp_path)
    assert done.returncode == 1
    assert "until then the loop closed for 0." in done.stdout
    summary = orjson.loads((tmp_path / "here" / "summary.json").read_bytes())
    assert not summary["finished"]
    assert "drain limit" in summary["why_not"]


def test_a_killed_run_leaves_no_images_in_the_way_of_the_next(tmp_path: Path) -> None:
    (tmp_path / "here" / "archive" / "pacs").mkdir(parents=True)
    (tmp_path / "here" / "archive" / "unfinished-run").touch()
    (tmp_path / "here" / "trace.jsonl").touch()
    done = radloop("run", "clinic", "--trace", "none", "--out", "here", folder=tmp_path)
    assert done.returncode == 0
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["report.html", "summary.json"]
