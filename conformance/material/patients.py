"""Patients of a trial, and the ADT messages about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.material.hl7 import SENT_AT
from conformance.material.messages import Sent, message_to_product
from conformance.trial import Trial
from emulators.wire.er7 import Field, Row, row

ISSUER = "RADLOOP"

STRUCTURES = {"A04": "ADT_A01", "A05": "ADT_A05", "A08": "ADT_A01", "A13": "ADT_A01", "A28": "ADT_A05", "A31": "ADT_A05"} | {
    "A01": "ADT_A01",
    "A02": "ADT_A02",
    "A03": "ADT_A03",
    "A06": "ADT_A06",
    "A07": "ADT_A06",
    "A11": "ADT_A09",
    "A12": "ADT_A09",
    "A38": "ADT_A38",
    "A40": "ADT_A39",
}
"""Message structures (MSH-9.3) by trigger event (HL7 v2.5.1 chapter 3)."""


@dataclass(frozen=True, slots=True)
class Patient:
    """``name`` as XPN components: family, given, middle, suffix, prefix; ``names`` are its repetitions, where it has any."""

    patient_id: str
    name: tuple[str, ...] = ("Doe", "Jane")
    birth_date: str = "19700101"
    sex: str = "F"
    issuer: str = ISSUER
    names: tuple[tuple[str, ...], ...] = ()

    @property
    def cx(self) -> tuple[str, ...]:
        """PID-3."""
        return (self.patient_id, "", "", self.issuer, "MR")

    @property
    def dicom_name(self) -> str:
        """PN: the suffix stands behind the prefix (PS3.5 6.2.1.1)."""
        family, given, middle, suffix, prefix = (*self.name, "", "", "", "", "")[:5]
        return f"{family}^{given}^{middle}^{prefix}^{suffix}".rstrip("^")

    @property
    def step_data(self) -> dict[str, str]:
        """As data of an operator step, by dotted keys."""
        family, given, *_ = (*self.name, "", "")
        return {
            "patient.patient_id": self.patient_id,
            "patient.issuer": self.issuer,
            "patient.name.family": family,
            "patient.name.given": given,
            "patient.birth_date": self.birth_date,
            "patient.sex": self.sex,
        }


def pid(patient: Patient, fields: Mapping[int, Field] | None = None) -> Row:
    """PID; ``fields`` replaces or adds by number."""
    return row(
        "PID",
        {
            1: "1",
            3: patient.cx,
            5: list(patient.names) or patient.name,
            7: patient.birth_date,
            8: patient.sex,
            **(fields or {}),
        },
    )


@dataclass(frozen=True, slots=True)
class Visit:
    """PV1: class (O outpatient, I inpatient, E emergency), location, number."""

    number: str
    patient_class: str = "O"
    location: str = "CLINIC"
    fields: Mapping[int, Field] = field(default_factory=dict)

    def row(self) -> Row:
        return row("PV1", {1: "1", 2: self.patient_class, 3: (self.location,), 19: self.number, **self.fields})


def adt(trial: Trial, trigger: str, rows: Sequence[Row], **options: Any) -> Sent:
    """An ADT message of any trigger; ``rows`` are those behind EVN, ``options`` those of ``message_to_product``."""
    event = row("EVN", {1: trigger, 2: SENT_AT})
    return message_to_product(trial, f"ADT^{trigger}^{STRUCTURES.get(trigger, '')}", [event, *rows], **options)


def register(
    trial: Trial, trigger: str = "A04", patient: Patient | None = None, visit: Visit | None = None, **options: Any
) -> Sent:
    """A patient comes: A01, A04, A05, A28, or changes: A08, A31. ``options`` are those of ``adt``."""
    patient = patient or Patient(trial.patient_id())
    visit = visit or Visit(trial.identifier("V"))
    return adt(trial, trigger, [pid(patient), visit.row()], **options)


def merge(trial: Trial, survivor: Patient, merged: Patient) -> Sent:
    """A40: what ``merged`` had belongs to ``survivor``."""
    return adt(trial, "A40", [pid(survivor), row("MRG", {1: merged.cx, 7: merged.name})])
