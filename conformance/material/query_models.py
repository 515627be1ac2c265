"""The information models of query/retrieve (PS3.4 Annex C): their SOP classes, levels and keys, and identifiers for them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydicom.dataset import Dataset

from conformance.material.items import item
from conformance.target import RoleTarget

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


def first_model(target: RoleTarget) -> Model:
    """The one that the tester reads with, where the case is not about models: study root if that is claimed."""
    return MODELS[models(target)[0]]


def each_model(*variants: str) -> Callable[[RoleTarget], list[str]]:
    """The variants of a case, for each claimed model."""
    return lambda target: [f"{model}/{one}" for model in models(target) for one in variants]


def identifier(level: Level | None, wanted: Iterable[str] = (), /, **keys: Any) -> Dataset:
    """An identifier of a level, or of none; ``wanted`` are asked for, ``keys`` have values."""
    named = {} if level is None else {"QueryRetrieveLevel": level}
    return item(**{**named, **dict.fromkeys(wanted), **keys})


def unique(level: Level) -> Callable[[Dataset], str]:
    """What tells an answer at this level from all others."""
    return lambda answer: str(answer.get(UNIQUE_KEYS[level], ""))
