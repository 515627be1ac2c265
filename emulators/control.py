"""The control port of a served system: how a person, or a test, gives it the Stimulus that the world would give.

On loopback only. One JSON object a line in, one or more a line out, UTF-8:

=========================================================  ==========================================================
request                                                    answers
=========================================================  ==========================================================
``{"stimulate": name, "data": {...}}``                     ``{"given": name}``, then ``{"note": name, "subject": ...,
                                                           "fields": {...}}`` for every Note of the system, from the
                                                           stimulus on until the client says more, or leaves
``{"ask": "status"}``                                      ``{"system": ..., "open_sends": [...], ...}``
anything else, or a stimulus that the system cannot take   ``{"error": why}``
=========================================================  ==========================================================

Values in ``data`` are those of JSON, or a value of ``emulators.messages``: an object with its name under ``type`` (see
``store/typed_json``). A request reaches the system as one on a lane of its own, in the kernel's thread like any other.
"""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, ClassVar

import orjson

from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.ports.arrivals import Arrivals
from emulators.ports.foreign import open_exchange
from emulators.ports.replies import Awaited, Replies
from emulators.ports.sockets import LOOPBACK, Address, Listener, log_failure
from emulators.store import typed_json
from emulators.trace import Record

OPERATOR = "operator"
"""The sender of what comes through a control port."""

LINE_LIMIT_BYTES = 1 << 20
ANSWER_LIMIT_S = 30.0
LOOK_AGAIN_S = 0.1
"""How soon it is seen that a client has left."""

_NOT_FIELDS = ("at", "record", "system", "name", "subject")
"""What a record of a note holds beside the note's fields (emulators/trace.py)."""


