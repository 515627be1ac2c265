"""The tester's match oracle, against the sentences of PS3.4 C.2.2.2, C.2.2.3 and K.2.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset

from conformance.material.matching import Match, match, value_match
from tests.matching_examples import DATES, NAMES, PERIODS, TEXT, TIMES, UIDS_AND_NUMBERS, Said

DATE, TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"
YES, MAY, NO = Match.YES, Match.MAY, Match.NO
SAID = {Said.YES: YES, Said.NO: NO, Said.LEFT_YES: MAY, Said.LEFT_NO: MAY}


def of(**values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def found(keys: Dataset, stored: Dataset, empty_matches: bool = True) -> Match:
    return match(keys, stored, empty_matches=empty_matches)


@pytest.mark.parametrize(
    ("keyword", "stored", "key", "wanted"),
    [
        *(
            (keyword, stored, key, SAID[said])
            for keyword, stored, key, said in (*TEXT, *UIDS_AND_NUMBERS, *NAMES, *DATES, *TIMES)
        ),
        ("NumberOfStudyRelatedInstances", "05", "5", YES),
        ("StudyDate", "2024-01-05", "-20240101", MAY),  # stored against PS3.5 6.2: nothing says where it stands
    ],
)
def test_one_value_against_one(keyword: str, stored: str, key: str, wanted: Match) -> None:
    assert value_match(dictionary_VR(keyword), key, stored) is wanted


def test_an_empty_key_and_a_lone_star_match_everything() -> None:
    for key in ("", "*"):
        assert found(of(PatientName=key), of(PatientName="Doe^Jane"), False) is YES
        assert found(of(PatientName=key), of(PatientName=""), False) is YES


def test_a_uid_list_matches_any_of_them() -> None:
    keys = of(StudyInstanceUID=["1.2", "1.3"])
    assert [found(keys, of(StudyInstanceUID=uid)) for uid in ("1.2", "1.3", "1.4")] == [YES, YES, NO]


def test_several_stored_values_match_by_any_of_them() -> None:
    stored = of(ModalitiesInStudy=["CT", "SR"])
    assert [found(of(ModalitiesInStudy=key), stored) for key in ("SR", "MR", ["MR", "CT"])] == [YES, NO, YES]


def test_a_stored_empty_value_matches_in_query_and_retrieve_and_not_in_a_worklist() -> None:
    for stored in (of(AccessionNumber=""), of()):
        assert found(of(AccessionNumber="A1"), stored, True) is YES
        assert found(of(AccessionNumber="A1"), stored, False) is NO


def test_an_item_of_a_sequence_matches_all_keys_of_the_item_or_not_at_all() -> None:
    stored = of(ScheduledProcedureStepSequence=[of(Modality="CT", StationName="A"), of(Modality="MR", StationName="B")])
    for modality, station, wanted in (("CT", "A", YES), ("CT", "B", NO), ("", "B", YES)):
        keys = of(ScheduledProcedureStepSequence=[of(Modality=modality, StationName=station)])
        assert found(keys, stored, False) is wanted
    for empty in ([], [of()], [of(Modality="")]):
        assert found(of(ScheduledProcedureStepSequence=empty), of(), False) is YES


def test_all_keys_must_match_and_the_weakest_decides() -> None:
    stored = of(PatientName="DOE^JANE", PatientID="1")
    assert found(of(PatientName="doe*", PatientID="1"), stored) is MAY
    assert found(of(PatientName="doe*", PatientID="2"), stored) is NO


def test_what_says_how_to_read_is_no_key() -> None:
    assert found(of(SpecificCharacterSet="ISO_IR 192", QueryRetrieveLevel="STUDY"), of(), False) is YES


@pytest.mark.parametrize(("date", "time", "dates", "times", "said"), PERIODS)
def test_ranges_of_start_date_and_time_are_one_period(date: str, time: str, dates: str, times: str, said: Said) -> None:
    assert found(of(**{DATE: dates, TIME: times}), of(**{DATE: date, TIME: time}), False) is SAID[said]


def test_ranges_of_other_dates_and_times_are_independent() -> None:
    keys = of(StudyDate="20250705-20250707", StudyTime="1000-1800")
    assert found(keys, of(StudyDate="20250706", StudyTime="0300")) is NO


SOME_TEXT = st.text(st.sampled_from("ABcd *?^.-[]"), max_size=8)


@given(SOME_TEXT, SOME_TEXT, SOME_TEXT)
def test_a_star_stands_for_whatever_is_between(before: str, between: str, after: str) -> None:
    fixed = [part.replace("*", "").replace("?", "") for part in (before, after)]
    assert value_match("LO", f"{fixed[0]}*{fixed[1]}", f"{fixed[0]}{between}{fixed[1]}") is YES


@given(*[st.dates().map(lambda date: date.strftime("%Y%m%d").rjust(8, "0"))] * 3)
def test_a_range_of_dates_holds_what_is_between_its_ends(first: str, last: str, stored: str) -> None:
    assert value_match("DA", f"{first}-{last}", stored) is (YES if first <= stored <= last else NO)
