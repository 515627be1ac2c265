"""A proxy that makes a good product a bad one: everything passes through it, and a mutant changes it in one way.

It stands on every connection between the tester and the product, whoever opened it. ``to_product`` says which way something
goes.
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from conformance.case import Role
from emulators.core.errors import RemoteProtocolError
from emulators.wire.dimse import Command, MessageAssembler, encode_command
from emulators.wire.fragmentation import fragment
from emulators.wire.mllp import Deframer, Frame, frame
from emulators.wire.pdu import ASSOCIATE_AC, P_DATA_TF, AssociateAccept, DataTransfer, decode

Message = tuple[Command, bytes | None]
"""A DIMSE message: its command set and the bytes of its data set."""

FRAGMENT_BYTES = 4096  # below what any case announces, so that a changed message stays legal


@dataclass(slots=True)
class Link:
    """One connection through the proxy. A mutant may keep what it needs in ``notes``."""

    product: socket.socket
    tester: socket.socket
    opened_by_product: bool
    contexts: dict[int, str] = field(default_factory=dict)  # id to transfer syntax
    notes: dict[str, object] = field(default_factory=dict)

    def to_product(self, data: bytes) -> None:
        self.product.sendall(data)

    def to_tester(self, data: bytes) -> None:
        self.tester.sendall(data)

    def close(self) -> None:
        """Both sides."""
        for end in (self.product, self.tester):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def send_message(self, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> None:
        parts = None if dataset is None else [dataset]
        data = b"".join(map(bytes, fragment(context_id, encode_command(command), parts, FRAGMENT_BYTES)))
        (self.to_product if to_product else self.to_tester)(data)


class Mutant:
    """Broken in one way; what is not overridden passes unchanged. None swallows what came.

    ``quirks`` are those of the emulator behind it (emulators/quirks), ``site`` more lines of its [site] section. ``role``:
    whose place it takes; left out, that of the first role in which the good emulator passes. ``variant``: of the case, the one
    that catches it; left out, the first that does.
    """

    role: Role | None = None
    variant: str = ""
    quirks: tuple[str, ...] = ()
    site: str = ""

    def reset(self) -> None:
        """Before a case."""

    def opened(self, link: Link) -> None:
        """A connection was made."""

    def data(self, link: Link, to_product: bool, data: bytes) -> bytes | None:
        """Bytes, as TCP brings them. Overridden, nothing below is called."""
        return data

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes | None:
        """A whole PDU: what goes on instead, header included."""
        return framed(pdu_type, body)

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        """A whole DIMSE message."""
        return command, dataset

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        """A framed HL7 payload."""
        return payload

    def closed(self, link: Link, by_product: bool) -> bool:
        """One side has ended; whether the other is told."""
        return True


@dataclass(frozen=True)
class Quirk(Mutant):
    """A good proxy before an emulator with quirks."""

    quirks: tuple[str, ...] = ()
    site: str = ""
    role: Role | None = None
    variant: str = ""


def framed(pdu_type: int, body: bytes) -> bytes:
    return struct.pack(">BxI", pdu_type, len(body)) + body


def changed(command: Command, **elements: int | str | tuple[int, ...] | None) -> Command:
    """A command set with other values; None removes an element."""
    values = {**command.elements, **elements}
    return Command({keyword: value for keyword, value in values.items() if value is not None})


def _overrides(mutant: Mutant, method: str) -> bool:
    return getattr(type(mutant), method) is not getattr(Mutant, method)


class Mangler:
    """Listens on ``port`` of 127.0.0.1 and relays to ``upstream``. ``mutant`` gives the mutant of the moment."""

    def __init__(
        self, port: int, upstream: tuple[str, int], protocol: str, product_is_upstream: bool, mutant: Callable[[], Mutant]
    ) -> None:
        self._upstream = upstream
        self._protocol = protocol
        self._product_is_upstream = product_is_upstream
        self._mutant = mutant
        self._open: list[Link] = []
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True, name=f"mangler-{self.port}").start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in tuple(self._open):  # each takes itself out as it ends
            link.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), daemon=True, name=f"mangler-{self.port}-relay").start()

    def _relay(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._upstream, timeout=10)
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        product, tester = (server, client) if self._product_is_upstream else (client, server)
        link, mutant = Link(product, tester, not self._product_is_upstream), self._mutant()
        self._open.append(link)
        with contextlib.suppress(OSError):
            mutant.opened(link)
        ways = [threading.Thread(target=self._one_way, args=(link, mutant, way), daemon=True) for way in (True, False)]
        for thread in ways:
            thread.start()
        for thread in ways:
            thread.join()
        self._open.remove(link)
        product.close()
        tester.close()

    def _one_way(self, link: Link, mutant: Mutant, to_product: bool) -> None:
        source, target = (link.tester, link.product) if to_product else (link.product, link.tester)
        way = _Way(link, mutant, to_product, self._protocol)
        was_reset = False
        while True:
            try:
                data = source.recv(1 << 18)
            except OSError:
                was_reset = True
                break
            if not data:
                break
            try:
                target.sendall(b"".join(way.passed(data)))
            except OSError:
                break
        if not mutant.closed(link, by_product=not to_product):
            return
        with contextlib.suppress(OSError):
            if was_reset:
                target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                target.shutdown(socket.SHUT_RDWR)
            else:
                target.shutdown(socket.SHUT_WR)


class _Way:
    """One direction of a connection."""

    def __init__(self, link: Link, mutant: Mutant, to_product: bool, protocol: str) -> None:
        self._link = link
        self._mutant = mutant
        self._to_product = to_product
        self._protocol = protocol
        self._buffer = bytearray()
        self._deframer = Deframer()
        self._assembler = MessageAssembler()

    def passed(self, data: bytes) -> list[bytes]:
        """What goes on for what came."""
        if _overrides(self._mutant, "data"):
            return _some(self._mutant.data(self._link, self._to_product, data))
        if self._protocol == "mllp":
            return self._frames(data) if _overrides(self._mutant, "hl7") else [data]
        if _overrides(self._mutant, "pdu") or _overrides(self._mutant, "message"):
            return self._pdus(data)
        return [data]

    def _frames(self, data: bytes) -> list[bytes]:
        out: list[bytes] = []
        for event in self._deframer.receive(data):
            if isinstance(event, Frame):
                out += map(frame, _some(self._mutant.hl7(self._link, self._to_product, event.payload)))
        return out

    def _pdus(self, data: bytes) -> list[bytes]:
        self._buffer += data
        out: list[bytes] = []
        while len(self._buffer) >= 6:
            pdu_type, length = struct.unpack_from(">BxI", self._buffer)
            if len(self._buffer) < 6 + length:
                break
            body = bytes(self._buffer[6 : 6 + length])
            del self._buffer[: 6 + length]
            out += self._pdu(pdu_type, body)
        return out

    def _pdu(self, pdu_type: int, body: bytes) -> list[bytes]:
        if pdu_type == ASSOCIATE_AC:
            accept = decode(pdu_type, memoryview(body))
            assert isinstance(accept, AssociateAccept)
            self._link.contexts |= {one.context_id: one.transfer_syntax for one in accept.contexts if one.result == 0}
        if pdu_type != P_DATA_TF or not _overrides(self._mutant, "message"):
            return _some(self._mutant.pdu(self._link, self._to_product, pdu_type, body))
        try:
            transfer = decode(pdu_type, memoryview(body))
            assert isinstance(transfer, DataTransfer)
            messages = [self._assembler.feed(value) for value in transfer.values]
        except RemoteProtocolError:
            return [framed(pdu_type, body)]
        for message in messages:
            if message is not None:
                dataset = None if message.dataset is None else bytes(message.dataset)
                passed = self._mutant.message(self._link, self._to_product, message.context_id, message.command, dataset)
                if passed is not None:
                    self._link.send_message(self._to_product, message.context_id, *passed)
        return []


def _some(data: bytes | None) -> list[bytes]:
    return [] if data is None else [data]
