"""Reports: lane ``reports``, HL7 ORU^R01 (HL7 7.3.1), answered by an Acknowledgement."""

from dataclasses import dataclass
from typing import ClassVar

from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import Code, Patient, PersonName

RESULT_STATUSES = frozenset(("P", "F"))
"""HL7 tables 0085 and 0123: P preliminary, F final."""


@dataclass(frozen=True, slots=True)
class Report:
    """ORU^R01: one report on one study; OBR-25 and OBX-11 are both ``status``. ``text`` holds lines joined by a newline."""

    control_id: str
    sent_at: Stamp
    patient: Patient
    placer_order_number: str
    accession_number: str
    study_instance_uid: str
    procedure: Code
    status: str
    text: str
    reader: PersonName
    reported_at: Stamp

    lane: ClassVar[str] = "reports"

    def __post_init__(self) -> None:
        canonical.heading(self.control_id, self.sent_at)
        canonical.identifier(self.placer_order_number, 22, "placer_order_number")
        canonical.identifier(self.accession_number, 16, "accession_number")
        if self.study_instance_uid:  # a report need not name its study
            canonical.uid(self.study_instance_uid, "study_instance_uid")
        canonical.stamp(self.reported_at, "reported_at")
        canonical.one_of(self.status, RESULT_STATUSES, "report.status")
        object.__setattr__(self, "text", canonical.lines(self.text, "report.text"))

    @property
    def nominal_bytes(self) -> int:
        return 700 + len(self.text)

    @property
    def subject(self) -> str:
        return self.control_id

    @property
    def identifiers(self) -> dict[str, str]:
        return {
            "mrn": self.patient.patient_id,
            "placer": self.placer_order_number,
            "accession": self.accession_number,
            "study": self.study_instance_uid,
            "control": self.control_id,
            "status": self.status,
        }
