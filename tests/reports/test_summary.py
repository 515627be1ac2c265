"""The summary and what is made of it: the file, the terminal, the page."""

import re
from datetime import datetime
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from emulators.trace import Record, Trace
from reports.charts import LogScale, day_chart, sequence
from reports.durations import clock, human, size
from reports.render import MOST_ORDERS, render_html
from reports.summary import Findings, Run, Summary, broken_at, endings, is_good, summarise, verdict, write
from reports.terminal import show
from reports.words import ending, images_shown, report_shown, study_stands
from tests.reports.records import HOUR, MINUTE, Exam, day, exchange, lost, note, stimulus, stored

EPOCH = datetime(2026, 3, 2)


def summary_of(records: list[Record], why_not: str = "", products: tuple[str, ...] = ()) -> Summary:
    findings, trace = Findings(EPOCH, products=products), Trace()
    findings.subscribe(trace)
    for record in records:
        trace.publish(record)
    run = Run(7, "clinic", EPOCH, {"wire": True, "trace": "exchanges"}, "radloop run clinic --seed 7", 9 * HOUR, why_not)
    return summarise(run, findings)


def good_day() -> list[Record]:
    return day(*(Exam(number, 7 * HOUR + number * 10 * MINUTE, "STAT" if number == 4 else "ROUTINE") for number in range(1, 9)))


def bad_day() -> list[Record]:
    stuck = Exam(9).records(without=lambda record: record["at"] > 10 * MINUTE)
    fields = {"mrn": "M<b>", "accession": "<script>", "state": "orphan", "reason": "no order", "by": "system"}
    orphan = note(HOUR, "pacs", "study reconciled", "2.25.99", **fields)
    retries = [lost(record) for record in Exam(1).records() if record["record"] == "exchange"]
    return [*stuck, *retries, *good_day(), stored(HOUR, "pacs", "2.25.99", 3), orphan]


def eventful_day() -> list[Record]:
    """An order each: cancelled, broken off, with an addendum, corrected and matched by a person; a dead letter, an alert."""
    cancelled = Exam(11, HOUR).records(without=lambda record: record["at"] > HOUR + 10 * MINUTE)
    cancelled.append(note(2 * HOUR, "ehr", "order closed", "P0011", mrn="M0011", state="cancelled"))
    broken_off = Exam(12, HOUR).records(without=lambda record: record["at"] > HOUR + 29 * MINUTE)
    broken_off += [
        note(2 * HOUR, "ct1", "exam discontinued", "A0012", instances=20, reason="110513"),
        note(2 * HOUR, "ehr", "order closed", "P0012", mrn="M0012", state="discontinued"),
    ]
    more = [
        note(3 * HOUR, "workstation", "report signed", f"P{n}", accession=f"A{n}", status=s)
        for n, s in (("0013", "F"), ("0014", "C"))
    ]
    more += [
        note(3 * HOUR, "ehr", "report filed", f"P{n}", accession=f"A{n}", status=s, text="IMPRESSION: some", addendum=added)
        for n, s, added in (("0013", "F", "ADDENDUM: more"), ("0014", "C", ""))
    ]
    verdict = {"mrn": "M0014", "accession": "A0014", "reason": ""}
    more += [
        note(2 * HOUR, "pacs", "study reconciled", "2.25.14", state="held", by="system", **verdict),
        note(3 * HOUR, "pacs", "study reconciled", "2.25.14", state="matched", by="person", **verdict),
        stimulus(HOUR, "ehr", "change order", "P0013"),
        exchange(HOUR, "engine", "ris", "ChangeOrder", "AE 206 ORC-2", mrn="M0013", placer="P0013", control="P0013-XO1"),
        note(HOUR, "engine", "dead letter", "P0013-XO1", to="ris", message="ChangeOrder", reason="AE 206 ORC-2"),
        note(HOUR, "engine", "queue alert", "ris", depth=3, oldest_us=MINUTE, message="PlaceOrder", trouble="unknown"),
    ]
    return sorted([*cancelled, *broken_off, *day(Exam(13, HOUR), Exam(14, HOUR)), *more], key=lambda record: record["at"])


