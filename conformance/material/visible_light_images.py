"""Visible light: endoscopy, photographs, a slide under the microscope (PS3.3 A.32), and the fundus of an eye (A.41).

Each function gives what its SOP class needs beyond patient, study, series and SOP common.
"""

from conformance.material.documents import UNKNOWN_UID
from conformance.material.image_modules import ACQUIRED_AT, AXIAL, ORIGINAL, SIDE, Attributes, colour, grey
from conformance.material.items import code, item


def photograph() -> Attributes:
    return {
        **colour(),
        "ImageType": ORIGINAL,
        "LossyImageCompression": "00",
        "PatientOrientation": "",
        "Laterality": "",
        "AcquisitionContextSequence": [],
    }


def ophthalmic() -> Attributes:
    return {
        **{keyword: value for keyword, value in photograph().items() if keyword != "Laterality"},
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
        "AcquisitionDateTime": ACQUIRED_AT,
        "IlluminationTypeCodeSequence": [],
        "LightPathFilterTypeStackCodeSequence": [],
        "ImagePathFilterTypeStackCodeSequence": [],
        "LensesCodeSequence": [],
    }


def slide() -> Attributes:
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
        "AcquisitionDateTime": ACQUIRED_AT,
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
        "ImageOrientationSlide": AXIAL,
        "SpecimenLabelInImage": "NO",
        "FocusMethod": "AUTO",
        "ExtendedDepthOfField": "NO",
        "VolumetricProperties": "VOLUME",
        "TotalPixelMatrixFocalPlanes": 1,
        "NumberOfOpticalPaths": 1,
        "OpticalPathSequence": [path],
        "SharedFunctionalGroupsSequence": [groups],
    }
