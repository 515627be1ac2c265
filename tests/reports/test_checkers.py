"""Every checker passes a good day, and bites on a day that is broken in its way."""

from collections.abc import Callable

import pytest

from emulators.trace import Record
from reports.checkers import all_checkers, sentence
from tests.reports.records import MINUTE, Exam, day, exchange, late, lost, note, stored

AFTER = 50 * MINUTE


def violations(name: str, records: list[Record]) -> list[str]:
    checker = all_checkers()[name]
    for record in records:
        checker(record)
    return checker.violations()


def without(name: str) -> list[Record]:
    return Exam(1).records(without=lambda record: record.get("name") == name)


def filed(status: str) -> Record:
    return note(AFTER, "ehr", "report filed", "P0001", accession="A0001", status=status, text="")


def sent(answer: str = "AA") -> Record:
    return exchange(AFTER, "ehr", "engine", "PlaceOrder", answer, mrn="M0001", placer="P0001", control="P0001-NW1")


def reconciled(study: str, accession: str, state: str) -> Record:
    return note(AFTER, "pacs", "study reconciled", study, mrn="M0001", accession=accession, state=state)


def preliminary_last() -> list[Record]:
    return [*Exam(1).records(without=lambda record: record.get("name") == "report filed"), filed("F"), filed("P")]


def first_answer(answer: str) -> list[Record]:
    def is_first(record: Record) -> bool:
        return record.get("control") == "P0001-NW1" and record["receiver"] == "engine"

    return [sent(answer), *Exam(1).records(without=is_first)]


BREAKS: list[tuple[str, Callable[[], list[Record]], str]] = [
    ("orders_closed", lambda: without("order closed"), "order P0001: never closed"),
    (
        "orders_closed",
        lambda: [*Exam(1).records(), note(AFTER, "ehr", "order closed", "P0001", mrn="M0001")],
        "order P0001: closed 2 times",
    ),
    (
        "orders_closed",
        lambda: [note(AFTER, "ehr", "order closed", "P9", mrn="M9")],
        "order P9: closed but never placed",
    ),
    (
        "reports_in_order",
        preliminary_last,
        "order P0001: a preliminary report was filed after the final one",
    ),
    (
        "reports_in_order",
        preliminary_last,
        "order P0001: the final report was filed before the preliminary one",
    ),
    ("reports_filed_once", lambda: without("report filed"), "order P0001: final report signed but never filed"),
    ("reports_filed_once", lambda: without("report signed"), "order P0001: preliminary report filed but never signed"),
    ("reports_filed_once", lambda: [*Exam(1).records(), filed("F")], "order P0001: final report filed 2 times"),
    ("studies_matched", lambda: without("study reconciled"), "study A0001: not in the archive"),
    ("studies_matched", lambda: [*Exam(1).records(), reconciled("2.25.1", "A0001", "held")], "study A0001: held"),
    ("studies_matched", lambda: [reconciled("2.25.9", "A9", "orphan")], "study A9: orphan"),
    (
        "images_complete",
        lambda: Exam(1).records(without=lambda record: record["record"] == "stored"),
        "study A0001: 0 of 20 instances in the archive",
    ),
    (
        "images_complete",
        lambda: [*Exam(1).records(), stored(AFTER, "pacs", "2.25.1", 2)],
        "study A0001: 22 of 20 instances in the archive",
    ),
    (
        "no_changed_duplicates",
        lambda: [stored(AFTER, "pacs", "2.25.1", 0, different=2)],
        "study 2.25.1: 2 came again to pacs with different content",
    ),
    (
        "accession_one_patient",
        lambda: [*Exam(1).records(), exchange(AFTER, "ris", "pacs", "StepStarted", accession="A0001", mrn="M9")],
        "accession number A0001: patient M0001 and patient M9",
    ),
    (
        "acknowledged_once",
        lambda: [*Exam(1).records(), sent()],
        "message P0001-NW1 from ehr to engine: sent again after its acknowledgement",
    ),
    (
        "acknowledged_once",
        lambda: [lost(sent())],
        "message P0001-NW1 from ehr to engine: never acknowledged, last unknown",
    ),
    (
        "acknowledged_once",
        lambda: first_answer("AE 204 PID-3"),
        "message P0001-NW1 from ehr to engine: never acknowledged, last AE 204 PID-3",
    ),
]


@pytest.mark.parametrize(("name", "records", "expected"), BREAKS)
def test_a_checker_bites(name: str, records: Callable[[], list[Record]], expected: str) -> None:
    assert expected in violations(name, records())


@pytest.mark.parametrize("name", all_checkers())
def test_a_checker_passes_a_good_day_with_retries(name: str) -> None:
    exams = (Exam(1), Exam(2, start=MINUTE))
    retries = [lost(record) for exam in exams for record in exam.records() if record["record"] == "exchange"]
    again = stored(AFTER, "pacs", "2.25.1", 0, same=20)
    records = sorted([*day(*exams), *retries, again, late(AFTER, "ehr", "engine")], key=lambda record: record["at"])
    assert violations(name, records) == []


def test_every_checker_is_shown_to_bite_and_says_its_invariant_in_a_sentence() -> None:
    assert {name for name, _, _ in BREAKS} == set(all_checkers())
    sentences = [sentence(checker) for checker in all_checkers().values()]
    assert all(text.endswith(".") and "\n" not in text for text in sentences)
