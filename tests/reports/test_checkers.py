"""Every checker passes a good day, and bites on a day that is broken in its way."""

from collections.abc import Callable

import pytest

from emulators.trace import Record
from reports.checkers import all_checkers, not_to_run, sentence
from tests.reports.records import MINUTE, Exam, day, exchange, fed, late, lost, note, stimulus, stored

AFTER = 50 * MINUTE


def violations(name: str, records: list[Record]) -> list[str]:
    return fed(all_checkers()[name], records).violations()


def without(name: str) -> list[Record]:
    return Exam(1).records(without=lambda record: record.get("name") == name)


def filed(status: str, at: int = AFTER) -> Record:
    return note(at, "ehr", "report filed", "P0001", accession="A0001", status=status, text="", addendum="")


def signed(status: str, system: str = "workstation", name: str = "report signed") -> Record:
    return note(AFTER, system, name, "P0001", accession="A0001", status=status)


def sent(answer: str = "AA", control: str = "P0001-NW1") -> Record:
    return exchange(AFTER, "ehr", "engine", "PlaceOrder", answer, mrn="M0001", placer="P0001", control=control)


def dead_letter(name: str = "dead letter", control: str = "P0001-XO1") -> Record:
    return note(AFTER, "ehr", name, control, to="engine", message="ChangeOrder", reason="AE 206 ORC-2")


def reconciled(study: str, accession: str, state: str, mrn: str = "M0001", reason: str = "", by: str = "system") -> Record:
    fields = {"mrn": mrn, "accession": accession, "state": state, "reason": reason, "by": by}
    return note(AFTER, "pacs", "study reconciled", study, **fields)


def merged(prior: str, survivor: str) -> Record:
    return exchange(AFTER, "ehr", "engine", "MergePatients", mrn=survivor, prior_mrn=prior, control=f"{prior}-A401")


def made_here(*notes: Record) -> list[Record]:
    """An order that the RIS made for an exam, of which these notes tell more."""
    fields = {"mrn": "M1", "accession": "A7", "study": "2.25.7", "station": "CT1"}
    return [note(1, "ris", "procedure scheduled", "A7", **fields), *notes]


def preliminary_last() -> list[Record]:
    return [*Exam(1).records(without=lambda record: record.get("name") == "report filed"), filed("F"), filed("P")]


BREAKS: list[tuple[str, Callable[[], list[Record]], str]] = [
    ("orders_closed", lambda: without("order closed"), "order P0001: never closed"),
    (
        "orders_closed",
        lambda: [*Exam(1).records(), note(AFTER, "ehr", "order closed", "P0001", mrn="M0001", state="reported")],
        "order P0001: closed 2 times",
    ),
    (
        "orders_closed",
        lambda: [note(AFTER, "ehr", "order closed", "P9", mrn="M9", state="cancelled")],
        "order P9: closed but never placed",
    ),
    (
        "orders_closed",
        lambda: [exchange(1, "ehr", "engine", "PlaceOrder", None, outcome="refused", mrn="M1", placer="P1+P1B", control="c")],
        "order P1B: never closed",
    ),
    ("orders_closed", made_here, "order A7: never closed"),
    (
        "orders_closed",
        lambda: made_here(note(2, "ehr", "placer number assigned", "A7", placer="FA7")),
        "order FA7: never closed",
    ),
    (
        "reports_in_order",
        preliminary_last,
        "study A0001: a preliminary report was filed after the final one",
    ),
    (
        "reports_in_order",
        preliminary_last,
        "study A0001: the final report was filed before the preliminary one",
    ),
    (
        "reports_in_order",
        lambda: [signed("P", "ris", "report covers"), filed("F")],
        "study A0001: the final report was filed before the preliminary one",
    ),
    ("reports_filed_once", lambda: without("report filed"), "study A0001: final report signed once, filed never"),
    ("reports_filed_once", lambda: without("report signed"), "study A0001: preliminary report signed never, filed once"),
    (
        "reports_filed_once",
        lambda: [*Exam(1).records(), filed("F")],
        "study A0001: final report signed once, filed 2 times",
    ),
    (
        "reports_filed_once",
        lambda: [*Exam(1).records(), signed("F")],  # an addendum
        "study A0001: final report signed 2 times, filed once",
    ),
    (
        "reports_filed_once",
        lambda: [signed("F", "ris", "report covers")],
        "study A0001: final report signed once, filed never",
    ),
    (
        "studies_matched",
        lambda: [*Exam(1).records(), reconciled("2.25.1", "A0001", "held", reason="patient differs")],
        "study 2.25.1: held, patient differs",
    ),
    ("studies_matched", lambda: [reconciled("2.25.9", "A9", "orphan")], "study 2.25.9: orphan"),
    (
        "studies_of_their_patient",
        lambda: [*Exam(1).records(), reconciled("2.25.1", "A0001", "matched", mrn="M9")],
        "study 2.25.1: filed under patient M9, its order A0001 is for patient M0001",
    ),
    (
        "studies_of_their_patient",
        lambda: [*Exam(1).records(), reconciled("2.25.5", "A8+A0001", "matched", mrn="M9", by="person")],
        "study 2.25.5: filed under patient M9, its order A0001 is for patient M0001",
    ),
    (
        "studies_of_their_patient",
        lambda: [merged("M9", "M8"), *Exam(1).records(), reconciled("2.25.1", "A0001", "matched", mrn="M9")],
        "study 2.25.1: filed under patient M9, its order A0001 is for patient M0001",
    ),
    (
        "images_complete",
        lambda: Exam(1).records(without=lambda record: record["record"] == "stored"),
        "study 2.25.1: 0 of 20 instances in the archive",
    ),
    (
        "images_complete",
        lambda: [*Exam(1).records(), stored(AFTER, "pacs", "2.25.1", 2)],
        "study 2.25.1: 22 of 20 instances in the archive",
    ),
    (
        "no_changed_duplicates",
        lambda: [stored(AFTER, "pacs", "2.25.1", 0, different=2)],
        "study 2.25.1: 2 came again with different content",
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
        lambda: [sent("AR 207 MSH-9")],
        "message P0001-NW1 from ehr to engine: never acknowledged, last AR 207 MSH-9",
    ),
    (
        "acknowledged_once",
        lambda: [sent("AE 204 PID-3"), sent("AE 204 PID-3")],
        "message P0001-NW1 from ehr to engine: sent again after its refusal",
    ),
    (
        "refusals_noted",
        lambda: [sent("AE 206 ORC-2", "P0001-XO1")],
        "message P0001-XO1 from ehr to engine: refused with AE 206 ORC-2, and nobody noted it",
    ),
    (
        "refusals_noted",
        lambda: [sent("AE 206 ORC-2", "P0001-XO1"), dead_letter(control="P0001-XO2")],
        "message P0001-XO1 from ehr to engine: refused with AE 206 ORC-2, and nobody noted it",
    ),
]

