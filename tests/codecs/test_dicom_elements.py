"""Data sets in every character set, attributes of every VR that is written, and what cannot be written."""

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filereader import read_dataset

from emulators.codecs.dicom import elements
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from tests.core.golden_character_sets import EXAMPLES, Example

each_syntax = pytest.mark.parametrize("syntax", [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN])
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.clause)
KEYWORDS = {"PN": "PatientName", "LT": "PatientComments"}

JAPANESE = "\\ISO 2022 IR 87"
WORKLIST_ITEM: elements.DataSet = {
    "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "PatientID": "MRN-1",
    "RequestedProcedureDescription": "CT 頭部",
    "ScheduledProcedureStepSequence": [{"Modality": "CT", "ScheduledProcedureStepDescription": "頭部 単純"}],
}


def implicit(group: int, element: int, value: bytes) -> bytes:
    """An element in Implicit VR Little Endian."""
    padded = value + b" " * (len(value) % 2)
    return group.to_bytes(2, "little") + element.to_bytes(2, "little") + len(padded).to_bytes(4, "little") + padded


# --- character sets ----------------------------------------------------------------------------------------------------


@each_syntax
@each_example
def test_an_example_of_the_standard_is_read_and_written(example: Example, syntax: str) -> None:
    keyword = KEYWORDS[example.vr]
    dataset: elements.DataSet = {keyword: example.text}
    encoded = elements.encode(dataset, syntax, example.character_set)
    assert example.character_set.encode() in encoded
    assert (example.encoded in encoded) is example.written
    sent = implicit(0x0008, 0x0005, example.character_set.encode())
    sent += implicit(0x0010, {"PN": 0x0010, "LT": 0x4000}[example.vr], example.encoded)
    assert elements.decode(sent)[keyword] == example.text


@each_syntax
@pytest.mark.parametrize("character_set", ["", JAPANESE, "ISO 2022 IR 13\\ISO 2022 IR 87", "GB18030", "ISO_IR 192"])
def test_pydicom_reads_the_same_in_items_too(character_set: str, syntax: str) -> None:
    encoded = elements.encode(WORKLIST_ITEM, syntax, character_set)
    assert elements.decode(encoded, syntax) == WORKLIST_ITEM
    read = read_dataset(io.BytesIO(encoded), syntax == IMPLICIT_VR_LITTLE_ENDIAN, True)
    read.decode()
    assert read.PatientName == WORKLIST_ITEM["PatientName"]
    assert read.RequestedProcedureDescription == "CT 頭部"
    assert read.ScheduledProcedureStepSequence[0].ScheduledProcedureStepDescription == "頭部 単純"


@pytest.mark.parametrize("character_set", ["ISO_IR 100", "\\ISO 2022 IR 149", "NO SUCH TERM", "ISO_IR 192", ""])
def test_a_set_that_lacks_one_character_gives_way_to_utf_8_for_all(character_set: str) -> None:
    dataset: elements.DataSet = {"PatientName": "Müller^Людмила", "InstitutionName": "Zürich"}
    encoded = elements.encode(dataset, IMPLICIT_VR_LITTLE_ENDIAN, character_set)
    assert encoded.startswith(implicit(0x0008, 0x0005, b"ISO_IR 192"))
    assert "Müller^Людмила".encode() in encoded
    assert "Zürich".encode() in encoded


@pytest.mark.parametrize("character_set", ["ISO 2022 IR 87", "ISO 2022 IR 159", "ISO 2022 IR 58", "ISO 2022 IR 149"])
def test_a_set_that_may_not_be_the_first_stands_behind_an_empty_term(character_set: str) -> None:
    encoded = elements.encode({"InstitutionName": "丂" if "159" in character_set else "中"}, character_set=character_set)
    assert encoded.startswith(implicit(0x0008, 0x0005, b"\\" + character_set.encode()))


@pytest.mark.parametrize("character_set", ["ISO_IR 100", JAPANESE, "GB18030", "ISO_IR 192", ""])
def test_ascii_alone_declares_nothing(character_set: str) -> None:
    encoded = elements.encode({"PatientName": "Doe^Jane"}, IMPLICIT_VR_LITTLE_ENDIAN, character_set)
    assert encoded == implicit(0x0010, 0x0010, b"Doe^Jane")


