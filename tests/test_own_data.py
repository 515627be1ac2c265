"""`radloop run` with a user's own images and patients, and the examples of docs/own_data.md typed as they stand there."""

import re
import shlex
import shutil
from pathlib import Path

import orjson
import pydicom
import pytest
from typer.testing import CliRunner

from datasets.own_attributes import TAKEN
from radloop import app
from tests.datasets.own_files import write_series
from tests.test_cli import radloop

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "own_data.md").read_text(encoding="utf-8")
PROMPT = "$ "


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE, flags=re.DOTALL | re.MULTILINE)
    return [block for of, block in found if of == language]


SESSIONS = [block.splitlines() for block in blocks("")]
"""Each a command, and lines that it prints."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader of the guide is: with some images, a text among them, and the feed that the guide shows."""
    folder = tmp_path_factory.mktemp("home")
    write_series(folder / "my-images", ("CT", "MR"))
    (folder / "my-images" / "notes.txt").write_text("mine", encoding="utf-8")
    (feed,) = blocks("hl7")
    (folder / "feed.hl7").write_text(feed, encoding="utf-8")
    return folder


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session[0])
def test_an_example_prints_what_the_guide_shows(session: list[str], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command, *printed = session
    monkeypatch.chdir(home)
    monkeypatch.setenv("COLUMNS", "120")
    done = CliRunner().invoke(app, shlex.split(command.removeprefix(f"{PROMPT}radloop ")))
    shutil.rmtree(home / "out", ignore_errors=True)
    assert done.exit_code == 0, done.output
    assert len(printed) > 1
    assert [line for line in printed if line not in done.output] == []


def test_the_guide_counts_the_attributes_rightly() -> None:
    assert f"a closed list of {len(TAKEN)} attributes" in GUIDE


def test_the_guide_has_an_example_of_each_option() -> None:
    assert [command for command, *_ in SESSIONS if "--images" in command]
    assert [command for command, *_ in SESSIONS if "--adt-feed" in command]


# --- the command line --------------------------------------------------------------------------------------------------

ADT = "MSH|^~\\&|||||20260301||ADT^A04|{mrn}|P|2.3.1\rPID|1||{mrn}^^^NORTH||Mustermann{mrn}^Erika||19710203|F\r"


def test_the_same_feed_and_seed_give_the_same_trace_whatever_the_hash_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my feed.hl7").write_text("".join(ADT.format(mrn=f"N{n}X") for n in range(30)) + "PID|\r", encoding="utf-8")
    traces = []
    for hash_seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        done = radloop("run", "clinic", "--seed", "7", "--adt-feed", "my feed.hl7", "--out", hash_seed, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "Mustermann" not in done.stdout + done.stderr
        assert "--adt-feed 'my feed.hl7'" in done.stdout
        assert "they come again" in done.stdout
        traces.append((tmp_path / hash_seed / "trace.jsonl").read_bytes())
    assert traces[0] == traces[1]
    assert b"N7X" in traces[0]
    summary = orjson.loads((tmp_path / "1" / "summary.json").read_bytes())
    assert (summary["options"]["patients"], summary["options"]["images"]) == ("my feed.hl7", "synthetic")
    assert summary["command"] == "radloop run clinic --seed 7 --memory --adt-feed 'my feed.hl7'"


def small_scenario(path: Path) -> None:
    """The clinic with a few exams and few images."""
    text = (ROOT / "sim" / "scenarios" / "clinic.toml").read_text(encoding="utf-8")
    hours = f"expected_exams_by_hour = {[0.0] * 8 + [2.0] * 2 + [0.0] * 14}"
    text = re.sub(r"^expected_exams_by_hour = \[.*?\]", hours, text, flags=re.MULTILINE | re.DOTALL)
    path.write_text(text.replace("\ncap = 20", "\ncap = 2"), encoding="utf-8")


def test_over_the_wire_the_archive_gets_the_users_pixels_and_nobody_of_theirs(tmp_path: Path) -> None:
    small_scenario(tmp_path / "small.toml")
    write_series(tmp_path / "mine")
    words = ("run", "small.toml", "--wire", "--keep", "--images", "mine", "--out", "here")
    done = radloop(*words, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "own images: 6 CR, 6 CT, 6 DX, 6 MG, 6 MR, 6 US; no file skipped" in done.stdout
    theirs = [pydicom.dcmread(path) for path in (tmp_path / "mine").rglob("*.dcm")]
    ours = [pydicom.dcmread(path) for path in (tmp_path / "here" / "archive" / "pacs").rglob("*.dcm")]
    assert len(ours) > 5
    assert {image.PixelData for image in ours} <= {image.PixelData for image in theirs}
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "SOPInstanceUID", "AccessionNumber", "FrameOfReferenceUID"):
        assert not {image.get(keyword) for image in ours} & {image[keyword].value for image in theirs if keyword in image}
    summary = orjson.loads((tmp_path / "here" / "summary.json").read_bytes())
    assert summary["options"]["images"] == "mine"
    assert "--images mine" in summary["command"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--images", "nowhere"), "nowhere: No such file or directory"),
        (("--images", "bare"), "bare: no image that a scanner here could have made"),
        (("--adt-feed", "nowhere"), "nowhere: No such file or directory"),
        (("--adt-feed", "text"), "text: no patient in its 1 messages; message 1: segment 1: not MSH"),
    ],
)
def test_data_of_which_nothing_can_be_used_end_the_run_before_it_begins(
    words: tuple[str, ...], complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "text").write_text("Mustermann", encoding="utf-8")
    done = radloop("run", "clinic", *words, "--out", "here", folder=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "here").exists()
