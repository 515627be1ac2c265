"""How a socket port carries out a verdict: with orders to the relay of its route, given before the bytes go."""

from collections.abc import Callable

from emulators.core.errors import LocalProtocolError
from emulators.core.fault import FaultKind
from emulators.messages.imaging import StoreStudy
from emulators.ports.contract import Exchange
from emulators.ports.sockets import bound_socket
from emulators.wire.relay import Order, Relay

HANG_CHECK_S = 0.05
"""How long a swallowed connection is watched to hang; the deadline itself is the kernel's."""


class LinkFaults:
    """The faults of one route. ``relay`` carries its messages; ``dead_end`` is a second one that nothing else goes through.

    A connection that is refused or swallowed is tried at the dead end: real for its sender, and no other message of the route,
    on its way at the same time of the wall but not of the model, can meet it.
    """

    def __init__(self, relay: Relay, dead_end: Relay) -> None:
        self._relay = relay
        self._dead_end = dead_end

    def stops_connecting(self, exchange: Exchange, close_idle: Callable[[], None]) -> bool:
        """Refuse or swallow a connection, if that is the verdict. Raises LocalProtocolError if it went otherwise."""
        kind = exchange.verdict.kind
        if kind not in (FaultKind.REFUSE, FaultKind.SWALLOW):
            return False
        close_idle()
        self._dead_end.order(Order(kind))
        happened = self._try_to_connect()
        self._dead_end.order(Order(FaultKind.PASS))
        if happened is not kind:
            raise LocalProtocolError(f"the relay was told to {kind.value}, but connecting ended as {happened.value}")
        return True

    def _try_to_connect(self) -> FaultKind:
        with bound_socket() as attempt:
            attempt.settimeout(HANG_CHECK_S)
            try:
                attempt.connect(self._dead_end.address)
            except TimeoutError:
                return FaultKind.SWALLOW
            except OSError:
                return FaultKind.REFUSE
            return FaultKind.PASS

    def prepare(self, exchange: Exchange, port: int) -> None:
        """Tell the relay what to do to this message on the connection from ``port``."""
        verdict = exchange.verdict
        if verdict.kind in (FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.TRUNCATE, FaultKind.HOLD):
            message = exchange.foreseen_confirmed + 1 if type(exchange.message) is StoreStudy else 1
            self._relay.order(Order(verdict.kind, connection=port, message=message))

    def release(self, port: int) -> None:
        """Let go what HOLD kept."""
        self._relay.release(port)
