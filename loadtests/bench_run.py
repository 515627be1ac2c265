"""The clinic as a whole: exams per second in virtual time, where that time goes, and the day over sockets.

Runs are made with the command line in processes of their own. Exams per second come from two runs, of one day and of many:
the difference of their exams over the difference of their processor times, so that the start of Python and the imports do
not count, while the trace file, all measures and checks, and the report do. Processor time, not wall time, because the aim
is for one core, and a run in virtual time waits for nothing but a core.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from functools import partial
from pathlib import Path

import orjson
import simpy

from loadtests.figures import Aim, Contestant, Figure, Group, race
from loadtests.products import ROOT, run
from loadtests.profiles import by_function, by_package

CLINIC = ROOT / "sim" / "scenarios" / "clinic.toml"
SEED = "7"
DAYS = 40
ROUNDS = 3
QUICK_DAYS = 10
QUICK_ROUNDS = 1
SIMPY_EVENTS = 200_000


def measure(quick: bool) -> list[Group]:
    """Virtual time with its profile in two groups, and the day over sockets."""
    with tempfile.TemporaryDirectory(prefix="radloop-bench-") as name:
        folder = Path(name)
        days = QUICK_DAYS if quick else DAYS
        return [
            _virtual_time(folder, days, QUICK_ROUNDS if quick else ROUNDS),
            *_profile(folder, days),
            _day_over_sockets(folder),
        ]


# --- virtual time ------------------------------------------------------------------------------------------------------


def _virtual_time(folder: Path, days: int, rounds: int) -> Group:
    one_day, many_days = scenario(folder, 1), scenario(folder, days)
    levels = {level: partial(_exams_per_second, folder, one_day, many_days, level) for level in ("exchanges", "none")}
    traced, untraced = "clinic, --trace exchanges", "clinic, --trace none"
    figures = race(
        [
            Contestant(Figure(traced, "exams/s", against=untraced, aim=Aim(500)), levels["exchanges"]),
            Contestant(Figure(untraced, "exams/s"), levels["none"]),
            Contestant(Figure("SimPy alone: the core's speed now", "events/s"), _simpy_alone),
        ],
        rounds,
        warm_up=False,
    )
    note = (
        f"(exams of {days} days - exams of 1 day) / (processor time of {days} days - processor time of 1 day): start-up is "
        "taken off; all messages, trace file, measures, checks and report are in"
    )
    return Group("virtual", "Exams in virtual time", note, figures)


def scenario(folder: Path, days: int) -> Path:
    """The clinic for so many days."""
    text = CLINIC.read_text(encoding="utf-8")
    if text.count("\ndays = 1\n") != 1:
        raise ValueError("the clinic's scenario has no line days = 1")
    path = folder / f"clinic{days}.toml"
    path.write_text(text.replace("\ndays = 1\n", f"\ndays = {days}\n"), encoding="utf-8")
    return path


def _exams_per_second(folder: Path, one_day: Path, many_days: Path, level: str) -> float:
    less_s, fewer = _processor_time(folder, one_day, level)
    more_s, more = _processor_time(folder, many_days, level)
    return (more - fewer) / (more_s - less_s)


def _processor_time(folder: Path, path: Path, level: str) -> tuple[float, int]:
    """Processor seconds and exams of one run in memory."""
    before_s = _children_s()
    out = _run(folder, str(path), "--memory", "--trace", level)
    return _children_s() - before_s, len(orjson.loads((out / "summary.json").read_bytes())["orders"])


def _simpy_alone() -> float:
    """Timeouts per second of one process that does nothing else: to tell a slow model from a slow machine."""
    environment = simpy.Environment()

    def ticking() -> Generator[simpy.Event, object, None]:
        for _ in range(SIMPY_EVENTS):
            yield environment.timeout(1)

    environment.process(ticking())
    begin_s = time.process_time()
    environment.run()
    return SIMPY_EVENTS / (time.process_time() - begin_s)


def _children_s() -> float:
    """Processor seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _run(folder: Path, name: str, *options: str) -> Path:
    """One run; where its output is. Raises ChildProcessError when the loop did not close."""
    out = folder / "out"
    run([sys.executable, "-m", "radloop", "run", name, "--seed", SEED, "--out", str(out), *options])
    return out


# --- the day over sockets ----------------------------------------------------------------------------------------------


def _day_over_sockets(folder: Path) -> Group:
    figure = Figure("clinic day, DICOM and MLLP on loopback", "s", aim=Aim(180))

    def take() -> float:
        begin = time.perf_counter()
        _run(folder, "clinic", "--wire")
        return time.perf_counter() - begin

    figures = race([Contestant(figure, take)], 1, warm_up=False)
    return Group("day", "The clinic day over sockets", "the whole command: start-up, priors, the day, its report", figures)


# --- where the time goes -----------------------------------------------------------------------------------------------


def _profile(folder: Path, days: int) -> list[Group]:
    """Own time by package and by function, of one run."""
    note = f"cProfile over {days} days with --trace exchanges, start-up included; a built-in function counts for its caller"
    file = folder / "run.profile"
    command = ["-m", "radloop", "run", str(scenario(folder, days)), "--memory", "--seed", SEED, "--out", str(folder / "out")]
    try:
        run([sys.executable, "-m", "cProfile", "-o", str(file), *command])
    except (OSError, subprocess.SubprocessError) as error:
        failed = Figure("profile", "%", note=f"failed: {error}", failed=True)
        return [Group("virtual profile", "Virtual time: where it goes", note, (failed,))]
    return [
        Group("virtual packages", "Virtual time: where it goes, by package", note, by_package(file)),
        Group("virtual functions", "Virtual time: where it goes, by function", note, by_function(file)),
    ]
