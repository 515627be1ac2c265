"""The modality worklist: lane ``worklist``, C-FIND (PS3.4 K, RAD-5), answered by WorklistItems."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from emulators.messages.attributes import NOTHING, Attributes, Value, of
from emulators.messages.common import listed

STEPS = "ScheduledProcedureStepSequence"

_CODE = (of(dict.fromkeys(("CodeValue", "CodingSchemeDesignator", "CodeMeaning"), "")),)
_REFERENCE = (of(dict.fromkeys(("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"), "")),)

_STEP_KEYS: dict[str, Value] = {
    "Modality": "",
    "RequestedContrastAgent": "",
    "ScheduledStationAETitle": "",
    "ScheduledProcedureStepStartDate": "",
    "ScheduledProcedureStepStartTime": "",
    "ScheduledPerformingPhysicianName": "",
    "ScheduledProcedureStepDescription": "",
    "ScheduledProtocolCodeSequence": _CODE,
    "ScheduledProcedureStepID": "",
    "ScheduledStationName": "",
    "ScheduledProcedureStepLocation": "",
    "ScheduledProcedureStepStatus": "",
    "PreMedication": "",
}
_KEYS: dict[str, Value] = {
    "AccessionNumber": "",
    "ReferringPhysicianName": "",
    "ReferencedStudySequence": _REFERENCE,
    "ReferencedPatientSequence": _REFERENCE,
    "PatientName": "",
    "PatientID": "",
    "IssuerOfPatientID": "",
    "PatientBirthDate": "",
    "PatientSex": "",
    "PatientWeight": "",
    "MedicalAlerts": "",
    "Allergies": "",
    "PregnancyStatus": "",
    "StudyInstanceUID": "",
    "RequestingPhysician": "",
    "RequestedProcedureDescription": "",
    "RequestedProcedureCodeSequence": _CODE,
    "AdmissionID": "",
    "SpecialNeeds": "",
    "CurrentPatientLocation": "",
    "PatientState": "",
    "RequestedProcedureID": "",
    "ReasonForTheRequestedProcedure": "",
    "RequestedProcedurePriority": "",
    "PatientTransportArrangements": "",
    "PlacerOrderNumberImagingServiceRequest": "",
    "FillerOrderNumberImagingServiceRequest": "",
    "ConfidentialityConstraintOnPatientDataDescription": "",
}

KEYS = of({**_KEYS, STEPS: (of(_STEP_KEYS),)})
"""The key table (PS3.4 Table K.6-1): every key of type 1 and 2, those of type 3 that we know, an item in each sequence. Our
worklist matches and returns each of them, whatever its entries hold."""


@dataclass(frozen=True, slots=True)
class WorklistQuery:
    """An identifier (PS3.4 Table K.6-1): matching keys have values, return keys are empty, and an absent key is not returned.

    The keys of the step are in the one item of the Scheduled Procedure Step Sequence.
    """

    keys: Attributes = NOTHING

    lane: ClassVar[str] = "worklist"
    nominal_bytes: ClassVar[int] = 700

    @property
    def step(self) -> Attributes:
        """The keys of the step."""
        return self.keys.item(STEPS)

    @property
    def subject(self) -> str:
        step, keys = self.step, self.keys
        station, dates = step.text("ScheduledStationAETitle"), step.text("ScheduledProcedureStepStartDate")
        return f"{station}/{keys.text('PatientID')}/{keys.text('AccessionNumber')}/{dates}"

    @property
    def identifiers(self) -> dict[str, str]:
        named = {
            "mrn": self.keys.text("PatientID"),
            "accession": self.keys.text("AccessionNumber"),
            "station": self.step.text("ScheduledStationAETitle"),
        }
        return {name: value for name, value in named.items() if value}


def query_for_all_keys(step: Mapping[str, Value], keys: Mapping[str, Value] | None = None) -> WorklistQuery:
    """A query that returns every key of the table; ``step`` and ``keys`` are matched, those of the step and the others."""
    return WorklistQuery(of({**_KEYS, **(keys or {}), STEPS: (of({**_STEP_KEYS, **step}),)}))


@dataclass(frozen=True, slots=True)
class WorklistItems:
    """All matches, in the order of their start, each with one item in its Scheduled Procedure Step Sequence.

    ``status`` is that of the final response, 0000H for success. ``keys_supported``: whether every key that was asked for is
    known; if not, the pending responses are FF01H (PS3.4 Table K.4-1). Without a match there is nothing to tell it by.
    """

    items: tuple[Attributes, ...]
    status: int = 0x0000
    keys_supported: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys_supported", self.keys_supported or not self.items)

    @property
    def nominal_bytes(self) -> int:
        return 150 + 900 * len(self.items)

    @property
    def summary(self) -> dict[str, int | str]:
        return listed(item.item(STEPS).text("ScheduledProcedureStepID") for item in self.items)
