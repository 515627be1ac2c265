"""Query and retrieve: lanes ``query`` and ``retrieve``, C-FIND, C-MOVE and C-GET (PS3.4 C, RAD-14, RAD-16).

Identifiers and matches are Attributes without Query/Retrieve Level: that is ``level``. ``root`` is the information model.
"""

from dataclasses import dataclass
from typing import ClassVar

from emulators.core.errors import LocalProtocolError
from emulators.messages import canonical
from emulators.messages.attributes import NOTHING, Attributes
from emulators.messages.common import listed
from emulators.messages.imaging import StoreStudy
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet

ROOTS = frozenset(("PATIENT", "STUDY"))
LEVELS = frozenset(("PATIENT", "STUDY", "SERIES", "IMAGE"))
UNIQUE_KEYS = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
"""The unique key of each level, from the top (PS3.4 C.6.1.1, C.6.2.1)."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """What all requests of this file start with: keys at a level of an information model."""

    keys: Attributes = NOTHING
    level: str = "STUDY"
    root: str = "STUDY"

    def __post_init__(self) -> None:
        canonical.one_of(self.level, LEVELS, "level")
        canonical.one_of(self.root, ROOTS, "root")
        if self.root == "STUDY" and self.level == "PATIENT":
            raise LocalProtocolError("level: the study root has no PATIENT level")

    @property
    def subject(self) -> str:
        return "/".join(self.keys.text(keyword) for keyword in (*UNIQUE_KEYS.values(), "AccessionNumber"))

    @property
    def identifiers(self) -> dict[str, str]:
        keys = self.keys
        named = {
            "mrn": keys.text("PatientID"),
            "accession": keys.text("AccessionNumber"),
            "study": keys.text("StudyInstanceUID"),
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Find(Identifier):
    """C-FIND. Keys with a value are matched, empty ones are returned. ``relational``: negotiated, so that keys of any level may
    stand without the unique keys above them (PS3.4 C.4.1.2.2, C.5.1)."""

    relational: bool = False

    lane: ClassVar[str] = "query"
    nominal_bytes: ClassVar[int] = 500


@dataclass(frozen=True, slots=True)
class Found:
    """All matches. ``status`` is that of the final response; ``keys_supported`` as in WorklistItems."""

    matches: tuple[Attributes, ...]
    status: int = 0x0000
    keys_supported: bool = True

    @property
    def nominal_bytes(self) -> int:
        return 150 + 400 * len(self.matches)

    @property
    def summary(self) -> dict[str, int | str]:
        return listed("/".join(match.text(keyword) for keyword in UNIQUE_KEYS.values()) for match in self.matches)


@dataclass(frozen=True, slots=True)
class SearchedStudy:
    """A study to be searched below: ``attributes`` hold for all of it, as the archive knows them now; the series in
    ``hidden_series`` are not shown, nor are the ``hidden_instances`` of the others."""

    attributes: Attributes
    hidden_series: tuple[str, ...] = ()
    hidden_instances: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FindPlan:
    """The archive's answer to its own host where the matches are below the studies.

    The host takes series and instances of ``studies`` from the store, matches the keys of ``query`` and answers Found.
    """

    studies: tuple[SearchedStudy, ...]
    query: Find


@dataclass(frozen=True, slots=True)
class Move(Identifier):
    """C-MOVE to the system whose AE title is ``destination``; the identifier holds unique keys only (PS3.4 C.4.2.1.4.1)."""

    destination: str = ""
    relational: bool = False

    lane: ClassVar[str] = "retrieve"
    nominal_bytes: ClassVar[int] = 300

    def __post_init__(self) -> None:
        Identifier.__post_init__(self)
        object.__setattr__(self, "destination", canonical.ascii_text(self.destination, 16, "destination"))


@dataclass(frozen=True, slots=True)
class Get(Identifier):
    """C-GET: the instances come back on the same association."""

    relational: bool = False

    lane: ClassVar[str] = "retrieve"
    nominal_bytes: ClassVar[int] = 300


@dataclass(frozen=True, slots=True)
class MovePlan:
    """The archive's answer to its own host: carry these out, series by series.

    ``destination`` is the system to send to; empty for a C-GET, whose instances go back where it came from.
    """

    destination: str
    stores: tuple[StoreStudy, ...]

    @property
    def total(self) -> int:
        """How many instances there are to send."""
        return sum(len(store.instances) for store in self.stores)


@dataclass(frozen=True, slots=True)
class MoveResult:
    """The final response of a C-MOVE or C-GET: counters, status, and which instances failed (PS3.4 C.4.2.1).

    ``remaining`` is what had not been tried when it was cancelled.
    """

    completed: int
    failed: int
    warned: int
    status: int = 0x0000
    failed_instances: InstanceSet = NO_INSTANCES
    remaining: int = 0

    nominal_bytes: ClassVar[int] = 200

    @property
    def summary(self) -> dict[str, int | str]:
        return {
            "completed": self.completed,
            "failed": self.failed,
            "warned": self.warned,
            "status": f"{self.status:04X}H",
        }
