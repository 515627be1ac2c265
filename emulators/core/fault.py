"""Faults on a link: one plan for the memory port and the relay alike.

A plan is a list of rules. Under a kernel it is asked once per message, and once per response of a C-STORE; the first rule
that matches and does not pass gives the verdict. TCP neither loses nor reorders bytes, so what a link can do is:

================  ====================================================================  =================================
verdict           what happens                                                          what the sender sees
================  ====================================================================  =================================
``PASS``          nothing                                                               the answer
``DELAY``         everything comes ``delay_us`` later                                   the answer, or the deadline
``REFUSE``        the connection is refused                                             refused
``SWALLOW``       a firewall drops; connecting hangs                                    refused, at the deadline
``RESET_BEFORE``  reset at the request's first byte; the receiver sees nothing          unknown
``RESET_AFTER``   the work is done, the answer is lost                                  unknown
``TRUNCATE``      the request is cut in its middle; the receiver cannot act on it       unknown
``SLOW``          the line carries ``bytes_per_s``                                      the answer, or the deadline
``HOLD``          the request lies until instant ``until_us``, then goes on             the answer, or unknown at the deadline
================  ====================================================================  =================================

``REFUSE`` and ``SWALLOW`` close the link's idle connections first. Draws are a pure function of (seed, rule, link, subject,
attempt): a fault added or a patient more changes nobody else's luck.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from emulators.core.identity import digest
from emulators.core.instant import Instant


class FaultKind(Enum):
    PASS = "pass"
    DELAY = "delay"
    REFUSE = "refuse"
    SWALLOW = "swallow"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    TRUNCATE = "truncate"
    SLOW = "slow"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the link does to one message; the number that belongs to ``kind``, the others 0."""

    kind: FaultKind
    delay_us: int = 0
    bytes_per_s: int = 0
    until_us: Instant = 0


PASS = Verdict(FaultKind.PASS)


@dataclass(frozen=True, slots=True)
class Rule:
    """Which messages a verdict is for. An empty string matches any; ``occurrence`` counts the messages of one kind on
    one link from 1, 0 matches any.

    ``message`` is the name of the message class; a ``StoreStudy`` is asked for once per instance.
    ``probability`` is drawn once per message and attempt. ``[from_us, until_us)`` is the window in which the message starts.
    """

    verdict: Verdict
    sender: str = ""
    receiver: str = ""
    lane: str = ""
    message: str = ""
    occurrence: int = 0
    probability: float = 1.0
    from_us: Instant = 0
    until_us: Instant | None = None

    def fits(self, sender: str, receiver: str, lane: str, message: str) -> bool:
        """Whether the rule speaks of this kind of message on this link at all."""
        return (
            self.sender in ("", sender)
            and self.receiver in ("", receiver)
            and self.lane in ("", lane)
            and self.message in ("", message)
        )


class FaultPlan:
    """Gives a verdict per message; counts occurrences and attempts, and draws nothing from a shared stream."""

    def __init__(self, seed: int, rules: Sequence[Rule] = ()) -> None:
        self._seed = seed
        self._rules = tuple(rules)
        self._names = _names(self._rules)
        self._fitting: dict[tuple[str, str, str, str], tuple[tuple[int, Rule], ...]] = {}
        self._occurrences: dict[tuple[str, str, str, str], int] = {}
        self._attempts: dict[tuple[str, str, str, str, str], int] = {}

    def again(self) -> "FaultPlan":
        """The same plan before its first message."""
        return FaultPlan(self._seed, self._rules)

    def touches(self, sender: str, receiver: str, lane: str, message: str) -> bool:
        """Whether any rule could ever apply; lets a caller skip asking."""
        return bool(self._rules) and bool(self._rules_for(sender, receiver, lane, message))

    def concerns(self, sender: str, receiver: str, lane: str) -> bool:
        """Whether any rule could ever apply on this link; a socket port then needs a relay."""
        return any(rule.fits(sender, receiver, lane, rule.message) for rule in self._rules)

    def verdict(self, sender: str, receiver: str, lane: str, message: str, subject: str, now: Instant) -> Verdict:
        """The verdict for the next message of this kind on this link. ``subject`` names what it is about."""
        if not self._rules:
            return PASS
        kind = (sender, receiver, lane, message)
        rules = self._rules_for(*kind)
        if not rules:
            return PASS
        occurrence = self._occurrences[kind] = self._occurrences.get(kind, 0) + 1
        applying = [rule for index, rule in rules if self._applies(index, rule, kind, subject, occurrence, now)]
        return next((rule.verdict for rule in applying if rule.verdict.kind is not FaultKind.PASS), PASS)

    def _rules_for(self, sender: str, receiver: str, lane: str, message: str) -> tuple[tuple[int, Rule], ...]:
        kind = (sender, receiver, lane, message)
        rules = self._fitting.get(kind)
        if rules is None:
            rules = tuple((index, rule) for index, rule in enumerate(self._rules) if rule.fits(*kind))
            self._fitting[kind] = rules
        return rules

    def _applies(
        self, index: int, rule: Rule, kind: tuple[str, str, str, str], subject: str, occurrence: int, now: Instant
    ) -> bool:
        if now < rule.from_us or (rule.until_us is not None and now >= rule.until_us):
            return False
        if rule.occurrence not in (0, occurrence):
            return False
        if rule.probability >= 1.0:
            return True
        sender, receiver, _, message = kind
        attempt_of = (self._names[index], sender, receiver, message, subject)
        attempt = self._attempts[attempt_of] = self._attempts.get(attempt_of, 0) + 1
        return digest(53, "fault", self._seed, *attempt_of, attempt) / 2**53 < rule.probability


def _names(rules: Sequence[Rule]) -> list[str]:
    """A name per rule that says what it is and not where it stands, so that a rule put before it changes no draw."""
    names: list[str] = []
    for rule in rules:
        name = repr(rule)
        names.append(f"{name}#{sum(earlier.startswith(name) for earlier in names)}")
    return names
