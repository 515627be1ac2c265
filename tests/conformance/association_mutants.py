"""Mutants that change what is agreed on when an association is made."""

from emulators.wire.pdu import ASSOCIATE_AC, AssociateAccept, decode, encode
from tests.conformance.mangler import Link, Mutant, framed


class AcceptsOtherwise(Mutant):
    """Its A-ASSOCIATE-AC is not the good one; with ``to_product`` it reads another one than it was sent."""

    to_product = False

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        if pdu_type != ASSOCIATE_AC or to_product is not self.to_product:
            return framed(pdu_type, body)
        accept = decode(pdu_type, memoryview(body))
        assert isinstance(accept, AssociateAccept)
        return encode(self.answer(accept))

    def answer(self, accept: AssociateAccept) -> AssociateAccept:
        raise NotImplementedError
