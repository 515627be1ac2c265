"""Times of a message in the wall time of the site.

A time with an offset is that instant; one without has the offset of MSH-7, if that has one (2.15.9.7), and else is local.
A date is a date wherever it is said: what has no hours is not shifted, and PID-7 never is.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo

from emulators.wire.er7 import Message, Segment

_TIMES: Mapping[str, tuple[tuple[int, int], ...]] = {
    "MSH": ((7, 1),),
    "EVN": ((2, 1),),
    "ORC": ((7, 4),),
    "TQ1": ((7, 1),),
    "OBR": ((6, 1), (22, 1), (27, 4)),
}
"""Field and component of the times that we read."""

_TIME = re.compile(r"([0-9]{8}(?:[0-9]{2}){1,3})(?:\.[0-9]{1,4})?([+-][0-9]{4})?")
_OFFSET = re.compile(r".*([+-])([0-9]{2})([0-9]{2})")


def in_local_time(message: Message, zone: tzinfo) -> Message:
    """The message with its times as they are in ``zone``; a time that cannot be read stays as it is."""
    default = _offset(message.msh.component(7, 1))
    segments = tuple(_in_local_time(one, default, zone) if one.name in _TIMES else one for one in message.segments)
    return Message(message.raw, segments, message.delimiters, message.encoding)


def _offset(value: str) -> timezone | None:
    match = _OFFSET.fullmatch(value)
    if match is None:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-offset if match[1] == "-" else offset) if offset < timedelta(days=1) else None


def _in_local_time(segment: Segment, default: timezone | None, zone: tzinfo) -> Segment:
    mark = segment.delimiters
    fields = segment.raw.split(mark.field)
    before = list(fields)
    for number, component in _TIMES[segment.name]:
        index = number - (segment.name == "MSH")  # MSH-1 is the separator itself
        if index >= len(fields):
            continue
        first, *repetitions = fields[index].split(mark.repetition)
        parts = first.split(mark.component)
        if component <= len(parts):
            parts[component - 1] = _local(parts[component - 1], default, zone)
            fields[index] = mark.repetition.join([mark.component.join(parts), *repetitions])
    return segment if fields == before else segment.rewritten(mark.field.join(fields))


def _local(value: str, default: timezone | None, zone: tzinfo) -> str:
    match = _TIME.fullmatch(value)
    offset = _offset(value) or default
    if match is None or offset is None:
        return value
    try:
        said = datetime.strptime(match[1].ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=offset)
        return said.astimezone(zone).strftime("%Y%m%d%H%M%S")
    except (ValueError, OverflowError):
        return value
