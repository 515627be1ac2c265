"""The notebooks run from the first cell to the last, and what is committed of them is clean; so does what their guide shows."""

import json
import re
import shlex
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from typer.testing import CliRunner

import radloop
from notebooks.execute import execute, source_digest
from tests.test_layering import ROOMS, imported_modules, is_within, rule_for

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
GUIDE = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
MOST_BYTES = 600_000
ADVICE = "the outputs are of other cells; run: python notebooks/execute.py"
MACHINE = {
    "path": re.compile(r"(?<![\w.:/])(?:/[\w.\-]+){2,}|[A-Z]:\\\\"),
    "address": re.compile(r"\b0x[0-9a-f]{6,}"),
    "execution time": re.compile(r'"(?:execution|iopub\.\w+|shell\.\w+)"'),
}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@lru_cache
def committed(path: Path) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell: NotebookNode) -> list[tuple[str, ...]]:
    """What a cell puts out: streams by their name, the rest by its MIME types."""
    return [tuple(sorted(output.get("data", {}))) or (output.get("name", output.output_type),) for output in cell.outputs]


def words(notebook: dict[str, Any]) -> str:
    """The notebook without its pictures."""
    return re.sub(r'"image/png": ".*?"', "", json.dumps(notebook))


def test_there_is_a_first_look() -> None:
    assert "first_look" in [path.stem for path in NOTEBOOKS]


@each_notebook
def test_a_notebook_runs_and_puts_out_what_is_committed(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    executed = [(cell.id, kinds(cell)) for cell in code_cells(execute(path))]
    assert executed == [(cell.id, kinds(cell)) for cell in code_cells(committed(path))], ADVICE
    assert "stderr" not in {kind for _, outputs in executed for output in outputs for kind in output}


@each_notebook
def test_what_is_committed_was_put_out_by_these_cells_in_their_order(path: Path) -> None:
    notebook = committed(path)
    assert notebook.metadata["executed_sha256"] == source_digest(notebook), ADVICE
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), ADVICE


@each_notebook
def test_a_notebook_shows_figures_and_stays_small(path: Path) -> None:
    figures = [output for cell in code_cells(committed(path)) for output in kinds(cell) if "image/png" in output]
    assert 6 <= len(figures) <= 12
    assert path.stat().st_size < MOST_BYTES


def traces_of_a_machine(notebook: dict[str, Any]) -> list[str]:
    return [f"{what}: {found.group()}" for what, pattern in MACHINE.items() for found in pattern.finditer(words(notebook))]


@each_notebook
def test_what_is_committed_holds_no_path_no_time_and_no_address_of_memory(path: Path) -> None:
    notebook = committed(path)
    assert traces_of_a_machine(notebook) == []
    assert set(notebook.metadata) == {"kernelspec", "language_info", "executed_sha256"}
    assert notebook.metadata.language_info == {"name": "python"}
    assert [cell.id for cell in notebook.cells if cell.metadata] == []


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
    script.write_text("\n".join(cell.source for cell in code_cells(committed(path))), encoding="utf-8")
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
