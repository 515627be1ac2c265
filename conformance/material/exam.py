"""The tester around a modality: a RIS with a worklist, an archive that commits, and the person who works the scanner.

::

    room = Room(trial)
    entry = room.schedule()
    room.start(entry)
    room.acquire(entry, 4)
    room.stored(4)

What came is told from what other exams left over by the Patient ID of the exam.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from conformance.material.commitment_results import STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, commitment_result, references
from conformance.material.items import code, item
from conformance.peers.acceptor import Acceptor, Behaviour, scp_role
from conformance.peers.conversation import Conversation, Received
from conformance.trial import Trial
from conformance.verdict import Failure, Inconclusive

STEPS = "ScheduledProcedureStepSequence"
DATE = "ScheduledProcedureStepStartDate"


class Ris(Behaviour):
    """Answers worklist queries with the attributes that are asked for of every entry that it has, today."""

    def __init__(self) -> None:
        self.entries: list[Dataset] = []

    def find(self, request: Received) -> Iterable[Dataset]:
        keys = request.dataset
        return [self.answered_entry(one, keys) for one in self.entries]

    def answered_entry(self, entry: Dataset, keys: Dataset) -> Dataset:
        """What is asked for of an entry, whose steps are on the last day that is asked for."""
        answer = _selected(entry, keys)
        asked, steps = keys.get(STEPS) or [Dataset()], answer.get(STEPS) or []
        for step in steps:
            if asked[0].get(DATE):
                setattr(step, DATE, str(asked[0].get(DATE)).rpartition("-")[2])
        return answer


def _selected(entry: Dataset, keys: Dataset) -> Dataset:
    """The attributes of an entry that a query asks for, and its character set; empty where the entry lacks one."""
    answer = Dataset()
    if "SpecificCharacterSet" in entry:
        answer.SpecificCharacterSet = entry.SpecificCharacterSet
    for key in keys:
        if key.VR == "SQ":
            found = entry.get(key.keyword) or []
            setattr(answer, key.keyword, [_selected(one, key.value[0]) if key.value else one for one in found])
        elif key.keyword != "SpecificCharacterSet":
            setattr(answer, key.keyword, entry.get(key.keyword, ""))
    return answer


class Archive(Behaviour):
    """Takes every image, and commits what it took on an association of its own."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._taken: set[str] = set()

    def store(self, request: Received) -> int:
        self._taken.add(request.command.sop_instance_uid)
        return 0x0000

    def answered(self, conversation: Conversation, request: Received) -> None:
        if request.name == "N-ACTION-RQ":
            self.asked(conversation, request)

    def asked(self, conversation: Conversation, request: Received) -> None:
        """After a request for commitment was answered."""
        asked = references(request.dataset)
        report(self._trial, request, [one for one in asked if one[1] in self._taken])


