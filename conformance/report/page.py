"""report.html: one page with everything in it, that loads nothing; for each case what was asked, found and exchanged."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from conformance.report.exchange import Exchange, Exchanges, Step, alike_together, uid_name
from conformance.report.words import (
    OUTCOMES,
    SAFETY,
    clause_text,
    findings,
    how_run,
    needless_waivers,
    proof_text,
    reasons,
    safety_text,
    to_read,
)
from conformance.result import CaseResult, RunResult
from conformance.taps import Recorded
from conformance.verdict import Outcome

MOST_STEPS = 36
"""A case shows so many messages, beginning, end and proof; `radloop certify show` has all of them."""
MOST_EXCHANGES = 12
OPENED_AT_ONCE = 8
"""Bad cases are shown open where there are not more of them."""

BAD = (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE)
COLOUR = {
    Outcome.PASS: "good",
    Outcome.FAIL: "bad",
    Outcome.ERROR: "bad",
    Outcome.INCONCLUSIVE: "warn",
    Outcome.WARN: "warn",
    Outcome.WAIVED: "warn",
    Outcome.NOT_APPLICABLE: "soft",
}
BADGE_COLOUR = {"passed": "good", "failed": "bad", "not shown": "warn"}


def to_page(result: RunResult, recorded: Recorded, signed_by: str = "") -> str:
    """The page as a string; all values are escaped. ``signed_by``: the fingerprint of the key that signs it afterwards."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["proof_text"] = proof_text
    environment.filters["uid_name"] = uid_name
    environment.filters["words"] = lambda key: str(key).removesuffix("_s").replace("_", " ")
    exchanges = Exchanges(recorded)
    day = datetime.fromisoformat(result.finished)
    bad = to_read(result.cases, *BAD)
    return environment.get_template("certify.html.j2").render(
        result=result,
        signed_by=signed_by,
        day=f"{day.day} {day:%B %Y}",
        counts=result.count(),
        outcomes=OUTCOMES,
        colour=COLOUR,
        badges=_badges(result),
        safety=safety_text(result),
        safety_flag=SAFETY,
        how_run=how_run(result),
        bad=bad,
        open_bad=len(bad) <= OPENED_AT_ONCE,
        groups=[_group(group.letter, group.title, cases, exchanges) for group, cases in result.by_group],
        needless=needless_waivers(result),
        not_applicable=reasons(result, Outcome.NOT_APPLICABLE),
        most_steps=MOST_STEPS,
    )


def _badges(result: RunResult) -> list[dict[str, Any]]:
    found = []
    for name, levels, badge in (
        ("Conformance", ("MUST", "SHOULD"), result.conformance),
        ("Workflow resilience", ("OPINION",), result.resilience),
    ):
        counts = result.count([case for case in result.cases if case.level in levels])
        words = ", ".join(f"{counts[one]} {one}" for one in OUTCOMES if counts[one]) or "no case ran"
        found.append(
            {"name": name, "levels": " and ".join(levels), "badge": badge, "colour": BADGE_COLOUR[badge], "counts": words}
        )
    return found


def _group(letter: str, title: str, cases: Sequence[CaseResult], exchanges: Exchanges) -> dict[str, Any]:
    ordered = to_read(cases, *OUTCOMES)
    return {"letter": letter, "title": title, "cases": [_case(case, exchanges) for case in ordered]}


def _case(case: CaseResult, exchanges: Exchanges) -> dict[str, Any]:
    variants = [trial for trial in case.trials if trial.variant]
    return {
        "result": case,
        "clause": clause_text(case),
        "findings": findings(case),
        "variants": [(trial.variant, trial.outcome) for trial in variants],
        **_ladders(case, exchanges),
    }


def _ladders(case: CaseResult, exchanges: Exchanges) -> dict[str, Any]:
    """The messages of a case by connection, at most so many; those of variants that did not pass first."""
    trials = sorted(case.trials, key=lambda trial: OUTCOMES.index(trial.outcome))
    ladders: list[dict[str, Any]] = []
    left, hidden = MOST_STEPS, 0
    for trial in trials:
        proof = frozenset(trial.proof) | {number for one in trial.deviations for number in one.proof}
        key = f"{case.id}[{trial.variant}]" if trial.variant else case.id
        for exchange in exchanges.of(key):
            steps = alike_together(list(exchange.steps()), proof)
            if exchange.is_probe and not any(step.is_proof(proof) for step in steps):
                continue
            if left < 4 or len(ladders) >= MOST_EXCHANGES:
                hidden += len(steps)
                continue
            chosen = _chosen(steps, proof, left)
            left -= sum(step is not None for step in chosen)
            ladders.append(_ladder(exchange, trial.variant, chosen, proof))
    return {"ladders": ladders, "hidden": hidden}


def _chosen(steps: Sequence[Step], proof: frozenset[int], limit: int) -> list[Step | None]:
    """The steps to show, None where some are left out: the beginning, the proof and what led to it, the end."""
    if len(steps) <= limit:
        return list(steps)
    numbers = range(len(steps))
    proofs = [number for number in numbers if steps[number].is_proof(proof)][-limit // 3 :]
    wanted = dict.fromkeys([*proofs, *(number - 1 for number in proofs if number), *numbers[-3:], *numbers[: limit // 3]])
    kept = sorted(list(wanted)[:limit])
    chosen: list[Step | None] = []
    for position, number in enumerate(kept):
        if number and (position == 0 or kept[position - 1] != number - 1):
            chosen.append(None)
        chosen.append(steps[number])
    return chosen


def _ladder(exchange: Exchange, variant: str, steps: Sequence[Step | None], proof: frozenset[int]) -> dict[str, Any]:
    rows = [
        None if step is None else {"step": step, "proof": step.is_proof(proof), "after": f"{step.at_s - exchange.began_s:.3f}"}
        for step in steps
    ]
    return {
        "opened": exchange.opened,
        "words": exchange.words,
        "ends": exchange.ends,
        "variant": variant,
        "rows": rows,
        "began": f"{exchange.began_s:.3f}",
    }
