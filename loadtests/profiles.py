"""Where the time of a profiled run goes: shares of own time, by package and by function.

Own time is what a function spends in itself and in the built-in and generated functions that it calls: a function written
in C says nothing about who is slow, its caller does.
"""

import pstats
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from loadtests.figures import Figure
from loadtests.products import ROOT

SHOWN = 15
"""How many shares are given, the largest first."""

Function = tuple[str, int, str]
"""File, line and name, as the profiler has them."""

NOT_FILES = ("~", "<string>")
"""Where the profiler puts built-in functions, and methods that dataclasses generate."""


def by_package(file: Path) -> tuple[Figure, ...]:
    """Shares in percent of the rooms' packages and of what is installed."""
    return _shares(file, lambda function: package_of(function[0]))


def by_function(file: Path) -> tuple[Figure, ...]:
    """Shares in percent of functions, named with their package and module."""
    return _shares(file, lambda function: f"{package_of(function[0])}: {Path(function[0]).stem}.{function[2]}")


def _shares(file: Path, name_of: Callable[[Function], str]) -> tuple[Figure, ...]:
    seconds: dict[str, float] = defaultdict(float)
    for function, own_s in own_times(cast(Any, pstats.Stats(str(file))).stats).items():
        seconds[name_of(function)] += own_s
    total_s = sum(seconds.values())
    largest = sorted(seconds.items(), key=lambda entry: (-entry[1], entry[0]))[:SHOWN]
    return tuple(Figure(subject, "%", (100 * own_s / total_s,)) for subject, own_s in largest)


def own_times(stats: dict[Function, Any]) -> dict[Function, float]:
    """Seconds of each function, from what the profiler wrote: calls, primitive calls, own and total seconds, callers."""
    own_s: dict[Function, float] = defaultdict(float)
    for function, (_, _, seconds, _, callers) in stats.items():
        if function[0] in NOT_FILES and callers:
            for caller, (_, _, caller_s, _) in callers.items():
                own_s[caller] += caller_s
        else:
            own_s[function] += seconds
    return own_s


def package_of(path: str) -> str:
    """The room and package of a file of ours, the distribution of one that is installed, or the standard library."""
    file = Path(path)
    if path in NOT_FILES:
        return "built-in"
    if "site-packages" in file.parts:
        return file.parts[file.parts.index("site-packages") + 1].removesuffix(".py")
    if file.is_relative_to(ROOT):
        return ".".join(file.relative_to(ROOT).with_suffix("").parts[:2])
    return "standard library"
