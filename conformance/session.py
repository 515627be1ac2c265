"""From a run to its result: what was chosen, with what, when, and the digest of the evidence."""

import hashlib
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from conformance.result import CaseResult, Evidence, RunResult
from conformance.runner import Run
from conformance.standards import EDITIONS

LIBRARIES = ("pydicom", "pynetdicom", "hl7apy", "cryptography")


def certified(
    run: Run, records: Path, cases: Sequence[CaseResult], selection: Sequence[str], left_out: Sequence[str], fast: bool
) -> RunResult:
    """The whole result of a run whose records lie, complete, in the file ``records``."""
    target, own = run.target, run.target.roles[run.role]
    return RunResult(
        product=target.product.model_dump(),
        role=run.role,
        claims=own.claims.model_dump(mode="json"),
        policies=own.policies.model_dump(mode="json"),
        timers=target.timers.model_dump(mode="json"),
        waivers=[waiver.model_dump() for waiver in target.waivers],
        selection=list(selection),
        strict=run.strict,
        fast=fast,
        seed=run.seed,
        run_id=f"{run.seed:x}",
        started=run.taps.started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={"radloop": version("radloop"), "python": platform.python_version(), **_libraries()},
        editions=EDITIONS,
        evidence=Evidence(records.name, run.taps.last, hashlib.sha256(records.read_bytes()).hexdigest()),
        cases=tuple(cases),
        left_out=list(left_out),
    )


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
