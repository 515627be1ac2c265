"""What is still awaited from a product: commitments it has taken on, until their result, and not for ever."""

from emulators.sut.expectations import Expectations
from emulators.trace import Record


class Wall:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def exchange(message: str, transaction: str, answer: str = "0000H") -> Record:
    return {"record": "exchange", "message": message, "transaction": transaction, "answer": answer}


def expectations() -> tuple[Expectations, Wall]:
    wall = Wall()
    return Expectations(30.0, wall), wall


def test_a_commitment_taken_on_is_awaited_until_its_result() -> None:
    awaited, _ = expectations()
    awaited(exchange("CommitRequest", "1.2"))
    assert awaited.pending()
    awaited(exchange("CommitResult", "1.2"))
    assert not awaited.pending()


def test_a_result_that_came_before_the_answer_is_not_awaited() -> None:
    awaited, _ = expectations()
    awaited(exchange("CommitResult", "1.2"))
    awaited(exchange("CommitRequest", "1.2"))
    assert not awaited.pending()


def test_a_refused_commitment_is_not_awaited() -> None:
    awaited, _ = expectations()
    awaited(exchange("CommitRequest", "1.2", "0110H"))
    assert not awaited.pending()


def test_nothing_is_awaited_for_ever() -> None:
    awaited, wall = expectations()
    awaited(exchange("CommitRequest", "1.2"))
    wall.now_s += 31
    assert not awaited.pending()
