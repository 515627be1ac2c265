"""The worklist of a RIS: entries of scheduled steps, found by any key that an entry holds (PS3.4 Annex K).

Indexed by station and date, the two keys that every scanner sends, so that a query costs what it returns and not what the
list holds. An empty stored value fits no key (K.2.2.1.1.1). A key that is neither in the key table nor in any entry is ignored
in matching, and the answer says so (K.2.2.1.1.2, FF01H).

Entries come from two sides: a RIS puts and removes its own under a key that it chooses; those of worklist files are there from
the start, and go when somebody has performed their step.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter

from emulators.actors.matching import NOT_MATCHED, matcher, value_matcher
from emulators.messages.attributes import Attributes, Value
from emulators.messages.worklist import KEYS, STEPS, WorklistItems, WorklistQuery

_STATION = "ScheduledStationAETitle"
_DATE = "ScheduledProcedureStepStartDate"
_TIME = "ScheduledProcedureStepStartTime"
_STEP_ID = "ScheduledProcedureStepID"

_SINGLE_VALUE_KEYS = frozenset((_STATION, "Modality", "PatientID"))
"""Of these Table K.6-1 asks for single value matching; any other text takes wild cards."""


def _paths(attributes: Attributes, prefix: str = "") -> Iterator[str]:
    """Every keyword in here, those of items behind the one of their sequence."""
    for keyword, value in attributes:
        path = prefix + keyword
        yield path
        if not isinstance(value, str):
            for item in value:
                yield from _paths(item, path + ".")


_TABLE = frozenset(_paths(KEYS)) | NOT_MATCHED

_Order = tuple[str, str, str, str]
_Entry = tuple[_Order, Attributes]


class Worklist:
    """Answers are in the order of start, then of accession number."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._by_station: dict[str, dict[str, dict[str, _Entry]]] = {}
        self._beyond_table: Counter[str] = Counter()
        self._preloaded: dict[tuple[str, str], list[str]] = {}
        """Keys of entries of worklist files, by Study Instance UID and step ID."""

    def put(self, key: str, item: Attributes) -> None:
        """Put an entry on the list, or in the place of the one that has this key. ``item`` holds at most one step."""
        self.remove(key)
        self._entries[key] = entry = (_order(item), item)
        for dates in self._dates(item):
            dates.setdefault(item.item(STEPS).text(_DATE), {})[key] = entry
        self._beyond_table.update(_beyond_table(item))

    def remove(self, key: str) -> None:
        """Take an entry off the list; one that is not on it is no error."""
        if key not in self._entries:
            return
        _, item = self._entries.pop(key)
        date = item.item(STEPS).text(_DATE)
        for dates in self._dates(item):
            del dates[date][key]
            if not dates[date]:
                del dates[date]
        self._beyond_table -= Counter(_beyond_table(item))

    def preload(self, items: Iterable[Attributes]) -> None:
        """Put the entries of worklist files on the list, before any others are."""
        for item in items:
            key = f"file/{len(self._entries)}"
            self.put(key, item)
            step = item.text("StudyInstanceUID"), item.item(STEPS).text(_STEP_ID)
            self._preloaded.setdefault(step, []).append(key)

    def remove_preloaded(self, study_instance_uid: str, step_id: str) -> bool:
        """Take the preloaded entry of this step off the list; whether there was one. A step without an ID is none."""
        found = self._preloaded.pop((study_instance_uid, step_id), []) if step_id else []
        for key in found:
            self.remove(key)
        return bool(found)

    def matches(self, query: WorklistQuery) -> WorklistItems:
        """What fits all keys, whole: the codec returns of it what was asked for."""
        keys = self._known(query.keys)
        fits = matcher(keys, empty_matches=False, literal=_SINGLE_VALUE_KEYS)
        found = sorted((entry for entry in self._candidates(keys.item(STEPS)) if fits(entry[1])), key=itemgetter(0))
        return WorklistItems(tuple(item for _, item in found), keys_supported=keys is query.keys)

    def _candidates(self, step: Attributes) -> Iterable[_Entry]:
        """All that station and date leave; what is left is matched by every key."""
        station = step.text(_STATION)
        if station in ("", "*") or "\\" in station:
            return self._entries.values()
        dates = self._by_station.get(station, {})
        fits = _date_fits(step.text(_DATE))
        return (entry for date, entries in dates.items() if fits(date) for entry in entries.values())

    def _dates(self, item: Attributes) -> list[dict[str, dict[str, _Entry]]]:
        """Where the index keeps an entry: a step may be scheduled for several stations."""
        stations = {station.strip() for station in item.item(STEPS).text(_STATION).split("\\")}
        return [self._by_station.setdefault(station, {}) for station in stations]

    def _known(self, keys: Attributes) -> Attributes:
        """The keys without those that are unknown here; the same object if it is none."""
        if all(self._knows(path) for path in _paths(keys)):
            return keys
        return self._only_known(keys, "")

    def _only_known(self, keys: Attributes, prefix: str) -> Attributes:
        known: list[tuple[str, Value]] = []
        for keyword, value in keys:
            path = prefix + keyword
            if self._knows(path):
                inner = value if isinstance(value, str) else tuple(self._only_known(item, path + ".") for item in value)
                known.append((keyword, inner))
        return Attributes(tuple(known))

    def _knows(self, path: str) -> bool:
        return path in _TABLE or path in self._beyond_table


def _beyond_table(item: Attributes) -> list[str]:
    return [path for path in _paths(item) if path not in _TABLE]


def _date_fits(key: str) -> Callable[[str], bool]:
    if key in ("", "*"):
        return lambda date: True
    fits = value_matcher(_DATE, key)
    return lambda date: bool(date) and fits(date)


def _order(item: Attributes) -> _Order:
    """Start, accession number, step."""
    step = item.item(STEPS)
    return step.text(_DATE), step.text(_TIME), item.text("AccessionNumber"), step.text(_STEP_ID)
