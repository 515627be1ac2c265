"""An instance whose UID is taken by another content, by each declared policy; and a study that is discarded."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from datasets.examples import example_study
from datasets.procedures import procedures_by_modality
from datasets.studies import SyntheticStudies
from emulators.messages.common import Patient, PersonName
from emulators.messages.imaging import InstancesStored, StoreStudy, StudyHeader
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.store.archive import Duplicates, ImageArchive, Verdict
from emulators.store.memory import MemoryArchive
from emulators.store.rows import InstanceRow

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDIES = SyntheticStudies(7, scale=0.05)
STUDY, OTHER = (example_study(7, number, procedures_by_modality("CT")[0]) for number in (1, 2))
FIRST = InstanceSet(STUDY.instance_uid_root, 1, 1)


def opened(folder: Path, duplicates: Duplicates = Duplicates.REFUSE) -> ImageArchive:
    return ImageArchive(folder, "1.2.3.4", "RADLOOP_TEST", duplicates=duplicates)


def data_set(number: int, changed: bool = False) -> bytes:
    """An instance, or one under the same UIDs with another Patient Sex."""
    data = b"".join(STUDIES.instance(STUDY, number).buffers)
    sex = b"\x10\x00\x40\x00CS\x02\x00"
    where = data.index(sex) + len(sex)
    return data[:where] + b"O " + data[where + 2 :] if changed else data


def store(archive: ImageArchive, batch: int, number: int, changed: bool = False) -> Verdict:
    one = STUDIES.instance(STUDY, number)
    named = (one.sop_class_uid, one.sop_instance_uid, one.transfer_syntax_uid)
    return archive.store(batch, *named, data_set(number, changed)).verdict


def stored_bytes(archive: ImageArchive, number: int) -> bytes:
    row = archive.instance(f"{STUDY.instance_uid_root}.{number}")
    assert row is not None
    return bytes(archive.open_dataset(row))


@pytest.mark.parametrize(
    ("policy", "verdict", "kept_changed", "refused"),
    [
        (Duplicates.REFUSE, Verdict.DIFFERENT, False, FIRST),
        (Duplicates.KEEP_FIRST, Verdict.KEPT, False, FIRST),
        (Duplicates.REPLACE, Verdict.REPLACED, True, NO_INSTANCES),
    ],
)
def test_another_content_is_treated_as_declared(
    tmp_path: Path, policy: Duplicates, verdict: Verdict, kept_changed: bool, refused: InstanceSet
) -> None:
    """dicom.store.dup.2: exactly one instance, its content as declared, and what was not kept is told."""
    with closing(opened(tmp_path, policy)) as archive:
        first, second = archive.open_batch(), archive.open_batch()
        assert store(archive, first, 1) is Verdict.STORED
        archive.tell(first)
        assert store(archive, second, 1, changed=True) is verdict
        assert stored_bytes(archive, 1) == data_set(1, kept_changed)
        assert len(list(tmp_path.rglob("*.dcm"))) == 1
        (told,) = archive.tell(second)
        assert (told.instances, told.duplicates_same, told.duplicates_different, told.refused) == (NO_INSTANCES, 0, 1, refused)
    with closing(opened(tmp_path, policy)) as archive:
        assert stored_bytes(archive, 1) == data_set(1, kept_changed)


@pytest.mark.parametrize("policy", Duplicates)
def test_the_same_content_is_a_success_by_every_policy(tmp_path: Path, policy: Duplicates) -> None:
    with closing(opened(tmp_path, policy)) as archive:
        batch = archive.open_batch()
        assert [store(archive, batch, 1) for _ in range(2)] == [Verdict.STORED, Verdict.SAME]


def test_no_policy_moves_an_instance_to_another_study(tmp_path: Path) -> None:
    """dicom.store.dup.3."""
    with closing(opened(tmp_path, Duplicates.REPLACE)) as archive:
        batch = archive.open_batch()
        store(archive, batch, 1)
        moved = STUDIES.instance(replace(OTHER, instance_uid_root=STUDY.instance_uid_root), 1)
        named = (moved.sop_class_uid, moved.sop_instance_uid, moved.transfer_syntax_uid)
        assert archive.store(batch, *named, b"".join(moved.buffers)).verdict is Verdict.DIFFERENT
        archive.tell(batch)
        assert stored_bytes(archive, 1) == data_set(1)


def test_an_instance_that_two_transfers_replace_at_once_is_that_of_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one whose row stands has its file, and no other is left."""
    with closing(opened(tmp_path, Duplicates.REPLACE)) as archive:
        batch = archive.open_batch()
        store(archive, batch, 1)
        replace_row = archive.replace

        def overtaken(row: InstanceRow) -> str | None:
            monkeypatch.setattr(archive, "replace", replace_row)
            assert store(archive, batch, 1, changed=True) is Verdict.REPLACED
            return replace_row(row)

        monkeypatch.setattr(archive, "replace", overtaken)
        sex = b"\x10\x00\x40\x00CS\x02\x00"
        third = data_set(1, changed=True).replace(sex + b"O ", sex + b"F ")
        one = STUDIES.instance(STUDY, 1)
        named = (one.sop_class_uid, one.sop_instance_uid, one.transfer_syntax_uid)
        assert archive.store(batch, *named, third).verdict is Verdict.REPLACED
        archive.tell(batch)
        assert stored_bytes(archive, 1) == third
        assert len(list(tmp_path.rglob("*.dcm"))) == 1


