"""A user's own images: their pixels, the run's identity, in an order that no file system decides."""

import hashlib
import os
import shutil
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from datasets import own_images
from datasets.own_images import (
    BURNED_IN,
    NO_DICOM,
    OTHER_CLASS,
    OTHER_KIND,
    UNREADABLE,
    OwnImages,
    UnusableImages,
)
from datasets.procedures import MODALITIES, Modality
from datasets.studies import nominal_bytes
from tests.datasets.own_files import THEIRS, ours, parsed, theirs, write, write_series

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two series of three images of each modality."""
    return write_series(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def own(folder: Path) -> OwnImages:
    return OwnImages(folder, 7)


def position(data_set: Dataset) -> float:
    return float(data_set.SliceLocation)


# --- what an instance is made of ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", MODALITIES)
def test_pixels_and_technique_are_the_users_and_all_else_is_the_runs(modality: Modality, own: OwnImages) -> None:
    context = ours(modality)
    instance = own.instance(context, 2)
    data_set = parsed(instance)
    assert data_set.PixelData in {theirs(modality, series, number).PixelData for series in (0, 1) for number in (1, 2, 3)}
    assert (data_set.Rows, data_set.BitsStored) == (theirs(modality).Rows, theirs(modality).BitsStored)
    assert data_set.WindowWidth == theirs(modality).WindowWidth if modality != "US" else "WindowWidth" not in data_set
    assert data_set.SOPClassUID == instance.sop_class_uid == own.sop_class_uid(modality)
    assert data_set.SOPInstanceUID == instance.sop_instance_uid == f"{context.instance_uid_root}.2"
    assert (data_set.PatientID, data_set.PatientName) == (context.patient_id, context.patient_name)
    assert (data_set.AccessionNumber, data_set.StudyInstanceUID) == (context.accession_number, context.study_instance_uid)
    assert (data_set.StudyDate, data_set.ContentTime) == (context.study_date, context.performed_time)
    assert data_set.InstanceNumber == 2
    assert data_set.ReferencedPerformedProcedureStepSequence[0].ReferencedSOPInstanceUID == context.mpps_uid
    assert data_set.RequestAttributesSequence[0].ScheduledProcedureStepID == context.requests[0].scheduled_step_id
    assert data_set.InstitutionName == context.institution
    assert data_set.ImageComments == own_images.COMMENT
    tags = list(data_set.keys())
    assert tags == sorted(tags)


def test_an_own_image_says_all_that_a_synthetic_one_says_but_two_words_of_its_maker(own: OwnImages) -> None:
    lost: set[int] = set()
    for modality in MODALITIES:
        mine, synthetic = (parsed(source.instance(ours(modality), 1)).keys() for source in (own, THEIRS))
        assert mine <= synthetic
        lost |= synthetic - mine
    assert lost == {0x00181210, 0x00181260}  # Convolution Kernel and Plate Type, both optional text


def test_a_name_beyond_ascii_stands_in_the_runs_character_set(own: OwnImages) -> None:
    context = replace(ours("CT"), patient_name="Müller^Jörg", character_set="ISO_IR 100")
    assert "Müller^Jörg".encode("latin-1") in own.instance(context, 1).buffers[0]


def test_an_implicit_file_gives_the_same_bytes_as_an_explicit_one(tmp_path: Path) -> None:
    for modality in MODALITIES:
        write(tmp_path / "explicit" / modality, theirs(modality))
        write(tmp_path / "implicit" / modality, theirs(modality), ImplicitVRLittleEndian)
    explicit, implicit = OwnImages(tmp_path / "explicit", 7), OwnImages(tmp_path / "implicit", 7)
    for modality in MODALITIES:
        assert implicit.instance(ours(modality), 1) == explicit.instance(ours(modality), 1)


def test_an_ultrasound_loop_keeps_its_frames_and_its_class(tmp_path: Path) -> None:
    loop = theirs("US")
    loop.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    loop.NumberOfFrames, loop.FrameTime, loop.FrameIncrementPointer = 3, 40, 0x00181063
    loop.PixelData = loop.PixelData * 3
    region = Dataset()
    region.PhysicalDeltaX, region.RegionFlags, region.TransducerFrequency = 0.1, 1, 5000
    loop.SequenceOfUltrasoundRegions = [region]
    write(tmp_path / "loop", loop)
    own = OwnImages(tmp_path, 7)
    made = parsed(own.instance(ours("US"), 1))
    assert own.sop_class_uid("US") == made.SOPClassUID == "1.2.840.10008.5.1.4.1.1.3.1"
    assert (made.NumberOfFrames, made.FrameTime, made.FrameIncrementPointer) == (3, 40, 0x00181063)
    assert made.PixelData == loop.PixelData
    assert made.SequenceOfUltrasoundRegions[0].TransducerFrequency == 5000


def test_an_odd_number_of_pixel_bytes_is_padded(tmp_path: Path) -> None:
    image = theirs("US")
    image.Rows, image.Columns, image.PixelData = 3, 3, bytes(range(27)) + b"\0"
    write(tmp_path / "odd", image)
    assert parsed(OwnImages(tmp_path, 7).instance(ours("US"), 1)).PixelData == bytes(range(27)) + b"\0"


def test_bytes_behind_the_last_pixel_are_left_out(tmp_path: Path) -> None:
    image = theirs("CT")
    pixels = image.PixelData
    image.PixelData = pixels + b"Mustermann"
    write(tmp_path / "long", image)
    assert parsed(OwnImages(tmp_path, 7).instance(ours("CT"), 1)).PixelData == pixels


# --- which image -------------------------------------------------------------------------------------------------------


def test_images_follow_their_numbers_from_the_start_of_a_series_and_begin_anew(own: OwnImages) -> None:
    """Slices lie at 0, -1 and -2 in each of two series."""
    for index in range(6):
        slices = [position(parsed(own.instance(ours("CT", index), number))) for number in range(1, 14)]
        assert slices == [0, -1, -2] * 4 + [0]


def test_series_of_the_run_begin_at_different_series_of_the_user(own: OwnImages) -> None:
    tables = {parsed(own.instance(ours("DX", index), 1)).PixelData for index in range(12)}
    assert len({own._image(ours("CT", index), 1).path.name for index in range(12)}) == 2
    assert len(tables) == 1  # of one body part: the same pixels in both series


def test_names_of_files_and_folders_do_not_matter(folder: Path, own: OwnImages, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(folder.rglob("*.dcm"), reverse=True)):
        target = tmp_path / f"{number % 5}" / f"{number * 37 % 101}"
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    renamed = OwnImages(tmp_path, 7)
    assert renamed.counts == own.counts
    for modality in MODALITIES:
        for number in (1, 2, 7):
            assert renamed.instance(ours(modality), number) == own.instance(ours(modality), number)


def test_bytes_do_not_depend_on_the_process_or_its_hash_seed(folder: Path, own: OwnImages) -> None:
    program = (
        "import hashlib, sys\n"
        "from pathlib import Path\n"
        "from datasets.own_images import OwnImages\n"
        "from datasets.procedures import MODALITIES\n"
        "from tests.datasets.own_files import ours\n"
        "own, digest = OwnImages(Path(sys.argv[1]), 7), hashlib.sha256()\n"
        "for modality in MODALITIES:\n"
        "    digest.update(b''.join(own.instance(ours(modality), 5).buffers))\n"
        "print(digest.hexdigest())\n"
    )
    digest = hashlib.sha256()
    for modality in MODALITIES:
        digest.update(b"".join(own.instance(ours(modality), 5).buffers))
    for hash_seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", program, str(folder)]
        answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, cwd=ROOT)
        assert answer.stdout == digest.hexdigest() + "\n"


# --- the folder --------------------------------------------------------------------------------------------------------


def test_what_is_no_image_of_a_scanner_is_skipped_and_counted(tmp_path: Path) -> None:
    write(tmp_path / "good", theirs("CT"))
    (tmp_path / "notes.txt").write_text("no DICOM here", encoding="utf-8")
    (tmp_path / "empty").touch()
    report = theirs("CT", number=2)
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    write(tmp_path / "report", report)
    cut = theirs("CT", number=3)
    cut.PixelData = cut.PixelData[:-2]
    write(tmp_path / "cut", cut)
    gone = write(tmp_path / "gone", theirs("CT", number=4))
    gone.write_bytes(gone.read_bytes()[:-2])
    burned = theirs("CT", number=5)
    burned.BurnedInAnnotation = "YES"
    write(tmp_path / "burned", burned)
    without = theirs("CT", number=6)
    del without.PixelData
    write(tmp_path / "without", without)
    endless = write(tmp_path / "endless", theirs("CT", number=7))
    content, length = endless.read_bytes(), len(theirs("CT").PixelData).to_bytes(4, "little")
    endless.write_bytes(content.replace(b"OW\0\0" + length, b"OW\0\0\xff\xff\xff\xff"))
    own = OwnImages(tmp_path, 7)
    assert own.counts == {"CT": 1}
    assert own.skipped == {NO_DICOM: 2, OTHER_KIND: 1, UNREADABLE: 4, BURNED_IN: 1}
    assert str(own) == (
        "1 CT; files skipped: 1 another kind of DICOM, 2 no DICOM, 4 not readable, 1 patient written into the pixels"
    )


def test_of_several_classes_of_a_modality_the_most_frequent_is_used(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        image = theirs("DX", number=number)
        if number > 1:
            image.SOPClassUID, image.PresentationIntentType = "1.2.840.10008.5.1.4.1.1.1.1.1", "FOR PROCESSING"
        write(tmp_path / str(number), image)
    own = OwnImages(tmp_path, 7)
    assert own.sop_class_uid("DX") == "1.2.840.10008.5.1.4.1.1.1.1.1"
    assert (own.counts, own.skipped) == ({"DX": 2}, {OTHER_CLASS: 1})
    assert parsed(own.instance(ours("DX"), 1)).PresentationIntentType == "FOR PROCESSING"


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, RLELossless, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_an_image_that_is_compressed_or_big_endian_is_refused_with_its_file(syntax: str, tmp_path: Path) -> None:
    write(tmp_path / "good", theirs("CT"))
    path = write(tmp_path / "packed.dcm", theirs("CT", number=2))
    content, plain = path.read_bytes(), ExplicitVRLittleEndian.encode()
    path.write_bytes(content.replace(_ui(plain), _ui(syntax.encode()), 1))
    with pytest.raises(UnusableImages, match="only uncompressed little endian images") as refused:
        OwnImages(tmp_path, 7)
    assert f"{tmp_path / 'packed.dcm'}: {UID(syntax).name}; " in str(refused.value)
    assert "\n" not in str(refused.value)


def _ui(value: bytes) -> bytes:
    """A transfer syntax in the head of a file; a head's length is not checked by who reads it."""
    value += b"\0" * (len(value) % 2)
    return b"\x02\x00\x10\x00UI" + len(value).to_bytes(2, "little") + value


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("missing", "missing: No such file or directory"), ("file", "file: Not a directory"), ("bare", "no image that a scanner")],
)
def test_a_folder_that_cannot_be_used_is_refused(name: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(UnusableImages, match=complaint):
        OwnImages(tmp_path / name, 7)


def test_a_pipe_in_the_folder_holds_nothing_up(tmp_path: Path) -> None:
    write(tmp_path / "good", theirs("CT"))
    os.mkfifo(tmp_path / "pipe")
    assert OwnImages(tmp_path, 7).counts == {"CT": 1}


@given(st.lists(st.tuples(st.integers(128, 2_000), st.integers(0, 255)), min_size=1, max_size=8), st.integers(0, 2_000))
@settings(max_examples=150)
def test_a_broken_file_is_skipped_or_gives_an_image(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], cut_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    write(folder / "good", theirs("CT"))
    path = write(folder / "broken", theirs("CT", number=2))
    content = bytearray(path.read_bytes())
    for offset, value in changes:
        content[offset] = value
    path.write_bytes(content[: len(content) - cut_bytes])
    try:
        own = OwnImages(folder, 7)
    except UnusableImages:  # its transfer syntax was hit
        return
    assert sum(own.skipped.values()) + sum(own.counts.values()) == 2
    for number in (1, 2):
        assert list(parsed(own.instance(ours("CT"), number)).keys())[-1] == 0x7FE00010


# --- memory ------------------------------------------------------------------------------------------------------------


def test_pixels_stay_on_disk_until_they_are_sent_and_few_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_images, "_PIXELS_KEPT_BYTES", 400_000)
    for number in range(1, 21):
        image = theirs("CT", number=number)
        image.Rows = image.Columns = 256
        image.PixelData = bytes([number]) * (2 * 256 * 256)
        write(tmp_path / str(number), image)
    tracemalloc.start()
    own = OwnImages(tmp_path, 7)
    assert tracemalloc.get_traced_memory()[0] < 300_000  # the pixels are 2.6 MB
    for number in range(1, 41):
        assert own.instance(ours("CT"), number).buffers[1] == bytes([(number - 1) % 20 + 1]) * 131_072
    assert tracemalloc.get_traced_memory()[0] < 800_000
    tracemalloc.stop()


