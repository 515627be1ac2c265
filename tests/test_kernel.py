"""The kernel over virtual time: every send one outcome, lanes, deadlines, faults, timers and notes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.effect import CancelTimer, Note, Reply, Send, SetTimer
from emulators.core.errors import LocalProtocolError
from emulators.core.event import Outcome, OutcomeKind, Request, TimerFired, Told, Withdrawn
from emulators.core.fault import FaultKind, Rule, Verdict
from emulators.core.instant import SECOND
from emulators.trace import Level
from tests.scripted_house import (
    ANSWERED,
    BACK_US,
    DEADLINE_US,
    LINK,
    REFUSED,
    START,
    THERE_US,
    UNKNOWN,
    Answer,
    House,
    Question,
    Scripted,
)

# --- one exchange ------------------------------------------------------------------------------------------------------


def test_a_question_and_its_answer_take_the_time_of_the_link() -> None:
    house = House()
    house.ask("q1")
    house.run()
    assert house.answerer.when(Request) == [THERE_US]
    assert house.asker.when(Outcome) == [THERE_US + BACK_US]
    assert house.asker.of(Outcome) == [Outcome("q1", ANSWERED, Answer())]
    assert [(request.sender, request.message) for request in house.answerer.of(Request)] == [("asker", Question("q1"))]


def test_an_association_is_set_up_before_the_first_byte() -> None:
    house = House(set_up_round_trips=2)
    house.ask("q1")
    house.run()
    assert house.answerer.when(Request) == [2 * LINK.round_trip_us + THERE_US]


def test_an_answer_may_come_later_than_its_request() -> None:
    house = House()
    house.answerer.script = lambda _request: []
    house.ask("q1")
    house.run(SECOND)
    (request,) = house.answerer.of(Request)
    house.do(Reply(request.ticket, Answer("late")), system="answerer")
    house.run()
    assert house.asker.of(Outcome) == [Outcome("q1", ANSWERED, Answer("late"))]
    assert house.asker.when(Outcome) == [SECOND + BACK_US]


def test_an_exchange_is_one_record() -> None:
    house = House()
    house.ask("q1")
    house.run()
    (record,) = house.traced("exchange")
    assert record == {
        "at": START + THERE_US + BACK_US,
        "record": "exchange",
        "sender": "asker",
        "receiver": "answerer",
        "lane": "questions",
        "message": "Question",
        "taken": START,
        "started": START,
        "arrived": START + THERE_US,
        "outcome": "answered",
        "answer": "A1",
        "control": "q1",
    }


def test_a_full_trace_holds_what_was_said() -> None:
    house = House(level=Level.FULL)
    house.ask("q1")
    house.run()
    (record,) = house.traced("exchange")
    assert (record["content"], record["answer_content"]) == (Question("q1"), Answer())


# --- lanes -------------------------------------------------------------------------------------------------------------


def test_sends_of_one_lane_go_one_after_another_in_their_order() -> None:
    house = House(associations=1)
    house.ask("q3", "q1", "q2")
    house.run()
    assert house.outcomes == [("q3", ANSWERED), ("q1", ANSWERED), ("q2", ANSWERED)]
    one = THERE_US + BACK_US
    assert house.asker.when(Outcome) == [one, 2 * one, 3 * one]


def test_as_many_sends_overlap_as_the_lane_has_associations() -> None:
    house = House(associations=2)
    house.ask("q1", "q2", "q3")
    house.run()
    one = THERE_US + BACK_US
    assert house.asker.when(Outcome) == [one, one, 2 * one]
    assert [key for key, _ in house.outcomes] == ["q1", "q2", "q3"]


def test_a_send_that_finds_no_free_lane_by_its_deadline_is_refused_and_never_starts() -> None:
    house = House(associations=1)
    house.answerer.script = lambda _request: []
    house.ask("q1", deadline_us=20 * SECOND)
    house.ask("q2", deadline_us=5 * SECOND)
    house.run()
    assert house.outcomes == [("q2", REFUSED), ("q1", UNKNOWN)]
    assert house.asker.when(Outcome) == [5 * SECOND, 20 * SECOND]
    assert len(house.answerer.of(Request)) == 1
    assert [record["started"] for record in house.traced("exchange")] == [-1, START]


def test_instant_zero_is_an_instant_like_any_other() -> None:
    house = House([Rule(Verdict(FaultKind.SWALLOW), occurrence=1)], start=0)
    house.ask("q1", deadline_us=SECOND)
    house.ask("q2")
    house.run()
    assert house.outcomes == [("q1", REFUSED), ("q2", ANSWERED)]
    assert [record["started"] for record in house.traced("exchange")] == [0, SECOND]


@given(st.integers(1, 4), st.integers(1, 12))
def test_starts_keep_their_order_and_the_lane_is_never_overbooked(associations: int, count: int) -> None:
    house = House(associations=associations)
    keys = [f"q{number}" for number in range(count)]
    house.ask(*keys)
    house.run()
    assert sorted(key for key, _ in house.outcomes) == sorted(keys)
    exchanges = house.traced("exchange")
    starts = sorted((record["started"], keys.index(record["control"])) for record in exchanges)
    assert [number for _, number in starts] == list(range(count))
    for instant in {record["started"] for record in exchanges}:
        under_way = [record for record in exchanges if record["started"] <= instant < record["at"]]
        assert len(under_way) <= associations


# --- deadlines ---------------------------------------------------------------------------------------------------------


def test_without_an_answer_the_outcome_is_unknown_at_the_deadline() -> None:
    house = House()
    house.answerer.script = lambda _request: []
    house.ask("q1", deadline_us=7 * SECOND)
    house.run()
    assert house.outcomes == [("q1", UNKNOWN)]
    assert house.asker.when(Outcome) == [7 * SECOND]


def test_a_request_whose_sender_gave_up_is_withdrawn() -> None:
    house = House()
    house.answerer.script = lambda _request: []
    house.ask("q1", deadline_us=SECOND)
    house.run()
    (request,) = house.answerer.of(Request)
    assert house.answerer.of(Withdrawn) == [Withdrawn(request.ticket)]
    assert house.answerer.when(Withdrawn) == [SECOND]


def test_an_answered_request_is_not_withdrawn() -> None:
    house = House([Rule(Verdict(FaultKind.RESET_AFTER))])
    house.ask("q1")
    house.run()
    assert house.answerer.of(Withdrawn) == []


def test_a_port_gives_its_actor_only_so_long_to_answer() -> None:
    house = House(answer_limit_us=2 * SECOND)
    house.answerer.script = lambda _request: []
    house.ask("q1")
    house.run()
    assert house.outcomes == [("q1", UNKNOWN)]
    assert house.asker.when(Outcome) == [THERE_US + 2 * SECOND]


def test_an_answer_that_comes_after_its_sender_gave_up_is_dropped_and_traced() -> None:
    house = House()
    house.answerer.script = lambda _request: []
    house.ask("q1", deadline_us=SECOND)
    house.run(2 * SECOND)
    (request,) = house.answerer.of(Request)
    house.do(Reply(request.ticket, Answer()), system="answerer")
    house.run()
    assert house.outcomes == [("q1", UNKNOWN)]
    (late,) = house.traced("late")
    assert (late["at"], late["lane"], late["control"]) == (START + 2 * SECOND, "questions", "q1")


def test_a_late_answer_is_not_credited_to_the_next_send_under_the_same_key() -> None:
    house = House()
    house.answerer.script = lambda _request: []
    house.ask("q1", deadline_us=SECOND)
    house.run(2 * SECOND)
    house.ask("q1", deadline_us=SECOND)
    house.run(2 * SECOND + THERE_US + 1)
    first, second = house.answerer.of(Request)
    house.do(Reply(first.ticket, Answer("to the first")), Reply(second.ticket, Answer("to the second")), system="answerer")
    house.run()
    assert [outcome.message for outcome in house.asker.of(Outcome)] == [None, Answer("to the second")]


def test_an_answer_that_is_still_on_its_way_at_the_deadline_is_late() -> None:
    house = House(link=replace(LINK, service_us=2 * SECOND))
    house.ask("q1", deadline_us=SECOND)
    house.run()
    assert house.outcomes == [("q1", UNKNOWN)]
    assert house.asker.when(Outcome) == [SECOND]
    assert len(house.traced("late")) == 1


def test_a_request_that_is_still_on_its_way_at_the_deadline_is_given_up() -> None:
    house = House(link=replace(LINK, bandwidth_bit_s=8_000))
    house.ask("q1", deadline_us=SECOND // 2)
    house.run()
    assert house.outcomes == [("q1", UNKNOWN)]
    assert house.answerer.seen == []


# --- faults ------------------------------------------------------------------------------------------------------------

MORE_US = 3 * SECOND


@pytest.mark.parametrize(
    ("verdict", "kind", "seen_at", "over_at"),
    [
        (Verdict(FaultKind.PASS), ANSWERED, THERE_US, THERE_US + BACK_US),
        (Verdict(FaultKind.DELAY, delay_us=MORE_US), ANSWERED, THERE_US + MORE_US, THERE_US + BACK_US + 2 * MORE_US),
        (Verdict(FaultKind.REFUSE), REFUSED, None, LINK.round_trip_us),
        (Verdict(FaultKind.SWALLOW), REFUSED, None, DEADLINE_US),
        (Verdict(FaultKind.RESET_BEFORE), UNKNOWN, None, THERE_US + LINK.round_trip_us // 2),
        (Verdict(FaultKind.RESET_AFTER), UNKNOWN, THERE_US, THERE_US + BACK_US),
        (Verdict(FaultKind.TRUNCATE), UNKNOWN, None, THERE_US + LINK.round_trip_us // 2),
        (Verdict(FaultKind.SLOW, bytes_per_s=500), ANSWERED, 2 * SECOND, 2 * SECOND + BACK_US),
        (Verdict(FaultKind.SLOW, bytes_per_s=10), UNKNOWN, None, DEADLINE_US),
        (Verdict(FaultKind.HOLD, until_us=START + MORE_US), ANSWERED, MORE_US, MORE_US + BACK_US),
        (Verdict(FaultKind.HOLD, until_us=START + 60 * SECOND), UNKNOWN, 60 * SECOND, DEADLINE_US),
        (Verdict(FaultKind.HOLD, until_us=START), ANSWERED, THERE_US, THERE_US + BACK_US),
    ],
)
def test_a_verdict_decides_what_each_end_sees_and_when(
    verdict: Verdict, kind: OutcomeKind, seen_at: int | None, over_at: int
) -> None:
    house = House([Rule(verdict)])
    house.ask("q1")
    house.run()
    assert house.outcomes == [("q1", kind)]
    assert house.answerer.when(Request) == ([] if seen_at is None else [seen_at])
    assert house.asker.when(Outcome) == [over_at]
    fault = None if verdict.kind is FaultKind.PASS else verdict.kind.value
    assert house.traced("exchange")[0].get("fault") == fault
    assert house.kernel.quiet


def test_work_that_was_held_beyond_the_deadline_is_delivered_and_its_answer_dropped() -> None:
    house = House([Rule(Verdict(FaultKind.HOLD, until_us=START + 60 * SECOND))])
    house.ask("q1")
    house.run()
    assert len(house.answerer.of(Request)) == 1
    assert len(house.traced("late")) == 1
    assert len(house.asker.of(Outcome)) == 1


def test_a_lane_goes_on_after_a_fault() -> None:
    house = House([Rule(Verdict(FaultKind.SWALLOW), occurrence=1)])
    house.ask("q1", deadline_us=SECOND)
    house.ask("q2", deadline_us=5 * SECOND)
    house.run()
    assert house.outcomes == [("q1", REFUSED), ("q2", ANSWERED)]


plans = st.lists(
    st.builds(
        Rule,
        st.sampled_from(
            [Verdict(kind) for kind in FaultKind if kind not in (FaultKind.DELAY, FaultKind.SLOW, FaultKind.HOLD)]
            + [Verdict(FaultKind.DELAY, delay_us=SECOND), Verdict(FaultKind.DELAY, delay_us=20 * SECOND)]
            + [Verdict(FaultKind.SLOW, bytes_per_s=100), Verdict(FaultKind.SLOW, bytes_per_s=10)]
            + [Verdict(FaultKind.HOLD, until_us=START + wait * SECOND) for wait in (1, 40, 100)]
        ),
        probability=st.sampled_from((0.3, 0.7)),
    ),
    max_size=4,
)


@given(plans, st.integers(1, 3), st.integers(1, 8), st.integers(1, 40))
def test_under_any_plan_every_send_has_one_outcome_by_its_deadline(
    rules: list[Rule], associations: int, count: int, deadline_s: int
) -> None:
    house = House(rules, associations)
    house.ask(*(f"q{number}" for number in range(count)), deadline_us=deadline_s * SECOND)
    house.run()
    assert sorted(key for key, _ in house.outcomes) == [f"q{number}" for number in range(count)]
    assert all(at <= deadline_s * SECOND for at in house.asker.when(Outcome))
    assert house.kernel.quiet
    heard = {request.message.subject for request in house.answerer.of(Request)}
    assert heard >= {key for key, kind in house.outcomes if kind is ANSWERED}
    assert heard.isdisjoint({key for key, kind in house.outcomes if kind is REFUSED})


# --- mistakes of an actor ----------------------------------------------------------------------------------------------


def test_a_key_that_is_open_cannot_be_used_again() -> None:
    house = House()
    house.ask("q1")
    with pytest.raises(LocalProtocolError, match="asker: a send with key q1 is open already"):
        house.ask("q1")


def test_a_key_is_free_again_in_the_event_that_brings_its_outcome() -> None:
    house = House()
    again = [Send("q1", "answerer", Question("again"), DEADLINE_US)]
    house.asker.on_outcome = lambda _outcome: [again.pop()] if again else []
    house.ask("q1")
    house.run()
    assert house.outcomes == [("q1", ANSWERED)] * 2


def test_a_send_without_a_route_is_our_mistake() -> None:
    house = House()
    with pytest.raises(LocalProtocolError, match="no route from answerer to asker for questions"):
        house.do(Send("q1", "asker", Question(), DEADLINE_US), system="answerer")


def test_a_request_is_answered_at_most_once() -> None:
    house = House()
    house.answerer.script = lambda request: [Reply(request.ticket, Answer()), Reply(request.ticket, Answer())]
    house.ask("q1")
    with pytest.raises(LocalProtocolError, match="answerer: no open request with ticket"):
        house.run()


def test_only_who_was_asked_may_answer() -> None:
    house = House()
    house.answerer.script = lambda _request: []
    house.ask("q1")
    house.run(SECOND)
    (request,) = house.answerer.of(Request)
    with pytest.raises(LocalProtocolError, match="asker: no open request with ticket"):
        house.do(Reply(request.ticket, Answer()), system="asker")


# --- timers ------------------------------------------------------------------------------------------------------------


def fired(house: House, system: Scripted | None = None) -> list[tuple[int, str]]:
    actor = system or house.asker
    return [(now - START, event.key) for now, event in actor.seen if isinstance(event, TimerFired)]


def test_timers_fire_at_their_instants() -> None:
    house = House()
    house.do(SetTimer("b", START + 2 * SECOND), SetTimer("a", START + SECOND))
    house.run()
    assert fired(house) == [(SECOND, "a"), (2 * SECOND, "b")]


@pytest.mark.parametrize("to_s", [1, 5])
def test_a_timer_that_is_set_again_is_moved(to_s: int) -> None:
    house = House()
    house.do(SetTimer("a", START + 3 * SECOND))
    house.do(SetTimer("a", START + to_s * SECOND))
    house.run()
    assert fired(house) == [(to_s * SECOND, "a")]


def test_a_cancelled_timer_does_not_fire_and_may_be_set_again() -> None:
    house = House()
    house.do(SetTimer("a", START + SECOND), CancelTimer("a"), CancelTimer("never set"))
    house.run(2 * SECOND)
    assert fired(house) == []
    house.do(SetTimer("a", START + 3 * SECOND))
    house.run()
    assert fired(house) == [(3 * SECOND, "a")]


def test_a_timer_in_the_past_fires_at_once() -> None:
    house = House()
    house.do(SetTimer("a", START - SECOND))
    house.run()
    assert fired(house) == [(0, "a")]


def test_timers_belong_to_their_system() -> None:
    house = House()
    house.do(SetTimer("a", START + SECOND), system="asker")
    house.do(SetTimer("a", START + 2 * SECOND), system="answerer")
    house.do(CancelTimer("a"), system="asker")
    house.run()
    assert fired(house) == []
    assert fired(house, house.answerer) == [(2 * SECOND, "a")]


# --- the world ---------------------------------------------------------------------------------------------------------


def note_at(house: House, after_us: int, name: str, subject: str, **fields: Any) -> None:
    """Let the asker note something later."""

    def process() -> Any:
        yield house.environment.timeout(after_us)
        house.do(Note(name, subject, fields))

    house.environment.process(process())


def expected(house: House, subject: str, limit_us: int) -> tuple[int, Mapping[str, Any] | None]:
    event = house.kernel.expect("ready", subject, limit_us)
    fields = house.environment.run(until=event)
    return house.kernel.now - START, fields


def test_an_expected_note_brings_its_fields() -> None:
    house = House()
    note_at(house, SECOND, "ready", "P1", room="CT1")
    assert expected(house, "P1", 5 * SECOND) == (SECOND, {"room": "CT1"})


def test_a_note_that_does_not_come_by_the_limit_brings_none() -> None:
    house = House()
    note_at(house, SECOND, "ready", "P2")
    note_at(house, SECOND, "not ready", "P1")
    note_at(house, 9 * SECOND, "ready", "P1")
    assert expected(house, "P1", 5 * SECOND) == (5 * SECOND, None)
    house.run()  # a note that nobody waits for any more


def test_an_expectation_is_for_the_next_note_and_not_for_the_last() -> None:
    house = House()
    house.do(Note("ready", "P1", {"room": "before"}))
    note_at(house, SECOND, "ready", "P1", room="after")
    assert expected(house, "P1", 5 * SECOND)[1] == {"room": "after"}


def test_an_old_limit_does_not_end_a_new_expectation() -> None:
    house = House()
    note_at(house, SECOND, "ready", "P1", room="first")
    assert expected(house, "P1", 5 * SECOND)[1] == {"room": "first"}
    note_at(house, 7 * SECOND, "ready", "P1", room="second")
    assert expected(house, "P1", 60 * SECOND)[1] == {"room": "second"}


def test_a_listener_hears_every_note_of_its_name() -> None:
    house = House()
    heard: list[tuple[str, Mapping[str, Any]]] = []
    house.kernel.listen("ready", lambda subject, fields: heard.append((f"1{subject}", fields)))
    house.kernel.listen("ready", lambda subject, fields: heard.append((f"2{subject}", fields)))
    house.do(Note("ready", "P1", {"a": 1}), Note("not ready", "P2", {}), Note("ready", "P3", {}))
    assert heard == [("1P1", {"a": 1}), ("2P1", {"a": 1}), ("1P3", {}), ("2P3", {})]


def test_stimuli_and_notes_are_records() -> None:
    house = House()
    house.do(Note("ready", "P1", {"room": "CT1"}))
    assert house.records == [
        {"at": START, "record": "stimulus", "system": "asker", "name": "do", "subject": "S1"},
        {"at": START, "record": "note", "system": "asker", "name": "ready", "subject": "P1", "room": "CT1"},
    ]


def test_a_house_is_quiet_when_nothing_is_in_flight_queued_or_timed() -> None:
    house = House(associations=1)
    assert house.kernel.quiet
    house.do(SetTimer("a", START + SECOND))
    assert not house.kernel.quiet
    house.do(CancelTimer("a"))
    assert house.kernel.quiet
    house.ask("q1", "q2")
    house.run(THERE_US + BACK_US + 1)
    assert len(house.outcomes) == 1
    assert not house.kernel.quiet
    house.run()
    assert house.kernel.quiet


def test_what_a_host_tells_is_an_event_of_its_own() -> None:
    house = House()
    house.kernel.tell("answerer", "a batch")
    assert house.answerer.of(Told) == [Told("a batch")]
