"""Reconciliation by the PACS itself: a study is matched to its order or held, whichever comes first, and what a cancelled
or wrong exam does to it.
"""

from dataclasses import replace
from itertools import permutations

import pytest

from emulators.messages import attributes
from emulators.messages.imaging import Admission, ArchivedStudy, StudyHeader
from emulators.messages.instance_set import InstanceSet
from emulators.messages.orders import CancelProcedure, ChangeProcedure
from emulators.messages.query import Find
from emulators.messages.query import Move as MoveRequest
from tests.actors.pacs_samples import archive, identity, pacs, states
from tests.actors.samples import (
    ACCESSION,
    HEADER,
    PATIENT,
    SOMEBODY_ELSE,
    STUDY,
    WRONG_ENTRY,
    ask,
    images,
    notes,
    of_procedure,
    reference,
    register_patient,
    schedule_procedure,
    scheduled,
    step_ended,
    step_started,
    stored,
    tell,
)

# --- reconciliation by the system --------------------------------------------------------------------------------------


def test_a_study_of_an_announced_order_is_matched() -> None:
    effects = archive(pacs(register_patient(), schedule_procedure()))
    fields = {"mrn": "M1", "accession": ACCESSION, "state": "matched", "reason": "", "by": "system"}
    assert notes(effects) == [("study reconciled", STUDY, fields)]


def test_a_study_without_an_order_is_an_orphan() -> None:
    assert states(archive(pacs(register_patient()))) == [("orphan", "no order")]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (replace(HEADER, patient=SOMEBODY_ELSE), "patient differs"),
        (replace(HEADER, patient=replace(PATIENT, issuer="ELSEWHERE")), "patient differs"),
        (replace(HEADER, study_instance_uid="1.2.3"), "study UID differs"),
        (replace(HEADER, accession_number="TYPED"), "accession number differs"),
    ],
)
def test_a_study_that_does_not_fit_its_order_is_held_and_says_why(header: StudyHeader, reason: str) -> None:
    assert states(archive(pacs(schedule_procedure()), header)) == [("held", reason)]


def test_a_study_without_accession_number_is_matched_by_patient_and_study_uid_and_gets_that_of_the_order() -> None:
    actor = pacs(schedule_procedure())
    assert states(archive(actor, replace(HEADER, accession_number=""))) == [("matched", "")]
    assert identity(actor) == ("M1", "Doe^Jane", ACCESSION)


def test_an_issuer_that_the_images_do_not_say_differs_from_none() -> None:
    nameless = replace(HEADER, patient=replace(PATIENT, issuer=""))
    assert states(archive(pacs(schedule_procedure()), nameless)) == [("matched", "")]


def test_an_orphan_is_matched_when_its_order_comes_later() -> None:
    actor = pacs()
    archive(actor)
    acknowledgement, effects = ask(actor, schedule_procedure(), "ris")
    assert acknowledgement.code == "AA"
    assert states(effects) == [("matched", "")]


def test_a_held_study_is_matched_when_the_order_is_corrected() -> None:
    actor = pacs(schedule_procedure(patient=SOMEBODY_ELSE))
    assert states(archive(actor)) == [("held", "patient differs")]
    assert states(ask(actor, of_procedure(ChangeProcedure), "ris")[1]) == [("matched", "")]


def test_an_unscheduled_study_is_matched_when_its_order_takes_its_study_uid() -> None:
    """PIR case 3 and "link exam": RAD-13 brings the Study Instance UID that was used."""
    actor = pacs(schedule_procedure())
    unscheduled = replace(HEADER, study_instance_uid="1.2.3", accession_number="")
    assert states(archive(actor, unscheduled)) == [("orphan", "no order")]
    changed = of_procedure(ChangeProcedure)
    step = replace(changed.procedure, study_instance_uid="1.2.3")
    assert states(ask(actor, replace(changed, steps=(step,)), "ris")[1]) == [("matched", "")]


def test_procedures_done_as_one_are_matched_in_the_study_in_which_their_steps_were_performed() -> None:
    """The group case (RAD TF-2 4.6): the images are in a study that was announced for none of them."""
    group = replace(step_started("P1", "P2"), study_instance_uid="1.2.3")
    actor = pacs(schedule_procedure("P1"), schedule_procedure("P2"), group)
    ((_, _, fields),) = notes(archive(actor, replace(HEADER, study_instance_uid="1.2.3", accession_number="")))
    both = [scheduled(placer).accession_number for placer in ("P1", "P2")]
    assert (fields["state"], fields["accession"]) == ("matched", "+".join(both))
    assert identity(actor, "1.2.3") == ("M1", "Doe^Jane", "")  # none of the two is its own
    for accession in both:
        assert len(ask(actor, Find(attributes.of({"AccessionNumber": accession})))[0].matches) == 1


def test_a_step_that_comes_before_its_order_counts_when_the_order_comes() -> None:
    group = replace(step_started(), study_instance_uid="1.2.3")
    actor = pacs(group)
    archive(actor, replace(HEADER, study_instance_uid="1.2.3"))
    assert states(ask(actor, schedule_procedure(), "ris")[1]) == [("matched", "")]


