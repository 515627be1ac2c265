"""What a modality says of a performed procedure step: N-CREATE and N-SET with the attributes of PS3.4 Table F.7.2-1.

A step names worklist entries (``entries``: data sets as a worklist answers them), or none: the exam is unscheduled, and the one
item of the Scheduled Step Attributes Sequence has empty values (RAD TF-2 4.6.4.1.2.3.2).
"""

from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset

from conformance.material.items import code, item
from conformance.material.patients import Patient
from conformance.trial import Trial

MPPS = "1.2.840.10008.3.1.2.3.3"
IN_PROGRESS, COMPLETED, DISCONTINUED = "IN PROGRESS", "COMPLETED", "DISCONTINUED"
DAY, STARTED_AT, ENDED_AT = "20250303", "101500", "103000"

UNSPECIFIED = ("110513", "Discontinued for unspecified reason")
WRONG_WORKLIST_ENTRY = ("110514", "Incorrect worklist entry selected")
"""Reasons of PS3.16 CID 9300."""

_CT = "1.2.840.10008.5.1.4.1.1.2"


def entry(trial: Trial, patient: Patient) -> Dataset:
    """A worklist entry with identifiers of the trial that no worklist need have."""
    procedure, accession = code("CT-HEAD", "99RADLOOP", "CT head without contrast"), trial.accession_number()
    step = item(
        ScheduledProcedureStepID=f"S{accession}",
        ScheduledProcedureStepDescription="CT head without contrast",
        ScheduledProtocolCodeSequence=[procedure],
    )
    return item(
        PatientID=patient.patient_id,
        AccessionNumber=accession,
        StudyInstanceUID=trial.uid(),
        RequestedProcedureID=f"R{accession}",
        RequestedProcedureDescription="CT head without contrast",
        RequestedProcedureCodeSequence=[procedure],
        ScheduledProcedureStepSequence=[step],
    )


class PerformedStep:
    """One performed step of a patient, by its SOP Instance UID and its ID."""

    def __init__(self, trial: Trial, patient: Patient, entries: Sequence[Dataset] = (), study: str = "") -> None:
        self._patient = patient
        self._entries = entries
        self.uid = trial.uid()
        self.step_id = trial.identifier("PP")
        self.study = study or (str(entries[0].StudyInstanceUID) if entries else trial.uid())
        self.series = trial.uid()
        self.images: tuple[str, ...] = (trial.uid(), trial.uid())

    def has_made(self, images: Sequence[Dataset]) -> None:
        """Its series is that of these images."""
        self.series = str(images[0].SeriesInstanceUID)
        self.images = tuple(str(image.SOPInstanceUID) for image in images)

    def created(self, **changes: Any) -> Dataset:
        """N-CREATE; an attribute of None is left out."""
        values: dict[str, Any] = {
            "PatientName": self._patient.dicom_name,
            "PatientID": self._patient.patient_id,
            "IssuerOfPatientID": self._patient.issuer,
            "PatientBirthDate": self._patient.birth_date,
            "PatientSex": self._patient.sex,
            "ReferencedPatientSequence": [],
            "ScheduledStepAttributesSequence": [self._named(one) for one in self._entries or (Dataset(),)],
            "PerformedProcedureStepID": self.step_id,
            "PerformedStationAETitle": "CT1",
            "PerformedStationName": "",
            "PerformedLocation": "",
            "PerformedProcedureStepStartDate": DAY,
            "PerformedProcedureStepStartTime": STARTED_AT,
            "PerformedProcedureStepStatus": IN_PROGRESS,
            "PerformedProcedureStepDescription": "CT head without contrast",
            "PerformedProcedureTypeDescription": "",
            "ProcedureCodeSequence": [],
            "PerformedProcedureStepEndDate": "",
            "PerformedProcedureStepEndTime": "",
            "Modality": "CT",
            "StudyID": "1",
            "PerformedProtocolCodeSequence": [],
            "PerformedSeriesSequence": [],
            **changes,
        }
        return _dataset(values)

    def _named(self, scheduled: Dataset) -> Dataset:
        """An item of the Scheduled Step Attributes Sequence; of an empty entry, one with empty values."""
        steps: Sequence[Dataset] = scheduled.get("ScheduledProcedureStepSequence") or [Dataset()]
        return item(
            StudyInstanceUID=self.study,
            ReferencedStudySequence=[],
            AccessionNumber=scheduled.get("AccessionNumber", ""),
            RequestedProcedureID=scheduled.get("RequestedProcedureID", ""),
            RequestedProcedureDescription=scheduled.get("RequestedProcedureDescription", ""),
            ScheduledProcedureStepID=steps[0].get("ScheduledProcedureStepID", ""),
            ScheduledProcedureStepDescription=steps[0].get("ScheduledProcedureStepDescription", ""),
            ScheduledProtocolCodeSequence=list(steps[0].get("ScheduledProtocolCodeSequence") or []),
        )

    def ended(self, status: str = COMPLETED, **changes: Any) -> Dataset:
        """The N-SET to a final state, with one series, of two images unless ``images`` are others."""
        values: dict[str, Any] = {
            "PerformedProcedureStepStatus": status,
            "PerformedProcedureStepEndDate": DAY,
            "PerformedProcedureStepEndTime": ENDED_AT,
            "PerformedSeriesSequence": [self._series()],
            **changes,
        }
        return _dataset(values)

    def discontinued(self, reason: tuple[str, str]) -> Dataset:
        """The N-SET of an exam that was broken off, for a reason of CID 9300."""
        why = [code(reason[0], "DCM", reason[1])]
        return self.ended(DISCONTINUED, PerformedProcedureStepDiscontinuationReasonCodeSequence=why)

    def _series(self) -> Dataset:
        return item(
            PerformingPhysicianName="",
            ProtocolName="CT head",
            OperatorsName="",
            SeriesInstanceUID=self.series,
            SeriesDescription="",
            RetrieveAETitle="",
            ReferencedImageSequence=[item(ReferencedSOPClassUID=_CT, ReferencedSOPInstanceUID=uid) for uid in self.images],
            ReferencedNonImageCompositeSOPInstanceSequence=[],
        )


def _dataset(values: dict[str, Any]) -> Dataset:
    return item(**{keyword: value for keyword, value in values.items() if value is not None})
