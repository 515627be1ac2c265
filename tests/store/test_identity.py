"""Other identities in stored data sets: the elements exchanged or put in, the character set kept, all else byte for byte."""

from collections.abc import Mapping
from struct import pack

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from datasets.examples import example_study
from datasets.procedures import procedures_by_modality
from datasets.studies import SyntheticStudies
from emulators.core.errors import RemoteProtocolError
from emulators.store.header import IMPLICIT_VR_LITTLE_ENDIAN, scan
from emulators.store.identity import replaced
from tests.store.data_sets import image, read, written

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
ACCESSION, NAME, PATIENT_ID, ISSUER, BIRTH_DATE = 0x00080050, 0x00100010, 0x00100020, 0x00100021, 0x00100030
PIXELS = b"\xe0\x7f\x10\x00"


def changed(dataset: bytes, values: Mapping[int, str], syntax: str = EXPLICIT_VR_LITTLE_ENDIAN) -> bytes:
    return b"".join(replaced(memoryview(dataset), syntax, values))


# --- in the set that is declared ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("implicit", [False, True])
def test_values_are_exchanged_and_put_in_and_nothing_else_changes(implicit: bool) -> None:
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_LITTLE_ENDIAN
    dataset = image()
    after = changed(written(dataset, implicit), {ACCESSION: "A12", NAME: "Smith^Jane", BIRTH_DATE: "19700101"}, syntax)
    dataset.AccessionNumber, dataset.PatientName, dataset.PatientBirthDate = "A12", "Smith^Jane", "19700101"
    assert after == written(dataset, implicit)


def test_the_pixels_are_passed_on_as_they_lie() -> None:
    one = SyntheticStudies(7, scale=0.05).instance(example_study(7, 1, procedures_by_modality("CT")[0]), 1)
    stored = memoryview(b"".join(one.buffers))
    *_, rest = replaced(stored, EXPLICIT_VR_LITTLE_ENDIAN, {PATIENT_ID: "M2"})
    assert isinstance(rest, memoryview)
    assert rest.obj is stored.obj
    assert len(rest) > len(stored) // 2


def test_a_data_set_that_ends_before_the_patient_gets_one() -> None:
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    after = changed(written(dataset), {ACCESSION: "A1", PATIENT_ID: "M1"})
    dataset.AccessionNumber, dataset.PatientID = "A1", "M1"
    assert after == written(dataset)


def test_sequences_of_undefined_length_stay_as_they_are() -> None:
    dataset = image()
    dataset["AnatomicRegionSequence"].is_undefined_length = True
    before = written(dataset)
    assert b"\xff\xff\xff\xff" in before
    dataset.PatientID = "M2"
    dataset["AnatomicRegionSequence"].is_undefined_length = True
    assert changed(before, {PATIENT_ID: "M2"}) == written(dataset)


