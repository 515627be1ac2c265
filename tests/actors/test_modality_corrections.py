"""Exams at the modality that do not end as begun: discontinued, done again, appended to, and of a corrected patient."""

from typing import Any

import pytest

from emulators.actors.exam import own_study
from emulators.actors.modality import UNSPECIFIED
from emulators.core.errors import LocalProtocolError
from emulators.core.identity import uid
from emulators.core.instant import MINUTE
from emulators.messages.commitment import CommitRequest
from emulators.messages.common import SUCCESS, Code, Patient, PersonName
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.messages.steps import StepEnded, StepStarted
from tests.actors.samples import ACCESSION, MPPS, NOW, STUDY, WRONG_ENTRY, images, note_names, notes, only_send, reference, sent
from tests.actors.scanner import FORM_HEADER, ITEM, Scanner, done, find, lay_on_table, performed, performing, sending


def test_a_discontinued_exam_sends_what_was_made_and_then_says_why() -> None:
    scanner = performing()
    effects = scanner.touch("discontinue exam", instances=2, reason=WRONG_ENTRY)
    assert sent(effects) == [("pacs", "StoreStudy")]
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(1, 2)))
    ended = only_send(effects, StepEnded).message
    assert ended == StepEnded(MPPS, NOW, (performed(images(1, 2)),), "DISCONTINUED", WRONG_ENTRY)
    assert notes(effects) == [
        ("study sent", ACCESSION, {"instances": 2}),
        ("exam discontinued", ACCESSION, {"instances": 2, "reason": "110514"}),
    ]
    assert note_names(scanner.result(images(1, 2))) == ["study committed"]


def test_an_exam_that_is_discontinued_before_the_first_image_has_a_series_without_any() -> None:
    """PS3.4 Table F.7.2-1: a series must exist for every performed step, though it may contain nothing."""
    effects = performing().touch("discontinue exam", instances=0, reason=WRONG_ENTRY)
    assert sent(effects) == [("ris", "StepEnded")]
    assert only_send(effects, StepEnded).message.series == (performed(NO_INSTANCES),)
    assert notes(effects) == [("exam discontinued", ACCESSION, {"instances": 0, "reason": "110514"})]


@pytest.mark.parametrize("instances", [-1, (3, -1)])
def test_less_than_no_images_are_refused_and_the_exam_goes_on(instances: int | tuple[int, ...]) -> None:
    scanner = performing()
    with pytest.raises(LocalProtocolError):
        scanner.touch("images acquired", instances=instances)
    assert len(only_send(scanner.touch("images acquired", instances=2), StoreStudy).message.instances) == 2


def test_a_reason_without_a_code_is_an_unspecified_one() -> None:
    effects = performing().touch("discontinue exam", instances=0, reason=Code("", "", "Patient fell asleep"))
    assert only_send(effects, StepEnded).message.reason == UNSPECIFIED


def test_an_exam_can_be_done_again_after_it_was_discontinued_with_identifiers_of_its_own() -> None:
    scanner = performing()
    scanner.touch("discontinue exam", instances=1, reason=WRONG_ENTRY)
    scanner.answer(StoreStudy, StoreResult(stored=images(1, 1)))
    scanner.answer(StepEnded, SUCCESS)
    lay_on_table(scanner)
    message = only_send(find(scanner, ITEM), StepStarted).message
    assert message.mpps_uid == uid("step", STUDY, 2)
    assert message.performed_step_id == f"P{ACCESSION}-2"
    effects = scanner.touch("images acquired", instances=2)
    assert only_send(effects, StoreStudy).message.instances == InstanceSet(f"{STUDY}.2", 1, 2)


def test_appended_images_are_a_new_step_and_a_new_series_of_the_same_study() -> None:
    """dicom.mpps.scu.4"""
    scanner = done()
    effects = scanner.touch("append images", now=20 * MINUTE, instances=2)
    assert sent(effects) == [("ris", "StepStarted"), ("pacs", "StoreStudy")]
    started = only_send(effects, StepStarted).message
    assert started.mpps_uid == uid("step", STUDY, 2)
    assert (started.scheduled, started.study_instance_uid) == ((reference(),), STUDY)
    assert started.started_at == "20260302082000"
    store = only_send(effects, StoreStudy).message
    added = InstanceSet(f"{STUDY}.2", 1, 2)
    assert (store.header, store.instances, store.context.mpps_uid) == (FORM_HEADER, added, started.mpps_uid)
    scanner.answer(StepStarted, SUCCESS)
    effects = scanner.answer(StoreStudy, StoreResult(stored=added))
    assert only_send(effects, StepEnded).message.mpps_uid == started.mpps_uid
    assert only_send(effects, CommitRequest).message.transaction_uid == uid("transaction", started.mpps_uid, 1)


def test_images_of_a_corrected_patient_are_other_images_and_name_nothing_of_the_wrong_entry() -> None:
    """dicom.send.5"""
    scanner = done()
    right = Patient("M9", "RADLOOP", PersonName("Moss", "Rita"), "19800101", "F")
    effects = scanner.touch("correct patient", now=20 * MINUTE, patient=right)
    started, store = (only_send(effects, message).message for message in (StepStarted, StoreStudy))
    study = own_study("CT1", ACCESSION)
    assert (started.patient, started.scheduled, started.study_instance_uid) == (right, (), study)
    assert (store.header.patient, store.header.accession_number, store.context.requests) == (right, "", ())
    assert store.instances == InstanceSet(f"{study}.1", 1, 4)


@pytest.mark.parametrize(
    ("stimulus", "data"),
    [
        ("images acquired", {"instances": 1}),
        ("discontinue exam", {"instances": 1, "reason": WRONG_ENTRY}),
        ("append images", {"instances": 1}),
        ("correct patient", {"patient": Patient("M9", "RADLOOP", PersonName("Moss", "Rita"), "", "")}),
    ],
)
def test_what_cannot_be_done_to_an_exam_is_noted(stimulus: str, data: dict[str, Any]) -> None:
    expected = [("no such exam", ACCESSION, {"station": "CT1", "stimulus": stimulus})]
    assert notes(Scanner().touch(stimulus, **data)) == expected
    out_of_turn = performing() if stimulus in ("append images", "correct patient") else sending()
    assert notes(out_of_turn.touch(stimulus, **data)) == expected
