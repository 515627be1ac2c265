"""What a journal is bound to: the code that made its state, and the settings it was made under.

The code is compared by a digest of its sources and not by Radloop's version: two working trees of one version differ, and a
version that changes nothing here would refuse state for nothing. What only carries messages (ports, codecs, wire) is not in it.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path

import emulators
from emulators.endpoints import ServedSite
from emulators.messages.attributes import Attributes

_MAKES_STATE = ("core", "messages", "actors", "quirks")
_DIGEST_BYTES = 6


@cache
def code_digest() -> str:
    """Of the sources of systems, messages and quirks."""
    folder = Path(emulators.__path__[0])
    return _digest(part for source in _sources(folder) for part in (source.relative_to(folder).as_posix(), source.read_text()))


def settings_digest(settings: ServedSite, system: str, preloaded: Sequence[Attributes] = ()) -> str:
    """Of all that decides what ``system`` does with an event. Where its peers listen may change."""
    quirks = settings.endpoints[system].quirks
    site, images = settings.site.model_dump_json(exclude={"epoch"}), settings.images.model_dump_json()
    return _digest((site, images, *settings.awaited, *quirks, *map(repr, preloaded)))


def _sources(folder: Path) -> Iterator[Path]:
    for package in _MAKES_STATE:
        yield from sorted((folder / package).glob("**/*.py"))
    yield folder / "site.py"


def _digest(parts: Iterator[str] | tuple[str, ...]) -> str:
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()
