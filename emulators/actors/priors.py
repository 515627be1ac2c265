"""The studies of a patient: how an archive is asked for them, and which earlier ones come along with the one to be read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from emulators.core.instant import Stamp
from emulators.messages import attributes
from emulators.messages.attributes import Attributes
from emulators.messages.common import Patient
from emulators.messages.orders import ReadingListEntry
from emulators.messages.query import Find

NOT_COUNTED = -1
"""Instances of a study whose archive does not say how many there are."""

_RETURNED = (
    "AccessionNumber",
    "IssuerOfPatientID",
    "ModalitiesInStudy",
    "NumberOfStudyRelatedInstances",
    "PatientBirthDate",
    "PatientName",
    "PatientSex",
    "StudyDate",
    "StudyDescription",
    "StudyInstanceUID",
    "StudyTime",
)


def find_studies(patient: Patient) -> Find:
    """The question for all studies of a patient."""
    return Find(attributes.of({**dict.fromkeys(_RETURNED, ""), "PatientID": patient.patient_id}))


def find_by_uid(studies: Iterable[str]) -> Find:
    """The question for these studies, whoever they are filed under."""
    return Find(attributes.of({**dict.fromkeys(_RETURNED, ""), "PatientID": "", "StudyInstanceUID": "\\".join(studies)}))


def instances_of(match: Attributes) -> int:
    """How many instances a study has, NOT_COUNTED where the archive does not say, or says that there are none."""
    count = match.text("NumberOfStudyRelatedInstances")
    is_number = count.isascii() and count.isdecimal() and len(count) < 10
    return (int(count) if is_number else 0) or NOT_COUNTED


@dataclass(frozen=True, slots=True)
class PriorRule:
    """Which earlier studies of the patient are brought along: the newest ``count``, of the same modality or of any."""

    count: int = 1
    same_modality: bool = False

    def chosen(
        self, entry: ReadingListEntry, current: Iterable[Attributes], others: Iterable[Attributes], now: Stamp
    ) -> Sequence[Attributes]:
        """Of ``others`` those to bring, newest first: begun before all of ``current``, or before ``now`` where the archive
        does not say when these were. What names another patient, as a number of two issuers does, is none of them."""
        before = min(filter(None, map(_begun_at, current)), default=now)
        earlier = [
            match
            for match in others
            if _begun_at(match) < before and _is_of(match, entry.patient) and self._fits(match, entry.order.modality)
        ]
        return sorted(earlier, key=_begun_at, reverse=True)[: self.count]

    def _fits(self, match: Attributes, modality: str) -> bool:
        return not self.same_modality or modality in match.text("ModalitiesInStudy").split("\\")


def _begun_at(match: Attributes) -> Stamp:
    return match.text("StudyDate") + match.text("StudyTime")


def _is_of(match: Attributes, patient: Patient) -> bool:
    number, issuer = match.text("PatientID"), match.text("IssuerOfPatientID")
    return number in ("", patient.patient_id) and (not issuer or not patient.issuer or issuer == patient.issuer)
