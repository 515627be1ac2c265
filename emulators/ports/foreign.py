"""Requests from systems that are not ours: a product, a command line tool, a person with a script.

A receiving port that does not know a connection's sender makes the exchange itself, on a lane of its own. It is answered
like any other, and is over when its answer is on the wire.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from emulators.core.link import LinkSpec
from emulators.messages.imaging import InstancesStored
from emulators.ports.arrivals import Arrivals, Stage
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
        return exchange.answer

    def broken(self, exchange: Exchange) -> bool:
        return False

    def abandon(self, exchange: Exchange) -> bool:
        exchange.server.reply(None)
        return False


def open_exchange(arrivals: Arrivals, server: Any, sender: str, receiver: str, message: Any) -> Exchange:
    """Post a stranger's request; ``server`` is where its reply goes."""
    lane = Lane(sender, receiver, message.lane, ForeignPort(), LinkSpec(), foreign=True)
    exchange = Exchange(lane, "", message, lane.answer_limit_us, 0, 0)
    exchange.server = server
    arrivals.post(exchange, Stage.REQUEST, message)
    return exchange
