"""Exams at the RIS: by the book, in groups, broken off, appended to, and unscheduled."""

from dataclasses import replace
from typing import Any

import pytest

from emulators.actors.ris import Ris
from emulators.actors.worklist import Worklist
from emulators.core.identity import procedure_id, uid
from emulators.messages.common import NO_CODE, SUCCESS, Code
from emulators.messages.orders import ChangeProcedure, OrderStatus, ReadingListEntry
from emulators.messages.steps import ScheduledReference, StepEnded, StepProgressed, StepStarted
from tests.actors.ris_samples import TWO_STEPS, accessions, do, on_worklist, press, ris, steps_on_worklist
from tests.actors.samples import (
    ACCESSION,
    MPPS,
    NOW,
    PATIENT,
    SOMEBODY_ELSE,
    STUDY,
    VISIT,
    WRONG_ENTRY,
    ask,
    cancel_order,
    order,
    place_order,
    report,
    scheduled,
    step_ended,
    step_started,
    worklist_item,
)

STARTED = (place_order(), step_started())
COMPLETED = (*STARTED, step_ended())
BROKEN = Code("110501", "DCM", "Equipment failure")
OWN_STUDY = uid("own study", "U1")
GROUP_STUDY = uid("group study", "P1")


def broken_off(mpps_uid: str = MPPS, reason: Code = BROKEN) -> StepEnded:
    return step_ended(mpps_uid, "DISCONTINUED", reason)


def unscheduled(accession: str = "", mpps_uid: str = MPPS, **changes: Any) -> StepStarted:
    """An exam with typed demographics; an accession number that was typed proves nothing."""
    reference = ScheduledReference(accession, "", "", "", "", NO_CODE, NO_CODE)
    started = step_started(mpps_uid=mpps_uid)
    return replace(started, scheduled=(reference,) if accession else (), study_instance_uid=OWN_STUDY, **changes)


def step_of_procedure(number: int, mpps_uid: str) -> StepStarted:
    """One step of the procedure of several."""
    started = step_started(mpps_uid=mpps_uid)
    reference = replace(started.scheduled[0], step_id=procedure_id("S", ACCESSION, number))
    return replace(started, scheduled=(reference,))


# --- by the book -------------------------------------------------------------------------------------------------------


def test_a_scheduled_step_is_on_the_worklist_with_its_patient_visit_and_order() -> None:
    assert on_worklist(ris(place_order())) == (worklist_item(),)


def test_a_started_step_leaves_the_worklist_and_is_told_to_placer_and_archive() -> None:
    actor = ris(place_order())
    done = do(actor, step_started(), "ct1")
    assert done.answer == SUCCESS
    assert done.names() == [("engine", "OrderStatus"), ("pacs", "StepStarted")]
    assert done.statuses() == [("P1", "SC", "IP")]
    assert done.only(StepStarted) == step_started()
    assert on_worklist(actor) == ()


def test_an_ended_step_is_told_to_placer_and_archive_and_put_on_the_reading_list() -> None:
    done = do(ris(*STARTED), step_ended(), "ct1")
    assert done.answer == SUCCESS
    assert done.names() == [("engine", "OrderStatus"), ("pacs", "StepEnded"), ("workstation", "ReadingListEntry")]
    assert done.statuses() == [("P1", "SC", "CM")]
    assert done.only(ReadingListEntry) == ReadingListEntry("P1-RL1", NOW, PATIENT, VISIT, order(), (scheduled(),))


def test_what_a_step_has_made_so_far_is_passed_on() -> None:
    actor = ris(*STARTED)
    done = do(actor, StepProgressed(MPPS))
    assert (done.answer, done.sent) == (SUCCESS, [("pacs", StepProgressed(MPPS))])


@pytest.mark.parametrize(
    ("before", "message", "status"),
    [
        (STARTED, step_started(), 0x0111),
        (COMPLETED, step_started(), 0x0111),
        (COMPLETED, step_ended(), 0x0110),
        (COMPLETED, StepProgressed(MPPS), 0x0110),
        ((place_order(),), step_ended(), 0x0112),
        ((place_order(),), StepProgressed(MPPS), 0x0112),
    ],
)
def test_a_refused_message_about_a_step_has_no_effect(before: tuple[Any, ...], message: Any, status: int) -> None:
    """PS3.4 F.7.2, PS3.7 10.1.5.1.6."""
    answered, effects = ask(ris(*before), message, "ct1")
    assert answered.code == status
    assert effects == []


def test_a_step_of_a_preloaded_worklist_leaves_it_when_it_is_started() -> None:
    worklist = Worklist()
    worklist.preload([worklist_item("P7")])
    actor = ris(place_order(), worklist=worklist)
    assert len(on_worklist(actor)) == 2
    assert do(actor, step_started("P7")).answer == SUCCESS
    assert on_worklist(actor) == (worklist_item(),)


