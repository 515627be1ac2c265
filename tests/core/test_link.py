"""Links: how long bytes take."""

from hypothesis import given
from hypothesis import strategies as st

from emulators.core.instant import MILLISECOND, SECOND
from emulators.core.link import LinkSpec

links = st.builds(LinkSpec, st.integers(0, SECOND), st.integers(1_000, 10**11), st.integers(0, SECOND))
sizes = st.integers(0, 10**9)


def test_ten_megabytes_take_eight_seconds_at_ten_megabits() -> None:
    assert LinkSpec(bandwidth_bit_s=10_000_000).bytes_us(10_000_000) == 8 * SECOND


def test_one_way_is_half_a_round_trip_and_the_bytes() -> None:
    link = LinkSpec(round_trip_us=40 * MILLISECOND, bandwidth_bit_s=8_000_000, service_us=5 * MILLISECOND)
    assert link.one_way_us(0) == 20 * MILLISECOND
    assert link.one_way_us(1_000) == 21 * MILLISECOND


def test_an_instance_costs_its_bytes_a_round_trip_and_the_service() -> None:
    link = LinkSpec(round_trip_us=40 * MILLISECOND, bandwidth_bit_s=8_000_000, service_us=5 * MILLISECOND)
    assert link.instance_us(1_000) == (1 + 40 + 5) * MILLISECOND


@given(links, sizes, sizes)
def test_more_bytes_never_take_less_time(link: LinkSpec, size: int, more: int) -> None:
    assert link.bytes_us(size) <= link.bytes_us(size + more)
    assert link.one_way_us(size) <= link.one_way_us(size + more)
    assert link.instance_us(size) <= link.instance_us(size + more)
