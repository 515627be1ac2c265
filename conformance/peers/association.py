"""A scripted association requestor: it proposes what it is told, sends any byte at any moment, and shows what came.

::

    with trial.associate(VERIFICATION) as peer:
        answer = peer.echo()

Service calls (``echo``, ``store``, ``find``, ``move`` ...) send one request and give what came; they judge nothing but that
the answer is one to the request.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Self

from pydicom.dataset import Dataset

from conformance.material.data_sets import encode
from conformance.peers.conversation import P_DATA_TF, Aborted, Conversation, Received
from conformance.peers.stream import ReceivedPdu, Stream
from conformance.verdict import Failure, Inconclusive
from emulators.wire import commands
from emulators.wire.dimse import Command
from emulators.wire.negotiation import agreed_contexts
from emulators.wire.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    Pdu,
    ReleaseReply,
    ReleaseRequest,
)
from emulators.wire.pdu import (
    encode as encode_pdu,
)


@dataclass(frozen=True, slots=True)
class Found:
    """The answers to a C-FIND, the pending ones and the final one."""

    pending: tuple[Received, ...]
    final: Received

    @property
    def matches(self) -> list[Dataset]:
        """The identifiers of the pending responses."""
        return [one.dataset for one in self.pending]

    def values(self, keyword: str) -> list[str]:
        """One attribute of every match, as text; empty where it is absent."""
        return [str(match.get(keyword, "")) for match in self.matches]


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The answers to a C-MOVE or C-GET; ``stored`` are the C-STORE requests that came on the same association (C-GET)."""

    pending: tuple[Received, ...]
    final: Received
    stored: tuple[Received, ...] = ()


Answer = Callable[[Received], int]
"""What is said to a C-STORE sub-operation: its status."""


def request_association(stream: Stream, request: AssociateRequest | bytes) -> tuple[Pdu, ReceivedPdu]:
    """Send A-ASSOCIATE-RQ; what came, read and as it is. Raises Silence, Ended, Malformed."""
    stream.send(request if isinstance(request, bytes) else encode_pdu(request))
    received = stream.receive_pdu()
    return received.decoded(), received


