"""One exam as its scanner knows it: for whom, for which scheduled steps, in which study; and what was made of it.

An exam has a performed step, and one more each time that images are appended; a step has series. Its images are in

- the study that was scheduled;
- a study of their own, where procedures of several studies are done as one: each request is named in it, none of their
  accession numbers is its own (RAD TF-2 4.6, group case);
- a study of their own, where the exam is not on the worklist and the patient was typed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulators.actors.worklist_item import patient_of, referring_physician_of, scheduled_reference
from emulators.core.errors import LocalProtocolError
from emulators.core.identity import accession_number, procedure_id, uid
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.attributes import Attributes
from emulators.messages.commitment import Referenced
from emulators.messages.common import NO_CODE, NOBODY, Code, Patient, PersonName
from emulators.messages.imaging import ImageContext, StoreStudy, StudyHeader
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.messages.steps import PerformedSeries, ScheduledReference, StepEnded, StepStarted

_STUDY_LIMIT = 52
"""Characters of a Study Instance UID below which series and instances can be numbered: a UID has 64 (PS3.5 9.1)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person looks for on the worklist: entries of these ``accessions``, to be done as one exam called ``subject``.

    The body part is that of the protocol they choose at the scanner; a worklist does not say it.
    """

    subject: str
    accessions: tuple[str, ...]
    modality: str
    body_part: str = ""

    def __post_init__(self) -> None:
        """What is chosen goes into messages later, and is held against their limits now. Raises LocalProtocolError."""
        canonical.code_string(self.modality, "modality")
        canonical.text(self.body_part, 16, "body_part")


@dataclass(frozen=True, slots=True)
class Exam:
    """``subject`` is what people call it. ``references`` are the steps that it names, unproven unless it was scheduled."""

    subject: str
    station_ae_title: str
    patient: Patient
    references: tuple[ScheduledReference, ...]
    was_scheduled: bool
    study_instance_uid: str
    started_at: Stamp
    modality: str
    description: str
    body_part: str
    referring_physician: PersonName = NOBODY

    def __post_init__(self) -> None:
        """As for a Wish: what was typed may be beyond the limits."""
        canonical.code_string(self.modality, "modality")
        canonical.text(self.description, 64, "description")
        canonical.text(self.body_part, 16, "body_part")

    def _shared(self, attribute: str) -> str:
        """What all references have in common; empty where there is none, or where they differ."""
        values = {getattr(reference, attribute) for reference in self.references}
        return values.pop() if len(values) == 1 else ""

    @property
    def accession_number(self) -> str:
        """That of the request; none of several."""
        return self._shared("accession_number")

    @property
    def number(self) -> str:
        """What its identifiers are made of: the accession number of its request, else one that nobody assigned."""
        return (self.accession_number if self.was_scheduled else "") or accession_number(self.study_instance_uid)

    def protocol_name(self, number: int) -> str:
        """Of the ``number``-th series of a step, from 0: a series for each reference; never empty (PS3.4 Table F.7.2-1)."""
        protocol = self.references[min(number, len(self.references) - 1)].protocol if self.references else NO_CODE
        return protocol.meaning or protocol.value or self.description or self.modality

    def header(self) -> StudyHeader:
        """What every image says of the study."""
        return StudyHeader(
            patient=self.patient,
            accession_number=self.accession_number,
            study_instance_uid=self.study_instance_uid,
            study_at=self.started_at,
            modality=self.modality,
            description=self.description,
            body_part=self.body_part,
            study_id=self._shared("requested_procedure_id") or procedure_id("ST", self.number),
            referring_physician=self.referring_physician,
        )


@dataclass(slots=True)
class Series:
    """What was made in a series, and how far it is safe. ``refused`` by status, since it was sent last."""

    uid: str
    sop_class_uid: str
    protocol_name: str
    made: InstanceSet
    uncommitted: InstanceSet
    lost: InstanceSet = NO_INSTANCES
    """What the archive does not take."""
    refused: dict[int, InstanceSet] = field(default_factory=dict)
    is_under_way: bool = False


@dataclass(slots=True)
class Step:
    """A performed step. ``ending`` is empty while it is performed."""

    exam: Exam
    mpps_uid: str
    performed_step_id: str
    started_at: Stamp
    series: dict[str, Series] = field(default_factory=dict)
    """By UID."""
    ending: str = ""
    reason: Code = NO_CODE
    is_refused: bool = False
    """Whether the RIS has refused to know of it."""
    is_sent: bool = False
    """Whether every image was confirmed or refused once."""
    transactions: int = 0
    transaction_uid: str = ""
    is_asked: bool = False
    """Whether the archive has taken the commitment request."""

    @property
    def made(self) -> int:
        """How many images."""
        return sum(len(series.made) for series in self.series.values())

    @property
    def kept(self) -> int:
        """How many images the archive has taken."""
        return self.made - sum(len(series.lost) for series in self.series.values())

    @property
    def is_under_way(self) -> bool:
        """Whether some of its images are being sent, or wait for it."""
        return any(series.is_under_way for series in self.series.values())

    @property
    def uncommitted(self) -> tuple[Referenced, ...]:
        """What the archive has not yet promised to keep, by SOP class."""
        by_class: dict[str, InstanceSet] = {}
        for series in self.series.values():
            if series.uncommitted:
                before = by_class.get(series.sop_class_uid, NO_INSTANCES)
                by_class[series.sop_class_uid] = before.union(series.uncommitted)
        return tuple(Referenced(sop_class_uid, instances) for sop_class_uid, instances in by_class.items())

    def started(self) -> StepStarted:
        """The message of its start."""
        exam = self.exam
        return StepStarted(
            mpps_uid=self.mpps_uid,
            patient=exam.patient,
            scheduled=exam.references,
            study_instance_uid=exam.study_instance_uid,
            modality=exam.modality,
            station_ae_title=exam.station_ae_title,
            performed_step_id=self.performed_step_id,
            description=exam.description,
            started_at=self.started_at,
        )

    def ended(self, ended_at: Stamp) -> StepEnded:
        """The message of its end, with everything that was made, whatever became of it."""
        series = tuple(PerformedSeries(one.uid, one.sop_class_uid, one.protocol_name, one.made) for one in self.series.values())
        return StepEnded(self.mpps_uid, ended_at, series, self.ending, self.reason)

    def store(self, series: Series, instance_bytes: int) -> StoreStudy:
        """The message that carries what of a series is not committed."""
        exam = self.exam
        requests = exam.references if exam.was_scheduled else ()
        return StoreStudy(
            header=exam.header(),
            series_instance_uid=series.uid,
            sop_class_uid=series.sop_class_uid,
            instances=series.uncommitted,
            instance_bytes=instance_bytes,
            context=ImageContext(requests, self.mpps_uid, exam.station_ae_title),
        )


def new_step(exam: Exam, started_at: Stamp, number: int) -> Step:
    """The ``number``-th performed step of its study, from 1."""
    mpps_uid = uid("step", exam.study_instance_uid, number)
    return Step(exam, mpps_uid, procedure_id("P", exam.number, number), started_at)


def series_uid(study_instance_uid: str, number: int) -> str:
    """The ``number``-th series of a study, from 1; its instances are numbered below it."""
    if len(study_instance_uid) > _STUDY_LIMIT:
        return uid("series", study_instance_uid, number)
    return f"{study_instance_uid}.{number}"


def image_counts(instances: int | tuple[int, ...], series: int) -> tuple[int, ...]:
    """How many images each series gets: as they are given, or shared by ``series``; those with none are left out but one.

    Raises LocalProtocolError for less than none.
    """
    if min((instances,) if isinstance(instances, int) else instances, default=0) < 0:
        raise LocalProtocolError("instances: less than none")
    if not isinstance(instances, int):
        return instances or (0,)
    shares = max(series, 1)
    counts = tuple(instances // shares + (number < instances % shares) for number in range(shares))
    return tuple(filter(None, counts)) or (0,)


# --- how an exam comes about -------------------------------------------------------------------------------------------


def chosen(items: Sequence[Attributes], wish: Wish) -> list[Attributes] | None:
    """The entries that the person picks: the first of each accession number, all of one patient; None if one is missing."""
    found: list[Attributes] = []
    for accession in wish.accessions:
        fitting = [item for item in items if accession and item.first("AccessionNumber") == accession and item not in found]
        item = next((item for item in fitting if not found or _patient_key(item) == _patient_key(found[0])), None)
        if item is None:
            return None
        found.append(item)
    return found


def _patient_key(item: Attributes) -> tuple[str, str]:
    return item.first("PatientID"), item.first("IssuerOfPatientID")


def scheduled_exam(wish: Wish, items: Sequence[Attributes], station_ae_title: str, started_at: Stamp) -> Exam:
    """The exam of these entries. Raises RemoteProtocolError for one that cannot be read."""
    references = tuple(map(scheduled_reference, items))
    meanings = dict.fromkeys(reference.procedure.meaning or reference.procedure.value for reference in references)
    return Exam(
        subject=wish.subject,
        station_ae_title=station_ae_title,
        patient=patient_of(items[0]),
        references=references,
        was_scheduled=True,
        study_instance_uid=_study_of(references) or own_study(station_ae_title, wish.subject),
        started_at=started_at,
        modality=wish.modality,
        description="; ".join(filter(None, meanings))[:64],
        body_part=wish.body_part,
        referring_physician=referring_physician_of(items[0]),
    )


def _study_of(references: tuple[ScheduledReference, ...]) -> str:
    """The study that is scheduled, or a new one for several; empty where the worklist names none."""
    studies = {reference.study_instance_uid for reference in references}
    return studies.pop() if len(studies) == 1 else uid("group study", references[0].accession_number)


def own_study(station_ae_title: str, subject: str, occurrence: int = 1) -> str:
    """The study of an exam that nobody has scheduled, the ``occurrence``-th that is called so."""
    return uid("unscheduled study", f"{station_ae_title}/{subject}", occurrence)


def typed_exam(typed: Mapping[str, Any], station_ae_title: str, started_at: Stamp, occurrence: int = 1) -> Exam:
    """The exam of a patient who was typed: ``subject``, ``patient``, ``accession``, ``modality``, ``description``,
    ``body_part``. A typed accession number names a request perhaps, and no step of it."""
    subject, accession = typed["subject"], typed["accession"]
    study = own_study(station_ae_title, subject, occurrence)
    reference = ScheduledReference(accession, study, "", "", "", NO_CODE, NO_CODE)
    return Exam(
        subject=subject,
        station_ae_title=station_ae_title,
        patient=typed["patient"],
        references=(reference,) if accession else (),
        was_scheduled=False,
        study_instance_uid=study,
        started_at=started_at,
        modality=typed["modality"],
        description=typed["description"],
        body_part=typed["body_part"],
    )
