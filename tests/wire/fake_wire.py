"""Two associations joined without sockets, and short ways to get one into a state."""

from emulators.wire.association_events import AssociationRequested, Event, ReleaseRequested
from emulators.wire.negotiation import AcceptorPolicy, negotiate, propose
from emulators.wire.pdu import AssociateAccept, AssociateRequest
from emulators.wire.upper_layer import Association

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"

CT_CONTEXT, VERIFICATION_CONTEXT, REFUSED_CONTEXT = 1, 3, 5

POLICY = AcceptorPolicy(
    "ARCHIVE",
    {CT_IMAGE_STORAGE: (EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN), VERIFICATION: (IMPLICIT_LITTLE_ENDIAN,)},
)


def request(max_pdu_length: int = 16384) -> AssociateRequest:
    """Two contexts that POLICY accepts and one that it refuses."""
    syntaxes = [
        (CT_IMAGE_STORAGE, [IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN]),
        (VERIFICATION, [IMPLICIT_LITTLE_ENDIAN]),
        ("1.2.3.4.5", [IMPLICIT_LITTLE_ENDIAN]),
    ]
    return propose("ARCHIVE", "SCANNER", syntaxes, max_pdu_length=max_pdu_length)


def accept(of: AssociateRequest, policy: AcceptorPolicy = POLICY) -> AssociateAccept:
    """The acceptance that the policy gives to this request."""
    answer = negotiate(of, policy)
    assert isinstance(answer, AssociateAccept)
    return answer


def outgoing(association: Association) -> bytes:
    """What the association sends now, as one string."""
    return b"".join(association.take_outgoing())


def hand_over(data: bytes, to: Association, piece_length: int | None = None) -> list[Event]:
    """Give the bytes to an end, in pieces, and let it answer association and release requests. Its events."""
    events: list[Event] = []
    step = piece_length or max(len(data), 1)
    for start in range(0, len(data), step):
        to.receive(bytes(data[start : start + step]))
        for event in to.events():
            events.append(event)
            if isinstance(event, AssociationRequested):
                to.respond(negotiate(event.request, POLICY))
            elif isinstance(event, ReleaseRequested) and to.release_response_is_due:
                to.respond_to_release()
    return events


def requestor_in_sta5(max_pdu_length: int = 16384) -> Association:
    """A requestor that has sent its A-ASSOCIATE-RQ; the RQ is still outgoing."""
    association = Association()
    association.request(request(max_pdu_length))
    association.transport_connected()
    list(association.events())
    return association


def acceptor_in_sta2() -> Association:
    """An acceptor on a connection on which nothing has come yet."""
    association = Association()
    association.transport_connected()
    list(association.events())
    return association


def established(requestor_max_pdu_length: int = 16384) -> tuple[Association, Association]:
    """Requestor and acceptor in Sta6, with nothing left to send."""
    requestor, acceptor = requestor_in_sta5(requestor_max_pdu_length), acceptor_in_sta2()
    hand_over(outgoing(requestor), acceptor)
    hand_over(outgoing(acceptor), requestor)
    assert (requestor.state, acceptor.state) == ("Sta6", "Sta6")
    return requestor, acceptor
