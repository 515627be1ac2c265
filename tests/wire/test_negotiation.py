"""What an acceptor answers, and what both ends make of it."""

from dataclasses import replace

import pytest

from emulators.wire.items import (
    AsynchronousWindow,
    ContextResult,
    ExtendedNegotiation,
    ProposedContext,
    RoleSelection,
    UserIdentity,
)
from emulators.wire.negotiation import AcceptorPolicy, AgreedContext, agreed_contexts, negotiate, passcodes, propose
from emulators.wire.pdu import AssociateAccept, AssociateReject, AssociateRequest, decode, encode
from tests.wire import golden_dicom as golden

CT = "1.2.840.10008.5.1.4.1.1.2"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
COMMITMENT = "1.2.840.10008.1.20.1"
VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT, IMPLICIT, JPEG_LS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.80"
POLICY = AcceptorPolicy("ARCHIVE", {CT: (EXPLICIT, IMPLICIT), VERIFICATION: (IMPLICIT,)})


def accepted(request: AssociateRequest, policy: AcceptorPolicy = POLICY) -> AssociateAccept:
    answer = negotiate(request, policy)
    assert isinstance(answer, AssociateAccept)
    return answer


def test_128_contexts_are_each_answered_once_and_for_themselves() -> None:
    syntaxes = [(CT, [IMPLICIT]), (CT, [JPEG_LS]), ("1.2.3", [IMPLICIT]), (VERIFICATION, [EXPLICIT, IMPLICIT])] * 32
    answer = accepted(propose("ARCHIVE", "SCANNER", syntaxes))
    assert [context.context_id for context in answer.contexts] == list(range(1, 256, 2))
    assert [context.result for context in answer.contexts] == [0, 4, 3, 0] * 32


def test_the_acceptor_picks_by_its_own_preference_one_that_was_offered() -> None:
    answer = accepted(propose("ARCHIVE", "SCANNER", [(CT, [JPEG_LS, IMPLICIT, EXPLICIT])]))
    assert answer.contexts == (ContextResult(1, 0, EXPLICIT),)


@pytest.mark.parametrize(
    ("change", "policy", "code"),
    [
        ({"called_ae_title": "NOT_YOU"}, POLICY, (1, 1, 7)),
        ({"called_ae_title": ""}, POLICY, (1, 1, 7)),
        ({}, replace(POLICY, calling_ae_titles=frozenset({"OTHER"})), (1, 1, 3)),
        ({"application_context_name": "1.2.3"}, POLICY, (1, 1, 2)),
        ({}, replace(POLICY, verify_identity=lambda identity: None), (1, 2, 1)),
    ],
)
def test_refusals_carry_the_codes_of_the_standard(
    change: dict[str, str], policy: AcceptorPolicy, code: tuple[int, int, int]
) -> None:
    request = replace(propose("ARCHIVE", "SCANNER", [(CT, [IMPLICIT])]), **change)  # type: ignore[arg-type]
    answer = negotiate(request, policy)
    assert answer == AssociateReject(*code)
    assert answer.is_permanent


def test_ae_titles_are_compared_without_their_outer_spaces() -> None:
    sent = bytearray(encode(propose("ARCHIVE", "SCANNER", [(CT, [IMPLICIT])])))
    sent[10:42] = b"  ARCHIVE".ljust(16) + b"     SCANNER".ljust(16)
    request = decode(1, memoryview(sent)[6:])
    assert isinstance(request, AssociateRequest)
    accepted(request, replace(POLICY, calling_ae_titles=frozenset({"SCANNER"})))


def test_any_title_is_taken_where_the_policy_names_none() -> None:
    accepted(propose("ANY", "ONE", [(CT, [IMPLICIT])]), replace(POLICY, ae_title=None))


def test_the_answer_to_a_minimal_request_carries_51h_and_52h_and_nothing_that_was_not_asked_for() -> None:
    policy = replace(POLICY, roles={CT: (True, True)}, verify_identity=lambda identity: b"")
    information = accepted(propose("ARCHIVE", "SCANNER", [(CT, [IMPLICIT])]), policy).user_information
    assert information.max_pdu_length == 131072
    assert information.implementation_class_uid.startswith("2.25.")
    assert information.asynchronous_window is None
    assert information.roles == ()
    assert information.user_identity_response is None


def test_what_dcmtk_asks_for_is_accepted() -> None:
    request = decode(1, memoryview(golden.DCMTK_ECHO_ASSOCIATE_RQ)[6:])
    assert isinstance(request, AssociateRequest)
    answer = accepted(request, replace(POLICY, ae_title="STORE_SCP"))
    assert agreed_contexts(request, answer) == {1: AgreedContext(1, VERIFICATION, IMPLICIT)}


def test_an_asynchronous_window_is_answered_with_one_and_one_when_asked() -> None:
    request = propose("ARCHIVE", "SCANNER", [(CT, [IMPLICIT])])
    request = replace(request, user_information=replace(request.user_information, asynchronous_window=AsynchronousWindow(0, 0)))
    assert accepted(request).user_information.asynchronous_window == AsynchronousWindow(1, 1)


