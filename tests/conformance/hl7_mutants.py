"""Mutants that change HL7 messages, or acknowledge what the product never hears of or never sends."""

from conformance.material.hl7 import acknowledgement
from emulators.wire.er7 import header, parse
from emulators.wire.mllp import frame
from tests.conformance.mangler import Link, Mutant


def answer(payload: bytes, code: str = "AA") -> bytes:
    """A framed acknowledgement of a message; ``code`` is its MSA-1."""
    said = acknowledgement(payload, code)
    assert said is not None
    return frame(said)


class Hears(Mutant):
    """``told`` is ``heard`` by it, in the messages that hold ``within``."""

    told = heard = within = b""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(self.told, self.heard) if to_product and self.within in payload else payload


class Says(Mutant):
    """``true`` is ``said`` by it, in the messages that hold ``within``."""

    true = said = within = b""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload if to_product or self.within not in payload else payload.replace(self.true, self.said)


class RepeatsWhatWasRefused(Hears):
    """AE is to it what AR is."""

    told, heard = b"MSA|AE|", b"MSA|AR|"


class HearsOtherwise(Hears):
    """As ``Hears``."""

    def __init__(self, told: bytes, heard: bytes, within: bytes = b"") -> None:
        self.told, self.heard, self.within = told, heard, within


class SaysOtherwise(Says):
    """As ``Says``."""

    def __init__(self, true: bytes, said: bytes, within: bytes = b"") -> None:
        self.true, self.said, self.within = true, said, within


class LeavesEmpty(Mutant):
    """A field of a segment is empty in what it sends, where that holds ``within``."""

    within = b""

    def __init__(self, segment: str, number: int) -> None:
        self._segment = segment.encode()
        self._number = number

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product or self.within not in payload:
            return payload
        lines = [line.split(b"|") for line in payload.split(b"\r")]
        for fields in lines:
            if fields[0] == self._segment and len(fields) > self._number:
                fields[self._number] = b""
        return b"\r".join(b"|".join(fields) for fields in lines)


class AcknowledgesUnheard(Mutant):
    """Messages that hold all ``needles`` are acknowledged with AA, and never reach the product."""

    def __init__(self, *needles: bytes) -> None:
        self._needles = needles

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if not to_product or not all(needle in payload for needle in self._needles):
            return payload
        link.to_tester(answer(payload))
        return None


class DoesItLater(Mutant):
    """What another mutant would make of an HL7 message at once is done when the next of its ``kind`` comes; until then it has
    only been answered with ``code``."""

    def __init__(self, other: Mutant, kind: bytes, code: str) -> None:
        self.variant = other.variant
        self._other = other
        self._kind = kind
        self._code = code

    def reset(self) -> None:
        self._other.reset()
        self._held: tuple[bytes, bytes] | None = None
        self._answered: set[bytes] = set()

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        read = self._other.hl7(link, to_product, payload)
        if not to_product:
            is_answered = any(b"MSA|" in payload and number in payload for number in self._answered)
            return None if is_answered else payload
        if self._kind not in payload or read is None:
            return payload
        number = header(payload).component(10, 1).encode()
        if read != payload:
            self._held = number, read
            link.to_tester(answer(payload, self._code))
            return None
        if self._held is not None:
            self._answered.add(self._held[0])
            link.to_product(frame(self._held[1]))
            self._held = None
        return payload


class GivesUpAfterOneTry(Mutant):
    """What it sends again never arrives, and counts as taken."""

    def reset(self) -> None:
        self._sent: set[str] = set()

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if to_product or not link.opened_by_product:
            return payload
        control_id = parse(payload).msh.component(10, 1)
        if control_id in self._sent:
            link.to_product(answer(payload))
            return None
        self._sent.add(control_id)
        return payload


class NumbersEachAttemptAnew(Mutant):
    """MSH-10 of what it sends, or with ``to_product`` is sent, is another each time; the sender's is in the acknowledgement."""

    to_product = False
    kind = b""
    """The beginning of MSH-9; of other messages the number stays."""

    def reset(self) -> None:
        self._count = 0

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product is not self.to_product:
            own, new = link.notes.get("own"), link.notes.get("new")
            return payload.replace(b"|" + new, b"|" + own) if isinstance(own, bytes) and isinstance(new, bytes) else payload
        fields = payload.split(b"|")
        if link.opened_by_product is to_product or not fields[8].startswith(self.kind):
            return payload
        self._count += 1
        link.notes["own"], link.notes["new"] = fields[9], b"N%d" % self._count
        fields[9] = b"N%d" % self._count
        return b"|".join(fields)
