"""The relay itself: the port that it listens on, and its end, whatever is under way."""

import socket
import threading

import pytest

from emulators.core.errors import LocalProtocolError
from emulators.core.fault import FaultKind
from emulators.wire.message_boundaries import Framing
from emulators.wire.relay import Order, Relay
from tests.wire.relay_bench import MLLP, REQUEST, WATCHDOG_S, Bench, port_of, receive, receive_all


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
