"""The memory port: messages cross as the objects they are, or through a codec and back (``--codecs``).

What a StoreStudy leaves behind goes into the receiver's archive as a range of instances; there are no pixels.
"""

from collections.abc import Callable, Mapping
from typing import Any

from emulators.messages.imaging import InstancesStored, StoreStudy
from emulators.ports.contract import Exchange
from emulators.store.memory import MemoryArchive


def unchanged(message: Any, _answers: Any = None) -> Any:
    """The codec of a memory port without codecs."""
    return message


class MemoryPort:
    """Carries any lane. ``archives`` maps a system to where its instances go; ``through(message, request)`` encodes and
    decodes."""

    live = False

    def __init__(self, archives: Mapping[str, MemoryArchive], through: Callable[[Any, Any], Any] = unchanged) -> None:
        self._archives = archives
        self._through = through

    def begin(self, exchange: Exchange) -> None:
        """Nothing to start: the message is there already."""

    def request(self, exchange: Exchange) -> Any:
        message = exchange.message
        return self._through(message.header if type(message) is StoreStudy else message, None)

    def answer(self, exchange: Exchange, message: Any) -> None:
        """Nothing to start."""

    def batch(self, exchange: Exchange) -> InstancesStored:
        archive = self._archives[exchange.lane.receiver]
        batch = archive.open_batch()
        archive.add(batch, exchange.message.only(exchange.message.instances.head(exchange.instances_stored)))
        return archive.tell(batch)[0]

    def outcome(self, exchange: Exchange) -> Any:
        return self._through(exchange.answer, exchange.message)

    def broken(self, exchange: Exchange) -> None:
        """Nothing to close."""

    def abandon(self, exchange: Exchange) -> None:
        """Nothing to close."""
