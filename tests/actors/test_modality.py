"""The modality: worklist, step, images and commitment, and what it does when any of them does not come about."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from emulators.actors.modality import COMMIT_LIMIT_US, RESEND_AFTER_US, Modality
from emulators.core.effect import Effect, Send
from emulators.core.errors import LocalProtocolError
from emulators.core.event import OutcomeKind
from emulators.core.identity import uid
from emulators.core.instant import MINUTE, SECOND
from emulators.messages.common import SUCCESS, Status
from emulators.messages.imaging import (
    NO_INSTANCES,
    CommitRequest,
    CommitResult,
    ImageContext,
    InstanceSet,
    StepEnded,
    StepStarted,
    StoreResult,
    StoreStudy,
)
from emulators.messages.worklist import WorklistItem, WorklistItems, WorklistQuery
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    CT_IMAGE_STORAGE,
    HEADER,
    MPPS,
    NOW,
    PROCEDURE,
    PROTOCOL,
    SERIES,
    VISIT,
    answer,
    ask,
    cancelled,
    end,
    images,
    note_names,
    notes,
    only_send,
    scheduled,
    sends,
    sent,
    step_started,
    timers,
    touch,
    wake,
    worklist_item,
)

ITEM = worklist_item()
OTHER_ITEM = worklist_item("P2")


class CtImages:
    """What a CT knows of its images."""

    def sop_class_uid(self, modality: str) -> str:
        assert modality == "CT"
        return CT_IMAGE_STORAGE

    def nominal_bytes(self, modality: str) -> int:
        assert modality == "CT"
        return 500_000


class Scanner:
    """A modality with the sends that are open, so that a test can answer them by type."""

    def __init__(self) -> None:
        self.actor = Modality("ct1", CLOCK, "CT1", "ris", "pacs", CtImages())
        self.open: list[Send] = []

    def keep(self, effects: Sequence[Effect]) -> Sequence[Effect]:
        self.open += sends(effects)
        return effects

    def under_way(self, message: type) -> Send:
        return only_send(self.open, message)

    def touch(self, stimulus: str, now: int = 0, **data: object) -> Sequence[Effect]:
        return self.keep(touch(self.actor, stimulus, now, **data))

    def answer(self, message: type, with_what: object, now: int = 0) -> Sequence[Effect]:
        return self.end(message, OutcomeKind.ANSWERED, with_what, now)

    def end(self, message: type, kind: OutcomeKind, with_what: object = None, now: int = 0) -> Sequence[Effect]:
        send = self.under_way(message)
        self.open.remove(send)
        return self.keep(end(self.actor, send, kind, with_what, now))

    def result(self, committed: InstanceSet, failed: InstanceSet = NO_INSTANCES, transaction: int = 1) -> Sequence[Effect]:
        """A commitment result comes; it is answered with success."""
        message = CommitResult(uid("transaction", MPPS, transaction), CT_IMAGE_STORAGE, committed, failed)
        status, effects = ask(self.actor, message, "pacs")
        assert status == SUCCESS
        return self.keep(effects)


def lay_on_table(scanner: Scanner, now: int = 0) -> Sequence[Effect]:
    return scanner.touch("patient on table", now, subject=ACCESSION, modality="CT")


def find(scanner: Scanner, *items: WorklistItem) -> Sequence[Effect]:
    return scanner.answer(WorklistQuery, WorklistItems(items))


def performing() -> Scanner:
    scanner = Scanner()
    lay_on_table(scanner)
    find(scanner, ITEM)
    scanner.answer(StepStarted, SUCCESS)
    return scanner


def sending(count: int = 4) -> Scanner:
    scanner = performing()
    scanner.touch("images acquired", subject=ACCESSION, instances=count)
    return scanner


def committing(count: int = 4) -> Scanner:
    scanner = sending(count)
    scanner.answer(StoreStudy, StoreResult(stored=images(1, count)))
    scanner.answer(StepEnded, SUCCESS)
    scanner.answer(CommitRequest, SUCCESS)
    return scanner


# --- worklist ----------------------------------------------------------------------------------------------------------


def test_the_query_is_for_this_scanners_list_since_yesterday() -> None:
    send = only_send(lay_on_table(Scanner()), WorklistQuery)
    assert send.to == "ris"
    assert send.message == WorklistQuery(station_ae_title="CT1", start_date="20260301-20260302", modality="CT")


def test_a_patient_who_is_put_on_the_table_again_is_not_asked_for_twice() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    assert lay_on_table(scanner) == []  # while the question is open
    find(scanner, OTHER_ITEM, ITEM)
    assert lay_on_table(scanner) == []  # while the exam goes on


def test_the_item_of_the_request_form_is_picked_from_the_list() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, OTHER_ITEM, ITEM)
    assert only_send(effects, StepStarted).message.accession_number == ACCESSION


def test_a_patient_who_is_not_on_the_list_is_noted_and_may_be_asked_for_again() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, OTHER_ITEM)
    assert notes(effects) == [("worklist item missing", ACCESSION, {"station": "CT1"})]
    assert sends(effects) == []
    assert sent(lay_on_table(scanner)) == [("ris", "WorklistQuery")]


def test_two_patients_may_be_asked_for_at_once() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = scanner.touch("patient on table", subject=OTHER_ITEM.scheduled.accession_number, modality="CT")
    (second,) = sends(effects)
    both = WorklistItems((ITEM, OTHER_ITEM))
    started = only_send(answer(scanner.actor, second, both), StepStarted)
    assert started.message.accession_number == OTHER_ITEM.scheduled.accession_number


def test_a_query_that_finds_nobody_is_asked_again() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    send = scanner.under_way(WorklistQuery)
    (timer,) = timers(scanner.end(WorklistQuery, OutcomeKind.REFUSED))
    assert lay_on_table(scanner) == []
    assert sends(wake(scanner.actor, timer.key)) == [send]


# --- the step and the images -------------------------------------------------------------------------------------------


def test_a_started_step_says_what_the_worklist_said() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, ITEM)
    send = only_send(effects, StepStarted)
    assert send.to == "ris"
    assert send.message == replace(step_started(), performed_step_id=f"P{ACCESSION[1:]}")
    assert notes(effects) == [("exam started", ACCESSION, {"mrn": "M1", "station": "CT1"})]


def test_the_images_go_to_the_archive_as_one_series() -> None:
    effects = performing().touch("images acquired", now=10 * MINUTE, subject=ACCESSION, instances=4)
    assert sent(effects) == [("pacs", "StoreStudy")]
    context = ImageContext(
        requested_procedure_id=scheduled().requested_procedure_id,
        step_id=scheduled().step_id,
        procedure=PROCEDURE,
        protocol=PROTOCOL,
        mpps_uid=MPPS,
        station_ae_title="CT1",
        referring_physician=VISIT.referring_physician,
    )
    assert sends(effects)[0].message == StoreStudy(HEADER, SERIES, CT_IMAGE_STORAGE, images(1, 4), 500_000, context)


def test_the_step_ends_when_the_archive_has_confirmed_every_image_and_not_before() -> None:
    scanner = sending()
    lost = StoreResult(stored=images(1, 3), not_sent=images(4, 4))
    (timer,) = timers(scanner.end(StoreStudy, OutcomeKind.UNKNOWN, lost))
    (rest,) = sends(scanner.keep(wake(scanner.actor, timer.key)))
    assert rest.message.instances == images(4, 4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(4, 4)), now=90 * SECOND)
    ended = only_send(effects, StepEnded)
    assert ended.to == "ris"
    expected = StepEnded(MPPS, "20260302080130", SERIES, CT_IMAGE_STORAGE, PROTOCOL.meaning, images(1, 4))
    assert ended.message == expected
    assert notes(effects) == [("study sent", ACCESSION, {"instances": 4})]


def test_commitment_of_all_images_is_asked_for_when_they_are_sent() -> None:
    effects = sending().answer(StoreStudy, StoreResult(stored=images(1, 3), warned=images(4, 4)))
    request = only_send(effects, CommitRequest)
    assert request.to == "pacs"
    assert request.message == CommitRequest(uid("transaction", MPPS, 1), CT_IMAGE_STORAGE, images(1, 4))


def test_a_study_that_the_archive_refuses_for_good_is_noted_and_its_step_stays_open() -> None:
    effects = sending().answer(StoreStudy, StoreResult(failed=((0xC000, images(1, 4)),)))
    assert note_names(effects) == ["delivery refused"]
    assert sends(effects) == []


def test_the_next_exam_does_not_wait_for_the_images_of_the_first() -> None:
    scanner = sending()
    other = OTHER_ITEM.scheduled.accession_number
    scanner.touch("patient on table", subject=other, modality="CT")
    effects = find(scanner, OTHER_ITEM)
    assert note_names(effects) == ["exam started"]
    assert sends(scanner.touch("images acquired", subject=other, instances=2)) == []
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(1, 4)))
    assert only_send(effects, StoreStudy).message.header.accession_number == other


# --- commitment --------------------------------------------------------------------------------------------------------


def test_a_committed_study_is_done_and_waits_for_nothing() -> None:
    effects = committing().result(images(1, 4))
    assert notes(effects) == [("study committed", ACCESSION, {"instances": 4})]
    assert cancelled(effects) == [f"commit/{uid('transaction', MPPS, 1)}"]
    assert sends(effects) == []


def test_what_was_not_committed_is_sent_again_and_asked_for_again() -> None:
    scanner = committing()
    effects = scanner.result(committed=images(1, 2), failed=images(3, 4))
    assert cancelled(effects) == [f"commit/{uid('transaction', MPPS, 1)}"]
    assert note_names(effects) == []
    (timer,) = timers(effects)
    assert timer.at == RESEND_AFTER_US
    effects = scanner.keep(wake(scanner.actor, timer.key, timer.at))
    assert only_send(effects, StoreStudy).message.instances == images(3, 4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(3, 4)))
    assert sent(effects) == [("pacs", "CommitRequest")]  # the step ended long ago
    request = only_send(effects, CommitRequest).message
    assert request == CommitRequest(uid("transaction", MPPS, 2), CT_IMAGE_STORAGE, images(3, 4))
    assert notes(scanner.result(images(3, 4), transaction=2)) == [("study committed", ACCESSION, {"instances": 4})]


def test_an_image_that_the_result_does_not_name_is_not_committed() -> None:
    """PS3.4 J.3.3: only what is named as committed may be deleted."""
    scanner = committing()
    (timer,) = timers(scanner.result(committed=images(1, 3)))
    effects = wake(scanner.actor, timer.key, timer.at)
    assert only_send(effects, StoreStudy).message.instances == images(4, 4)


def test_commitment_is_asked_for_again_when_no_result_comes() -> None:
    scanner = sending()
    (timer,) = timers(scanner.answer(StoreStudy, StoreResult(stored=images(1, 4)), now=5 * MINUTE))
    assert timer.at == 5 * MINUTE + COMMIT_LIMIT_US
    scanner.answer(CommitRequest, SUCCESS)
    effects = scanner.keep(wake(scanner.actor, timer.key, timer.at))
    assert only_send(effects, CommitRequest).message == CommitRequest(
        uid("transaction", MPPS, 2), CT_IMAGE_STORAGE, images(1, 4)
    )
    (next_timer,) = timers(effects)
    assert next_timer.at == timer.at + COMMIT_LIMIT_US
    assert next_timer.key != timer.key


def test_a_result_for_an_earlier_transaction_is_answered_and_changes_nothing() -> None:
    scanner = committing()
    scanner.keep(wake(scanner.actor, f"commit/{uid('transaction', MPPS, 1)}"))
    assert scanner.result(images(1, 2), images(3, 4), transaction=1) == []
    assert note_names(scanner.result(images(1, 4), transaction=2)) == ["study committed"]


def test_a_result_that_is_repeated_is_answered_and_changes_nothing() -> None:
    scanner = committing()
    scanner.result(images(1, 4))
    assert scanner.result(images(1, 4)) == []
    assert scanner.result(images(1, 2), images(3, 4)) == []


def test_an_old_timer_asks_for_nothing() -> None:
    scanner = committing()
    first = f"commit/{uid('transaction', MPPS, 1)}"
    wake(scanner.actor, first)
    assert wake(scanner.actor, first) == []


def test_a_result_of_an_unknown_transaction_names_no_instance() -> None:
    status, effects = ask(committing().actor, CommitResult("1.2.3", CT_IMAGE_STORAGE, images(1, 4)), "pacs")
    assert status.code == 0x0112
    assert effects == []


def test_a_commitment_request_that_is_refused_is_asked_again_at_the_limit() -> None:
    scanner = sending()
    (timer,) = timers(scanner.answer(StoreStudy, StoreResult(stored=images(1, 4))))
    assert note_names(scanner.answer(CommitRequest, Status(0xC000))) == ["delivery refused"]
    assert sent(wake(scanner.actor, timer.key, timer.at)) == [("pacs", "CommitRequest")]


def test_a_timer_that_it_never_set_is_our_mistake() -> None:
    for key in ("commit/1.2.3", "look/1.2.3"):
        with pytest.raises(LocalProtocolError, match="no timer"):
            wake(Scanner().actor, key)


def test_a_scanner_knows_the_time() -> None:
    scanner = Scanner()
    lay_on_table(scanner, now=0)
    assert only_send(find(scanner, ITEM), StepStarted).message.started_at == NOW
