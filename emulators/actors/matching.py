"""Matching of keys as C-FIND knows it (PS3.4 C.2.2.2), shared by worklist and query/retrieve.

The rule follows the VR of the key and what its value looks like:

========================  ==================================================================================================
universal                 no value, ``*``, a sequence without item keys: everything fits (C.2.2.2.3)
single value              the same value, case and all; a person name without regard to case (C.2.2.2.1)
wild card                 ``*`` and ``?`` in AE CS LO LT PN SH ST UC UR UT; elsewhere they are characters (C.2.2.2.4)
range                     DA TM DT: ``A-B``, ``A-``, ``-B``, ends included; what an end leaves out it covers (C.2.2.2.5)
several values            in the key: any of them (C.2.2.2.2 for UIDs; here for all); stored: any of them (C.2.2.3)
sequence                  one stored item fits all keys of the one key item (C.2.2.2.6)
========================  ==================================================================================================

Declared where the standard leaves it open: a name key fits any of the three component groups, or group by group if it has a
``=``; delimiters of empty components at the end of a name say nothing; a date and time without an offset is taken as UTC.

Start date and start time of a scheduled step, when both are ranges of the same form, are one period: from the first time on
the first day to the last on the last (Table K.6-1, remark to Scheduled Procedure Step Start Time).
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from fnmatch import translate
from functools import lru_cache

from emulators.messages.attributes import NOTHING, Attributes, Value, vr

Fits = Callable[[Attributes], bool]
FitsValue = Callable[[str], bool]

NOT_MATCHED = frozenset(("QueryRetrieveLevel", "RetrieveAETitle", "SpecificCharacterSet", "TimezoneOffsetFromUTC"))
"""They stand in an identifier and say how to read it: never a key."""

_DATE, _TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"

_WILD_CARD_VRS = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
_DIGITS = {"DA": 8, "TM": 12, "DT": 20}  # to the microsecond
_ONE_VALUE_VRS = frozenset(("LT", "ST", "UR", "UT"))  # a backslash in them is a character (PS3.5 6.4)
_PUNCTUATION = str.maketrans("", "", ".: ")
_MOMENT = r"[0-9][0-9.:]*(?:[+-][0-9]{4})?"
_SINGLE = re.compile(rf"({_MOMENT})")
_RANGE = re.compile(rf"({_MOMENT})? *- *({_MOMENT})?")  # a minus is an offset's where a further one follows


# --- data sets ---------------------------------------------------------------------------------------------------------


def matcher(keys: Attributes, empty_matches: bool, literal: frozenset[str] = frozenset()) -> Fits:
    """The test whether a stored item fits all keys.

    ``empty_matches``: whether a stored value that is empty or absent fits a key. It does in query/retrieve, where it is unknown
    (C.2.2.1.2), and does not in a worklist (K.2.2.1.1.1). ``literal``: keys that an information model matches by single value
    only, in which wild cards are characters.
    """
    tests: list[Fits] = []
    start = _period(keys.text(_DATE), keys.text(_TIME))
    if start is not None:
        tests.append(_start_test(start, empty_matches))
        keys = keys.without((_DATE, _TIME))
    for keyword, value in keys:
        if is_universal(keyword, value):
            continue
        if isinstance(value, str):
            tests.append(_text_test(keyword, value, empty_matches, keyword in literal))
        else:
            tests.append(_sequence_test(keyword, matcher(value[0], empty_matches, literal), empty_matches))
    return lambda item: all(test(item) for test in tests)


def is_universal(keyword: str, value: Value) -> bool:
    """Whether a key matches everything, and so only asks for its value (C.2.2.2.3)."""
    if keyword in NOT_MATCHED:
        return True
    if isinstance(value, str):
        return value in ("", "*") or (vr(keyword) == "PN" and not value.strip("^= "))
    return all(is_universal(key, inner) for key, inner in (value[0] if value else NOTHING))


def _text_test(keyword: str, key: str, empty_matches: bool, is_literal: bool) -> Fits:
    fits_value = value_matcher(keyword, key, is_literal)

    def test(item: Attributes) -> bool:
        stored = item.text(keyword)
        return fits_value(stored) if stored else empty_matches

    return test


def _sequence_test(keyword: str, fits_item: Fits, empty_matches: bool) -> Fits:
    def test(item: Attributes) -> bool:
        stored = item.items(keyword)
        return any(map(fits_item, stored)) if stored else empty_matches

    return test


def _start_test(period: FitsValue, empty_matches: bool) -> Fits:
    def test(item: Attributes) -> bool:
        date, time = item.text(_DATE), item.text(_TIME)
        return period(_digits(date).ljust(8, "0") + _digits(time)) if date and time else empty_matches

    return test


# --- values ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def value_matcher(keyword: str, key: str, is_literal: bool = False) -> FitsValue:
    """The test of stored values that are not empty against one key that is not universal."""
    representation = "UN" if is_literal else vr(keyword)
    if representation in _ONE_VALUE_VRS:
        return _one_value(representation, key)
    tests = [_one_value(representation, part) for part in map(str.strip, key.split("\\")) if part]

    def test(stored: str) -> bool:
        if len(tests) == 1 and "\\" not in stored:
            return tests[0](stored)
        return any(fits_one(value.strip()) for value in stored.split("\\") for fits_one in tests)

    return test


def _one_value(representation: str, key: str) -> FitsValue:
    if representation == "PN":
        return _name(key)
    if representation in _DIGITS:
        return _date_or_time(representation, key)
    if representation in _WILD_CARD_VRS and ("*" in key or "?" in key):
        pattern = re.compile(_pattern(key))
        return lambda stored: pattern.fullmatch(stored) is not None
    return lambda stored: stored == key


def _pattern(key: str) -> str:
    return translate(key.replace("[", "[[]"))  # fnmatch knows more than DICOM's two wild cards


def _name(key: str) -> FitsValue:
    wanted = [_name_group(group) for group in key.split("=")]
    if len(wanted) == 1:
        (group,) = wanted
        return lambda stored: any(group(value) for value in stored.split("=") if value)

    def test(stored: str) -> bool:
        values = [*stored.split("="), "", ""]
        return all(fits_group(value) for fits_group, value in zip(wanted, values, strict=False))

    return test


def _name_group(key: str) -> FitsValue:
    key = key.strip().rstrip("^")
    if not key or key == "*":
        return lambda stored: True
    pattern = re.compile(_pattern(key), re.IGNORECASE)
    return lambda stored: pattern.fullmatch(stored.strip().rstrip("^")) is not None


# --- dates and times ---------------------------------------------------------------------------------------------------


def _date_or_time(representation: str, key: str) -> FitsValue:
    """A single value covers all that it leaves out, as the ends of a range do: ``2230`` is 223000 and 223059."""
    ends = _range_ends(representation, key)
    if ends is None:  # not one, so that nothing can be it
        return lambda stored: False
    fits_digits = _between(*ends)
    return lambda stored: fits_digits(_digits(stored))


def _between(first: str, last: str) -> FitsValue:
    """Whether digits, with zeros for those that they lack, are in a range of such."""

    def test(digits: str) -> bool:
        moment = digits.ljust(len(first), "0")
        return moment.isdecimal() and first <= moment <= last

    return test


def _range_ends(representation: str, key: str) -> tuple[str, str] | None:
    """First and last moment of a key, in digits; None if it is no date or time."""
    width = _DIGITS[representation]
    found = (_RANGE if "-" in key else _SINGLE).fullmatch(key)
    if found is None or not any(found.groups()):
        return None
    first, last = found.group(1) or "", found.group(found.re.groups) or ""
    return _digits(first).ljust(width, "0"), _digits(last).ljust(width, "9")


@lru_cache(maxsize=4096)
def _digits(value: str) -> str:
    """A date or time without punctuation; in UTC where it has an offset, and minutes that it can be added to."""
    moment, sign, offset = value.partition("+") if "+" in value else value.partition("-")
    digits = moment.translate(_PUNCTUATION)
    if not sign or len(digits) < 12:
        return digits
    try:
        shift = timedelta(hours=int(offset[:2]), minutes=int(offset[2:]))
        minute = datetime.strptime(digits[:12], "%Y%m%d%H%M")
        return f"{minute - shift if sign == '+' else minute + shift:%Y%m%d%H%M}{digits[12:]}"
    except (ValueError, OverflowError):
        return ""  # a stored value that is no date and time


def _period(dates: str, times: str) -> FitsValue | None:
    """The period of a start, if date and time are ranges of the same form."""
    if "-" not in dates or "-" not in times:
        return None
    if (dates.startswith("-"), dates.endswith("-")) != (times.startswith("-"), times.endswith("-")):
        return None
    date_ends, time_ends = _range_ends("DA", dates), _range_ends("TM", times)
    if date_ends is None or time_ends is None:
        return None
    return _between(date_ends[0] + time_ends[0], date_ends[1] + time_ends[1])
