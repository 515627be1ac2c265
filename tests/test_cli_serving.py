"""`radloop serve` and `radloop stimulate` as a user types them: what they print, and how they exit."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from emulators.control import ControlClient
from emulators.ports.sockets import LOOPBACK
from tests.serving.desk import registration
from tests.serving.hl7 import Peer, message_of, send
from tests.serving.processes import START_LIMIT_S, example, free_ports, served, site_file
from tests.serving.services import running
from tests.test_cli import ROOT, radloop


def test_the_help_names_every_command(tmp_path: Path) -> None:
    printed = radloop("--help", folder=tmp_path).stdout
    assert all(f"│ {command}" in printed for command in ("run", "serve", "stimulate", "doctor"))


@pytest.mark.parametrize("command", ["serve", "stimulate"])
def test_the_help_of_a_command_shows_how_it_is_used(command: str, tmp_path: Path) -> None:
    printed = radloop(command, "--help", folder=tmp_path)
    assert printed.returncode == 0
    assert f"radloop {command} " in printed.stdout
    assert "Exit code 0" in printed.stdout


def test_the_example_is_the_site_file_that_comes_with_radloop(tmp_path: Path) -> None:
    printed = radloop("serve", "--example", folder=tmp_path)
    assert (printed.returncode, printed.stdout) == (0, example())


def test_serve_says_where_it_listens_and_ends_with_0_when_it_is_stopped(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "radloop.py"), "serve", "ris", "--config", str(site_file(tmp_path))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"ris knows of 0 events ({tmp_path / 'radloop-state' / 'ris'})\n"
            protocols = process.stdout.readline().removeprefix("serving ris: ").split(", ")
            assert [(one.split()[0], one.split()[2:]) for one in protocols] == [
                ("dicom", ["RADRIS"]),
                ("mllp", ["RIS"]),
                ("control", []),
            ]
            process.send_signal(signal.SIGINT)
            assert process.wait(START_LIMIT_S) == 0
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("ris", "--config", "nowhere.toml"), "nowhere.toml: No such file"),
        (("risk", "--config", "site.toml"), "site.toml: no system risk; there is ehr, engine, ris"),
        (("ris", "--config", "wrong.toml"), "wrong.toml: endpoints.ris.mllp_port: "),
    ],
)
def test_serve_refuses_a_wrong_site_in_one_line(words: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    wrong = site_file(tmp_path, {"ris.mllp_port": 70_000})
    wrong.rename(tmp_path / "wrong.toml")
    site_file(tmp_path)
    done = radloop("serve", *words, folder=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[endpoints.ris]\n", '[endpoints.ris]\nquirks = ["none"]\n', "site.toml: endpoints.ris.quirks: there is no quirk"),
        ("[images]", '[worklist]\nfolder = "none"\n\n[images]', "site.toml: worklist.folder: none: no folder of worklist"),
    ],
)
def test_serve_names_file_and_key_and_leaves_no_state(old: str, new: str, complaint: str, tmp_path: Path) -> None:
    site_file(tmp_path, changes={old: new})
    done = radloop("serve", "ris", "--config", "site.toml", folder=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert not (tmp_path / "radloop-state").exists()


def test_serve_refuses_state_of_another_site_and_discards_it_when_told(tmp_path: Path) -> None:
    with running(site_file(tmp_path), "pacs"):
        pass
    other = site_file(tmp_path, changes={"priors = 1": "priors = 2"})
    (tmp_path / "radloop-state" / "pacs" / "notes.txt").touch()
    done = radloop("serve", "pacs", "--config", "site.toml", folder=tmp_path)
    assert done.returncode == 2
    assert "written under other settings of the site than these; --discard-state begins anew" in done.stderr
    with served(other, "pacs", "--discard-state") as pacs:
        assert pacs.events == 0
    assert (tmp_path / "radloop-state" / "pacs" / "notes.txt").exists()


def test_state_of_a_system_that_is_served_is_not_discarded(tmp_path: Path) -> None:
    with running(site_file(tmp_path), "ris"):
        done = radloop("serve", "ris", "--config", "site.toml", "--discard-state", folder=tmp_path)
        assert done.returncode == 2
        assert done.stderr.endswith("journal.jsonl: another process has it open\n")
        assert (tmp_path / "radloop-state" / "ris" / "journal.jsonl").exists()


def test_serve_says_which_port_is_in_use(tmp_path: Path) -> None:
    with running(site_file(tmp_path), "ris") as ris:
        taken = ris.address("mllp")[1]
        site_file(tmp_path, {"ehr.mllp_port": taken})
        done = radloop("serve", "ehr", "--config", "site.toml", folder=tmp_path)
    assert done.returncode == 3
    assert done.stderr == f"radloop: endpoints.ehr.mllp_port: 127.0.0.1:{taken}: Address already in use\n"
    assert "Traceback" not in done.stderr


# --- stimulate ---------------------------------------------------------------------------------------------------------


def stimulate(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return radloop("stimulate", *words, "--config", "site.toml", folder=folder)


def test_stimulate_prints_what_the_system_notes(tmp_path: Path) -> None:
    with running(site_file(tmp_path), "ehr") as ehr:
        port = str(ehr.address("control")[1])
        done = stimulate(tmp_path, "ehr", "cancel order", "subject=P9", "--port", port, "--until", "no such order")
        assert (done.returncode, json.loads(done.stdout)) == (0, {"note": "no such order", "subject": "P9", "fields": {}})
        done = stimulate(tmp_path, "ehr", "cancel order", "subject=P9", "--port", port, "--until", "sunrise", "--wait", "0.1")
        assert done.returncode == 1
        assert json.loads(done.stdout)["note"] == "no such order"


def test_an_example_is_data_that_the_system_takes(tmp_path: Path) -> None:
    site_file(tmp_path)
    (tmp_path / "register.json").write_text(stimulate(tmp_path, "ehr", "register", "--example").stdout, encoding="utf-8")
    (engine,) = free_ports(1)
    with running(site_file(tmp_path, {"engine.mllp_port": engine}), "ehr") as ehr:
        port = str(ehr.address("control")[1])
        words = ("--json", "register.json", "patient.name.family=Roe", "--port", port, "--wait", "0")
        done = stimulate(tmp_path, "ehr", "register", *words)
        assert done.returncode == 0, done.stderr
        (queue,) = json.loads(stimulate(tmp_path, "ehr", "--status", "--port", port).stdout)["queues"]
        assert (queue["to"], queue["message"], queue["depth"]) == ("engine", "RegisterPatient", 1)


def test_stimulate_lists_what_can_happen_without_a_running_system(tmp_path: Path) -> None:
    site_file(tmp_path)
    done = stimulate(tmp_path, "us1", "--list")
    assert done.returncode == 0
    assert "images acquired\n  subject    accession number (text)\n" in done.stdout


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("ehr",), "what is to happen to ehr? --list says what can"),
        (("ehr", "regster"), "ehr: nothing called 'regster' can happen to it"),
        (("ehr", "register", "subject=M1", "--port", "1"), "register: patient: missing: who it is (Patient)"),
        (("ehr", "register", "--json", "nowhere.json", "--port", "1"), "nowhere.json: No such file"),
        (("ehr", "register", "--json", "site.toml", "--port", "1"), "site.toml: not JSON: "),
        (("ehr", "cancel order", "subject=P1"), "site.toml: endpoints.ehr.control_port: missing, or 0"),
        (("ghost", "--list"), "site.toml: no system ghost; there is ehr"),
    ],
)
def test_stimulate_names_what_is_wrong(words: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    site_file(tmp_path)
    done = stimulate(tmp_path, *words)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_stimulate_refuses_words_that_are_no_text(tmp_path: Path) -> None:
    with running(site_file(tmp_path), "ehr") as ehr:
        port = str(ehr.address("control")[1])
        done = stimulate(tmp_path, "ehr", "cancel order", "subject=P\udcff", "--port", port)
    assert done.returncode == 2
    assert done.stderr.startswith("radloop: cancel order: ")
    assert "Traceback" not in done.stderr


def test_stimulate_says_when_nobody_serves_the_system(tmp_path: Path) -> None:
    site_file(tmp_path)
    (port,) = free_ports(1)
    done = stimulate(tmp_path, "ehr", "cancel order", "subject=P1", "--port", str(port))
    assert done.returncode == 3
    assert f"radloop: ehr does not answer at 127.0.0.1:{port}: Connection refused" in done.stderr


@contextmanager
def swallowing() -> Iterator[int]:
    """A port of which every SYN is dropped: the queue of its listener is full (Linux)."""
    with socket.socket() as listener, socket.socket() as filler:
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        filler.connect(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_system_that_waits_for_others_stops_in_time(tmp_path: Path) -> None:
    with swallowing() as hangs, closing(Peer(answers=False)) as silent, ExitStack() as open_connections:
        ports = {"ris.mllp_port": silent.port, "pacs.mllp_port": hangs}
        with served(site_file(tmp_path, ports), "engine") as engine:
            assert send(engine.address("mllp"), message_of(registration("C1"), "EHR")).code == "AA"
            assert silent.next().control_id == "C1"  # the RIS has it and says nothing, the PACS cannot be reached
            half = open_connections.enter_context(socket.create_connection(engine.address("mllp")))
            half.sendall(b"\x0bMSH|^~\\&|EHR")
            operator = open_connections.enter_context(ControlClient(engine.address("control")))
            assert operator.stimulate("drop dead letter", {"subject": "C9", "to": "ris"}) == ""
            assert len(engine.status()["open_sends"]) == 2
            engine.stop()  # within 2 s, with exit code 0
