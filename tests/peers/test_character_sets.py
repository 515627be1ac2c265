"""DCMTK reads the text of every data set and image of ours as it is, and writes what we read.

With the C library's iconv DCMTK does not convert ISO 2022 IR 87, so that one is judged by pydicom.
"""

import io
import json
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from datasets.character_sets import CHARACTER_SETS
from datasets.examples import example_study
from datasets.procedures import PROCEDURES
from datasets.studies import EXPLICIT_VR_LITTLE_ENDIAN, SyntheticStudies
from emulators.codecs.dicom import elements
from emulators.store.header import scan
from tests.peers.products import run

pytestmark = pytest.mark.peer

STUDIES = SyntheticStudies(7, scale=0.02)
JAPANESE = "ISO 2022 IR 87"
NAMES = {
    "ISO_IR 100": "Müller^Jörg",
    "ISO_IR 126": "Διονυσιος^Πέτρος",
    "ISO_IR 144": "Чайковский^Пётр^Ильич",
    "ISO_IR 166": "นามสกุล^ชื่อ",
    "ISO_IR 13": "ﾔﾏﾀﾞ^ﾀﾛｳ",
    "ISO 2022 IR 149": "Hong^Gildong=洪^吉洞=홍^길동",
    "ISO 2022 IR 58": "Zhang^XiaoDong=张^小东",
    "ISO 2022 IR 100\\ISO 2022 IR 126\\ISO 2022 IR 144": "Müller^Jörg=Διονυσιος^Чай é Δ=Ω\\Zoë=Я",
    "GB18030": "Wang^XiaoDong=誠^慭",  # second bytes of 5C
    "ISO_IR 192": "Yamada^Tarou=山田^太郎=やまだ^たろう",
}
"""By the character set that is to be written; all of DICOM's kinds."""


def converted(path: Path, *options: str) -> pydicom.Dataset:
    """What DCMTK makes of a data set when it writes it in UTF-8, or as the options say."""
    target = path.with_suffix(".converted")
    run("dcmconv", *(options or ("+U8",)), "+te", path, target)
    return pydicom.dcmread(target, force=True)


def text(name: object) -> str:
    """One name or several, as DICOM joins them."""
    return "\\".join(map(str, name)) if isinstance(name, pydicom.multival.MultiValue) else str(name)


@pytest.mark.parametrize("character_set", NAMES)
def test_dcmtk_reads_our_data_sets(character_set: str, tmp_path: Path) -> None:
    name = NAMES[character_set]
    description = name.replace("^", " ").replace("=", "/")
    dataset: elements.DataSet = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7",
        "SOPInstanceUID": "1.2.3",
        "PatientName": name,
        "RequestedProcedureCodeSequence": [{"CodeMeaning": description}],
    }
    path = tmp_path / "ours"
    path.write_bytes(elements.encode(dataset, EXPLICIT_VR_LITTLE_ENDIAN, character_set))
    assert character_set.encode() in path.read_bytes()
    read = converted(path, "-f", "-te", "+U8")
    assert text(read.PatientName) == name
    assert text(read.RequestedProcedureCodeSequence[0].CodeMeaning) == description


@pytest.mark.parametrize("character_set", NAMES)
def test_dcmtk_s_json_has_the_component_groups(character_set: str, tmp_path: Path) -> None:
    path = tmp_path / "ours"
    path.write_bytes(elements.encode({"PatientName": NAMES[character_set]}, EXPLICIT_VR_LITTLE_ENDIAN, character_set))
    values = json.loads(run("dcm2json", "-q", "-f", "-te", path))["00100010"]["Value"]
    groups = ("Alphabetic", "Ideographic", "Phonetic")
    assert "\\".join("=".join(value[group] for group in groups if group in value) for value in values) == NAMES[character_set]


@pytest.mark.parametrize("character_set", [one for one in CHARACTER_SETS if one != JAPANESE])
def test_dcmtk_reads_our_images(character_set: str, tmp_path: Path) -> None:
    path, name = image(tmp_path, character_set)
    assert character_set.encode() in path.read_bytes()
    read = converted(path, "-f", "-te", "+U8")
    assert read.PatientName == name
    assert scan(path.read_bytes(), EXPLICIT_VR_LITTLE_ENDIAN).patient_name == name


def test_pydicom_reads_our_japanese_images_and_data_sets(tmp_path: Path) -> None:
    path, name = image(tmp_path, JAPANESE)
    dataset = elements.encode({"PatientName": name}, EXPLICIT_VR_LITTLE_ENDIAN, JAPANESE)
    for data in (path.read_bytes(), dataset):
        read = pydicom.dcmread(io.BytesIO(data), force=True)
        assert read.SpecificCharacterSet == ["", "ISO 2022 IR 87"]
        assert read.PatientName == name
        assert scan(data, EXPLICIT_VR_LITTLE_ENDIAN).patient_name == name


def image(folder: Path, character_set: str) -> tuple[Path, str]:
    """The data set of an image in a file, and the name of its patient."""
    name = NAMES.get(character_set, NAMES["ISO_IR 192"])
    context = replace(example_study(7, 3, PROCEDURES[0]), patient_name=name, character_set=character_set)
    path = folder / "image"
    path.write_bytes(b"".join(STUDIES.instance(context, 1).buffers))
    return path, name


@pytest.mark.parametrize("character_set", ["ISO_IR 100", "ISO_IR 126", "ISO_IR 144", "ISO_IR 13", "ISO_IR 166", "GB18030"])
def test_we_read_what_dcmtk_writes(character_set: str, tmp_path: Path) -> None:
    name = NAMES[character_set]
    source = tmp_path / "utf8"
    source.write_bytes(elements.encode({"PatientName": name}, EXPLICIT_VR_LITTLE_ENDIAN))
    target = tmp_path / "converted"
    run("dcmconv", "-f", "-te", "+C", character_set, "-F", "+te", source, target)
    written = target.read_bytes()
    assert elements.decode(written, EXPLICIT_VR_LITTLE_ENDIAN)["PatientName"] == name
    assert scan(written, EXPLICIT_VR_LITTLE_ENDIAN).patient_name == name
    ours = elements.encode({"PatientName": name}, EXPLICIT_VR_LITTLE_ENDIAN, character_set)
    assert written == ours
