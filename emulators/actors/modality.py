"""The modality: finds the patient on the worklist, performs the step, sends the images, and keeps them until they are
committed.

Stimuli
======================  =====================================================================================================
``patient on table``    subject (the accession number on the request form), modality; ``picked``: that of the entry which the
                        person picks, ``group``: further ones that are done in the same study, ``body_part``: the protocol's
``start unscheduled``   subject, patient, accession, modality, description, body_part, as typed: the worklist is given up
``images acquired``     subject, instances: how many, shared by the series of the exam (one for each scheduled step), or a tuple
                        with the number of each series
``discontinue exam``    subject, instances, reason (a Code): what has been made so far is kept
``append images``       subject, instances: a further performed step of an exam that is over, a further series of its study
``correct patient``     subject, patient: whose the images of an exam that is over are in truth. They are made again, as a study
                        of its own that nobody has scheduled; those that are out stay what they are
======================  =====================================================================================================

Notes, of the subject
===========================  ================================================================================================
``worklist did not answer``  station, reason: one try has failed; the person asks again, or types
``worklist item missing``    station, reason: the entry is not on the list, or cannot be read
``exam started``             mrn, station, accession, study
``no such exam``             station, stimulus: there is none that this can be done to
``instances refused``        status, count: the archive will never take them
``study sent``               instances: of a step, those that the archive took
``exam discontinued``        instances, reason
``study committed``          instances: of a step, those that are safe
===========================  ================================================================================================

A step goes through::

    performing --images acquired--> sending --all confirmed or refused--> committing --committed--> done
                 discontinue exam      ^                                      |
                                       +------------ some not committed ------+

- The worklist is asked before each start, once per stimulus, so that what is started is what the list says now.
- A StoreStudy resumes with what was not confirmed (outbox); what is refused for good is noted, and not sent again.
- The step ends when the archive has confirmed or refused every image. Its N-CREATE and N-SET go through one queue, in order;
  images do not wait for them. A step that the RIS refuses to know of is not ended there.
- What the commitment result does not name as committed is sent again. Nothing is deleted before it is committed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from emulators.actors.exam import (
    Exam,
    Series,
    Step,
    Wish,
    chosen,
    image_counts,
    new_step,
    own_study,
    scheduled_exam,
    series_uid,
    typed_exam,
)
from emulators.actors.outbox import Delivery, RetryPolicy
from emulators.actors.system import System
from emulators.core.effect import CancelTimer, Effect, Note, Send, SetTimer
from emulators.core.errors import RemoteProtocolError
from emulators.core.event import Outcome, OutcomeKind
from emulators.core.identity import uid
from emulators.core.instant import DAY, MINUTE, WallClock
from emulators.messages.commitment import CommitRequest, CommitResult
from emulators.messages.common import NOBODY, SUCCESS, Code, Status
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.messages.steps import StepStarted
from emulators.messages.worklist import WorklistItems, query_for_all_keys

COMMIT_LIMIT_US = 10 * MINUTE
"""How long a modality waits for a commitment result before it asks again under a new transaction, unless told otherwise."""

RESEND_AFTER_US = MINUTE
"""How long it waits before it sends again what was not committed, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class CommitmentPolicy:
    """How long it waits for a result before it asks again, and before it sends again what was not committed."""

    result_limit_us: int = COMMIT_LIMIT_US
    resend_after_us: int = RESEND_AFTER_US


NO_SUCH_TRANSACTION = 0x0112
_OUT_OF_RESOURCES = 0xA7  # A7xxH: the outbox tries again

UNSPECIFIED = Code("110513", "DCM", "Discontinued for unspecified reason")
"""PS3.16 CID 9300."""


class ImageSpecification(Protocol):
    """What a modality must know of the images it makes, without making them (datasets/studies.py knows)."""

    def sop_class_uid(self, modality: str) -> str: ...
    def nominal_bytes(self, modality: str) -> int: ...


