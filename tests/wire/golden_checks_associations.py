"""Negotiation and the protocol machine against golden bytes: association set-up, refusal, release and abort."""

from dataclasses import replace

from emulators.wire import negotiation
from emulators.wire.association_events import (
    Aborted,
    AssociationAccepted,
    AssociationRejected,
    AssociationRequested,
    CloseTransport,
    ConnectTransport,
    Released,
    ReleaseRequested,
    StartArtim,
    StopArtim,
)
from emulators.wire.items import ExtendedNegotiation, RoleSelection, UserIdentity
from emulators.wire.negotiation import AcceptorPolicy, AgreedContext, agreed_contexts, negotiate, passcodes, propose
from emulators.wire.pdu import AssociateAccept, AssociateReject, AssociateRequest, DataValue, encode
from emulators.wire.upper_layer import Association
from tests.wire.golden_check import differs_in_reserved_byte, golden
from tests.wire.golden_checks_pdus import CT, DCMTK_INFORMATION, EXPLICIT, IMPLICIT, read, read_request

VERIFICATION, SECONDARY_CAPTURE = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.7"
BIG_ENDIAN = "1.2.840.10008.1.2.2"


def like_dcmtk(ae_title: str, contexts: dict[str, tuple[str, ...]]) -> AcceptorPolicy:
    """A policy that answers as the tools of DCMTK do, who say who they are and take 16384 bytes."""
    return AcceptorPolicy(
        ae_title,
        contexts,
        max_pdu_length=DCMTK_INFORMATION.max_pdu_length,
        implementation_class_uid=DCMTK_INFORMATION.implementation_class_uid,
        implementation_version_name=DCMTK_INFORMATION.implementation_version_name,
    )


def as_dcmtk(request: AssociateRequest) -> AssociateRequest:
    """A request with the implementation of DCMTK instead of ours."""
    information = replace(
        request.user_information,
        implementation_class_uid=DCMTK_INFORMATION.implementation_class_uid,
        implementation_version_name=DCMTK_INFORMATION.implementation_version_name,
    )
    return replace(request, user_information=information)


ECHO_POLICY = like_dcmtk("STORE_SCP", {VERIFICATION: (IMPLICIT,)})


def echo_request() -> AssociateRequest:
    """What echoscu asks for."""
    return as_dcmtk(propose("STORE_SCP", "ECHO_SCU", [(VERIFICATION, [IMPLICIT])], max_pdu_length=16384))


# --- negotiation


@golden(
    "DCMTK_ROLES_ASSOCIATE_RQ DCMTK_ROLES_ASSOCIATE_AC",
    holds="""negotiation.propose negotiation.negotiate negotiation.agreed_contexts negotiation.AcceptorPolicy
    negotiation.AgreedContext items.RoleSelection items.ExtendedNegotiation""",
)
def roles_and_extensions_of_dcmtk(request_pdu: bytes, accept_pdu: bytes) -> None:
    request = propose(
        "STORE_SCP",
        "STORESCU",
        [(SECONDARY_CAPTURE, [EXPLICIT, IMPLICIT]), (CT, [EXPLICIT, IMPLICIT])],
        roles=[RoleSelection(SECONDARY_CAPTURE, scu=True, scp=True), RoleSelection(CT, scu=False, scp=True)],
        extended_negotiation=[ExtendedNegotiation(SECONDARY_CAPTURE, b"\x02\x00\x01")],
        max_pdu_length=16384,
    )
    request = as_dcmtk(request)
    assert read(request_pdu) == request
    assert differs_in_reserved_byte(encode(request), request_pdu, contexts=2)
    policy = replace(
        like_dcmtk("STORE_SCP", {SECONDARY_CAPTURE: (EXPLICIT,), CT: (EXPLICIT,)}),
        roles={SECONDARY_CAPTURE: (True, True), CT: (True, True)},
        extended={SECONDARY_CAPTURE: b"\x02\x00\x01"},
    )
    answer = negotiate(read_request(request_pdu), policy)
    assert isinstance(answer, AssociateAccept)
    assert encode(answer) == accept_pdu
    assert read(accept_pdu) == answer
    assert agreed_contexts(request, answer) == {
        1: AgreedContext(1, SECONDARY_CAPTURE, EXPLICIT, requestor_is_scu=True, requestor_is_scp=True),
        3: AgreedContext(3, CT, EXPLICIT, requestor_is_scu=False, requestor_is_scp=True),
    }


