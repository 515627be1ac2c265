"""The header scanner: the same values as pydicom, whatever stands before them, and one kind of error for anything else."""

from dataclasses import astuple
from io import BytesIO
from struct import pack

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.multival import MultiValue

from datasets.examples import example_study
from datasets.procedures import PROCEDURES, Procedure
from datasets.studies import SyntheticStudies
from emulators.core.errors import RemoteProtocolError
from emulators.store.header import KEYWORDS, HeaderCut, InstanceHeader, scan

IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED = (f"1.2.840.10008.1.2{rest}" for rest in ("", ".1", ".2", ".1.99"))
LAST_TAG = 0x00280008
STUDIES = SyntheticStudies(7, scale=0.05)

each_syntax = pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT], ids=["explicit", "implicit"])


def ct_data_set() -> Dataset:
    """A generated CT image with its sequences, all elements parsed."""
    image = STUDIES.instance(example_study(7, 3, PROCEDURES[0]), 5)
    return parsed(b"".join(image.buffers))


def parsed(encoded: bytes) -> Dataset:
    data_set = pydicom.dcmread(BytesIO(encoded), force=True)
    for _ in data_set.iterall():
        pass
    return data_set


def encoded(data_set: Dataset, syntax: str) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, syntax == IMPLICIT
    write_dataset(buffer, data_set)
    return buffer.getvalue()


def as_pydicom_reads(data_set: Dataset) -> tuple[str, ...]:
    values = (data_set.get(keyword) for keyword in KEYWORDS)
    return tuple("\\".join(map(str, value)) if isinstance(value, MultiValue) else str(value or "") for value in values)


@each_syntax
@pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda procedure: procedure.code)
def test_reads_what_pydicom_reads(procedure: Procedure, syntax: str) -> None:
    image = STUDIES.instance(example_study(7, 3, procedure), 2)
    data_set = parsed(b"".join(image.buffers))
    assert astuple(scan(encoded(data_set, syntax), syntax)) == as_pydicom_reads(data_set)


def test_every_field_has_the_attribute_of_its_name() -> None:
    """Held against the values that went in, not against pydicom's names."""
    study = example_study(7, 3, PROCEDURES[0])
    image = STUDIES.instance(study, 5)
    header = scan(memoryview(b"".join(image.buffers)), EXPLICIT)
    assert header.sop_class_uid == image.sop_class_uid
    assert header.sop_instance_uid == image.sop_instance_uid
    assert header.study_instance_uid == study.study_instance_uid
    assert header.series_instance_uid == study.series_uid
    assert header.patient_id == study.patient_id
    assert header.issuer_of_patient_id == study.issuer_of_patient_id
    assert header.patient_name == study.patient_name
    assert (header.birth_date, header.sex) == (study.birth_date, study.sex)
    assert header.accession_number == study.accession_number
    assert (header.study_id, header.study_date, header.study_time) == (study.study_id, study.study_date, study.study_time)
    assert header.modality == study.modality
    assert header.referring_physician == study.referring_physician
    assert header.body_part == study.body_part
    assert (header.station_name, header.institution_name) == (study.station_name, study.institution)
    assert header.instance_number == "5"


@each_syntax
def test_sequences_of_undefined_length_are_passed_nested_or_not(syntax: str) -> None:
    data_set = ct_data_set()
    inner, outer = Dataset(), Dataset()
    inner.PatientID = outer.PatientID = "not this one"
    inner.is_undefined_length_sequence_item = outer.is_undefined_length_sequence_item = True
    outer.ReferencedImageSequence = [inner, Dataset(), inner]
    outer["ReferencedImageSequence"].is_undefined_length = True
    data_set.ReferencedStudySequence = [outer, Dataset()]
    data_set["ReferencedStudySequence"].is_undefined_length = True
    bytes_sent = encoded(data_set, syntax)
    assert bytes_sent.count(b"\xff\xff\xff\xff") > 4
    assert astuple(scan(bytes_sent, syntax)) == as_pydicom_reads(data_set)


