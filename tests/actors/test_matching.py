"""Matching of keys: each rule of PS3.4 C.2.2.2 by itself, against examples and against the independent matcher."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.matching import matcher
from emulators.messages.attributes import NOTHING, Attributes, Value, of
from tests import worklist_oracle
from tests.matching_examples import DATES, NAMES, PERIODS, TEXT, TIMES, UIDS_AND_NUMBERS, YAMADA, Example

STEPS = "ScheduledProcedureStepSequence"
DATE, TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"


def fits(item: Attributes, keys: Attributes, empty_matches: bool) -> bool:
    return matcher(keys, empty_matches)(item)


def by_ours(examples: Iterable[Example]) -> list[tuple[str, str, str, bool]]:
    return [(keyword, stored, key, said.by_ours) for keyword, stored, key, said in examples]


def value_fits(keyword: str, stored: str, key: str) -> bool:
    return fits(of({keyword: stored}), of({keyword: key}), empty_matches=False)


# --- text --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "stored", "key", "expected"),
    [
        *by_ours(TEXT),
        ("StudyDescription", "Kopf\\Hals", "Hals", True),  # any stored value
        ("ModalitiesInStudy", "CT\\PR", "MR\\PR", True),  # any of both
        ("ModalitiesInStudy", "CT\\PR", "MR\\US", False),
        ("ModalitiesInStudy", "CT \\ PR", "PR", True),
        ("PatientComments", "Hals\\Kopf", "Hals", False),  # LT: one value, whatever it holds
    ],
)
def test_text_fits_whole_with_wild_cards_and_with_regard_to_case(keyword: str, stored: str, key: str, expected: bool) -> None:
    assert value_fits(keyword, stored, key) is expected


@pytest.mark.parametrize(
    ("keyword", "stored", "key", "expected"),
    [*by_ours(UIDS_AND_NUMBERS), ("StudyInstanceUID", "1.2.3", "1.2.4\\1.2.3", True)],
)
def test_uids_and_numbers_know_no_wild_cards(keyword: str, stored: str, key: str, expected: bool) -> None:
    assert value_fits(keyword, stored, key) is expected


def test_an_information_model_can_forbid_wild_cards_in_a_key() -> None:
    stored = of({"PatientID": "P1", STEPS: (of({"Modality": "CT"}),)})
    for keys in (of({"PatientID": "P?"}), of({STEPS: (of({"Modality": "C*"}),)})):
        assert matcher(keys, empty_matches=False)(stored)
        assert not matcher(keys, empty_matches=False, literal=frozenset(("PatientID", "Modality")))(stored)


@given(st.text("ab*?[", max_size=8), st.text("ab[", max_size=8))
def test_wild_cards_are_those_of_the_independent_matcher(key: str, stored: str) -> None:
    keys = of({"AccessionNumber": key})
    expected = key == "" or worklist_oracle.glob(stored, key)
    assert fits(of({"AccessionNumber": stored}), keys, empty_matches=False) is (key in ("", "*") or bool(stored and expected))


def test_a_key_full_of_wild_cards_costs_no_time() -> None:
    assert not value_fits("PatientComments", "a" * 5_000, "*a" * 500 + "b")


# --- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "stored", "key", "expected"),
    [
        *by_ours(NAMES),
        ("PatientName", YAMADA, "=山田*", True),  # group by group
        ("PatientName", YAMADA, "Yamada*=やまだ*", False),
    ],
)
def test_a_name_fits_in_any_component_group_and_without_regard_to_case(
    keyword: str, stored: str, key: str, expected: bool
) -> None:
    assert value_fits(keyword, stored, key) is expected


# --- dates and times ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "stored", "key", "expected"),
    [
        *by_ours(DATES),
        *(
            ("StudyDate", stored, key, expected)
            for stored in ("20250302", "2025.03.02")
            for key, expected in (("20250301\\20250302", True), ("2025030?", False), ("-", False), ("yesterday", False))
        ),
    ],
)
def test_dates_fit_by_their_meaning(keyword: str, stored: str, key: str, expected: bool) -> None:
    assert value_fits(keyword, stored, key) is expected


@pytest.mark.parametrize(("keyword", "stored", "key", "expected"), by_ours(TIMES))
def test_times_fit_by_their_meaning(keyword: str, stored: str, key: str, expected: bool) -> None:
    assert value_fits(keyword, stored, key) is expected


@pytest.mark.parametrize(
    ("stored", "key", "expected"),
    [
        ("19980128103000.0000", "19980128103000", True),
        ("19980128103000", "19980128", True),
        ("19980128103000", "1998-1999", True),
        ("20000101000000", "1998-1999", False),
        ("19980128103000", "19980128120000-", False),
        ("19980128103000+0100", "19980128093000", True),  # offsets count
        ("19980128073000-0300", "19980128103000+0000", True),
        ("19980128103000", "19980128073000-0300-19980128083000-0300", True),
        ("19980128120000", "19980128073000-0300-19980128083000-0300", False),
        ("19981399999999+0100", "1998-", False),
    ],
)
def test_dates_with_times_fit_by_their_meaning(stored: str, key: str, expected: bool) -> None:
    assert value_fits("AcquisitionDateTime", stored, key) is expected


@pytest.mark.parametrize(
    ("date", "time", "dates", "times", "expected"),
    [
        *((date, time, dates, times, said.by_ours) for date, time, dates, times, said in PERIODS),
        ("20250706", "2300", "20250705-20250707", "1000-", True),  # not the same form: each by itself
        ("20250706", "0900", "20250705-20250707", "1000-", False),
    ],
)
def test_start_date_and_time_as_ranges_are_one_period(date: str, time: str, dates: str, times: str, expected: bool) -> None:
    assert fits(of({DATE: date, TIME: time}), of({DATE: dates, TIME: times}), empty_matches=False) is expected


# --- sequences, and what is empty --------------------------------------------------------------------------------------


def codes(*values: str) -> tuple[Attributes, ...]:
    return tuple(of({"CodeValue": value[:1], "CodingSchemeDesignator": value[1:]}) for value in values)


@pytest.mark.parametrize(
    ("stored", "key", "expected"),
    [
        (codes("AX", "BY"), codes("BY"), True),
        (codes("AX", "BY"), codes("AY"), False),  # one item must fit all
        (codes("AX"), (of({"CodeValue": ""}),), True),
        ((), codes("AX"), False),
        ((), (of({"CodeValue": "*"}),), True),
        ((), (), True),
        ((), (NOTHING,), True),
    ],
)
def test_one_item_of_a_sequence_fits_all_its_keys(stored: Value, key: Value, expected: bool) -> None:
    keyword = "RequestedProcedureCodeSequence"
    assert fits(of({keyword: stored}), of({keyword: key}), empty_matches=False) is expected


@pytest.mark.parametrize("empty", [NOTHING, of({"AccessionNumber": "", STEPS: ()})])
@pytest.mark.parametrize(
    "keys", [{"AccessionNumber": "A1"}, {"StudyDate": "20250302-"}, {"PatientName": "D*"}, {STEPS: (of({"Modality": "CT"}),)}]
)
def test_what_is_empty_fits_in_query_retrieve_and_not_in_a_worklist(empty: Attributes, keys: dict[str, Value]) -> None:
    assert fits(empty, of(keys), empty_matches=True)
    assert not fits(empty, of(keys), empty_matches=False)


@pytest.mark.parametrize("key", ["", "*"])
@pytest.mark.parametrize("keyword", ["PatientName", "PatientID", "StudyDate", "StudyInstanceUID", "PatientWeight"])
def test_no_value_and_a_lone_wild_card_fit_everything(keyword: str, key: str) -> None:
    for item in (NOTHING, of({keyword: ""}), of({keyword: "1"})):
        assert fits(item, of({keyword: key}), empty_matches=False)


def test_what_says_how_to_read_an_identifier_is_no_key() -> None:
    keys = {"SpecificCharacterSet": "ISO_IR 192", "TimezoneOffsetFromUTC": "+0100", "QueryRetrieveLevel": "STUDY"}
    assert fits(NOTHING, of(keys), empty_matches=False)


def test_all_keys_must_fit() -> None:
    item = of({"PatientID": "P1", "AccessionNumber": "A1"})
    assert fits(item, of({"PatientID": "P1", "AccessionNumber": "A1"}), empty_matches=False)
    assert not fits(item, of({"PatientID": "P1", "AccessionNumber": "A2"}), empty_matches=False)
