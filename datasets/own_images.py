"""A user's own DICOM files as the images of a run: their pixels and technique, the run's patients, orders and dates.

Rules
- The folder is read through all levels. A file counts if it is DICOM (PS3.10), of a storage class that a scanner here makes,
  uncompressed and little endian. What is no DICOM, cannot be read or is of another kind is skipped and counted; so is an
  image that says that its patient is written into the pixels. A compressed image is refused: we decompress nothing.
- The class says the modality. Of a modality that has images of several classes, those of the most frequent one are used,
  because a series here is of one class.
- Images are in the order of their series and instance numbers, whatever their files are called. A series of the run begins
  at a series of the user's that is drawn, goes on from image to image, and begins anew after the last.
- What is taken of a file stands in own_attributes.py. All else is the run's. Bytes behind the last pixel are left out.
- In memory stay a place and a header for each file. Pixels are read when they are sent; the latest are kept, up to a limit,
  since exams of one modality begin at the same images again and again.
"""

import os
import threading
import warnings
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import BinaryIO

from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID

from datasets.draws import Draws
from datasets.modules import SOP_CLASS_UIDS, StudyContext, Varying, attributes_of_context, sop_instance_uid
from datasets.own_attributes import TAKEN, Element, elements, raw_value, taken
from datasets.studies import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    NOMINAL_HEADER_BYTES,
    Instance,
    encode_attribute,
    encode_data_set,
)

MODALITY_BY_SOP_CLASS: Mapping[str, str] = {
    **{uid: modality for modality, uid in SOP_CLASS_UIDS.items()},
    "1.2.840.10008.5.1.4.1.1.3.1": "US",  # multi-frame
    "1.2.840.10008.5.1.4.1.1.1.1.1": "DX",  # for processing
    "1.2.840.10008.5.1.4.1.1.1.2.1": "MG",  # for processing
}
COMMENT = "Pixels of a user's own image"

NO_DICOM, UNREADABLE, OTHER_KIND = "no DICOM", "not readable", "another kind of DICOM"
OTHER_CLASS, BURNED_IN = "another SOP class than most of the modality", "patient written into the pixels"

_UNCOMPRESSED = ("1.2.840.10008.1.2", EXPLICIT_VR_LITTLE_ENDIAN)
_SERIES_KEPT = 64
_PIXELS_KEPT_BYTES = 128_000_000
_LONG_FORM, _IMPLICIT_FORM = Struct("<HH2s2xI"), Struct("<HHI")
_PIXEL_DATA, _UNDEFINED = (0x7FE0, 0x0010), 0xFFFFFFFF


class UnusableImages(ValueError):
    """The user's images cannot be used; says which file or folder, and why. Holds nothing of what is in them."""


@dataclass(frozen=True, slots=True)
class _Image:
    """Where the pixels of a file are, and what of its header is taken."""

    place: tuple[int, str, int, str, str]
    """Series number and UID, instance number and UID, path: the order of images."""
    path: Path
    sop_class_uid: str
    offset: int
    pixel_bytes: int
    pixel_vr: bytes
    attributes: tuple[Element, ...]

    def pixels(self) -> bytes:
        """As they are in the file now. Raises UnusableImages."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                found = file.read(self.pixel_bytes)
        except OSError as error:
            raise UnusableImages(f"{self.path}: {error.strerror}") from None
        if len(found) < self.pixel_bytes:
            raise UnusableImages(f"{self.path}: has become shorter since the run began")
        return found


class _LatestPixels:
    """Pixels by their files, those asked for last, of at most ``limit_bytes``. For all threads."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[Path, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def of(self, image: _Image) -> bytes:
        """Raises UnusableImages."""
        with self._lock:
            if image.path in self._kept:
                self._kept.move_to_end(image.path)
                return self._kept[image.path]
        pixels = image.pixels()
        with self._lock:
            if image.path not in self._kept:  # another thread may have read it meanwhile
                self._kept[image.path] = pixels
                self._kept_bytes += len(pixels)
            while self._kept_bytes > self._limit_bytes:
                self._kept_bytes -= len(self._kept.popitem(last=False)[1])
        return pixels


class _Skipped(Exception):
    """A file is not used; its one argument is the reason."""


