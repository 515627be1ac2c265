"""What two ends agree on: the acceptor's policy, its answer to a request, and the contexts that follow (PS3.8 7.1.1)."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from emulators.wire.items import (
    AsynchronousWindow,
    ContextResult,
    ExtendedNegotiation,
    ProposedContext,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from emulators.wire.pdu import APPLICATION_CONTEXT_NAME, AssociateAccept, AssociateReject, AssociateRequest

# A UUID-derived UID (PS3.5 B.2), the same for all that this code sends; PS3.7 D.3.3.2.
IMPLEMENTATION_CLASS_UID = "2.25.298653467595290700492600736871526290087"
IMPLEMENTATION_VERSION_NAME = "RADLOOP"

MAX_PDU_LENGTH = 1 << 17  # what we announce unless configured otherwise: few PDUs per image, little memory

# Results of a presentation context, PS3.8 Table 9-18.
ACCEPTANCE = 0
USER_REJECTION = 1
NO_REASON = 2
ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
TRANSFER_SYNTAXES_NOT_SUPPORTED = 4

# Refusals, PS3.8 Table 9-21.
APPLICATION_CONTEXT_NOT_SUPPORTED = AssociateReject(1, 1, 2)
CALLING_AE_TITLE_NOT_RECOGNIZED = AssociateReject(1, 1, 3)
CALLED_AE_TITLE_NOT_RECOGNIZED = AssociateReject(1, 1, 7)
USER_IDENTITY_REFUSED = AssociateReject(1, 2, 1)  # PS3.7 D.3.3.7.3
PROTOCOL_VERSION_NOT_SUPPORTED = AssociateReject(1, 2, 2)
TEMPORARY_CONGESTION = AssociateReject(2, 3, 1)
LOCAL_LIMIT_EXCEEDED = AssociateReject(2, 3, 2)

# Given the identity of the request (None where it has none): the server response, empty for types 1 and 2; None refuses.
VerifyIdentity = Callable[[UserIdentity | None], bytes | None]


@dataclass(frozen=True, slots=True)
class AcceptorPolicy:
    """Which requests an acceptor accepts, and how it answers them.

    ae_title: the called AE title that is demanded; None takes any.
    contexts: abstract syntax to the transfer syntaxes that are supported, the most preferred first.
    calling_ae_titles: the callers that are known; None takes any.
    roles: SOP class to (requestor may be SCU, requestor may be SCP); a proposal for another SOP class is not answered,
        which means the default roles.
    extended: SOP class to the service class application information that is supported; the answer to a proposal is the lesser
        of each byte (PS3.7 D.3.3.5, PS3.4 C.5), and none for another SOP class.
    verify_identity: judges the user identity; None does not look at it.
    """

    ae_title: str | None
    contexts: Mapping[str, Sequence[str]]
    calling_ae_titles: frozenset[str] | None = None
    roles: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
    extended: Mapping[str, bytes] = field(default_factory=dict)
    max_pdu_length: int = MAX_PDU_LENGTH
    verify_identity: VerifyIdentity | None = None
    implementation_class_uid: str = IMPLEMENTATION_CLASS_UID
    implementation_version_name: str = IMPLEMENTATION_VERSION_NAME


@dataclass(frozen=True, slots=True)
class AgreedContext:
    """An accepted presentation context, with the roles of the association requestor."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    requestor_is_scu: bool = True
    requestor_is_scp: bool = False


def propose(
    called_ae_title: str,
    calling_ae_title: str,
    syntaxes: Sequence[tuple[str, Sequence[str]]],
    *,
    roles: Sequence[RoleSelection] = (),
    extended_negotiation: Sequence[ExtendedNegotiation] = (),
    user_identity: UserIdentity | None = None,
    max_pdu_length: int = MAX_PDU_LENGTH,
) -> AssociateRequest:
    """A request for these (abstract syntax, transfer syntaxes), with the context ids 1, 3, 5 and on in their order."""
    contexts = tuple(
        ProposedContext(2 * index + 1, abstract_syntax, tuple(transfer_syntaxes))
        for index, (abstract_syntax, transfer_syntaxes) in enumerate(syntaxes)
    )
    user_information = UserInformation(
        max_pdu_length,
        IMPLEMENTATION_CLASS_UID,
        IMPLEMENTATION_VERSION_NAME,
        roles=tuple(roles),
        extended_negotiation=tuple(extended_negotiation),
        user_identity=user_identity,
    )
    return AssociateRequest(called_ae_title, calling_ae_title, contexts, user_information)


