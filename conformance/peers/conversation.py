"""DIMSE messages over a stream, on either side of an association."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydicom.dataset import Dataset

from conformance.material.data_sets import IMPLICIT, decode, encode
from conformance.peers.stream import ReceivedPdu, Stream
from conformance.verdict import Ended, Failure, Malformed
from emulators.core.errors import RemoteProtocolError
from emulators.wire.dimse import Command, Message, MessageAssembler, encode_command
from emulators.wire.fragmentation import fragment
from emulators.wire.pdu import Abort, DataTransfer, Pdu
from emulators.wire.status import status_meaning

P_DATA_TF = 4


class Aborted(Ended):
    """The product sent A-ABORT."""

    def __init__(self, expected: str, abort: Abort, proof: tuple[int, ...] = ()) -> None:
        super().__init__(expected, f"A-ABORT, source {abort.source}, reason {abort.reason}", proof)
        self.abort = abort


@dataclass(frozen=True, slots=True)
class Received:
    """A whole message from the product, and the transfer syntax of its context. ``calling``: of a message to our side."""

    command: Command
    data: bytes | None
    context_id: int
    transfer_syntax: str
    records: tuple[int, ...]
    calling: str = ""

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def status(self) -> int:
        return self.command.status

    @property
    def meaning(self) -> str:
        """The status in words."""
        return status_meaning(self.command.status)

    @property
    def dataset(self) -> Dataset:
        """The data set, read anew at each call; empty where there is none. Raises Malformed."""
        return decode(self.data, self.transfer_syntax) if self.data else Dataset()


class Conversation:
    """Sends and receives messages; ``contexts`` are the accepted ones: id to transfer syntax."""

    def __init__(self, stream: Stream, contexts: Mapping[int, str], max_pdu_length: int, calling: str = "") -> None:
        self.stream = stream
        self.contexts = contexts
        self.max_pdu_length = max_pdu_length  # of the product: what it announced, 0 for no limit
        self.calling = calling
        self._assembler = MessageAssembler()
        self._queue: list[tuple[Message, tuple[int, ...]]] = []
        self._records: list[int] = []

    def send(self, context_id: int, command: Command, dataset: Dataset | bytes | None = None) -> None:
        """Raises Ended where the product has closed."""
        self.stream.send(b"".join(self.pdus(context_id, command, dataset, self.max_pdu_length)))

    def pdus(self, context_id: int, command: Command, dataset: Dataset | bytes | None, pdu_length_max: int) -> list[bytes]:
        """A message as its P-DATA-TF PDUs, to be sent in parts; the first is that of the command."""
        data = self._encoded(context_id, dataset)
        parts = None if data is None else [data]
        joined = b"".join(map(bytes, fragment(context_id, encode_command(command), parts, pdu_length_max)))
        pdus = []
        while joined:
            end = 6 + int.from_bytes(joined[2:6], "big")
            pdus.append(joined[:end])
            joined = joined[end:]
        return pdus

    def _encoded(self, context_id: int, dataset: Dataset | bytes | None) -> bytes | None:
        if isinstance(dataset, Dataset):
            return encode(dataset, self.contexts.get(context_id, IMPLICIT))
        return dataset

    def receive(self, limit_s: float | None = None) -> Received:
        """The next message. Raises Silence, Aborted, Ended, Malformed, Failure (another PDU)."""
        while not self._queue:
            received = self.stream.receive_pdu(limit_s)
            self._records.extend(received.records)
            self._take(received)
        message, records = self._queue.pop(0)
        return self._received(message, records)

    def _take(self, received: ReceivedPdu) -> None:
        pdu = received.decoded()
        if isinstance(pdu, Abort):
            raise Aborted("a DIMSE message", pdu, received.records)
        if not isinstance(pdu, DataTransfer):
            self.unexpected(pdu, received)
            return
        for value in pdu.values:
            try:
                message = self._assembler.feed(value)
            except RemoteProtocolError as error:
                raise Malformed("a legal DIMSE message", str(error.args[0]), tuple(self._records)) from None
            if message is not None:
                self._queue.append((message, tuple(dict.fromkeys(self._records))))
                self._records = list(received.records)

    def unexpected(self, pdu: Pdu, received: ReceivedPdu) -> None:
        """A PDU that is no P-DATA-TF. Raises Failure."""
        raise Failure("a DIMSE message", received.name, received.records)

    def _received(self, message: Message, records: tuple[int, ...]) -> Received:
        data = None if message.dataset is None else bytes(message.dataset)
        syntax = self.contexts.get(message.context_id, IMPLICIT)
        return Received(message.command, data, message.context_id, syntax, records, self.calling)
