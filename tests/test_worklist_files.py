"""A folder of worklist files is read whatever the form of a file, and refused with the file's name where one cannot be read."""

from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from emulators.core.errors import ConfigError
from emulators.messages.worklist import STEPS
from emulators.worklist_files import read_worklist_folder


def entry(step_id: str, steps: int = 1) -> pydicom.Dataset:
    item = pydicom.Dataset()
    item.PatientName, item.PatientID = "Doe^Jane", "P1"
    item.PregnancyStatus = 4
    item.ScheduledProcedureStepSequence = []
    for number in range(steps):
        step = pydicom.Dataset()
        step.ScheduledProcedureStepID = step_id if steps == 1 else f"{step_id}.{number}"
        item.ScheduledProcedureStepSequence.append(step)
    return item


def write(path: Path, item: pydicom.Dataset, syntax: str = ExplicitVRLittleEndian, as_file: bool = True) -> None:
    """As a DICOM file, or as a data set alone."""
    if as_file:
        item.file_meta = FileMetaDataset()
        item.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
        item.file_meta.MediaStorageSOPClassUID = pydicom.uid.UID("1.2.276.0.7230010.3.1.0.1")  # of DCMTK: a worklist file
        item.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("2.25.1")
        dcmwrite(path, item, enforce_file_format=True)
    else:
        dcmwrite(path, item, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)


def step_ids(folder: Path) -> list[str]:
    return [item.item(STEPS).text("ScheduledProcedureStepID") for item in read_worklist_folder(folder)]


def test_files_of_every_form_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    write(tmp_path / "1.wl", entry("S1"))
    write(tmp_path / "2.wl", entry("S2"), ImplicitVRLittleEndian)
    write(tmp_path / "3.dcm", entry("S3"), as_file=False)
    write(tmp_path / "4.dcm", entry("S4"), ImplicitVRLittleEndian, as_file=False)
    (tmp_path / "lockfile").touch()
    (tmp_path / "notes.txt").write_text("no worklist file")
    assert step_ids(tmp_path) == ["S1", "S2", "S3", "S4"]
    first, *others = [item.without((STEPS,)) for item in read_worklist_folder(tmp_path)]
    assert dict(first) == {"PatientName": "Doe^Jane", "PatientID": "P1", "PregnancyStatus": "4"}
    assert others == [first] * 3


def test_a_file_of_several_steps_is_an_entry_for_each(tmp_path: Path) -> None:
    write(tmp_path / "1.wl", entry("S", steps=2))
    assert step_ids(tmp_path) == ["S.0", "S.1"]


def test_any_attributes_are_taken_that_have_text_and_a_keyword(tmp_path: Path) -> None:
    item = entry("S1")
    item.PatientComments = "Speaks French\\German"
    item.ExaminedBodyThickness = 3.5  # FL
    item.add_new(0x00091001, "LO", "private")
    item.ScheduledProcedureStepSequence[0].add_new(0x00091001, "LO", "private")
    write(tmp_path / "1.wl", item)
    (found,) = read_worklist_folder(tmp_path)
    assert found.text("PatientComments") == "Speaks French\\German"
    assert "(0009,1001)" not in found
    assert "(0009,1001)" not in found.item(STEPS)
    assert found.text("ExaminedBodyThickness") == ""


@pytest.mark.parametrize(
    ("declared", "encoded"),
    [("ISO_IR 192", "Müller^Jürgen".encode()), ("ISO_IR 100", "Müller^Jürgen".encode("latin_1")), ("", b"M\xfcller^J\xfcrgen")],
)
def test_names_are_read_by_their_character_set_and_as_latin_1_without_one(
    tmp_path: Path, declared: str, encoded: bytes
) -> None:
    character_set = b"\x08\x00\x05\x00" + field(declared.encode()) if declared else b""
    (tmp_path / "1.dcm").write_bytes(character_set + b"\x10\x00\x10\x00" + field(encoded))
    (found,) = read_worklist_folder(tmp_path)
    assert found.text("PatientName") == "Müller^Jürgen"


def field(value: bytes) -> bytes:
    """Length and value in implicit VR."""
    padded = value + b" " * (len(value) % 2)
    return len(padded).to_bytes(4, "little") + padded


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"This is not DICOM at all, but it is long enough", "no worklist file"),
        (bytes(128) + b"DICM", "does not begin with its length"),
        (bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00\xff\xff\x00\x00", "no worklist file"),
        (b"\x08\x00\x60\x00" + field("März".encode()), "cannot carry"),  # a modality that no answer could have
    ],
)
def test_a_file_that_cannot_be_read_is_named_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "odd.wl").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_worklist_folder(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'odd.wl'}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_big_endian_is_refused(tmp_path: Path) -> None:
    item = entry("S1")
    write(tmp_path / "1.wl", item)
    content = (tmp_path / "1.wl").read_bytes().replace(b"1.2.840.10008.1.2.1\0", ExplicitVRBigEndian.encode() + b"\0")
    (tmp_path / "1.wl").write_bytes(content)
    with pytest.raises(ConfigError, match=r"1\.wl: no worklist file: .* 1\.2\.840\.10008\.1\.2\.2"):
        read_worklist_folder(tmp_path)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere: no folder of worklist files"):
        read_worklist_folder(tmp_path / "nowhere")
    assert read_worklist_folder(tmp_path) == []
