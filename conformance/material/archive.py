"""Query/retrieve at an archive: the information models, and studies that are stored once in a run and known to the last key."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydicom.dataset import Dataset

from conformance.material.images import Study
from conformance.material.sop_classes import CR, CT, MR, SECONDARY_CAPTURE, UIDS, US
from conformance.target import RoleTarget
from conformance.trial import Trial

Level = Literal["PATIENT", "STUDY", "SERIES", "IMAGE"]
LEVELS: tuple[Level, ...] = ("PATIENT", "STUDY", "SERIES", "IMAGE")
UNIQUE_KEYS: Mapping[Level, str] = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
KEYS: Mapping[Level, tuple[str, ...]] = {
    "PATIENT": ("PatientName", "PatientID"),
    "STUDY": ("StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyInstanceUID"),
    "SERIES": ("Modality", "SeriesNumber", "SeriesInstanceUID"),
    "IMAGE": ("InstanceNumber", "SOPInstanceUID"),
}
"""Required and unique keys of each level (Tables C.6-1 to C.6-4)."""

SR = UIDS["sr-basic"]
STORED = (CT, MR, CR, US, SECONDARY_CAPTURE, SR)


@dataclass(frozen=True, slots=True)
class Model:
    """An information model: its SOP classes (PS3.4 C.6) and levels."""

    find: str
    move: str
    get: str
    levels: tuple[Level, ...]

    def keys(self, level: Level) -> tuple[str, ...]:
        """Required and unique keys; at study root those of the patient are of the study (Table C.6-5)."""
        return (*KEYS["PATIENT"], *KEYS["STUDY"]) if level == self.levels[0] == "STUDY" else KEYS[level]

    def above(self, level: Level) -> tuple[Level, ...]:
        return self.levels[: self.levels.index(level)]


_ROOT = "1.2.840.10008.5.1.4.1.2"
MODELS: Mapping[str, Model] = {
    "p": Model(f"{_ROOT}.1.1", f"{_ROOT}.1.2", f"{_ROOT}.1.3", LEVELS),
    "s": Model(f"{_ROOT}.2.1", f"{_ROOT}.2.2", f"{_ROOT}.2.3", LEVELS[1:]),
}
"""By the letter that variants carry: patient root, study root."""


def models(target: RoleTarget) -> tuple[str, ...]:
    """The claimed models, study root first; study root where the target file does not say."""
    return tuple(sorted((name[0] for name in target.claims.query_models or ("study",)), reverse=True))


def each_model(*variants: str) -> Callable[[RoleTarget], list[str]]:
    """The variants of a case, for each claimed model."""
    return lambda target: [f"{model}/{one}" for model in models(target) for one in variants]


def identifier(level: Level | None, wanted: Iterable[str] = (), /, **keys: Any) -> Dataset:
    """An identifier; ``wanted`` are asked for, ``keys`` have values."""
    dataset = Dataset()
    if level is not None:
        dataset.QueryRetrieveLevel = level
    for keyword in wanted:
        setattr(dataset, keyword, None)
    for keyword, value in keys.items():
        setattr(dataset, keyword, value)
    return dataset


# --- the reference archive ---------------------------------------------------------------------------------------------


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


def unique(level: Level) -> Callable[[Dataset], str]:
    """What tells an answer at this level from all others."""
    return lambda answer: str(answer.get(UNIQUE_KEYS[level], ""))


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
    model = MODELS[models(trial.target)[0]]
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
