"""Query and retrieve at the study root: lanes ``query`` and ``retrieve``, C-FIND and C-MOVE (PS3.4 C, RAD-14, RAD-16)."""

from dataclasses import dataclass
from typing import ClassVar

from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import Patient, listed
from emulators.messages.imaging import NO_INSTANCES, InstanceSet, StoreStudy


@dataclass(frozen=True, slots=True)
class FindStudies:
    """Matching keys at study level; an empty one matches everything."""

    patient_id: str = ""
    accession_number: str = ""
    study_instance_uid: str = ""
    modality: str = ""
    study_date: str = ""

    lane: ClassVar[str] = "query"
    nominal_bytes: ClassVar[int] = 500

    def __post_init__(self) -> None:
        object.__setattr__(self, "patient_id", canonical.key(self.patient_id, 64, "patient_id"))
        object.__setattr__(self, "accession_number", canonical.key(self.accession_number, 16, "accession_number"))
        object.__setattr__(self, "modality", canonical.code_string(self.modality, "modality"))
        canonical.date_key(self.study_date, "study_date")
        if self.study_instance_uid:
            canonical.uid(self.study_instance_uid, "study_instance_uid")

    @property
    def subject(self) -> str:
        return f"{self.patient_id}/{self.accession_number}/{self.study_instance_uid}"

    @property
    def identifiers(self) -> dict[str, str]:
        named = {"mrn": self.patient_id, "accession": self.accession_number, "study": self.study_instance_uid}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class StudyMatch:
    """A study as the archive knows it; ``patient`` is the archive's, not the stored header's."""

    patient: Patient
    study_instance_uid: str
    accession_number: str
    study_at: Stamp
    modality: str
    description: str
    instances: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "accession_number", canonical.text(self.accession_number, 16, "accession_number"))
        object.__setattr__(self, "modality", canonical.code_string(self.modality, "modality"))
        object.__setattr__(self, "description", canonical.text(self.description, 64, "description"))
        canonical.uid(self.study_instance_uid, "study_instance_uid")
        canonical.stamp(self.study_at, "study_at")


@dataclass(frozen=True, slots=True)
class StudiesFound:
    """All matches, newest first. ``status`` is that of the final response."""

    studies: tuple[StudyMatch, ...]
    status: int = 0x0000

    @property
    def nominal_bytes(self) -> int:
        return 150 + 400 * len(self.studies)

    @property
    def summary(self) -> dict[str, int | str]:
        return listed(match.study_instance_uid for match in self.studies)


@dataclass(frozen=True, slots=True)
class MoveStudy:
    """C-MOVE of one study to the system whose AE title is ``destination``."""

    study_instance_uid: str
    destination: str

    lane: ClassVar[str] = "retrieve"
    nominal_bytes: ClassVar[int] = 300

    def __post_init__(self) -> None:
        object.__setattr__(self, "destination", canonical.ascii_text(self.destination, 16, "destination"))
        canonical.uid(self.study_instance_uid, "study_instance_uid")

    @property
    def subject(self) -> str:
        return self.study_instance_uid

    @property
    def identifiers(self) -> dict[str, str]:
        return {"study": self.study_instance_uid}


@dataclass(frozen=True, slots=True)
class MovePlan:
    """The archive's answer to its own port: carry these out towards ``destination`` (a system's name), series by series."""

    destination: str
    stores: tuple[StoreStudy, ...]


@dataclass(frozen=True, slots=True)
class MoveResult:
    """The final response of a C-MOVE: its counters, its status, and which instances failed (PS3.4 C.4.2.1)."""

    completed: int
    failed: int
    warned: int
    status: int = 0x0000
    failed_instances: InstanceSet = NO_INSTANCES

    nominal_bytes: ClassVar[int] = 200

    @property
    def summary(self) -> dict[str, int | str]:
        return {
            "completed": self.completed,
            "failed": self.failed,
            "warned": self.warned,
            "status": f"{self.status:04X}H",
        }
