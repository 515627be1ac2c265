"""Worklist queries, and the reference worklist: 40 scheduled steps of which two or more differ in each key of Table K.6-1.

They come into the product as orders, by ADT and ORM, or where it takes none by the operator step ``schedule step``. What it
makes of them (station, performing physician, numbers) is its own affair: the entries are what a universal query shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydicom.dataset import Dataset

from conformance.material.items import item
from conformance.material.orders import Order
from conformance.material.patients import Patient, Visit
from conformance.material.telling import told_orders
from conformance.peers.association import Association, Found
from conformance.trial import Trial
from conformance.verdict import Inconclusive

WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
STEPS = "ScheduledProcedureStepSequence"

CODE_KEYS = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
STEP_KEYS = (
    "Modality",
    "ScheduledStationAETitle",
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
    "ScheduledPerformingPhysicianName",
    "ScheduledProcedureStepDescription",
    "ScheduledProcedureStepID",
    "ScheduledStationName",
    "ScheduledProcedureStepLocation",
)
KEYS = (
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientWeight",
    "MedicalAlerts",
    "Allergies",
    "PregnancyStatus",
    "StudyInstanceUID",
    "RequestingPhysician",
    "RequestedProcedureDescription",
    "AdmissionID",
    "SpecialNeeds",
    "CurrentPatientLocation",
    "PatientState",
    "RequestedProcedureID",
    "RequestedProcedurePriority",
    "PatientTransportArrangements",
    "ConfidentialityConstraintOnPatientDataDescription",
)
REFERENCES = ("ReferencedStudySequence", "ReferencedPatientSequence")
"""Every key of type 1, 1C and 2 that a query of any modality may ask for (Table K.6-1)."""


def codes() -> list[Dataset]:
    """A code sequence that asks for all of a code."""
    return [_empty(CODE_KEYS)]


def _empty(keywords: Sequence[str]) -> Dataset:
    return item(**dict.fromkeys(keywords))


def identifier(step: Mapping[str, Any] | None = None, /, **keys: Any) -> Dataset:
    """Asks for every key; ``step`` and ``keys`` have values, those of the step and the others."""
    dataset = item(_empty(KEYS), RequestedProcedureCodeSequence=codes())
    for keyword in REFERENCES:
        setattr(dataset, keyword, [_empty(("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"))])
    asked_step = item(_empty(STEP_KEYS), ScheduledProtocolCodeSequence=codes())
    return item(dataset, **{**keys, STEPS: [item(asked_step, **(step or {}))]})


def step_of(entry: Dataset) -> Dataset:
    """The first scheduled step of an entry; an empty one where there is none."""
    items = entry.get(STEPS) or [Dataset()]
    first: Dataset = items[0]
    return first


def identity(entry: Dataset) -> str:
    """What tells an entry from all others of a worklist."""
    return f"step {step_of(entry).get('ScheduledProcedureStepID', '')}, {procedure_identity(entry)}"


def procedure_identity(entry: Dataset) -> str:
    """The same of the procedure alone, for an answer without its step."""
    keywords = ("RequestedProcedureID", "PatientID", "StudyInstanceUID")
    return "procedure {}, patient {}, study {}".format(*(entry.get(keyword, "") for keyword in keywords))


def ask(peer: Association, keys: Dataset) -> Found:
    return peer.find(WORKLIST_FIND, keys)


# --- the reference worklist --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReferenceWorklist:
    """``entries`` as the product shows them all; ``orders`` that they are for; ``days`` that they are on, five, YYYYMMDD."""

    orders: tuple[Order, ...]
    entries: Mapping[str, Dataset]
    days: tuple[str, ...]

    def values(self, keyword: str) -> list[str]:
        """The different values of an attribute of entry or step, without empty ones."""
        found = [str(entry.get(keyword) or step_of(entry).get(keyword) or "") for entry in self.entries.values()]
        return sorted(set(found) - {""})

    def commonest(self, keyword: str) -> str:
        """A value that some entries have and others do not. Raises Inconclusive where there is none."""
        found = [str(entry.get(keyword) or step_of(entry).get(keyword) or "") for entry in self.entries.values()]
        separating = [value for value in self.values(keyword) if found.count(value) < len(found)]
        if not separating:
            raise Inconclusive(f"the entries that the product shows do not differ in {keyword}")
        return max(separating, key=found.count)


def reference_worklist(trial: Trial) -> ReferenceWorklist:
    """The one of the run. Raises Inconclusive where the product does not show all of its steps."""
    return trial.shared("reference worklist", _make)


def _make(trial: Trial) -> ReferenceWorklist:
    days = tuple(f"{trial.taps.started + timedelta(days=number):%Y%m%d}" for number in range(1, 6))
    orders = _orders(trial, _patients(trial), days)
    with trial.beforehand("the reference worklist"):
        schedule(trial, orders)
        entries = wait_for_entries(trial, {order.patient.patient_id for order in orders}, len(orders))
    return ReferenceWorklist(orders, entries, days)


def _patients(trial: Trial) -> list[Patient]:
    """Names that wild cards tell apart, and two IDs that differ in leading zeros alone."""
    number = str(int(trial.uid()[5:]) % 10**9 + 10**9)
    names: list[tuple[str, ...]] = [
        ("Doe", "Jane"),
        ("Doe", "John"),
        ("DOE", "JIM"),
        ("Dae", "Jane"),
        ("Deer", "Ann"),
        ("Smith", "Mary"),
    ]
    names += [
        ("O'Neil-Smith", "Bo"),
        ("Smithson", "Al", "B"),
        ("Doe",),
        ("Müller" if writes_umlauts(trial) else "Moeller", "Hans"),
    ]
    ids = [number, f"000{number}", *(trial.patient_id() for _ in names[2:])]
    return [Patient(patient_id, name) for patient_id, name in zip(ids, names, strict=True)]


def writes_umlauts(trial: Trial) -> bool:
    """Whether the product claims Latin-1 or Unicode on both sides."""
    claims = trial.target.claims
    takes = {"8859/1", "UNICODE UTF-8"}.intersection(claims.hl7_character_sets) or "orders" not in claims.services
    return bool(takes) and bool({"ISO_IR 100", "ISO_IR 192"}.intersection(claims.character_sets))


def _orders(trial: Trial, patients: list[Patient], days: tuple[str, ...]) -> tuple[Order, ...]:
    """The first is the base; the others differ from it in patient, modality, day, time, or in nothing but their number."""
    differences: list[dict[str, Any]] = [{}]
    differences += [{"patient": patient} for patient in patients[1:]]
    differences += [{"modality": modality} for modality in ("CT", "US")]
    differences += [{"day": day} for day in days if day != days[2]]
    differences += [{"time": time} for time in ("075900", "080000", "093000", "120000", "120100", "180000", "235900")]
    differences += [{}] * 5
    mixed = zip(patients * 2, ("CT", "MR", "US", "MR") * 3, days * 3, strict=False)
    differences += [{"patient": patient, "modality": modality, "day": day} for patient, modality, day in mixed]
    base = {"patient": patients[0], "modality": "MR", "day": days[2], "time": "100000"}
    return tuple(_order(trial, **{**base, **difference}) for difference in differences)


def _order(trial: Trial, patient: Patient, modality: str, day: str, time: str) -> Order:
    return Order(
        trial.identifier("O"),
        patient,
        Visit(trial.identifier("V"), location="WARD" if modality == "US" else "CLINIC"),
        trial.accession_number(),
        trial.uid(),
        (f"{modality}-HEAD", f"{modality} of the head", "99RADLOOP"),
        modality,
        f"{day}{time}",
    )


def schedule(trial: Trial, orders: Sequence[Order]) -> None:
    """Bring orders onto the worklist, as preparation. Raises Failure, Inconclusive."""
    if "orders" not in trial.target.claims.services:
        for number, order in enumerate(orders):
            trial.operate("schedule step", **_by_hand(order, number))
        return
    options: dict[str, Any] = {}
    if any(not "".join(order.patient.name).isascii() for order in orders):
        term = next(one for one in ("UNICODE UTF-8", "8859/1") if one in trial.target.claims.hl7_character_sets)
        options = {"msh_fields": {18: term}}
    told_orders(trial, orders, **options)


STATIONS = {"CT": ("CT1", ""), "MR": ("MR1", "House^Gregory"), "US": ("US1", "Wilson^James")}
"""By modality: the station that the operator schedules for, and who performs there."""


def _by_hand(order: Order, number: int) -> dict[str, str]:
    """All of a step, in DICOM's terms; every third MR is at a second station, where nobody performs."""
    station, physician = STATIONS[order.modality] if order.modality != "MR" or number % 3 else ("MR2", "")
    return {
        "PatientID": order.patient.patient_id,
        "PatientName": order.patient.dicom_name,
        "PatientBirthDate": order.patient.birth_date,
        "PatientSex": order.patient.sex,
        "AccessionNumber": order.accession,
        "StudyInstanceUID": order.study_instance_uid,
        "RequestedProcedureID": f"R{order.accession}",
        "RequestedProcedureDescription": order.procedure[1],
        "ScheduledProcedureStepID": f"S{order.accession}",
        "ScheduledProcedureStepDescription": order.procedure[1],
        "Modality": order.modality,
        "ScheduledStationAETitle": station,
        "ScheduledProcedureStepStartDate": order.start[:8],
        "ScheduledProcedureStepStartTime": order.start[8:],
        "ScheduledPerformingPhysicianName": physician,
        "AdmissionID": order.visit.number,
        "CurrentPatientLocation": order.visit.location,
    }


def wait_for_entries(trial: Trial, patient_ids: set[str], count: int) -> Mapping[str, Dataset]:
    """The entries of these patients in the list of everything, once there are ``count``. Raises Failure."""
    found: dict[str, Dataset] = {}
    as_bytes = [patient_id.encode() for patient_id in patient_ids]  # a long list is not read for a few entries

    def all_are_there() -> bool:
        with trial.associate(WORKLIST_FIND) as peer:
            pending = ask(peer, identifier()).pending
        ours = [one.dataset for one in pending if any(patient_id in (one.data or b"") for patient_id in as_bytes)]
        found.clear()
        found.update({identity(one): one for one in ours if str(one.get("PatientID", "")) in patient_ids})
        return len(found) >= count

    there = trial.eventually(all_are_there, trial.timers.propagation_s)
    trial.expect(there, f"{count} entries on the worklist", f"{len(found)} within {trial.timers.propagation_s:g} s")
    return found
