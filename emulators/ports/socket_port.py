"""What the two socket ports do the same way at each instant that the kernel reaches (ports/contract.py)."""

import threading
from abc import ABC, abstractmethod
from typing import Any, Protocol

from emulators.core.errors import LocalProtocolError
from emulators.core.fault import FaultKind
from emulators.ports.arrivals import Arrivals, Failure, Stage
from emulators.ports.contract import Exchange
from emulators.ports.faults import LinkFaults

CONNECT_LIMIT_S = 5.0


class Client(Protocol):
    """The sending end of one connection, as its port needs it. ``sent`` is set when the message has gone."""

    port: int
    sent: threading.Event

    def hang_up(self) -> None: ...


class SocketPort(ABC):
    """The sending end of one route; a protocol adds how a message gets onto the wire (``send``)."""

    def __init__(self, arrivals: Arrivals, faults: LinkFaults | None, live: bool) -> None:
        self.live = live
        self._arrivals = arrivals
        self._faults = faults

    @abstractmethod
    def send(self, exchange: Exchange) -> None:
        """Start the first leg: set ``exchange.client``, let ``prepare`` see it, and send."""

    @abstractmethod
    def close(self) -> None:
        """End every connection of the route and wait for its threads."""

    @abstractmethod
    def close_idle(self) -> None:
        """Close what is open and not in use; called when the link refuses or swallows."""

    def begin(self, exchange: Exchange) -> None:
        if self._faults is None or not self._faults.stops_connecting(exchange, self.close_idle):
            self._send_or_refuse(exchange)
        elif exchange.verdict.kind is FaultKind.REFUSE:
            self._arrivals.post(exchange, Stage.BROKEN, Failure(True, "refused"))

    def _send_or_refuse(self, exchange: Exchange) -> None:
        """Live, what cannot be encoded and what the system refuses (a descriptor, a thread) costs the Send, not the run."""
        try:
            self.send(exchange)
        except (LocalProtocolError, OSError, RuntimeError) as error:
            if not self.live:
                raise
            self._arrivals.post(exchange, Stage.BROKEN, Failure(True, type(error).__name__))

    def prepare(self, exchange: Exchange) -> None:
        """Before the first byte: tell the relay what to do to this message."""
        if self._faults is not None:
            self._faults.prepare(exchange, exchange.client.port)

    def request(self, exchange: Exchange) -> Any:
        if exchange.verdict.kind is FaultKind.HOLD and self._faults is not None:
            self._faults.release(exchange.client.port)
        return self._arrivals.wait(exchange, Stage.REQUEST)

    def answer(self, exchange: Exchange, message: Any) -> None:
        exchange.server.reply(message)

    def outcome(self, exchange: Exchange) -> Any:
        return self._arrivals.wait(exchange, Stage.ANSWER)

    def broken(self, exchange: Exchange) -> bool:
        failure: Failure = self._arrivals.wait(exchange, Stage.BROKEN)
        return failure.nothing_sent

    def abandon(self, exchange: Exchange) -> bool:
        if exchange.server is not None:
            exchange.server.reply(None)
        client: Client | None = exchange.client
        if client is None:
            return True
        if exchange.outlives_sender and not self.live:
            client.sent.wait(CONNECT_LIMIT_S)  # what is to arrive later must have left
        client.hang_up()
        return self.live and not client.sent.is_set()
