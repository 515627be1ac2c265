"""What the relay passes: every byte and every end, both ways, recorded, and as fast as the reader takes it."""

import errno
import socket
import threading

import pytest

from emulators.core.fault import FaultKind
from emulators.wire.relay import Order
from tests.wire.relay_bench import REQUEST, RESPONSE, WATCHDOG_S, Bench, port_of, receive, receive_all


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
