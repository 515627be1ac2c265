"""What the tester's listening systems have in common: a port that can be closed, a thread for each connection, and waiting."""

import contextlib
import socket
import threading
import traceback
from collections.abc import Callable
from typing import Any, ClassVar

from conformance.peers.stream import Stream
from conformance.taps import Protocol, Taps
from conformance.verdict import Failure, Silence

IDLE_LIMIT_S = 600.0
"""How long an idle connection of the product is kept."""


class Listening:
    """One of the tester's systems on a port of its own. Close it.

    ``case`` names the trial that connections and what comes on them belong to. ``fault`` is what went wrong in the tester while
    it answered in this trial, empty when nothing did.
    """

    protocol: ClassVar[Protocol]

    def __init__(self, name: str, address: tuple[str, int], taps: Taps) -> None:
        self.name = name
        self.address = address
        self.case = ""
        self.fault = ""
        self._taps = taps
        self._changed = threading.Condition()
        self._attempts = 0
        self._open: set[Stream] = set()
        self._listener: socket.socket | None = None
        self.listen()

    def talk(self, stream: Stream, case: str) -> None:
        """All that is said on a connection, to its end. What it raises of the product's is in the record."""
        raise NotImplementedError

    def forget(self) -> None:
        """What came in the last trial, and how a case had it answered."""
        raise NotImplementedError

    # --- for the cases

    def reset(self, case: str) -> None:
        """For the next trial: forget, behave well, listen again."""
        with self._changed:
            self.case = case
            self.fault = ""
            self._attempts = 0
            self.forget()
        self.listen()

    @property
    def attempts(self) -> int:
        """How many connections came in this trial."""
        with self._changed:
            return self._attempts

    def wait(self, found: Callable[[], list[Any]], what: str, limit_s: float, count: int) -> list[Any]:
        """The first ``count`` of what is found, as soon as they are there; ``what`` says so in words. Raises Silence."""
        with self._changed:
            if self._changed.wait_for(lambda: len(found()) >= count, limit_s):
                return found()[:count]
            raise Silence(f"{what} at {self.name}", f"{len(found())} of {count} within {limit_s:g} s")

    # --- the port

    def listen(self) -> None:
        """Open the port, unless it is open. Raises OSError."""
        if self._listener is None:
            self._listener = socket.create_server(self.address, backlog=64)
            threading.Thread(target=self._accept, args=(self._listener,), name=f"tester-{self.name}", daemon=True).start()

    def stop_listening(self, *, end_connections: bool = True) -> None:
        """Close the port, as in an outage: connecting is refused."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        if end_connections:
            self.end_connections()

    def end_connections(self) -> None:
        """Reset what is open."""
        with self._changed:
            streams = list(self._open)
        for stream in streams:
            stream.reset()

    def close(self) -> None:
        self.stop_listening()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, peer = listener.accept()
            except OSError:
                return
            with self._changed:
                self._attempts += 1
                self._changed.notify_all()
            tap = self._taps.open(self.case, self.protocol, "product", self.name, f"{peer[0]}:{peer[1]}")
            stream = Stream(connection, tap, IDLE_LIMIT_S)
            threading.Thread(target=self._talk, args=(stream,), name=f"tester-{self.name}-talk", daemon=True).start()

    def _talk(self, stream: Stream) -> None:
        with self._changed:
            self._open.add(stream)
        try:
            self.talk(stream, self.case)
        except (Failure, OSError):
            pass  # the product's fault is in the record; a case judges what it needs
        except Exception:
            self.fault = self.fault or traceback.format_exc(limit=-4).strip()
        finally:
            stream.close()
            with self._changed:
                self._open.discard(stream)
