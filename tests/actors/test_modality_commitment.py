"""Storage commitment at the modality: asked for until every image is safe, what is not committed is sent again."""

import pytest

from emulators.actors.modality import COMMIT_LIMIT_US, RESEND_AFTER_US, CommitmentPolicy
from emulators.core.errors import LocalProtocolError
from emulators.core.event import OutcomeKind
from emulators.core.identity import uid
from emulators.core.instant import MINUTE, SECOND
from emulators.messages.commitment import CommitRequest, CommitResult
from emulators.messages.common import SUCCESS, Status
from emulators.messages.imaging import StoreResult, StoreStudy
from tests.actors.samples import (
    ACCESSION,
    MPPS,
    ask,
    cancelled,
    images,
    note_names,
    notes,
    only_send,
    sends,
    sent,
    timers,
    wake,
)
from tests.actors.scanner import ITEM, Scanner, committing, find, lay_on_table, referenced, sending


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
    effects = scanner.wake(timer.key, timer.at)
    assert only_send(effects, StoreStudy).message.instances == images(3, 4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(3, 4)))
    assert sent(effects) == [("pacs", "CommitRequest")]  # the step ended long ago
    request = only_send(effects, CommitRequest).message
    assert request == CommitRequest(uid("transaction", MPPS, 2), referenced(images(3, 4)))
    assert notes(scanner.result(images(3, 4), transaction=2)) == [("study committed", ACCESSION, {"instances": 4})]


def test_an_image_that_the_result_does_not_name_is_not_committed() -> None:
    """PS3.4 J.3.3: only what is named as committed may be deleted."""
    scanner = committing()
    (timer,) = timers(scanner.result(committed=images(1, 3)))
    effects = scanner.wake(timer.key, timer.at)
    assert only_send(effects, StoreStudy).message.instances == images(4, 4)


def test_commitment_is_asked_for_again_when_no_result_comes() -> None:
    scanner = sending()
    (timer,) = timers(scanner.answer(StoreStudy, StoreResult(stored=images(1, 4)), now=5 * MINUTE))
    assert timer.at == 5 * MINUTE + COMMIT_LIMIT_US
    scanner.answer(CommitRequest, SUCCESS)
    effects = scanner.wake(timer.key, timer.at)
    assert only_send(effects, CommitRequest).message == CommitRequest(uid("transaction", MPPS, 2), referenced(images(1, 4)))
    (next_timer,) = timers(effects)
    assert next_timer.at == timer.at + COMMIT_LIMIT_US
    assert next_timer.key != timer.key


def test_how_long_it_waits_can_be_said() -> None:
    scanner = Scanner(CommitmentPolicy(5 * SECOND, SECOND))
    lay_on_table(scanner)
    find(scanner, ITEM)
    scanner.touch("images acquired", instances=2)
    (timer,) = timers(scanner.answer(StoreStudy, StoreResult(stored=images(1, 2))))
    assert timer.at == 5 * SECOND
    scanner.answer(CommitRequest, SUCCESS)
    (timer,) = timers(scanner.result(committed=images(1, 1)))
    assert timer.at == SECOND


def test_no_second_transaction_is_begun_while_the_archive_has_not_taken_the_first() -> None:
    scanner = sending()
    (timer,) = timers(scanner.answer(StoreStudy, StoreResult(stored=images(1, 4))))
    scanner.end(CommitRequest, OutcomeKind.REFUSED)
    effects = scanner.wake(timer.key, timer.at)
    assert sends(effects) == []
    assert [(again.key, again.at) for again in timers(effects)] == [(timer.key, timer.at + COMMIT_LIMIT_US)]


def test_a_result_for_an_earlier_transaction_is_answered_and_changes_nothing() -> None:
    scanner = committing()
    scanner.wake(f"commit/{uid('transaction', MPPS, 1)}")
    assert list(scanner.result(images(1, 2), images(3, 4), transaction=1)) == []
    assert note_names(scanner.result(images(1, 4), transaction=2)) == ["study committed"]


def test_a_result_that_is_repeated_is_answered_and_changes_nothing() -> None:
    scanner = committing()
    scanner.result(images(1, 4))
    assert list(scanner.result(images(1, 4))) == []
    assert list(scanner.result(images(1, 2), images(3, 4))) == []


def test_a_result_that_is_repeated_while_the_rest_is_sent_again_sends_nothing_twice() -> None:
    scanner = committing()
    (timer,) = timers(scanner.result(images(1, 2), images(3, 4)))
    scanner.wake(timer.key)
    (timer,) = timers(scanner.result(images(1, 2), images(3, 4)))
    assert list(scanner.wake(timer.key)) == []


def test_an_old_timer_asks_for_nothing() -> None:
    scanner = committing()
    first = f"commit/{uid('transaction', MPPS, 1)}"
    scanner.wake(first)
    assert list(scanner.wake(first)) == []


def test_a_result_of_an_unknown_transaction_names_no_instance() -> None:
    status, effects = ask(committing().actor, CommitResult("1.2.3", referenced(images(1, 4))), "pacs")
    assert status.code == 0x0112
    assert effects == []


def test_a_commitment_request_that_is_refused_is_asked_again_at_the_limit() -> None:
    scanner = sending()
    (timer,) = timers(scanner.answer(StoreStudy, StoreResult(stored=images(1, 4))))
    assert note_names(scanner.answer(CommitRequest, Status(0xC000))) == ["delivery refused"]
    assert sent(scanner.wake(timer.key, timer.at)) == [("pacs", "CommitRequest")]


def test_a_timer_that_it_never_set_is_our_mistake() -> None:
    for key in ("commit/1.2.3", "look/1.2.3"):
        with pytest.raises(LocalProtocolError, match="no timer"):
            wake(Scanner().actor, key)
