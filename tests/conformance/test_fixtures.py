"""What cases share is made once, and a failure to make it is told to each of them."""

import pytest

from conformance.fixtures import Fixtures
from conformance.verdict import Inconclusive


def test_it_is_made_by_the_first_that_asks_and_given_to_all() -> None:
    fixtures, made = Fixtures(), []

    def make() -> list[str]:
        made.append("once")
        return made

    assert fixtures.get("images", make) is fixtures.get("images", make)
    assert made == ["once"]
    assert fixtures.get("orders", lambda: "others") == "others"


def test_what_cannot_be_made_is_tried_once_and_inconclusive_for_all() -> None:
    fixtures, tried = Fixtures(), []

    def make() -> None:
        tried.append("once")
        raise Inconclusive("the archive is full")

    for _ in range(2):
        with pytest.raises(Inconclusive, match="the archive is full"):
            fixtures.get("images", make)
    assert tried == ["once"]
