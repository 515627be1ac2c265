"""The processes of a benchmark: products that are installed, receivers that listen, and their end.

Every process is started here, known by its id and stopped when its ``with`` block ends, also on errors.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from loadtests.figures import NotInstalled

ROOT = Path(__file__).parents[1]
LOOPBACK = "127.0.0.1"
START_LIMIT_S = 20.0
RUN_LIMIT_S = 300.0
STOP_LIMIT_S = 5.0
NO_DELAY = {"TCP_NODELAY": "1"}
"""DCMTK leaves Nagle's algorithm on unless its environment says this: 40 ms for every instance."""


@cache
def dcmtk(tool: str) -> str:
    """The path of a DCMTK tool; pynetdicom has tools of the same names. Raises NotInstalled."""
    for folder in os.get_exec_path():
        path = shutil.which(tool, path=folder)
        if path is not None and "$dcmtk" in _version(path):
            return path
    raise NotInstalled(f"DCMTK {tool}")


@cache
def orthanc() -> str:
    """The path of Orthanc, which some put where only the administrator looks. Raises NotInstalled."""
    path = shutil.which("Orthanc", path=os.pathsep.join((*os.get_exec_path(), "/usr/sbin", "/usr/local/sbin")))
    if path is None:
        raise NotInstalled("Orthanc")
    return path


def need_package(name: str) -> None:
    """Raises NotInstalled for a Python package that is not there."""
    if find_spec(name) is None:
        raise NotInstalled(name)


def versions() -> dict[str, str]:
    """What each product says of its version; "not installed" for one that is not there."""
    return {"DCMTK": _found(lambda: dcmtk("storescu")), "Orthanc": _found(orthanc)}


def _found(find: Callable[[], str]) -> str:
    """The number in the first line of a product's version."""
    try:
        words = _version(find()).partition("\n")[0].split()
    except NotInstalled:
        return "not installed"
    return next((word for word in words if word.strip("v")[:1].isdigit()), "unknown")


def _version(path: str) -> str:
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=START_LIMIT_S, check=False)
    return answer.stdout


def free_port() -> int:
    """A port that was free a moment ago; for products that cannot choose one and say which."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a client to its end; what it printed. Raises ChildProcessError when it fails, TimeoutExpired."""
    answer = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
        check=False,
    )
    if answer.returncode:
        last = (answer.stderr or answer.stdout).strip().rpartition("\n")[2]
        raise ChildProcessError(f"{Path(command[0]).name} ended with {answer.returncode}: {last}")
    return answer.stdout + answer.stderr


@contextmanager
def product(command: Sequence[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """A product that is told to listen on ``port``: gives the port when it does."""
    process = subprocess.Popen(
        command,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_listening(process, port)
        yield port
    finally:
        _stop(process)


@contextmanager
def own_receiver(kind: str, folder: Path) -> Iterator[int]:
    """A receiver of ``loadtests.receivers`` in a process of its own: gives the port that it listens on."""
    command = [sys.executable, "-m", "loadtests.receivers", kind, str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None  # both are pipes
    assert process.stdout is not None
    with process.stdin, process.stdout:
        try:
            line = process.stdout.readline()
            if not line:
                raise ChildProcessError(f"the receiver {kind} ended before it listened")
            yield int(line)
        finally:
            with suppress(OSError):
                process.stdin.close()  # its sign to end
            _wait(process)


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise ChildProcessError(f"{Path(str(process.args[0])).name} ended with {process.returncode}")  # type: ignore[index]
        with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError("it does not listen")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    _wait(process)


def _wait(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Wait for the end; kill what does not end by itself."""
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
