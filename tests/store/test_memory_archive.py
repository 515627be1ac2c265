"""The archive in memory: it counts like a set of UIDs and keeps a study as one range."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from datasets.modules import StudyContext
from emulators.messages.instance_set import InstanceSet
from emulators.store.memory import Filed, MemoryArchive
from tests.store.archive_samples import FIRST, SECOND, as_message


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
