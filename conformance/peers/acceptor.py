"""A tester's system that the product calls: it listens, answers as a good system does, and remembers every request.

A case that needs a bad system gives a ``Behaviour`` of its own for the length of its trial::

    class OutOfResources(Behaviour):
        def store(self, request: Received) -> int:
            return 0xA700

    trial.peer("pacs").dicom.behave(OutOfResources())
"""

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from pydicom.dataset import Dataset

from conformance.material.commitment_results import STORAGE_COMMITMENT, references, send_result
from conformance.peers.conversation import Conversation, Received
from conformance.peers.listening import IDLE_LIMIT_S, Listening
from conformance.peers.stream import ReceivedPdu, Stream
from conformance.taps import Taps
from conformance.verdict import Failure
from emulators.wire import commands
from emulators.wire.items import RoleSelection
from emulators.wire.negotiation import AcceptorPolicy, negotiate
from emulators.wire.pdu import AssociateAccept, AssociateReject, AssociateRequest, Pdu, ReleaseReply, ReleaseRequest, encode

Answers = Iterable[tuple[int, Dataset | bytes | None]]
"""Statuses, each with the data set that goes with it, or its bytes."""


class Behaviour:
    """A good system: accepts every context, but for ``refused_sop_classes``, in the first transfer syntax of
    ``transfer_syntaxes`` that is offered (or else the first offered), answers every request with success, and nothing to a
    query, and commits what it is asked to. Override what a case is about.
    """

    transfer_syntaxes: tuple[str, ...] = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
    max_pdu_length = 1 << 16
    refused_sop_classes: frozenset[str] = frozenset()

    def opened(self, stream: Stream) -> bool:
        """A connection came, before anything is read from it; False ends the talk there."""
        return True

    def associate(self, request: AssociateRequest) -> AssociateAccept | AssociateReject | bytes | None:
        """The answer to A-ASSOCIATE-RQ; bytes are sent as they are and end the talk, None says nothing."""
        contexts: dict[str, list[str]] = {}
        for context in request.contexts:  # a second context of one abstract syntax is accepted in its own
            if context.abstract_syntax not in self.refused_sop_classes:
                contexts.setdefault(context.abstract_syntax, []).extend(self.preferred(context.transfer_syntaxes))
        roles = {role.sop_class_uid: (True, True) for role in request.user_information.roles}
        policy = AcceptorPolicy(None, contexts, roles=roles, max_pdu_length=self.max_pdu_length)
        return negotiate(request, policy)

    def written(self, answer: AssociateAccept | AssociateReject) -> bytes:
        """The bytes of the answer."""
        return encode(answer)

    def preferred(self, offered: Iterable[str]) -> list[str]:
        """The offered transfer syntaxes, those that are liked first."""
        syntaxes = list(offered)
        liked = [syntax for syntax in self.transfer_syntaxes if syntax in syntaxes]
        return [*liked, *(syntax for syntax in syntaxes if syntax not in liked)]

    def answers(self, request: Received) -> Answers | None:
        """All answers to a request; None says nothing."""
        operation: Callable[[Received], int] | None = {
            "C-STORE-RQ": self.store,
            "N-CREATE-RQ": self.n_create,
            "N-SET-RQ": self.n_set,
            "N-ACTION-RQ": self.n_action,
            "N-EVENT-REPORT-RQ": self.n_event_report,
        }.get(request.name)
        if operation is not None:
            return [(operation(request), None)]
        if request.name == "C-FIND-RQ":
            return [*((0xFF00, match) for match in self.find(request)), (0x0000, None)]
        return [(0x0000 if request.name == "C-ECHO-RQ" else 0x0211, None)]

    def find(self, request: Received) -> Iterable[Dataset]:
        return ()

    def store(self, request: Received) -> int:
        return 0x0000

    def n_create(self, request: Received) -> int:
        return 0x0000

    def n_set(self, request: Received) -> int:
        return 0x0000

    def n_action(self, request: Received) -> int:
        return 0x0000

    def n_event_report(self, request: Received) -> int:
        return 0x0000

    def answered(self, conversation: Conversation, request: Received) -> None:
        """After the answers to a request. A request for commitment has its result at once: all of it is safe."""
        if request.name == "N-ACTION-RQ" and request.command.sop_class_uid == STORAGE_COMMITMENT:
            send_result(conversation, request, references(request.dataset))

    def release(self, conversation: Conversation, received: ReceivedPdu) -> None:
        """The answer to A-RELEASE-RQ."""
        conversation.stream.send(encode(ReleaseReply()))


