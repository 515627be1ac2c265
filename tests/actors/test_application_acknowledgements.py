"""A sender in enhanced mode: what is accepted is waited for until its receiver says what came of it; shown on an EHR."""

from collections.abc import Sequence

import pytest

from emulators.actors.application_acknowledgements import LIMIT_US, TRIES, AwaitedApplications
from emulators.actors.ehr import Ehr
from emulators.core.effect import Effect, Send
from emulators.core.event import OutcomeKind, Request
from emulators.messages.acknowledgements import ApplicationAcknowledgement, EnhancedMode
from emulators.messages.adt import RegisterPatient
from emulators.messages.common import Acknowledgement
from tests.actors.samples import (
    CLOCK,
    NOW,
    PATIENT,
    VISIT,
    answer,
    ask,
    cancelled,
    end,
    notes,
    only_send,
    order_status,
    sends,
    timers,
    touch,
    wake,
)

CONTROL = "V1-A041"
KEY = f"application/engine/{CONTROL}"


def waiting_ehr() -> tuple[Ehr, Send]:
    actor = Ehr("ehr", CLOCK, "engine")
    actor.awaited = AwaitedApplications(["engine"])
    sent = only_send(touch(actor, "register", subject="M1", patient=PATIENT, visit=VISIT), RegisterPatient)
    assert sent.message.control_id == CONTROL
    return actor, sent


def take(actor: Ehr, sent: Send, code: str = "CA") -> list[Effect]:
    return answer(actor, sent, Acknowledgement(code, sent.message.control_id))


def applied(code: str, error: str = "", number: str = "K1") -> ApplicationAcknowledgement:
    return ApplicationAcknowledgement(number, NOW, "A04", code, CONTROL, error)


def note_of(effects: Sequence[Effect]) -> tuple[str, str]:
    ((name, subject, _),) = notes(effects)
    return name, subject


def test_an_accepted_message_is_waited_for_and_then_forgotten() -> None:
    actor, sent = waiting_ehr()
    (timer,) = timers(take(actor, sent))
    assert (timer.key, timer.at) == (KEY, LIMIT_US)
    assert [one["control"] for one in actor.status()["accepted"]] == [CONTROL]
    _, effects = ask(actor, applied("AA"))
    assert cancelled(effects) == [KEY]
    assert actor.status()["accepted"] == []


@pytest.mark.parametrize("code", ["AE", "AR"])
def test_an_application_error_makes_a_dead_letter(code: str) -> None:
    actor, sent = waiting_ehr()
    take(actor, sent)
    _, effects = ask(actor, applied(code, "204 PID-3"))
    assert note_of(effects) == ("dead letter", CONTROL)
    (letter,) = actor.status()["dead_letters"]
    assert letter["reason"] == f"{code} 204 PID-3"
    again = only_send(touch(actor, "resend dead letter", subject=CONTROL, to="engine"), RegisterPatient)
    assert again.message == sent.message
    assert timers(take(actor, again))


def test_an_acknowledgement_that_overtakes_the_acceptance_counts() -> None:
    actor, sent = waiting_ehr()
    _, effects = ask(actor, applied("AA"))
    assert effects == []
    assert timers(take(actor, sent)) == []
    assert actor.status()["accepted"] == []


def test_an_error_that_overtakes_the_acceptance_counts_too() -> None:
    actor, sent = waiting_ehr()
    ask(actor, applied("AE", "101 PID-5"))
    assert note_of(take(actor, sent)) == ("dead letter", CONTROL)


def test_without_an_application_acknowledgement_the_same_message_goes_again_and_in_the_end_to_a_person() -> None:
    actor, sent = waiting_ehr()
    for _ in range(TRIES - 1):
        take(actor, sent)
        again = only_send(wake(actor, KEY), RegisterPatient)
        assert again.message == sent.message
        sent = again
    take(actor, sent)
    assert note_of(wake(actor, KEY)) == ("dead letter", CONTROL)
    (letter,) = actor.status()["dead_letters"]
    assert letter["reason"] == "no application acknowledgement"
    assert actor.status()["accepted"] == []


def test_a_message_that_asked_for_no_acceptance_is_waited_for_when_it_has_gone() -> None:
    actor, sent = waiting_ehr()
    assert timers(end(actor, sent, OutcomeKind.ANSWERED, None))


def test_a_commit_reject_is_tried_again_under_its_number_and_a_commit_error_is_not() -> None:
    actor, sent = waiting_ehr()
    (timer,) = timers(take(actor, sent, "CR"))
    again = only_send(wake(actor, timer.key), RegisterPatient)
    assert again.message == sent.message
    assert note_of(take(actor, again, "CE")) == ("dead letter", CONTROL)


def test_an_error_for_what_nobody_waits_for_is_noted() -> None:
    actor = Ehr("ehr", CLOCK, "engine")
    _, effects = ask(actor, applied("AE", "204 PID-3"))
    assert notes(effects) == [("application refused", CONTROL, {"from": "engine", "reason": "AE 204 PID-3"})]
    _, effects = ask(actor, applied("AA"))
    assert effects == []


def test_a_receiver_that_refuses_an_application_acknowledgement_makes_no_dead_letter() -> None:
    actor = Ehr("ehr", CLOCK, "engine")
    request = Request(1, "engine", order_status("SC", placer="P9"), EnhancedMode("AL", "AL", "O01"))
    accepted, *further = actor.handle(request, 0)
    assert getattr(accepted, "message", None) == Acknowledgement("CA", "P9-SC1")
    (sent,) = sends(further)
    assert (sent.message.code, sent.message.error) == ("AE", "204 ORC-2")
    assert note_of(take(actor, sent, "CE"))[0] == "delivery refused"
    assert actor.status()["dead_letters"] == []
