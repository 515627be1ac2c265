"""Data sets for tests of the store: one to change, its bytes, and what pydicom reads in bytes."""

from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset


def read(data: bytes, implicit: bool = False) -> Dataset:
    return read_dataset(BytesIO(data), implicit, True)


def written(dataset: Dataset, implicit: bool = False) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, implicit
    write_dataset(buffer, dataset)
    return bytes(buffer.getvalue())


def image(**attributes: object) -> Dataset:
    """A data set with a sequence before the patient and pixels at its end."""
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.1"
    item = Dataset()
    item.CodeMeaning = "Meaning"
    dataset.AnatomicRegionSequence = [item]
    dataset.PatientName = "Doe^Jane"
    dataset.PatientID = "M1"
    dataset.Rows = 1
    dataset.PixelData = b"\x01\x02\x03\x04"
    dataset["PixelData"].VR = "OB"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset
