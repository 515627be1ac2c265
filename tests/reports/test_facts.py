"""Final facts: what they hold, what they leave out, and that they are the same however a run went."""

from hashlib import sha256

from emulators.trace import Record
from reports.measures.facts import Facts, digest
from tests.reports.records import MINUTE, Exam, day, exchange, lost, note, stimulus, stored


def facts_of(records: list[Record]) -> dict[str, object]:
    facts = Facts()
    for record in records:
        facts(record)
    return facts.result()


def test_a_closed_order_has_patient_identifiers_images_and_the_final_text() -> None:
    assert facts_of(Exam(1).records()) == {
        "orders": {
            "P0001": {
                "patient": "M0001",
                "accession": "A0001",
                "study": "2.25.1",
                "state": "closed",
                "instances": 20,
                "reconciliation": "matched",
                "report": {"status": "F", "text": "IMPRESSION: none"},
            }
        },
        "unexplained": [],
    }


def test_facts_do_not_depend_on_times_retries_or_the_order_of_the_orders() -> None:
    plain = day(Exam(1), Exam(2, start=5 * MINUTE))
    later = day(Exam(1, start=90 * MINUTE), Exam(2))
    troubled = [
        twice for record in later for twice in ((lost(record), record) if record["record"] == "exchange" else (record,))
    ]
    assert digest(facts_of(plain)) == digest(facts_of(later)) == digest(facts_of(troubled))


def test_the_digest_is_that_of_canonical_json() -> None:
    assert digest({"b": ["ä"], "a": 1}) == sha256('{"a":1,"b":["ä"]}'.encode()).hexdigest()


def test_an_instance_that_comes_again_counts_once_and_only_the_archive_counts() -> None:
    records = Exam(1, instances=20).records(without=lambda record: record["record"] == "stored")
    batches = [stored(1, "pacs", "2.25.1", 12), stored(2, "pacs", "2.25.1", 8, same=5), stored(3, "pacs", "2.25.1", 0, same=20)]
    result = facts_of([*records, *batches, stored(4, "workstation", "2.25.1", 20)])
    assert result["orders"]["P0001"]["instances"] == 20  # type: ignore[index]


def test_an_order_that_never_reached_the_ris_is_ordered_and_has_its_patient() -> None:
    refused = exchange(5, "ehr", "engine", "PlaceOrder", None, outcome="refused", mrn="M1", placer="P1", control="c")
    order = facts_of([stimulus(0, "ehr", "place order", "P1"), refused])["orders"]["P1"]  # type: ignore[index]
    assert (order["state"], order["patient"], order["reconciliation"]) == ("ordered", "M1", "none")


def test_the_state_of_an_order_never_goes_back() -> None:
    statuses = [note(at, "ehr", "order status", "P1", accession="A1", status=status) for at, status in enumerate(("CM", "SC"))]
    order = facts_of([stimulus(0, "ehr", "place order", "P1"), *statuses])["orders"]["P1"]  # type: ignore[index]
    assert order["state"] == "completed"


def test_a_study_that_no_order_has_is_unexplained_with_what_the_archive_knows() -> None:
    reconciled = note(2, "pacs", "study reconciled", "2.25.9", mrn="M9", accession="A9", state="orphan")
    records = [*Exam(1).records(), stored(1, "pacs", "2.25.9", 3), reconciled, stored(3, "pacs", "2.25.8", 1)]
    assert facts_of(records)["unexplained"] == [
        {"study": "2.25.8", "patient": "", "accession": "", "instances": 1, "reconciliation": "none"},
        {"study": "2.25.9", "patient": "M9", "accession": "A9", "instances": 3, "reconciliation": "orphan"},
    ]
