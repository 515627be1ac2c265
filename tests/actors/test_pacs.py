"""The PACS: what it admits and when it shows it, whose a study is, commitment, steps and reports.

Query and retrieve are in test_pacs_query, routing in test_routing.
"""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.pacs import Pacs
from emulators.core.effect import Effect
from emulators.messages import attributes
from emulators.messages.adt import UpdatePerson
from emulators.messages.common import SUCCESS, Patient, PersonName
from emulators.messages.imaging import (
    NO_INSTANCES,
    Admission,
    ArchivedStudy,
    CommitRequest,
    CommitResult,
    InstanceSet,
    InstancesStored,
    PerformedSeries,
    Referenced,
    StepProgressed,
    StudyHeader,
    from_uids,
)
from emulators.messages.orders import CancelProcedure, ChangeProcedure
from emulators.messages.query import Find, MovePlan
from emulators.messages.query import Move as MoveRequest
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    CT_IMAGE_STORAGE,
    HEADER,
    MPPS,
    PATIENT,
    SERIES,
    SOMEBODY_ELSE,
    STUDY,
    WRONG_ENTRY,
    answer,
    ask,
    images,
    merge_patients,
    notes,
    of_procedure,
    only_send,
    reference,
    register_patient,
    report,
    schedule_procedure,
    scheduled,
    sends,
    step_ended,
    step_started,
    stored,
    tell,
    touch,
    update_patient,
)

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"


def pacs(*messages: object) -> Pacs:
    actor = Pacs("pacs", CLOCK, {"RADWS": "workstation"})
    for message in messages:
        ask(actor, message, "ris")
    return actor


def archive(actor: Pacs, header: StudyHeader = HEADER, count: int = 4) -> list[Effect]:
    """A study comes: its header is admitted, then the archive tells of one batch."""
    admission, effects = ask(actor, header, "ct1")
    assert admission == Admission()
    assert effects == []
    study = header.study_instance_uid
    return tell(actor, stored(InstanceSet(f"{study}.1", 1, count), study))


def states(effects: list[Effect]) -> list[tuple[str, str]]:
    """State and reason of each note of reconciliation."""
    fields = [fields for name, _, fields in notes(effects) if name == "study reconciled"]
    return [(str(one["state"]), str(one["reason"])) for one in fields]


def identity(actor: Pacs, study: str = STUDY) -> tuple[str, str, str] | None:
    """Patient ID, name and accession number that a query shows; None for a study that it does not find."""
    asked = dict.fromkeys(("PatientID", "PatientName", "AccessionNumber"), "")
    found = ask(actor, Find(attributes.of({**asked, "StudyInstanceUID": study})), "workstation")[0].matches
    if not found:
        return None
    (match,) = found
    return match.text("PatientID"), match.text("PatientName"), match.text("AccessionNumber")


def sent_header(actor: Pacs, study: str = STUDY) -> StudyHeader:
    """The header with which the images of a study leave."""
    plan, _ = ask(actor, MoveRequest(attributes.of({"StudyInstanceUID": study}), destination="RADWS"), "workstation")
    assert isinstance(plan, MovePlan)
    return plan.stores[0].header


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


# --- the person at the hold queue --------------------------------------------------------------------------------------


def test_the_status_shows_the_hold_queue_until_a_person_has_settled_it() -> None:
    actor = pacs(schedule_procedure())
    archive(actor)
    archive(actor, replace(HEADER, study_instance_uid="1.2.9", accession_number="TYPED"))
    row = {"study": "1.2.9", "mrn": "M1", "accession": "TYPED", "state": "orphan", "reason": "no order"}
    assert actor.status()["hold_queue"] == [row]
    touch(actor, "accept study", subject="1.2.9")
    assert actor.status()["hold_queue"] == []


def test_an_assigned_study_takes_the_identity_of_the_order() -> None:
    actor = pacs(register_patient(), schedule_procedure())
    wrong = replace(HEADER, patient=SOMEBODY_ELSE, accession_number="TYPED", study_instance_uid="1.2.3")
    assert states(archive(actor, wrong)) == [("orphan", "no order")]
    effects = touch(actor, "assign study", subject="1.2.3", accession=ACCESSION)
    fields = {"mrn": "M1", "accession": ACCESSION, "state": "matched", "reason": "", "by": "person"}
    assert notes(effects) == [("study reconciled", "1.2.3", fields)]
    assert identity(actor, "1.2.3") == ("M1", "Doe^Jane", ACCESSION)
    header = sent_header(actor, "1.2.3")
    assert (header.patient, header.accession_number, header.study_instance_uid) == (PATIENT, ACCESSION, "1.2.3")


