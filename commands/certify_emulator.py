"""Our own emulator as a target (`--target emulator`): a `radloop serve` of its own, in a folder of the run.

The tester's systems take the places of its neighbours in the site file; operator steps are stimuli, as `radloop stimulate`
gives them. Timers are short, and declared.
"""

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

from commands.certify_emulator_claims import CLAIMS, POLICIES, TIMERS
from commands.stimuli import data_for, described, example_of
from conformance.case import Role
from conformance.target import Target, parse_target
from conformance.verdict import Inconclusive
from emulators.control import ControlClient
from emulators.core.errors import LocalProtocolError
from emulators.endpoints import ServedSite, load_site

SYSTEMS: Mapping[Role, str] = {
    "pacs": "pacs",
    "ris": "ris",
    "modality": "ct1",
    "ehr": "ehr",
    "reporting": "workstation",
    "engine": "engine",
}
PEERS = {"ehr": "ehr", "engine": "engine", "ris": "ris", "pacs": "pacs", "ct1": "modality", "workstation": "workstation"}
"""Systems of the site to the names of the tester's systems."""

HOST = "127.0.0.1"
START_LIMIT_S = 30.0
STOP_LIMIT_S = 5.0
SHOWN_BY = {"show chart": "chart"}
"""Steps whose answer is a note, and that note."""
NOTE_LIMIT_S = 5.0
OTHER_NOTES_S = 0.3

SITE = """\
[site]
institution = "RADLOOP"
priors = 1
{site}
[site.ae_titles]
ris = "RADRIS"
pacs = "RADPACS"
workstation = "RADWS"

[[site.scanners]]
name = "ct1"
ae_title = "CT1"
modality = "CT"

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

[state]
folder = "state"

[images]
seed = 1
scale = 0.03
"""


_FIRST, _LAST = 10_000, 32_000
_begin = _FIRST + os.getpid() * 37 % (_LAST - _FIRST)
_candidates = itertools.cycle((*range(_begin, _LAST), *range(_FIRST, _begin)))


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, none twice, below those that the system gives away itself (Linux: from 32768 on)."""
    found: list[int] = []
    while len(found) < count:
        with suppress(OSError), socket.create_server((HOST, next(_candidates))) as probe:
            found.append(probe.getsockname()[1])
    return found


class Emulator:
    """One served emulator. Close it: it owns a process. It is the ``Operator`` of its own target."""

    def __init__(self, role: Role, folder: Path, quirks: tuple[str, ...] = (), site: str = "") -> None:
        self.role = role
        self.system = SYSTEMS[role]
        self._folder = folder
        self._ports = self._give_ports()
        self._path = folder / "site.toml"
        endpoints = "".join(self._endpoint(name, quirks if name == self.system else ()) for name in self._ports)
        self._path.write_text(SITE.format(site=site) + endpoints, encoding="utf-8")
        self._settings: ServedSite = load_site(self._path)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def _give_ports(self) -> dict[str, dict[str, int]]:
        kinds = {
            "ehr": ("mllp_port",),
            "engine": ("mllp_port",),
            "ris": ("dicom_port", "mllp_port"),
            "pacs": ("dicom_port", "mllp_port"),
            "workstation": ("dicom_port", "mllp_port"),
            "ct1": ("dicom_port",),
        }
        wanted = {name: (*ports, "control_port") if name == self.system else ports for name, ports in kinds.items()}
        ports = iter(free_ports(sum(map(len, wanted.values()))))
        return {name: {kind: next(ports) for kind in kinds_of} for name, kinds_of in wanted.items()}

    def _endpoint(self, name: str, quirks: tuple[str, ...]) -> str:
        lines = [f"\n[endpoints.{name}]", *(f"{kind} = {port}" for kind, port in self._ports[name].items())]
        if quirks:
            lines.append(f"quirks = {json.dumps(list(quirks))}")
        return "\n".join(lines) + "\n"

    # --- the process

    def start(self) -> None:
        """Serve. Raises OSError where it does not start."""
        command = [sys.executable, "-m", "radloop", "serve", self.system, "--config", str(self._path), "--json"]
        home = str(Path(__file__).resolve().parents[1])
        with (self._folder / "emulator.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            text = (self._folder / "emulator.log").read_text(encoding="utf-8").strip()
            raise OSError(
                0, f"the emulator does not start: {text.splitlines()[-1] if text else 'no reason given'}", self.system
            )

    def kill(self) -> None:
        """End it at once, wherever it is."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def close(self) -> None:
        """SIGTERM; killed where that does not end it. May be called twice."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_LIMIT_S)
            self.kill()

    def _ended(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    # --- the target file

    def target(self) -> Target:
        """What a vendor would write about it."""
        endpoint = {**self._addresses(self.system), "application": self.system.upper(), "facility": "RADLOOP"}
        own = {**endpoint, "claims": CLAIMS[self.role], "policies": POLICIES.get(self.role, {})}
        peers = {
            PEERS[name]: {**self._addresses(name), "application": name.upper(), "facility": "RADLOOP"}
            for name in self._ports
            if name != self.system
        }
        if self.role == "reporting":
            peers["workstation"] = {}
        data: dict[str, Any] = {
            "product": {"name": "Radloop emulator", "version": _version()},
            "roles": {self.role: own},
            "tester": {"peers": {name: peer for name, peer in peers.items() if peer}},
            "timers": TIMERS,
        }
        return parse_target(data, "emulator")

    def _addresses(self, name: str) -> dict[str, Any]:
        ports = {kind: port for kind, port in self._ports[name].items() if kind != "control_port"}
        title = self._settings.site.ae_title_of.get(name)
        return {"host": HOST, **ports, **({"ae_title": title} if title else {})}

    # --- the operator

    def can(self, step: str) -> bool:
        return step in ("restart", "kill", "stop", "start") or step in described(self._settings, self.system)

    def perform(self, step: str, data: Mapping[str, str]) -> str:
        """``restart`` is a kill and a start; anything else a stimulus, whose notes are returned, a JSON object a line."""
        if not self.can(step):
            raise Inconclusive(f"the emulator has no step {step!r}")
        if step in ("restart", "kill", "stop"):
            self.close() if step == "stop" else self.kill()
        if step in ("restart", "start"):
            self.start()
        if step in ("restart", "kill", "stop", "start"):
            return ""
        pairs = [f"{key}={value}" for key, value in data.items()]
        try:
            values = data_for(self._settings, self.system, step, example_of(self._settings, self.system, step), pairs)
            with ControlClient((HOST, self._ports[self.system]["control_port"])) as client:
                refusal = client.stimulate(step, values)
                if refusal:
                    raise Inconclusive(f"operator step {step!r}: {refusal}")
                return "\n".join(self._notes(client, step))
        except (LocalProtocolError, OSError) as error:
            raise Inconclusive(f"operator step {step!r}: {error}") from None

    @staticmethod
    def _notes(client: ControlClient, step: str) -> list[str]:
        notes = []
        for note in client.notes(NOTE_LIMIT_S if step in SHOWN_BY else OTHER_NOTES_S):
            notes.append(json.dumps(note, ensure_ascii=False))
            if note["note"] == SHOWN_BY.get(step):
                break
        return notes


def _version() -> str:
    from importlib.metadata import version

    return version("radloop")
