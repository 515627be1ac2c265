"""Emulators that cases hl7.base.* catch."""

import re

from tests.conformance.hl7_mutants import Hears, answer
from tests.conformance.mangler import Link, Mutant


class TakesUtf8ForLatin1(Hears):
    told, heard = b"|UNICODE UTF-8", b"|8859/1"


class GuessesTheCharacterSet(Mutant):
    """Bytes that are not ASCII and not declared are Latin-1 to it."""

    variant = "undeclared"

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        head, cr, rest = payload.partition(b"\r")
        if not to_product or rest.isascii() or any(head.split(b"|")[17:]):
            return payload
        return head + b"|" * (17 - head.count(b"|")) + b"8859/1" + cr + rest


class LeavesEscapesOn(Hears):
    told, heard = rb"\T\T", rb"(T)T"


class KnowsTheUsualDelimitersAlone(Hears):
    variant = "delimiters"
    told, heard = b"MSH|$%\\@|", b"MSH|^~\\&|"


class RefusesSegmentsOfOthers(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if not to_product or b"\rZZZ|" not in payload:
            return payload
        link.to_tester(answer(payload, "AE"))
        return None


class TakesEmptyForNull(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return re.sub(rb"(\^Jane\|)\|\|", rb'\1|""|', payload, count=1) if to_product else payload


class TakesNullForEmpty(Hears):
    told, heard = b'|""|', b"||"


class IgnoresOffsets(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return re.sub(rb"(\d{14})[+-]\d{4}", rb"\1", payload) if to_product else payload


class ShiftsBirthDates(Hears):
    """To the day that it was in Greenwich."""

    told, heard = b"|19700101000000+0900|", b"|19691231|"


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.base.charset.1": [TakesUtf8ForLatin1(), GuessesTheCharacterSet()],
    "hl7.base.escape.1": [LeavesEscapesOn(), KnowsTheUsualDelimitersAlone()],
    "hl7.base.tol.1": RefusesSegmentsOfOthers(),
    "hl7.base.null.1": [TakesEmptyForNull(), TakesNullForEmpty()],
    "hl7.base.time.1": [IgnoresOffsets(), ShiftsBirthDates()],
}
