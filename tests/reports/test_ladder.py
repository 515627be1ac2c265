"""The ladder: which order it chooses, which records it joins to it, and how they read."""

import pytest

from emulators.trace import Record
from reports.measures import ladder as ladder_module
from reports.measures.joins import of_order
from reports.measures.ladder import Ladder
from tests.reports.records import MINUTE, SECOND, Exam, day, exchange, lost


def ladder_of(records: list[Record], placer: str = "") -> dict[str, object]:
    ladder = Ladder(placer)
    for record in records:
        ladder(record)
    return ladder.result()


def test_every_record_of_one_exam_belongs_to_its_order_and_none_of_another_does() -> None:
    # Same scanner, same minutes, and two orders of one patient apart: joins by time must hold.
    ours, theirs = Exam(1), Exam(3, start=31 * SECOND)
    assert of_order(day(ours, theirs), ours.placer) == ours.records()
    assert of_order(day(ours, theirs), theirs.placer) == theirs.records()


def test_a_second_order_of_the_same_patient_shares_the_registration_only() -> None:
    first, second = Exam(1), Exam(3, start=60 * MINUTE)
    second.mrn = first.mrn
    shared = [record for record in second.records() if record.get("message") == "RegisterPatient"]
    others = [record for record in of_order(day(first, second), first.placer) if record not in first.records()]
    assert [record for record in others if record["record"] == "exchange"] == shared


def test_retries_belong_to_the_order_too() -> None:
    records = day(Exam(1), Exam(2))
    ours = [record for record in Exam(1).records() if record["record"] == "exchange" and "control" in record]
    assert len(of_order([*map(lost, ours), *records], "P0001")) == len(Exam(1).records()) + len(ours)


def test_the_first_stat_order_that_closed_is_chosen() -> None:
    exams = (Exam(1), Exam(2, start=MINUTE, priority="STAT"), Exam(3, start=2 * MINUTE, priority="STAT"))
    assert ladder_of(day(*exams))["placer"] == "P0002"


def test_without_a_stat_order_it_is_the_first_that_closed_else_the_first_that_was_placed() -> None:
    stuck = Exam(1).records(without=lambda record: record.get("name") == "order closed")
    assert ladder_of([*stuck, *Exam(2, start=MINUTE).records()])["placer"] == "P0002"
    assert ladder_of(stuck)["placer"] == "P0001"
    assert ladder_of([]) == {"placer": "", "rows": []}


def test_an_order_that_is_asked_for_is_shown_even_if_it_did_not_close() -> None:
    stuck = Exam(1).records(without=lambda record: record.get("name") == "order closed")
    result = ladder_of([*stuck, *Exam(2, priority="STAT").records()], "P0001")
    assert (result["placer"], len(result["rows"])) == ("P0001", len(stuck))  # type: ignore[arg-type]


def test_what_is_kept_is_bounded_and_what_follows_the_closing_is_kept_too(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = len(Exam(1).records())
    monkeypatch.setattr(ladder_module, "KEPT_BEFORE", whole + 10)
    monkeypatch.setattr(ladder_module, "KEPT_AFTER", 5)
    exams = (Exam(number, start=number * 100 * MINUTE, priority="STAT" if number == 3 else "ROUTINE") for number in range(6))
    named = {"mrn": "M0003", "placer": "P0003", "control": "late"}
    records = day(*exams)
    closing = next(
        i for i, record in enumerate(records) if record.get("name") == "order closed" and record["subject"] == "P0003"
    )
    records.insert(closing + 3, exchange(records[closing]["at"] + 1, "engine", "ehr", "Report", **named))
    rows = ladder_of(records)["rows"]
    assert len(rows) == whole + 1  # type: ignore[arg-type]


def test_rows_read_like_the_wire_and_stand_in_the_order_of_their_start() -> None:
    rows: list[dict[str, object]] = ladder_of(Exam(1).records())["rows"]  # type: ignore[assignment]
    starts = [row["at_us"] for row in rows]
    assert starts == sorted(starts)  # type: ignore[type-var]
    exchanges = [(row["from"], row["to"], row["text"], row["answer"]) for row in rows if row["kind"] == "exchange"]
    assert exchanges[0] == ("ehr", "engine", "ADT^A04", "AA")
    assert ("ct2", "ris", "C-FIND worklist", "3 found") in exchanges
    assert ("ct2", "ris", "N-CREATE IN PROGRESS", "0000H") in exchanges
    assert ("ct2", "pacs", "C-STORE x 20", "20 stored") in exchanges
    assert ("workstation", "pacs", "C-MOVE study", "20 completed") in exchanges
    assert exchanges[-1] == ("engine", "pacs", "ORU^R01", "AA")
    own = [(row["from"], row["text"]) for row in rows if row["kind"] != "exchange"]
    assert own[0] == ("ehr", "register")
    assert ("pacs", "20 on disk") in own
    assert ("pacs", "study reconciled matched") in own
    assert own[-1] == ("ehr", "order closed")


def test_a_failed_exchange_says_its_outcome_and_its_fault() -> None:
    failed = lost(next(record for record in Exam(1).records() if record.get("message") == "ScheduleProcedure"))
    rows: list[dict[str, object]] = ladder_of([*Exam(1).records(), failed])["rows"]  # type: ignore[assignment]
    (row,) = (row for row in rows if row["fault"])
    assert (row["text"], row["outcome"], row["answer"], row["fault"]) == ("ORM^O01 NW, ZDS", "unknown", "", "reset_after")


def test_an_exchange_that_never_started_stands_where_it_was_queued() -> None:
    queued = exchange(9 * SECOND, "ehr", "engine", "PlaceOrder", None, placer="P0001", mrn="M0001", control="c")
    queued |= {"outcome": "refused", "started": -1, "taken": 2 * SECOND}
    rows: list[dict[str, object]] = ladder_of([*Exam(1).records(), queued])["rows"]  # type: ignore[assignment]
    (row,) = (row for row in rows if row["outcome"] == "refused")
    assert (row["at_us"], row["took_us"]) == (2 * SECOND, 7 * SECOND)
