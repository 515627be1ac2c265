"""Where the lines, bars and words of the page's charts go, in pixels; the template draws them as SVG."""

from collections.abc import Sequence
from datetime import datetime
from math import log10
from typing import Any

from reports.durations import HOUR, MILLISECOND, MINUTE, SECOND, clock, human

Shape = dict[str, Any]

# --- the strip of the seven stages -------------------------------------------------------------------------------------

STRIP_WIDTH = 360
_TICKS_US = (MILLISECOND, 10 * MILLISECOND, 100 * MILLISECOND, SECOND, 10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 10 * HOUR)
_TICK_NAMES = ("1 ms", "10 ms", "100 ms", "1 s", "10 s", "1 min", "10 min", "1 h", "10 h")
_MARGIN = 18


class LogScale:
    """Durations to pixels, by the power of ten; what is shorter than the first tick lies on the left edge."""

    def __init__(self, durations_us: Sequence[int], width: int = STRIP_WIDTH) -> None:
        shortest = min((duration for duration in durations_us if duration > 0), default=MILLISECOND)
        longest = max(durations_us, default=SECOND)
        first = max((tick for tick in _TICKS_US if tick <= shortest), default=_TICKS_US[0])
        last = min((tick for tick in _TICKS_US if tick >= longest and tick > first), default=_TICKS_US[-1])
        self._low, self._span = log10(first), log10(max(last, longest)) - log10(first)
        self._width = width
        shown = ((tick, name) for tick, name in zip(_TICKS_US, _TICK_NAMES, strict=True) if first <= tick <= last)
        self.ticks = [{"x": self.x(tick), "text": name} for tick, name in shown]

    def x(self, duration_us: int) -> float:
        if duration_us <= 0:
            return _MARGIN
        share = min(1.0, max(0.0, (log10(duration_us) - self._low) / self._span))
        return round(_MARGIN + share * (self._width - 2 * _MARGIN), 1)


def stage_strip(stages: Sequence[dict[str, Any]]) -> Shape:
    """One scale for all stages, and per stage its samples, p50 and p95 as positions; None without samples."""
    scale = LogScale([sample for stage in stages for sample in stage["samples_us"]])
    rows = [
        {
            "samples": sorted({scale.x(sample) for sample in stage["samples_us"]}),
            "p50": None if stage["p50_us"] is None else scale.x(stage["p50_us"]),
            "p95": None if stage["p95_us"] is None else scale.x(stage["p95_us"]),
        }
        for stage in stages
    ]
    return {"width": STRIP_WIDTH, "ticks": scale.ticks, "rows": rows}


# --- the day by the hour -----------------------------------------------------------------------------------------------

DAY_WIDTH, DAY_HEIGHT = 1000, 220
_LEFT, _BOTTOM, _TOP = 34, 26, 12
_SERIES = (("arrivals", "patients registered"), ("reports", "final reports filed"))


def day_chart(hours: Sequence[dict[str, int]]) -> Shape | None:
    """Grouped bars from the first busy hour to the last; None when nothing happened."""
    busy = [row["hour"] for row in hours if any(row[key] for key, _ in _SERIES)]
    if not busy:
        return None
    shown = [row for row in hours if busy[0] <= row["hour"] <= busy[-1]]
    step = _step(max(row[key] for row in shown for key, _ in _SERIES))
    top = step * -(-max(row[key] for row in shown for key, _ in _SERIES) // step)
    floor, slot = DAY_HEIGHT - _BOTTOM, (DAY_WIDTH - _LEFT) / len(shown)
    scale = (floor - _TOP) / top
    bar = min(26.0, slot * 0.36)
    bars: list[Shape] = []
    for position, row in enumerate(shown):
        middle = _LEFT + slot * (position + 0.5)
        for series, (key, name) in enumerate(_SERIES):
            height = row[key] * scale
            title = f"{row['hour']:02}:00 to {row['hour'] + 1:02}:00: {row[key]} {name}"
            box = {"x": middle - bar + series * bar, "y": floor - height, "width": bar - 1.5, "height": height}
            bars.append({"series": series, "title": title, **{side: round(value, 1) for side, value in box.items()}})
    labels = [{"x": round(_LEFT + slot * (i + 0.5), 1), "text": f"{row['hour']:02}"} for i, row in enumerate(shown)]
    lines = [{"y": round(floor - value * scale, 1), "text": str(value)} for value in range(0, top + 1, step)]
    return {"width": DAY_WIDTH, "height": DAY_HEIGHT, "left": _LEFT, "bars": bars, "labels": labels, "lines": lines}


def _step(highest: int) -> int:
    """A round distance between grid lines that gives at most five of them."""
    step = 1
    while highest / step > 5:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return step


# --- one order as a sequence diagram -----------------------------------------------------------------------------------

LADDER_WIDTH = 1000
_TIME_WIDTH, _EDGE, _HEAD, _ARROW, _OWN, _GAP = 92, 46, 34, 25, 18, 24
_FIRST_SYSTEMS, _LAST_SYSTEMS = ("ehr", "engine", "ris"), ("pacs", "workstation", "teleradiology")
LATER_US = MINUTE
"""A pause this long gets a line that says how long it was."""


def sequence(rows: Sequence[dict[str, Any]], epoch: datetime) -> Shape:
    """Lifelines, and from the top down arrows (messages), dots (what a system did) and pauses."""
    systems = _systems(rows)
    slot = (LADDER_WIDTH - _TIME_WIDTH - 2 * _EDGE) / max(1, len(systems) - 1)
    x = {system: round(_TIME_WIDTH + _EDGE + slot * position, 1) for position, system in enumerate(systems)}
    items: list[Shape] = []
    y, before = _HEAD, None
    for row in rows:
        if before is not None and row["at_us"] - before >= LATER_US:
            y += _GAP
            items.append({"kind": "gap", "y": y - 6, "text": f"{human(row['at_us'] - before)} later"})
        y += _ARROW if row["to"] else _OWN
        before = row["at_us"]
        items.append({**_item(row, x), "y": y, "time": clock(epoch, row["at_us"])})
    lifelines = [{"x": x[system], "name": system} for system in systems]
    return {"width": LADDER_WIDTH, "height": y + 16, "lifelines": lifelines, "items": items}


def _systems(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Order side left, image side right, scanners between them: so that most arrows are short."""
    named = dict.fromkeys(system for row in rows for system in (row["from"], row["to"]) if system)
    middle = [system for system in named if system not in (*_FIRST_SYSTEMS, *_LAST_SYSTEMS)]
    return [system for system in (*_FIRST_SYSTEMS, *middle, *_LAST_SYSTEMS) if system in named]


def _item(row: dict[str, Any], x: dict[str, float]) -> Shape:
    start = x[row["from"]]
    if not row["to"]:
        return {"kind": "own", "x": start, "text": row["text"], "left": start == max(x.values())}
    end = x[row["to"]]
    failed = row["outcome"] in ("refused", "unknown") or row["kind"] == "late"
    fault = row["fault"].replace("_", " ")
    return {
        "kind": "message",
        "failed": failed,
        "from": start,
        "to": end - 2 if end > start else end + 2,
        "middle": round((start + end) / 2, 1),
        "text": row["text"],
        "ending": (fault or row["outcome"]) if failed else row["answer"],
        "title": ", ".join(filter(None, (row["outcome"], row["answer"], fault, human(row["took_us"])))),
    }