class OwnImages:
    """The images of a folder, given out for the series of a seed: the same files, seed, context and number give the same bytes.

    Raises UnusableImages for a folder that cannot be read, an image that is compressed, or a folder without any image. May be
    shared by threads.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._draws = Draws(seed)
        found, self.skipped = _find(folder)
        self._images = _by_modality(found, self.skipped)
        if not self._images:
            raise UnusableImages(f"{folder}: no image that a scanner here could have made; {_counted(self.skipped)}")
        self._series_starts = {modality: _series_starts(images) for modality, images in self._images.items()}
        self._shared: dict[StudyContext, tuple[Element, ...]] = {}
        self._pixels = _LatestPixels(_PIXELS_KEPT_BYTES)

    @property
    def counts(self) -> dict[str, int]:
        """Modality to its number of images; a modality without any is not in it."""
        return {modality: len(images) for modality, images in sorted(self._images.items())}

    def __str__(self) -> str:
        """What was found, in one line."""
        found = ", ".join(f"{count} {modality}" for modality, count in self.counts.items())
        return f"{found}; {_counted(self.skipped)}"

    def has(self, modality: str) -> bool:
        return modality in self._images

    def sop_class_uid(self, modality: str) -> str:
        """Raises KeyError for a modality without images here, as the following do."""
        return self._images[modality][0].sop_class_uid

    def nominal_bytes(self, modality: str) -> int:
        """The mean size of an instance's data set."""
        images = self._images[modality]
        return NOMINAL_HEADER_BYTES + round(sum(image.pixel_bytes for image in images) / len(images))

    def instance(self, context: StudyContext, number: int) -> Instance:
        """Instance ``number`` (1 and up) of the series that the context describes; its pixels are read now.

        Raises UnusableImages if its file is not there any more, and what SyntheticStudies.instance raises.
        """
        image = self._image(context, number)
        varying = (
            Varying(0x00080016, "UI", image.sop_class_uid),
            Varying(0x00080018, "UI", sop_instance_uid(context, number)),
            Varying(0x00200013, "IS", str(number)),
        )
        own = [(attribute.tag, encode_attribute(attribute)) for attribute in varying]
        header = b"".join(element for _, element in sorted((*self._shared_elements(context), *image.attributes, *own)))
        padding = image.pixel_bytes % 2
        header += _LONG_FORM.pack(*_PIXEL_DATA, image.pixel_vr, image.pixel_bytes + padding)
        buffers = (header, self._pixels.of(image), *([b"\0"] if padding else []))
        return Instance(image.sop_class_uid, sop_instance_uid(context, number), EXPLICIT_VR_LITTLE_ENDIAN, buffers)

    def _image(self, context: StudyContext, number: int) -> _Image:
        images = self._images[context.modality]
        first = self._draws.choice(self._series_starts[context.modality], "own series", context.series_uid)
        return images[(first + number - 1) % len(images)]

    def _shared_elements(self, context: StudyContext) -> tuple[Element, ...]:
        """What all images of the series say that is the run's."""
        shared = self._shared.get(context)
        if shared is None:
            data_set = attributes_of_context(context)
            data_set.ImageComments = COMMENT
            shared = elements(encode_data_set(data_set, data_set.get("SpecificCharacterSet", "ISO_IR 6")))
            if len(self._shared) >= _SERIES_KEPT:
                self._shared.clear()
            self._shared[context] = shared
        return shared


# --- the folder ----------------------------------------------------------------------------------------------------------


def _find(folder: Path) -> tuple[list[_Image], Counter[str]]:
    """The images of the folder, and how many files were skipped why."""
    found: list[_Image] = []
    skipped: Counter[str] = Counter()
    known: dict[Element, Element] = {}
    """Most images of a series share most of their elements: each is kept once."""
    for path in _files(folder):
        try:
            found.append(_read(path, known))
        except _Skipped as why:
            skipped[why.args[0]] += 1
    return found, skipped


def _files(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise UnusableImages(f"{error.filename}: {error.strerror}")

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file():  # not a pipe or a device
                yield path


def _by_modality(found: Iterable[_Image], skipped: Counter[str]) -> dict[str, list[_Image]]:
    """In order; of each modality the images of its most frequent class."""
    classes = Counter(image.sop_class_uid for image in found)
    chosen: dict[str, str] = {}
    for uid, _ in sorted(classes.items(), key=lambda one: (-one[1], one[0])):
        chosen.setdefault(MODALITY_BY_SOP_CLASS[uid], uid)
    images: dict[str, list[_Image]] = {}
    for image in sorted(found, key=lambda one: one.place):
        modality = MODALITY_BY_SOP_CLASS[image.sop_class_uid]
        if image.sop_class_uid == chosen[modality]:
            images.setdefault(modality, []).append(image)
        else:
            skipped[OTHER_CLASS] += 1
    return images


def _series_starts(images: list[_Image]) -> list[int]:
    """The first image of each series."""
    series = [image.place[:2] for image in images]
    return [index for index, one in enumerate(series) if index == 0 or one != series[index - 1]]


def _counted(skipped: Mapping[str, int]) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items()))
    return f"files skipped: {reasons}" if reasons else "no file skipped"


