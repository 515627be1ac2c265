"""The good traffic that hostile input is made from: what each port of each system takes, every exchange about a patient, an
order and images of its own, so that what is taken of one changes nothing of another, whatever their order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, US_IMAGE
from emulators.messages.adt import PreadmitPatient, UpdatePerson
from emulators.messages.attributes import of
from emulators.messages.availability import ONLINE, AvailableInstances, InstancesAvailable
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import Patient, PersonName
from emulators.messages.instance_set import from_uids
from emulators.messages.query import Find, Get, Move
from emulators.messages.worklist import query_for_all_keys
from emulators.wire.commands import c_echo_rq, c_store_rq
from emulators.wire.dimse import Command
from tests.actors import samples
from tests.serving.hl7 import message_of


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom and what one exchange is about. All names have the same length, and no other exchange's with a byte missing."""

    port: str
    number: int

    def _digest(self, purpose: str) -> str:
        return sha256(f"{self.port}/{self.number}/{purpose}".encode()).hexdigest()

    def uid(self, purpose: str) -> str:
        return f"2.25.1{int(self._digest(purpose), 16) % 10**24:024d}{self.number:05d}"

    def name(self, purpose: str) -> str:
        """15 characters: a patient's, a placer's, a message's number."""
        return f"{purpose}{self.number:05d}{self._digest(purpose)[:9].upper()}"

    @property
    def patient(self) -> Patient:
        return Patient(self.name("M"), "RADLOOP", PersonName("Hostile", f"H{self.number}"), "19700101", "F")


# --- DICOM -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Operation:
    """A request, and the statuses of its final response."""

    command: Command
    dataset: bytes | None = None
    statuses: frozenset[int] = frozenset({0x0000})


Operations = Callable[[Identity, str], Sequence[Operation]]
"""By identity and transfer syntax: the requests, each on an association of its own; the last one is what is spoilt."""


def echo(_identity: Identity, _syntax: str) -> Sequence[Operation]:
    return (Operation(c_echo_rq(1)),)


def store(identity: Identity, syntax: str) -> Sequence[Operation]:
    command = c_store_rq(1, US_IMAGE, identity.uid("instance"))
    return (Operation(command, image(identity, syntax)),)


def image(identity: Identity, syntax: str) -> bytes:
    """An image with a sequence, a private element and a few pixels."""
    dataset, patient = Dataset(), identity.patient
    dataset.SOPClassUID, dataset.SOPInstanceUID = US_IMAGE, identity.uid("instance")
    dataset.StudyDate, dataset.StudyTime, dataset.Modality = "20260302", "080000", "US"
    dataset.AccessionNumber, dataset.StudyID = identity.name("A"), "S1"
    dataset.ReferringPhysicianName, dataset.StudyDescription = "Grey^Ada", "US of the abdomen"
    dataset.PatientName, dataset.PatientID, dataset.IssuerOfPatientID = patient.name.pn, patient.patient_id, patient.issuer
    dataset.PatientBirthDate, dataset.PatientSex = patient.birth_date, patient.sex
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = identity.uid("study"), identity.uid("series")
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    referenced = Dataset()
    referenced.ReferencedSOPClassUID, referenced.ReferencedSOPInstanceUID = US_IMAGE, identity.uid("other")
    dataset.ReferencedImageSequence = [referenced]
    dataset.private_block(0x0009, "RADLOOP TEST", create=True).add_new(1, "LO", "private")
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.Rows, dataset.Columns = 1, "MONOCHROME2", 8, 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    dataset.add_new(0x7FE00010, "OW", bytes(64))
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, syntax != EXPLICIT_VR_LITTLE_ENDIAN
    write_dataset(file, dataset)
    return file.getvalue()


def asked(message: Callable[[Identity], Any], *statuses: int) -> Operations:
    """The request of a message that has one."""

    def operations(identity: Identity, syntax: str) -> Sequence[Operation]:
        return (Operation(*codec.encode_request(message(identity), 1, syntax), frozenset(statuses or (0x0000,))),)

    return operations


def worklist_query(_identity: Identity) -> Any:
    return query_for_all_keys({"ScheduledStationAETitle": "CT1", "Modality": "CT"}, {"PatientName": "Host*", "PatientID": ""})


def step_started(identity: Identity) -> Any:
    """Of an exam that nobody ordered."""
    started = samples.step_started(mpps_uid=identity.uid("step"))
    return replace(started, patient=identity.patient, scheduled=(), study_instance_uid=identity.uid("study"))


def step_ended(identity: Identity, syntax: str) -> Sequence[Operation]:
    """The step is begun first."""
    ended = samples.step_ended(identity.uid("step"))
    return *asked(step_started)(identity, syntax), Operation(*codec.encode_request(ended, 1, syntax))


def study_query(identity: Identity) -> Any:
    return Find(
        of({"PatientID": identity.name("M"), "PatientName": "*", "StudyDate": "20250101-20261231", "StudyInstanceUID": ""})
    )


def image_query(identity: Identity) -> Any:
    keys = {"StudyInstanceUID": identity.uid("study"), "SeriesInstanceUID": identity.uid("series"), "SOPInstanceUID": ""}
    return Find(of(keys), level="IMAGE")


def patient_query(_identity: Identity) -> Any:
    return Find(of({"PatientName": "NOBODY*", "PatientID": ""}), level="PATIENT", root="PATIENT")


