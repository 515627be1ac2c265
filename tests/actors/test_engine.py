"""The interface engine: acknowledged when it has the message, forwarded in order and in the dialect of each destination."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.dialect import TRANSLATED, AccessionMap, Dialect, Translator
from emulators.actors.engine import Engine
from emulators.actors.outbox import RetryPolicy
from emulators.core.effect import Effect, Send, SetTimer
from emulators.core.event import OutcomeKind
from emulators.core.instant import MINUTE, SECOND
from emulators.messages.adt import MergePatients, RegisterPatient
from emulators.messages.common import Acknowledgement, Patient
from emulators.messages.orders import OrderStatus, PlaceOrder
from emulators.messages.report import Report
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    PATIENT,
    SOMEBODY_ELSE,
    accept,
    answer,
    ask,
    end,
    merge_patients,
    note_names,
    notes,
    order_status,
    place_order,
    register_patient,
    report,
    sends,
    sent,
    step_started,
    timers,
    touch,
    wake,
)

ROUTES = {
    ("ehr", RegisterPatient): ("ris", "pacs"),
    ("ehr", MergePatients): ("ris", "pacs"),
    ("ehr", PlaceOrder): ("ris",),
    ("ris", OrderStatus): ("ehr",),
    ("ris", Report): ("ehr", "pacs"),
    ("teleradiology", Report): ("ris",),
}


def engine(**settings: Any) -> Engine:
    return Engine("engine", CLOCK, ROUTES, **settings)


def forwarded(actor: Engine, message: Any, sender: str = "ehr") -> list[Send]:
    """What goes out at once when a message comes in, which is acknowledged."""
    acknowledgement, effects = ask(actor, message, sender)
    assert acknowledgement == Acknowledgement("AA", message.control_id)
    return sends(effects)


def refuse(actor: Engine, send: Send) -> list[Effect]:
    return answer(actor, send, Acknowledgement("AE", send.message.control_id, "204 PID-3"))


def delivered(actor: Engine, effects: Sequence[Effect]) -> list[str]:
    """Let everything that goes out be taken; the control ids in their order."""
    controls: list[str] = []
    under_way = sends(effects)
    while under_way:
        send = under_way.pop(0)
        controls.append(send.message.control_id)
        under_way += sends(accept(actor, send))
    return controls


# --- routes ------------------------------------------------------------------------------------------------------------


def test_a_message_goes_unchanged_to_every_destination_of_its_route() -> None:
    out = forwarded(engine(), register_patient())
    assert sent(out) == [("ris", "RegisterPatient"), ("pacs", "RegisterPatient")]
    assert [send.message for send in out] == [register_patient()] * 2


def test_the_route_depends_on_the_sender() -> None:
    assert ask(engine(), register_patient(), "ris")[0].code == "AE"
    assert sent(forwarded(engine(), report("F"), "ris")) == [("ehr", "Report"), ("pacs", "Report")]
    assert sent(forwarded(engine(), report("F"), "teleradiology")) == [("ris", "Report")]


def test_a_message_without_a_route_is_refused_and_noted() -> None:
    acknowledgement, effects = ask(engine(), order_status("SC"), "ehr")
    assert (acknowledgement.code, acknowledgement.error) == ("AE", "207 MSH-9")
    assert sends(effects) == []
    assert notes(effects) == [("no route", "P1-SC1", {"from": "ehr", "message": "OrderStatus"})]


def test_a_route_without_destinations_takes_a_message_to_nobody() -> None:
    assert forwarded(Engine("engine", CLOCK, {("ehr", PlaceOrder): ()}), place_order()) == []


def test_every_hl7_message_is_taken() -> None:
    assert set(engine().requests) == set(TRANSLATED)
    assert type(step_started()) not in TRANSLATED


def test_a_retry_of_the_sender_is_not_forwarded_twice() -> None:
    actor = engine()
    forwarded(actor, place_order())
    assert forwarded(actor, place_order()) == []


# --- order and retries -------------------------------------------------------------------------------------------------


def test_messages_reach_a_destination_in_the_order_in_which_they_came() -> None:
    actor = engine()
    (first,) = forwarded(actor, place_order("P1"))
    assert forwarded(actor, place_order("P2")) == []
    (timer,) = timers(end(actor, first, OutcomeKind.REFUSED))
    assert forwarded(actor, place_order("P3")) == []
    (again,) = sends(wake(actor, timer.key))
    assert again.message == place_order("P1")
    (second,) = sends(accept(actor, again))
    (third,) = sends(accept(actor, second))
    assert [second.message, third.message] == [place_order("P2"), place_order("P3")]


def test_a_merge_does_not_overtake_the_order_before_it() -> None:
    actor = engine()
    (to_ris,) = forwarded(actor, place_order())
    assert sent(forwarded(actor, merge_patients())) == [("pacs", "MergePatients")]
    (timer,) = timers(end(actor, to_ris, OutcomeKind.UNKNOWN))
    (again,) = sends(wake(actor, timer.key))
    assert sent(accept(actor, again)) == [("ris", "MergePatients")]


def test_a_destination_that_is_down_does_not_hold_up_the_other() -> None:
    actor = engine()
    to_ris, to_pacs = forwarded(actor, register_patient())
    end(actor, to_ris, OutcomeKind.REFUSED)
    accept(actor, to_pacs)
    assert sent(forwarded(actor, register_patient(control_id="V2-A041"))) == [("pacs", "RegisterPatient")]


def test_after_an_outage_everything_arrives_once_and_in_order() -> None:
    actor = engine()
    (head,) = forwarded(actor, place_order("P0"))
    placers = [f"P{number}" for number in range(1, 500)]
    assert [forwarded(actor, place_order(placer)) for placer in placers] == [[]] * len(placers)
    now = 0
    while now < 10 * MINUTE:
        (timer,) = timers(end(actor, head, OutcomeKind.REFUSED, now=now))
        now = timer.at
        (head,) = sends(wake(actor, timer.key, now))
    assert delivered(actor, [head]) == [f"{placer}-NW1" for placer in ("P0", *placers)]


# --- dead letters ------------------------------------------------------------------------------------------------------


def test_what_a_destination_refuses_is_a_dead_letter_and_the_next_one_goes() -> None:
    actor = engine()
    (first,) = forwarded(actor, place_order("P1"))
    forwarded(actor, place_order("P2"))
    effects = refuse(actor, first)
    fields = {"to": "ris", "message": "PlaceOrder", "reason": "AE 204 PID-3"}
    assert notes(effects) == [("dead letter", "P1-NW1", fields)]
    assert [send.message for send in sends(effects)] == [place_order("P2")]


def test_a_dead_letter_is_sent_again_unchanged_and_to_its_destination_alone() -> None:
    actor = engine()
    to_ris, to_pacs = forwarded(actor, register_patient())
    accept(actor, to_pacs)
    refuse(actor, to_ris)
    effects = touch(actor, "resend dead letter", subject="V1-A041", to="ris")
    assert notes(effects) == [("dead letter resent", "V1-A041", {"to": "ris", "message": "RegisterPatient"})]
    assert sends(effects) == [to_ris]
    accept(actor, to_ris)
    assert note_names(touch(actor, "resend dead letter", subject="V1-A041", to="ris")) == ["no such dead letter"]


def test_a_dead_letter_that_is_refused_again_is_one_again() -> None:
    actor = engine()
    (first,) = forwarded(actor, place_order())
    refuse(actor, first)
    (again,) = sends(touch(actor, "resend dead letter", subject="P1-NW1", to="ris"))
    assert note_names(refuse(actor, again)) == ["dead letter"]
    assert len(actor.status()["dead_letters"]) == 1


def test_a_dropped_dead_letter_is_gone() -> None:
    actor = engine()
    refuse(actor, forwarded(actor, place_order())[0])
    effects = touch(actor, "drop dead letter", subject="P1-NW1", to="ris")
    assert note_names(effects) == ["dead letter dropped"]
    assert sends(effects) == []
    assert actor.status()["dead_letters"] == []


# --- a patient's messages behind a dead letter -------------------------------------------------------------------------


def patients_message(number: int, patient: Patient = PATIENT) -> RegisterPatient:
    return register_patient(patient, f"{patient.patient_id}-{number}")


def test_of_ten_messages_behind_a_refused_one_a_holding_destination_gets_the_others_only() -> None:
    actor = engine(hold_patient_on_error=("ris",))
    (first, to_pacs) = forwarded(actor, patients_message(1))
    delivered(actor, [to_pacs])
    for number in range(2, 6):
        delivered(actor, forwarded(actor, patients_message(number)))
        delivered(actor, forwarded(actor, patients_message(number, SOMEBODY_ELSE)))
    assert delivered(actor, refuse(actor, first)) == ["M2-2", "M2-3", "M2-4", "M2-5"]
    to_ris = [send for send in forwarded(actor, patients_message(6)) if send.to == "ris"]
    assert to_ris == []
    effects = touch(actor, "resend dead letter", subject="M1-1", to="ris")
    assert delivered(actor, effects) == ["M1-1", "M1-2", "M1-3", "M1-4", "M1-5", "M1-6"]


def test_when_a_dead_letter_is_dropped_what_waited_behind_it_goes() -> None:
    actor = engine(hold_patient_on_error=("ris",))
    (first,) = forwarded(actor, place_order("P1"))
    forwarded(actor, place_order("P2"))
    assert sends(refuse(actor, first)) == []
    assert actor.status()["dead_letters"][0]["held"] == 1
    assert delivered(actor, touch(actor, "drop dead letter", subject="P1-NW1", to="ris")) == ["P2-NW1"]


def test_when_the_dead_letter_is_refused_again_the_others_wait_again() -> None:
    actor = engine(hold_patient_on_error=("ris",))
    (first,) = forwarded(actor, place_order("P1"))
    forwarded(actor, place_order("P2"))
    refuse(actor, first)
    (again,) = sends(touch(actor, "resend dead letter", subject="P1-NW1", to="ris"))
    assert sends(refuse(actor, again)) == []
    assert delivered(actor, touch(actor, "resend dead letter", subject="P1-NW1", to="ris")) == ["P1-NW1", "P2-NW1"]


@given(st.lists(st.tuples(st.sampled_from((PATIENT, SOMEBODY_ELSE)), st.sampled_from(("taken", "refused", "tried again")))))
def test_at_a_holding_destination_no_patients_messages_change_places(course: list[tuple[Patient, str]]) -> None:
    """All come before the first is sent; what was refused is sent again at the end, and taken."""
    actor = engine(hold_patient_on_error=("ris",))
    under_way: list[Send] = []
    for number, (patient, _) in enumerate(course):
        under_way += [send for send in forwarded(actor, patients_message(number, patient)) if send.to == "ris"]
    fates = {f"{patient.patient_id}-{number}": fate for number, (patient, fate) in enumerate(course)}
    taken: list[str] = []
    while under_way:
        send = under_way.pop()
        control = send.message.control_id
        fate = fates.pop(control, "taken")
        if fate == "tried again":
            (timer,) = timers(end(actor, send, OutcomeKind.UNKNOWN))
            under_way += sends(wake(actor, timer.key))
        elif fate == "refused":
            under_way += sends(refuse(actor, send))
        else:
            taken.append(control)
            under_way += sends(accept(actor, send))
        dead = actor.status()["dead_letters"]
        if not under_way and dead:
            under_way += sends(touch(actor, "resend dead letter", subject=dead[0]["control"], to="ris"))
    for patient in (PATIENT, SOMEBODY_ELSE):
        expected = [f"{patient.patient_id}-{number}" for number, (one, _) in enumerate(course) if one is patient]
        assert [control for control in taken if control.startswith(patient.patient_id)] == expected


# --- dialects ----------------------------------------------------------------------------------------------------------

RIS_DIALECT = Dialect(accession=AccessionMap(strip_prefix="A", add_prefix="RIS-"), issuers={"RADLOOP": "RIS"})
PACS_DIALECT = Dialect(accession=AccessionMap(add_prefix="HOSPITAL"))


def test_each_destination_gets_its_own_form_under_the_same_control_id() -> None:
    actor = engine(dialects={"ris": RIS_DIALECT})
    to_ris, to_pacs = forwarded(actor, register_patient())
    assert (to_ris.message.patient.issuer, to_pacs.message.patient.issuer) == ("RIS", "RADLOOP")
    assert to_ris.message.control_id == to_pacs.message.control_id == "V1-A041"


def test_what_comes_back_is_put_into_the_form_of_the_house() -> None:
    actor = engine(dialects={"ris": RIS_DIALECT})
    theirs = Translator(RIS_DIALECT).theirs(report("F"))
    assert theirs.order.accession_number == f"RIS-{ACCESSION[1:]}"
    to_ehr, to_pacs = forwarded(actor, theirs, "ris")
    assert to_ehr.message == to_pacs.message == report("F")


def test_a_report_goes_from_one_dialect_into_another() -> None:
    theirs_dialect = Dialect(accession=AccessionMap(add_prefix="H1."))
    actor = engine(dialects={"ris": RIS_DIALECT, "teleradiology": theirs_dialect})
    theirs = Translator(theirs_dialect).theirs(report("F"))
    (to_ris,) = forwarded(actor, theirs, "teleradiology")
    assert to_ris.message.order.accession_number == f"RIS-{ACCESSION[1:]}"


def test_a_value_that_does_not_fit_one_destination_is_refused_and_goes_to_none() -> None:
    actor = engine(dialects={"pacs": PACS_DIALECT})
    acknowledgement, effects = ask(actor, report("F"), "ris")
    assert (acknowledgement.code, acknowledgement.error) == ("AE", "102 OBR-18")
    assert sends(effects) == []
    reason = "accession_number: longer than 16 characters"
    assert notes(effects) == [("not mapped", "P1-RF1", {"from": "ris", "message": "Report", "reason": reason})]


def test_a_value_that_its_sender_cannot_have_made_is_refused() -> None:
    acknowledgement, effects = ask(engine(dialects={"ris": RIS_DIALECT}), report("F"), "ris")
    assert acknowledgement.error == "102 OBR-18"
    assert note_names(effects) == ["not mapped"]


@pytest.mark.parametrize("message", [register_patient(), place_order()])
def test_without_a_dialect_the_very_message_is_forwarded(message: Any) -> None:
    assert all(send.message is message for send in forwarded(engine(), message))


# --- alerts ------------------------------------------------------------------------------------------------------------


def test_a_destination_that_is_down_too_long_is_noted_and_again_when_it_is_over() -> None:
    actor = engine(retry=RetryPolicy(alert_after_us=5 * MINUTE))
    (send,) = forwarded(actor, place_order("P1"))
    forwarded(actor, place_order("P2"))
    back_off, alert = timers(end(actor, send, OutcomeKind.UNKNOWN, now=30 * SECOND))
    assert alert == SetTimer("alert/ris", 5 * MINUTE)
    fields = {"depth": 2, "oldest_us": 5 * MINUTE, "message": "PlaceOrder", "trouble": "unknown"}
    assert notes(wake(actor, alert.key, alert.at)) == [("queue alert", "ris", fields)]
    (again,) = sends(wake(actor, back_off.key, 6 * MINUTE))
    (last,) = sends(accept(actor, again, 6 * MINUTE))
    assert notes(accept(actor, last, 6 * MINUTE)) == [("queue alert over", "ris", {})]
