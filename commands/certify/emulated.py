"""Served emulators that a run of `radloop certify` needs: one process each, from a site file in a folder of the run."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from commands.certify.emulated_site import HOST
from commands.stimuli import data_for, described, example_of
from conformance.verdict import Inconclusive
from emulators.control import ControlClient
from emulators.core.errors import LocalProtocolError
from emulators.endpoints import ServedSite, load_site

STOP_LIMIT_S = 5.0
SHOWN_BY = {"show chart": "chart", "show reading list": "reading list"}
"""Steps whose answer is a note, and that note."""
NOTE_LIMIT_S = 5.0
OTHER_NOTES_S = 0.1
PROCESS_STEPS = ("restart", "kill", "stop", "start")


class EmulatedSystem:
    """One `radloop serve`. Close it: it owns a process. Its stimuli are the operator's steps."""

    def __init__(self, system: str, site_file: Path) -> None:
        self.system = system
        self._path = site_file
        self._log = site_file.with_name(f"{system}.log")
        self.settings: ServedSite = load_site(site_file)
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start it, and do not wait."""
        command = [sys.executable, "-m", "radloop", "serve", self.system, "--config", str(self._path), "--json"]
        home = str(Path(__file__).resolve().parents[2])
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tester: a system that died of it would fail what still runs
            )

    def wait_until_ready(self) -> None:
        """Raises OSError where it did not start."""
        assert self._process is not None
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            lines = self._log.read_text(encoding="utf-8").strip().splitlines() or ["no reason given"]
            raise OSError(0, f"the emulator does not start: {lines[-1]}", self.system)

    def start(self) -> None:
        """Start it, and wait until it serves. Raises OSError."""
        self.launch()
        self.wait_until_ready()

    def kill(self) -> None:
        """End it at once, wherever it is."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def close(self) -> None:
        """SIGTERM; killed where that does not end it. May be called twice."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_LIMIT_S)
            self.kill()

    # --- what people do

    def can(self, step: str) -> bool:
        return step in PROCESS_STEPS or step in described(self.settings, self.system)

    def perform(self, step: str, data: Mapping[str, str]) -> str:
        """``restart`` is a kill and a start; anything else a stimulus, whose notes are returned, a JSON object a line.

        A value that begins with a bracket or brace is JSON.

        Raises Inconclusive where it cannot be done.
        """
        if step in PROCESS_STEPS:
            self._process_step(step)
            return ""
        if not self.can(step):
            raise Inconclusive(f"the emulator has no step {step!r}")
        pairs = [f"{key}={value}" for key, value in data.items() if value[:1] not in ("[", "{")]
        whole = {key: json.loads(value) for key, value in data.items() if value[:1] in ("[", "{")}
        port = self.settings.endpoints[self.system].control_port
        assert port is not None
        try:
            example = {**example_of(self.settings, self.system, step), **whole}
            values = data_for(self.settings, self.system, step, example, pairs)
            with ControlClient((HOST, port)) as client:
                refusal = client.stimulate(step, values)
                if refusal:
                    raise Inconclusive(f"operator step {step!r}: {refusal}")
                return "\n".join(self._notes(client, step))
        except (LocalProtocolError, OSError) as error:
            raise Inconclusive(f"operator step {step!r}: {error}") from None

    def _process_step(self, step: str) -> None:
        if step == "stop":
            self.close()
        elif step != "start":
            self.kill()
        if step in ("restart", "start"):
            try:
                self.start()
            except OSError as error:
                raise Inconclusive(f"operator step {step!r}: {error.strerror}") from None

    @staticmethod
    def _notes(client: ControlClient, step: str) -> list[str]:
        notes = []
        for note in client.notes(NOTE_LIMIT_S if step in SHOWN_BY else OTHER_NOTES_S):
            notes.append(json.dumps(note, ensure_ascii=False))
            if note["note"] == SHOWN_BY.get(step):
                break
        return notes
