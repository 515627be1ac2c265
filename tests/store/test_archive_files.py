"""The archive's files and index on the disk: what a file holds, what is there after reopening, and who may open it."""

import os
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from datasets.examples import example_study
from datasets.modules import StudyContext
from emulators.core.errors import ConfigError
from emulators.store.archive import ImageArchive, Verdict
from tests.store.archive_samples import (
    FIRST,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    PROCEDURE,
    SECOND,
    STUDIES,
    data_set,
    files,
    opened,
    receive,
    store,
)


def test_a_file_is_part_10_as_pydicom_reads_it(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    receipt = store(images, batch, instance)
    assert (receipt.verdict, receipt.dataset_bytes) == (Verdict.STORED, instance.size_bytes)
    assert receipt.header.patient_id == FIRST.patient_id
    images.tell(batch)
    row = images.instance(instance.sop_instance_uid)
    assert row is not None
    path = images.folder / row.path
    read = pydicom.dcmread(path)
    meta = read.file_meta
    assert meta.FileMetaInformationVersion == b"\x00\x01"
    assert meta.MediaStorageSOPClassUID == instance.sop_class_uid == row.sop_class_uid
    assert meta.MediaStorageSOPInstanceUID == instance.sop_instance_uid
    assert meta.TransferSyntaxUID == instance.transfer_syntax_uid == row.transfer_syntax_uid
    assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
    assert meta.ImplementationVersionName == IMPLEMENTATION_VERSION_NAME
    assert meta.SendingApplicationEntityTitle == "CT1" == row.sending_ae_title
    assert meta.FileMetaInformationGroupLength == row.dataset_offset - 128 - 4 - 12
    assert read.PatientID == FIRST.patient_id
    assert path.read_bytes()[row.dataset_offset :] == data_set(instance)
    assert bytes(images.open_dataset(row)) == data_set(instance)
    assert path.parent.name not in (FIRST.study_instance_uid, FIRST.patient_id)


def test_what_was_committed_is_there_after_reopening_and_what_was_not_is_gone(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as archive:
        told, untold, _empty = (archive.open_batch() for _ in range(3))
        for number in (1, 2):
            store(archive, told, STUDIES.instance(FIRST, number))
        archive.tell(told)
        store(archive, untold, STUDIES.instance(SECOND, 1))
        store(archive, untold, STUDIES.instance(FIRST, 1))
        contents = archive.contents(untold)
        receive(archive, untold, STUDIES.instance(SECOND, 2)).write(data_set(STUDIES.instance(SECOND, 2)))
        assert len(files(archive)) == 4
    (tmp_path / "images" / "notes.txt").write_text("not ours")
    with closing(opened(tmp_path)) as archive:
        assert len(files(archive)) == 3
        assert (tmp_path / "images" / "notes.txt").exists()
        assert archive.untold() == (untold,)
        assert [row.study_instance_uid for row in archive.studies()] == [FIRST.study_instance_uid]
        assert archive.tell(untold) == contents
        (row,) = archive.instances(SECOND.study_instance_uid)
        assert bytes(archive.open_dataset(row)) == data_set(STUDIES.instance(SECOND, 1))
        assert archive.open_batch() > untold


def test_an_archive_is_open_once(tmp_path: Path) -> None:
    with closing(opened(tmp_path)), pytest.raises(ConfigError, match="locked"):
        opened(tmp_path)
    opened(tmp_path).close()


def test_an_index_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(tmp_path).close()
    monkeypatch.setattr("emulators.store.index._SCHEMA_VERSION", 3)
    with pytest.raises(ConfigError, match="version 2"):
        opened(tmp_path)


def test_fsync_reaches_file_folders_and_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    with closing(opened(tmp_path, fsync=True)) as archive:
        assert archive._connection.execute("PRAGMA synchronous").fetchone() == (2,)
        store(archive, archive.open_batch(), STUDIES.instance(FIRST, 1))
        (path,) = files(archive)
    assert synced == [entry.stat().st_ino for entry in (tmp_path / "images", path, path.parent)]


def test_series_come_by_number_and_numbers_that_are_none_come_last(images: ImageArchive) -> None:
    batch = images.open_batch()
    for position, number in enumerate([b"10", b"x ", b"2 ", b"1 "]):
        study = replace(FIRST, series_uid=f"{FIRST.study_instance_uid}.9{position}", instance_uid_root=f"1.2.{position}")
        instance = STUDIES.instance(study, 1)
        header, before = instance.buffers[0], b"\x20\x00\x11\x00IS\x02\x00"
        assert before in header
        at = header.index(before) + len(before)
        store(images, batch, replace(instance, buffers=(header[:at] + number + header[at + 2 :], instance.buffers[1])))
    images.tell(batch)
    assert [row.series_number for row in images.series(FIRST.study_instance_uid)] == ["1", "2", "10", "x"]
    rows = images.instances(FIRST.study_instance_uid)
    assert [row.sop_instance_uid for row in rows] == ["1.2.3.1", "1.2.2.1", "1.2.0.1", "1.2.1.1"]


def test_four_threads_fill_one_archive(images: ImageArchive) -> None:
    studies = [example_study(7, index, PROCEDURE) for index in range(4)]

    def fill(study: StudyContext) -> None:
        batch = images.open_batch()
        for number in range(1, 21):
            store(images, batch, STUDIES.instance(study, number))
            store(images, batch, STUDIES.instance(studies[0], number))  # all four send this one
        images.tell(batch)

    threads = [threading.Thread(target=fill, args=(study,)) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.instance_count for row in images.studies()] == [20] * 4
    for study in studies:
        for number, row in enumerate(images.instances(study.study_instance_uid), 1):
            assert bytes(images.open_dataset(row)) == data_set(STUDIES.instance(study, number))
    assert len(files(images)) == 80
    again = [sum(stored.duplicates_same for stored in images.contents(batch)) for batch in range(1, 5)]
    assert sum(again) == 4 * 40 - 80


def test_removing_the_pixels_keeps_the_rows(images: ImageArchive) -> None:
    batch = images.open_batch()
    store(images, batch, STUDIES.instance(FIRST, 1))
    images.tell(batch)
    with_pixels = images.disk_bytes()
    (row,) = images.instances(FIRST.study_instance_uid)
    images.remove_pixels()
    assert with_pixels - images.disk_bytes() == row.dataset_offset + row.dataset_bytes
    assert images.instances(FIRST.study_instance_uid) == [row]
    with pytest.raises(OSError, match=row.sop_instance_uid):
        images.open_dataset(row)
    with pytest.raises(OSError, match="images"):
        store(images, images.open_batch(), STUDIES.instance(FIRST, 2))
