"""Final facts: what they hold, what they leave out, and that they are the same however a run went."""

from hashlib import sha256
from typing import Any

from emulators.trace import Record
from reports.measures.facts import Facts, digest
from tests.reports.records import MINUTE, Exam, day, exchange, fed, lost, note, stimulus, stored


def facts_of(records: list[Record], archive: str = "pacs") -> dict[str, Any]:
    return fed(Facts(archive), records).result()


def filed(placer: str, status: str, text: str = "", addendum: str = "") -> Record:
    return note(9, "ehr", "report filed", placer, accession="A1", status=status, text=text, addendum=addendum)


def scheduled(placer: str, accession: str, study: str) -> Record:
    fields = {"mrn": "M1", "accession": accession, "study": study, "station": "CT1"}
    return note(1, "ris", "procedure scheduled", placer, **fields)


def started(accession: str, study: str, receiver: str = "ris") -> Record:
    named = {"mrn": "M1", "accession": accession, "study": study, "step": f"{study}.7"}
    return exchange(5, "ct1", receiver, "StepStarted", "0000H", **named)


def test_a_closed_order_has_patient_identifiers_images_and_the_final_text() -> None:
    assert facts_of(Exam(1).records()) == {
        "orders": {
            "P0001": {
                "patient": "M0001",
                "accession": "A0001",
                "study": "2.25.1",
                "state": "reported",
                "instances": 20,
                "reconciliation": "matched",
                "report": {"status": "F", "text": "IMPRESSION: none", "addendum": ""},
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
    assert result["orders"]["P0001"]["instances"] == 20


def test_what_only_the_archive_knows_is_unknown_when_a_product_is_in_its_place() -> None:
    records = Exam(1).records(without=lambda record: "pacs" in (record.get("system"), record.get("sender")))
    order = facts_of(records, archive="")["orders"]["P0001"]
    assert (order["instances"], order["reconciliation"]) == ("unknown", "unknown")
    assert (order["state"], order["study"], order["report"]["status"]) == ("reported", "2.25.1", "F")


def test_every_order_of_a_message_is_there_also_when_it_never_reached_the_ris() -> None:
    refused = exchange(5, "ehr", "engine", "PlaceOrder", None, outcome="refused", mrn="M1", placer="P1+P1B", control="c")
    orders = facts_of([stimulus(0, "ehr", "place order", "P1"), refused])["orders"]
    assert set(orders) == {"P1", "P1B"}
    for order in orders.values():
        assert (order["state"], order["patient"], order["reconciliation"]) == ("ordered", "M1", "none")


def test_an_order_of_the_ris_is_named_by_its_accession_number_until_the_placer_has_numbered_it() -> None:
    made = scheduled("A1", "A1", "2.25.1")
    assert list(facts_of([made])["orders"]) == ["A1"]
    numbered = [made, note(2, "ehr", "placer number assigned", "A1", placer="FA1"), filed("FA1", "F", "None")]
    (name, order), *others = facts_of(numbered)["orders"].items()
    assert (name, order["accession"], order["state"], order["report"]["text"]) == ("FA1", "A1", "scheduled", "None")
    assert others == []


def test_the_state_of_an_order_never_goes_back() -> None:
    statuses = [
        note(at, "ehr", "order status", "P1", accession="A1", status=status, order_control="SC")
        for at, status in enumerate(("CM", "SC"))
    ]
    order = facts_of([stimulus(0, "ehr", "place order", "P1"), *statuses])["orders"]["P1"]
    assert order["state"] == "completed"


def test_how_an_order_ended_is_its_state() -> None:
    for state in ("reported", "cancelled", "discontinued"):
        closed = note(9, "ehr", "order closed", "P1", mrn="M1", state=state)
        assert facts_of([scheduled("P1", "A1", "2.25.1"), closed])["orders"]["P1"]["state"] == state


def test_the_chart_shows_the_last_report_with_its_addenda() -> None:
    reports = [
        filed("P1", "P", "one"),
        filed("P1", "F", "two"),
        filed("P1", "F", "two", "and more"),
        filed("P1", "C", "2", "more"),
    ]
    assert facts_of(reports)["orders"]["P1"]["report"] == {"status": "C", "text": "2", "addendum": "more"}


# --- which study is an order's -----------------------------------------------------------------------------------------


def test_orders_done_as_one_have_the_study_in_which_they_were_performed() -> None:
    records = [scheduled("P1", "A1", "2.25.1"), scheduled("P1B", "A2", "2.25.2"), started("A1+A2", "2.25.3")]
    assert {order["study"] for order in facts_of(records)["orders"].values()} == {"2.25.3"}


def test_only_what_the_ris_is_told_says_what_is_performed() -> None:
    """What it passes on is repeated until it gets through, which may be after the next exam has begun."""
    records = [scheduled("P1", "A1", "2.25.1"), started("A1", "2.25.3"), started("A1", "2.25.1", receiver="pacs")]
    assert facts_of(records)["orders"]["P1"]["study"] == "2.25.3"


def test_a_typed_accession_number_proves_nothing_until_the_exam_is_linked() -> None:
    reconcile = note(4, "ris", "exam to reconcile", "2.25.3", mrn="M1", accession="A1", step="2.25.3.7")
    typed = [scheduled("P1", "A1", "2.25.1"), reconcile, started("A1", "2.25.3")]
    assert facts_of(typed)["orders"]["P1"]["study"] == "2.25.1"
    linked = note(8, "ris", "exam linked", "A1", study="2.25.3")
    assert facts_of([*typed, linked])["orders"]["P1"]["study"] == "2.25.3"


def test_an_order_whose_entry_was_picked_wrongly_has_its_next_study() -> None:
    again = note(8, "ris", "procedure rescheduled", "P1", accession="A1", study="2.25.9", reason="")
    records = [scheduled("P1", "A1", "2.25.1"), started("A1", "2.25.1"), again]
    assert facts_of(records)["orders"]["P1"]["study"] == "2.25.9"


# --- whose ----------------------------------------------------------------------------------------------------------------


def test_a_merged_patient_is_named_by_the_last_survivor_whenever_the_merge_came() -> None:
    def merge(prior: str, survivor: str) -> Record:
        return exchange(3, "ehr", "engine", "MergePatients", mrn=survivor, prior_mrn=prior, control="c")

    order = scheduled("P1", "A1", "2.25.1")
    for records in ([merge("M1", "M2"), merge("M2", "M3"), order], [order, merge("M2", "M3"), merge("M1", "M2")]):
        assert facts_of(records)["orders"]["P1"]["patient"] == "M3"
    assert facts_of([order, merge("M1", "M2"), merge("M2", "M1")])["orders"]["P1"]["patient"] in ("M1", "M2")


def test_a_study_that_no_order_has_is_unexplained_with_what_the_archive_knows() -> None:
    fields = {"mrn": "M9", "accession": "A9", "state": "orphan", "reason": "no order", "by": "system"}
    reconciled = note(2, "pacs", "study reconciled", "2.25.9", **fields)
    records = [*Exam(1).records(), stored(1, "pacs", "2.25.9", 3), reconciled, stored(3, "pacs", "2.25.8", 1)]
    assert facts_of(records)["unexplained"] == [
        {"study": "2.25.8", "patient": "", "accession": "", "instances": 1, "reconciliation": "none"},
        {"study": "2.25.9", "patient": "M9", "accession": "A9", "instances": 3, "reconciliation": "orphan"},
    ]
