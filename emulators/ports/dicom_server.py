"""The receiving end of a DICOM system: a thread per association.

C-ECHO is answered here, everything else is a Request to the actor. Of a study the actor sees the header once per identity,
then the batch when the association has ended; 0000H leaves after file and row are on disk.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Protocol

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.images import study_header
from emulators.codecs.dicom.uids import (
    ACCEPTED_STORAGE,
    IMAGE_TRANSFER_SYNTAXES,
    STORAGE_COMMITMENT,
    TRANSFER_SYNTAXES,
    VERIFICATION,
)
from emulators.codecs.dicom.values import Refused
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.messages import canonical
from emulators.messages.commitment import CommitRequest
from emulators.messages.imaging import Admission, InstancesStored
from emulators.messages.query import Find, Get, Move, MovePlan, MoveResult
from emulators.ports.arrivals import Arrivals, Failure, Stage
from emulators.ports.association import Gone, Limits, Rejected, SocketAssociation
from emulators.ports.contract import Exchange
from emulators.ports.dicom import PENDING, RELATIONAL
from emulators.ports.foreign import NO_SYSTEMS, open_exchange
from emulators.ports.replies import Awaited, Replies
from emulators.ports.retrieval import Retrieval
from emulators.ports.sockets import LOOPBACK, Address, Listener, Origins, log_ended, log_failure
from emulators.store.archive import ImageArchive, Incoming, Verdict
from emulators.store.header import InstanceHeader
from emulators.wire.commands import response
from emulators.wire.dimse import C_CANCEL_RQ, C_ECHO_RQ, C_STORE_RQ, N_EVENT_REPORT_RQ, Command, Message
from emulators.wire.negotiation import AcceptorPolicy
from emulators.wire.status import (
    CANCEL,
    CANNOT_UNDERSTAND,
    COERCION_OF_DATA_ELEMENTS,
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    DUPLICATE_SOP_INSTANCE,
    INVALID_OBJECT_INSTANCE,
    OUT_OF_RESOURCES,
    PROCESSING_FAILURE,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    UNRECOGNIZED_OPERATION,
)

QUERY_RETRIEVE = frozenset(codec.sop_classes((Find, Move, Get)))
GETS = frozenset(codec.sop_classes((Get,)))


class Sender(Protocol):
    """The sending end of a connection that is ours too: the exchange that is on its way over it."""

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Batch:
    """The instances of one association, on disk and not yet told."""

    archive: ImageArchive
    number: int

    def tell(self) -> Sequence[InstancesStored]:
        """Show the rows: the actor is told of them now."""
        return self.archive.tell(self.number)


class DicomServer:
    """The receiving end of one system, listening on ``address``. ``archive`` is where its C-STOREs go, None if it takes none.

    ``known`` are the AE titles that may call, None for any; ``systems`` gives the system of an AE title, for strangers'
    exchanges: a product in a system's place. ``serves`` are the messages that its actor takes, None for all: nothing else is
    negotiated. ``commits_on_same``: results of commitments go over the association of their request while it is open. What
    ``limits`` says of idle time is for strangers.
    """

    def __init__(
        self,
        system: str,
        ae_title: str,
        arrivals: Arrivals,
        origins: Origins,
        archive: ImageArchive | None = None,
        known: frozenset[str] | None = None,
        takes_strangers: bool = False,
        systems: Mapping[str, str] = NO_SYSTEMS,
        serves: Sequence[type] | None = None,
        address: Address = (LOOPBACK, 0),
        commits_on_same: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self.system = system
        self.ae_title = ae_title
        self.archive = archive
        self.arrivals = arrivals
        self.takes_strangers = takes_strangers
        self.commits_on_same = commits_on_same
        self.systems = systems
        self.limits = limits or Limits()
        self.room = None if self.limits.associations_max is None else threading.Semaphore(self.limits.associations_max)
        self._origins = origins
        self.serves = codec.REQUESTS if serves is None else frozenset(serves)
        served = self.sop_classes = codec.sop_classes(self.serves)
        contexts: dict[str, Sequence[str]] = dict.fromkeys((VERIFICATION, *served), TRANSFER_SYNTAXES)
        if archive is not None:
            contexts.update(dict.fromkeys(ACCEPTED_STORAGE, IMAGE_TRANSFER_SYNTAXES))
        may_be_scp = (STORAGE_COMMITMENT, *(ACCEPTED_STORAGE if GETS.intersection(served) else ()))
        roles = dict.fromkeys(may_be_scp, (True, True))
        relational = {uid: RELATIONAL for uid in served if uid in QUERY_RETRIEVE}
        judged = self.limits.lets_in if self.limits.users else None
        self.policy = AcceptorPolicy(ae_title, contexts, known, roles=roles, extended=relational, verify_identity=judged)
        self.replies = Replies()
        failed = log_failure if takes_strangers else arrivals.fail
        self._listener = Listener(f"dicom-{system}", self._serve, failed, address)

    @property
    def address(self) -> Address:
        return self._listener.address

    def close(self) -> None:
        """Stop listening and end every association."""
        self.replies.close()
        self._listener.close()

    def _serve(self, connection: socket.socket, peer: Address) -> None:
        sender: Sender | None = self._origins.sender_of(peer[1])
        if sender is None and not self.takes_strangers:
            return
        _Serving(self, connection, sender).run()


class _Serving:
    """One accepted association, from its first PDU to its end."""

    def __init__(self, server: DicomServer, connection: socket.socket, sender: Sender | None) -> None:
        self._server = server
        self._sender = sender
        limits = server.limits
        idle_s = limits.idle_s if server.takes_strangers else None
        self._association = SocketAssociation(connection, self._open_sink, idle_s, limits.artim_s, self._leave_room)
        self._has_room = False
        self._exchange: Exchange | None = None if sender is None else sender.exchange
        self._calling = ""
        self._batch: int | None = None
        self._incoming: Incoming | None = None
        self._refusal = CANNOT_UNDERSTAND
        """The status of a C-STORE whose instance is not received."""
        self._admissions: dict[tuple[str, ...], int] = {}
        self._to_push: list[tuple[Awaited, int]] = []
        """Requests whose actor may have more to say on this association, with their presentation contexts."""
        self._is_pushing = False

    def run(self) -> None:
        try:
            self._accept()
            while (message := self._association.receive()) is not None:
                self._handle(message)
        except (Gone, Rejected) as gone:  # one connection, nothing else
            if self._server.takes_strangers:
                what = f"the association with {self._calling!r}" if self._calling else "a DICOM connection"
                log_ended(self._server.system, what, str(gone))
        finally:
            self._end()

    def _accept(self) -> None:
        """Set up the association. Raises Gone, or Rejected."""
        self._association.accept(self._server.policy, self._take_room)
        assert self._association.requested is not None  # accept has read it
        self._calling = self._association.requested.calling_ae_title
        if self._association.rejected is not None:
            raise Rejected(self._association.rejected.meaning)

    def _take_room(self) -> bool:
        """Whether there may be one association more."""
        self._has_room = self._server.room is None or self._server.room.acquire(blocking=False)
        return self._has_room

    def _leave_room(self) -> None:
        if self._has_room and self._server.room is not None:
            self._server.room.release()
        self._has_room = False

    def _end(self) -> None:
        """Forget a half instance, and hand over what is on disk."""
        self._leave_room()
        if self._incoming is not None:
            self._incoming.discard()
        if self._batch is not None and self._exchange is not None and self._server.archive is not None:
            self._server.arrivals.post(self._exchange, Stage.BATCH, Batch(self._server.archive, self._batch))

    def _handle(self, message: Message) -> None:
        command = message.command
        if command.field == C_CANCEL_RQ or command.is_response:
            return  # too late, or not asked for
        if command.field == C_STORE_RQ:
            self._respond(message, self._stored(command))
            self._server.arrivals.progress()
        elif not self._is_of_its_context(message.context_id, command):
            self._respond(message, SOP_CLASS_NOT_SUPPORTED)
        elif command.field == C_ECHO_RQ and command.sop_class_uid == VERIFICATION:
            self._respond(message, SUCCESS)
        elif command.sop_class_uid not in self._server.sop_classes:
            self._respond(message, UNRECOGNIZED_OPERATION)
        elif not _has_legal_instance(command):
            self._respond(message, INVALID_OBJECT_INSTANCE)
        else:
            self._ask_actor(message)

    def _is_of_its_context(self, context_id: int, command: Command) -> bool:
        """Whether the SOP class of a request is the one that its presentation context was agreed for."""
        return self._association.contexts[context_id].abstract_syntax == command.sop_class_uid

    def _respond(self, message: Message, status: int, comment: str = "", wrong: Sequence[int] = ()) -> None:
        """``wrong``: the tags of what is wrong with the request."""
        command = message.command
        elements, attributes = ((), wrong) if command.field >= N_EVENT_REPORT_RQ else (wrong, ())
        answer = response(command, status, error_comment=comment, offending_elements=elements, attribute_identifiers=attributes)
        self._association.send(message.context_id, answer)

    # --- requests to the actor -----------------------------------------------------------------------------------------

    def _ask_actor(self, message: Message) -> None:
        transfer_syntax = self._association.contexts[message.context_id].transfer_syntax
        dataset = None if message.dataset is None else bytes(message.dataset)
        try:
            request = codec.decode_request(message.command, dataset, transfer_syntax)
        except Refused as refused:
            self._respond(message, refused.status, str(refused), refused.tags)
            return
        if type(request) not in self._server.serves:
            self._respond(message, UNRECOGNIZED_OPERATION)
            return
        if isinstance(request, Find | Move | Get) and self._is_relational(message.command.sop_class_uid):
            request = replace(request, relational=True)
        awaited = self._ask(request, message.command.message_id)
        answer = self._reply(awaited)
        if isinstance(answer, MovePlan):
            answer = self._carried_out(answer, message, awaited)
        answers = codec.encode_answer(answer, message.command, dataset, transfer_syntax, self._server.ae_title)
        try:
            self._send_answers(message, answers)
        except LocalProtocolError as error:
            if not self._server.takes_strangers:
                raise
            log_failure(error)  # an answer that cannot be encoded costs the request
            self._respond(message, PROCESSING_FAILURE if message.command.field >= N_EVENT_REPORT_RQ else CANNOT_UNDERSTAND)
        if self._server.commits_on_same and isinstance(request, CommitRequest) and answer.code == SUCCESS:
            self._to_push.append((awaited, message.context_id))
            self._push()

    def _push(self) -> None:
        """Send it, one after the other: no second operation before the first is answered (PS3.7 D.3.3.3)."""
        if self._is_pushing:
            return  # what came while an answer is waited for has its turn behind it
        self._is_pushing = True
        while self._to_push:
            awaited, context_id = self._to_push.pop(0)
            exchange = awaited.pushed()
            if exchange is not None:
                self._send_pushed(exchange, context_id)
        self._is_pushing = False

    def _send_pushed(self, exchange: Exchange, context_id: int) -> None:
        """Send what the actor has to say on this association, and wait for the answer; other requests come between."""
        arrivals, sent = self._server.arrivals, False
        transfer_syntax = self._association.contexts[context_id].transfer_syntax
        try:
            command, dataset = codec.encode_request(exchange.message, 1, transfer_syntax)
            self._association.send(context_id, command, None if dataset is None else [dataset])
            sent = True
            while (received := self._association.receive()) is not None:
                if received.command.is_response:
                    answer = codec.decode_answer(exchange.message, [(received.command, None)], transfer_syntax)
                    arrivals.post(exchange, Stage.ANSWER, answer)
                    return
                self._handle(received)
            raise Gone("released before the response")
        except (Gone, RemoteProtocolError) as error:
            arrivals.post(exchange, Stage.BROKEN, Failure(not sent, str(error)))
            raise Gone(str(error)) from None

    def _is_relational(self, sop_class_uid: str) -> bool:
        """Whether relational queries and retrieves were negotiated (PS3.4 C.5.1.1, C.5.2.1, C.5.3.1)."""
        assert self._association.requested is not None  # it is set up
        asked = self._association.requested.user_information.extended_negotiation
        return any(one.sop_class_uid == sop_class_uid and one.information[:1] == b"\x01" for one in asked)

    def _carried_out(self, plan: MovePlan, message: Message, awaited: Awaited) -> MoveResult:
        """The sub-operations of a C-MOVE, as the kernel has them done, or of a C-GET, which are done here."""
        retrieval = Retrieval(self._association, message, plan)
        if not plan.destination:
            return self._sent_back(retrieval)
        while not isinstance(reply := self._reply(awaited), MoveResult):
            if not awaited.is_cancelled:
                retrieval.sub_operation_ended(reply)
                awaited.is_cancelled = retrieval.is_cancelled
        return reply

    def _sent_back(self, retrieval: Retrieval) -> MoveResult:
        """The sub-operations of a stranger's C-GET; the kernel hears how they ended."""
        archive, exchange, arrivals = self._server.archive, self._exchange, self._server.arrivals
        assert archive is not None
        assert exchange is not None
        try:
            result = retrieval.get(archive)
        except Exception:  # whatever it was: who waits for the end of the exchange must hear of it
            arrivals.post(exchange, Stage.BROKEN)
            raise
        arrivals.post(exchange, Stage.ANSWER, result)
        return result

    def _reply_to(self, request: Any, message_id: int) -> Any:
        """The one answer to a request."""
        return self._reply(self._ask(request, message_id))

    def _ask(self, request: Any, message_id: int) -> Awaited:
        """Pass a request on to the actor."""
        server = self._server
        awaited = Awaited(self._calling, message_id, shows_progress=self._sender is None)
        if self._sender is not None:
            exchange = self._sender.exchange
            exchange.server = awaited
            server.arrivals.post(exchange, Stage.REQUEST, request)
        else:
            sender = server.systems.get(self._calling, self._calling)
            self._exchange = open_exchange(server.arrivals, awaited, sender, server.system, request)
        return awaited

    def _reply(self, awaited: Awaited) -> Any:
        """What comes next. Raises Gone when there will be nothing: the association ends as a real peer's would."""
        reply = self._server.replies.wait_for(awaited)
        if reply is None:
            self._association.abort()
            raise Gone("no reply")
        return reply

    def _send_answers(self, message: Message, answers: Iterator[tuple[Command, bytes | None]]) -> None:
        """Stream the responses; stop at a C-CANCEL for this request (PS3.7 9.3.2.3)."""
        for command, dataset in answers:
            if command.status in PENDING and self._is_cancelled(message.command.message_id):
                self._respond(message, CANCEL)
                return
            self._association.send(message.context_id, command, None if dataset is None else [dataset])

    def _is_cancelled(self, message_id: int) -> bool:
        waiting = self._association.waiting_message()
        return waiting is not None and waiting.command.field == C_CANCEL_RQ and waiting.command.message_id == message_id

    # --- instances -----------------------------------------------------------------------------------------------------

    def _open_sink(self, context_id: int, command: Command) -> Callable[[memoryview], object] | None:
        """Let the data set of a C-STORE go to the archive as it comes."""
        if command.field != C_STORE_RQ:
            return None
        archive, context = self._server.archive, self._association.contexts[context_id]
        if not self._is_of_its_context(context_id, command):
            self._refusal = SOP_CLASS_NOT_SUPPORTED
            return _discard
        if archive is None or context.abstract_syntax not in ACCEPTED_STORAGE:
            self._refusal = UNRECOGNIZED_OPERATION
            return _discard
        if self._batch is None:
            self._batch = archive.open_batch()
        try:
            self._incoming = archive.receive(
                self._batch, command.sop_class_uid, command.sop_instance_uid, context.transfer_syntax, self._calling
            )
        except RemoteProtocolError:
            return _discard
        return self._write

    def _stored(self, command: Command) -> int:
        """The status of the C-STORE whose data set has come."""
        incoming, self._incoming = self._incoming, None
        refusal, self._refusal = self._refusal, CANNOT_UNDERSTAND
        if incoming is None:
            return refusal
        try:
            status = self._admission(incoming)
            if status >> 12 not in (0x0, 0xB):
                return status
            verdict = incoming.commit().verdict
        except Refused as refused:  # what its header says
            return refused.status
        except RemoteProtocolError:
            return CANNOT_UNDERSTAND
        except OSError:
            return OUT_OF_RESOURCES
        finally:
            incoming.discard()  # nothing after a commit
        return _STATUS_OF_VERDICT.get(verdict, status)

    def _write(self, piece: memoryview) -> None:
        """Pass the next bytes of a data set on; a full disk costs the instance, and its C-STORE says so."""
        if self._incoming is None:
            return
        try:
            self._incoming.write(piece)
        except OSError:
            self._incoming.discard()
            self._incoming = None
            self._refusal = OUT_OF_RESOURCES

    def _admission(self, incoming: Incoming) -> int:
        """Ask the actor once per identity; what it said of a header holds for every instance with that header."""
        incoming.end()
        if incoming.header is None:
            return CANNOT_UNDERSTAND
        identity = _IDENTITY(incoming.header)
        status = self._admissions.get(identity)
        if status is None:
            admission: Admission = self._reply_to(study_header(incoming.header), 1)
            status = self._admissions[identity] = admission.status
        return status


_STATUS_OF_VERDICT = {
    Verdict.MISMATCH: DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    Verdict.DIFFERENT: DUPLICATE_SOP_INSTANCE,
    Verdict.KEPT: COERCION_OF_DATA_ELEMENTS,
}
"""Where the instance is not as it was sent in the archive; else the status is that of its admission."""

_IDENTITY: Callable[[InstanceHeader], tuple[str, ...]] = attrgetter(
    "patient_id",
    "issuer_of_patient_id",
    "patient_name",
    "birth_date",
    "sex",
    "accession_number",
    "study_instance_uid",
    "study_date",
    "study_time",
    "modality",
    "study_description",
    "body_part",
    "study_id",
    "referring_physician",
)
"""All of a header that ``study_header`` reads."""


def _has_legal_instance(command: Command) -> bool:
    """Whether the SOP Instance UID that a request names is a UID; not every request names one."""
    try:
        return not command.sop_instance_uid or bool(canonical.uid(command.sop_instance_uid, "SOPInstanceUID"))
    except LocalProtocolError:
        return False


def _discard(_data: memoryview) -> None:
    """Where a data set goes that nobody wants."""
