"""Association establishment at the acceptor: contexts, titles, items."""

from dataclasses import replace

from conformance.case import ACCEPTORS, MUST, READ, SHOULD, case
from conformance.material.association_items import context_results, sub_items_of, user_sub_items, written
from conformance.peers.acceptor import wait_until
from conformance.peers.association import Association, request_association
from conformance.peers.stream import ReceivedPdu
from conformance.trial import EXPLICIT, IMPLICIT, VERIFICATION, Trial
from conformance.verdict import Failure
from emulators.wire.items import UserIdentity
from emulators.wire.pdu import APPLICATION_CONTEXT_NAME, Abort, AssociateAccept, AssociateReject, AssociateRequest, Pdu

UNKNOWN_ABSTRACT_SYNTAX = "1.2.3.4.5"
UNKNOWN_TRANSFER_SYNTAX = "1.2.3.4"
TOLERATED = ("sub-item 7FH", "item 7FH", "sub-items in another order", "reserved bytes FFH")
CONTEXTS_MAX = 128
JPEG_LS, JPEG_2000, RLE = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"


def established(trial: Trial, request: AssociateRequest) -> Association:
    return Association.establish(trial.connect(), request, trial.timers.dimse_s)


def rejected(trial: Trial, request: AssociateRequest) -> tuple[AssociateReject, ReceivedPdu]:
    """The A-ASSOCIATE-RJ that must come. Raises Failure."""
    pdu, received = request_association(trial.connect(), request)
    if not isinstance(pdu, AssociateReject):
        said = f", source {pdu.source}, reason {pdu.reason}" if isinstance(pdu, Abort) else ""
        raise Failure("A-ASSOCIATE-RJ", received.name + said, received.records)
    return pdu, received


@case("dicom.ul.assoc.1", MUST, ACCEPTORS, "+", "PS3.8 7.1.2; PS3.2 7.1", READ)
def verification_in_the_default_transfer_syntax_is_accepted(trial: Trial) -> None:
    """A well-formed association that proposes Verification with Implicit VR LE is accepted."""
    with trial.associate((VERIFICATION, (IMPLICIT,))) as peer:
        results = [(one.context_id, one.result) for one in peer.accept.contexts]
        trial.expect_equal("contexts and their results", results, [(1, 0)])


@case("dicom.ul.assoc.2", MUST, ACCEPTORS, "+", "PS3.8 7.1.1.13, 7.1.1.14, 9.3.3.2, Table 9-11", READ)
def each_of_128_contexts_is_answered_once_under_its_own_id(trial: Trial) -> None:
    """Every proposed presentation context is answered exactly once, under its own ID, also when 128 are proposed."""
    good = (VERIFICATION, (IMPLICIT,))
    bad = (UNKNOWN_ABSTRACT_SYNTAX, (IMPLICIT,)), (VERIFICATION, (UNKNOWN_TRANSFER_SYNTAX,))
    cycle = [good, *bad, (VERIFICATION, (UNKNOWN_TRANSFER_SYNTAX, IMPLICIT))]
    proposed = [cycle[number % len(cycle)] for number in range(CONTEXTS_MAX)]
    with trial.associate(*proposed) as peer:
        records = peer.accepted.records
        results = {one.context_id: one.result for one in peer.accept.contexts}
        trial.expect_equal("number of context items (21H)", len(peer.accept.contexts), CONTEXTS_MAX, records)
        trial.expect_equal("context ids", sorted(results), list(range(1, 256, 2)), records)
        for index, (abstract_syntax, transfer_syntaxes) in enumerate(proposed):
            is_known = abstract_syntax == VERIFICATION and IMPLICIT in transfer_syntaxes
            context = f"context {2 * index + 1}, {abstract_syntax} with {', '.join(transfer_syntaxes)}"
            expected = f"{context}: {'accepted' if is_known else 'refused'}"
            result = results[2 * index + 1]
            trial.expect((result == 0) is is_known, expected, f"result {result}", records)


@case("dicom.ul.assoc.3", MUST, ACCEPTORS, "-", "PS3.8 9.3.3.2, Table 9-18", READ)
def a_context_that_is_not_supported_is_refused_and_spoils_no_other(trial: Trial) -> None:
    """An unknown abstract syntax, or a context with only unsupported transfer syntaxes, is refused per context and does not
    spoil the others."""
    unknown = (UNKNOWN_ABSTRACT_SYNTAX, (IMPLICIT,)), (VERIFICATION, (UNKNOWN_TRANSFER_SYNTAX,))
    with trial.associate((VERIFICATION, (IMPLICIT,)), *unknown) as peer:
        results = {one.context_id: one.result for one in peer.accept.contexts}
        records = peer.accepted.records
        trial.expect_equal("result of Verification", results.get(1), 0, records)
        trial.expect(results.get(3, 0) != 0, "the unknown abstract syntax is refused", f"result {results.get(3)}", records)
        trial.expect(results.get(5, 0) != 0, "the unknown transfer syntax is refused", f"result {results.get(5)}", records)
        codes = results[3], results[5]
        trial.should(codes == (3, 4), "results 3 (abstract syntax) and 4 (transfer syntaxes)", f"{codes}", records)
        trial.expect_equal("C-ECHO on the accepted context", peer.echo().meaning, "0000H success")