# --- several steps, several procedures ---------------------------------------------------------------------------------


def test_a_procedure_is_completed_with_its_last_step() -> None:
    actor = ris(place_order(), protocols=TWO_STEPS)
    assert do(actor, step_of_procedure(1, "1.2.1")).statuses() == [("P1", "SC", "IP")]
    assert steps_on_worklist(actor) == [procedure_id("S", ACCESSION, 2)]
    assert do(actor, step_ended("1.2.1")).statuses() == []
    assert do(actor, step_of_procedure(2, "1.2.2")).statuses() == []
    done = do(actor, step_ended("1.2.2"))
    assert done.statuses() == [("P1", "SC", "CM")]
    assert len(done.only(ReadingListEntry).steps) == 2


def test_a_procedure_of_which_one_step_was_done_is_completed_when_the_other_is_discontinued() -> None:
    actor = ris(place_order(), step_of_procedure(1, "1.2.1"), broken_off("1.2.1"), protocols=TWO_STEPS)
    do(actor, step_of_procedure(2, "1.2.2"))
    assert do(actor, step_ended("1.2.2")).statuses() == [("P1", "SC", "CM")]


def test_procedures_done_as_one_move_together_and_are_read_under_the_study_that_was_made() -> None:
    """RAD TF-2 4.6.4.1.2.3.4, group case."""
    actor = ris(place_order("P1", "P2"))
    together = replace(step_started("P1", "P2"), study_instance_uid=GROUP_STUDY)
    started = do(actor, together)
    assert started.statuses() == [("P1", "SC", "IP"), ("P2", "SC", "IP")]
    assert [one.procedure.study_instance_uid for one in started.all(ChangeProcedure)] == [GROUP_STUDY, GROUP_STUDY]
    assert on_worklist(actor) == ()
    ended = do(actor, step_ended())
    assert ended.statuses() == [("P1", "SC", "CM"), ("P2", "SC", "CM")]
    entries = ended.all(ReadingListEntry)
    assert [entry.procedure.accession_number for entry in entries] == accessions("P1", "P2")
    assert [entry.procedure.study_instance_uid for entry in entries] == [GROUP_STUDY, GROUP_STUDY]


def test_steps_of_one_procedure_may_be_done_as_one() -> None:
    actor = ris(place_order(), protocols=TWO_STEPS)
    both = replace(step_started(), scheduled=(*step_of_procedure(1, MPPS).scheduled, *step_of_procedure(2, MPPS).scheduled))
    assert do(actor, both).statuses() == [("P1", "SC", "IP")]
    assert on_worklist(actor) == ()
    assert do(actor, step_ended()).statuses() == [("P1", "SC", "CM")]


def test_images_appended_to_a_completed_step_do_not_set_the_order_back() -> None:
    """RAD TF-2 4.6.4.1.2.3.3."""
    actor = ris(*COMPLETED)
    for message in (step_started(mpps_uid="1.2.3"), step_ended("1.2.3")):
        done = do(actor, message)
        assert done.answer == SUCCESS
        assert done.names() == [("pacs", type(message).__name__)]
        assert done.notes == []
    assert on_worklist(actor) == ()


def test_appended_images_that_are_broken_off_do_not_set_the_order_back() -> None:
    actor = ris(*COMPLETED, step_started(mpps_uid="1.2.3"))
    for reason in (BROKEN, WRONG_ENTRY):
        actor = ris(*COMPLETED, step_started(mpps_uid="1.2.3"))
        assert do(actor, broken_off("1.2.3", reason)).names() == [("pacs", "StepEnded")]
        assert on_worklist(actor) == ()


# --- broken off --------------------------------------------------------------------------------------------------------


def test_a_discontinued_exam_is_told_to_the_placer_with_its_reason_and_not_read() -> None:
    done = do(ris(*STARTED), broken_off())
    assert done.answer == SUCCESS
    assert done.names() == [("engine", "OrderStatus"), ("pacs", "StepEnded")]
    assert done.statuses() == [("P1", "SC", "DC")]
    assert done.only(OrderStatus).reason == BROKEN
    assert done.notes == [("order discontinued", "P1", {"accession": ACCESSION, "reason": "Equipment failure"})]


def test_a_step_performed_twice_at_a_time_is_over_when_both_are() -> None:
    actor = ris(*STARTED, step_started(mpps_uid="1.2.3"))
    assert do(actor, broken_off()).statuses() == []
    assert do(actor, step_ended("1.2.3")).statuses() == [("P1", "SC", "CM")]


