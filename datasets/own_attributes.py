"""What is taken over from a user's image: a closed list of attributes that say how the pixels are laid out, shown and made.

- Only what stands on the list is read at all. What a later edition of the standard adds, what is private, and what somebody
  wrote where it does not belong stays behind.
- On the list are numbers, code strings, lookup tables and codes; no name, free text, date, time, identifier, UID or
  overlay. PS3.15 Table E.1-1, the attributes that can identify a patient, names none of them.
- A value is taken if it is what its VR (PS3.5 6.2) promises: digits in a number, capitals in a code string. The few that
  are text are taken if they are terms that the standard defines. Whatever else stands there is left out.

Values stay as they are written, byte for byte, in Explicit VR Little Endian.
"""

import re
from collections.abc import Iterable, Mapping
from struct import Struct

from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

Element = tuple[int, bytes]
"""A tag and its data element, encoded."""

_IMAGE = """
    ImageType AcquisitionNumber PatientOrientation ImageLaterality BurnedInAnnotation QualityControlImage
    LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod
    SamplesPerPixel PhotometricInterpretation PlanarConfiguration Rows Columns PixelAspectRatio
    BitsAllocated BitsStored HighBit PixelRepresentation
    SmallestImagePixelValue LargestImagePixelValue PixelPaddingValue PixelPaddingRangeLimit
    RedPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor
    RedPaletteColorLookupTableData GreenPaletteColorLookupTableData BluePaletteColorLookupTableData
    WindowCenter WindowWidth VOILUTFunction VOILUTSequence
    RescaleIntercept RescaleSlope RescaleType ModalityLUTSequence PresentationLUTShape
"""
"""General Image, Image Pixel, Palette Color Lookup Table, Modality LUT, VOI LUT (PS3.3 C.7.6.1, C.7.6.3, C.7.9, C.11)."""

_FRAMES = """
    NumberOfFrames FrameIncrementPointer FrameTime FrameTimeVector FrameDelay ActualFrameDuration
    CineRate RecommendedDisplayFrameRate PreferredPlaybackSequencing StartTrim StopTrim
"""
"""Multi-frame and Cine (C.7.6.6, C.7.6.5)."""

_PLACE = """
    PixelSpacing ImagerPixelSpacing NominalScannedPixelSpacing PixelSpacingCalibrationType
    EstimatedRadiographicMagnificationFactor ImagePositionPatient ImageOrientationPatient PatientPosition
    SliceThickness SpacingBetweenSlices SliceLocation
"""
"""Image Plane, and the spacings of projections (C.7.6.2, 10.7)."""

_X_RAY = """
    KVP XRayTubeCurrent ExposureTime Exposure ExposureInuAs GeneratorPower FocalSpots AnodeTargetMaterial FilterMaterial
    DistanceSourceToDetector DistanceSourceToPatient Grid ExposureControlMode BodyPartThickness CompressionForce
    RelativeXRayExposure Sensitivity PixelIntensityRelationship PixelIntensityRelationshipSign PresentationIntentType
    ViewPosition ViewCodeSequence PositionerType PositionerPrimaryAngle PositionerSecondaryAngle
    DetectorType DetectorConfiguration FieldOfViewShape FieldOfViewDimensions FieldOfViewOrigin FieldOfViewRotation
    FieldOfViewHorizontalFlip OrganExposed BreastImplantPresent PartialView
"""
"""CR, DX and mammography (C.8.1, C.8.11)."""

_CT = """
    ScanOptions DataCollectionDiameter ReconstructionDiameter GantryDetectorTilt TableHeight RotationDirection
    RevolutionTime SingleCollimationWidth TotalCollimationWidth TableSpeed TableFeedPerRotation SpiralPitchFactor CTDIvol
"""
"""C.8.2."""

_MR = """
    ScanningSequence SequenceVariant MRAcquisitionType AngioFlag RepetitionTime EchoTime InversionTime
    EchoTrainLength EchoNumbers NumberOfAverages ImagingFrequency MagneticFieldStrength NumberOfPhaseEncodingSteps
    PercentSampling PercentPhaseFieldOfView PixelBandwidth AcquisitionMatrix InPlanePhaseEncodingDirection FlipAngle
    VariableFlipAngleFlag SAR dBdt TriggerTime TemporalPositionIdentifier NumberOfTemporalPositions TemporalResolution
"""
"""C.8.3."""

