"""The archives: what both answer alike, and what the one with files does with bytes, duplicates, leftovers and threads."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.examples import example_study
from datasets.modules import StudyContext
from datasets.procedures import procedures_by_modality
from datasets.studies import Instance, SyntheticStudies
from emulators.core.errors import ConfigError, LocalProtocolError, RemoteProtocolError
from emulators.messages.common import Patient, PersonName
from emulators.messages.imaging import NO_INSTANCES, InstanceSet, InstancesStored, StoreStudy, StudyHeader
from emulators.store.archive import ImageArchive, Incoming, Receipt, Verdict
from emulators.store.memory import Filed, MemoryArchive

IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME = "1.2.3.4", "RADLOOP_TEST"
STUDIES = SyntheticStudies(7, scale=0.05)
PROCEDURE = procedures_by_modality("CT")[0]
FIRST, SECOND = example_study(7, 1, PROCEDURE), example_study(7, 2, PROCEDURE)
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"

Archive = ImageArchive | MemoryArchive


def opened(folder: Path, fsync: bool = False) -> ImageArchive:
    return ImageArchive(folder, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, fsync)


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


def data_set(instance: Instance) -> bytes:
    return b"".join(instance.buffers)


def store(archive: ImageArchive, batch: int, instance: Instance) -> Receipt:
    named = (instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid)
    return archive.store(batch, *named, data_set(instance), "CT1")


def receive(archive: ImageArchive, batch: int, instance: Instance) -> Incoming:
    return archive.receive(batch, instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid, "CT1")


def files(archive: ImageArchive) -> list[Path]:
    return list(archive.folder.rglob("*.dcm"))


# ---- what both answer alike ----


def file(archive: Archive, batch: int, study: StudyContext, numbers: range) -> tuple[int, int, int]:
    """The same instances into either archive: how many were stored, there before, refused."""
    if isinstance(archive, ImageArchive):
        verdicts = [store(archive, batch, STUDIES.instance(study, number)).verdict for number in numbers]
        return verdicts.count(Verdict.STORED), verdicts.count(Verdict.SAME), verdicts.count(Verdict.DIFFERENT)
    filed = archive.add(batch, as_message(study, numbers))
    return len(filed.stored), len(filed.same), len(filed.different)


def as_message(study: StudyContext, numbers: range) -> StoreStudy:
    family, given_name, *_ = study.patient_name.split("^")
    name = PersonName(family, given_name, *study.patient_name.split("^")[2:3])
    patient = Patient(study.patient_id, study.issuer_of_patient_id, name, study.birth_date, study.sex)
    header = StudyHeader(
        patient,
        study.accession_number,
        study.study_instance_uid,
        study.study_date + study.study_time,
        study.modality,
        study.procedure_meaning,
    )
    instances = InstanceSet(study.instance_uid_root, numbers.start, numbers.stop - 1)
    return StoreStudy(header, study.series_uid, CT_IMAGE_STORAGE, instances, len(data_set(STUDIES.instance(study, 1))))


def test_nothing_shows_until_its_batch_is_told(archive: Archive) -> None:
    batch = archive.open_batch()
    file(archive, batch, FIRST, range(1, 4))
    uid = f"{FIRST.instance_uid_root}.1"
    assert archive.untold() == (batch,)
    assert not archive.studies()
    assert not archive.series(FIRST.study_instance_uid)
    assert not archive.instances(FIRST.study_instance_uid)
    assert archive.instance(uid) is None
    archive.tell(batch)
    assert archive.untold() == ()
    assert len(archive.studies()) == len(archive.series(FIRST.study_instance_uid)) == 1
    assert len(archive.instances(FIRST.study_instance_uid)) == 3
    found = archive.instance(uid)
    assert found is not None
    assert found.sop_instance_uid == uid


def test_a_second_batch_adds_to_a_study_only_when_told(archive: Archive) -> None:
    first, second = archive.open_batch(), archive.open_batch()
    file(archive, first, FIRST, range(1, 4))
    file(archive, second, FIRST, range(4, 6))
    archive.tell(first)
    assert [study.instance_count for study in archive.studies()] == [3]
    archive.tell(second)
    assert [study.instance_count for study in archive.studies()] == [5]


def test_a_batch_tells_what_came_in_it_per_study_and_series(archive: Archive) -> None:
    batch = archive.open_batch()
    file(archive, batch, FIRST, range(1, 4))
    file(archive, batch, SECOND, range(1, 2))
    file(archive, batch, FIRST, range(3, 6))
    told = archive.tell(batch)
    size_bytes = len(data_set(STUDIES.instance(FIRST, 1)))
    assert [replace(stored, stored_bytes=0) for stored in told] == [
        InstancesStored(
            FIRST.study_instance_uid,
            FIRST.series_uid,
            CT_IMAGE_STORAGE,
            InstanceSet(FIRST.instance_uid_root, 1, 5),
            duplicates_same=1,
            duplicates_different=0,
            stored_bytes=0,
            modality="CT",
        ),
        InstancesStored(
            SECOND.study_instance_uid,
            SECOND.series_uid,
            CT_IMAGE_STORAGE,
            InstanceSet(SECOND.instance_uid_root, 1, 1),
            duplicates_same=0,
            duplicates_different=0,
            stored_bytes=0,
            modality="CT",
        ),
    ]
    assert told[0].stored_bytes == 5 * size_bytes
    assert archive.tell(batch) == archive.contents(batch) == told


def test_instances_that_come_again_are_counted_and_kept_once(archive: Archive) -> None:
    first, second = archive.open_batch(), archive.open_batch()
    assert file(archive, first, FIRST, range(1, 4)) == (3, 0, 0)
    assert file(archive, second, FIRST, range(2, 6)) == (2, 2, 0)
    archive.tell(first)
    (told,) = archive.tell(second)
    assert told.instances == InstanceSet(FIRST.instance_uid_root, 4, 5)
    assert (told.duplicates_same, told.duplicates_different) == (2, 0)
    assert [row.instance_number for row in archive.instances(FIRST.study_instance_uid)] == ["1", "2", "3", "4", "5"]


def test_an_instance_never_moves_to_another_study(archive: Archive) -> None:
    batch = archive.open_batch()
    file(archive, batch, FIRST, range(1, 3))
    moved = replace(SECOND, instance_uid_root=FIRST.instance_uid_root)
    assert file(archive, batch, moved, range(2, 4)) == (1, 0, 1)
    archive.tell(batch)
    kept = archive.instance(f"{FIRST.instance_uid_root}.2")
    assert kept is not None
    assert kept.study_instance_uid == FIRST.study_instance_uid
    assert [row.instance_number for row in archive.instances(SECOND.study_instance_uid)] == ["3"]


def test_a_batch_of_duplicates_alone_is_told_too(archive: Archive) -> None:
    first, second = archive.open_batch(), archive.open_batch()
    file(archive, first, FIRST, range(1, 3))
    file(archive, second, FIRST, range(1, 3))
    (told,) = archive.tell(second)
    assert (told.instances, told.duplicates_same, told.stored_bytes) == (NO_INSTANCES, 2, 0)


def test_a_study_has_the_attributes_it_came_with_and_its_counts(archive: Archive) -> None:
    batch = archive.open_batch()
    file(archive, batch, FIRST, range(1, 4))
    archive.tell(batch)
    (study,) = archive.studies()
    assert (study.patient_id, study.issuer_of_patient_id) == (FIRST.patient_id, FIRST.issuer_of_patient_id)
    assert (study.patient_name, study.birth_date, study.sex) == (FIRST.patient_name, FIRST.birth_date, FIRST.sex)
    assert (study.accession_number, study.study_date, study.study_time) == (
        FIRST.accession_number,
        FIRST.study_date,
        FIRST.study_time,
    )
    assert (study.modalities, study.series_count, study.instance_count) == (("CT",), 1, 3)
    assert study.stored_bytes == sum(row.dataset_bytes for row in archive.instances(FIRST.study_instance_uid))
    (series,) = archive.series(FIRST.study_instance_uid)
    assert (series.series_instance_uid, series.modality, series.instance_count) == (FIRST.series_uid, "CT", 3)


def test_studies_are_found_by_uid_patient_and_accession_number(archive: Archive) -> None:
    batch = archive.open_batch()
    for study in (FIRST, SECOND):
        file(archive, batch, study, range(1, 2))
    archive.tell(batch)

    def found(**keys: str) -> set[str]:
        return {row.study_instance_uid for row in archive.studies(**keys)}

    first, second = FIRST.study_instance_uid, SECOND.study_instance_uid
    assert found() == {first, second}
    assert found(study_instance_uid=first) == found(patient_id=FIRST.patient_id) == {first}
    assert found(accession_number=SECOND.accession_number) == {second}
    assert found(patient_id=FIRST.patient_id, accession_number=FIRST.accession_number) == {first}
    assert found(patient_id=FIRST.patient_id, accession_number=SECOND.accession_number) == set()
    assert found(study_instance_uid="1.2.3") == found(patient_id="nobody") == set()


def test_instances_come_in_the_order_of_their_numbers(archive: Archive) -> None:
    batch = archive.open_batch()
    for numbers in (range(9, 12), range(1, 3)):
        file(archive, batch, FIRST, numbers)
    archive.tell(batch)
    rows = archive.instances(FIRST.study_instance_uid)
    assert [row.instance_number for row in rows] == ["1", "2", "9", "10", "11"]
    assert archive.instances(FIRST.study_instance_uid, FIRST.series_uid) == rows
    assert archive.instances(FIRST.study_instance_uid, "1.2.3") == []


@pytest.mark.parametrize("uid", ["", "nonsense", "1.2.3", f"{FIRST.instance_uid_root}.99", FIRST.instance_uid_root])
def test_an_unknown_instance_is_none(archive: Archive, uid: str) -> None:
    batch = archive.open_batch()
    file(archive, batch, FIRST, range(1, 3))
    archive.tell(batch)
    assert archive.instance(uid) is None


def test_nothing_is_filed_in_a_batch_that_is_told_or_was_never_opened(archive: Archive) -> None:
    batch = archive.open_batch()
    archive.tell(batch)
    for closed in (batch, 99):
        with pytest.raises(LocalProtocolError, match="not open"):
            file(archive, closed, FIRST, range(1, 2))


# ---- the archive in memory ----


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 6), st.booleans()), max_size=8))
def test_memory_archive_counts_like_a_set_of_uids(sends: list[tuple[int, int, bool]]) -> None:
    archive, model = MemoryArchive(), dict[str, StudyContext]()
    batch = archive.open_batch()
    for first, length, explicit in sends:
        study = FIRST if length % 2 else replace(SECOND, instance_uid_root=FIRST.instance_uid_root)
        message = as_message(study, range(first, first + length))
        uids = list(message.instances)
        if explicit:
            message = replace(message, instances=InstanceSet(uids=tuple(uids)))
        filed = archive.add(batch, message)
        assert set(filed.stored) == {uid for uid in uids if uid not in model}
        assert set(filed.same) == {uid for uid in uids if model.get(uid) == study}
        assert set(filed.different) == set(uids) - set(filed.stored) - set(filed.same)
        model.update(dict.fromkeys(filed.stored, study))
    archive.tell(batch)
    rows = [row for study in archive.studies() for row in archive.instances(study.study_instance_uid)]
    shown = {row.sop_instance_uid: row.study_instance_uid for row in rows}
    assert shown == {uid: study.study_instance_uid for uid, study in model.items()}


def test_memory_archive_keeps_a_study_as_one_range() -> None:
    archive = MemoryArchive()
    message = as_message(FIRST, range(1, 10**9))
    assert archive.add(archive.open_batch(), message) == Filed(stored=message.instances)


# ---- the archive with files ----


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


@pytest.mark.parametrize("piece_bytes", [1, 7, 300, 1000, 100_000])
def test_a_data_set_in_pieces_of_any_size_is_stored_whole(images: ImageArchive, piece_bytes: int) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    whole, reused = data_set(instance), bytearray(piece_bytes)
    incoming = receive(images, batch, instance)
    for start in range(0, len(whole), piece_bytes):
        piece = whole[start : start + piece_bytes]
        reused[: len(piece)] = piece
        incoming.write(memoryview(reused)[: len(piece)])
    assert incoming.header is not None
    assert incoming.header.study_instance_uid == FIRST.study_instance_uid
    assert incoming.commit().verdict is Verdict.STORED
    images.tell(batch)
    (row,) = images.instances(FIRST.study_instance_uid)
    assert bytes(images.open_dataset(row)) == whole


def test_the_header_is_known_before_the_pixels_have_come(images: ImageArchive) -> None:
    instance = STUDIES.instance(FIRST, 1)
    incoming = receive(images, images.open_batch(), instance)
    header, pixels = instance.buffers
    assert incoming.header is None
    incoming.write(header)
    incoming.write(pixels[:10])
    assert incoming.header is not None
    assert incoming.header.accession_number == FIRST.accession_number
    incoming.discard()


def test_a_data_set_without_pixels_is_complete_at_its_end(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    short = data_set(instance)[: data_set(instance).index(b"\x28\x00\x02\x00US")]  # ends behind group 0020
    incoming = receive(images, batch, instance)
    incoming.write(short)
    assert incoming.header is None
    assert incoming.commit().verdict is Verdict.STORED
    images.tell(batch)
    (row,) = images.instances(FIRST.study_instance_uid)
    assert bytes(images.open_dataset(row)) == short


def altered(instance: Instance) -> Instance:
    """The same header with one bit of the pixels changed."""
    header, pixels = instance.buffers
    return replace(instance, buffers=(header, pixels[:-1] + bytes([pixels[-1] ^ 1])))


def shortened(instance: Instance) -> Instance:
    return replace(instance, buffers=(instance.buffers[0],))


def recoded(instance: Instance) -> Instance:
    """The same bytes under another transfer syntax, which has an explicit VR header too."""
    return replace(instance, transfer_syntax_uid="1.2.840.10008.1.2.4.70")


@pytest.mark.parametrize("change", [altered, shortened, recoded])
def test_different_content_under_one_uid_is_refused_and_the_first_kept(
    images: ImageArchive, change: Callable[[Instance], Instance]
) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    store(images, batch, instance)
    assert store(images, batch, change(instance)).verdict is Verdict.DIFFERENT
    assert store(images, batch, instance).verdict is Verdict.SAME
    (told,) = images.tell(batch)
    assert (len(told.instances), told.duplicates_same, told.duplicates_different) == (1, 1, 1)
    (row,) = images.instances(FIRST.study_instance_uid)
    assert bytes(images.open_dataset(row)) == data_set(instance)
    assert len(files(images)) == 1


def test_two_transfers_of_one_instance_at_once_leave_one(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    transfers = [receive(images, batch, instance) for _ in range(3)]
    for transfer in transfers:
        transfer.write(data_set(instance))
    assert len(files(images)) == 3
    transfers[0].discard()
    assert [transfer.commit().verdict for transfer in transfers[1:]] == [Verdict.STORED, Verdict.SAME]
    images.tell(batch)
    (row,) = images.instances(FIRST.study_instance_uid)
    assert [images.folder / row.path] == files(images)
    assert bytes(images.open_dataset(row)) == data_set(instance)


@pytest.mark.parametrize("announced", [{"sop_class_uid": "1.2.3"}, {"sop_instance_uid": "1.2.3"}], ids=str)
def test_a_data_set_that_is_not_the_announced_one_is_a_mismatch(images: ImageArchive, announced: dict[str, Any]) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    receipt = store(images, batch, replace(instance, **announced))
    assert receipt.verdict is Verdict.MISMATCH
    assert receipt.header.sop_instance_uid == instance.sop_instance_uid
    assert files(images) == []
    assert images.tell(batch) == ()


def test_a_data_set_that_cannot_be_read_is_a_remote_protocol_error_and_leaves_nothing(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    for broken in (b"nonsense" * 1000, data_set(instance)[:500]):
        incoming = receive(images, batch, instance)
        incoming.write(broken)
        with pytest.raises(RemoteProtocolError):
            incoming.commit()
        with pytest.raises(LocalProtocolError):
            incoming.commit()
    assert files(images) == []
    assert images.tell(batch) == ()


@pytest.mark.parametrize("uid", [FIRST.study_instance_uid, FIRST.series_uid], ids=["study", "series"])
@pytest.mark.parametrize("sent", ["", "../../escape", "1/2"])
def test_a_study_or_series_without_a_uid_is_refused(images: ImageArchive, uid: str, sent: str) -> None:
    instance = STUDIES.instance(replace(FIRST, instance_uid_root="1.2.3"), 1)
    header, pixels = instance.buffers
    assert uid.encode() in header
    header = header.replace(uid.encode(), sent.encode().ljust(len(uid), b"\0"))
    instance = replace(instance, buffers=(header, pixels))
    with pytest.raises(RemoteProtocolError, match="Study or Series Instance UID"):
        store(images, images.open_batch(), instance)
    assert files(images) == []


@pytest.mark.parametrize("uid", ["", "../../escape", "1/2", "1.2\n", "1" * 65, ".1"])
def test_a_uid_that_is_none_never_becomes_a_file_name(images: ImageArchive, uid: str) -> None:
    instance = replace(STUDIES.instance(FIRST, 1), sop_instance_uid=uid)
    with pytest.raises(RemoteProtocolError, match="not a UID"):
        receive(images, images.open_batch(), instance)


def test_a_header_that_never_ends_is_refused(images: ImageArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulators.store.archive.HEADER_LIMIT_BYTES", 10_000)
    incoming = receive(images, images.open_batch(), STUDIES.instance(FIRST, 1))
    incoming.write(b"\x09\x00\x01\x10OB\x00\x00\x00\x00\x00\x7f")
    for _ in range(40):
        incoming.write(bytes(1000))
    with pytest.raises(RemoteProtocolError, match="longer than what is left"):
        incoming.commit()


def test_a_discarded_transfer_leaves_nothing_and_cannot_go_on(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    incoming = receive(images, batch, instance)
    incoming.write(data_set(instance)[:3000])
    assert len(files(images)) == 1
    incoming.discard()
    incoming.discard()
    assert files(images) == []
    with pytest.raises(LocalProtocolError):
        incoming.write(b"more")
    with pytest.raises(LocalProtocolError):
        incoming.commit()
    assert store(images, batch, instance).verdict is Verdict.STORED


def test_discard_after_commit_changes_nothing(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    incoming = receive(images, batch, instance)
    incoming.write(data_set(instance))
    incoming.commit()
    incoming.discard()
    assert len(files(images)) == 1


def test_an_instance_whose_batch_was_told_meanwhile_is_not_stored(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    incoming = receive(images, batch, instance)
    incoming.write(data_set(instance))
    images.tell(batch)
    with pytest.raises(LocalProtocolError, match="not open"):
        incoming.commit()
    assert files(images) == []


def test_an_index_that_cannot_be_written_is_an_os_error_and_leaves_no_file(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    incoming = receive(images, batch, instance)
    incoming.write(data_set(instance))
    images.close()
    with pytest.raises(OSError, match="index"):
        incoming.commit()
    assert files(images) == []


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


# ---- data sets that are cut ----


@pytest.mark.parametrize("missing_bytes", [1, 1_000])
@pytest.mark.parametrize("piece_bytes", [20_000, 1 << 20])
def test_of_an_image_whose_pixels_are_cut_nothing_is_kept(images: ImageArchive, missing_bytes: int, piece_bytes: int) -> None:
    whole = STUDIES.instance(FIRST, 1)
    cut = data_set(whole)[:-missing_bytes]
    batch = images.open_batch()
    incoming = receive(images, batch, whole)
    for position in range(0, len(cut), piece_bytes):
        incoming.write(cut[position : position + piece_bytes])
    with pytest.raises(RemoteProtocolError, match="ends inside an element"):
        incoming.commit()
    assert not files(images)
    assert store(images, batch, whole).verdict is Verdict.STORED
