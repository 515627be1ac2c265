"""Faults of the link at the relay: refused or swallowed until healed, while nobody who waits for an answer loses it."""

import socket

import pytest

from emulators.core.fault import FaultKind
from emulators.wire.relay import Order
from tests.wire.relay_bench import REQUEST, WATCHDOG_S, Bench, port_of, receive, receive_all


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
