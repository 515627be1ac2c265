"""Draws: pure functions of (seed, key), with the distributions that they claim."""

import math
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.draws import Draws

ROOT = Path(__file__).parents[2]
COUNT = 20_000
KEYS = st.lists(st.one_of(st.text(max_size=8), st.integers()), max_size=4).map(tuple)


def test_the_bits_of_a_key_are_blake2b_of_seed_and_key() -> None:
    # coreutils: printf "7|('interarrival', 'CT', 3)" | b2sum -l 64
    assert Draws(7).bits("interarrival", "CT", 3) == int.from_bytes(bytes.fromhex("5692a8de56c9bac0"), "little")


def test_draws_do_not_depend_on_the_process_or_its_hash_seed() -> None:
    program = (
        "from datasets.draws import Draws\n"
        "draws = Draws(7)\n"
        "print(draws.bits('a', 1), draws.normal(0, 1, 'b'), draws.choice('xyz', 'c'))\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("0", "1")
    }
    draws = Draws(7)
    assert answers == {f"{draws.bits('a', 1)} {draws.normal(0, 1, 'b')} {draws.choice('xyz', 'c')}\n"}


def test_the_order_of_draws_does_not_matter() -> None:
    forward, backward = Draws(7), Draws(7)
    assert [forward.bits("x", i) for i in range(100)] == [backward.bits("x", i) for i in reversed(range(100))][::-1]


@settings(max_examples=60, deadline=None)
@given(KEYS, KEYS)
def test_different_keys_give_different_bits(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
    assert (Draws(7).bits(*one) == Draws(7).bits(*other)) == (one == other)


def test_keys_that_join_to_the_same_text_differ() -> None:
    draws = Draws(7)
    keys: list[tuple[str | int, ...]] = [("ab", "c"), ("a", "bc"), ("abc",), (1,), ("1",), (1, 1), (11,), ("a', 'bc",)]
    assert len({draws.bits(*key) for key in keys}) == len(keys)


def test_seeds_differ() -> None:
    assert Draws(1).bits("1|x") != Draws(11).bits("|x")
    assert Draws(1).bits("x") != Draws(2).bits("x")


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 2**64), KEYS)
def test_integers_stay_below_their_bound(bound: int, key: tuple[str | int, ...]) -> None:
    assert 0 <= Draws(3).integer(bound, *key) < bound


@settings(max_examples=50, deadline=None)
@given(KEYS)
def test_units_stay_below_one(key: tuple[str | int, ...]) -> None:
    assert 0 <= Draws(3).unit(*key) < 1


def test_units_are_uniform() -> None:
    draws = Draws(5)
    values = [draws.unit("u", i) for i in range(COUNT)]
    assert statistics.fmean(values) == pytest.approx(0.5, abs=0.01)
    assert statistics.pstdev(values) == pytest.approx(1 / math.sqrt(12), abs=0.01)


def test_normals_have_their_mean_and_standard_deviation() -> None:
    draws = Draws(5)
    values = [draws.normal(20, 4, "n", i) for i in range(COUNT)]
    assert statistics.fmean(values) == pytest.approx(20, abs=0.15)
    assert statistics.pstdev(values) == pytest.approx(4, abs=0.1)


def test_lognormals_have_their_median_and_sigma() -> None:
    draws = Draws(5)
    values = [draws.lognormal(12, 0.5, "l", i) for i in range(COUNT)]
    assert statistics.median(values) == pytest.approx(12, rel=0.02)
    assert statistics.pstdev([math.log(value) for value in values]) == pytest.approx(0.5, abs=0.01)


def test_exponentials_have_their_mean_and_are_positive() -> None:
    draws = Draws(5)
    values = [draws.exponential(8, "e", i) for i in range(COUNT)]
    assert min(values) >= 0
    assert statistics.fmean(values) == pytest.approx(8, rel=0.03)


@pytest.mark.parametrize("mean", [0.0, 0.4, 12.0, 1600.0])
def test_poisson_counts_have_their_mean_and_variance(mean: float) -> None:
    draws = Draws(5)
    values = [draws.poisson(mean, "p", i) for i in range(2000)]
    assert statistics.fmean(values) == pytest.approx(mean, abs=4 * math.sqrt(mean / 2000))
    assert statistics.pvariance(values) == pytest.approx(mean, rel=0.15)


def test_weights_give_the_shares() -> None:
    draws = Draws(5)
    values = [draws.weighted((("a", 1), ("never", 0), ("b", 3)), "w", i) for i in range(COUNT)]
    assert values.count("b") / COUNT == pytest.approx(0.75, abs=0.01)
    assert "never" not in values


def test_choices_reach_every_option() -> None:
    assert {Draws(5).choice("abc", "c", i) for i in range(50)} == {"a", "b", "c"}


def test_impossible_draws_are_refused() -> None:
    draws = Draws(5)
    for bound in (0, -1, 2**64 + 1):
        with pytest.raises(ValueError, match="bound"):
            draws.integer(bound, "x")
    for weights in ([], [("a", 0.0)], [("a", -1.0), ("b", 2.0)]):
        with pytest.raises(ValueError, match="weights"):
            draws.weighted(weights, "x")
    with pytest.raises(ValueError, match="bound"):
        draws.choice([], "x")
    with pytest.raises(ValueError, match="negative"):
        draws.poisson(-1, "x")