@pytest.mark.parametrize(
    ("declared", "name", "encoded"),
    [
        ("", "Smith^Jane", b"Smith^Jane"),
        ("ISO_IR 100", "Müller^Jörg", "Müller^Jörg".encode("latin_1")),
        ("ISO_IR 144", "Жилин^Иван", "Жилин^Иван".encode("iso8859_5")),
        ("ISO_IR 192", "Wang^XiaoDong=王^小東", "Wang^XiaoDong=王^小東".encode()),
        ("GB18030", "Wang^XiaoDong=王^小东", "Wang^XiaoDong=王^小东".encode("gb18030")),
        ("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
    ],
)
def test_text_goes_in_the_character_set_that_the_images_declare(declared: str, name: str, encoded: bytes) -> None:
    dataset = image(SpecificCharacterSet=declared.split("\\") if "\\" in declared else declared) if declared else image()
    after = changed(written(dataset), {NAME: name})
    assert encoded in after
    assert scan(after, EXPLICIT_VR_LITTLE_ENDIAN).patient_name == name
    assert scan(after, EXPLICIT_VR_LITTLE_ENDIAN).specific_character_set == declared


# --- where it lacks a character ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("declared", ["", "ISO_IR 100", "ISO_IR 144"])
def test_a_name_beyond_the_declared_set_brings_the_whole_text_to_utf_8(declared: str, implicit: bool) -> None:
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_LITTLE_ENDIAN
    text = {"": "plain", "ISO_IR 100": "Größe", "ISO_IR 144": "Снимок"}[declared]
    item = Dataset()
    item.CodeMeaning = text
    dataset = image(StudyDescription=text, AnatomicRegionSequence=[item])
    if declared:
        dataset.SpecificCharacterSet = declared
    after = changed(written(dataset, implicit), {NAME: "Wang^XiaoDong=王^小東", PATIENT_ID: "M2"}, syntax)
    found = read(after, implicit)
    assert found.SpecificCharacterSet == "ISO_IR 192"
    assert (found.PatientName, found.PatientID, found.StudyDescription) == ("Wang^XiaoDong=王^小東", "M2", text)
    assert found.AnatomicRegionSequence[0].CodeMeaning == text
    assert found.PixelData == dataset.PixelData


def test_an_item_with_a_set_of_its_own_is_brought_along() -> None:
    item = Dataset()
    item.SpecificCharacterSet = "ISO_IR 144"
    item.CodeMeaning = "Снимок"
    dataset = image(SpecificCharacterSet="ISO_IR 100", StudyDescription="Größe", AnatomicRegionSequence=[item])
    found = read(changed(written(dataset), {NAME: "王"}))
    assert "SpecificCharacterSet" not in found.AnatomicRegionSequence[0]
    assert (found.AnatomicRegionSequence[0].CodeMeaning, found.StudyDescription) == ("Снимок", "Größe")


def test_what_stands_behind_the_header_is_untouched_by_it() -> None:
    before = written(image(SpecificCharacterSet="ISO_IR 100"))
    after = changed(before, {NAME: "王"})
    assert after[after.index(PIXELS) :] == before[before.index(PIXELS) :]


def test_sequences_that_nest_deeper_than_they_can_be_rewritten_are_the_peer_s_error() -> None:
    """They pass the scanner, which walks them with a list; ASCII goes in, and what needs another character set is refused."""
    depth, undefined = 3_000, 0xFFFFFFFF
    begin = pack("<HHI", 0x0008, 0x1140, undefined) + pack("<HHI", 0xFFFE, 0xE000, undefined)
    end = pack("<HHI", 0xFFFE, 0xE00D, 0) + pack("<HHI", 0xFFFE, 0xE0DD, 0)
    dataset = begin * depth + end * depth + pack("<HHI", 0x0010, 0x0010, 4) + b"Doe "
    assert changed(dataset, {NAME: "Roe"}, IMPLICIT_VR_LITTLE_ENDIAN).endswith(b"Roe ")
    with pytest.raises(RemoteProtocolError):
        changed(dataset, {NAME: "山田"}, IMPLICIT_VR_LITTLE_ENDIAN)


# --- whatever comes ----------------------------------------------------------------------------------------------------

VALUES = {
    ACCESSION: st.text("AB12", max_size=16),
    NAME: st.text("Aéж山^", max_size=20).map(lambda text: text.rstrip("^")),
    PATIENT_ID: st.text("M123é", max_size=20),
    ISSUER: st.text("HOSP", max_size=9),
    BIRTH_DATE: st.sampled_from(("", "19700101")),
}


@given(
    st.sampled_from(("", "ISO_IR 100", "ISO_IR 192")),
    st.sets(st.sampled_from(sorted(VALUES)), min_size=1).flatmap(
        lambda tags: st.fixed_dictionaries({t: VALUES[t] for t in tags})
    ),
    st.booleans(),
)
def test_every_value_is_read_back_and_every_other_one_stays(declared: str, values: dict[int, str], implicit: bool) -> None:
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_LITTLE_ENDIAN
    dataset = image(AccessionNumber="OLD", StudyDescription="Thorax")
    if declared:
        dataset.SpecificCharacterSet = declared
    found = read(changed(written(dataset, implicit), values, syntax), implicit)
    for element in dataset:
        if element.tag not in values and element.keyword != "SpecificCharacterSet":
            assert found[element.tag].value == element.value
    for tag, value in values.items():
        assert str(found[tag].value or "") == value
    assert pydicom.uid.UID(found.SOPInstanceUID) == dataset.SOPInstanceUID
