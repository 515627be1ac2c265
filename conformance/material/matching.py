"""The match oracle: whether an entry must, or may, be among the answers to a C-FIND (PS3.4 C.2.2.2, C.2.2.3, K.2.2).

========================  ==================================================================================================
universal (C.2.2.2.3)     no value, or ``*`` where wild cards are known: everything matches
single value (C.2.2.2.1)  the same value, with case; a person name perhaps without regard to case and accents
UID list (C.2.2.2.2)      any of them; so does a list of Modalities in Study (RAD TF-2 4.14)
wild card (C.2.2.2.4)     ``*`` and ``?`` in AE CS LO LT PN SH ST UC UR UT; elsewhere they are characters
range (C.2.2.2.5)         ``A-B``, ``A-``, ``-B`` of dates and times, ends included
sequence (C.2.2.2.6)      one stored item matches all keys of the one key item
several stored (C.2.2.3)  any of them matches
stored empty              unknown, and matches, in query/retrieve (C.2.2.1.2); does not match in a worklist (K.2.2.1.1.1)
========================  ==================================================================================================

Where the standard leaves it to the product, ``MAY``: the case and accents of a name, groups of a name beyond the first, what
a shortened end of a range covers (``-1200`` and 12:00:30), and a stored date or time that is none (``2024-01-05``). Start
date and start time of a scheduled step, when both are ranges, are one period (remark in Table K.6-1); every other pair of
ranges is independent.
"""

import re
import unicodedata
from collections.abc import Sequence
from enum import IntEnum

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

WILD_CARD_VRS = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
SAY_HOW_TO_READ = frozenset(("SpecificCharacterSet", "TimezoneOffsetFromUTC", "QueryRetrieveLevel", "RetrieveAETitle"))
"""They stand in an identifier and are no keys."""

_DATE, _TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"
_WIDTH = {"DA": 8, "TM": 12}  # a time to the microsecond
_LEGAL = {"DA": r"\d{8}|\d{4}\.\d\d\.\d\d", "TM": r"\d\d(:?\d\d(:?\d\d(\.\d{1,6})?)?)?"}
"""PS3.5 6.2, and ACR-NEMA's dots and colons, which it takes."""


class Match(IntEnum):
    """The weakest of several decides."""

    NO = 0
    MAY = 1
    YES = 2


def match(keys: Dataset, stored: Dataset, *, empty_matches: bool) -> Match:
    """Whether a stored item matches all keys. ``empty_matches``: a stored value that is empty or absent matches any key."""
    found = Match.YES
    period = _period(keys, stored, empty_matches)
    for key in keys:
        if key.keyword in SAY_HOW_TO_READ or (period is not None and key.keyword in (_DATE, _TIME)):
            continue
        found = min(found, _element(key, stored.get(key.tag), empty_matches))
    return found if period is None else min(found, period)


def _element(key: DataElement, stored: DataElement | None, empty_matches: bool) -> Match:
    if key.VR == "SQ":
        return _sequence(key, stored, empty_matches)
    wanted = texts(key)
    if not wanted or (wanted == ["*"] and key.VR in WILD_CARD_VRS):
        return Match.YES
    values = [] if stored is None else texts(stored)
    if not values:
        return Match.YES if empty_matches else Match.NO
    return max(value_match(str(key.VR), one, value) for one in wanted for value in values)


def _sequence(key: DataElement, stored: DataElement | None, empty_matches: bool) -> Match:
    items: Sequence[Dataset] = key.value or ()
    if not items or not _has_key(items[0]):
        return Match.YES
    found: Sequence[Dataset] = (stored.value if stored is not None else None) or ()
    if not found:
        return Match.YES if empty_matches else Match.NO
    return max(match(items[0], item, empty_matches=empty_matches) for item in found)


def _has_key(keys: Dataset) -> bool:
    """Whether anything in here is more than a wish to have the value."""
    return any(any(map(_has_key, key.value or ())) if key.VR == "SQ" else bool(texts(key)) for key in keys)


