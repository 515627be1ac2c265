"""The ledger, the happenings, the hours and the order table count a made-up day."""

from datetime import datetime
from typing import Any

from emulators.trace import Record
from reports.measures.happenings import HAPPENED, PUT_RIGHT, Happenings
from reports.measures.hours import Hours
from reports.measures.ledger import Ledger
from reports.measures.orders import Orders
from tests.reports.records import HOUR, MILLISECOND, MINUTE, Exam, day, exchange, fed, late, lost, note, stimulus, stored


def ledger_of(records: list[Record], archive: str = "pacs") -> dict[str, Any]:
    return fed(Ledger(archive), records).result()


def test_what_goes_in_comes_out_on_a_good_day() -> None:
    result = ledger_of(day(Exam(1), Exam(2)))
    assert result["orders"] == {"placed": 2, "closed": 2, "reported": 2, "cancelled": 0, "discontinued": 0}
    assert result["studies"] == {"acquired": 2, "matched": 2, "held": 0, "orphan": 0, "rejected": 0, "by_person": 0}
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
    assert result["messages"]["PlaceOrder"] == {"answered": 2, "refused": 1, "unknown": 1}
    assert result["late_answers"] == 1
    assert (result["instances"]["duplicates_same"], result["instances"]["duplicates_different"]) == (7, 1)


def reconciled(state: str, by: str = "system") -> Record:
    return note(9, "pacs", "study reconciled", "2.25.1", mrn="M1", accession="A1", state=state, reason="", by=by)


def test_a_study_counts_by_its_last_state_and_a_preliminary_report_is_not_delivered() -> None:
    filed = note(9, "ehr", "report filed", "P1", accession="A1", status="P", text="", addendum="")
    result = ledger_of([reconciled("orphan"), reconciled("held"), filed])
    assert (result["studies"]["held"], result["studies"]["orphan"], result["studies"]["matched"]) == (1, 0, 0)
    assert result["reports"]["delivered"] == 0


def test_a_study_that_a_person_matched_is_matched_and_counted_as_theirs() -> None:
    studies = ledger_of([reconciled("held"), reconciled("matched", "person")])["studies"]
    assert (studies["matched"], studies["by_person"], studies["held"]) == (1, 1, 0)
    assert ledger_of([reconciled("rejected", "person")])["studies"]["by_person"] == 0


def test_every_order_counts_once_however_it_came_about_and_by_how_it_ended() -> None:
    placed = exchange(1, "ehr", "engine", "PlaceOrder", mrn="M1", placer="P1+P1B", control="c")
    made = note(2, "ris", "procedure scheduled", "A7", mrn="M1", accession="A7", study="2.25.7", station="CT1")
    numbered = note(3, "ehr", "placer number assigned", "A7", placer="FA7")
    closed = [
        note(4, "ehr", "order closed", placer, mrn="M1", state=state)
        for placer, state in (("P1", "cancelled"), ("FA7", "discontinued"))
    ]
    records = [stimulus(0, "ehr", "place order", "P1"), placed, made, numbered, *closed]
    assert ledger_of(records)["orders"] == {"placed": 3, "closed": 2, "reported": 0, "cancelled": 1, "discontinued": 1}


def test_a_study_is_acquired_when_it_has_images_scheduled_or_not_broken_off_or_not() -> None:
    def exam(subject: str, study: str) -> Record:
        return note(1, "ct1", "exam started", subject, mrn="M1", station="CT1", accession="", study=study)

    def broken_off(subject: str, instances: int) -> Record:
        return note(2, "ct1", "exam discontinued", subject, instances=instances, reason="110513")

    typed = [exam("U1", "2.25.1"), stimulus(2, "ct1", "images acquired", "U1")]
    again = [exam("A1", "2.25.1"), stimulus(2, "ct1", "images acquired", "A1")]  # the same study
    half, none = [exam("A2", "2.25.2"), broken_off("A2", 3)], [exam("A3?", "2.25.3"), broken_off("A3?", 0)]
    assert ledger_of([*typed, *again, *half, *none])["studies"]["acquired"] == 2


