"""Original Attributes Sequence in what leaves under another identity: as pydicom writes it, in every form of data set."""

from collections.abc import Mapping
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from emulators.core.errors import RemoteProtocolError
from emulators.messages.coercion import AttributeModification
from emulators.store.header import IMPLICIT_VR_LITTLE_ENDIAN
from emulators.store.identity import replaced, values
from emulators.store.original_attributes import Former
from tests.store.data_sets import image, read, written

EXPLICIT_VR_LITTLE_ENDIAN, RLE_LOSSLESS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
CHARACTER_SET, ACCESSION, NAME, PATIENT_ID, ISSUER = 0x00080005, 0x00080050, 0x00100010, 0x00100020, 0x00100021
IDENTITY = (ACCESSION, NAME, PATIENT_ID, ISSUER)
ORIGINAL_ATTRIBUTES = b"\x00\x04\x61\x05"
MODIFICATION = AttributeModification("20260302080000", "RADPACS", "COERCE")


def changed(dataset: bytes, new: Mapping[int, str], syntax: str = EXPLICIT_VR_LITTLE_ENDIAN) -> bytes:
    view = memoryview(dataset)
    return b"".join(replaced(view, syntax, new, Former(values(view, syntax, IDENTITY), MODIFICATION)))


def item(**former: object) -> Dataset:
    """What is to be said, made with pydicom."""
    modified, said = Dataset(), Dataset()
    for keyword, value in former.items():
        setattr(modified, keyword, value)
    said.ModifiedAttributesSequence = [modified]
    said.AttributeModificationDateTime = "20260302080000"
    said.ModifyingSystem = "RADPACS"
    said.SourceOfPreviousValues = ""
    said.ReasonForTheAttributeModification = "COERCE"
    return said


def former(dataset: bytes, implicit: bool = False) -> Dataset:
    """The former values in the only item."""
    (said,) = read(dataset, implicit).OriginalAttributesSequence
    (modified,) = said.ModifiedAttributesSequence
    assert isinstance(modified, Dataset)
    return modified


# --- the sequence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, RLE_LOSSLESS])
def test_an_item_with_the_former_values_stands_in_its_place_and_all_else_is_as_it_was(syntax: str) -> None:
    implicit = syntax == IMPLICIT_VR_LITTLE_ENDIAN
    dataset = image(AccessionNumber="OLD", PatientWeight="70", InstitutionName="North")
    if syntax == RLE_LOSSLESS:
        dataset.PixelData = encapsulate([b"\x01\x02\x03\x04"])
        dataset["PixelData"].is_undefined_length = True
    after = changed(written(dataset, implicit), {ACCESSION: "A12", NAME: "Smith^Jane"}, syntax)
    dataset.AccessionNumber, dataset.PatientName = "A12", "Smith^Jane"
    dataset.OriginalAttributesSequence = [item(AccessionNumber="OLD", PatientName="Doe^Jane")]
    assert after == written(dataset, implicit)


@pytest.mark.parametrize("implicit", [False, True])
def test_an_attribute_that_was_not_there_had_no_value(implicit: bool) -> None:
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_LITTLE_ENDIAN
    dataset = image()
    after = changed(written(dataset, implicit), {ACCESSION: "A12", ISSUER: "NORTH"}, syntax)
    dataset.AccessionNumber, dataset.IssuerOfPatientID = "A12", "NORTH"
    dataset.OriginalAttributesSequence = [item(AccessionNumber="", IssuerOfPatientID="")]
    assert after == written(dataset, implicit)


def test_with_a_former_patient_id_goes_its_issuer_though_it_is_the_same() -> None:
    said = former(changed(written(image(IssuerOfPatientID="NORTH")), {PATIENT_ID: "M2"}))
    assert (said.PatientID, said.IssuerOfPatientID, len(said)) == ("M1", "NORTH", 2)