def test_an_image_that_was_sent_lately_is_not_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "one", theirs("CT"))
    own = OwnImages(tmp_path, 7)
    pixels = own.instance(ours("CT"), 1).buffers[1]
    path.unlink()
    assert own.instance(ours("CT"), 2).buffers[1] is pixels


def test_a_file_that_goes_away_or_shrinks_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "one", theirs("CT"))
    for change, complaint in ((path.read_bytes()[:-1], "has become shorter"), (None, "No such file")):
        own = OwnImages(tmp_path, 7)
        path.unlink() if change is None else path.write_bytes(change)
        with pytest.raises(UnusableImages, match=f"one: {complaint}"):
            own.instance(ours("CT"), 1)
        path = write(tmp_path / "one", theirs("CT"))


def test_the_nominal_size_is_the_mean_of_the_users_images(own: OwnImages, tmp_path: Path) -> None:
    for modality in MODALITIES:
        sizes = [own.instance(ours(modality), number).size_bytes for number in range(1, 7)]
        assert abs(sum(sizes) / 6 - own.nominal_bytes(modality)) < 1000
        assert own.nominal_bytes(modality) == nominal_bytes(modality, 0.05)
    image = theirs("CT", number=2)
    image.Rows, image.PixelData = 2 * image.Rows, 2 * image.PixelData
    write(tmp_path / "1", theirs("CT"))
    write(tmp_path / "2", image)
    pixels = len(image.PixelData) / 2
    assert OwnImages(tmp_path, 7).nominal_bytes("CT") == own.nominal_bytes("CT") + pixels / 2


def test_pydicom_is_asked_for_nothing_that_it_would_warn_of(tmp_path: Path) -> None:
    """Warnings may quote values; here they are errors."""
    image = theirs("CT")
    content = write(tmp_path / "one", image).read_bytes()
    (tmp_path / "one").write_bytes(content.replace(image.StudyDate.encode(), b"Meierei1"))
    assert OwnImages(tmp_path, 7).counts == {"CT": 1}
    assert pydicom.dcmread(tmp_path / "one").get_item("StudyDate").value == b"Meierei1"
