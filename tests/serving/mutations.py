"""Ways to spoil bytes of any kind. Every choice is drawn from the ``Random`` that is given, so that a seed repeats it."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeVar

Mutation = Callable[[Random, bytes], bytes]

Value = TypeVar("Value")


def flipped(draw: Random, data: bytes) -> bytes:
    """One to eight bits turned over."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 8)):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def overwritten(draw: Random, data: bytes) -> bytes:
    """One to twenty bytes replaced by others."""
    start, count = draw.randrange(len(data)), draw.randint(1, 20)
    return data[:start] + draw.randbytes(count) + data[start + count :]


def cut(draw: Random, data: bytes) -> bytes:
    """The end is missing."""
    return data[: draw.randrange(len(data))]


def beheaded(draw: Random, data: bytes) -> bytes:
    """The beginning is missing."""
    return data[draw.randint(1, len(data)) :]


def shortened(draw: Random, data: bytes) -> bytes:
    """A piece from the middle is missing."""
    start, end = piece(draw, data)
    return data[:start] + data[end:]


def grown(draw: Random, data: bytes) -> bytes:
    """Bytes are put in: noise, the same byte many times, or the largest and smallest numbers."""
    inserted = draw.choice(
        [draw.randbytes(draw.randint(1, 200)), bytes((draw.randrange(256),)) * draw.randint(1, 5000), b"\xff" * 4, bytes(4)]
    )
    start = draw.randint(0, len(data))
    return data[:start] + inserted + data[start:]


def repeated(draw: Random, data: bytes) -> bytes:
    """A piece comes twice or more often."""
    start, end = piece(draw, data)
    return data[:end] + data[start:end] * draw.randint(1, 5) + data[end:]


def swapped(draw: Random, data: bytes) -> bytes:
    """Two pieces have changed their places."""
    first, second, third, fourth = sorted(draw.randint(0, len(data)) for _ in range(4))
    return data[:first] + data[third:fourth] + data[second:third] + data[first:second] + data[fourth:]


def piece(draw: Random, data: Sequence[object]) -> tuple[int, int]:
    """Start and end of a part that is not empty."""
    start = draw.randrange(len(data))
    return start, draw.randint(start + 1, min(len(data), start + 1 + len(data) // 3))


OF_BYTES: Mapping[str, Mutation] = {
    "bits flipped": flipped,
    "bytes overwritten": overwritten,
    "end cut": cut,
    "beginning cut": beheaded,
    "piece cut": shortened,
    "bytes inserted": grown,
    "piece repeated": repeated,
    "pieces swapped": swapped,
}
"""By the words for the table of counts. All take one byte or more."""


def rearranged(draw: Random, parts: Sequence[Value]) -> list[Value]:
    """Parts of a whole, one of them dropped, repeated or at another place."""
    changed, place = list(parts), draw.randrange(len(parts))
    taken = changed.pop(place)
    match draw.randrange(3):
        case 0:
            changed.insert(draw.randint(0, len(changed)), taken)
        case 1:
            changed[place:place] = [taken] * draw.choice([2, 2, 3, 50])
    return changed
