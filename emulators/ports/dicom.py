"""The DICOM port: DIMSE over TCP, one association per Send.

Sending end: a thread per Send connects, negotiates, sends, waits for the last response and releases. A StoreStudy is one
C-STORE after another on one association, and its result says what was confirmed. Receiving end: a thread per association;
C-ECHO is answered here, everything else is a Request to the actor. Of a study the actor sees the header once per identity,
then the batch when the association has ended; 0000H leaves after file and row are on disk.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.images import study_header
from emulators.codecs.dicom.uids import ACCEPTED_STORAGE, STORAGE_COMMITMENT, TRANSFER_SYNTAXES, VERIFICATION
from emulators.codecs.dicom.values import Refused
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.messages.imaging import (
    Admission,
    CommitResult,
    InstancesStored,
    StoreResult,
    StoreStudy,
    from_uids,
)
from emulators.ports.arrivals import Arrivals, Failure, Stage
from emulators.ports.association import IDLE_S, Gone, Rejected, SocketAssociation
from emulators.ports.contract import Exchange
from emulators.ports.faults import LinkFaults
from emulators.ports.foreign import NO_SYSTEMS, open_exchange
from emulators.ports.replies import Awaited, Replies
from emulators.ports.socket_port import CONNECT_LIMIT_S, SocketPort
from emulators.ports.sockets import Address, Listener, Origins, bound_socket, hang_up, log_failure
from emulators.store.archive import ImageArchive, Incoming, Verdict
from emulators.store.header import InstanceHeader
from emulators.wire.commands import c_store_rq, response
from emulators.wire.dimse import C_CANCEL_RQ, C_ECHO_RQ, C_STORE_RQ, Command, Message
from emulators.wire.items import RoleSelection
from emulators.wire.negotiation import AcceptorPolicy, propose
from emulators.wire.pdu import Buffer

PENDING = frozenset((0xFF00, 0xFF01))
SUCCESS = 0x0000
CANCELLED = 0xFE00
OUT_OF_RESOURCES = 0xA700
NOT_OF_ITS_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000
DUPLICATE_SOP_INSTANCE = 0x0111

_REPORTS_AS_SCP = RoleSelection(STORAGE_COMMITMENT, scu=False, scp=True)
"""A commitment result on an association that its SCP opens (PS3.4 J.3.3.1.2, PS3.7 D.3.3.4)."""


class Outgoing(Protocol):
    """One instance to send; its ``buffers`` in order are the data set."""

    @property
    def sop_class_uid(self) -> str: ...
    @property
    def sop_instance_uid(self) -> str: ...
    @property
    def transfer_syntax_uid(self) -> str: ...
    @property
    def buffers(self) -> tuple[Buffer, ...]: ...


Source = Callable[[StoreStudy], Iterable[Outgoing]]
"""Gives the data sets of a StoreStudy in the order of its instances."""


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """An instance as an archive has it on disk."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    buffers: tuple[Buffer, ...]


def stored_images(archive: ImageArchive, store: StoreStudy) -> Iterator[StoredInstance]:
    """What ``archive`` has of ``store``, in the order of its instances; what it does not have is left out."""
    for sop_instance_uid in store.instances:
        row = archive.instance(sop_instance_uid)
        if row is not None:
            dataset = archive.open_dataset(row)
            yield StoredInstance(row.sop_class_uid, sop_instance_uid, row.transfer_syntax_uid, (dataset,))


class DicomPort(SocketPort):
    """The sending end of one route."""

    def __init__(
        self,
        calling_ae_title: str,
        called_ae_title: str,
        address: Address,
        arrivals: Arrivals,
        origins: Origins,
        source: Source | None = None,
        faults: LinkFaults | None = None,
        live: bool = False,
    ) -> None:
        super().__init__(arrivals, faults, live)
        self.calling_ae_title = calling_ae_title
        self.called_ae_title = called_ae_title
        self.address = address
        self.source = source
        self._origins = origins
        self._clients: set[_Client] = set()

    def send(self, exchange: Exchange) -> None:
        client = exchange.client = _Client(self, exchange, self._arrivals, self._origins)
        self._clients = {one for one in self._clients if one.is_alive}
        self._clients.add(client)
        self.prepare(exchange)
        client.start()

    def batches(self, exchange: Exchange) -> Sequence[InstancesStored]:
        told: Sequence[InstancesStored] = self._arrivals.wait(exchange, Stage.BATCH).tell()
        return told

    def outcome(self, exchange: Exchange) -> Any:
        answer = super().outcome(exchange)
        if isinstance(answer, StoreResult) and not self.live and answer != exchange.answer:
            raise LocalProtocolError(f"the wire stored {answer.summary}, the model {exchange.answer.summary}")
        return answer

    def broken(self, exchange: Exchange) -> bool:
        failure: Failure = self._arrivals.wait(exchange, Stage.BROKEN)
        if self.live:
            exchange.instances_confirmed = failure.confirmed
        elif failure.confirmed != exchange.instances_confirmed:
            seen = f"{failure.confirmed} instances ({failure.reason})"
            raise LocalProtocolError(f"the wire confirmed {seen}, the model {exchange.instances_confirmed}")
        return failure.nothing_sent

    def close_idle(self) -> None:
        """An association lasts one Send: none is idle."""

    def close(self) -> None:
        for client in self._clients:
            client.hang_up()
        for client in self._clients:
            client.join()


