"""The words of the workflow cases: what people do in the small hospital, and what its systems answer on the wire.

What a person does at the product's place is an operator step of the target; elsewhere it is done at our emulator. What is
asked is asked by the tester as one of the systems: the worklist as the scanner, the archive as the workstation.
"""

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from conformance.decoding import ReadMessage, decoded
from conformance.house import Carried, House, System, notes
from conformance.material.patients import Patient
from conformance.material.query_models import MODELS, identifier
from conformance.material.reading import reader
from conformance.material.worklist import WORKLIST_FIND
from conformance.material.worklist import identifier as worklist_identifier
from conformance.peers.association import Association
from conformance.peers.stream import Stream
from conformance.target import Service
from conformance.trial import EXPLICIT, IMPLICIT, Trial
from conformance.verdict import Failure, Inconclusive
from conformance.waiting import wait_until
from emulators.wire.er7 import parse
from emulators.wire.negotiation import propose

CT_HEAD = {"value": "CT-HEAD", "scheme": "99RADLOOP", "meaning": "CT head without contrast"}
READER = reader("Moss", "Rita")
_STUDY_KEYS = ("PatientID", "PatientName", "AccessionNumber", "StudyInstanceUID", "NumberOfStudyRelatedInstances")


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of the worklist, as the RIS shows it."""

    patient_id: str
    patient_name: str
    accession: str
    study_instance_uid: str


class Workflow:
    """One case's use of the hospital."""

    def __init__(self, trial: Trial, house: House) -> None:
        self.trial = trial
        self.house = house
        house.end_idle_connections()
        self._since = trial.taps.last

    def needs_archive_that_takes(self, *services: Service) -> None:
        """Go on only where the archive is ours, or claims these HL7 services."""
        for service in services if self.house.place == "pacs" else ():
            self.trial.needs(service in self.trial.target.claims.services, service)

    # --- people

    def do(self, system: System, step: str, **data: str) -> list[dict[str, Any]]:
        """A step of a person at a system; what it notes. Raises Inconclusive."""
        if system == self.house.place:
            return notes(self.trial.operate(step, **data))
        return notes(self.house.neighbours.perform(system, step, data))

    def person(self, family: str = "Doe", given: str = "Jane") -> Patient:
        """A patient with a number of the trial."""
        return Patient(self.trial.patient_id(), (family, given))

    def register(self, patient: Patient, step: str = "register", **data: str) -> None:
        """At the desk of the EHR: ``register``, ``admit``, ``update patient`` ..., with ``data`` beside the patient's."""
        self.do("ehr", step, subject=patient.patient_id, **patient.step_data, **self._visit(patient), **data)

    def merge(self, survivor: Patient, merged: Patient) -> None:
        """At the EHR: what ``merged`` had belongs to ``survivor``."""
        self.do(
            "ehr",
            "merge",
            subject=survivor.patient_id,
            **survivor.step_data,
            prior_patient_id=merged.patient_id,
            prior_issuer=merged.issuer,
        )

    def place_order(self, patient: Patient, count: int = 1, data: Mapping[str, str] | None = None) -> list[str]:
        """At the EHR, one order message for ``count`` CT heads; their placer order numbers."""
        numbers = [self.trial.identifier("O") for _ in range(count)]
        orders = [_order(number) for number in numbers]
        self.do(
            "ehr",
            "place order",
            subject=numbers[0],
            **patient.step_data,
            **self._visit(patient),
            orders=json.dumps(orders),
            **(data or {}),
        )
        return numbers

    def person_on_the_list(self, family: str = "Doe", given: str = "Jane") -> tuple[Patient, str, Entry]:
        """Somebody who is registered and has one order, which is on the worklist: with its placer order number and entry.

        Raises Failure, Inconclusive.
        """
        patient = self.person(family, given)
        self.register(patient)
        [order] = self.place_order(patient)
        [entry] = self.scheduled(patient)
        return patient, order, entry

    def scan(self, accession: str, *, instances: int = 3, **data: str) -> None:
        """At the scanner, with the worklist: the exam from its start to its end."""
        self.do("modality", "patient on table", subject=accession, modality="CT", **data)
        self.acquire(accession, instances)

    def acquire(self, subject: str, instances: int = 3) -> None:
        """At the scanner: the images of an exam that has been started, and its end. Raises Inconclusive."""
        self._taken("modality", "images acquired", "no such exam", subject=subject, instances=str(instances))

    def discontinue(self, subject: str, code: str, meaning: str, instances: int = 2) -> None:
        """At the scanner: the exam is broken off, with a reason of CID 9300. Raises Inconclusive."""
        reason = json.dumps({"value": code, "scheme": "DCM", "meaning": meaning})
        self._taken("modality", "discontinue exam", "no such exam", subject=subject, instances=str(instances), reason=reason)

    def _taken(self, system: System, step: str, refused_by: str, **data: str) -> None:
        """Do a step again until it is not answered by a note that says it cannot be done yet."""

        def taken() -> bool:
            return not any(note["note"] == refused_by for note in self.do(system, step, **data))

        if not wait_until(taken, self.trial.timers.propagation_s):
            raise Inconclusive(f"{system}, {step}: {refused_by}")

    def scan_unscheduled(self, patient: Patient, accession: str = "", *, instances: int = 3) -> str:
        """At the scanner, typed by hand; the name of the exam there."""
        subject = self.trial.identifier("E")
        self.do(
            "modality",
            "start unscheduled",
            subject=subject,
            **patient.step_data,
            accession=accession,
            modality="CT",
            description="CT head without contrast",
            body_part="HEAD",
        )
        self.acquire(subject, instances)
        return subject

    def order_at_filler(self, patient: Patient, study_instance_uid: str = "") -> None:
        """At the RIS: an order that no placer made, for images that are there or for none yet."""
        self.do(
            "ris",
            "create order",
            subject=study_instance_uid or self.trial.identifier("F"),
            **patient.step_data,
            **self._visit(patient),
            order=json.dumps(_order("")),
            study_instance_uid=study_instance_uid,
        )

    def read(self, accession: str, text: str, status: str = "F") -> None:
        """At the workstation: open the case when it is on the list, and sign."""
        self.open_case(accession)
        self.do("workstation", "sign report", subject=accession, status=status, text=text)

    def open_case(self, accession: str) -> None:
        """Raises Inconclusive where the case does not open in time."""
        seen: list[dict[str, Any]] = []

        def opened() -> bool:
            seen[:] = self.do("workstation", "open study", subject=accession, **READER)
            return any(note["note"] == "study opened" for note in seen)

        if not wait_until(opened, self.trial.timers.propagation_s):
            said = ", ".join(note["note"] for note in seen) or "nothing"
            raise Inconclusive(f"the case does not open at the workstation, which notes {said}")

    def chart(self, number: str) -> dict[str, Any]:
        """What the EHR shows of an order, by its placer order or accession number; empty where it has nothing."""
        for note in self.do("ehr", "show chart", subject=number):
            if note["note"] == "chart":
                fields: dict[str, Any] = note["fields"]
                return fields
        return {}

    # --- what is answered on the wire

    def associate(self, system: System, caller: System, abstract_syntax: str) -> Association:
        """An association with a system as another. Raises Failure."""
        address = self.house.address(system, "dicom")
        limit_s = self.trial.timers.association_s
        try:
            connection = socket.create_connection(address, timeout=limit_s)
        except OSError as error:
            raise Inconclusive(f"{system} cannot be reached: {error}") from None
        where = "" if system == self.house.place else f"{system} at "
        tap = self.trial.taps.open(self.trial.key, "dicom", "tester", caller, f"{where}{address[0]}:{address[1]}")
        syntaxes = [(abstract_syntax, (IMPLICIT, EXPLICIT))]
        request = propose(self.house.title(system), self.house.title(caller), syntaxes)
        return Association.establish(Stream(connection, tap, limit_s), request, self.trial.timers.dimse_s)

    def worklist(self, patient: Patient) -> list[Entry]:
        """The patient's entries that a scanner would see."""
        with self.associate("ris", "modality", WORKLIST_FIND) as peer:
            found = peer.find(WORKLIST_FIND, worklist_identifier(PatientID=patient.patient_id))
        return [_entry(match) for match in found.matches]

    def scheduled(self, patient: Patient, count: int = 1) -> list[Entry]:
        """The patient's entries, as soon as there are so many, and no more. Raises Failure where that does not come about."""
        seen: list[Entry] = []

        def there() -> bool:
            seen[:] = self.worklist(patient)
            return len(seen) == count

        if not wait_until(there, self.trial.timers.propagation_s):
            raise Failure(
                f"{count} entries on the worklist for the patient", f"{len(seen)} in {self.trial.timers.propagation_s:g} s"
            )
        return seen

    def studies(self, **keys: str) -> list[Dataset]:
        """What the archive finds at STUDY level as the workstation asks; but for what has no accession number where one is
        asked for, which fits any (PS3.4 C.2.2.1.2).
        """
        found = self._found(identifier("STUDY", _STUDY_KEYS, **keys))
        return [one for one in found if not keys.get("AccessionNumber") or one.get("AccessionNumber")]

    def archived(self, instances: int, **keys: str) -> Dataset:
        """The one study with these keys, as soon as it is found with so many instances. Raises Failure."""
        seen: list[Dataset] = []

        def there() -> bool:
            seen[:] = self.studies(**keys)
            return len(seen) == 1 and self._instances_of(seen[0]) == instances

        if not wait_until(there, self.trial.timers.propagation_s):
            found = ", ".join(f"{self._instances_of(one)} instances" for one in seen) or "none"
            raise Failure(f"one study with {instances} instances in the archive", f"studies found: {found}")
        return seen[0]

    def _instances_of(self, study: Dataset) -> int:
        """As the study says, or where the archive does not support that optional key, as they are found."""
        told = study.get("NumberOfStudyRelatedInstances")
        if told not in (None, ""):
            return int(told)
        above = {"StudyInstanceUID": str(study.StudyInstanceUID)}
        series = self._found(identifier("SERIES", ("SeriesInstanceUID",), **above))
        names = [{**above, "SeriesInstanceUID": str(one.SeriesInstanceUID)} for one in series]
        return sum(len(self._found(identifier("IMAGE", ("SOPInstanceUID",), **one))) for one in names)

    def _found(self, keys: Dataset) -> list[Dataset]:
        """What the archive finds as the workstation asks, at study root."""
        with self.associate("pacs", "workstation", MODELS["s"].find) as peer:
            return peer.find(MODELS["s"].find, keys).matches

    def accession_of(self, study_instance_uid: str) -> str:
        """The accession number that the archive has at a study, as soon as it has one. Raises Failure."""
        seen: list[str] = []

        def there() -> bool:
            studies = self.studies(StudyInstanceUID=study_instance_uid)
            seen[:] = [str(study.AccessionNumber) for study in studies if study.get("AccessionNumber")]
            return bool(seen)

        if not wait_until(there, self.trial.timers.propagation_s):
            raise Failure("an accession number at the study", "none in the time")
        return seen[0]

    def eventually_off_the_list(self, patient: Patient) -> None:
        """Nothing of the patient is on the worklist any more. Raises Failure."""
        if not wait_until(lambda: not self.worklist(patient), self.trial.timers.propagation_s):
            raise Failure("no entry of the patient left on the worklist", "there is one")

    def not_archived(self, what: str, **keys: str) -> None:
        """Nothing is found with these keys any more, before the time is over; ``what`` says so. Raises Failure."""
        if not wait_until(lambda: not self.studies(**keys), self.trial.timers.propagation_s):
            raise Failure(f"no study {what}", "one is found")

    def charted(self, number: str, wanted: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The chart of an order, as soon as it is as wanted; ``what`` says so in words. Raises Failure."""
        seen: dict[str, Any] = {}

        def there() -> bool:
            seen.clear()
            seen.update(self.chart(number))
            return wanted(seen)

        if not wait_until(there, self.trial.timers.propagation_s):
            raise Failure(f"the chart of the order: {what}", f"it shows {seen.get('shown') or 'nothing'}")
        return seen

    def charted_as(self, number: str, state: str) -> dict[str, Any]:
        """As ``charted``, where it is the state that counts: ``awaiting report``, ``final``, ``withdrawn`` ..."""
        return self.charted(number, lambda chart: chart.get("shown") == state, state)

    def dicom_messages(self) -> list[ReadMessage]:
        """Every DIMSE message since the case began, on whatever link, in the order in which they ended."""
        records = self.trial.taps.of_case(self.trial.key, self._since)
        items = [item for _, found in decoded(self.trial.taps.connections, records) for item in found]
        return sorted((item for item in items if isinstance(item, ReadMessage)), key=lambda item: item.at_s)

    def said_to(self, system: System, message_type: str = "") -> list[Carried]:
        """The HL7 messages that went to a system since the case began, of a type such as ``ORU``."""
        return [
            one
            for one in self.house.carried(system, self._since)
            if not one.is_answer and parse(one.payload).msh.component(9, 1).startswith(message_type)
        ]

    def _visit(self, patient: Patient) -> dict[str, str]:
        return {"visit.visit_number": f"V{patient.patient_id}"[:20], "visit.patient_class": "O"}


def _order(number: str) -> dict[str, Any]:
    return {
        "placer_order_number": number,
        "procedure": CT_HEAD,
        "modality": "CT",
        "body_part": "HEAD",
        "priority": "ROUTINE",
        "requested_at": "",
        "reason": "Headache",
        "ordering_physician": {"family": "Grey", "given": "Ada"},
    }


def _entry(match: Dataset) -> Entry:
    return Entry(
        str(match.get("PatientID", "")),
        str(match.get("PatientName", "")),
        str(match.get("AccessionNumber", "")),
        str(match.get("StudyInstanceUID", "")),
    )
