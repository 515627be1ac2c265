"""Bytes onto the disk, as the image archive and the journal both need it."""

import os
from pathlib import Path


def write_all(file: int, content: bytes | bytearray | memoryview) -> None:
    """All of it: one ``write`` may take a part. Raises OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def sync_folder(folder: Path) -> None:
    """Let the names in a folder survive a loss of power: that a file is synced says nothing of its name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