def test_an_assigned_study_is_found_under_its_new_identity_alone() -> None:
    actor = pacs(schedule_procedure())
    archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))
    touch(actor, "assign study", subject=STUDY, accession=ACCESSION)
    for key, value, expected in (("PatientID", "M1", 1), ("PatientID", "M2", 0), ("AccessionNumber", ACCESSION, 1)):
        assert len(ask(actor, Find(attributes.of({key: value})))[0].matches) == expected


def test_what_a_person_settled_no_order_unsettles() -> None:
    actor = pacs(schedule_procedure())
    archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))
    assert states(touch(actor, "accept study", subject=STUDY)) == [("matched", "")]
    assert identity(actor) == ("M2", "Roe^Richard", ACCESSION)
    assert ask(actor, of_procedure(ChangeProcedure), "ris")[1] == []
    assert identity(actor) == ("M2", "Roe^Richard", ACCESSION)


def test_a_rejected_study_is_kept_and_shown_to_nobody() -> None:
    actor = pacs(schedule_procedure())
    archive(actor)
    assert states(touch(actor, "reject study", subject=STUDY)) == [("rejected", "")]
    assert identity(actor) is None
    plan = ask(actor, MoveRequest(attributes.of({"StudyInstanceUID": STUDY}), destination="RADWS"))[0]
    assert plan == MovePlan("workstation", ())
    assert commit(actor, images(1, 4)).committed_instances == images(1, 4)


def test_a_study_of_a_wrong_worklist_entry_is_shown_once_a_person_assigns_it() -> None:
    actor = pacs(schedule_procedure("P1"), schedule_procedure("P2", SOMEBODY_ELSE))
    ask(actor, step_started(), "ris")
    ask(actor, step_ended(status="DISCONTINUED", reason=WRONG_ENTRY), "ris")
    archive(actor)
    second = scheduled("P2").accession_number
    touch(actor, "assign study", subject=STUDY, accession=second)
    assert identity(actor) == ("M2", "Roe^Richard", second)


@pytest.mark.parametrize(
    ("stimulus", "data", "reason"),
    [
        ("assign study", {"subject": STUDY, "accession": "NONE"}, "no such order"),
        ("assign study", {"subject": "1.2.3", "accession": ACCESSION}, "no such study"),
        ("accept study", {"subject": "1.2.3"}, "no such study"),
        ("reject study", {"subject": "1.2.3"}, "no such study"),
    ],
)
def test_what_a_person_cannot_do_is_said(stimulus: str, data: dict[str, Any], reason: str) -> None:
    actor = pacs(schedule_procedure())
    archive(actor)
    effects = touch(actor, stimulus, **data)
    assert notes(effects) == [("not done", data["subject"], {"stimulus": stimulus, "reason": reason})]


def test_a_study_that_a_wrong_and_a_right_exam_share_is_not_given_to_another_patient() -> None:
    actor = pacs(schedule_procedure("P1"), schedule_procedure("P2", SOMEBODY_ELSE), step_started())
    archive(actor)
    ask(actor, step_ended(status="DISCONTINUED", reason=WRONG_ENTRY), "ris")
    tell(actor, stored(InstanceSet(f"{STUDY}.2", 1, 2)))
    touch(actor, "assign study", subject=STUDY, accession=scheduled("P2").accession_number)
    assert identity(actor) == ("M1", "Doe^Jane", ACCESSION)


# --- patients ----------------------------------------------------------------------------------------------------------

MARRIED = replace(PATIENT, name=PersonName("Smith", "Jane"))


def test_a_matched_study_bears_the_name_of_the_order_and_not_of_its_images() -> None:
    actor = pacs(schedule_procedure())
    archive(actor, replace(HEADER, patient=replace(PATIENT, name=PersonName("Deo", "Jane"))))
    assert identity(actor) == ("M1", "Doe^Jane", ACCESSION)


