"""One DICOM association over one socket: the blocking driver of the sans-IO machine (wire/upper_layer.py).

Rules
- One thread at a time uses an association; ``hang_up`` from another thread ends it.
- Every wait has a limit, ``idle_s``; None where the kernel's watchdog is the limit, because both ends are ours. ``Gone`` says
  that the association ended without release; its text says why, without patient data.
- TCP_NODELAY is on; payload is sent with sendmsg from where it lies.
"""

import select
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from emulators.core.errors import RemoteProtocolError
from emulators.wire.association_events import (
    Aborted,
    AssociationAccepted,
    AssociationRejected,
    AssociationRequested,
    CloseTransport,
    Event,
    Released,
    ReleaseRequested,
    StartArtim,
    StopArtim,
)
from emulators.wire.dimse import Command, Message, MessageAssembler, OpenSink, send_message
from emulators.wire.items import UserIdentity
from emulators.wire.negotiation import LOCAL_LIMIT_EXCEEDED, AcceptorPolicy, AgreedContext, negotiate, passcodes
from emulators.wire.pdu import AssociateAccept, AssociateReject, AssociateRequest, Buffer, DataValue
from emulators.wire.upper_layer import Association

RECEIVE_BYTES = 256 * 1024
BUFFERS_A_CALL = 512  # below IOV_MAX
ARTIM_S = 10.0
IDLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What an acceptor grants its peers: ``artim_s`` until the first PDU and after the last (PS3.8 9.1.5), ``idle_s`` until the
    next bytes of an association, and how many associations there may be at once, None for any number. ``users`` are the
    passcodes by name for who gives a user identity (PS3.7 D.3.3.7); where there are none, it is not looked at."""

    artim_s: float = ARTIM_S
    idle_s: float = IDLE_S
    associations_max: int | None = None
    users: Mapping[str, str] = field(default_factory=dict)

    def lets_in(self, identity: UserIdentity | None) -> bytes | None:
        """Whether an identity is right, as ``AcceptorPolicy`` asks; to give none is right, too."""
        return passcodes(self.users)(identity) if identity is not None else b""


class Gone(Exception):
    """The association is over, and not by release."""


class Rejected(Gone):
    """A-ASSOCIATE-RJ; its text says why in the words of PS3.8 Table 9-21."""


class SocketAssociation:
    """Requestor: ``request``; acceptor: ``accept``. Then ``send`` and ``receive`` messages until release."""

    def __init__(
        self,
        connection: socket.socket,
        open_sink: OpenSink | None = None,
        idle_s: float | None = IDLE_S,
        artim_s: float = ARTIM_S,
        released: Callable[[], None] = lambda: None,
    ) -> None:
        """``released`` is called when the peer asks for release, before it is answered."""
        self._socket = connection
        self._poll = select.poll()  # select knows no descriptor from 1024 on
        self._poll.register(connection, select.POLLIN)
        connection.settimeout(idle_s)
        self._association = Association()
        self._assembler = MessageAssembler(open_sink)
        self._buffer = memoryview(bytearray(RECEIVE_BYTES))
        self._idle_s = idle_s
        self._artim_s = artim_s
        self._released = released
        self._messages: list[Message] = []
        self.requested: AssociateRequest | None = None
        """What the peer asked for; of an acceptor."""
        self.rejected: AssociateReject | None = None
        """How it was told no; of an acceptor."""
        self.accepted: AssociateAccept | None = None
        """What the peer accepted; of a requestor."""

    # --- setting up ----------------------------------------------------------------------------------------------------

    def request(self, proposal: AssociateRequest) -> None:
        """Ask for the association on a connected socket. Raises Rejected or Gone."""
        association = self._association
        association.request(proposal)
        association.next_event()  # ConnectTransport: it is connected
        association.transport_connected()
        self._flush()
        event = self._next_event()
        if isinstance(event, AssociationRejected):
            raise Rejected(event.reject.meaning)
        if not isinstance(event, AssociationAccepted):
            raise Gone(f"unexpected {type(event).__name__}")
        self.accepted = event.accept

    def accept(self, policy: AcceptorPolicy, has_room: Callable[[], bool] = lambda: True) -> bool:
        """Answer the peer's request by ``policy`` and, where that accepts it, ``has_room``; whether there is an association.

        Raises Gone.
        """
        self._association.transport_connected()
        event = self._next_event()
        if not isinstance(event, AssociationRequested):
            raise Gone(f"unexpected {type(event).__name__}")
        self.requested = event.request
        answer = negotiate(event.request, policy)
        if isinstance(answer, AssociateAccept) and not has_room():
            answer = LOCAL_LIMIT_EXCEEDED
        self._association.respond(answer)
        self._flush()
        if isinstance(answer, AssociateReject):
            self.rejected = answer
            self._wait_for_end()
            return False
        return True

    @property
    def contexts(self) -> dict[int, AgreedContext]:
        """The accepted presentation contexts by id."""
        return self._association.contexts

    def context_for(self, abstract_syntax: str) -> AgreedContext:
        """An accepted context of this abstract syntax. Raises RemoteProtocolError if the peer accepted none."""
        for context in self.contexts.values():
            if context.abstract_syntax == abstract_syntax:
                return context
        raise RemoteProtocolError(f"the peer accepted no presentation context for {abstract_syntax}")

    # --- messages ------------------------------------------------------------------------------------------------------

    def send(self, context_id: int, command: Command, dataset: Sequence[Buffer] | None = None) -> None:
        """Send one message. Raises Gone."""
        send_message(self._association, context_id, command, dataset)
        self._flush()

    def receive(self) -> Message | None:
        """The next message, or None when the peer has released. Raises Gone."""
        while not self._messages:
            if not self._take(self._next_event()):
                return None
        return self._messages.pop(0)

    def waiting_message(self, wait_s: float = 0.0) -> Message | None:
        """A message that has come already, such as a C-CANCEL, or comes within ``wait_s``; else None. Raises Gone."""
        while not self._messages:
            event = self._event_so_far()  # a C-CANCEL may have come in one segment with its request
            if event is not None:
                if not self._take(event):
                    raise Gone("released before the last response")
            elif self._poll.poll(wait_s * 1000):
                self._read()
            else:
                return None
        return self._messages.pop(0)

    def _take(self, event: Event) -> bool:
        """Take what the peer sent; False when it has released."""
        if isinstance(event, DataValue):
            self._assemble(event)
        elif isinstance(event, ReleaseRequested):
            self._released()
            self._association.respond_to_release()
            self._flush()
            self._wait_for_end()
            return False
        return True

    # --- the end -------------------------------------------------------------------------------------------------------

    def release(self) -> None:
        """Release and close. Raises Gone if the peer does not play along."""
        self._association.release()
        self._flush()
        while not isinstance(event := self._next_event(), Released):
            if isinstance(event, ReleaseRequested) and self._association.release_response_is_due:
                self._association.respond_to_release()
                self._flush()

    def abort(self) -> None:
        """Abort, if there is still anything to abort."""
        if self._association.state not in ("Sta1", "Sta2", "Sta13"):
            self._association.abort()
            try:
                self._flush()
            except Gone:
                return

    def _assemble(self, value: DataValue) -> None:
        try:
            message = self._assembler.feed(value)
        except RemoteProtocolError as error:
            self.abort()
            raise Gone(str(error)) from None
        if message is not None:
            self._messages.append(message)

    def _next_event(self) -> Event:
        """The next event that concerns the user. Raises Gone."""
        while (event := self._event_so_far()) is None:
            self._flush()
            if self._association.is_over:
                raise Gone("the peer has gone")
            self._read()
        return event

    def _event_so_far(self) -> Event | None:
        """The next event that concerns the user, of what has been read; None if there is none in it. Raises Gone."""
        association = self._association
        while (event := association.next_event()) is not None:
            if isinstance(event, Aborted):
                self._flush_quietly()
                raise Gone(event.detail)
            if isinstance(event, CloseTransport):
                raise Gone("the association is closed")
            if isinstance(event, StartArtim):
                self._socket.settimeout(self._artim_s)
            elif isinstance(event, StopArtim):
                self._socket.settimeout(self._idle_s)
            else:
                return event
        return None

    def _read(self) -> None:
        try:
            count = self._socket.recv_into(self._buffer)
        except TimeoutError:
            self.abort()
            raise Gone("nothing came for too long") from None
        except OSError as error:
            self._association.transport_closed()
            raise Gone(f"connection lost: {error.strerror}") from None
        if count:
            self._association.receive(self._buffer[:count])
        else:
            self._association.transport_closed()

    def _flush(self) -> None:
        buffers = self._association.take_outgoing()
        if not buffers:
            return
        try:
            send_all(self._socket, buffers)
        except TimeoutError:
            raise Gone("the peer takes nothing") from None
        except OSError as error:
            self._association.transport_closed()
            raise Gone(f"connection lost: {error.strerror}") from None

    def _flush_quietly(self) -> None:
        try:
            self._flush()
        except Gone:
            return

    def _wait_for_end(self) -> None:
        """After the last PDU, wait for the peer to close, ARTIM at most (PS3.8 9.1.5)."""
        self._socket.settimeout(self._artim_s)
        try:
            while not self._association.is_over:
                event = self._association.next_event()
                if event is None:
                    self._read()
                elif isinstance(event, CloseTransport):
                    return
        except Gone:
            return


def send_all(connection: socket.socket, buffers: list[Buffer]) -> None:
    """Send every buffer in order, without joining them."""
    position = 0
    while position < len(buffers):
        sent = connection.sendmsg(buffers[position : position + BUFFERS_A_CALL])
        while position < len(buffers) and sent >= len(buffers[position]):
            sent -= len(buffers[position])
            position += 1
        if sent:
            buffers[position] = memoryview(buffers[position])[sent:]
