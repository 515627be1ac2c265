"""InstanceSet: its algebra against plain lists, for ranges and explicit UIDs alike."""

from hypothesis import given
from hypothesis import strategies as st

from emulators.messages.imaging import StoreResult
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet, from_uids

ROOTS = ("1.2", "1.3")
uids = st.builds("{}.{}".format, st.sampled_from(ROOTS), st.integers(0, 12))
uid_lists = st.lists(uids, unique=True, max_size=10)
ranges = st.builds(InstanceSet, st.sampled_from(ROOTS), st.integers(0, 6), st.integers(-1, 12))


def mixed(instances: InstanceSet, more: list[str]) -> InstanceSet:
    """A range with explicit UIDs that are not in it."""
    held = set(instances)
    return InstanceSet(instances.root, instances.first, instances.last, tuple(uid for uid in more if uid not in held))


instance_sets = ranges | uid_lists.map(from_uids) | st.builds(mixed, ranges, uid_lists)


@given(instance_sets)
def test_length_and_truth_agree_with_what_is_in_it(instances: InstanceSet) -> None:
    assert len(instances) == len(list(instances))
    assert bool(instances) == bool(list(instances))


@given(uid_lists)
def test_from_uids_keeps_every_uid_in_order(named: list[str]) -> None:
    assert list(from_uids(named)) == named
    assert list(from_uids(iter(named))) == named


@given(st.sampled_from(ROOTS), st.integers(0, 10**12), st.integers(1, 50))
def test_from_uids_makes_numbers_in_a_row_one_range(root: str, first: int, count: int) -> None:
    instances = from_uids(f"{root}.{number}" for number in range(first, first + count))
    assert instances == InstanceSet(root, first, first + count - 1)


def test_from_uids_makes_no_range_of_numbers_that_are_written_otherwise() -> None:
    for named in (["1.2.01"], ["1.2.٣"], ["12"], ["1.2.3", "1.2.5"], ["1.2.4", "1.2.3"], ["1.2.3", "1.3.4"]):
        assert from_uids(named).uids == tuple(named)


def test_from_uids_of_nothing_is_no_instances() -> None:
    assert from_uids([]) is NO_INSTANCES


@given(instance_sets, st.integers(-2, 30))
def test_head_is_the_first_ones_in_order(instances: InstanceSet, count: int) -> None:
    assert list(instances.head(count)) == list(instances)[: max(0, count)]


@given(instance_sets, instance_sets)
def test_without_keeps_the_order_of_what_is_left(instances: InstanceSet, other: InstanceSet) -> None:
    assert list(instances.without(other)) == [uid for uid in instances if uid not in set(other)]


@given(instance_sets, instance_sets)
def test_union_holds_each_uid_of_either_once(instances: InstanceSet, other: InstanceSet) -> None:
    union = list(instances.union(other))
    assert set(union) == set(instances) | set(other)
    assert len(union) == len(set(union))


@given(instance_sets, st.integers(0, 20))
def test_head_and_the_rest_are_the_whole(instances: InstanceSet, count: int) -> None:
    head = instances.head(count)
    rest = instances.without(head)
    assert [*head, *rest] == list(instances)
    assert list(head.union(rest)) == list(instances)


@given(st.integers(1, 2_000), st.integers(0, 2_000))
def test_what_a_study_resumes_with_stays_a_range(total: int, confirmed: int) -> None:
    """Otherwise a study of 2,000 images costs 2,000 UIDs at each lost association."""
    study = InstanceSet("1.2", 1, total)
    rest = study.without(study.head(confirmed))
    assert rest.uids == ()
    assert study.head(confirmed).union(rest).uids == ()


@given(instance_sets)
def test_nothing_added_and_nothing_taken_away_change_nothing(instances: InstanceSet) -> None:
    assert instances.union(NO_INSTANCES) == instances
    assert instances.without(NO_INSTANCES) == instances
    assert NO_INSTANCES.union(instances) == instances or not instances
    assert not NO_INSTANCES.without(instances)
    assert not instances.without(instances)


@given(instance_sets)
def test_by_root_parts_a_set_by_what_comes_before_the_last_component(instances: InstanceSet) -> None:
    parts = instances.by_root()
    assert sorted(uid for part in parts.values() for uid in part) == sorted(instances)
    assert all(uid.rpartition(".")[0] == root for root, part in parts.items() for uid in part)


@given(uid_lists.filter(bool))
def test_by_root_of_explicit_uids_has_an_entry_per_root(named: list[str]) -> None:
    assert from_uids(named).by_root().keys() == {uid.rpartition(".")[0] for uid in named}


def test_sets_that_touch_become_one_range_in_either_order() -> None:
    early, late = InstanceSet("1.2", 1, 2), InstanceSet("1.2", 3, 4)
    assert early.union(late) == late.union(early) == InstanceSet("1.2", 1, 4)


def test_confirmed_is_what_was_stored_and_what_was_stored_with_a_warning() -> None:
    result = StoreResult(
        stored=InstanceSet("1.2", 1, 3),
        warned=InstanceSet("1.2", 4, 4),
        failed=((0xC000, InstanceSet("1.2", 5, 5)), (0xA700, InstanceSet("1.2", 6, 7))),
        not_sent=InstanceSet("1.2", 8, 11),
    )
    assert result.confirmed == InstanceSet("1.2", 1, 4)
    assert result.summary == {"stored": 3, "warned": 1, "failed": 3, "not_sent": 4}


def test_a_summary_leaves_out_what_did_not_happen() -> None:
    assert StoreResult(stored=InstanceSet("1.2", 1, 3)).summary == {"stored": 3}
