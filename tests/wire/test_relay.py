"""The relay: it passes everything, counts messages, and fails a link exactly where it is told to.

Clients and servers are plain sockets driven by the test. Socket timeouts are watchdogs. That nothing arrives is shown by
order: the relay has read the bytes (its recorder says so) and has carried out a later order, and still the receiver has
nothing.
"""

import errno
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.errors import LocalProtocolError
from emulators.core.fault import FaultKind
from emulators.wire import message_boundaries
from emulators.wire.message_boundaries import DicomSplitter, Direction, Framing, MllpSplitter, Piece, Splitter
from emulators.wire.mllp import frame
from emulators.wire.relay import Order, Record, Relay
from tests.wire import golden_dicom, golden_hl7

WATCHDOG_S = 5.0
REQUEST, RESPONSE = Direction.REQUEST, Direction.RESPONSE


@dataclass(frozen=True)
class Link:
    """A protocol, and bytes that others made for it."""

    framing: Framing
    open_request: bytes
    open_response: bytes
    request: bytes
    response: bytes


MLLP = Link(Framing.MLLP, b"", b"", golden_hl7.PYTHON_HL7_ORU_FRAME, frame(golden_hl7.PYTHON_HL7_ACK))
DICOM = Link(
    Framing.DICOM,
    golden_dicom.DCMTK_ECHO_ASSOCIATE_RQ,
    golden_dicom.DCMTK_ECHO_ASSOCIATE_AC,
    golden_dicom.DCMTK_STORE_RQ_COMMAND + golden_dicom.DCMTK_STORE_RQ_DATA_SET,
    golden_dicom.DCMTK_STORE_RSP,
)


