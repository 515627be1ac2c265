"""DCMTK and Orthanc as processes of one test: found, started, awaited, and stopped by their own handle.

A product that is not installed skips the test. What a server prints is kept in a file, and its end stands in the failure
message of the test that used it. DCMTK leaves Nagle's algorithm on unless TCP_NODELAY=1 is in its environment.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest

from emulators.ports.sockets import LOOPBACK

START_LIMIT_S = 20.0
CLIENT_LIMIT_S = 30.0
STOP_LIMIT_S = 5.0
_LOOK_AGAIN_S = 0.02
_LOG_SHOWN_BYTES = 4_000
_ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}

ARCHIVE = "DCMQR"
ORTHANC = "ORTHANC"


# --- finding -----------------------------------------------------------------------------------------------------------


@cache
def _dcmtk(tool: str) -> str | None:
    """The path of a DCMTK tool; pynetdicom has tools of the same names, so each is asked what it is."""
    for folder in (*os.get_exec_path(), "/usr/local/bin"):
        path = shutil.which(tool, path=folder)
        if path is not None and "$dcmtk" in _said([path, "--version"]):
            return path
    return None


def dcmtk(tool: str) -> str:
    """The path of a DCMTK tool; skips where there is none."""
    path = _dcmtk(tool)
    if path is None:
        pytest.skip(f"DCMTK {tool} is not installed")
    return path


def orthanc_path() -> str:
    """The path of Orthanc; skips where there is none."""
    path = shutil.which("Orthanc", path=os.pathsep.join((*os.get_exec_path(), "/usr/sbin", "/usr/local/sbin")))
    if path is None:
        pytest.skip("Orthanc is not installed")
    return path


def _said(command: Sequence[str]) -> str:
    answer = subprocess.run(command, capture_output=True, text=True, timeout=START_LIMIT_S, check=False)
    return answer.stdout


# --- clients -----------------------------------------------------------------------------------------------------------


def run(tool: str, *arguments: object, exit_code: int = 0) -> str:
    """Run a DCMTK client to its end and demand its exit code; all that it printed."""
    command = [dcmtk(tool), *map(str, arguments)]
    answer = subprocess.run(
        command,
        env=_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=CLIENT_LIMIT_S,
        check=False,
    )
    assert answer.returncode == exit_code, f"{tool} ended with {answer.returncode}:\n{answer.stdout}"
    return answer.stdout


# --- servers -----------------------------------------------------------------------------------------------------------


def free_port() -> int:
    """A port that was free a moment ago: these products cannot choose one and say which."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def server(command: Sequence[object], port: int, log: Path) -> Iterator[int]:
    """A product that is told to listen on ``port``: gives the port when it does."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*map(str, command)],
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_listening(process, port)
        yield port
    except BaseException as error:
        error.add_note(f"{Path(str(command[0])).name} said:\n{log.read_bytes()[-_LOG_SHOWN_BYTES:].decode(errors='replace')}")
        raise
    finally:
        _stop(process)


def _wait_until_listening(process: "subprocess.Popen[bytes]", port: int) -> None:
    limit_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit_s:
        with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return
        with suppress(subprocess.TimeoutExpired):  # the pause between two tries, and the end if there is one
            pytest.fail(f"it ended with {process.wait(_LOOK_AGAIN_S)} before it listened")
    pytest.fail(f"it does not listen after {START_LIMIT_S:g} s")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the process and the children that serve its associations: they are the group that it leads."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def storescp(folder: Path, *options: object) -> Iterator[int]:
    """Writes every image, its data set exactly as it came, to ``folder``."""
    port = free_port()
    command = [dcmtk("storescp"), "-v", "+B", "-od", folder, *options, port]
    with server(command, port, folder.with_suffix(".log")):
        yield port


@contextmanager
def dcmqrscp(folder: Path, destinations: Mapping[str, int]) -> Iterator[int]:
    """An archive with the AE title of ARCHIVE; ``destinations``: AE title to port, of who may be named in a C-MOVE."""
    database = folder / "database"
    database.mkdir()
    port = free_port()
    hosts = "".join(f"host{number} = ({title}, {LOOPBACK}, {at})\n" for number, (title, at) in enumerate(destinations.items()))
    configuration = folder / "dcmqrscp.cfg"
    configuration.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\n{hosts}HostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{ARCHIVE} {database} RW (200, 1024mb) ANY\nAETable END\n"
    )
    command = [dcmtk("dcmqrscp"), "-v", "-c", configuration]  # --single-process of 3.6.7 crashes after one association
    with server(command, port, folder / "dcmqrscp.log"):
        yield port


@contextmanager
def wlmscpfs(folder: Path, ae_title: str, *options: object) -> Iterator[int]:
    """A worklist of the files ``folder`` / ``ae_title`` / *.wl."""
    (folder / ae_title / "lockfile").touch()
    port = free_port()
    command = [dcmtk("wlmscpfs"), "--single-process", "-v", "-dfp", folder, *options, port]
    with server(command, port, folder / "wlmscpfs.log"):
        yield port


@contextmanager
def orthanc(
    folder: Path, port: int, modalities: Mapping[str, int], http_port: int = 0, ae_title: str = ORTHANC
) -> Iterator[int]:
    """Orthanc with this AE title on ``port``, without plugins; ``modalities``: AE title to port of its peers.

    ``http_port``: where its REST API listens, on loopback; 0: nowhere.
    """
    configuration = {
        "Name": "Radloop peer test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "Plugins": [],
        "HttpServerEnabled": bool(http_port),
        "HttpPort": http_port or 8042,
        "RemoteAccessAllowed": False,
        "StorageCommitmentReportsSize": 1000,
        "DicomServerEnabled": True,
        "DicomAet": ae_title,
        "DicomPort": port,
        "DicomCheckCalledAet": True,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowMove": True,
        "DicomModalities": {title.lower(): [title, LOOPBACK, at] for title, at in modalities.items()},
    }
    path = folder / "orthanc.json"
    path.write_text(json.dumps(configuration))
    with server([orthanc_path(), path], port, folder / "orthanc.log"):
        yield port
