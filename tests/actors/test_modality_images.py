"""The modality's step and images: in which order they go out, how far one waits for the other, and what the archive refuses."""

from dataclasses import replace

import pytest

from emulators.core.event import OutcomeKind
from emulators.core.identity import uid
from emulators.core.instant import MINUTE, SECOND
from emulators.messages.commitment import CommitRequest
from emulators.messages.common import SUCCESS, Status
from emulators.messages.imaging import ImageContext, StoreResult, StoreStudy
from emulators.messages.instance_set import InstanceSet
from emulators.messages.steps import StepEnded, StepStarted
from emulators.messages.worklist import WorklistItems
from tests.actors.samples import (
    ACCESSION,
    CT_IMAGE_STORAGE,
    MPPS,
    NOW,
    SERIES,
    STUDY,
    answer,
    images,
    note_names,
    notes,
    only_send,
    reference,
    sends,
    sent,
    step_started,
    timers,
)
from tests.actors.scanner import (
    FORM_HEADER,
    ITEM,
    OTHER,
    OTHER_ITEM,
    Scanner,
    committing,
    find,
    lay_on_table,
    performed,
    performing,
    referenced,
    sending,
)

# --- the step and the images -------------------------------------------------------------------------------------------


def test_a_started_step_says_what_the_worklist_said() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, ITEM)
    send = only_send(effects, StepStarted)
    assert send.to == "ris"
    assert send.message == replace(step_started(), performed_step_id=f"P{ACCESSION}")
    fields = {"mrn": "M1", "station": "CT1", "accession": ACCESSION, "study": STUDY}
    assert notes(effects) == [("exam started", ACCESSION, fields)]


def test_the_images_go_to_the_archive_as_one_series() -> None:
    effects = performing().touch("images acquired", now=10 * MINUTE, instances=4)
    assert sent(effects) == [("pacs", "StoreStudy")]
    context = ImageContext((reference(),), MPPS, "CT1")
    assert sends(effects)[0].message == StoreStudy(FORM_HEADER, SERIES, CT_IMAGE_STORAGE, images(1, 4), 500_000, context)


def test_the_number_of_images_may_be_given_for_each_series() -> None:
    scanner = performing()
    first = scanner.touch("images acquired", instances=(3, 2))
    assert only_send(first, StoreStudy).message.instances == images(1, 3)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(1, 3)))
    second = InstanceSet(f"{STUDY}.2", 1, 2)
    assert only_send(effects, StoreStudy).message.instances == second
    assert note_names(effects) == []  # the study is not sent before its last series
    effects = scanner.answer(StoreStudy, StoreResult(stored=second))
    ended = only_send(effects, StepEnded).message
    assert ended.series == (performed(images(1, 3)), performed(second, series=f"{STUDY}.2"))
    assert only_send(effects, CommitRequest).message.references == referenced(images(1, 3).union(second))
    assert notes(effects) == [("study sent", ACCESSION, {"instances": 5})]
    assert notes(scanner.result(images(1, 3).union(second))) == [("study committed", ACCESSION, {"instances": 5})]


def test_the_step_ends_when_the_archive_has_confirmed_every_image_and_not_before() -> None:
    scanner = sending()
    lost = StoreResult(stored=images(1, 3), not_sent=images(4, 4))
    (timer,) = timers(scanner.end(StoreStudy, OutcomeKind.UNKNOWN, lost))
    (rest,) = sends(scanner.wake(timer.key))
    assert rest.message.instances == images(4, 4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(4, 4)), now=90 * SECOND)
    ended = only_send(effects, StepEnded)
    assert ended.to == "ris"
    assert ended.message == StepEnded(MPPS, "20260302080130", (performed(images(1, 4)),))
    assert notes(effects) == [("study sent", ACCESSION, {"instances": 4})]


def test_commitment_of_all_images_is_asked_for_when_they_are_sent() -> None:
    effects = sending().answer(StoreStudy, StoreResult(stored=images(1, 3), warned=images(4, 4)))
    request = only_send(effects, CommitRequest)
    assert request.to == "pacs"
    assert request.message == CommitRequest(uid("transaction", MPPS, 1), referenced(images(1, 4)))


def test_the_next_exam_does_not_wait_for_the_images_of_the_first() -> None:
    scanner = sending()
    lay_on_table(scanner, subject=OTHER)
    effects = find(scanner, OTHER_ITEM)
    assert note_names(effects) == ["exam started"]
    assert sends(scanner.touch("images acquired", subject=OTHER, instances=2)) == []
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(1, 4)))
    assert only_send(effects, StoreStudy).message.header.accession_number == OTHER