def test_a_dead_letter_counts_once_and_says_what_to_whom_and_why() -> None:
    letter = note(9, "engine", "dead letter", "P1-XO1", to="ris", message="ChangeOrder", reason="AE 206 ORC-2")
    other = note(9, "engine", "dead letter", "P2-XO1", to="ris", message="ChangeOrder", reason="AE 206 ORC-2")
    expected = {"system": "engine", "to": "ris", "message": "ChangeOrder", "reason": "AE 206 ORC-2"}
    assert ledger_of([letter, letter, other])["dead_letters"] == [expected, expected]


def test_what_only_the_archive_knows_is_not_counted_when_a_product_is_in_its_place() -> None:
    result = ledger_of(Exam(1).records(), archive="")
    assert result["studies"] == {"acquired": 1} | dict.fromkeys(("matched", "held", "orphan", "rejected", "by_person"))
    assert set(result["instances"].values()) == {None}
    assert result["reports"] == {"signed": 1, "delivered": 1}


# --- happenings --------------------------------------------------------------------------------------------------------

TOLD: dict[str, Record] = {
    "cancelled": note(1, "ehr", "order closed", "P1", mrn="M1", state="cancelled"),
    "cancelled_too_late": note(1, "ehr", "order status", "P1", accession="A1", status="IP", order_control="UC"),
    "changed": stimulus(1, "ehr", "change order", "P1"),
    "made_after": note(1, "ris", "procedure scheduled", "A7", mrn="M1", accession="A7", study="2.25.7", station="CT1"),
    "updated": stimulus(1, "ehr", "update patient", "M1"),
    "merged": stimulus(1, "ehr", "merge", "M1"),
    "transferred": stimulus(1, "ehr", "transfer", "M1"),
    "done_as_one": note(1, "ct1", "exam started", "A1", mrn="M1", station="CT1", accession="A1+A2", study="2.25.1"),
    "wrong_entry": note(1, "ris", "procedure rescheduled", "P1", accession="A1", study="2.25.9", reason=""),
    "discontinued": note(1, "ct1", "exam discontinued", "A1", instances=2, reason="110513"),
    "appended": stimulus(1, "ct1", "append images", "A1"),
    "addenda": note(1, "ehr", "report filed", "P1", accession="A1", status="F", text="x", addendum="y"),
    "corrected": note(1, "ehr", "report filed", "P1", accession="A1", status="C", text="x", addendum=""),
    "typed": stimulus(1, "ct1", "start unscheduled", "U1"),
    "linked": stimulus(1, "ris", "link exam", "2.25.1"),
    "ordered": stimulus(1, "ris", "create order", "2.25.1"),
    "matched": reconciled("matched", "person"),
    "resent": note(1, "engine", "dead letter resent", "c", to="ris", message="PlaceOrder"),
}


def happened(records: list[Record]) -> dict[str, int]:
    result = fed(Happenings(), records).result()
    return {key: count for counts in result.values() for key, count in counts.items() if count}


def test_every_happening_is_counted_from_the_record_that_tells_of_it_and_once() -> None:
    assert set(TOLD) == {*HAPPENED, *PUT_RIGHT}
    for key, record in TOLD.items():
        assert happened([record, record]) == {key: 1}


def test_on_a_good_day_nothing_happens() -> None:
    assert happened(Exam(1).records()) == {}
    same_state = (reconciled("matched"), reconciled("held", "person"))
    reported = note(1, "ehr", "order closed", "P1", mrn="M1", state="reported")
    wrong = note(1, "ct1", "exam discontinued", "A1?", instances=0, reason="110514")
    assert happened([*same_state, reported, wrong]) == {}


# --- the rest of the ledger --------------------------------------------------------------------------------------------


def test_refused_deliveries_and_missing_routes_and_items_are_counted_from_their_notes() -> None:
    names = {
        "deliveries_refused": "delivery refused",
        "instances_refused": "instances refused",
        "without_route": "no route",
        "not_mapped": "not mapped",
        "queue_alerts": "queue alert",
        "worklist_unanswered": "worklist did not answer",
        "worklist_items_missing": "worklist item missing",
    }
    result = ledger_of([note(1, "ris", name, "x") for name in names.values()] * 2)
    assert {key: result[key] for key in names} == dict.fromkeys(names, 2)


def test_hours_are_those_of_the_hospitals_clock_and_days_add_up() -> None:
    hours = fed(Hours(datetime(2026, 3, 2, 22, 30)), day(Exam(1), Exam(2, start=24 * HOUR)))
    busy = {row["hour"]: row for row in hours.result() if row["arrivals"] or row["studies"] or row["reports"]}
    assert busy == {
        22: {"hour": 22, "arrivals": 2, "studies": 2, "reports": 0},
        23: {"hour": 23, "arrivals": 0, "studies": 0, "reports": 2},
    }


