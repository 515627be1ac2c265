"""The journal of an actor: what is in it, who may open it, and what a kill at any byte leaves."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.errors import ConfigError
from emulators.core.event import Event, Outcome, OutcomeKind, Request, Stimulus, TimerFired
from emulators.messages.common import Acknowledgement, Patient, PersonName
from emulators.store.journal import BatchToTell, Entry, Journal, JournalFailure, Snapshot, Writer, remove

WRITER = Writer("ris", "0.1.0", "c0de", "5e77")
EPOCH = datetime(2026, 3, 2, 8, 0, 0, 250_000)
LATER = datetime(2026, 3, 9, 17)

EVENTS: tuple[Event, ...] = (
    Stimulus("register", {"subject": "M1", "patient": Patient("M1", "R", PersonName("Doe", "Jané"))}),
    Request(7, "engine", Acknowledgement("AA", "C1")),
    Outcome("out/pacs/adt", OutcomeKind.UNKNOWN, None),
    TimerFired("look/1"),
)
ENTRIES = [*(Entry(10 * number, event) for number, event in enumerate(EVENTS)), BatchToTell(3, 2)]


@contextmanager
def opened(path: Path, writer: Writer = WRITER, wall_time: datetime = LATER) -> Iterator[Journal]:
    with closing(Journal(path, writer, wall_time)) as journal:
        yield journal


def write(path: Path) -> None:
    """A journal with all kinds of entries."""
    with opened(path, wall_time=EPOCH) as journal:
        for number, event in enumerate(EVENTS):
            journal.append(10 * number, event)
        journal.append_batch(BatchToTell(3, 2))


def test_a_journal_gives_back_what_was_written_in_its_order(tmp_path: Path) -> None:
    write(tmp_path / "j")
    with opened(tmp_path / "j") as journal:
        assert list(journal.entries()) == ENTRIES
        assert journal.torn_bytes == 0


def test_the_epoch_is_that_of_the_first_start(tmp_path: Path) -> None:
    write(tmp_path / "j")
    with opened(tmp_path / "j", wall_time=LATER) as journal:
        assert journal.epoch == EPOCH


def test_a_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    write(tmp_path / "j")
    with opened(tmp_path / "j") as journal:
        journal.append(99, TimerFired("x"))
    with opened(tmp_path / "j") as journal:
        assert list(journal.entries()) == [*ENTRIES, Entry(99, TimerFired("x"))]


def test_an_event_is_on_disk_when_append_returns(tmp_path: Path) -> None:
    with opened(tmp_path / "j") as journal:
        before = (tmp_path / "j").stat().st_size
        journal.append(0, TimerFired("x"))
        assert (tmp_path / "j").read_bytes()[before:] == b'{"at":0,"event":{"type":"TimerFired","key":"x"}}\n'


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        (replace(WRITER, system="pacs"), "the journal of ris, not of pacs"),
        (replace(WRITER, code="0the"), r"written by other code \(0.1.0, c0de\) than this \(0.1.0, 0the\)"),
        (replace(WRITER, settings="0the"), "written under other settings"),
    ],
)
def test_a_journal_that_another_would_replay_differently_is_refused(tmp_path: Path, other: Writer, complaint: str) -> None:
    write(tmp_path / "j")
    with pytest.raises(ConfigError, match=complaint):
        Journal(tmp_path / "j", other, LATER)
    with opened(tmp_path / "j", replace(WRITER, version="0.2.0")) as journal:  # the version alone says nothing
        assert len(list(journal.entries())) == len(ENTRIES)


def test_only_one_at_a_time_has_a_journal_open(tmp_path: Path) -> None:
    with opened(tmp_path / "j"), pytest.raises(ConfigError, match="another process has it open"):
        Journal(tmp_path / "j", WRITER, LATER)
    with opened(tmp_path / "j"):
        pass


@pytest.mark.parametrize("content", [b"{}\n", b"[1]\n", b"hello\n", b'{"format":1}\n'])
def test_another_file_is_no_journal(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(ConfigError, match="not the journal of a Radloop system"):
        Journal(tmp_path / "j", WRITER, LATER)


def test_another_format_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "j")
    (tmp_path / "j").write_bytes((tmp_path / "j").read_bytes().replace(b'"format":1', b'"format":2', 1))
    with pytest.raises(ConfigError, match="format 2, this is format 1"):
        Journal(tmp_path / "j", WRITER, LATER)


@pytest.mark.parametrize("damaged", [b"{", b"{}", b'{"at":0,"event":{"type":"Nothing"}}', b'{"at":0,"batch":1}', b"[]"])
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, damaged: bytes) -> None:
    write(tmp_path / "j")
    lines = (tmp_path / "j").read_bytes().splitlines(keepends=True)
    (tmp_path / "j").write_bytes(b"".join([*lines[:2], damaged + b"\n", *lines[2:]]))
    with opened(tmp_path / "j") as journal, pytest.raises(ConfigError, match="line 3 cannot be read"):
        list(journal.entries())


@given(st.data())
def test_after_a_kill_at_any_byte_every_whole_line_is_there_and_the_journal_goes_on(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    write(path)
    whole = path.read_bytes()
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    path.write_bytes(cut)
    lines = cut.count(b"\n")
    with opened(path) as journal:
        assert list(journal.entries()) == ENTRIES[: max(0, lines - 1)]
        assert journal.torn_bytes == len(cut) - (cut.rfind(b"\n") + 1)
        assert journal.epoch == (EPOCH if lines else LATER)
        journal.append(99, TimerFired("x"))
    with opened(path) as journal:
        assert list(journal.entries()) == [*ENTRIES[: max(0, lines - 1)], Entry(99, TimerFired("x"))]


def test_a_full_disk_ends_the_journal_before_the_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_really = os.write

    def half(file: int, data: memoryview) -> int:
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return write_really(file, data[: len(data) // 2])

    write(tmp_path / "j")
    with opened(tmp_path / "j") as journal:
        monkeypatch.setattr(os, "write", half)
        with pytest.raises(JournalFailure, match="No space left"):
            journal.append(99, TimerFired("x" * 50))
        monkeypatch.undo()
        assert list(journal.entries()) == ENTRIES


def test_with_fsync_every_event_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with closing(Journal(tmp_path / "j", WRITER, LATER, fsync=True)) as journal:
        before = len(synced)
        journal.append(0, TimerFired("x"))
        journal.append(1, TimerFired("y"))
        assert len(synced) == before + 2


def test_with_fsync_the_name_of_a_journal_is_synced_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot comes by another name: without this a loss of power would bring the old journal back, and no later event."""
    folders: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda file: folders.append(stat.S_ISDIR(os.fstat(file).st_mode)))
    with closing(Journal(tmp_path / "j", WRITER, LATER, fsync=True)) as journal:
        assert folders == [False, True]
        journal.begin_anew(Snapshot(0, 0, b""))
        assert folders == [False, True] * 2


