"""Performed procedure steps that the tester, as a modality, reports (PS3.4 Table F.7.2-1)."""

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from conformance.material.patients import Patient

PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"


def started(patient: Patient, study_uid: str, accession: str, step_id: str, station: str) -> Dataset:
    """N-CREATE: in progress."""
    reference = Dataset()
    reference.StudyInstanceUID = study_uid
    reference.ReferencedStudySequence = Sequence([])
    reference.AccessionNumber = accession
    reference.RequestedProcedureID = f"R{accession}"[:16]
    reference.RequestedProcedureDescription = "CT head without contrast"
    reference.ScheduledProcedureStepID = step_id
    reference.ScheduledProcedureStepDescription = "CT head without contrast"
    reference.ScheduledProtocolCodeSequence = Sequence([])
    step = Dataset()
    step.ScheduledStepAttributesSequence = Sequence([reference])
    step.PatientName = patient.dicom_name
    step.PatientID = patient.patient_id
    step.PatientBirthDate = patient.birth_date
    step.PatientSex = patient.sex
    step.ReferencedPatientSequence = Sequence([])
    step.PerformedProcedureStepID = f"P{accession}"[:16]
    step.PerformedStationAETitle = station
    step.PerformedStationName = ""
    step.PerformedLocation = ""
    step.PerformedProcedureStepStartDate = "20250303"
    step.PerformedProcedureStepStartTime = "141500"
    step.PerformedProcedureStepStatus = "IN PROGRESS"
    step.PerformedProcedureStepDescription = "CT head without contrast"
    step.PerformedProcedureTypeDescription = ""
    step.ProcedureCodeSequence = Sequence([])
    step.PerformedProcedureStepEndDate = ""
    step.PerformedProcedureStepEndTime = ""
    step.Modality = "CT"
    step.StudyID = ""
    step.PerformedProtocolCodeSequence = Sequence([])
    step.PerformedSeriesSequence = Sequence([])
    return step


def completed(images: list[Dataset]) -> Dataset:
    """N-SET: complete, with these images of one series."""
    series = Dataset()
    series.PerformingPhysicianName = ""
    series.ProtocolName = "CT head"
    series.OperatorsName = ""
    series.SeriesInstanceUID = images[0].SeriesInstanceUID
    series.SeriesDescription = ""
    series.RetrieveAETitle = ""
    series.ReferencedImageSequence = Sequence([_reference(image) for image in images])
    series.ReferencedNonImageCompositeSOPInstanceSequence = Sequence([])
    step = Dataset()
    step.PerformedProcedureStepStatus = "COMPLETED"
    step.PerformedProcedureStepEndDate = "20250303"
    step.PerformedProcedureStepEndTime = "143000"
    step.PerformedSeriesSequence = Sequence([series])
    return step


def _reference(image: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID = image.SOPClassUID
    reference.ReferencedSOPInstanceUID = image.SOPInstanceUID
    return reference