@pytest.mark.parametrize("kind", [type(update_patient()), UpdatePerson])
def test_an_update_changes_the_studies_of_the_patient(kind: type) -> None:
    """hl7.adt.upd.1 and pir.case.1: in C-FIND, and in what leaves."""
    actor = pacs(register_patient(), schedule_procedure())
    archive(actor)
    ask(actor, update_patient(MARRIED, kind=kind))
    assert identity(actor) == ("M1", "Smith^Jane", ACCESSION)
    assert sent_header(actor).patient == MARRIED


def test_after_a_merge_everything_is_under_the_surviving_id() -> None:
    """hl7.adt.merge.1: studies, orders and what is still expected."""
    actor = pacs(register_patient(), schedule_procedure("P1", SOMEBODY_ELSE), schedule_procedure("P2", SOMEBODY_ELSE))
    archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))
    ask(actor, merge_patients())
    assert identity(actor) == ("M1", "Doe^Jane", ACCESSION)
    assert ask(actor, Find(attributes.of({"PatientID": "M2"})))[0].matches == ()
    later = StudyHeader(PATIENT, scheduled("P2").accession_number, scheduled("P2").study_instance_uid, "", "CT", "")
    assert states(archive(actor, later)) == [("matched", "")]


def test_images_that_come_under_a_merged_id_are_filed_under_the_survivor() -> None:
    """hl7.adt.merge.2: the merge comes while the exam goes on."""
    actor = pacs(schedule_procedure(patient=SOMEBODY_ELSE), merge_patients())
    assert states(archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))) == [("matched", "")]
    assert identity(actor) == ("M1", "Doe^Jane", ACCESSION)


def test_a_merge_makes_a_study_fit_that_was_held_for_its_patient() -> None:
    actor = pacs(schedule_procedure())
    assert states(archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))) == [("held", "patient differs")]
    assert states(ask(actor, merge_patients())[1]) == [("matched", "")]


def test_a_merge_across_assigning_authorities_is_refused() -> None:
    actor = pacs(register_patient())
    elsewhere = replace(SOMEBODY_ELSE, issuer="ELSEWHERE")
    acknowledgement, effects = ask(actor, merge_patients(prior=elsewhere))
    assert (acknowledgement.code, acknowledgement.error, effects) == ("AE", "204 MRG-1", [])


def test_two_patients_may_have_the_same_number_of_two_authorities() -> None:
    """hl7.adt.id.1."""
    other = Patient("M1", "ELSEWHERE", PersonName("Poe", "Paul"), "19500101", "M")
    actor = pacs(register_patient(), register_patient(other, "V2-A041"))
    archive(actor)
    archive(actor, replace(HEADER, patient=other, study_instance_uid="1.2.3", accession_number="X1"))
    issuers = attributes.of({"PatientID": "M1", "IssuerOfPatientID": "", "NumberOfPatientRelatedStudies": ""})
    found = ask(actor, Find(issuers, "PATIENT", "PATIENT"))[0].matches
    assert {one.text("IssuerOfPatientID") for one in found} == {"RADLOOP", "ELSEWHERE"}
    assert {one.text("NumberOfPatientRelatedStudies") for one in found} == {"1"}


# --- admission ---------------------------------------------------------------------------------------------------------


def test_a_study_uid_that_another_patient_has_already_is_refused() -> None:
    actor = pacs()
    archive(actor)
    admission, effects = ask(actor, replace(HEADER, patient=SOMEBODY_ELSE), "ct1")
    assert admission == Admission(0xC000)
    fields = {"mrn": "M2", "accession": ACCESSION, "reason": "study UID of another patient"}
    assert notes(effects) == [("study refused", STUDY, fields)]


def test_the_rest_of_a_study_comes_under_the_old_or_the_new_identity() -> None:
    actor = pacs(schedule_procedure())
    archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))
    touch(actor, "assign study", subject=STUDY, accession=ACCESSION)
    for patient in (SOMEBODY_ELSE, PATIENT):
        assert ask(actor, replace(HEADER, patient=patient), "ct1") == (Admission(), [])


def test_a_study_is_found_when_a_batch_of_it_was_told_and_not_before() -> None:
    actor = pacs()
    ask(actor, HEADER, "ct1")
    assert identity(actor) is None
    tell(actor, stored(images(1, 1)))
    assert identity(actor) is not None


# --- commitment --------------------------------------------------------------------------------------------------------


