"""The journal of one actor: a file of JSON lines that says every event the actor was given, with its instant.

The first line is the heading: the format, which system this is, the code that wrote it, a digest of its settings, and the
epoch, the wall time of instant 0. Each further line is ``{"at": instant, "event": {...}}`` (``typed_json``), or
``{"batch": number, "parts": count}``: the archive is about to show this batch, and that many ``Told`` follow. A second line
may be a snapshot: the state after all events before it, which are then gone.

Rules
- ``append`` returns when the line is in the hands of the operating system: it survives a kill of the process. With ``fsync``
  it survives a loss of power. One write per event: gathering several would save nothing that can be measured.
- A line is whole when its newline is there. What stands after the last newline was cut by a kill while it was written; no
  effect of that event has left, so it is removed when the journal is opened.
- A journal of another system, other code or other settings is refused: to replay it would give another state than the
  one that peers have seen. Code is compared by a digest of its sources, as a version number does not change with every edit.
- One process at a time has a journal open.
"""

import fcntl
import mmap
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from emulators.core.errors import ConfigError, LocalProtocolError
from emulators.core.event import Event
from emulators.core.instant import Instant
from emulators.store import typed_json
from emulators.store.files import sync_folder, write_all

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes a journal, and may go on with it: ``system``, the digest of its ``code`` and that of its ``settings``.

    ``version`` is Radloop's, for people: what counts is the code.
    """

    system: str
    version: str
    code: str
    settings: str


@dataclass(frozen=True, slots=True)
class BatchToTell:
    """The archive is about to show this batch; as many ``Told`` events follow as it has ``parts``."""

    number: int
    parts: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after ``events`` events, the last one ``at`` this instant; ``state`` is its owner's business."""

    at: Instant
    events: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that was given at this instant."""

    at: Instant
    event: Event


class JournalFailure(Exception):
    """The journal cannot be written: what is not on disk may not happen."""


class UnusableJournal(ConfigError):
    """What is there cannot be gone on with; it can only be removed."""


def remove(path: Path) -> None:
    """Remove a journal, if there is one. Raises ConfigError if a process has it open."""
    if path.exists():
        with path.open("rb") as file:
            _lock(file.fileno(), path)
            path.unlink()


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ConfigError(f"{path}: another process has it open") from None


class Journal:
    """The journal in ``path``, made if it is missing; a new one counts from ``wall_time``.

    ``epoch`` is the wall time of instant 0, ``torn_bytes`` what a kill had left of a last line. Raises ConfigError if
    another process has it open, UnusableJournal if it is not the ``writer``'s own.
    """

    def __init__(self, path: Path, writer: Writer, wall_time: datetime, fsync: bool = False) -> None:
        self.path = path
        self._fsync = fsync
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _lock(self._file, path)
            self.torn_bytes = self._cut_torn_line()
            if not self.size_bytes:
                heading = {"format": FORMAT, **asdict(writer), "epoch": wall_time.isoformat()}
                self._write(orjson.dumps(heading, option=orjson.OPT_APPEND_NEWLINE))
                if fsync:
                    sync_folder(path.parent)
            self.epoch = self._checked_epoch(writer)
        except BaseException:
            os.close(self._file)
            raise

    @property
    def size_bytes(self) -> int:
        return os.fstat(self._file).st_size

    def append(self, now: Instant, event: Event) -> None:
        """Put an event on disk. Raises JournalFailure; the journal then ends before this event."""
        self._write(typed_json.dumps({"at": now, "event": event}))

    def append_batch(self, batch: BatchToTell) -> None:
        """Say that the ``Told`` events of a batch follow. Raises JournalFailure."""
        self._write(typed_json.dumps({"batch": batch.number, "parts": batch.parts}))

    def begin_anew(self, snapshot: Snapshot) -> None:
        """Let a snapshot take the place of all that was written. Raises JournalFailure; the journal then says what it said."""
        state = b64encode(snapshot.state).decode()
        line = typed_json.dumps({"at": snapshot.at, "events": snapshot.events, "snapshot": state})
        beside = self.path.with_suffix(".new")
        try:
            file = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
            try:
                _lock(file, beside)
                _write(file, self._heading() + line, self._fsync)
                os.replace(beside, self.path)
            except BaseException:
                os.close(file)
                raise
        except OSError as error:
            raise JournalFailure(f"{self.path}: {error.strerror}") from None
        os.close(self._file)
        self._file = file
        if self._fsync:  # or a loss of power brings the old journal back, without what is appended from here on
            try:
                sync_folder(self.path.parent)
            except OSError as error:
                raise JournalFailure(f"{self.path}: {error.strerror}") from None

    def entries(self) -> Iterator[Entry | BatchToTell | Snapshot]:
        """What was written before, in its order. Raises UnusableJournal at a line that cannot be read."""
        with open(self.path, "rb") as lines:
            next(lines)
            for number, line in enumerate(lines, start=2):
                try:
                    yield _entry(typed_json.loads(line))
                except (ValueError, KeyError, TypeError, LocalProtocolError) as error:
                    raise UnusableJournal(f"{self.path}: line {number} cannot be read: {type(error).__name__}") from None

    def close(self) -> None:
        os.close(self._file)

    def _write(self, line: bytes) -> None:
        before = self.size_bytes
        try:
            _write(self._file, line, self._fsync)
        except OSError as error:
            os.ftruncate(self._file, before)
            raise JournalFailure(f"{self.path}: {error.strerror}") from None

    def _cut_torn_line(self) -> int:
        """Remove what stands after the last newline; how many bytes that were."""
        size = self.size_bytes
        if not size:
            return 0
        with mmap.mmap(self._file, size, access=mmap.ACCESS_READ) as content:
            whole = content.rfind(b"\n") + 1
        os.ftruncate(self._file, whole)
        return size - whole

    def _heading(self) -> bytes:
        with open(self.path, "rb") as lines:
            return next(lines)

    def _checked_epoch(self, writer: Writer) -> datetime:
        try:
            heading: dict[str, Any] = orjson.loads(self._heading())
            written = Writer(**{name: heading[name] for name in asdict(writer)})
            if heading["format"] != FORMAT:
                raise UnusableJournal(f"{self.path}: written in format {heading['format']}, this is format {FORMAT}")
            epoch = datetime.fromisoformat(heading["epoch"])
        except (ValueError, KeyError, TypeError):
            raise UnusableJournal(f"{self.path}: not the journal of a Radloop system") from None
        if difference := _difference(written, writer):
            raise UnusableJournal(f"{self.path}: {difference}")
        return epoch


def _write(file: int, line: bytes, fsync: bool) -> None:
    write_all(file, line)
    if fsync:
        os.fsync(file)


def _difference(written: Writer, writer: Writer) -> str:
    """Why ``writer`` may not go on with what was ``written``; empty if it may."""
    if written.system != writer.system:
        return f"the journal of {written.system}, not of {writer.system}"
    if written.code != writer.code:
        return f"written by other code ({written.version}, {written.code}) than this ({writer.version}, {writer.code})"
    if written.settings != writer.settings:
        return "written under other settings of the site than these"
    return ""


def _entry(line: dict[str, Any]) -> Entry | BatchToTell | Snapshot:
    if "event" in line:
        return Entry(line["at"], line["event"])
    if "snapshot" in line:
        return Snapshot(line["at"], line["events"], b64decode(line["snapshot"], validate=True))
    return BatchToTell(line["batch"], line["parts"])
