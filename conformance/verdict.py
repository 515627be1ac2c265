"""Outcomes, and how a case reaches one.

A case returns: pass. It raises one of the below: that outcome. Whatever else it raises is a fault of the tester and never
charged to the product: error.

==================  ===========================================================================================
outcome             meaning
==================  ===========================================================================================
``pass``            the requirement was seen to be met
``fail``            it was seen not to be met
``warn``            a SHOULD was not met, or the requirement was met with a deviation
``inconclusive``    it could not be observed, or what it needs beforehand did not come about
``not applicable``  the target does not claim what the case is about
``waived``          a known deviation that the target file names, with its reason
``error``           a fault of the tester
==================  ===========================================================================================
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"
    WAIVED = "waived"
    ERROR = "error"


# The worst comes first; a case of several variants has the outcome of its worst.
SEVERITY = (
    Outcome.ERROR,
    Outcome.FAIL,
    Outcome.INCONCLUSIVE,
    Outcome.WAIVED,
    Outcome.WARN,
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
)

GOOD = frozenset((Outcome.PASS, Outcome.WARN, Outcome.WAIVED))
"""What counts as passed."""


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of a whole by those of its parts; without any, not applicable."""
    return min(outcomes, key=SEVERITY.index, default=Outcome.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something that should be otherwise, and the records that prove it; the case goes on."""

    expected: str
    actual: str
    proof: tuple[int, ...]


class Failure(Exception):
    """The requirement is not met: what was expected, what came, and the records that prove it (none: the last received)."""

    def __init__(self, expected: str, actual: str, proof: tuple[int, ...] = ()) -> None:
        super().__init__(expected, actual, proof)
        self.expected = expected
        self.actual = actual
        self.proof = proof


class Silence(Failure):
    """Nothing came within the time."""


class Ended(Failure):
    """The connection ended where more had to come."""


class Malformed(Failure):
    """What came cannot be read."""


class Inconclusive(Exception):
    """It could not be observed; the reason."""


class NotApplicable(Exception):
    """The target does not claim it; the reason."""
