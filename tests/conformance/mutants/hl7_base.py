"""Emulators that cases hl7.base.* catch."""

import re

from emulators.wire.er7 import parse
from emulators.wire.mllp import frame
from tests.conformance.mangler import Link, Mutant


class TakesUtf8ForLatin1(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(b"|UNICODE UTF-8", b"|8859/1", 1) if to_product else payload


class GuessesTheCharacterSet(Mutant):
    """Bytes that are not ASCII and not declared are Latin-1 to it."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        head, cr, rest = payload.partition(b"\r")
        if not to_product or rest.isascii() or any(head.split(b"|")[17:]):
            return payload
        return head + b"|" * (17 - head.count(b"|")) + b"8859/1" + cr + rest


class LeavesEscapesOn(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(rb"\T\T", rb"(T)T", 1) if to_product else payload


class KnowsTheUsualDelimitersAlone(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(b"MSH|$%\\@|", b"MSH|^~\\&|", 1) if to_product else payload


class RefusesSegmentsOfOthers(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if not to_product or b"\rZZZ|" not in payload:
            return payload
        control_id = parse(payload).msh.component(10, 1)
        link.to_tester(frame(f"MSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|AE|{control_id}\r".encode()))
        return None


class TakesEmptyForNull(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return re.sub(rb"(\^Jane\|)\|\|", rb'\1|""|', payload, count=1) if to_product else payload


class TakesNullForEmpty(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(b'|""|', b"||", 1) if to_product else payload


class IgnoresOffsets(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return re.sub(rb"(\d{14})[+-]\d{4}", rb"\1", payload) if to_product else payload


class ShiftsBirthDates(Mutant):
    """To the day that it was in Greenwich."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(b"|19700101000000+0900|", b"|19691231|") if to_product else payload


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.base.charset.1": [TakesUtf8ForLatin1(), GuessesTheCharacterSet()],
    "hl7.base.escape.1": [LeavesEscapesOn(), KnowsTheUsualDelimitersAlone()],
    "hl7.base.tol.1": RefusesSegmentsOfOthers(),
    "hl7.base.null.1": [TakesEmptyForNull(), TakesNullForEmpty()],
    "hl7.base.time.1": [IgnoresOffsets(), ShiftsBirthDates()],
}
