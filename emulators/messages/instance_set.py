"""Which images: SOP Instance UIDs as one value, of whatever size the study is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InstanceSet:
    """SOP Instance UIDs: ``root.first`` to ``root.last`` (both included), then the explicit ``uids``.

    The range keeps a study of any size one small value; what fails singly is named explicitly.
    """

    root: str = ""
    first: int = 1
    last: int = 0
    uids: tuple[str, ...] = ()

    def __len__(self) -> int:
        return max(0, self.last - self.first + 1) + len(self.uids)

    def __iter__(self) -> Iterator[str]:
        for number in range(self.first, self.last + 1):
            yield f"{self.root}.{number}"
        yield from self.uids

    def by_root(self) -> "dict[str, InstanceSet]":
        """What is in here, by the UID without its last component; for an index that does not hold every UID."""
        if not self.uids:
            return {self.root: self} if self else {}
        grouped: dict[str, list[str]] = {}
        for uid in self:
            grouped.setdefault(uid.rpartition(".")[0], []).append(uid)
        return {root: from_uids(uids) for root, uids in grouped.items()}

    def head(self, count: int) -> "InstanceSet":
        """The first ``count``, in the order of here."""
        if count >= len(self):
            return self
        if count <= 0:
            return NO_INSTANCES
        if not self.uids:
            return InstanceSet(self.root, self.first, self.first + count - 1)
        return from_uids(tuple(self)[:count])

    def without(self, other: "InstanceSet") -> "InstanceSet":
        """What is in here and not in ``other``, in the order of here."""
        if not other:
            return self
        if not self.uids and not other.uids and self.root == other.root and other.first <= self.first <= other.last + 1:
            rest = InstanceSet(self.root, max(self.first, other.last + 1), self.last)
            return rest if rest else NO_INSTANCES
        gone = frozenset(other)
        return from_uids(uid for uid in self if uid not in gone)

    def union(self, other: "InstanceSet") -> "InstanceSet":
        """What is in either; each UID once."""
        if not other:
            return self
        if not self:
            return other
        touching = self.first <= other.last + 1 and other.first <= self.last + 1
        if not self.uids and not other.uids and self.root == other.root and touching:
            return InstanceSet(self.root, min(self.first, other.first), max(self.last, other.last))
        return from_uids(dict.fromkeys((*self, *other)))


NO_INSTANCES = InstanceSet()

_NUMBER_DIGITS_MAX = 15
"""Of the last component of a range: what every JSON number holds. A UID made of a UUID (PS3.5 B.2) has up to 39."""


def from_uids(uids: Iterable[str]) -> InstanceSet:
    """The set of these UIDs, as one range where they are one."""
    named = tuple(uids)
    if not named:
        return NO_INSTANCES
    root, _, number = named[0].rpartition(".")
    if number.isdecimal() and len(number) <= _NUMBER_DIGITS_MAX:
        first = int(number)
        candidate = InstanceSet(root, first, first + len(named) - 1)
        if tuple(candidate) == named:
            return candidate
    return InstanceSet(uids=named)
