"""The memory port: messages cross as the objects they are, or through a codec and back (``--codecs``).

What a StoreStudy leaves behind goes into the receiver's archive as a range of instances; there are no pixels.
"""

from collections.abc import Sequence
from typing import Any

from emulators.core.fault import FaultKind
from emulators.messages.imaging import InstancesStored, StoreStudy
from emulators.ports.contract import Exchange
from emulators.ports.passage import Passage
from emulators.store.memory import MemoryArchive


class MemoryPort:
    """Carries any lane. ``archive`` is where the receiver's instances go; ``passage`` encodes and decodes what crosses."""

    live = False

    def __init__(self, archive: MemoryArchive | None = None, passage: Passage | None = None) -> None:
        self._archive = archive
        self._passage = passage

    def begin(self, exchange: Exchange) -> None:
        """Nothing to start: the message is there already."""

    def request(self, exchange: Exchange) -> Any:
        message = exchange.message
        if self._passage is not None:
            return self._passage.request(message)
        return message.header if type(message) is StoreStudy else message

    def answer(self, exchange: Exchange, message: Any) -> None:
        """Nothing to start."""

    def batches(self, exchange: Exchange) -> Sequence[InstancesStored]:
        assert self._archive is not None  # a route of the store lane has one
        batch = self._archive.open_batch()
        store: StoreStudy = exchange.message
        if exchange.foreseen_stored < len(store.instances):
            store = store.only(store.instances.head(exchange.foreseen_stored))
        self._archive.add(batch, store)
        return self._archive.tell(batch)

    def outcome(self, exchange: Exchange) -> Any:
        if self._passage is not None:
            return self._passage.answer(exchange.answer, exchange.message)
        return exchange.answer

    def broken(self, exchange: Exchange) -> bool:
        return exchange.verdict.kind is FaultKind.REFUSE

    def abandon(self, exchange: Exchange) -> bool:
        return exchange.verdict.kind is FaultKind.SWALLOW
