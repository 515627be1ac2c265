"""What a benchmark finds: figures in groups, one value a round, each compared with a reference of the same group.

A median stands for a figure. A ratio says how many times as fast as its reference a figure is: it is taken round by round,
because what disturbs a machine disturbs the neighbours in a round alike, and the median of these stands for it.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum


class NotInstalled(Exception):
    """A product of the comparison is not on this machine; its argument is the product's name."""


class Verdict(Enum):
    """What became of an aim."""

    MET = "met"
    MISSED = "MISSED"
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Aim:
    """A limit that a figure should reach: of its ratio, or of its median when ``of_ratio`` is False."""

    limit: float
    of_ratio: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: ``rounds`` are its values in ``unit``, empty when there is none, and then ``note`` says why.

    ``against`` is the subject of its reference. More is better for a unit that ends in "/s", less for any other.
    """

    subject: str
    unit: str
    rounds: tuple[float, ...] = ()
    against: str = ""
    aim: Aim | None = None
    note: str = ""
    failed: bool = False

    @property
    def is_rate(self) -> bool:
        return self.unit.endswith("/s")

    @property
    def median(self) -> float | None:
        return statistics.median(self.rounds) if self.rounds else None


@dataclass(frozen=True, slots=True)
class Group:
    """One table: figures that are read together, and in ``note`` how they were taken."""

    name: str
    title: str
    note: str
    figures: tuple[Figure, ...]

    def ratio(self, figure: Figure) -> float | None:
        """How many times as fast as its reference; None when there is nothing to compare."""
        reference = next((other for other in self.figures if other.subject == figure.against), None)
        if reference is None or not (figure.rounds and reference.rounds):
            return None
        pairs = list(zip(figure.rounds, reference.rounds, strict=True))
        if figure.is_rate:
            return statistics.median(own / other for own, other in pairs)
        return statistics.median(other / own for own, other in pairs)

    def verdict(self, figure: Figure) -> Verdict | None:
        """Whether the aim of a figure was reached; None when it has none."""
        aim = figure.aim
        if aim is None:
            return None
        value = self.ratio(figure) if aim.of_ratio else figure.median
        if value is None:
            return Verdict.MISSED if figure.failed else Verdict.NOT_TESTED
        more_is_better = aim.of_ratio or figure.is_rate
        return Verdict.MET if (value >= aim.limit if more_is_better else value <= aim.limit) else Verdict.MISSED


@dataclass(frozen=True, slots=True)
class Contestant:
    """A figure without its rounds, and what takes one round of it and returns the value in the figure's unit."""

    figure: Figure
    take: Callable[[], float]


def race(contestants: Sequence[Contestant], rounds: int, warm_up: bool = True) -> tuple[Figure, ...]:
    """Take ``rounds`` values of each contestant, in turns, after one of each that is thrown away.

    A product that is missing, and a contestant that fails twice in a row, gives a figure without value; the others go on.
    A round that succeeds when it is repeated is noted.
    """
    figures = [contestant.figure for contestant in contestants]
    out: set[int] = set()
    for number in range(rounds + warm_up):
        for place, contestant in enumerate(contestants):
            if place in out:
                continue
            value, why_not, failed = _one_value(contestant)
            if failed:
                figures[place] = replace(figures[place], note=f"a round was repeated, it {why_not}")
                value, why_not, failed = _one_value(contestant)
            if value is None:
                out.add(place)
                figures[place] = replace(figures[place], rounds=(), note=why_not, failed=failed)
            elif number >= warm_up:
                figures[place] = replace(figures[place], rounds=(*figures[place].rounds, value))
    return tuple(figures)


def _one_value(contestant: Contestant) -> tuple[float | None, str, bool]:
    """A value, or why there is none and whether that is a failure."""
    try:
        return contestant.take(), "", False
    except NotInstalled as missing:
        return None, f"{missing} is not installed", False
    except Exception as error:  # one broken peer must not take the table away
        return None, f"failed: {type(error).__name__}: {error}", True


def per_second(work: Callable[[], object], at_least_s: float = 0.1) -> float:
    """How often ``work`` can be done in a second, from as many calls as fill ``at_least_s``."""
    calls = 1
    while True:
        begin = time.perf_counter()
        for _ in range(calls):
            work()
        elapsed_s = time.perf_counter() - begin
        if elapsed_s >= at_least_s:
            return calls / elapsed_s
        calls *= 2
