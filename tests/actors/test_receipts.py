"""Receipts: what was taken gets the same answer again, another message under its MSH-10 is refused."""

from dataclasses import replace

from emulators.actors.receipts import Receipts
from tests.actors.samples import order_status

MESSAGE = order_status("SC")


def test_a_new_message_has_no_earlier_answer() -> None:
    assert Receipts().earlier("ris", MESSAGE) is None


def test_an_answer_names_the_message_that_it_answers() -> None:
    given = Receipts().give("ris", MESSAGE, "AE", "204 ORC-2")
    assert (given.code, given.control_id, given.error) == ("AE", MESSAGE.control_id, "204 ORC-2")


def test_the_same_message_again_gets_the_answer_it_got() -> None:
    receipts = Receipts()
    given = receipts.give("ris", MESSAGE)
    assert receipts.earlier("ris", MESSAGE) == given
    assert receipts.earlier("ris", replace(MESSAGE)) == given  # an equal one, read off the wire anew


def test_a_message_that_was_refused_is_judged_anew() -> None:
    receipts = Receipts()
    receipts.give("ris", MESSAGE, "AE", "204 ORC-2")
    assert receipts.earlier("ris", MESSAGE) is None
    assert receipts.earlier("ris", replace(MESSAGE, status="CM")) is None


def test_another_message_under_a_used_control_id_is_refused() -> None:
    receipts = Receipts()
    receipts.give("ris", MESSAGE)
    refusal = receipts.earlier("ris", replace(MESSAGE, status="CM"))
    assert refusal is not None
    assert (refusal.code, refusal.control_id, refusal.error) == ("AE", MESSAGE.control_id, "205 MSH-10")


def test_a_refused_impostor_does_not_replace_the_first_message() -> None:
    receipts = Receipts()
    given = receipts.give("ris", MESSAGE)
    receipts.earlier("ris", replace(MESSAGE, status="CM"))
    assert receipts.earlier("ris", MESSAGE) == given


def test_control_ids_belong_to_their_sender() -> None:
    receipts = Receipts()
    receipts.give("ris", MESSAGE)
    assert receipts.earlier("workstation", replace(MESSAGE, status="CM")) is None