def commit(actor: Pacs, *asked: InstanceSet, transaction: str = "1.2.3", sop_class: str = CT_IMAGE_STORAGE) -> CommitResult:
    references = tuple(Referenced(sop_class, instances) for instances in asked)
    status, effects = ask(actor, CommitRequest(transaction, references), "ct1")
    assert status == SUCCESS
    send = only_send(effects, CommitResult)
    assert send.to == "ct1"
    answer(actor, send, SUCCESS)
    result: CommitResult = send.message
    assert result.transaction_uid == transaction
    return result


def test_what_is_on_disk_is_committed() -> None:
    actor = pacs()
    archive(actor)
    result = commit(actor, images(1, 4))
    assert result == CommitResult("1.2.3", (Referenced(CT_IMAGE_STORAGE, images(1, 4)),))


def test_what_is_not_on_disk_is_named_as_failed() -> None:
    actor = pacs()
    archive(actor)
    result = commit(actor, images(3, 6))
    assert result.committed == (Referenced(CT_IMAGE_STORAGE, images(3, 4)),)
    assert result.failed == (Referenced(CT_IMAGE_STORAGE, images(5, 6), 0x0112),)
    unknown = InstanceSet("9.9", 1, 2)
    assert commit(actor, unknown, transaction="1.2.4").failed == (Referenced(CT_IMAGE_STORAGE, unknown, 0x0112),)


def test_an_instance_of_another_sop_class_is_not_committed() -> None:
    """dicom.stgcmt.scp.6: 0119H, class-instance conflict."""
    actor = pacs()
    archive(actor)
    result = commit(actor, images(1, 2), sop_class=MR_IMAGE_STORAGE)
    assert (result.committed, result.failed) == ((), (Referenced(MR_IMAGE_STORAGE, images(1, 2), 0x0119),))


def test_several_sop_classes_of_one_request_are_judged_each() -> None:
    actor = pacs()
    archive(actor)
    both = (Referenced(CT_IMAGE_STORAGE, images(1, 4)), Referenced(MR_IMAGE_STORAGE, InstanceSet("9.9", 1, 1)))
    _, effects = ask(actor, CommitRequest("1.2.3", both), "ct1")
    result = only_send(effects, CommitResult).message
    assert result.committed == both[:1]
    assert result.failed == (replace(both[1], failure_reason=0x0112),)


def test_an_instance_that_was_refused_for_another_content_is_not_committed() -> None:
    """dicom.stgcmt.scp.3: what the sender has is not what is on disk."""
    actor = pacs()
    archive(actor)
    again = replace(stored(NO_INSTANCES), series_instance_uid=SERIES, duplicates_different=1, refused=images(2, 2))
    assert tell(actor, again) == []
    result = commit(actor, images(1, 4))
    assert result.committed_instances == from_uids(uid for uid in images(1, 4) if uid not in images(2, 2))
    assert result.failed == (Referenced(CT_IMAGE_STORAGE, images(2, 2), 0x0110),)


def test_what_was_admitted_but_never_told_is_not_committed() -> None:
    actor = pacs()
    ask(actor, HEADER, "ct1")
    assert commit(actor, images(1, 4)).committed == ()


def test_images_that_came_in_two_batches_are_committed_together() -> None:
    actor = pacs()
    archive(actor, count=2)
    tell(actor, stored(images(3, 4)))
    assert commit(actor, images(1, 4)).committed_instances == images(1, 4)


def test_images_of_a_product_that_do_not_lie_below_their_series_are_committed() -> None:
    actor = pacs()
    own = InstancesStored(STUDY, "1.2.777", CT_IMAGE_STORAGE, from_uids(["1.9.1", "1.9.7"]), 0, 0, 1)
    tell(actor, ArchivedStudy(HEADER, own))
    (failed,) = commit(actor, from_uids(["1.9.1", "1.9.7", "1.9.8"])).failed
    assert failed.instances == from_uids(["1.9.8"])


def test_a_request_whose_result_could_not_be_sent_is_not_authorized() -> None:
    actor = Pacs("pacs", CLOCK, {}, told_results=frozenset(("ct1",)))
    archive(actor)
    asked = (Referenced(CT_IMAGE_STORAGE, images(1, 4)),)
    status, effects = ask(actor, CommitRequest("1.2.3", asked), "a stranger")
    assert (status.code, effects) == (0x0124, [])
    assert commit(actor, images(1, 4)).committed_instances == images(1, 4)


