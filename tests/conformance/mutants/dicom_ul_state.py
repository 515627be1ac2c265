"""Emulators that cases dicom.ul.state.* catch."""

from conformance.material.sop_classes import CT
from emulators.wire.commands import c_store_rq, response
from emulators.wire.pdu import ABORT, RELEASE_RP, Abort, encode
from tests.conformance.mangler import Link, Mutant, framed


class AbortsWhereItShouldRelease(Mutant):
    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        return encode(Abort(0, 0)) if pdu_type == RELEASE_RP and not to_product else framed(pdu_type, body)


class TakesACollisionForAnError(Mutant):
    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        is_answer = pdu_type == RELEASE_RP and not to_product and link.opened_by_product
        return encode(Abort(2, 2)) if is_answer else framed(pdu_type, body)


class FinishesAfterAnAbort(Mutant):
    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        if pdu_type == ABORT and to_product:
            link.send_message(False, 3, response(c_store_rq(1, CT, "1.2.3"), 0), None)
        return framed(pdu_type, body)


class KeepsIdleConnections(Mutant):
    def closed(self, link: Link, by_product: bool) -> bool:
        return not by_product


class AbortsAsTheUser(Mutant):
    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        return encode(Abort(0, 0)) if pdu_type == ABORT and not to_product else framed(pdu_type, body)


class ClosesWithoutAbort(Mutant):
    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes | None:
        if pdu_type == ABORT and not to_product:
            link.close()
            return None
        return framed(pdu_type, body)


MUTANTS = {
    "dicom.ul.state.1": AbortsWhereItShouldRelease(),
    "dicom.ul.state.2": TakesACollisionForAnError(),
    "dicom.ul.state.3": FinishesAfterAnAbort(),
    "dicom.ul.state.4": KeepsIdleConnections(),
    "dicom.ul.state.5": [ClosesWithoutAbort(), AbortsAsTheUser()],
}
