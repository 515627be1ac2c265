"""The attributes of a synthetic image, module by module, in the words and types of DICOM PS3.3.

A series shares everything but the few attributes that ``varying_attributes`` lists. No pixels and no bytes here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from datasets.character_sets import declared
from datasets.pixels import FrameFormat
from datasets.procedures import ANATOMIC_REGIONS

# PS3.6 Table A-1
SOP_CLASS_UIDS: dict[str, str] = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
}
MPPS_SOP_CLASS_UID = "1.2.840.10008.3.1.2.3.3"

SLICE_MM = {"CT": 1.0, "MR": 3.0}
_AXIAL = [1, 0, 0, 0, 1, 0]
# Patient Orientation of a radiograph: the direction of its rows and of its columns
_FRONTAL = "L\\F"
_LATERAL = "A\\F"


_TEXT_VRS = frozenset(("LO", "LT", "SH", "ST", "UC", "UT"))  # what Specific Character Set is about, besides names


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One scheduled step and the request that it is for: an item of the Request Attributes Sequence.

    An empty ``study_instance_uid`` is that of the study.
    """

    accession_number: str
    requested_procedure_id: str
    procedure_code: str
    procedure_scheme: str
    procedure_meaning: str
    scheduled_step_id: str
    step_description: str
    protocol_code: str
    protocol_scheme: str
    study_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class StudyContext:
    """What the images of one series say about patient, orders and step.

    ``patient_name`` and ``referring_physician`` are PN strings, of up to three component groups. Dates are YYYYMMDD, times
    HHMMSS. An empty ``issuer_of_patient_id``, ``procedure_code`` or ``mpps_uid`` leaves its attribute out; so does an empty
    ``requests`` (an exam that was not on the worklist). ``character_set`` is that of text beyond ASCII, one of
    ``character_sets.CHARACTER_SETS``. Empty is ISO_IR 192, and so is a set that lacks a character of these texts; ASCII alone
    declares none.
    """

    patient_id: str
    issuer_of_patient_id: str
    patient_name: str
    birth_date: str
    sex: str
    accession_number: str
    study_instance_uid: str
    study_id: str
    study_date: str
    study_time: str
    study_description: str
    referring_physician: str
    procedure_code: str
    procedure_scheme: str
    procedure_meaning: str
    step_description: str
    modality: str
    body_part: str
    station_ae_title: str
    station_name: str
    institution: str
    mpps_uid: str
    series_uid: str
    instance_uid_root: str
    performed_date: str
    performed_time: str
    requests: tuple[RequestContext, ...] = ()
    character_set: str = ""


@dataclass(frozen=True, slots=True)
class Varying:
    """One attribute that differs from image to image: text, whose several values are joined by a backslash, or items."""

    tag: int
    vr: str
    value: str | Sequence


@dataclass(frozen=True, slots=True)
class _BreastView:
    """One projection of a mammogram, with its code (PS3.16 CID 4014) and the direction of rows and columns."""

    laterality: str
    code: str
    meaning: str
    orientation: str


# The orientations are those that IHE asks for in its profile of mammography images.
_BREAST_VIEWS = (
    _BreastView("R", "399162004", "cranio-caudal", "P\\L"),
    _BreastView("L", "399162004", "cranio-caudal", "A\\R"),
    _BreastView("R", "399368009", "medio-lateral oblique", "P\\FL"),
    _BreastView("L", "399368009", "medio-lateral oblique", "A\\FR"),
    _BreastView("R", "399260004", "medio-lateral", "P\\F"),
    _BreastView("L", "399260004", "medio-lateral", "A\\F"),
)


def sop_instance_uid(context: StudyContext, number: int) -> str:
    """The UID of instance ``number`` (1 and up). Raises ValueError when the number is below 1 or the UID too long."""
    uid = f"{context.instance_uid_root}.{number}"
    if number < 1:
        raise ValueError(f"instances are numbered from 1, not {number}")
    if len(uid) > 64:
        raise ValueError(f"the SOP Instance UID would have {len(uid)} characters, 64 are allowed")
    return uid