def test_inpatients_come_too_and_an_addendum_is_no_second_report() -> None:
    hours = Hours(datetime(2026, 3, 2))
    report = {"accession": "A1", "status": "F", "text": "x"}
    hours(stimulus(0, "ehr", "admit", "M1"))
    hours(note(1, "ehr", "report filed", "P1", **report, addendum=""))
    hours(note(2, "ehr", "report filed", "P1", **report, addendum="y"))
    assert hours.result()[0] == {"hour": 0, "arrivals": 1, "studies": 0, "reports": 1}


def orders_of(records: list[Record]) -> list[dict[str, object]]:
    return fed(Orders(), records).result()


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


def test_every_order_of_a_message_has_a_row_also_when_the_ris_never_heard_of_it() -> None:
    refused = exchange(9, "ehr", "engine", "PlaceOrder", None, outcome="refused", mrn="M1", placer="P1+P1B", control="c")
    rows = orders_of([stimulus(refused["taken"], "ehr", "place order", "P1"), refused])
    assert [(row["placer"], row["last"], row["turnaround_us"]) for row in rows] == [
        ("P1", "ordered", None),
        ("P1B", "ordered", None),
    ]
    assert {row["ordered_us"] for row in rows} == {refused["taken"]}


def test_an_order_that_the_ris_made_begins_with_its_exam() -> None:
    records = [
        stimulus(10, "ct1", "start unscheduled", "U1"),
        note(11, "ct1", "exam started", "U1", mrn="M1", station="CT1", accession="", study="2.25.7"),
        stimulus(20, "ct1", "images acquired", "U1"),
        note(30, "ris", "procedure scheduled", "A7", mrn="M1", accession="A7", study="2.25.7", station="CT9"),
        note(31, "ris", "exam linked", "A7", study="2.25.7"),
        note(32, "ehr", "placer number assigned", "A7", placer="FA7"),
    ]
    (row,) = orders_of(records)
    assert (row["placer"], row["station"], row["last"], row["ordered_us"]) == ("FA7", "CT1", "images acquired", 10)
    closed = note(90, "ehr", "order closed", "FA7", mrn="M1", state="reported")
    assert orders_of([*records, closed])[0]["turnaround_us"] == 80


def test_orders_done_as_one_both_have_the_exams_milestones() -> None:
    made = [
        note(1, "ris", "procedure scheduled", placer, mrn="M1", accession=accession, study="2.25.1", station="CT1")
        for placer, accession in (("P1", "A1"), ("P1B", "A2"))
    ]
    exam = [
        stimulus(2, "ct1", "patient on table", "A1"),
        note(3, "ct1", "exam started", "A1", mrn="M1", station="CT1", accession="A1+A2", study="2.25.3"),
        stimulus(4, "ct1", "images acquired", "A1"),
    ]
    assert [(row["placer"], row["last"]) for row in orders_of([*made, *exam])] == [
        ("P1", "images acquired"),
        ("P1B", "images acquired"),
    ]


def test_an_exam_under_a_wrongly_picked_entry_is_no_milestone_of_the_order() -> None:
    records = Exam(1).records(without=lambda record: record.get("name") != "procedure scheduled")
    wrong = [
        note(1, "ct2", "exam started", "A0001?", mrn="M0001", station="CT2", accession="A0001", study="2.25.1"),
        note(2, "ct2", "exam discontinued", "A0001?", instances=0, reason="110514"),
    ]
    assert orders_of([*records, *wrong])[0]["last"] == "scheduled"


def test_an_order_row_says_who_matched_its_study() -> None:
    def verdict(state: str, by: str) -> Record:
        fields = {"mrn": "M0001", "accession": "A0001", "state": state, "reason": "", "by": by}
        return note(HOUR, "pacs", "study reconciled", "2.25.1", **fields)

    records = Exam(1).records()
    assert orders_of(records)[0]["matched_by"] == "system"
    assert orders_of([*records, verdict("held", "system")])[0]["matched_by"] == ""
    assert orders_of([*records, verdict("held", "system"), verdict("matched", "person")])[0]["matched_by"] == "person"