class Bench:
    """A server that listens, a relay before it, and clients."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(WATCHDOG_S)
        self._sockets = [self.listener]
        self._read = threading.Condition()
        self.records: list[Record] = []
        self.origins: dict[int, int] = {}
        self.relay = Relay(self.listener.getsockname(), link.framing, self._record, self.origins.__setitem__)

    def _record(self, record: Record) -> None:
        with self._read:
            self.records.append(record)
            self._read.notify_all()

    def close(self) -> None:
        self.relay.close()
        for own in self._sockets:
            own.close()

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """A client and its connection at the server, before any byte."""
        client = socket.create_connection(self.relay.address, timeout=WATCHDOG_S)
        self._sockets.append(client)
        server, _ = self.listener.accept()
        server.settimeout(WATCHDOG_S)
        self._sockets.append(server)
        return client, server

    def open(self) -> tuple[socket.socket, socket.socket]:
        """The same with the association set up."""
        client, server = self.connect()
        self.send(client, server, self.link.open_request)
        self.send(server, client, self.link.open_response)
        return client, server

    def send(self, source: socket.socket, target: socket.socket, data: bytes) -> None:
        source.sendall(data)
        assert receive(target, len(data)) == data

    def exchange(self, client: socket.socket, server: socket.socket) -> None:
        self.send(client, server, self.link.request)
        self.send(server, client, self.link.response)

    def recorded(self, client_port: int, direction: Direction) -> bytes:
        ours = [one for one in self.records if one.connection == client_port and one.direction is direction]
        return b"".join(record.data for record in ours)

    def settle(self, client_port: int, direction: Direction, data: bytes) -> None:
        """Wait until the relay has read ``data`` as the last bytes of a direction and has done what follows from it."""
        with self._read:
            assert self._read.wait_for(lambda: self.recorded(client_port, direction).endswith(data), WATCHDOG_S)
        self.relay.order(Order(FaultKind.PASS, connection=1))  # carried out after the bytes

    def refused(self) -> bool:
        with socket.socket() as client:
            client.settimeout(WATCHDOG_S)
            return client.connect_ex(self.relay.address) == errno.ECONNREFUSED


def port_of(client: socket.socket) -> int:
    port: int = client.getsockname()[1]
    return port


def receive(source: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        chunk = source.recv(count - len(data))
        assert chunk, "closed too early"
        data += chunk
    return data


def receive_all(source: socket.socket) -> bytes:
    """All bytes until the end of the stream, be it a FIN or a reset."""
    data = b""
    with suppress(ConnectionResetError):
        while chunk := source.recv(65536):
            data += chunk
    return data


def has_nothing(source: socket.socket) -> bool:
    """Whether the connection is open and nothing has arrived."""
    source.setblocking(False)
    try:
        source.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    finally:
        source.settimeout(WATCHDOG_S)
    return False


@pytest.fixture(params=[MLLP, DICOM], ids=["mllp", "dicom"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(request.param)
    yield made
    made.close()


# Passing


def test_bytes_pass_both_ways_and_are_recorded(bench: Bench) -> None:
    client, server = bench.open()
    bench.exchange(client, server)
    port, link = port_of(client), bench.link
    assert bench.recorded(port, REQUEST) == link.open_request + link.request
    assert bench.recorded(port, RESPONSE) == link.open_response + link.response
    times = [record.monotonic_s for record in bench.records]
    assert times == sorted(times)


def test_ends_pass_and_the_other_direction_stays_open(bench: Bench) -> None:
    client, server = bench.open()
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    bench.send(server, client, bench.link.response)
    server.close()
    assert client.recv(1) == b""


def test_stream_that_ends_in_the_middle_of_a_header_passes_whole(bench: Bench) -> None:
    client, server = bench.open()
    client.sendall(bench.link.request[:3])
    client.shutdown(socket.SHUT_WR)
    assert receive_all(server) == bench.link.request[:3]


def test_on_dial_names_the_client_of_what_the_server_sees_before_the_server_sees_it(bench: Bench) -> None:
    pairs = [bench.connect() for _ in range(3)]
    for client, server in pairs:
        assert bench.origins[server.getpeername()[1]] == port_of(client)


def test_nagle_is_off_on_both_sides(bench: Bench) -> None:
    bench.connect()
    (connection,) = bench.relay._connections.values()
    for own in (connection.client, connection.server):
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_client_is_reset_if_there_is_no_server(bench: Bench) -> None:
    bench.listener.close()
    with socket.socket() as client:
        client.settimeout(WATCHDOG_S)
        error = client.connect_ex(bench.relay.address)  # the reset may come before connect returns
        assert error in (0, errno.ECONNRESET)
        if not error:
            with pytest.raises(ConnectionResetError):
                client.recv(1)


def test_reader_that_is_late_gets_everything(bench: Bench) -> None:
    client, server = bench.open()
    data = bench.link.request * (16_000_000 // len(bench.link.request))
    writer = threading.Thread(target=client.sendall, args=(data,))
    writer.start()
    bench.settle(port_of(client), REQUEST, b"")  # the writer is far ahead of the reader
    assert receive(server, len(data)) == data
    writer.join(WATCHDOG_S)


@pytest.mark.parametrize("kind", [FaultKind.PASS, FaultKind.DELAY])
def test_pass_and_delay_do_nothing(bench: Bench, kind: FaultKind) -> None:
    client, server = bench.open()
    bench.relay.order(Order(kind, port_of(client)))
    bench.relay.order(Order(kind))
    bench.exchange(client, server)


# Faults of a message


def test_reset_before_lets_nothing_of_the_request_through(bench: Bench) -> None:
    client, server = bench.open()
    bench.relay.order(Order(FaultKind.RESET_BEFORE, port_of(client), message=2))
    bench.exchange(client, server)
    client.sendall(bench.link.request)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionResetError):
        server.recv(1)


def test_reset_after_lets_the_requests_and_all_responses_before_the_nth_through(bench: Bench) -> None:
    client, server = bench.open()
    bench.exchange(client, server)
    bench.relay.order(Order(FaultKind.RESET_AFTER, port_of(client), message=3))  # counted from now
    bench.exchange(client, server)
    bench.exchange(client, server)
    bench.send(client, server, bench.link.request)
    server.sendall(bench.link.response)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionResetError):
        server.recv(1)


def test_reset_after_cuts_before_the_first_byte_even_if_responses_come_together(bench: Bench) -> None:
    client, server = bench.open()
    bench.relay.order(Order(FaultKind.RESET_AFTER, port_of(client), message=2))
    server.sendall(bench.link.response * 2)
    assert receive_all(client) == bench.link.response


def test_truncate_gives_the_server_half_of_the_request_and_an_end(bench: Bench) -> None:
    client, server = bench.open()
    bench.relay.order(Order(FaultKind.TRUNCATE, port_of(client), message=2))
    bench.exchange(client, server)
    client.sendall(bench.link.request)
    assert receive_all(server) == bench.link.request[: len(bench.link.request) // 2]
    assert receive_all(client) == b""


def test_truncate_gives_the_server_nothing_if_the_client_leaves_first(bench: Bench) -> None:
    client, server = bench.open()
    bench.relay.order(Order(FaultKind.TRUNCATE, port_of(client)))
    client.sendall(bench.link.request[:-1])
    client.close()
    assert receive_all(server) == b""


def test_slow_holds_the_rate_and_changes_no_byte(bench: Bench) -> None:
    client, server = bench.open()
    bytes_per_s = len(bench.link.request) * 10
    bench.relay.order(Order(FaultKind.SLOW, port_of(client), bytes_per_s=bytes_per_s))
    start_s = time.monotonic()
    bench.exchange(client, server)
    assert time.monotonic() - start_s > 0.05  # a tenth of a second, less the last slice
    bench.exchange(client, server)


def test_slow_without_a_rate_passes(bench: Bench) -> None:
    client, server = bench.open()
    bench.relay.order(Order(FaultKind.SLOW, port_of(client)))
    bench.exchange(client, server)


def test_hold_keeps_the_request_until_release(bench: Bench) -> None:
    client, server = bench.open()
    bench.relay.order(Order(FaultKind.HOLD, port_of(client), message=2))
    bench.exchange(client, server)
    client.sendall(bench.link.request)
    bench.settle(port_of(client), REQUEST, bench.link.request)
    assert has_nothing(server)
    bench.relay.release(port_of(client))
    assert receive(server, len(bench.link.request)) == bench.link.request
    bench.send(server, client, bench.link.response)
    bench.exchange(client, server)


def test_hold_delivers_the_work_of_a_client_that_has_left(bench: Bench) -> None:
    client, server = bench.open()
    port = port_of(client)
    bench.relay.order(Order(FaultKind.HOLD, port))
    client.sendall(bench.link.request)
    bench.settle(port, REQUEST, bench.link.request)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()  # with a reset
    bench.relay.order(Order(FaultKind.PASS, connection=1))
    assert has_nothing(server)
    bench.relay.release()
    assert receive_all(server) == bench.link.request


def test_release_of_one_connection_leaves_the_others(bench: Bench) -> None:
    first, second = bench.open(), bench.open()
    for client, _ in (first, second):
        bench.relay.order(Order(FaultKind.HOLD, port_of(client)))
        client.sendall(bench.link.request)
        bench.settle(port_of(client), REQUEST, bench.link.request)
    bench.relay.release(port_of(second[0]))
    assert receive(second[1], len(bench.link.request)) == bench.link.request
    assert has_nothing(first[1])


# Which connection


def test_orders_for_no_connection_are_for_the_next_ones_in_turn(bench: Bench) -> None:
    before, before_server = bench.open()
    bench.relay.order(Order(FaultKind.RESET_BEFORE))
    bench.relay.order(Order(FaultKind.RESET_AFTER))
    first, first_server = bench.open()
    second, second_server = bench.open()
    third, third_server = bench.open()
    bench.exchange(before, before_server)
    first.sendall(bench.link.request)
    assert receive_all(first_server) == b""
    bench.send(second, second_server, bench.link.request)
    second_server.sendall(bench.link.response)
    assert receive_all(second) == b""
    bench.exchange(third, third_server)


def test_order_may_name_a_client_before_it_connects(bench: Bench) -> None:
    with socket.socket() as client:
        client.settimeout(WATCHDOG_S)
        client.bind(("127.0.0.1", 0))
        bench.relay.order(Order(FaultKind.RESET_BEFORE, port_of(client)))
        client.connect(bench.relay.address)
        client.sendall(bench.link.open_request + bench.link.request)
        server, _ = bench.listener.accept()
        server.settimeout(WATCHDOG_S)
        with server:
            assert receive_all(server) == bench.link.open_request


def test_order_for_a_port_whose_connection_has_gone_is_for_the_next_connection_from_it(bench: Bench) -> None:
    client, server = bench.open()
    port = port_of(client)
    server.close()
    assert client.recv(1) == b""
    client.close()
    bench.relay.order(Order(FaultKind.RESET_BEFORE))  # passes by: a later connection takes it
    taker, taker_server = bench.open()
    taker.sendall(bench.link.request)
    assert receive_all(taker_server) == b""
    bench.relay.order(Order(FaultKind.RESET_BEFORE, port))
    with socket.socket() as again:
        again.settimeout(WATCHDOG_S)
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
        again.connect(bench.relay.address)
        again.sendall(bench.link.open_request + bench.link.request)
        again_server, _ = bench.listener.accept()
        again_server.settimeout(WATCHDOG_S)
        with again_server:
            assert receive_all(again_server) == bench.link.open_request


def test_pass_for_a_connection_forgets_its_orders(bench: Bench) -> None:
    client, server = bench.open()
    bench.relay.order(Order(FaultKind.RESET_BEFORE, port_of(client)))
    bench.relay.order(Order(FaultKind.RESET_AFTER, port_of(client)))
    bench.relay.order(Order(FaultKind.PASS, port_of(client)))
    bench.exchange(client, server)


# Faults of the link


def test_refuse_closes_idle_connections_and_the_port_until_healed(bench: Bench) -> None:
    client, server = bench.open()
    bench.exchange(client, server)
    bench.relay.order(Order(FaultKind.REFUSE))
    assert receive_all(client) == b""
    assert receive_all(server) == b""
    assert bench.refused()
    assert bench.refused()
    bench.relay.order(Order(FaultKind.PASS))
    bench.exchange(*bench.open())


def test_refuse_closes_a_connection_that_was_never_used(bench: Bench) -> None:
    client = socket.create_connection(bench.relay.address, timeout=WATCHDOG_S)
    with client:
        bench.relay.order(Order(FaultKind.REFUSE))
        assert receive_all(client) == b""


def test_refuse_leaves_a_connection_on_which_someone_waits(bench: Bench) -> None:
    client, server = bench.open()
    bench.send(client, server, bench.link.request)
    half_client, half_server = bench.open()
    half_client.sendall(bench.link.request[:20])
    bench.settle(port_of(half_client), REQUEST, bench.link.request[:20])
    bench.relay.order(Order(FaultKind.REFUSE))
    bench.send(server, client, bench.link.response)
    half_client.sendall(bench.link.request[20:])
    assert receive(half_server, len(bench.link.request)) == bench.link.request
    assert bench.refused()


def test_swallow_closes_idle_connections_and_lets_connecting_hang_until_healed(bench: Bench) -> None:
    client, _ = bench.open()
    bench.relay.order(Order(FaultKind.SWALLOW))
    assert receive_all(client) == b""
    with socket.socket() as hanging:
        hanging.settimeout(0.1)
        with pytest.raises(TimeoutError):
            hanging.connect(bench.relay.address)
    bench.relay.order(Order(FaultKind.PASS))
    bench.exchange(*bench.open())


def test_link_faults_replace_one_another(bench: Bench) -> None:
    for kind in (FaultKind.REFUSE, FaultKind.SWALLOW, FaultKind.SWALLOW, FaultKind.REFUSE):
        bench.relay.order(Order(kind))
    assert bench.refused()
    bench.relay.order(Order(FaultKind.RESET_BEFORE))  # for the next connection, so there can be one
    client, server = bench.open()
    client.sendall(bench.link.request)
    assert receive_all(server) == b""


# The end


def test_close_is_prompt_whatever_is_under_way_and_leaves_no_thread(bench: Bench) -> None:
    held, slow, open_ = bench.open(), bench.open(), bench.open()
    bench.relay.order(Order(FaultKind.HOLD, port_of(held[0])))
    bench.relay.order(Order(FaultKind.SLOW, port_of(slow[0]), bytes_per_s=1))
    for client, _ in (held, slow):
        client.sendall(bench.link.request)
        bench.settle(port_of(client), REQUEST, bench.link.request)
    bench.relay.order(Order(FaultKind.SWALLOW))
    bench.relay.close()
    bench.relay.close()
    assert not any(thread.name.startswith("radloop-relay") for thread in threading.enumerate())
    assert receive_all(held[1]) == b""
    assert receive_all(open_[0]) == b""
    with pytest.raises(LocalProtocolError):
        bench.relay.order(Order(FaultKind.PASS))
    with pytest.raises(LocalProtocolError):
        bench.relay.release()


def test_relay_closes_at_the_end_of_its_context() -> None:
    with Relay(("127.0.0.1", 1), Framing.MLLP) as relay:
        assert relay.address == ("127.0.0.1", relay.port)
    with pytest.raises(LocalProtocolError):
        relay.order(Order(FaultKind.PASS))


def test_relay_listens_on_the_port_that_a_product_already_knows() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        upstream = listener.getsockname()
        with Relay(upstream, Framing.MLLP) as earlier:
            known = earlier.port
        with Relay(upstream, Framing.MLLP, port=known) as relay, socket.create_connection(("127.0.0.1", known)) as client:
            assert relay.address == ("127.0.0.1", known)
            client.settimeout(WATCHDOG_S)
            listener.settimeout(WATCHDOG_S)
            server, _ = listener.accept()
            with server:
                client.sendall(MLLP.request)
                assert receive(server, len(MLLP.request)) == MLLP.request


def test_port_that_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken: int = other.getsockname()[1]
        with pytest.raises(OSError, match="Address already in use"):
            Relay(("127.0.0.1", 1), Framing.MLLP, port=taken)


@pytest.mark.parametrize(("message", "bytes_per_s"), [(0, 0), (1, -1)])
def test_order_that_makes_no_sense_is_refused(message: int, bytes_per_s: int) -> None:
    order = Order(FaultKind.SLOW, message=message, bytes_per_s=bytes_per_s)
    with Relay(("127.0.0.1", 1), Framing.MLLP) as relay, pytest.raises(LocalProtocolError):
        relay.order(order)


# Where messages begin and end


def _boundaries(pieces: list[Piece]) -> list[tuple[str, int]]:
    """('begins' or 'ends', offset in the stream) of all messages."""
    found, offset = [], 0
    for piece in pieces:
        if piece.begins:
            found.append(("begins", offset))
        offset += len(piece.data)
        if piece.ends:
            found.append(("ends", offset))
    return found


def _split_all(splitter: Splitter, data: bytes, cuts: list[int]) -> list[Piece]:
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [piece for start, end in pairwise(ends) for piece in splitter.split(data[start:end])]


def test_messages_in_the_streams_of_dcmtk_findscu() -> None:
    client, server = DicomSplitter(), DicomSplitter()
    asked = client.split(golden_dicom.DCMTK_FIND_CLIENT_STREAM)
    answered = server.split(golden_dicom.DCMTK_FIND_SERVER_STREAM)
    begins = 6 + int.from_bytes(golden_dicom.DCMTK_FIND_CLIENT_STREAM[2:6], "big")  # after A-ASSOCIATE-RQ
    ends = len(golden_dicom.DCMTK_FIND_CLIENT_STREAM) - len(golden_dicom.DCMTK_RELEASE_RQ)
    assert _boundaries(asked) == [("begins", begins), ("ends", ends)]
    assert [kind for kind, _ in _boundaries(answered)] == ["begins", "ends"] * 2  # one pending, one final
    assert client.waiting == 3  # association, query, release
    assert server.waiting == -3


def test_command_and_data_set_are_one_message() -> None:
    splitter = DicomSplitter()
    pieces = splitter.split(DICOM.request + golden_dicom.DCMTK_ECHO_RQ)
    first, both = len(DICOM.request), len(DICOM.request) + len(golden_dicom.DCMTK_ECHO_RQ)
    assert _boundaries(pieces) == [("begins", 0), ("ends", first), ("begins", first), ("ends", both)]
    assert splitter.waiting == 2
    splitter = DicomSplitter()
    splitter.split(golden_dicom.DCMTK_STORE_RSP + golden_dicom.DCMTK_ECHO_RSP)
    assert splitter.waiting == -2


def test_fragments_of_pynetdicom_are_one_message() -> None:
    pieces = DicomSplitter().split(golden_dicom.PYNETDICOM_STORE_RQ_PDUS)
    assert _boundaries(pieces) == [("begins", 0), ("ends", len(golden_dicom.PYNETDICOM_STORE_RQ_PDUS))]


def test_cancel_is_a_message_that_nobody_answers() -> None:
    command = golden_dicom.PYNETDICOM_COMMANDS["C-CANCEL-RQ"]
    pdv = (len(command) + 2).to_bytes(4, "big") + b"\x01\x03" + command
    splitter = DicomSplitter()
    pieces = splitter.split(b"\x04\x00" + len(pdv).to_bytes(4, "big") + pdv)
    assert [kind for kind, _ in _boundaries(pieces)] == ["begins", "ends"]
    assert splitter.waiting == 0


_STREAMS = [
    (Framing.DICOM, golden_dicom.DCMTK_FIND_CLIENT_STREAM),
    (Framing.DICOM, golden_dicom.DCMTK_FIND_SERVER_STREAM),
    (Framing.DICOM, golden_dicom.PYNETDICOM_STORE_RQ_PDUS + golden_dicom.DCMTK_ABORT),
    (Framing.MLLP, b"noise" + MLLP.request + b"\r\x1c" + MLLP.response + b"\x0b\x1c\r"),
]


@given(stream=st.sampled_from(_STREAMS), cuts=st.lists(st.integers(0, 1000), max_size=30))
def test_any_split_gives_the_same_messages_and_all_bytes(stream: tuple[Framing, bytes], cuts: list[int]) -> None:
    framing, data = stream
    pieces = _split_all(message_boundaries.splitter(framing, REQUEST), data, cuts)
    assert b"".join(piece.data for piece in pieces) == data
    assert _boundaries(pieces) == _boundaries(message_boundaries.splitter(framing, REQUEST).split(data))


_PDU_PARTS = st.sampled_from(
    [DICOM.open_request, DICOM.request, DICOM.response, b"\x04\x00\x00\x00\x00\x00", b"\x04\x00\x00\x00\x00\x05", b"\x09"]
)


@given(parts=st.lists(st.one_of(_PDU_PARTS, st.binary(max_size=20)), max_size=5), cuts=st.lists(st.integers(0, 2000)))
@pytest.mark.parametrize("framing", Framing)
def test_hostile_bytes_come_out_as_they_went_in(framing: Framing, parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    splitter = message_boundaries.splitter(framing, RESPONSE)
    out = b"".join(piece.data for piece in _split_all(splitter, data, cuts))
    rest = splitter.rest()
    assert out + rest == data
    assert len(rest) < 12  # at most an incomplete PDU header and PDV header


def test_end_block_across_two_reads_ends_a_frame() -> None:
    splitter = MllpSplitter(REQUEST)
    assert splitter.split(b"\x0ba\x1c") == [Piece(b"\x0ba\x1c", begins=True)]
    assert splitter.inside
    assert splitter.split(b"\rb") == [Piece(b"\r", ends=True), Piece(b"b")]
    assert not splitter.inside
    assert splitter.waiting == 1