_ULTRASOUND = """
    UltrasoundColorDataPresent SequenceOfUltrasoundRegions TransducerType DepthOfScanField
    MechanicalIndex BoneThermalIndex CranialThermalIndex SoftTissueThermalIndex
"""
"""C.8.5."""

_CODE = "CodeValue CodingSchemeDesignator CodeMeaning"
_LOOKUP_TABLE = "LUTDescriptor LUTData"
_IN_ITEMS = {
    "VOILUTSequence": _LOOKUP_TABLE,
    "ModalityLUTSequence": f"{_LOOKUP_TABLE} ModalityLUTType",
    "ViewCodeSequence": f"{_CODE} ViewModifierCodeSequence",
    "ViewModifierCodeSequence": _CODE,
    "SequenceOfUltrasoundRegions": """
        RegionSpatialFormat RegionDataType RegionFlags RegionLocationMinX0 RegionLocationMinY0 RegionLocationMaxX1
        RegionLocationMaxY1 ReferencePixelX0 ReferencePixelY0 PhysicalUnitsXDirection PhysicalUnitsYDirection
        ReferencePixelPhysicalValueX ReferencePixelPhysicalValueY PhysicalDeltaX PhysicalDeltaY TransducerFrequency
        PulseRepetitionFrequency DopplerCorrectionAngle SteeringAngle
    """,
}

_MEANINGS = (
    "medio-lateral",
    "medio-lateral oblique",
    "latero-medial",
    "latero-medial oblique",
    "cranio-caudal",
    "caudo-cranial",
    "cranio-caudal exaggerated",
    "cranio-caudal exaggerated laterally",
    "cranio-caudal exaggerated medially",
    "superolateral to inferomedial oblique",
    "inferomedial to superolateral oblique",
    "cleavage",
    "axillary tail",
    "axillary tissue",
    "rolled lateral",
    "rolled medial",
    "rolled inferior",
    "rolled superior",
    "implant displaced",
    "magnification",
    "spot compression",
    "tangential",
    "nipple in profile",
    "anterior compression",
    "infra-mammary fold",
)
"""Of the views of a breast and their modifiers (PS3.16 CID 4014, 4015)."""

_UNITS = "HU|US|OD|MGML|Z_EFF|ED|EDW|HU_MOD|PCT"
_TERMS = {
    "RescaleType": _UNITS,
    "ModalityLUTType": _UNITS,
    "CodeValue": r"[0-9]{6,16}|[A-Z]-[A-Z0-9]{5}",
    "CodingSchemeDesignator": "SCT|SRT|SNM3|99SDM|DCM",
    "CodeMeaning": f"(?i:{'|'.join(_MEANINGS)})",
}

_BY_VR = {"DS": r"[0-9+\-.eE \\]*", "IS": r"[0-9+\- \\]*", "CS": r"[A-Z0-9_ \\]*"}
_SIZE_BYTES = {"AT": 4, "FD": 8, "FL": 4, "OW": 2, "SL": 4, "SS": 2, "UL": 4, "US": 2}
_SHORT, _LONG, _ITEM = Struct("<HH2sH"), Struct("<HH2s2xI"), Struct("<HHI")
_LONGEST_SHORT_BYTES = 0xFFFE


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    return tag


def _tags(keywords: str) -> frozenset[int]:
    return frozenset(map(_tag, keywords.split()))


TAKEN = _tags(_IMAGE + _FRAMES + _PLACE + _X_RAY + _CT + _MR + _ULTRASOUND)
"""The tags that may be taken from a data set."""

TAKEN_FROM_ITEMS: Mapping[int, frozenset[int]] = {_tag(name): _tags(keywords) for name, keywords in _IN_ITEMS.items()}
"""By the tag of their sequence, the tags that may be taken from its items."""

_PATTERNS = {_tag(keyword): re.compile(pattern.encode()) for keyword, pattern in _TERMS.items()}
_PATTERNS_BY_VR = {vr: re.compile(pattern.encode()) for vr, pattern in _BY_VR.items()}
_PIXEL_REPRESENTATION = _tag("PixelRepresentation")


