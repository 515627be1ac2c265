"""What a person sees in the terminal when a run is over; readable without colour and in 100 columns."""

from collections import Counter
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.durations import clock, human
from reports.measures.happenings import HAPPENED, PUT_RIGHT
from reports.summary import Summary, broken_at, endings, is_good, verdict

MOST_VIOLATIONS = 10
"""How many of a checker's violations are printed; summary.json has all."""


def show(console: Console, summary: Summary) -> None:
    """Print the stage table, the ladder of one order, what happened, what broke, and the verdict as the last line."""
    console.print(stage_table(summary))
    if summary["ladder"]["rows"]:
        console.print(ladder_table(summary))
    for line in (*happenings(summary), *noted(summary), *not_run(summary), *trouble(summary)):
        console.print(line)
    console.print(verdict_line(summary))


def stage_table(summary: Summary) -> Table:
    """The seven stages: count, failures, p50, p95."""
    table = Table(title="The seven stages", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("#", "Stage"):
        table.add_column(column)
    for column in ("Count", "Failures", "p50", "p95"):
        table.add_column(column, justify="right")
    for stage in summary["stages"]:
        failures = Text(failures_of(stage), style="yellow" if stage["failures"] else "")
        times = (human(stage["p50_us"]), human(stage["p95_us"]))
        table.add_row(str(stage["number"]), stage["name"], str(stage["count"]), failures, *times)
    return table


def failures_of(stage: dict[str, Any]) -> str:
    """``0``, ``3 lost``, or ``3 lost, 1 unfinished``."""
    kinds = (("lost_exchanges", "lost"), ("unfinished", "unfinished"))
    return ", ".join(f"{stage[key]} {word}" for key, word in kinds if stage[key]) or "0"


def ladder_table(summary: Summary) -> Table:
    """One order, a line for each message, stimulus and note; a system's own lines name it alone."""
    epoch = datetime.fromisoformat(summary["epoch"])
    title = f"One order as a ladder of messages: {summary['ladder']['placer']}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Time", no_wrap=True)
    table.add_column("From", no_wrap=True)
    table.add_column("To", no_wrap=True)
    table.add_column("Message")
    table.add_column("Outcome")
    for row in summary["ladder"]["rows"]:
        style = "" if row["kind"] in ("exchange", "late") else "dim"
        to = f"> {row['to']}" if row["to"] else ""
        text = row["text"] if row["to"] else f"* {row['text']}"
        table.add_row(clock(epoch, row["at_us"]), row["from"], to, text, _outcome(row), style=style)
    return table


def _outcome(row: dict[str, Any]) -> Text:
    """The answer; or how it failed, and by which fault."""
    if row["outcome"] in ("", "answered"):
        return Text(row["answer"] + (f" [{row['fault']}]" if row["fault"] else ""))
    words = [row["outcome"], f"[{row['fault']}]" if row["fault"] else "", row["answer"]]
    return Text(" ".join(word for word in words if word), style="bold yellow")


def happenings(summary: Summary) -> list[str]:
    """What did not go by the book, and what people put right; nothing where nothing did."""
    found = summary["happenings"]
    groups = (("Not by the book", found["happened"], HAPPENED), ("Put right by people", found["put_right"], PUT_RIGHT))
    lines = []
    for title, counts, words in groups:
        told = [f"{words[key]} {count}" for key, count in counts.items() if count]
        if told:
            lines.append(f"{title}: {', '.join(told)}.")
    return lines


def noted(summary: Summary) -> list[str]:
    """Faults and what was lost on the way, also when all went well in the end; dead letters and alerts. Nothing where nothing
    was."""
    ledger = summary["ledger"]
    lines = []
    faults, exchanges = sum(ledger["faults"].values()), ledger["exchanges"]
    unanswered = exchanges["refused"] + exchanges["unknown"]
    if faults or unanswered:
        lines.append(f"Faults injected: {faults}. Exchanges without an answer: {unanswered}.")
    if ledger["queue_alerts"]:
        lines.append(f"Queue alerts: {ledger['queue_alerts']}.")
    for letter, count in Counter(tuple(letter.values()) for letter in ledger["dead_letters"]).items():
        system, to, message, reason = letter
        lines.append(f"Dead letters: {count} {message} from {system} to {to}, {reason}.")
    return lines


def not_run(summary: Summary) -> list[str]:
    """Checks about which nothing can be said, and why."""
    return [f"Not checked: {name}: {reason}." for name, reason in summary["checks_not_run"].items()]


def trouble(summary: Summary) -> list[Text]:
    """Where the loop broke, and which checks failed; empty when all is well."""
    lines = []
    if not summary["finished"]:
        lines.append(Text(f"Why the run did not finish: {summary['why_not']}", style="bold red"))
    for last, placers in broken_at(summary).items():
        orders = "1 order" if len(placers) == 1 else f"{len(placers)} orders"
        lines.append(Text(f"{orders} came no further than '{last}': {_some(placers)}", style="red"))
    for name, found in summary["checks"].items():
        lines.extend(Text(f"{name}: {violation}", style="red") for violation in found[:MOST_VIOLATIONS])
        if len(found) > MOST_VIOLATIONS:
            lines.append(Text(f"{name}: and {len(found) - MOST_VIOLATIONS} more", style="red"))
    return lines


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def verdict_line(summary: Summary) -> Text:
    """The closing line, which says OK or NOT OK in words too."""
    good = is_good(summary)
    how = f" {ended}." if (ended := endings(summary)) else ""
    return Text(f"{'OK' if good else 'NOT OK'}  {verdict(summary)}{how}", style="bold green" if good else "bold red")