def test_a_value_of_undefined_length_is_none() -> None:
    undefined, items = 0xFFFFFFFF, pack("<HHI", 0xFFFE, 0xE0DD, 0)
    name = pack("<HH2sHI", 0x0010, 0x0010, b"UN", 0, undefined) + items
    dataset = image(AccessionNumber="OLD")
    del dataset.PatientName
    before = written(dataset)
    place = before.index(b"\x10\x00\x20\x00LO")
    said = former(changed(before[:place] + name + before[place:], {NAME: "Smith^Jane"}))
    assert (said.PatientName, len(said)) == ("", 1)


def test_a_data_set_that_ends_before_the_patient_ends_with_the_sequence() -> None:
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    after = changed(written(dataset), {ACCESSION: "A1", ISSUER: "NORTH"})
    dataset.AccessionNumber, dataset.IssuerOfPatientID = "A1", "NORTH"
    dataset.OriginalAttributesSequence = [item(AccessionNumber="", IssuerOfPatientID="")]
    assert after == written(dataset)


def test_the_pixels_are_passed_on_as_they_lie() -> None:
    stored = memoryview(written(image()))
    *_, rest = replaced(stored, EXPLICIT_VR_LITTLE_ENDIAN, {PATIENT_ID: "M2"}, Former((), MODIFICATION))
    assert isinstance(rest, memoryview)
    assert rest.obj is stored.obj
    assert rest.tobytes().startswith(b"\xe0\x7f\x10\x00")


# --- one that is there -------------------------------------------------------------------------------------------------


def earlier() -> Dataset:
    """An item of somebody else."""
    said = item(PatientName="Dee^Jane")
    said.ModifyingSystem = "ELSEWHERE"
    return said


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("is_undefined_length", [False, True])
def test_the_items_that_are_there_stay_and_the_new_one_comes_last(implicit: bool, is_undefined_length: bool) -> None:
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_LITTLE_ENDIAN
    dataset = image(OriginalAttributesSequence=[earlier()])
    dataset["OriginalAttributesSequence"].is_undefined_length = is_undefined_length
    dataset.OriginalAttributesSequence[0].is_undefined_length_sequence_item = is_undefined_length
    after = changed(written(dataset, implicit), {NAME: "Smith^Jane"}, syntax)
    dataset.PatientName = "Smith^Jane"
    dataset.OriginalAttributesSequence.append(item(PatientName="Doe^Jane"))
    assert after == written(dataset, implicit)


@pytest.mark.parametrize("is_undefined_length", [False, True])
def test_in_a_sequence_of_unknown_vr_all_is_in_implicit_vr(is_undefined_length: bool) -> None:
    """PS3.5 6.2.2: who knew only its bytes has passed it on as UN."""
    there = Dataset()
    there.OriginalAttributesSequence = [earlier()]
    there["OriginalAttributesSequence"].is_undefined_length = is_undefined_length
    content = written(there, implicit=True)[8:]
    length = 0xFFFFFFFF if is_undefined_length else len(content)
    sequence = pack("<HH2sHI", 0x0400, 0x0561, b"UN", 0, length) + content
    before = written(image())
    place = before.index(b"\xe0\x7f\x10\x00")
    found = read(changed(before[:place] + sequence + before[place:], {NAME: "Smith^Jane"}))
    assert list(found.OriginalAttributesSequence) == [earlier(), item(PatientName="Doe^Jane")]
    assert found.PixelData == b"\x01\x02\x03\x04"


