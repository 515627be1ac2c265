"""Orders at the RIS: scheduled, changed, cancelled, and made by the RIS itself."""

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from emulators.actors.ris import Ris
from emulators.actors.worklist_item import patient_of, scheduled_reference
from emulators.core.identity import AccessionFormat, accession_number, uid
from emulators.messages.attributes import Attributes
from emulators.messages.common import Code, Patient, PersonName, Visit
from emulators.messages.orders import (
    CancelProcedure,
    ChangeProcedure,
    FillerOrder,
    OrderStatus,
    ReadingListEntry,
    ScheduleProcedure,
)
from emulators.messages.steps import StepStarted
from emulators.messages.worklist import STEPS
from tests.actors.ris_samples import TWO_STEPS, accessions, do, new_ris, on_worklist, press, ris, steps_on_worklist
from tests.actors.samples import (
    ACCESSION,
    MPPS,
    NOW,
    PATIENT,
    PROCEDURE,
    SOMEBODY_ELSE,
    STUDY,
    VISIT,
    cancel_order,
    change_order,
    merge_patients,
    number_assigned,
    order,
    place_order,
    register_patient,
    report,
    scheduled,
    step_ended,
    step_started,
    update_patient,
    worklist_item,
)

NOBODY_KNOWS = Patient("M9", "RADLOOP", PersonName("Doe", "Unknown"))
OWN_STUDY = uid("own study", "U1")


# --- new orders --------------------------------------------------------------------------------------------------------


def test_the_physician_of_a_station_performs_what_is_scheduled_there() -> None:
    house = PersonName("House", "Gregory")
    actor = ris(place_order(), physicians={"CT1": house})
    (entry,) = on_worklist(actor)
    assert entry.item(STEPS).text("ScheduledPerformingPhysicianName") == house.pn


def test_an_order_is_scheduled_announced_to_the_archive_and_told_to_the_placer() -> None:
    done = do(new_ris(), place_order())
    assert done.answer.code == "AA"
    assert done.sent == [
        ("pacs", ScheduleProcedure("P1-SP1", NOW, PATIENT, VISIT, order(), (scheduled(),))),
        ("engine", OrderStatus("P1-SC1", NOW, PATIENT, "P1", ACCESSION, PROCEDURE, "SC")),
    ]
    fields = {"mrn": "M1", "accession": ACCESSION, "study": STUDY, "station": "CT1"}
    assert done.notes == [("procedure scheduled", "P1", fields)]


def test_several_orders_in_one_message_are_a_procedure_each() -> None:
    actor = new_ris()
    done = do(actor, place_order("P1", "P2", "P3"))
    assert [message.procedure.accession_number for message in done.all(ScheduleProcedure)] == accessions("P1", "P2", "P3")
    assert done.statuses() == [("P1", "SC", "SC"), ("P2", "SC", "SC"), ("P3", "SC", "SC")]
    assert [subject for _, subject, _ in done.notes] == ["P1", "P2", "P3"]
    assert len(on_worklist(actor)) == 3


def test_a_message_of_which_one_order_cannot_be_taken_is_refused_whole() -> None:
    actor = new_ris()
    orders = (order("P1"), order("P2", modality="NM"))
    done = do(actor, replace(place_order(), orders=orders))
    assert (done.answer.code, done.answer.error) == ("AE", "204 OBR-24")
    assert done.sent == []
    assert done.notes == []
    assert on_worklist(actor) == ()


def test_an_order_without_a_placer_number_is_refused() -> None:
    assert do(new_ris(), place_order("", control_id="C1")).answer.error == "101 ORC-2"


def test_an_order_that_comes_again_under_another_control_id_is_not_scheduled_twice() -> None:
    actor = ris(place_order())
    assert do(actor, place_order(control_id="C2")).sent == []
    announced = do(actor, place_order("P1", "P2", control_id="C3")).only(ScheduleProcedure)
    assert announced.order.placer_order_number == "P2"
    assert len(on_worklist(actor)) == 2


