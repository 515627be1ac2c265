"""What serving asks of the ports: a listener outlives what the system refuses, strangers are strangers, deadlines restart."""

import errno
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulators.carriers import SocketCarriers
from emulators.codecs.dicom.uids import TRANSFER_SYNTAXES
from emulators.core.errors import LocalProtocolError
from emulators.core.fault import FaultPlan
from emulators.core.instant import DAY, SECOND
from emulators.core.link import LinkSpec
from emulators.messages.adt import RegisterPatient
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.ports import sockets
from emulators.ports.arrivals import Arrivals, Failure, Stage
from emulators.ports.association import Gone, SocketAssociation
from emulators.ports.contract import Exchange, Lane
from emulators.ports.dicom import DicomPort
from emulators.ports.mllp import MllpPort, MllpServer
from emulators.ports.sockets import LOOPBACK, Address, Listener, Origins, bound_socket
from emulators.wire.commands import response
from emulators.wire.mllp import frame
from emulators.wire.negotiation import AcceptorPolicy
from sim.scenario import find
from tests.peers.senders import IMAGES, study
from tests.serving.desk import registration
from tests.serving.hl7 import CODEC, message_of

LIMIT_S = 10.0
REFUSED_PORT = 1


# --- listening ---------------------------------------------------------------------------------------------------------


def echo(connection: socket.socket, _peer: Address) -> None:
    connection.sendall(connection.recv(10))


def is_served(address: Address) -> bool:
    with socket.create_connection(address, timeout=LIMIT_S) as connection:
        connection.sendall(b"hello")
        return connection.recv(10) == b"hello"


class Failing:
    """A listening socket whose ``accept`` fails some times before it does what it should."""

    def __init__(self, real: socket.socket, failures: int) -> None:
        self._real = real
        self._left = failures

    def accept(self) -> tuple[socket.socket, Address]:
        if self._left:
            self._left -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return self._real.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_no_free_descriptor_does_not_end_a_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "ACCEPT_AGAIN_S", 0.001)
    create = socket.create_server
    monkeypatch.setattr(socket, "create_server", lambda *args, **options: Failing(create(*args, **options), 3))
    failures: list[Exception] = []
    listener = Listener("test", echo, failures.append)
    try:
        assert is_served(listener.address)
        assert [type(failure) for failure in failures] == [OSError] * 3
    finally:
        listener.close()


def test_no_room_for_a_thread_costs_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[Exception] = []
    listener = Listener("test", echo, failures.append)
    try:
        start = threading.Thread.start

        def full(thread: threading.Thread) -> None:
            monkeypatch.setattr(threading.Thread, "start", start)
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", full)
        with socket.create_connection(listener.address, timeout=LIMIT_S) as lost:
            assert lost.recv(10) == b""
        assert is_served(listener.address)
        assert [type(failure) for failure in failures] == [RuntimeError]
    finally:
        listener.close()


def test_a_registered_port_is_for_one_connection() -> None:
    origins, sender = Origins(), object()
    origins.register(4711, sender)
    assert origins.sender_of(4711) is sender
    assert origins.sender_of(4711) is None
    origins.register(4711, sender)
    origins.relayed(4712, 4711)
    assert origins.sender_of(4711) is None
    assert origins.sender_of(4712) is sender
    origins.register(4711, sender)
    origins.forget(4711)
    assert origins.sender_of(4711) is None


# --- sending -----------------------------------------------------------------------------------------------------------


def exchange_on(port: MllpPort | DicomPort, message: Any, deadline_us: int = 30 * SECOND) -> Exchange:
    exchange = Exchange(Lane("left", "right", message.lane, port, LinkSpec()), "1", message, deadline_us, 0, 1)
    exchange.started = 0
    return exchange


def failure_of(arrivals: Arrivals) -> Failure:
    """How the only exchange under way broke."""
    arrival = arrivals.take(LIMIT_S)
    assert arrival is not None
    assert arrival.stage is Stage.BROKEN
    failure: Failure = arrival.value
    return failure


def test_a_live_sender_that_nobody_hears_leaves_its_port_to_strangers() -> None:
    arrivals, origins = Arrivals(LIMIT_S), Origins()
    port = MllpPort(CODEC, (LOOPBACK, REFUSED_PORT), arrivals, origins, live=True)
    exchange = exchange_on(port, registration())
    port.begin(exchange)
    assert failure_of(arrivals).nothing_sent
    port.close()
    assert origins.sender_of(exchange.client.port) is None


def test_live_a_message_that_cannot_be_encoded_is_refused_and_ends_nothing() -> None:
    arrivals = Arrivals(LIMIT_S)
    port = MllpPort(CODEC, (LOOPBACK, REFUSED_PORT), arrivals, Origins(), live=True)
    with pytest.raises(LocalProtocolError):
        port.check(StoreStudy)
    exchange = exchange_on(port, study("US", 1))  # no message of HL7
    port.begin(exchange)
    assert failure_of(arrivals).nothing_sent
    port.close()


def test_live_no_free_descriptor_refuses_one_send(monkeypatch: pytest.MonkeyPatch) -> None:
    arrivals = Arrivals(LIMIT_S)

    def full(*_: Any) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("emulators.ports.dicom.bound_socket", full)
    port = DicomPort("US", "THEM", (LOOPBACK, REFUSED_PORT), arrivals, Origins(), IMAGES.instances, live=True)
    port.begin(exchange_on(port, study("US", 1)))
    assert failure_of(arrivals).nothing_sent
    port.close()


