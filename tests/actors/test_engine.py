"""The interface engine: acknowledged when it has the message, forwarded unchanged and in order to each destination."""

from emulators.actors.engine import Engine
from emulators.core.event import OutcomeKind
from emulators.messages.adt import RegisterPatient
from emulators.messages.common import Acknowledgement
from emulators.messages.orders import OrderStatus, PlaceOrder
from tests.actors.samples import (
    CLOCK,
    accept,
    answer,
    ask,
    end,
    note_names,
    notes,
    order_status,
    place_order,
    register_patient,
    sends,
    sent,
    timers,
    wake,
)


def engine() -> Engine:
    routes = {
        ("ehr", RegisterPatient): ("ris", "pacs"),
        ("ehr", PlaceOrder): ("ris",),
        ("ris", OrderStatus): ("ehr",),
    }
    return Engine("engine", CLOCK, routes)


def test_a_message_goes_unchanged_to_every_destination_of_its_route() -> None:
    acknowledgement, effects = ask(engine(), register_patient(), "ehr")
    assert acknowledgement == Acknowledgement("AA", register_patient().control_id)
    assert sent(effects) == [("ris", "RegisterPatient"), ("pacs", "RegisterPatient")]
    assert [send.message for send in sends(effects)] == [register_patient()] * 2


def test_the_route_depends_on_the_sender() -> None:
    assert ask(engine(), register_patient(), "ris")[0].code == "AE"
    assert sent(ask(engine(), order_status("SC"), "ris")[1]) == [("ehr", "OrderStatus")]


def test_a_message_without_a_route_is_refused_and_noted_as_a_dead_letter() -> None:
    acknowledgement, effects = ask(engine(), order_status("SC"), "ehr")
    assert (acknowledgement.code, acknowledgement.error) == ("AE", "207 MSH-9")
    assert sends(effects) == []
    assert notes(effects) == [("no route", "P1-SC1", {"from": "ehr", "message": "OrderStatus"})]


def test_a_retry_of_the_sender_is_not_forwarded_twice() -> None:
    actor = engine()
    ask(actor, place_order(), "ehr")
    again, effects = ask(actor, place_order(), "ehr")
    assert again.code == "AA"
    assert effects == []


def test_messages_reach_a_destination_in_the_order_in_which_they_came() -> None:
    actor = engine()
    (first,) = sends(ask(actor, place_order("P1"), "ehr")[1])
    assert sends(ask(actor, place_order("P2"), "ehr")[1]) == []
    (timer,) = timers(end(actor, first, OutcomeKind.REFUSED))
    assert sends(ask(actor, place_order("P3"), "ehr")[1]) == []
    (again,) = sends(wake(actor, timer.key))
    assert again.message == place_order("P1")
    (second,) = sends(accept(actor, again))
    (third,) = sends(accept(actor, second))
    assert [second.message, third.message] == [place_order("P2"), place_order("P3")]


def test_a_destination_that_is_down_does_not_hold_up_the_other() -> None:
    actor = engine()
    to_ris, to_pacs = sends(ask(actor, register_patient(), "ehr")[1])
    end(actor, to_ris, OutcomeKind.REFUSED)
    accept(actor, to_pacs)
    assert sent(ask(actor, register_patient(control_id="V2-A041"), "ehr")[1]) == [("pacs", "RegisterPatient")]


def test_what_a_destination_refuses_is_noted_and_the_next_one_goes() -> None:
    actor = engine()
    (first,) = sends(ask(actor, place_order("P1"), "ehr")[1])
    ask(actor, place_order("P2"), "ehr")
    effects = answer(actor, first, Acknowledgement("AE", first.message.control_id, "204 OBR-24"))
    assert note_names(effects) == ["delivery refused"]
    assert [send.message for send in sends(effects)] == [place_order("P2")]
