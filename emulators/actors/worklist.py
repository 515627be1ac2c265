"""The worklist of a RIS: scheduled steps, found by the matching keys of PS3.4 Table K.6-1.

Indexed by station and date, the two keys that every scanner sends, so that a query costs what it returns and not what the
day holds. An empty key matches everything; an empty stored value fails to match a key value (PS3.4 K.2.2.1.1.1).
"""

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import lru_cache

from emulators.messages.common import PersonName
from emulators.messages.worklist import WorklistItem, WorklistQuery


class Worklist:
    """Answers are in the order of start, then of accession number."""

    def __init__(self) -> None:
        self._items: dict[str, WorklistItem] = {}
        self._by_station: dict[str, dict[str, dict[str, WorklistItem]]] = {}

    def add(self, item: WorklistItem) -> None:
        scheduled = item.scheduled
        self._items[scheduled.step_id] = item
        dates = self._by_station.setdefault(scheduled.station_ae_title, {})
        dates.setdefault(scheduled.start[:8], {})[scheduled.step_id] = item

    def remove(self, step_id: str) -> None:
        """Take a step off the list; one that is not on it is no error."""
        item = self._items.pop(step_id, None)
        if item is not None:
            dates = self._by_station[item.scheduled.station_ae_title]
            date = item.scheduled.start[:8]
            del dates[date][step_id]
            if not dates[date]:
                del dates[date]

    def matches(self, query: WorklistQuery) -> tuple[WorklistItem, ...]:
        found = [item for item in self._candidates(query) if _fits(item, query)]
        found.sort(key=_start)
        return tuple(found)

    def _candidates(self, query: WorklistQuery) -> Iterable[WorklistItem]:
        if not query.station_ae_title:
            return self._items.values()
        dates = self._by_station.get(query.station_ae_title, {})
        if query.start_date and "-" not in query.start_date:
            return dates.get(query.start_date, {}).values()
        return (item for date, items in dates.items() if in_range(date, query.start_date) for item in items.values())


def _start(item: WorklistItem) -> tuple[str, str]:
    return item.scheduled.start, item.scheduled.accession_number


def _fits(item: WorklistItem, query: WorklistQuery) -> bool:
    start = item.scheduled.start
    return (
        in_range(start[:8], query.start_date)
        and in_range(start[8:], query.start_time)
        and query.modality in ("", item.modality)
        and query.patient_id in ("", item.patient.patient_id)
        and query.accession_number in ("", item.scheduled.accession_number)
        and name_fits(item.patient.name, query.patient_name)
        and not query.performing_physician
    )


def in_range(value: str, key: str) -> bool:
    """Single value or range matching of dates and times in their shortest digits (PS3.4 C.2.2.2.5); ends are included."""
    if not key:
        return True
    first, dash, last = key.partition("-")
    if not dash:
        return value.startswith(first)
    return bool(value) and (not first or value >= first) and (not last or value[: len(last)] <= last)


def name_fits(name: PersonName, key: str) -> bool:
    """Single value or wildcard matching of a person name, without regard to case (PS3.4 C.2.2.2.1, C.2.2.2.4)."""
    if not key:
        return True
    return _pattern(key).fullmatch("^".join(name.components()).rstrip("^")) is not None


@lru_cache(maxsize=256)
def _pattern(key: str) -> re.Pattern[str]:
    literal = key.rstrip("^").replace("[", "[[]")  # fnmatch knows more than DICOM's two wildcards
    return re.compile(translate(literal), re.IGNORECASE)