class Association(Conversation):
    """An established association; a context manager that releases it, or closes the connection after a failure."""

    def __init__(
        self, stream: Stream, request: AssociateRequest, accept: AssociateAccept, accepted: ReceivedPdu, dimse_s: float
    ) -> None:
        self.request = request
        self.accept = accept
        self.accepted = accepted  # the A-ASSOCIATE-AC as it came
        self.agreed = agreed_contexts(request, accept)
        syntaxes = {one.context_id: one.transfer_syntax for one in self.agreed.values()}
        super().__init__(stream, syntaxes, accept.user_information.max_pdu_length)
        self.dimse_s = dimse_s
        self._message_id = 0
        self.is_open = True

    @classmethod
    def establish(cls, stream: Stream, request: AssociateRequest, dimse_s: float, sent: bytes | None = None) -> Self:
        """``sent``: the bytes of the request, where they are not what encoding it gives. Raises Failure where the product does
        not accept."""
        pdu, received = request_association(stream, request if sent is None else sent)
        if isinstance(pdu, AssociateReject):
            raise Failure("A-ASSOCIATE-AC", f"A-ASSOCIATE-RJ, {pdu.meaning}", received.records)
        if isinstance(pdu, Abort):
            raise Aborted("A-ASSOCIATE-AC", pdu, received.records)
        if not isinstance(pdu, AssociateAccept):
            raise Failure("A-ASSOCIATE-AC", received.name, received.records)
        return cls(stream, request, pdu, received, dimse_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            if kind is None and self.is_open:
                self.release()
        finally:
            self.stream.close()

    # --- the association itself

    def release(self) -> None:
        """Orderly, and close (AR-3). Raises Failure where no A-RELEASE-RP comes."""
        self.ask_for_release()
        self.stream.close()

    def ask_for_release(self) -> None:
        """As ``release``, but the connection stays open."""
        self.is_open = False
        self.stream.send(encode_pdu(ReleaseRequest()))
        received = self._after_release_request()
        if not isinstance(received.decoded(), ReleaseReply):
            raise Failure("A-RELEASE-RP", received.name, received.records)

    def _after_release_request(self) -> ReceivedPdu:
        """The next PDU that no request of the product's is in: such may cross A-RELEASE-RQ (PS3.8 Table 9-10, Sta7, AR-6)."""
        while (received := self.stream.receive_pdu()).pdu_type == P_DATA_TF:
            self._take(received)
            if any(message.command.is_response for message, _ in self._queue):
                break
        return received

    def abort(self, source: int = 0, reason: int = 0) -> None:
        """Send A-ABORT and close."""
        self.is_open = False
        self.stream.send(encode_pdu(Abort(source, reason)))
        self.stream.close()

    def reset(self) -> None:
        """End with RST."""
        self.is_open = False
        self.stream.reset()

    def give_up(self) -> None:
        """Close the connection without a word."""
        self.is_open = False
        self.stream.close()

    # --- contexts and messages

    def context(self, abstract_syntax: str) -> int:
        """The first accepted context for an abstract syntax. Raises Failure where the product accepted none."""
        for one in self.agreed.values():
            if one.abstract_syntax == abstract_syntax:
                return one.context_id
        results = {item.context_id: item.result for item in self.accept.contexts}
        asked = [context.context_id for context in self.request.contexts if context.abstract_syntax == abstract_syntax]
        said = ", ".join(f"result {results.get(one, 'missing')}" for one in asked) or "not proposed"
        raise Failure(f"a presentation context for {abstract_syntax} is accepted", said, self.stream.seen)

    def accepts(self, abstract_syntax: str) -> bool:
        return any(one.abstract_syntax == abstract_syntax for one in self.agreed.values())

    def next_message_id(self) -> int:
        self._message_id = self._message_id % 65535 + 1
        return self._message_id

    def request_of(self, context_id: int, command: Command, dataset: Dataset | bytes | None = None) -> Received:
        """Send a request and take its one answer. Raises Failure where it is none to this request."""
        self.send(context_id, command, dataset)
        return self.answer_to(command)

    def answer_to(self, command: Command, limit_s: float | None = None) -> Received:
        """The next answer to a request."""
        received = self.receive(self.dimse_s if limit_s is None else limit_s)
        answered = received.command
        if not answered.is_response or answered.message_id != command.message_id or answered.field & 0x7FFF != command.field:
            expected = f"an answer to {command.name} {command.message_id}"
            raise Failure(expected, f"{answered.name} {answered.message_id}", received.records)
        return received

    # --- services

    def echo(self, message_id: int | None = None) -> Received:
        command = commands.c_echo_rq(message_id or self.next_message_id())
        return self.request_of(self.context(command.sop_class_uid), command)

    def store(self, dataset: Dataset, *, context_id: int | None = None) -> Received:
        """C-STORE of a data set under its own SOP class and instance UID."""
        context_id = self.context(str(dataset.SOPClassUID)) if context_id is None else context_id
        command = commands.c_store_rq(self.next_message_id(), str(dataset.SOPClassUID), str(dataset.SOPInstanceUID))
        return self.request_of(context_id, command, dataset)

    def store_all(self, datasets: Sequence[Dataset]) -> None:
        """As preparation. Raises Inconclusive where one is not stored."""
        for dataset in datasets:
            answer = self.store(dataset)
            if answer.status != 0 and answer.status >> 12 != 0xB:
                raise Inconclusive(f"an image that the case needs was not stored: {answer.meaning}")

    def find(self, sop_class: str, identifier: Dataset, *, cancel_after: int | None = None) -> Found:
        """C-FIND, to its final answer; a C-CANCEL is sent after so many pending ones."""
        command = commands.c_find_rq(self.next_message_id(), sop_class)
        self.send(self.context(sop_class), command, identifier)
        *pending, final = self._until_final(command, cancel_after)
        return Found(tuple(pending), final)

    def _until_final(self, command: Command, cancel_after: int | None = None) -> Iterator[Received]:
        for number in count(1):
            received = self.answer_to(command)
            yield received
            if received.status not in (0xFF00, 0xFF01):
                return
            if number == cancel_after:
                self.cancel(command)

    def move(
        self,
        sop_class: str,
        identifier: Dataset,
        destination: str,
        *,
        meanwhile: Callable[[Command], None] = lambda _: None,
    ) -> Retrieved:
        """C-MOVE, to its final answer; ``meanwhile`` is called with the request when it has been sent."""
        command = commands.c_move_rq(self.next_message_id(), sop_class, destination)
        self.send(self.context(sop_class), command, identifier)
        meanwhile(command)
        *pending, final = self._until_final(command)
        return Retrieved(tuple(pending), final)

    def get(self, sop_class: str, identifier: Dataset, answer: Answer = lambda _: 0) -> Retrieved:
        """C-GET, to its final answer; every C-STORE that comes is answered by ``answer``."""
        command = commands.c_get_rq(self.next_message_id(), sop_class)
        self.send(self.context(sop_class), command, identifier)
        pending: list[Received] = []
        stored: list[Received] = []
        while True:
            received = self.receive(self.dimse_s)
            if received.name == "C-STORE-RQ":
                stored.append(received)
                self.send(received.context_id, commands.response(received.command, answer(received)))
            elif received.status in (0xFF00, 0xFF01):
                pending.append(received)
            else:
                return Retrieved(tuple(pending), received, tuple(stored))

    def cancel(self, command: Command) -> None:
        """C-CANCEL of a request."""
        self.send(self.context(command.sop_class_uid), commands.c_cancel_rq(command.message_id))

    def n_create(self, sop_class: str, sop_instance: str | None, attributes: Dataset | None) -> Received:
        has_dataset = attributes is not None
        command = commands.n_create_rq(self.next_message_id(), sop_class, sop_instance, has_dataset=has_dataset)
        return self.request_of(self.context(sop_class), command, attributes)

    def n_set(self, sop_class: str, sop_instance: str, changes: Dataset) -> Received:
        command = commands.n_set_rq(self.next_message_id(), sop_class, sop_instance)
        return self.request_of(self.context(sop_class), command, changes)

    def n_action(self, sop_class: str, sop_instance: str, action_type: int, information: Dataset | None) -> Received:
        has_dataset = information is not None
        command = commands.n_action_rq(self.next_message_id(), sop_class, sop_instance, action_type, has_dataset=has_dataset)
        return self.request_of(self.context(sop_class), command, information)

    def n_event_report(self, sop_class: str, sop_instance: str, event_type: int, information: Dataset | None) -> Received:
        has_dataset = information is not None
        command = commands.n_event_report_rq(
            self.next_message_id(), sop_class, sop_instance, event_type, has_dataset=has_dataset
        )
        return self.request_of(self.context(sop_class), command, information)

    def encoded(self, context_id: int, dataset: Dataset) -> bytes:
        """The bytes of a data set as this context has them."""
        return encode(dataset, self.contexts[context_id])