def test_a_repeated_transaction_is_answered_and_reported_once() -> None:
    actor = pacs()
    archive(actor)
    commit(actor, images(1, 4))
    again = CommitRequest("1.2.3", (Referenced(CT_IMAGE_STORAGE, images(1, 4)),))
    assert ask(actor, again, "ct1") == (SUCCESS, [])


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8, unique=True), st.integers(1, 12))
def test_every_image_asked_for_is_either_committed_or_failed(numbers: list[int], held: int) -> None:
    actor = pacs()
    archive(actor, count=held)
    result = commit(actor, from_uids(f"{SERIES}.{number}" for number in numbers))
    failed = [uid for part in result.failed for uid in part.instances]
    assert set(result.committed_instances) == {f"{SERIES}.{number}" for number in numbers if number <= held}
    assert set(failed) == {f"{SERIES}.{number}" for number in numbers if number > held}


# --- steps and reports -------------------------------------------------------------------------------------------------


def test_steps_are_taken_once() -> None:
    actor = pacs()
    assert ask(actor, step_started(), "ris") == (SUCCESS, [])
    assert ask(actor, step_started(), "ris")[0].code == 0x0111
    assert ask(actor, StepProgressed(MPPS, (PerformedSeries(SERIES, CT_IMAGE_STORAGE, "", images(1, 2)),)), "ris")[0] == SUCCESS
    assert ask(actor, step_ended(), "ris") == (SUCCESS, [])
    assert ask(actor, step_ended(), "ris")[0].code == 0x0110


def test_the_end_of_a_step_that_was_never_created_names_no_instance() -> None:
    assert ask(pacs(step_started(mpps_uid="1.2.3")), step_ended(MPPS), "ris")[0].code == 0x0112


def attached(actor: Pacs, *messages: object) -> list[str]:
    """The statuses of the reports that won, in their order."""
    found = []
    for number, message in enumerate(messages):
        acknowledgement, effects = ask(actor, replace(message, control_id=f"C{number}"))  # type: ignore[type-var]
        assert acknowledgement.code == "AA"
        assert sends(effects) == []
        found += [str(fields["status"]) for name, _, fields in notes(effects) if name == "report attached"]
    return found


def test_a_report_is_attached_also_before_its_study() -> None:
    assert attached(pacs(), report("P"), report("F")) == ["P", "F"]


def test_a_preliminary_report_does_not_win_over_a_final_one_but_a_correction_does() -> None:
    assert attached(pacs(), report("F"), report("P"), report("C"), report("X")) == ["F", "C", "X"]


def test_a_report_on_several_orders_is_attached_to_each() -> None:
    _, effects = ask(pacs(), report("F", "P1", "P2"))
    assert [subject for _, subject, _ in notes(effects)] == [scheduled(placer).accession_number for placer in ("P1", "P2")]


# --- coercion ----------------------------------------------------------------------------------------------------------


def test_images_without_an_issuer_are_taken_with_a_warning_and_leave_with_the_configured_one() -> None:
    """dicom.store.coerce.1."""
    actor = Pacs("pacs", CLOCK, {"RADWS": "workstation"}, default_issuer="NORTH")
    said = replace(HEADER, patient=replace(PATIENT, issuer=""))
    assert ask(actor, said, "ct1") == (Admission(0xB000), [])
    tell(actor, stored(images(1, 4)))
    assert sent_header(actor).patient == replace(PATIENT, issuer="NORTH")
    assert ask(actor, said, "ct1") == (Admission(0xB000), [])
    assert ask(actor, replace(HEADER, study_instance_uid="1.2.3"), "ct1") == (Admission(), [])


# --- space -------------------------------------------------------------------------------------------------------------


def test_without_space_images_are_refused_for_now_and_what_is_here_is_found() -> None:
    """dicom.store.status.4."""
    actor = pacs(schedule_procedure())
    archive(actor)
    assert notes(touch(actor, "run out of space")) == [("out of space", "pacs", {})]
    other = replace(HEADER, study_instance_uid="1.2.3")
    assert ask(actor, other, "ct1") == (Admission(0xA700), [])
    assert identity(actor) is not None
    assert notes(touch(actor, "have space again")) == [("space again", "pacs", {})]
    assert ask(actor, other, "ct1") == (Admission(), [])
