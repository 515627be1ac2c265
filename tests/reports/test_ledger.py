"""The ledger, the hours and the order table count a made-up day."""

from datetime import datetime

from emulators.trace import Record
from reports.measures.hours import Hours
from reports.measures.ledger import Ledger
from reports.measures.orders import Orders
from tests.reports.records import HOUR, MILLISECOND, MINUTE, Exam, day, late, lost, note, stimulus, stored


def ledger_of(records: list[Record]) -> dict[str, dict[str, int]]:
    ledger = Ledger()
    for record in records:
        ledger(record)
    return ledger.result()


def test_what_goes_in_comes_out_on_a_good_day() -> None:
    result = ledger_of(day(Exam(1), Exam(2)))
    assert result["orders"] == {"placed": 2, "closed": 2}
    assert result["studies"] == {"acquired": 2, "matched": 2, "held": 0, "orphan": 0}
    assert result["reports"] == {"signed": 2, "delivered": 2}
    assert result["instances"] == {"stored": 40, "duplicates_same": 0, "duplicates_different": 0, "stored_bytes": 20_000_000}
    assert result["faults"] == {}
    assert result["exchanges"] == {"answered": sum(row["record"] == "exchange" for row in day(Exam(1), Exam(2)))} | {
        "refused": 0,
        "unknown": 0,
    }


def test_lost_exchanges_faults_duplicates_and_late_answers_are_counted() -> None:
    records = Exam(1).records()
    order = next(record for record in records if record.get("message") == "PlaceOrder")
    extra = [lost(order), lost(order, "refused", "swallow"), late(5, "engine", "ris"), stored(9, "pacs", "2.25.1", 0, 7, 1)]
    result = ledger_of([*records, *extra])
    assert result["faults"] == {"reset_after": 1, "swallow": 1}
    assert result["messages"]["PlaceOrder"] == {"answered": 2, "refused": 1, "unknown": 1}  # type: ignore[comparison-overlap]
    assert result["late_answers"] == 1  # type: ignore[comparison-overlap]
    assert (result["instances"]["duplicates_same"], result["instances"]["duplicates_different"]) == (7, 1)


def test_a_study_counts_by_its_last_state_and_a_preliminary_report_is_not_delivered() -> None:
    def reconciled(state: str) -> Record:
        return note(9, "pacs", "study reconciled", "2.25.1", mrn="M1", accession="A1", state=state)

    filed = note(9, "ehr", "report filed", "P1", accession="A1", status="P", text="")
    result = ledger_of([reconciled("orphan"), reconciled("held"), filed])
    assert result["studies"] == {"acquired": 0, "matched": 0, "held": 1, "orphan": 0}
    assert result["reports"]["delivered"] == 0


def test_refused_deliveries_and_missing_routes_and_items_are_counted_from_their_notes() -> None:
    names = ("delivery refused", "no route", "worklist item missing", "worklist item missing")
    result = ledger_of([note(1, "ris", name, "x") for name in names])
    counts = (result["deliveries_refused"], result["without_route"], result["worklist_items_missing"])
    assert counts == (1, 1, 2)  # type: ignore[comparison-overlap]


def test_hours_are_those_of_the_hospitals_clock_and_days_add_up() -> None:
    hours = Hours(datetime(2026, 3, 2, 22, 30))
    for record in day(Exam(1), Exam(2, start=24 * HOUR)):
        hours(record)
    busy = {row["hour"]: row for row in hours.result() if row["arrivals"] or row["studies"] or row["reports"]}
    assert busy == {
        22: {"hour": 22, "arrivals": 2, "studies": 2, "reports": 0},
        23: {"hour": 23, "arrivals": 0, "studies": 0, "reports": 2},
    }


def orders_of(records: list[Record]) -> list[dict[str, object]]:
    orders = Orders()
    for record in records:
        orders(record)
    return orders.result()


def test_a_closed_order_has_a_turnaround_from_ordered_to_closed() -> None:
    (row,) = orders_of(Exam(1, priority="STAT").records())
    assert (row["placer"], row["station"], row["priority"], row["last"]) == ("P0001", "CT2", "STAT", "closed")
    assert row["turnaround_us"] == 47 * MINUTE + 50 * MILLISECOND


def test_an_order_that_broke_says_the_last_thing_that_happened() -> None:
    def reached(name: str) -> object:
        records = Exam(1).records()
        last = max(index for index, record in enumerate(records) if record.get("name") == name)
        (row,) = orders_of(records[: last + 1])
        assert row["turnaround_us"] is None
        return row["last"]

    told = ("place order", "procedure scheduled", "patient on table", "exam started", "images acquired", "study opened")
    assert [reached(name) for name in told] == [
        "ordered",
        "scheduled",
        "patient on table",
        "exam started",
        "images acquired",
        "study opened",
    ]


def test_a_preliminary_report_does_not_count_as_filed() -> None:
    records = Exam(1).records(without=lambda record: record.get("status") == "F" or record.get("name") == "order closed")
    assert orders_of(records)[0]["last"] == "study opened"


def test_an_accession_number_of_no_order_makes_no_row() -> None:
    assert orders_of([stimulus(0, "ct1", "patient on table", "A9")]) == []