def test_an_item_may_declare_a_set_of_its_own() -> None:
    """PS3.3 C.12.1.1.2: it holds for the item alone."""
    item = implicit(0x0008, 0x0005, b"ISO_IR 144") + implicit(0x0010, 0x0010, b"\xc7")
    sent = implicit(0x0008, 0x0005, b"ISO_IR 100")
    sent += implicit(0x0008, 0x1111, b"\xfe\xff\x00\xe0" + len(item).to_bytes(4, "little") + item)
    sent += implicit(0x0010, 0x0010, b"M\xfcller")
    decoded = elements.decode(sent)
    assert decoded["PatientName"] == "Müller"
    assert decoded["ReferencedPerformedProcedureStepSequence"] == [{"PatientName": "Ч"}]


def test_the_set_is_not_for_values_that_it_is_not_about() -> None:
    """PS3.5 6.1.2.3: a code string stays in the default repertoire."""
    with pytest.raises(LocalProtocolError, match="VR CS"):
        elements.encode({"Modality": "ÇT", "PatientName": "Müller"}, IMPLICIT_VR_LITTLE_ENDIAN, "ISO_IR 100")


def test_a_character_that_no_set_has_is_our_own_error_without_the_value() -> None:
    with pytest.raises(LocalProtocolError, match="no character set has") as raised:
        elements.encode({"PatientName": "M\ud800ller"}, IMPLICIT_VR_LITTLE_ENDIAN, "ISO_IR 100")
    assert "ller" not in str(raised.value)


# --- other attributes --------------------------------------------------------------------------------------------------


@each_syntax
def test_what_was_read_can_be_written_again(syntax: str) -> None:
    """An attribute without a place in the dictionary, one of two VRs, one with a long VR, and binary ones that are empty."""
    dataset: elements.DataSet = {
        "(0009,1001)": "privé",
        "SmallestImagePixelValue": "",
        "StrainDescription": "long VR",
        "PixelData": "",
        "PregnancyStatus": 4,
    }
    encoded = elements.encode(dataset, syntax)
    read = read_dataset(io.BytesIO(encoded), syntax == IMPLICIT_VR_LITTLE_ENDIAN, True)
    assert read.StrainDescription == "long VR"
    assert list(read.keys()) == [0x00080005, 0x00091001, 0x00100212, 0x001021C0, 0x00280106, 0x7FE00010]
    assert read[0x00091001].value == "privé".encode()
    assert elements.decode(encoded, syntax) == {**dataset, "(0009,1001)": ""}


def test_a_value_too_long_for_its_vr_is_our_own_error() -> None:
    with pytest.raises(LocalProtocolError, match="too long or too large"):
        elements.encode({"PatientComments": "x" * 70_000}, EXPLICIT_VR_LITTLE_ENDIAN)
    with pytest.raises(LocalProtocolError, match="too long or too large"):
        elements.encode({"PregnancyStatus": 70_000})


@pytest.mark.parametrize("keyword", ["NoSuchKeyword", "(0009,10)", "(0009,1001) ", ""])
def test_a_keyword_that_names_nothing_is_our_own_error(keyword: str) -> None:
    with pytest.raises(LocalProtocolError, match="no attribute has the keyword"):
        elements.encode({keyword: ""})


@given(
    declared=st.sampled_from([b"", b"ISO_IR 100", b"\\ISO 2022 IR 87", b"ISO_IR 13", b"\\", b"\xff\\\xff", b"GB18030"]),
    name=st.lists(st.sampled_from([b"\x1b", b"$B", b"$)C", b"(J", b"^", b"=", b"\\", b"\xff", b"A"])).map(b"".join),
)
def test_any_name_in_any_set_is_read(declared: bytes, name: bytes) -> None:
    decoded = elements.decode(implicit(0x0008, 0x0005, declared) + implicit(0x0010, 0x0010, name))
    assert decoded.keys() == {"PatientName"}


@given(data=st.binary(max_size=200), syntax=st.sampled_from([IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN]))
def test_random_bytes_are_a_data_set_or_a_remote_protocol_error(data: bytes, syntax: str) -> None:
    with suppress(RemoteProtocolError):
        elements.decode(memoryview(data), syntax)
