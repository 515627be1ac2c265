"""Steps, images and commitment: lanes ``steps`` (MPPS), ``store`` (C-STORE) and ``commitment`` (N-ACTION, N-EVENT-REPORT).

Images go by the study. A ``StoreStudy`` is one Send; its receiving port turns it into ``Request(StudyHeader)``, answered by
``Admission``, tells the archive of the batches that are on disk (``InstancesStored``), and builds the ``StoreResult``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from emulators.core.errors import LocalProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.attributes import PassedOn
from emulators.messages.coercion import AttributeModification
from emulators.messages.common import NO_CODE, NOBODY, Code, Patient, PersonName


@dataclass(frozen=True, slots=True)
class InstanceSet:
    """SOP Instance UIDs: ``root.first`` to ``root.last`` (both included), then the explicit ``uids``.

    The range keeps a study of any size one small value; what fails singly is named explicitly.
    """

    root: str = ""
    first: int = 1
    last: int = 0
    uids: tuple[str, ...] = ()

    def __len__(self) -> int:
        return max(0, self.last - self.first + 1) + len(self.uids)

    def __iter__(self) -> Iterator[str]:
        for number in range(self.first, self.last + 1):
            yield f"{self.root}.{number}"
        yield from self.uids

    def by_root(self) -> "dict[str, InstanceSet]":
        """What is in here, by the UID without its last component; for an index that does not hold every UID."""
        if not self.uids:
            return {self.root: self} if self else {}
        grouped: dict[str, list[str]] = {}
        for uid in self:
            grouped.setdefault(uid.rpartition(".")[0], []).append(uid)
        return {root: from_uids(uids) for root, uids in grouped.items()}

    def head(self, count: int) -> "InstanceSet":
        """The first ``count``, in the order of here."""
        if count >= len(self):
            return self
        if count <= 0:
            return NO_INSTANCES
        if not self.uids:
            return InstanceSet(self.root, self.first, self.first + count - 1)
        return from_uids(tuple(self)[:count])

    def without(self, other: "InstanceSet") -> "InstanceSet":
        """What is in here and not in ``other``, in the order of here."""
        if not other:
            return self
        if not self.uids and not other.uids and self.root == other.root and other.first <= self.first <= other.last + 1:
            rest = InstanceSet(self.root, max(self.first, other.last + 1), self.last)
            return rest if rest else NO_INSTANCES
        gone = frozenset(other)
        return from_uids(uid for uid in self if uid not in gone)

    def union(self, other: "InstanceSet") -> "InstanceSet":
        """What is in either; each UID once."""
        if not other:
            return self
        if not self:
            return other
        touching = self.first <= other.last + 1 and other.first <= self.last + 1
        if not self.uids and not other.uids and self.root == other.root and touching:
            return InstanceSet(self.root, min(self.first, other.first), max(self.last, other.last))
        return from_uids(dict.fromkeys((*self, *other)))


NO_INSTANCES = InstanceSet()

_NUMBER_DIGITS_MAX = 15
"""Of the last component of a range: what every JSON number holds. A UID made of a UUID (PS3.5 B.2) has up to 39."""


def from_uids(uids: Iterable[str]) -> InstanceSet:
    """The set of these UIDs, as one range where they are one."""
    named = tuple(uids)
    if not named:
        return NO_INSTANCES
    root, _, number = named[0].rpartition(".")
    if number.isdecimal() and len(number) <= _NUMBER_DIGITS_MAX:
        first = int(number)
        candidate = InstanceSet(root, first, first + len(named) - 1)
        if tuple(candidate) == named:
            return candidate
    return InstanceSet(uids=named)


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


@dataclass(frozen=True, slots=True)
class StudyHeader:
    """What every instance of a study says about it: the identity on which the archive admits it."""

    patient: Patient
    accession_number: str
    study_instance_uid: str
    study_at: Stamp
    modality: str
    description: str
    body_part: str = ""
    study_id: str = ""
    referring_physician: PersonName = NOBODY

    lane: ClassVar[str] = "store"
    nominal_bytes: ClassVar[int] = 2_000

    def __post_init__(self) -> None:
        object.__setattr__(self, "accession_number", canonical.text(self.accession_number, 16, "accession_number"))
        object.__setattr__(self, "modality", canonical.code_string(self.modality, "modality"))
        object.__setattr__(self, "description", canonical.text(self.description, 64, "description"))
        for attribute in ("body_part", "study_id"):
            object.__setattr__(self, attribute, canonical.text(getattr(self, attribute), 16, attribute))
        canonical.uid(self.study_instance_uid, "study_instance_uid")
        canonical.stamp(self.study_at, "study_at")

    @property
    def subject(self) -> str:
        return self.study_instance_uid

    @property
    def identifiers(self) -> dict[str, str]:
        return {
            "mrn": self.patient.patient_id,
            "accession": self.accession_number,
            "study": self.study_instance_uid,
        }


@dataclass(frozen=True, slots=True)
class Admission:
    """The archive's answer to a header: the DIMSE status that its instances get, 0000H to accept."""

    status: int = 0x0000

    nominal_bytes: ClassVar[int] = 150

    @property
    def summary(self) -> str:
        return f"{self.status:04X}H"


@dataclass(frozen=True, slots=True)
class ImageContext:
    """What the maker of images knows beyond the study's identity and writes into each of them (PS3.3 C.7.6.1, 10.6).

    ``requests`` are the scheduled steps that the images are for, none for an exam that was not on the worklist.
    """

    requests: tuple[ScheduledReference, ...]
    mpps_uid: str
    station_ae_title: str


