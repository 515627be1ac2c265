"""The page of a run: one HTML file with everything in it, made from the summary alone."""

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.charts import day_chart, sequence, stage_strip
from reports.checkers import all_checkers, sentence
from reports.durations import human, size
from reports.summary import Summary, broken_at, is_good, verdict

MOST_ORDERS = 500
"""How many orders the table shows, those that did not close first; summary.json has all."""

MOST_VIOLATIONS = 20


def render_html(summary: Summary) -> str:
    """The page as a string; it loads nothing from anywhere, and all values are escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["human"] = human
    environment.filters["size"] = size
    epoch = datetime.fromisoformat(summary["epoch"])
    orders = _orders(summary)
    return environment.get_template("report.html.j2").render(
        summary=summary,
        ledger=summary["ledger"],
        verdict=verdict(summary),
        good=is_good(summary),
        broken=broken_at(summary),
        day=f"{epoch.day} {epoch:%B %Y}",
        strip=stage_strip(summary["stages"]),
        hours=day_chart(summary["hours"]),
        checks=_checks(summary),
        orders=orders[:MOST_ORDERS],
        orders_in_all=len(orders),
        ladder=sequence(summary["ladder"]["rows"], epoch),
    )


def _orders(summary: Summary) -> list[dict[str, Any]]:
    """The rows of the order table: what the facts say, with the times; open orders first."""
    facts = summary["facts"]["orders"]
    rows = [{**order, **facts[order["placer"]]} for order in summary["orders"]]
    return sorted(rows, key=lambda row: (row["turnaround_us"] is not None, row["ordered_us"]))


def _checks(summary: Summary) -> list[dict[str, Any]]:
    sentences = {name: sentence(checker) for name, checker in all_checkers().items()}
    return [
        {"sentence": sentences.get(name, name), "violations": found[:MOST_VIOLATIONS], "count": len(found)}
        for name, found in summary["checks"].items()
    ]
