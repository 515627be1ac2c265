"""The ladder: which order it chooses, which records it joins to it, and how they read."""

import pytest

from emulators.trace import Record
from reports.measures import ladder as ladder_module
from reports.measures.joins import of_order
from reports.measures.ladder import Ladder
from tests.reports.records import MINUTE, SECOND, Exam, day, exchange, fed, lost, note, stimulus


def ladder_of(records: list[Record], placer: str = "") -> dict[str, object]:
    return fed(Ladder(placer), records).result()


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
    assert ("workstation", "pacs", "C-MOVE", "20 completed") in exchanges
    assert exchanges[-1] == ("engine", "pacs", "ORU^R01", "AA")
    own = [(row["from"], row["text"]) for row in rows if row["kind"] != "exchange"]
    assert own[0] == ("ehr", "register")
    assert ("pacs", "20 on disk") in own
    assert ("pacs", "study reconciled matched") in own
    assert own[-1] == ("ehr", "order closed reported")


# --- exams that do not go by the book ----------------------------------------------------------------------------------


def step_started(at: int, scanner: str, accession: str, study: str) -> Record:
    return exchange(
        at, scanner, "ris", "StepStarted", "0000H", mrn="M0001", accession=accession, study=study, step=f"{study}.8"
    )


def started(at: int, scanner: str, subject: str, accession: str, study: str) -> Record:
    return note(at, scanner, "exam started", subject, mrn="M0001", station="CT2", accession=accession, study=study)


def test_what_two_orders_share_belongs_to_both() -> None:
    placed = exchange(1, "ehr", "engine", "PlaceOrder", mrn="M0001", placer="P0001+P0001B", control="c")
    step = step_started(2, "ct2", "A0001+A0002", "2.25.50")
    report = exchange(3, "workstation", "ris", "Report", mrn="M0001", placer="P0001", accession="A0001+A0002", study="2.25.50")
    scheduled = note(1, "ris", "procedure scheduled", "P0001B", mrn="M0001", accession="A0002", study="2.25.2", station="CT2")
    records = [placed, *Exam(1).records(), scheduled, started(2, "ct2", "A0001", "A0001+A0002", "2.25.50"), step, report]
    for placer in ("P0001", "P0001B"):
        joined = of_order(records, placer)
        assert all(shared in joined for shared in (placed, step, report))


def test_an_exam_of_a_typed_patient_is_joined_when_it_is_linked() -> None:
    study = "2.25.60"
    typed = [
        stimulus(1, "ct2", "start unscheduled", "U7"),
        started(2, "ct2", "U7", "", study),
        exchange(3, "ct2", "ris", "StepStarted", "0000H", mrn="M9", accession="", study=study, step=f"{study}.8"),
        note(4, "ris", "exam to reconcile", study, mrn="M9", accession="", step=f"{study}.8"),
        stimulus(5, "ct2", "images acquired", "U7"),
        exchange(6, "ct2", "pacs", "StoreStudy", {"stored": 2}, mrn="M9", accession="", study=study),
        exchange(7, "ct2", "ris", "StepEnded", "0000H", step=f"{study}.8"),
        stimulus(8, "ris", "link exam", study),
        note(9, "ris", "exam linked", "A0001", study=study),
    ]
    records = [*Exam(1).records(), *typed]
    assert [record for record in typed if record not in of_order(records, "P0001")] == []
    assert of_order([*Exam(1).records(), *typed[:-1]], "P0001") == Exam(1).records()


def test_an_order_of_the_ris_is_joined_with_its_exam_by_either_number() -> None:
    scheduled = note(1, "ris", "procedure scheduled", "A7", mrn="M7", accession="A7", study="2.25.7", station="CT1")
    numbered = note(2, "ehr", "placer number assigned", "A7", placer="FA7")
    closed = note(3, "ehr", "order closed", "FA7", mrn="M7", state="reported")
    for placer in ("FA7", "A7"):
        assert [scheduled, numbered] == of_order([scheduled, numbered, closed], placer)[:2]
    assert closed in of_order([scheduled, numbered, closed], "FA7")