@case("dicom.ul.assoc.4", MUST, ACCEPTORS, "+", "PS3.8 7.1.1.14, 9.3.3.2", READ)
def an_accepted_context_has_one_of_the_offered_transfer_syntaxes(trial: Trial) -> None:
    """An accepted presentation context carries exactly one transfer syntax and it is one that was offered for it."""
    offered = (JPEG_LS, JPEG_2000, RLE, EXPLICIT, IMPLICIT)
    syntaxes = (VERIFICATION, *trial.target.claims.sop_classes[: CONTEXTS_MAX - 1])
    with trial.associate(*((one, offered) for one in syntaxes)) as peer:
        for context_id, result, found in context_results(peer.accepted.body):
            if result == 0:
                expected = f"context {context_id}: one transfer syntax, of those offered"
                is_good = len(found) == 1 and found[0] in offered
                trial.expect(is_good, expected, ", ".join(found) or "none", peer.accepted.records)
        trial.expect(peer.accepts(VERIFICATION), "Verification is accepted", "it is not", peer.accepted.records)


@case("dicom.ul.assoc.5", MUST, ACCEPTORS, "-", "PS3.8 7.1.1.4, C.2, Table 9-21", READ)
def a_wrong_called_ae_title_is_refused(trial: Trial) -> None:
    """A wrong Called AE title is refused."""
    pdu, received = rejected(trial, trial.proposal(VERIFICATION, called="NOT_YOU"))
    met = (pdu.result, pdu.source, pdu.reason) == (1, 1, 7)
    trial.should(met, "result 1, source 1, reason 7", pdu.meaning, received.records)


@case("dicom.ul.assoc.6", SHOULD, ACCEPTORS, "-", "PS3.8 7.1.1.3, Table 9-21", READ)
def an_unknown_calling_ae_title_is_handled_as_declared(trial: Trial) -> None:
    """An unknown Calling AE title is handled as the target file declares: refused, or accepted."""
    request = trial.proposal(VERIFICATION, calling="STRANGER01")
    if trial.target.policies.unknown_calling_ae_title == "accept":
        with established(trial, request) as peer:
            trial.expect_equal("C-ECHO", peer.echo().meaning, "0000H success")
    else:
        pdu, received = rejected(trial, request)
        met = (pdu.result, pdu.source, pdu.reason) == (1, 1, 3)
        trial.should(met, "result 1, source 1, reason 3", pdu.meaning, received.records)


@case("dicom.ul.assoc.7", MUST, ACCEPTORS, "+", "PS3.8 9.3.2, Table 9-11", READ)
def spaces_around_ae_titles_are_not_significant(trial: Trial) -> None:
    """Leading and trailing spaces of AE titles are not significant."""
    request = trial.proposal(VERIFICATION)
    called, calling = request.called_ae_title, request.calling_ae_title
    trial.needs(len(called) < 16 or len(calling) < 16, "an AE title that leaves room for a space")
    titles = called.rjust(min(len(called) + 2, 16)).ljust(16) + calling.rjust(min(len(calling) + 1, 16)).ljust(16)
    with established(trial, replace(request, titles_received=titles.encode() + bytes(32))) as peer:
        trial.expect_equal("C-ECHO", peer.echo().meaning, "0000H success")


@case("dicom.ul.assoc.8", MUST, ACCEPTORS, "-", "PS3.8 Table 9-11, Table 9-21", READ, variants=("0003H", "0002H"))
def only_bit_0_of_the_protocol_version_is_tested(trial: Trial) -> None:
    """Only bit 0 of the protocol-version field is tested: 0003H is accepted, 0002H is refused (source 2, reason 2)."""
    request = replace(trial.proposal(VERIFICATION), protocol_version=int(trial.variant[:4], 16))
    if request.protocol_version & 1:
        with established(trial, request) as peer:
            trial.expect_equal("C-ECHO", peer.echo().meaning, "0000H success")
    else:
        pdu, received = rejected(trial, request)
        trial.expect_equal("source and reason", (pdu.source, pdu.reason), (2, 2), received.records)


@case("dicom.ul.assoc.9", SHOULD, ACCEPTORS, "-", "PS3.8 7.1.1.2, Table 9-21", READ)
def an_unsupported_application_context_name_is_not_just_echoed(trial: Trial) -> None:
    """An unsupported Application Context Name is refused or answered with another name; it is not just echoed."""
    request = replace(trial.proposal(VERIFICATION), application_context_name="1.2.3")
    pdu, received = request_association(trial.connect(), request)
    if isinstance(pdu, AssociateAccept):
        name = pdu.application_context_name
        trial.expect_equal("application context name of the answer", name, APPLICATION_CONTEXT_NAME, received.records)
        return
    trial.expect(isinstance(pdu, AssociateReject), "A-ASSOCIATE-RJ or A-ASSOCIATE-AC", received.name, received.records)
    assert isinstance(pdu, AssociateReject)
    met = (pdu.result, pdu.source, pdu.reason) == (1, 1, 2)
    trial.should(met, "result 1, source 1, reason 2", pdu.meaning, received.records)


