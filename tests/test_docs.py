"""What the documentation tells a reader to type works, and what it shows is there.

A page is read from top to bottom, in a folder of its own. A block with a language is a file if the line above ends with its
name; a block without one holds commands, or, if it begins with "$ ", a session: commands, and lines of what they print. Every
port is moved by the same distance, to where all of them are free. Commands of others (DCMTK, Orthanc) are left to
tests/peers, and so is a day with one of them: of that the peers are printed.
"""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import emulators.quirks
import radloop
from commands.stimuli import described
from emulators.config import parse
from emulators.control import ControlClient
from emulators.endpoints import ServedSite, load_site
from emulators.ports.sockets import LOOPBACK
from emulators.sut.target import Target
from sim.faults import FaultSettings
from sim.happenings import Happenings
from sim.scenario import Scenario, find
from tests.serving.processes import START_LIMIT_S, example
from tests.serving.services import STARTED, running

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
OF_OTHER_TESTS = ("notebooks.md", "own_data.md")
READ_HERE = tuple(page for page in PAGES if page.name not in OF_OTHER_TESTS)
SERVE, SCENARIOS, PRODUCTS = (ROOT / "docs" / f"{name}.md" for name in ("serve", "scenarios", "products"))

OF_OTHERS = ("echoscu", "findscu", "wlmscpfs", "Orthanc", "python3", ".venv/bin/python", ".venv/bin/radloop", ".venv/bin/jupyter")
OF_THE_SHELL = ("mkdir", "touch", "sed", "rm")
OPTIONS_OF_OTHERS = {"--hypothesis-profile"}
REST_LIMIT_S = 10.0

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"`([\w-]+\.(?:toml|json))`:\n\n\Z")
_LOOP = re.compile(r"for system in (.*); do radloop serve \$system --config site\.toml & done")

each_page = pytest.mark.parametrize("page", READ_HERE, ids=lambda page: page.stem)


# --- pages -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Block:
    """``file`` is the name of what it holds, empty if it has none."""

    language: str
    text: str
    file: str


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        named = _NAMED.search(text[: found.start()])
        yield Block(found[1], found[2], named[1] if named else "")


