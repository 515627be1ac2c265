"""The MLLP port: HL7 v2 over TCP, one connection per (sender, receiver, lane), one message outstanding on it.

Sending end: a connection is opened for the first message and kept; after anything but an answer it is closed, and the next
message opens a new one. Receiving end: every frame is one request; what cannot be read is answered AR or AE and never
reaches the actor.

Enhanced mode (HL7 2.9.3), which a message asks for by MSH-15 and MSH-16: the answer is CA, CE or CR, written if it was asked
for; the application acknowledgement is a message of the actor, which goes its own way, or, to a system that does not listen,
back on the connection of the request. What cannot be read has none: it is CE or CR, or AE or AR where only that was asked for.
A sender that never asks to be accepted has its answer, which says nothing, as soon as the message has gone.

A fault's connection part (refused, swallowed) is carried out when the leg starts and healed at once, because in lock-step
the relay only changes bytes and connections, while the times are the kernel's.
"""

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from emulators.codecs.hl7v2 import Hl7Codec, Rejection, control_id_of, enhanced_mode
from emulators.codecs.hl7v2.rejection import header_error
from emulators.core.errors import RemoteProtocolError
from emulators.core.instant import Stamp
from emulators.messages.acknowledgements import EnhancedMode, accepting
from emulators.messages.common import Acknowledgement
from emulators.messages.imaging import InstancesStored
from emulators.ports.arrivals import Arrivals, Failure, Stage
from emulators.ports.contract import Exchange
from emulators.ports.faults import LinkFaults
from emulators.ports.foreign import NO_SYSTEMS, open_exchange
from emulators.ports.replies import Awaited, Replies
from emulators.ports.socket_port import CONNECT_LIMIT_S, SocketPort
from emulators.ports.sockets import LOOPBACK, Address, Listener, Origins, bound_socket, hang_up, log_ended, log_failure
from emulators.wire import er7
from emulators.wire.mllp import Deframer, Event, Frame, Oversize, Truncated, frame

RECEIVE_BYTES = 64 * 1024


class MllpPort(SocketPort):
    """The sending end of one route. ``address`` is the receiver's listener, or the relay before it."""

    def __init__(
        self,
        codec: Hl7Codec,
        address: Address,
        arrivals: Arrivals,
        origins: Origins,
        faults: LinkFaults | None = None,
        live: bool = False,
    ) -> None:
        super().__init__(arrivals, faults, live)
        self._codec = codec
        self._address = address
        self._origins = origins
        self._connection: _Sender | None = None

    def send(self, exchange: Exchange) -> None:
        payload = frame(self._codec.encode(exchange.message))
        accept = self._codec.accept_of(exchange.message)
        if self._connection is None or not self._connection.is_usable:
            self.close()
            self._connection = _Sender(self._codec, self._address, self._arrivals, self._origins, self.live)
        exchange.client = self._connection
        self.prepare(exchange)
        self._connection.send(exchange, payload, accept)

    def check(self, message: Any) -> None:
        """Raises LocalProtocolError for a message that cannot be encoded."""
        self._codec.encode(message)

    def batches(self, exchange: Exchange) -> Sequence[InstancesStored]:
        return ()  # HL7 carries no images

    def close(self) -> None:
        if self._connection is not None:
            self._connection.hang_up()
            self._connection.join()
            self._connection = None

    def close_idle(self) -> None:
        self.close()