def varying_attributes(context: StudyContext, number: int) -> list[Varying]:
    """What differs from image to image, in ascending tag order; the same tags for every number."""
    attributes = [
        Varying(0x00080018, "UI", sop_instance_uid(context, number)),
        Varying(0x00200013, "IS", str(number)),
    ]
    if context.modality in SLICE_MM:
        z_mm = f"{-SLICE_MM[context.modality] * (number - 1):.1f}"
        attributes += [Varying(0x00200032, "DS", f"-179.2\\-179.2\\{z_mm}"), Varying(0x00201041, "DS", z_mm)]
    elif context.modality in ("CR", "DX"):
        attributes.append(Varying(0x00200020, "CS", _FRONTAL if number % 2 else _LATERAL))
    elif context.modality == "MG":
        attributes += _breast_view(_BREAST_VIEWS[(number - 1) % len(_BREAST_VIEWS)])
    return sorted(attributes, key=lambda attribute: attribute.tag)


def _breast_view(view: _BreastView) -> list[Varying]:
    code = _code(view.code, "SCT", view.meaning)
    code.ViewModifierCodeSequence = Sequence()
    return [
        Varying(0x00200020, "CS", view.orientation),
        Varying(0x00200062, "CS", view.laterality),
        Varying(0x00540220, "SQ", Sequence([code])),
    ]


def shared_attributes(context: StudyContext, layout: FrameFormat, scale: float) -> Dataset:
    """What all images of the series share: every module but the varying attributes and the pixels.

    Raises KeyError for a modality without images, or a character set that images cannot be written in.
    """
    data_set = attributes_of_context(context)
    _general_image(data_set, context)
    _image_pixel(data_set, layout)
    _MODALITY_MODULES[context.modality](data_set, context, layout)
    data_set.ImageComments = f"Synthetic image, matrix scale {scale:g}"
    return data_set


def attributes_of_context(context: StudyContext) -> Dataset:
    """What an image says whatever is in its pixels: of whom, for what, in which step, when, where and on what.

    Raises KeyError for a character set that images cannot be written in.
    """
    data_set = Dataset()
    for module in (_patient, _study, _series, _equipment, _acquired):
        module(data_set, context)
    if context.modality in SLICE_MM:
        data_set.FrameOfReferenceUID = f"{context.instance_uid_root}.0"  # instances are numbered from 1, so 0 is free
        data_set.PositionReferenceIndicator = ""
    elif context.modality in ("DX", "MG"):
        data_set.AnatomicRegionSequence = Sequence(_anatomic_region(context.body_part))
        data_set.AcquisitionContextSequence = Sequence()
    _declare_character_set(data_set, context.character_set)
    return data_set


def _declare_character_set(data_set: Dataset, character_set: str) -> None:
    """By every text to which it applies, those in sequences too."""
    texts = [str(element.value) for element in data_set.iterall() if element.VR in _TEXT_VRS]
    names = [str(element.value) for element in data_set.iterall() if element.VR == "PN"]
    value = declared(character_set, texts, names)
    if value:
        data_set.SpecificCharacterSet = value.split("\\")


def _patient(data_set: Dataset, context: StudyContext) -> None:
    data_set.PatientName = context.patient_name
    data_set.PatientID = context.patient_id
    if context.issuer_of_patient_id:
        data_set.IssuerOfPatientID = context.issuer_of_patient_id
    data_set.PatientBirthDate = context.birth_date
    data_set.PatientSex = context.sex


def _study(data_set: Dataset, context: StudyContext) -> None:
    data_set.StudyInstanceUID = context.study_instance_uid
    data_set.StudyDate = context.study_date
    data_set.StudyTime = context.study_time
    data_set.ReferringPhysicianName = context.referring_physician
    data_set.StudyID = context.study_id
    data_set.AccessionNumber = context.accession_number
    data_set.StudyDescription = context.study_description
    if context.procedure_code:
        code = _code(context.procedure_code, context.procedure_scheme, context.procedure_meaning)
        data_set.ProcedureCodeSequence = Sequence([code])


