"""Files as a user may have them: images of another seed than the run's, changed in this or that."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from datasets.examples import example_study
from datasets.modules import StudyContext
from datasets.procedures import MODALITIES, Modality, procedures_by_modality
from datasets.studies import Instance, SyntheticStudies

THEIRS = SyntheticStudies(99, scale=0.05)


def theirs(modality: Modality, series: int = 0, number: int = 1) -> Dataset:
    """One image of the user's, as pydicom reads it."""
    data_set = parsed(THEIRS.instance(example_study(99, series, procedures_by_modality(modality)[0]), number))
    data_set.SeriesNumber = series + 1
    return data_set


def parsed(instance: Instance) -> Dataset:
    return pydicom.dcmread(BytesIO(b"".join(instance.buffers)), force=True)


def write(path: Path, data_set: Dataset, syntax: str = ExplicitVRLittleEndian) -> Path:
    """A file with its head, whatever is in the data set."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    meta.TransferSyntaxUID = UID(syntax)
    data_set.file_meta = meta
    path.parent.mkdir(parents=True, exist_ok=True)
    data_set.save_as(path, enforce_file_format=True)
    return path


def write_series(folder: Path, modalities: Sequence[Modality] = MODALITIES, series: int = 2, images: int = 3) -> Path:
    """Some series of each modality, a file for each image; names say nothing of the order."""
    for modality in modalities:
        for one in range(series):
            for number in range(1, images + 1):
                write(folder / modality / f"{(7 * number + one) % 10}{one}{number}.dcm", theirs(modality, one, number))
    return folder


def ours(modality: Modality, index: int = 3) -> StudyContext:
    """An exam of the run."""
    return example_study(7, index, procedures_by_modality(modality)[0])