@dataclass(frozen=True, slots=True)
class _ToHost:
    """What is for the host of a system, not for the system."""

    lane: ClassVar[str] = "control"
    nominal_bytes: ClassVar[int] = 100
    subject: ClassVar[str] = ""

    @property
    def identifiers(self) -> dict[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class Stimulate(_ToHost):
    """Give the system this Stimulus."""

    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AskStatus(_ToHost):
    """Say what the system has open."""


@dataclass(frozen=True, slots=True)
class Said:
    """The host's answer, as it goes to the client."""

    content: Mapping[str, Any]

    nominal_bytes: ClassVar[int] = 100
    summary: ClassVar[str] = ""


class NoteHub:
    """A subscriber of the trace that hands every Note to whoever listens."""

    kinds = ("note",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[SimpleQueue[Record | None]] = set()

    def __call__(self, record: Record) -> None:
        with self._lock:
            for listener in self._listeners:
                listener.put(record)

    @contextlib.contextmanager
    def listening(self) -> Iterator["SimpleQueue[Record | None]"]:
        """The notes from here on; None when there will be no more."""
        listener: SimpleQueue[Record | None] = SimpleQueue()
        with self._lock:
            self._listeners.add(listener)
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def close(self) -> None:
        with self._lock:
            for listener in self._listeners:
                listener.put(None)


class ControlServer:
    """Listens on ``port`` of loopback for the operators of ``system``."""

    def __init__(self, system: str, port: int, arrivals: Arrivals, notes: NoteHub) -> None:
        self._system = system
        self._arrivals = arrivals
        self._notes = notes
        self._replies = Replies()
        self._listener = Listener(f"control-{system}", self._serve, log_failure, (LOOPBACK, port))

    @property
    def address(self) -> Address:
        return self._listener.address

    def close(self) -> None:
        self._replies.close()
        self._notes.close()
        self._listener.close()

    def _serve(self, connection: socket.socket, _peer: Address) -> None:
        received = b""
        with contextlib.suppress(OSError):
            while len(received) <= LINE_LIMIT_BYTES and (data := connection.recv(65536)):
                *lines, received = (received + data).split(b"\n")
                for number, line in enumerate(lines, start=1):
                    self._answer(connection, line, is_last=number == len(lines) and not received)
            if received:
                _send(connection, {"error": "a line without an end"})

    def _answer(self, connection: socket.socket, line: bytes, is_last: bool) -> None:
        try:
            message = _request(line)
        except (RemoteProtocolError, LocalProtocolError) as error:
            _send(connection, {"error": str(error)})
            return
        with self._notes.listening() as notes:
            said = self._said(message)
            _send(connection, said)
            if isinstance(message, Stimulate) and "error" not in said and is_last:
                self._pass_on(connection, notes)

    def _said(self, message: _ToHost) -> Mapping[str, Any]:
        awaited = Awaited()
        open_exchange(self._arrivals, awaited, OPERATOR, self._system, message)
        said: Said | None = self._replies.wait_for(awaited)
        return {"error": "the system stops"} if said is None else said.content

    @staticmethod
    def _pass_on(connection: socket.socket, notes: "SimpleQueue[Record | None]") -> None:
        """Send notes until the client says more, or leaves, or the system stops."""
        moved = select.poll()
        moved.register(connection, select.POLLIN)
        while not moved.poll(0):
            try:
                note = notes.get(timeout=LOOK_AGAIN_S)
            except Empty:
                continue
            if note is None:
                return
            fields = {key: value for key, value in note.items() if key not in _NOT_FIELDS}
            _send(connection, {"note": note["name"], "subject": note["subject"], "fields": fields})


def _request(line: bytes) -> _ToHost:
    """Raises RemoteProtocolError, or LocalProtocolError for a value that is none of ``emulators.messages``."""
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise RemoteProtocolError("not a JSON object on one line") from None
    if content == {"ask": "status"}:
        return AskStatus()
    if not isinstance(content, dict) or content.keys() != {"stimulate", "data"}:
        raise RemoteProtocolError('neither {"stimulate": name, "data": {...}} nor {"ask": "status"}')
    if not isinstance(content["stimulate"], str) or not isinstance(content["data"], dict):
        raise RemoteProtocolError("stimulate: not text, or data: not an object")
    return Stimulate(content["stimulate"], typed_json.rebuilt(content["data"]))


def _send(connection: socket.socket, content: Mapping[str, Any]) -> None:
    connection.sendall(orjson.dumps(content, default=str, option=orjson.OPT_APPEND_NEWLINE))


class ControlClient:
    """The other end: an operator's. Use it as a context manager. Raises OSError where nobody listens."""

    def __init__(self, address: Address) -> None:
        self._connection = socket.create_connection(address, timeout=ANSWER_LIMIT_S)
        self._received = bytearray()

    def __enter__(self) -> "ControlClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def status(self) -> dict[str, Any]:
        """What the system has open."""
        return self._asked({"ask": "status"})

    def stimulate(self, name: str, data: Mapping[str, Any]) -> str:
        """Give a stimulus, whose data may hold values of ``emulators.messages``; why it was refused, empty if it was taken."""
        error: str = self._asked({"stimulate": name, "data": data}).get("error", "")
        return error

    def notes(self, wait_s: float) -> Iterator[dict[str, Any]]:
        """What the system notes in the next ``wait_s`` seconds, each when it comes."""
        end_s = time.monotonic() + wait_s
        while (left_s := end_s - time.monotonic()) > 0:
            self._connection.settimeout(left_s)
            try:
                yield self._next()
            except TimeoutError:
                return

    def _asked(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._connection.sendall(typed_json.dumps(request))
        return self._next()

    def _next(self) -> dict[str, Any]:
        """The next line. Raises TimeoutError, or ConnectionResetError when the system has stopped."""
        while b"\n" not in self._received:
            data = self._connection.recv(65536)
            if not data:
                raise ConnectionResetError("the system has stopped")
            self._received += data
        line, _, rest = self._received.partition(b"\n")
        self._received = rest
        content: dict[str, Any] = orjson.loads(line)
        return content
