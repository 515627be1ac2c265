"""What the documentation tells a reader to type works."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import radloop

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def documented_runs() -> list[str]:
    """Every line of a code block that is a `radloop run` command, without its comment."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```.*?\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE):
            found += [line for line in block.splitlines() if line.startswith("radloop run ")]
    return found


def test_the_readme_shows_how_to_run() -> None:
    assert len(documented_runs()) >= 4


@pytest.mark.parametrize("line", documented_runs())
def test_a_documented_run_closes_the_loop(line: str, tmp_path: Path) -> None:
    words = shlex.split(line, comments=True)[1:]
    done = CliRunner().invoke(radloop.app, [*words, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "The loop closed" in done.output


def test_every_file_that_the_readme_links_to_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