# --- discarding --------------------------------------------------------------------------------------------------------


def test_a_discarded_study_leaves_neither_row_nor_file(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as archive:
        batch = archive.open_batch()
        for number in (1, 2):
            store(archive, batch, number)
        archive.tell(batch)
        archive.discard(STUDY.study_instance_uid)
        archive.discard(STUDY.study_instance_uid)
        assert archive.studies() == []
        assert list((tmp_path / "images").iterdir()) == []
        again = archive.open_batch()
        assert store(archive, again, 1) is Verdict.STORED


def test_what_is_being_received_of_a_discarded_study_stays(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as archive:
        told, untold = archive.open_batch(), archive.open_batch()
        store(archive, told, 1)
        store(archive, untold, 2)
        archive.tell(told)
        archive.discard(STUDY.study_instance_uid)
        (batch,) = archive.tell(untold)
        assert batch.instances == InstanceSet(STUDY.instance_uid_root, 2, 2)
        assert [row.instance_number for row in archive.instances(STUDY.study_instance_uid)] == ["2"]
        assert stored_bytes(archive, 2) == data_set(2)


def filed(archive: MemoryArchive, instances: InstanceSet, series: str = "1.2.1") -> InstancesStored:
    header = StudyHeader(Patient("M1", "", PersonName("Doe")), "A1", "1.2", "", "CT", "")
    batch = archive.open_batch()
    archive.add(batch, StoreStudy(header, series, CT_IMAGE_STORAGE, instances, 1_000))
    return archive.tell(batch)[0]


def test_the_archive_without_pixels_discards_and_refuses_alike() -> None:
    archive = MemoryArchive()
    archive.discard("1.2")  # of which there is nothing yet
    filed(archive, InstanceSet("1.2.1", 1, 4))
    assert len(archive.studies(patient_id="M1")) == 1
    moved = filed(archive, InstanceSet("1.2.1", 3, 6), series="1.2.9")
    assert (moved.instances, moved.refused) == (InstanceSet("1.2.1", 5, 6), InstanceSet("1.2.1", 3, 4))
    archive.discard("1.2")
    assert archive.studies() == []
    assert filed(archive, InstanceSet("1.2.1", 1, 4)).instances == InstanceSet("1.2.1", 1, 4)
    assert [row.instance_count for row in archive.studies(patient_id="M1")] == [4]
