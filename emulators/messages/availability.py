"""What an archive says of the images that can be had of it: lane ``availability`` (PS3.4 Annex R, RAD-49)."""

from dataclasses import dataclass
from typing import ClassVar

from emulators.messages import canonical
from emulators.messages.instance_set import InstanceSet

ONLINE, UNAVAILABLE = "ONLINE", "UNAVAILABLE"
AVAILABILITIES = frozenset((ONLINE, "NEARLINE", "OFFLINE", UNAVAILABLE))
"""Instance Availability (PS3.3 C.4.23.1.1)."""


@dataclass(frozen=True, slots=True)
class AvailableInstances:
    """Instances of one SOP class of a series, how soon they can be had, and of whom."""

    series_instance_uid: str
    sop_class_uid: str
    instances: InstanceSet
    availability: str
    retrieve_ae_title: str

    def __post_init__(self) -> None:
        canonical.uid(self.series_instance_uid, "series_instance_uid")
        canonical.uid(self.sop_class_uid, "sop_class_uid")
        canonical.one_of(self.availability, AVAILABILITIES, "availability")
        title = canonical.ascii_text(self.retrieve_ae_title, 16, "retrieve_ae_title")
        object.__setattr__(self, "retrieve_ae_title", title)


@dataclass(frozen=True, slots=True)
class InstancesAvailable:
    """Instance Availability Notification, N-CREATE, answered by a Status. ``steps`` are the performed steps that made them."""

    notification_uid: str
    study_instance_uid: str
    steps: tuple[str, ...]
    series: tuple[AvailableInstances, ...]

    lane: ClassVar[str] = "availability"

    def __post_init__(self) -> None:
        for name in ("notification_uid", "study_instance_uid"):
            canonical.uid(getattr(self, name), name)
        for step in self.steps:
            canonical.uid(step, "steps")

    @property
    def nominal_bytes(self) -> int:
        return 300 + 180 * sum(len(one.instances) for one in self.series)

    @property
    def subject(self) -> str:
        return self.study_instance_uid

    @property
    def identifiers(self) -> dict[str, str]:
        return {"study": self.study_instance_uid}

    def count(self, availability: str) -> int:
        """How many instances it says this of."""
        return sum(len(one.instances) for one in self.series if one.availability == availability)
