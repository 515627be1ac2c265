"""Performed steps: lane ``steps``, MPPS (PS3.4 Annex F, RAD-6 and RAD-7), each message answered by a Status."""

from dataclasses import dataclass, replace
from typing import ClassVar

from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.attributes import PassedOn
from emulators.messages.common import NO_CODE, Code, Patient
from emulators.messages.instance_set import InstanceSet


@dataclass(frozen=True, slots=True)
class ScheduledReference:
    """A scheduled step and its request, as the one who performs it names them: one item of the Scheduled Step Attributes
    Sequence (PS3.4 Table F.7.2-1) and of the Request Attributes Sequence (PS3.3 10.6).

    ``study_instance_uid`` is the one that was scheduled; steps done as one study have another (RAD TF-2 4.6, group case).
    """

    accession_number: str
    study_instance_uid: str
    placer_order_number: str
    requested_procedure_id: str
    step_id: str
    procedure: Code
    protocol: Code

    def __post_init__(self) -> None:
        for attribute in ("accession_number", "requested_procedure_id", "step_id"):
            object.__setattr__(self, attribute, canonical.text(getattr(self, attribute), 16, attribute))
        object.__setattr__(self, "placer_order_number", canonical.text(self.placer_order_number, 64, "placer_order_number"))
        if self.study_instance_uid:
            canonical.uid(self.study_instance_uid, "study_instance_uid")

    @property
    def names_something(self) -> bool:
        """Whether there is any identifier in it by which the step or its request can be found."""
        return any((self.accession_number, self.placer_order_number, self.requested_procedure_id, self.step_id))


@dataclass(frozen=True, slots=True)
class PerformedSeries:
    """A series of a performed step, and what was made of it so far: instances of one SOP class.

    A series that holds several classes is several of these; of one without instances the class is not known, and empty.
    """

    series_instance_uid: str
    sop_class_uid: str
    protocol_name: str
    instances: InstanceSet

    def __post_init__(self) -> None:
        object.__setattr__(self, "protocol_name", canonical.text(self.protocol_name, 64, "protocol_name"))
        canonical.uid(self.series_instance_uid, "series_instance_uid")
        if self.instances:
            canonical.uid(self.sop_class_uid, "sop_class_uid")
        else:
            object.__setattr__(self, "sop_class_uid", "")


@dataclass(frozen=True, slots=True)
class StepStarted(PassedOn):
    """MPPS N-CREATE, IN PROGRESS (PS3.4 F.7, RAD-6). ``mpps_uid`` is the affected SOP Instance UID.

    ``scheduled`` names the steps that are performed: one; several, for procedures done as one; none, for an exam that is not on
    the worklist (its patient was typed). A reference that names nothing is none; one without a study of its own was scheduled
    for ``study_instance_uid``, the study that the images will be in.
    """

    mpps_uid: str
    patient: Patient
    scheduled: tuple[ScheduledReference, ...]
    study_instance_uid: str
    modality: str
    station_ae_title: str
    performed_step_id: str
    description: str
    started_at: Stamp

    lane: ClassVar[str] = "steps"
    nominal_bytes: ClassVar[int] = 1_200

    def __post_init__(self) -> None:
        object.__setattr__(self, "performed_step_id", canonical.text(self.performed_step_id, 16, "performed_step_id"))
        object.__setattr__(self, "description", canonical.text(self.description, 64, "description"))
        object.__setattr__(self, "modality", canonical.code_string(self.modality, "modality"))
        object.__setattr__(self, "station_ae_title", canonical.ascii_text(self.station_ae_title, 16, "station_ae_title"))
        canonical.uid(self.mpps_uid, "mpps_uid")
        canonical.uid(self.study_instance_uid, "study_instance_uid")
        canonical.stamp(self.started_at, "started_at")
        references = tuple(self._of_this_study(one) for one in self.scheduled if one.names_something)
        object.__setattr__(self, "scheduled", references)

    def _of_this_study(self, reference: ScheduledReference) -> ScheduledReference:
        if reference.study_instance_uid:
            return reference
        return replace(reference, study_instance_uid=self.study_instance_uid)

    @property
    def accession_number(self) -> str:
        """That of the one scheduled step; empty where there is none, or where there are several accession numbers."""
        named = {reference.accession_number for reference in self.scheduled}
        return named.pop() if len(named) == 1 else ""

    @property
    def subject(self) -> str:
        return self.mpps_uid

    @property
    def identifiers(self) -> dict[str, str]:
        return {
            "mrn": self.patient.patient_id,
            "accession": "+".join(reference.accession_number for reference in self.scheduled),
            "study": self.study_instance_uid,
            "step": self.mpps_uid,
        }


@dataclass(frozen=True, slots=True)
class StepProgressed(PassedOn):
    """MPPS N-SET, still IN PROGRESS: what has been made so far (PS3.4 F.7.2.2.2)."""

    mpps_uid: str
    series: tuple[PerformedSeries, ...] = ()

    lane: ClassVar[str] = "steps"

    def __post_init__(self) -> None:
        canonical.uid(self.mpps_uid, "mpps_uid")

    @property
    def nominal_bytes(self) -> int:
        return 300 + 130 * sum(len(one.instances) for one in self.series)

    @property
    def subject(self) -> str:
        return self.mpps_uid

    @property
    def identifiers(self) -> dict[str, str]:
        return {"step": self.mpps_uid}


STEP_ENDINGS = frozenset(("COMPLETED", "DISCONTINUED"))


@dataclass(frozen=True, slots=True)
class StepEnded(PassedOn):
    """MPPS N-SET to a final state, with all performed series (RAD-7).

    ``status`` COMPLETED or DISCONTINUED; ``reason`` is why it was discontinued (PS3.16 CID 9300, such as 110514, incorrect
    worklist entry selected). A completed step has one series at least.
    """

    mpps_uid: str
    ended_at: Stamp
    series: tuple[PerformedSeries, ...]
    status: str = "COMPLETED"
    reason: Code = NO_CODE

    lane: ClassVar[str] = "steps"

    def __post_init__(self) -> None:
        canonical.uid(self.mpps_uid, "mpps_uid")
        canonical.stamp(self.ended_at, "ended_at")
        canonical.one_of(self.status, STEP_ENDINGS, "status")

    @property
    def nominal_bytes(self) -> int:
        return 400 + 130 * sum(len(one.instances) for one in self.series)

    @property
    def subject(self) -> str:
        return self.mpps_uid

    @property
    def identifiers(self) -> dict[str, str]:
        return {"step": self.mpps_uid, "status": self.status}
