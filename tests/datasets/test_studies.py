"""Studies: valid, pure, of the stated size, with shared pixels."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom import config
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from datasets.character_sets import CHARACTER_SETS
from datasets.examples import example_study
from datasets.modules import SOP_CLASS_UIDS, StudyContext
from datasets.pixels import frame_format
from datasets.procedures import MODALITIES, PROCEDURES, Procedure, procedures_by_modality
from datasets.studies import Instance, SyntheticStudies, nominal_bytes

ROOT = Path(__file__).parents[2]
SCALE = 0.1
STUDIES = SyntheticStudies(7, scale=SCALE)
FULL_SIZE = SyntheticStudies(7)
CT, DX, MG = (procedures_by_modality(modality)[0] for modality in ("CT", "DX", "MG"))
each_procedure = pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda procedure: procedure.code)


def buffers(procedure: Procedure) -> tuple[bytes, ...]:
    return STUDIES.instance(example_study(7, 3, procedure), 1).buffers


def read(instance: Instance) -> Dataset:
    """The data set with every element parsed."""
    data_set = pydicom.dcmread(BytesIO(b"".join(instance.buffers)), force=True)
    for _ in data_set.iterall():
        pass
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = UID(instance.transfer_syntax_uid)
    return data_set


@pytest.fixture
def strict_reading() -> Iterator[None]:
    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.RAISE
    yield
    config.settings.reading_validation_mode = before


@each_procedure
@pytest.mark.usefixtures("strict_reading")
def test_pydicom_reads_back_what_the_context_says(procedure: Procedure) -> None:
    context = example_study(7, 3, procedure)
    instance = STUDIES.instance(context, 2)
    data_set = read(instance)
    assert data_set.SOPClassUID == instance.sop_class_uid == SOP_CLASS_UIDS[procedure.modality]
    assert data_set.SOPInstanceUID == instance.sop_instance_uid == f"{context.instance_uid_root}.2"
    assert data_set.InstanceNumber == 2
    assert data_set.PatientID == context.patient_id
    assert data_set.IssuerOfPatientID == context.issuer_of_patient_id
    assert data_set.PatientName == context.patient_name
    assert data_set.AccessionNumber == context.accession_number
    assert data_set.StudyInstanceUID == context.study_instance_uid
    assert data_set.SeriesInstanceUID == context.series_uid
    assert data_set.ProcedureCodeSequence[0].CodeValue == procedure.code
    assert data_set.StudyDescription == context.study_description
    (item,), (request,) = data_set.RequestAttributesSequence, context.requests
    assert item.AccessionNumber == request.accession_number
    assert item.StudyInstanceUID == context.study_instance_uid
    assert item.RequestedProcedureID == request.requested_procedure_id
    assert item.RequestedProcedureCodeSequence[0].CodeValue == procedure.code
    assert item.ScheduledProcedureStepID == request.scheduled_step_id
    assert item.ScheduledProtocolCodeSequence[0].CodeValue == procedure.protocol_code
    step = data_set.ReferencedPerformedProcedureStepSequence[0]
    assert step.ReferencedSOPInstanceUID == context.mpps_uid
    assert data_set.ImageComments == "Synthetic image, matrix scale 0.1"


@each_procedure
def test_elements_stand_in_order_and_every_uid_is_legal(procedure: Procedure) -> None:
    data_set = read(STUDIES.instance(example_study(7, 3, procedure), 1))
    tags = list(data_set.keys())  # in the order of the bytes; iterating would sort them
    assert tags == sorted(tags)
    uids = [UID(element.value) for element in data_set.iterall() if element.VR == "UI"]
    assert len(uids) >= 4
    assert all(uid.is_valid for uid in uids)


@each_procedure
def test_pixels_have_the_size_and_depth_that_the_header_states(procedure: Procedure) -> None:
    data_set = read(STUDIES.instance(example_study(7, 3, procedure), 1))
    pixels = data_set.pixel_array
    assert pixels.shape[:2] == (data_set.Rows, data_set.Columns)
    assert pixels.max() < 2**data_set.BitsStored
    assert pixels.std() > 1  # not a blank image


@each_procedure
@pytest.mark.parametrize("scale", [SCALE, 1.0])
def test_size_is_nominal_to_within_a_kilobyte(procedure: Procedure, scale: float) -> None:
    if scale == 1.0 and procedure.modality in ("CR", "DX", "MG"):
        procedure = procedures_by_modality(procedure.modality)[0]  # one is enough: it takes from a quarter of a second to one
    studies = STUDIES if scale == SCALE else FULL_SIZE
    size_bytes = studies.instance(example_study(7, 3, procedure), 150).size_bytes
    assert abs(size_bytes - studies.nominal_bytes(procedure.modality)) < 1000
    assert studies.nominal_bytes(procedure.modality) == nominal_bytes(procedure.modality, scale)


def test_full_frames_have_their_published_sizes() -> None:
    sizes = {modality: frame_format(modality).frame_bytes for modality in MODALITIES}
    assert sizes == {"CT": 524_288, "MR": 131_072, "DX": 10_240_000, "US": 921_600, "CR": 7_532_800, "MG": 40_000_000}


def test_instances_of_a_series_share_their_pixels() -> None:
    context = example_study(7, 3, CT)
    first, second = STUDIES.instance(context, 1), STUDIES.instance(context, 2)
    assert first.buffers[1] is second.buffers[1]
    assert first.buffers[0] != second.buffers[0]


def test_the_order_of_asking_does_not_matter() -> None:
    one, other = SyntheticStudies(7, SCALE), SyntheticStudies(7, SCALE)
    asked = [(example_study(7, i, procedure), n) for procedure in PROCEDURES for i in (0, 1) for n in (1, 9)]
    forward = [one.instance(context, number) for context, number in asked]
    backward = [other.instance(context, number) for context, number in reversed(asked)][::-1]
    assert forward == backward


def test_a_corrected_context_of_the_same_series_is_seen() -> None:
    context = example_study(7, 3, CT)
    STUDIES.instance(context, 1)
    assert read(STUDIES.instance(replace(context, patient_id="OTHER"), 1)).PatientID == "OTHER"


def test_bytes_do_not_depend_on_the_process_or_its_hash_seed() -> None:
    program = (
        "import hashlib\n"
        "from datasets.examples import example_study\n"
        "from datasets.procedures import PROCEDURES\n"
        "from datasets.studies import SyntheticStudies\n"
        "studies, digest = SyntheticStudies(7, 0.1), hashlib.sha256()\n"
        "for procedure in PROCEDURES:\n"
        "    digest.update(b''.join(studies.instance(example_study(7, 3, procedure), 5).buffers))\n"
        "print(digest.hexdigest())\n"
    )
    digest = hashlib.sha256()
    for procedure in PROCEDURES:
        digest.update(b"".join(STUDIES.instance(example_study(7, 3, procedure), 5).buffers))
    for hash_seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        answer = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
        assert answer.stdout == digest.hexdigest() + "\n"


def test_seeds_and_body_parts_give_different_pixels() -> None:
    by_seed = [SyntheticStudies(seed, SCALE).instance(example_study(7, 3, CT), 1).buffers[1] for seed in (7, 8)]
    assert by_seed[0] != by_seed[1]
    assert len({buffers(procedure)[1] for procedure in procedures_by_modality("DX")}) == 5  # two of six are of the chest


def test_an_unscheduled_exam_has_no_request_and_no_step() -> None:
    context = replace(
        example_study(7, 3, CT), issuer_of_patient_id="", requests=(), mpps_uid="", accession_number="", procedure_code=""
    )
    data_set = read(STUDIES.instance(context, 1))
    assert "RequestAttributesSequence" not in data_set
    assert "ReferencedPerformedProcedureStepSequence" not in data_set
    assert "IssuerOfPatientID" not in data_set
    assert "ProcedureCodeSequence" not in data_set
    assert data_set.AccessionNumber == ""


def test_a_study_of_several_requests_names_each() -> None:
    context = example_study(7, 3, CT)
    (one,) = context.requests
    other = replace(one, accession_number="OTHER", study_instance_uid="2.25.9", scheduled_step_id="SPS9", protocol_code="")
    data_set = read(STUDIES.instance(replace(context, requests=(one, other), accession_number=""), 1))
    items = data_set.RequestAttributesSequence
    assert [item.AccessionNumber for item in items] == [one.accession_number, "OTHER"]
    assert [item.StudyInstanceUID for item in items] == [context.study_instance_uid, "2.25.9"]
    assert [item.ScheduledProcedureStepID for item in items] == [one.scheduled_step_id, "SPS9"]
    assert "ScheduledProtocolCodeSequence" not in items[1]


def test_a_body_part_outside_the_catalogue_still_gives_an_image() -> None:
    context = replace(example_study(7, 3, DX), body_part="HAND")
    other = replace(context, body_part="FOOT")
    assert STUDIES.instance(context, 1).buffers[1] is STUDIES.instance(other, 1).buffers[1]
    assert read(STUDIES.instance(context, 1)).BodyPartExamined == "HAND"


def test_slices_advance_and_views_alternate() -> None:
    positions = [read(STUDIES.instance(example_study(7, 3, CT), number)).ImagePositionPatient[2] for number in (1, 2, 3)]
    assert positions == [0, -1, -2]
    orientations = [read(STUDIES.instance(example_study(7, 3, DX), number)).PatientOrientation for number in (1, 2)]
    assert orientations == [["L", "F"], ["A", "F"]]


def test_a_mammogram_has_four_standard_views_and_two_lateral_ones() -> None:
    views = []
    for number in range(1, 8):
        data_set = read(STUDIES.instance(example_study(7, 3, MG), number))
        (view,) = data_set.ViewCodeSequence
        assert list(view.ViewModifierCodeSequence) == []
        views.append((data_set.ImageLaterality, view.CodeMeaning, "\\".join(data_set.PatientOrientation)))
    assert views[:4] == [
        ("R", "cranio-caudal", "P\\L"),
        ("L", "cranio-caudal", "A\\R"),
        ("R", "medio-lateral oblique", "P\\FL"),
        ("L", "medio-lateral oblique", "A\\FR"),
    ]
    assert [(side, meaning) for side, meaning, _ in views[4:6]] == [("R", "medio-lateral"), ("L", "medio-lateral")]
    assert views[6] == views[0]


# --- character sets ----------------------------------------------------------------------------------------------------

NAMES = {
    "ISO_IR 100": ("Müller^Jörg", b"M\xfcller^J\xf6rg"),
    "ISO_IR 144": ("Чайковский", b"\xc7\xd0\xd9\xda\xde\xd2\xe1\xda\xd8\xd9"),
    "ISO_IR 126": ("Διονυσιος", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2"),
    "ISO 2022 IR 87": (
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
    ),
    "ISO 2022 IR 149": (
        "Hong^Gildong=洪^吉洞=홍^길동",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
    ),
    "GB18030": ("Wang^XiaoDong=王^小东", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab"),
    "ISO_IR 192": ("Wang^XiaoDong=王^小東", b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1"),
}
"""A name and its bytes: PS3.5 annexes H, I and J; for single-byte sets ISO 8859."""


def with_name(name: str, character_set: str) -> bytes:
    """The header of an image of a patient of this name."""
    return STUDIES.instance(replace(example_study(7, 3, CT), patient_name=name, character_set=character_set), 1).buffers[0]


def test_every_character_set_has_a_name_here() -> None:
    assert set(NAMES) == set(CHARACTER_SETS)


@pytest.mark.parametrize("character_set", NAMES)
def test_a_name_has_the_bytes_of_the_standard(character_set: str) -> None:
    name, encoded = NAMES[character_set]
    header = with_name(name, character_set)
    padded = encoded + b" " * (len(encoded) % 2)
    assert b"\x10\x00\x10\x00PN" + len(padded).to_bytes(2, "little") + padded in header
    value = f"\\{character_set}" if character_set.startswith("ISO 2022") else character_set
    value += " " * (len(value) % 2)
    assert header.startswith(b"\x08\x00\x05\x00CS" + len(value).to_bytes(2, "little") + value.encode())


@pytest.mark.parametrize("character_set", ["", *CHARACTER_SETS])
def test_ascii_alone_declares_no_character_set(character_set: str) -> None:
    assert b"\x08\x00\x05\x00CS" not in with_name("Doe^Jane", character_set)


@pytest.mark.parametrize("character_set", ["", *CHARACTER_SETS])
@pytest.mark.parametrize("name", ["Müller^Людмила=山田", "a=¥^‾", "a=뢔^é", "山田^太郎홍á"])
def test_a_name_that_does_not_fit_is_sent_in_utf_8(character_set: str, name: str) -> None:
    header = with_name(name, character_set)
    if character_set == "GB18030":  # has every character of Unicode
        assert name.encode("gb18030") in header
    else:
        assert header.startswith(b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192")
        assert name.encode() in header


@pytest.mark.parametrize(("character_set", "name"), [("ISO 2022 IR 87", "山田^太郎"), ("ISO 2022 IR 149", "홍^길동=洪")])
def test_a_first_group_that_needs_escape_sequences_is_sent_in_utf_8(character_set: str, name: str) -> None:
    assert with_name(name, character_set).startswith(b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192")


def test_text_in_a_sequence_counts() -> None:
    context = example_study(7, 3, CT)
    (request,) = context.requests
    with_umlaut = replace(context, requests=(replace(request, procedure_meaning="Schädel"),), character_set="ISO_IR 100")
    data_set = read(STUDIES.instance(with_umlaut, 1))
    assert data_set.SpecificCharacterSet == "ISO_IR 100"
    assert data_set.RequestAttributesSequence[0].RequestedProcedureDescription == "Schädel"


def test_a_character_set_that_images_are_not_written_in_is_refused() -> None:
    with pytest.raises(KeyError, match="ISO_IR 13"):
        with_name("Müller", "ISO_IR 13")


def test_a_value_that_does_not_fit_is_sent_as_it_is_with_a_warning() -> None:
    context = replace(example_study(7, 3, CT), accession_number="A" * 17)
    with pytest.warns(UserWarning, match="maximum length"):
        instance = STUDIES.instance(context, 1)
    assert b"A" * 17 in instance.buffers[0]


def long_root(context: StudyContext) -> StudyContext:
    return replace(context, instance_uid_root="1." + "2" * 61)  # 63 characters: room for no more than the dot


def test_what_cannot_be_an_instance_is_refused() -> None:
    context = example_study(7, 3, CT)
    with pytest.raises(ValueError, match="numbered from 1"):
        STUDIES.instance(context, 0)
    with pytest.raises(ValueError, match="64 are allowed"):
        STUDIES.instance(long_root(context), 1)
    with pytest.raises(KeyError):
        STUDIES.instance(replace(context, modality="XA"), 1)
    for scale in (0.0, -1.0, 1.5):
        with pytest.raises(ValueError, match="scale"):
            nominal_bytes("CT", scale)
