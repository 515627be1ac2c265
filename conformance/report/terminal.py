"""What `radloop certify` prints: each case as it ends, then the failing ones first, then the counts."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.tree import Tree

from conformance.case import Role
from conformance.result import CaseResult, RunResult, TrialResult
from conformance.taps import ranges
from conformance.target import Target
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


class Terminal:
    """Progress while the cases run, and the end."""

    def __init__(self, target: Target, role: Role, seed: int, count: int) -> None:
        self._console = Console(highlight=False)
        product = target.product
        self._console.print(f"{escape(product.name)} {escape(product.version)} as {role}, seed {seed}, {count} cases")
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

    def case(self, result: CaseResult) -> None:
        """One case has ended."""
        self._progress.advance(self._task)
        if result.outcome in (Outcome.FAIL, Outcome.ERROR):
            self._console.print(f"[{STYLES[result.outcome]}]{result.outcome}[/] {result.id}  {escape(result.requirement)}")

    def end(self, result: RunResult, out: Path) -> None:
        """The tree and the counts."""
        self._progress.stop()
        shown = [case for case in result.worst_first if case.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)]
        if shown:
            tree = Tree("not plainly passed")
            for case in shown:
                self._add(tree, case)
            self._console.print(tree)
        counts = result.count()
        self._console.print("  ".join(f"[{STYLES[one]}]{counts[one]} {one}[/]" for one in Outcome if counts[one]))
        if result.left_out:
            self._console.print(f"left out by --fast: {', '.join(result.left_out)}")
        self._console.print(f"Conformance {result.conformance}, Workflow resilience {result.resilience}; written to {out}")

    @staticmethod
    def _add(tree: Tree, case: CaseResult) -> None:
        flag = " ⚑" if case.safety else ""
        title = f"[{STYLES[case.outcome]}]{case.outcome}[/] {case.id}{flag} {case.level}  {escape(case.requirement)}"
        branch = tree.add(f"{title}\n[dim]{escape(case.clause)}[/]")
        if case.waiver:
            branch.add(f"waived: {escape(case.waiver)}")
        for trial in case.trials:
            if trial.outcome is not Outcome.PASS:
                branch.add(_found(trial))


def _found(trial: TrialResult) -> str:
    lines = [f"\\[{escape(trial.variant)}]"] if trial.variant else []
    if trial.expected:
        lines += [f"expected  {escape(trial.expected)}", f"actual    {escape(trial.actual)}"]
    if trial.reason:
        lines.append(escape(trial.reason))
    for one in trial.deviations:
        lines += [f"should    {escape(one.expected)}", f"actual    {escape(one.actual)}"]
    if trial.proof:
        numbers = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges(trial.proof))
        lines.append(f"proof     records {numbers}")
    return "\n".join(lines)
