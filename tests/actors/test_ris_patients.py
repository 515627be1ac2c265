"""Patient administration at the RIS: it reaches the worklist, the archive and the reading list."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from emulators.actors.ris import Ris
from emulators.messages.adt import (
    AddPerson,
    AdmitPatient,
    BecomeInpatient,
    BecomeOutpatient,
    CancelAdmission,
    CancelDischarge,
    CancelPreadmission,
    CancelTransfer,
    DischargePatient,
    MergePatients,
    PatientMessage,
    PreadmitPatient,
    TransferPatient,
    UpdatePatient,
    UpdatePerson,
)
from emulators.messages.common import Patient, PersonName, Visit
from emulators.messages.orders import ChangeProcedure, ReadingListEntry, ScheduleProcedure
from tests.actors.ris_samples import do, new_ris, on_worklist, ris
from tests.actors.samples import (
    NOW,
    PATIENT,
    SOMEBODY_ELSE,
    VISIT,
    cancel_order,
    merge_patients,
    place_order,
    register_patient,
    report,
    step_ended,
    step_started,
    update_patient,
)

MARRIED = replace(PATIENT, name=PersonName("Smith", "Jane"))
THIRD = Patient("M3", "RADLOOP", PersonName("Poe", "Ann"))
SAME_NUMBER_ELSEWHERE = replace(PATIENT, issuer="OTHER HOSPITAL", name=PersonName("Foe", "Joan"))


def order_of(patient: Patient, placer: str = "P1", control_id: str = "") -> Any:
    return replace(place_order(placer, control_id=control_id), patient=patient)


def merge(prior: Patient, into: Patient, control_id: str) -> MergePatients:
    return merge_patients(prior, into, control_id)


def whose_are_the_entries(actor: Ris) -> Sequence[str]:
    return [item.text("PatientID") for item in on_worklist(actor)]


# --- register and update -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [AdmitPatient, PreadmitPatient, DischargePatient, CancelAdmission, AddPerson, UpdatePerson])
def test_whatever_tells_of_a_patient_before_the_order_is_what_the_order_goes_by(kind: type[PatientMessage]) -> None:
    actor = new_ris()
    assert do(actor, update_patient(MARRIED, kind=kind)).sent == []
    assert do(actor, place_order()).only(ScheduleProcedure).patient == MARRIED


@pytest.mark.parametrize("kind", [UpdatePatient, UpdatePerson])
def test_an_update_reaches_the_worklist_and_the_archive(kind: type[PatientMessage]) -> None:
    actor = ris(place_order())
    done = do(actor, update_patient(MARRIED, kind=kind))
    assert done.answer.code == "AA"
    assert done.names() == [("pacs", "ChangeProcedure")]
    assert done.only(ChangeProcedure).patient == MARRIED
    assert [item.text("PatientName") for item in on_worklist(actor)] == ["Smith^Jane"]


def test_an_update_reaches_the_reading_list_while_the_study_waits_to_be_read() -> None:
    actor = ris(place_order(), step_started(), step_ended())
    done = do(actor, update_patient(MARRIED))
    assert done.names() == [("pacs", "ChangeProcedure"), ("workstation", "ReadingListEntry")]
    entry = done.only(ReadingListEntry)
    assert (entry.patient, entry.control_id) == (MARRIED, "P1-RL2")
    do(actor, report("F"), "workstation")
    assert do(actor, update_patient(PATIENT, control_id="C2")).sent == []


def test_an_update_of_what_is_known_already_is_told_to_nobody() -> None:
    assert do(ris(register_patient(), place_order()), update_patient()).sent == []


def test_a_cancelled_procedure_follows_silently() -> None:
    assert do(ris(place_order(), cancel_order()), update_patient(MARRIED)).sent == []


def test_what_an_update_leaves_out_stays_and_what_it_deletes_goes() -> None:
    actor = ris(register_patient(), place_order())
    done = do(actor, update_patient(replace(PATIENT, name=PersonName(""), birth_date="", sex=""), deleted=("sex",)))
    assert done.only(ChangeProcedure).patient == replace(PATIENT, sex="")


def test_the_same_number_of_another_authority_is_another_patient() -> None:
    actor = ris(register_patient(), register_patient(SAME_NUMBER_ELSEWHERE, "V2-A041"), place_order())
    assert do(actor, update_patient(replace(SAME_NUMBER_ELSEWHERE, sex="M"))).sent == []
    done = do(actor, order_of(SAME_NUMBER_ELSEWHERE, "P2"))
    assert done.only(ScheduleProcedure).patient == replace(SAME_NUMBER_ELSEWHERE, sex="M")


# --- visits ------------------------------------------------------------------------------------------------------------


def visit_event(kind: type[PatientMessage], visit: Visit, control_id: str = "C1") -> PatientMessage:
    return kind(control_id, NOW, PATIENT, visit)


def test_the_location_of_a_transferred_patient_follows_on_the_worklist() -> None:
    actor = ris(place_order())
    done = do(actor, visit_event(TransferPatient, Visit("V1", "I", "WARD 7")))
    assert done.sent == []
    (item,) = on_worklist(actor)
    assert item.text("CurrentPatientLocation") == "WARD 7"
    assert item.text("ReferringPhysicianName") == "Grey^Ada"


@pytest.mark.parametrize("kind", [BecomeInpatient, BecomeOutpatient, CancelTransfer, CancelDischarge])
def test_a_change_of_class_and_what_is_taken_back_move_the_visit(kind: type[PatientMessage]) -> None:
    actor = ris(place_order())
    assert do(actor, visit_event(kind, Visit("V1", "I", "WARD 7"))).answer.code == "AA"
    assert [item.text("CurrentPatientLocation") for item in on_worklist(actor)] == ["WARD 7"]


def test_the_location_of_another_visit_does_not() -> None:
    actor = ris(place_order())
    do(actor, visit_event(TransferPatient, Visit("V2", "I", "WARD 7")))
    assert [item.text("CurrentPatientLocation") for item in on_worklist(actor)] == [VISIT.location]


@pytest.mark.parametrize("kind", [AddPerson, UpdatePerson])
def test_an_event_of_the_person_says_nothing_of_the_visit(kind: type[PatientMessage]) -> None:
    actor = ris(place_order(), visit_event(kind, Visit("V1", "O", "WARD 7")))
    assert [item.text("CurrentPatientLocation") for item in on_worklist(actor)] == [VISIT.location]


def test_a_location_that_is_not_said_stays() -> None:
    actor = ris(place_order(), visit_event(UpdatePatient, Visit("V1", "I", referring_physician=PersonName("Poe", "Ann"))))
    (item,) = on_worklist(actor)
    assert item.text("CurrentPatientLocation") == VISIT.location
    assert item.text("ReferringPhysicianName") == "Poe^Ann"


def test_a_transfer_under_a_merged_id_moves_the_survivor() -> None:
    actor = ris(order_of(SOMEBODY_ELSE), merge(SOMEBODY_ELSE, PATIENT, "C1"))
    do(actor, TransferPatient("C2", NOW, SOMEBODY_ELSE, Visit("V1", "I", "WARD 7")))
    (item,) = on_worklist(actor)
    assert (item.text("PatientID"), item.text("CurrentPatientLocation")) == ("M1", "WARD 7")


def test_an_order_stays_when_its_admission_is_cancelled_or_ends() -> None:
    actor = ris(place_order(), visit_event(CancelAdmission, VISIT), visit_event(DischargePatient, VISIT, "C2"))
    do(actor, visit_event(CancelPreadmission, VISIT, "C3"))
    assert len(on_worklist(actor)) == 1


# --- merges ------------------------------------------------------------------------------------------------------------


def test_everything_of_a_merged_patient_is_the_survivors() -> None:
    """A scheduled order, one in progress, and a study that waits to be read."""
    actor = ris(
        register_patient(),
        register_patient(SOMEBODY_ELSE, "V2-A041"),
        *(order_of(SOMEBODY_ELSE, placer) for placer in ("P1", "P2", "P3")),
        replace(step_started("P2", mpps_uid="1.2.2"), patient=SOMEBODY_ELSE),
        replace(step_started("P3", mpps_uid="1.2.3"), patient=SOMEBODY_ELSE),
        step_ended("1.2.3"),
    )
    done = do(actor, merge(SOMEBODY_ELSE, PATIENT, "C1"))
    assert done.answer.code == "AA"
    assert [one.patient for one in done.all(ChangeProcedure)] == [PATIENT, PATIENT, PATIENT]
    assert [one.patient for one in done.all(ReadingListEntry)] == [PATIENT]
    assert whose_are_the_entries(actor) == ["M1"]
    ended = do(actor, step_ended("1.2.2"))
    assert ended.only(ReadingListEntry).patient == PATIENT


def test_orders_cancellations_and_reports_for_a_merged_id_are_the_survivors() -> None:
    actor = ris(register_patient(), order_of(SOMEBODY_ELSE, "P1"), merge(SOMEBODY_ELSE, PATIENT, "C1"))
    assert do(actor, order_of(SOMEBODY_ELSE, "P2")).only(ScheduleProcedure).patient == PATIENT
    assert do(actor, replace(cancel_order("P2"), patient=SOMEBODY_ELSE)).statuses() == [("P2", "CR", "CA")]
    done = do(actor, report("F", patient=SOMEBODY_ELSE), "workstation")
    assert [(to, message.patient) for to, message in done.sent] == [("engine", PATIENT)]


def test_a_chain_of_merges_ends_at_the_last_survivor_in_either_order_of_arrival() -> None:
    first, second = merge(SOMEBODY_ELSE, PATIENT, "C1"), merge(PATIENT, THIRD, "C2")
    for messages in ((first, second), (second, first)):
        actor = ris(register_patient(THIRD), order_of(SOMEBODY_ELSE, "P1"), order_of(PATIENT, "P2"), *messages)
        assert whose_are_the_entries(actor) == ["M3", "M3"]


def test_a_repeated_merge_and_one_of_an_unknown_patient_change_nothing() -> None:
    actor = ris(order_of(SOMEBODY_ELSE), merge(SOMEBODY_ELSE, PATIENT, "C1"))
    assert do(actor, merge(SOMEBODY_ELSE, PATIENT, "C2")).sent == []
    done = do(actor, merge(THIRD, PATIENT, "C3"))
    assert (done.answer.code, done.sent) == ("AA", [])


def test_a_survivor_that_nobody_knew_is_known_by_the_merge() -> None:
    actor = ris(order_of(SOMEBODY_ELSE))
    assert do(actor, merge(SOMEBODY_ELSE, THIRD, "C1")).only(ChangeProcedure).patient == THIRD


def test_a_merge_the_other_way_round_corrects_the_first() -> None:
    actor = ris(order_of(SOMEBODY_ELSE), merge(SOMEBODY_ELSE, PATIENT, "C1"), merge(PATIENT, SOMEBODY_ELSE, "C2"))
    assert whose_are_the_entries(actor) == ["M2"]


def test_patients_of_two_authorities_are_not_merged() -> None:
    actor = ris(order_of(SAME_NUMBER_ELSEWHERE))
    done = do(actor, merge(SAME_NUMBER_ELSEWHERE, SOMEBODY_ELSE, "C1"))
    assert (done.answer.code, done.answer.error) == ("AE", "204 MRG-1")
    assert whose_are_the_entries(actor) == ["M1"]


def test_a_merge_touches_the_number_of_its_own_authority_alone() -> None:
    actor = ris(
        register_patient(),
        register_patient(SAME_NUMBER_ELSEWHERE, "V2-A041"),
        order_of(SAME_NUMBER_ELSEWHERE),
        merge(PATIENT, SOMEBODY_ELSE, "C1"),
    )
    assert whose_are_the_entries(actor) == ["M1"]


def test_a_running_exam_of_a_merged_id_ends_under_the_survivor() -> None:
    started = replace(step_started(), patient=SOMEBODY_ELSE)
    actor = ris(order_of(SOMEBODY_ELSE), started, merge(SOMEBODY_ELSE, PATIENT, "C1"))
    assert do(actor, step_ended()).only(ReadingListEntry).patient == PATIENT
