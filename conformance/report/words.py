"""What was found, in words that the terminal, JUnit, the page and the certificate share."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.result import CaseResult, RunResult, TrialResult
from conformance.taps import ranges
from conformance.verdict import GOOD, Outcome

OUTCOMES = (
    Outcome.FAIL,
    Outcome.ERROR,
    Outcome.INCONCLUSIVE,
    Outcome.WARN,
    Outcome.WAIVED,
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
)
"""In the order in which people read them."""

SHORT = {Outcome.NOT_APPLICABLE: "n/a", Outcome.INCONCLUSIVE: "inconcl."}
"""For the head of a narrow column."""

SAFETY = "⚑ safety"
_NO_CLAUSE = "no clause: an opinion of Radloop's"
_OTHER_CASE = re.compile(r"[a-z]+(\.[a-z0-9*]+)+")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Finding:
    """What some variants of a case have in common; ``lines`` are labels, such as ``expected``, with their text."""

    outcome: Outcome
    variants: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    proof: tuple[int, ...]

    @property
    def variants_text(self) -> str:
        """Their names, some of which hold a comma."""
        return ("; " if any("," in name for name in self.variants) else ", ").join(self.variants)


def to_read(cases: Iterable[CaseResult], *outcomes: Outcome) -> list[CaseResult]:
    """Those of some outcomes, in the order in which people read them: the failing first, safety before the others."""
    chosen = (case for case in cases if case.outcome in outcomes)
    return sorted(chosen, key=lambda case: (OUTCOMES.index(case.outcome), not case.safety))


def findings(case: CaseResult) -> list[Finding]:
    """What was found other than a plain pass, the same in several variants once."""
    found: dict[tuple[Outcome, tuple[tuple[str, str], ...]], list[TrialResult]] = {}
    for trial in case.trials:
        if trial.outcome is not Outcome.PASS:
            found.setdefault((trial.outcome, _lines(trial)), []).append(trial)
    return [
        Finding(outcome, tuple(one.variant for one in trials if one.variant), lines, _proof(trials))
        for (outcome, lines), trials in found.items()
    ]


def clean(text: str) -> str:
    """Control characters as ``\\xNN``: what a product said must not steer a terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02X}", text)


def _lines(trial: TrialResult) -> tuple[tuple[str, str], ...]:
    lines = [("expected", trial.expected), ("actual", trial.actual)] if trial.expected else []
    if trial.outcome is Outcome.ERROR:  # a traceback: result.json has the whole of it
        lines.append(("reason", (trial.reason.splitlines() or [""])[-1]))
    elif trial.reason:
        lines.append(("reason", trial.reason))
    for one in trial.deviations:
        lines += [("should be", one.expected), ("actual", one.actual)]
    return tuple((label, clean(text)) for label, text in lines)


def _proof(trials: Iterable[TrialResult]) -> tuple[int, ...]:
    """The records of all; of a warning those of its deviations."""
    numbers: set[int] = set()
    for trial in trials:
        own = {number for one in trial.deviations for number in one.proof}
        numbers |= own if own and not trial.expected else own | set(trial.proof)
    return tuple(sorted(numbers))


def proof_text(numbers: Sequence[int]) -> str:
    """``records 3-5, 9``; empty without any."""
    parts = [str(first) if first == last else f"{first}-{last}" for first, last in ranges(numbers)]
    return f"record{'s' if len(numbers) > 1 else ''} {', '.join(parts)}" if parts else ""


def clause_text(case: CaseResult) -> str:
    """The clause with its edition, and what it rests on where its text was not read."""
    edition = f" ({case.edition})" if case.edition else ""
    basis = f"; {case.basis}" if case.basis not in ("the text was read", "no clause") else ""
    clause = case.clause
    if case.clause.strip(" -") in ("", "opinion"):
        clause = _NO_CLAUSE
    elif _OTHER_CASE.fullmatch(case.clause):
        clause = f"{_NO_CLAUSE}; see {case.clause}"
    return f"{clause}{edition}{basis}"


def safety_text(result: RunResult) -> str:
    """How the safety cases stand, in one line."""
    cases = [case for case in result.cases if case.safety]
    if not cases:
        return "No safety case ran"
    counts = Counter(case.outcome for case in cases)
    judged = len(cases) - counts[Outcome.NOT_APPLICABLE]
    passed = sum(counts[one] for one in GOOD)
    if not judged:
        return f"None of the {len(cases)} safety cases applies to what is claimed"
    others = [f"{counts[one]} {one}" for one in OUTCOMES if counts[one] and one is not Outcome.PASS]
    return f"{passed} of {judged} safety cases passed" + (f" ({', '.join(others)})" if others else "")


def reasons(result: RunResult, outcome: Outcome) -> list[tuple[str, int]]:
    """Why cases have an outcome, the most frequent reason first."""
    counts = Counter(trial.reason for case in result.cases if case.outcome is outcome for trial in case.trials[:1])
    return counts.most_common()


def needless_waivers(result: RunResult) -> list[str]:
    """Waivers of cases that ran and passed without them."""
    return [case.id for case in result.cases if case.waiver and case.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE)]


def how_run(result: RunResult) -> str:
    """Selection and options, in words."""
    words = [f"cases below {', '.join(result.selection)}" if result.selection else "all cases of the role"]
    words += ["strict"] if result.strict else []
    words += [f"--fast, {len(result.left_out)} left out"] if result.fast else []
    words += [f"taken up again {'once' if result.resumed == 1 else f'{result.resumed} times'}"] if result.resumed else []
    return ", ".join(words)
