"""An independent matcher: which entries of a worklist fit a query, by the text of PS3.4 C.2.2.2, K.2.2 and Table K.6-1.

It shares nothing with the code that it judges: entries and keys are plain dictionaries, and VRs are written down here. Slow and
literal, one function per clause.
"""

from collections.abc import Iterator
from itertools import pairwise

DataSet = dict[str, "str | list[DataSet]"]

STEPS = "ScheduledProcedureStepSequence"
START_DATE, START_TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"

NAMES = {"PatientName", "ScheduledPerformingPhysicianName", "ReferringPhysicianName", "RequestingPhysician"}
DATES = {"PatientBirthDate", START_DATE}
TIMES = {START_TIME}
UIDS = {"StudyInstanceUID", "ReferencedSOPClassUID", "ReferencedSOPInstanceUID"}
NUMBERS = {"PatientWeight", "PregnancyStatus"}  # DS and US: no wild cards
SINGLE_VALUE = {"ScheduledStationAETitle", "Modality", "PatientID"}  # Table K.6-1: "with single value matching"
LONG_TEXTS = {"PatientComments"}  # LT: one value, whatever backslashes it has

DAY_US = 24 * 3600 * 1_000_000


def fits(entry: DataSet, keys: DataSet) -> bool:
    """Every key must be met (K.4.1.3.1)."""
    if START_DATE in keys and START_TIME in keys and is_one_period(str(keys[START_DATE]), str(keys[START_TIME])):
        rest = {keyword: key for keyword, key in keys.items() if keyword not in (START_DATE, START_TIME)}
        return starts_within(entry, str(keys[START_DATE]), str(keys[START_TIME])) and fits(entry, rest)
    return all(fits_key(entry, keyword, key) for keyword, key in keys.items())


def fits_key(entry: DataSet, keyword: str, key: "str | list[DataSet]") -> bool:
    if isinstance(key, list):
        return fits_sequence(entry.get(keyword, []), key)
    if key == "" or key == "*":  # universal: C.2.2.2.3, and C.2.2.2.4 note 1
        return True
    stored = entry.get(keyword, "")
    assert isinstance(stored, str)
    if stored == "":  # K.2.2.1.1.1
        return False
    if keyword in LONG_TEXTS:
        return fits_value(keyword, stored, key)
    # any stored value (K.2.2.3), any value of the key (C.2.2.2.2, and declared for other VRs)
    return any(fits_value(keyword, one, wanted) for one in stored.split("\\") for wanted in key.split("\\"))


def fits_sequence(stored: "str | list[DataSet]", key: "list[DataSet]") -> bool:
    """C.2.2.2.6: all item keys by at least one item; no item key is universal."""
    assert isinstance(stored, list)
    if not key or asks_only(key[0]):
        return True
    return any(fits(item, key[0]) for item in stored)


def asks_only(keys: DataSet) -> bool:
    return all(key in ("", "*") if isinstance(key, str) else not key or asks_only(key[0]) for key in keys.values())


def fits_value(keyword: str, stored: str, key: str) -> bool:
    if keyword in NAMES:
        return fits_name(stored, key)
    if keyword in DATES:
        return within(stored, key, date_us)
    if keyword in TIMES:
        return within(stored, key, time_us)
    if keyword in UIDS | NUMBERS | SINGLE_VALUE:
        return stored == key
    return glob(stored, key)


# --- text --------------------------------------------------------------------------------------------------------------


def glob(text: str, pattern: str) -> bool:
    """C.2.2.2.4: ``*`` is any sequence, an empty one too, ``?`` any one character."""
    reached = [False] * (len(text) + 1)
    reached[0] = True
    for character in pattern:
        if character == "*":
            first = reached.index(True) if True in reached else len(text) + 1
            reached = [position >= first for position in range(len(text) + 1)]
        else:
            following = [False] * (len(text) + 1)
            for position, (before, _) in enumerate(pairwise([*reached, False])):
                if before and position < len(text) and character in ("?", text[position]):
                    following[position + 1] = True
            reached = following
    return reached[-1]


def fits_name(stored: str, key: str) -> bool:
    """C.2.2.2.1.1, C.2.2.2.4 as declared: without regard to case, and any component group, or those that the key names."""
    groups = [plain(group) for group in stored.split("=")]
    wanted = [plain(group) for group in key.split("=")]
    if len(wanted) == 1:
        return any(glob(group, wanted[0]) for group in groups if group)
    groups += [""] * (3 - len(groups))
    return all(pattern == "" or glob(group, pattern) for group, pattern in zip(groups, wanted, strict=False))


def plain(group: str) -> str:
    while group.endswith("^"):
        group = group[:-1]
    return group.lower()


# --- dates and times ---------------------------------------------------------------------------------------------------


def within(stored: str, key: str, span) -> bool:  # type: ignore[no-untyped-def]
    """C.2.2.2.5, ends included; a single value is matched by its meaning (C.2.2.2.1.3), and covers what it leaves out."""
    moment, _ = span(stored)
    if "-" not in key:
        first, last = span(key)
        return bool(first <= moment <= last)
    begin, end = key.split("-")
    return not (begin and moment < span(begin)[0]) and not (end and moment > span(end)[1])


def date_us(date: str) -> tuple[int, int]:
    """Begin and end of a day; months of 31 days are good enough to compare."""
    digits = date.replace(".", "")
    day = (int(digits[:4]) * 12 + int(digits[4:6])) * 31 + int(digits[6:8])
    return day * DAY_US, (day + 1) * DAY_US - 1


def time_us(time: str) -> tuple[int, int]:
    """Begin and end of what a time names, from an hour to a microsecond."""
    whole, _, fraction = time.replace(":", "").partition(".")
    parts = [int(whole[place : place + 2]) for place in range(0, len(whole), 2)]
    unit = (3600, 60, 1)[len(parts) - 1] * 1_000_000
    begin = sum(part * seconds for part, seconds in zip(parts, (3600, 60, 1), strict=False)) * 1_000_000
    if fraction:
        unit = 10 ** (6 - len(fraction))
        begin += int(fraction) * unit
    return begin, begin + unit - 1


def is_one_period(date: str, time: str) -> bool:
    """Table K.6-1: "if both keys are specified for range matching"; taken so where both have the same form (C.2.2.2.5.4)."""
    return "-" in date and "-" in time and [bool(end) for end in date.split("-")] == [bool(end) for end in time.split("-")]


def starts_within(entry: DataSet, dates: str, times: str) -> bool:
    date, time = str(entry.get(START_DATE, "")), str(entry.get(START_TIME, ""))
    if not date or not time:
        return False
    moment = date_us(date)[0] + time_us(time)[0]
    (first_date, last_date), (first_time, last_time) = dates.split("-"), times.split("-")
    after = not first_date or moment >= date_us(first_date)[0] + time_us(first_time)[0]
    before = not last_date or moment <= date_us(last_date)[0] + time_us(last_time)[1]
    return after and before


# --- what is known -----------------------------------------------------------------------------------------------------


def paths(dataset: DataSet, prefix: str = "") -> Iterator[str]:
    for keyword, value in dataset.items():
        yield prefix + keyword
        if isinstance(value, list):
            for item in value:
                yield from paths(item, f"{prefix}{keyword}.")