def taken(data_set: Dataset) -> tuple[Element, ...]:
    """What is taken over from an image as pydicom has read it, by ascending tag. No value is converted, nothing is logged."""
    signed = raw_value(data_set, _PIXEL_REPRESENTATION) == b"\x01\x00"
    return tuple(_of(data_set, TAKEN, signed))


def raw_value(data_set: Dataset, tag: int) -> bytes:
    """A value as it stands in the file; empty if there is none, or it is a sequence."""
    element = _raw(data_set, tag)
    return (element.value or b"") if element is not None else b""


def _raw(data_set: Dataset, tag: int) -> RawDataElement | None:
    # an empty value without a VR looks to pydicom like one that is still to be read
    element: object = data_set.get_item(tag, keep_deferred=True) if tag in data_set else None
    return element if isinstance(element, RawDataElement) else None


def _of(data_set: Dataset, tags: frozenset[int], signed: bool) -> Iterable[Element]:
    for tag in sorted(tags & data_set.keys()):
        if tag in TAKEN_FROM_ITEMS:
            yield tag, _sequence(data_set, tag, signed)
            continue
        vr, value = _vr(data_set, tag, signed), raw_value(data_set, tag)
        if vr in _SIZE_BYTES and _is_binary(tag, vr, value):
            yield tag, _encoded(tag, vr, value)
        elif vr not in _SIZE_BYTES and _is_text(tag, vr, value):
            yield tag, _encoded(tag, vr, value + b" " * (len(value) % 2))


def _sequence(data_set: Dataset, tag: int, signed: bool) -> bytes:
    items = b""
    if dictionary_VR(tag) == data_set[tag].VR:
        for item in data_set[tag].value:
            content = b"".join(element for _, element in _of(item, TAKEN_FROM_ITEMS[tag], signed))
            items += _ITEM.pack(0xFFFE, 0xE000, len(content)) + content
    return _LONG.pack(tag >> 16, tag & 0xFFFF, b"SQ", len(items)) + items


def _vr(data_set: Dataset, tag: int, signed: bool) -> str:
    """The VR to write: the file's if the dictionary has it too, and that of the dictionary for a file that says none.

    Empty for another one. Of two in the dictionary, numbers of pixels are signed as the pixels are, and tables are OW.
    """
    possible = dictionary_VR(tag).split(" or ")
    raw = _raw(data_set, tag)
    if raw is None:
        return ""
    if raw.VR is not None:
        return raw.VR if raw.VR in possible else ""
    if possible == ["US", "SS"]:
        return "SS" if signed else "US"
    return possible[-1]


def _is_binary(tag: int, vr: str, value: bytes) -> bool:
    """Whether it is as many numbers as the dictionary says; a table is of any length."""
    multiplicity = dictionary_VM(tag)
    if value and vr != "OW" and multiplicity.isdecimal():
        return len(value) == int(multiplicity) * _SIZE_BYTES[vr]
    return len(value) % _SIZE_BYTES[vr] == 0 and (vr == "OW" or len(value) <= _LONGEST_SHORT_BYTES)


def _is_text(tag: int, vr: str, value: bytes) -> bool:
    pattern = _PATTERNS.get(tag) or _PATTERNS_BY_VR.get(vr)
    return pattern is not None and len(value) <= _LONGEST_SHORT_BYTES and pattern.fullmatch(value.strip(b" \0")) is not None


def _encoded(tag: int, vr: str, value: bytes) -> bytes:
    head = (_LONG if vr == "OW" else _SHORT).pack(tag >> 16, tag & 0xFFFF, vr.encode(), len(value))
    return head + value


def elements(encoded: bytes) -> tuple[Element, ...]:
    """The elements of a data set of ours in Explicit VR Little Endian, in which every length is defined."""
    found: list[Element] = []
    position = 0
    while position < len(encoded):
        group, number, vr, length = _SHORT.unpack_from(encoded, position)
        end = position + _SHORT.size + length
        if vr in _LONG_FORM:
            *_, length = _LONG.unpack_from(encoded, position)
            end = position + _LONG.size + length
        found.append((group << 16 | number, encoded[position:end]))
        position = end
    return tuple(found)


_LONG_FORM = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
"""VRs with a length of four bytes (PS3.5 Table 7.1-1)."""
