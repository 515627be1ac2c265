"""Instances that are no pictures: structured reports, key objects, presentation states, waveforms, plans, documents.

As ``iods``: what each needs beyond patient, study, series and SOP common (PS3.3 Annex A).
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydicom.dataset import Dataset

from conformance.material.items import code, item

Attributes = Mapping[str, Any]

_AT = "20250303101500"
UNKNOWN_UID = "2.25.332306998946228968225951765070086144"
"""Of a study, series, image or device that is referenced, and nobody has."""
_CT = "1.2.840.10008.5.1.4.1.1.2"


# --- structured reports ------------------------------------------------------------------------------------------------


def _report() -> Attributes:
    text = item(
        RelationshipType="CONTAINS",
        ValueType="TEXT",
        ConceptNameCodeSequence=[code("121071", "DCM", "Finding")],
        TextValue="No finding.",
    )
    return {**_tree(code("11528-7", "LN", "Radiology Report"), [text]), "CompletionFlag": "COMPLETE"}


def _tree(title: Dataset, content: list[Dataset]) -> dict[str, Any]:
    return {
        "ReferencedPerformedProcedureStepSequence": [],
        "VerificationFlag": "UNVERIFIED",
        "PerformedProcedureCodeSequence": [],
        "ValueType": "CONTAINER",
        "ContinuityOfContent": "SEPARATE",
        "ConceptNameCodeSequence": [title],
        "ContentSequence": content,
    }


def _dose_report() -> Attributes:
    procedure = item(
        RelationshipType="HAS CONCEPT MOD",
        ValueType="CODE",
        ConceptNameCodeSequence=[code("121058", "DCM", "Procedure reported")],
        ConceptCodeSequence=[code("77477000", "SCT", "Computed Tomography X-Ray")],
    )
    title = code("113701", "DCM", "X-Ray Radiation Dose Report")
    template = item(MappingResource="DCMR", TemplateIdentifier="10011")
    return {**_tree(title, [procedure]), "CompletionFlag": "COMPLETE", "ContentTemplateSequence": [template]}


def _evidence() -> Dataset:
    image = item(ReferencedSOPClassUID=_CT, ReferencedSOPInstanceUID=UNKNOWN_UID)
    series = item(SeriesInstanceUID=UNKNOWN_UID, ReferencedSOPSequence=[image])
    return item(StudyInstanceUID=UNKNOWN_UID, ReferencedSeriesSequence=[series])


def _key_objects() -> Attributes:
    image = item(
        RelationshipType="CONTAINS",
        ValueType="IMAGE",
        ReferencedSOPSequence=[item(ReferencedSOPClassUID=_CT, ReferencedSOPInstanceUID=UNKNOWN_UID)],
    )
    tree = _tree(code("113000", "DCM", "Of Interest"), [image])
    for keyword in ("VerificationFlag", "PerformedProcedureCodeSequence"):
        del tree[keyword]
    template = item(MappingResource="DCMR", TemplateIdentifier="2010")
    return {**tree, "CurrentRequestedProcedureEvidenceSequence": [_evidence()], "ContentTemplateSequence": [template]}


# --- others ------------------------------------------------------------------------------------------------------------


def _presentation_state() -> Attributes:
    image = item(ReferencedSOPClassUID=_CT, ReferencedSOPInstanceUID=UNKNOWN_UID)
    area = item(
        ReferencedImageSequence=[image],
        DisplayedAreaTopLeftHandCorner=[1, 1],
        DisplayedAreaBottomRightHandCorner=[16, 16],
        PresentationSizeMode="SCALE TO FIT",
        PresentationPixelAspectRatio=["1", "1"],
    )
    return {
        "ContentLabel": "WINDOW",
        "ContentDescription": "",
        "ContentCreatorName": "",
        "PresentationCreationDate": "20250303",
        "PresentationCreationTime": "101500",
        "ReferencedSeriesSequence": [item(SeriesInstanceUID=UNKNOWN_UID, ReferencedImageSequence=[image])],
        "DisplayedAreaSelectionSequence": [area],
        "PresentationLUTShape": "IDENTITY",
        "Laterality": "",
    }


def _ecg(leads: int) -> Attributes:
    channels = [
        item(
            ChannelSourceSequence=[code("2:1", "MDC", "Lead I")],
            ChannelSensitivity="1",
            ChannelSensitivityUnitsSequence=[code("uV", "UCUM", "microvolt")],
            ChannelSensitivityCorrectionFactor="1",
            ChannelBaseline="0",
            ChannelSampleSkew="0",
            WaveformBitsStored=16,
        )
        for _ in range(leads)
    ]
    waveform = item(
        WaveformOriginality="ORIGINAL",
        NumberOfWaveformChannels=leads,
        NumberOfWaveformSamples=50,
        SamplingFrequency="500",
        ChannelDefinitionSequence=channels,
        WaveformBitsAllocated=16,
        WaveformSampleInterpretation="SS",
        WaveformData=b"".join((place % 300).to_bytes(2, "little") for place in range(50 * leads)),
    )
    return {"AcquisitionDateTime": _AT, "AcquisitionContextSequence": [], "WaveformSequence": [waveform]}


def _structure_set() -> Attributes:
    contour = item(ContourGeometricType="POINT", NumberOfContourPoints=1, ContourData=["0", "0", "0"])
    return {
        "OperatorsName": "",
        "PositionReferenceIndicator": "",
        "StructureSetLabel": "PLAN",
        "StructureSetDate": "20250303",
        "StructureSetTime": "101500",
        "StructureSetROISequence": [
            item(ROINumber="1", ReferencedFrameOfReferenceUID=UNKNOWN_UID, ROIName="PTV", ROIGenerationAlgorithm="MANUAL")
        ],
        "ROIContourSequence": [item(ReferencedROINumber="1", ContourSequence=[contour])],
        "RTROIObservationsSequence": [
            item(ObservationNumber="1", ReferencedROINumber="1", RTROIInterpretedType="PTV", ROIInterpreter="")
        ],
    }


def _plan() -> Attributes:
    return {
        "OperatorsName": "",
        "RTPlanLabel": "PLAN",
        "RTPlanDate": "20250303",
        "RTPlanTime": "101500",
        "RTPlanGeometry": "TREATMENT_DEVICE",
    }


PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
CDA = b'<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3"><title>Report</title></ClinicalDocument>'


def _encapsulated(content: bytes, media_type: str) -> Attributes:
    return {
        "ConversionType": "WSD",
        "AcquisitionDateTime": _AT,
        "BurnedInAnnotation": "NO",
        "DocumentTitle": "Report",
        "ConceptNameCodeSequence": [code("11528-7", "LN", "Radiology Report")],
        "MIMETypeOfEncapsulatedDocument": media_type,
        "EncapsulatedDocument": content + b"\n" * (len(content) % 2),
        "Laterality": "",
    }


DOCUMENTS: Mapping[str, tuple[str, Callable[[], Attributes]]] = {
    "ecg-12": ("ECG", lambda: _ecg(12)),
    "ecg": ("ECG", lambda: _ecg(1)),
    "sr-basic": ("SR", _report),
    "sr-enhanced": ("SR", _report),
    "sr-comprehensive": ("SR", _report),
    "sr-dose": ("SR", _dose_report),
    "ko": ("KO", _key_objects),
    "gsps": ("PR", _presentation_state),
    "rt-struct": ("RTSTRUCT", _structure_set),
    "rt-plan": ("RTPLAN", _plan),
    "pdf": ("DOC", lambda: _encapsulated(PDF, "application/pdf")),
    "cda": ("DOC", lambda: {**_encapsulated(CDA, "text/XML"), "HL7InstanceIdentifier": "2.16.840.1.113883.19.4^1"}),
}
"""Short name to modality and attributes."""