def test_a_procedure_without_a_protocol_of_its_own_is_its_own_protocol() -> None:
    assert do(new_ris(protocols={}), place_order()).only(ScheduleProcedure).procedure.protocol == PROCEDURE


def test_a_procedure_of_several_steps_has_one_study_and_an_entry_for_each_step() -> None:
    actor = ris(protocols=TWO_STEPS)
    steps = do(actor, place_order()).only(ScheduleProcedure).steps
    assert [step.protocol for step in steps] == list(TWO_STEPS[PROCEDURE.value])
    assert len({step.step_id for step in steps}) == 2
    assert steps_on_worklist(actor) == [step.step_id for step in steps]
    assert {item.text("StudyInstanceUID") for item in on_worklist(actor)} == {STUDY}


def test_orders_are_spread_over_the_scanners_of_their_modality() -> None:
    actor = ris(*(place_order(f"P{number}", modality="US") for number in range(60)))
    spread = Counter(item.item(STEPS).text("ScheduledStationAETitle") for item in on_worklist(actor))
    assert set(spread) == {"US1", "US2", "US3"}
    assert min(spread.values()) >= 10


def test_an_order_that_does_not_say_when_is_for_now() -> None:
    assert do(new_ris(), place_order(requested_at="")).only(ScheduleProcedure).procedure.start == NOW


def test_accession_numbers_have_the_format_of_the_site() -> None:
    actor = ris(accession_format=AccessionFormat("RAD{digits:8}"))
    done = do(actor, place_order("P" * 22, control_id="C1"))
    accession = done.only(ScheduleProcedure).procedure.accession_number
    assert re.fullmatch("RAD[0-9]{8}", accession)
    assert done.only(OrderStatus).accession_number == accession
    assert [item.text("AccessionNumber") for item in on_worklist(actor)] == [accession]


def test_placer_numbers_that_differ_in_their_last_character_alone_never_share_an_accession_number() -> None:
    actor = ris(*(place_order(f"{'P' * 21}{end}", control_id=end) for end in "ABC"))
    assert len({item.text("AccessionNumber") for item in on_worklist(actor)}) == 3


class FewNumbers(AccessionFormat):
    """A format under which the first number of every order is the same."""

    def number(self, subject: str, occurrence: int = 1) -> str:
        return AccessionFormat.number(self, "the same for all" if occurrence == 1 else subject, occurrence)


def test_an_accession_number_that_is_taken_is_not_given_again() -> None:
    actor = ris(place_order("P1"), place_order("P2"), accession_format=FewNumbers())
    numbers = {item.text("AccessionNumber") for item in on_worklist(actor)}
    assert numbers == {accession_number("the same for all"), accession_number("P2", 2)}
    assert {item.text("StudyInstanceUID") for item in on_worklist(actor)} == {uid("study", "P1"), uid("study", "P2", 2)}


# --- changed -----------------------------------------------------------------------------------------------------------


def test_a_changed_order_keeps_its_numbers_and_study_and_reaches_worklist_and_archive() -> None:
    actor = ris(place_order())
    done = do(actor, change_order(modality="US", requested_at="20260303110000"))
    assert done.answer.code == "AA"
    assert done.names() == [("pacs", "ChangeProcedure")]
    changed = done.only(ChangeProcedure)
    assert changed.control_id == "P1-XP1"
    assert changed.order == order(modality="US", requested_at="20260303110000")
    step = changed.procedure
    assert (step.accession_number, step.study_instance_uid, step.modality) == (ACCESSION, STUDY, "US")
    (item,) = on_worklist(actor)
    assert item.item(STEPS).text("Modality") == "US"
    assert item.item(STEPS).text("ScheduledStationAETitle") == step.station_ae_title
    assert item.item(STEPS).text("ScheduledProcedureStepStartDate") == "20260303"
    assert item.text("StudyInstanceUID") == STUDY


