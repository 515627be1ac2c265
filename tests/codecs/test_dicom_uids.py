"""The SOP classes that our archive takes."""

from pydicom.uid import UID

from emulators.codecs.dicom.uids import ACCEPTED_STORAGE


def test_what_an_archive_takes_are_storage_sop_classes_that_one_association_can_propose() -> None:
    """PS3.8 9.3.2.2: 128 presentation contexts at the most, Verification among them."""
    assert len(set(ACCEPTED_STORAGE)) == len(ACCEPTED_STORAGE) < 128
    for uid in map(UID, ACCEPTED_STORAGE):
        assert uid.type == "SOP Class"
        assert uid.name.partition(" - ")[0].endswith("Storage"), uid.name
        assert not uid.is_retired
