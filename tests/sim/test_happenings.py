"""What does not go by the book, one thing at a time: what each happening does to the facts, and who sees to it."""

from typing import Any

import pytest

from emulators.core.fault import FaultKind, FaultPlan, Rule, Verdict
from emulators.core.instant import HOUR
from emulators.trace import Record
from reports.checkers import all_checkers
from reports.measures.facts import Facts
from reports.measures.happenings import HAPPENED, PUT_RIGHT, Happenings
from sim.scenario import Scenario, find
from tests.clinic import eventful_clinic, happenings, run, scenario, small_clinic, visits


class Day:
    """A morning with these happenings, which ends well: the loop closes and every check holds."""

    def __init__(self, clinic: Scenario, plan: FaultPlan | None = None) -> None:
        facts, counted, checkers = Facts(), Happenings(), all_checkers()
        self.records: list[Record] = []
        ending = run(clinic, facts, counted, self.records.append, *checkers.values(), plan=plan)
        assert ending.finished, ending.open_orders
        assert {name: checker.violations() for name, checker in checkers.items() if checker.violations()} == {}
        result = facts.result()
        assert result["unexplained"] == []
        self.orders: dict[str, dict[str, Any]] = result["orders"]
        self.counts = {**counted.result()["happened"], **counted.result()["put_right"]}

    def all(self, name: str) -> set[Any]:
        """The values of a fact."""
        return {order[name] for order in self.orders.values()}

    def statuses(self) -> set[str]:
        return {order["report"]["status"] for order in self.orders.values()}

    def exchanges(self, message: str, receiver: str) -> list[Record]:
        return [
            record
            for record in self.records
            if record["record"] == "exchange" and (record["message"], record["receiver"]) == (message, receiver)
        ]

    def notes(self, name: str) -> list[Record]:
        return [record for record in self.records if record["record"] == "note" and record["name"] == name]


def morning(patient_class: str = "O", /, **fractions: float) -> Day:
    """Some visits, to all of which the same happens."""
    kinds = [visits(4, 4, patient_class)]
    return Day(scenario(arrivals=kinds, images={"cap": 6, "scale": 0.125}, happenings=happenings(**fractions)))


def test_by_the_book_every_order_is_reported_and_nobody_has_anything_to_put_right() -> None:
    day = morning()
    assert (day.all("state"), day.all("reconciliation"), day.statuses()) == ({"reported"}, {"matched"}, {"F"})
    assert set(day.counts.values()) == {0}


@pytest.mark.parametrize("name", ["no_show", "cancelled"])
def test_an_order_that_is_cancelled_has_no_study_and_no_report_and_leaves_the_worklist(name: str) -> None:
    day = morning(**{name: 1})
    assert (day.all("state"), day.all("instances"), day.statuses()) == ({"cancelled"}, {0}, {""})
    assert len(day.exchanges("CancelProcedure", "pacs")) == len(day.orders) == day.counts["cancelled"]
    assert day.notes("exam started") == []


def test_who_cancels_too_late_is_told_so_and_the_order_is_reported_all_the_same() -> None:
    day = morning(cancelled_too_late=1)
    assert (day.all("state"), day.statuses()) == ({"reported"}, {"F"})
    assert day.counts["cancelled_too_late"] == len(day.orders)
    told = [note for note in day.notes("order status") if note["order_control"] == "UC"]
    assert {note["status"] for note in told} == {"IP"}
    assert day.exchanges("CancelProcedure", "pacs") == []


def test_a_changed_order_keeps_its_accession_number_and_study_and_is_read_first() -> None:
    day, before = morning(changed=1), morning()
    assert {name: order["study"] for name, order in day.orders.items()} == {
        name: order["study"] for name, order in before.orders.items()
    }
    assert day.all("state") == {"reported"}
    assert {note["priority"] for note in day.notes("study listed")} == {"STAT"}
    assert len({record["control"] for record in day.exchanges("ChangeProcedure", "pacs")}) == len(day.orders)


def test_a_corrected_birth_date_reaches_archive_and_reading_list_and_changes_no_identity() -> None:
    day, before = morning(updated=1), morning()
    assert day.orders == before.orders
    assert len(day.exchanges("UpdatePatient", "pacs")) == len(day.orders) == day.counts["updated"]
    assert len(day.exchanges("ChangeProcedure", "pacs")) >= len(day.orders)


def test_after_a_merge_everything_is_the_survivors_whether_it_came_before_or_after_the_exam() -> None:
    day = morning(merged=1)
    assert {patient[0] for patient in day.all("patient")} == {"M"}
    assert (day.all("state"), day.all("reconciliation")) == ({"reported"}, {"matched"})
    made_for = {record["mrn"][0] for record in day.exchanges("StepStarted", "ris")}
    assert made_for == {"D", "M"}


def test_an_inpatient_is_admitted_transferred_and_discharged_and_the_worklist_follows() -> None:
    day = morning("I", transferred=1)
    for message in ("AdmitPatient", "TransferPatient", "DischargePatient"):
        assert len(day.exchanges(message, "ris")) == len(day.orders)
    assert day.all("state") == {"reported"}
    assert day.counts["transferred"] == len(day.orders)


def test_two_orders_of_one_message_are_two_exams_with_two_reports() -> None:
    day = morning(second_procedure=1)
    assert len(day.orders) == 2 * len(day.exchanges("PlaceOrder", "ris"))
    assert len(day.all("study")) == len(day.all("accession")) == len(day.orders)
    texts = [order["report"]["text"] for order in day.orders.values()]
    assert len(set(texts)) == len(texts)