def test_a_reference_without_a_step_proves_nothing() -> None:
    typed = replace(reference(), step_id="")
    actor = pacs(schedule_procedure(), replace(step_started(), scheduled=(typed,), study_instance_uid="1.2.3"))
    assert states(archive(actor, replace(HEADER, study_instance_uid="1.2.3"))) == [("held", "study UID differs")]


def test_a_state_that_stays_is_not_noted_again() -> None:
    actor = pacs()
    archive(actor)
    wrong = schedule_procedure(patient=SOMEBODY_ELSE)
    assert states(ask(actor, wrong, "ris")[1]) == [("held", "patient differs")]
    assert ask(actor, replace(wrong, control_id="C2"), "ris")[1] == []
    assert ask(actor, register_patient(), "ris")[1] == []


def test_a_matched_study_stays_matched_and_follows_its_order() -> None:
    actor = pacs(schedule_procedure())
    archive(actor)
    assert ask(actor, of_procedure(ChangeProcedure, patient=SOMEBODY_ELSE), "ris")[1] == []
    assert ask(actor, register_patient(), "ris")[1] == []
    assert identity(actor) == ("M2", "Roe^Richard", ACCESSION)


def test_a_study_is_judged_when_its_first_batch_is_on_disk_and_once() -> None:
    actor = pacs(schedule_procedure())
    assert ask(actor, HEADER, "ct1") == (Admission(), [])
    assert states(tell(actor, stored(images(1, 2)))) == [("matched", "")]
    assert tell(actor, stored(images(3, 4))) == []


@pytest.mark.parametrize("order", list(permutations(("patient", "order", "images", "step"))))
def test_whatever_comes_first_the_study_ends_matched(order: tuple[str, ...]) -> None:
    messages = {"patient": register_patient(), "order": schedule_procedure(), "step": step_started()}
    actor = pacs()
    seen: list[tuple[str, str]] = []
    for what in order:
        seen += states(archive(actor) if what == "images" else ask(actor, messages[what], "ris")[1])
    assert seen[-1] == ("matched", "")


def test_an_earlier_study_is_found_and_needs_no_order() -> None:
    actor = pacs()
    assert tell(actor, ArchivedStudy(HEADER, stored(images(1, 4)))) == []
    assert identity(actor) == ("M1", "Doe^Jane", ACCESSION)
    assert ask(actor, schedule_procedure(patient=SOMEBODY_ELSE), "ris")[1] == []
    assert identity(actor) == ("M1", "Doe^Jane", ACCESSION)


# --- cancelled, discontinued -------------------------------------------------------------------------------------------


def test_images_of_a_cancelled_order_are_held() -> None:
    """hl7.ord.cancel.3: nothing lost, nothing silently matched."""
    actor = pacs(schedule_procedure(), of_procedure(CancelProcedure))
    assert states(archive(actor)) == [("held", "order cancelled")]
    assert identity(actor) is not None


def test_a_study_whose_order_is_cancelled_afterwards_is_held() -> None:
    actor = pacs(schedule_procedure())
    archive(actor)
    assert states(ask(actor, of_procedure(CancelProcedure), "ris")[1]) == [("held", "order cancelled")]
    assert states(ask(actor, of_procedure(ChangeProcedure), "ris")[1]) == [("matched", "")]


def test_images_of_a_wrong_worklist_entry_are_shown_to_nobody() -> None:
    """pir.case.4: DISCONTINUED with 110514, and then the images."""
    actor = pacs(schedule_procedure(), step_started(), step_ended(status="DISCONTINUED", reason=WRONG_ENTRY))
    assert states(archive(actor)) == [("held", "wrong worklist entry")]
    assert identity(actor) is None


def test_images_that_were_matched_before_the_wrong_worklist_entry_was_noticed_are_hidden_then() -> None:
    actor = pacs(schedule_procedure(), step_started())
    archive(actor)
    _, effects = ask(actor, step_ended(status="DISCONTINUED", reason=WRONG_ENTRY), "ris")
    assert states(effects) == [("held", "wrong worklist entry")]
    assert identity(actor) is None


def test_a_wrong_exam_that_named_no_series_hides_what_is_there_and_not_the_exam_after_it() -> None:
    ended = replace(step_ended(status="DISCONTINUED", reason=WRONG_ENTRY), series=())
    actor = pacs(schedule_procedure(), step_started())
    archive(actor)
    ask(actor, ended, "ris")
    assert identity(actor) is None
    ask(actor, step_started(mpps_uid="1.2.77"), "ris")
    right = stored(InstanceSet(f"{STUDY}.2", 1, 2))
    assert states(tell(actor, right)) == [("matched", "")]
    (store,) = ask(actor, MoveRequest(attributes.of({"StudyInstanceUID": STUDY}), destination="RADWS"))[0].stores
    assert store.instances == right.instances


def test_an_exam_that_was_discontinued_for_another_reason_is_matched() -> None:
    actor = pacs(schedule_procedure(), step_started(), step_ended(status="DISCONTINUED", reason=scheduled().protocol))
    assert states(archive(actor)) == [("matched", "")]
