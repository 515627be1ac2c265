"""Images: lane ``store``, C-STORE (PS3.4 Annex B, RAD-8).

Images go by the study. A ``StoreStudy`` is one Send; its receiving port turns it into ``Request(StudyHeader)``, answered by
``Admission``, tells the archive of the batches that are on disk (``InstancesStored``), and builds the ``StoreResult``.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.coercion import AttributeModification
from emulators.messages.common import NOBODY, Patient, PersonName
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.messages.steps import ScheduledReference


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


KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
"""The SOP class of rejection notes."""


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
