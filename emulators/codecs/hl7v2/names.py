"""Names of persons: the component groups of a PersonName in XPN, XCN and NDL.

A field repeats for each way in which the name is written: XPN.8 and XCN.15 say A for alphabetic, I for ideographic and P for
phonetic (table 0465). A name that is written in letters alone has no such code. An NDL (OBR-32, OBR-34) holds an XCN in the
subcomponents of its first component; it has no room for a code and OBR-32 does not repeat, so a name in several ways of writing
goes beyond the standard there: by repetitions with the code in the 15th subcomponent, which others skip.

HL7 puts suffix before prefix, DICOM the other way round (PS3.5 6.2.1.1). Of several names (aliases) the first is taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from emulators.codecs.hl7v2 import fields
from emulators.codecs.hl7v2.fields import REPETITIONS_MAX, stated
from emulators.codecs.hl7v2.rejection import content_error
from emulators.core.errors import LocalProtocolError
from emulators.messages.common import NOBODY, PersonName
from emulators.wire.er7 import Field, Segment

_IDEOGRAPHIC, _PHONETIC = "I", "P"
_LEGAL = "L"  # XPN.7, XCN.10

_XPN_CODE, _XCN_CODE = 8, 15
_XPN_FAMILY, _XCN_FAMILY = 1, 2

Parts = tuple[str, ...]
"""Family, given, middle, suffix, prefix; and what an XCN has besides."""

# --- writing -------------------------------------------------------------------------------------------------------------


def xpn(name: PersonName) -> Field:
    if not name.ideographic and not name.phonetic:
        return _alphabetic(name)
    return [(*parts, "", _LEGAL, code) for code, parts in _groups(name)]


def xcn(name: PersonName) -> Field:
    if not name.ideographic and not name.phonetic:
        return ("", *_alphabetic(name))
    return [_xcn(code, parts) for code, parts in _groups(name)]


def ndl(name: PersonName) -> Field:
    if not name.ideographic and not name.phonetic:
        parts = _alphabetic(name)
        return (("", *parts),) if any(parts) else None
    return [(_xcn(code, parts),) for code, parts in _groups(name)]


def _xcn(code: str, parts: Parts) -> Parts:
    return ("", *parts, "", "", "", _LEGAL, "", "", "", "", code)


def _alphabetic(name: PersonName) -> Parts:
    return name.family, name.given, name.middle, name.suffix, name.prefix


def _groups(name: PersonName) -> Iterator[tuple[str, Parts]]:
    """Code and parts of each group that is not empty."""
    groups = {"A": _alphabetic(name), _IDEOGRAPHIC: _hl7_order(name.ideographic), _PHONETIC: _hl7_order(name.phonetic)}
    return ((code, parts) for code, parts in groups.items() if any(parts))


def _hl7_order(group: str) -> Parts:
    family, given, middle, prefix, suffix = (*group.split("^"), "", "", "", "")[:5]
    return family, given, middle, suffix, prefix


# --- reading -------------------------------------------------------------------------------------------------------------


def person_of_xpn(source: Segment, number: int) -> PersonName:
    return _person(source, number, _XPN_FAMILY, _XPN_CODE)


def person_of_xcn(source: Segment, number: int) -> PersonName:
    return _person(source, number, _XCN_FAMILY, _XCN_CODE)


def _person(source: Segment, number: int, family: int, code: int) -> PersonName:
    raw, mark = source.field(number), source.delimiters
    if not raw:
        return NOBODY
    if mark.repetition not in raw and raw.count(mark.component) < code - 1:  # the usual case
        return _read(source, number, [fields.components(source, number, family, 5)])
    count = min(raw.count(mark.repetition) + 1, REPETITIONS_MAX)
    parts = [fields.components(source, number, family, code - family + 1, one) for one in range(1, count + 1)]
    return _read(source, number, parts)


def person_of_ndl(source: Segment, number: int) -> PersonName:
    if not source.field(number):
        return NOBODY
    subcomponents = (*range(_XCN_FAMILY, _XCN_FAMILY + 5), _XCN_CODE)
    count = min(len(source.repetitions(number)), REPETITIONS_MAX)
    parts = [[stated(source.component(number, 1, one, part)) for part in subcomponents] for one in range(1, count + 1)]
    return _read(source, number, parts)


def _read(source: Segment, number: int, repetitions: Sequence[list[str]]) -> PersonName:
    """From the parts of each repetition; what stands behind the five of a name ends with the code."""
    groups: dict[str, PersonName] = {}
    try:
        for family, given, middle, suffix, prefix, *further in repetitions:
            code = further[-1] if further and further[-1] in (_IDEOGRAPHIC, _PHONETIC) else ""
            groups.setdefault(code, PersonName(family, given, middle, prefix, suffix))
        name = groups.pop("", NOBODY)
        if not groups:
            return name
        ideographic, phonetic = groups.get(_IDEOGRAPHIC, NOBODY), groups.get(_PHONETIC, NOBODY)
        return replace(name, ideographic=ideographic.pn, phonetic=phonetic.pn)
    except LocalProtocolError:
        raise content_error("102", f"{source.name}-{number}") from None
