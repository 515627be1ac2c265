"""The product as association requestor: its request, and what it makes of answers that are not the usual ones."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from conformance.case import MUST, READ, REQUESTORS, SHOULD, case
from conformance.decoding import Item, ReadMessage, ReadPdu, decoded_case
from conformance.material.association_items import HEAD_BYTES, user_sub_items, with_sub_item
from conformance.material.errands import Errand
from conformance.material.sop_classes import SHORT_NAMES
from conformance.peers.acceptor import Acceptor, Behaviour
from conformance.peers.association import Retrieved
from conformance.peers.stream import Stream
from conformance.trial import IMPLICIT, Trial
from emulators.wire.pdu import APPLICATION_CONTEXT_NAME, AssociateAccept, AssociateReject, AssociateRequest

TITLE = 16


@case("dicom.ul.scu.1", MUST, REQUESTORS, "+", "PS3.8 Table 9-11, D.1; PS3.7 D.3.3.2; PS3.5 10.1", READ)
def the_association_request_is_well_formed(trial: Trial) -> None:
    """The A-ASSOCIATE-RQ is well formed: 16-byte AE titles, unique odd context IDs, Maximum Length and Implementation Class
    UID present, each abstract syntax also offered with the default transfer syntax unless a waiver applies."""
    with Errand(trial) as errand:
        errand.run()
        comes = trial.eventually(lambda: any(pdus_of(trial, "A-ASSOCIATE-RQ")), errand.limit_s)
        trial.expect(comes, "A-ASSOCIATE-RQ", "none came")
    for pdu in pdus_of(trial, "A-ASSOCIATE-RQ"):
        request = pdu.pdu
        trial.expect(isinstance(request, AssociateRequest), "a readable A-ASSOCIATE-RQ", pdu.fault, pdu.records)
        assert isinstance(request, AssociateRequest)
        for expected, is_met, actual in request_checks(request, pdu.body):
            trial.expect(is_met, expected, actual, pdu.records)


def pdus_of(trial: Trial, name: str, *, own_associations_only: bool = True) -> Iterator[ReadPdu]:
    """What the product sent in this trial, on the associations that it made or on all."""
    for opened, items in decoded_case(trial.taps, trial.key):
        if opened.opened_by == "product" or not own_associations_only:
            yield from (one for one in items if isinstance(one, ReadPdu) and one.way == "from product" and one.name == name)


def request_checks(request: AssociateRequest, body: bytes) -> Iterator[tuple[str, bool, str]]:
    """What is expected, whether it is so, and what is."""
    yield "protocol version with bit 0 set", bool(request.protocol_version & 1), f"{request.protocol_version:04X}H"
    name = request.application_context_name
    yield f"application context {APPLICATION_CONTEXT_NAME}", name == APPLICATION_CONTEXT_NAME, name or "none"
    for which, title in (("called", body[4 : 4 + TITLE]), ("calling", body[4 + TITLE : HEAD_BYTES - 32])):
        is_text = bool(title.strip()) and all(0x20 <= byte < 0x7F and byte != 0x5C for byte in title)
        yield f"{which} AE title of 16 characters, padded with spaces", is_text, repr(title)
    ids = [context.context_id for context in request.contexts]
    is_numbered = len(set(ids)) == len(ids) and all(one % 2 for one in ids) and bool(ids)
    yield "unique odd context ids", is_numbered, f"{ids}"
    found = user_sub_items(body)
    once = {kind for kind, bodies in found.items() if len(bodies) == 1}
    yield "sub-items 51H and 52H, once each", {0x51, 0x52} <= once, ", ".join(f"{one:02X}H" for one in sorted(found))
    for abstract_syntax in sorted({context.abstract_syntax for context in request.contexts}):
        offered = [one.transfer_syntaxes for one in request.contexts if one.abstract_syntax == abstract_syntax]
        is_default_there = any(IMPLICIT in syntaxes for syntaxes in offered)
        yield f"{abstract_syntax} is offered in implicit VR too", is_default_there, f"it is offered in {offered}"


class AcceptsInPart(Behaviour):
    """Refuses contexts, answers them in another order, and with a sub-item that nobody knows."""

    def __init__(self, refused: str) -> None:
        """``refused``: an abstract syntax; of every other the first context is accepted, the second not, and so on."""
        self._refused = refused

    def associate(self, request: AssociateRequest) -> AssociateAccept | AssociateReject | bytes | None:
        answer = super().associate(request)
        assert isinstance(answer, AssociateAccept)
        results = {one.context_id: one for one in answer.contexts}
        seen: dict[str, int] = {}
        for context in request.contexts:
            number = seen[context.abstract_syntax] = seen.get(context.abstract_syntax, 0) + 1
            if context.abstract_syntax == self._refused or number % 2 == 0:
                results[context.context_id] = replace(results[context.context_id], result=1)
        return replace(answer, contexts=tuple(results.values())[::-1])

    def written(self, answer: AssociateAccept | AssociateReject) -> bytes:
        return with_sub_item(super().written(answer), (0x7F, b"unknown"))


@case("dicom.ul.scu.2", MUST, REQUESTORS, "-", "PS3.8 7.1.1.14, 9.3.1", READ)
def partial_acceptance_is_worked_with(trial: Trial) -> None:
    """The product works with partial acceptance and tolerant parsing: results in any order, unknown sub-items, some contexts
    refused. It uses accepted contexts only; objects without one are reported as failed, not sent."""
    agreed, *others = [one for one in trial.target.claims.sop_classes if one in SHORT_NAMES][:2] or [""]
    with Errand(trial, [agreed, *others] if others else []) as errand:
        refused = others[0] if errand.images and others else ""
        errand.at.behave(AcceptsInPart(refused))
        answers = errand.run()
        if answers is not None and refused:
            failed = answers.final.command.number("NumberOfFailedSuboperations")
            said = f"{answers.final.meaning}, {failed} failed"
            is_told = failed == 1 and answers.final.status != 0
            trial.expect(is_told, "the image without a context is one failed sub-operation", said, answers.final.records)
        errand.arrives()
    for opened, items in decoded_case(trial.taps, trial.key):
        if opened.opened_by == "product":
            only_accepted_contexts(trial, items)


def only_accepted_contexts(trial: Trial, items: list[Item]) -> None:
    """Of what was said on one association."""
    accepts = [one.pdu for one in items if isinstance(one, ReadPdu) and isinstance(one.pdu, AssociateAccept)]
    accepted = {context.context_id for accept in accepts for context in accept.contexts if context.result == 0}
    for message in items:
        if isinstance(message, ReadMessage) and message.way == "from product":
            expected = f"{message.name} on an accepted context ({len(accepted)} are)"
            trial.expect(message.context_id in accepted, expected, f"on {message.context_id}", message.records)


class Rejects(Behaviour):
    def __init__(self, result: int, source: int, reason: int) -> None:
        self._answer = AssociateReject(result, source, reason)

    def associate(self, request: AssociateRequest) -> AssociateAccept | AssociateReject | bytes | None:
        return self._answer


class Resets(Behaviour):
    def opened(self, stream: Stream) -> bool:
        stream.reset()
        return False


class AcceptsLate(Behaviour):
    def __init__(self, after_s: float) -> None:
        self._after_s = after_s

    def associate(self, request: AssociateRequest) -> AssociateAccept | AssociateReject | bytes | None:
        threading.Event().wait(self._after_s)
        return super().associate(request)


TROUBLES = ("rejected for now", "TCP reset", "SYN dropped", "late answer", "rejected for good")


@case("dicom.ul.scu.3", SHOULD, REQUESTORS, "-", "PS3.8 7.1.1.7, 7.1.1.9; PS3.2", READ, variants=TROUBLES, slow=True)
def an_association_that_does_not_come_about_is_tried_again_in_peace(trial: Trial) -> None:
    """Reject, refused TCP, black-holed TCP (firewall drop) and a late answer are handled: transient is tried again later,
    permanent is an alarm; no busy retry, and no lost job."""
    with Errand(trial) as errand:
        answers = in_trouble(trial, errand)
        errand.at.behave(Behaviour())
        if answers is not None and answers.final.status != 0:  # whose C-MOVE it is has heard of it, and asks again
            errand.run()
        if trial.variant != "rejected for good" or answers is not None:
            errand.arrives()
            is_released = trial.eventually(lambda: any(pdus_of(trial, "A-RELEASE-RQ")), trial.timers.association_s)
            trial.should(is_released, "the association that came about ends with A-RELEASE-RQ", "none came")


def in_trouble(trial: Trial, errand: Errand) -> Retrieved | None:
    """Have it done while the other side is as the variant says; judge how often it was tried."""
    troubles = {
        "rejected for now": Rejects(2, 3, 2),
        "TCP reset": Resets(),
        "late answer": AcceptsLate(2 * trial.timers.sender_waits_s),
        "rejected for good": Rejects(1, 1, 3),
    }
    begun_s = time.monotonic()
    with black_hole(errand.at) if trial.variant == "SYN dropped" else nullcontext():
        errand.at.behave(troubles.get(trial.variant, Behaviour()))
        answers = errand.run()
        watched_s = 2 * trial.timers.retry_s if answers is None else trial.timers.quiet_s  # a C-MOVE has ended
        time.sleep(max(0.0, begun_s + watched_s - time.monotonic()))
        attempts, took_s = errand.at.attempts, time.monotonic() - begun_s
    allowed = trial.target.limits.attempts_per_minute * took_s / 60 + 2
    trial.expect(attempts <= allowed, f"at most {allowed:.0f} attempts in {took_s:.0f} s", f"{attempts}")
    return answers


@contextmanager
def black_hole(acceptor: Acceptor) -> Iterator[None]:
    """In the place of the listener one that takes no connection: its queue is full, and the system drops every SYN."""
    acceptor.stop_listening()
    with socket.create_server(acceptor.address, backlog=0), socket.create_connection(acceptor.address):
        yield
    acceptor.listen()
