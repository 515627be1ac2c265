"""Emulators that cases hl7.ord.* catch: new and changed orders, several in one message, the same again, the filler's own."""

from tests.conformance.mangler import Link, Mutant
from tests.conformance.mutants._changes import DoesItLater


class SaysOtherwise(Mutant):
    """Text of what it sends with some ORC-1 (``ORC|NW``) is another; ``instead_of`` and ``says`` are bytes of the message."""

    def __init__(self, control: bytes, instead_of: bytes, says: bytes) -> None:
        self._control = b"\rORC|" + control + b"|"
        self._instead_of = instead_of
        self._says = says

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        is_it = not to_product and link.opened_by_product and self._control in payload
        return payload.replace(self._instead_of, self._says) if is_it else payload


class HearsOtherwise(Mutant):
    """As ``SaysOtherwise``, of what it is sent."""

    def __init__(self, control: bytes, instead_of: bytes, hears: bytes) -> None:
        self._control = b"\rORC|" + control + b"|"
        self._instead_of = instead_of
        self._hears = hears

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(self._instead_of, self._hears) if to_product and self._control in payload else payload


class OrdersWithout(Mutant):
    """A field of what it orders is empty."""

    def __init__(self, segment: str, number: int) -> None:
        self._segment = segment.encode()
        self._number = number

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product or b"\rORC|NW|" not in payload:
            return payload
        lines = [line.split(b"|") for line in payload.split(b"\r")]
        for fields in lines:
            if fields[0] == self._segment and len(fields) > self._number:
                fields[self._number] = b""
        return b"\r".join(b"|".join(fields) for fields in lines)


class NumbersAllOrdersAlike(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product or b"\rORC|NW|" not in payload:
            return payload
        placer = payload.split(b"\rORC|NW|")[1].split(b"|")[0]
        return payload.replace(b"|" + placer + b"|", b"|1|")


class ForgetsThePlacerNumber(Mutant):
    """Its cancellation has none."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product or b"\rORC|OC|" not in payload:
            return payload
        placer = payload.split(b"\rORC|OC|")[1].split(b"|")[0]
        return payload.replace(b"|" + placer + b"|", b"||")


class WorksTheFirstOrderAlone(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not to_product or payload.count(b"\rORC|") < 2:
            return payload
        first, second, _ = payload.split(b"\rORC|")[:3]
        return first + b"\rORC|" + second + b"\r"


class WorksTheFirstStepAlone(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not to_product or payload.count(b"\rIPC|") < 2:
            return payload
        first, second, *_ = payload.split(b"\rIPC|")
        return first + b"\rIPC|" + second + b"\r"


class GoesByTheMessageAlone(Mutant):
    """It does not look at ORC-2: every message with a new MSH-10 is a new order."""

    def reset(self) -> None:
        self.placed: dict[bytes, int] = {}

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not to_product or b"\rORC|NW|" not in payload:
            return payload
        placer = payload.split(b"\rORC|NW|")[1].split(b"|")[0]
        times = self.placed[placer] = self.placed.get(placer, 0) + 1
        return payload.replace(placer, placer + str(times).encode()) if times > 1 else payload


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.ord.new.1": SaysOtherwise(b"NW", b"\rZDS|", b"\rZDS|1.2.3^^^^"),
    "hl7.ord.new.2": [OrdersWithout("ORC", 17), OrdersWithout("OBR", 31), NumbersAllOrdersAlike()],
    "hl7.ord.change.1": [
        HearsOtherwise(b"XO", b"20250304081500", b"20250303140000"),
        SaysOtherwise(b"XO", b"\rZDS|", b"\rZDS|1.2.3^^^^"),
    ],
    "hl7.ord.of.1": ForgetsThePlacerNumber(),
    "hl7.ord.multi.1": [WorksTheFirstOrderAlone(), WorksTheFirstStepAlone()],
    "hl7.ord.dup.1": [GoesByTheMessageAlone(), DoesItLater(GoesByTheMessageAlone(), b"\rORC|NW|", "AA")],
}