def test_in_lock_step_both_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    port = MllpPort(CODEC, (LOOPBACK, REFUSED_PORT), Arrivals(LIMIT_S), Origins())
    with pytest.raises(LocalProtocolError):
        port.begin(exchange_on(port, study("US", 1)))


# --- a study -----------------------------------------------------------------------------------------------------------


@contextmanager
def archive(answer: Callable[[SocketAssociation, int], int | None]) -> Iterator[Address]:
    """A peer that takes one association and gives each C-STORE the status of ``answer``; None hangs up."""

    def serve(connection: socket.socket, _peer: Address) -> None:
        association = SocketAssociation(connection, idle_s=LIMIT_S)
        contexts = {STUDY.sop_class_uid: TRANSFER_SYNTAXES}
        assert association.accept(AcceptorPolicy("THEM", contexts))
        number = 0
        try:
            while (message := association.receive()) is not None:
                number += 1
                status = answer(association, number)
                if status is None:
                    return
                association.send(message.context_id, response(message.command, status))
        except Gone:
            return

    failures: list[Exception] = []
    listener = Listener("test-archive", serve, failures.append)
    try:
        yield listener.address
    finally:
        listener.close()
        assert failures == []


STUDY = study("US", 4)


@contextmanager
def storing(address: Address, deadline_us: int = 30 * SECOND) -> Iterator[tuple[Arrivals, DicomPort, Exchange]]:
    arrivals = Arrivals(LIMIT_S)
    port = DicomPort("US", "THEM", address, arrivals, Origins(), IMAGES.instances, live=True)
    exchange = exchange_on(port, STUDY, deadline_us)
    port.begin(exchange)
    try:
        yield arrivals, port, exchange
    finally:
        port.close()


def test_a_live_study_is_not_bound_by_one_deadline_but_by_that_of_each_instance() -> None:
    with archive(lambda _, number: 0x0000) as address, storing(address) as (_, port, exchange):
        assert (exchange.generation, exchange.expires) == (1, DAY)
        assert port.outcome(exchange) == StoreResult(stored=STUDY.instances)


def test_an_archive_that_stops_answering_is_given_up_after_the_deadline_with_what_it_confirmed() -> None:
    stopped = threading.Event()

    def answer(_: SocketAssociation, number: int) -> int:
        if number == 3:
            assert stopped.wait(LIMIT_S)
        return 0x0000

    with archive(answer) as address, storing(address, deadline_us=SECOND // 5) as (arrivals, _, _):
        failure = failure_of(arrivals)
        stopped.set()
        assert not failure.nothing_sent
        assert failure.confirmed == 2


STATUSES: Sequence[int | None] = (0x0000, 0xA700, 0x0000, None)


def test_what_counts_as_confirmed_ends_at_the_first_that_was_not() -> None:
    with archive(lambda _, number: STATUSES[number - 1]) as address, storing(address) as (arrivals, port, exchange):
        assert failure_of(arrivals).confirmed == 1
        port.abandon(exchange)
        assert exchange.instances_confirmed == 1


# --- strangers ---------------------------------------------------------------------------------------------------------


@contextmanager
def hl7_server(known: frozenset[str] | None) -> Iterator[tuple[MllpServer, Arrivals]]:
    arrivals = Arrivals(LIMIT_S)
    server = MllpServer("ris", CODEC, arrivals, Origins(), True, {"ENGINE": "engine"}, known)
    try:
        yield server, arrivals
    finally:
        server.close()


def sent(address: Address, payload: bytes) -> socket.socket:
    connection = bound_socket()
    connection.settimeout(LIMIT_S)
    connection.connect(address)
    connection.sendall(frame(payload))
    return connection


def test_an_unknown_sending_application_is_rejected_by_its_name() -> None:
    with hl7_server(frozenset(("ENGINE",))) as (server, _):
        with sent(server.address, message_of(registration(), sender="SOMEBODY")) as connection:
            answer = connection.recv(4096)
        assert b"MSA|AR|C1\r" in answer
        assert b"ERR||MSH^1^3|103^" in answer


@pytest.mark.parametrize(("application", "sender"), [("ENGINE", "engine"), ("SOMEBODY", "SOMEBODY")])
def test_strangers_that_are_answered_go_by_the_name_they_give(application: str, sender: str) -> None:
    with hl7_server(None) as (server, arrivals), sent(server.address, message_of(registration(), sender=application)):
        arrival = arrivals.take(LIMIT_S)
        assert arrival is not None
        assert arrival.exchange.lane.sender == sender
        assert isinstance(arrival.value, RegisterPatient)


# --- the carriers of a run ---------------------------------------------------------------------------------------------


def test_carriers_that_cannot_open_everything_leave_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, clinic = find("clinic")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.EADDRINUSE, "Address already in use")

    monkeypatch.setattr("emulators.carriers.DicomServer", full)
    with pytest.raises(OSError, match="Address already in use"):
        SocketCarriers(clinic.site, IMAGES.instances, tmp_path, FaultPlan(1))
    monkeypatch.undo()
    SocketCarriers(clinic.site, IMAGES.instances, tmp_path, FaultPlan(1)).close()  # no archive is locked
