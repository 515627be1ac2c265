"""The upper layer protocol machine of PS3.8 9.2: one end of one association, without I/O.

Rules

1. One ``Association`` object is one end of one association. Who calls ``request`` is the association requestor, who
   calls ``transport_connected`` first is the acceptor.
2. Everything goes in by a method and nothing comes out of it: take what happened with ``next_event`` until it gives
   None, and what must be sent with ``take_outgoing``. Then wait for the next thing to put in.
3. Received bytes are looked at one PDU at a time, when ``next_event`` needs one. So an answer given while the events
   are taken counts before the PDUs behind it, and it does not matter how TCP cut the stream.
4. A local call that the table does not allow raises LocalProtocolError and changes nothing.
5. Whatever the peer sends, nothing is raised: its fault becomes an A-ABORT as the table says, and an ``Aborted`` event.
   A PDU that cannot be read, is too long, is empty or is on a context that was not agreed is Evt19; the rest of the
   stream is then not looked at any more, because its framing cannot be trusted.
6. ``CloseTransport`` means: send what ``take_outgoing`` gives, then close. A driver whose connection ends, by either
   side, is done when ``is_over``. Where a blank cell meets a late timer or a late close, nothing happens.
7. A data value lives until the next ``receive``.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from emulators.core.errors import LocalProtocolError
from emulators.wire.association_events import (
    Aborted,
    AssociationAccepted,
    AssociationRejected,
    AssociationRequested,
    CloseTransport,
    ConnectTransport,
    Event,
    Released,
    ReleaseRequested,
    StartArtim,
    StopArtim,
)
from emulators.wire.fragmentation import fragment
from emulators.wire.items import DEFAULT_MAX_PDU_LENGTH, REASON_NOT_SPECIFIED, REASON_UNEXPECTED_PDU, MalformedPdu, malformed
from emulators.wire.negotiation import PROTOCOL_VERSION_NOT_SUPPORTED, AgreedContext, agreed_contexts
from emulators.wire.pdu import (
    P_DATA_LENGTH_MAX,
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    Buffer,
    DataTransfer,
    Pdu,
    PduCutter,
    ReleaseReply,
    ReleaseRequest,
    decode,
    encode,
)

# PS3.8 Tables 9-1 to 9-5.
STATES = {
    "Sta1": "idle",
    "Sta2": "transport connection open, awaiting A-ASSOCIATE-RQ",
    "Sta3": "awaiting local A-ASSOCIATE response",
    "Sta4": "awaiting transport connection opening",
    "Sta5": "awaiting A-ASSOCIATE-AC or A-ASSOCIATE-RJ",
    "Sta6": "association established",
    "Sta7": "awaiting A-RELEASE-RP",
    "Sta8": "awaiting local A-RELEASE response",
    "Sta9": "release collision, requestor: awaiting local A-RELEASE response",
    "Sta10": "release collision, acceptor: awaiting A-RELEASE-RP",
    "Sta11": "release collision, requestor: awaiting A-RELEASE-RP",
    "Sta12": "release collision, acceptor: awaiting local A-RELEASE response",
    "Sta13": "awaiting transport connection close",
}

# The rows of PS3.8 Table 9-10.
EVENTS = {
    "Evt1": "A-ASSOCIATE request",
    "Evt2": "transport connection confirmed",
    "Evt3": "A-ASSOCIATE-AC received",
    "Evt4": "A-ASSOCIATE-RJ received",
    "Evt5": "transport connection indication",
    "Evt6": "A-ASSOCIATE-RQ received",
    "Evt7": "A-ASSOCIATE response (accept)",
    "Evt8": "A-ASSOCIATE response (reject)",
    "Evt9": "P-DATA request",
    "Evt10": "P-DATA-TF received",
    "Evt11": "A-RELEASE request",
    "Evt12": "A-RELEASE-RQ received",
    "Evt13": "A-RELEASE-RP received",
    "Evt14": "A-RELEASE response",
    "Evt15": "A-ABORT request",
    "Evt16": "A-ABORT received",
    "Evt17": "transport connection closed",
    "Evt18": "ARTIM timer expired",
    "Evt19": "unrecognized or invalid PDU received",
}

# PS3.8 Table 9-10. A dot is a blank cell: the event cannot happen there.
_TABLE_9_10 = """
       Sta1  Sta2  Sta3  Sta4  Sta5  Sta6  Sta7  Sta8  Sta9  Sta10 Sta11 Sta12 Sta13
