"""The community hospital: a whole day of about 250 exams in memory."""

from reports.checkers import all_checkers
from reports.measures.facts import Facts
from reports.measures.happenings import Happenings
from sim.scenario import find
from tests.clinic import run


def test_a_day_of_the_community_hospital_ends_with_every_order_closed_and_every_check_holds() -> None:
    facts, counted, checkers = Facts(), Happenings(), all_checkers()
    ending = run(find("community_hospital")[1], facts, counted, *checkers.values())
    assert ending.finished, ending.open_orders
    assert ending.orders > 220
    assert {name: checker.violations() for name, checker in checkers.items() if checker.violations()} == {}
    result = facts.result()
    assert len(result["orders"]) == ending.orders
    assert result["unexplained"] == []
    assert {order["state"] for order in result["orders"].values()} == {"reported", "cancelled", "discontinued"}
    assert {order["reconciliation"] for order in result["orders"].values() if order["state"] == "reported"} == {"matched"}
    happened = counted.result()["happened"]
    assert sum(map(bool, happened.values())) >= len(happened) - 1
