"""The repository agrees with itself: packages, versions, pins, and what may not be written in a tracked file."""

import os
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.testing import CliRunner

import radloop

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = ("commands", "emulators", "sim", "conformance", "loadtests", "datasets", "reports")
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")

# What git does not track either (.gitignore); hidden folders but .ci are skipped as well.
UNTRACKED = {"__pycache__", "build", "dist", "out", "venv"}


def tracked_files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in UNTRACKED and not name.endswith(".egg-info") and (name == ".ci" or not name.startswith("."))
        )
        yield from (Path(folder, name) for name in sorted(files))


# Assembled, so that this file does not contain what it looks for.
FORBIDDEN = {
    "registry address": re.compile(
        "|".join(["py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.", "index" + "-url", "find" + "-links"])
    ),
    "machine path": re.compile(
        "|".join([r"(?<![\w.\-/])/" + name + r"\b" for name in ("wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers")])
        + "|/tmp/" + r"\w"
        + "|/opt/" + r"\w"
    ),
}  # fmt: skip


def forbidden_words(root: Path) -> list[str]:
    found = []
    for file in tracked_files(root):
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # binary
        for number, line in enumerate(lines, start=1):
            found += [f"{file.relative_to(root)}:{number}: {what}" for what, words in FORBIDDEN.items() if words.search(line)]
    return found


def test_no_tracked_file_holds_a_registry_address_or_a_machine_path() -> None:
    assert forbidden_words(ROOT) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("pip install --" + "index" + "-url x", "registry address"),
        ("from files.python" + "hosted.org", "registry address"),
        ("see https://py" + "pi.org/project/simpy", "registry address"),
        ("cd /wo" + "rk/main", "machine path"),
        ("'/ro" + "ot/.cache'", "machine path"),
        ("/tmp/" + "venv/bin/python", "machine path"),
    ],
)
def test_a_forbidden_word_is_found(tmp_path: Path, line: str, what: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "guide.md").write_text(f"first line\n{line}\n", encoding="utf-8")
    assert forbidden_words(tmp_path) == [f"docs/guide.md:2: {what}"]


@pytest.mark.parametrize("line", ["GET /workstation/root", "a UID root/range", "emulators/work", "tests/home/x"])
def test_an_innocent_word_is_not_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "guide.md").write_text(line, encoding="utf-8")
    assert forbidden_words(tmp_path) == []


def packages_on_disk() -> list[str]:
    files = (file for room in ROOMS for file in (ROOT / room).rglob("__init__.py"))
    return sorted(".".join(file.parent.relative_to(ROOT).parts) for file in files)


def test_the_packages_listed_are_the_packages_on_disk() -> None:
    assert sorted(PYPROJECT["tool"]["setuptools"]["packages"]) == packages_on_disk()


def test_every_folder_with_code_is_a_package() -> None:
    folders = {".".join(file.parent.relative_to(ROOT).parts) for room in ROOMS for file in (ROOT / room).rglob("*.py")}
    assert sorted(folders) == packages_on_disk()


def test_every_room_is_type_checked() -> None:
    rooms = {package.partition(".")[0] for package in packages_on_disk()}
    assert set(PYPROJECT["tool"]["mypy"]["files"]) == rooms | {"radloop.py", "tests"}


def test_the_version_is_the_same_everywhere() -> None:
    declared = PYPROJECT["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\]", changelog, flags=re.MULTILINE)
    assert version("radloop") == declared, "install again: pip install --editable ."
    assert next(heading for heading in headings if heading != "Unreleased") == declared


def test_the_command_prints_its_version_and_its_help() -> None:
    printed = CliRunner().invoke(radloop.app, ["--version"])
    assert (printed.exit_code, printed.output) == (0, f"radloop {version('radloop')}\n")
    printed = CliRunner().invoke(radloop.app, ["--help"])
    assert printed.exit_code == 0
    assert "order to report" in printed.output


def constraint_lines() -> list[str]:
    return [line for line in CONSTRAINTS.splitlines() if line and not line.startswith("#")]


def test_constraints_are_names_and_exact_versions_and_no_address() -> None:
    exact = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!+]*")
    assert [line for line in constraint_lines() if not exact.fullmatch(line)] == []
    assert "://" not in CONSTRAINTS


def test_every_dependency_and_theirs_is_pinned() -> None:
    pinned = {canonicalize_name(line.partition("==")[0]) for line in constraint_lines()}
    project = PYPROJECT["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    to_visit = [Requirement(text) for group in groups for text in group]
    needed: dict[str, set[str]] = {}  # name to the extras seen
    while to_visit:
        requirement = to_visit.pop()
        name = canonicalize_name(requirement.name)
        if name == "radloop" or requirement.extras | {""} <= needed.get(name, set()):
            continue
        extras = needed.setdefault(name, set())
        extras |= requirement.extras | {""}
        to_visit += [
            child
            for child in map(Requirement, requirements_of(name))
            if child.marker is None or any(child.marker.evaluate({"extra": extra}) for extra in extras)
        ]
    assert sorted(needed.keys() - pinned) == []
    assert len(needed) > 40, "the walk through the dependencies stopped early"


def requirements_of(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []  # a group that is not installed here; its own name is checked all the same
