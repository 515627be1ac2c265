"""Requests from systems that are not ours: a product, a command line tool, a person with a script.

A receiving port that does not know a connection's sender makes the exchange itself, on a lane of its own. It is answered
like any other, and is over when its answer is on the wire.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from emulators.core.errors import LocalProtocolError
from emulators.core.link import LinkSpec
from emulators.messages.imaging import InstancesStored
from emulators.ports.arrivals import Arrivals, Failure, Stage
from emulators.ports.contract import Exchange, Lane

NO_SYSTEMS: Mapping[str, str] = {}
"""Of a server in whose house no product takes a system's place: every stranger goes by the name that it gives."""


class ForeignPort:
    """The sending end that is not here; live, because its instants are those of the socket events."""

    live = True

    def begin(self, exchange: Exchange) -> None:
        """It has begun already, elsewhere."""

    def request(self, exchange: Exchange) -> Any:
        return exchange.reached[Stage.REQUEST]

    def answer(self, exchange: Exchange, message: Any) -> None:
        exchange.server.reply(message)

    def batches(self, exchange: Exchange) -> Sequence[InstancesStored]:
        told: Sequence[InstancesStored] = exchange.reached[Stage.BATCH].tell()
        return told

    def outcome(self, exchange: Exchange) -> Any:
        return exchange.reached.get(Stage.ANSWER, exchange.answer)

    def broken(self, exchange: Exchange) -> bool:
        return False

    def abandon(self, exchange: Exchange) -> bool:
        exchange.server.reply(None)
        return False


class OverPort:
    """Sends on an association that somebody else has opened, and that one of our servers holds: ``server`` is its request."""

    live = True

    def __init__(self, server: Any) -> None:
        self._server = server

    def begin(self, exchange: Exchange) -> None:
        self._server.push(exchange)

    def request(self, exchange: Exchange) -> Any:
        raise LocalProtocolError(f"{exchange.lane.receiver} is somebody else's, and takes its requests itself")

    def answer(self, exchange: Exchange, message: Any) -> None:
        raise LocalProtocolError(f"{exchange.lane.receiver} is somebody else's, and answers by itself")

    def batches(self, exchange: Exchange) -> Sequence[InstancesStored]:
        return ()

    def outcome(self, exchange: Exchange) -> Any:
        return exchange.reached[Stage.ANSWER]

    def broken(self, exchange: Exchange) -> bool:
        failure: Failure = exchange.reached[Stage.BROKEN]
        return failure.nothing_sent

    def abandon(self, exchange: Exchange) -> bool:
        """Nobody may have taken it from where it was pushed: then nothing was sent."""
        return not self._server.was_taken


def open_exchange(arrivals: Arrivals, server: Any, sender: str, receiver: str, message: Any, mode: Any = None) -> Exchange:
    """Post a stranger's request; ``server`` is where its reply goes, ``mode`` as in ``Request``."""
    lane = Lane(sender, receiver, message.lane, ForeignPort(), LinkSpec(), foreign=True)
    exchange = Exchange(lane, "", message, lane.answer_limit_us, 0, 0)
    exchange.server = server
    exchange.mode = mode
    arrivals.post(exchange, Stage.REQUEST, message)
    return exchange