class _Served(Conversation):
    """One association that the product made."""

    released = False

    def unexpected(self, pdu: Pdu, received: ReceivedPdu) -> None:
        if not isinstance(pdu, ReleaseRequest):
            super().unexpected(pdu, received)
        self.released = True
        raise _Released(received)


class _Released(Exception):
    pass


class Acceptor(Listening):
    """One AE of the tester."""

    protocol = "dicom"

    def __init__(self, name: str, address: tuple[str, int], taps: Taps) -> None:
        self._behaviour = Behaviour()
        self._received: list[Received] = []
        self._requests: list[AssociateRequest] = []
        super().__init__(name, address, taps)

    # --- for the cases

    def behave(self, behaviour: Behaviour) -> None:
        """From the next association on."""
        self._behaviour = behaviour

    def forget(self) -> None:
        self._received.clear()
        self._requests.clear()
        self._behaviour = Behaviour()

    @property
    def received(self) -> list[Received]:
        """The requests of this trial so far."""
        with self._changed:
            return list(self._received)

    @property
    def requests(self) -> list[AssociateRequest]:
        """The association requests of this trial so far."""
        with self._changed:
            return list(self._requests)

    def wait_for(self, what: str, wanted: Callable[[Received], bool], limit_s: float, count: int = 1) -> list[Received]:
        """The first ``count`` requests that are wanted; ``what`` says so in words. Raises Silence."""
        return self.wait(lambda: [one for one in self._received if wanted(one)], what, limit_s, count)

    def wait_for_association(self, limit_s: float, count: int = 1) -> list[AssociateRequest]:
        """Raises Silence."""
        return self.wait(lambda: list(self._requests), "an association", limit_s, count)

    # --- an association

    def talk(self, stream: Stream, case: str) -> None:
        behaviour = self._behaviour
        if behaviour.opened(stream):
            self._associated(stream, behaviour, case)

    def _associated(self, stream: Stream, behaviour: Behaviour, case: str) -> None:
        request = stream.receive_pdu().decoded()
        if not isinstance(request, AssociateRequest):
            return
        self._keep(self._requests, request, case)
        answer = behaviour.associate(request)
        if answer is None:
            stream.ending(IDLE_LIMIT_S)
            return
        stream.send(answer if isinstance(answer, bytes) else behaviour.written(answer))
        if isinstance(answer, AssociateAccept):
            syntaxes = {one.context_id: one.transfer_syntax for one in answer.contexts if one.result == 0}
            limit = request.user_information.max_pdu_length
            self._serve(_Served(stream, syntaxes, limit, request.calling_ae_title), behaviour, case)
        else:
            stream.ending(IDLE_LIMIT_S)

    def _serve(self, conversation: _Served, behaviour: Behaviour, case: str) -> None:
        while True:
            try:
                request = conversation.receive(IDLE_LIMIT_S)
            except _Released as released:
                behaviour.release(conversation, released.args[0])
                with contextlib.suppress(Failure):
                    conversation.stream.ending(2.0)
                return
            self._keep(self._received, request, case)
            answers = None if request.command.is_response or request.name == "C-CANCEL-RQ" else behaviour.answers(request)
            for status, dataset in answers or ():
                answer = commands.response(request.command, status, has_dataset=dataset is not None)
                conversation.send(request.context_id, answer, dataset)
            behaviour.answered(conversation, request)

    def _keep(self, where: list[Any], what: Any, case: str) -> None:
        with self._changed:
            if case == self.case:
                where.append(what)
                self._changed.notify_all()


def scp_role(sop_class: str) -> RoleSelection:
    """The proposal to be SCP of a SOP class, as its only role."""
    return RoleSelection(sop_class, False, True)
