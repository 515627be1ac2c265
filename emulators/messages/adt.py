"""Patient administration: lane ``adt``, HL7 ADT (HL7 chapter 3), answered by an Acknowledgement.

A message carries the patient as its sender knows it. An empty attribute says nothing; what the sender has deleted (``""`` in
HL7, 2.5.3) is named in ``deleted``. ``current`` puts the two together with what the receiver knew.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from emulators.core.errors import LocalProtocolError
from emulators.messages import canonical
from emulators.messages.common import Patient, Visit
from emulators.messages.hl7_message import Hl7Message

DELETABLE = ("birth_date", "sex")
"""What a patient can be without, and so what can be deleted."""


@dataclass(frozen=True, slots=True)
class PatientMessage(Hl7Message):
    """Who, and the visit that the event is about. ``event`` is the trigger event of HL7 table 0003."""

    visit: Visit
    deleted: tuple[str, ...] = ()

    event: ClassVar[str] = ""
    lane: ClassVar[str] = "adt"
    nominal_bytes: ClassVar[int] = 400

    def __post_init__(self) -> None:
        Hl7Message.__post_init__(self)
        object.__setattr__(self, "deleted", tuple(sorted(self.deleted)))
        for attribute in self.deleted:
            if attribute not in DELETABLE or getattr(self.patient, attribute):
                raise LocalProtocolError("deleted: not an attribute that is empty and may be deleted")


@dataclass(frozen=True, slots=True)
class AdmitPatient(PatientMessage):
    """ADT^A01: an inpatient has come (3.3.1)."""

    event: ClassVar[str] = "A01"


@dataclass(frozen=True, slots=True)
class TransferPatient(PatientMessage):
    """ADT^A02: an inpatient has another location (3.3.2)."""

    event: ClassVar[str] = "A02"


@dataclass(frozen=True, slots=True)
class DischargePatient(PatientMessage):
    """ADT^A03: the visit has ended (3.3.3)."""

    event: ClassVar[str] = "A03"


@dataclass(frozen=True, slots=True)
class RegisterPatient(PatientMessage):
    """ADT^A04: an outpatient, or a patient of the emergency department, has come (3.3.4, RAD-1)."""

    event: ClassVar[str] = "A04"


@dataclass(frozen=True, slots=True)
class PreadmitPatient(PatientMessage):
    """ADT^A05: an inpatient will come (3.3.5)."""

    event: ClassVar[str] = "A05"


@dataclass(frozen=True, slots=True)
class BecomeInpatient(PatientMessage):
    """ADT^A06: an outpatient is admitted (3.3.6)."""

    event: ClassVar[str] = "A06"


@dataclass(frozen=True, slots=True)
class BecomeOutpatient(PatientMessage):
    """ADT^A07: an inpatient goes on as an outpatient (3.3.7)."""

    event: ClassVar[str] = "A07"


@dataclass(frozen=True, slots=True)
class UpdatePatient(PatientMessage):
    """ADT^A08: the patient or the visit has changed (3.3.8, RAD-12)."""

    event: ClassVar[str] = "A08"


@dataclass(frozen=True, slots=True)
class CancelAdmission(PatientMessage):
    """ADT^A11: the admission or visit was entered in error (3.3.11). Orders stay."""

    event: ClassVar[str] = "A11"


@dataclass(frozen=True, slots=True)
class CancelTransfer(PatientMessage):
    """ADT^A12: the transfer was entered in error; the location is the one before (3.3.12)."""

    event: ClassVar[str] = "A12"


@dataclass(frozen=True, slots=True)
class CancelDischarge(PatientMessage):
    """ADT^A13: the visit goes on (3.3.13)."""

    event: ClassVar[str] = "A13"


@dataclass(frozen=True, slots=True)
class AddPerson(PatientMessage):
    """ADT^A28: the person is known, whatever the visit (3.3.28)."""

    event: ClassVar[str] = "A28"


@dataclass(frozen=True, slots=True)
class UpdatePerson(PatientMessage):
    """ADT^A31: the person has changed, whatever the visit (3.3.31)."""

    event: ClassVar[str] = "A31"


@dataclass(frozen=True, slots=True)
class CancelPreadmission(PatientMessage):
    """ADT^A38: the inpatient will not come (3.3.38). Orders stay."""

    event: ClassVar[str] = "A38"


@dataclass(frozen=True, slots=True)
class MergePatients(Hl7Message):
    """ADT^A40: what was known under ``prior_patient_id`` belongs to ``patient`` (3.3.40, RAD-12); the prior ID is over."""

    prior_patient_id: str
    prior_issuer: str

    event: ClassVar[str] = "A40"
    deleted: ClassVar[tuple[str, ...]] = ()
    lane: ClassVar[str] = "adt"
    nominal_bytes: ClassVar[int] = 400

    def __post_init__(self) -> None:
        Hl7Message.__post_init__(self)
        object.__setattr__(self, "prior_patient_id", canonical.text(self.prior_patient_id, 64, "prior_patient_id"))
        object.__setattr__(self, "prior_issuer", canonical.text(self.prior_issuer, 64, "prior_issuer"))

    @property
    def identifiers(self) -> dict[str, str]:
        return self.named(prior_mrn=self.prior_patient_id)


VISIT_MESSAGES: tuple[type[PatientMessage], ...] = (
    AdmitPatient,
    TransferPatient,
    DischargePatient,
    RegisterPatient,
    PreadmitPatient,
    BecomeInpatient,
    BecomeOutpatient,
    UpdatePatient,
    CancelAdmission,
    CancelTransfer,
    CancelDischarge,
    AddPerson,
    UpdatePerson,
    CancelPreadmission,
)
"""All that is about one patient."""

PERSON_MESSAGES = (AddPerson, UpdatePerson)
"""Those that say nothing of a visit."""


def current(known: Patient | None, message: PatientMessage | MergePatients) -> Patient:
    """The patient after ``message``: what it says, what it deletes, and else what was known."""
    said = message.patient
    if known is None:
        return said
    return replace(
        said,
        name=said.name if said.name.pn else known.name,
        birth_date=said.birth_date if said.birth_date or "birth_date" in message.deleted else known.birth_date,
        sex=said.sex if said.sex or "sex" in message.deleted else known.sex,
    )
