"""The outbox: what is put in gets through once and in order, and what an outcome means for the retry."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.outbox import Delivery, Outbox, RetryPolicy
from emulators.core.effect import CancelTimer, Effect, Note, Send, SetTimer
from emulators.core.event import Outcome, OutcomeKind
from emulators.core.instant import MINUTE, SECOND
from emulators.messages.commitment import CommitResult, Referenced
from emulators.messages.common import SUCCESS, Acknowledgement, Status
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.messages.query import Find, Found, Get, Move, MoveResult
from emulators.messages.steps import StepProgressed
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
    """What an outcome leads to, the next message included."""
    outbox.now = now
    effects, delivery = outbox.outcome(Outcome(key, kind, message))
    return (effects if delivery is None else [*effects, *outbox.go_on(key)]), delivery


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


def test_what_is_put_while_its_queue_is_between_two_messages_comes_last() -> None:
    outbox = Outbox(POLICY)
    key = one_send(outbox.put("engine", STATUS_SC)).key
    outbox.put("engine", STATUS_IP)
    outbox.outcome(Outcome(key, ANSWERED, TAKEN))
    assert outbox.put("engine", STATUS_CM) == []
    assert one_send(outbox.go_on(key)).message is STATUS_IP
    assert one_send(end(outbox, key, ANSWERED, TAKEN)[0]).message is STATUS_CM


def test_what_is_put_when_the_last_one_was_delivered_is_sent() -> None:
    outbox = Outbox(POLICY)
    key = one_send(outbox.put("engine", STATUS_SC)).key
    outbox.outcome(Outcome(key, ANSWERED, TAKEN))
    assert outbox.put("engine", STATUS_IP) == []
    assert one_send(outbox.go_on(key)).message is STATUS_IP


def test_what_is_taken_out_is_not_sent_and_the_rest_keeps_its_order() -> None:
    outbox = Outbox(POLICY)
    messages = [order_status("SC", placer) for placer in ("P1", "P2", "P3", "P4")]
    for message in messages:
        outbox.put("engine", message)
    key = "out/engine/orders"
    outbox.outcome(Outcome(key, ANSWERED, NOT_TAKEN))
    chosen = ("P2", "P4")
    taken = outbox.take_out("engine", "orders", lambda message: message.placer_order_number in chosen)
    assert taken == [messages[1], messages[3]]
    assert one_send(outbox.go_on(key)).message is messages[2]
    assert end(outbox, key, ANSWERED, TAKEN)[0] == []
    assert outbox.status() == []


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


def test_a_commitment_result_is_sent_three_times_more_after_a_processing_failure() -> None:
    """dicom.stgcmt.scp.5; the next result begins anew."""
    outbox = Outbox(POLICY)
    results = [CommitResult(uid, (Referenced(CT_IMAGE_STORAGE, images(1, 4)),)) for uid in ("1.2.1", "1.2.2")]
    send = one_send(outbox.put("ct1", results[0]))
    outbox.put("ct1", results[1])
    for _ in range(3):
        back_off_us(outbox, send.key, ANSWERED, Status(0x0110))
    effects, delivery = end(outbox, send.key, ANSWERED, Status(0x0110))
    assert delivery is not None
    assert (delivery.message, delivery.accepted) == (results[0], False)
    assert one_send(effects).message == results[1]
    back_off_us(outbox, send.key, ANSWERED, Status(0x0110))
    assert delivered(outbox, send.key, ANSWERED, SUCCESS).accepted


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


@pytest.mark.parametrize("answer", [Found((), 0xA700), WorklistItems((), 0xA701)])
def test_a_query_that_finds_its_receiver_out_of_resources_is_sent_again(answer: Any) -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("pacs", Find()))
    assert end(outbox, send.key, ANSWERED, answer)[1] is None


@pytest.mark.parametrize("status", [0xA900, 0xC001, 0xFE00])
def test_a_query_that_fails_is_not_sent_again(status: int) -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("pacs", Find()))
    assert not delivered(outbox, send.key, ANSWERED, Found((), status)).accepted


@pytest.mark.parametrize("message", [Move(destination="WS"), Get()])
@pytest.mark.parametrize(("status", "accepted"), [(0x0000, True), (0xB000, True), (0xA702, True), (0xA801, False)])
def test_who_asked_for_images_sees_himself_which_came(message: Any, status: int, accepted: bool) -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("pacs", message))
    assert delivered(outbox, send.key, ANSWERED, MoveResult(3, 1, 0, status)).accepted is accepted


def test_a_step_that_goes_on_can_be_told_twice_and_is_not_taken_for_told_when_refused() -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("ris", StepProgressed("1.2.3")))
    back_off_us(outbox, send.key, UNKNOWN)
    assert not delivered(outbox, send.key, ANSWERED, Status(0x0110)).accepted


@pytest.mark.parametrize("error", ["200 MSH-9", "201 MSH-9", "202 MSH-11", "203 MSH-12"])
def test_a_rejection_of_the_header_is_final(error: str) -> None:
    outbox = Outbox(POLICY)
    send = one_send(outbox.put("engine", STATUS_SC))
    assert not delivered(outbox, send.key, ANSWERED, Acknowledgement("AR", "C1", error)).accepted


def test_any_other_rejection_is_final_when_it_has_come_as_often_as_the_policy_says() -> None:
    outbox = Outbox(replace(POLICY, rejections=3))
    send = one_send(outbox.put("engine", STATUS_SC))
    outbox.put("engine", STATUS_IP)
    for kind, message in ((ANSWERED, NOT_NOW), (REFUSED, None), (ANSWERED, NOT_NOW), (UNKNOWN, None)):
        back_off_us(outbox, send.key, kind, message)
    effects, delivery = end(outbox, send.key, ANSWERED, NOT_NOW)
    assert delivery == Delivery("engine", "orders", STATUS_SC, NOT_NOW, accepted=False)
    assert one_send(effects).message is STATUS_IP
    back_off_us(outbox, send.key, ANSWERED, NOT_NOW)  # of another message, counted anew


def test_without_a_limit_a_message_is_rejected_without_end() -> None:
    outbox = Outbox(replace(POLICY, rejections=0))
    send = one_send(outbox.put("engine", STATUS_SC))
    for _ in range(100):
        back_off_us(outbox, send.key, ANSWERED, NOT_NOW)


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


# --- alerts and status -------------------------------------------------------------------------------------------------

ALERTING = replace(POLICY, alert_after_us=MINUTE)


def failing(*messages: Any, to: str = "engine") -> Outbox:
    """An outbox whose first message was put at 0 and could not be delivered at 10 s."""
    outbox = Outbox(ALERTING)
    for message in messages or (STATUS_SC,):
        outbox.put(to, message)
    effects, _ = end(outbox, f"out/{to}/orders", REFUSED, now=10 * SECOND)
    assert effects == [SetTimer(f"out/{to}/orders", 13 * SECOND), SetTimer(f"alert/{to}", MINUTE)]
    return outbox


def fire(outbox: Outbox, key: str, now: int) -> list[Effect]:
    outbox.now = now
    assert outbox.owns(key)
    return outbox.timer_fired(key)


def test_what_goes_through_at_once_sets_no_timer() -> None:
    outbox = Outbox(ALERTING)
    key = one_send(outbox.put("engine", STATUS_SC)).key
    outbox.put("engine", STATUS_IP)
    effects, _ = end(outbox, key, ANSWERED, TAKEN, now=SECOND)
    assert [type(effect) for effect in effects] == [Send]
    assert end(outbox, key, ANSWERED, TAKEN, now=2 * SECOND)[0] == []


def test_a_policy_without_alerts_sets_no_alert_timer() -> None:
    outbox = Outbox(POLICY)
    outbox.put("engine", STATUS_SC)
    assert end(outbox, "out/engine/orders", REFUSED)[0] == [SetTimer("out/engine/orders", 3 * SECOND)]
    assert not outbox.owns("alert/engine")


def test_a_receiver_whose_oldest_message_waits_too_long_is_noted_once() -> None:
    outbox = failing(STATUS_SC, STATUS_IP)
    fields = {"depth": 2, "oldest_us": MINUTE, "message": "OrderStatus", "trouble": "refused"}
    assert fire(outbox, "alert/engine", MINUTE) == [Note("queue alert", "engine", fields)]
    fire(outbox, "out/engine/orders", MINUTE)
    effects, _ = end(outbox, "out/engine/orders", UNKNOWN, now=2 * MINUTE)
    assert [effect.key for effect in effects if isinstance(effect, SetTimer)] == ["out/engine/orders"]


def test_an_alert_is_over_when_nothing_waits_any_more_and_may_come_again() -> None:
    outbox = failing(STATUS_SC, STATUS_IP)
    fire(outbox, "alert/engine", MINUTE)
    fire(outbox, "out/engine/orders", MINUTE)
    assert [type(effect) for effect in end(outbox, "out/engine/orders", ANSWERED, TAKEN, MINUTE)[0]] == [Send]
    assert end(outbox, "out/engine/orders", ANSWERED, TAKEN, MINUTE)[0] == [Note("queue alert over", "engine", {})]
    outbox.put("engine", STATUS_CM)
    effects, _ = end(outbox, "out/engine/orders", REFUSED, now=MINUTE + SECOND)
    assert effects[1] == SetTimer("alert/engine", 2 * MINUTE)


def test_what_gets_through_in_time_is_not_noted() -> None:
    outbox = failing()
    fire(outbox, "out/engine/orders", 13 * SECOND)
    assert end(outbox, "out/engine/orders", ANSWERED, TAKEN, 14 * SECOND)[0] == [CancelTimer("alert/engine")]
    assert not outbox.owns("alert/engine")


def test_the_timer_follows_the_oldest_message() -> None:
    outbox = failing()
    outbox.now = 50 * SECOND
    outbox.put("engine", STATUS_IP)
    fire(outbox, "out/engine/orders", 50 * SECOND)
    end(outbox, "out/engine/orders", ANSWERED, TAKEN, 50 * SECOND)
    assert fire(outbox, "alert/engine", MINUTE) == [SetTimer("alert/engine", 50 * SECOND + MINUTE)]


def test_the_queues_for_one_receiver_are_one_alert() -> None:
    outbox = failing()
    outbox.put("engine", STATUS_IP, "reports")
    end(outbox, "out/engine/reports", REFUSED, now=11 * SECOND)
    ((note),) = fire(outbox, "alert/engine", MINUTE)
    assert isinstance(note, Note)
    assert note.fields["depth"] == 2
    fire(outbox, "out/engine/orders", MINUTE)
    assert end(outbox, "out/engine/orders", ANSWERED, TAKEN, MINUTE)[0] == []
    fire(outbox, "out/engine/reports", MINUTE)
    assert end(outbox, "out/engine/reports", ANSWERED, TAKEN, MINUTE)[0] == [Note("queue alert over", "engine", {})]


def test_a_queue_that_moves_too_slowly_is_noted_though_nothing_fails() -> None:
    outbox = Outbox(ALERTING)
    for number in range(5):
        outbox.put("engine", order_status("SC", control_id=f"C{number}"))
    key, alerts = "out/engine/orders", []
    for now in (20 * SECOND, 40 * SECOND, 60 * SECOND):
        effects, _ = end(outbox, key, ANSWERED, TAKEN, now)
        alerts += [effect for effect in effects if isinstance(effect, SetTimer)]
    assert alerts == [SetTimer("alert/engine", MINUTE)]
    (note,) = fire(outbox, "alert/engine", MINUTE)
    assert isinstance(note, Note)
    assert (note.name, note.fields["depth"], note.fields["trouble"]) == ("queue alert", 2, "")


def test_receivers_are_noted_apart() -> None:
    outbox = failing()
    outbox.put("pacs", STATUS_SC)
    end(outbox, "out/pacs/orders", ANSWERED, TAKEN, 10 * SECOND)
    (note,) = fire(outbox, "alert/engine", MINUTE)
    assert isinstance(note, Note)
    assert note.subject == "engine"


def test_the_status_says_how_every_head_stands() -> None:
    outbox = failing(STATUS_SC, STATUS_IP)
    fire(outbox, "out/engine/orders", 13 * SECOND)
    end(outbox, "out/engine/orders", ANSWERED, NOT_NOW, 14 * SECOND)
    outbox.put("pacs", STORE)
    waiting, fresh = outbox.status()
    assert waiting == {
        "to": "engine",
        "queue": "orders",
        "depth": 2,
        "oldest_us": 14 * SECOND,
        "message": "OrderStatus",
        "control": "P1-SC1",
        "tries": 2,
        "trouble": "AR 207",
    }
    assert (fresh["message"], fresh["control"], fresh["tries"], fresh["trouble"]) == ("StoreStudy", "", 1, "")


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
        assert len(outbox.status()) == 1
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
