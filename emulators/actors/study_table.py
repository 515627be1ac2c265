"""The studies of an archive as its queries see them: what their headers said, and who they belong to as it is known now.

The table holds no instance rows; it counts them. A study is under every patient ID and accession number that it ever had, so
that no index need forget: what does not fit any more, a query sorts out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from emulators.actors.matching import value_matcher
from emulators.actors.reconciliation import State
from emulators.messages.attributes import Attributes, of
from emulators.messages.coercion import AttributeModification
from emulators.messages.common import Patient
from emulators.messages.imaging import InstancesStored, StoreStudy, StudyHeader
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.messages.query import SearchedStudy

SeriesKey = tuple[str, str]
"""Series Instance UID and SOP class: a series may hold instances of several."""


@dataclass(slots=True)
class Series:
    """What is on disk of one series in one SOP class."""

    modality: str
    instances: InstanceSet
    instance_bytes: int


@dataclass(slots=True, eq=False)
class Study:
    """``header`` is what its first image said; ``patient`` and ``accession_number`` say whose it is, ``modification`` since
    when and why. ``order`` is the accession number of the order it was matched to, or empty. ``state`` is None until a batch of
    it is on disk.
    """

    header: StudyHeader
    patient: Patient
    accession_number: str
    modification: AttributeModification
    order: str = ""
    state: State | None = None
    reason: str = ""
    by_person: bool = False
    series: dict[SeriesKey, Series] = field(default_factory=dict)
    hidden_series: set[str] = field(default_factory=set)
    """Made under a wrong worklist entry."""
    rejected: InstanceSet = NO_INSTANCES
    """By rejection notes, and the notes themselves."""
    known: Attributes | None = None
    """What ``attributes`` gives, until something changes."""

    @property
    def uid(self) -> str:
        return self.header.study_instance_uid

    @property
    def shown(self) -> dict[SeriesKey, Series]:
        """The series that queries find, with the instances that they find."""
        if self.state is State.REJECTED:
            return {}
        if not self.hidden_series and not self.rejected:
            return self.series
        left = {
            key: replace(one, instances=one.instances.without(self.rejected))
            for key, one in self.series.items()
            if key[0] not in self.hidden_series
        }
        return {key: one for key, one in left.items() if one.instances}

    def reject(self, instances: InstanceSet) -> None:
        """A rejection note says that these are not to be used."""
        self.known = None
        self.rejected = self.rejected.union(instances)

    def add(self, batch: InstancesStored) -> None:
        """A batch is on disk."""
        self.known = None
        key = batch.series_instance_uid, batch.sop_class_uid
        known = self.series.get(key)
        if known is not None:
            known.instances = known.instances.union(batch.instances)
        elif batch.instances:
            modality = batch.modality or self.header.modality
            self.series[key] = Series(modality, batch.instances, batch.stored_bytes // len(batch.instances))

    @property
    def attributes(self) -> Attributes:
        """All that is known of the study as a whole (PS3.4 Tables C.6-1, C.6-2, C.6-5)."""
        if self.known is None:
            self.known = self._described()
        return self.known

    def _described(self) -> Attributes:
        header, patient, shown = self.header, self.patient, self.shown
        return of(
            {
                **patient_attributes(patient),
                "StudyDate": header.study_at[:8],
                "StudyTime": header.study_at[8:],
                "AccessionNumber": self.accession_number,
                "StudyID": header.study_id,
                "StudyInstanceUID": self.uid,
                "ModalitiesInStudy": "\\".join(sorted({one.modality for one in shown.values()})),
                "SOPClassesInStudy": "\\".join(sorted({sop_class for _, sop_class in shown})),
                "StudyDescription": header.description,
                "ReferringPhysicianName": header.referring_physician.pn,
                "NumberOfStudyRelatedSeries": str(len({series for series, _ in shown})),
                "NumberOfStudyRelatedInstances": str(sum(len(one.instances) for one in shown.values())),
                "InstanceAvailability": "ONLINE",
            }
        )

    def searched(self) -> SearchedStudy:
        """The study for a search below its level."""
        hidden = {uid for uid, _ in self.series}.difference(uid for uid, _ in self.shown)
        return SearchedStudy(self.attributes, tuple(sorted(hidden)), tuple(self.rejected))

    def stores(self) -> Iterator[StoreStudy]:
        """Every series that is shown, to be sent with the identity that it has now."""
        header = self.header
        if (self.patient, self.accession_number) != (header.patient, header.accession_number):
            header = replace(header, patient=self.patient, accession_number=self.accession_number)
        for (uid, sop_class_uid), one in self.shown.items():
            named = header if one.modality == header.modality else replace(header, modality=one.modality)
            stored = one.instances, one.instance_bytes
            yield StoreStudy(named, uid, sop_class_uid, *stored, modification=self.modification)


def patient_attributes(patient: Patient) -> dict[str, str]:
    """The patient level (PS3.4 Table C.6-1)."""
    return {
        "PatientName": patient.name.pn,
        "PatientID": patient.patient_id,
        "IssuerOfPatientID": patient.issuer,
        "PatientBirthDate": patient.birth_date,
        "PatientSex": patient.sex,
    }


def patient_counts(studies: Iterable[Study]) -> dict[str, str]:
    """What the studies of one patient come to."""
    shown = [study.shown for study in studies]
    return {
        "NumberOfPatientRelatedStudies": str(sum(map(bool, shown))),
        "NumberOfPatientRelatedSeries": str(sum(len({uid for uid, _ in series}) for series in shown)),
        "NumberOfPatientRelatedInstances": str(sum(len(one.instances) for series in shown for one in series.values())),
    }


class StudyTable:
    """Studies by their UID, and by whatever a query is likely to name."""

    def __init__(self) -> None:
        self._studies: dict[str, Study] = {}
        self._by_patient: dict[str, dict[str, Study]] = {}
        self._by_accession: dict[str, dict[str, Study]] = {}
        self._by_date: dict[str, dict[str, Study]] = {}

    def get(self, study_instance_uid: str) -> Study | None:
        return self._studies.get(study_instance_uid)

    def all(self) -> Iterable[Study]:
        return self._studies.values()

    def file(self, study: Study) -> Study:
        """A new study."""
        self._studies[study.uid] = study
        self._by_date.setdefault(study.header.study_at[:8], {})[study.uid] = study
        self._by_patient.setdefault(study.header.patient.patient_id, {})[study.uid] = study
        self._by_accession.setdefault(study.header.accession_number, {})[study.uid] = study
        return self.index(study)

    def index(self, study: Study) -> Study:
        """Its patient, its order or its state has changed."""
        study.known = None
        self._by_patient.setdefault(study.patient.patient_id, {})[study.uid] = study
        self._by_accession.setdefault(study.accession_number, {})[study.uid] = study
        return study

    def under_patient(self, patient_id: str) -> Iterable[Study]:
        """Studies that have, or ever had, this patient ID."""
        return tuple(self._by_patient.get(patient_id, {}).values())

    def under_accession(self, accession_number: str) -> Iterable[Study]:
        """Studies that have, or ever had, this accession number."""
        return tuple(self._by_accession.get(accession_number, {}).values())

    def of_patient(self, patient: Patient) -> Iterator[Study]:
        """The studies that belong to a patient now."""
        named = (patient.patient_id, patient.issuer)
        for study in self.under_patient(patient.patient_id):
            if (study.patient.patient_id, study.patient.issuer) == named:
                yield study

    def candidates(self, keys: Attributes) -> Iterable[Study]:
        """All studies that could fit these keys, and as few others as an index allows.

        A study without patient ID, accession number or date fits every value of that key (PS3.4 C.2.2.1.2).
        """
        uids = keys.text("StudyInstanceUID")
        if uids:
            found = (self._studies.get(uid.strip()) for uid in uids.split("\\"))
            return [study for study in found if study is not None]
        for keyword, index in (("AccessionNumber", self._by_accession), ("PatientID", self._by_patient)):
            value = keys.text(keyword)
            if value and not any(character in value for character in "*?\\"):
                return {**index.get("", {}), **index.get(value, {})}.values()
        dates = keys.text("StudyDate")
        if dates and dates != "*":
            is_wanted = value_matcher("StudyDate", dates)
            return [study for date, on in self._by_date.items() if not date or is_wanted(date) for study in on.values()]
        return self._studies.values()