def test_an_unknown_vr_of_undefined_length_holds_implicit_vr() -> None:
    """PS3.5 section 6.2.2, note 4."""
    item = Dataset()
    item.PatientID = "not this one"
    private = pack("<HH2sHI", 0x0009, 0x1001, b"UN", 0, 0xFFFFFFFF)
    private += pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + encoded(item, IMPLICIT) + pack("<HHI", 0xFFFE, 0xE00D, 0)
    private += pack("<HHI", 0xFFFE, 0xE0DD, 0)
    data_set = ct_data_set()
    whole = encoded(data_set[:0x00090000], EXPLICIT) + private + encoded(data_set[0x00090000:], EXPLICIT)
    assert astuple(scan(whole, EXPLICIT)) == as_pydicom_reads(data_set)


def test_a_vr_of_the_future_has_a_length_of_four_bytes() -> None:
    private = pack("<HH2sHI", 0x0009, 0x1001, b"ZZ", 0, 6) + b"future"
    data_set = ct_data_set()
    whole = encoded(data_set[:0x00090000], EXPLICIT) + private + encoded(data_set[0x00090000:], EXPLICIT)
    assert astuple(scan(whole, EXPLICIT)) == as_pydicom_reads(data_set)


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        ("", "Doe^Jane"),
        ("ISO_IR 100", "Müller^Zoë"),
        ("ISO_IR 144", "Люда"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小东"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        (["ISO 2022 IR 100", "ISO 2022 IR 144"], "Müller^Люк"),
    ],
)
def test_text_is_decoded_by_the_character_set(terms: str | list[str], name: str) -> None:
    data_set = ct_data_set()
    data_set.SpecificCharacterSet = terms
    data_set.PatientName = name
    data_set.StudyDescription = "CT CHEST"
    header = scan(encoded(data_set, EXPLICIT), EXPLICIT)
    assert (header.patient_name, header.study_description) == (name, "CT CHEST")


@pytest.mark.parametrize(
    "terms", [b"NONSENSE", b"ISO_IR 192", b"\\ISO 2022 IR 87", b"\\NONSENSE", b"ISO_IR 192\\ISO_IR 100", b"\\"]
)
@pytest.mark.parametrize("name", [b"M\xfcller", b"\x1b$B;3", b"\x1b", b"\x1b$)C\xff\xff", b"\xff=\x1b(Z^="])
def test_text_that_does_not_fit_its_character_set_refuses_nothing(terms: bytes, name: bytes) -> None:
    elements = ((0x0008, 0x0005, b"CS", terms), (0x0010, 0x0010, b"PN", name), (0x0010, 0x0020, b"LO", b"MRN1"))
    whole = b"".join(pack("<HH2sH", *tag, vr, len(value)) + value for *tag, vr, value in elements)
    assert scan(whole, EXPLICIT).patient_id == "MRN1"


def test_padding_is_not_part_of_a_value() -> None:
    whole = pack("<HHI", 0x0008, 0x0018, 6) + b"1.2.3\0" + pack("<HHI", 0x0010, 0x0020, 6) + b" MRN1 "
    assert scan(whole, IMPLICIT) == InstanceHeader(sop_instance_uid="1.2.3", patient_id="MRN1")


@pytest.mark.parametrize("syntax", [BIG_ENDIAN, DEFLATED])
def test_a_transfer_syntax_that_cannot_be_read_is_refused_by_name(syntax: str) -> None:
    with pytest.raises(RemoteProtocolError, match=r"Explicit VR .* cannot be indexed"):
        scan(b"", syntax)


