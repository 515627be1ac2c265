"""Enhanced multi-frame images, whose frames are described by functional groups (PS3.3 C.7.6.16): CT, MR, tomosynthesis,
segmentation.

Each function gives what its SOP class needs beyond patient, study, series and SOP common.
"""

from collections.abc import Mapping
from typing import Any

from pydicom.dataset import Dataset

from conformance.material.documents import UNKNOWN_UID
from conformance.material.image_modules import ACQUIRED_AT, AXIAL, DERIVED, SIDE, Attributes, grey, pixels
from conformance.material.items import code, item


def _frames(groups: Mapping[str, Any], unit: str = "US") -> Attributes:
    """Functional groups and dimensions of two frames (PS3.3 C.7.6.16, C.7.6.17)."""
    organisation = UNKNOWN_UID
    frames = [
        item(
            FrameContentSequence=[
                item(
                    FrameAcquisitionDateTime=ACQUIRED_AT,
                    FrameReferenceDateTime=ACQUIRED_AT,
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
        "AcquisitionDateTime": ACQUIRED_AT,
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
                PlaneOrientationSequence=[item(ImageOrientationPatient=AXIAL)],
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


def ct() -> Attributes:
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


def mr() -> Attributes:
    of_mr = {"ComplexImageComponent": "MAGNITUDE", "AcquisitionContrast": "UNKNOWN"}
    frames = _frames({"MRImageFrameTypeSequence": [_frame_type("OTHER", of_mr)]})
    return {**frames, **of_mr, "ImageType": [*DERIVED, "OTHER", "NONE"], "ResonantNucleus": "1H", "MagneticFieldStrength": 1.5}


def tomosynthesis() -> Attributes:
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
                AcquisitionDateTime=ACQUIRED_AT,
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


def segmentation() -> Attributes:
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