def test_the_summary_has_what_a_script_needs() -> None:
    summary = summary_of(good_day())
    assert [summary[key] for key in ("seed", "scenario", "finished", "virtual_s")] == [7, "clinic", True, 32_400.0]
    assert len(summary["stages"]) == 7
    assert set(summary["facts"]) == {"sha256", "orders", "unexplained"}
    assert summary["ledger"]["reports"] == {"signed": 8, "delivered": 8}
    assert summary["ladder"]["placer"] == "P0004"
    assert not any(summary["checks"].values())
    assert summary["checks_not_run"] == {}
    assert set(summary["happenings"]) == {"happened", "put_right"}
    row = summary["orders"][0]
    assert {name: row[name] for name in ("placer", "patient", "accession", "station", "priority", "state", "ending")} == {
        "placer": "P0001",
        "patient": "M0001",
        "accession": "A0001",
        "station": "CT2",
        "priority": "ROUTINE",
        "state": "reported",
        "ending": "reported",
    }


def test_the_same_records_write_the_same_bytes_and_can_be_read_back(tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        write(summary_of(bad_day()), tmp_path / name)
    one, two = ((tmp_path / name).read_bytes() for name in ("one.json", "two.json"))
    assert one == two
    assert orjson.loads(one) == summary_of(bad_day())


def test_the_verdict_says_whether_the_loop_closed_and_where_it_broke() -> None:
    good, bad = summary_of(good_day()), summary_of(bad_day())
    assert (verdict(good), is_good(good), broken_at(good)) == ("The loop closed for 8 of 8 orders.", True, {})
    assert (verdict(bad), is_good(bad), broken_at(bad)) == (
        "The loop closed for 8 of 9 orders.",
        False,
        {"scheduled": ["P0009"]},
    )
    assert verdict(summary_of([])) == "No order was placed."


def test_a_run_whose_orders_closed_is_not_good_when_a_check_failed_or_it_did_not_finish() -> None:
    misfiled = summary_of([*good_day(), stored(HOUR, "pacs", "2.25.1", 0, different=1)])
    assert verdict(misfiled) == "The loop closed for all 8 orders, but 1 check failed."
    assert not is_good(misfiled)
    assert not is_good(summary_of(good_day(), why_not="the drain limit was reached"))


# --- how orders ended --------------------------------------------------------------------------------------------------


def test_an_order_that_was_cancelled_or_broken_off_is_not_a_broken_one() -> None:
    summary = summary_of(eventful_day())
    assert {row["placer"]: row["ending"] for row in summary["orders"]} == {
        "P0011": "cancelled",
        "P0012": "discontinued",
        "P0013": "reported, with addendum",
        "P0014": "reported, corrected later",
    }
    assert (broken_at(summary), is_good(summary)) == ({}, True), summary["checks"]
    assert verdict(summary) == "The loop closed for 4 of 4 orders."
    assert endings(summary) == "2 reported, 1 cancelled and 1 discontinued"


def test_endings_are_told_as_a_phrase() -> None:
    assert endings(summary_of(good_day())) == "8 reported"
    assert endings(summary_of(bad_day())) == "8 reported and 1 open"
    assert endings(summary_of([])) == ""


def facts_of(
    state: str = "reported", status: str = "F", addendum: str = "", reconciliation: str = "matched"
) -> dict[str, object]:
    report = {"status": status, "text": "", "addendum": addendum}
    return {"state": state, "report": report, "reconciliation": reconciliation, "instances": 2}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (facts_of(), ("reported", "final", "matched")),
        (facts_of(status="C", addendum="x"), ("reported, corrected later, with addendum", "corrected", "matched")),
        (facts_of("cancelled", "", reconciliation="none"), ("cancelled", "none", "-")),
        (facts_of("discontinued", "", reconciliation="held"), ("discontinued", "none", "held")),
        (facts_of("in progress", "", reconciliation="none"), ("open: in progress", "none", "none")),
        (facts_of("completed", "P"), ("open: completed", "preliminary", "matched")),
        (facts_of(reconciliation="unknown"), ("reported", "final", "not seen")),
        (facts_of("completed", "W"), ("open: completed", "withdrawn", "matched")),
    ],
)
def test_how_an_order_stands_is_said_in_words(facts: dict[str, object], words: tuple[str, str, str]) -> None:
    assert (ending(facts), report_shown(facts), study_stands(facts)) == words


def test_who_matched_a_study_and_how_many_images_there_are_is_said_in_words() -> None:
    assert study_stands(facts_of(), "person") == "matched by a person"
    assert study_stands(facts_of(), "system") == "matched"
    assert (images_shown(facts_of()), images_shown(facts_of() | {"instances": "unknown"})) == ("2", "not seen")


# --- a product in the archive's place ----------------------------------------------------------------------------------


