"""Query and retrieve at the PACS: which studies, series and images a request finds, and which identifiers are broken."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from emulators.actors.pacs import Pacs
from emulators.core.identity import accession_number, uid
from emulators.messages import attributes
from emulators.messages.attributes import Attributes
from emulators.messages.coercion import COERCE, AttributeModification
from emulators.messages.common import Patient, PersonName
from emulators.messages.imaging import StoreStudy, StudyHeader
from emulators.messages.instance_set import InstanceSet
from emulators.messages.query import Find, FindPlan, Found, Get, Move, MovePlan, MoveResult
from emulators.search import search
from emulators.store.memory import MemoryArchive
from tests.actors.samples import CLOCK, CT_IMAGE_STORAGE, NOW, PATIENT, SOMEBODY_ELSE, STUDY, ask, tell

UNKNOWN = Patient("", "", PersonName("Unknown"))
MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"


def header(number: int, patient: Patient = PATIENT, study_at: str = NOW, modality: str = "CT") -> StudyHeader:
    placer = f"P{number}"
    study = uid("study", placer)
    accession = accession_number(placer)
    physician = PersonName("Grey", "Ada")
    return StudyHeader(patient, accession, study, study_at, modality, f"Exam {number}", "CHEST", f"S{number}", physician)


OLD = header(10, study_at="20240501100000")
LAST_YEAR = header(11, study_at="20250501110000", modality="MR")
TODAY = header(12)
OTHERS = header(13, patient=SOMEBODY_ELSE, study_at="20250501100000")


class House:
    """A PACS and its image store."""

    def __init__(self, *stores: StoreStudy) -> None:
        self.actor = Pacs("pacs", CLOCK, {"RADWS": "workstation"})
        self.archive = MemoryArchive()
        for store in stores:
            self.file(store)

    def file(self, store: StoreStudy) -> None:
        ask(self.actor, store.header, "ct1")
        batch = self.archive.open_batch()
        self.archive.add(batch, store)
        for told in self.archive.tell(batch):
            tell(self.actor, told)

    def find(self, query: Find) -> Found:
        """The answer as the one who asks gets it."""
        answered, effects = ask(self.actor, query, "workstation")
        assert effects == []
        found = search(answered, self.archive) if isinstance(answered, FindPlan) else answered
        assert isinstance(found, Found)
        return found


def series(of: StudyHeader, count: int = 1, number: int = 1, sop_class: str = CT_IMAGE_STORAGE) -> StoreStudy:
    series_uid = f"{of.study_instance_uid}.{number}"
    return StoreStudy(of, series_uid, sop_class, InstanceSet(series_uid, 1, count), 1_000)


def full_house() -> House:
    return House(series(LAST_YEAR, 1, sop_class=MR_IMAGE_STORAGE), series(OTHERS, 2), series(OLD, 3), series(TODAY, 4))


def keys(matched: Mapping[str, str], *returned: str) -> Attributes:
    return attributes.of({**dict.fromkeys(returned, ""), **matched})


def studies(matched: Mapping[str, str], root: str = "STUDY") -> list[str]:
    query = Find(keys(matched, "StudyDescription", "StudyInstanceUID"), "STUDY", root)
    return [match.text("StudyDescription") for match in full_house().find(query).matches]


# --- studies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matched", "expected"),
    [
        ({"PatientID": "M1"}, ["Exam 12", "Exam 11", "Exam 10"]),
        ({"PatientID": "M2"}, ["Exam 13"]),
        ({"PatientID": "M?"}, ["Exam 12", "Exam 11", "Exam 13", "Exam 10"]),
        ({"PatientID": "M9"}, []),
        ({"PatientName": "DOE*"}, ["Exam 12", "Exam 11", "Exam 10"]),
        ({"PatientName": "*richard"}, ["Exam 13"]),
        ({"PatientBirthDate": "19650505"}, ["Exam 13"]),
        ({"PatientSex": "M"}, ["Exam 13"]),
        ({"AccessionNumber": OLD.accession_number}, ["Exam 10"]),
        ({"AccessionNumber": "A999"}, []),
        ({"StudyInstanceUID": TODAY.study_instance_uid}, ["Exam 12"]),
        ({"StudyInstanceUID": f"{TODAY.study_instance_uid}\\{OLD.study_instance_uid}"}, ["Exam 12", "Exam 10"]),
        ({"StudyInstanceUID": "1.2.3"}, []),
        ({"ModalitiesInStudy": "MR"}, ["Exam 11"]),
        ({"ModalitiesInStudy": "MR\\CT"}, ["Exam 12", "Exam 11", "Exam 13", "Exam 10"]),
        ({"StudyDate": "20240501"}, ["Exam 10"]),
        ({"StudyDate": "20250101-20251231"}, ["Exam 11", "Exam 13"]),
        ({"StudyDate": "-20241231"}, ["Exam 10"]),
        ({"StudyTime": "1000-1059"}, ["Exam 13", "Exam 10"]),
        ({"StudyDescription": "Exam 1?"}, ["Exam 12", "Exam 11", "Exam 13", "Exam 10"]),
        ({"StudyID": "S11"}, ["Exam 11"]),
        ({"ReferringPhysicianName": "grey*"}, ["Exam 12", "Exam 11", "Exam 13", "Exam 10"]),
        ({"NumberOfStudyRelatedInstances": "3"}, ["Exam 10"]),
        ({"PatientID": "M1", "StudyDate": "20250101-"}, ["Exam 12", "Exam 11"]),
        ({"PatientID": "M2", "AccessionNumber": OLD.accession_number}, []),
        ({"PatientID": "M1", "ModalitiesInStudy": "MR", "StudyDate": "20250501"}, ["Exam 11"]),
        ({}, ["Exam 12", "Exam 11", "Exam 13", "Exam 10"]),
    ],
)
def test_a_key_finds_the_studies_that_it_should_newest_first(matched: dict[str, str], expected: list[str]) -> None:
    """dicom.qr.find.2, .3 and .9."""
    assert studies(matched) == expected


def test_the_patient_root_finds_the_studies_of_one_patient() -> None:
    assert studies({"PatientID": "M1"}, "PATIENT") == ["Exam 12", "Exam 11", "Exam 10"]


@pytest.mark.parametrize("key", [{"PatientID": "M1"}, {"AccessionNumber": "A1"}, {"PatientName": "Doe*", "PatientID": "M1"}])
def test_a_study_without_a_value_may_be_the_one_that_is_asked_for(key: dict[str, str]) -> None:
    """dicom.qr.find.4: a stored empty value is unknown (PS3.4 C.2.2.1.2); a name that is known still counts."""
    nameless = StudyHeader(UNKNOWN, "", STUDY, NOW, "CT", "Exam 0")
    found = House(series(nameless)).find(Find(keys(key, "StudyDescription"))).matches
    assert [match.text("StudyDescription") for match in found] == ([] if "PatientName" in key else ["Exam 0"])


def test_a_match_has_what_was_asked_for_and_nothing_else() -> None:
    """dicom.qr.find.5."""
    asked = ("PatientName", "ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances")
    (match,) = full_house().find(Find(keys({"StudyInstanceUID": OLD.study_instance_uid}, *asked))).matches
    assert dict(match) == {
        "StudyInstanceUID": OLD.study_instance_uid,
        "PatientName": "Doe^Jane",
        "ModalitiesInStudy": "CT",
        "NumberOfStudyRelatedSeries": "1",
        "NumberOfStudyRelatedInstances": "3",
    }


def test_counts_follow_what_is_stored() -> None:
    house = full_house()
    counts = ("NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances", "ModalitiesInStudy", "SOPClassesInStudy")
    query = Find(keys({"StudyInstanceUID": TODAY.study_instance_uid}, *counts))
    (before,) = house.find(query).matches
    assert [before.text(keyword) for keyword in counts] == ["1", "4", "CT", CT_IMAGE_STORAGE]
    mr = StudyHeader(PATIENT, TODAY.accession_number, TODAY.study_instance_uid, NOW, "MR", "Exam 12")
    house.file(series(mr, 2, number=2, sop_class=MR_IMAGE_STORAGE))
    (after,) = house.find(query).matches
    assert [after.text(keyword) for keyword in counts] == ["2", "6", "CT\\MR", f"{CT_IMAGE_STORAGE}\\{MR_IMAGE_STORAGE}"]


def test_an_unsupported_key_is_said_and_changes_nothing() -> None:
    """dicom.qr.find.6: FF01H, and matches as if the key were absent."""
    found = full_house().find(Find(keys({"PatientID": "M2", "ProtocolName": "ABC", "(0009,1001)": "X"}, "StudyDescription")))
    assert not found.keys_supported
    assert [dict(match) for match in found.matches] == [{"PatientID": "M2", "StudyDescription": "Exam 13"}]
    assert full_house().find(Find(keys({"PatientID": "M2"}))).keys_supported


# --- patients ----------------------------------------------------------------------------------------------------------


def test_patients_are_found_once_each_with_their_counts() -> None:
    asked = ("PatientName", "NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances")
    found = full_house().find(Find(keys({"PatientID": "*"}, *asked), "PATIENT", "PATIENT")).matches
    assert [[match.text(keyword) for keyword in ("PatientID", *asked)] for match in found] == [
        ["M1", "Doe^Jane", "3", "3", "8"],
        ["M2", "Roe^Richard", "1", "1", "2"],
    ]


# --- series and images -------------------------------------------------------------------------------------------------


def two_series() -> House:
    return House(series(TODAY, 4), series(TODAY, 2, number=2), series(OTHERS, 3))


def test_series_of_a_study() -> None:
    asked = ("Modality", "NumberOfSeriesRelatedInstances", "PatientID", "BodyPartExamined")
    found = two_series().find(Find(keys({"StudyInstanceUID": TODAY.study_instance_uid}, "SeriesInstanceUID", *asked), "SERIES"))
    study = TODAY.study_instance_uid
    assert [[match.text(keyword) for keyword in ("SeriesInstanceUID", *asked)] for match in found.matches] == [
        [f"{study}.1", "CT", "4", "M1", "CHEST"],
        [f"{study}.2", "CT", "2", "M1", "CHEST"],
    ]


def test_images_of_a_series() -> None:
    study = TODAY.study_instance_uid
    upper = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.2"}
    found = two_series().find(Find(keys(upper, "SOPInstanceUID", "SOPClassUID", "InstanceNumber"), "IMAGE")).matches
    assert [(match.text("SOPInstanceUID"), match.text("InstanceNumber")) for match in found] == [
        (f"{study}.2.1", "1"),
        (f"{study}.2.2", "2"),
    ]
    assert {match.text("SOPClassUID") for match in found} == {CT_IMAGE_STORAGE}


def test_keys_of_series_and_images_are_matched() -> None:
    study = TODAY.study_instance_uid
    house = two_series()
    assert len(house.find(Find(keys({"StudyInstanceUID": study, "Modality": "MR"}), "SERIES")).matches) == 0
    one = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1", "InstanceNumber": "3"}
    assert len(house.find(Find(keys(one), "IMAGE")).matches) == 1
    listed = {**one, "InstanceNumber": "", "SOPInstanceUID": f"{study}.1.1\\{study}.1.4\\9.9"}
    assert len(house.find(Find(keys(listed), "IMAGE")).matches) == 2


def test_a_relational_query_needs_no_unique_key_above() -> None:
    """PS3.4 C.4.1.2.2."""
    query = Find(keys({"PatientID": "M1", "InstanceNumber": "2"}, "SOPInstanceUID"), "IMAGE", relational=True)
    assert len(two_series().find(query).matches) == 2


# --- broken identifiers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "level", "matched"),
    [
        ("PATIENT", "STUDY", {}),
        ("PATIENT", "STUDY", {"PatientID": "M*"}),
        ("STUDY", "SERIES", {"PatientID": "M1"}),
        ("STUDY", "SERIES", {"StudyInstanceUID": "1.2.*"}),
        ("STUDY", "SERIES", {"StudyInstanceUID": "1.2.3\\1.2.4"}),
        ("STUDY", "IMAGE", {"StudyInstanceUID": "1.2.3"}),
        ("PATIENT", "IMAGE", {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.1"}),
    ],
)
def test_a_missing_or_ambiguous_unique_key_above_is_refused(root: str, level: str, matched: dict[str, str]) -> None:
    """dicom.qr.find.7: A900H, and no match."""
    assert full_house().find(Find(keys(matched), level, root)) == Found((), 0xA900)


# --- retrieve ----------------------------------------------------------------------------------------------------------

STUDY_UID = TODAY.study_instance_uid


def plan(level: str, matched: Mapping[str, str], root: str = "STUDY", relational: bool = False) -> MovePlan | MoveResult:
    request = Move(keys(matched), level, root, "RADWS", relational)
    answered, effects = ask(two_series().actor, request, "workstation")
    assert effects == []
    assert isinstance(answered, MovePlan | MoveResult)
    return answered


@pytest.mark.parametrize(
    ("root", "level", "matched", "expected"),
    [
        ("PATIENT", "PATIENT", {"PatientID": "M1"}, [4, 2]),
        ("PATIENT", "STUDY", {"PatientID": "M1", "StudyInstanceUID": STUDY_UID}, [4, 2]),
        ("PATIENT", "STUDY", {"PatientID": "M2", "StudyInstanceUID": STUDY_UID}, []),
        ("STUDY", "STUDY", {"StudyInstanceUID": STUDY_UID}, [4, 2]),
        ("STUDY", "STUDY", {"StudyInstanceUID": f"{STUDY_UID}\\{OTHERS.study_instance_uid}"}, [4, 2, 3]),
        ("STUDY", "STUDY", {"StudyInstanceUID": STUDY_UID, "PatientID": "ignored", "StudyDate": "1"}, [4, 2]),
        ("STUDY", "STUDY", {"StudyInstanceUID": "1.2.3"}, []),
        ("STUDY", "SERIES", {"StudyInstanceUID": STUDY_UID, "SeriesInstanceUID": f"{STUDY_UID}.2"}, [2]),
        (
            "STUDY",
            "IMAGE",
            {
                "StudyInstanceUID": STUDY_UID,
                "SeriesInstanceUID": f"{STUDY_UID}.1",
                "SOPInstanceUID": f"{STUDY_UID}.1.2\\{STUDY_UID}.1.3\\9.9",
            },
            [2],
        ),
    ],
)
def test_a_move_is_a_plan_of_what_the_unique_keys_name(
    root: str, level: str, matched: dict[str, str], expected: list[int]
) -> None:
    """dicom.qr.move.1 and .6."""
    planned = plan(level, matched, root)
    assert isinstance(planned, MovePlan)
    assert planned.destination == "workstation"
    assert [len(store.instances) for store in planned.stores] == expected
    assert planned.total == sum(expected)


FILED = AttributeModification(NOW, "pacs", COERCE)
"""Of an identity that is known since the study came."""
SENT = (replace(series(TODAY, 4), modification=FILED), replace(series(TODAY, 2, number=2), modification=FILED))


def test_the_stores_of_a_plan_are_those_that_came() -> None:
    planned = plan("STUDY", {"StudyInstanceUID": STUDY_UID})
    assert isinstance(planned, MovePlan)
    assert planned.stores == SENT


@pytest.mark.parametrize(
    ("level", "matched"),
    [
        ("STUDY", {}),
        ("STUDY", {"StudyInstanceUID": "*"}),
        ("SERIES", {"StudyInstanceUID": STUDY_UID}),
        ("SERIES", {"SeriesInstanceUID": f"{STUDY_UID}.1"}),
    ],
)
def test_a_move_without_its_unique_keys_is_refused(level: str, matched: dict[str, str]) -> None:
    assert plan(level, matched) == MoveResult(0, 0, 0, 0xA900)


def test_a_relational_move_needs_the_unique_key_of_its_level_alone() -> None:
    planned = plan("SERIES", {"SeriesInstanceUID": f"{STUDY_UID}.2"}, relational=True)
    assert isinstance(planned, MovePlan)
    assert planned.total == 2


def test_a_move_to_an_unknown_destination_fails_with_a801() -> None:
    """PS3.4 Table C.4-2."""
    request = Move(keys({"StudyInstanceUID": STUDY_UID}), destination="RADWS2")
    assert ask(two_series().actor, request, "workstation") == (MoveResult(0, 0, 0, 0xA801), [])


def test_a_get_is_a_plan_without_destination() -> None:
    planned, _ = ask(two_series().actor, Get(keys({"StudyInstanceUID": STUDY_UID})), "a stranger")
    assert planned == MovePlan("", SENT)
