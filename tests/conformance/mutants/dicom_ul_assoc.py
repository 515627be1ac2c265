"""Emulators that cases dicom.ul.assoc.* catch."""

from tests.conformance.mangler import Link, Mutant, framed


class RefusesVerification(Mutant):
    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        if pdu_type == 2:  # every result becomes 3, abstract syntax not supported
            at = body.find(b"\x21\x00")
            while at >= 0:
                body = body[: at + 6] + b"\x03" + body[at + 7 :]
                at = body.find(b"\x21\x00", at + 8)
        return framed(pdu_type, body)


class TakesAnyCalledTitle(Mutant):
    """The title is put right before the product sees it."""

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        return framed(pdu_type, body.replace(b"NOT_YOU ", b"RADPACS ", 1) if pdu_type == 1 else body)


MUTANTS = {"dicom.ul.assoc.1": RefusesVerification(), "dicom.ul.assoc.5": TakesAnyCalledTitle()}