def test_the_wrong_worklist_entry_is_back_on_the_list_under_another_study() -> None:
    """The images that were made are somebody else's, and under the old study."""
    actor = ris(*STARTED)
    done = do(actor, broken_off(reason=WRONG_ENTRY))
    assert done.names() == [("engine", "OrderStatus"), ("pacs", "ChangeProcedure"), ("pacs", "StepEnded")]
    assert done.statuses() == [("P1", "SC", "SC")]
    assert done.only(OrderStatus).control_id == "P1-SC2"
    study = done.only(ChangeProcedure).procedure.study_instance_uid
    assert study != STUDY
    fields = {"accession": ACCESSION, "study": study, "reason": WRONG_ENTRY.meaning}
    assert done.notes == [("procedure rescheduled", "P1", fields)]
    (item,) = on_worklist(actor)
    assert (item.text("AccessionNumber"), item.text("StudyInstanceUID")) == (ACCESSION, study)
    again = replace(step_started(mpps_uid="1.2.3"), study_instance_uid=study)
    assert do(actor, again).statuses() == [("P1", "SC", "IP")]
    assert do(actor, step_ended("1.2.3")).only(ReadingListEntry).procedure.study_instance_uid == study


def test_the_second_wrong_entry_gives_a_third_study() -> None:
    actor = ris(*STARTED)
    first = do(actor, broken_off(reason=WRONG_ENTRY)).only(ChangeProcedure).procedure.study_instance_uid
    do(actor, replace(step_started(mpps_uid="1.2.3"), study_instance_uid=first))
    second = do(actor, broken_off("1.2.3", WRONG_ENTRY)).only(ChangeProcedure).procedure.study_instance_uid
    assert len({STUDY, first, second}) == 3


def test_more_images_of_a_wrong_entry_are_an_exam_to_reconcile() -> None:
    actor = ris(*STARTED, broken_off(reason=WRONG_ENTRY))
    more = replace(unscheduled(mpps_uid="1.2.3"), study_instance_uid=STUDY)
    assert [name for name, _, _ in do(actor, more).notes] == ["exam to reconcile"]
    assert len(on_worklist(actor)) == 1


def test_of_several_steps_the_one_started_by_mistake_is_back_on_the_list() -> None:
    actor = ris(place_order(), step_of_procedure(1, "1.2.1"), step_of_procedure(2, "1.2.2"), protocols=TWO_STEPS)
    done = do(actor, broken_off("1.2.2", WRONG_ENTRY))
    assert done.statuses() == []
    assert steps_on_worklist(actor) == [procedure_id("S", ACCESSION, 2)]


# --- unscheduled -------------------------------------------------------------------------------------------------------


def test_an_exam_that_names_no_order_waits_for_a_person() -> None:
    actor = ris(place_order())
    done = do(actor, unscheduled())
    assert done.answer == SUCCESS
    assert done.names() == [("pacs", "StepStarted")]
    assert done.notes == [("exam to reconcile", OWN_STUDY, {"mrn": "M1", "accession": "", "step": MPPS})]
    assert do(actor, step_ended()).names() == [("pacs", "StepEnded")]
    assert len(on_worklist(actor)) == 1


def test_a_typed_accession_number_of_the_same_patient_links_the_exam_at_once() -> None:
    actor = ris(place_order())
    done = do(actor, unscheduled(ACCESSION))
    assert done.notes == [("exam linked", ACCESSION, {"study": OWN_STUDY})]
    assert done.names() == [("engine", "OrderStatus"), ("pacs", "ChangeProcedure"), ("pacs", "StepStarted")]
    assert done.only(ChangeProcedure).procedure == replace(scheduled(), study_instance_uid=OWN_STUDY)
    assert done.statuses() == [("P1", "SC", "IP")]
    assert on_worklist(actor) == ()
    ended = do(actor, step_ended())
    assert ended.statuses() == [("P1", "SC", "CM")]
    assert ended.only(ReadingListEntry).procedure.study_instance_uid == OWN_STUDY