def _series(data_set: Dataset, context: StudyContext) -> None:
    data_set.Modality = context.modality
    data_set.SeriesInstanceUID = context.series_uid
    data_set.SeriesNumber = 1
    data_set.SeriesDate = context.performed_date
    data_set.SeriesTime = context.performed_time
    data_set.SeriesDescription = context.step_description
    data_set.ProtocolName = context.step_description
    data_set.BodyPartExamined = context.body_part
    data_set.PerformedProcedureStepStartDate = context.performed_date
    data_set.PerformedProcedureStepStartTime = context.performed_time
    data_set.PerformedProcedureStepDescription = context.step_description
    if context.mpps_uid:
        data_set.ReferencedPerformedProcedureStepSequence = Sequence([_reference(MPPS_SOP_CLASS_UID, context.mpps_uid)])
    if context.requests:
        data_set.RequestAttributesSequence = Sequence([_request(context, request) for request in context.requests])


def _request(context: StudyContext, request: RequestContext) -> Dataset:
    """PS3.3 Table 10-9, with the values of the worklist entry."""
    item = Dataset()
    item.AccessionNumber = request.accession_number
    item.StudyInstanceUID = request.study_instance_uid or context.study_instance_uid
    item.RequestedProcedureID = request.requested_procedure_id
    item.RequestedProcedureDescription = request.procedure_meaning
    item.ScheduledProcedureStepID = request.scheduled_step_id
    item.ScheduledProcedureStepDescription = request.step_description
    if request.procedure_code:
        code = _code(request.procedure_code, request.procedure_scheme, request.procedure_meaning)
        item.RequestedProcedureCodeSequence = Sequence([code])
    if request.protocol_code:
        code = _code(request.protocol_code, request.protocol_scheme, request.step_description)
        item.ScheduledProtocolCodeSequence = Sequence([code])
    return item


def _equipment(data_set: Dataset, context: StudyContext) -> None:
    data_set.Manufacturer = "Radloop"
    data_set.ManufacturerModelName = f"Synthetic {context.modality}"
    data_set.DeviceSerialNumber = context.station_ae_title
    data_set.SoftwareVersions = "1"
    data_set.InstitutionName = context.institution
    data_set.StationName = context.station_name


def _acquired(data_set: Dataset, context: StudyContext) -> None:
    data_set.AcquisitionDate = data_set.ContentDate = context.performed_date
    data_set.AcquisitionTime = data_set.ContentTime = context.performed_time


def _general_image(data_set: Dataset, context: StudyContext) -> None:
    data_set.SOPClassUID = SOP_CLASS_UIDS[context.modality]
    data_set.AcquisitionNumber = 1
    data_set.BurnedInAnnotation = "NO"
    data_set.LossyImageCompression = "00"


def _image_pixel(data_set: Dataset, layout: FrameFormat) -> None:
    data_set.Rows = layout.rows
    data_set.Columns = layout.columns
    data_set.SamplesPerPixel = layout.samples_per_pixel
    data_set.PhotometricInterpretation = "MONOCHROME2" if layout.samples_per_pixel == 1 else "RGB"
    if layout.samples_per_pixel > 1:
        data_set.PlanarConfiguration = 0
    data_set.BitsAllocated = layout.bits_allocated
    data_set.BitsStored = layout.bits_stored
    data_set.HighBit = layout.bits_stored - 1
    data_set.PixelRepresentation = 0


def _image_plane(data_set: Dataset, context: StudyContext, layout: FrameFormat) -> None:
    """The varying attributes add position and location."""
    data_set.PatientPosition = "HFS"
    data_set.ImageOrientationPatient = _AXIAL
    data_set.PixelSpacing = [_decimal(layout.spacing_mm)] * 2
    data_set.SliceThickness = SLICE_MM[context.modality]


def _window(data_set: Dataset, centre: int, width: int) -> None:
    data_set.WindowCenter = centre
    data_set.WindowWidth = width


