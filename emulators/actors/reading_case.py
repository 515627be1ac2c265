"""One case at a workstation: the entries of the reading list that are read as one, and how far that is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulators.actors.priors import NOT_COUNTED
from emulators.actors.signing import Signatures
from emulators.core.instant import Instant
from emulators.messages.attributes import Attributes
from emulators.messages.common import Patient, PersonName
from emulators.messages.orders import ReadingListEntry


@dataclass(slots=True, eq=False)
class Case:
    """``entries`` by accession number; the case is known by the first. All of them are about one patient."""

    entries: dict[str, ReadingListEntry] = field(default_factory=dict)
    reader: PersonName | None = None
    awaited: dict[str, int] = field(default_factory=dict)
    """Study Instance UIDs, priors included, to the instances that they have; empty until the archive has said so."""
    matches: dict[str, Attributes] = field(default_factory=dict)
    """What the archive has said of the patient's studies, by Study Instance UID, while it is asked."""
    brought: dict[str, None] = field(default_factory=dict)
    """Every study that was ever awaited."""
    priors_until: Instant | None = None
    """When the case is opened without its priors; None while its own studies are awaited."""
    is_open: bool = False
    reports: Signatures = field(default_factory=Signatures)

    @property
    def entry(self) -> ReadingListEntry:
        return next(iter(self.entries.values()))

    @property
    def accession(self) -> str:
        return self.entry.procedure.accession_number

    @property
    def studies(self) -> Mapping[str, None]:
        """The studies to be read, in the order of their entries."""
        return dict.fromkeys(entry.procedure.study_instance_uid for entry in self.entries.values())

    def is_about(self, patient: Patient) -> bool:
        """Whether this is the patient of every entry."""
        named = patient.patient_id, patient.issuer
        return all((entry.patient.patient_id, entry.patient.issuer) == named for entry in self.entries.values())

    def needs(self, study: str) -> bool:
        return study in self.brought or study in self.studies

    def has(self, study: str, instances: int) -> bool:
        """Whether an awaited study is whole with so many instances."""
        awaited = self.awaited[study]
        return awaited != NOT_COUNTED and instances >= awaited

    @property
    def state(self) -> str:
        """In words, for the reading list."""
        if self.reports.last:
            return {"P": "preliminary", "F": "final", "C": "corrected"}.get(self.reports.last, "withdrawn")
        if self.reader is None:
            return "waiting"
        return "in progress" if self.is_open else "assigned"


def context(entry: ReadingListEntry, priors: int) -> dict[str, str | int]:
    """The study's context, as the reader sees it beside the images; whose it is stands in the entry, and not in the trace."""
    patient, order = entry.patient, entry.order
    return {
        "mrn": patient.patient_id,
        "accession": entry.procedure.accession_number,
        "placer": order.placer_order_number,
        "study": entry.procedure.study_instance_uid,
        "procedure": order.procedure.meaning,
        "modality": order.modality,
        "body_part": order.body_part,
        "reason": order.reason,
        "priority": order.priority,
        "referring_physician": entry.visit.referring_physician.pn,
        "priors": priors,
    }
