"""dciodvfy (dicom3tools) finds no error in any generated image."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from datasets.character_sets import CHARACTER_SETS
from datasets.examples import example_study
from datasets.modules import StudyContext
from datasets.names import Script
from datasets.procedures import MODALITIES, PROCEDURES, Modality, Procedure, procedures_by_modality
from datasets.studies import Instance, SyntheticStudies

pytestmark = pytest.mark.peer

SMALL = SyntheticStudies(7, scale=0.1)
# A local coding scheme is what a catalogue of our own needs, and is never on the list of a validator.
EXPECTED_WARNING = "Unrecognized defined term <99RADLOOP> for value 1 of attribute <Coding Scheme Designator>"

SCRIPTS: dict[str, Script] = {
    "ISO_IR 100": "latin1",
    "ISO_IR 126": "greek",
    "ISO_IR 144": "cyrillic",
    "ISO 2022 IR 87": "japanese",
    "ISO 2022 IR 149": "korean",
    "GB18030": "chinese",
    "ISO_IR 192": "japanese",
}


def write_part_10(path: Path, instance: Instance) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(instance.sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(instance.sop_instance_uid)
    meta.TransferSyntaxUID = UID(instance.transfer_syntax_uid)
    meta.ImplementationClassUID = UID("2.25.7")
    encoded_meta = DicomBytesIO()
    write_file_meta_info(encoded_meta, meta, enforce_standard=True)
    path.write_bytes(b"".join((b"\0" * 128, b"DICM", encoded_meta.getvalue(), *instance.buffers)))


def complaints(path: Path, instance: Instance) -> list[str]:
    """What dciodvfy says, without the name of the IOD and the warning that we expect."""
    write_part_10(path, instance)
    answer = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, timeout=60, check=False)
    lines = (answer.stdout + answer.stderr).splitlines()
    iods = [line for line in lines if not line.startswith(("Error", "Warning"))]
    assert len(iods) == 1, lines  # it recognised the SOP class, or else it checked nothing
    return [line for line in lines if line not in iods and EXPECTED_WARNING not in line]


@pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda procedure: procedure.code)
@pytest.mark.parametrize("number", [1, 2, 4, 150])
def test_a_scheduled_exam_has_no_error_and_no_warning(procedure: Procedure, number: int, tmp_path: Path) -> None:
    assert complaints(tmp_path / "image.dcm", SMALL.instance(example_study(7, 3, procedure), number)) == []


@pytest.mark.parametrize("modality", MODALITIES)
def test_an_unscheduled_exam_has_no_error_and_no_warning(modality: Modality, tmp_path: Path) -> None:
    context = unscheduled(example_study(7, 4, procedures_by_modality(modality)[0]))
    assert complaints(tmp_path / "image.dcm", SMALL.instance(context, 1)) == []


@pytest.mark.parametrize("modality", MODALITIES)
def test_an_exam_for_several_requests_has_no_error_and_no_warning(modality: Modality, tmp_path: Path) -> None:
    context = example_study(7, 4, procedures_by_modality(modality)[0])
    (one,) = context.requests
    other = replace(one, accession_number="OTHER", requested_procedure_id="RP9", study_instance_uid="2.25.9", protocol_code="")
    context = replace(context, requests=(one, other), accession_number="", procedure_code="")
    assert complaints(tmp_path / "image.dcm", SMALL.instance(context, 1)) == []


@pytest.mark.parametrize("character_set", CHARACTER_SETS)
def test_a_name_in_any_character_set_has_no_error_and_no_warning(character_set: str, tmp_path: Path) -> None:
    script = SCRIPTS[character_set]
    context = example_study(7, 4, PROCEDURES[0], scripts=((script, 1.0),), character_set=character_set)
    assert complaints(tmp_path / "image.dcm", SMALL.instance(context, 1)) == []
    assert character_set.encode() in (tmp_path / "image.dcm").read_bytes()


@pytest.mark.parametrize("modality", MODALITIES)
def test_an_image_of_full_size_has_no_error_and_no_warning(modality: Modality, tmp_path: Path) -> None:
    instance = SyntheticStudies(7).instance(example_study(7, 5, procedures_by_modality(modality)[0]), 1)
    assert complaints(tmp_path / "image.dcm", instance) == []


def test_dciodvfy_does_complain_of_a_broken_image(tmp_path: Path) -> None:
    instance = SMALL.instance(example_study(7, 3, PROCEDURES[0]), 1)
    broken = replace(instance, buffers=(instance.buffers[0],))  # no Pixel Data
    assert any(line.startswith("Error") for line in complaints(tmp_path / "image.dcm", broken))


def unscheduled(context: StudyContext) -> StudyContext:
    return replace(
        context,
        issuer_of_patient_id="",
        accession_number="",
        procedure_code="",
        requests=(),
        mpps_uid="",
    )
