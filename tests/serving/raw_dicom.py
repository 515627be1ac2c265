"""DICOM as bytes: an association whose next PDU may be anything."""

import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from emulators.codecs.dicom.uids import TRANSFER_SYNTAXES
from emulators.ports.sockets import Address
from emulators.wire.commands import VERIFICATION, c_echo_rq
from emulators.wire.dimse import Command, MessageAssembler, encode_command
from emulators.wire.fragmentation import fragment
from emulators.wire.negotiation import propose
from emulators.wire.pdu import (
    AssociateAccept,
    AssociateRequest,
    DataTransfer,
    Pdu,
    PduCutter,
    ReleaseReply,
    ReleaseRequest,
    decode,
    encode,
)

LIMIT_S = 10.0
FRAGMENT_LENGTH_MAX = 16_384
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class RawConnection:
    """A connection to a DICOM server. Whatever is sent on it, what comes back must be PDUs."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(address, timeout=LIMIT_S)
        self._cutter = PduCutter()
        self._assembler = MessageAssembler()
        self.accept: AssociateAccept | None = None

    def __enter__(self) -> "RawConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    # --- sending -------------------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # the server may have closed already
            self._socket.sendall(data)

    def send_message(self, command: Command, dataset: bytes | None = None, context_id: int = 1) -> None:
        """A message, well put into PDUs; its parts may be anything."""
        self.send(message(encode_command(command), dataset, context_id))

    def leave(self) -> None:
        """Send no more."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """End it with RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        self._socket.close()

    # --- receiving -----------------------------------------------------------------------------------------------------

    def next_pdu(self) -> Pdu | None:
        """The next PDU; None when the server has closed."""
        while (found := self._cutter.next_pdu()) is None:
            try:
                data = self._socket.recv(65_536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._cutter.feed(data)
        return decode(*found)

    def rest(self) -> list[Pdu]:
        """Every PDU until the server closes."""
        return list(iter(self.next_pdu, None))

    def response(self) -> Command:
        """The command of the next message. Fails where something else comes."""
        while True:
            pdu = self.next_pdu()
            assert isinstance(pdu, DataTransfer), pdu
            for value in pdu.values:
                found = self._assembler.feed(value)
                if found is not None:
                    return found.command

    # --- an association ------------------------------------------------------------------------------------------------

    def request(self, proposal: AssociateRequest) -> Pdu | None:
        """The answer to a request for an association."""
        self.send(encode(proposal))
        return self.next_pdu()

    def release(self) -> None:
        self.send(encode(ReleaseRequest()))
        assert isinstance(self.next_pdu(), ReleaseReply)


@contextmanager
def associated(address: Address, called: str, calling: str, *abstract_syntaxes: str) -> Iterator[RawConnection]:
    """An association with a context for each abstract syntax: 1, 3, 5 and on. How it ends is up to the test."""
    with RawConnection(address) as connection:
        accept = connection.request(proposal(called, calling, abstract_syntaxes))
        assert isinstance(accept, AssociateAccept)
        connection.accept = accept
        yield connection


def proposal(called: str, calling: str, abstract_syntaxes: Sequence[str] = (VERIFICATION,)) -> AssociateRequest:
    return propose(called, calling, [(uid, TRANSFER_SYNTAXES) for uid in abstract_syntaxes])


def message(command: bytes, dataset: bytes | None = None, context_id: int = 1) -> bytes:
    """A message as P-DATA-TF PDUs."""
    parts = None if dataset is None else [dataset]
    return b"".join(map(bytes, fragment(context_id, command, parts, FRAGMENT_LENGTH_MAX)))


def ask(connection: RawConnection, command: Command, dataset: bytes | None = None, context_id: int = 1) -> Command:
    """The first response to a request."""
    connection.send_message(command, dataset, context_id)
    return connection.response()


def echo(address: Address, called: str, calling: str) -> None:
    """C-ECHO on an association of its own, which must succeed."""
    with associated(address, called, calling, VERIFICATION) as connection:
        assert ask(connection, c_echo_rq(1)).status == 0x0000
        connection.release()