@dataclass(frozen=True, slots=True)
class StoreStudy:
    """C-STORE of ``instances`` of one series (RAD-8). ``instance_bytes`` is the nominal size of one of them.

    ``context`` is given by who makes the images; who forwards stored ones has none. An archive says by ``modification`` since
    when, and why, they are of this patient and accession number, where they say others themselves.
    """

    header: StudyHeader
    series_instance_uid: str
    sop_class_uid: str
    instances: InstanceSet
    instance_bytes: int
    context: ImageContext | None = None
    modification: AttributeModification | None = None

    lane: ClassVar[str] = "store"

    def __post_init__(self) -> None:
        canonical.uid(self.series_instance_uid, "series_instance_uid")
        canonical.uid(self.sop_class_uid, "sop_class_uid")

    @property
    def nominal_bytes(self) -> int:
        return self.instance_bytes * len(self.instances)

    def only(self, instances: InstanceSet) -> "StoreStudy":
        """The same series with fewer instances."""
        return replace(self, instances=instances)

    @property
    def subject(self) -> str:
        return self.header.study_instance_uid

    @property
    def identifiers(self) -> dict[str, str]:
        return self.header.identifiers


@dataclass(frozen=True, slots=True)
class StoreResult:
    """What became of a StoreStudy: confirmed, confirmed with a warning, failed by status, never sent."""

    stored: InstanceSet = NO_INSTANCES
    warned: InstanceSet = NO_INSTANCES
    failed: tuple[tuple[int, InstanceSet], ...] = ()
    not_sent: InstanceSet = NO_INSTANCES

    nominal_bytes: ClassVar[int] = 150

    @property
    def confirmed(self) -> InstanceSet:
        """What the archive has taken responsibility for; a warning counts as success (PS3.4 B.2.3)."""
        return self.stored.union(self.warned)

    @property
    def summary(self) -> dict[str, int]:
        failed = sum(len(instances) for _, instances in self.failed)
        counts = {
            "stored": len(self.stored),
            "warned": len(self.warned),
            "failed": failed,
            "not_sent": len(self.not_sent),
        }
        return {name: count for name, count in counts.items() if count}


@dataclass(frozen=True, slots=True)
class InstancesStored:
    """Told to the archive actor: a batch is on disk with its rows. A study's first batch creates its rows.

    ``refused`` are instances that came with another content than the one on disk, which was kept. ``rejects`` is what rejection
    notes among the instances say is not to be shown, themselves included, by Study Instance UID.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    instances: InstanceSet
    duplicates_same: int
    duplicates_different: int
    stored_bytes: int
    modality: str = ""
    refused: InstanceSet = NO_INSTANCES
    rejects: tuple[tuple[str, InstanceSet], ...] = ()


@dataclass(frozen=True, slots=True)
class ArchivedStudy:
    """Told to the archive actor at its start, once per series that its store already holds."""

    header: StudyHeader
    batch: InstancesStored


@dataclass(frozen=True, slots=True)
class Referenced:
    """Instances of one SOP class; of those that failed also why (PS3.3 C.14.1.1), 0 for those that did not."""

    sop_class_uid: str
    instances: InstanceSet
    failure_reason: int = 0

    def __post_init__(self) -> None:
        canonical.uid(self.sop_class_uid, "sop_class_uid")


def _all_instances(references: tuple[Referenced, ...]) -> InstanceSet:
    found = NO_INSTANCES
    for reference in references:
        found = found.union(reference.instances)
    return found


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """Storage commitment N-ACTION (PS3.4 J.3.2, RAD-10); the answer is a Status, the verdict a CommitResult of its own."""

    transaction_uid: str
    references: tuple[Referenced, ...]

    lane: ClassVar[str] = "commitment"

    def __post_init__(self) -> None:
        canonical.uid(self.transaction_uid, "transaction_uid")

    @property
    def instances(self) -> InstanceSet:
        """All that is referenced."""
        return _all_instances(self.references)

    @property
    def nominal_bytes(self) -> int:
        return 200 + 130 * sum(len(reference.instances) for reference in self.references)

    @property
    def subject(self) -> str:
        return self.transaction_uid

    @property
    def identifiers(self) -> dict[str, str]:
        return {"transaction": self.transaction_uid}


@dataclass(frozen=True, slots=True)
class CommitResult:
    """Storage commitment N-EVENT-REPORT: event type 1 when nothing failed, else 2 (PS3.4 J.3.3)."""

    transaction_uid: str
    committed: tuple[Referenced, ...]
    failed: tuple[Referenced, ...] = ()

    lane: ClassVar[str] = "commitment"

    def __post_init__(self) -> None:
        canonical.uid(self.transaction_uid, "transaction_uid")
        if not all(reference.failure_reason for reference in self.failed):
            raise LocalProtocolError("failed: without a failure reason")

    @property
    def committed_instances(self) -> InstanceSet:
        """All that may be deleted by who asked."""
        return _all_instances(self.committed)

    @property
    def nominal_bytes(self) -> int:
        return 200 + 130 * sum(len(reference.instances) for reference in (*self.committed, *self.failed))

    @property
    def subject(self) -> str:
        return self.transaction_uid

    @property
    def identifiers(self) -> dict[str, str]:
        return {"transaction": self.transaction_uid}
