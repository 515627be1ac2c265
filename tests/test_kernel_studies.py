"""Studies and C-MOVE through the kernel: what is confirmed, what is on disk, and what the counters say."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.effect import Reply, Send
from emulators.core.event import Outcome, OutcomeKind, Request, Told
from emulators.core.fault import FaultKind, Rule, Verdict
from emulators.core.instant import SECOND
from emulators.messages.attributes import of
from emulators.messages.common import Patient, PersonName
from emulators.messages.imaging import Admission, InstancesStored, StoreResult, StoreStudy, StudyHeader
from emulators.messages.instance_set import InstanceSet
from emulators.messages.query import Find, FindPlan, Found, Move, MovePlan, MoveResult, SearchedStudy
from emulators.ports.contract import Lane
from emulators.ports.memory import MemoryPort
from emulators.store.memory import MemoryArchive
from tests.scripted_house import ANSWERED, DEADLINE_US, LINK, REFUSED, THERE_US, UNKNOWN, House

HEADER = StudyHeader(Patient("M1", "RADLOOP", PersonName("Doe")), "A1", "1.2", "20260302080000", "CT", "CT of the chest")


def images(first: int, last: int, series: str = "1.2.1") -> InstanceSet:
    return InstanceSet(series, first, last)


def store(instances: InstanceSet) -> StoreStudy:
    """1,000 bytes an image: 13 ms each with round trip and service."""
    return StoreStudy(HEADER, instances.root, "1.2.840.10008.5.1.4.1.1.2", instances, 1_000)


INSTANCE_US = LINK.instance_us(1_000)


class Archive(House):
    """The answerer is an archive that admits every study, and moves what the test says."""

    def __init__(self, rules: Sequence[Rule] = (), admission: Admission | None = None, *plan: StoreStudy) -> None:
        super().__init__(rules)
        archive, viewer = MemoryPort(MemoryArchive()), MemoryPort(MemoryArchive())
        self.kernel.connect(Lane("asker", "answerer", "store", archive, LINK))
        self.kernel.connect(Lane("asker", "answerer", "retrieve", MemoryPort(), LINK))
        self.kernel.connect(Lane("answerer", "asker", "store", viewer, LINK))
        self.asker.script = lambda request: [Reply(request.ticket, admission or Admission())]
        self.answerer.script = lambda request: [
            Reply(request.ticket, MovePlan("asker", plan) if isinstance(request.message, Move) else admission or Admission())
        ]

    def send(self, instances: InstanceSet, deadline_us: int = DEADLINE_US) -> Outcome:
        self.do(Send("s", "answerer", store(instances), deadline_us))
        self.run()
        (outcome,) = self.asker.of(Outcome)
        assert isinstance(outcome, Outcome)
        return outcome

    @property
    def batches(self) -> list[InstanceSet]:
        return [told.message.instances for told in self.answerer.of(Told)]


def lose(kind: FaultKind, occurrence: int = 0, **selectors: Any) -> Rule:
    return Rule(Verdict(kind), lane="store", occurrence=occurrence, **selectors)


def test_a_study_is_admitted_on_its_header_told_as_a_batch_and_answered() -> None:
    house = Archive()
    outcome = house.send(images(1, 10))
    assert outcome == Outcome("s", ANSWERED, StoreResult(stored=images(1, 10)))
    assert [request.message for request in house.answerer.of(Request)] == [HEADER]
    assert house.batches == [images(1, 10)]
    assert house.answerer.when(Told) == [THERE_US + 10 * INSTANCE_US]
    assert house.asker.when(Outcome) == [THERE_US + 10 * INSTANCE_US + LINK.round_trip_us // 2]
    (record,) = house.traced("stored")
    assert (record["system"], record["study"], record["instances"], record["bytes"]) == ("answerer", "1.2", 10, 10_000)


def test_the_deadline_of_a_study_starts_again_at_each_image() -> None:
    house = Archive()
    outcome = house.send(images(1, 1_000), deadline_us=SECOND)
    assert outcome.kind is ANSWERED
    assert house.asker.when(Outcome)[0] > 10 * SECOND


def test_a_study_whose_every_image_takes_longer_than_the_deadline_does_not_get_through() -> None:
    house = Archive()
    outcome = house.send(images(1, 3), deadline_us=INSTANCE_US)
    assert outcome.kind is UNKNOWN
    assert outcome.message == StoreResult(not_sent=images(1, 3))
    assert house.batches == []


def test_a_study_whose_header_is_refused_fails_with_that_status() -> None:
    house = Archive((), Admission(0xC000))
    assert house.send(images(1, 3)) == Outcome("s", ANSWERED, StoreResult(failed=((0xC000, images(1, 3)),)))
    assert house.batches == []


def test_a_study_that_is_taken_with_a_warning_is_stored() -> None:
    house = Archive((), Admission(0xB000))
    assert house.send(images(1, 3)).message == StoreResult(warned=images(1, 3))
    assert house.batches == [images(1, 3)]


@pytest.mark.parametrize(
    ("kind", "confirmed", "on_disk"),
    [
        (FaultKind.RESET_AFTER, 3, 4),
        (FaultKind.RESET_BEFORE, 3, 3),
        (FaultKind.TRUNCATE, 3, 3),
        (FaultKind.REFUSE, 3, 3),
        (FaultKind.SWALLOW, 3, 3),
    ],
)
def test_an_association_that_fails_at_an_image_confirms_the_ones_before(kind: FaultKind, confirmed: int, on_disk: int) -> None:
    """Refused and swallowed concern the connection: at a later image they are a reset."""
    house = Archive([lose(kind, occurrence=4)])
    outcome = house.send(images(1, 10))
    assert outcome.kind is UNKNOWN
    assert outcome.message == StoreResult(stored=images(1, confirmed), not_sent=images(confirmed + 1, 10))
    assert house.batches == [images(1, on_disk)]


@pytest.mark.parametrize(
    ("kind", "outcome", "on_disk"),
    [
        (FaultKind.REFUSE, REFUSED, []),
        (FaultKind.SWALLOW, REFUSED, []),
        (FaultKind.RESET_BEFORE, UNKNOWN, []),
        (FaultKind.TRUNCATE, UNKNOWN, []),
        (FaultKind.RESET_AFTER, UNKNOWN, [images(1, 1)]),
    ],
)
def test_an_association_that_fails_at_the_first_image_confirms_nothing(
    kind: FaultKind, outcome: OutcomeKind, on_disk: list[InstanceSet]
) -> None:
    house = Archive([lose(kind, occurrence=1)])
    ended = house.send(images(1, 10))
    assert (ended.kind, ended.message) == (outcome, StoreResult(not_sent=images(1, 10)))
    assert house.batches == on_disk


def test_the_answer_of_the_last_image_may_be_lost_when_all_are_on_disk() -> None:
    house = Archive([lose(FaultKind.RESET_AFTER, occurrence=10)])
    outcome = house.send(images(1, 10))
    assert (outcome.kind, outcome.message) == (UNKNOWN, StoreResult(stored=images(1, 9), not_sent=images(10, 10)))
    assert house.batches == [images(1, 10)]


def test_images_that_come_again_are_told_as_duplicates() -> None:
    house = Archive()
    house.send(images(1, 4))
    house.do(Send("t", "answerer", store(images(3, 6)), DEADLINE_US))
    house.run(20_000 * SECOND)
    batch: InstancesStored = house.answerer.of(Told)[-1].message
    assert (batch.instances, batch.duplicates_same, batch.duplicates_different) == (images(5, 6), 2, 0)


# --- C-MOVE ------------------------------------------------------------------------------------------------------------


def move(house: Archive, deadline_us: int = DEADLINE_US) -> tuple[Outcome, list[InstanceSet]]:
    """The outcome of a C-MOVE, and the batches that came."""
    house.do(Send("m", "answerer", Move(destination="RADWS"), deadline_us))
    house.run()
    (outcome,) = house.asker.of(Outcome)
    return outcome, [told.message.instances for told in house.asker.of(Told)]


def counters(outcome: Outcome) -> tuple[int, int, int, int]:
    """Completed, failed, warned and the status of a C-MOVE."""
    assert outcome.kind is ANSWERED
    result: MoveResult = outcome.message
    return result.completed, result.failed, result.warned, result.status


TWO_SERIES = (store(images(1, 4)), store(images(1, 3, "1.2.2")))


def test_a_move_carries_out_its_plan_series_by_series_and_then_answers() -> None:
    house = Archive((), None, *TWO_SERIES)
    outcome, batches = move(house)
    assert counters(outcome) == (7, 0, 0, 0)
    assert batches == [images(1, 4), images(1, 3, "1.2.2")]
    assert house.asker.when(Told)[-1] < house.asker.when(Outcome)[0]
    assert [record["message"] for record in house.traced("exchange")] == ["StoreStudy", "StoreStudy", "Move"]
    assert house.answerer.of(Outcome) == []  # the sub-operations are the port's


def test_a_move_without_sub_operations_is_answered_at_once() -> None:
    outcome, batches = move(Archive(()))
    assert counters(outcome) == (0, 0, 0, 0)
    assert batches == []


def test_the_deadline_of_a_move_does_not_run_while_its_images_come() -> None:
    outcome, _ = move(Archive((), None, store(images(1, 1_000))), deadline_us=SECOND)
    assert outcome.kind is ANSWERED


@pytest.mark.parametrize(
    ("kind", "on_disk"),
    [(FaultKind.RESET_BEFORE, (images(1, 1), images(3, 4))), (FaultKind.RESET_AFTER, (images(1, 2), images(3, 4)))],
)
def test_after_a_lost_association_the_image_in_doubt_has_failed_and_the_others_are_sent(
    kind: FaultKind, on_disk: tuple[InstanceSet, ...]
) -> None:
    house = Archive([lose(kind, occurrence=2)], None, *TWO_SERIES)
    outcome, batches = move(house)
    assert counters(outcome) == (6, 1, 0, 0xB000)
    assert batches == [*on_disk, images(1, 3, "1.2.2")]


def test_the_answer_of_a_move_names_what_failed() -> None:
    """PS3.4 C.4.2.1.4.2."""
    lost, _ = move(Archive([lose(FaultKind.RESET_AFTER, occurrence=2)], None, *TWO_SERIES))
    assert list(lost.message.failed_instances) == ["1.2.1.2"]
    refused, _ = move(Archive([lose(FaultKind.REFUSE)], None, *TWO_SERIES))
    assert set(refused.message.failed_instances) == {*images(1, 4), *images(1, 3, "1.2.2")}
    assert not move(Archive((), None, *TWO_SERIES))[0].message.failed_instances


def test_a_move_whose_destination_cannot_be_reached_fails_with_a702() -> None:
    outcome, batches = move(Archive([lose(FaultKind.REFUSE)], None, *TWO_SERIES))
    assert counters(outcome) == (0, 7, 0, 0xA702)
    assert batches == []


def test_a_move_counts_warnings_and_refused_images() -> None:
    """B000H is "failures or warnings" (PS3.4 Table C.4-2)."""
    warned, batches = move(Archive((), Admission(0xB000), *TWO_SERIES))
    assert counters(warned) == (0, 0, 7, 0xB000)
    assert len(batches) == 2
    failed, batches = move(Archive((), Admission(0xC000), *TWO_SERIES))
    assert counters(failed) == (0, 7, 0, 0xA702)
    assert batches == []


@given(st.lists(st.tuples(st.sampled_from((FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE)), st.integers(1, 8)), max_size=4))
def test_however_associations_are_lost_the_counters_of_a_move_add_up(losses: list[tuple[FaultKind, int]]) -> None:
    house = Archive([lose(kind, occurrence) for kind, occurrence in losses], None, *TWO_SERIES)
    outcome, batches = move(house)
    completed, failed, _, status = counters(outcome)
    assert len(outcome.message.failed_instances) == failed
    assert completed + failed == 7
    assert completed <= sum(map(len, batches)) <= 7
    assert (status == 0) == (failed == 0)


# --- C-FIND below the studies ------------------------------------------------------------------------------------------


def test_a_plan_for_a_find_is_carried_out_in_the_image_store_of_the_system() -> None:
    house, archive = Archive(()), MemoryArchive()
    house.kernel.host("answerer", house.answerer, archive)
    house.kernel.connect(Lane("asker", "answerer", "query", MemoryPort(), LINK))
    batch = archive.open_batch()
    archive.add(batch, store(images(1, 2)))
    archive.tell(batch)
    study = store(images(1, 2)).header.study_instance_uid
    query = Find(of({"StudyInstanceUID": study, "SeriesInstanceUID": "1.2.1", "SOPInstanceUID": ""}), "IMAGE")
    plan = FindPlan((SearchedStudy(of({"StudyInstanceUID": study})),), query)
    house.answerer.script = lambda request: [Reply(request.ticket, plan)]
    house.do(Send("f", "answerer", query, DEADLINE_US))
    house.run()
    (outcome,) = house.asker.of(Outcome)
    found: Found = outcome.message
    assert [match.text("SOPInstanceUID") for match in found.matches] == list(images(1, 2))
