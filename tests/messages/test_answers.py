"""Answers as they stand in the trace: a code, counters, or a list as count and digest."""

from emulators.messages.attributes import of
from emulators.messages.common import SUCCESS, Acknowledgement, Status, listed
from emulators.messages.query import Found, MoveResult


def test_statuses_and_acknowledgements_are_short_words() -> None:
    assert SUCCESS.summary == "0000H"
    assert Status(0xA700, "out of memory").summary == "A700H"
    assert Acknowledgement("AA", "C1").summary == "AA"
    assert Acknowledgement("AE", "C1", "204 OBR-2").summary == "AE 204 OBR-2"


def test_a_move_shows_its_counters() -> None:
    assert MoveResult(3, 1, 0, 0xB000).summary == {"completed": 3, "failed": 1, "warned": 0, "status": "B000H"}


def test_a_list_is_shown_as_its_count_and_a_digest_of_its_order() -> None:
    assert listed([]) == {"count": 0}
    assert listed(["1.2", "1.3"]) == listed(iter(["1.2", "1.3"]))
    assert listed(["1.2", "1.3"]) != listed(["1.3", "1.2"])
    assert listed(["1.2", "1.3"])["count"] == 2


def test_a_list_answer_costs_bytes_for_each_item() -> None:
    match = of({"StudyInstanceUID": "1.2"})
    one, two = Found((match,)), Found((match, match))
    assert two.nominal_bytes - one.nominal_bytes == one.nominal_bytes - Found(()).nominal_bytes > 0