def test_with_a_product_in_the_archives_place_its_facts_are_unknown_and_checks_that_need_them_are_not_run() -> None:
    summary = summary_of(good_day(), products=("pacs",))
    assert len(summary["checks_not_run"]) == 4
    assert "images_complete" in summary["checks_not_run"]
    assert summary["checks"].keys().isdisjoint(summary["checks_not_run"])
    assert {order["instances"] for order in summary["facts"]["orders"].values()} == {"unknown"}
    assert is_good(summary)
    page, lines = render_html(summary), "\n".join(printed(summary))
    for name, reason in summary["checks_not_run"].items():
        assert reason in page
        assert f"Not checked: {name}" in lines
    assert page.count("not seen from outside") == 2


# --- the terminal ------------------------------------------------------------------------------------------------------


def printed(summary: Summary) -> list[str]:
    console = Console(file=StringIO(), width=100, color_system=None)
    show(console, summary)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def test_the_terminal_fits_100_columns_and_ends_with_the_verdict() -> None:
    for records in (good_day(), bad_day(), eventful_day()):
        assert max(map(len, printed(summary_of(records)))) <= 100
    lines = printed(summary_of(good_day()))
    assert lines[-1] == "OK  The loop closed for 8 of 8 orders. 8 reported."
    assert next(line for line in lines if "Acquisition" in line).split()[-4:] == ["1.0", "s", "1.0", "s"]
    assert any("> pacs" in line and "C-STORE x 20" in line and "20 stored" in line for line in lines)


def test_the_terminal_says_what_broke_without_colour() -> None:
    lines = printed(summary_of(bad_day(), why_not="the drain limit was reached"))
    assert "Why the run did not finish: the drain limit was reached" in lines
    assert "1 order came no further than 'scheduled': P0009" in lines
    assert "orders_closed: order P0009: never closed" in lines
    exchanges = sum(record["record"] == "exchange" for record in Exam(1).records())
    assert f"Faults injected: {exchanges}. Exchanges without an answer: {exchanges}." in lines
    assert lines[-1] == "NOT OK  The run did not finish: of 9 orders until then the loop closed for 8. 8 reported and 1 open."


def test_the_terminal_says_what_happened_and_what_people_put_right() -> None:
    lines = printed(summary_of(eventful_day()))
    text = " ".join(line.strip() for line in lines)
    assert "Not by the book: orders cancelled 1, orders changed before the exam 1, exams broken off 1" in text
    assert "Put right by people: studies that a person matched 1." in text
    assert "Queue alerts: 1." in lines
    assert "Dead letters: 1 ChangeOrder from engine to ris, AE 206 ORC-2." in lines
    assert not any(line.startswith(("Not by the book", "Put right", "Dead")) for line in printed(summary_of(good_day())))


# --- the page ----------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Checks that tags close in the order they opened, and collects what the page would load."""

    VOID = frozenset(("meta", "input", "link", "img", "br"))
    SELF_CLOSED_OK = frozenset(("line", "circle", "rect", "polygon"))

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert tag in self.SELF_CLOSED_OK

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("products", [(), ("pacs",)], ids=["ours", "a product"])
@pytest.mark.parametrize(
    "records", [good_day, bad_day, eventful_day, list], ids=["good day", "bad day", "eventful day", "nothing"]
)
def test_the_page_is_well_formed_and_loads_nothing(records: type[list[Record]], products: tuple[str, ...]) -> None:
    html = render_html(summary_of(records(), products=products))
    page = Page(html)
    assert page.open == []
    assert page.links == []
    assert not re.search(r"https?:|url\(|@import", html)


def test_the_page_escapes_what_it_shows() -> None:
    html = render_html(summary_of(bad_day(), why_not="<i>drain</i>"))
    assert Page(html).tags.count("script") == 1
    assert "&lt;script&gt;" in html
    assert "&lt;i&gt;drain" in html
    assert "M<b>" not in html


def test_the_page_says_the_verdict_the_stages_and_how_to_run_again() -> None:
    html = render_html(summary_of(good_day()))
    for text in ("The loop closed for 8 of 8 orders.", "Report distribution", "C-STORE x 20", "radloop run clinic --seed 7"):
        assert text in html
    assert "Where the loop broke" not in html
    assert "Where the loop broke" in render_html(summary_of(bad_day()))