@case("dicom.ul.assoc.10", MUST, ACCEPTORS, "-", "PS3.8 9.3.1, 9.3.2.3, Table 9-11", READ, variants=TOLERATED)
def unknown_items_are_skipped_and_reserved_bytes_not_tested(trial: Trial) -> None:
    """Unknown items and sub-items are skipped, user-information sub-items may come in any order, reserved bytes are not
    tested."""
    request = trial.proposal(VERIFICATION)
    needed, unknown = sub_items_of(request), (0x7F, b"unknown")
    sent = {
        "sub-item 7FH": written(request, sub_items=[unknown, *needed]),
        "item 7FH": written(request, items=[unknown]),
        "sub-items in another order": written(request, sub_items=needed[::-1]),
        "reserved bytes FFH": written(request, reserved=0xFF),
    }[trial.variant]
    with Association.establish(trial.connect(), request, trial.timers.dimse_s, sent) as peer:
        trial.expect_equal("C-ECHO", peer.echo().meaning, "0000H success")


@case("dicom.ul.assoc.11", MUST, ACCEPTORS, "+", "PS3.8 D.1; PS3.7 D.3.3.2, D.3.3.3, D.3.3.4", READ)
def the_answer_has_what_it_needs_and_nothing_that_was_not_asked_for(trial: Trial) -> None:
    """The A-ASSOCIATE-AC carries Maximum Length and Implementation Class UID, and no item that was not asked for
    (asynchronous operations window, role, user identity)."""
    request = trial.proposal(VERIFICATION)
    with Association.establish(trial.connect(), request, trial.timers.dimse_s, written(request)) as peer:
        found = sorted(user_sub_items(peer.accepted.body))
        said = ", ".join(f"{one:02X}H" for one in found)
        trial.expect({0x51, 0x52} <= set(found), "sub-items 51H and 52H", said, peer.accepted.records)
        trial.expect(not {0x53, 0x54, 0x59} & set(found), "no sub-item 53H, 54H or 59H", said, peer.accepted.records)


@case("dicom.ul.assoc.12", SHOULD, ACCEPTORS, "-", "PS3.8 Table 9-21", READ, alone=True)
def one_association_too_many_is_refused_for_now(trial: Trial) -> None:
    """Above its declared association limit the product refuses as transient and recovers; running associations are not
    hurt."""
    limit = trial.target.limits.associations
    trial.needs(limit is not None, "limits.associations")
    assert limit is not None
    running: list[Association] = []
    while (refusal := one_more(trial, running)) is None:
        trial.expect(len(running) <= limit, f"association {limit + 1} is refused", "it is accepted", trial.last_seen)
    trial.expect(len(running) == limit, f"{limit} associations", f"number {len(running) + 1} is refused", refusal[1].records)
    pdu, received = refusal
    is_transient = isinstance(pdu, AssociateReject) and (pdu.result, pdu.source) == (2, 3) and pdu.reason in (1, 2)
    said = pdu.meaning if isinstance(pdu, AssociateReject) else received.name
    trial.expect(is_transient, "A-ASSOCIATE-RJ, result 2, source 3, reason 1 or 2", said, received.records)
    for number, peer in enumerate(running, start=1):
        trial.expect_equal(f"C-ECHO on association {number}", peer.echo().meaning, "0000H success")
    running.pop().release()
    recovers = comes_to_accept(trial, running)
    trial.expect(recovers, "after the release of one, another is accepted", f"none within {trial.timers.association_s:g} s")
    for peer in running:
        peer.release()
    comes_to_accept(trial, running)  # for the next case


def comes_to_accept(trial: Trial, running: list[Association]) -> bool:
    """Asked again and again, with pauses of up to 2 s, in which a product may tidy up."""
    return wait_until(lambda: one_more(trial, running) is None, trial.timers.association_s, every_s=0.4)


def one_more(trial: Trial, running: list[Association]) -> tuple[Pdu, ReceivedPdu] | None:
    """Ask for another association, and add it to those that run; what came where it is refused."""
    stream, request = trial.connect(), trial.proposal(VERIFICATION)
    pdu, received = request_association(stream, request)
    if not isinstance(pdu, AssociateAccept):
        stream.close()
        return pdu, received
    running.append(Association(stream, request, pdu, received, trial.timers.dimse_s))
    return None


@case("dicom.ul.assoc.13", MUST, ACCEPTORS, "-", "PS3.7 D.3.3.7.3", READ, needs="user_identity")
def bad_credentials_are_refused_permanently(trial: Trial) -> None:
    """Where user identity is declared, bad credentials are refused permanently (result 1, source 2)."""
    identity = UserIdentity(2, trial.identifier("U").encode(), b"a passcode that nobody has")
    pdu, received = rejected(trial, trial.proposal(VERIFICATION, user_identity=identity))
    trial.expect_equal("result and source", (pdu.result, pdu.source), (1, 2), received.records)
