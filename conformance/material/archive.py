"""The reference archive: studies that are stored once in a run and known to the last key. Images are stored until found."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydicom.dataset import Dataset

from conformance.material.images import Study
from conformance.material.query_models import KEYS, LEVELS, UNIQUE_KEYS, Level, first_model, identifier, unique
from conformance.material.sop_classes import CR, CT, MR, SECONDARY_CAPTURE, UIDS, US
from conformance.trial import Trial

SR = UIDS["sr-basic"]


@dataclass(frozen=True, slots=True)
class ReferenceArchive:
    """Every instance that was stored."""

    instances: tuple[Dataset, ...]

    def entries(self, level: Level) -> Mapping[str, Dataset]:
        """What a C-FIND at this level is matched against, by unique key: the keys of the level and of those above it."""
        found: dict[str, list[Dataset]] = {}
        for one in self.instances:
            found.setdefault(str(one[UNIQUE_KEYS[level]].value), []).append(one)
        return {name: _entry(level, instances) for name, instances in found.items()}

    def below(self, keyword: str, value: str) -> set[str]:
        """The SOP Instance UIDs of a patient, study or series."""
        return {str(one.SOPInstanceUID) for one in self.instances if str(one[keyword].value) == value}


_OF_STUDY = ("PatientBirthDate", "StudyDescription", "ReferringPhysicianName")


def _entry(level: Level, instances: list[Dataset]) -> Dataset:
    entry = Dataset()
    keywords = [keyword for one in LEVELS[: LEVELS.index(level) + 1] for keyword in KEYS[one]]
    for keyword in (*keywords, *(_OF_STUDY if level != "PATIENT" else ())):
        setattr(entry, keyword, instances[0][keyword].value)
    if level == "STUDY":
        entry.ModalitiesInStudy = sorted({str(one.Modality) for one in instances})
        entry.NumberOfStudyRelatedSeries = len({str(one.SeriesInstanceUID) for one in instances})
        entry.NumberOfStudyRelatedInstances = len(instances)
    return entry


def reference_archive(trial: Trial) -> ReferenceArchive:
    """The one of the run. Raises Inconclusive where an image is not taken, or a study not found."""
    return trial.shared("reference archive", _make)


def _make(trial: Trial) -> ReferenceArchive:
    """Names for wild cards; studies of one patient at the ends of ranges; series of several images and modalities."""
    jane, jim, mary, others = trial.patient_id(), trial.patient_id(), trial.patient_id(), trial.patient_id
    rows = (
        (jane, "Doe^Jane", "20240101", "080000", ((CT, 1, 3), (CT, 2, 1))),
        (jane, "Doe^Jane", "20240131", "120000", ((MR, 1, 1), (SECONDARY_CAPTURE, 2, 1))),
        (jane, "Doe^Jane", "20231231", "075900", ((CT, 1, 1),)),
        (jane, "Doe^Jane", "20240201", "100000", ((MR, 1, 1),)),
        (jane, "Doe^Jane", "20240115", "120100", ((CR, 1, 1),)),
        (jim, "DOE^JIM", "20240102", "235900", ((CT, 1, 2), (SR, 2, 1))),
        (mary, "Smith^Mary", "20240102", "093000", ((US, 1, 1),)),
        (others(), "Smithson^Al^B", "20240102", "093000", ((US, 1, 1),)),
        (others(), "Doe", "20240102", "093000", ((CR, 1, 1),)),
    )
    patients = list(dict.fromkeys(row[0] for row in rows))
    instances: list[Dataset] = []
    for number, (patient_id, name, date, time, series) in enumerate(rows):
        study = Study(
            trial,
            PatientID=patient_id,
            PatientName=name,
            PatientBirthDate=f"197{patients.index(patient_id)}0101",
            StudyDate=date,
            StudyTime=time,
            StudyDescription=f"Study {number}",
            ReferringPhysicianName=f"Grey^Ada{number}",
        )
        instances += [
            one for sop_class, series_number, count in series for one in study.images(count, sop_class, series_number)
        ]
    store(trial, instances)
    return ReferenceArchive(tuple(instances))


def store(trial: Trial, instances: Iterable[Dataset]) -> None:
    """Store images, and wait until queries find them. Raises Inconclusive."""
    images = list(instances)
    with trial.beforehand("images that the case needs"):
        with trial.associate(*sorted({str(one.SOPClassUID) for one in images})) as sender:
            sender.store_all(images)
        there = trial.eventually(lambda: are_found(trial, images), trial.timers.index_s)
        trial.expect(there, "the studies are found whole", f"not within {trial.timers.index_s:g} s")


def are_found(trial: Trial, images: Iterable[Dataset]) -> bool:
    """Whether the studies of these images are found, with as many images as the product counts, if it does."""
    model = first_model(trial.target)
    wanted: dict[str, Counter[str]] = {}
    for one in images:
        wanted.setdefault(str(one.PatientID), Counter())[str(one.StudyInstanceUID)] += 1
    asked = ("StudyInstanceUID", "NumberOfStudyRelatedInstances")
    with trial.associate(model.find) as peer:
        for patient_id, studies in wanted.items():
            found = peer.find(model.find, identifier("STUDY", asked, PatientID=patient_id)).matches
            counts = {unique("STUDY")(one): str(one.get(asked[1], "")) for one in found}
            if any(uid not in counts or (counts[uid].isdecimal() and int(counts[uid]) < studies[uid]) for uid in studies):
                return False
    return True
