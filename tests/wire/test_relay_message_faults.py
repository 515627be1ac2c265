"""Faults of a message: the relay counts messages and fails the one that it is told to, before, in or after it."""

import socket
import time

import pytest

from emulators.core.fault import FaultKind
from emulators.wire.relay import Order
from tests.wire.relay_bench import REQUEST, Bench, has_nothing, port_of, receive, receive_all


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
