"""The keys of query and retrieve: which are supported at which level, and which identifiers are broken (PS3.4 C.6.1, C.6.2).

Supported are the required and unique keys of Tables C.6-1 to C.6-5, those that IHE adds (RAD TF-2 Table 4.14-1), and what an
index has beside. All are matched. A key of a level above is taken too, as the standard asks of relational queries only.
"""

from emulators.messages.attributes import Attributes
from emulators.messages.query import ROOTS, UNIQUE_KEYS, Find, Identifier

BROKEN_IDENTIFIER = 0xA900

_PATIENT_COUNTS = frozenset(
    ("NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances")
)
_KEYS = {
    "PATIENT": frozenset(("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"))
    | _PATIENT_COUNTS
    | {"InstanceAvailability"},
    "STUDY": frozenset(
        (
            "StudyDate",
            "StudyTime",
            "AccessionNumber",
            "StudyID",
            "StudyInstanceUID",
            "ModalitiesInStudy",
            "SOPClassesInStudy",
            "StudyDescription",
            "ReferringPhysicianName",
            "NumberOfStudyRelatedSeries",
            "NumberOfStudyRelatedInstances",
        )
    ),
    "SERIES": frozenset(
        (
            "Modality",
            "SeriesNumber",
            "SeriesInstanceUID",
            "SeriesDescription",
            "SeriesDate",
            "SeriesTime",
            "BodyPartExamined",
            "ProtocolName",
            "StationName",
            "InstitutionName",
            "NumberOfSeriesRelatedInstances",
        )
    ),
    "IMAGE": frozenset(("InstanceNumber", "SOPInstanceUID", "SOPClassUID", "NumberOfFrames")),
}
_LEVELS = tuple(_KEYS)
_UNIQUE = {
    (root, level): tuple(UNIQUE_KEYS[one] for one in _LEVELS[_LEVELS.index(root) : _LEVELS.index(level) + 1])
    for root in ROOTS
    for level in _LEVELS
}
"""By root and level: the unique keys from the top of the root down to the level."""
_SAY_HOW_TO_READ = frozenset(("SpecificCharacterSet", "TimezoneOffsetFromUTC"))


def _down_to(level: str) -> frozenset[str]:
    levels = _LEVELS[: _LEVELS.index(level) + 1]
    return frozenset(keyword for one in levels for keyword in _KEYS[one])


SUPPORTED = {level: _down_to(level) for level in _LEVELS}
"""The keys of each level and of those above it."""


def are_supported(query: Find) -> bool:
    """Whether every key asked for can be matched and returned; if not, pending responses are FF01H (Table C.4-1)."""
    supported = SUPPORTED[query.level] | _SAY_HOW_TO_READ
    return all(keyword in supported for keyword, _ in query.keys)


def matched_keys(query: Identifier, level: str) -> Attributes:
    """The keys with a value that are matched down to ``level``; others are taken as if they were not there (C.2.2.1.3)."""
    supported = SUPPORTED[level]
    return Attributes(tuple([element for element in query.keys if element[1] and element[0] in supported]))


def wants_patient_counts(query: Find) -> bool:
    """Whether anything must be counted over all studies of a patient."""
    return any(keyword in _PATIENT_COUNTS for keyword, _ in query.keys)


def returned_keys(query: Find) -> frozenset[str]:
    """What was asked for and is supported."""
    return SUPPORTED[query.level].intersection([keyword for keyword, _ in query.keys])


def selected(item: Attributes, keywords: frozenset[str]) -> Attributes:
    """These attributes of a match."""
    return Attributes(tuple([element for element in item if element[0] in keywords]))


def is_broken(query: Identifier, relational: bool) -> bool:
    """Whether the unique keys are not what the level demands (C.4.1.2.1, C.4.2.2.1): above it one value each, which must be
    there unless relational queries were negotiated; at the level of a C-MOVE or C-GET one value or, of UIDs, several.
    """
    *above, own = _UNIQUE[query.root, query.level]
    if any(not _is_single(query.keys.text(keyword)) for keyword in above if not relational or query.keys.text(keyword)):
        return True
    if isinstance(query, Find):
        return False
    value = query.keys.text(own)
    return not value or any(not _is_single(one) for one in ([value] if own == "PatientID" else value.split("\\")))


def _is_single(value: str) -> bool:
    return bool(value) and not any(character in value for character in "*?\\")


def unique_keys(query: Identifier) -> Attributes:
    """The unique keys of its levels, which alone say what a C-MOVE or C-GET is for (C.4.2.1.4.1)."""
    unique = _UNIQUE[query.root, query.level]
    return Attributes(tuple([element for element in query.keys if element[0] in unique]))
