"""The worklist: each matching key alone, all of them together, and the order of the answer."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.worklist import Worklist, in_range, name_fits
from emulators.messages.common import PersonName
from emulators.messages.worklist import WorklistItem, WorklistQuery
from tests.actors.samples import PATIENT, SOMEBODY_ELSE, scheduled, worklist_item

EARLY = worklist_item("P1", start="20260301071500")
MORNING = worklist_item("P2", start="20260302083000")
NOON = worklist_item("P3", patient=SOMEBODY_ELSE, start="20260302120000")
OTHER_ROOM = worklist_item("P4", station="CT2", start="20260302090000")
MAGNET = replace(worklist_item("P5", station="MR1", start="20260303083000"), modality="MR")
ITEMS = (EARLY, MORNING, OTHER_ROOM, NOON, MAGNET)


def worklist(items: Iterable[WorklistItem] = ITEMS) -> Worklist:
    found = Worklist()
    for item in items:
        found.add(item)
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (WorklistQuery(), ITEMS),
        (WorklistQuery(station_ae_title="CT2"), (OTHER_ROOM,)),
        (WorklistQuery(station_ae_title="CT9"), ()),
        (WorklistQuery(station_ae_title="ct2"), ()),
        (WorklistQuery(start_date="20260302"), (MORNING, OTHER_ROOM, NOON)),
        (WorklistQuery(start_date="20260301-20260302"), (EARLY, MORNING, OTHER_ROOM, NOON)),
        (WorklistQuery(start_date="20260302-"), (MORNING, OTHER_ROOM, NOON, MAGNET)),
        (WorklistQuery(start_date="-20260301"), (EARLY,)),
        (WorklistQuery(start_date="20260304"), ()),
        (WorklistQuery(start_time="0830"), (MORNING, MAGNET)),
        (WorklistQuery(start_time="083001"), ()),
        (WorklistQuery(start_time="08-09"), (MORNING, OTHER_ROOM, MAGNET)),
        (WorklistQuery(start_time="0900-"), (OTHER_ROOM, NOON)),
        (WorklistQuery(start_time="-0715"), (EARLY,)),
        (WorklistQuery(modality="MR"), (MAGNET,)),
        (WorklistQuery(modality="US"), ()),
        (WorklistQuery(patient_id="M2"), (NOON,)),
        (WorklistQuery(patient_id="M"), ()),
        (WorklistQuery(patient_id="m2"), ()),
        (WorklistQuery(patient_id="M*"), ()),
        (WorklistQuery(accession_number=NOON.scheduled.accession_number), (NOON,)),
        (WorklistQuery(accession_number=NOON.scheduled.accession_number[:-1]), ()),
        (WorklistQuery(patient_name="roe^richard"), (NOON,)),
        (WorklistQuery(patient_name="R*"), (NOON,)),
        (WorklistQuery(performing_physician="Doe^Anna"), ()),
        (WorklistQuery(performing_physician="**"), ()),
    ],
)
def test_a_key_selects_the_steps_that_it_should(query: WorklistQuery, expected: tuple[WorklistItem, ...]) -> None:
    assert worklist().matches(query) == expected


def test_all_keys_must_fit_together() -> None:
    fitting = {
        "station_ae_title": "CT1",
        "start_date": "20260302",
        "start_time": "08-13",
        "modality": "CT",
        "patient_name": "doe*",
        "patient_id": "M1",
        "accession_number": MORNING.scheduled.accession_number,
    }
    assert worklist().matches(WorklistQuery(**fitting)) == (MORNING,)
    missing = {
        "station_ae_title": "CT2",
        "start_date": "20260301",
        "start_time": "09-13",
        "modality": "MR",
        "patient_name": "roe*",
        "patient_id": "M2",
        "accession_number": NOON.scheduled.accession_number,
    }
    for key, value in missing.items():
        assert worklist().matches(WorklistQuery(**{**fitting, key: value})) == (), key


@pytest.mark.parametrize("station", ["CT1", ""])
@pytest.mark.parametrize("date", ["20260302", "20260301-20260302", "20260302-", "-20260302", ""])
def test_the_index_and_a_plain_search_find_the_same(station: str, date: str) -> None:
    def fits(item: WorklistItem) -> bool:
        return station in ("", item.scheduled.station_ae_title) and in_range(item.scheduled.start[:8], date)

    expected = tuple(item for item in ITEMS if fits(item))
    assert worklist().matches(WorklistQuery(station_ae_title=station, start_date=date)) == expected


@given(st.permutations(ITEMS))
def test_the_answer_is_in_the_order_of_start_whatever_came_first(items: list[WorklistItem]) -> None:
    assert worklist(items).matches(WorklistQuery()) == ITEMS


def test_steps_that_start_together_are_in_the_order_of_accession_number() -> None:
    items = [worklist_item(f"P{number}") for number in range(8)]
    found = worklist(items).matches(WorklistQuery(station_ae_title="CT1"))
    numbers = [item.scheduled.accession_number for item in found]
    assert numbers == sorted(numbers)


def test_a_step_that_was_removed_is_not_found_by_any_way() -> None:
    found = worklist()
    found.remove(NOON.scheduled.step_id)
    day = tuple(item for item in ITEMS if item is not NOON)
    assert found.matches(WorklistQuery()) == day
    assert found.matches(WorklistQuery(station_ae_title="CT1", start_date="20260302")) == (MORNING,)
    found.remove(NOON.scheduled.step_id)  # again, and one that never was
    found.remove("nothing")
    for item in ITEMS:
        found.remove(item.scheduled.step_id)
    assert found.matches(WorklistQuery()) == ()


# --- dates, times, names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["20260302", "20260301-20260302", "20260302-", "-20260302"])
def test_an_empty_date_fits_no_key(key: str) -> None:
    """PS3.4 K.2.2.1.1.1: an empty value in the worklist fails to match a key that has one."""
    assert not in_range("", key)
    assert in_range("", "")


@pytest.mark.parametrize(
    ("value", "key", "fits"),
    [
        ("083000", "08", True),
        ("083000", "0830-083000", True),
        ("083000", "083001-", False),
        ("085959", "-08", True),
        ("090000", "-08", False),
        ("090000", "-0859", False),
        ("080000", "08-08", True),
    ],
)
def test_a_shorter_end_of_a_range_stands_for_all_of_its_time(value: str, key: str, fits: bool) -> None:
    assert in_range(value, key) is fits


@pytest.mark.parametrize(
    ("key", "fits"),
    [
        ("", True),
        ("Doe^Jane", True),
        ("DOE^JANE", True),
        ("doe^jane^", True),
        ("doe", False),
        ("doe*", True),
        ("*jane", True),
        ("d?e^j*", True),
        ("d?^jane", False),
        ("doe^jane?", False),
        ("doe^j[ab]ne", False),
        ("roe*", False),
    ],
)
def test_names_match_with_wildcards_and_without_regard_to_case(key: str, fits: bool) -> None:
    assert name_fits(PATIENT.name, key) is fits


def test_brackets_in_a_name_key_stand_for_themselves() -> None:
    assert name_fits(PersonName("Doe [test]", "A"), "doe [[]test]*") is False
    assert name_fits(PersonName("Doe [test]", "A"), "doe [test]*")
    assert name_fits(PersonName("!x", ""), "!*")


def test_a_step_without_a_start_is_on_the_list_of_no_day() -> None:
    undated = replace(MORNING, scheduled=scheduled("P9", start=""))
    found = worklist([undated])
    assert found.matches(WorklistQuery(station_ae_title="CT1")) == (undated,)
    assert found.matches(WorklistQuery(station_ae_title="CT1", start_date="-20260302")) == ()
