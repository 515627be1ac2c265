"""The EHR: patients and orders out, statuses and reports in, and the note that closes an order."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.chart import ChartEntry
from emulators.actors.ehr import ADMINISTRATION, Ehr
from emulators.core.effect import Effect
from emulators.core.errors import LocalProtocolError
from emulators.core.event import Event, OutcomeKind, Request, Stimulus
from emulators.messages.adt import MergePatients, RegisterPatient, UpdatePatient
from emulators.messages.common import Patient, PersonName, Visit
from emulators.messages.orders import CancelOrder, ChangeOrder, NumberAssigned, Order, PlaceOrder
from emulators.messages.report import Report
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    NOW,
    PATIENT,
    PROCEDURE,
    READER,
    SOMEBODY_ELSE,
    VISIT,
    accept,
    ask,
    end,
    filler_order,
    note_names,
    notes,
    only_send,
    order,
    order_status,
    report,
    sends,
    timers,
    touch,
    wake,
)

OTHER_ISSUER = replace(PATIENT, issuer="ELSEWHERE")
THIRD = Patient("M3", "RADLOOP", PersonName("Poe", "Edgar"), "19800909", "M")


def ehr(*placers: str, patient: Patient = PATIENT) -> Ehr:
    actor = Ehr("ehr", CLOCK, "engine")
    for placer in placers:
        sent_by(actor, "place order", patient=patient, visit=VISIT, orders=(order(placer),))
    return actor


def sent_by(actor: Ehr, stimulus: str, **data: Any) -> Any:
    """The one message that a stimulus makes it send; it is taken."""
    (send,) = sends(touch(actor, stimulus, **data))
    assert send.to == "engine"
    accept(actor, send)
    return send.message


def merge(actor: Ehr, prior: Patient, patient: Patient) -> Any:
    data = {"patient": patient, "prior_patient_id": prior.patient_id, "prior_issuer": prior.issuer}
    return sent_by(actor, "merge", subject=patient.patient_id, **data)


def noted(actor: Ehr, *messages: object) -> list[Effect]:
    effects: list[Effect] = []
    for message in messages:
        acknowledgement, following = ask(actor, message)
        assert (acknowledgement.code, acknowledgement.error) == ("AA", "")
        effects += following
    return effects


def error(actor: Ehr, message: object) -> str:
    """Why a message is refused; it has no effect."""
    acknowledgement, effects = ask(actor, message)
    assert acknowledgement.code == "AE"
    assert effects == []
    return str(acknowledgement.error)


def chart(actor: Ehr, placer: str = "P1") -> ChartEntry:
    entry = actor.chart(placer)
    assert entry is not None
    return entry


def signed(message: Report, at: str) -> Report:
    return replace(message, reported_at=f"20260302{at}00", control_id=f"{message.control_id}-{at}")


# --- patients ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stimulus", ADMINISTRATION)
def test_what_happens_at_the_desk_goes_to_the_engine(stimulus: str) -> None:
    kind = ADMINISTRATION[stimulus]
    message = sent_by(ehr(), stimulus, subject="M1", patient=PATIENT, visit=VISIT)
    assert message == kind(f"V1-{kind.event}1", NOW, PATIENT, VISIT)


def test_what_was_deleted_is_said() -> None:
    patient = replace(PATIENT, birth_date="")
    message = sent_by(ehr(), "update person", patient=patient, visit=VISIT, deleted=("birth_date",))
    assert message.deleted == ("birth_date",)


def test_every_message_about_a_visit_has_a_control_id_of_its_own() -> None:
    actor = ehr()
    updates = [sent_by(actor, "update patient", patient=PATIENT, visit=VISIT) for _ in range(3)]
    merges = [merge(actor, SOMEBODY_ELSE, PATIENT) for _ in range(2)]
    assert [message.control_id for message in updates] == ["V1-A081", "V1-A082", "V1-A083"]
    assert [message.control_id for message in merges] == ["M1-A401", "M1-A402"]


def test_a_message_without_a_visit_is_named_by_its_patient() -> None:
    message = sent_by(ehr(), "update person", patient=PATIENT, visit=Visit(""))
    assert message.control_id == "M1-A311"


def test_an_order_is_about_the_patient_as_the_ehr_knows_him() -> None:
    actor = ehr()
    married = replace(PATIENT, name=PersonName("Smith", "Jane"))
    sent_by(actor, "register", patient=PATIENT, visit=VISIT)
    sent_by(actor, "update patient", patient=married, visit=VISIT)
    message = sent_by(actor, "place order", patient=PATIENT, visit=VISIT, orders=(order(),))
    assert message.patient == married


def test_an_order_bears_the_visit_as_it_is_after_a_transfer() -> None:
    actor = ehr("P1")
    moved = replace(VISIT, location="WARD 7")
    sent_by(actor, "transfer", patient=PATIENT, visit=moved)
    message = sent_by(actor, "change order", subject="P1", order=order())
    assert message.visit == moved


# --- merges ------------------------------------------------------------------------------------------------------------


def test_a_merge_goes_to_the_engine() -> None:
    assert merge(ehr(), SOMEBODY_ELSE, PATIENT) == MergePatients("M1-A401", NOW, PATIENT, "M2", "RADLOOP")


@pytest.mark.parametrize("named", ["P1", ACCESSION])
def test_the_chart_is_shown_as_a_reader_finds_it(named: str) -> None:
    actor = ehr("P1")
    ask(actor, report("P", "P1"))
    ask(actor, report("F", "P1"))
    ((name, placer, fields),) = notes(touch(actor, "show chart", subject=named))
    assert (name, placer) == ("chart", "P1")
    entry = actor.chart("P1")
    assert entry is not None
    assert (fields["shown"], fields["text"], fields["addenda"]) == ("final", entry.text, [])
    assert fields["earlier"] == 1


def test_the_chart_of_an_order_that_is_not_there_is_noted() -> None:
    assert note_names(touch(ehr(), "show chart", subject="P9")) == ["no such order"]


def test_after_a_merge_the_chart_is_the_survivors() -> None:
    actor = ehr("P1", patient=SOMEBODY_ELSE)
    noted(actor, report("F", patient=SOMEBODY_ELSE))
    merge(actor, SOMEBODY_ELSE, PATIENT)
    assert chart(actor).patient == PATIENT
    (closed,) = [fields for name, _, fields in notes(noted(actor, order_status("CM"))) if name == "order closed"]
    assert closed["mrn"] == "M1"


@pytest.mark.parametrize("named", [PATIENT, SOMEBODY_ELSE])
def test_after_a_merge_a_report_for_either_id_is_filed(named: Patient) -> None:
    actor = ehr("P1", patient=SOMEBODY_ELSE)
    merge(actor, SOMEBODY_ELSE, PATIENT)
    assert note_names(noted(actor, report("F", patient=named))) == ["report filed"]
    assert error(actor, report("F", patient=THIRD, control_id="C2")) == "204 PID-3"


def test_a_chain_of_merges_ends_at_the_last_survivor() -> None:
    actor = ehr("P1", patient=SOMEBODY_ELSE)
    merge(actor, SOMEBODY_ELSE, PATIENT)
    merge(actor, PATIENT, THIRD)
    assert chart(actor).patient == THIRD
    assert note_names(noted(actor, report("F", patient=SOMEBODY_ELSE))) == ["report filed"]


def test_a_repeated_merge_and_one_with_itself_change_nothing() -> None:
    actor = ehr("P1", patient=SOMEBODY_ELSE)
    for prior, patient in ((SOMEBODY_ELSE, PATIENT), (SOMEBODY_ELSE, PATIENT), (PATIENT, PATIENT)):
        merge(actor, prior, patient)
    assert chart(actor).patient == PATIENT
    assert error(actor, report("F", patient=THIRD)) == "204 PID-3"


def test_the_same_number_of_another_issuer_is_another_patient() -> None:
    actor = ehr("P1")
    merge(actor, OTHER_ISSUER, THIRD)
    assert chart(actor).patient == PATIENT
    assert error(actor, report("F", patient=OTHER_ISSUER)) == "204 PID-3"


def test_an_order_for_the_merged_id_is_the_survivors() -> None:
    actor = ehr()
    sent_by(actor, "register", patient=PATIENT, visit=VISIT)
    merge(actor, SOMEBODY_ELSE, PATIENT)
    message = sent_by(actor, "place order", patient=SOMEBODY_ELSE, visit=VISIT, orders=(order(),))
    assert message.patient == PATIENT


def test_the_merged_id_is_not_registered_again_and_an_update_under_it_is_of_the_survivor() -> None:
    actor = ehr()
    sent_by(actor, "register", patient=PATIENT, visit=VISIT)
    merge(actor, SOMEBODY_ELSE, PATIENT)
    registered = sent_by(actor, "register", patient=SOMEBODY_ELSE, visit=VISIT)
    assert isinstance(registered, RegisterPatient)
    assert registered.patient == PATIENT
    updated = sent_by(actor, "update patient", patient=SOMEBODY_ELSE, visit=VISIT)
    assert isinstance(updated, UpdatePatient)
    assert updated.patient == replace(SOMEBODY_ELSE, patient_id="M1")


# --- orders out --------------------------------------------------------------------------------------------------------


def test_several_orders_go_in_one_message() -> None:
    orders = (order("P1"), order("P2"), order("P3"))
    message = sent_by(ehr(), "place order", subject="P1", patient=PATIENT, visit=VISIT, orders=orders)
    assert message == PlaceOrder("P1-NW1", NOW, PATIENT, VISIT, orders)


@pytest.mark.parametrize("orders", [(), (order("P1"), order(""))])
def test_an_order_without_a_number_is_our_mistake(orders: tuple[Order, ...]) -> None:
    actor = ehr()
    with pytest.raises(LocalProtocolError, match="without its placer order number"):
        touch(actor, "place order", subject="P1", patient=PATIENT, visit=VISIT, orders=orders)
    assert actor.status()["open_orders"] == []


def test_an_order_that_is_placed_again_goes_under_its_number_in_a_message_of_its_own() -> None:
    actor = ehr("P1")
    noted(actor, order_status("IP"))
    message = sent_by(actor, "place order", patient=PATIENT, visit=VISIT, orders=(order("P1"),))
    assert message == PlaceOrder("P1-NW2", NOW, PATIENT, VISIT, (order("P1"),))
    assert chart(actor).shown_status == "in progress"


def test_a_changed_order_goes_as_it_is_now_under_its_number() -> None:
    actor = ehr("P1")
    changed = replace(order(), priority="STAT")
    assert sent_by(actor, "change order", subject="P1", order=changed) == ChangeOrder("P1-XO1", NOW, PATIENT, VISIT, changed)
    assert chart(actor).order == changed


def test_a_cancelled_order_stays_open_until_the_filler_says_so() -> None:
    actor = ehr("P1")
    message = sent_by(actor, "cancel order", subject="P1", reason="Not needed")
    assert message == CancelOrder("P1-CA1", NOW, PATIENT, "P1", PROCEDURE, "Not needed")
    assert chart(actor).shown_status == "ordered"
    effects = noted(actor, order_status("CA", order_control="CR"))
    assert notes(effects) == [
        ("order status", "P1", {"accession": ACCESSION, "status": "CA", "order_control": "CR"}),
        ("order closed", "P1", {"mrn": "M1", "state": "cancelled"}),
    ]
    assert chart(actor).shown_status == "cancelled"


def test_a_cancel_that_comes_too_late_leaves_the_order_as_it_is() -> None:
    actor = ehr("P1")
    noted(actor, order_status("IP"))
    effects = noted(actor, order_status("IP", order_control="UC", control_id="C2"))
    assert notes(effects) == [("order status", "P1", {"accession": ACCESSION, "status": "IP", "order_control": "UC"})]


@pytest.mark.parametrize("stimulus", ["change order", "cancel order"])
def test_an_order_that_is_not_in_the_chart_cannot_be_changed(stimulus: str) -> None:
    effects = touch(ehr("P2"), stimulus, subject="P1", order=order())
    assert notes(effects) == [("no such order", "P1", {})]
    assert sends(effects) == []


def test_an_order_of_the_filler_gets_a_number_from_its_accession_number() -> None:
    actor = ehr()
    effects = noted(actor, filler_order("A1"))
    assert only_send(effects, NumberAssigned).message == NumberAssigned("A1-NA1", NOW, PATIENT, "FA1", "A1", "A1-SN1")
    assert notes(effects) == [("placer number assigned", "A1", {"placer": "FA1"})]
    assert chart(actor, "FA1").order == order("FA1")


def test_an_order_of_the_filler_that_comes_again_keeps_its_number() -> None:
    actor = ehr()
    noted(actor, filler_order("A1"), report_of("F", "", "A1"))
    assert note_names(noted(actor, filler_order("A1", control_id="C2"))) == ["placer number assigned"]
    assert chart(actor, "FA1").shown_status == "final"


def test_a_number_that_another_order_has_is_not_assigned() -> None:
    assert error(ehr("FA1"), filler_order("A1")) == "205 ORC-3"
    assert error(ehr(), filler_order("")) == "204 ORC-3"


# --- statuses ----------------------------------------------------------------------------------------------------------


def test_a_status_is_kept_and_noted() -> None:
    effects = noted(ehr("P1"), order_status("SC"))
    assert notes(effects) == [("order status", "P1", {"accession": ACCESSION, "status": "SC", "order_control": "SC"})]


PROGRESS = {"SC": 1, "IP": 2, "CM": 3, "CA": 3, "DC": 3}


@given(st.lists(st.sampled_from(sorted(PROGRESS)), max_size=8))
def test_a_status_never_goes_back_and_the_first_ending_stays(statuses: list[str]) -> None:
    messages = [order_status(status, control_id=f"C{number}") for number, status in enumerate(statuses)]
    effects = notes(noted(ehr("P1"), *messages))
    kept = [PROGRESS[fields["status"]] for name, _, fields in effects if name == "order status"]
    assert kept == sorted(set(kept))
    assert kept[-1:] == [max((PROGRESS[status] for status in statuses), default=0)][: len(statuses)]


def test_a_discontinued_order_is_closed_once() -> None:
    actor = ehr("P1")
    effects = noted(actor, order_status("IP"), order_status("DC"), order_status("CA"), order_status("CM"))
    assert [fields["state"] for name, _, fields in notes(effects) if name == "order closed"] == ["discontinued"]
    assert chart(actor).shown_status == "discontinued"


# --- what is about which order -----------------------------------------------------------------------------------------


def report_of(status: str, placer: str, accession: str, patient: Patient = PATIENT) -> Report:
    message = report(status, control_id=f"{placer}-{accession}-{status}", patient=patient)
    (one,) = message.orders
    return replace(message, orders=(replace(one, placer_order_number=placer, accession_number=accession),))


@pytest.mark.parametrize("placer", ["", "UNKNOWN"])
def test_without_a_known_placer_number_the_accession_number_decides(placer: str) -> None:
    actor = ehr("P1")
    noted(actor, order_status("SC"))
    assert [subject for _, subject, _ in notes(noted(actor, report_of("F", placer, ACCESSION)))] == ["P1"]
    status = replace(order_status("IP"), placer_order_number=placer)
    assert [subject for _, subject, _ in notes(noted(actor, status))] == ["P1"]


def test_an_accession_number_is_learnt_from_a_report_too() -> None:
    actor = ehr("P1")
    noted(actor, report_of("P", "P1", "A7"))
    assert note_names(noted(actor, report_of("F", "", "A7"))) == ["report filed"]


@pytest.mark.parametrize(("message", "location"), [(order_status("SC"), "ORC-2"), (report("F"), "OBR-2")])
def test_what_speaks_of_an_unknown_order_is_refused(message: object, location: str) -> None:
    assert error(ehr("P2"), message) == f"204 {location}"


def test_numbers_of_two_orders_are_refused() -> None:
    actor = ehr("P1", "P2")
    noted(actor, order_status("SC", "P1"))
    assert error(actor, report_of("F", "P2", ACCESSION)) == "204 OBR-3"
    assert error(actor, report_of("F", "P1", "A7")) == "204 OBR-3"
    assert error(actor, replace(order_status("CM"), accession_number="A7")) == "204 ORC-3"
    assert note_names(noted(actor, report_of("F", "P2", "A7"))) == ["report filed"]


@pytest.mark.parametrize("message", [report("F", patient=SOMEBODY_ELSE), replace(order_status("CM"), patient=SOMEBODY_ELSE)])
def test_what_is_about_another_patient_is_refused_and_not_filed(message: object) -> None:
    actor = ehr("P1")
    assert error(actor, message) == "204 PID-3"
    assert chart(actor).shown_status == "ordered"
    assert note_names(noted(actor, report("F", control_id="C2"))) == ["report filed"]


def test_a_report_that_came_before_its_order_is_filed_when_it_is_sent_again() -> None:
    actor = ehr()
    assert error(actor, report("F")) == "204 OBR-2"
    sent_by(actor, "place order", patient=PATIENT, visit=VISIT, orders=(order("P1"),))
    assert note_names(noted(actor, report("F"))) == ["report filed"]


# --- reports -----------------------------------------------------------------------------------------------------------


def test_a_report_is_filed_with_its_text() -> None:
    effects = noted(ehr("P1"), report("P", text="FINDINGS:\nNone."))
    fields = {"accession": ACCESSION, "status": "P", "text": "FINDINGS:\nNone.", "addendum": ""}
    assert notes(effects) == [("report filed", "P1", fields)]


def test_a_report_on_several_orders_is_filed_under_each() -> None:
    effects = noted(ehr("P1", "P2"), report("F", "P1", "P2"))
    assert [(subject, fields["status"]) for _, subject, fields in notes(effects)] == [("P1", "F"), ("P2", "F")]


def test_a_report_of_which_one_order_is_unknown_is_filed_under_none() -> None:
    actor = ehr("P1")
    assert error(actor, report("F", "P1", "P2")) == "204 OBR-2"
    assert chart(actor).shown_status == "ordered"


def test_an_addendum_is_noted_with_the_text_it_was_added_to() -> None:
    actor = ehr("P1")
    noted(actor, report("F", text="Original."))
    addendum = Report("C2", NOW, PATIENT, report("F").orders, "F", "", READER, NOW, addendum="More.")
    ((_, _, fields),) = notes(noted(actor, addendum))
    assert (fields["status"], fields["text"], fields["addendum"]) == ("F", "Original.", "More.")


def test_an_addendum_to_nothing_is_refused() -> None:
    actor = ehr("P1")
    addendum = Report("C2", NOW, PATIENT, report("F").orders, "F", "", READER, NOW, addendum="More.")
    assert error(actor, addendum) == "204 OBX-3"
    noted(actor, report("F"))
    assert note_names(noted(actor, addendum)) == ["report filed"]


def test_a_report_that_changes_nothing_is_taken_in_silence() -> None:
    actor = ehr("P1")
    noted(actor, report("F"))
    assert noted(actor, report("P"), report("F", control_id="C2")) == []


def test_a_withdrawn_report_is_noted_without_its_text() -> None:
    actor = ehr("P1")
    noted(actor, report("F"))
    ((_, _, fields),) = notes(noted(actor, report("W")))
    assert (fields["status"], fields["text"]) == ("W", "")
    assert chart(actor).shown_status == "withdrawn"


# --- closing -----------------------------------------------------------------------------------------------------------

CLOSING = (order_status("SC"), order_status("CM"), report("P"), report("F"))


@pytest.mark.parametrize("messages", list(permutations(CLOSING)))
def test_an_order_is_closed_once_when_it_is_completed_and_its_final_report_filed(messages: tuple[object, ...]) -> None:
    actor = ehr("P1")
    noted_at_each = [notes(noted(actor, message)) for message in messages]
    closed_at = [number for number, effects in enumerate(noted_at_each) if effects and effects[-1][0] == "order closed"]
    assert closed_at == [max(messages.index(order_status("CM")), messages.index(report("F")))]
    assert noted_at_each[closed_at[0]][-1] == ("order closed", "P1", {"mrn": "M1", "state": "reported"})
    later = (order_status("CM", control_id="C8"), signed(report("C"), "0900"), signed(report("W"), "0901"))
    assert note_names(noted(actor, *later)) == ["report filed", "report filed"]


def test_a_corrected_report_closes_as_a_final_one_does() -> None:
    effects = noted(ehr("P1"), order_status("CM"), report("C"))
    assert notes(effects)[-1] == ("order closed", "P1", {"mrn": "M1", "state": "reported"})


def test_an_exam_that_will_not_be_reported_is_closed_as_cancelled() -> None:
    effects = noted(ehr("P1"), order_status("CM"), report("X"))
    assert notes(effects)[-1] == ("order closed", "P1", {"mrn": "M1", "state": "cancelled"})


def test_orders_are_closed_one_by_one() -> None:
    actor = ehr("P1", "P2")
    effects = noted(actor, order_status("CM"), report("F", "P2"), order_status("CM", "P2"))
    assert [subject for name, subject, _ in notes(effects) if name == "order closed"] == ["P2"]
    assert [(row["placer"], row["status"]) for row in actor.status()["open_orders"]] == [("P1", "awaiting report")]


# --- what it knows follows from its events -----------------------------------------------------------------------------


def test_a_journal_of_its_events_makes_the_same_ehr_again() -> None:
    events: list[Event] = [
        Stimulus("register", {"patient": SOMEBODY_ELSE, "visit": VISIT}),
        Stimulus("place order", {"patient": SOMEBODY_ELSE, "visit": VISIT, "orders": (order("P1"), order("P2"))}),
        Request(1, "engine", order_status("SC")),
        Stimulus("merge", {"patient": PATIENT, "prior_patient_id": "M2", "prior_issuer": "RADLOOP"}),
        Request(2, "engine", report("F", "P1", "P2")),
        Request(3, "engine", order_status("CM")),
        Request(4, "engine", filler_order("A1")),
        Stimulus("cancel order", {"subject": "P2"}),
    ]
    first, second = ehr(), ehr()
    for number, event in enumerate(events):
        assert first.handle(event, number) == second.handle(event, number)
    assert [first.chart(placer) for placer in ("P1", "P2", "FA1")] == [second.chart(placer) for placer in ("P1", "P2", "FA1")]
    assert first.status() == second.status()


def test_what_did_not_get_out_is_in_the_status() -> None:
    actor = ehr()
    send = only_send(touch(actor, "register", patient=PATIENT, visit=VISIT), RegisterPatient)
    (timer,) = timers(end(actor, send, OutcomeKind.REFUSED))
    wake(actor, timer.key, 9)
    (row,) = actor.status()["queues"]
    assert (row["to"], row["queue"], row["message"], row["control"]) == ("engine", "adt", "RegisterPatient", "V1-A041")
    assert (row["depth"], row["oldest_us"], row["tries"], row["trouble"]) == (1, 9, 2, "refused")