def test_the_images_go_on_while_the_ris_is_away_and_the_step_is_told_in_order_when_it_is_back() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    find(scanner, ITEM)
    (timer,) = timers(scanner.end(StepStarted, OutcomeKind.REFUSED))
    scanner.touch("images acquired", instances=4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(1, 4)))
    assert sent(effects) == [("pacs", "CommitRequest")]
    assert sent(scanner.wake(timer.key)) == [("ris", "StepStarted")]
    assert sent(scanner.answer(StepStarted, SUCCESS)) == [("ris", "StepEnded")]


@pytest.mark.parametrize("early", [True, False], ids=["before the images", "after the images"])
def test_a_step_that_the_ris_refuses_is_not_ended_there_and_its_images_are_sent(early: bool) -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    find(scanner, ITEM)
    if early:
        assert note_names(scanner.answer(StepStarted, Status(0x0110))) == ["delivery refused"]
    scanner.touch("images acquired", instances=4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(1, 4)))
    assert sent(effects) == [("pacs", "CommitRequest")]
    assert note_names(effects) == ["study sent"]
    if not early:
        assert sends(scanner.answer(StepStarted, Status(0x0110))) == []


def test_the_steps_of_others_go_on_when_one_is_refused() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    lay_on_table(scanner, subject=OTHER)
    for send in list(scanner.open):
        scanner.open.remove(send)
        scanner.keep(answer(scanner.actor, send, WorklistItems((ITEM, OTHER_ITEM))))
    effects = scanner.answer(StepStarted, Status(0x0110))
    assert only_send(effects, StepStarted).message.accession_number == OTHER


def test_a_scanner_knows_the_time() -> None:
    scanner = Scanner()
    lay_on_table(scanner, now=0)
    assert only_send(find(scanner, ITEM), StepStarted).message.started_at == NOW


# --- images that the archive refuses -----------------------------------------------------------------------------------


def test_images_that_the_archive_refuses_for_good_are_noted_and_the_study_is_what_it_took() -> None:
    scanner = sending()
    result = StoreResult(stored=images(1, 2), failed=((0xC000, images(3, 3)), (0x0111, images(4, 4))))
    effects = scanner.answer(StoreStudy, result)
    assert notes(effects)[1:] == [
        ("instances refused", ACCESSION, {"status": "C000H", "count": 1}),
        ("instances refused", ACCESSION, {"status": "0111H", "count": 1}),
        ("study sent", ACCESSION, {"instances": 2}),
    ]
    assert only_send(effects, StepEnded).message.series == (performed(images(1, 4)),)  # what was made
    assert only_send(effects, CommitRequest).message.instances == images(1, 2)
    assert notes(scanner.result(images(1, 2))) == [("study committed", ACCESSION, {"instances": 2})]


def test_what_was_refused_in_an_earlier_try_is_noted_with_its_status() -> None:
    scanner = sending()
    first = StoreResult(stored=images(1, 1), failed=((0xA900, images(2, 2)), (0xA700, images(3, 3))), not_sent=images(4, 4))
    (timer,) = timers(scanner.end(StoreStudy, OutcomeKind.UNKNOWN, first))
    assert only_send(scanner.wake(timer.key), StoreStudy).message.instances == images(3, 4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(3, 4)))
    assert notes(effects)[1:] == [
        ("instances refused", ACCESSION, {"status": "A900H", "count": 1}),
        ("study sent", ACCESSION, {"instances": 3}),
    ]


def test_a_study_of_which_nothing_is_taken_ends_and_is_not_committed() -> None:
    effects = sending().answer(StoreStudy, StoreResult(failed=((0xC000, images(1, 4)),)))
    assert sent(effects) == [("ris", "StepEnded")]
    assert note_names(effects) == ["delivery refused", "instances refused", "study sent"]


def test_what_is_refused_when_it_is_sent_again_is_given_up_and_the_rest_is_safe() -> None:
    scanner = committing()
    (timer,) = timers(scanner.result(committed=images(1, 3), failed=images(4, 4)))
    scanner.wake(timer.key)
    effects = scanner.answer(StoreStudy, StoreResult(failed=((0x0111, images(4, 4)),)))
    assert sends(effects) == []
    assert notes(effects)[1:] == [
        ("instances refused", ACCESSION, {"status": "0111H", "count": 1}),
        ("study committed", ACCESSION, {"instances": 3}),
    ]
