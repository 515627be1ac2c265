"""An image archive whose batches are in the journal before they show.

A batch shows, the actor is told of it, and the journal has these events: three things that a kill may come between. So the
journal first says which batch is about to show and how many ``Told`` follow (``tell``); after a restart what it lacks of
the last one, and every batch that does not show yet, is told again (``not_told``).
"""

from collections.abc import Iterator
from pathlib import Path

from emulators.core.event import Told
from emulators.messages.imaging import InstancesStored
from emulators.store.archive import Duplicates, ImageArchive
from emulators.store.journal import BatchToTell, Entry, Journal, Snapshot
from emulators.wire.negotiation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME


class ToldArchive(ImageArchive):
    """The archive of a served system. After opening it has ``seen`` what the journal holds, in order; then it may tell."""

    def __init__(self, folder: Path, journal: Journal, fsync: bool, duplicates: Duplicates) -> None:
        super().__init__(folder, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, fsync, duplicates)
        self._connection.execute("PRAGMA secure_delete = ON")
        self._journal = journal
        self._last_batch = 0
        self._missing_parts = 0
        """Parts of the last batch that the journal lacks."""

    def seen(self, entry: Entry | BatchToTell | Snapshot) -> None:
        if isinstance(entry, BatchToTell):
            self._last_batch, self._missing_parts = entry.number, entry.parts
        elif isinstance(entry, Entry) and isinstance(entry.event, Told) and isinstance(entry.event.message, InstancesStored):
            self._missing_parts -= 1

    def tell(self, batch: int) -> tuple[InstancesStored, ...]:
        """Say so in the journal, then close the batch and show its rows. Raises JournalFailure."""
        self._journal.append_batch(BatchToTell(batch, len(self.contents(batch))))
        return super().tell(batch)

    def discard(self, study_instance_uid: str) -> None:
        """Remove a study, and what the index has overwritten of it, so that the disk holds nothing of it."""
        super().discard(study_instance_uid)
        with self._lock:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def not_told(self) -> Iterator[InstancesStored]:
        """What the actor must still hear of."""
        if self._missing_parts > 0:
            yield from super().tell(self._last_batch)[-self._missing_parts :]
        for batch in self.untold():
            yield from self.tell(batch)
