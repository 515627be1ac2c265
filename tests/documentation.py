"""The pages of the documentation, and their reader, who types what a page says from top to bottom in a folder of their own.

A block with a language is a file if the line above ends with its name. One without holds commands, or, if it begins with "$ ",
a session: commands, and lines of what they print. Every port is moved by the same distance, to where all of them are free.
Commands of others (DCMTK, Orthanc) are left to tests/peers, and so is a day with one of them: of that the peers are printed.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import radloop
from emulators.control import ControlClient
from emulators.endpoints import load_site
from emulators.ports.sockets import LOOPBACK
from tests.serving.processes import ROOT, example
from tests.serving.services import running

OF_OTHERS = ("echoscu", "findscu", "wlmscpfs", "Orthanc", "python3")
OF_AN_INSTALLATION = ".venv/bin/"
OF_THE_SHELL = ("mkdir", "touch", "sed", "rm")
REST_LIMIT_S = 10.0

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"`([\w-]+\.(?:toml|json))`:\n\n\Z")
_LOOP = re.compile(r"for system in (.*); do radloop serve \$system --config site\.toml & done")


# --- pages -------------------------------------------------------------------------------------------------------------

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
OF_OTHER_TESTS = ("notebooks.md", "own_data.md")
READ_HERE = tuple(page for page in PAGES if page.name not in OF_OTHER_TESTS)
SERVE, SCENARIOS, PRODUCTS = (ROOT / "docs" / f"{name}.md" for name in ("serve", "scenarios", "products"))

each_page = pytest.mark.parametrize("page", READ_HERE, ids=lambda page: page.stem)


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


# --- ports -------------------------------------------------------------------------------------------------------------


def example_target() -> str:
    """The target file that comes with Radloop."""
    return files("commands").joinpath("example_target.toml").read_text(encoding="utf-8")


def documented_ports(pages: Iterable[Path]) -> set[int]:
    """Those of the site file and of the target file that come with Radloop, and of the files in the pages."""
    texts = [example(), example_target()]
    texts += [block.text for page in pages for block in blocks(page) if block.language == "toml"]
    found = {int(port) for text in texts for port in re.findall(r"port = (\d+)", text)}
    first_ports = {int(port) for text in texts for port in re.findall(r"first_port = (\d+)", text)}
    return {port for port in found if port > 1023} | {first + next_one for first in first_ports for next_one in range(8)}


def is_free(port: int) -> bool:
    with suppress(OSError), socket.create_server((LOOPBACK, port)):
        return True
    return False


def free_distance(ports: set[int]) -> int:
    """How far ``ports`` are moved, to stay below those that the system gives away itself (Linux: from 32768 on)."""
    first = 2_000 + os.getpid() % 100 * 100
    return next(far for far in range(first, 32_000 - max(ports)) if all(is_free(port + far) for port in ports))


# --- the reader --------------------------------------------------------------------------------------------------------


class Reader:
    """Types what a page says, in ``folder``; ``moved`` has a free port for each that is documented. Close ``served``."""

    def __init__(self, folder: Path, moved: Mapping[int, int]) -> None:
        self.served = ExitStack()
        self._folder = folder
        self._moved = {str(port): str(free) for port, free in moved.items()}
        self._systems: list[str] = []
        """Those that are served."""
        self._python: dict[str, Any] = {}
        self._to_a_file = ""
        """What the last command said on standard output alone."""

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
            (self._folder / file).write_text(self._elsewhere(self._to_a_file), encoding="utf-8")
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
            self._to_a_file = subprocess.run(words, cwd=self._folder, check=True, stdout=subprocess.PIPE, text=True).stdout
            return self._to_a_file
        else:
            assert program in OF_OTHERS or program.startswith(OF_AN_INSTALLATION), f"{program}: neither ours nor known"
        return ""

    def _radloop(self, words: list[str]) -> str:
        if words[0] == "stimulate":
            self._wait_until_at_rest()
            words = words if any(word.startswith("--") and word != "--json" for word in words) else [*words, "--wait", "0.5"]
        if "--sut" in words and "--print-peers" not in words:
            words = [*words, "--print-peers"]
        done = CliRunner().invoke(radloop.app, words)
        assert done.exit_code == 0 or words[0] == "doctor", f"{words}:\n{done.output}"
        self._to_a_file = done.stdout
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
            self.served.enter_context(running(site, system))
            self._systems.append(system)
        return ""

    def _stop(self) -> None:
        self.served.close()
        self._systems.clear()

    def _wait_until_at_rest(self) -> None:
        """A person is slower than the systems: until none has something under way to another, and a look later, too."""
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
