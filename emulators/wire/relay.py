"""A TCP relay on 127.0.0.1 between the client and the server of one link: it records, and can fail the link on order.

Rules
- The relay knows just enough framing to count messages (message_boundaries). A request is a message from the client, a
  response one from the server, whoever asked.
- An order is given before the bytes go. When ``order`` returns, it is in force. An order for a connection counts
  messages from then on: ``message=1`` is the next one to begin. An order for no connection is for the next one that is accepted
  (several: one each, in turn), except REFUSE and SWALLOW, which are for the link.
- Times are not the relay's: DELAY passes (who wants a real delay orders HOLD and releases), SLOW with 0 bytes/s passes.

=============  ======================================================================================================
order          effect
=============  ======================================================================================================
PASS, DELAY    none; for a connection: its orders are forgotten; for no connection: the link is healed (below)
REFUSE         idle connections are closed, then the listening port: connecting is refused, until healed
SWALLOW        idle connections are closed, then the listening port accepts no more and its queue is filled: connecting
               hangs, as the system drops each SYN (Linux), until healed
RESET_BEFORE   at the first byte of the n-th request both sides are reset; the server sees nothing of it
RESET_AFTER    at the first byte of the n-th response both sides are reset; the client sees nothing of it
TRUNCATE       the n-th request is kept until it is complete; half of it goes to the server, then both sides are closed.
               If the client leaves before it is complete, nothing of it goes
SLOW           the n-th request passes at ``bytes_per_s``
HOLD           the n-th request and all behind it are kept until ``release``; they still go if the client has left
=============  ======================================================================================================

Healed: by an order for no connection other than REFUSE and SWALLOW, which also opens the port again. Idle is a
connection on which nobody waits: no half message, no request without its last response, no unfinished association set-up
or release.
An MLLP message that asks for no answer (MSH-15 NE) leaves its connection busy.

A connection, seen from the relay

==========  ==========================  =========================================================
state       input                       next
==========  ==========================  =========================================================
dialling    server accepts              open
dialling    server refuses              gone, client reset
open        bytes                       open, per direction: passed, kept (HOLD, TRUNCATE), or a reset (gone)
open        one side ends               open, its bytes are flushed, then the end is passed on
open        one side is lost            as if it had ended; what is meant for it is dropped
open        both directions finished    gone
any         close of the relay          gone
==========  ==========================  =========================================================
"""

import contextlib
import errno
import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType

from emulators.core.errors import LocalProtocolError
from emulators.core.fault import FaultKind
from emulators.wire.message_boundaries import Direction, Framing, Piece, Splitter, splitter

_READ_BYTES = 256 * 1024
_QUEUE_LIMIT_BYTES = 1024 * 1024  # stop reading when the other side does not take more than this
_SLOW_SLICE_S = 0.02  # a slow line sends so much of a second's bytes at a time
_BACKLOG = 128
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close sends RST


@dataclass(frozen=True, slots=True)
class Order:
    """What to do to one message of a connection (its client's port), of the next connection (None), or to the link."""

    kind: FaultKind
    connection: int | None = None
    message: int = 1
    bytes_per_s: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """Bytes as they came in, before any order; ``connection`` is the client's port."""

    monotonic_s: float
    connection: int
    direction: Direction
    data: bytes


Recorder = Callable[[Record], None]

OnDial = Callable[[int, int], None]
"""Called with the port that the server will see, and the client's port that it stands for."""


