"""A DICOM data set as a value: what queries, their matches and worklist entries are made of.

Made for identifiers: text, numbers written as text, and sequences. An attribute has the keyword of PS3.6, or its tag such
as ``(0009,1001)`` where the dictionary has none. Several values keep their backslash.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter

from pydicom.datadict import dictionary_VR, tag_for_keyword

Value = str | tuple["Attributes", ...]

_keyword = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Attributes:
    """Keyword and value pairs, in the order of the keywords; two with the same content are equal.

    A value is text without outer spaces, or a tuple of items, which are Attributes themselves.
    """

    elements: tuple[tuple[str, Value], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "elements", tuple(sorted(self.elements, key=_keyword)))

    def __contains__(self, keyword: str) -> bool:
        return any(name == keyword for name, _ in self.elements)

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        return iter(self.elements)

    def __len__(self) -> int:
        return len(self.elements)

    def text(self, keyword: str) -> str:
        """The value as it stands; empty where there is none, or where there are items."""
        value = self._value(keyword)
        return value if isinstance(value, str) else ""

    def first(self, keyword: str) -> str:
        """The first of several values."""
        return self.text(keyword).partition("\\")[0].strip()

    def items(self, keyword: str) -> tuple["Attributes", ...]:
        """The items of a sequence; none where there is none."""
        value = self._value(keyword)
        return value if isinstance(value, tuple) else ()

    def item(self, keyword: str) -> "Attributes":
        """The first item of a sequence, an empty one where there is none."""
        found = self.items(keyword)
        return found[0] if found else NOTHING

    def with_values(self, values: Mapping[str, Value]) -> "Attributes":
        """The same with these values set or replaced."""
        return of({**dict(self.elements), **values})

    def without(self, keywords: Iterable[str]) -> "Attributes":
        """The same without these."""
        gone = frozenset(keywords)
        return Attributes(tuple(element for element in self.elements if element[0] not in gone))

    def _value(self, keyword: str) -> Value:
        position = bisect_left(self.elements, keyword, key=_keyword)
        found = self.elements[position : position + 1]
        return found[0][1] if found and found[0][0] == keyword else ""


def of(values: Mapping[str, Value]) -> Attributes:
    """Attributes from a mapping."""
    return Attributes(tuple(values.items()))


NOTHING = Attributes()


@dataclass(frozen=True, slots=True)
class PassedOn:
    """``as_it_came``: what another maker's message said, if that is not what we would: for who passes it on, no part of what it
    means."""

    as_it_came: Attributes = field(default=NOTHING, compare=False, repr=False, kw_only=True)


@lru_cache(maxsize=2048)
def vr(keyword: str) -> str:
    """The Value Representation that PS3.6 gives; UN for what it does not have."""
    tag = tag_for_keyword(keyword)
    return "UN" if tag is None else dictionary_VR(tag)
