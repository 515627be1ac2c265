"""Served emulators that a run of `radloop certify` needs: one process each, from a site file in a folder of the run."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from commands.stimuli import data_for, described, example_of
from conformance.verdict import Inconclusive
from emulators.control import ControlClient
from emulators.core.errors import LocalProtocolError
from emulators.endpoints import ServedSite, load_site

HOST = "127.0.0.1"
STOP_LIMIT_S = 5.0
SHOWN_BY = {"show chart": "chart", "show reading list": "reading list"}
"""Steps whose answer is a note, and that note."""
NOTE_LIMIT_S = 5.0
OTHER_NOTES_S = 0.1
PROCESS_STEPS = ("restart", "kill", "stop", "start")

PORTS: Mapping[str, tuple[str, ...]] = {
    "ehr": ("mllp_port",),
    "engine": ("mllp_port",),
    "ris": ("dicom_port", "mllp_port"),
    "pacs": ("dicom_port", "mllp_port"),
    "workstation": ("dicom_port", "mllp_port"),
    "ct1": ("dicom_port",),
    "mr1": ("dicom_port",),
    "mr2": ("dicom_port",),
    "us1": ("dicom_port",),
}
"""The systems of the site, and the ports that each listens on. For the last three the RIS schedules; nobody is there."""

_SITE = """\
[site]
institution = "RADLOOP"
priors = 1
time_zone = "Europe/Berlin"
availability = ["ris"]
{more}
[site.ae_titles]
ris = "{titles[ris]}"
pacs = "{titles[pacs]}"
workstation = "{titles[workstation]}"

[[site.scanners]]
name = "ct1"
ae_title = "{titles[ct1]}"
modality = "CT"

[[site.scanners]]
name = "mr1"
ae_title = "MR1"
modality = "MR"
performing_physician = "HOUSE^GREGORY"

[[site.scanners]]
name = "mr2"
ae_title = "MR2"
modality = "MR"

[[site.scanners]]
name = "us1"
ae_title = "US1"
modality = "US"
performing_physician = "WILSON^JAMES"

[site.procedure_steps]
TWOSTEPS = ["TWOSTEPS-1", "TWOSTEPS-2"]

[site.hl7_version]
ehr = "2.5.1"
engine = "2.5.1"
ris = "2.5.1"
pacs = "2.5.1"
workstation = "2.5.1"

[site.links.hl7]
round_trip_ms = 1
bandwidth_mbit_s = 1000
service_ms = 2

[site.links.dicom]
round_trip_ms = 1
bandwidth_mbit_s = 1000
service_ms = 5
associations = 2

[site.retry]
deadline_s = 2
first_s = 1
longest_s = 2
alert_after_min = 1

[site.commitment]
result_limit_s = 6
resend_after_s = 1

[state]
folder = "state"

[images]
seed = 1
scale = 0.03
"""

TITLES: Mapping[str, str] = {
    "ris": "RADRIS",
    "pacs": "RADPACS",
    "workstation": "RADWS",
    "ct1": "CT1",
    "teleradiology": "RADTELE",
}

FIRST_PORT, LAST_PORT = 10_000, 32_000
_SPREAD = 2_654_435_761  # Knuth's multiplier: processes that begin together are far from each other


class _Candidates:
    """The ports that are tried next."""

    def __init__(self) -> None:
        self.begin_at(FIRST_PORT + os.getpid() * _SPREAD % 2**32 % (LAST_PORT - FIRST_PORT))

    def begin_at(self, first: int) -> None:
        self.ports = itertools.cycle((*range(first, LAST_PORT), *range(FIRST_PORT, first)))


candidates = _Candidates()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, none twice, below those that the system gives away itself (Linux: from 32768 on)."""
    found: list[int] = []
    while len(found) < count:
        with suppress(OSError), socket.create_server((HOST, next(candidates.ports))) as probe:
            found.append(probe.getsockname()[1])
    return found


def site_text(endpoints: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str] = TITLES, more: str = "") -> str:
    """A site file: ``endpoints`` by system, ``titles`` the AE titles, ``more`` lines of its [site] section."""
    text = _SITE.format(more=more, titles=titles)
    for name, values in endpoints.items():
        lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
        text += "\n".join(["", f"[endpoints.{name}]", *lines, ""])
    return text


def _toml(value: Any) -> str:
    """A value as TOML writes it: JSON, but for tables."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


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
        home = str(Path(__file__).resolve().parents[1])
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
