"""Between the archive and the journal no batch is lost and none is told twice, wherever a kill comes."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from datasets.examples import example_study
from datasets.procedures import procedures_by_modality
from datasets.studies import SyntheticStudies
from emulators.core.event import Told
from emulators.messages.imaging import InstancesStored
from emulators.serving.told_archive import ToldArchive
from emulators.store.archive import Duplicates
from emulators.store.journal import BatchToTell, Entry, Journal, Writer

IMAGES = SyntheticStudies(7, scale=0.05)
PROCEDURE = procedures_by_modality("CT")[0]
STUDIES = [example_study(7, number, PROCEDURE) for number in (1, 2)]


@contextmanager
def opened(folder: Path) -> Iterator[tuple[ToldArchive, Journal]]:
    """Archive and journal after a start: the archive has seen what the journal holds."""
    with closing(Journal(folder / "journal", Writer("pacs", "0", "c", "s"), datetime(2026, 3, 2))) as journal:
        archive = ToldArchive(folder / "archive", journal, fsync=False, duplicates=Duplicates.REFUSE)
        with closing(archive):
            for entry in journal.entries():
                archive.seen(entry)
            yield archive, journal


def received(archive: ToldArchive) -> int:
    """A batch with one image of each of two studies, so that its actor is told in two parts; not told yet."""
    batch = archive.open_batch()
    for study in STUDIES:
        image = IMAGES.instance(study, 1)
        named = image.sop_class_uid, image.sop_instance_uid, image.transfer_syntax_uid
        archive.store(batch, *named, b"".join(image.buffers))
    return batch


def give(journal: Journal, parts: list[InstancesStored]) -> None:
    """What the host does with each part: the event is in the journal."""
    for part in parts:
        journal.append(1, Told(part))


def told(journal: Journal) -> list[InstancesStored]:
    """All that the actor has been told, by the journal."""
    return [entry.event.message for entry in journal.entries() if isinstance(entry, Entry) and isinstance(entry.event, Told)]


def test_a_batch_is_in_the_journal_before_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path) as (archive, journal):
        batch = received(archive)
        monkeypatch.setattr(journal, "append_batch", lambda entry: seen.append((entry, len(archive.studies()))))
        seen: list[tuple[BatchToTell, int]] = []
        archive.tell(batch)
        assert seen == [(BatchToTell(batch, 2), 0)]
        assert len(archive.studies()) == 2


@pytest.mark.parametrize("parts_given", [0, 1, 2])
def test_of_a_batch_that_shows_the_parts_that_the_journal_lacks_are_told(tmp_path: Path, parts_given: int) -> None:
    with opened(tmp_path) as (archive, journal):
        parts = archive.tell(received(archive))
        give(journal, list(parts[:parts_given]))
    with opened(tmp_path) as (archive, journal):
        missing = list(archive.not_told())
        assert missing == list(parts[parts_given:])
        give(journal, missing)
        assert told(journal) == list(parts)
    with opened(tmp_path) as (archive, _):
        assert list(archive.not_told()) == []


def test_a_batch_that_was_announced_and_does_not_show_is_told_once(tmp_path: Path) -> None:
    with opened(tmp_path) as (archive, journal):
        batch = received(archive)
        journal.append_batch(BatchToTell(batch, 2))  # and here came the kill
    with opened(tmp_path) as (archive, journal):
        give(journal, list(archive.not_told()))
        assert len(told(journal)) == 2
        assert len(archive.studies()) == 2
    with opened(tmp_path) as (archive, _):
        assert list(archive.not_told()) == []


def test_a_batch_whose_association_never_ended_is_told(tmp_path: Path) -> None:
    with opened(tmp_path) as (archive, _):
        received(archive)
    with opened(tmp_path) as (archive, journal):
        assert archive.studies() == []
        give(journal, list(archive.not_told()))
        assert len(told(journal)) == 2
        assert len(archive.studies()) == 2