Evt1   AE-1  .     .     .     .     .     .     .     .     .     .     .     .
Evt2   .     .     .     AE-2  .     .     .     .     .     .     .     .     .
Evt3   .     AA-1  AA-8  .     AE-3  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt4   .     AA-1  AA-8  .     AE-4  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt5   AE-5  .     .     .     .     .     .     .     .     .     .     .     .
Evt6   .     AE-6  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
Evt7   .     .     AE-7  .     .     .     .     .     .     .     .     .     .
Evt8   .     .     AE-8  .     .     .     .     .     .     .     .     .     .
Evt9   .     .     .     .     .     DT-1  .     AR-7  .     .     .     .     .
Evt10  .     AA-1  AA-8  .     AA-8  DT-2  AR-6  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt11  .     .     .     .     .     AR-1  .     .     .     .     .     .     .
Evt12  .     AA-1  AA-8  .     AA-8  AR-2  AR-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt13  .     AA-1  AA-8  .     AA-8  AA-8  AR-3  AA-8  AA-8  AR-10 AR-3  AA-8  AA-6
Evt14  .     .     .     .     .     .     .     AR-4  AR-9  .     .     AR-4  .
Evt15  .     .     AA-1  AA-2  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  .
Evt16  .     AA-2  AA-3  .     AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-2
Evt17  .     AA-5  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AR-5
Evt18  .     AA-2  .     .     .     .     .     .     .     .     .     .     AA-2
Evt19  .     AA-1  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
"""


def _read_table(text: str) -> dict[tuple[str, str], str]:
    """(event, state) to action."""
    states, *rows = (line.split() for line in text.strip().splitlines())
    return {
        (event, state): action
        for event, *actions in rows
        for state, action in zip(states, actions, strict=True)
        if action != "."
    }


TRANSITIONS = _read_table(_TABLE_9_10)


_EVENT_OF_PDU: dict[type[Pdu], str] = {
    AssociateAccept: "Evt3",
    AssociateReject: "Evt4",
    AssociateRequest: "Evt6",
    DataTransfer: "Evt10",
    ReleaseRequest: "Evt12",
    ReleaseReply: "Evt13",
    Abort: "Evt16",
}

_SOURCE_SERVICE_USER = 0
_SOURCE_SERVICE_PROVIDER = 2


class Association:
    """One end of one association; see the rules at the head of this file."""

    def __init__(self) -> None:
        self.state = "Sta1"
        self.is_requestor = False
        self.contexts: dict[int, AgreedContext] = {}  # by context id, once accepted
        self.peer_max_pdu_length = DEFAULT_MAX_PDU_LENGTH  # bytes of a P-DATA-TF body, 0 for no limit
        self._request: AssociateRequest | None = None
        self._is_used = False
        self._events: deque[Event] = deque()
        self._outgoing: list[Buffer] = []
        self._cutter = PduCutter()
        self._is_deaf = False

    # --- what comes out

    def next_event(self) -> Event | None:
        """What happened next; None where something must be put in first."""
        while not self._events:
            if not self._read_pdu():
                return None
        return self._events.popleft()

    def events(self) -> Iterator[Event]:
        """``next_event`` until there is none; methods may be called in between."""
        return iter(self.next_event, None)

    def take_outgoing(self) -> list[Buffer]:
        """The bytes to send now, in order; the caller owns them from here on."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    @property
    def is_over(self) -> bool:
        """Whether the association and its transport connection have ended."""
        return self._is_used and self.state == "Sta1"

    @property
    def is_established(self) -> bool:
        """Whether data may be sent: Sta6, and Sta8 where the peer asked for release and waits for us."""
        return self.state in ("Sta6", "Sta8")

    @property
    def release_response_is_due(self) -> bool:
        """Whether ``respond_to_release`` is what the peer waits for."""
        return self.state in ("Sta8", "Sta9", "Sta12")

    # --- what the network does

    def transport_connected(self) -> None:
        """The transport connection is open: ours after ConnectTransport (Evt2), or one from a peer (Evt5)."""
        self._apply_local("Evt2" if self.is_requestor else "Evt5", None)

    def receive(self, data: Buffer) -> None:
        """Bytes have come. ``data`` must not change until the next call. Never raises for what is in them.

        Raises LocalProtocolError where the events of the last call have not been taken.
        """
        if not self._is_deaf and self.state not in ("Sta1", "Sta4"):
            self._cutter.feed(data)

    def transport_closed(self) -> None:
        """The transport connection is closed or lost (Evt17); an unfinished PDU is forgotten."""
        self._is_deaf = True
        self._cutter.discard()
        self._apply_if_possible("Evt17")

    def artim_expired(self) -> None:
        """The ARTIM timer has run out (Evt18)."""
        self._apply_if_possible("Evt18")

    # --- what the local user does; each raises LocalProtocolError where Table 9-10 has a blank cell

    def request(self, request: AssociateRequest) -> None:
        """A-ASSOCIATE request. Raises LocalProtocolError on a request that the standard does not allow."""
        _check_request(request)
        self._apply_local("Evt1", request)

    def respond(self, answer: AssociateAccept | AssociateReject) -> None:
        """A-ASSOCIATE response, usually what ``negotiation.negotiate`` gives."""
        self._apply_local("Evt7" if isinstance(answer, AssociateAccept) else "Evt8", answer)

    def send_data(self, context_id: int, command: bytes, dataset: Sequence[Buffer] | None = None) -> None:
        """P-DATA request for one message: its command set, and its data set in any number of parts.

        The parts are not copied: they must not change until the outgoing bytes are sent. Raises LocalProtocolError
        for a context that was not accepted, RemoteProtocolError where the peer's maximum PDU length leaves no room.
        """
        if self.is_established and context_id not in self.contexts:
            raise LocalProtocolError(f"presentation context {context_id} was not accepted")
        self._apply_local("Evt9", fragment(context_id, command, dataset, self.peer_max_pdu_length))

    def release(self) -> None:
        """A-RELEASE request."""
        self._apply_local("Evt11", None)

    def respond_to_release(self) -> None:
        """A-RELEASE response."""
        self._apply_local("Evt14", None)

    def abort(self) -> None:
        """A-ABORT request."""
        self._apply_local("Evt15", None)

    # --- the interpreter

    def _read_pdu(self) -> bool:
        """Take one PDU from the received bytes and act on it; False where there is none."""
        if self._is_deaf or self.state in ("Sta1", "Sta4"):
            self._cutter.discard()
            return False
        value: Any
        try:
            found = self._cutter.next_pdu()
            if found is None:
                return False
            value = decode(*found)
            event = _EVENT_OF_PDU[type(value)]
            if event == "Evt10" and self.state in ("Sta6", "Sta7"):
                self._check_contexts(value)
        except MalformedPdu as error:
            self._is_deaf = True
            event, value = "Evt19", error
        self._apply(event, value)
        return True

    def _check_contexts(self, transfer: DataTransfer) -> None:
        for value in transfer.values:
            if value.context_id not in self.contexts:
                raise malformed(f"data on presentation context {value.context_id}, which was not accepted")

    def _apply_local(self, event: str, value: Any) -> None:
        if (event, self.state) not in TRANSITIONS or self.is_over:
            raise LocalProtocolError(f"{EVENTS[event]} ({event}) is not allowed in {self.state}: {STATES[self.state]}")
        self._apply(event, value)

    def _apply_if_possible(self, event: str) -> None:
        if (event, self.state) in TRANSITIONS:
            self._apply(event, None)

    def _apply(self, event: str, value: Any) -> None:
        self._is_used = True
        self.state = _ACTIONS[TRANSITIONS[event, self.state]](self, value)

    def _send(self, pdu: Pdu) -> None:
        self._outgoing.append(encode(pdu))

    def _violation(self, value: Pdu | MalformedPdu) -> tuple[int, str]:
        """A-ABORT reason and one line for what the peer sent."""
        if isinstance(value, MalformedPdu):
            return value.abort_reason, str(value.args[0])
        return REASON_UNEXPECTED_PDU, f"{EVENTS[_EVENT_OF_PDU[type(value)]]} in {self.state}: {STATES[self.state]}"

    def _agree(self, request: AssociateRequest, accept: AssociateAccept) -> None:
        """Both sides of the negotiation are known: contexts, and the PDU limits of both directions."""
        ours, theirs = request.user_information, accept.user_information
        if not self.is_requestor:
            ours, theirs = theirs, ours
        self.contexts = agreed_contexts(request, accept)
        self.peer_max_pdu_length = theirs.max_pdu_length
        self._cutter.max_p_data_length = min(ours.max_pdu_length or P_DATA_LENGTH_MAX, P_DATA_LENGTH_MAX)

    # --- the actions of PS3.8 Tables 9-6 to 9-9; each gives the next state

    def _ae_1(self, request: AssociateRequest) -> str:
        self.is_requestor = True
        self._request = request
        self._events.append(ConnectTransport())
        return "Sta4"

    def _ae_2(self, _: None) -> str:
        assert self._request is not None  # AE-1 came before
        self._send(self._request)
        return "Sta5"

    def _ae_3(self, accept: AssociateAccept) -> str:
        assert self._request is not None  # AE-1 came before
        self._agree(self._request, accept)
        self._events.append(AssociationAccepted(accept))
        return "Sta6"

    def _ae_4(self, reject: AssociateReject) -> str:
        self._events += (AssociationRejected(reject), CloseTransport())
        return "Sta1"

    def _ae_5(self, _: None) -> str:
        self._events.append(StartArtim())
        return "Sta2"

    def _ae_6(self, request: AssociateRequest) -> str:
        self._events.append(StopArtim())
        if not request.protocol_version & 1:
            return self._ae_8(PROTOCOL_VERSION_NOT_SUPPORTED)
        self._request = request
        self._events.append(AssociationRequested(request))
        return "Sta3"

    def _ae_7(self, accept: AssociateAccept) -> str:
        assert self._request is not None  # AE-6 came before
        self._send(accept)
        self._agree(self._request, accept)
        return "Sta6"

    def _ae_8(self, reject: AssociateReject) -> str:
        self._send(reject)
        self._events.append(StartArtim())
        return "Sta13"

    def _dt_1(self, buffers: list[Buffer]) -> str:
        self._outgoing += buffers
        return "Sta6"

    def _dt_2(self, transfer: DataTransfer) -> str:
        self._events += transfer.values
        return "Sta6"

    def _ar_1(self, _: None) -> str:
        self._send(ReleaseRequest())
        return "Sta7"

    def _ar_2(self, _: ReleaseRequest) -> str:
        self._events.append(ReleaseRequested(is_collision=False))
        return "Sta8"

    def _ar_3(self, _: ReleaseReply) -> str:
        self._events += (Released(), CloseTransport())
        return "Sta1"

    def _ar_4(self, _: None) -> str:
        self._send(ReleaseReply())
        self._events.append(StartArtim())
        return "Sta13"

    def _ar_5(self, _: None) -> str:
        self._events.append(StopArtim())
        return "Sta1"

    def _ar_6(self, transfer: DataTransfer) -> str:
        self._events += transfer.values
        return "Sta7"

    def _ar_7(self, buffers: list[Buffer]) -> str:
        self._outgoing += buffers
        return "Sta8"

    def _ar_8(self, _: ReleaseRequest) -> str:
        self._events.append(ReleaseRequested(is_collision=True))
        return "Sta9" if self.is_requestor else "Sta10"

    def _ar_9(self, _: None) -> str:
        self._send(ReleaseReply())
        return "Sta11"

    def _ar_10(self, _: ReleaseReply) -> str:
        self._events.append(Released())
        return "Sta12"

    def _aa_1(self, cause: Pdu | MalformedPdu | None) -> str:
        """The cause is None for the local user's A-ABORT request, who needs no indication."""
        self._send(Abort(_SOURCE_SERVICE_USER, REASON_NOT_SPECIFIED))
        if cause is not None:
            _, detail = self._violation(cause)
            self._events.append(Aborted(_SOURCE_SERVICE_USER, REASON_NOT_SPECIFIED, "local", detail))
        self._events.append(StartArtim())
        return "Sta13"

    def _aa_2(self, _: Abort | None) -> str:
        self._events += (StopArtim(), CloseTransport())
        return "Sta1"

    def _aa_3(self, abort: Abort) -> str:
        detail = "A-ABORT received" if abort.source == _SOURCE_SERVICE_USER else "A-P-ABORT received"
        self._events += (Aborted(abort.source, abort.reason, "peer", detail), CloseTransport())
        return "Sta1"

    def _aa_4(self, _: None) -> str:
        lost = Aborted(_SOURCE_SERVICE_PROVIDER, REASON_NOT_SPECIFIED, "transport", "transport connection closed")
        self._events.append(lost)
        return "Sta1"

    def _aa_5(self, _: None) -> str:
        self._events.append(StopArtim())
        return "Sta1"

    def _aa_6(self, _: Pdu) -> str:
        return "Sta13"

    def _aa_7(self, cause: Pdu | MalformedPdu) -> str:
        reason, _ = self._violation(cause)
        self._send(Abort(_SOURCE_SERVICE_PROVIDER, reason))
        return "Sta13"

    def _aa_8(self, cause: Pdu | MalformedPdu) -> str:
        reason, detail = self._violation(cause)
        self._send(Abort(_SOURCE_SERVICE_PROVIDER, reason))
        self._events += (Aborted(_SOURCE_SERVICE_PROVIDER, reason, "local", detail), StartArtim())
        return "Sta13"


_ACTIONS: dict[str, Callable[[Association, Any], str]] = {
    action: getattr(Association, "_" + action.lower().replace("-", "_")) for action in sorted(set(TRANSITIONS.values()))
}


def _check_request(request: AssociateRequest) -> None:
    context_ids = [context.context_id for context in request.contexts]
    if not 1 <= len(context_ids) <= 128:
        raise LocalProtocolError(f"an association is requested with 1 to 128 presentation contexts, not {len(context_ids)}")
    if len(set(context_ids)) < len(context_ids) or not all(0 < number < 256 and number % 2 for number in context_ids):
        raise LocalProtocolError("presentation context ids are odd, 1 to 255, each used once")
    if not all(context.transfer_syntaxes for context in request.contexts):
        raise LocalProtocolError("every presentation context offers a transfer syntax")
    encode(request)  # raises where a title or a UID cannot be written