class _Sender:
    """One sending connection and its thread; ``exchange`` is the one outstanding."""

    def __init__(self, codec: Hl7Codec, address: Address, arrivals: Arrivals, origins: Origins, live: bool) -> None:
        self._codec = codec
        self._address = address
        self._arrivals = arrivals
        self._origins = origins
        self._live = live
        self._socket = bound_socket(address[0])
        self.port: int = self._socket.getsockname()[1]
        self.exchange: Exchange | None = None
        self.ended = False
        self.sent = threading.Event()
        """The outstanding message has gone."""
        self._accept = ""
        """Its MSH-15; empty in original mode."""
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        origins.register(self.port, self)
        self._thread = threading.Thread(target=self._run, name=f"radloop-mllp-{self.port}", daemon=True)
        self._thread.start()

    @property
    def is_usable(self) -> bool:
        """Whether another message may go: some products close after each one."""
        if self.ended:
            return False
        arrived = select.poll()
        arrived.register(self._socket, select.POLLIN)
        return not arrived.poll(0)  # between two messages there is nothing to read but the end

    def send(self, exchange: Exchange, payload: bytes, accept: str) -> None:
        self.exchange = exchange
        self._accept = accept
        self.sent.clear()
        self._outgoing.put(payload)

    def hang_up(self) -> None:
        self.ended = True
        hang_up(self._socket)
        self._outgoing.put(None)

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            payload = self._outgoing.get()  # connected for a message, which hears of it when that fails
            if payload is not None:
                self._socket.settimeout(CONNECT_LIMIT_S)
                self._socket.connect(self._address)
                self._socket.settimeout(None)
            deframer = Deframer()
            while payload is not None and not self.ended:  # hung up on before it was connected
                self._socket.sendall(payload)
                self.sent.set()
                if self._accept == "NE":
                    self._answered(None)
                else:
                    self._receive_answer(deframer)
                payload = self._outgoing.get()
        except (OSError, RemoteProtocolError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._break(reason or type(error).__name__)
        except Exception as error:
            if self._live:
                log_failure(error)
                self._break(type(error).__name__)
            else:
                self._arrivals.fail(error)
        finally:
            self.ended = True
            if self._live:  # who comes from this port later is somebody else
                self._origins.forget(self.port)
            self._socket.close()

    def _break(self, reason: str) -> None:
        """Say that the outstanding message will get no answer here."""
        self.ended = True
        if self.exchange is not None:
            self._arrivals.post(self.exchange, Stage.BROKEN, Failure(not self.sent.is_set(), reason))

    def _receive_answer(self, deframer: Deframer) -> None:
        """Wait for the one acknowledgement of the outstanding message; another message's is not taken for it."""
        while True:
            data = self._socket.recv(RECEIVE_BYTES)
            if not data:
                raise RemoteProtocolError("closed before the acknowledgement")
            for event in deframer.receive(data):
                if isinstance(event, Frame):
                    answer = self._codec.decode_acknowledgement(event.payload, is_enhanced=bool(self._accept))
                    assert self.exchange is not None  # one is outstanding
                    if answer.control_id != self.exchange.message.control_id:
                        raise RemoteProtocolError("the acknowledgement is for another message")
                    self._answered(answer)
                    return

    def _answered(self, answer: Acknowledgement | None) -> None:
        exchange, self.exchange = self.exchange, None
        assert exchange is not None  # one is outstanding
        self._arrivals.post(exchange, Stage.ANSWER, answer)


class MllpServer:
    """The receiving end of one system: a listener on ``address``, and the codec that reads for it.

    ``systems`` gives the system of a sending application (MSH-3), for strangers' exchanges: a product in a system's place.
    ``known`` are the sending applications that are answered, None for any; another gets AR 103 MSH-3. ``called_back`` are the
    systems that take application acknowledgements at an address of their own. ``stamp`` gives the time of an answer (MSH-7);
    without it, it is the request's, so that a run is the same each time.
    """

    def __init__(
        self,
        system: str,
        codec: Hl7Codec,
        arrivals: Arrivals,
        origins: Origins,
        takes_strangers: bool = False,
        systems: Mapping[str, str] = NO_SYSTEMS,
        known: frozenset[str] | None = None,
        address: Address = (LOOPBACK, 0),
        called_back: Collection[str] = (),
        stamp: Callable[[], Stamp] = lambda: "",
    ) -> None:
        self._system = system
        self._systems = systems
        self._codec = codec
        self._arrivals = arrivals
        self._origins = origins
        self._takes_strangers = takes_strangers
        self._known = known
        self._called_back = called_back
        self._stamp = stamp
        self._replies = Replies()
        failed = log_failure if takes_strangers else arrivals.fail
        self._listener = Listener(f"mllp-{system}", self._serve, failed, address)

    @property
    def address(self) -> Address:
        return self._listener.address

    def close(self) -> None:
        """Stop listening and end every connection."""
        self._replies.close()
        self._listener.close()

    def _serve(self, connection: socket.socket, peer: Address) -> None:
        sender = self._origins.sender_of(peer[1])
        deframer = Deframer()
        with contextlib.suppress(OSError):
            while data := connection.recv(RECEIVE_BYTES):
                for event in deframer.receive(data):
                    if isinstance(event, (Truncated, Oversize)):
                        self._log_dropped(event)
                        return
                    if isinstance(event, Frame) and not self._answer(connection, sender, event.payload):
                        return
        for event in deframer.transport_closed():
            self._log_dropped(event)

    def _log_dropped(self, event: Event) -> None:
        """One line where a message gets no answer, since it has not come as a whole."""
        if self._takes_strangers and isinstance(event, Oversize):
            log_ended(self._system, "an HL7 connection", f"a message is longer than {event.limit_bytes} bytes")
        elif self._takes_strangers and isinstance(event, Truncated):
            log_ended(self._system, "an HL7 connection", f"a message was cut after {event.count_bytes} bytes")

    def _answer(self, connection: socket.socket, sender: "_Sender | None", payload: bytes) -> bool:
        """Pass one message on and send its acknowledgement; False when there is none and the connection must end."""
        application, facility = _sender_of(payload)
        name = self._systems.get(application, application)
        mode = enhanced_mode(payload, same_connection=name not in self._called_back)
        try:
            message = self._codec.decode(payload)
            self._require_known(application, payload)
        except Rejection as rejection:
            self._acknowledge(connection, payload, mode, rejection.acknowledgement, is_read=False)
            return True
        awaited = Awaited()
        if sender is not None and sender.exchange is not None:
            exchange = sender.exchange
            exchange.server, exchange.mode = awaited, mode
            self._arrivals.post(exchange, Stage.REQUEST, message)
        elif self._takes_strangers:
            open_exchange(self._arrivals, awaited, name, self._system, message, mode)
        else:
            return False
        answer: Acknowledgement | None = self._replies.wait_for(awaited)
        if answer is None:
            return False
        self._acknowledge(connection, payload, mode, answer, is_read=True)
        if mode is not None and mode.same_connection and mode.application != "NE":
            self._send_pushed(connection, awaited, application, facility)
        return True

    def _acknowledge(
        self, connection: socket.socket, payload: bytes, mode: EnhancedMode | None, answer: Acknowledgement, is_read: bool
    ) -> None:
        """Write what is asked for: in enhanced mode the accept acknowledgement. Of what cannot be read nobody writes an
        application acknowledgement later, so it stands here if no other was asked for."""
        if mode is not None:
            accept = accepting(answer)
            if mode.wants_accept(accept.code):
                answer = accept
            elif is_read or not mode.wants_application(answer.code):
                return
        connection.sendall(frame(self._codec.encode_acknowledgement(answer, payload, self._stamp())))

    def _send_pushed(self, connection: socket.socket, awaited: Awaited, application: str, facility: str) -> None:
        """The application acknowledgement that the actor sends on this connection, if it does; nobody accepts it here."""
        exchange = awaited.pushed()
        if exchange is None:
            return
        codec = replace(self._codec, receiving_application=application, receiving_facility=facility, accept="NE")
        connection.sendall(frame(codec.encode(exchange.message)))
        self._arrivals.post(exchange, Stage.ANSWER, None)

    def _require_known(self, application: str, payload: bytes) -> None:
        """Raises Rejection for a sending application that is to be refused."""
        if self._known is None or application in self._known:
            return
        rejection = header_error("103", "MSH-3")
        rejection.control_id = control_id_of(payload)
        raise rejection


def _sender_of(payload: bytes) -> tuple[str, str]:
    """Sending application and facility, MSH-3 and MSH-4; empty if they cannot be read."""
    try:
        header = er7.header(payload)
    except RemoteProtocolError:
        return "", ""
    return header.component(3, 1), header.component(4, 1)
