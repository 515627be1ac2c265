"""Does a study belong to an order? By patient, accession number and Study Instance UID, all three.

============  =============================================================================================
``matched``   an order is expected under this accession number, for this patient and this Study Instance UID
``held``      an order is expected under this accession number, but patient or Study Instance UID differ
``orphan``    no order is expected under this accession number
============  =============================================================================================
"""

from dataclasses import dataclass
from enum import Enum

from emulators.messages.common import Patient
from emulators.messages.imaging import StudyHeader


class Reconciliation(Enum):
    MATCHED = "matched"
    HELD = "held"
    ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Expected:
    """What an order announced."""

    patient: Patient
    accession_number: str
    study_instance_uid: str


def reconcile(header: StudyHeader, expected: Expected | None) -> Reconciliation:
    """The state of a study whose accession number is expected as ``expected``, or not at all."""
    if expected is None:
        return Reconciliation.ORPHAN
    same_patient = (header.patient.patient_id, header.patient.issuer) == (
        expected.patient.patient_id,
        expected.patient.issuer,
    )
    if same_patient and header.study_instance_uid == expected.study_instance_uid:
        return Reconciliation.MATCHED
    return Reconciliation.HELD
