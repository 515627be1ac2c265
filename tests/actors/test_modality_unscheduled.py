"""Exams at the modality that are not on its worklist: what is typed, and how the worklist is given up."""

from dataclasses import replace
from typing import Any

import pytest

from emulators.core.errors import LocalProtocolError
from emulators.core.identity import uid
from emulators.messages.common import NOBODY, SUCCESS, PersonName
from emulators.messages.imaging import ImageContext, StoreResult, StoreStudy, StudyHeader
from emulators.messages.steps import ScheduledReference, StepEnded, StepStarted
from emulators.messages.worklist import WorklistItems
from tests.actors.samples import ACCESSION, NOW, PATIENT, SOMEBODY_ELSE, answer, note_names, notes, only_send, sends
from tests.actors.scanner import ITEM, OWN_STUDY, Scanner, find, lay_on_table, performed

TYPED: dict[str, Any] = {
    "patient": replace(PATIENT, name=PersonName("Dow", "Jane")),
    "accession": "",
    "modality": "CT",
    "description": "CT head",
    "body_part": "HEAD",
}


def unscheduled(**typed: Any) -> Scanner:
    scanner = Scanner()
    scanner.touch("start unscheduled", **{**TYPED, **typed})
    return scanner


def test_an_unscheduled_exam_is_of_the_typed_patient_in_a_study_of_its_own() -> None:
    """dicom.mwl.scu.3, dicom.mpps.scp.7"""
    scanner = Scanner()
    effects = scanner.touch("start unscheduled", **TYPED)
    message = only_send(effects, StepStarted).message
    assert (message.patient, message.scheduled, message.study_instance_uid) == (TYPED["patient"], (), OWN_STUDY)
    assert (message.mpps_uid, message.description) == (uid("step", OWN_STUDY), "CT head")
    assert message.performed_step_id
    fields = {"mrn": "M1", "station": "CT1", "accession": "", "study": OWN_STUDY}
    assert notes(effects) == [("exam started", ACCESSION, fields)]
    store = only_send(scanner.touch("images acquired", instances=2), StoreStudy).message
    study_id = store.header.study_id
    assert study_id
    assert store.header == StudyHeader(message.patient, "", OWN_STUDY, NOW, "CT", "CT head", "HEAD", study_id, NOBODY)
    assert store.context == ImageContext((), message.mpps_uid, "CT1")
    scanner.answer(StepStarted, SUCCESS)
    effects = scanner.answer(StoreStudy, StoreResult(stored=store.instances))
    assert only_send(effects, StepEnded).message.series == (performed(store.instances, "CT head", f"{OWN_STUDY}.1"),)


def test_two_patients_who_are_typed_under_one_name_of_an_exam_never_share_a_study() -> None:
    scanner = unscheduled()
    scanner.answer(StepStarted, SUCCESS)
    scanner.touch("images acquired", instances=1)
    second = only_send(scanner.touch("start unscheduled", **{**TYPED, "patient": SOMEBODY_ELSE}), StepStarted).message
    assert (second.patient, second.study_instance_uid) == (SOMEBODY_ELSE, uid("unscheduled study", f"CT1/{ACCESSION}", 2))


def test_a_typed_accession_number_names_a_request_and_no_step() -> None:
    scanner = unscheduled(accession="A-TYPED")
    (named,) = scanner.under_way(StepStarted).message.scheduled
    assert isinstance(named, ScheduledReference)
    assert (named.accession_number, named.step_id, named.requested_procedure_id) == ("A-TYPED", "", "")
    store = only_send(scanner.touch("images acquired", instances=1), StoreStudy).message
    assert store.header.accession_number == "A-TYPED"
    assert store.context.requests == ()


def test_who_types_gives_the_worklist_up_whatever_it_answers_later() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    scanner.touch("start unscheduled", **TYPED)
    assert list(find(scanner, ITEM)) == []
    scanner.answer(StepStarted, SUCCESS)
    assert list(lay_on_table(scanner)) == []  # the exam goes on
    assert list(scanner.touch("start unscheduled", **TYPED)) == []


def test_a_given_up_query_may_still_be_open_when_the_next_is_made() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    scanner.touch("start unscheduled", **TYPED)
    scanner.touch("images acquired", instances=1)
    (second,) = sends(lay_on_table(scanner))
    assert second.key not in {send.key for send in scanner.open if send is not second}
    assert note_names(answer(scanner.actor, second, WorklistItems((ITEM,)))) == ["exam started"]


def test_what_no_message_can_carry_is_refused_before_anything_is_done() -> None:
    scanner = Scanner()
    for typed in ({"description": "x" * 65}, {"body_part": "x" * 17}, {"accession": "A" * 17}):
        with pytest.raises(LocalProtocolError):
            scanner.touch("start unscheduled", **{**TYPED, **typed})
    with pytest.raises(LocalProtocolError):
        lay_on_table(scanner, body_part="x" * 17)
    with pytest.raises(LocalProtocolError):
        lay_on_table(scanner, modality="ct")
    assert only_send(scanner.touch("start unscheduled", **TYPED), StepStarted).message.mpps_uid == uid("step", OWN_STUDY)
