"""What the peer tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.served import ServedClinic


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[ServedClinic]:
    """The clinic's systems, serving anybody who calls."""
    served = ServedClinic(tmp_path / "clinic")
    served.start()
    try:
        yield served
    finally:
        served.close()
