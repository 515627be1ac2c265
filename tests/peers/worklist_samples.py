"""A worklist entry as our message carries it, and as a data set that pydicom makes of the same values."""

from pydicom.dataset import Dataset

from emulators.messages.attributes import Attributes, of
from emulators.messages.worklist import STEPS

PROCEDURE = {"CodeValue": "CT-HEAD", "CodingSchemeDesignator": "99RADLOOP", "CodeMeaning": "CT head without contrast"}
PROTOCOL = {"CodeValue": "P-CT-HEAD", "CodingSchemeDesignator": "99RADLOOP", "CodeMeaning": "CT head protocol"}

ITEM = of(
    {
        "AccessionNumber": "A1",
        "ReferringPhysicianName": "House^Greg",
        "RequestingPhysician": "Who^Meredith",
        "PatientName": "Doe^Jane^Q",
        "PatientID": "WL1",
        "IssuerOfPatientID": "RADLOOP",
        "PatientBirthDate": "19700228",
        "PatientSex": "F",
        "StudyInstanceUID": "2.25.31",
        "RequestedProcedureDescription": "CT head without contrast",
        "RequestedProcedureCodeSequence": (of(PROCEDURE),),
        "AdmissionID": "V1",
        "CurrentPatientLocation": "CLINIC",
        "RequestedProcedureID": "R1",
        "RequestedProcedurePriority": "STAT",
        "ReasonForTheRequestedProcedure": "Fall",
        "PlacerOrderNumberImagingServiceRequest": "P1",
        STEPS: (
            of(
                {
                    "Modality": "CT",
                    "ScheduledStationAETitle": "CT1",
                    "ScheduledProcedureStepStartDate": "20260302",
                    "ScheduledProcedureStepStartTime": "083000",
                    "ScheduledPerformingPhysicianName": "",
                    "ScheduledProcedureStepDescription": "CT head protocol",
                    "ScheduledProtocolCodeSequence": (of(PROTOCOL),),
                    "ScheduledProcedureStepID": "S1",
                }
            ),
        ),
    }
)


def worklist_item(accession: str, station: str, date: str) -> Dataset:
    """ITEM with this accession number, station and date, as a data set of pydicom."""
    item = _data_set(ITEM)
    item.AccessionNumber = accession
    (step,) = item.ScheduledProcedureStepSequence
    step.ScheduledStationAETitle, step.ScheduledProcedureStepStartDate = station, date
    return item


def _data_set(attributes: Attributes) -> Dataset:
    data_set = Dataset()
    for keyword, value in attributes:
        setattr(data_set, keyword, value if isinstance(value, str) else list(map(_data_set, value)))
    return data_set
