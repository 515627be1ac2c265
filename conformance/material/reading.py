"""The tester around a reading system: the RIS with its reading list, the archive with its studies, and the reader.

::

    room = ReadingRoom(trial)
    order = room.put_on_list()
    room.open(order)
    room.sign(order, "No finding.")
    room.reports(order)
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pydicom.dataset import Dataset

from conformance.material.images import Study
from conformance.material.messages import Sent
from conformance.material.orders import Order, not_to_be_read, order_of, ready_to_read
from conformance.material.patients import Patient
from conformance.material.telling import told
from conformance.peers.acceptor import Answers, Behaviour
from conformance.peers.conversation import Conversation, Received
from conformance.peers.mllp import ReceivedMessage
from conformance.trial import Trial
from emulators.wire import commands
from emulators.wire.commands import SubOperations

CURRENT_DATE = "20250303"
EARLIER_DATE = "20240101"


class ReadArchive(Behaviour):
    """Finds studies by Patient ID or Study Instance UID, and moves them by C-STORE on an association of its own.

    ``filed_under`` is the Patient ID that it knows a study by, whatever its images say.
    """

    find_status = 0xFF00

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.studies: dict[str, list[Dataset]] = {}
        self.filed_under: dict[str, str] = {}

    def add(self, images: list[Dataset], patient_id: str) -> None:
        uid = str(images[0].StudyInstanceUID)
        self.studies[uid], self.filed_under[uid] = images, patient_id

    def answers(self, request: Received) -> Answers | None:
        if request.name == "C-FIND-RQ":
            return [*((self.find_status, match) for match in self.find(request)), (0x0000, None)]
        return () if request.name == "C-MOVE-RQ" else super().answers(request)

    def find(self, request: Received) -> Iterable[Dataset]:
        asked = request.dataset
        patient_id, uids = str(asked.get("PatientID") or ""), _uids(asked)
        for uid, images in self.studies.items():
            if (not patient_id or patient_id == self.filed_under[uid]) and (not uids or uid in uids):
                yield self._match(asked, uid, images)

    def _match(self, asked: Dataset, uid: str, images: list[Dataset]) -> Dataset:
        """What is asked for, of what the archive knows."""
        known = {
            "PatientID": self.filed_under[uid],
            "StudyInstanceUID": uid,
            "NumberOfStudyRelatedInstances": str(len(images)),
            "ModalitiesInStudy": images[0].Modality,
        }
        answer = Dataset()
        for key in asked:
            if key.VR != "SQ":
                setattr(answer, key.keyword, known.get(key.keyword, images[0].get(key.keyword, "")))
        answer.QueryRetrieveLevel = "STUDY"
        answer.StudyInstanceUID = uid
        return answer

    def answered(self, conversation: Conversation, request: Received) -> None:
        if request.name == "C-MOVE-RQ":
            for uid in _uids(request.dataset):
                self.move(conversation, request, uid)

    def move(self, conversation: Conversation, request: Received, uid: str) -> None:
        """All of a study, and success."""
        images = self.studies.get(uid, [])
        self.send(images)
        self.say(conversation, request, 0x0000, len(images), 0)

    def send(self, images: list[Dataset]) -> None:
        """The C-STORE sub-operations. Raises Failure."""
        if images:
            with self.trial.associate(*{str(one.SOPClassUID) for one in images}, peer="pacs") as peer:
                peer.store_all(images)

    def say(self, conversation: Conversation, request: Received, status: int, completed: int, failed: int) -> None:
        """The final answer to C-MOVE."""
        counts = SubOperations(completed, failed)
        conversation.send(request.context_id, commands.response(request.command, status, sub_operations=counts))


def _uids(identifier: Dataset) -> list[str]:
    value = identifier.get("StudyInstanceUID") or ""
    return [value] if isinstance(value, str) and value else [str(one) for one in value]


class ReadingRoom:
    """The systems and the people around a reading system in one trial."""

    def __init__(self, trial: Trial, archive: ReadArchive | None = None) -> None:
        self.trial = trial
        self.archive = archive or ReadArchive(trial)
        self.pacs = trial.peer("pacs").dicom
        self.ris = trial.peer("ris").mllp
        self.pacs.behave(self.archive)

    # --- what there is to read

    def patient(self) -> Patient:
        return Patient(self.trial.patient_id())

    def put_on_list(self, patient: Patient | None = None, *, study: str = "") -> Order:
        """A new order whose images are in the archive, told as ready to be read; ``study``: those of another order."""
        order = order_of(self.trial, patient or self.patient())
        if study:
            order = replace(order, study_instance_uid=study)
        else:
            self.archive_images(order)
        self.tell(ready_to_read(self.trial, order))
        return order

    def archive_images(self, order: Order, count: int = 2) -> None:
        """The images of an order in the archive."""
        values = {"AccessionNumber": order.accession, "StudyInstanceUID": order.study_instance_uid}
        study = Study(self.trial, PatientID=order.patient.patient_id, StudyDate=CURRENT_DATE, **values)
        self.archive.add(study.images(count), order.patient.patient_id)

    def archive_prior(self, patient: Patient, image_patient_id: str) -> str:
        """An earlier study of a patient, whose images bear a Patient ID of their own; its UID."""
        prior = Study(self.trial, PatientID=image_patient_id, StudyDate=EARLIER_DATE)
        self.archive.add(prior.images(2), patient.patient_id)
        return prior.uid

    def take_off_list(self, order: Order) -> None:
        self.tell(not_to_be_read(self.trial, order))

    def tell(self, message: Sent) -> None:
        """A message of the RIS, which is taken. Raises Failure."""
        told(self.trial, message, "AA", "CA", peer="ris")

    # --- the reader

    def open(self, order: Order, **data: str) -> None:
        self.trial.operate("open study", subject=order.accession, **data)

    def sign(self, order: Order, text: str, status: str = "F", **data: str) -> None:
        self.trial.operate("sign report", subject=order.accession, status=status, text=text, **data)

    def shown(self) -> str:
        """The reading list as it is shown."""
        return self.trial.operate("show reading list")

    # --- what is seen

    def is_asked_for(self, order: Order) -> bool:
        """Whether the archive was asked to send its images."""
        return bool(self.moves(order.study_instance_uid))

    def moves(self, study: str) -> list[Received]:
        """The C-MOVE requests for a study."""
        came = self.pacs.received
        return [one for one in came if one.name == "C-MOVE-RQ" and study in _uids(one.dataset)]

    def comes_to_ask_for(self, order: Order) -> bool:
        """Whether it opens: its images are asked for."""
        return self.trial.eventually(lambda: self.is_asked_for(order), self.trial.timers.propagation_s)

    def reports(self, order: Order) -> list[ReceivedMessage]:
        """The ORU^R01 that name an order, in the order of their arrival."""
        accession = order.accession.encode()
        return [one for one in self.ris.received if one.field("MSH", 9) == "ORU" and accession in one.payload]

    def report(self, order: Order, number: int = 1) -> ReceivedMessage:
        """So many of them, as soon as they are there: the last. Raises Failure."""
        limit_s = self.trial.timers.propagation_s
        self.trial.eventually(lambda: len(self.reports(order)) >= number, limit_s)
        found = self.reports(order)
        self.trial.expect(len(found) >= number, f"{number} reports of the order", f"{len(found)} within {limit_s:g} s")
        return found[number - 1]

    def close(self, orders: Iterable[Order]) -> None:
        """A reading system would ask for the images of its list for ever: off the list with them."""
        for order in orders:
            self.take_off_list(order)


def reader(family: str, given: str) -> Mapping[str, str]:
    """As data of an operator step."""
    return {"reader.family": family, "reader.given": given}
