"""The figures for people, as tables, and for programs, as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from rich.console import Group as Stack
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from loadtests.figures import Aim, Figure, Group, Verdict

_COLOURS = {Verdict.MET: "green", Verdict.MISSED: "bold red", Verdict.NOT_TESTED: "yellow"}


def table(group: Group) -> RenderableType:
    """One group as a table, a row for each figure, and its notes; columns that would stay empty are left out."""
    titles = ("", "", "median", "unit", "range", "rounds", "ratio (to row)", "aim")
    rows = [(str(place), *_cells(group, figure)) for place, figure in enumerate(group.figures, start=1)]
    shown = [column for column in range(len(titles)) if any(row[column] for row in rows)]
    drawn = Table(title=group.title, title_justify="left", title_style="bold")
    for column in shown:
        is_text = titles[column] in ("unit", "aim") or column == 1
        drawn.add_column(titles[column], justify="left" if is_text else "right", no_wrap=column != 1)
    for row in rows:
        drawn.add_row(*(row[column] for column in shown))
    notes = [f"{place}: {figure.note}" for place, figure in enumerate(group.figures, start=1) if figure.note]
    return Stack(drawn, *(Text(note, style="italic") for note in (group.note, *notes)))


def as_json(groups: Sequence[Group], about: Mapping[str, Any]) -> bytes:
    """The same figures give the same bytes: sorted keys, four significant digits."""
    content = {"about": dict(about), "groups": {group.name: _group(group) for group in groups}}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def number(value: float) -> str:
    """Whole numbers with separators where they are large, else three significant digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _cells(group: Group, figure: Figure) -> tuple[str, ...]:
    subject, aim = escape(figure.subject), _aim(group, figure)
    median = figure.median
    if median is None:
        return subject, "failed" if figure.failed else "not installed", "", "", "", "", aim
    spread = f"{number(min(figure.rounds))} - {number(max(figure.rounds))}" if len(figure.rounds) > 1 else ""
    return subject, number(median), figure.unit, spread, str(len(figure.rounds)), _ratio(group, figure), aim


def _ratio(group: Group, figure: Figure) -> str:
    """How many times as fast as which row."""
    ratio = group.ratio(figure)
    if ratio is None:
        return ""
    place = [other.subject for other in group.figures].index(figure.against) + 1
    return f"{ratio:.2f} ({place})"


def _aim(group: Group, figure: Figure) -> str:
    """The limit and what became of it."""
    verdict = group.verdict(figure)
    if figure.aim is None or verdict is None:
        return ""
    return f"{_limit(figure, figure.aim)}: [{_COLOURS[verdict]}]{verdict.value}[/]"


def _limit(figure: Figure, aim: Aim) -> str:
    if aim.of_ratio:
        return f"ratio from {number(aim.limit)}"
    return f"{'from' if figure.is_rate else 'up to'} {number(aim.limit)}"


def _group(group: Group) -> dict[str, Any]:
    figures = {figure.subject: _figure(group, figure) for figure in group.figures}
    return {"title": group.title, "note": group.note, "figures": figures}


def _figure(group: Group, figure: Figure) -> dict[str, Any]:
    verdict = group.verdict(figure)
    aim = figure.aim
    return {
        "unit": figure.unit,
        "median": _rounded(figure.median),
        "rounds": [_rounded(value) for value in figure.rounds],
        "ratio": _rounded(group.ratio(figure)),
        "against": figure.against,
        "aim": None if aim is None else {"limit": aim.limit, "of_ratio": aim.of_ratio},
        "verdict": None if verdict is None else verdict.value,
        "note": figure.note,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
