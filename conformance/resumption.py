"""An interrupted run, taken up again: what has a verdict stays, the rest runs, the record goes on where it ended.

It must be the same run: target, role, selection, options, seed and versions. A case in error, or inconclusive, has no
verdict and runs again. What runs then derives its identifiers anew, so that half a case from before does not disturb it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.result import CaseResult, RunResult, load_result
from conformance.session import RECORDS
from conformance.taps import Recorded, read_records
from conformance.verdict import Outcome
from emulators.core.errors import ConfigError

NO_VERDICT = (Outcome.ERROR, Outcome.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is there of a run."""

    result: RunResult
    recorded: Recorded

    @property
    def verdicts(self) -> dict[str, CaseResult]:
        return {case.id: case for case in self.result.cases if case.outcome not in NO_VERDICT}


def earlier_run(folder: Path, what: Mapping[str, Any], seed: int | None) -> Earlier:
    """Read a run from its folder; ``what`` is asked for now (session.asked). Raises ConfigError where it was another run."""
    path = folder / "result.json"
    result = load_result(path)
    for key, value in what.items():
        if getattr(result, key) != value:
            raise ConfigError(f"{path}: {key}: not the same as now; leave out --resume")
    if seed not in (None, result.seed):
        raise ConfigError(f"{path}: seed: {result.seed}, not {seed}; leave out --resume")
    records = folder / RECORDS
    try:
        if hashlib.sha256(records.read_bytes()).hexdigest() != result.evidence.sha256:
            raise ConfigError(f"{records}: not the record of this result; leave out --resume")
        return Earlier(result, read_records(records))
    except OSError as error:
        raise ConfigError(f"{records}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(str(error)) from None
