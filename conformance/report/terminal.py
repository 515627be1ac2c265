"""What `radloop certify` prints: what runs, each case as it ends, then what did not plainly pass, then the counts.

On a terminal a bar and a tree; elsewhere plain lines that are not broken, for logs and for grep.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from conformance.report.words import (
    OUTCOMES,
    SAFETY,
    SHORT,
    clause_text,
    findings,
    needless_waivers,
    proof_text,
    reasons,
    safety_text,
    to_read,
)
from conformance.result import CaseResult, RunResult
from conformance.verdict import Outcome

STYLES = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    Outcome.WARN: "yellow",
    Outcome.INCONCLUSIVE: "magenta",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.WAIVED: "cyan",
    Outcome.ERROR: "bold white on red",
}
BADGES = {"passed": "bold green", "failed": "bold red", "not shown": "magenta"}
TO_LOOK_AT = tuple(one for one in OUTCOMES if one not in (Outcome.PASS, Outcome.NOT_APPLICABLE))


class Terminal:
    """Progress while the cases run, and the end. ``what`` is from session.asked."""

    def __init__(self, what: Mapping[str, Any], seed: int, count: int, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=not _is_terminal())
        product, versions = what["product"], what["versions"]
        options = "".join(f", {name}" for name in ("strict", "fast") if what[name])
        self._print(
            f"radloop {versions['radloop']}  [bold]{escape(product['name'])} {escape(product['version'])}[/] as "
            f"[bold]{what['role']}[/], {count} case{'' if count == 1 else 's'}, seed {seed}{options}"
        )
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("cases", total=count)
        self._progress.start()

    def _print(self, *lines: RenderableType) -> None:
        for line in lines:
            self._console.print(line)

    def case(self, result: CaseResult) -> None:
        """One case has ended."""
        self._progress.advance(self._task)
        if not self._console.is_terminal or result.outcome in (Outcome.FAIL, Outcome.ERROR):
            self._print(f"[{STYLES[result.outcome]}]{result.outcome:14}[/] {result.id}")

    def stop(self) -> None:
        """The cases have ended, one way or the other."""
        self._progress.stop()

    def end(self, result: RunResult, out: Path) -> None:
        """What did not plainly pass, the counts, where it was written."""
        self.stop()
        if self._console.is_terminal:
            self._print("", *self._trees(result))
        else:
            for case in to_read(result.cases, *TO_LOOK_AT):
                self._print("", _title(case), *(f"  [dim]{label:11}[/] {escape(text)}" for label, text in _details(case)))
        self._print("", _groups(result), "", *_closing(result, out))

    @staticmethod
    def _trees(result: RunResult) -> Iterator[Tree]:
        """One tree for each outcome that people must look at."""
        for outcome in TO_LOOK_AT:
            cases = to_read(result.cases, outcome)
            if not cases:
                continue
            tree = Tree(f"[{STYLES[outcome]}]{outcome}[/] {len(cases)}", guide_style="dim")
            for case in cases:
                grid = Table.grid(padding=(0, 2))
                grid.add_column(style="dim", no_wrap=True)
                grid.add_column(overflow="fold")
                for label, text in _details(case):
                    grid.add_row(label, Text(text))
                grid.add_row("")
                tree.add(_title(case)).add(grid)
            yield tree


def _is_terminal() -> bool:
    return Console().is_terminal


def _title(case: CaseResult) -> str:
    flag = f"  [bold red]{SAFETY}[/]" if case.safety else ""
    return f"[{STYLES[case.outcome]}]{case.outcome}[/] [bold]{case.id}[/]  {case.level}{flag}"


def _details(case: CaseResult) -> Iterator[tuple[str, str]]:
    """The lines below the title of a case."""
    yield "requirement", case.requirement
    yield "clause", clause_text(case)
    if case.waiver:
        yield "waived", case.waiver
    for found in findings(case):
        if found.variants:
            yield "variant" if len(found.variants) == 1 else "variants", found.variants_text
        yield from found.lines
        if found.proof:
            yield "proof", proof_text(found.proof)


def _groups(result: RunResult) -> Table:
    """Counts by group; only outcomes that occur."""
    counts = result.count()
    shown = [outcome for outcome in OUTCOMES if counts[outcome]]
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("group", no_wrap=True, overflow="ellipsis")
    for outcome in shown:
        table.add_column(SHORT.get(outcome, str(outcome)), justify="right", no_wrap=True)
    for group, cases in result.by_group:
        own = result.count(cases)
        cells = [f"[{STYLES[one]}]{own[one]}[/]" if own[one] else "[dim]·[/]" for one in shown]
        table.add_row(f"[dim]{group.letter}[/] {group.title}", *cells)
    table.add_row("[bold]all[/]", *(f"[{STYLES[one]}]{counts[one]}[/]" for one in shown))
    return table


def _closing(result: RunResult, out: Path) -> Iterator[str]:
    counts = result.count()
    if not result.is_finished:
        yield f"[bold red]unfinished[/]: {len(result.not_run)} cases did not run; go on with --resume"
    yield "  ".join(f"[{STYLES[one]}]{counts[one]} {one}[/]" for one in OUTCOMES if counts[one])
    yield safety_text(result)
    if counts[Outcome.NOT_APPLICABLE]:
        found = reasons(result, Outcome.NOT_APPLICABLE)
        yield "[dim]not applicable: " + escape("; ".join(f"{reason} ({number})" for reason, number in found)) + "[/]"
    if needless_waivers(result):
        yield f"waived, but passed: {', '.join(needless_waivers(result))}"
    if result.left_out:
        yield f"left out by --fast: {', '.join(result.left_out)}"
    badges = {"Conformance": result.conformance, "Workflow resilience": result.resilience}
    yield ", ".join(f"{name} [{BADGES[badge]}]{badge}[/]" for name, badge in badges.items())
    yield f"[dim]written to {escape(str(out))}; the records of a case: radloop certify show CASE --out {escape(str(out))}[/]"
