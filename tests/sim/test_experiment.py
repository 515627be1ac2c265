"""A scenario changed and run from Python: the change is checked as a file is, and meets the same patients."""

from typing import Any

import pytest

from emulators.core.errors import ConfigError
from emulators.trace import Record
from sim import experiment
from tests.clinic import run as run_clinic
from tests.clinic import small_clinic


def registered(records: list[Record]) -> list[tuple[int, str]]:
    return [(record["at"], record["subject"]) for record in records if record.get("name") == "register"]


def test_a_result_has_the_records_the_ending_and_what_was_run() -> None:
    clinic, records = small_clinic(), list[Record]()
    ending = run_clinic(clinic, records.append, seed=7)
    assert experiment.run(clinic, seed=7) == experiment.Result(clinic, 7, ending, records)


def test_a_scenario_is_named_or_given() -> None:
    named = experiment.change("clinic", {})
    assert named.title.startswith("A small clinic")
    assert experiment.change(named, {}) == named


def test_a_change_reaches_a_key_in_a_table_and_in_a_list_and_nothing_else() -> None:
    clinic = small_clinic()
    changed = experiment.change(clinic, {"world.technologists": 1, "world.arrivals[0].stat_fraction": 0.5})
    assert (changed.world.technologists, changed.world.arrivals[0].stat_fraction) == (1, 0.5)
    assert experiment.change(changed, {"world.technologists": 3, "world.arrivals[0].stat_fraction": 0.15}) == clinic


def test_a_change_takes_what_a_scenario_gives() -> None:
    clinic = small_clinic()
    two = clinic.world.radiologists[:2]
    assert experiment.change(clinic, {"world.radiologists": two}).world.radiologists == two


def test_a_changed_hospital_meets_the_same_patients() -> None:
    clinic = small_clinic()
    alone = experiment.change(clinic, {"world.technologists": 1})
    before, after = experiment.run(clinic, seed=7), experiment.run(alone, seed=7)
    assert registered(before.records) == registered(after.records) != []
    assert before.records != after.records


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("world.technologist", 2, "world.technologist: Extra inputs are not permitted"),
        ("word.technologists", 2, "word.technologists: a scenario has no such key"),
        ("world.arrivals[7].stat_fraction", 0.5, "world.arrivals[7].stat_fraction: a scenario has no such key"),
        ("world.technologists[0]", 2, "world.technologists[0]: a scenario has no such key"),
        ("world.technologists", 0, "world.technologists: Input should be greater than or equal to 1"),
        ("site.scanners", [], "site.scanners: "),
    ],
)
def test_a_wrong_key_or_value_is_refused_by_its_path(path: str, value: Any, complaint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        experiment.change("clinic", {path: value})
    assert complaint in str(raised.value)


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(ConfigError, match="nowhere: no such scenario"):
        experiment.run("nowhere")
