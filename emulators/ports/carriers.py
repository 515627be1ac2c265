"""Which port each route gets."""

from collections.abc import Callable
from typing import Any

from emulators.messages.imaging import InstancesStored, StoreStudy
from emulators.ports.contract import Port
from emulators.ports.memory import MemoryPort, unchanged
from emulators.site import PACS, WORKSTATION, Route
from emulators.store.memory import MemoryArchive


class MemoryCarriers:
    """One memory port for the whole site, with archives that hold no pixels."""

    def __init__(self, through: Callable[[Any, Any], Any] = unchanged) -> None:
        self._archives = {PACS: MemoryArchive(), WORKSTATION: MemoryArchive()}
        self._port = MemoryPort(self._archives, through)

    def port(self, _route: Route) -> Port:
        return self._port

    def import_prior(self, store: StoreStudy) -> InstancesStored:
        """Put a study into the archive before the run begins."""
        archive = self._archives[PACS]
        batch = archive.open_batch()
        archive.add(batch, store)
        return archive.tell(batch)[0]
