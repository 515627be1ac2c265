"""What bad DICOM is made of: good commands, images and identifiers, and how one thing of them is changed."""

import io
from collections.abc import Callable
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from emulators.wire.commands import c_echo_rq
from emulators.wire.dimse import Command, encode_command
from tests.peers.senders import data_sets, study

ULTRASOUND = study("US", 2)
FIRST, SECOND = ULTRASOUND.instances
ECHO = encode_command(c_echo_rq(1))


def without(command: Command, *keywords: str) -> Command:
    return Command({keyword: value for keyword, value in command.elements.items() if keyword not in keywords})


def with_values(command: Command, **values: Any) -> Command:
    return Command({**command.elements, **values})


def image() -> Dataset:
    """The second image under a UID of its own, without pixels."""
    dataset = read_dataset(io.BytesIO(data_sets(ULTRASOUND)[SECOND]), is_implicit_VR=False, is_little_endian=True)
    del dataset.PixelData
    return dataset


def encoded(dataset: Dataset, implicit: bool = False) -> bytes:
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, implicit
    write_dataset(file, dataset)
    return file.getvalue()


def changed_image(change: Callable[[Dataset], object], uid: str = FIRST) -> bytes:
    dataset = image()
    dataset.SOPInstanceUID = uid
    with pydicom.config.disable_value_validation():
        change(dataset)
        return encoded(dataset)


def put(keyword: str, value: str) -> Callable[[Dataset], object]:
    def change(dataset: Dataset) -> None:
        dataset[keyword].value = value

    return change


def drop(keyword: str) -> Callable[[Dataset], object]:
    return lambda dataset: delattr(dataset, keyword)


def identifier(**values: Any) -> bytes:
    dataset = Dataset()
    with pydicom.config.disable_value_validation():
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
        return encoded(dataset)