# --- snapshots ---------------------------------------------------------------------------------------------------------

SNAPSHOT = Snapshot(77, 4, b"\x00state\xff")


def test_a_snapshot_takes_the_place_of_all_that_was_written(tmp_path: Path) -> None:
    write(tmp_path / "j")
    with opened(tmp_path / "j") as journal:
        journal.begin_anew(SNAPSHOT)
        journal.append(99, TimerFired("x"))
    content = (tmp_path / "j").read_bytes()
    assert "Jané".encode() not in content
    assert list(tmp_path.iterdir()) == [tmp_path / "j"]
    with opened(tmp_path / "j") as journal:
        assert list(journal.entries()) == [SNAPSHOT, Entry(99, TimerFired("x"))]
        assert journal.epoch == EPOCH


def test_a_journal_that_began_anew_is_still_for_one_process(tmp_path: Path) -> None:
    with opened(tmp_path / "j") as journal:
        journal.begin_anew(SNAPSHOT)
        with pytest.raises(ConfigError, match="another process has it open"):
            Journal(tmp_path / "j", WRITER, LATER)


def test_a_snapshot_that_cannot_be_written_leaves_the_journal_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    write(tmp_path / "j")
    with opened(tmp_path / "j") as journal:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(JournalFailure, match="No space left"):
            journal.begin_anew(SNAPSHOT)
        monkeypatch.undo()
        assert list(journal.entries()) == ENTRIES
        journal.append(99, TimerFired("x"))
        assert list(journal.entries()) == [*ENTRIES, Entry(99, TimerFired("x"))]


def test_a_journal_is_removed_only_when_nobody_has_it_open(tmp_path: Path) -> None:
    remove(tmp_path / "j")  # there is none
    with opened(tmp_path / "j"), pytest.raises(ConfigError, match="another process has it open"):
        remove(tmp_path / "j")
    remove(tmp_path / "j")
    assert not (tmp_path / "j").exists()