def test_a_second_change_has_a_control_id_of_its_own_and_the_same_change_again_has_no_effect() -> None:
    actor = ris(place_order(), change_order(requested_at="20260303110000"))
    assert do(actor, change_order(control_id="C2", requested_at="20260303110000")).sent == []
    done = do(actor, change_order(control_id="C3", requested_at="20260304110000"))
    assert done.only(ChangeProcedure).control_id == "P1-XP2"


def test_a_changed_procedure_may_have_other_steps() -> None:
    actor = ris(place_order(), protocols=TWO_STEPS)
    other = replace(order(), procedure=Code("CTHEAD", "RADLOOP", "CT of the head"))
    do(actor, replace(change_order(), order=other))
    assert steps_on_worklist(actor) == [scheduled().step_id]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (change_order("P2"), "204 ORC-2"),
        (replace(change_order(), patient=SOMEBODY_ELSE), "204 PID-3"),
        (change_order(modality="NM"), "204 OBR-24"),
        (cancel_order("P2"), "204 ORC-2"),
        (replace(cancel_order(), patient=SOMEBODY_ELSE), "204 PID-3"),
    ],
)
def test_what_does_not_fit_an_order_is_refused(message: Any, error: str) -> None:
    actor = ris(place_order())
    done = do(actor, message)
    assert (done.answer.code, done.answer.error) == ("AE", error)
    assert done.sent == []
    assert on_worklist(actor) == (worklist_item(),)


@pytest.mark.parametrize("before", [(step_started(),), (step_started(), step_ended()), (cancel_order(),)])
def test_an_order_that_is_not_scheduled_any_more_cannot_be_changed(before: tuple[Any, ...]) -> None:
    done = do(ris(place_order(), *before), change_order(requested_at="20260303110000"))
    assert (done.answer.code, done.answer.error) == ("AE", "206 ORC-2")
    assert done.sent == []


@pytest.mark.parametrize("before", [(step_started(),), (step_started(), step_ended())])
def test_the_priority_of_what_has_begun_can_still_be_raised(before: tuple[Any, ...]) -> None:
    actor = ris(place_order(), *before)
    raised = change_order()
    done = do(actor, replace(raised, order=replace(raised.order, priority="STAT")))
    assert done.answer.code == "AA"
    assert done.only(ChangeProcedure).order.priority == "STAT"
    listed = [message.order.priority for message in done.all(ReadingListEntry)]
    assert listed == ["STAT"] * (len(before) - 1)


def test_nothing_else_can_be_changed_with_the_priority() -> None:
    actor = ris(place_order(), step_started())
    other = change_order(modality="US")
    done = do(actor, replace(other, order=replace(other.order, priority="STAT")))
    assert (done.answer.code, done.answer.error, done.sent) == ("AE", "206 ORC-2", [])


# --- cancelled ---------------------------------------------------------------------------------------------------------


def test_a_cancelled_order_leaves_the_worklist_and_is_told_to_archive_and_placer() -> None:
    actor = ris(place_order())
    done = do(actor, cancel_order())
    assert done.answer.code == "AA"
    assert done.sent == [
        ("pacs", CancelProcedure("P1-CP1", NOW, PATIENT, VISIT, order(), (scheduled(),))),
        (
            "engine",
            OrderStatus("P1-CR1", NOW, PATIENT, "P1", ACCESSION, PROCEDURE, "CA", "CR", Code("", "", "Not needed any more")),
        ),
    ]
    assert done.notes == [("procedure cancelled", ACCESSION, {"placer": "P1", "reason": "Not needed any more"})]
    assert on_worklist(actor) == ()


@pytest.mark.parametrize(
    ("before", "status"),
    [
        ((step_started(),), "IP"),
        ((step_started(), step_ended()), "CM"),
        ((step_started(), step_ended(), report("F")), "CM"),
        ((step_started(), step_ended(status="DISCONTINUED")), "DC"),
    ],
)
def test_it_is_too_late_to_cancel_what_was_started(before: tuple[Any, ...], status: str) -> None:
    done = do(ris(place_order(), *before), cancel_order())
    assert done.answer.code == "AA"
    assert done.statuses() == [("P1", "UC", status)]
    assert done.names() == [("engine", "OrderStatus")]
    assert done.notes == []