# --- text --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "name", "encoded"),
    [
        ("ISO_IR 100", "Müller^Jörg", "Müller^Jörg".encode("latin_1")),
        ("ISO_IR 144", "Жилин^Иван", "Жилин^Иван".encode("iso8859_5")),
        ("ISO_IR 192", "Wang^XiaoDong=王^小東", "Wang^XiaoDong=王^小東".encode()),
        ("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
    ],
)
def test_former_text_stays_byte_for_byte_in_the_character_set_of_the_image(declared: str, name: str, encoded: bytes) -> None:
    before = written(image(SpecificCharacterSet=declared.split("\\") if "\\" in declared else declared, PatientName=name))
    assert before.count(encoded) == 1
    after = changed(before, {NAME: "Smith^Jane"})
    assert after.count(encoded) == 1
    said = former(after)
    assert (said.PatientName, len(said)) == (name, 1)


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize(
    ("declared", "name", "encoded"),
    [("", "Doe^Jane", b"Doe^Jane"), ("ISO_IR 100", "Größe", "Größe".encode("latin_1"))],
)
def test_where_the_image_gets_another_character_set_the_former_one_says_how_to_read_the_former_text(
    declared: str, name: str, encoded: bytes, implicit: bool
) -> None:
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_LITTLE_ENDIAN
    dataset = image(StudyDescription=name)
    if declared:
        dataset.SpecificCharacterSet = declared
    dataset.PatientName = name
    after = changed(written(dataset, implicit), {NAME: "王", ACCESSION: "A1"}, syntax)
    found, said = read(after, implicit), former(after, implicit)
    assert (found.SpecificCharacterSet, found.PatientName, found.StudyDescription) == ("ISO_IR 192", "王", name)
    assert (said.SpecificCharacterSet or "", said.AccessionNumber, said.PatientName, len(said)) == (declared, "", name, 3)
    assert encoded in after[after.index(ORIGINAL_ATTRIBUTES) :]


def test_former_text_that_says_how_to_read_it_keeps_its_character_set() -> None:
    there = item(SpecificCharacterSet="ISO_IR 144")
    there.ModifiedAttributesSequence[0].PatientName = "Жилин"
    dataset = image(SpecificCharacterSet="ISO_IR 100", StudyDescription="Größe", OriginalAttributesSequence=[there])
    found = read(changed(written(dataset), {NAME: "王"}))
    first, second = (said.ModifiedAttributesSequence[0] for said in found.OriginalAttributesSequence)
    assert (first.SpecificCharacterSet, first.PatientName) == ("ISO_IR 144", "Жилин")
    assert (second.SpecificCharacterSet, second.PatientName) == ("ISO_IR 100", "Doe^Jane")
    assert found.StudyDescription == "Größe"


# --- whatever comes ----------------------------------------------------------------------------------------------------


def test_what_is_no_sequence_is_the_peer_s_error() -> None:
    before = written(image())
    place = before.index(b"\xe0\x7f\x10\x00")
    other = pack("<HH2sH", 0x0400, 0x0561, b"LO", 4) + b"none"
    with pytest.raises(RemoteProtocolError):
        changed(before[:place] + other + before[place:], {NAME: "Smith^Jane"})


def test_a_data_set_that_is_broken_on_the_way_is_the_peer_s_error() -> None:
    before = written(image())
    place = before.index(b"\xe0\x7f\x10\x00")
    with pytest.raises(RemoteProtocolError):
        changed(before[:place] + pack("<HH2sH", 0x0029, 0x1010, b"\0\0", 0) + before[place:], {NAME: "Smith^Jane"})


TEXTS = st.text("Aéж山^", max_size=20).map(lambda text: text.rstrip("^"))
NEW = st.dictionaries(st.sampled_from(IDENTITY), TEXTS, min_size=1)


@given(st.sampled_from(("", "ISO_IR 100", "ISO_IR 192")), NEW, st.booleans(), st.booleans())
def test_without_the_new_item_it_is_what_it_was_and_the_item_has_what_the_image_said(
    declared: str, new: dict[int, str], implicit: bool, has_items: bool
) -> None:
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_LITTLE_ENDIAN
    dataset = image(AccessionNumber="OLD", StudyDescription="Thorax", PatientWeight="70")
    if declared:
        dataset.SpecificCharacterSet = declared
    if has_items:
        dataset.OriginalAttributesSequence = [earlier()]
    before = written(dataset, implicit)
    found = read(changed(before, new, syntax), implicit)
    said = found.OriginalAttributesSequence.pop().ModifiedAttributesSequence[0]
    if not has_items:
        del found.OriginalAttributesSequence
    assert written(found, implicit) == b"".join(replaced(memoryview(before), syntax, new))
    assert set(new) <= {int(element.tag) for element in said} <= {*new, ISSUER, CHARACTER_SET}
    for element in said:
        assert element.value == (dataset[element.tag].value if element.tag in dataset else "")