class Modality(System):
    """One scanner. ``ae_title`` is its station; ``ris`` and ``pacs`` are the systems it speaks to. An archive that never
    ``commits`` is not asked to, and so nothing is ever deleted."""

    def __init__(
        self,
        name: str,
        clock: WallClock,
        ae_title: str,
        ris: str,
        pacs: str,
        images: ImageSpecification,
        retry: RetryPolicy | None = None,
        commits: bool = True,
        commitment: CommitmentPolicy | None = None,
    ) -> None:
        super().__init__(name, clock, retry)
        self._ae_title = ae_title
        self._ris = ris
        self._pacs = pacs
        self._images = images
        self._commits = commits
        self._commitment = commitment or CommitmentPolicy()
        self._query_limit_us = (retry or RetryPolicy()).deadline_us
        self._queries = 0
        self._wishes: dict[str, Wish] = {}
        """By the key of the query that is under way for it."""
        self._steps: dict[str, Step] = {}
        """The last step of each exam, by subject."""
        self._by_mpps_uid: dict[str, Step] = {}
        self._by_series: dict[str, Step] = {}
        self._by_transaction: dict[str, Step] = {}
        self._typed: Counter[str] = Counter()
        """How many exams were typed under each subject: the next may be of another patient, and has a study of its own."""
        self._step_numbers: Counter[str] = Counter()
        self._series_numbers: Counter[str] = Counter()
        """How many of each study there are here."""
        self.stimuli = {
            "patient on table": self._patient_on_table,
            "start unscheduled": self._start_unscheduled,
            "images acquired": self._images_acquired,
            "discontinue exam": self._discontinue_exam,
            "append images": self._append_images,
            "correct patient": self._correct_patient,
        }
        self.requests = {CommitResult: self._commit_result}
        self.deliveries = {
            StepStarted: self._start_reported,
            StoreStudy: self._series_sent,
            CommitRequest: self._commitment_asked,
        }

    def _outcome(self, outcome: Outcome) -> Sequence[Effect]:
        if not self.outbox.owns(outcome.key):
            return self._worklist_answered(outcome)
        if isinstance(outcome.message, StoreResult):
            self._keep_refusals(outcome.message)
        return super()._outcome(outcome)

    # --- worklist ------------------------------------------------------------------------------------------------------

    def _patient_on_table(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        """Ask for this station's list since yesterday; not while the question is open, or the exam goes on."""
        subject = data["subject"]
        if self._is_performing(subject) or any(wish.subject == subject for wish in self._wishes.values()):
            return ()
        accessions = (data.get("picked", subject), *data.get("group", ()))
        wish = Wish(subject, accessions, data["modality"], data.get("body_part", ""))
        self._queries += 1
        key = f"worklist/{subject}/{self._queries}"
        self._wishes[key] = wish
        query = query_for_all_keys(
            {
                "ScheduledStationAETitle": self._ae_title,
                "ScheduledProcedureStepStartDate": f"{self.stamp(-DAY)[:8]}-{self.stamp()[:8]}",
                "Modality": data["modality"],
            }
        )
        return [Send(key, self._ris, query, self._query_limit_us)]

    def _worklist_answered(self, outcome: Outcome) -> Sequence[Effect]:
        """A list that ends with a failure is still one of which an entry can be picked."""
        wish = self._wishes.pop(outcome.key, None)
        if wish is None:  # given up meanwhile
            return ()
        if outcome.kind is not OutcomeKind.ANSWERED:
            return [self._not_started("worklist did not answer", wish, outcome.kind.value)]
        answer: WorklistItems = outcome.message
        items = chosen(answer.items, wish)
        if items is None and answer.status != SUCCESS.code:
            return [self._not_started("worklist did not answer", wish, f"{answer.status:04X}H")]
        if items is None:
            return [self._not_started("worklist item missing", wish, "not on the list")]
        try:
            exam = scheduled_exam(wish, items, self._ae_title, self.stamp())
        except RemoteProtocolError:
            return [self._not_started("worklist item missing", wish, "cannot be read")]
        return self._start(exam)

    def _not_started(self, name: str, wish: Wish, reason: str) -> Note:
        return Note(name, wish.subject, {"station": self._ae_title, "reason": reason})

    def _start_unscheduled(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        subject = data["subject"]
        if self._is_performing(subject):
            return ()
        occurrence = self._typed[subject] + 1
        exam = typed_exam(data, self._ae_title, self.stamp(), occurrence)
        self._typed[subject] = occurrence
        self._wishes = {key: wish for key, wish in self._wishes.items() if wish.subject != subject}
        return self._start(exam)

    # --- the step ------------------------------------------------------------------------------------------------------

    def _is_performing(self, subject: str) -> bool:
        step = self._steps.get(subject)
        return step is not None and not step.ending

    def _start(self, exam: Exam) -> Sequence[Effect]:
        fields = {
            "mrn": exam.patient.patient_id,
            "station": self._ae_title,
            "accession": "+".join(reference.accession_number for reference in exam.references),
            "study": exam.study_instance_uid,
        }
        return [*self._new_step(exam), Note("exam started", exam.subject, fields)]

    def _new_step(self, exam: Exam) -> Sequence[Effect]:
        self._step_numbers[exam.study_instance_uid] += 1
        step = new_step(exam, self.stamp(), self._step_numbers[exam.study_instance_uid])
        self._steps[exam.subject] = self._by_mpps_uid[step.mpps_uid] = step
        return self.outbox.put(self._ris, step.started())

    def _start_reported(self, delivery: Delivery) -> Sequence[Effect]:
        """A step that the RIS does not know of must not be ended there."""
        if delivery.accepted:
            return ()
        mpps_uid = delivery.message.mpps_uid
        self._by_mpps_uid[mpps_uid].is_refused = True
        self.outbox.take_out(self._ris, delivery.queue, lambda message: message.mpps_uid == mpps_uid)
        return ()

    def _images_acquired(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        if not self._is_performing(data["subject"]):
            return self._no_such_exam(data["subject"], "images acquired")
        step = self._steps[data["subject"]]
        return self._acquire(step, image_counts(data["instances"], len(step.exam.references)), "COMPLETED")

    def _discontinue_exam(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        if not self._is_performing(data["subject"]):
            return self._no_such_exam(data["subject"], "discontinue exam")
        step = self._steps[data["subject"]]
        step.reason = data["reason"] if data["reason"].value else UNSPECIFIED
        return self._acquire(step, image_counts(data["instances"], 1), "DISCONTINUED")

    def _append_images(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        subject = data["subject"]
        if subject not in self._steps or self._is_performing(subject):
            return self._no_such_exam(subject, "append images")
        effects = self._new_step(self._steps[subject].exam)
        return [*effects, *self._acquire(self._steps[subject], image_counts(data["instances"], 1), "COMPLETED")]

    def _correct_patient(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        """Images of somebody else are other images: all UIDs are new, and nothing of the wrong entry is named."""
        subject = data["subject"]
        if subject not in self._steps or self._is_performing(subject):
            return self._no_such_exam(subject, "correct patient")
        wrong = self._steps[subject]
        self._typed[subject] += 1
        study = own_study(self._ae_title, subject, self._typed[subject])
        exam = replace(
            wrong.exam,
            patient=data["patient"],
            references=(),
            was_scheduled=False,
            study_instance_uid=study,
            referring_physician=NOBODY,
        )
        counts = tuple(len(series.made) for series in wrong.series.values())
        return [*self._start(exam), *self._acquire(self._steps[subject], counts, "COMPLETED")]

    def _no_such_exam(self, subject: str, stimulus: str) -> Sequence[Effect]:
        return [Note("no such exam", subject, {"station": self._ae_title, "stimulus": stimulus})]

    def _acquire(self, step: Step, counts: tuple[int, ...], ending: str) -> Sequence[Effect]:
        """The step has made a series of each of these counts. One without images is a series too: a step has one at least."""
        exam, study = step.exam, step.exam.study_instance_uid
        sop_class_uid = self._images.sop_class_uid(exam.modality)
        for number, count in enumerate(counts):
            self._series_numbers[study] += 1
            root = series_uid(study, self._series_numbers[study])
            made = InstanceSet(root, 1, count) if count else NO_INSTANCES
            step.series[root] = Series(root, sop_class_uid, exam.protocol_name(number), made, made)
            self._by_series[root] = step
        step.ending = ending
        return self._send(step)

    # --- the images ----------------------------------------------------------------------------------------------------

    def _send(self, step: Step) -> Sequence[Effect]:
        """Send all that is not committed."""
        effects: list[Effect] = []
        instance_bytes = self._images.nominal_bytes(step.exam.modality)
        for series in step.series.values():
            if series.uncommitted:
                series.is_under_way = True
                effects += self.outbox.put(self._pacs, step.store(series, instance_bytes))
        return effects if step.is_under_way else self._all_sent(step)

    def _keep_refusals(self, result: StoreResult) -> None:
        """Remember what is refused for good, and why: in the end only the last try's result is there."""
        for status, instances in result.failed:
            if status >> 8 == _OUT_OF_RESOURCES:
                continue
            for root, refused in instances.by_root().items():
                series = self._by_series[root].series[root]
                series.refused[status] = series.refused.get(status, NO_INSTANCES).union(refused)

    def _series_sent(self, delivery: Delivery) -> Sequence[Effect]:
        root = delivery.message.series_instance_uid
        step = self._by_series[root]
        series = step.series[root]
        series.is_under_way = False
        effects: list[Effect] = []
        for status, instances in series.refused.items():
            series.lost = series.lost.union(instances)
            series.uncommitted = series.uncommitted.without(instances)
            fields = {"status": f"{status:04X}H", "count": len(instances)}
            effects.append(Note("instances refused", step.exam.subject, fields))
        series.refused = {}
        return effects if step.is_under_way else [*effects, *self._all_sent(step)]

    def _all_sent(self, step: Step) -> Sequence[Effect]:
        was_sent, step.is_sent = step.is_sent, True
        uncommitted = step.uncommitted
        if was_sent:
            return self._ask_commitment(step) if uncommitted else self._committed(step)
        effects: list[Effect] = []
        if not step.is_refused:
            effects += self.outbox.put(self._ris, step.ended(self.stamp()))
        if uncommitted:
            effects += self._ask_commitment(step)
        subject, kept, was_discontinued = step.exam.subject, step.kept, step.ending == "DISCONTINUED"
        if step.made or not was_discontinued:
            effects.append(Note("study sent", subject, {"instances": kept}))
        if was_discontinued:
            effects.append(Note("exam discontinued", subject, {"instances": kept, "reason": step.reason.value}))
        return effects

    # --- commitment ----------------------------------------------------------------------------------------------------

    def _ask_commitment(self, step: Step) -> Sequence[Effect]:
        if not self._commits:
            return ()
        step.transactions += 1
        step.is_asked = False
        step.transaction_uid = uid("transaction", step.mpps_uid, step.transactions)
        self._by_transaction[step.transaction_uid] = step
        request = CommitRequest(step.transaction_uid, step.uncommitted)
        timer = SetTimer(f"commit/{step.transaction_uid}", self.now + self._commitment.result_limit_us)
        return [*self.outbox.put(self._pacs, request), timer]

    def _commitment_asked(self, delivery: Delivery) -> Sequence[Effect]:
        transaction_uid = delivery.message.transaction_uid
        step = self._by_transaction[transaction_uid]
        step.is_asked |= step.transaction_uid == transaction_uid
        return ()

    def timer_fired(self, key: str) -> Sequence[Effect]:
        """No commitment result came in time: ask again, if the request has come through. Or some instances were not committed:
        send them again."""
        kind, _, transaction_uid = key.partition("/")
        step = self._by_transaction.get(transaction_uid)
        if step is None:
            return super().timer_fired(key)
        if step.transaction_uid != transaction_uid:
            return ()
        if kind == "resend":
            return () if step.is_under_way else self._send(step)
        return self._ask_commitment(step) if step.is_asked else [SetTimer(key, self.now + self._commitment.result_limit_us)]

    def _commit_result(self, message: CommitResult, _sender: str) -> tuple[Status, Sequence[Effect]]:
        step = self._by_transaction.get(message.transaction_uid)
        if step is None:
            return Status(NO_SUCH_TRANSACTION, "no such transaction"), ()
        if not step.uncommitted or step.transaction_uid != message.transaction_uid:
            return SUCCESS, ()
        committed = message.committed_instances
        for series in step.series.values():
            series.uncommitted = series.uncommitted.without(committed)
        timer = CancelTimer(f"commit/{message.transaction_uid}")
        if step.uncommitted:
            return SUCCESS, [timer, SetTimer(f"resend/{message.transaction_uid}", self.now + self._commitment.resend_after_us)]
        return SUCCESS, [timer, *self._committed(step)]

    def _committed(self, step: Step) -> Sequence[Effect]:
        return [Note("study committed", step.exam.subject, {"instances": step.kept})] if step.kept else []