IDENTITIES = {
    1: UserIdentity(1, b"user"),
    2: UserIdentity(2, b"user", b"secret", response_requested=True),
    3: UserIdentity(3, b"TICKET"),
    4: UserIdentity(4, b"<saml/>"),
    5: UserIdentity(5, b"a.b.c", response_requested=True),
}


@golden("DCMTK_IDENTITY_ASSOCIATE_RQ", holds="items.UserIdentity negotiation.passcodes")
def identities_of_dcmtk(request_pdus: dict[int, bytes]) -> None:
    assert set(request_pdus) == set(IDENTITIES)
    policy = replace(like_dcmtk("STORE_SCP", {}), verify_identity=passcodes({"user": "secret"}))
    for identity_type, data in request_pdus.items():
        syntaxes = [(SECONDARY_CAPTURE, [EXPLICIT]), (SECONDARY_CAPTURE, [BIG_ENDIAN, IMPLICIT])]
        identity = IDENTITIES[identity_type]
        request = as_dcmtk(propose("STORE_SCP", "STORESCU", syntaxes, user_identity=identity, max_pdu_length=16384))
        assert read(data) == request
        assert differs_in_reserved_byte(encode(request), data, contexts=2)
        assert isinstance(negotiate(read_request(data), policy), AssociateAccept) == (identity_type == 2)


@golden(
    """DCMTK_ECHO_ASSOCIATE_RQ DCMTK_REFUSED DCMTK_WRONG_CALLED_AE_TITLE PYNETDICOM_WRONG_CALLING_AE_TITLE
    DCMTK_WRONG_APPLICATION_CONTEXT DCMTK_WRONG_PROTOCOL_VERSION PYNETDICOM_IDENTITY_REFUSED PYNETDICOM_TEMPORARY_CONGESTION
    DCMTK_TOO_MANY_ASSOCIATIONS""",
    holds="pdu.AssociateReject pdu.AssociateReject.is_permanent pdu.AssociateReject.meaning negotiation.negotiate",
)
def refusals(
    request_pdu: bytes,
    refused: bytes,
    called: bytes,
    calling: bytes,
    application_context: bytes,
    version: bytes,
    identity: bytes,
    congestion: bytes,
    limit: bytes,
) -> None:
    request = read_request(request_pdu)
    assert negotiate(request, replace(ECHO_POLICY, ae_title="OTHER")) == read(called)
    assert negotiate(request, replace(ECHO_POLICY, calling_ae_titles=frozenset({"OTHER"}))) == read(calling)
    assert negotiate(replace(request, application_context_name="1.2.3"), ECHO_POLICY) == read(application_context)
    assert negotiate(request, replace(ECHO_POLICY, verify_identity=passcodes({}))) == read(identity)
    acceptor = Association()
    acceptor.transport_connected()
    acceptor.receive(request_pdu[:6] + b"\x00\x02" + request_pdu[8:])
    assert list(acceptor.events()) == [StartArtim(), StopArtim(), StartArtim()]
    assert sent(acceptor) == version
    for reject, data in (
        (AssociateReject(1, 1, 1), refused),
        (negotiation.CALLED_AE_TITLE_NOT_RECOGNIZED, called),
        (negotiation.CALLING_AE_TITLE_NOT_RECOGNIZED, calling),
        (negotiation.APPLICATION_CONTEXT_NOT_SUPPORTED, application_context),
        (negotiation.PROTOCOL_VERSION_NOT_SUPPORTED, version),
        (negotiation.USER_IDENTITY_REFUSED, identity),
        (negotiation.TEMPORARY_CONGESTION, congestion),
        (negotiation.LOCAL_LIMIT_EXCEEDED, limit),
    ):
        assert read(data) == reject
        assert encode(reject) == data
    # echoscu prints: "Rejected Permanent, Source: Service User", "Called AE Title Not Recognized"; and of the other
    # "Rejected Transient, Source: Service Provider (Presentation Related)", "Local Limit Exceeded"
    assert [(one.is_permanent, one.meaning) for one in map(read, (called, limit)) if isinstance(one, AssociateReject)] == [
        (True, "rejected permanent: called AE title not recognized"),
        (False, "rejected transient: local limit exceeded"),
    ]


