"""Images of radiotherapy: a portal image and a dose (PS3.3 A.17, A.18). Plans and structures have no pixels: documents.py.

Each function gives what its SOP class needs beyond patient, study, series and SOP common.
"""

from conformance.material.documents import UNKNOWN_UID
from conformance.material.image_modules import DERIVED, Attributes, grey, plane
from conformance.material.items import item


def rt_image() -> Attributes:
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


def rt_dose() -> Attributes:
    return {
        **grey(frames=2),
        **plane(),
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