def test_two_orders_done_as_one_share_a_study_and_its_report() -> None:
    day = morning(second_procedure=1, done_as_one=1, addendum=1)
    assert day.counts["done_as_one"] > 0
    shared = 0
    for name, order in day.orders.items():
        if name.endswith("B"):
            other = day.orders[name[:-1]]
            assert order["accession"] != other["accession"]
            if order["study"] == other["study"]:
                shared += 1
                assert order["report"] == other["report"]
                assert order["report"]["addendum"]
    assert shared == day.counts["done_as_one"]


def test_an_emergency_without_an_order_gets_one_of_the_ris_under_the_number_of_the_placer() -> None:
    day = morning("E", unordered=1)
    assert {name[0] for name in day.orders} == {"F"}
    assert {f"F{order['accession']}" for order in day.orders.values()} == set(day.orders)
    assert (day.all("state"), day.all("reconciliation"), day.statuses()) == ({"reported"}, {"matched"}, {"F"})
    assert day.counts["made_after"] == day.counts["ordered"] == day.counts["typed"] == len(day.orders)
    assert len(day.exchanges("NumberAssigned", "ris")) == len(day.orders)


def test_what_is_typed_right_is_linked_to_its_order_by_the_systems() -> None:
    day = morning(manual_entry=1)
    assert (day.all("state"), day.all("reconciliation")) == ({"reported"}, {"matched"})
    assert day.counts["typed"] == len(day.orders)
    assert (day.counts["linked"], day.counts["matched"]) == (0, 0)
    assert day.all("study") == {
        note["study"] for note in day.notes("exam started")
    }  # the scanner's own, not the scheduled ones


def test_what_is_typed_wrong_is_linked_by_a_clerk_and_matched_by_a_person() -> None:
    day = morning(manual_entry=1, typing_error=1)
    assert (day.all("state"), day.all("reconciliation")) == ({"reported"}, {"matched"})
    assert day.counts["linked"] == day.counts["matched"] == len(day.orders)
    held = {note["reason"] for note in day.notes("study reconciled") if note["state"] != "matched"}
    assert held == {"patient differs", "no order", "accession number differs"}


def test_an_entry_that_is_picked_for_somebody_else_is_back_on_the_list_under_another_study() -> None:
    day, before = morning(wrong_entry=1), morning()
    assert day.counts["wrong_entry"] == len(day.orders)
    for name, order in day.orders.items():
        assert order["study"] != before.orders[name]["study"]
        assert {**order, "study": ""} == {**before.orders[name], "study": ""}


def test_an_exam_that_is_broken_off_keeps_its_images_and_has_no_report() -> None:
    day, whole = morning(discontinued=1), morning()
    assert (day.all("state"), day.all("reconciliation"), day.statuses()) == ({"discontinued"}, {"matched"}, {""})
    assert day.counts["discontinued"] == len(day.orders)
    for name, order in day.orders.items():
        assert order["instances"] == max(1, whole.orders[name]["instances"] // 2)
    assert day.notes("study listed") == []


def test_appended_images_are_in_the_same_study_under_a_performed_step_of_their_own() -> None:
    day, before = morning(appended=1), morning()
    assert len({record["step"] for record in day.exchanges("StepStarted", "ris")}) == 2 * len(day.orders)
    for name, order in day.orders.items():
        assert order == {**before.orders[name], "instances": before.orders[name]["instances"] + 2}


def test_an_addendum_stands_beside_the_final_report() -> None:
    day, before = morning(addendum=1), morning()
    for name, order in day.orders.items():
        assert order["report"].pop("addendum").startswith("ADDENDUM")
        assert before.orders[name]["report"].pop("addendum") == ""
        assert order == before.orders[name]


def test_a_correction_takes_the_place_of_the_text_and_is_shown_as_one() -> None:
    day, before = morning(corrected=1, addendum=1), morning()
    assert day.statuses() == {"C"}
    for name, order in day.orders.items():
        assert order["report"]["text"].startswith(before.orders[name]["report"]["text"])
        assert "CORRECTED" in order["report"]["text"]
        assert order["report"]["addendum"].startswith("ADDENDUM")
    assert day.all("state") == {"reported"}


def test_when_the_worklist_is_away_patients_are_typed_in_the_end_and_every_order_is_reported() -> None:
    outage = FaultPlan(7, [Rule(Verdict(FaultKind.SWALLOW), lane="worklist", until_us=24 * HOUR)])
    clinic = small_clinic(happenings=happenings(typing_error=0.3, done_as_one=1, second_procedure=0.5))
    day = Day(clinic, outage)
    assert (day.all("state"), day.all("reconciliation")) == ({"reported"}, {"matched"})
    assert day.counts["typed"] == len(day.orders)
    assert day.counts["done_as_one"] == 0  # who types, types one
    assert day.counts["matched"] > 0
    minutes = {note["subject"]: note["at"] for note in day.notes("worklist did not answer")}
    assert len(day.notes("worklist did not answer")) > 20 * len(minutes)  # they look again and again


def test_everything_happens_in_the_clinics_day_but_what_only_inpatients_meet() -> None:
    day = Day(find("clinic")[1])
    assert {name for name, count in day.counts.items() if not count} == {"transferred", "resent"}
    assert day.all("state") == {"reported", "cancelled", "discontinued"}


def test_everything_happens_in_the_eventful_morning_of_the_tests() -> None:
    counts = Day(eventful_clinic()).counts
    assert {name for name, count in counts.items() if not count} == {"resent"}
    assert set(counts) == {*HAPPENED, *PUT_RIGHT}
