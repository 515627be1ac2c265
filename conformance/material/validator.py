"""Whether an instance that a product sends is legal by itself: modules, value representations, UIDs.

Lists of type 1 and type 2 attributes are those of PS3.3, for the SOP classes that scanners make; any other SOP class is held to
what every composite object has. Text beyond its repertoire is the matter of dicom.charset.*.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from conformance.material.sop_classes import CR, CT, DX, MR, US


@dataclass(frozen=True, slots=True)
class Module:
    """A module of PS3.3, with what must have a value and what must be there."""

    clause: str
    type_1: tuple[str, ...] = ()
    type_2: tuple[str, ...] = ()


COMMON = (
    Module("C.7.1.1", (), ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")),
    Module(
        "C.7.2.1", ("StudyInstanceUID",), ("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber")
    ),
    Module("C.7.3.1", ("Modality", "SeriesInstanceUID"), ("SeriesNumber",)),
    Module("C.7.5.1", (), ("Manufacturer",)),
    Module("C.12.1", ("SOPClassUID", "SOPInstanceUID")),
)
_IMAGE = Module("C.7.6.1", (), ("InstanceNumber",))
_PIXELS = Module(
    "C.7.6.3",
    (
        *("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "PixelRepresentation", "PixelData"),
        *("BitsAllocated", "BitsStored", "HighBit"),
    ),
)
_FRAME = Module("C.7.4.1", ("FrameOfReferenceUID",), ("PositionReferenceIndicator",))
_PLANE = Module("C.7.6.2", ("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient"), ("SliceThickness",))
_DX_IMAGE = Module(
    "C.8.11.3",
    (
        *("ImageType", "PixelIntensityRelationship", "PixelIntensityRelationshipSign", "PresentationLUTShape"),
        *("RescaleIntercept", "RescaleSlope", "RescaleType", "LossyImageCompression", "BurnedInAnnotation"),
    ),
)

MODULES: Mapping[str, tuple[Module, ...]] = {
    CT: (
        *(_IMAGE, _PIXELS, _FRAME, _PLANE),
        Module("C.8.2.1", ("ImageType", "RescaleIntercept", "RescaleSlope"), ("KVP", "AcquisitionNumber")),
    ),
    MR: (
        *(_IMAGE, _PIXELS, _FRAME, _PLANE),
        Module("C.8.3.1", ("ImageType", "ScanningSequence", "SequenceVariant"), ("ScanOptions", "MRAcquisitionType")),
    ),
    CR: (_IMAGE, _PIXELS, Module("C.8.1.1", (), ("BodyPartExamined", "ViewPosition"))),
    DX: (
        *(_IMAGE, _PIXELS, _DX_IMAGE),
        Module("C.8.11.1", ("PresentationIntentType",)),
        Module("C.8.11.2", ("ImageLaterality",), ("AnatomicRegionSequence",)),
        Module("C.8.11.4", ("ImagerPixelSpacing",), ("DetectorType",)),
    ),
    US: (_IMAGE, _PIXELS, Module("C.8.5.6", (), ("ImageType",))),
}

_NUMBER = r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?"
_FORMATS = {
    "AE": r"[\x20-\x5b\x5d-\x7e]{1,16}",
    "AS": r"\d{3}[DWMY]",
    "CS": r"[A-Z0-9 _]{1,16}",
    "DA": r"\d{8}",
    "DS": rf"(?=.{{1,16}}$) *{_NUMBER} *",
    "DT": r"\d{4,14}(\.\d{1,6})?([-+]\d{4})?",
    "IS": r" *[-+]?\d{1,11} *",
    "LO": r".{1,64}",
    "SH": r".{1,16}",
    "TM": r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?",
    "UI": r"(?=.{1,64}$)(0|[1-9]\d*)(\.(0|[1-9]\d*))+",
}
"""PS3.5 Table 6.2-1 and 9.1, for one value."""


def faults(dataset: Dataset) -> list[str]:
    """What is wrong with an instance, in words; empty where nothing is."""
    found = []
    for module in (*COMMON, *MODULES.get(str(dataset.get("SOPClassUID", "")), ())):
        found += [f"{one} absent ({module.clause})" for one in (*module.type_1, *module.type_2) if one not in dataset]
        found += [f"{one} empty ({module.clause})" for one in module.type_1 if one in dataset and dataset[one].is_empty]
    for element in _elements(dataset):
        found += _of_element(element)
    return found


def _elements(dataset: Dataset) -> Iterator[DataElement]:
    for element in dataset:
        yield element
        if element.VR == "SQ":
            for item in element.value or []:
                yield from _elements(item)


def _of_element(element: DataElement) -> list[str]:
    name, tag = element.keyword or str(element.tag), element.tag
    if dictionary_has_tag(tag) and element.VR not in (*dictionary_VR(tag).split(" or "), "UN"):
        return [f"{name} has VR {element.VR}"]
    form = _FORMATS.get(element.VR)
    if form is None or element.is_empty:
        return []
    values = element.value if element.VM > 1 else [element.value]
    texts = [str(getattr(one, "original_string", one)) for one in values]
    return [f"{name}: no legal {element.VR}" for text in texts if text and not re.fullmatch(form, text.rstrip(" \0"))]