# --- a file --------------------------------------------------------------------------------------------------------------


def _read(path: Path, known: dict[Element, Element]) -> _Image:
    """Raises _Skipped for a file that is not used, UnusableImages for one that is compressed."""
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they may quote values
            sop_class_uid = _usable_class(path, read_file_meta_info(path))
            return _image(path, file, sop_class_uid, known)
    except (_Skipped, UnusableImages):
        raise
    except InvalidDicomError:
        raise _Skipped(NO_DICOM) from None
    except Exception:  # whatever broken files make a reader do
        raise _Skipped(UNREADABLE) from None


def _usable_class(path: Path, meta: FileMetaDataset) -> str:
    sop_class_uid = str(meta.get("MediaStorageSOPClassUID", ""))
    if sop_class_uid not in MODALITY_BY_SOP_CLASS:
        raise _Skipped(OTHER_KIND)
    syntax = UID(str(meta.get("TransferSyntaxUID", "")))
    if syntax not in _UNCOMPRESSED:
        name = syntax.name if syntax.is_transfer_syntax else "no known transfer syntax"
        raise UnusableImages(f"{path}: {name}; only uncompressed little endian images can be used, decompress it first")
    return sop_class_uid


def _image(path: Path, file: BinaryIO, sop_class_uid: str, known: dict[Element, Element]) -> _Image:
    data_set = dcmread(file, stop_before_pixels=True, specific_tags=[*TAKEN, *_ORDER])
    if _text(data_set, _BURNED_IN) == "YES":
        raise _Skipped(BURNED_IN)
    offset, stored_bytes = _pixel_data(file, is_implicit=data_set.original_encoding[0] is True)
    pixel_bytes = _pixel_bytes(data_set)
    if not 0 < pixel_bytes <= min(stored_bytes, path.stat().st_size - offset):
        raise _Skipped(UNREADABLE)
    series_number, series_uid, number, uid = (_text(data_set, tag) for tag in _ORDER)
    return _Image(
        (_number(series_number), series_uid, _number(number), uid, path.as_posix()),
        path,
        sop_class_uid,
        offset,
        pixel_bytes,
        b"OW" if _count(data_set, _BITS_ALLOCATED) > 8 else b"OB",
        tuple([known.setdefault(element, element) for element in taken(data_set)]),
    )


def _pixel_data(file: BinaryIO, is_implicit: bool) -> tuple[int, int]:
    """Offset and length of the value of Pixel Data; the file stands at its element."""
    form = _IMPLICIT_FORM if is_implicit else _LONG_FORM
    group, element, *_, length = form.unpack(file.read(form.size))
    if (group, element) != _PIXEL_DATA or length == _UNDEFINED:
        raise _Skipped(UNREADABLE)
    return file.tell(), length


def _pixel_bytes(data_set: Dataset) -> int:
    """What the pixels take (PS3.5 8.1.1, 8.2); 0 if that cannot be said."""
    rows, columns, samples, bits = (_count(data_set, tag) for tag in _LAYOUT)
    frames = _number(_text(data_set, _FRAMES), 1)
    if _text(data_set, _PHOTOMETRIC) in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        samples = 2  # two neighbours share their colours
    return rows * columns * samples * frames * (bits // 8) if bits in (8, 16, 32) else 0


def _text(data_set: Dataset, tag: int) -> str:
    return raw_value(data_set, tag).decode("ascii", "replace").strip(" \0")


def _number(text: str, otherwise: int = 0) -> int:
    try:
        return int(text)
    except ValueError:
        return otherwise


def _count(data_set: Dataset, tag: int) -> int:
    """A US; 0 if there is none."""
    value = raw_value(data_set, tag)
    return int.from_bytes(value, "little") if len(value) == 2 else 0


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return tag


_ORDER = [_tag(name) for name in ("SeriesNumber", "SeriesInstanceUID", "InstanceNumber", "SOPInstanceUID")]
_LAYOUT = [_tag(name) for name in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")]
_BITS_ALLOCATED, _FRAMES = _tag("BitsAllocated"), _tag("NumberOfFrames")
_PHOTOMETRIC, _BURNED_IN = _tag("PhotometricInterpretation"), _tag("BurnedInAnnotation")