PASSES: list[tuple[str, Callable[[], list[Record]]]] = [
    (
        "orders_closed",
        lambda: made_here(
            note(2, "ehr", "placer number assigned", "A7", placer="FA7"),
            note(3, "ehr", "order closed", "FA7", mrn="M1", state="cancelled"),
        ),
    ),
    ("no_changed_duplicates", lambda: [stored(1, "workstation", "2.25.1", 0, different=2)]),  # its patient was corrected
    ("refusals_noted", lambda: [sent("AE 206 ORC-2", "P0001-XO1"), dead_letter()]),
    ("acknowledged_once", lambda: [sent("AE 206 ORC-2", "P0001-XO1"), dead_letter()]),
    ("acknowledged_once", lambda: [sent("AR 207 MSH-9", "P0001-XO1"), dead_letter()]),  # after thirty of them
    (
        "acknowledged_once",
        lambda: [sent("AE 1", "P0001-XO1"), dead_letter(), dead_letter("dead letter resent"), sent("AA", "P0001-XO1")],
    ),
    (
        "reports_filed_once",  # another order of the study was read apart, in the same words
        lambda: [signed("F", "ris", "report covers"), filed("F"), signed("F")],
    ),
    ("reports_in_order", lambda: [signed("P", "ris", "report covers"), filed("P"), signed("P"), filed("F")]),
    ("studies_matched", lambda: [reconciled("2.25.1", "A1", "held"), reconciled("2.25.1", "A1", "matched", by="person")]),
    ("studies_matched", lambda: [reconciled("2.25.1", "A1", "orphan"), reconciled("2.25.1", "A1", "rejected", by="person")]),
    (
        "studies_of_their_patient",
        lambda: [*Exam(1).records(), reconciled("2.25.1", "A0001", "matched", mrn="M9"), merged("M9", "M0001")],
    ),
    (
        "studies_of_their_patient",  # two chains that end with the same survivor
        lambda: [
            *Exam(1).records(),
            reconciled("2.25.1", "A0001", "matched", mrn="M9"),
            merged("M9", "M5"),
            merged("M0001", "M5"),
        ],
    ),
    ("studies_of_their_patient", lambda: [*Exam(1).records(), reconciled("2.25.1", "A0001", "held", mrn="M9")]),
]


@pytest.mark.parametrize(("name", "records", "expected"), BREAKS)
def test_a_checker_bites(name: str, records: Callable[[], list[Record]], expected: str) -> None:
    assert expected in violations(name, records())


@pytest.mark.parametrize(("name", "records"), PASSES)
def test_a_checker_lets_pass_what_looks_broken_and_is_not(name: str, records: Callable[[], list[Record]]) -> None:
    assert violations(name, records()) == []


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


def test_checkers_that_rest_on_the_records_of_a_product_are_not_run() -> None:
    checkers = all_checkers()
    assert not_to_run(checkers, ()) == {}
    of_the_archive = {"images_complete", "no_changed_duplicates", "studies_matched", "studies_of_their_patient"}
    assert set(not_to_run(checkers, ("pacs",))) == of_the_archive
    assert not_to_run(checkers, ["engine"]) == {
        "refusals_noted": "a product is in the place of the engine, and its own records cannot be seen"
    }


def test_a_stimulus_that_places_an_order_is_an_order_that_must_end() -> None:
    assert violations("orders_closed", [stimulus(0, "ehr", "place order", "P1")]) == ["order P1: never closed"]