@pytest.mark.parametrize(
    ("whole", "message"),
    [
        (pack("<HHI", 0x0010, 0x0020, 0) + pack("<HHI", 0x0010, 0x0010, 0), "order of their tags"),
        (pack("<HHI", 0x0010, 0x0020, 0) * 2, "order of their tags"),
        (pack("<HHI", 0x0010, 0x0020, 100) + b"MRN1", r"\(0010,0020\) is longer than"),
        (pack("<HHI", 0x0010, 0x0020, 5000) + bytes(5000), r"\(0010,0020\) is too long"),
        (pack("<HHI", 0x0008, 0x1140, 0xFFFFFFFF) + pack("<HHI", 0x0008, 0x1150, 0), "something else than items"),
        (pack("<HHI", 0x0008, 0x1140, 0xFFFFFFFF) + pack("<HHI", 0xFFFE, 0xE00D, 0), "something else than items"),
        (pack("<HHI", 0x0008, 0x1140, 0xFFFFFFFF) + pack("<HHI", 0xFFFE, 0xE000, 8), "longer than what is left"),
        (pack("<HHI", 0x0008, 0x1140, 0xFFFFFFFF), "inside the head"),
        (b"\x10\x00\x20", "inside the head"),
    ],
)
def test_each_way_to_be_broken_has_its_message(whole: bytes, message: str) -> None:
    with pytest.raises(RemoteProtocolError, match=message):
        scan(whole, IMPLICIT)


def test_implicit_vr_sent_as_explicit_is_noticed() -> None:
    with pytest.raises(RemoteProtocolError, match="not in Explicit VR"):
        scan(encoded(ct_data_set(), IMPLICIT), EXPLICIT)


def test_a_part_is_enough_when_it_holds_the_last_attribute_and_asks_for_more_when_not() -> None:
    data_set = ct_data_set()
    whole = encoded(data_set, EXPLICIT)
    enough = len(encoded(data_set[: LAST_TAG + 1], EXPLICIT)) + 8  # and the head of the next element
    header = scan(whole, EXPLICIT)
    for length in range(enough):
        with pytest.raises(HeaderCut):
            scan(whole[:length], EXPLICIT, whole=False)
    for length in range(enough, len(whole), 97):
        assert scan(whole[:length], EXPLICIT, whole=False) == header


def test_sequences_as_deep_as_there_are_bytes_need_no_stack() -> None:
    level = pack("<HHI", 0x0008, 0x1140, 0xFFFFFFFF) + pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    end = pack("<HHI", 0xFFFE, 0xE00D, 0) + pack("<HHI", 0xFFFE, 0xE0DD, 0)
    with pytest.raises(HeaderCut):
        scan(level * 50_000, IMPLICIT)
    patient = pack("<HHI", 0x0010, 0x0020, 4) + b"MRN1"
    assert scan(level * 50_000 + end * 50_000 + patient, IMPLICIT).patient_id == "MRN1"


def scanned_or_refused(data: bytes, syntax: str, whole: bool) -> InstanceHeader | str:
    """Anything else that is raised fails the test."""
    try:
        return scan(data, syntax, whole)
    except RemoteProtocolError as error:
        return str(error)


@given(data=st.binary(max_size=400), syntax=st.sampled_from([EXPLICIT, IMPLICIT]), whole=st.booleans())
def test_random_bytes_are_a_header_or_a_remote_protocol_error(data: bytes, syntax: str, whole: bool) -> None:
    scanned_or_refused(data, syntax, whole)


@given(data=st.data(), syntax=st.sampled_from([EXPLICIT, IMPLICIT]))
def test_a_mutated_header_is_a_header_or_an_error_without_patient_data(data: st.DataObject, syntax: str) -> None:
    sent = bytearray(encoded(ct_data_set()[:0x00300000], syntax))
    for _ in range(data.draw(st.integers(1, 8))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.sampled_from([0, 1, 8, 0x10, 0x7F, 0xFE, 0xFF]))
    result = scanned_or_refused(bytes(sent[: data.draw(st.integers(0, len(sent)))]), syntax, data.draw(st.booleans()))
    if isinstance(result, str):
        study = example_study(7, 3, PROCEDURES[0])
        assert "\n" not in result
        assert not any(value in result for value in (study.patient_id, study.patient_name.split("^")[0], study.birth_date))