def report(trial: Trial, request: Received, committed: Sequence[tuple[str, str]], transaction: str = "") -> Received:
    """The result of a commitment request on a new association; its answer. Raises Failure."""
    event_type, result = commitment_result(request, committed, transaction)
    with trial.associate(STORAGE_COMMITMENT, peer="pacs", roles=[scp_role(STORAGE_COMMITMENT)]) as peer:
        return peer.n_event_report(STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, event_type, result)


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One C-STORE request of an exam."""

    request: Received
    dataset: Dataset

    @property
    def uid(self) -> str:
        return self.request.command.sop_instance_uid


class Room:
    """The systems and the person around the scanner in one trial. The exams are of one patient."""

    def __init__(self, trial: Trial, ris: Ris | None = None, archive: Archive | None = None) -> None:
        self.trial = trial
        self.patient_id = trial.patient_id()
        self.ris_listener: Acceptor = trial.peer("ris").dicom
        self.pacs_listener: Acceptor = trial.peer("pacs").dicom
        self.ris = ris or Ris()
        self.archive = archive or Archive(trial)
        self.ris_listener.behave(self.ris)
        self.pacs_listener.behave(self.archive)
        self._read: dict[int, StoredImage] = {}

    # --- the worklist

    def schedule(self, **changes: Any) -> Dataset:
        """A new entry for a CT head, on the worklist."""
        self.ris.entries.append(self.entry(**changes))
        return self.ris.entries[-1]

    def entry(self, **changes: Any) -> Dataset:
        """One that is on no worklist yet; ``changes`` are attributes of the entry, not of its step."""
        accession, title = self.trial.accession_number(), self.trial.target.title
        procedure, protocol = code("CT-HEAD", "99RADLOOP", "CT head"), code("CT-HEAD-P", "99RADLOOP", "CT head, plain")
        step = item(
            Modality="CT",
            ScheduledStationAETitle=title,
            ScheduledProcedureStepStartDate="20250303",
            ScheduledProcedureStepStartTime="101500",
            ScheduledPerformingPhysicianName="",
            ScheduledProcedureStepDescription="CT head, plain",
            ScheduledProtocolCodeSequence=[protocol],
            ScheduledProcedureStepID=f"S{accession}",
            ScheduledProcedureStepStatus="SCHEDULED",
        )
        values = {
            "PatientName": "Doe^Jane^Q",
            "PatientID": self.patient_id,
            "IssuerOfPatientID": "RADLOOP",
            "PatientBirthDate": "19700101",
            "PatientSex": "F",
            "AccessionNumber": accession,
            "ReferringPhysicianName": "Grey^Ada",
            "StudyInstanceUID": self.trial.uid(),
            "RequestedProcedureID": f"R{accession}",
            "RequestedProcedureDescription": "CT head",
            "RequestedProcedureCodeSequence": [procedure],
            "RequestedProcedurePriority": "ROUTINE",
            STEPS: [step],
            **changes,
        }
        return item(**values)

    # --- the person at the scanner

    def pick(self, entry: Dataset, **data: str) -> None:
        """Ask the worklist and pick this entry."""
        self.trial.operate("patient on table", subject=str(entry.AccessionNumber), modality="CT", **data)

    def start(self, entry: Dataset, **data: str) -> None:
        """Pick an entry; the exam is begun. Raises Inconclusive where the worklist is not asked, or no step is reported."""
        before = len(self.creates())
        self.pick(entry, **data)
        with self.trial.beforehand("the exam is started"):
            self.ris_listener.wait_for("a worklist query", lambda one: one.name == "C-FIND-RQ", self.trial.timers.propagation_s)
            if "performed_step" in self.trial.target.claims.services:
                begun = self.trial.eventually(lambda: len(self.creates()) > before, self.trial.timers.propagation_s)
                self.trial.expect(begun, "an N-CREATE for the patient", "none")

    def start_unscheduled(self, **typed: str) -> str:
        """An exam without the worklist; what it is called by."""
        subject = self.trial.identifier("E")
        patient = {"patient.patient_id": self.patient_id, "patient.name.family": "Doe", "patient.name.given": "Jane"}
        values = {"accession": "", "modality": "CT", "description": "CT head", "body_part": "HEAD", **typed}
        self.trial.operate("start unscheduled", subject=subject, **patient, **values)
        return subject

    def acquire(self, entry: Dataset | str, *instances: int) -> None:
        """The images of each series, and the end of the exam. Raises Inconclusive."""
        self._taken("images acquired", entry, instances=json.dumps(instances) if len(instances) > 1 else str(instances[0]))

    def discontinue(self, entry: Dataset, instances: int, value: str, meaning: str) -> None:
        """The exam is broken off after so many images, for a reason of CID 9300."""
        reason = json.dumps({"value": value, "scheme": "DCM", "meaning": meaning})
        self._taken("discontinue exam", entry, instances=str(instances), reason=reason)

    def append(self, entry: Dataset, instances: int) -> None:
        """The exam is opened again for another series."""
        self._taken("append images", entry, instances=str(instances))

    def _taken(self, step: str, entry: Dataset | str, **data: str) -> None:
        """Do a step until it is not answered by a note that the exam is not that far. Raises Inconclusive."""
        subject = entry if isinstance(entry, str) else str(entry.AccessionNumber)

        def taken() -> bool:
            return "no such exam" not in self.trial.operate(step, subject=subject, **data)

        if not self.trial.eventually(taken, self.trial.timers.propagation_s):
            raise Inconclusive(f"operator step {step!r}: no such exam")

    def exam(self, instances: int) -> str:
        """A whole exam of one series, or where the product is no modality, the operator step ``send study``; what it is called
        by."""
        if self.trial.role != "modality":
            self.trial.operate("send study", subject=self.patient_id, instances=str(instances))
            return self.patient_id
        entry = self.schedule()
        self.start(entry)
        self.acquire(entry, instances)
        return str(entry.AccessionNumber)

    # --- what came

    def images(self, patient_id: str = "") -> list[StoredImage]:
        """The C-STORE requests of this patient's exams so far, or of another's, every repetition too."""
        for one in self.pacs_listener.received:
            if one.name == "C-STORE-RQ" and id(one) not in self._read:
                self._read[id(one)] = StoredImage(one, one.dataset)
        return [one for one in self._read.values() if one.dataset.get("PatientID") == (patient_id or self.patient_id)]

    def stored(self, count: int, limit_s: float | None = None) -> list[StoredImage]:
        """The images as soon as ``count`` different ones have come. Raises Silence."""
        limit_s = self._limit_s if limit_s is None else limit_s
        self.trial.eventually(lambda: len({one.uid for one in self.images()}) >= count, limit_s)
        found = self.images()
        different = len({one.uid for one in found})
        self.trial.expect(different >= count, f"{count} images stored", f"{different} within {limit_s:g} s")
        return found

    @property
    def _limit_s(self) -> float:
        return self.trial.timers.propagation_s + self.trial.timers.index_s

    def creates(self) -> list[Received]:
        """The N-CREATE requests of performed steps of this patient."""
        came = [one for one in self.ris_listener.received if one.name == "N-CREATE-RQ"]
        return [one for one in came if one.dataset.get("PatientID") == self.patient_id]

    def begun(self, entry: Dataset) -> Received | None:
        """The last N-CREATE that names the entry."""
        return next((one for one in reversed(self.creates()) if entry.AccessionNumber in _accessions(one.dataset)), None)

    def sets(self, step_uid: str = "") -> list[Received]:
        """The N-SET requests about this patient's steps, or about one of them."""
        ours = {step_uid} if step_uid else {one.command.sop_instance_uid for one in self.creates()}
        return [one for one in self.ris_listener.received if one.name == "N-SET-RQ" and one.command.sop_instance_uid in ours]

    def ended(self, count: int = 1) -> list[Received]:
        """The N-SET requests to a final state, as soon as there are ``count``. Raises Silence."""

        def final() -> list[Received]:
            return [
                one for one in self.sets() if one.dataset.get("PerformedProcedureStepStatus") in ("COMPLETED", "DISCONTINUED")
            ]

        self.trial.eventually(lambda: len(final()) >= count, self._limit_s)
        found = final()
        self.trial.expect(len(found) >= count, f"{count} N-SET to a final state", f"{len(found)} within {self._limit_s:g} s")
        return found

    def commitments(self) -> list[Received]:
        """The N-ACTION requests that name images of this patient."""
        ours = {one.uid for one in self.images()}
        came = [one for one in self.pacs_listener.received if one.name == "N-ACTION-RQ"]
        return [one for one in came if ours & {instance for _, instance in references(one.dataset)}]

    def asked_for_commitment(self, images: Iterable[str], limit_s: float | None = None, after: int = 0) -> Received:
        """The first N-ACTION behind ``after`` others that names all these images. Raises Silence."""
        wanted = set(images)

        def asking() -> list[Received]:
            return [one for one in self.commitments()[after:] if wanted <= {uid for _, uid in references(one.dataset)}]

        limit_s = self._limit_s if limit_s is None else limit_s
        self.trial.eventually(lambda: bool(asking()), limit_s)
        found = asking()
        if not found:
            raise Failure(f"N-ACTION for {len(wanted)} images", f"none within {limit_s:g} s")
        return found[0]


def _accessions(created: Dataset) -> list[str]:
    return [str(one.get("AccessionNumber", "")) for one in created.get("ScheduledStepAttributesSequence") or []]
