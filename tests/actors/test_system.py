"""What every system does the same way, shown on an EHR: receipts, retries, dead letters, and what it does not take."""

from dataclasses import replace

import pytest

from emulators.actors.ehr import Ehr
from emulators.actors.outbox import RetryPolicy
from emulators.core.effect import Note, Send
from emulators.core.errors import LocalProtocolError
from emulators.core.event import OutcomeKind, Request, Told, Withdrawn
from emulators.core.instant import SECOND
from emulators.messages.adt import RegisterPatient
from emulators.messages.common import Acknowledgement, Status
from emulators.messages.orders import PlaceOrder
from tests.actors.samples import (
    CLOCK,
    PATIENT,
    VISIT,
    accept,
    answer,
    ask,
    end,
    images,
    notes,
    only_send,
    order,
    order_status,
    report,
    sends,
    step_started,
    stored,
    timers,
    touch,
    wake,
)


def ehr() -> Ehr:
    return Ehr("ehr", CLOCK, "engine")


def ehr_with_order() -> Ehr:
    actor = ehr()
    accept(actor, only_send(touch(actor, "place order", patient=PATIENT, visit=VISIT, orders=(order(),)), PlaceOrder))
    return actor


def test_a_repeated_message_gets_the_same_answer_and_has_no_second_effect() -> None:
    actor = ehr_with_order()
    first, effects = ask(actor, order_status("SC"))
    assert effects
    again, effects = ask(actor, replace(order_status("SC")))
    assert again == first
    assert effects == []


def test_another_message_under_a_used_control_id_is_refused_without_effect() -> None:
    actor = ehr_with_order()
    ask(actor, order_status("SC", control_id="C1"))
    refusal, effects = ask(actor, order_status("CM", control_id="C1"))
    assert (refusal.code, refusal.error) == ("AE", "205 MSH-10")
    assert effects == []
    accepted, effects = ask(actor, order_status("CM", control_id="C2"))
    assert accepted.code == "AA"
    assert effects


def test_a_message_that_was_refused_is_judged_anew_when_it_comes_again() -> None:
    actor = ehr()
    assert ask(actor, report("F"))[0].code == "AE"
    touch(actor, "place order", patient=PATIENT, visit=VISIT, orders=(order(),))
    accepted, effects = ask(actor, report("F"))
    assert accepted.code == "AA"
    assert effects
    assert ask(actor, report("F")) == (accepted, [])


def test_a_message_is_tried_again_when_its_timer_fires() -> None:
    actor = ehr()
    send = only_send(touch(actor, "register", patient=PATIENT, visit=VISIT), RegisterPatient)
    (timer,) = timers(end(actor, send, OutcomeKind.UNKNOWN, now=7 * SECOND))
    assert timer.at > 7 * SECOND
    assert sends(wake(actor, timer.key, timer.at)) == [send]


def test_a_message_that_is_refused_for_good_is_noted_and_kept_for_a_person() -> None:
    actor = ehr()
    send = only_send(touch(actor, "register", patient=PATIENT, visit=VISIT), RegisterPatient)
    effects = answer(actor, send, Acknowledgement("AE", send.message.control_id, "101 PID-3"))
    fields = {"to": "engine", "message": "RegisterPatient", "reason": "AE 101 PID-3"}
    assert notes(effects) == [("dead letter", "V1-A041", fields)]
    assert sends(effects) == []
    (row,) = actor.status()["dead_letters"]
    assert (row["to"], row["control"], row["reason"]) == ("engine", "V1-A041", "AE 101 PID-3")
    assert sends(touch(actor, "resend dead letter", subject="V1-A041", to="engine")) == [send]


def test_what_is_no_hl7_message_is_noted_when_it_is_refused_for_good_and_not_kept() -> None:
    actor = ehr()
    (send,) = sends(actor.outbox.put("ris", step_started()))
    effects = answer(actor, send, Status(0xC000))
    fields = {"to": "ris", "message": "StepStarted", "reason": "C000H"}
    assert notes(effects) == [("delivery refused", send.message.subject, fields)]
    assert actor.status()["dead_letters"] == []


def test_a_person_who_names_no_dead_letter_is_told_so() -> None:
    for stimulus in ("resend dead letter", "drop dead letter"):
        assert notes(touch(ehr(), stimulus, subject="C1", to="ris")) == [("no such dead letter", "C1", {"to": "ris"})]


def test_the_next_message_goes_out_after_what_the_delivery_led_to() -> None:
    actor = ehr()
    first = only_send(touch(actor, "register", patient=PATIENT, visit=VISIT), RegisterPatient)
    touch(actor, "register", patient=PATIENT, visit=VISIT)
    note, send = answer(actor, first, Acknowledgement("AE", first.message.control_id, "101 PID-3"))
    assert isinstance(note, Note)
    assert isinstance(send, Send)


def test_an_alert_timer_is_the_outboxs() -> None:
    actor = Ehr("ehr", CLOCK, "engine", RetryPolicy(alert_after_us=SECOND))
    send = only_send(touch(actor, "register", patient=PATIENT, visit=VISIT), RegisterPatient)
    _, alert = timers(end(actor, send, OutcomeKind.REFUSED))
    assert [name for name, _, _ in notes(wake(actor, alert.key, alert.at))] == ["queue alert"]


def test_a_system_tells_what_it_can_be_touched_with() -> None:
    assert {"register", "place order", "resend dead letter"} <= set(ehr().stimulus_names)


def test_a_message_bears_the_systems_wall_time() -> None:
    send = only_send(touch(ehr(), "register", now=61 * SECOND, patient=PATIENT, visit=VISIT), RegisterPatient)
    assert send.message.sent_at == "20260302080101"


def test_a_request_that_is_withdrawn_was_answered_already() -> None:
    assert list(ehr().handle(Withdrawn(41), 0)) == []


def test_what_a_system_does_not_take_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="does not take StepStarted"):
        ehr().handle(Request(41, "ct1", step_started()), 0)
    with pytest.raises(LocalProtocolError, match="keeps no images"):
        ehr().handle(Told(stored(images(1, 2))), 0)
    with pytest.raises(LocalProtocolError, match="no stimulus sneeze"):
        touch(ehr(), "sneeze")
    with pytest.raises(LocalProtocolError, match="no timer x"):
        wake(ehr(), "x")
    with pytest.raises(LocalProtocolError, match="not an event"):
        ehr().handle("an event", 0)  # type: ignore[arg-type]
