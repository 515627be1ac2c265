"""The outbox: what is put in gets through once and in order, and what an outcome means for the retry."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.outbox import Delivery, Outbox, RetryPolicy
from emulators.core.effect import Effect, Send, SetTimer
from emulators.core.event import Outcome, OutcomeKind
from emulators.core.instant import SECOND
from emulators.messages.common import SUCCESS, Acknowledgement, Status
from emulators.messages.imaging import NO_INSTANCES, InstanceSet, StoreResult, StoreStudy
from emulators.messages.worklist import WorklistItems, WorklistQuery
from tests.actors.samples import CT_IMAGE_STORAGE, HEADER, SERIES, images, order_status, step_ended, step_started

ANSWERED, REFUSED, UNKNOWN = OutcomeKind.ANSWERED, OutcomeKind.REFUSED, OutcomeKind.UNKNOWN
POLICY = RetryPolicy(deadline_us=20 * SECOND, first_us=3 * SECOND, longest_us=36 * SECOND)
STATUS_SC, STATUS_IP, STATUS_CM = order_status("SC"), order_status("IP"), order_status("CM")
STORE = StoreStudy(HEADER, SERIES, CT_IMAGE_STORAGE, images(1, 10), 1_000)

TAKEN = Acknowledgement("AA", "C1")
NOT_TAKEN = Acknowledgement("AE", "C1", "204 OBR-2")
NOT_NOW = Acknowledgement("AR", "C1", "207")

TRY_AGAIN: list[tuple[OutcomeKind, Any]] = [
    (REFUSED, None),
    (UNKNOWN, None),
    (ANSWERED, NOT_NOW),
    (ANSWERED, Status(0xA700)),
    (ANSWERED, Status(0xA7FF)),
]


def one_send(effects: list[Effect]) -> Send:
    (effect,) = effects
    assert isinstance(effect, Send)
    return effect


def end(outbox: Outbox, key: str, kind: OutcomeKind, message: Any = None, now: int = 0) -> tuple[list[Effect], Delivery | None]:
    return outbox.outcome(Outcome(key, kind, message), now)


def back_off_us(outbox: Outbox, key: str, kind: OutcomeKind, message: Any = None) -> int:
    """End the head so that it waits, let the timer fire, and give how long it waited."""
    now = 1_000 * SECOND
    effects, delivery = end(outbox, key, kind, message, now)
    assert delivery is None
    (timer,) = effects
    assert isinstance(timer, SetTimer)
    assert timer.key == key
    one_send(outbox.timer_fired(key))
    return timer.at - now


def delivered(outbox: Outbox, key: str, kind: OutcomeKind, message: Any = None) -> Delivery:
    _, delivery = end(outbox, key, kind, message)
    assert delivery is not None
    return delivery


# --- the queue ---------------------------------------------------------------------------------------------------------


def test_a_message_is_sent_at_once_with_the_deadline_of_the_policy() -> None:
    send = one_send(Outbox(POLICY).put("engine", STATUS_SC))
    assert (send.to, send.message, send.deadline_us) == ("engine", STATUS_SC, 20 * SECOND)


def test_one_message_of_a_queue_is_under_way_at_a_time() -> None:
    outbox = Outbox(POLICY)
    first = one_send(outbox.put("engine", STATUS_SC))
    assert outbox.put("engine", STATUS_IP) == []
    effects, delivery = end(outbox, first.key, ANSWERED, TAKEN)
    assert delivery == Delivery("engine", "orders", STATUS_SC, TAKEN, accepted=True)
    assert one_send(effects).message is STATUS_IP


def test_a_message_that_is_put_while_the_head_waits_does_not_overtake_it() -> None:
    outbox = Outbox(POLICY)
    first = one_send(outbox.put("engine", STATUS_SC))
    end(outbox, first.key, REFUSED)
    assert outbox.put("engine", STATUS_IP) == []
    assert one_send(outbox.timer_fired(first.key)).message is STATUS_SC


def test_queues_by_receiver_lane_and_name_do_not_wait_for_each_other() -> None:
    outbox = Outbox(POLICY)
    under_way = [
        one_send(outbox.put("engine", STATUS_SC)),
        one_send(outbox.put("pacs", STATUS_SC)),
        one_send(outbox.put("engine", step_started())),
        one_send(outbox.put("engine", STATUS_SC, queue="another")),
    ]
    assert len({send.key for send in under_way}) == 4
    assert delivered(outbox, under_way[3].key, ANSWERED, TAKEN).queue == "another"


def test_an_outbox_owns_the_keys_of_its_open_queues_only() -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("engine", STATUS_SC))
    assert outbox.owns(send.key)
    assert not outbox.owns("commit/1.2")
    end(outbox, send.key, ANSWERED, TAKEN)
    assert not outbox.owns(send.key)


# --- what an outcome means ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "message"), TRY_AGAIN)
def test_what_did_not_get_through_is_sent_again_as_the_same_message(kind: OutcomeKind, message: Any) -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("engine", STATUS_SC))
    effects, delivery = end(outbox, send.key, kind, message, now=100)
    assert delivery is None
    assert effects == [SetTimer(send.key, 100 + 3 * SECOND)]
    again = one_send(outbox.timer_fired(send.key))
    assert again.message is STATUS_SC
    assert again == send


@pytest.mark.parametrize("status", [0x0110, 0x0111, 0x0112, 0x0122, 0xA801, 0xA900, 0xC000])
def test_any_other_failure_is_final_and_lets_the_next_one_go(status: int) -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("ris", step_started()))
    outbox.put("ris", step_ended())
    effects, delivery = end(outbox, send.key, ANSWERED, Status(status))
    assert delivery == Delivery("ris", "steps", step_started(), Status(status), accepted=False)
    assert one_send(effects).message == step_ended()


def test_an_application_error_is_final() -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("engine", STATUS_SC))
    assert end(outbox, send.key, ANSWERED, NOT_TAKEN) == ([], Delivery("engine", "orders", STATUS_SC, NOT_TAKEN, False))


@pytest.mark.parametrize("answer", [TAKEN, SUCCESS, Status(0xB000), Status(0xB007), None])
def test_success_a_warning_and_no_acknowledgement_asked_for_are_taken(answer: Any) -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("engine", STATUS_SC))
    assert delivered(outbox, send.key, ANSWERED, answer).accepted


@pytest.mark.parametrize(("message", "status"), [(step_started(), 0x0111), (step_ended(), 0x0110)])
def test_after_an_unknown_of_its_own_a_repeated_step_was_taken(message: Any, status: int) -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("ris", message))
    back_off_us(outbox, send.key, UNKNOWN)
    back_off_us(outbox, send.key, REFUSED)
    assert delivered(outbox, send.key, ANSWERED, Status(status)).accepted


@pytest.mark.parametrize(("message", "status"), [(step_started(), 0x0111), (step_ended(), 0x0110)])
def test_after_refusals_only_a_repeated_step_was_not_taken(message: Any, status: int) -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("ris", message))
    back_off_us(outbox, send.key, REFUSED)
    back_off_us(outbox, send.key, ANSWERED, Status(0xA700))
    assert not delivered(outbox, send.key, ANSWERED, Status(status)).accepted


@pytest.mark.parametrize(("message", "status"), [(step_started(), 0x0110), (step_ended(), 0x0111)])
def test_after_an_unknown_the_status_of_another_operation_is_a_failure(message: Any, status: int) -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("ris", message))
    end(outbox, send.key, UNKNOWN)
    outbox.timer_fired(send.key)
    assert not delivered(outbox, send.key, ANSWERED, Status(status)).accepted


def test_a_list_answer_is_judged_by_its_status() -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("ris", WorklistQuery()))
    assert end(outbox, send.key, ANSWERED, WorklistItems((), 0xA700))[1] is None
    outbox.timer_fired(send.key)
    assert not delivered(outbox, send.key, ANSWERED, WorklistItems((), 0xA900)).accepted


def test_images_behind_one_that_is_refused_for_good_are_still_sent() -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("pacs", STORE))
    result = StoreResult(stored=images(1, 4), failed=((0xC000, images(5, 5)),), not_sent=images(6, 10))
    assert end(outbox, send.key, UNKNOWN, result)[1] is None
    again = one_send(outbox.timer_fired(send.key))
    assert again.message.instances == images(6, 10)
    delivery = delivered(outbox, send.key, ANSWERED, StoreResult(stored=images(6, 10)))
    assert not delivery.accepted
    assert len(delivery.confirmed) == 9


def test_a_doubt_ends_with_its_message() -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("ris", step_started()))
    outbox.put("ris", step_started("P2"))
    back_off_us(outbox, send.key, UNKNOWN)
    assert delivered(outbox, send.key, ANSWERED, SUCCESS).accepted
    assert not delivered(outbox, send.key, ANSWERED, Status(0x0111)).accepted


# --- back-off ----------------------------------------------------------------------------------------------------------


def test_the_back_off_doubles_up_to_the_longest() -> None:
    outbox = Outbox(POLICY)
    key = one_send(outbox.put("engine", STATUS_SC)).key
    waited = [back_off_us(outbox, key, REFUSED) // SECOND for _ in range(7)]
    assert waited == [3, 6, 12, 24, 36, 36, 36]


def test_tries_are_without_limit() -> None:
    outbox = Outbox(POLICY)
    key = one_send(outbox.put("engine", STATUS_SC)).key
    assert {back_off_us(outbox, key, UNKNOWN) for _ in range(200)} <= {n * SECOND for n in (3, 6, 12, 24, 36)}


def test_the_next_message_starts_its_own_back_off() -> None:
    outbox = Outbox(POLICY)
    key = one_send(outbox.put("engine", STATUS_SC)).key
    outbox.put("engine", STATUS_IP)
    assert [back_off_us(outbox, key, REFUSED) for _ in range(3)][-1] == 12 * SECOND
    end(outbox, key, ANSWERED, TAKEN)
    assert back_off_us(outbox, key, REFUSED) == 3 * SECOND


# --- studies -----------------------------------------------------------------------------------------------------------


def head_of(outbox: Outbox, key: str, kind: OutcomeKind, result: StoreResult) -> InstanceSet:
    """End a try of a study; give what the next try sends."""
    end(outbox, key, kind, result)
    message: StoreStudy = one_send(outbox.timer_fired(key)).message
    assert replace(message, instances=STORE.instances) == STORE
    return message.instances


def test_a_study_resumes_with_what_was_not_confirmed() -> None:
    outbox = Outbox(POLICY)
    key = one_send(outbox.put("pacs", STORE)).key
    assert head_of(outbox, key, UNKNOWN, StoreResult(stored=images(1, 3), not_sent=images(4, 10))) == images(4, 10)
    assert head_of(outbox, key, REFUSED, StoreResult(not_sent=images(4, 10))) == images(4, 10)
    assert head_of(outbox, key, UNKNOWN, StoreResult(warned=images(4, 9), not_sent=images(10, 10))) == images(10, 10)
    delivery = delivered(outbox, key, ANSWERED, StoreResult(stored=images(10, 10)))
    assert delivery.accepted
    assert delivery.confirmed == images(1, 10)


def test_a_study_is_over_when_all_is_confirmed_even_if_its_end_was_lost() -> None:
    outbox = Outbox(POLICY)
    key = one_send(outbox.put("pacs", STORE)).key
    assert delivered(outbox, key, UNKNOWN, StoreResult(stored=images(1, 10))).accepted


def test_the_back_off_of_a_study_starts_anew_with_each_progress() -> None:
    outbox = Outbox(POLICY)
    key = one_send(outbox.put("pacs", STORE)).key
    nothing = StoreResult(not_sent=images(1, 10))
    some = StoreResult(stored=images(1, 3), not_sent=images(4, 10))
    waited = [back_off_us(outbox, key, UNKNOWN, result) // SECOND for result in (nothing, nothing, nothing, some)]
    assert waited == [3, 6, 12, 3]
    assert back_off_us(outbox, key, UNKNOWN, StoreResult(not_sent=images(4, 10))) == 3 * SECOND


def test_images_that_find_the_archive_out_of_resources_are_sent_again() -> None:
    outbox = Outbox(POLICY)
    key = one_send(outbox.put("pacs", STORE)).key
    result = StoreResult(stored=images(1, 4), failed=((0xA700, images(5, 5)), (0xA702, images(6, 10))))
    assert head_of(outbox, key, ANSWERED, result) == images(5, 10)


@pytest.mark.parametrize("status", [0xA900, 0xC000, 0x0122])
def test_a_study_that_is_refused_for_good_is_not_sent_again(status: int) -> None:
    outbox = Outbox(POLICY)
    key = one_send(outbox.put("pacs", STORE)).key
    result = StoreResult(stored=images(1, 4), failed=((status, images(5, 10)),))
    delivery = delivered(outbox, key, ANSWERED, result)
    assert not delivery.accepted
    assert delivery.confirmed == images(1, 4)


def test_the_confirmed_images_of_one_study_are_not_credited_to_the_next() -> None:
    outbox = Outbox(POLICY)
    key = one_send(outbox.put("pacs", STORE)).key
    outbox.put("pacs", STORE)
    delivered(outbox, key, ANSWERED, StoreResult(stored=images(1, 10)))
    delivery = delivered(outbox, key, ANSWERED, StoreResult(failed=((0xC000, images(1, 10)),)))
    assert delivery.confirmed == NO_INSTANCES


# --- laws --------------------------------------------------------------------------------------------------------------

endings = st.sampled_from([(ANSWERED, TAKEN), (ANSWERED, NOT_TAKEN), *TRY_AGAIN])


@given(st.lists(st.lists(endings, max_size=4), min_size=1, max_size=6), st.integers(0, 5))
def test_whatever_happens_each_message_is_delivered_once_and_in_order(
    fates: list[list[tuple[OutcomeKind, Any]]], put_late: int
) -> None:
    """Each message has some endings, then is taken; ``put_late`` of them are put while the first is under way."""
    outbox = Outbox(POLICY)
    messages = [order_status("SC", control_id=f"C{number}") for number in range(len(fates))]
    effects: list[Effect] = []
    late = messages[len(messages) - put_late :] if put_late < len(messages) else []
    for message in messages[: len(messages) - len(late)]:
        effects += outbox.put("engine", message)
    got: list[Any] = []
    remaining = {message.control_id: [*fate, (ANSWERED, TAKEN)] for message, fate in zip(messages, fates, strict=True)}
    while effects:
        (effect,) = effects
        if isinstance(effect, SetTimer):
            effects = outbox.timer_fired(effect.key)
            continue
        assert isinstance(effect, Send)
        while late:
            assert outbox.put("engine", late.pop(0)) == []
        kind, message = remaining[effect.message.control_id].pop(0)
        effects, delivery = end(outbox, effect.key, kind, message)
        if delivery is not None:
            got.append(delivery.message)
    assert got == messages


@given(st.lists(st.tuples(st.sampled_from((REFUSED, UNKNOWN)), st.integers(0, 4)), max_size=12))
def test_however_a_study_breaks_no_image_is_sent_after_it_was_confirmed(breaks: list[tuple[OutcomeKind, int]]) -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("pacs", STORE))
    tries = [send.message.instances]
    for kind, count in breaks:
        confirmed = tries[-1].head(count if kind is UNKNOWN else 0)
        result = StoreResult(stored=confirmed, not_sent=tries[-1].without(confirmed))
        effects, delivery = end(outbox, send.key, kind, result)
        if delivery is not None:
            assert delivery.accepted
            assert set(delivery.confirmed) == set(STORE.instances)
            return
        assert isinstance(effects[0], SetTimer)
        tries.append(one_send(outbox.timer_fired(send.key)).message.instances)
    for earlier, later in pairwise(tries):
        assert list(earlier)[len(earlier) - len(later) :] == list(later)
    delivery = delivered(outbox, send.key, ANSWERED, StoreResult(stored=tries[-1]))
    assert set(delivery.confirmed) == set(STORE.instances)
