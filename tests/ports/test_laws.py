"""The laws of the house (architecture, section 3), held against the memory port, with and without codecs, the MLLP and the
DICOM port alike.

What the model says in memory and what happens over sockets must be the same, to the microsecond.
"""

from pathlib import Path
from typing import Any

import pytest

from emulators.core.errors import LocalProtocolError
from emulators.core.event import Withdrawn
from emulators.core.fault import FaultKind, Rule, Verdict
from emulators.messages.common import SUCCESS, Acknowledgement
from emulators.messages.imaging import Admission, StoreResult
from emulators.messages.instance_set import InstanceSet, from_uids
from emulators.messages.query import MovePlan, MoveResult
from tests.ports.harness import DICOM_KINDS, HL7_KINDS, KINDS, Bench, bench, study

SECOND = 1_000_000
DEADLINE_US = SECOND

# Verdict, outcome, whether the receiver got the request.
FAULTS = [
    (Verdict(FaultKind.DELAY, delay_us=100_000), "answered", 1),
    (Verdict(FaultKind.DELAY, delay_us=3 * SECOND), "unknown", 1),
    (Verdict(FaultKind.REFUSE), "refused", 0),
    (Verdict(FaultKind.SWALLOW), "refused", 0),
    (Verdict(FaultKind.RESET_BEFORE), "unknown", 0),
    (Verdict(FaultKind.RESET_AFTER), "unknown", 1),
    (Verdict(FaultKind.TRUNCATE), "unknown", 0),
    (Verdict(FaultKind.SLOW, bytes_per_s=100_000), "answered", 1),
    (Verdict(FaultKind.SLOW, bytes_per_s=10), "unknown", 0),
    (Verdict(FaultKind.HOLD, until_us=SECOND // 2), "answered", 1),
    (Verdict(FaultKind.HOLD, until_us=5 * SECOND), "unknown", 1),
]
NAMES = [f"{verdict.kind.value}-{outcome}" for verdict, outcome, _ in FAULTS]

kinds = pytest.mark.parametrize("kind", KINDS)


def _accepted(kind: str) -> Any:
    """The answer to message 1."""
    return Acknowledgement("AA", "C1") if kind in HL7_KINDS else SUCCESS


def kinds_of(bench: Bench) -> list[str]:
    return [kind for _, _, kind, _ in bench.left.outcomes]


@kinds
def test_every_send_gets_exactly_one_outcome_and_the_message_arrives_unchanged(kind: str, tmp_path: Path) -> None:
    with bench(kind, tmp_path) as it:
        for number in range(5):
            it.send(number)
        it.run()
        assert [key for _, key, _, _ in it.left.outcomes] == ["0", "1", "2", "3", "4"]
        assert kinds_of(it) == ["answered"] * 5
        assert it.right.requests == [it.make(number) for number in range(5)]
        assert it.kernel.quiet


@kinds
@pytest.mark.parametrize(("verdict", "outcome", "delivered"), FAULTS, ids=NAMES)
def test_a_fault_has_the_outcome_and_the_effect_that_its_name_says(
    kind: str, verdict: Verdict, outcome: str, delivered: int, tmp_path: Path
) -> None:
    with bench(kind, tmp_path, [Rule(verdict, occurrence=1)]) as it:
        it.send(1, DEADLINE_US)
        it.run()
        assert kinds_of(it) == [outcome]
        assert it.right.requests == [it.make(1)] * delivered
        it.send(2, DEADLINE_US)
        it.run()
        assert kinds_of(it) == [outcome, "answered"]
        assert it.right.requests[delivered:] == [it.make(2)]


@pytest.mark.parametrize("alike", [HL7_KINDS, DICOM_KINDS], ids=["hl7", "dicom"])
@pytest.mark.parametrize(("verdict", "outcome", "delivered"), FAULTS, ids=NAMES)
def test_codecs_and_sockets_happen_at_the_instants_of_the_memory_port(
    alike: tuple[str, ...], verdict: Verdict, outcome: str, delivered: int, tmp_path: Path
) -> None:
    seen: list[Any] = []
    for kind in alike:
        with bench(kind, tmp_path, [Rule(verdict, occurrence=2)]) as it:
            for number in range(4):
                it.send(number, DEADLINE_US)
            it.run()
            seen.append((it.left.events, it.right.events, it.records))
    assert seen[0] == seen[1] == seen[2]


@kinds
def test_sends_of_one_lane_arrive_in_order_and_wait_their_turn(kind: str, tmp_path: Path) -> None:
    with bench(kind, tmp_path, answer=lambda _: None) as it:
        it.send(1, 5 * SECOND)
        it.send(2, 20 * SECOND)
        it.run(until=SECOND)
        assert len(it.right.requests) == 1
        it.reply(0, _accepted(kind))
        it.run(until=2 * SECOND)
        assert it.right.requests == [it.make(1), it.make(2)]


@kinds
def test_what_expires_before_its_first_byte_is_refused(kind: str, tmp_path: Path) -> None:
    with bench(kind, tmp_path, answer=lambda _: None) as it:
        it.send(1, 10 * SECOND)
        it.send(2, 2 * SECOND)
        it.run()
        assert [(key, outcome) for _, key, outcome, _ in it.left.outcomes] == [("2", "refused"), ("1", "unknown")]
        assert it.right.requests == [it.make(1)]


@kinds
def test_no_reply_is_unknown_at_the_deadline(kind: str, tmp_path: Path) -> None:
    with bench(kind, tmp_path, answer=lambda _: None) as it:
        it.send(1, 2 * SECOND)
        it.run()
        assert it.left.outcomes == [(2 * SECOND, "1", "unknown", None)]


@kinds
def test_an_actor_hears_that_its_peer_has_left(kind: str, tmp_path: Path) -> None:
    with bench(kind, tmp_path, answer=lambda _: None) as it:
        it.send(1, 2 * SECOND)
        it.run()
        assert [(now, event) for now, event in it.right.events if isinstance(event, Withdrawn)] == [
            (2 * SECOND, Withdrawn(it.right.tickets[0]))
        ]


@kinds
def test_the_receiving_port_gives_up_on_an_actor_that_thinks_too_long(kind: str, tmp_path: Path) -> None:
    with bench(kind, tmp_path, answer=lambda _: None) as it:
        it.send(1, 100 * SECOND)
        it.run()
        (now, _, outcome, _) = it.left.outcomes[0]
        assert outcome == "unknown"
        assert 30 * SECOND <= now < 31 * SECOND


@kinds
def test_a_late_answer_is_dropped_traced_and_never_credited_to_another_message(kind: str, tmp_path: Path) -> None:
    hl7 = kind in HL7_KINDS
    answers = iter([None, "now"])

    def answer(message: Any) -> Any:
        if next(answers) is None:
            return None
        return Acknowledgement("AE", message.control_id) if hl7 else SUCCESS

    with bench(kind, tmp_path, answer=answer) as it:
        it.send(1, SECOND)
        it.run(until=3 * SECOND)
        it.send(2, SECOND)
        it.reply(0, _accepted(kind))
        it.run()
        assert [(key, outcome) for _, key, outcome, _ in it.left.outcomes] == [("1", "unknown"), ("2", "answered")]
        assert it.left.outcomes[1][3] == (Acknowledgement("AE", "C2") if hl7 else SUCCESS)
        assert [record["record"] for record in it.records] == ["exchange", "late", "exchange"]


@kinds
def test_a_request_is_answered_at_most_once(kind: str, tmp_path: Path) -> None:
    with bench(kind, tmp_path) as it:
        it.send(1)
        it.run()
        with pytest.raises(LocalProtocolError, match="no open request"):
            it.reply(0, SUCCESS)


# --- studies -----------------------------------------------------------------------------------------------------------

stores = pytest.mark.parametrize("kind", DICOM_KINDS)


@stores
def test_a_study_is_admitted_once_told_once_and_confirmed_as_a_whole(kind: str, tmp_path: Path) -> None:
    store = study(6)
    with bench(kind, tmp_path) as it:
        it.send(1, message=store)
        it.run()
        assert it.right.requests == [store.header]
        (batch,) = it.right.told
        assert (batch.instances, batch.duplicates_same) == (store.instances, 0)
        assert [outcome[2:] for outcome in it.left.outcomes] == [("answered", StoreResult(stored=store.instances))]


@stores
def test_a_refused_study_fails_with_its_status_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    store = study(3)
    with bench(kind, tmp_path, answer=lambda _: Admission(0xA700)) as it:
        it.send(1, message=store)
        it.run()
        expected = StoreResult(failed=((0xA700, store.instances),))
        assert [outcome[2:] for outcome in it.left.outcomes] == [("answered", expected)]
        assert it.right.told == []


@stores
@pytest.mark.parametrize(
    ("fault", "confirmed", "stored"),
    [(FaultKind.RESET_AFTER, 3, 4), (FaultKind.RESET_BEFORE, 3, 3), (FaultKind.TRUNCATE, 3, 3)],
)
def test_a_study_cut_short_says_what_was_confirmed_and_the_rest_resumes_without_doubling(
    kind: str, fault: FaultKind, confirmed: int, stored: int, tmp_path: Path
) -> None:
    store = study(6)
    series = store.series_instance_uid
    with bench(kind, tmp_path, [Rule(Verdict(fault), occurrence=4)]) as it:
        it.send(1, message=store)
        it.run()
        rest = InstanceSet(series, confirmed + 1, 6)
        expected = StoreResult(stored=InstanceSet(series, 1, confirmed), not_sent=rest)
        assert [outcome[2:] for outcome in it.left.outcomes] == [("unknown", expected)]
        assert [batch.instances for batch in it.right.told] == [InstanceSet(series, 1, stored)]
        it.send(2, message=store.only(rest))
        it.run()
        assert it.left.outcomes[1][2:] == ("answered", StoreResult(stored=rest))
        again = it.right.told[1]
        assert (again.instances, again.duplicates_same) == (InstanceSet(series, stored + 1, 6), stored - confirmed)


@stores
def test_a_study_that_its_archive_never_admits_is_unknown_with_nothing_confirmed(kind: str, tmp_path: Path) -> None:
    store = study(3)
    with bench(kind, tmp_path, answer=lambda _: None) as it:
        it.send(1, 2 * SECOND, message=store)
        it.run()
        assert [outcome[2:] for outcome in it.left.outcomes] == [("unknown", StoreResult(not_sent=store.instances))]
        assert it.right.told == []


@stores
def test_a_refused_study_whose_association_is_lost_says_what_was_refused_until_then(kind: str, tmp_path: Path) -> None:
    store = study(4)
    series = store.series_instance_uid
    rules = [Rule(Verdict(FaultKind.RESET_AFTER), occurrence=3)]
    with bench(kind, tmp_path, rules, answer=lambda _: Admission(0xA700)) as it:
        it.send(1, message=store)
        it.run()
        refused, rest = InstanceSet(series, 1, 2), InstanceSet(series, 3, 4)
        expected = StoreResult(failed=((0xA700, refused),), not_sent=rest)
        assert [outcome[2:] for outcome in it.left.outcomes] == [("unknown", expected)]


@stores
def test_a_rest_with_gaps_is_sent_under_its_own_uids(kind: str, tmp_path: Path) -> None:
    store = study(6)
    series = store.series_instance_uid
    rest = from_uids([f"{series}.{number}" for number in (1, 3, 6)])
    with bench(kind, tmp_path) as it:
        it.send(1, message=store.only(rest))
        it.run()
        assert [outcome[2:] for outcome in it.left.outcomes] == [("answered", StoreResult(stored=rest))]
        assert sorted(it.right.told[0].instances) == sorted(rest)


@stores
def test_an_instance_that_is_late_costs_time_and_stands_in_the_trace(kind: str, tmp_path: Path) -> None:
    store = study(3)
    ends = []
    for rules in ([], [Rule(Verdict(FaultKind.DELAY, delay_us=500_000), occurrence=2)]):
        with bench(kind, tmp_path / str(len(rules)), rules) as it:
            it.send(1, message=store)
            it.run()
            assert kinds_of(it) == ["answered"]
            ends.append((it.left.outcomes[0][0], it.records[-1].get("fault")))
    assert ends[1] == (ends[0][0] + 500_000, "delay")


def test_a_plan_for_a_move_is_carried_out_with_its_counters_even_when_an_association_is_lost(tmp_path: Path) -> None:
    store = study(6)
    series = store.series_instance_uid
    seen = []
    for kind in DICOM_KINDS:
        with bench(kind, tmp_path / kind, [Rule(Verdict(FaultKind.RESET_AFTER), message="StoreStudy", occurrence=3)]) as it:
            it.move(MovePlan("right", (store,)))
            it.run()
            lost = InstanceSet(series, 3, 3)
            assert it.mover.outcomes[0][2:] == ("answered", MoveResult(5, 1, 0, 0xB000, lost))
            assert [batch.instances for batch in it.right.told] == [InstanceSet(series, 1, 3), InstanceSet(series, 4, 6)]
            seen.append(it.mover.outcomes)
    assert seen[0] == seen[1] == seen[2]


@stores
def test_associations_of_one_lane_overlap(kind: str, tmp_path: Path) -> None:
    with bench(kind, tmp_path, answer=lambda _: None, associations=3) as it:
        for number in range(4):
            it.send(number, 10 * SECOND)
        it.run(until=SECOND)
        assert len(it.right.requests) == 3