def test_a_patient_typed_without_an_authority_is_the_one_with_that_number() -> None:
    typed = replace(PATIENT, issuer="")
    assert [name for name, _, _ in do(ris(place_order()), unscheduled(ACCESSION, patient=typed)).notes] == ["exam linked"]


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ((place_order(),), unscheduled(ACCESSION, patient=SOMEBODY_ELSE)),
        ((place_order(),), replace(step_started(), patient=SOMEBODY_ELSE)),
        ((place_order(),), unscheduled(ACCESSION[:-1])),
        (STARTED, unscheduled(ACCESSION, mpps_uid="1.2.3")),
        (STARTED, replace(step_started(mpps_uid="1.2.3"), patient=SOMEBODY_ELSE)),
        (COMPLETED, unscheduled(ACCESSION, mpps_uid="1.2.3")),
        ((place_order(), cancel_order()), unscheduled(ACCESSION)),
        ((place_order(), cancel_order()), step_started()),
        ((*STARTED, broken_off()), step_started(mpps_uid="1.2.3")),
        ((), step_started()),
    ],
)
def test_what_is_not_the_exam_of_a_waiting_order_is_not_linked_by_itself(before: tuple[Any, ...], message: StepStarted) -> None:
    """Another patient, an unknown accession number, an order that has its exam, or that was cancelled or discontinued."""
    actor = ris(*before)
    waiting = steps_on_worklist(actor)
    done = do(actor, message)
    assert done.answer == SUCCESS
    assert done.names() == [("pacs", "StepStarted")]
    assert [name for name, _, _ in done.notes] == ["exam to reconcile"]
    assert steps_on_worklist(actor) == waiting


def test_a_step_named_under_another_accession_number_is_not_taken_for_it() -> None:
    """Such as one that was cut."""
    started = step_started()
    cut = replace(
        started, scheduled=(replace(started.scheduled[0], accession_number=ACCESSION[:8]),), study_instance_uid=OWN_STUDY
    )
    actor = ris(place_order())
    assert [name for name, _, _ in do(actor, cut).notes] == ["exam to reconcile"]
    assert len(on_worklist(actor)) == 1


def link(actor: Ris, study: str = OWN_STUDY, accession: str = ACCESSION) -> Any:
    return press(actor, "link exam", subject=study, accession=accession)


def test_a_person_links_an_exam_that_is_over_and_it_is_read_under_its_own_study() -> None:
    actor = ris(place_order(), unscheduled(patient=SOMEBODY_ELSE), step_ended())
    done = link(actor)
    assert done.notes == [("exam linked", ACCESSION, {"study": OWN_STUDY})]
    assert done.statuses() == [("P1", "SC", "IP"), ("P1", "SC", "CM")]
    assert done.only(ChangeProcedure).procedure.study_instance_uid == OWN_STUDY
    entry = done.only(ReadingListEntry)
    assert (entry.patient, entry.procedure.study_instance_uid) == (PATIENT, OWN_STUDY)
    assert on_worklist(actor) == ()


def test_a_person_links_an_exam_that_goes_on() -> None:
    actor = ris(place_order(), unscheduled())
    assert link(actor).statuses() == [("P1", "SC", "IP")]
    assert do(actor, step_ended()).statuses() == [("P1", "SC", "CM")]


def test_all_performed_steps_of_an_exam_are_linked_together() -> None:
    """The first was broken off, the second completed."""
    actor = ris(place_order(), unscheduled(), broken_off())
    assert do(actor, unscheduled(mpps_uid="1.2.3")).notes == []
    do(actor, step_ended("1.2.3"))
    assert link(actor).statuses() == [("P1", "SC", "IP"), ("P1", "SC", "CM")]


def test_images_appended_to_a_linked_exam_are_of_its_order() -> None:
    actor = ris(place_order(), unscheduled(patient=SOMEBODY_ELSE), step_ended())
    link(actor)
    done = do(actor, unscheduled(mpps_uid="1.2.3", patient=SOMEBODY_ELSE))
    assert done.names() == [("pacs", "StepStarted")]
    assert done.notes == []


def test_an_exam_that_starts_in_the_study_of_a_waiting_order_of_its_patient_performs_it() -> None:
    named = replace(unscheduled(), study_instance_uid=STUDY)
    assert do(ris(place_order()), named).statuses() == [("P1", "SC", "IP")]
    other = replace(named, patient=SOMEBODY_ELSE)
    assert do(ris(place_order()), other).statuses() == []


@pytest.mark.parametrize(
    ("before", "study"),
    [
        ((place_order(),), OWN_STUDY),
        ((place_order(), unscheduled()), STUDY),
        ((place_order("P2"), unscheduled()), OWN_STUDY),
        ((*STARTED, unscheduled(mpps_uid="1.2.3")), OWN_STUDY),
        ((*COMPLETED, report("F"), unscheduled(mpps_uid="1.2.3")), OWN_STUDY),
        ((place_order(), cancel_order(), unscheduled()), OWN_STUDY),
        ((*STARTED, broken_off(), unscheduled(mpps_uid="1.2.3")), OWN_STUDY),
    ],
)
def test_what_cannot_be_linked_is_not(before: tuple[Any, ...], study: str) -> None:
    done = link(ris(*before), study)
    assert done.sent == []
    assert [(name, fields["stimulus"]) for name, _, fields in done.notes] == [("not done", "link exam")]
