"""The sending end of a DICOM route: DIMSE over TCP, one association per Send.

A thread per Send connects, negotiates, sends, waits for the last response and releases. A StoreStudy is one C-STORE after
another on one association, and its result says what was confirmed. The receiving end is ``dicom_server``.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.transcoding import as_accepted
from emulators.codecs.dicom.uids import IMAGE_TRANSFER_SYNTAXES, STORAGE_COMMITMENT, TRANSFER_SYNTAXES
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.core.instant import DAY, SECOND
from emulators.messages.commitment import CommitRequest, CommitResult
from emulators.messages.imaging import InstancesStored, StoreResult, StoreStudy
from emulators.messages.instance_set import from_uids
from emulators.ports.arrivals import Arrivals, Failure, Stage
from emulators.ports.association import Gone, SocketAssociation
from emulators.ports.contract import Exchange
from emulators.ports.faults import LinkFaults
from emulators.ports.foreign import open_exchange
from emulators.ports.replies import Awaited, Replies
from emulators.ports.socket_port import CONNECT_LIMIT_S, SocketPort
from emulators.ports.sockets import Address, Origins, bound_socket, hang_up, log_failure
from emulators.wire.commands import c_store_rq
from emulators.wire.dimse import N_EVENT_REPORT_RQ, Command
from emulators.wire.items import ExtendedNegotiation, RoleSelection
from emulators.wire.negotiation import propose
from emulators.wire.pdu import Buffer

_BY_INSTANCE = frozenset(("store", "retrieve"))
"""Lanes whose deadline starts again at each instance: live, the wait for each response keeps it."""

_LONGEST_US = DAY

LINGER_S = 2.0
"""How long a modality keeps the association of a commitment request open for the result."""

PENDING = frozenset((0xFF00, 0xFF01))
SUCCESS = 0x0000

RELATIONAL = b"\x01"
"""Service class application information of SOP Class Extended Negotiation: relational, and nothing else (PS3.4 C.5.1.1)."""

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
        self.replies = Replies()

    def send(self, exchange: Exchange) -> None:
        if self.live and exchange.lane.name in _BY_INSTANCE:
            exchange.generation += 1
            exchange.expires = exchange.started + _LONGEST_US
        client = exchange.client = _Client(self, exchange, self._arrivals, self._origins)
        self._clients = {one for one in self._clients if one.is_alive}
        self._clients.add(client)
        self.prepare(exchange)
        client.start()

    def check(self, message: Any) -> None:
        """Raises LocalProtocolError for a message that cannot be encoded; of a study the images are made as they are sent."""
        if type(message) is not StoreStudy:
            codec.encode_request(message, 1)

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

    def abandon(self, exchange: Exchange) -> bool:
        nothing_sent = super().abandon(exchange)
        if self.live and exchange.client is not None:
            exchange.instances_confirmed = exchange.client.confirmed
        return nothing_sent

    def close_idle(self) -> None:
        """An association lasts one Send: none is idle."""

    def close(self) -> None:
        self.replies.close()
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
        self._socket = bound_socket(port.address[0])
        self.port: int = self._socket.getsockname()[1]
        self.sent = threading.Event()
        """The message, or the first instance of a study, has gone; the association's set-up is not part of it."""
        self.confirmed = 0
        """Of a study: how many instances, from the first on, have each been confirmed."""
        self._hung_up = False
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
        self._hung_up = True
        hang_up(self._socket)

    def _run(self) -> None:
        try:
            association, answer = self._converse()
            lingers = self._route.live and type(self.exchange.message) is CommitRequest
            if not lingers:
                _release(association)
        except (OSError, Gone, RemoteProtocolError) as error:
            self._break(str(error))
        except Exception as error:
            if self._route.live:
                log_failure(error)
                self._break(type(error).__name__)
            else:
                self._arrivals.fail(error)
        else:
            self._arrivals.post(self.exchange, Stage.ANSWER, answer)
            if lingers:
                self._linger(association)
        finally:
            if self._route.live:  # who comes from this port later is somebody else
                self._origins.forget(self.port)
            self._socket.close()

    def _break(self, reason: str) -> None:
        failure = Failure(not self.sent.is_set(), reason, self.confirmed)
        self._arrivals.post(self.exchange, Stage.BROKEN, failure)

    def _linger(self, association: SocketAssociation) -> None:
        """The result of a commitment may come on the association of its request (PS3.4 J.3.3): wait a little for it."""
        lane = self.exchange.lane
        try:
            message = association.waiting_message(LINGER_S)
            if message is not None and message.command.field == N_EVENT_REPORT_RQ:
                context = association.contexts[message.context_id]
                dataset = None if message.dataset is None else bytes(message.dataset)
                request = codec.decode_request(message.command, dataset, context.transfer_syntax)
                awaited = Awaited()
                open_exchange(self._arrivals, awaited, lane.receiver, lane.sender, request)
                answer = self._route.replies.wait_for(awaited)
                if answer is None:
                    return
                for command, _ in codec.encode_answer(answer, message.command, dataset, context.transfer_syntax):
                    association.send(message.context_id, command)
            association.release()
        except (Gone, RemoteProtocolError):
            return  # the peer left, or said what cannot be read: the result will be asked for again

    def _converse(self) -> tuple[SocketAssociation, Any]:
        self._socket.settimeout(CONNECT_LIMIT_S)
        self._socket.connect(self._route.address)
        if self._hung_up:  # before it was connected
            raise Gone("given up")
        idle_s = self.exchange.deadline_us / SECOND if self._route.live else None
        association = SocketAssociation(self._socket, idle_s=idle_s)
        message = self.exchange.message
        titles = (self._route.called_ae_title, self._route.calling_ae_title)
        if type(message) is StoreStudy:
            association.request(propose(*titles, [(message.sop_class_uid, [syntax]) for syntax in IMAGE_TRANSFER_SYNTAXES]))
            answer: Any = self._store(association, message)
        else:
            abstract_syntax = codec.abstract_syntax(message)
            roles = (_REPORTS_AS_SCP,) if type(message) is CommitResult else ()
            extended = (ExtendedNegotiation(abstract_syntax, RELATIONAL),) if getattr(message, "relational", False) else ()
            contexts = [(abstract_syntax, TRANSFER_SYNTAXES)]
            association.request(propose(*titles, contexts, roles=roles, extended_negotiation=extended))
            answer = self._ask(association, message, abstract_syntax)
        return association, answer

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
        all_confirmed = True
        asked = self._asked_for_by()
        for number, instance in enumerate(self._route.source(store), start=1):
            if asked is not None and asked.is_cancelled:
                break
            accepted = as_accepted(instance.transfer_syntax_uid, instance.buffers, contexts)
            if accepted is None:  # the peer does not take it so: not sent
                all_confirmed = False
                continue
            context_id, buffers = accepted
            originator = None if asked is None else (asked.calling_ae_title, asked.message_id)
            command = c_store_rq(number, instance.sop_class_uid, instance.sop_instance_uid, move_originator=originator)
            association.send(context_id, command, buffers)
            self.sent.set()
            status = self._status(association)
            if status == SUCCESS:
                stored.append(instance.sop_instance_uid)
            elif status >> 12 == 0xB:
                warned.append(instance.sop_instance_uid)
            else:
                failed.setdefault(status, []).append(instance.sop_instance_uid)
                all_confirmed = False
            self.confirmed += all_confirmed
            if asked is not None and asked.shows_progress:
                asked.reply(status)
        seen = from_uids([*stored, *warned, *(uid for uids in failed.values() for uid in uids)])
        return StoreResult(
            stored=from_uids(stored),
            warned=from_uids(warned),
            failed=tuple((status, from_uids(uids)) for status, uids in failed.items()),
            not_sent=store.instances.without(seen),
        )

    def _asked_for_by(self) -> Awaited | None:
        """The C-MOVE that this C-STORE serves, as its server holds it; the C-STORE names who asked (PS3.7 9.3.1.1)."""
        move = self.exchange.moves
        asked: Awaited | None = None if move is None else move.exchange.server
        return asked

    @staticmethod
    def _status(association: SocketAssociation) -> int:
        received = association.receive()
        if received is None:
            raise Gone("released before the response")
        return received.command.status


def _release(association: SocketAssociation) -> None:
    """The answer is here; how the peer takes the release changes nothing."""
    with contextlib.suppress(Gone):
        association.release()
