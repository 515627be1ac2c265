"""What the archive with files and the one in memory answer alike: batches, studies, series and instances."""

from dataclasses import replace

import pytest

from datasets.modules import StudyContext
from emulators.core.errors import LocalProtocolError
from emulators.messages.imaging import InstancesStored
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.store.archive import ImageArchive, Verdict
from tests.store.archive_samples import CT_IMAGE_STORAGE, FIRST, SECOND, STUDIES, Archive, as_message, data_set, store


def file(archive: Archive, batch: int, study: StudyContext, numbers: range) -> tuple[int, int, int]:
    """The same instances into either archive: how many were stored, there before, refused."""
    if isinstance(archive, ImageArchive):
        verdicts = [store(archive, batch, STUDIES.instance(study, number)).verdict for number in numbers]
        return verdicts.count(Verdict.STORED), verdicts.count(Verdict.SAME), verdicts.count(Verdict.DIFFERENT)
    filed = archive.add(batch, as_message(study, numbers))
    return len(filed.stored), len(filed.same), len(filed.different)


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
