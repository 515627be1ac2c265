"""Served systems as processes of one test: started from a site file, spoken to, and stopped or killed by their own handle."""

import itertools
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from emulators.control import ControlClient
from emulators.ports.sockets import LOOPBACK, Address

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 30.0
STOP_LIMIT_S = 2.0
NOTE_LIMIT_S = 20.0


def example() -> str:
    """The site file that comes with Radloop."""
    return files("commands").joinpath("example_site.toml").read_text(encoding="utf-8")


def site_file(folder: Path, ports: Mapping[str, int] | None = None, changes: Mapping[str, str] | None = None) -> Path:
    """The example in ``folder``, every port 0 but ``ports`` (``"ris.mllp_port"``), and these parts of its text replaced."""
    text = re.sub(r"(_port =) \d+", r"\1 0", example())
    for key, port in (ports or {}).items():
        system, name = key.split(".")
        text, found = re.subn(rf"(\[endpoints\.{system}\][^\[]*{name} =) 0", rf"\1 {port}", text)
        assert found == 1, key
    for old, new in (changes or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def free_ports(count: int) -> list[int]:
    """Free ports, for whoever has to be found, below those that the system gives away itself (Linux: from 32768 on)."""
    found: list[int] = []
    candidates = itertools.count(10_000 + os.getpid() % 200 * 100)
    while len(found) < count:
        with suppress(OSError), socket.create_server((LOOPBACK, next(candidates))) as probe:
            found.append(probe.getsockname()[1])
    return found


class Served:
    """One `radloop serve`, started; ``said`` waits until it is ready."""

    def __init__(self, site: Path, system: str, *options: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "PYTHONFAULTHANDLER": "1"}
        command = [sys.executable, str(ROOT / "radloop.py"), "serve", system, "--config", str(site), "--json", *options]
        self.system = system
        self.log = site.parent / f"{system}.log"
        """All that it said on standard error, at every start."""
        self._errors = self.log.open("ab")
        self._process = subprocess.Popen(
            command, env=environment, cwd=site.parent, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors
        )

    @cached_property
    def said(self) -> dict[str, Any]:
        """Where it listens, as it says itself."""
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        assert ready, f"{self.system} did not start: {self.log.read_text(encoding='utf-8')}"
        content: dict[str, Any] = orjson.loads(ready)
        return content

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def address(self, protocol: str) -> Address:
        listening = self.said[protocol]
        return listening["host"], listening["port"]

    @property
    def events(self) -> int:
        """How many events it knew of when it was ready."""
        events: int = self.said["events"]
        return events

    def stimulate(self, name: str, data: Mapping[str, Any], until: str = "") -> dict[str, Any]:
        """Give it a stimulus, and wait for a note; the note."""
        with ControlClient(self.address("control")) as client:
            assert client.stimulate(name, data) == ""
            for note in client.notes(NOTE_LIMIT_S if until else 0):
                if note["note"] == until:
                    return note
        assert not until, f"no note {until}"
        return {}

    def status(self) -> dict[str, Any]:
        with ControlClient(self.address("control")) as client:
            return client.status()

    def stop(self) -> None:
        """SIGTERM: it must end in time, with exit code 0; if it does not, its log says where its threads are."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)
            self._process.wait()
        finally:
            self.kill()
        assert self._process.returncode == 0, self.log.read_text(encoding="utf-8")

    def kill(self) -> None:
        """End it at once, wherever it is."""
        if self.is_running:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()


@contextmanager
def served(site: Path, system: str, *options: str) -> Iterator[Served]:
    """A served system that is ready, stopped at the end; killed if the test has failed."""
    process = Served(site, system, *options)
    try:
        assert process.said["serving"] == system
        yield process
        if process.is_running:
            process.stop()
    finally:
        process.kill()
