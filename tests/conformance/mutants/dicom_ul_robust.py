"""Emulators that cases dicom.ul.robust.* catch."""

import struct
from dataclasses import replace

from conformance.material.sop_classes import CT
from conformance.material.work import p_data
from emulators.wire.commands import c_store_rq, response
from emulators.wire.pdu import (
    ASSOCIATE_AC,
    ASSOCIATE_RQ,
    P_DATA_TF,
    Abort,
    AssociateAccept,
    AssociateReject,
    DataTransfer,
    decode,
    encode,
)
from tests.conformance.association_mutants import AcceptsOtherwise
from tests.conformance.mangler import Link, Mutant, framed
from tests.conformance.mutants.dicom_ul_state import AbortsAsTheUser, ClosesWithoutAbort

PIXEL_DATA = b"\xe0\x7f\x10\x00"  # its tag; in implicit VR a length of four bytes follows
HEADERS_BYTES = 12  # of the PDU and of its only value
LOCAL_LIMIT_EXCEEDED = encode(AssociateReject(2, 3, 2))


class SaysItStoredWhatWasCut(Mutant):
    def closed(self, link: Link, by_product: bool) -> bool:
        if not by_product:
            link.send_message(False, 3, response(c_store_rq(1, CT, "1.2.3"), 0), None)
        return True


class StoresWhatWasCut(Mutant):
    """What is missing when the peer has gone is zeros to it."""

    def opened(self, link: Link) -> None:
        link.notes["sent"] = b""

    def data(self, link: Link, to_product: bool, data: bytes) -> bytes | None:
        if to_product:
            link.notes["sent"] = bytes(link.notes["sent"]) + data  # type: ignore[call-overload]
        return None if link.notes.get("is_cut") else data

    def closed(self, link: Link, by_product: bool) -> bool:
        pdu = bytes(link.notes["sent"])  # type: ignore[call-overload]
        while len(pdu) >= 6 and len(pdu) >= (end := 6 + int.from_bytes(pdu[2:6], "big")):
            pdu = pdu[end:]
        if not by_product and PIXEL_DATA in pdu:
            link.notes["is_cut"] = True
            begun = end - HEADERS_BYTES
            pixels = pdu.index(PIXEL_DATA) - HEADERS_BYTES + 8
            whole = pixels + int.from_bytes(pdu[HEADERS_BYTES + pixels - 4 : HEADERS_BYTES + pixels], "little")
            link.to_product(bytes(end - len(pdu)) + p_data((pdu[10], False, True, bytes(whole - begun))))
        return True


class ServesOneAtATime(Mutant):
    def reset(self) -> None:
        self.served: Link | None = None

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes | None:
        if pdu_type == ASSOCIATE_RQ and to_product:
            if self.served is not None:
                link.to_tester(LOCAL_LIMIT_EXCEEDED)
                return None
            self.served = link
        return framed(pdu_type, body)

    def closed(self, link: Link, by_product: bool) -> bool:
        self.served = None if link is self.served else self.served
        return True


class AnnouncesLessThanItTakes(AcceptsOtherwise):
    def answer(self, accept: AssociateAccept) -> AssociateAccept:
        return replace(accept, user_information=replace(accept.user_information, max_pdu_length=16_384))


class DiesOfAnAbsurdLength(Mutant):
    def reset(self) -> None:
        self.is_dead = False

    def opened(self, link: Link) -> None:
        if self.is_dead:
            link.close()

    def data(self, link: Link, to_product: bool, data: bytes) -> bytes | None:
        if struct.pack(">BxI", P_DATA_TF, 0xFFFFFFFF) in data:
            self.is_dead = True
            link.close()
            return None
        return data


class IgnoresWhatThePeerTakes(Mutant):
    """It reads every Maximum Length as no limit."""

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        if to_product and pdu_type in (ASSOCIATE_RQ, ASSOCIATE_AC):
            at = body.index(b"\x51\0\0\4") + 4
            body = body[:at] + bytes(4) + body[at + 4 :]
        return framed(pdu_type, body)


class KnowsOneValueInAPdu(Mutant):
    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes | None:
        if pdu_type == P_DATA_TF and to_product:
            transfer = decode(pdu_type, memoryview(body))
            if isinstance(transfer, DataTransfer) and len(transfer.values) > 1:
                link.to_tester(encode(Abort(2, 6)))
                link.close()
                return None
        return framed(pdu_type, body)


class TakesDataOnAnyContext(Mutant):
    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        if pdu_type == P_DATA_TF and to_product:
            body = body[:4] + b"\1" + body[5:]
        return framed(pdu_type, body)


class CountsAbortedAssociations(Mutant):
    def reset(self) -> None:
        self.requests = 0

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes | None:
        self.requests += pdu_type == ASSOCIATE_RQ and to_product
        if pdu_type == ASSOCIATE_RQ and self.requests > 64:
            link.to_tester(LOCAL_LIMIT_EXCEEDED)
            return None
        return framed(pdu_type, body)


MUTANTS = {
    "dicom.ul.robust.1": [ClosesWithoutAbort(), AbortsAsTheUser()],
    "dicom.ul.robust.2": [SaysItStoredWhatWasCut(), StoresWhatWasCut()],
    "dicom.ul.robust.3": ServesOneAtATime(),
    "dicom.ul.robust.4": AnnouncesLessThanItTakes(),
    "dicom.ul.robust.5": DiesOfAnAbsurdLength(),
    "dicom.ul.robust.6": IgnoresWhatThePeerTakes(),
    "dicom.ul.robust.7": KnowsOneValueInAPdu(),
    "dicom.ul.robust.8": TakesDataOnAnyContext(),
    "dicom.ul.robust.9": CountsAbortedAssociations(),
}
