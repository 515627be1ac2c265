"""Emulators that cases hl7.ord.* catch: new and changed orders, several in one message, the same again, the filler's own."""

from tests.conformance.hl7_mutants import DoesItLater, HearsOtherwise, LeavesEmpty, SaysOtherwise
from tests.conformance.mangler import Link, Mutant


class OrdersWithout(LeavesEmpty):
    within = b"\rORC|NW|"


class NumbersOtherwise(Mutant):
    """The placer order number in what it says under an ORC-1 is ``number``."""

    control = number = b""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        begin = b"\rORC|" + self.control + b"|"
        if to_product or begin not in payload:
            return payload
        placer = payload.split(begin)[1].split(b"|")[0]
        return payload.replace(b"|" + placer + b"|", b"|" + self.number + b"|")


class NumbersAllOrdersAlike(NumbersOtherwise):
    control, number = b"NW", b"1"


class ForgetsThePlacerNumber(NumbersOtherwise):
    """Its cancellation has none."""

    control = b"OC"


class WorksTheFirstOrderAlone(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not to_product or payload.count(b"\rORC|") < 2:
            return payload
        first, second, _ = payload.split(b"\rORC|")[:3]
        return first + b"\rORC|" + second + b"\r"


class WorksTheFirstStepAlone(Mutant):
    variant = "steps"

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not to_product or payload.count(b"\rIPC|") < 2:
            return payload
        first, second, *_ = payload.split(b"\rIPC|")
        return first + b"\rIPC|" + second + b"\r"


class GoesByTheMessageAlone(Mutant):
    """It does not look at ORC-2: every message with a new MSH-10 is a new order."""

    def reset(self) -> None:
        self._placed: dict[bytes, int] = {}

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not to_product or b"\rORC|NW|" not in payload:
            return payload
        placer = payload.split(b"\rORC|NW|")[1].split(b"|")[0]
        times = self._placed[placer] = self._placed.get(placer, 0) + 1
        return payload.replace(placer, placer + str(times).encode()) if times > 1 else payload


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.ord.new.1": SaysOtherwise(b"\rZDS|", b"\rZDS|1.2.3^^^^", b"\rORC|NW|"),
    "hl7.ord.new.2": [OrdersWithout("ORC", 17), OrdersWithout("OBR", 31), NumbersAllOrdersAlike()],
    "hl7.ord.change.1": [
        HearsOtherwise(b"20250304081500", b"20250303140000", b"\rORC|XO|"),
        SaysOtherwise(b"\rZDS|", b"\rZDS|1.2.3^^^^", b"\rORC|XO|"),
    ],
    "hl7.ord.of.1": ForgetsThePlacerNumber(),
    "hl7.ord.multi.1": [WorksTheFirstOrderAlone(), WorksTheFirstStepAlone()],
    "hl7.ord.dup.1": [GoesByTheMessageAlone(), DoesItLater(GoesByTheMessageAlone(), b"\rORC|NW|", "AA")],
}
