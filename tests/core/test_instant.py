"""Wall clocks: the scenario's epoch plus now plus skew, cut to the second."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from emulators.core.instant import DAY, HOUR, SECOND, WallClock

EPOCH = datetime(2026, 3, 1, 23, 59, 58)


def test_a_stamp_is_the_epoch_plus_now() -> None:
    clock = WallClock(EPOCH)
    assert clock.stamp(0) == "20260301235958"
    assert clock.stamp(2 * SECOND) == "20260302000000"
    assert clock.stamp(DAY + HOUR) == "20260303005958"


def test_a_stamp_is_cut_to_the_second_and_never_rounded() -> None:
    clock = WallClock(EPOCH)
    assert clock.stamp(SECOND - 1) == clock.stamp(0)
    assert clock.stamp(SECOND) == "20260301235959"


def test_skew_moves_the_stamp_both_ways() -> None:
    assert WallClock(EPOCH, skew_us=3 * SECOND).stamp(0) == "20260302000001"
    assert WallClock(EPOCH, skew_us=-3 * SECOND).stamp(0) == "20260301235955"


def test_the_second_before_the_epoch_has_a_stamp() -> None:
    assert WallClock(EPOCH, skew_us=-1).stamp(0) == "20260301235957"


@given(st.lists(st.integers(-2 * DAY, 400 * DAY), min_size=1), st.integers(-HOUR, HOUR))
def test_a_stamp_does_not_depend_on_what_was_asked_before(instants: list[int], skew_us: int) -> None:
    clock = WallClock(EPOCH, skew_us)
    for now in instants:
        expected = EPOCH + timedelta(seconds=(now + skew_us) // SECOND)
        assert clock.stamp(now) == expected.strftime("%Y%m%d%H%M%S")
