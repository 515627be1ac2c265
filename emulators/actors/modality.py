"""The modality: finds the patient on the worklist, performs the step, sends the images, and keeps them until they are
committed.

One exam goes through::

    asking --item found--> performing --images acquired--> sending --all confirmed--> committing --committed--> done
       |                                                      ^                          |
       no item: note, back to nothing                         +--- some not committed ---+

A StoreStudy resumes with what was not confirmed (outbox). The step ends when the archive has confirmed every instance; what the
commitment result does not name as committed is sent again. Nothing is deleted before it is committed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from emulators.actors.outbox import Delivery, RetryPolicy
from emulators.actors.system import System
from emulators.core.effect import CancelTimer, Effect, Note, SetTimer
from emulators.core.identity import uid
from emulators.core.instant import DAY, MINUTE, Stamp, WallClock
from emulators.messages.common import SUCCESS, Status
from emulators.messages.imaging import (
    NO_INSTANCES,
    CommitRequest,
    CommitResult,
    ImageContext,
    InstanceSet,
    StepEnded,
    StepStarted,
    StoreStudy,
    StudyHeader,
)
from emulators.messages.worklist import WorklistItem, WorklistItems, WorklistQuery

COMMIT_LIMIT_US = 10 * MINUTE
"""How long a modality waits for a commitment result before it asks again under a new transaction."""

RESEND_AFTER_US = MINUTE
"""How long it waits before it sends again what was not committed."""

NO_SUCH_TRANSACTION = 0x0112


class ImageSpecification(Protocol):
    """What a modality must know of the images it makes, without making them (datasets/studies.py knows)."""

    def sop_class_uid(self, modality: str) -> str: ...
    def nominal_bytes(self, modality: str) -> int: ...


@dataclass(slots=True)
class _Exam:
    item: WorklistItem
    mpps_uid: str
    started_at: Stamp
    instances: InstanceSet = NO_INSTANCES
    uncommitted: InstanceSet = NO_INSTANCES
    sent: bool = False
    transactions: int = 0
    transaction_uid: str = ""


class Modality(System):
    """One scanner. ``ae_title`` is its station; ``ris`` and ``pacs`` are the systems it speaks to."""

    def __init__(
        self,
        name: str,
        clock: WallClock,
        ae_title: str,
        ris: str,
        pacs: str,
        images: ImageSpecification,
        retry: RetryPolicy | None = None,
    ) -> None:
        super().__init__(name, clock, retry)
        self._ae_title = ae_title
        self._ris = ris
        self._pacs = pacs
        self._images = images
        self._wanted: dict[str, str] = {}
        self._exams: dict[str, _Exam] = {}
        self._by_transaction: dict[str, _Exam] = {}
        self.stimuli = {"patient on table": self._patient_on_table, "images acquired": self._images_acquired}
        self.requests = {CommitResult: self._commit_result}
        self.deliveries = {
            WorklistQuery: self._worklist_answered,
            StoreStudy: self._study_sent,
        }

    # --- worklist ------------------------------------------------------------------------------------------------------

    def _patient_on_table(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        """``subject``: the accession number on the request form; the query is for this station's list since yesterday."""
        accession: str = data["subject"]
        queue = f"worklist/{accession}"
        if accession in self._exams or self.outbox.owns(f"out/{self._ris}/{queue}"):
            return ()
        dates = f"{self.stamp(-DAY)[:8]}-{self.stamp()[:8]}"
        query = WorklistQuery(station_ae_title=self._ae_title, start_date=dates, modality=data["modality"])
        self._wanted[queue] = accession
        return self.outbox.put(self._ris, query, queue)

    def _worklist_answered(self, delivery: Delivery) -> Sequence[Effect]:
        accession = self._wanted.pop(delivery.queue)
        answer: WorklistItems = delivery.answer
        item = next((item for item in answer.items if item.scheduled.accession_number == accession), None)
        if item is None:
            return [Note("worklist item missing", accession, {"station": self._ae_title})]
        return self._start(item)

    # --- the step ------------------------------------------------------------------------------------------------------

    def _start(self, item: WorklistItem) -> Sequence[Effect]:
        scheduled = item.scheduled
        accession = scheduled.accession_number
        exam = _Exam(item, uid("step", scheduled.study_instance_uid), self.stamp())
        self._exams[accession] = exam
        message = StepStarted(
            mpps_uid=exam.mpps_uid,
            patient=item.patient,
            accession_number=accession,
            study_instance_uid=scheduled.study_instance_uid,
            placer_order_number=item.placer_order_number,
            requested_procedure_id=scheduled.requested_procedure_id,
            step_id=scheduled.step_id,
            procedure=item.procedure,
            protocol=scheduled.protocol,
            modality=item.modality,
            station_ae_title=self._ae_title,
            performed_step_id=f"P{accession[1:]}",
            started_at=exam.started_at,
        )
        note = Note("exam started", accession, {"mrn": item.patient.patient_id, "station": self._ae_title})
        return [*self.outbox.put(self._ris, message), note]

    def _images_acquired(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        """``subject``: the accession number; ``instances``: how many images the exam has."""
        exam = self._exams[data["subject"]]
        exam.instances = InstanceSet(_series_uid(exam), 1, data["instances"])
        exam.uncommitted = exam.instances
        return self._send(exam, exam.instances)

    def _send(self, exam: _Exam, instances: InstanceSet) -> Sequence[Effect]:
        item = exam.item
        scheduled = item.scheduled
        header = StudyHeader(
            patient=item.patient,
            accession_number=scheduled.accession_number,
            study_instance_uid=scheduled.study_instance_uid,
            study_at=exam.started_at,
            modality=item.modality,
            description=item.procedure.meaning,
        )
        images = self._images
        store = StoreStudy(
            header=header,
            series_instance_uid=_series_uid(exam),
            sop_class_uid=images.sop_class_uid(item.modality),
            instances=instances,
            instance_bytes=images.nominal_bytes(item.modality),
            context=ImageContext(
                requested_procedure_id=scheduled.requested_procedure_id,
                step_id=scheduled.step_id,
                procedure=item.procedure,
                protocol=scheduled.protocol,
                mpps_uid=exam.mpps_uid,
                station_ae_title=self._ae_title,
                referring_physician=item.referring_physician,
            ),
        )
        return self.outbox.put(self._pacs, store)

    def _study_sent(self, delivery: Delivery) -> Sequence[Effect]:
        exam = self._exams[delivery.message.header.accession_number]
        if not delivery.accepted:
            return ()
        effects = list(self._ask_commitment(exam))
        if not exam.sent:
            exam.sent = True
            item = exam.item
            message = StepEnded(
                mpps_uid=exam.mpps_uid,
                ended_at=self.stamp(),
                series_instance_uid=_series_uid(exam),
                sop_class_uid=delivery.message.sop_class_uid,
                protocol_name=item.scheduled.protocol.meaning,
                instances=exam.instances,
            )
            effects[:0] = self.outbox.put(self._ris, message)
            effects.append(Note("study sent", item.scheduled.accession_number, {"instances": len(exam.instances)}))
        return effects

    # --- commitment ----------------------------------------------------------------------------------------------------

    def _ask_commitment(self, exam: _Exam) -> Sequence[Effect]:
        exam.transactions += 1
        exam.transaction_uid = uid("transaction", exam.mpps_uid, exam.transactions)
        self._by_transaction[exam.transaction_uid] = exam
        sop_class = self._images.sop_class_uid(exam.item.modality)
        request = CommitRequest(exam.transaction_uid, sop_class, exam.uncommitted)
        timer = SetTimer(f"commit/{exam.transaction_uid}", self.now + COMMIT_LIMIT_US)
        return [*self.outbox.put(self._pacs, request), timer]

    def timer_fired(self, key: str) -> Sequence[Effect]:
        """No commitment result came in time: ask again. Or some instances were not committed: send them again."""
        kind, _, transaction_uid = key.partition("/")
        exam = self._by_transaction.get(transaction_uid)
        if exam is None:
            return super().timer_fired(key)
        if exam.transaction_uid != transaction_uid:
            return ()
        return self._send(exam, exam.uncommitted) if kind == "resend" else self._ask_commitment(exam)

    def _commit_result(self, message: CommitResult, _sender: str) -> tuple[Status, Sequence[Effect]]:
        exam = self._by_transaction.get(message.transaction_uid)
        if exam is None:
            return Status(NO_SUCH_TRANSACTION, "no such transaction"), ()
        if not exam.uncommitted or exam.transaction_uid != message.transaction_uid:
            return SUCCESS, ()
        exam.uncommitted = exam.uncommitted.without(message.committed)
        timer = CancelTimer(f"commit/{message.transaction_uid}")
        if exam.uncommitted:
            return SUCCESS, [timer, SetTimer(f"resend/{message.transaction_uid}", self.now + RESEND_AFTER_US)]
        accession = exam.item.scheduled.accession_number
        return SUCCESS, [timer, Note("study committed", accession, {"instances": len(exam.instances)})]


def _series_uid(exam: _Exam) -> str:
    """The one series of the exam; its instances are numbered below it."""
    return f"{exam.item.scheduled.study_instance_uid}.1"
