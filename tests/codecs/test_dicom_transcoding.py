"""Explicit VR written as implicit VR: what pydicom reads of both is the same, and what is broken raises RemoteProtocolError."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from emulators.codecs.dicom.transcoding import as_accepted, in_implicit_vr
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from emulators.core.errors import RemoteProtocolError

JPEG = "1.2.840.10008.1.2.4.50"


def item(*inner: Dataset, undefined: bool = False, **values: Any) -> Dataset:
    """A data set with these values, and these ones in a sequence."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    if inner:
        dataset.ReferencedStudySequence = Sequence(inner)
        dataset["ReferencedStudySequence"].is_undefined_length = undefined
        for one in inner:
            one.is_undefined_length_sequence_item = undefined
    return dataset


def encoded(dataset: Dataset, implicit: bool = False) -> bytes:
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, implicit
    write_dataset(file, dataset)
    return file.getvalue()


def image(undefined: bool = False) -> Dataset:
    deep = item(StudyID="3", PatientComments="deep")
    dataset = item(item(deep, undefined=undefined, StudyID="2"), item(), undefined=undefined, PatientID="M1", Rows=4)
    dataset.ReferencedSeriesSequence = Sequence()
    dataset.PatientName = "Doe^Jane"
    private = dataset.private_block(0x0011, "MAKER", create=True)
    private.add_new(1, "UN", b"\1\2")
    private.add_new(2, "OB", b"abcd")
    dataset.BitsAllocated = 16
    dataset.PixelData = bytes(range(200)) * 500
    dataset["PixelData"].VR = "OW"
    return dataset


@pytest.mark.parametrize("undefined", [False, True])
def test_an_image_in_implicit_vr_has_the_same_elements(undefined: bool) -> None:
    written = in_implicit_vr(encoded(image(undefined)))
    assert written == encoded(image(), implicit=True)


def test_a_group_length_is_left_out() -> None:
    group_length = b"\x08\0\0\0UL\x04\0\x10\0\0\0"
    content = encoded(item(PatientID="M1"))
    assert in_implicit_vr(group_length + content) == in_implicit_vr(content)


def test_an_image_goes_as_it_is_where_it_can_in_implicit_vr_where_it_must_and_else_not_at_all() -> None:
    content = encoded(image())
    both = {EXPLICIT_VR_LITTLE_ENDIAN: 1, IMPLICIT_VR_LITTLE_ENDIAN: 3}
    assert as_accepted(EXPLICIT_VR_LITTLE_ENDIAN, (content,), both) == (1, (content,))
    halves = content[:1000], content[1000:]
    assert as_accepted(EXPLICIT_VR_LITTLE_ENDIAN, halves, {IMPLICIT_VR_LITTLE_ENDIAN: 3}) == (3, [in_implicit_vr(content)])
    assert as_accepted(JPEG, (content,), both) is None
    assert as_accepted(IMPLICIT_VR_LITTLE_ENDIAN, (content,), {EXPLICIT_VR_LITTLE_ENDIAN: 1}) is None
    assert as_accepted(EXPLICIT_VR_LITTLE_ENDIAN, (content[:-1],), {IMPLICIT_VR_LITTLE_ENDIAN: 3}) is None


SMALL = encoded(item(item(StudyID="2"), undefined=True, PatientID="M1"))


@given(st.integers(0, len(SMALL) - 1), st.binary(max_size=12))
def test_whatever_is_broken_raises_nothing_else(position: int, noise: bytes) -> None:
    broken = SMALL[:position] + noise + SMALL[position + len(noise) :]
    try:
        written = in_implicit_vr(broken)
    except RemoteProtocolError:
        return
    assert len(written) <= 2 * len(broken)


def test_sequences_that_nest_too_deep_are_refused() -> None:
    head = b"\x08\0\x10\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with pytest.raises(RemoteProtocolError, match="deeper"):
        in_implicit_vr(head * 1000)


def test_read_by_pydicom_nothing_has_changed() -> None:
    read = read_dataset(io.BytesIO(in_implicit_vr(encoded(image(undefined=True)))), is_implicit_VR=True, is_little_endian=True)
    assert read.ReferencedStudySequence[0].ReferencedStudySequence[0].PatientComments == "deep"
    assert read.PixelData == image().PixelData