class _Client:
    """One Send on its own association, in its own thread; ``exchange`` is what an accepted connection looks for."""

    def __init__(self, port: DicomPort, exchange: Exchange, arrivals: Arrivals, origins: Origins) -> None:
        self._route = port
        self.exchange = exchange
        self._arrivals = arrivals
        self._origins = origins
        self._socket = bound_socket()
        self.port: int = self._socket.getsockname()[1]
        self.sent = threading.Event()
        """The message, or the first instance of a study, has gone; the association's set-up is not part of it."""
        self._confirmed = 0
        origins.register(self.port, self)
        self._thread = threading.Thread(target=self._run, name=f"radloop-dicom-{self.port}", daemon=True)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def hang_up(self) -> None:
        hang_up(self._socket)

    def _run(self) -> None:
        try:
            answer = self._converse()
        except (OSError, Gone, RemoteProtocolError) as error:
            failure = Failure(not self.sent.is_set(), str(error), self._confirmed)
            self._arrivals.post(self.exchange, Stage.BROKEN, failure)
        except Exception as error:
            self._arrivals.fail(error)
        else:
            self._arrivals.post(self.exchange, Stage.ANSWER, answer)
        finally:
            self._socket.close()

    def _converse(self) -> Any:
        self._socket.settimeout(CONNECT_LIMIT_S)
        self._socket.connect(self._route.address)
        association = SocketAssociation(self._socket, idle_s=IDLE_S if self._route.live else None)
        message = self.exchange.message
        titles = (self._route.called_ae_title, self._route.calling_ae_title)
        if type(message) is StoreStudy:
            association.request(propose(*titles, [(message.sop_class_uid, [syntax]) for syntax in TRANSFER_SYNTAXES]))
            answer: Any = self._store(association, message)
        else:
            abstract_syntax = codec.abstract_syntax(message)
            roles = (_REPORTS_AS_SCP,) if type(message) is CommitResult else ()
            association.request(propose(*titles, [(abstract_syntax, TRANSFER_SYNTAXES)], roles=roles))
            answer = self._ask(association, message, abstract_syntax)
        with contextlib.suppress(Gone):  # the answer is here; how the peer takes the release changes nothing
            association.release()
        return answer

    def _ask(self, association: SocketAssociation, message: Any, abstract_syntax: str) -> Any:
        context = association.context_for(abstract_syntax)
        command, dataset = codec.encode_request(message, 1, context.transfer_syntax)
        association.send(context.context_id, command, None if dataset is None else [dataset])
        self.sent.set()
        responses: list[tuple[Command, bytes | None]] = []
        while True:
            received = association.receive()
            if received is None:
                raise Gone("released before the response")
            responses.append((received.command, None if received.dataset is None else bytes(received.dataset)))
            if received.command.status not in PENDING:
                return codec.decode_answer(message, responses, context.transfer_syntax)

    def _store(self, association: SocketAssociation, store: StoreStudy) -> StoreResult:
        """C-STORE the instances one by one; a failure status of one does not stop the others."""
        assert self._route.source is not None  # a route of the store lane has one
        contexts = {context.transfer_syntax: context.context_id for context in association.contexts.values()}
        stored: list[str] = []
        warned: list[str] = []
        failed: dict[int, list[str]] = {}
        for number, instance in enumerate(self._route.source(store), start=1):
            context_id = contexts.get(instance.transfer_syntax_uid)
            if context_id is None:  # the peer does not take it so: not sent
                continue
            command = c_store_rq(
                number, instance.sop_class_uid, instance.sop_instance_uid, move_originator=self._move_originator()
            )
            association.send(context_id, command, instance.buffers)
            self.sent.set()
            status = self._status(association)
            if status == SUCCESS:
                stored.append(instance.sop_instance_uid)
            elif status >> 12 == 0xB:
                warned.append(instance.sop_instance_uid)
            else:
                failed.setdefault(status, []).append(instance.sop_instance_uid)
                continue
            self._confirmed += 1
        seen = from_uids([*stored, *warned, *(uid for uids in failed.values() for uid in uids)])
        return StoreResult(
            stored=from_uids(stored),
            warned=from_uids(warned),
            failed=tuple((status, from_uids(uids)) for status, uids in failed.items()),
            not_sent=store.instances.without(seen),
        )

    def _move_originator(self) -> tuple[str, int] | None:
        """Who asked for the C-MOVE that this C-STORE serves (PS3.7 9.3.1.1)."""
        move = self.exchange.moves
        if move is None or move.exchange.server is None:
            return None
        asked: Awaited = move.exchange.server
        return asked.calling_ae_title, asked.message_id

    @staticmethod
    def _status(association: SocketAssociation) -> int:
        received = association.receive()
        if received is None:
            raise Gone("released before the response")
        return received.command.status


