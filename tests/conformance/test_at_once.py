"""What is done at once: all of it, and nothing that goes wrong in a thread is lost."""

from threading import Barrier

import pytest

from conformance.material.at_once import at_once
from conformance.verdict import Failure, Inconclusive

LIMIT_S = 10.0


def test_all_run_at_the_same_time() -> None:
    meeting = Barrier(3)
    at_once([lambda: meeting.wait(LIMIT_S)] * 3, "meeting")


@pytest.mark.parametrize("trouble", [Failure("an answer", "none"), Inconclusive("no image"), KeyError("a fault of the tester")])
def test_what_one_of_them_raises_is_raised_when_all_have_ended(trouble: Exception) -> None:
    done = []

    def fail() -> None:
        raise trouble

    with pytest.raises(type(trouble)):
        at_once([fail, lambda: done.append(True)], "one-fails")
    assert done
