"""Synthetic images as encoded DICOM data sets, cheap enough to send by the thousand.

The header of a series is encoded once, with gaps for the few attributes that vary; an instance fills the gaps.
The pixels of a modality and body part are made once and shared by all instances, never copied.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from datasets.draws import Draws
from datasets.modules import (
    SOP_CLASS_UIDS,
    StudyContext,
    Varying,
    shared_attributes,
    sop_instance_uid,
    varying_attributes,
)
from datasets.pixels import frame_format, frame_pixels
from datasets.procedures import ANATOMIC_REGIONS

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
NOMINAL_HEADER_BYTES = 1600  # a header has 1.2 to 2 kB, by modality and the lengths of names
_SERIES_KEPT = 64


@dataclass(frozen=True, slots=True)
class Instance:
    """One encoded image: a data set in the transfer syntax named, without preamble and file meta information.

    ``buffers`` in order are the data set: the header, then the Pixel Data element, which other instances share.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    buffers: tuple[bytes, ...]

    @property
    def size_bytes(self) -> int:
        return sum(len(buffer) for buffer in self.buffers)


def nominal_bytes(modality: str, scale: float = 1.0) -> int:
    """The size of one instance's data set to within 1 kB, without making it: for a model of links and storage."""
    return NOMINAL_HEADER_BYTES + frame_format(modality, scale).frame_bytes


class SyntheticStudies:
    """The images of a seed: the same seed, context and number give the same bytes, in any order of asking.

    ``scale`` (0 < scale <= 1) multiplies rows and columns of every frame, so bytes go with its square; it is stated in
    Image Comments. May be shared by threads: two that race make the same bytes twice.
    """

    def __init__(self, seed: int, scale: float = 1.0) -> None:
        self.scale = scale
        self._draws = Draws(seed)
        self._headers: dict[StudyContext, list[bytes]] = {}
        self._pixel_elements: dict[tuple[str, str], bytes] = {}

    def nominal_bytes(self, modality: str) -> int:
        """As the function of this name, at this source's scale."""
        return nominal_bytes(modality, self.scale)

    def instance(self, context: StudyContext, number: int) -> Instance:
        """Instance ``number`` (1 and up) of the series that the context describes.

        A text that does not fit its VR is encoded as it is, as a careless scanner would, with a warning by pydicom. A text
        that the context's character set lacks puts the whole series into ISO_IR 192.
        Raises ValueError for a number below 1 or a UID above 64 characters, KeyError for a modality without images here, or
        a character set that images cannot be written in.
        """
        varying = varying_attributes(context, number)
        pieces = self._header_pieces(context, [attribute.tag for attribute in varying])
        header = pieces[0]
        for attribute, piece in zip(varying, pieces[1:], strict=True):
            header += encode_attribute(attribute) + piece
        return Instance(
            SOP_CLASS_UIDS[context.modality],
            sop_instance_uid(context, number),
            EXPLICIT_VR_LITTLE_ENDIAN,
            (header, self._pixel_element(context.modality, context.body_part)),
        )

    def _header_pieces(self, context: StudyContext, cut_tags: list[int]) -> list[bytes]:
        """The encoded header of the series, cut where the varying attributes belong."""
        pieces = self._headers.get(context)
        if pieces is None:
            layout = frame_format(context.modality, self.scale)
            pieces = _encode_pieces(shared_attributes(context, layout, self.scale), cut_tags)
            if len(self._headers) >= _SERIES_KEPT:
                self._headers.clear()
            self._headers[context] = pieces
        return pieces

    def _pixel_element(self, modality: str, body_part: str) -> bytes:
        """Pixel Data (7FE0,0010). A body part that the catalogue lacks shares one frame, so the cache stays small."""
        key = (modality, body_part if body_part in ANATOMIC_REGIONS else "")
        element = self._pixel_elements.get(key)
        if element is None:
            pixels = frame_pixels(self._draws, *key, self.scale)
            vr = b"OW" if frame_format(modality, self.scale).bits_allocated == 16 else b"OB"
            element = struct.pack("<HH2s2xI", 0x7FE0, 0x0010, vr, len(pixels)) + pixels
            self._pixel_elements[key] = element
        return element


def _encode_pieces(data_set: Dataset, cut_tags: list[int]) -> list[bytes]:
    """The data set in Explicit VR Little Endian, cut before each of the tags, which it does not hold itself."""
    edges = [0, *cut_tags, 0x7FE00010]
    character_set = data_set.get("SpecificCharacterSet", "ISO_IR 6")
    return [encode_data_set(data_set[first:end], character_set) for first, end in pairwise(edges)]


def encode_data_set(data_set: Dataset, character_set: str | list[str]) -> bytes:
    """A part of a data set, which declares its character set elsewhere."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, data_set, character_set)
    return buffer.getvalue()


def encode_attribute(attribute: Varying) -> bytes:
    """An attribute in Explicit VR Little Endian (PS3.5 section 7.1.2): short text, padded to even length, or items."""
    if not isinstance(attribute.value, str):
        data_set = Dataset()
        data_set.add_new(attribute.tag, attribute.vr, attribute.value)
        return encode_data_set(data_set, "ISO_IR 6")
    value = attribute.value.encode("ascii")
    if len(value) % 2:
        value += b"\0" if attribute.vr == "UI" else b" "
    vr = attribute.vr.encode("ascii")
    return struct.pack("<HH2sH", attribute.tag >> 16, attribute.tag & 0xFFFF, vr, len(value)) + value
