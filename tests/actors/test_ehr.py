"""The EHR: orders out, statuses and reports in, and the note that closes an order."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.ehr import Ehr
from emulators.core.effect import Effect
from emulators.messages.adt import RegisterPatient
from emulators.messages.orders import PlaceOrder
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    NOW,
    PATIENT,
    SOMEBODY_ELSE,
    VISIT,
    ask,
    note_names,
    notes,
    only_send,
    order,
    order_status,
    report,
    touch,
)


def ehr(*placers: str) -> Ehr:
    actor = Ehr("ehr", CLOCK, "engine")
    for placer in placers:
        touch(actor, "place order", patient=PATIENT, visit=VISIT, order=order(placer))
    return actor


def noted(actor: Ehr, *messages: object) -> list[Effect]:
    effects: list[Effect] = []
    for message in messages:
        acknowledgement, following = ask(actor, message)
        assert acknowledgement.code == "AA"
        effects += following
    return effects


def test_a_registration_goes_to_the_engine() -> None:
    send = only_send(touch(ehr(), "register", patient=PATIENT, visit=VISIT), RegisterPatient)
    assert send.to == "engine"
    assert send.message == RegisterPatient("V1-A041", NOW, PATIENT, VISIT)


def test_an_order_goes_to_the_engine() -> None:
    send = only_send(touch(ehr(), "place order", patient=PATIENT, visit=VISIT, order=order()), PlaceOrder)
    assert send.to == "engine"
    assert send.message == PlaceOrder("P1-NW1", NOW, PATIENT, VISIT, order())


def test_a_status_is_kept_and_noted() -> None:
    effects = noted(ehr("P1"), order_status("SC"))
    assert notes(effects) == [("order status", "P1", {"accession": ACCESSION, "status": "SC"})]


@given(st.lists(st.sampled_from(("SC", "IP", "CM")), max_size=8))
def test_a_status_never_goes_back(statuses: list[str]) -> None:
    messages = [order_status(status, control_id=f"C{number}") for number, status in enumerate(statuses)]
    kept = [fields["status"] for _, _, fields in notes(noted(ehr("P1"), *messages))]
    progress = {"SC": 1, "IP": 2, "CM": 3}
    assert kept == sorted(set(kept), key=progress.__getitem__)
    assert kept[-1:] == sorted(statuses, key=progress.__getitem__)[-1:]


def test_a_report_is_filed_with_its_text() -> None:
    effects = noted(ehr("P1"), report("P", text="A line."))
    assert notes(effects) == [("report filed", "P1", {"accession": ACCESSION, "status": "P", "text": "A line."})]


def test_a_final_report_replaces_the_preliminary_one() -> None:
    assert [fields["status"] for _, _, fields in notes(noted(ehr("P1"), report("P"), report("F")))] == ["P", "F"]


def test_a_preliminary_report_that_comes_late_does_not_win_over_the_final_one() -> None:
    assert [fields["status"] for _, _, fields in notes(noted(ehr("P1"), report("F"), report("P")))] == ["F"]


@pytest.mark.parametrize(("message", "location"), [(order_status("SC"), "ORC-2"), (report("F"), "OBR-2")])
def test_what_speaks_of_an_unknown_order_is_refused(message: object, location: str) -> None:
    acknowledgement, effects = ask(ehr("P2"), message)
    assert (acknowledgement.code, acknowledgement.error) == ("AE", f"204 {location}")
    assert effects == []


def test_a_report_for_another_patient_is_refused_and_not_filed() -> None:
    actor = ehr("P1")
    acknowledgement, effects = ask(actor, report("F", patient=SOMEBODY_ELSE))
    assert (acknowledgement.code, acknowledgement.error) == ("AE", "204 PID-3")
    assert effects == []
    assert note_names(noted(actor, report("F", control_id="C2"))) == ["report filed"]


CLOSING = (order_status("SC"), order_status("CM"), report("P"), report("F"))


@pytest.mark.parametrize("messages", list(permutations(CLOSING)))
def test_an_order_is_closed_once_when_it_is_completed_and_its_final_report_filed(messages: tuple[object, ...]) -> None:
    actor = ehr("P1")
    noted_at_each = [note_names(noted(actor, message)) for message in messages]
    closed_at = [number for number, names in enumerate(noted_at_each) if "order closed" in names]
    assert closed_at == [max(messages.index(order_status("CM")), messages.index(report("F")))]
    assert noted(actor, order_status("CM", control_id="C8"), report("F", control_id="C9")) == []


def test_orders_are_closed_one_by_one() -> None:
    actor = ehr("P1", "P2")
    effects = noted(actor, order_status("CM"), report("F", "P2"), order_status("CM", "P2"))
    assert [subject for name, subject, _ in notes(effects) if name == "order closed"] == ["P2"]