def test_a_cancelled_order_is_cancelled_once_and_says_so_again() -> None:
    done = do(ris(place_order(), cancel_order()), cancel_order(control_id="C2"))
    assert done.names() == [("engine", "OrderStatus")]
    status = done.only(OrderStatus)
    assert (status.control_id, status.order_control, status.status) == ("P1-CR2", "CR", "CA")
    assert done.notes == []


def test_the_filler_cancels_with_oc() -> None:
    actor = ris(place_order())
    done = press(actor, "cancel procedure", subject=ACCESSION, reason="Scanner down")
    assert done.statuses() == [("P1", "OC", "CA")]
    assert done.only(OrderStatus).reason == Code("", "", "Scanner down")
    assert done.only(CancelProcedure).procedure == scheduled()
    assert done.notes == [("procedure cancelled", ACCESSION, {"placer": "P1", "reason": "Scanner down"})]
    assert on_worklist(actor) == ()


@pytest.mark.parametrize("before", [(), (place_order(), step_started()), (place_order(), cancel_order())])
def test_the_filler_cannot_cancel_what_is_not_scheduled(before: tuple[Any, ...]) -> None:
    done = press(ris(*before), "cancel procedure", subject=ACCESSION, reason="Scanner down")
    assert done.sent == []
    assert [name for name, _, _ in done.notes] == ["not done"]


# --- made by the RIS ---------------------------------------------------------------------------------------------------


def create_order(actor: Ris, subject: str = "U1", **changes: Any) -> Any:
    wanted: dict[str, Any] = {"patient": NOBODY_KNOWS, "visit": VISIT, "order": order("")}
    return press(actor, "create order", subject=subject, **(wanted | changes))


def test_an_order_of_its_own_is_scheduled_and_asks_for_a_placer_number() -> None:
    actor = new_ris()
    done = create_order(actor)
    accession, study = accession_number("U1"), uid("study", "U1")
    asked = done.only(FillerOrder)
    assert asked == FillerOrder(f"{accession}-SN1", NOW, NOBODY_KNOWS, VISIT, order(""), accession)
    assert done.only(ScheduleProcedure).procedure.study_instance_uid == study
    assert [to for to, message in done.sent if isinstance(message, FillerOrder)] == ["engine"]
    assert done.statuses() == [("", "SC", "SC")]
    fields = {"mrn": "M9", "accession": accession, "study": study, "station": "CT1"}
    assert done.notes == [("procedure scheduled", accession, fields)]
    assert [item.text("AccessionNumber") for item in on_worklist(actor)] == [accession]


def test_the_placer_number_that_was_assigned_is_in_all_that_follows() -> None:
    actor = new_ris()
    create_order(actor)
    accession = accession_number("U1")
    done = do(actor, number_assigned(accession, "F1"))
    assert done.answer.code == "AA"
    assert done.only(ChangeProcedure).order.placer_order_number == "F1"
    assert [item.text("PlacerOrderNumberImagingServiceRequest") for item in on_worklist(actor)] == ["F1"]
    assert do(actor, replace(cancel_order("F1"), patient=NOBODY_KNOWS)).statuses() == [("F1", "CR", "CA")]


def test_a_placer_number_is_assigned_once_and_to_one_order() -> None:
    actor = ris(place_order("P1"))
    create_order(actor)
    accession = accession_number("U1")
    assert do(actor, number_assigned("A-unknown", "F1")).answer.error == "204 ORC-3"
    assert do(actor, number_assigned(accession, "P1", control_id="C1")).answer.error == "205 ORC-2"
    assert do(actor, number_assigned(accession, "F1", control_id="C2")).answer.code == "AA"
    again = do(actor, number_assigned(accession, "F1", control_id="C3"))
    assert (again.answer.code, again.sent) == ("AA", [])
    assert do(actor, number_assigned(accession, "F2", control_id="C4")).answer.error == "205 ORC-2"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order": order("P1")}, "it has a placer order number"),
        ({"order": order("", modality="NM")}, "no scanner of this modality"),
        ({"study_instance_uid": STUDY}, "there is an order for it"),
    ],
)
def test_an_order_that_cannot_be_made_is_not(changes: dict[str, Any], reason: str) -> None:
    done = create_order(ris(place_order()), **changes)
    assert done.sent == []
    assert done.notes == [("not done", "U1", {"stimulus": "create order", "reason": reason})]


