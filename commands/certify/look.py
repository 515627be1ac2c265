"""`radloop certify show` and `radloop certify diff`: a closer look at what a run has written."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.ending import LOOP_BROKEN, LOOP_CLOSED, guarded
from emulators.core.errors import ConfigError

if TYPE_CHECKING:
    from conformance.report.difference import Difference
    from conformance.result import RunResult


def show(
    case: Annotated[str, typer.Argument(help="The id of a case; with its variant in brackets, that one alone.")],
    out: Annotated[Path, typer.Option(help="Where the run has written.")] = Path("out/certify"),
) -> None:
    """Show what was exchanged in a case, decoded.

    PDUs, DIMSE commands, data sets, HL7 segments and fields, of all its
    connections, or of one variant:

        radloop certify show dicom.echo.1
        radloop certify show "dicom.store.cstore.1[CT]" --out out/certify

    A > in front of a message marks the proof of the verdict.

    Exit code 0: shown; 2: there is no such case in the result.
    """

    def carry_out() -> int:
        from rich.console import Console

        from conformance.material.data_sets import OddValues
        from conformance.report.decoded import shown
        from conformance.result import load_result
        from conformance.taps import read_records

        result = load_result(out / "result.json")
        try:
            recorded = read_records(out / result.evidence.file)
        except ValueError as error:
            raise ConfigError(str(error)) from None
        console = Console(highlight=False, soft_wrap=True)
        with closing(OddValues()):
            for line in shown(result, recorded, case):
                console.print(line)
        return LOOP_CLOSED

    raise typer.Exit(guarded(carry_out))


def diff(
    old: Annotated[Path, typer.Argument(help="result.json of before, or its folder.")],
    new: Annotated[Path, typer.Argument(help="result.json of now, or its folder.")],
) -> None:
    """Say what changed from one result to another.

    Such as between two versions of a product:

        radloop certify diff out/version-1 out/version-2

    Worse is an outcome further on in: pass, warn, waived, not applicable,
    inconclusive, fail, error; and a case that is new and fails.

    Exit code 0: nothing is worse; 1: something is; 2: not two results.
    """

    def carry_out() -> int:
        from conformance.report.difference import difference
        from conformance.result import load_result

        before, now = (load_result(path / "result.json" if path.is_dir() else path) for path in (old, new))
        found = difference(before, now)
        _print(before, now, found)
        return LOOP_BROKEN if found.worse else LOOP_CLOSED

    raise typer.Exit(guarded(carry_out))


def _print(before: "RunResult", now: "RunResult", found: "Difference") -> None:
    from rich.console import Console
    from rich.markup import escape

    from conformance.report.terminal import STYLES

    console = Console(highlight=False, soft_wrap=True)
    for result, name in ((before, "old"), (now, "new")):
        product = result.product
        console.print(escape(f"{name}  {product['name']} {product['version']} as {result.role}, {result.started}"))
    for note in found.notes:
        console.print(f"[yellow]note[/] {escape(note)}")
    for title, changes in (
        ("worse", [change for change in found.changed if change.is_worse]),
        ("better", [change for change in found.changed if not change.is_worse and not change.variants]),
        ("the same in all, other variants", [change for change in found.changed if change.variants]),
    ):
        if changes:
            console.print(f"\n[bold]{title}[/] {len(changes)}")
        for change in changes:
            was, now_is = change.old.outcome, change.new.outcome
            variants = escape(f" [{', '.join(change.variants)}]") if change.variants else ""
            said = next((trial.said for trial in change.new.trials if trial.outcome is now_is), "") if change.is_worse else ""
            words = f"[{STYLES[was]}]{was}[/] to [{STYLES[now_is]}]{now_is}[/]"
            console.print(f"  {change.new.id}{variants}  {words}" + (f"  [dim]{escape(said)}[/]" if said else ""))
    for title, cases in (("new", found.new), ("gone", found.gone)):
        if cases:
            console.print(f"\n[bold]{title}[/] {len(cases)}")
        for case in cases:
            console.print(f"  {case.id}  [{STYLES[case.outcome]}]{case.outcome}[/]")
    unchanged = len(now.cases) - len(found.changed) - len(found.new)
    console.print(f"\n{len(found.worse)} worse, {len(found.changed)} changed, {unchanged} as before")