def retrieve(kind: Callable[..., Any], **more: Any) -> Callable[[Identity], Any]:
    return lambda identity: kind(of({"StudyInstanceUID": identity.uid("study")}), **more)


def commitment(identity: Identity) -> Any:
    return CommitRequest(identity.uid("transaction"), (_referenced(identity),))


def commitment_result(identity: Identity) -> Any:
    return CommitResult(identity.uid("transaction"), (_referenced(identity),))


def _referenced(identity: Identity) -> Referenced:
    return Referenced(US_IMAGE, from_uids([identity.uid("instance"), identity.uid("other")]))


def availability(identity: Identity) -> Any:
    instances = from_uids([identity.uid("instance")])
    series = AvailableInstances(identity.uid("series"), US_IMAGE, instances, ONLINE, "RADPACS")
    return InstancesAvailable(identity.uid("notification"), identity.uid("study"), (), (series,))


DICOM: Mapping[str, Mapping[str, Operations]] = {
    "ris": {
        "C-ECHO": echo,
        "C-FIND worklist": asked(worklist_query, 0x0000),
        "N-CREATE step": asked(step_started),
        "N-SET step": step_ended,
        "N-CREATE availability": asked(availability),
    },
    "pacs": {
        "C-ECHO": echo,
        "C-STORE": store,
        "C-FIND study": asked(study_query),
        "C-FIND image": asked(image_query),
        "C-FIND patient": asked(patient_query),
        "C-MOVE": asked(retrieve(Move, destination="RADWS")),
        "C-GET": asked(retrieve(Get)),
        "N-ACTION": asked(commitment),
        "N-CREATE step": asked(step_started),
        "N-SET step": step_ended,
    },
    "workstation": {"C-ECHO": echo, "C-STORE": store, "N-CREATE availability": asked(availability)},
    "teleradiology": {"C-ECHO": echo, "C-STORE": store},
    # the transaction is not one of the scanner's
    "ct1": {"C-ECHO": echo, "N-EVENT-REPORT": asked(commitment_result, 0x0112)},
}
"""What each system is asked, by the name of the request."""

# --- HL7 ---------------------------------------------------------------------------------------------------------------

ORDERS_AT_EHR = 8
"""How many orders the EHR has placed; reports are on one of them."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A kind of message, and who sends it (MSH-3)."""

    sender: str
    make: Callable[[Identity], Any]

    def bytes_of(self, identity: Identity) -> bytes:
        return message_of(replace(self.make(identity), control_id=identity.name("C")), self.sender)


def about(identity: Identity, message: Any) -> Any:
    return replace(message, patient=identity.patient)


def placed(identity: Identity) -> Any:
    return about(identity, samples.place_order(identity.name("P"), identity.name("Q")))


def scheduled(identity: Identity) -> Any:
    return samples.schedule_procedure(identity.name("P"), identity.patient)


def on_the_reading_list(identity: Identity) -> Any:
    return samples.reading_list_entry(identity.name("P"), identity.patient)


def reported(status: str) -> Callable[[Identity], Any]:
    """On an order of the EHR's, each signed later than the one before."""

    def report(identity: Identity) -> Any:
        signed = f"20260302{8 + identity.number // 3600 % 16:02d}{identity.number // 60 % 60:02d}{identity.number % 60:02d}"
        written = samples.report(status, f"P{identity.number % ORDERS_AT_EHR}", text=f"Text {identity.number}.\nSecond line.")
        return replace(written, reported_at=signed)

    return report


def report_passed_on(identity: Identity) -> Any:
    return about(identity, samples.report("F", identity.name("P")))


def status_passed_on(identity: Identity) -> Any:
    return about(identity, samples.order_status("IP", identity.name("P")))


def merged(identity: Identity) -> Any:
    prior = replace(identity.patient, patient_id=identity.name("O"))
    return samples.merge_patients(prior, identity.patient)


PATIENTS: Mapping[str, Callable[[Identity], Any]] = {
    "A04": lambda identity: samples.register_patient(identity.patient),
    "A08": lambda identity: samples.update_patient(identity.patient),
    "A05": lambda identity: samples.update_patient(identity.patient, kind=PreadmitPatient),
    "A31": lambda identity: samples.update_patient(identity.patient, kind=UpdatePerson),
    "A40": merged,
}

HL7: Mapping[str, Mapping[str, Sent]] = {
    "ehr": {
        "ORU preliminary": Sent("ENGINE", reported("P")),
        "ORU final": Sent("ENGINE", reported("F")),
        "ORU corrected": Sent("ENGINE", reported("C")),
    },
    "engine": {
        **{name: Sent("EHR", make) for name, make in PATIENTS.items()},
        "ORM new": Sent("EHR", placed),
        "ORU final": Sent("RIS", report_passed_on),
        "ORM status": Sent("RIS", status_passed_on),
    },
    "ris": {**{name: Sent("ENGINE", make) for name, make in PATIENTS.items()}, "ORM new": Sent("ENGINE", placed)},
    "pacs": {**{name: Sent("ENGINE", make) for name, make in PATIENTS.items()}, "ORM scheduled": Sent("RIS", scheduled)},
    "workstation": {"ORM reading list": Sent("RIS", on_the_reading_list)},
}
"""What each system is sent, by the name of the message."""
