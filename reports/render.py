"""The page of a run: one HTML file with everything in it, made from the summary alone."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.charts import day_chart, sequence, stage_strip
from reports.checkers import all_checkers, sentence
from reports.durations import human, size
from reports.measures.happenings import HAPPENED, PUT_RIGHT
from reports.summary import Summary, broken_at, endings, is_good, verdict
from reports.words import count, images_shown, report_shown, study_stands

MOST_ORDERS = 500
"""How many orders the table shows, those that did not close first; summary.json has all."""

MOST_VIOLATIONS = 20

WORTH_A_LOOK = ("open:", "cancelled", "discontinued", "corrected later", "with addendum", "by a person", "stat")
"""What the order table offers to filter by, where there are any."""


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
    environment.filters["count"] = count
    epoch = datetime.fromisoformat(summary["epoch"])
    orders = _orders(summary)
    return environment.get_template("report.html.j2").render(
        summary=summary,
        ledger=summary["ledger"],
        verdict=verdict(summary),
        endings=endings(summary),
        good=is_good(summary),
        broken=broken_at(summary),
        day=f"{epoch.day} {epoch:%B %Y}",
        strip=stage_strip(summary["stages"]),
        hours=day_chart(summary["hours"]),
        checks=_checks(summary),
        not_run=_not_run(summary),
        happenings=_happenings(summary),
        dead_letters=Counter(tuple(letter.values()) for letter in summary["ledger"]["dead_letters"]),
        orders=orders[:MOST_ORDERS],
        orders_in_all=len(orders),
        offered=_offered(orders[:MOST_ORDERS]),
        ladder=sequence(summary["ladder"]["rows"], epoch),
    )


def _orders(summary: Summary) -> list[dict[str, Any]]:
    """The rows of the order table: what the facts say, with the times; open orders first."""
    rows = []
    for order in summary["orders"]:
        facts = summary["facts"]["orders"][order["placer"]]
        shown = {
            "images": images_shown(facts),
            "study": study_stands(facts, order["matched_by"]),
            "report": report_shown(facts),
        }
        rows.append({**order, **shown, "closed": order["turnaround_us"] is not None})
    return sorted(rows, key=lambda row: (row["closed"], row["ordered_us"]))


def _offered(orders: list[dict[str, Any]]) -> list[tuple[str, int]]:
    shown = [f"{order['ending']} {order['study']} {order['priority'].lower()}" for order in orders]
    counts = {words: sum(words in text for text in shown) for words in WORTH_A_LOOK}
    return [(words, number) for words, number in counts.items() if number]


def _happenings(summary: Summary) -> list[dict[str, Any]]:
    """The two lists of what happened, in words, without what did not."""
    found = summary["happenings"]
    groups = (("Not by the book", found["happened"], HAPPENED), ("Put right by people", found["put_right"], PUT_RIGHT))
    return [
        {"title": title, "rows": [(words[key], times) for key, times in counts.items() if times]}
        for title, counts, words in groups
    ]


def _checks(summary: Summary) -> list[dict[str, Any]]:
    sentences = {name: sentence(checker) for name, checker in all_checkers().items()}
    return [
        {"sentence": sentences.get(name, name), "violations": found[:MOST_VIOLATIONS], "count": len(found)}
        for name, found in summary["checks"].items()
    ]


def _not_run(summary: Summary) -> list[dict[str, str]]:
    sentences = {name: sentence(checker) for name, checker in all_checkers().items()}
    return [{"sentence": sentences.get(name, name), "reason": why} for name, why in summary["checks_not_run"].items()]
