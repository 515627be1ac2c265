"""What each SOP class needs beyond patient, study, series and SOP common: the type 1 and type 2 attributes (PS3.3 Annex A).

One ``Iod`` for each short name of ``sop_classes``. Pixels are 16 by 16 and differ from place to place, so that a change shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from conformance.material.documents import DOCUMENTS, UNKNOWN_UID, code, item

Attributes = Mapping[str, Any]

SIDE = 16
ORIGINAL = ["ORIGINAL", "PRIMARY"]
DERIVED = ["DERIVED", "PRIMARY"]
_AXIAL = ["1", "0", "0", "0", "1", "0"]
_AT = "20250303101500"


@dataclass(frozen=True, slots=True)
class Iod:
    """``attributes`` makes new ones at each call, since sequences are changed in place."""

    modality: str
    attributes: Callable[[], Attributes]
    has_frame_of_reference: bool = False


# --- pixels ------------------------------------------------------------------------------------------------------------


def pixels(bits: int = 16, samples: int = 1, frames: int = 1) -> bytes:
    """A ramp; ``bits`` is 8 or 16 (12 stored)."""
    count = SIDE * SIDE * samples * frames
    if bits == 8:
        return bytes(place * 7 % 256 for place in range(count))
    return b"".join((place * 37 % 4096).to_bytes(2, "little") for place in range(count))


def grey(bits: int = 16, frames: int = 0) -> Attributes:
    """Image pixel module of a greyscale image; with ``frames`` a multi-frame one (PS3.3 C.7.6.3, C.7.6.6)."""
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": SIDE,
        "Columns": SIDE,
        "BitsAllocated": bits,
        "BitsStored": 8 if bits == 8 else 12,
        "HighBit": 7 if bits == 8 else 11,
        "PixelRepresentation": 0,
        **({"NumberOfFrames": frames} if frames else {}),
        "PixelData": pixels(bits, frames=frames or 1),
    }


def colour(frames: int = 0) -> Attributes:
    """As ``grey``, in RGB by pixel."""
    return {
        **grey(8, frames),
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "PlanarConfiguration": 0,
        "PixelData": pixels(8, 3, frames or 1),
    }


# --- single frames -----------------------------------------------------------------------------------------------------


def _plane() -> Attributes:
    return {
        "Laterality": "",
        "PixelSpacing": ["0.5", "0.5"],
        "ImageOrientationPatient": _AXIAL,
        "ImagePositionPatient": ["0", "0", "0"],
        "SliceThickness": "1",
        "PositionReferenceIndicator": "",
    }


def _cr() -> Attributes:
    return {**grey(), "BodyPartExamined": "CHEST", "ViewPosition": "AP", "PatientOrientation": ""}


def _ct() -> Attributes:
    return {
        **grey(),
        **_plane(),
        "ImageType": [*ORIGINAL, "AXIAL"],
        "PatientPosition": "HFS",
        "AcquisitionNumber": "1",
        "RescaleIntercept": "-1024",
        "RescaleSlope": "1",
        "RescaleType": "HU",
        "KVP": "120",
    }


def _mr() -> Attributes:
    return {
        **grey(),
        **_plane(),
        "ImageType": [*ORIGINAL, "M"],
        "PatientPosition": "HFS",
        "ScanningSequence": "SE",
        "SequenceVariant": "NONE",
        "ScanOptions": "",
        "MRAcquisitionType": "2D",
        "EchoTime": "15",
        "EchoTrainLength": "1",
        "RepetitionTime": "500",
    }


def _pt() -> Attributes:
    return {
        **grey(),
        **_plane(),
        "ImageType": ORIGINAL,
        "PatientOrientationCodeSequence": [code("102538003", "SCT", "recumbent")],
        "PatientGantryRelationshipCodeSequence": [code("102540008", "SCT", "headfirst")],
        "SeriesDate": "20250303",
        "SeriesTime": "101500",
        "SeriesType": ["STATIC", "IMAGE"],
        "Units": "CNTS",
        "CountsSource": "EMISSION",
        "NumberOfSlices": 1,
        "CorrectedImage": "DECY",
        "DecayCorrection": "NONE",
        "CollimatorType": "NONE",
        "RadiopharmaceuticalInformationSequence": [item(RadionuclideCodeSequence=[code("77004003", "SCT", "^18^Fluorine")])],
        "BitsStored": 16,
        "HighBit": 15,
        "RescaleIntercept": "0",
        "RescaleSlope": "1",
        "FrameReferenceTime": "0",
        "ActualFrameDuration": "1000",
        "AcquisitionDate": "20250303",
        "AcquisitionTime": "101500",
        "ImageIndex": 1,
    }


def _digital_x_ray(intent: str) -> Attributes:
    return {
        **grey(),
        "ImageType": [*ORIGINAL, ""],
        "PresentationIntentType": intent,
        "PixelIntensityRelationship": "LOG" if intent == "FOR PRESENTATION" else "LIN",
        "PixelIntensityRelationshipSign": -1,
        "RescaleIntercept": "0",
        "RescaleSlope": "1",
        "RescaleType": "US",
        "PresentationLUTShape": "IDENTITY",
        "LossyImageCompression": "00",
        "BurnedInAnnotation": "NO",
        "ImagerPixelSpacing": ["0.1", "0.1"],
        "DetectorType": "DIRECT",
        "PatientOrientation": ["L", "F"],
        "ImageLaterality": "U",
        "AnatomicRegionSequence": [code("51185008", "SCT", "Chest")],
        "ViewCodeSequence": [code("399348003", "SCT", "antero-posterior")],
        "AcquisitionContextSequence": [],
        "PositionerType": "NONE",
        **({"WindowCenter": "2048", "WindowWidth": "4096"} if intent == "FOR PRESENTATION" else {}),
    }


def _mammogram(intent: str) -> Attributes:
    return {
        **_digital_x_ray(intent),
        "ImageLaterality": "L",
        "BreastImplantPresent": "NO",
        "OrganExposed": "BREAST",
        "PositionerType": "MAMMOGRAPHIC",
        "PositionerPrimaryAngle": "0",
        "BodyPartExamined": "BREAST",
        "PartialView": "NO",
        "AnatomicRegionSequence": [code("76752008", "SCT", "Breast")],
        "ViewCodeSequence": [item(code("399162004", "SCT", "cranio-caudal"), ViewModifierCodeSequence=[])],
    }


def _intra_oral() -> Attributes:
    tooth = item(
        code("38199008", "SCT", "Tooth"),
        AnatomicRegionModifierSequence=[code("245644000", "SCT", "Maxillary left first molar")],
    )
    return {
        **_digital_x_ray("FOR PRESENTATION"),
        "ImageLaterality": "L",
        "AnatomicRegionSequence": [tooth],
        "PositionerType": "CEPHALOSTAT",
    }


def _x_ray() -> Attributes:
    return {
        **grey(8),
        "ImageType": [*ORIGINAL, "SINGLE PLANE"],
        "PixelIntensityRelationship": "LIN",
        "RadiationSetting": "SC",
        "KVP": "70",
        "XRayTubeCurrent": "100",
        "ExposureTime": "5",
        "PatientOrientation": "",
        "Laterality": "",
        "PositionerMotion": "STATIC",
        "PositionerPrimaryAngle": "0",
        "PositionerSecondaryAngle": "0",
        "LossyImageCompression": "00",
    }


def _nuclear() -> Attributes:
    counter = {"NumberOfEnergyWindows": 1, "EnergyWindowVector": 1, "NumberOfDetectors": 1, "DetectorVector": 1}
    return {
        **grey(frames=1),
        **counter,
        "Laterality": "",
        "ImageType": [*ORIGINAL, "STATIC", "EMISSION"],
        "BitsStored": 16,
        "HighBit": 15,
        "PixelSpacing": ["2", "2"],
        "FrameIncrementPointer": [0x00540010, 0x00540020],
        "EnergyWindowInformationSequence": [item()],
        "RadiopharmaceuticalInformationSequence": [item(RadionuclideCodeSequence=[])],
        "DetectorInformationSequence": [
            item(CollimatorType="PARA", ImageOrientationPatient=_AXIAL, ImagePositionPatient=["0", "0", "0"])
        ],
        "PatientOrientationCodeSequence": [],
        "PatientGantryRelationshipCodeSequence": [],
        "ActualFrameDuration": "1000",
        "CountsAccumulated": "",
    }


def _ultrasound(frames: int = 0) -> Attributes:
    timed = {"FrameTime": "40", "FrameIncrementPointer": 0x00181063} if frames else {}
    return {**grey(8, frames), **timed, "ImageType": [*ORIGINAL, "", "0001"], "PatientOrientation": "", "Laterality": ""}


def _secondary(frames: int = 0, *, is_colour: bool = False) -> Attributes:
    several: dict[str, Any] = {}
    if frames:
        several = {"BurnedInAnnotation": "NO", "FrameTime": "40", "FrameIncrementPointer": 0x00181063}
        several |= {} if is_colour else {"RescaleIntercept": "0", "RescaleSlope": "1", "RescaleType": "US"}
        several |= {} if is_colour else {"PresentationLUTShape": "IDENTITY"}
    return {
        **(colour(frames) if is_colour else grey(8, frames)),
        **several,
        "ConversionType": "WSD",
        "PatientOrientation": "",
        "Laterality": "",
    }


# --- visible light -----------------------------------------------------------------------------------------------------


def _visible_light() -> Attributes:
    return {
        **colour(),
        "ImageType": ORIGINAL,
        "LossyImageCompression": "00",
        "PatientOrientation": "",
        "Laterality": "",
        "AcquisitionContextSequence": [],
    }


def _ophthalmic() -> Attributes:
    return {
        **{keyword: value for keyword, value in _visible_light().items() if keyword != "Laterality"},
        "NumberOfFrames": 1,
        "FrameTime": "40",
        "FrameIncrementPointer": 0x00181063,
        "SynchronizationFrameOfReferenceUID": UNKNOWN_UID,
        "SynchronizationTrigger": "NO TRIGGER",
        "AcquisitionTimeSynchronized": "N",
        "ImageLaterality": "R",
        "BurnedInAnnotation": "NO",
        "PatientEyeMovementCommanded": "",
        "HorizontalFieldOfView": [],
        "RefractiveStateSequence": [],
        "EmmetropicMagnification": [],
        "IntraOcularPressure": [],
        "PupilDilated": "",
        "DetectorType": "CCD",
        "AcquisitionDeviceTypeCodeSequence": [code("409898007", "SCT", "Fundus Camera")],
        "AnatomicRegionSequence": [code("81745001", "SCT", "Eye")],
        "AcquisitionDateTime": _AT,
        "IlluminationTypeCodeSequence": [],
        "LightPathFilterTypeStackCodeSequence": [],
        "ImagePathFilterTypeStackCodeSequence": [],
        "LensesCodeSequence": [],
    }


def _slide() -> Attributes:
    path = item(
        OpticalPathIdentifier="1",
        IlluminationTypeCodeSequence=[code("111744", "DCM", "Brightfield illumination")],
        IlluminationColorCodeSequence=[code("371251000", "SCT", "White")],
    )
    specimen = item(
        SpecimenIdentifier="S1",
        SpecimenUID=UNKNOWN_UID,
        IssuerOfTheSpecimenIdentifierSequence=[],
        SpecimenPreparationSequence=[],
    )
    groups = item(
        PixelMeasuresSequence=[item(PixelSpacing=["0.001", "0.001"], SliceThickness="0.001")],
        WholeSlideMicroscopyImageFrameTypeSequence=[item(FrameType=[*ORIGINAL, "VOLUME", "NONE"])],
    )
    return {
        **grey(8, frames=1),
        "PresentationLUTShape": "IDENTITY",
        "RescaleIntercept": "0",
        "RescaleSlope": "1",
        "ImageType": [*ORIGINAL, "VOLUME", "NONE"],
        "LossyImageCompression": "00",
        "BurnedInAnnotation": "NO",
        "AcquisitionDateTime": _AT,
        "AcquisitionContextSequence": [],
        "PositionReferenceIndicator": "SLIDE_CORNER",
        "DimensionOrganizationType": "TILED_FULL",
        "DimensionOrganizationSequence": [item(DimensionOrganizationUID=UNKNOWN_UID)],
        "ContainerIdentifier": "C1",
        "IssuerOfTheContainerIdentifierSequence": [],
        "ContainerTypeCodeSequence": [code("433466003", "SCT", "Microscope slide")],
        "SpecimenDescriptionSequence": [specimen],
        "ImagedVolumeWidth": 1.0,
        "ImagedVolumeHeight": 1.0,
        "ImagedVolumeDepth": 1.0,
        "TotalPixelMatrixColumns": SIDE,
        "TotalPixelMatrixRows": SIDE,
        "TotalPixelMatrixOriginSequence": [item(XOffsetInSlideCoordinateSystem="0", YOffsetInSlideCoordinateSystem="0")],
        "ImageOrientationSlide": _AXIAL,
        "SpecimenLabelInImage": "NO",
        "FocusMethod": "AUTO",
        "ExtendedDepthOfField": "NO",
        "VolumetricProperties": "VOLUME",
        "TotalPixelMatrixFocalPlanes": 1,
        "NumberOfOpticalPaths": 1,
        "OpticalPathSequence": [path],
        "SharedFunctionalGroupsSequence": [groups],
    }


# --- enhanced multi-frame ----------------------------------------------------------------------------------------------


def _frames(groups: Mapping[str, Any], unit: str = "US") -> Attributes:
    """Functional groups and dimensions of two frames (PS3.3 C.7.6.16, C.7.6.17)."""
    organisation = UNKNOWN_UID
    frames = [
        item(
            FrameContentSequence=[
                item(
                    FrameAcquisitionDateTime=_AT,
                    FrameReferenceDateTime=_AT,
                    FrameAcquisitionDuration=1.0,
                    DimensionIndexValues=number,
                )
            ],
            PlanePositionSequence=[item(ImagePositionPatient=["0", "0", str(number)])],
        )
        for number in (1, 2)
    ]
    index = item(DimensionOrganizationUID=organisation, DimensionIndexPointer=0x00200032, FunctionalGroupPointer=0x00209113)
    return {
        **grey(frames=2),
        "LossyImageCompression": "00",
        "BurnedInAnnotation": "NO",
        "PresentationLUTShape": "IDENTITY",
        "PositionReferenceIndicator": "",
        "PatientPosition": "HFS",
        "AcquisitionDateTime": _AT,
        "AcquisitionNumber": "1",
        "AcquisitionDuration": 1.0,
        "AcquisitionContextSequence": [],
        "PixelPresentation": "MONOCHROME",
        "VolumetricProperties": "VOLUME",
        "VolumeBasedCalculationTechnique": "NONE",
        "ContentQualification": "RESEARCH",
        "ApplicableSafetyStandardAgency": "IEC",
        "DimensionOrganizationSequence": [item(DimensionOrganizationUID=organisation)],
        "DimensionIndexSequence": [index],
        "SharedFunctionalGroupsSequence": [
            item(
                PixelMeasuresSequence=[item(PixelSpacing=["0.5", "0.5"], SliceThickness="1")],
                PlaneOrientationSequence=[item(ImageOrientationPatient=_AXIAL)],
                FrameAnatomySequence=[
                    item(FrameLaterality="U", AnatomicRegionSequence=[code("69536005", "SCT", "Head")]),
                ],
                PixelValueTransformationSequence=[item(RescaleIntercept="0", RescaleSlope="1", RescaleType=unit)],
                **groups,
            )
        ],
        "PerFrameFunctionalGroupsSequence": frames,
    }


def _frame_type(kind: str, more: Attributes | None = None) -> Dataset:
    return item(
        FrameType=[*DERIVED, kind, "NONE"],
        PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME",
        VolumeBasedCalculationTechnique="NONE",
        **(more or {}),
    )


def _enhanced_ct() -> Attributes:
    return {
        **_frames(
            {
                "CTImageFrameTypeSequence": [_frame_type("VOLUME")],
                "IrradiationEventIdentificationSequence": [item(IrradiationEventUID=UNKNOWN_UID)],
            },
            "HU",
        ),
        "ImageType": [*DERIVED, "VOLUME", "NONE"],
    }


def _enhanced_mr() -> Attributes:
    of_mr = {"ComplexImageComponent": "MAGNITUDE", "AcquisitionContrast": "UNKNOWN"}
    frames = _frames({"MRImageFrameTypeSequence": [_frame_type("OTHER", of_mr)]})
    return {**frames, **of_mr, "ImageType": [*DERIVED, "OTHER", "NONE"], "ResonantNucleus": "1H", "MagneticFieldStrength": 1.5}


def _tomosynthesis() -> Attributes:
    frames = _frames({})
    for frame in frames["PerFrameFunctionalGroupsSequence"]:
        item(frame, XRay3DFrameTypeSequence=[_frame_type("TOMOSYNTHESIS")])
    return {
        **frames,
        "ImageType": [*DERIVED, "TOMOSYNTHESIS", "NONE"],
        "PresentationIntentType": "FOR PRESENTATION",
        "ImageLaterality": "L",
        "BodyPartExamined": "BREAST",
        "BreastImplantPresent": "NO",
        "ViewCodeSequence": [item(code("399162004", "SCT", "cranio-caudal"), ViewModifierCodeSequence=[])],
        "ContributingSourcesSequence": [
            item(
                Manufacturer="Radloop",
                ManufacturerModelName="Conformance tester",
                DeviceSerialNumber="1",
                SoftwareVersions="1",
                AcquisitionDateTime=_AT,
                StudyInstanceUID=UNKNOWN_UID,
                SeriesInstanceUID=UNKNOWN_UID,
                Rows=SIDE,
                Columns=SIDE,
                BitsStored=12,
                LossyImageCompression="00",
                DetectorType="DIRECT",
                DetectorID="1",
                DateOfLastDetectorCalibration="20250303",
                TimeOfLastDetectorCalibration="101500",
                DetectorElementSpacing=["0.1", "0.1"],
                SamplesPerPixel=1,
                PhotometricInterpretation="MONOCHROME2",
                BitsAllocated=16,
                HighBit=11,
                PixelRepresentation=0,
                BurnedInAnnotation="NO",
            )
        ],
    }


def _segmentation() -> Attributes:
    segment = item(
        SegmentNumber=1,
        SegmentLabel="Lesion",
        SegmentAlgorithmType="MANUAL",
        SegmentedPropertyCategoryCodeSequence=[code("49755003", "SCT", "Morphologically Abnormal Structure")],
        SegmentedPropertyTypeCodeSequence=[code("52988006", "SCT", "Lesion")],
    )
    return {
        **_frames({"SegmentIdentificationSequence": [item(ReferencedSegmentNumber=1)]}),
        "ImageType": DERIVED,
        "BitsAllocated": 1,
        "BitsStored": 1,
        "HighBit": 0,
        "PixelData": pixels(8)[: 2 * SIDE * SIDE // 8],
        "SegmentationType": "BINARY",
        "SegmentSequence": [segment],
        "ContentLabel": "LESION",
        "ContentDescription": "",
        "ContentCreatorName": "",
    }


# --- radiotherapy ------------------------------------------------------------------------------------------------------


def _rt_image() -> Attributes:
    return {
        **grey(),
        "ImageType": [*DERIVED, "PORTAL"],
        "ConversionType": "DI",
        "PatientOrientation": "",
        "OperatorsName": "",
        "RTImageLabel": "PORTAL",
        "RTImagePlane": "NORMAL",
        "ImagePlanePixelSpacing": [],
        "RTImagePosition": [],
        "XRayImageReceptorAngle": "0",
        "ReportedValuesOrigin": "ACTUAL",
        "RadiationMachineName": "LINAC",
        "RadiationMachineSAD": "1000",
        "RTImageSID": "1500",
        "PrimaryDosimeterUnit": "MU",
        "GantryAngle": "0",
    }


def _rt_dose() -> Attributes:
    return {
        **grey(frames=2),
        **_plane(),
        "BitsStored": 16,
        "HighBit": 15,
        "OperatorsName": "",
        "DoseUnits": "GY",
        "DoseType": "PHYSICAL",
        "DoseSummationType": "PLAN",
        "DoseGridScaling": "0.001",
        "FrameIncrementPointer": 0x3004000C,
        "GridFrameOffsetVector": ["0", "1"],
        "ReferencedRTPlanSequence": [
            item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.481.5", ReferencedSOPInstanceUID=UNKNOWN_UID)
        ],
    }


IODS: Mapping[str, Iod] = {
    "cr": Iod("CR", _cr),
    "ct": Iod("CT", _ct, True),
    "mr": Iod("MR", _mr, True),
    "us": Iod("US", _ultrasound),
    "us-mf": Iod("US", lambda: _ultrasound(2)),
    "xa": Iod("XA", _x_ray),
    "rf": Iod("RF", _x_ray),
    "nm": Iod("NM", _nuclear),
    "pt": Iod("PT", _pt, True),
    "sc": Iod("OT", _secondary),
    "sc-mf-grey": Iod("OT", lambda: _secondary(2)),
    "sc-mf-colour": Iod("OT", lambda: _secondary(2, is_colour=True)),
    "dx": Iod("DX", lambda: _digital_x_ray("FOR PRESENTATION")),
    "dx-processing": Iod("DX", lambda: _digital_x_ray("FOR PROCESSING")),
    "mg": Iod("MG", lambda: _mammogram("FOR PRESENTATION")),
    "mg-processing": Iod("MG", lambda: _mammogram("FOR PROCESSING")),
    "dbt": Iod("MG", _tomosynthesis, True),
    "io": Iod("IO", _intra_oral),
    "ct-enhanced": Iod("CT", _enhanced_ct, True),
    "mr-enhanced": Iod("MR", _enhanced_mr, True),
    "vl-endoscopic": Iod("ES", _visible_light),
    "vl-photographic": Iod("XC", _visible_light),
    "op": Iod("OP", _ophthalmic),
    "wsi": Iod("SM", _slide, True),
    "seg": Iod("SEG", _segmentation, True),
    "rt-image": Iod("RTIMAGE", _rt_image),
    "rt-dose": Iod("RTDOSE", _rt_dose, True),
    **{name: Iod(modality, attributes, name == "rt-struct") for name, (modality, attributes) in DOCUMENTS.items()},
}
