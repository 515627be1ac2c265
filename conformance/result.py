"""The result of a run, as it is kept: ``result.json``, which every report reads and nothing else.

``format`` changes when a key changes its meaning or goes; new keys do not change it.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from conformance.groups import GROUPS, Group, group_of
from conformance.verdict import GOOD, Deviation, Outcome, worst
from emulators.core.errors import ConfigError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class TrialResult:
    """One variant of a case. ``records``: first and last record number of its connections, as ranges."""

    variant: str
    outcome: Outcome
    seconds: float
    expected: str = ""
    actual: str = ""
    reason: str = ""  # inconclusive, not applicable, error
    proof: tuple[int, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    records: tuple[tuple[int, int], ...] = ()

    @property
    def said(self) -> str:
        """What was found, in one line."""
        if self.expected:
            return f"expected {self.expected}; {self.actual}"
        return self.reason or "; ".join(f"expected {one.expected}; {one.actual}" for one in self.deviations)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case, its variants included. ``waiver``: the reason, where a failure is waived."""

    id: str
    requirement: str
    name: str
    level: str
    kind: str
    safety: bool
    clause: str
    edition: str
    basis: str
    trials: tuple[TrialResult, ...]
    waiver: str = ""

    @property
    def outcome(self) -> Outcome:
        found = worst(trial.outcome for trial in self.trials)
        return Outcome.WAIVED if self.waiver and found in (Outcome.FAIL, Outcome.WARN) else found

    @property
    def group(self) -> Group:
        return group_of(self.id)

    @property
    def seconds(self) -> float:
        return sum(trial.seconds for trial in self.trials)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The file of records, its number of records and its SHA-256 in hexadecimal."""

    file: str
    records: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """A whole run. ``claims``, ``policies``, ``timers`` are what the target file says, as plain data."""

    product: Mapping[str, str]
    role: str
    claims: Mapping[str, Any]
    policies: Mapping[str, Any]
    timers: Mapping[str, Any]
    waivers: Sequence[Mapping[str, str]]
    selection: Sequence[str]
    strict: bool
    fast: bool
    seed: int
    run_id: str
    started: str
    finished: str
    versions: Mapping[str, str]  # Radloop, Python, libraries
    editions: Mapping[str, str]  # of each standard
    evidence: Evidence
    cases: tuple[CaseResult, ...]
    left_out: Sequence[str] = field(default_factory=tuple)  # by --fast
    format: int = FORMAT
    other_roles: Sequence[str] = ()  # that the target file has, and that were not judged here
    limits: Mapping[str, Any] = field(default_factory=dict)
    not_run: Sequence[str] = ()  # selected, and without a verdict when the run was interrupted
    resumed: int = 0  # how often the run was taken up again

    @property
    def is_finished(self) -> bool:
        return not self.not_run

    def count(self, cases: Sequence[CaseResult] | None = None) -> Counter[Outcome]:
        """Cases by outcome, of all or of some."""
        return Counter(case.outcome for case in (self.cases if cases is None else cases))

    @property
    def by_group(self) -> list[tuple[Group, list[CaseResult]]]:
        """The groups that have a case, in the order of the catalogue."""
        found = ((group, [case for case in self.cases if case.group == group]) for group in GROUPS)
        return [(group, cases) for group, cases in found if cases]

    def badge(self, levels: Sequence[str]) -> str:
        """``passed``, ``failed`` or ``not shown`` for the cases of some levels: passed needs a verdict and no failure.

        A run that is unfinished, or left something inconclusive or in error, shows nothing.
        """
        outcomes = self.count([case for case in self.cases if case.level in levels])
        if outcomes[Outcome.FAIL]:
            return "failed"
        if not self.is_finished or outcomes[Outcome.ERROR] or outcomes[Outcome.INCONCLUSIVE]:
            return "not shown"
        if not any(outcomes[good] for good in GOOD):
            return "not shown"
        return "passed"

    @property
    def conformance(self) -> str:
        return self.badge(("MUST", "SHOULD"))

    @property
    def resilience(self) -> str:
        return self.badge(("OPINION",))

    @property
    def exit_code(self) -> int:
        """3 nothing ran or a fault of ours, else 1 a failure, else 2 inconclusive or unfinished, else 0."""
        outcomes = self.count()
        if outcomes[Outcome.ERROR] or not any(outcomes[one] for one in (*GOOD, Outcome.FAIL, Outcome.INCONCLUSIVE)):
            return 3
        if outcomes[Outcome.FAIL]:
            return 1
        return 2 if outcomes[Outcome.INCONCLUSIVE] or not self.is_finished else 0


def to_json(result: RunResult) -> str:
    """Stable: keys in their order, two spaces."""
    return json.dumps(asdict(result), indent=2, ensure_ascii=False) + "\n"


def load_result(path: Path) -> RunResult:
    """Read ``result.json``. Raises ConfigError where it is none, or of another format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: not JSON: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ConfigError(f"{path}: not a result of radloop certify, or of another version")
    try:
        return _result(content)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: not a whole result: {error}") from None


def _result(content: dict[str, Any]) -> RunResult:
    for case in content["cases"]:
        group_of(case["id"])
    cases = tuple(
        CaseResult(**{**case, "trials": tuple(_trial(trial) for trial in case["trials"])}) for case in content["cases"]
    )
    return RunResult(**{**content, "cases": cases, "evidence": Evidence(**content["evidence"])})


def _trial(content: dict[str, Any]) -> TrialResult:
    deviations = tuple(Deviation(one["expected"], one["actual"], tuple(one["proof"])) for one in content["deviations"])
    records = tuple((first, last) for first, last in content["records"])
    return TrialResult(
        **{
            **content,
            "outcome": Outcome(content["outcome"]),
            "proof": tuple(content["proof"]),
            "deviations": deviations,
            "records": records,
        }
    )