class _Flow:
    """One direction of a connection: what was read from ``source`` and goes to ``target``."""

    def __init__(
        self,
        connection: "_Connection",
        direction: Direction,
        source: socket.socket,
        target: socket.socket,
        splitter: Splitter,
    ) -> None:
        self.connection = connection
        self.direction = direction
        self.source = source
        self.target = target
        self.splitter = splitter
        self.begun = 0  # messages
        self.orders: dict[int, Order] = {}  # by number of the message
        self.queue: deque[tuple[memoryview, int]] = deque()  # bytes to send, bytes_per_s or 0
        self.queued_bytes = 0
        self.bytes_per_s = 0  # of the message being read
        self.next_send_s = 0.0  # when a slow line may send again
        self.held: list[tuple[bytes, int]] | None = None  # HOLD
        self.truncated: list[bytes] | None = None  # TRUNCATE
        self.ended = False  # source has ended
        self.finished = False  # nothing more will be sent

    def push(self, data: bytes, bytes_per_s: int = 0) -> None:
        if self.held is not None:
            self.held.append((data, bytes_per_s))
        elif data and not self.finished:
            self.queue.append((memoryview(data), bytes_per_s))
            self.queued_bytes += len(data)

    def drop(self) -> None:
        self.queue.clear()
        self.queued_bytes = 0
        self.held = None
        self.finished = True


class _Connection:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, port: int, client: socket.socket, server: socket.socket, framing: Framing) -> None:
        self.port = port
        self.client = client
        self.server = server
        self.dialling = True
        self.gone = False
        request, response = Direction.REQUEST, Direction.RESPONSE
        self.request = _Flow(self, request, client, server, splitter(framing, request))
        self.response = _Flow(self, response, server, client, splitter(framing, response))
        self.flows = (self.request, self.response)

    def obey(self, order: Order) -> None:
        """Take an order for a message; the number counts from what has begun."""
        if order.kind in (FaultKind.PASS, FaultKind.DELAY):
            for flow in self.flows:
                flow.orders.clear()
            return
        flow = self.response if order.kind is FaultKind.RESET_AFTER else self.request
        flow.orders[flow.begun + order.message] = order

    @property
    def idle(self) -> bool:
        waiting = sum(flow.splitter.waiting for flow in self.flows)
        return waiting <= 0 and not any(flow.splitter.inside or flow.queue or flow.held for flow in self.flows)