def steps(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Each command with the lines that are shown of what it prints."""
    if not block.text.startswith("$ "):
        yield from ((line, []) for line in block.text.splitlines())
        return
    for part in block.text.removeprefix("$ ").split("\n$ "):
        command, *printed = part.splitlines()
        yield command, printed


def rows(page: Path, heading: str) -> dict[str, list[str]]:
    """A table by its first column, without the backquotes; ``heading`` is that of this column."""
    _, _, table = page.read_text(encoding="utf-8").partition(f"| {heading} |")
    lines = table.partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first.strip("`"): rest for first, *rest in cells}


# --- ports -------------------------------------------------------------------------------------------------------------


def documented_ports() -> set[int]:
    texts = [example(), CliRunner().invoke(radloop.app, ["run", "clinic", "--print-target"]).output]
    texts += [block.text for page in READ_HERE for block in blocks(page) if block.language == "toml"]
    found = {int(port) for text in texts for port in re.findall(r"port = (\d+)", text)}
    first_ports = {int(port) for text in texts for port in re.findall(r"first_port = (\d+)", text)}
    return {port for port in found if port > 1023} | {first + next_one for first in first_ports for next_one in range(8)}


def is_free(port: int) -> bool:
    with suppress(OSError), socket.create_server((LOOPBACK, port)):
        return True
    return False


@pytest.fixture(scope="module")
def distance() -> int:
    """How far all documented ports are moved, to stay below those that the system gives away itself (Linux: from 32768 on)."""
    ports = documented_ports()
    first = 2_000 + os.getpid() % 100 * 100
    return next(far for far in range(first, 32_000 - max(ports)) if all(is_free(port + far) for port in ports))


# --- the reader --------------------------------------------------------------------------------------------------------


class Reader:
    """Types what a page says, in ``folder``. Close ``served`` at the end."""

    def __init__(self, folder: Path, distance: int) -> None:
        self.served = ExitStack()
        self._folder = folder
        self._moved = {str(port): str(port + distance) for port in documented_ports()}
        self._systems: list[str] = []
        """Those that are served."""
        self._python: dict[str, Any] = {}

    def read(self, block: Block) -> None:
        if block.file:
            (self._folder / block.file).write_text(self._elsewhere(block.text), encoding="utf-8")
        elif block.language == "python":
            exec(compile(block.text, "the page", "exec"), self._python)  # what a reader would do
        elif not block.language:
            for command, printed in steps(block):
                said = self._type(self._elsewhere(command))
                missing = [line for line in printed if _plain(self._elsewhere(line)) not in _plain(said)]
                assert missing == [], f"{command}:\n{said}"

    def _elsewhere(self, text: str) -> str:
        return re.sub(r"\b\d{4,5}\b", lambda number: self._moved.get(number[0], number[0]), text)

    def _type(self, command: str) -> str:
        """Do it; what it prints."""
        loop = _LOOP.fullmatch(command)
        if loop is not None:
            return self._serve_in_threads(loop[1].split())
        words = [word for word in shlex.split(command, comments=True) if word not in ("&", "TCP_NODELAY=1")]
        *words, file = (*words[: words.index(">")], words[-1]) if ">" in words else (*words, "")
        said = self._run(words)
        if file:
            (self._folder / file).write_text(self._elsewhere(said), encoding="utf-8")
        return "" if file else said

    def _run(self, words: list[str]) -> str:
        program, *rest = words
        if program == "radloop":
            return self._serve(rest) if rest[0] == "serve" and "--example" not in rest else self._radloop(rest)
        if program == "kill":
            self._stop()
        elif program == "cp":
            shutil.copy(ROOT / rest[0], self._folder / rest[1])
        elif program == "make":
            assert f"\n{rest[0]}: " in (ROOT / "Makefile").read_text(encoding="utf-8")
        elif program in OF_THE_SHELL:
            subprocess.run(words, cwd=self._folder, check=True)
        else:
            assert program in OF_OTHERS, f"{program}: neither ours nor known"
        return ""

    def _radloop(self, words: list[str]) -> str:
        if words[0] == "stimulate":
            self._wait_until_at_rest()
            words = words if any(word.startswith("--") and word != "--json" for word in words) else [*words, "--wait", "0.5"]
        if "--sut" in words and "--print-peers" not in words:
            words = [*words, "--print-peers"]
        done = CliRunner().invoke(radloop.app, words)
        assert done.exit_code == 0 or words[0] == "doctor", f"{words}:\n{done.output}"
        if words[0] == "run" and not any(word.startswith("--print") for word in words):
            assert "The loop closed" in done.output
        return done.output

    # --- serving -------------------------------------------------------------------------------------------------------

    def _serve(self, words: list[str]) -> str:
        """A process, as it is typed."""
        command = [sys.executable, str(ROOT / "radloop.py"), *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=self._folder, env=environment, stdout=subprocess.PIPE, text=True)
        self.served.enter_context(process)
        self.served.callback(process.terminate)
        self._systems.append(words[1])
        assert process.stdout is not None
        said = ""
        while (line := process.stdout.readline()) and not line.startswith("serving "):
            said += line
        assert line, f"{words}: it did not start"
        return said + line

    def _serve_in_threads(self, systems: list[str]) -> str:
        """Many at once: quicker than a process each."""
        site = self._folder / "site.toml"
        assert set(systems) == set(load_site(site).systems)
        for system in systems:
            self.served.enter_context(running(site, system, datetime.now() - STARTED))
            self._systems.append(system)
        return ""

    def _stop(self) -> None:
        self.served.close()
        self._systems.clear()

    def _wait_until_at_rest(self) -> None:
        """A person is slower than the systems: until none of them has something under way to another, and still so a look later."""
        end_s = time.monotonic() + REST_LIMIT_S
        looks = 0
        while looks < 2:
            looks = looks + 1 if all(self._is_at_rest(system) for system in self._systems) else 0
            assert time.monotonic() < end_s, "they do not come to rest"

    def _is_at_rest(self, system: str) -> bool:
        port = load_site(self._folder / "site.toml").endpoints[system].control_port
        assert port is not None
        with ControlClient((LOOPBACK, port)) as client:
            return not any(send["to"] in self._systems for send in client.status()["open_sends"])


def _plain(text: str) -> str:
    return " ".join(text.split())


@each_page
def test_what_a_page_tells_to_type_works(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, distance: int) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    reader = Reader(tmp_path, distance)
    with reader.served:
        for block in blocks(page):
            reader.read(block)


def test_the_readme_shows_every_command() -> None:
    words = [command.split() for block in blocks(ROOT / "README.md") for command, _ in steps(block) if not block.language]
    typed = {one[1] for one in words if one[0] == "radloop"}
    assert typed == set(get_command(radloop.app).commands)  # type: ignore[attr-defined]


# --- files -------------------------------------------------------------------------------------------------------------


def merged(whole: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """``whole`` with ``part`` in its place; a list takes the place of a list."""
    both = {key: merged(whole[key], part[key]) for key in part if isinstance(part[key], dict) and key in whole}
    return {**whole, **part, **both}


def toml_blocks() -> list[tuple[str, str]]:
    return [(page.name, block.text) for page in READ_HERE for block in blocks(page) if block.language == "toml"]


@pytest.mark.parametrize(("page", "text"), toml_blocks())
def test_a_file_or_a_part_of_one_is_as_it_has_to_be(page: str, text: str) -> None:
    data = tomllib.loads(text)
    if "rules" in data:
        parse(data, FaultSettings, page).check(find("clinic")[1].site, page)
    elif "product" in data:
        parse(data, Target, page)
    elif page == SCENARIOS.name:
        parse(merged(find("clinic")[1].model_dump(mode="json"), data), Scenario, page)
    else:
        site = parse(merged(tomllib.loads(example()), data), ServedSite, page)
        assert [emulators.quirks.find(quirk) for endpoint in site.endpoints.values() for quirk in endpoint.quirks] is not None


def test_orthanc_is_told_what_print_peers_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((orthanc, target),) = [
        (json.loads(block.text), CliRunner().invoke(radloop.app, ["run", "clinic", "--print-target"]).output)
        for block in blocks(PRODUCTS)
        if block.file == "orthanc.json"
    ]
    claimed = Target.model_validate(tomllib.loads(target))
    assert (orthanc["DicomPort"], orthanc["DicomAet"]) == (claimed.dicom_port, claimed.ae_title)
    scanners = find("clinic")[1].site.scanners
    called = [find("clinic")[1].site.ae_titles.workstation, *(scanner.ae_title for scanner in scanners)]
    first = claimed.listen.first_port
    assert list(orthanc["DicomModalities"].values()) == [[title, LOOPBACK, first + n] for n, title in enumerate(called)]


# --- lists -------------------------------------------------------------------------------------------------------------


def test_the_quirks_are_those_there_are() -> None:
    assert set(rows(SERVE, "Quirk")) == set(emulators.quirks.names())


def test_the_happenings_are_those_there_are() -> None:
    assert list(rows(SCENARIOS, "Key of `[world.happenings]`")) == list(Happenings.model_fields)


def test_the_stimuli_are_those_there_are(tmp_path: Path) -> None:
    site = parse(tomllib.loads(example()), ServedSite, "example")
    table = {system: set(re.split("[,;] ", cells[0])) for system, cells in rows(SERVE, "System").items()}
    of_every_one = table.pop("every one")
    table["ct1"] = table.pop("a scanner, by its name")
    assert {system: set(described(site, system)) for system in table} == {
        system: names | of_every_one for system, names in table.items()
    }


def options() -> set[str]:
    commands = get_command(radloop.app).commands.values()  # type: ignore[attr-defined]
    return {name for command in commands for option in command.params for name in (*option.opts, *option.secondary_opts)}


@each_page
def test_every_option_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"`(?:radloop [^`]*)?(--[a-z-]+)", page.read_text(encoding="utf-8")))
    assert named - options() <= OPTIONS_OF_OTHERS


def slug(heading: str) -> str:
    """As pages are linked to: lower case, words joined by hyphens, all else left out."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    wrong = []
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if "://" in target:
            continue
        headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE) if file.is_file() else []
        if not file.exists() or (anchor and anchor not in map(slug, headings)):
            wrong.append(target)
    assert wrong == []