def test_two_orders_are_not_made_for_the_same() -> None:
    actor = new_ris()
    create_order(actor)
    assert create_order(actor).sent == []


def unscheduled(mpps_uid: str = MPPS, patient: Patient = NOBODY_KNOWS) -> StepStarted:
    return replace(step_started(mpps_uid=mpps_uid), scheduled=(), study_instance_uid=OWN_STUDY, patient=patient)


def test_an_exam_without_an_order_gets_one_with_the_study_that_was_used() -> None:
    """PIR case 3: scanned, ordered at the filler, then the patient is identified."""
    actor = ris(unscheduled(), step_ended())
    done = create_order(actor, OWN_STUDY)
    accession = accession_number(OWN_STUDY)
    assert done.only(ScheduleProcedure).procedure.study_instance_uid == OWN_STUDY
    assert done.statuses() == [("", "SC", "IP"), ("", "SC", "CM")]
    assert done.only(ReadingListEntry).procedure.study_instance_uid == OWN_STUDY
    assert done.notes[1:] == [("exam linked", accession, {"study": OWN_STUDY})]
    assert [type(message) for to, message in done.sent if to == "engine"] == [FillerOrder, OrderStatus, OrderStatus]
    assert on_worklist(actor) == ()
    known = replace(NOBODY_KNOWS, name=PersonName("Doe", "John"))
    done = do(actor, update_patient(known))
    assert done.only(ChangeProcedure).patient == known
    assert done.only(ReadingListEntry).patient == known


def test_an_order_may_be_made_while_its_exam_goes_on_and_more_images_are_its_own_too() -> None:
    actor = ris(unscheduled())
    assert create_order(actor, OWN_STUDY, patient=PATIENT).statuses() == [("", "SC", "IP")]
    assert do(actor, step_ended()).statuses() == [("", "SC", "CM")]
    appended = do(actor, unscheduled("1.2.3"))
    assert appended.names() == [("pacs", "StepStarted")]
    assert appended.notes == []


def test_an_order_made_for_a_scanner_elsewhere_needs_no_scanner_here() -> None:
    actor = ris(unscheduled(), step_ended())
    assert create_order(actor, OWN_STUDY, order=order("", modality="NM")).only(ReadingListEntry).order.modality == "NM"


def test_an_unidentified_patient_ordered_at_the_filler_is_merged_into_a_known_one() -> None:
    """PIR case 2."""
    actor = ris(register_patient(), register_patient(NOBODY_KNOWS, "V2-A041"))
    create_order(actor)
    accession = accession_number("U1")
    (item,) = on_worklist(actor)
    do(actor, performed_by_the_book(item))
    do(actor, step_ended())
    done = do(actor, merge_patients(NOBODY_KNOWS))
    assert done.only(ChangeProcedure).patient == done.only(ReadingListEntry).patient == PATIENT
    assert done.only(ReadingListEntry).procedure.accession_number == accession


def performed_by_the_book(item: Attributes) -> StepStarted:
    reference = scheduled_reference(item)
    started = step_started()
    return replace(started, scheduled=(reference,), study_instance_uid=reference.study_instance_uid, patient=patient_of(item))


def test_the_visit_of_an_order_is_on_the_worklist() -> None:
    asked = replace(place_order(), visit=Visit("V7", "I", "WARD 3"))
    (item,) = on_worklist(ris(asked))
    assert (item.text("AdmissionID"), item.text("CurrentPatientLocation")) == ("V7", "WARD 3")
