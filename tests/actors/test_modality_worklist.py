"""The modality and its worklist: what it asks for, which entry it takes, and what it does without one."""

from typing import Any

import pytest

from emulators.core.event import OutcomeKind
from emulators.core.identity import uid
from emulators.messages.imaging import StoreStudy
from emulators.messages.steps import StepStarted
from emulators.messages.worklist import STEPS, WorklistItems, WorklistQuery, query_for_all_keys
from tests.actors.samples import (
    ACCESSION,
    PROCEDURE,
    SOMEBODY_ELSE,
    answer,
    note_names,
    notes,
    only_send,
    reference,
    sends,
    sent,
    worklist_item,
)
from tests.actors.scanner import ITEM, OTHER, OTHER_ITEM, OWN_STUDY, Scanner, find, lay_on_table


def test_the_query_is_for_this_scanners_list_since_yesterday_with_all_keys() -> None:
    send = only_send(lay_on_table(Scanner()), WorklistQuery)
    assert send.to == "ris"
    assert send.message == query_for_all_keys(
        {
            "ScheduledStationAETitle": "CT1",
            "ScheduledProcedureStepStartDate": "20260301-20260302",
            "Modality": "CT",
        }
    )


def test_a_patient_who_is_put_on_the_table_again_is_not_asked_for_twice() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    assert list(lay_on_table(scanner)) == []  # while the question is open
    find(scanner, OTHER_ITEM, ITEM)
    assert list(lay_on_table(scanner)) == []  # while the exam goes on


def test_the_item_of_the_request_form_is_picked_from_the_list() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, OTHER_ITEM, ITEM)
    assert only_send(effects, StepStarted).message.accession_number == ACCESSION


def test_another_entry_can_be_picked_and_is_then_the_exam_of_the_form() -> None:
    scanner = Scanner()
    lay_on_table(scanner, picked=OTHER)
    effects = find(scanner, ITEM, worklist_item("P2", SOMEBODY_ELSE))
    message = only_send(effects, StepStarted).message
    assert (message.patient, message.scheduled) == (SOMEBODY_ELSE, (reference("P2"),))
    assert [(subject, fields["accession"]) for _, subject, fields in notes(effects)] == [(ACCESSION, OTHER)]


def test_a_patient_who_is_not_on_the_list_is_noted_and_may_be_asked_for_again() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, OTHER_ITEM)
    assert notes(effects) == [("worklist item missing", ACCESSION, {"station": "CT1", "reason": "not on the list"})]
    assert sends(effects) == []
    assert sent(lay_on_table(scanner)) == [("ris", "WorklistQuery")]


def test_two_patients_may_be_asked_for_at_once() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = lay_on_table(scanner, subject=OTHER)
    (second,) = sends(effects)
    both = WorklistItems((ITEM, OTHER_ITEM))
    started = only_send(answer(scanner.actor, second, both), StepStarted)
    assert started.message.accession_number == OTHER


@pytest.mark.parametrize("kind", [OutcomeKind.REFUSED, OutcomeKind.UNKNOWN])
def test_a_worklist_that_does_not_answer_is_noted_at_each_try_and_asked_again_by_the_person(kind: OutcomeKind) -> None:
    scanner = Scanner()
    for _ in range(2):
        assert sent(lay_on_table(scanner)) == [("ris", "WorklistQuery")]
        effects = scanner.end(WorklistQuery, kind)
        reason = {"station": "CT1", "reason": kind.value}
        assert notes(effects) == [("worklist did not answer", ACCESSION, reason)]
        assert len(effects) == 1
    lay_on_table(scanner)
    assert note_names(find(scanner, ITEM)) == ["exam started"]


def test_an_entry_is_picked_from_a_list_that_ends_with_a_failure() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    assert note_names(find(scanner, ITEM, status=0xC001)) == ["exam started"]


def test_an_entry_that_is_not_on_a_list_that_ends_with_a_failure_may_still_be_there() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, OTHER_ITEM, status=0xA700)
    assert notes(effects) == [("worklist did not answer", ACCESSION, {"station": "CT1", "reason": "A700H"})]


UNREADABLE: dict[str, Any] = {
    "PatientID": "M" * 65,
    "StudyInstanceUID": "1.02",
    "RequestedProcedureID": "R" * 17,
    "ReferringPhysicianName": "G" * 65,
}


@pytest.mark.parametrize("keyword", UNREADABLE)
def test_an_entry_that_cannot_be_read_is_not_started_and_spoils_no_other(keyword: str) -> None:
    broken = ITEM.with_values({keyword: UNREADABLE[keyword]})
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, broken, OTHER_ITEM)
    assert notes(effects) == [("worklist item missing", ACCESSION, {"station": "CT1", "reason": "cannot be read"})]
    lay_on_table(scanner, subject=OTHER)
    assert note_names(find(scanner, broken, OTHER_ITEM)) == ["exam started"]


def test_an_entry_of_another_maker_is_started_with_what_it_says() -> None:
    """No Study Instance UID and no step: the study is the scanner's own."""
    bare = ITEM.without(("StudyInstanceUID", "ReferringPhysicianName", "RequestedProcedureCodeSequence", STEPS))
    scanner = Scanner()
    lay_on_table(scanner)
    message = only_send(find(scanner, bare), StepStarted).message
    assert (message.study_instance_uid, message.description, message.modality) == (OWN_STUDY, PROCEDURE.meaning, "CT")


def test_a_study_uid_with_no_room_for_numbers_below_it_has_series_of_their_own() -> None:
    long_study = "1.2.826.0.1." + "1" * 52
    scanner = Scanner()
    lay_on_table(scanner)
    find(scanner, ITEM.with_values({"StudyInstanceUID": long_study}))
    message = only_send(scanner.touch("images acquired", instances=99_999), StoreStudy).message
    assert message.header.study_instance_uid == long_study
    assert message.series_instance_uid == uid("series", long_study)
    assert len(next(iter(message.instances.without(message.instances.head(99_998))))) <= 64
