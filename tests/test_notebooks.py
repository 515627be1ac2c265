"""The notebooks run from the first cell to the last, and what is committed of them is clean; so does what their guide shows."""

import json
import re
import shlex
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import radloop
from notebooks.execute import execute
from tests.test_layering import ROOMS, imported_modules, is_within, rule_for

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
GUIDE = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
MOST_BYTES = 600_000
MACHINE = {
    "path": re.compile(r"(?<![\w.:/])(?:/[\w.\-]+){2,}|[A-Z]:\\\\"),
    "address": re.compile(r"\b0x[0-9a-f]{6,}"),
    "execution time": re.compile(r'"(?:execution|iopub\.\w+|shell\.\w+)"'),
}

Cell = dict[str, Any]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(notebook: Any) -> list[Cell]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@lru_cache
def committed(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def kinds(cell: Cell) -> list[tuple[str, ...]]:
    """What a cell puts out: streams by their name, the rest by its MIME types."""
    return [tuple(sorted(output.get("data", {}))) or (output.get("name", output["output_type"]),) for output in cell["outputs"]]


def words(notebook: Any) -> str:
    """The notebook without its pictures."""
    return re.sub(r'"image/png": ".*?"', "", json.dumps(notebook))


def test_there_is_a_first_look() -> None:
    assert "first_look" in [path.stem for path in NOTEBOOKS]


@each_notebook
def test_a_notebook_runs_and_puts_out_what_is_committed(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    executed = code_cells(execute(path))
    stored = code_cells(committed(path))
    advice = "the outputs are of other cells; run: python notebooks/execute.py"
    assert [cell["execution_count"] for cell in stored] == list(range(1, len(stored) + 1)), advice
    assert [(cell["id"], kinds(cell)) for cell in stored] == [(cell["id"], kinds(cell)) for cell in executed], advice
    assert "stderr" not in [kind for cell in executed for output in kinds(cell) for kind in output]


@each_notebook
def test_a_notebook_shows_figures_and_stays_small(path: Path) -> None:
    figures = [output for cell in code_cells(committed(path)) for output in kinds(cell) if "image/png" in output]
    assert 6 <= len(figures) <= 12
    assert path.stat().st_size < MOST_BYTES


def traces_of_a_machine(notebook: Any) -> list[str]:
    return [f"{what}: {found.group()}" for what, pattern in MACHINE.items() for found in pattern.finditer(words(notebook))]


@each_notebook
def test_what_is_committed_holds_no_path_no_time_and_no_address_of_memory(path: Path) -> None:
    notebook = committed(path)
    assert traces_of_a_machine(notebook) == []
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    assert [cell["id"] for cell in notebook["cells"] if cell["metadata"]] == []


@pytest.mark.parametrize(
    "trace",
    [
        {"text": ["saved in /" + "home/me/out\n"]},
        {"text": ["C:\\Users\\me"]},
        {"text": ["<Axes at 0x7f3a5c0d1e20>"]},
        {"metadata": {"execution": {"iopub.status.busy": "2026-03-02T08:00:00Z"}}},
    ],
)
def test_a_trace_of_a_machine_is_found(trace: dict[str, Any]) -> None:
    assert traces_of_a_machine({"cells": [{"outputs": [trace]}]}) != []


@each_notebook
def test_a_notebook_imports_of_radloop_what_a_notebook_may(path: Path, tmp_path: Path) -> None:
    script = tmp_path / "notebooks" / f"{path.stem}.py"
    script.parent.mkdir()
    script.write_text("\n".join("".join(cell["source"]) for cell in code_cells(committed(path))), encoding="utf-8")
    ours = [target for _, target in imported_modules(script, tmp_path) if target.partition(".")[0] in ROOMS]
    assert ours
    assert [target for target in ours if not any(is_within(target, known) for known in rule_for("notebooks").knows)] == []


def test_the_guide_shows_what_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands, then its Python, from top to bottom."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    commands = re.findall(r"^radloop (run .*)$", GUIDE, flags=re.MULTILINE)
    assert commands
    for command in commands:
        assert CliRunner().invoke(radloop.app, shlex.split(command, comments=True)).exit_code == 0
    python = "\n".join(re.findall(r"^```python\n(.*?)^```", GUIDE, flags=re.DOTALL | re.MULTILINE))
    exec(compile(python, "docs/notebooks.md", "exec"), {})  # what a reader would do
    assert (tmp_path / "orders.png").stat().st_size > 5_000
