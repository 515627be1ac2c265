"""What changed between two results of one product: `radloop certify diff`."""

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.result import CaseResult, RunResult
from conformance.verdict import Outcome

BEST_FIRST = (
    Outcome.PASS,
    Outcome.WARN,
    Outcome.WAIVED,
    Outcome.NOT_APPLICABLE,
    Outcome.INCONCLUSIVE,
    Outcome.FAIL,
    Outcome.ERROR,
)
"""Worse is what lies further on: a requirement that passed and is not claimed any more is worse, too."""


@dataclass(frozen=True, slots=True)
class Change:
    """A case whose outcome is another; ``variants``: or only that of these variants."""

    old: CaseResult
    new: CaseResult
    variants: tuple[str, ...] = ()

    @property
    def is_worse(self) -> bool:
        return BEST_FIRST.index(self.new.outcome) > BEST_FIRST.index(self.old.outcome)


@dataclass(frozen=True, slots=True)
class Difference:
    """``new`` and ``gone``: cases that only one of the two has. ``notes``: why they may not compare."""

    changed: tuple[Change, ...]
    new: tuple[CaseResult, ...]
    gone: tuple[CaseResult, ...]
    notes: tuple[str, ...]

    @property
    def worse(self) -> list[CaseResult]:
        """Cases with a worse outcome than before, and new ones that fail. A case that is gone is not the product's doing."""
        found = [change.new for change in self.changed if change.is_worse]
        return found + [case for case in self.new if case.outcome in (Outcome.FAIL, Outcome.ERROR)]


def difference(old: RunResult, new: RunResult) -> Difference:
    """From one to the other, in the order of the results."""
    before, after = ({case.id: case for case in result.cases} for result in (old, new))
    return Difference(
        tuple(change for name in after if name in before for change in _changes(before[name], after[name])),
        tuple(case for name, case in after.items() if name not in before),
        tuple(case for name, case in before.items() if name not in after),
        tuple(_notes(old, new)),
    )


def _changes(old: CaseResult, new: CaseResult) -> Iterator[Change]:
    if old.outcome is not new.outcome:
        yield Change(old, new)
        return
    before, after = ({trial.variant: trial.outcome for trial in case.trials} for case in (old, new))
    variants = tuple(name for name in after if name in before and before[name] is not after[name])
    if variants:
        yield Change(old, new, variants)


def _notes(old: RunResult, new: RunResult) -> Iterator[str]:
    for key in ("role", "selection", "strict", "fast"):
        if getattr(old, key) != getattr(new, key):
            yield f"{key}: {_said(getattr(old, key))} before, {_said(getattr(new, key))} now"
    if old.versions["radloop"] != new.versions["radloop"]:
        yield f"Radloop {old.versions['radloop']} before, {new.versions['radloop']} now"
    for result, name in ((old, "the old"), (new, "the new")):
        if not result.is_finished:
            yield f"{name} run is unfinished: {len(result.not_run)} cases did not run"


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(value) or "all"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
