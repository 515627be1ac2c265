"""What is taken over from a user's image: nothing that could say whose it is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import config
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from datasets.examples import example_study
from datasets.modules import attributes_of_context
from datasets.own_attributes import TAKEN, TAKEN_FROM_ITEMS, elements, taken
from datasets.own_images import OwnImages
from datasets.procedures import PROCEDURES, Procedure
from datasets.studies import encode_data_set
from tests.datasets.own_files import ours, theirs, write

# PS3.15 Table E.1-1 (2024b) in the groups of the list, but for what no image has: who has these can say whose an image is.
IDENTIFYING = {
    0x0008: "12 13 14 15 17 18 19 20 21 22 23 24 25 2A 30 31 32 33 34 35 50 54 55 58 80 81 82 90 92 94 96 9C 9D 106 107 201 "
    "1000 1010 1030 103E 1040 1041 1048 1049 1050 1052 1060 1062 1070 1072 1080 1084 1088 1110 1111 1120 1140 1155 1195 2111 "
    "2112 3010 4000",
    0x0018: "10 27 35 1000 1002 1004 1005 1007 1008 1009 100A 100B 1012 1014 1030 1042 1043 1072 1073 1078 1079 11BB 1200 1201 "
    "1202 1203 1204 1205 1400 2042 4000 5011 700A 700C 700E 9074 9151 9185 9367 9369 936A 9371 9373 937B 937F 9424 9516 9517 "
    "9623 9701 9804 9919 9937 A002 A003",
    0x0020: "D E 10 27 52 200 3401 3403 3405 3406 4000 9158 9161 9164",
    0x0028: "1199 1214 4000",
    0x0040: "2 3 4 5 6 7 9 B 10 11 12 241 242 243 244 245 250 251 253 254 275 280 310 512 513 51A 551 554 555 562 600 602 "
    "610 6FA 1001 1002 1004 1005 100A 1010 1011 1101 1102 1103 1104 1400 2001 2004 2005 2008 2009 2010 2011 2016 "
    "2017 2400 3001 4005 4008 4010 4011 4023 4025 4027 4028 4030 4034 4035 4036 4037 4050 4051 4052 50A A023 A024 "
    "A027 A030 A032 A033 A073 A075 A078 A07A A07C A082 A088 A110 A112 A120 A121 A122 A123 A124 A13A A171 A172 A192 "
    "A193 A307 A352 A353 A354 A358 A402 A730",
    0x0054: "",
    0x2050: "",
}
ALL_TAKEN = TAKEN.union(*TAKEN_FROM_ITEMS.values())
FREE_TEXT = {"AE", "DA", "DT", "LT", "PN", "ST", "TM", "UC", "UI", "UN", "UR", "UT"}
SECRET = "Mustermann"


def test_no_attribute_on_the_list_is_one_that_the_standard_calls_identifying() -> None:
    identifying = {group << 16 | int(number, 16) for group, numbers in IDENTIFYING.items() for number in numbers.split()}
    assert {tag >> 16 for tag in ALL_TAKEN} <= IDENTIFYING.keys()
    assert ALL_TAKEN & identifying == frozenset()


def test_no_attribute_on_the_list_is_a_name_a_date_a_uid_or_free_text() -> None:
    assert {dictionary_VR(tag) for tag in ALL_TAKEN} & FREE_TEXT == set()
    text = {keyword_for_tag(tag) for tag in ALL_TAKEN if dictionary_VR(tag) in ("LO", "SH")}
    assert text == {"RescaleType", "ModalityLUTType", "CodeValue", "CodingSchemeDesignator", "CodeMeaning"}


@pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda procedure: procedure.code)
def test_no_attribute_on_the_list_is_one_that_the_run_gives(procedure: Procedure) -> None:
    given_by_run = attributes_of_context(example_study(7, 3, procedure)).keys()
    assert TAKEN & given_by_run == frozenset()
    assert TAKEN & {0x00080016, 0x00080018, 0x00200013, 0x00204000} == frozenset()  # class, instance, number, comment


def secret(tag: int, vr: str) -> DataElement | None:
    """An element that says who it is, as far as its VR can."""
    values = {
        "AE": SECRET, "AS": "042Y", "CS": SECRET.upper(), "DA": "19111111", "DT": "19111111", "LO": SECRET, "LT": SECRET,
        "PN": SECRET, "SH": SECRET, "ST": SECRET, "TM": "111111", "UC": SECRET, "UI": "2.25.4711", "UN": SECRET.encode(),
        "UR": SECRET, "UT": SECRET, "OB": SECRET.encode(), "OW": SECRET.encode(),
    }  # fmt: skip
    if vr == "SQ":
        item = Dataset()
        item.PatientName = SECRET
        item.TextValue = SECRET
        return DataElement(tag, vr, Sequence([item]))
    return DataElement(tag, vr, values[vr]) if vr in values else None


def full_of_secrets() -> Dataset:
    """A CT image with every attribute of the standard that is not on the list, and private ones, an overlay and a curve."""
    data_set = theirs("CT")
    given_by_run = {0x00080005, 0x00080016, 0x00080018}
    for tag, (vr, *_) in DicomDictionary.items():
        element = secret(tag, vr.split(" or ")[0]) if 0x00080000 <= tag < 0x7FE00000 else None
        if element is not None and tag not in TAKEN | given_by_run:
            data_set[tag] = element
    for tag, vr in ((0x60003000, "OW"), (0x60004000, "LT"), (0x50003000, "OW")):
        data_set[tag] = DataElement(tag, vr, SECRET.encode() if vr == "OW" else SECRET)
    data_set.private_block(0x0009, SECRET, create=True).add_new(0x01, "LO", SECRET)
    return data_set


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_of_an_image_that_says_everything_about_its_patient_nothing_is_taken(syntax: str, tmp_path: Path) -> None:
    config.settings.writing_validation_mode, before = config.IGNORE, config.settings.writing_validation_mode
    try:
        path = write(tmp_path / "image.dcm", full_of_secrets(), syntax)
    finally:
        config.settings.writing_validation_mode = before
    content = path.read_bytes()
    assert content.count(SECRET.encode()) > 1_500
    instance = OwnImages(tmp_path, 7).instance(ours("CT"), 1)
    header = instance.buffers[0]
    for word in (SECRET, SECRET.upper(), "19111111", "111111", "2.25.4711", "042Y"):
        assert word.encode() not in header
    for word in (theirs("CT").PatientID, str(theirs("CT").PatientName), theirs("CT").StudyInstanceUID):
        assert word.encode() not in header


WRONG = {
    "RescaleType": ("LO", b"Mustermann"),
    "KVP": ("LO", b"Mustermann"),  # another VR than the dictionary's
    "WindowCenter": ("DS", b"Mustermann"),
    "PatientOrientation": ("CS", b"Mustermann"),
    "NumberOfFrames": ("IS", b"Mustermann"),
    "PixelIntensityRelationshipSign": ("SS", b"Mustermann"),
}


@pytest.mark.parametrize("keyword", WRONG)
def test_a_value_that_its_vr_does_not_promise_is_not_taken(keyword: str) -> None:
    vr, value = WRONG[keyword]
    tag = tag_for_keyword(keyword)
    assert tag is not None
    data_set = Dataset()
    data_set[tag] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
    assert taken(data_set) == ()


@given(
    st.dictionaries(
        st.sampled_from(sorted(TAKEN)), st.tuples(st.sampled_from([None, "CS", "DS", "US"]), st.binary(max_size=24))
    )
)
def test_any_bytes_are_taken_in_order_and_well_formed_or_not_at_all(values: dict[int, tuple[str | None, bytes]]) -> None:
    data_set = Dataset()
    for tag, (vr, value) in values.items():
        if tag not in TAKEN_FROM_ITEMS:
            data_set[tag] = RawDataElement(Tag(tag), vr, len(value), value, 0, vr is None, True)
    found = taken(data_set)
    assert [tag for tag, _ in found] == sorted(tag for tag, _ in found)
    assert elements(b"".join(element for _, element in found)) == found
    assert all(len(element) % 2 == 0 for _, element in found)


def test_elements_are_what_was_encoded() -> None:
    data_set = attributes_of_context(ours("CT"))
    encoded = encode_data_set(data_set, "ISO_IR 6")
    found = elements(encoded)
    assert b"".join(element for _, element in found) == encoded
    assert [tag for tag, _ in found] == [int(tag) for tag in sorted(data_set.keys())]
