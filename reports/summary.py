"""What a run showed, as one dictionary: the content of ``summary.json``, and all that the page and the terminal show."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from emulators.trace import Subscriber, Trace
from reports.checkers import all_checkers, not_to_run
from reports.measures.facts import Facts, digest
from reports.measures.happenings import Happenings
from reports.measures.hours import Hours
from reports.measures.ladder import Ladder
from reports.measures.ledger import ENDINGS, Ledger
from reports.measures.orders import Orders
from reports.measures.stages import Stages
from reports.words import ending

Summary = dict[str, Any]

ARCHIVE = "pacs"


@dataclass(frozen=True, slots=True)
class Run:
    """What the trace does not say of a run.

    ``epoch`` is the wall time of instant 0, ``options`` what was chosen, ``command`` how to run it again, ``why_not`` why the
    run did not finish (empty if it did), ``virtual_us`` how long it took on the model's clock.
    """

    seed: int
    scenario: str
    epoch: datetime
    options: Mapping[str, Any]
    command: str
    virtual_us: int
    why_not: str = ""


class Findings:
    """One fresh fold of each kind; ``placer`` is the order that the ladder is wanted of, empty for the ladder's choice.

    ``products`` are the systems in whose place a product is: what only they could tell is left open.
    """

    def __init__(self, epoch: datetime, placer: str = "", products: Collection[str] = ()) -> None:
        archive = "" if ARCHIVE in products else ARCHIVE
        self.facts = Facts(archive)
        self.ledger = Ledger(archive)
        self.stages = Stages(archive)
        self.orders = Orders()
        self.happenings = Happenings()
        self.hours = Hours(epoch)
        self.ladder = Ladder(placer)
        checkers = all_checkers()
        self.checks_not_run = not_to_run(checkers, products)
        self.checkers = {name: checker for name, checker in checkers.items() if name not in self.checks_not_run}

    @property
    def folds(self) -> tuple[Subscriber, ...]:
        measures = (self.facts, self.ledger, self.stages, self.orders, self.happenings, self.hours, self.ladder)
        return (*measures, *self.checkers.values())

    def subscribe(self, trace: Trace) -> None:
        """Let every fold hear the trace from now on."""
        for fold in self.folds:
            trace.subscribe(fold)


def summarise(run: Run, findings: Findings) -> Summary:
    """The summary of a run that has ended; the same findings give the same bytes."""
    facts = findings.facts.result()
    return {
        "seed": run.seed,
        "scenario": run.scenario,
        "version": version("radloop"),
        "options": dict(run.options),
        "command": run.command,
        "epoch": run.epoch.isoformat(),
        "finished": not run.why_not,
        "why_not": run.why_not,
        "virtual_s": run.virtual_us / 1_000_000,
        "stages": findings.stages.result(),
        "facts": {"sha256": digest(facts), **facts},
        "ledger": findings.ledger.result(),
        "checks": {name: checker.violations() for name, checker in findings.checkers.items()},
        "checks_not_run": findings.checks_not_run,
        "orders": [_with_facts(order, facts["orders"][order["placer"]]) for order in findings.orders.result()],
        "happenings": findings.happenings.result(),
        "hours": findings.hours.result(),
        "ladder": findings.ladder.result(),
    }


def _with_facts(order: dict[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The row of an order, with what it ended as."""
    return {**order, **{name: facts[name] for name in ("patient", "accession", "state")}, "ending": ending(facts)}


def write(summary: Summary, path: Path) -> None:
    """Write ``summary.json``, indented."""
    path.write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def violations(summary: Summary) -> int:
    """How many violations all checkers found together."""
    return sum(map(len, summary["checks"].values()))


def broken_at(summary: Summary) -> dict[str, list[str]]:
    """Orders that did not close, by the last milestone that they reached."""
    broken: dict[str, list[str]] = {}
    for order in summary["orders"]:
        if order["turnaround_us"] is None:
            broken.setdefault(order["last"], []).append(order["placer"])
    return broken


def verdict(summary: Summary) -> str:
    """One sentence: did the loop close?"""
    placed, closed = len(summary["orders"]), summary["ledger"]["orders"]["closed"]
    if not placed:
        return "No order was placed."
    if not summary["finished"]:
        return f"The run did not finish: of {placed} orders until then the loop closed for {closed}."
    if closed < placed:
        return f"The loop closed for {closed} of {placed} orders."
    found = violations(summary)
    if found:
        return f"The loop closed for all {placed} orders, but {found} {'check' if found == 1 else 'checks'} failed."
    return f"The loop closed for {placed} of {placed} orders."


def endings(summary: Summary) -> str:
    """How the orders ended, as a phrase: ``45 reported, 3 cancelled and 1 discontinued``; empty when there were none."""
    orders = summary["ledger"]["orders"]
    counts = {name: orders[name] for name in ENDINGS} | {"open": orders["placed"] - orders["closed"]}
    parts = [f"{count} {name}" for name, count in counts.items() if count]
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def is_good(summary: Summary) -> bool:
    """The run finished, there were orders and every one closed, and no checker found anything."""
    return bool(summary["finished"] and summary["orders"]) and not broken_at(summary) and not violations(summary)
