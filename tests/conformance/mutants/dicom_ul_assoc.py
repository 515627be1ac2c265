"""Emulators that cases dicom.ul.assoc.* catch."""

from dataclasses import replace

from emulators.wire.items import AsynchronousWindow
from emulators.wire.pdu import (
    APPLICATION_CONTEXT_NAME,
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    ASSOCIATE_RQ,
    Abort,
    AssociateAccept,
    AssociateReject,
    Pdu,
    encode,
)
from tests.conformance.association_mutants import AcceptsOtherwise
from tests.conformance.mangler import Link, Mutant, framed


class RefusesVerification(AcceptsOtherwise):
    def answer(self, accept: AssociateAccept) -> AssociateAccept:
        return replace(accept, contexts=tuple(replace(one, result=3) for one in accept.contexts))


class LeavesOutWhatItRefuses(AcceptsOtherwise):
    def answer(self, accept: AssociateAccept) -> AssociateAccept:
        return replace(accept, contexts=tuple(one for one in accept.contexts if one.result == 0))


class AcceptsUnknownAbstractSyntaxes(AcceptsOtherwise):
    def answer(self, accept: AssociateAccept) -> AssociateAccept:
        return replace(accept, contexts=tuple(replace(one, result=one.result % 3) for one in accept.contexts))


class AnswersInItsFavouriteTransferSyntax(AcceptsOtherwise):
    def answer(self, accept: AssociateAccept) -> AssociateAccept:
        favourite = "1.2.840.10008.1.2.4.50"
        return replace(accept, contexts=tuple(replace(one, transfer_syntax=favourite) for one in accept.contexts))


class AnswersTheAsynchronousWindowUnasked(AcceptsOtherwise):
    def answer(self, accept: AssociateAccept) -> AssociateAccept:
        window = AsynchronousWindow(1, 1)
        return replace(accept, user_information=replace(accept.user_information, asynchronous_window=window))


class TakesAnyCalledTitle(Mutant):
    """The title is put right before the product sees it."""

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        return framed(pdu_type, body.replace(b"NOT_YOU ", b"RADPACS ", 1) if pdu_type == ASSOCIATE_RQ else body)


class TakesAnyCallingTitle(Mutant):
    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        return framed(pdu_type, body.replace(b"STRANGER01", b"CT1       ", 1) if pdu_type == ASSOCIATE_RQ else body)


class IgnoresTheVersion(Mutant):
    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        return framed(pdu_type, b"\0\1" + body[2:] if pdu_type == ASSOCIATE_RQ else body)


class EchoesTheApplicationContext(Mutant):
    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        own, foreign = (b"\x10\0" + len(name).to_bytes(2) + name for name in (APPLICATION_CONTEXT_NAME.encode(), b"1.2.3"))
        if pdu_type == ASSOCIATE_RQ and foreign in body:
            link.notes["foreign"] = True
            body = body.replace(foreign, own, 1)
        elif pdu_type == ASSOCIATE_AC and "foreign" in link.notes:
            body = body.replace(own, foreign, 1)
        return framed(pdu_type, body)


class RefusesRequests(Mutant):
    """Those that are not to its taste."""

    answer: Pdu = AssociateReject(1, 2, 1)

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes | None:
        if pdu_type != ASSOCIATE_RQ or self.likes(body):
            return framed(pdu_type, body)
        link.to_tester(encode(self.answer))
        return None

    def likes(self, body: bytes) -> bool:
        return True


class ComparesTitlesWithTheirSpaces(RefusesRequests):
    answer = AssociateReject(1, 1, 7)

    def likes(self, body: bytes) -> bool:
        return body[4:5] != b" " and body[20:21] != b" "


class DemandsVersionOne(RefusesRequests):
    answer = AssociateReject(1, 2, 2)

    def likes(self, body: bytes) -> bool:
        return body[:2] == b"\0\1"


class AbortsOnUnknownItems(RefusesRequests):
    answer = Abort(2, 4)

    def likes(self, body: bytes) -> bool:
        return b"\x7f\0\0\x07unknown" not in body


class TestsReservedBytes(RefusesRequests):
    answer = Abort(2, 6)

    def likes(self, body: bytes) -> bool:
        return body[2:4] == bytes(2)


class RejectsWithAnotherResult(Mutant):
    """Permanent for transient, and the other way round."""

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        return framed(pdu_type, bytes((0, 3 - body[1], *body[2:])) if pdu_type == ASSOCIATE_RJ else body)


MUTANTS = {
    "dicom.ul.assoc.1": RefusesVerification(),
    "dicom.ul.assoc.2": LeavesOutWhatItRefuses(),
    "dicom.ul.assoc.3": AcceptsUnknownAbstractSyntaxes(),
    "dicom.ul.assoc.4": AnswersInItsFavouriteTransferSyntax(),
    "dicom.ul.assoc.5": TakesAnyCalledTitle(),
    "dicom.ul.assoc.6": TakesAnyCallingTitle(),
    "dicom.ul.assoc.7": ComparesTitlesWithTheirSpaces(),
    "dicom.ul.assoc.8": [IgnoresTheVersion(), DemandsVersionOne()],
    "dicom.ul.assoc.9": EchoesTheApplicationContext(),
    "dicom.ul.assoc.10": [AbortsOnUnknownItems(), TestsReservedBytes()],
    "dicom.ul.assoc.11": AnswersTheAsynchronousWindowUnasked(),
    "dicom.ul.assoc.12": RejectsWithAnotherResult(),
    "dicom.ul.assoc.13": RejectsWithAnotherResult(),
}
