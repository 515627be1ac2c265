"""Which connection an order to the relay is for, and which orders it refuses."""

import socket

import pytest

from emulators.core.errors import LocalProtocolError
from emulators.core.fault import FaultKind
from emulators.wire.message_boundaries import Framing
from emulators.wire.relay import Order, Relay
from tests.serving.processes import free_ports
from tests.wire.relay_bench import WATCHDOG_S, Bench, port_of, receive_all


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
    (port,) = free_ports(1)  # one of those that the system gives away may be in use by then
    client, server = bench.open(port)
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


@pytest.mark.parametrize(("message", "bytes_per_s"), [(0, 0), (1, -1)])
def test_order_that_makes_no_sense_is_refused(message: int, bytes_per_s: int) -> None:
    order = Order(FaultKind.SLOW, message=message, bytes_per_s=bytes_per_s)
    with Relay(("127.0.0.1", 1), Framing.MLLP) as relay, pytest.raises(LocalProtocolError):
        relay.order(order)
