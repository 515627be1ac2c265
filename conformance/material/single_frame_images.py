"""Images of one frame, or of several in the older way: radiographs, slices, ultrasound, secondary captures (PS3.3 A.2 to A.28).

Each function gives what its SOP class needs beyond patient, study, series and SOP common.
"""

from typing import Any

from conformance.material.image_modules import AXIAL, ORIGINAL, Attributes, colour, grey, plane
from conformance.material.items import code, item


def computed_radiograph() -> Attributes:
    return {**grey(), "BodyPartExamined": "CHEST", "ViewPosition": "AP", "PatientOrientation": ""}


def ct() -> Attributes:
    return {
        **grey(),
        **plane(),
        "ImageType": [*ORIGINAL, "AXIAL"],
        "PatientPosition": "HFS",
        "AcquisitionNumber": "1",
        "RescaleIntercept": "-1024",
        "RescaleSlope": "1",
        "RescaleType": "HU",
        "KVP": "120",
    }


def mr() -> Attributes:
    return {
        **grey(),
        **plane(),
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


def pet() -> Attributes:
    return {
        **grey(),
        **plane(),
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


def digital_x_ray(intent: str) -> Attributes:
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


def mammogram(intent: str) -> Attributes:
    return {
        **digital_x_ray(intent),
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


def intra_oral() -> Attributes:
    tooth = item(
        code("38199008", "SCT", "Tooth"),
        AnatomicRegionModifierSequence=[code("245644000", "SCT", "Maxillary left first molar")],
    )
    return {
        **digital_x_ray("FOR PRESENTATION"),
        "ImageLaterality": "L",
        "AnatomicRegionSequence": [tooth],
        "PositionerType": "CEPHALOSTAT",
    }


def x_ray() -> Attributes:
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


def nuclear() -> Attributes:
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
            item(CollimatorType="PARA", ImageOrientationPatient=AXIAL, ImagePositionPatient=["0", "0", "0"])
        ],
        "PatientOrientationCodeSequence": [],
        "PatientGantryRelationshipCodeSequence": [],
        "ActualFrameDuration": "1000",
        "CountsAccumulated": "",
    }


def ultrasound(frames: int = 0) -> Attributes:
    timed = {"FrameTime": "40", "FrameIncrementPointer": 0x00181063} if frames else {}
    return {**grey(8, frames), **timed, "ImageType": [*ORIGINAL, "", "0001"], "PatientOrientation": "", "Laterality": ""}


def secondary_capture(frames: int = 0, *, is_colour: bool = False) -> Attributes:
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
