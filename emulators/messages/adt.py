"""Patient administration: lane ``adt``, HL7 ADT, answered by an Acknowledgement."""

from dataclasses import dataclass
from typing import ClassVar

from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import Patient, Visit


@dataclass(frozen=True, slots=True)
class RegisterPatient:
    """ADT^A04: an outpatient has come (HL7 3.3.4, RAD-1)."""

    control_id: str
    sent_at: Stamp
    patient: Patient
    visit: Visit

    lane: ClassVar[str] = "adt"
    nominal_bytes: ClassVar[int] = 400

    def __post_init__(self) -> None:
        canonical.heading(self.control_id, self.sent_at)

    @property
    def subject(self) -> str:
        return self.control_id

    @property
    def identifiers(self) -> dict[str, str]:
        return {"mrn": self.patient.patient_id, "control": self.control_id}