@pytest.mark.parametrize(
    ("allowed", "proposed", "agreed"),
    [
        ((True, True), (True, True), (True, True)),
        ((True, True), (False, True), (False, True)),
        ((True, False), (True, True), (True, False)),
        (None, (True, True), (True, False)),
        ((True, True), None, (True, False)),
    ],
)
def test_roles_are_agreed_by_both_and_default_where_one_is_silent(
    allowed: tuple[bool, bool] | None, proposed: tuple[bool, bool] | None, agreed: tuple[bool, bool]
) -> None:
    roles = [RoleSelection(COMMITMENT, *proposed)] if proposed else []
    request = propose("ARCHIVE", "SCANNER", [(COMMITMENT, [IMPLICIT])], roles=roles)
    policy = AcceptorPolicy("ARCHIVE", {COMMITMENT: (IMPLICIT,)}, roles={COMMITMENT: allowed} if allowed else {})
    answer = accepted(request, policy)
    assert len(answer.user_information.roles) == (1 if allowed and proposed else 0)
    assert agreed_contexts(request, answer)[1] == AgreedContext(1, COMMITMENT, IMPLICIT, *agreed)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (b"\x01", b"\x01"),
        (b"\x00", b"\x00"),
        (b"\x01\x01\x01", b"\x01\x00\x00"),  # no more of it than is supported, and as many bytes as were asked
        (b"", b""),
    ],
)
def test_of_an_extension_the_lesser_of_each_byte_is_answered(asked: bytes, answered: bytes) -> None:
    """PS3.7 D.3.3.5, PS3.4 C.5.1.1."""
    policy = AcceptorPolicy("ARCHIVE", {FIND: (IMPLICIT,)}, extended={FIND: b"\x01\x00"})
    request = propose("ARCHIVE", "VIEWER", [(FIND, [IMPLICIT])], extended_negotiation=[ExtendedNegotiation(FIND, asked)])
    assert accepted(request, policy).user_information.extended_negotiation == (ExtendedNegotiation(FIND, answered),)


def test_an_extension_that_nobody_knows_is_not_answered() -> None:
    request = propose("ARCHIVE", "VIEWER", [(CT, [IMPLICIT])], extended_negotiation=[ExtendedNegotiation(CT, b"\x01")])
    assert accepted(request).user_information.extended_negotiation == ()


@pytest.mark.parametrize(
    ("identity", "is_accepted"),
    [
        (UserIdentity(2, b"user", b"secret"), True),
        (UserIdentity(2, b"user", b"wrong"), False),
        (UserIdentity(2, b"nobody", b"secret"), False),
        (UserIdentity(2, b"\xff", b"secret"), False),
        (UserIdentity(1, b"user"), False),
        (None, False),
    ],
)
def test_a_passcode_is_checked(identity: UserIdentity | None, is_accepted: bool) -> None:
    request = propose("ARCHIVE", "SCANNER", [(CT, [IMPLICIT])], user_identity=identity)
    answer = negotiate(request, replace(POLICY, verify_identity=passcodes({"user": "secret"})))
    assert isinstance(answer, AssociateAccept) == is_accepted


def test_a_server_response_is_given_only_when_asked_for() -> None:
    policy = replace(POLICY, verify_identity=lambda identity: b"ticket")
    for asked in (True, False):
        identity = UserIdentity(3, b"kerberos", response_requested=asked)
        request = propose("ARCHIVE", "SCANNER", [(CT, [IMPLICIT])], user_identity=identity)
        assert accepted(request, policy).user_information.user_identity_response == (b"ticket" if asked else None)


def test_results_that_were_not_proposed_agree_nothing() -> None:
    request = propose("ARCHIVE", "SCANNER", [(CT, [IMPLICIT]), (VERIFICATION, [IMPLICIT])])
    answer = replace(
        accepted(request),
        contexts=(ContextResult(9, 0, IMPLICIT), ContextResult(1, 0, JPEG_LS), ContextResult(3, 0, IMPLICIT)),
    )
    assert list(agreed_contexts(request, answer)) == [3]


def test_a_context_without_transfer_syntax_is_refused() -> None:
    request = replace(propose("ARCHIVE", "SCANNER", []), contexts=(ProposedContext(1, CT, ()),))
    assert accepted(request).contexts == (ContextResult(1, 4, ""),)


def test_a_transfer_syntax_that_is_not_ascii_is_refused_and_not_repeated() -> None:
    request = replace(propose("ARCHIVE", "SCANNER", []), contexts=(ProposedContext(1, CT, ("1.2.\xff",)),))
    assert accepted(request).contexts == (ContextResult(1, 4, ""),)


def test_the_meaning_of_a_refusal_is_in_words() -> None:
    assert AssociateReject(1, 1, 7).meaning == "rejected permanent: called AE title not recognized"
    assert AssociateReject(2, 3, 2).meaning == "rejected transient: local limit exceeded"
    assert AssociateReject(2, 9, 9).meaning == "rejected transient: source 9, reason 9"