@dataclass(frozen=True, slots=True)
class Batch:
    """The instances of one association, on disk and not yet told."""

    archive: ImageArchive
    number: int

    def tell(self) -> Sequence[InstancesStored]:
        """Show the rows: the actor is told of them now."""
        return self.archive.tell(self.number)


class DicomServer:
    """The receiving end of one system. ``archive`` is where its C-STOREs go, None if it takes none.

    ``known`` are the AE titles that may call, None for any; ``systems`` gives the system of an AE title, for strangers'
    exchanges: a product in a system's place. ``serves`` are the messages that its actor takes, None for all: nothing else is
    negotiated.
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
    ) -> None:
        self.system = system
        self.ae_title = ae_title
        self.archive = archive
        self.arrivals = arrivals
        self.takes_strangers = takes_strangers
        self.systems = systems
        self._origins = origins
        served = (codec.SERVICES[message].sop_class_uid for message in (codec.SERVICES if serves is None else serves))
        abstract_syntaxes = (VERIFICATION, *served, *(ACCEPTED_STORAGE if archive is not None else ()))
        contexts = dict.fromkeys(abstract_syntaxes, TRANSFER_SYNTAXES)
        self.policy = AcceptorPolicy(ae_title, contexts, known, roles={STORAGE_COMMITMENT: (True, True)})
        self.replies = Replies()
        self._listener = Listener(f"dicom-{system}", self._serve, log_failure if takes_strangers else arrivals.fail)

    @property
    def address(self) -> Address:
        return self._listener.address

    def close(self) -> None:
        """Stop listening and end every association."""
        self.replies.close()
        self._listener.close()

    def _serve(self, connection: socket.socket, peer: Address) -> None:
        sender: _Client | None = self._origins.sender_of(peer[1])
        if sender is None and not self.takes_strangers:
            return
        _Serving(self, connection, sender).run()


class _Serving:
    """One accepted association, from its first PDU to its end."""

    def __init__(self, server: DicomServer, connection: socket.socket, sender: "_Client | None") -> None:
        self._server = server
        self._sender = sender
        idle_s = IDLE_S if server.takes_strangers else None
        self._association = SocketAssociation(connection, open_sink=self._open_sink, idle_s=idle_s)
        self._exchange: Exchange | None = None if sender is None else sender.exchange
        self._calling = ""
        self._batch: int | None = None
        self._incoming: Incoming | None = None
        self._disk_is_full = False
        self._admissions: dict[tuple[str, ...], int] = {}

    def run(self) -> None:
        try:
            if self._association.accept(self._server.policy):
                assert self._association.requested is not None  # accept has read it
                self._calling = self._association.requested.calling_ae_title
                while (message := self._association.receive()) is not None:
                    self._handle(message)
        except (Gone, Rejected):
            pass  # one connection, nothing else
        finally:
            self._end()

    def _end(self) -> None:
        """Forget a half instance, and hand over what is on disk."""
        if self._incoming is not None:
            self._incoming.discard()
        if self._batch is not None and self._exchange is not None and self._server.archive is not None:
            self._server.arrivals.post(self._exchange, Stage.BATCH, Batch(self._server.archive, self._batch))

    def _handle(self, message: Message) -> None:
        command = message.command
        if command.field == C_ECHO_RQ:
            self._respond(message, SUCCESS)
        elif command.field == C_STORE_RQ:
            self._respond(message, self._stored(command))
            self._server.arrivals.progress()
        elif command.field == C_CANCEL_RQ or command.is_response:
            return  # too late, or not asked for
        else:
            self._ask_actor(message)

    def _respond(self, message: Message, status: int, comment: str = "") -> None:
        self._association.send(message.context_id, response(message.command, status, error_comment=comment))

    # --- requests to the actor -----------------------------------------------------------------------------------------

    def _ask_actor(self, message: Message) -> None:
        transfer_syntax = self._association.contexts[message.context_id].transfer_syntax
        dataset = None if message.dataset is None else bytes(message.dataset)
        try:
            request = codec.decode_request(message.command, dataset, transfer_syntax)
        except Refused as refused:
            self._respond(message, refused.status, str(refused))
            return
        answer = self._reply_to(request, message.command.message_id)
        answers = codec.encode_answer(answer, message.command, dataset, transfer_syntax, self._server.ae_title)
        self._send_answers(message, answers)

    def _reply_to(self, request: Any, message_id: int) -> Any:
        """The actor's reply. Raises Gone when there will be none: the association ends as a real peer's would."""
        awaited = Awaited(self._calling, message_id)
        server = self._server
        if self._sender is not None:
            exchange = self._sender.exchange
            exchange.server = awaited
            server.arrivals.post(exchange, Stage.REQUEST, request)
        else:
            sender = server.systems.get(self._calling, self._calling)
            self._exchange = open_exchange(server.arrivals, awaited, sender, server.system, request)
        reply = server.replies.wait_for(awaited)
        if reply is None:
            self._association.abort()
            raise Gone("no reply")
        return reply

    def _send_answers(self, message: Message, answers: Iterator[tuple[Command, bytes | None]]) -> None:
        """Stream the responses; stop at a C-CANCEL for this request (PS3.7 9.3.2.3)."""
        for command, dataset in answers:
            if command.status in PENDING and self._is_cancelled(message.command.message_id):
                self._respond(message, CANCELLED)
                return
            self._association.send(message.context_id, command, None if dataset is None else [dataset])

    def _is_cancelled(self, message_id: int) -> bool:
        waiting = self._association.waiting_message()
        return waiting is not None and waiting.command.field == C_CANCEL_RQ and waiting.command.message_id == message_id

    # --- instances -----------------------------------------------------------------------------------------------------

    def _open_sink(self, context_id: int, command: Command) -> Callable[[memoryview], object] | None:
        """Let the data set of a C-STORE go to the archive as it comes."""
        archive = self._server.archive
        if command.field != C_STORE_RQ or archive is None:
            return None
        context = self._association.contexts[context_id]
        if context.abstract_syntax != command.sop_class_uid:
            return _discard
        if self._batch is None:
            self._batch = archive.open_batch()
        try:
            self._incoming = archive.receive(
                self._batch, command.sop_class_uid, command.sop_instance_uid, context.transfer_syntax, self._calling
            )
        except RemoteProtocolError:
            return _discard
        self._disk_is_full = False
        return self._write

    def _stored(self, command: Command) -> int:
        """The status of the C-STORE whose data set has come."""
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return OUT_OF_RESOURCES if self._disk_is_full else CANNOT_UNDERSTAND
        try:
            status = self._admission(incoming)
            if status >> 12 not in (0x0, 0xB):
                return status
            verdict = incoming.commit().verdict
        except RemoteProtocolError:
            return CANNOT_UNDERSTAND
        except OSError:
            return OUT_OF_RESOURCES
        finally:
            incoming.discard()  # nothing after a commit
        return {Verdict.STORED: status, Verdict.SAME: status, Verdict.MISMATCH: NOT_OF_ITS_CLASS}.get(
            verdict, DUPLICATE_SOP_INSTANCE
        )

    def _write(self, piece: memoryview) -> None:
        """Pass the next bytes of a data set on; a full disk costs the instance, and its C-STORE says so."""
        if self._incoming is None:
            return
        try:
            self._incoming.write(piece)
        except OSError:
            self._incoming.discard()
            self._incoming = None
            self._disk_is_full = True

    def _admission(self, incoming: Incoming) -> int:
        """Ask the actor once per identity; what it said of a header holds for every instance with that header."""
        if incoming.header is None:
            return CANNOT_UNDERSTAND
        identity = _IDENTITY(incoming.header)
        status = self._admissions.get(identity)
        if status is None:
            admission: Admission = self._reply_to(study_header(incoming.header), 1)
            status = self._admissions[identity] = admission.status
        return status


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
)
"""All of a header that ``study_header`` reads."""


def _discard(_data: memoryview) -> None:
    """Where a data set goes that nobody wants."""