# --- the protocol machine


def sent(association: Association) -> bytes:
    """What the association sends now, as one string."""
    return b"".join(association.take_outgoing())


@golden(
    "DCMTK_ECHO_ASSOCIATE_RQ DCMTK_ECHO_ASSOCIATE_AC DCMTK_ECHO_RQ DCMTK_ECHO_RSP DCMTK_RELEASE_RQ DCMTK_RELEASE_RP",
    holds="""upper_layer.Association upper_layer.Association.request upper_layer.Association.transport_connected
    upper_layer.Association.take_outgoing upper_layer.Association.receive upper_layer.Association.next_event
    upper_layer.Association.events upper_layer.Association.send_data upper_layer.Association.release
    upper_layer.Association.is_over upper_layer.Association.is_established association_events.ConnectTransport
    association_events.AssociationAccepted association_events.Released association_events.CloseTransport""",
)
def requestor_speaks_as_echoscu(rq: bytes, ac: bytes, echo: bytes, answer: bytes, release_rq: bytes, release_rp: bytes) -> None:
    requestor = Association()
    requestor.request(echo_request())
    assert requestor.next_event() == ConnectTransport()
    requestor.transport_connected()
    assert differs_in_reserved_byte(sent(requestor), rq, contexts=1)
    requestor.receive(ac)
    accept = read(ac)
    assert isinstance(accept, AssociateAccept)
    assert list(requestor.events()) == [AssociationAccepted(accept)]
    assert requestor.is_established
    requestor.send_data(1, echo[12:])
    assert sent(requestor) == echo
    requestor.receive(answer)
    assert list(requestor.events()) == [DataValue(1, True, True, memoryview(answer)[12:])]
    requestor.release()
    assert sent(requestor) == release_rq
    requestor.receive(release_rp)
    assert list(requestor.events()) == [Released(), CloseTransport()]
    assert requestor.is_over


@golden(
    "DCMTK_ECHO_ASSOCIATE_RQ DCMTK_ECHO_ASSOCIATE_AC DCMTK_ECHO_RQ DCMTK_ECHO_RSP DCMTK_RELEASE_RQ DCMTK_RELEASE_RP",
    holds="""upper_layer.Association.respond upper_layer.Association.respond_to_release
    upper_layer.Association.release_response_is_due upper_layer.Association.transport_closed
    association_events.StartArtim association_events.StopArtim association_events.AssociationRequested
    association_events.ReleaseRequested""",
)
def acceptor_speaks_as_storescp(rq: bytes, ac: bytes, echo: bytes, answer: bytes, release_rq: bytes, release_rp: bytes) -> None:
    acceptor = Association()
    acceptor.transport_connected()
    acceptor.receive(rq)
    assert list(acceptor.events()) == [StartArtim(), StopArtim(), AssociationRequested(echo_request())]
    acceptor.respond(negotiate(read_request(rq), ECHO_POLICY))
    assert sent(acceptor) == ac
    acceptor.receive(echo)
    assert list(acceptor.events()) == [DataValue(1, True, True, memoryview(echo)[12:])]
    acceptor.send_data(1, answer[12:])
    assert sent(acceptor) == answer
    acceptor.receive(release_rq)
    assert list(acceptor.events()) == [ReleaseRequested(is_collision=False)]
    assert acceptor.release_response_is_due
    acceptor.respond_to_release()
    assert sent(acceptor) == release_rp
    acceptor.transport_closed()
    assert list(acceptor.events()) == [StartArtim(), StopArtim()]