class Relay:
    """Relays 127.0.0.1:``port`` to ``upstream`` until closed. One thread; all methods may be called from another.

    ``recorder`` is called in the relay's thread for all bytes that come in, ``on_dial`` before the server is dialled; neither
    may call the relay. ``port`` is where to listen, 0 for any free one. Raises OSError if the port is not free.
    """

    def __init__(
        self,
        upstream: tuple[str, int],
        framing: Framing,
        recorder: Recorder | None = None,
        on_dial: OnDial | None = None,
        port: int = 0,
    ) -> None:
        self._reserved = _bound_socket(port)  # keeps the port ours while nothing listens
        self._upstream = upstream
        self._framing = framing
        self._recorder = recorder
        self._selector = selectors.DefaultSelector()
        self.port: int = self._reserved.getsockname()[1]
        self._listener: socket.socket | None = None
        self._filler: socket.socket | None = None  # fills the queue of the listener under SWALLOW
        self._connections: dict[int, _Connection] = {}  # by port of the client
        self._on_dial = on_dial
        self._orders_for_next: deque[Order] = deque()
        self._orders_for_port: dict[int, list[Order]] = {}
        self._slow: set[_Flow] = set()  # flows that wait for their next slice
        self._commands: deque[tuple[Callable[[], None], Future[None]]] = deque()
        self._closing = False
        self._waker, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._on_woken)
        self._lock = threading.Lock()  # of _commands and _closing
        self._listen()
        self._thread = threading.Thread(target=self._run, name=f"radloop-relay-{self.port}", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Relay":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    @property
    def address(self) -> tuple[str, int]:
        """Where the client connects."""
        return ("127.0.0.1", self.port)

    def order(self, order: Order) -> None:
        """Put an order in force before returning. One for a port that is not connected waits for the next connection from it.

        LocalProtocolError: the relay is closed, or the order makes no sense.
        """
        if order.message < 1 or order.bytes_per_s < 0:
            raise LocalProtocolError("relay order: message counts from 1, bytes_per_s from 0")
        self._call(lambda: self._obey(order))

    def release(self, connection: int | None = None) -> None:
        """Let go what HOLD keeps, of one connection or of all; what it was to keep and has not come yet passes.

        LocalProtocolError: the relay is closed.
        """
        self._call(lambda: self._release(connection))

    def close(self) -> None:
        """Close all connections and the port, and wait for the thread to end. May be called twice."""
        with self._lock:
            closing, self._closing = self._closing, True
            if not closing:
                self._waker.send(b"\0")
        self._thread.join()

    def _call(self, action: Callable[[], None]) -> None:
        done: Future[None] = Future()
        with self._lock:
            if self._closing:
                raise LocalProtocolError("relay is closed")
            self._commands.append((action, done))
            self._waker.send(b"\0")
        done.result()

    # All below runs in the relay's thread.

    def _run(self) -> None:
        try:
            while not self._closing:
                for key, mask in self._selector.select(self._next_slice_in_s()):
                    key.data(mask)
                self._send_slices()
        finally:
            self._shut_down()

    def _shut_down(self) -> None:
        with self._lock:
            self._closing = True
            for _, done in self._commands:
                done.set_exception(LocalProtocolError("relay is closed"))
            self._commands.clear()
        for connection in list(self._connections.values()):
            self._close(connection)
        self._stop_listening()
        self._selector.close()
        for own in (self._reserved, self._waker, self._woken):
            own.close()

    def _on_woken(self, mask: int) -> None:
        self._woken.recv(4096)
        while self._commands:
            action, done = self._commands.popleft()
            try:
                action()
            except Exception as error:
                done.set_exception(error)
            else:
                done.set_result(None)

    # Orders.

    def _obey(self, order: Order) -> None:
        if not self._filler:
            self._accept_all()  # a client that has connected is a connection, even if we did not look yet
        if order.kind in (FaultKind.REFUSE, FaultKind.SWALLOW):
            self._block(order.kind)
        elif order.connection is None:
            self._listen()
            if order.kind not in (FaultKind.PASS, FaultKind.DELAY):
                self._orders_for_next.append(order)
        elif order.connection in self._connections:
            self._connections[order.connection].obey(order)
        else:
            self._orders_for_port.setdefault(order.connection, []).append(order)

    def _block(self, kind: FaultKind) -> None:
        for connection in [one for one in self._connections.values() if one.idle]:
            self._close(connection)
        self._stop_listening()
        if kind is FaultKind.SWALLOW:
            self._listener = _bound_socket(self.port)
            self._listener.listen(0)
            self._filler = socket.socket()
            self._filler.setblocking(False)
            self._filler.connect_ex(self.address)  # the one connection that a queue of length 0 takes

    def _release(self, port: int | None) -> None:
        for waiting in self._orders_for_port.values() if port is None else (self._orders_for_port.get(port, []),):
            waiting[:] = [order for order in waiting if order.kind is not FaultKind.HOLD]
        for connection in list(self._connections.values()):
            flow = connection.request
            if port not in (None, connection.port):
                continue
            flow.orders = {number: order for number, order in flow.orders.items() if order.kind is not FaultKind.HOLD}
            if flow.held is not None:
                held, flow.held = flow.held, None
                for data, bytes_per_s in held:
                    flow.push(data, bytes_per_s)
                self._send(flow)

    # The listening port.

    def _listen(self) -> None:
        """Open the port, unless it is open."""
        if self._listener and not self._filler:
            return
        self._stop_listening()
        self._listener = _bound_socket(self.port)
        self._listener.listen(_BACKLOG)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, lambda mask: self._accept_all())

    def _stop_listening(self) -> None:
        if self._listener:
            if not self._filler:
                self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
        if self._filler:
            self._filler.close()
            self._filler = None

    def _accept_all(self) -> None:
        while self._listener:
            try:
                client, (_, port) = self._listener.accept()
            except OSError:  # none there, or it has left already
                return
            self._accept(client, port)

    def _accept(self, client: socket.socket, port: int) -> None:
        try:
            server = socket.socket()
        except OSError:  # no descriptor is free: it costs this connection
            client.close()
            return
        for one in (client, server):
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.bind(("", 0))  # before dialling, so that the server finds the origin
        if self._on_dial:
            self._on_dial(server.getsockname()[1], port)
        if port in self._connections:  # the port is used again, the old client is long gone
            self._close(self._connections[port])
        connection = _Connection(port, client, server, self._framing)
        self._connections[port] = connection
        orders = self._orders_for_port.pop(port, [])
        if not orders and self._orders_for_next:
            orders = [self._orders_for_next.popleft()]
        for order in orders:
            connection.obey(order)
        if server.connect_ex(self._upstream) in (0, errno.EINPROGRESS):
            self._watch(connection)
        else:
            self._reset(connection)

    # Bytes.

    def _watch(self, connection: _Connection) -> None:
        """Tell the selector what both sockets wait for now."""
        if connection.gone:
            return
        request, response = connection.flows
        for own, reads, writes in ((connection.client, request, response), (connection.server, response, request)):
            mask = 0
            if not reads.ended and reads.queued_bytes < _QUEUE_LIMIT_BYTES and not connection.dialling:
                mask |= selectors.EVENT_READ
            if writes.queue and writes not in self._slow:
                mask |= selectors.EVENT_WRITE
            if connection.dialling:
                mask = selectors.EVENT_WRITE if own is connection.server else 0
            self._select(own, mask, connection)

    def _select(self, own: socket.socket, mask: int, connection: _Connection) -> None:
        key = self._selector.get_map().get(own)
        if key is None and mask:
            self._selector.register(own, mask, lambda ready: self._on_ready(connection, own, ready))
        elif key is not None and not mask:
            self._selector.unregister(own)
        elif key is not None and key.events != mask:
            self._selector.modify(own, mask, key.data)

    def _on_ready(self, connection: _Connection, own: socket.socket, mask: int) -> None:
        if connection.gone:  # earlier in the same round
            return
        if connection.dialling:
            if own.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._reset(connection)
                return
            connection.dialling = False
        if mask & selectors.EVENT_READ:
            self._read(connection.request if own is connection.client else connection.response)
        if mask & selectors.EVENT_WRITE and not connection.gone:
            self._send(connection.response if own is connection.client else connection.request)
        self._watch(connection)

    def _read(self, flow: _Flow) -> None:
        connection = flow.connection
        try:
            data = flow.source.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._lose(connection, flow.source)
            return
        if not data:
            self._end(flow)
            return
        if self._recorder:
            self._recorder(Record(time.monotonic(), connection.port, flow.direction, data))
        if flow.finished:
            return
        passing: list[bytes] = []
        for piece in flow.splitter.split(data):
            if piece.begins:
                flow.begun += 1
                order = flow.orders.pop(flow.begun, None)
                if order is not None:
                    flow.push(b"".join(passing))
                    passing.clear()
                    if not self._carry_out(order, flow):
                        return
            if not self._divert(piece, flow):
                passing.append(piece.data)
            if flow.ended:  # cut short
                break
        flow.push(b"".join(passing))
        self._send(flow)

    def _carry_out(self, order: Order, flow: _Flow) -> bool:
        """Start what the order says for the message that begins; return whether the connection lives on."""
        match order.kind:
            case FaultKind.RESET_BEFORE | FaultKind.RESET_AFTER:
                self._send(flow)  # what came before is not part of the fault
                self._reset(flow.connection)
                return False
            case FaultKind.TRUNCATE:
                flow.truncated = []
            case FaultKind.HOLD:
                if flow.held is None:
                    flow.held = []
            case FaultKind.SLOW:
                flow.bytes_per_s = order.bytes_per_s
        return True

    def _divert(self, piece: Piece, flow: _Flow) -> bool:
        """Keep a piece of a truncated message, queue one of a slow message; False if it is neither."""
        if flow.truncated is not None:
            flow.truncated.append(piece.data)
            if piece.ends:
                self._truncate(flow)
            return True
        if flow.bytes_per_s:
            flow.push(piece.data, flow.bytes_per_s)
            if piece.ends:
                flow.bytes_per_s = 0
            return True
        return False

    def _truncate(self, flow: _Flow) -> None:
        """Send half of the message that was kept, then close."""
        message = b"".join(flow.truncated or ())
        flow.truncated = None
        flow.push(message[: len(message) // 2])
        flow.ended = True
        flow.connection.response.ended = True
        flow.connection.response.drop()

    def _send(self, flow: _Flow) -> None:
        """Send what the target takes now; when all is sent and the source has ended, pass the end on."""
        if flow.finished or flow.connection.dialling:
            return
        try:
            while flow.queue and self._send_first(flow):
                pass
        except BlockingIOError:
            pass
        except OSError:
            self._lose(flow.connection, flow.target)
            return
        if flow.ended and not flow.queue and flow.held is None:
            self._finish(flow)
        self._watch(flow.connection)

    def _send_first(self, flow: _Flow) -> bool:
        """Send of the first bytes in the queue; False if a slow line has to wait."""
        data, bytes_per_s = flow.queue[0]
        if bytes_per_s:
            now_s = time.monotonic()
            if now_s < flow.next_send_s:
                self._slow.add(flow)
                return False
            sent = flow.target.send(data[: max(1, int(bytes_per_s * _SLOW_SLICE_S))])
            flow.next_send_s = now_s + sent / bytes_per_s
        else:
            sent = flow.target.send(data)
        flow.queued_bytes -= sent
        if sent == len(data):
            flow.queue.popleft()
        else:
            flow.queue[0] = (data[sent:], bytes_per_s)
        return True

    def _next_slice_in_s(self) -> float | None:
        if not self._slow:
            return None
        return max(0.0, min(flow.next_send_s for flow in self._slow) - time.monotonic())

    def _send_slices(self) -> None:
        now_s = time.monotonic()
        for flow in [one for one in self._slow if one.next_send_s <= now_s]:
            self._slow.discard(flow)
            self._send(flow)

    # Ends.

    def _end(self, flow: _Flow) -> None:
        """The source has sent its last byte."""
        flow.ended = True
        if flow.truncated is None:
            flow.push(flow.splitter.rest())
        self._send(flow)

    def _finish(self, flow: _Flow) -> None:
        flow.finished = True
        if all(one.finished for one in flow.connection.flows):
            self._close(flow.connection)
            return
        with contextlib.suppress(OSError):  # lost; noticed by who reads from it
            flow.target.shutdown(socket.SHUT_WR)

    def _lose(self, connection: _Connection, lost: socket.socket) -> None:
        """One side is not there any more: what it sent still goes to the other, what is meant for it is dropped."""
        from_lost, to_lost = connection.flows if lost is connection.client else reversed(connection.flows)
        to_lost.drop()
        if from_lost.finished:
            self._close(connection)
        else:
            self._end(from_lost)

    def _reset(self, connection: _Connection) -> None:
        for own in (connection.client, connection.server):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._close(connection)

    def _close(self, connection: _Connection) -> None:
        connection.gone = True
        for flow in connection.flows:
            flow.drop()
            self._slow.discard(flow)
        for own in (connection.client, connection.server):
            self._select(own, 0, connection)
            own.close()
        if self._connections.get(connection.port) is connection:
            del self._connections[connection.port]


def _bound_socket(port: int) -> socket.socket:
    """Bound to 127.0.0.1; several may be, as long as one of them listens (SO_REUSEADDR)."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError:
        bound.close()
        raise
    return bound
