"""Emulators that cases dicom.ul.scu.* catch."""

import socket
from contextlib import suppress
from dataclasses import replace

from conformance.trial import IMPLICIT
from emulators.wire.pdu import ASSOCIATE_RQ, AssociateAccept, AssociateRequest, decode, encode
from tests.conformance.association_mutants import AcceptsOtherwise
from tests.conformance.mangler import Link, Mutant, framed

HEADER_BYTES = 6


class AsksOtherwise(Mutant):
    """Its A-ASSOCIATE-RQ is not the good one."""

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        return framed(pdu_type, body if to_product or pdu_type != ASSOCIATE_RQ else self.request(body))

    def request(self, body: bytes) -> bytes:
        raise NotImplementedError


class AnnouncesNoMaximumLength(AsksOtherwise):
    def request(self, body: bytes) -> bytes:
        return body.replace(b"\x51\0\0\4", b"\x7f\0\0\4", 1)


class CountsContextsByOne(AsksOtherwise):
    def request(self, body: bytes) -> bytes:
        for number, context_id in enumerate(range(1, 20, 2), start=1):
            at = body.find(b"\x20\0", 68)
            while at >= 0 and body[at + 4] != context_id:
                at = body.find(b"\x20\0", at + 8)
            body = body if at < 0 else body[: at + 4] + bytes((number,)) + body[at + 5 :]
        return body


class OffersNoImplicitVr(AsksOtherwise):
    def request(self, body: bytes) -> bytes:
        request = decode(ASSOCIATE_RQ, memoryview(body))
        assert isinstance(request, AssociateRequest)
        contexts = tuple(one for one in request.contexts if one.transfer_syntaxes != (IMPLICIT,))
        return encode(replace(request, contexts=contexts))[HEADER_BYTES:]


class TakesEveryContextAsAccepted(AcceptsOtherwise):
    to_product = True

    def answer(self, accept: AssociateAccept) -> AssociateAccept:
        return replace(accept, contexts=tuple(replace(one, result=0) for one in accept.contexts))


class TriesAgainAtOnce(Mutant):
    def opened(self, link: Link) -> None:
        if link.opened_by_product:
            for _ in range(30):
                with suppress(OSError):
                    socket.create_connection(link.tester.getpeername(), 0.05).close()


MUTANTS = {
    "dicom.ul.scu.1": [AnnouncesNoMaximumLength(), CountsContextsByOne(), OffersNoImplicitVr()],
    "dicom.ul.scu.2": TakesEveryContextAsAccepted(),
    "dicom.ul.scu.3": TriesAgainAtOnce(),
}
