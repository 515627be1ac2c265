"""The modality worklist: lane ``worklist``, C-FIND (PS3.4 K, RAD-5), answered by WorklistItems."""

from dataclasses import dataclass
from typing import ClassVar

from emulators.messages import canonical
from emulators.messages.common import Code, Patient, PersonName, listed
from emulators.messages.orders import PRIORITIES, ScheduledProcedure


@dataclass(frozen=True, slots=True)
class WorklistQuery:
    """Matching keys, all of which must fit; an empty one matches everything (PS3.4 C.2.2.2).

    ``start_date`` is a date or a range ``A-B``, ``A-``, ``-B``; ``patient_name`` a DICOM PN that may hold ``*`` and ``?``.
    """

    station_ae_title: str = ""
    start_date: str = ""
    start_time: str = ""
    modality: str = ""
    performing_physician: str = ""
    patient_name: str = ""
    patient_id: str = ""
    accession_number: str = ""

    lane: ClassVar[str] = "worklist"
    nominal_bytes: ClassVar[int] = 700

    def __post_init__(self) -> None:
        object.__setattr__(self, "station_ae_title", canonical.ascii_text(self.station_ae_title, 16, "station_ae_title"))
        object.__setattr__(self, "modality", canonical.code_string(self.modality, "modality"))
        for attribute in ("performing_physician", "patient_name"):
            object.__setattr__(self, attribute, canonical.name_key(getattr(self, attribute), attribute))
        object.__setattr__(self, "patient_id", canonical.key(self.patient_id, 64, "patient_id"))
        object.__setattr__(self, "accession_number", canonical.key(self.accession_number, 16, "accession_number"))
        canonical.date_key(self.start_date, "start_date")
        canonical.time_key(self.start_time, "start_time")

    @property
    def subject(self) -> str:
        return f"{self.station_ae_title}/{self.patient_id}/{self.accession_number}/{self.start_date}"

    @property
    def identifiers(self) -> dict[str, str]:
        named = {"mrn": self.patient_id, "accession": self.accession_number, "station": self.station_ae_title}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class WorklistItem:
    """One scheduled procedure step with what the worklist says of its patient, visit and order (PS3.4 Table K.6-1)."""

    patient: Patient
    admission_id: str
    location: str
    referring_physician: PersonName
    requesting_physician: PersonName
    placer_order_number: str
    reason: str
    priority: str
    procedure: Code
    modality: str
    scheduled: ScheduledProcedure

    def __post_init__(self) -> None:
        for attribute in ("admission_id", "location", "placer_order_number", "reason"):
            object.__setattr__(self, attribute, canonical.text(getattr(self, attribute), 64, attribute))
        object.__setattr__(self, "modality", canonical.code_string(self.modality, "modality"))
        canonical.one_of(self.priority, PRIORITIES, "priority")


@dataclass(frozen=True, slots=True)
class WorklistItems:
    """All matches, in the order of their start. ``status`` is that of the final response, 0000H for success."""

    items: tuple[WorklistItem, ...]
    status: int = 0x0000

    @property
    def nominal_bytes(self) -> int:
        return 150 + 900 * len(self.items)

    @property
    def summary(self) -> dict[str, int | str]:
        return listed(item.scheduled.step_id for item in self.items)
