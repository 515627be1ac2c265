"""Storage commitment at the PACS: every image is either committed or failed, and only what is on disk is committed."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.pacs import Pacs
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import SUCCESS
from emulators.messages.imaging import ArchivedStudy, InstancesStored
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet, from_uids
from tests.actors.pacs_samples import archive, commit, pacs
from tests.actors.samples import CLOCK, CT_IMAGE_STORAGE, HEADER, SERIES, STUDY, ask, images, only_send, stored, tell

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"


def test_what_is_on_disk_is_committed() -> None:
    actor = pacs()
    archive(actor)
    result = commit(actor, images(1, 4))
    assert result == CommitResult("1.2.3", (Referenced(CT_IMAGE_STORAGE, images(1, 4)),))


def test_what_is_not_on_disk_is_named_as_failed() -> None:
    actor = pacs()
    archive(actor)
    result = commit(actor, images(3, 6))
    assert result.committed == (Referenced(CT_IMAGE_STORAGE, images(3, 4)),)
    assert result.failed == (Referenced(CT_IMAGE_STORAGE, images(5, 6), 0x0112),)
    unknown = InstanceSet("9.9", 1, 2)
    assert commit(actor, unknown, transaction="1.2.4").failed == (Referenced(CT_IMAGE_STORAGE, unknown, 0x0112),)


def test_an_instance_of_another_sop_class_is_not_committed() -> None:
    """dicom.stgcmt.scp.6: 0119H, class-instance conflict."""
    actor = pacs()
    archive(actor)
    result = commit(actor, images(1, 2), sop_class=MR_IMAGE_STORAGE)
    assert (result.committed, result.failed) == ((), (Referenced(MR_IMAGE_STORAGE, images(1, 2), 0x0119),))


def test_several_sop_classes_of_one_request_are_judged_each() -> None:
    actor = pacs()
    archive(actor)
    both = (Referenced(CT_IMAGE_STORAGE, images(1, 4)), Referenced(MR_IMAGE_STORAGE, InstanceSet("9.9", 1, 1)))
    _, effects = ask(actor, CommitRequest("1.2.3", both), "ct1")
    result = only_send(effects, CommitResult).message
    assert result.committed == both[:1]
    assert result.failed == (replace(both[1], failure_reason=0x0112),)


def test_an_instance_that_was_refused_for_another_content_is_not_committed() -> None:
    """dicom.stgcmt.scp.3: what the sender has is not what is on disk."""
    actor = pacs()
    archive(actor)
    again = replace(stored(NO_INSTANCES), series_instance_uid=SERIES, duplicates_different=1, refused=images(2, 2))
    assert tell(actor, again) == []
    result = commit(actor, images(1, 4))
    assert result.committed_instances == from_uids(uid for uid in images(1, 4) if uid not in images(2, 2))
    assert result.failed == (Referenced(CT_IMAGE_STORAGE, images(2, 2), 0x0110),)


def test_what_was_admitted_but_never_told_is_not_committed() -> None:
    actor = pacs()
    ask(actor, HEADER, "ct1")
    assert commit(actor, images(1, 4)).committed == ()


def test_images_that_came_in_two_batches_are_committed_together() -> None:
    actor = pacs()
    archive(actor, count=2)
    tell(actor, stored(images(3, 4)))
    assert commit(actor, images(1, 4)).committed_instances == images(1, 4)


def test_images_of_a_product_that_do_not_lie_below_their_series_are_committed() -> None:
    actor = pacs()
    own = InstancesStored(STUDY, "1.2.777", CT_IMAGE_STORAGE, from_uids(["1.9.1", "1.9.7"]), 0, 0, 1)
    tell(actor, ArchivedStudy(HEADER, own))
    (failed,) = commit(actor, from_uids(["1.9.1", "1.9.7", "1.9.8"])).failed
    assert failed.instances == from_uids(["1.9.8"])


def test_a_request_whose_result_could_not_be_sent_is_not_authorized() -> None:
    actor = Pacs("pacs", CLOCK, {}, told_results=frozenset(("ct1",)))
    archive(actor)
    asked = (Referenced(CT_IMAGE_STORAGE, images(1, 4)),)
    status, effects = ask(actor, CommitRequest("1.2.3", asked), "a stranger")
    assert (status.code, effects) == (0x0124, [])
    assert commit(actor, images(1, 4)).committed_instances == images(1, 4)


def test_a_repeated_transaction_is_answered_and_reported_once() -> None:
    actor = pacs()
    archive(actor)
    commit(actor, images(1, 4))
    again = CommitRequest("1.2.3", (Referenced(CT_IMAGE_STORAGE, images(1, 4)),))
    assert ask(actor, again, "ct1") == (SUCCESS, [])


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8, unique=True), st.integers(1, 12))
def test_every_image_asked_for_is_either_committed_or_failed(numbers: list[int], held: int) -> None:
    actor = pacs()
    archive(actor, count=held)
    result = commit(actor, from_uids(f"{SERIES}.{number}" for number in numbers))
    failed = [uid for part in result.failed for uid in part.instances]
    assert set(result.committed_instances) == {f"{SERIES}.{number}" for number in numbers if number <= held}
    assert set(failed) == {f"{SERIES}.{number}" for number in numbers if number > held}
