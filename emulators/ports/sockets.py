"""What the socket ports share: listening on loopback, a thread per connection, and whose connection an accepted one is.

A sending connection is bound before it connects and registers its port; an accepted connection finds its sender by the
peer's port, through the relay's if there is one. So two ends that are both ours know of each other, whatever the bytes say.
"""

import contextlib
import logging
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

LOOPBACK = "127.0.0.1"

Address = tuple[str, int]

ACCEPT_AGAIN_S = 0.25
"""How long a listener waits when the system gives it no connection: no descriptor is free, say."""


class Origins:
    """Port that an accepted connection comes from, to the sender's own object for it. Used from many threads; dict is atomic.

    The newest registration of a port wins: a port in use belongs to the connection that took it last. A registration is for one
    connection: who accepts it takes it away, and so does its sender at its end, where the port may go to a stranger.
    """

    def __init__(self) -> None:
        self._senders: dict[int, Any] = {}

    def register(self, port: int, sender: Any) -> None:
        """A sending connection has bound ``port`` and will connect from it."""
        self._senders[port] = sender

    def relayed(self, port: int, client_port: int) -> None:
        """A relay dials from ``port`` for the connection from ``client_port``."""
        self._senders[port] = self._senders.pop(client_port, None)

    def sender_of(self, port: int) -> Any:
        """The sender whose connection, just accepted, comes from ``port``; None for a stranger."""
        return self._senders.pop(port, None)

    def forget(self, port: int) -> None:
        """The sending connection that bound ``port`` has ended."""
        self._senders.pop(port, None)


@contextlib.contextmanager
def named_address(key: str, address: Address) -> Iterator[None]:
    """An address that cannot be listened on is named, with the key that it comes from, in the OSError."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise OSError(error.errno, reason, f"{key}: {address[0]}:{address[1]}") from None


class Listener:
    """Accepts on ``address`` (port 0: any free one) and serves each connection in a thread of its own until closed.

    What ``serve`` raises, a fault of ours, goes to ``failed`` and ends that connection only. What the system refuses, such as
    a descriptor or a thread, goes there too and costs at most a connection: the listener goes on.
    """

    def __init__(
        self,
        name: str,
        serve: Callable[[socket.socket, Address], None],
        failed: Callable[[Exception], None],
        address: Address = (LOOPBACK, 0),
    ) -> None:
        self._name = name
        self._serve = serve
        self._failed = failed
        self._socket = socket.create_server(address, backlog=128)
        self.address: Address = self._socket.getsockname()[:2]
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._accept, name=f"radloop-listen-{name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, close every connection and wait for the threads."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        with self._lock:
            connections = list(self._open.items())
        for connection, _ in connections:
            hang_up(connection)
        for _, thread in connections:
            thread.join()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                connection, peer = self._socket.accept()
            except OSError as error:
                if not self._closed.is_set():
                    self._failed(error)
                    self._closed.wait(ACCEPT_AGAIN_S)
                continue
            try:
                self._start(connection, peer)
            except (OSError, RuntimeError) as error:  # it has left already, or there is no room for a thread
                self._forget(connection)
                self._failed(error)

    def _start(self, connection: socket.socket, peer: Address) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(
            target=self._run, args=(connection, peer), name=f"radloop-{self._name}-{peer[1]}", daemon=True
        )
        with self._lock:
            self._open[connection] = thread
        thread.start()

    def _run(self, connection: socket.socket, peer: Address) -> None:
        try:
            self._serve(connection, peer)
        except Exception as error:
            self._failed(error)
        finally:
            self._forget(connection)

    def _forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.pop(connection, None)
        connection.close()


def log_failure(error: Exception) -> None:
    """For a server that must stay up: one line, without what was being handled."""
    logging.getLogger("radloop").error("a connection was closed: %s", type(error).__name__)


def log_ended(system: str, what: str, reason: str) -> None:
    """For a server that must stay up: one line on what a peer has made impossible, without content."""
    logging.getLogger("radloop").warning("%s: %s has ended: %s", system, what, reason)


def bound_socket(host: str = LOOPBACK) -> socket.socket:
    """A client socket that knows its local port before it connects to ``host``."""
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.bind((LOOPBACK if host == LOOPBACK else "", 0))
    return client


def hang_up(connection: socket.socket) -> None:
    """End a connection that another thread may be blocked in: that thread sees the end."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def allow_many_connections() -> None:
    """Let the process open as many descriptors as its hard limit: messages that are held keep their connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
