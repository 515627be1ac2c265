"""The archives that the tests of this folder are given: the one with files alone, and both in turn."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from emulators.store.archive import ImageArchive
from emulators.store.memory import MemoryArchive
from tests.store.archive_samples import Archive, opened


@pytest.fixture
def images(tmp_path: Path) -> Iterator[ImageArchive]:
    with closing(opened(tmp_path / "archive")) as archive:
        yield archive


@pytest.fixture(params=["images", "memory"])
def archive(request: pytest.FixtureRequest) -> Archive:
    if request.param == "memory":
        return MemoryArchive()
    found: ImageArchive = request.getfixturevalue("images")
    return found