def test_the_page_says_how_each_order_ended_what_happened_and_what_was_set_aside() -> None:
    html = render_html(summary_of(eventful_day()))
    for text in (
        "2 reported, 1 cancelled and 1 discontinued.",
        ">reported, with addendum<",
        ">reported, corrected later<",
        ">cancelled<",
        ">matched by a person<",
        "<td>studies that a person matched</td>",
        "<td>AE 206 ORC-2</td>",
        "1 alert: messages had waited too long",
        'data-words="with addendum">with addendum <b>1</b>',
    ):
        assert text in html
    assert "What happened" not in render_html(summary_of(good_day()))


def test_the_page_of_a_long_run_shows_a_bounded_table_with_open_orders_first() -> None:
    summary = summary_of(good_day())
    order, facts = summary["orders"][0], summary["facts"]["orders"]["P0001"]
    summary["orders"] = [{**order, "placer": f"N{number}"} for number in range(MOST_ORDERS + 5)]
    summary["orders"][-1] |= {"turnaround_us": None, "last": "scheduled"}
    summary["facts"]["orders"] = {row["placer"]: facts for row in summary["orders"]}
    html = render_html(summary)
    rows = re.findall(r'<td class="wide">(N\d+)</td>', html.partition('<table id="orders">')[2])
    assert (len(rows), rows[0]) == (MOST_ORDERS, f"N{MOST_ORDERS + 4}")
    assert f"{MOST_ORDERS} of {MOST_ORDERS + 5} orders" in html


@pytest.mark.parametrize(
    ("duration_us", "text"),
    [
        (None, "-"),
        (0, "at once"),
        (450, "450 µs"),
        (350_000, "350 ms"),
        (999_700, "1.0 s"),
        (1_240_000, "1.2 s"),
        (9_960_000, "10 s"),
        (12_000_000, "12 s"),
        (59_600_000, "1 min 00 s"),
        (250_000_000, "4 min 10 s"),
        (3_599_600_000, "1 h 00 min"),
        (7_500_000_000, "2 h 05 min"),
    ],
)
def test_durations_read_well(duration_us: int | None, text: str) -> None:
    assert human(duration_us) == text


def test_clock_and_size_read_well() -> None:
    assert clock(datetime(2026, 3, 2, 7), 90 * MINUTE + 1_500) == "08:30:00.001"
    assert [size(number) for number in (812, 4_200_000, 144_000_000, 1_300_000_000)] == ["812 B", "4.2 MB", "144 MB", "1.3 GB"]


def test_the_scale_of_the_strip_is_logarithmic_and_keeps_everything_inside() -> None:
    scale = LogScale([0, 3_000, 40_000, 900_000])
    assert [tick["text"] for tick in scale.ticks] == ["1 ms", "10 ms", "100 ms", "1 s"]
    steps = [scale.x(duration) for duration in (0, 1_000, 10_000, 100_000, 1_000_000, 10**12)]
    assert steps[0] == steps[1]
    assert steps[2] - steps[1] == pytest.approx(steps[3] - steps[2], abs=0.2)
    assert steps[4] == steps[5]


def test_the_chart_of_the_day_spans_the_busy_hours_and_its_bars_have_the_height_of_their_counts() -> None:
    hours = [{"hour": hour, "arrivals": 0, "studies": 0, "reports": 0} for hour in range(24)]
    assert day_chart(hours) is None
    hours[8]["arrivals"], hours[11]["reports"] = 12, 6
    chart = day_chart(hours)
    assert chart is not None
    assert [label["text"] for label in chart["labels"]] == ["08", "09", "10", "11"]
    heights = {bar["title"]: bar["height"] for bar in chart["bars"] if bar["height"]}
    twelve, six = heights["08:00 to 09:00: 12 patients registered"], heights["11:00 to 12:00: 6 final reports filed"]
    assert twelve == pytest.approx(2 * six, abs=0.2)


def test_the_sequence_diagram_runs_downwards_between_lifelines_and_shows_pauses() -> None:
    rows = summary_of(good_day())["ladder"]["rows"]
    chart = sequence(rows, EPOCH)
    names = [line["name"] for line in chart["lifelines"]]
    assert names == ["ehr", "engine", "ris", "ct1", "pacs", "workstation"]
    heights = [item["y"] for item in chart["items"]]
    assert heights == sorted(heights)
    assert heights[-1] < chart["height"]
    pauses = [item["text"] for item in chart["items"] if item["kind"] == "gap"]
    assert pauses[:3] == ["2 min 00 s later", "18 min 00 s later", "8 min 00 s later"]
    assert len(pauses) == 6
