"""The worklist: every key against an independent matcher, the index, the order of the answer, and what it says of its keys."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.worklist import Worklist
from emulators.messages.attributes import NOTHING, Attributes, Value, of
from emulators.messages.worklist import KEYS, STEPS, WorklistItems, WorklistQuery, query_for_all_keys
from tests.worklist_cases import attributes, entries, queries
from tests.worklist_oracle import DataSet, fits


def entry(step_id: str, start: str = "20260302083000", station: str = "CT1", **values: str) -> Attributes:
    step = {
        "ScheduledProcedureStepID": step_id,
        "ScheduledStationAETitle": station,
        "ScheduledProcedureStepStartDate": start[:8],
        "ScheduledProcedureStepStartTime": start[8:],
        "Modality": "CT",
    }
    return of({"AccessionNumber": f"A-{step_id}", **values, STEPS: (of(step),)})


EARLY = entry("1", "20260301071500")
MORNING = entry("2", "20260302083000")
OTHER_ROOM = entry("3", "20260302090000", "CT2")
NOON = entry("4", "20260302120000")
BOTH_ROOMS = entry("5", "20260303083000", "CT1\\CT2")
ENTRIES = (EARLY, MORNING, OTHER_ROOM, NOON, BOTH_ROOMS)


def worklist(items: Iterable[Attributes] = ENTRIES) -> Worklist:
    found = Worklist()
    for item in items:
        found.put(step_id(item), item)
    return found


def step_id(item: Attributes) -> str:
    return item.item(STEPS).text("ScheduledProcedureStepID")


def query(**step: Value) -> WorklistQuery:
    return WorklistQuery(of({STEPS: (of(step),)}))


# --- against the independent matcher -----------------------------------------------------------------------------------


STORED = entries(80)
QUERIES = queries(400, STORED)


def generated_worklist() -> Worklist:
    return worklist(map(attributes, STORED))


def test_every_generated_query_is_answered_as_the_independent_matcher_says() -> None:
    kept = generated_worklist()
    found_something = 0
    for keys in QUERIES:
        expected = {step_id(attributes(stored)) for stored in STORED if fits(stored, keys)}
        answer = kept.matches(WorklistQuery(attributes(keys)))
        assert {step_id(item) for item in answer.items} == expected, keys
        assert answer.keys_supported
        found_something += bool(expected)
    assert found_something > 150


@pytest.mark.parametrize("station", ["CT1", "CT2", "*", "CT9", "CT1\\US1", ""])
@pytest.mark.parametrize("date", ["20250302", "20250301-20250303", "20250303-", "-20250301", "*", "20250301\\20250303", ""])
def test_the_index_and_a_plain_search_find_the_same(station: str, date: str) -> None:
    step: DataSet = {"ScheduledStationAETitle": station, "ScheduledProcedureStepStartDate": date}
    expected = {step_id(attributes(stored)) for stored in STORED if fits(stored, {STEPS: [step]})}
    answer = generated_worklist().matches(WorklistQuery(attributes({STEPS: [step]})))
    assert {step_id(item) for item in answer.items} == expected


# --- the list ----------------------------------------------------------------------------------------------------------


@given(st.permutations(ENTRIES))
def test_the_answer_is_in_the_order_of_start_whatever_came_first(items: list[Attributes]) -> None:
    assert worklist(items).matches(WorklistQuery()) == WorklistItems(ENTRIES)


@given(st.permutations([entry(str(number)) for number in range(4)]))
def test_steps_that_start_together_are_in_the_order_of_accession_number(items: list[Attributes]) -> None:
    answer = worklist(items).matches(query(ScheduledStationAETitle="CT1"))
    numbers = [item.text("AccessionNumber") for item in answer.items]
    assert numbers == sorted(numbers)


def test_a_step_for_several_stations_is_on_the_list_of_each_and_once() -> None:
    for key in ("CT1", "CT2", "CT1\\CT2", ""):
        assert worklist((BOTH_ROOMS,)).matches(query(ScheduledStationAETitle=key)).items == (BOTH_ROOMS,)


def test_an_entry_that_is_put_again_is_found_as_it_is_now() -> None:
    kept = worklist()
    moved = entry("2", "20260309083000", "CT3")
    kept.put("2", moved)
    assert kept.matches(query(ScheduledStationAETitle="CT3")).items == (moved,)
    assert kept.matches(query(ScheduledStationAETitle="CT1", ScheduledProcedureStepStartDate="20260302")).items == (NOON,)
    assert len(kept.matches(WorklistQuery()).items) == len(ENTRIES)


def test_an_entry_that_was_removed_is_not_found_by_any_way() -> None:
    kept = worklist()
    kept.remove(step_id(NOON))
    assert kept.matches(WorklistQuery()).items == tuple(item for item in ENTRIES if item is not NOON)
    day = query(ScheduledStationAETitle="CT1", ScheduledProcedureStepStartDate="20260302")
    assert kept.matches(day).items == (MORNING,)
    kept.remove(step_id(NOON))  # again, and one that never was
    kept.remove("nothing")
    for item in ENTRIES:
        kept.remove(step_id(item))
    assert kept.matches(WorklistQuery()).items == ()
    assert kept.matches(query(ScheduledStationAETitle="CT2")).items == ()


def test_a_step_without_a_start_is_on_the_list_of_no_day() -> None:
    undated = entry("9", "")
    kept = worklist((undated,))
    assert kept.matches(query(ScheduledStationAETitle="CT1")).items == (undated,)
    assert kept.matches(query(ScheduledStationAETitle="CT1", ScheduledProcedureStepStartDate="-20260302")).items == ()


# --- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [NOTHING, of({STEPS: ()}), of({STEPS: (NOTHING,)}), KEYS, of({"PatientID": "*"})])
def test_keys_without_a_value_find_everything(keys: Attributes) -> None:
    answer = worklist().matches(WorklistQuery(keys))
    assert len(answer.items) == len(ENTRIES)
    assert answer.keys_supported


def test_a_time_without_a_date_is_matched_on_every_day() -> None:
    found = worklist().matches(query(ScheduledProcedureStepStartTime="0800-0859")).items
    assert found == (MORNING, BOTH_ROOMS)


def test_station_modality_and_patient_id_know_no_wild_cards() -> None:
    """Table K.6-1 asks for single value matching of these."""
    kept = worklist((entry("1", PatientID="P1"),))
    assert kept.matches(query(ScheduledStationAETitle="CT?")).items == ()
    assert kept.matches(query(Modality="C*")).items == ()
    assert kept.matches(WorklistQuery(of({"PatientID": "P*"}))).items == ()
    assert len(kept.matches(WorklistQuery(of({"AccessionNumber": "A*"}))).items) == 1


def test_a_key_that_nobody_knows_is_ignored_and_told() -> None:
    answer = worklist().matches(WorklistQuery(of({"PatientAge": "040Y", "AccessionNumber": "A-2"})))
    assert answer == WorklistItems((MORNING,), keys_supported=False)
    inside = worklist().matches(query(ScheduledProcedureStepEndDate="20260302", ScheduledStationAETitle="CT2"))
    assert inside == WorklistItems((OTHER_ROOM, BOTH_ROOMS), keys_supported=False)


def test_a_key_of_the_table_is_matched_though_no_entry_has_it() -> None:
    assert worklist().matches(WorklistQuery(of({"AdmissionID": "V1"}))) == WorklistItems(())


def test_an_attribute_of_any_entry_is_a_key_as_long_as_it_is_there() -> None:
    kept = worklist()
    french = entry("6", PatientComments="Speaks French")
    kept.put("6", french)
    assert kept.matches(WorklistQuery(of({"PatientComments": "*French"}))) == WorklistItems((french,))
    kept.remove("6")
    assert not kept.matches(WorklistQuery(of({"PatientComments": "*French"}))).keys_supported


def test_how_to_read_the_identifier_is_no_unknown_key() -> None:
    keys = of({"TimezoneOffsetFromUTC": "+0100", "AccessionNumber": "A-1"})
    assert worklist().matches(WorklistQuery(keys)) == WorklistItems((EARLY,))


def test_a_query_for_all_keys_matches_what_it_is_given() -> None:
    asked = query_for_all_keys({"ScheduledStationAETitle": "CT2"}, {"AccessionNumber": "A-3"})
    assert worklist().matches(asked) == WorklistItems((OTHER_ROOM,))
    assert {keyword for keyword, _ in asked.keys} == {keyword for keyword, _ in KEYS}
    assert {keyword for keyword, _ in asked.step} == {keyword for keyword, _ in KEYS.item(STEPS)}


# --- entries of worklist files -----------------------------------------------------------------------------------------


def test_preloaded_entries_go_when_their_step_has_been_performed() -> None:
    kept = worklist((NOON,))
    kept.preload([entry("7", StudyInstanceUID="1.2.7"), entry("7", StudyInstanceUID="1.2.8"), NOTHING])
    assert len(kept.matches(WorklistQuery()).items) == 4
    assert not kept.remove_preloaded("1.2.9", "7")
    assert not kept.remove_preloaded("", "4")  # not from a file
    assert not kept.remove_preloaded("", "")
    assert kept.remove_preloaded("1.2.7", "7")
    assert not kept.remove_preloaded("1.2.7", "7")
    assert [item.text("StudyInstanceUID") for item in kept.matches(query(ScheduledProcedureStepID="7")).items] == ["1.2.8"]
