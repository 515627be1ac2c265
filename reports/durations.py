"""Durations and instants as people read them."""

from datetime import datetime, timedelta

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def human(duration_us: int | None) -> str:
    """Two leading units at most: ``350 ms``, ``1.2 s``, ``12 s``, ``4 min 10 s``, ``2 h 05 min``; ``-`` for None."""
    if duration_us is None:
        return "-"
    if duration_us == 0:
        return "at once"
    if duration_us < MILLISECOND:
        return f"{duration_us} µs"
    if duration_us < 999.5 * MILLISECOND:
        return f"{duration_us / MILLISECOND:.0f} ms"
    if duration_us < 9.95 * SECOND:
        return f"{duration_us / SECOND:.1f} s"
    seconds = round(duration_us / SECOND)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def clock(epoch: datetime, instant_us: int) -> str:
    """Wall time at an instant, ``HH:MM:SS.mmm``; the date is left out."""
    return (epoch + timedelta(microseconds=instant_us)).isoformat(timespec="milliseconds")[11:]


def size(size_bytes: int) -> str:
    """``812 B``, ``4.2 MB``, ``1.3 GB``: decimal units."""
    number = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 99.5 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
