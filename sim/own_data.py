"""A user's own images and patients in the place of synthetic ones: what a run takes, and what it says of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datasets.own_images import OwnImages, UnusableImages
from emulators.core.errors import ConfigError
from sim.own_patients import OwnPatients, read_feed

_UNREAD_SHOWN = 20
"""Messages that could not be read are shown one by one up to this many, and counted beyond."""


@dataclass(frozen=True, slots=True)
class OwnData:
    """What is None is synthetic."""

    images: OwnImages | None = None
    patients: OwnPatients | None = None

    def lines(self, visits: int) -> Iterator[str]:
        """What was found for a run of so many visits, without anything that is in it."""
        if self.images is not None:
            yield f"own images: {self.images}"
        if self.patients is not None:
            yield from _lines_of_patients(self.patients, visits)


SYNTHETIC = OwnData()


def own_data(images: str, adt_feed: str, seed: int) -> OwnData:
    """The data in a folder of images and a file of ADT messages; empty is none. Raises ConfigError."""
    try:
        own_images = OwnImages(Path(images), seed) if images else None
    except UnusableImages as error:
        raise ConfigError(str(error)) from None
    return OwnData(own_images, read_feed(Path(adt_feed)) if adt_feed else None)


def _lines_of_patients(own: OwnPatients, visits: int) -> Iterator[str]:
    people = len(own.patients)
    enough = f"they come again, for there are {visits} visits" if visits > people else f"enough for {visits} visits"
    yield f"own patients: {people}; {enough}"
    yield f"  {own.messages} messages, {len(own.unread)} of them could not be used"
    for unread in own.unread[:_UNREAD_SHOWN]:
        yield f"  message {unread.number}: {unread.reason}"
    if len(own.unread) > _UNREAD_SHOWN:
        yield f"  and {len(own.unread) - _UNREAD_SHOWN} more"