def established(request_pdu: bytes, accept_pdu: bytes) -> tuple[Association, Association]:
    """Requestor and acceptor in Sta6, made so by the bytes of DCMTK."""
    requestor, acceptor = Association(), Association()
    requestor.request(echo_request())
    requestor.transport_connected()
    acceptor.transport_connected()
    acceptor.receive(request_pdu)
    list(acceptor.events())
    acceptor.respond(negotiate(read_request(request_pdu), ECHO_POLICY))
    requestor.receive(accept_pdu)
    for association in (requestor, acceptor):
        list(association.events())
        association.take_outgoing()
        assert association.is_established
    return requestor, acceptor


@golden(
    """DCMTK_ECHO_ASSOCIATE_RQ DCMTK_ECHO_ASSOCIATE_AC DCMTK_ECHO_RQ DCMTK_ABORT DCMTK_UNEXPECTED_PDU_ABORT
    PYNETDICOM_UNRECOGNIZED_PDU_ABORT PYNETDICOM_INVALID_PARAMETER_ABORT""",
    holds="upper_layer.Association.abort association_events.Aborted items.malformed items.MalformedPdu.abort_reason",
)
def aborts(rq: bytes, ac: bytes, echo: bytes, abort: bytes, unexpected: bytes, unrecognized: bytes, invalid: bytes) -> None:
    requestor, acceptor = established(rq, ac)
    requestor.abort()
    assert sent(requestor) == abort
    acceptor.receive(abort)
    assert list(acceptor.events()) == [Aborted(0, 0, "peer", "A-ABORT received"), CloseTransport()]
    _, acceptor = established(rq, ac)
    acceptor.receive(echo)
    assert list(acceptor.events()) == [DataValue(1, True, True, memoryview(echo)[12:])]
    unknown_type = b"\x99" + echo[1:]
    value_too_long = echo[:9] + bytes((echo[9] + 1,)) + echo[10:]
    for received, answer in ((rq, unexpected), (unknown_type, unrecognized), (value_too_long, invalid)):
        _, acceptor = established(rq, ac)
        acceptor.receive(received)
        aborted, _ = acceptor.events()
        assert isinstance(aborted, Aborted)
        assert (aborted.source, aborted.reason, aborted.by) == (2, answer[9], "local")
        assert sent(acceptor) == answer
        requestor, _ = established(rq, ac)
        requestor.receive(answer)
        assert next(requestor.events()) == Aborted(2, answer[9], "peer", "A-P-ABORT received")


@golden(
    "DCMTK_ECHO_ASSOCIATE_RQ DCMTK_REFUSED",
    holds="association_events.AssociationRejected upper_layer.Association.artim_expired",
)
def a_refused_association(request_pdu: bytes, refused: bytes) -> None:
    requestor, acceptor = Association(), Association()
    acceptor.transport_connected()
    acceptor.receive(request_pdu)
    list(acceptor.events())
    acceptor.respond(AssociateReject(1, 1, 1))
    assert sent(acceptor) == refused
    assert list(acceptor.events()) == [StartArtim()]
    acceptor.artim_expired()
    assert list(acceptor.events()) == [StopArtim(), CloseTransport()]
    requestor.request(echo_request())
    requestor.transport_connected()
    requestor.receive(refused)
    assert list(requestor.events()) == [ConnectTransport(), AssociationRejected(AssociateReject(1, 1, 1)), CloseTransport()]