def texts(element: DataElement) -> list[str]:
    """The values of an element as text without outer spaces; none where it is empty."""
    value = element.value
    values = list(value) if isinstance(value, MultiValue | list) else [value]
    found = ["" if one is None else str(one).strip() for one in values]
    return [one for one in found if one]


# --- values ------------------------------------------------------------------------------------------------------------


def value_match(vr: str, key: str, stored: str) -> Match:
    """One value of a key, not universal, against one stored value."""
    if vr in _WIDTH:
        return _moment_match(vr, key, stored)
    if vr == "PN":
        return _name_match(key, stored)
    if vr == "IS":
        return _yes(_number(key) == _number(stored))
    return _yes(_text_match(key, stored, vr in WILD_CARD_VRS))


def _yes(met: bool) -> Match:
    return Match.YES if met else Match.NO


def _number(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


def _text_match(key: str, stored: str, has_wild_cards: bool) -> bool:
    if not has_wild_cards:
        return key == stored
    parts = {"*": ".*", "?": "."}
    pattern = "".join(parts.get(character, re.escape(character)) for character in key)
    return re.fullmatch(pattern, stored, re.DOTALL) is not None


def _name_match(key: str, stored: str) -> Match:
    """Delimiters of empty components at the end say nothing (PS3.5 6.2.1.1)."""
    wanted, groups = key.rstrip("=^ "), [group.rstrip("^ ") for group in stored.split("=")]
    if _text_match(wanted, groups[0], True) or _text_match(wanted, stored.rstrip("=^ "), True):
        return Match.YES
    plain = _plain(wanted)
    return Match.MAY if any(_text_match(plain, _plain(group), True) for group in groups if group) else Match.NO


def _plain(name: str) -> str:
    """Without case and accents."""
    return "".join(one for one in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(one))


# --- dates and times ---------------------------------------------------------------------------------------------------


def _moment_match(vr: str, key: str, stored: str) -> Match:
    if not re.fullmatch(_LEGAL[vr], stored.strip()):
        return Match.MAY
    ends = _range(key)
    if ends is None:
        return _within(_digits(stored, vr, "0"), _digits(key, vr, "0"), _digits(key, vr, "0"), _digits(key, vr, "9"))
    first, last = ends
    return _within(
        _digits(stored, vr, "0"),
        _digits(first, vr, "0") if first else "",
        _digits(last, vr, "0") if last else "9",
        _digits(last, vr, "9") if last else "9",
    )


def _within(moment: str, first: str, last: str, last_with_all_that_it_covers: str) -> Match:
    if first <= moment <= last:
        return Match.YES
    return Match.MAY if first <= moment <= last_with_all_that_it_covers else Match.NO


def _range(key: str) -> tuple[str, str] | None:
    """Both ends, an open one empty; None where the key is no range."""
    first, hyphen, last = key.partition("-")
    return (first.strip(), last.strip()) if hyphen else None


def _digits(value: str, vr: str, filler: str) -> str:
    """Digits alone, what they leave out filled; ACR-NEMA's dots and colons are taken."""
    return re.sub("[^0-9]", "", value).ljust(_WIDTH[vr], filler)


def _period(keys: Dataset, stored: Dataset, empty_matches: bool) -> Match | None:
    """The start of a step within the period that two ranges are; None where the keys are not two ranges."""
    dates, times = (_range(str(keys.get(keyword) or "")) for keyword in (_DATE, _TIME))
    if dates is None or times is None:
        return None
    date, time = (str(stored.get(keyword) or "") for keyword in (_DATE, _TIME))
    if not date or not time:
        return Match.YES if empty_matches else Match.NO
    first = _digits(dates[0], "DA", "0") + _digits(times[0], "TM", "0")
    last = _digits(dates[1], "DA", "9")
    start = _digits(date, "DA", "0") + _digits(time, "TM", "0")
    filled = [last + _digits(times[1], "TM", filler if times[1] else "9") for filler in "09"]
    return _within(start, first, *filled)
