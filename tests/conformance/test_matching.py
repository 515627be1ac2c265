"""The tester's match oracle, against the sentences of PS3.4 C.2.2.2, C.2.2.3 and K.2.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from conformance.material.matching import Match, match, value_match

DATE, TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"
YES, MAY, NO = Match.YES, Match.MAY, Match.NO


def of(**values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def found(keys: Dataset, stored: Dataset, empty_matches: bool = True) -> Match:
    return match(keys, stored, empty_matches=empty_matches)


@pytest.mark.parametrize(
    ("vr", "key", "stored", "wanted"),
    [
        # C.2.2.2.1: case-sensitive; names at the product's choice
        ("CS", "CT", "CT", YES),
        ("LO", "abc", "ABC", NO),
        ("SH", "000123", "123", NO),
        ("PN", "Doe^Jane", "DOE^JANE", MAY),
        ("PN", "Doe^Jane^^", "Doe^Jane", YES),
        ("PN", "MULLER^HANS", "Müller^Hans", MAY),
        ("PN", "Yamada*", "Yamada^Tarou=山田^太郎=やまだ^たろう", YES),
        ("PN", "山田*", "Yamada^Tarou=山田^太郎=やまだ^たろう", MAY),
        ("IS", "5", "05", YES),
        ("IS", "5", "15", NO),
        # C.2.2.2.4: any sequence of characters, any single one; a zero length sequence counts
        ("PN", "DOE^J*", "DOE^JOHN", YES),
        ("PN", "*SMITH*", "SMITHSON^A", YES),
        ("PN", "D?E*", "DAE^J", YES),
        ("PN", "D?E*", "DE^J", NO),
        ("LO", "A*", "A", YES),
        ("SH", "A.C", "ABC", NO),
        ("UI", "1.2*", "1.2.3", NO),
        ("LO", "[A]*", "[A]B", YES),
        # C.2.2.2.5: both ends included, one may be left out
        ("DA", "20240101-20240131", "20240101", YES),
        ("DA", "20240101-20240131", "20240131", YES),
        ("DA", "20240101-20240131", "20240201", NO),
        ("DA", "-20240101", "20240101", YES),
        ("DA", "-20240101", "20240102", NO),
        ("DA", "20240101-", "20231231", NO),
        ("DA", "20240101-", "20240101", YES),
        ("DA", "20240101", "2024.01.01", YES),
        ("DA", "-20240101", "2024-01-05", MAY),  # stored against PS3.5 6.2: nothing says where it stands
        ("TM", "0800-1200", "8 a.m.", MAY),
        ("TM", "0800-1200", "080000", YES),
        ("TM", "0800-1200", "120000", YES),
        ("TM", "0800-1200", "120030", MAY),
        ("TM", "0800-1200", "120100", NO),
        ("TM", "0800-", "0759", NO),
        ("TM", "-1200", "000000", YES),
        ("TM", "101500", "101500.000000", YES),
        ("TM", "1015", "101530", MAY),
    ],
)
def test_one_value_against_one(vr: str, key: str, stored: str, wanted: Match) -> None:
    assert value_match(vr, key, stored) is wanted


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


@pytest.mark.parametrize(
    ("dates", "times", "date", "time", "wanted"),
    [
        ("20250705-20250707", "1000-1800", "20250705", "0959", NO),
        ("20250705-20250707", "1000-1800", "20250705", "1000", YES),
        ("20250705-20250707", "1000-1800", "20250706", "0300", YES),  # Table K.6-1: from the 5th, 10am, until the 7th, 6pm
        ("20250705-20250707", "1000-1800", "20250707", "1801", NO),
        ("20250705-", "1000-", "20250706", "0300", YES),
        ("20250705", "1000-1800", "20250705", "0300", NO),
        ("20250705-20250707", "1000", "20250706", "1000", YES),
    ],
)
def test_ranges_of_start_date_and_time_are_one_period(dates: str, times: str, date: str, time: str, wanted: Match) -> None:
    assert found(of(**{DATE: dates, TIME: times}), of(**{DATE: date, TIME: time}), False) is wanted


def test_ranges_of_other_dates_and_times_are_independent() -> None:
    keys = of(StudyDate="20250705-20250707", StudyTime="1000-1800")
    assert found(keys, of(StudyDate="20250706", StudyTime="0300")) is NO


TEXT = st.text(st.sampled_from("ABcd *?^.-[]"), max_size=8)


@given(TEXT, TEXT, TEXT)
def test_a_star_stands_for_whatever_is_between(before: str, between: str, after: str) -> None:
    fixed = [part.replace("*", "").replace("?", "") for part in (before, after)]
    assert value_match("LO", f"{fixed[0]}*{fixed[1]}", f"{fixed[0]}{between}{fixed[1]}") is YES


@given(*[st.dates().map(lambda date: date.strftime("%Y%m%d").rjust(8, "0"))] * 3)
def test_a_range_of_dates_holds_what_is_between_its_ends(first: str, last: str, stored: str) -> None:
    assert value_match("DA", f"{first}-{last}", stored) is (YES if first <= stored <= last else NO)
