"""From a run to its result: what was chosen, with what, when, and the digest of the evidence."""

import hashlib
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from conformance.case import Role
from conformance.result import CaseResult, Evidence, RunResult
from conformance.runner import Run
from conformance.standards import EDITIONS
from conformance.target import Target

LIBRARIES = ("pydicom", "pynetdicom", "hl7apy", "cryptography", "fpdf2")
RECORDS = "records.jsonl"


def asked(target: Target, role: Role, selection: Sequence[str], strict: bool, fast: bool) -> dict[str, Any]:
    """The part of a result that is known before anything runs, as plain data."""
    own = target.roles[role]
    return {
        "product": target.product.model_dump(),
        "role": role,
        "other_roles": [other for other in target.roles if other != role],
        "claims": own.claims.model_dump(mode="json"),
        "policies": own.policies.model_dump(mode="json"),
        "limits": own.limits.model_dump(mode="json"),
        "timers": target.timers.model_dump(mode="json"),
        "waivers": [waiver.model_dump() for waiver in target.waivers],
        "selection": list(selection),
        "strict": strict,
        "fast": fast,
        "versions": {"radloop": version("radloop"), "python": platform.python_version(), **_libraries()},
        "editions": EDITIONS,
    }


def certified(
    what: dict[str, Any],
    run: Run,
    records: Path,
    cases: Sequence[CaseResult],
    left_out: Sequence[str] = (),
    not_run: Sequence[str] = (),
    started: str = "",
) -> RunResult:
    """The whole result of a run; ``what`` is from ``asked``, the file ``records`` is complete.

    ``started``: when it was taken up again, its first start.
    """
    return RunResult(
        **what,
        seed=run.seed,
        run_id=run.run_id,
        started=started or run.taps.started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        evidence=Evidence(RECORDS, run.taps.last, hashlib.sha256(records.read_bytes()).hexdigest()),
        cases=tuple(cases),
        left_out=list(left_out),
        not_run=list(not_run),
        resumed=run.resumed,
    )


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