def test_what_was_made_under_a_wrongly_picked_entry_belongs_to_the_order_and_so_does_its_next_study() -> None:
    again = note(3, "ris", "procedure rescheduled", "P0001", accession="A0001", study="2.25.70", reason="")
    wrong = [
        started(1, "ct2", "A0001?", "A0001", "2.25.1"),
        note(2, "ct2", "exam discontinued", "A0001?", instances=0, reason=""),
    ]
    stored_again = exchange(4, "ct2", "pacs", "StoreStudy", {"stored": 1}, mrn="M0001", accession="A0001", study="2.25.70")
    joined = of_order([*Exam(1).records(), *wrong, again, stored_again], "P0001")
    assert all(record in joined for record in (*wrong, again, stored_again))


def test_a_merge_and_what_was_told_of_the_merged_number_belong_to_the_order() -> None:
    exam = Exam(1)
    before = exchange(1, "ehr", "engine", "RegisterPatient", mrn="D0001", control="D0001-A041")
    merge = exchange(2, "ehr", "engine", "MergePatients", mrn="M0001", prior_mrn="D0001", control="M0001-A401")
    other = exchange(3, "ehr", "engine", "MergePatients", mrn="M0005", prior_mrn="D0005", control="M0005-A401")
    joined = of_order([before, merge, other, *exam.records()], "P0001")
    assert (before in joined, merge in joined, other in joined) == (True, True, False)


def test_a_study_that_is_appended_to_has_two_commitments() -> None:
    sent, again = (note(at, "ct2", "study sent", "A0001", instances=2) for at in (50 * MINUTE, 60 * MINUTE))
    asked = [
        exchange(record["at"] + 20_000, "ct2", "pacs", "CommitRequest", "0000H", transaction=f"2.25.9{number}")
        for number, record in enumerate((sent, again))
    ]
    joined = of_order([*Exam(1).records(), sent, again, *asked], "P0001")
    assert all(record in joined for record in asked)


def odd(name: str) -> list[Record]:
    """What marks an order as one that did not go by the book."""
    return {
        "changed": [stimulus(1, "ehr", "change order", "P0001")],
        "cancelled too late": [stimulus(1, "ehr", "cancel order", "P0001")],
        "typed": [note(1, "ris", "exam linked", "A0001", study="2.25.1")],
        "wrong entry": [note(1, "ris", "procedure rescheduled", "P0001", accession="A0001", study="2.25.9", reason="")],
        "done as one": [started(1, "ct2", "A0001", "A0001+A0005", "2.25.1")],
        "read elsewhere": [note(1, "workstation", "study unlisted", "A0001")],
        "made afterwards": [note(1, "ehr", "placer number assigned", "A0001", placer="P0001")],
    }[name]


@pytest.mark.parametrize(
    "name", ["changed", "cancelled too late", "typed", "wrong entry", "done as one", "read elsewhere", "made afterwards"]
)
def test_the_ladder_prefers_an_order_that_went_by_the_book(name: str) -> None:
    first, second = Exam(1, priority="STAT"), Exam(2, start=MINUTE, priority="STAT")
    assert ladder_of(day(first, second))["placer"] == "P0001"
    assert ladder_of([*odd(name), *day(first, second)])["placer"] == "P0002"
    routine = [*odd(name), *day(Exam(1), Exam(2, start=MINUTE))]
    assert ladder_of(routine)["placer"] == "P0002"


def test_an_order_that_was_cancelled_is_shown_only_where_there_is_no_other() -> None:
    cancelled = Exam(1, priority="STAT").records()
    cancelled[-3:] = [{**record, "state": "cancelled"} if "state" in record else record for record in cancelled[-3:]]
    assert any(record.get("state") == "cancelled" for record in cancelled)
    assert ladder_of([*cancelled, *Exam(2, start=MINUTE).records()])["placer"] == "P0002"
    assert ladder_of(cancelled)["placer"] == "P0001"


def test_a_study_that_a_person_matched_says_so_and_why_it_was_held() -> None:
    fields = {"mrn": "M0001", "accession": "A0001"}
    held = note(1, "pacs", "study reconciled", "2.25.1", state="held", reason="patient differs", by="system", **fields)
    matched = note(2, "pacs", "study reconciled", "2.25.1", state="matched", reason="", by="person", **fields)
    rows = ladder_of([*Exam(1).records(), held, matched])["rows"]
    texts = [row["text"] for row in rows]  # type: ignore[attr-defined]
    assert "study reconciled held (patient differs)" in texts
    assert "study reconciled matched (by a person)" in texts


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
