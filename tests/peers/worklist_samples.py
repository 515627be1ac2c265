"""A worklist item as our message, and as a data set that pydicom makes of the same values."""

from pydicom.dataset import Dataset

from emulators.messages.common import Code, Patient, PersonName
from emulators.messages.orders import ScheduledProcedure
from emulators.messages.worklist import WorklistItem

ITEM = WorklistItem(
    patient=Patient("WL1", "RADLOOP", PersonName("Doe", "Jane", "Q"), "19700228", "F"),
    admission_id="V1",
    location="CLINIC",
    referring_physician=PersonName("House", "Greg"),
    requesting_physician=PersonName("Who", "Meredith"),
    placer_order_number="P1",
    reason="Fall",
    priority="STAT",
    procedure=Code("CT-HEAD", "99RADLOOP", "CT head without contrast"),
    modality="CT",
    scheduled=ScheduledProcedure(
        accession_number="A1",
        study_instance_uid="2.25.31",
        requested_procedure_id="R1",
        step_id="S1",
        protocol=Code("P-CT-HEAD", "99RADLOOP", "CT head protocol"),
        station_ae_title="CT1",
        start="20260302083000",
    ),
)


def coded(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme, code.meaning
    return item


def worklist_item(accession: str, station: str, date: str) -> Dataset:
    """ITEM with this accession number, station and date, as a data set of pydicom."""
    step = Dataset()
    step.Modality = "CT"
    step.ScheduledStationAETitle = station
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = date, "083000"
    step.ScheduledPerformingPhysicianName = ""
    step.ScheduledProcedureStepDescription = "CT head protocol"
    step.ScheduledProtocolCodeSequence = [coded(ITEM.scheduled.protocol)]
    step.ScheduledProcedureStepID = "S1"
    item = Dataset()
    item.AccessionNumber = accession
    item.ReferringPhysicianName, item.RequestingPhysician = "House^Greg", "Who^Meredith"
    item.PatientName, item.PatientID, item.IssuerOfPatientID = "Doe^Jane^Q", "WL1", "RADLOOP"
    item.PatientBirthDate, item.PatientSex = "19700228", "F"
    item.StudyInstanceUID = "2.25.31"
    item.RequestedProcedureDescription = "CT head without contrast"
    item.RequestedProcedureCodeSequence = [coded(ITEM.procedure)]
    item.AdmissionID, item.CurrentPatientLocation = "V1", "CLINIC"
    item.ScheduledProcedureStepSequence = [step]
    item.RequestedProcedureID, item.RequestedProcedurePriority = "R1", "STAT"
    item.ReasonForTheRequestedProcedure = "Fall"
    item.PlacerOrderNumberImagingServiceRequest = "P1"
    return item
