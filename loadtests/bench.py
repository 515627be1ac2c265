"""``python -m loadtests.bench [GROUP...] [--quick]``: every benchmark side by side in one run, and what became of its aims.

Absolute figures are those of this machine at this hour; ratios within one run are what can be compared. Prints a table for
each group and writes all figures to ``out/bench.json``. Exit code 1 when a benchmark failed, not when an aim was missed.
"""

import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loadtests import bench_cstore, bench_hl7, bench_run, bench_store, bench_worklist
from loadtests.figures import Figure, Group, Verdict
from loadtests.products import versions
from loadtests.table import as_json, table

BENCHMARKS: Mapping[str, Callable[[bool], list[Group]]] = {
    "run": bench_run.measure,
    "cstore": bench_cstore.measure,
    "worklist": bench_worklist.measure,
    "hl7": bench_hl7.measure,
    "store": bench_store.measure,
}
PACKAGES = ("radloop", "pydicom", "pynetdicom", "hl7apy", "simpy")
WIDTH = 128  # of the tables where there is no terminal


def bench(
    names: Annotated[list[str] | None, typer.Argument(help=f"Which: {', '.join(BENCHMARKS)}; all without.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds and images, under a minute.")] = False,
    out: Annotated[Path, typer.Option(help="Where the figures go as JSON.")] = Path("out/bench.json"),
) -> None:
    """Measure Radloop beside the products that are installed."""
    unknown = [name for name in names or () if name not in BENCHMARKS]
    if unknown:
        raise typer.BadParameter(f"no such benchmark: {', '.join(unknown)}; there is {', '.join(BENCHMARKS)}")
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    about = description(quick)
    console.print("  ".join(f"{name} {value}" for name, value in about.items()))
    begin = time.monotonic()
    groups: list[Group] = []
    for name in names or BENCHMARKS:
        with console.status(f"{name} ..."):
            found = _measured(name, quick)
        for group in found:
            console.print(table(group))
            console.print()
        groups += found
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(as_json(groups, about))
    _conclude(console, groups)
    console.print(f"{time.monotonic() - begin:.0f} s; figures in {out}")
    if any(figure.failed for group in groups for figure in group.figures):
        raise typer.Exit(1)


def _measured(name: str, quick: bool) -> list[Group]:
    """The groups of a benchmark, or one that says why there are none: the others shall go on."""
    try:
        return BENCHMARKS[name](quick)
    except Exception as error:
        failed = Figure(name, "", note=f"failed: {type(error).__name__}: {error}", failed=True)
        return [Group(name, name, "", (failed,))]


def description(quick: bool) -> dict[str, str]:
    """Machine and versions."""
    installed = {package: _version(package) for package in PACKAGES}
    machine = {"Python": platform.python_version(), "cores": str(os.cpu_count()), "rounds": "quick" if quick else "full"}
    return machine | installed | versions()


def missed(groups: list[Group]) -> list[tuple[Group, Figure]]:
    """The figures whose aim was missed."""
    return [(group, figure) for group in groups for figure in group.figures if group.verdict(figure) is Verdict.MISSED]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _conclude(console: Console, groups: list[Group]) -> None:
    aims = [figure for group in groups for figure in group.figures if figure.aim is not None]
    console.print(f"{len(aims)} aims, {len(missed(groups))} missed")
    for group, figure in missed(groups):
        console.print(f"  missed: {group.title}: {figure.subject}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what it started is stopped
    typer.run(bench)
