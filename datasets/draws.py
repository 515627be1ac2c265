"""Keyed draws: every value is a pure function of (seed, key), never the next value of a shared stream.

The key says what is drawn, for whom, and which time: ``draws.exponential(8.0, "interarrival", "CT", 17)``. The same key
always gives the same value, so callers keep keys distinct; adding a subject or a purpose changes nobody else's luck.
Two methods given the same key look at the same 64 bits, so a key belongs to one draw.

Key parts are plain ``str`` and ``int`` (``1`` and ``"1"`` are different keys; numpy's integers are not plain). The bits
do not depend on the process, on PYTHONHASHSEED or on the platform's byte order.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from statistics import NormalDist
from typing import TypeVar

Option = TypeVar("Option")
KeyPart = str | int

_STANDARD_NORMAL = NormalDist()
_POISSON_MEAN_MAX = 500.0  # exp(-mean) must stay far from the smallest float


class Draws:
    """All draws of one seed. Stateless after construction, so it may be shared by threads."""

    __slots__ = ("_seeded", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._seeded = blake2b(f"{seed}|".encode(), digest_size=8)

    def bits(self, *key: KeyPart) -> int:
        """64 uniform bits as an int in [0, 2**64)."""
        keyed = self._seeded.copy()
        keyed.update(repr(key).encode())  # repr of a tuple of str and int joins without ambiguity
        return int.from_bytes(keyed.digest(), "little")

    def unit(self, *key: KeyPart) -> float:
        """A float in [0, 1) with 53 random bits."""
        return (self.bits(*key) >> 11) * 2.0**-53

    def integer(self, bound: int, *key: KeyPart) -> int:
        """An int in [0, bound). The bias is below bound / 2**64. Raises ValueError unless 1 <= bound <= 2**64."""
        if not 1 <= bound <= 2**64:
            raise ValueError(f"bound must be from 1 to 2**64, not {bound}")
        return (self.bits(*key) * bound) >> 64

    def choice(self, options: Sequence[Option], *key: KeyPart) -> Option:
        """One of the options, equally likely. Raises ValueError for an empty sequence."""
        return options[self.integer(len(options), *key)]

    def weighted(self, options: Sequence[tuple[Option, float]], *key: KeyPart) -> Option:
        """One of the (option, weight) pairs' options, in proportion to weight.

        Weights need not sum to one. Raises ValueError for a negative weight or when no weight is positive.
        """
        total = sum(weight for _, weight in options)
        if total <= 0 or any(weight < 0 for _, weight in options):
            raise ValueError("weights must not be negative, and one must be positive")
        remaining = self.unit(*key) * total
        for option, weight in options:
            if remaining < weight:
                return option
            remaining -= weight
        return next(option for option, weight in reversed(options) if weight > 0)  # rounding used the total up

    def normal(self, mean: float, sd: float, *key: KeyPart) -> float:
        """A normal value, by inversion, so that it grows with the same key's unit()."""
        return mean + sd * self._standard_normal(*key)

    def lognormal(self, median: float, sigma: float, *key: KeyPart) -> float:
        """A lognormal value with this median; sigma is the standard deviation of its natural logarithm."""
        return median * math.exp(sigma * self._standard_normal(*key))

    def exponential(self, mean: float, *key: KeyPart) -> float:
        """An exponential value with this mean, in the mean's unit."""
        return -mean * math.log1p(-self.unit(*key))

    def poisson(self, mean: float, *key: KeyPart) -> int:
        """A Poisson count, by inversion; takes time in proportion to the mean. Raises ValueError when negative."""
        if mean < 0:
            raise ValueError(f"the mean of a count cannot be negative: {mean}")
        parts = max(1, math.ceil(mean / _POISSON_MEAN_MAX))  # a sum of Poisson counts is a Poisson count
        return sum(_poisson_count(mean / parts, self.unit(*key, "part", part)) for part in range(parts))

    def _standard_normal(self, *key: KeyPart) -> float:
        return _STANDARD_NORMAL.inv_cdf(((self.bits(*key) >> 12) + 0.5) * 2.0**-52)  # never 0, never 1


def _poisson_count(mean: float, unit: float) -> int:
    """The smallest count whose cumulative probability exceeds ``unit``."""
    count = 0
    probability = math.exp(-mean)
    remaining = unit - probability
    while remaining >= 0 and probability > 0:
        count += 1
        probability *= mean / count
        remaining -= probability
    return count