def _ct_image(data_set: Dataset, context: StudyContext, layout: FrameFormat) -> None:
    _image_plane(data_set, context, layout)
    data_set.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data_set.RescaleIntercept = -1024
    data_set.RescaleSlope = 1
    data_set.RescaleType = "HU"
    data_set.KVP = 120
    data_set.XRayTubeCurrent = 200
    data_set.ExposureTime = 500
    data_set.ConvolutionKernel = "STANDARD"
    _window(data_set, 40, 400)


def _mr_image(data_set: Dataset, context: StudyContext, layout: FrameFormat) -> None:
    _image_plane(data_set, context, layout)
    data_set.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    data_set.ScanningSequence = "SE"
    data_set.SequenceVariant = "SK"
    data_set.ScanOptions = ""
    data_set.MRAcquisitionType = "2D"
    data_set.RepetitionTime = 4000
    data_set.EchoTime = 100
    data_set.EchoTrainLength = 16
    data_set.FlipAngle = 90
    data_set.MagneticFieldStrength = 1.5
    _window(data_set, 600, 1200)


def _cr_image(data_set: Dataset, context: StudyContext, layout: FrameFormat) -> None:
    """CR Series and CR Image. View Position belongs to the series, whose views differ: unknown."""
    data_set.ImageType = ["ORIGINAL", "PRIMARY"]
    data_set.ViewPosition = ""
    data_set.PlateType = "Synthetic"
    data_set.ImagerPixelSpacing = [_decimal(layout.spacing_mm)] * 2
    data_set.KVP = 90
    _window(data_set, 2048, 4096)


def _dx_image(data_set: Dataset, context: StudyContext, layout: FrameFormat) -> None:
    """What a DX image adds to the modules of digital X-ray."""
    _digital_x_ray(data_set, context, layout)
    data_set.KVP = 110
    data_set.ImageLaterality = "U"


def _mg_image(data_set: Dataset, context: StudyContext, layout: FrameFormat) -> None:
    """What a mammogram adds to the modules of digital X-ray (PS3.3 C.8.11.7); the varying attributes add view and side."""
    _digital_x_ray(data_set, context, layout)
    data_set.KVP = 28
    data_set.PositionerType = "MAMMOGRAPHIC"
    data_set.OrganExposed = "BREAST"
    data_set.BreastImplantPresent = "NO"


def _digital_x_ray(data_set: Dataset, context: StudyContext, layout: FrameFormat) -> None:
    """DX Series, DX Image and DX Detector; anatomy and acquisition context are the context's."""
    data_set.ImageType = ["ORIGINAL", "PRIMARY", ""]
    data_set.PresentationIntentType = "FOR PRESENTATION"
    data_set.PixelIntensityRelationship = "LOG"
    data_set.PixelIntensityRelationshipSign = -1
    data_set.RescaleIntercept = 0
    data_set.RescaleSlope = 1
    data_set.RescaleType = "US"
    data_set.PresentationLUTShape = "IDENTITY"
    data_set.DetectorType = "DIRECT"
    data_set.ImagerPixelSpacing = [_decimal(layout.spacing_mm)] * 2
    _window(data_set, 2048, 4096)


def _us_image(data_set: Dataset, context: StudyContext, layout: FrameFormat) -> None:
    data_set.ImageType = ["ORIGINAL", "PRIMARY", "ABDOMINAL" if context.body_part == "ABDOMEN" else "SMALL PARTS"]
    data_set.UltrasoundColorDataPresent = 0
    data_set.PatientOrientation = ""  # type 2C: required, and unknown for a hand-held probe


_MODALITY_MODULES: dict[str, Callable[[Dataset, StudyContext, FrameFormat], None]] = {
    "CT": _ct_image,
    "MR": _mr_image,
    "DX": _dx_image,
    "US": _us_image,
    "CR": _cr_image,
    "MG": _mg_image,
}


def _anatomic_region(body_part: str) -> list[Dataset]:
    region = ANATOMIC_REGIONS.get(body_part)
    return [_code(region.code, "SCT", region.meaning)] if region else []


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


def _reference(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class_uid
    item.ReferencedSOPInstanceUID = sop_instance_uid
    return item


def _decimal(value: float) -> str:
    return f"{value:.6g}"  # a DS has at most 16 characters
