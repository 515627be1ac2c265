"""What leaves an archive: byte for byte, or under another identity with what was said before."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from emulators.messages.coercion import COERCE, CORRECT, AttributeModification
from emulators.messages.common import PersonName
from emulators.messages.imaging import StoreStudy
from emulators.ports.stored_images import stored_images
from emulators.store.archive import ImageArchive
from tests.store.archive_samples import FIRST, STUDIES, as_message, data_set, opened, store
from tests.store.data_sets import read

MODIFICATION = AttributeModification("20260302080000", "RADPACS", COERCE)
AS_IT_CAME = replace(as_message(FIRST, range(1, 4)), modification=MODIFICATION)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ImageArchive]:
    """One that holds the three images."""
    with closing(opened(tmp_path / "archive")) as made:
        batch = made.open_batch()
        for number in range(1, 4):
            store(made, batch, STUDIES.instance(FIRST, number))
        made.tell(batch)
        yield made


def married() -> StoreStudy:
    patient = replace(AS_IT_CAME.header.patient, patient_id="M9", name=PersonName("Smith", "Jane"))
    return replace(AS_IT_CAME, header=replace(AS_IT_CAME.header, patient=patient))


def sent(archive: ImageArchive, message: StoreStudy) -> list[bytes]:
    return [b"".join(instance.buffers) for instance in stored_images(archive, message)]


def item(dataset: bytes) -> Dataset:
    (found,) = read(dataset).OriginalAttributesSequence
    assert isinstance(found, Dataset)
    return found


def test_images_of_the_same_identity_leave_byte_for_byte(archive: ImageArchive) -> None:
    assert sent(archive, AS_IT_CAME) == [data_set(STUDIES.instance(FIRST, number)) for number in range(1, 4)]


def test_images_under_another_identity_say_what_they_said_before_since_when_by_whom_and_why(archive: ImageArchive) -> None:
    before = AS_IT_CAME.header.patient
    for dataset in sent(archive, married()):
        said = item(dataset)
        (former,) = said.ModifiedAttributesSequence
        assert (former.PatientName, former.PatientID, former.IssuerOfPatientID) == (
            before.name.pn,
            before.patient_id,
            before.issuer,
        )
        assert len(former) == 3
        assert said.AttributeModificationDateTime == "20260302080000"
        assert (said.ModifyingSystem, said.ReasonForTheAttributeModification) == ("RADPACS", "COERCE")
        assert said["SourceOfPreviousValues"].is_empty


def test_what_is_sent_again_is_the_same(archive: ImageArchive) -> None:
    assert sent(archive, married()) == sent(archive, married())


def test_each_time_it_is_said_what_is_in_the_store_and_not_what_was_sent_before(archive: ImageArchive) -> None:
    sent(archive, married())
    later = replace(married(), modification=AttributeModification("20260302090000", "RADPACS", CORRECT))
    for dataset in sent(archive, later):
        said = item(dataset)
        assert said.ModifiedAttributesSequence[0].PatientID == AS_IT_CAME.header.patient.patient_id
        assert (said.AttributeModificationDateTime, said.ReasonForTheAttributeModification) == ("20260302090000", "CORRECT")