def negotiate(request: AssociateRequest, policy: AcceptorPolicy) -> AssociateAccept | AssociateReject:
    """The answer of an acceptor with this policy. The answer carries no item that the request did not ask for."""
    if request.application_context_name != APPLICATION_CONTEXT_NAME:
        return APPLICATION_CONTEXT_NOT_SUPPORTED
    if policy.ae_title is not None and request.called_ae_title != policy.ae_title.strip():
        return CALLED_AE_TITLE_NOT_RECOGNIZED
    if policy.calling_ae_titles is not None and request.calling_ae_title not in policy.calling_ae_titles:
        return CALLING_AE_TITLE_NOT_RECOGNIZED
    asked = request.user_information
    identity_response: bytes | None = None
    if policy.verify_identity is not None:
        identity_response = policy.verify_identity(asked.user_identity)
        if identity_response is None:
            return USER_IDENTITY_REFUSED
    if asked.user_identity is None or not asked.user_identity.response_requested:
        identity_response = None
    user_information = UserInformation(
        max_pdu_length=policy.max_pdu_length,
        implementation_class_uid=policy.implementation_class_uid,
        implementation_version_name=policy.implementation_version_name,
        asynchronous_window=AsynchronousWindow(1, 1) if asked.asynchronous_window else None,
        roles=tuple(_answer_role(role, policy) for role in asked.roles if role.sop_class_uid in policy.roles),
        extended_negotiation=tuple(
            _answer_extended(extended, policy)
            for extended in asked.extended_negotiation
            if extended.sop_class_uid in policy.extended
        ),
        user_identity_response=identity_response,
    )
    contexts = tuple(_answer_context(context, policy) for context in request.contexts)
    return AssociateAccept(request.titles, contexts, user_information)


def _answer_context(context: ProposedContext, policy: AcceptorPolicy) -> ContextResult:
    offered = context.transfer_syntaxes
    # A refused context still carries one transfer syntax sub-item, which is not significant; what is not ASCII cannot be sent.
    any_offered = offered[0] if offered and offered[0].isascii() else ""
    if context.abstract_syntax not in policy.contexts:
        return ContextResult(context.context_id, ABSTRACT_SYNTAX_NOT_SUPPORTED, any_offered)
    for transfer_syntax in policy.contexts[context.abstract_syntax]:
        if transfer_syntax in offered:
            return ContextResult(context.context_id, ACCEPTANCE, transfer_syntax)
    return ContextResult(context.context_id, TRANSFER_SYNTAXES_NOT_SUPPORTED, any_offered)


def _answer_role(role: RoleSelection, policy: AcceptorPolicy) -> RoleSelection:
    may_be_scu, may_be_scp = policy.roles[role.sop_class_uid]
    return RoleSelection(role.sop_class_uid, role.scu and may_be_scu, role.scp and may_be_scp)


def _answer_extended(extended: ExtendedNegotiation, policy: AcceptorPolicy) -> ExtendedNegotiation:
    supported = policy.extended[extended.sop_class_uid].ljust(len(extended.information), b"\0")
    return ExtendedNegotiation(extended.sop_class_uid, bytes(map(min, extended.information, supported)))


def agreed_contexts(request: AssociateRequest, accept: AssociateAccept) -> dict[int, AgreedContext]:
    """The contexts that both ends may use, by id. A result for an id or a transfer syntax not proposed gives none."""
    proposed = {context.context_id: context for context in request.contexts}
    asked = {role.sop_class_uid: role for role in request.user_information.roles}
    answered = {role.sop_class_uid: role for role in accept.user_information.roles}
    agreed = {}
    for result in accept.contexts:
        context = proposed.get(result.context_id)
        if context is None or result.result != ACCEPTANCE or result.transfer_syntax not in context.transfer_syntaxes:
            continue
        scu, scp = True, False
        if context.abstract_syntax in asked and context.abstract_syntax in answered:
            ask, answer = asked[context.abstract_syntax], answered[context.abstract_syntax]
            scu, scp = ask.scu and answer.scu, ask.scp and answer.scp
        agreed[result.context_id] = AgreedContext(result.context_id, context.abstract_syntax, result.transfer_syntax, scu, scp)
    return agreed


def passcodes(expected: Mapping[str, str]) -> VerifyIdentity:
    """An identity check: only the usernames in ``expected``, each with its passcode (identity type 2)."""

    def verify(identity: UserIdentity | None) -> bytes | None:
        if identity is None or identity.identity_type != 2:
            return None
        passcode = expected.get(identity.primary.decode("utf-8", "replace"))
        if passcode is None or not hmac.compare_digest(passcode.encode(), identity.secondary):
            return None
        return b""

    return verify
