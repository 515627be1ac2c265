"""Data sets and their bytes, by pydicom, with the bytes kept.

pydicom repairs and guesses while it reads (undeclared text becomes Latin-1), so a case about text or padding looks at
``raw``, the bytes of the value as they came.
"""

import threading
import zlib
from io import BytesIO

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.tag import Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from conformance.verdict import Malformed


class OddValues:
    """While one is open, pydicom neither refuses nor remarks on values: odd ones are sent on purpose, and what comes is judged
    by the cases. Its settings are those of the whole process, so they are put back when the last one is closed.
    """

    _lock = threading.Lock()
    _open = 0
    _before = (config.settings.reading_validation_mode, config.settings.writing_validation_mode)

    def __init__(self) -> None:
        with self._lock:
            if not OddValues._open:
                OddValues._before = config.settings.reading_validation_mode, config.settings.writing_validation_mode
                config.settings.reading_validation_mode = config.settings.writing_validation_mode = config.IGNORE
            OddValues._open += 1
        self._is_closed = False

    def close(self) -> None:
        """May be called twice."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            OddValues._open -= 1
            if not OddValues._open:
                config.settings.reading_validation_mode, config.settings.writing_validation_mode = OddValues._before


IMPLICIT = str(ImplicitVRLittleEndian)


def encode(dataset: Dataset, transfer_syntax: str = IMPLICIT) -> bytes:
    """The data set's bytes, without file meta information."""
    syntax = UID(transfer_syntax)
    buffer = DicomBytesIO()
    buffer.is_little_endian = syntax.is_little_endian
    buffer.is_implicit_VR = syntax.is_implicit_VR
    write_dataset(buffer, dataset)
    data = buffer.getvalue()
    if syntax == DeflatedExplicitVRLittleEndian:
        compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        data = compressor.compress(data) + compressor.flush()
        data += b"\0" * (len(data) % 2)
    return data


def decode(data: bytes, transfer_syntax: str = IMPLICIT) -> Dataset:
    """Raises Malformed."""
    syntax = UID(transfer_syntax)
    try:
        if syntax == DeflatedExplicitVRLittleEndian:
            data = zlib.decompress(data, -zlib.MAX_WBITS)
        return read_dataset(BytesIO(data), syntax.is_implicit_VR, syntax.is_little_endian)
    except Exception as error:
        raise Malformed("a readable data set", f"pydicom: {error}") from None


def raw(dataset: Dataset, keyword: str) -> bytes | None:
    """The bytes of a value, padding included; None where the element is absent. Ask before the value is read."""
    tag = Tag(keyword)
    if tag not in dataset:
        return None
    element = dataset.get_item(tag)
    value = element.value
    return value if isinstance(value, bytes) else (b"" if value is None else str(value).encode())


def keywords(dataset: Dataset) -> set[str]:
    """What is in a data set: keywords, or tags for elements without one."""
    return {element.keyword or str(element.tag) for element in dataset}
