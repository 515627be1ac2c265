"""Scenario files: the packaged ones are whole, and a wrong key is refused with file and key path."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from emulators.config import parse
from emulators.core.errors import ConfigError
from sim.happenings import Happenings
from sim.scenario import Scenario, find
from tests.clinic import scenario, small_clinic, visits

CLINIC = (files("sim.scenarios") / "clinic.toml").read_text(encoding="utf-8")


def scenario_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_clinic_has_about_forty_exams_a_day() -> None:
    name, clinic = find("clinic")
    assert name == "clinic"
    assert 40 <= expected_visits(clinic) <= 45
    assert clinic.site.stations == {"CT": ("CT1",), "MR": ("MR1",), "DX": ("DX1",), "US": ("US1",)}


def expected_visits(scenario: Scenario) -> float:
    """On a Monday."""
    return sum(sum(kind.expected_exams_by_hour) * kind.day_factors[0] for kind in scenario.world.arrivals)


def test_the_community_hospital_has_about_250_exams_a_day_of_all_modalities_and_classes() -> None:
    name, hospital = find("community_hospital")
    assert name == "community_hospital"
    per_visit = 1 + hospital.world.happenings.second_procedure
    assert 240 <= expected_visits(hospital) * per_visit <= 300
    assert set(hospital.site.stations) == {"CR", "CT", "DX", "MG", "MR", "US"}
    assert {kind.patient_class for kind in hospital.world.arrivals} == {"O", "E", "I"}
    assert hospital.site.teleradiology is not None


def test_the_clinic_lets_everything_happen_that_an_outpatient_can_meet() -> None:
    happenings = find("clinic")[1].world.happenings.model_dump()
    assert {name for name, fraction in happenings.items() if not fraction} == {"transferred"}
    assert set(happenings) == set(Happenings.model_fields)


def test_a_scenario_may_be_a_file_of_ones_own(tmp_path: Path) -> None:
    name, mine = find(str(scenario_file(tmp_path, CLINIC)))
    assert name == "mine"
    assert mine == find("clinic")[1]


def test_no_key_of_the_clinic_may_be_left_out() -> None:
    """A key that could be left out would be a hidden default."""
    lines = CLINIC.splitlines()
    scripts = range(lines.index("[world.name_scripts]"), next(n for n, line in enumerate(lines) if "happenings]" in line))
    keys = [number for number, line in enumerate(lines) if re.match(r"[a-z_]+ = ", line) and number not in scripts]
    assert len(keys) > 60
    for number in keys:
        line = lines[number]
        if line.endswith("["):
            continue  # a list over several lines
        with pytest.raises(ConfigError, match=line.partition(" ")[0]):
            parse(tomllib.loads("\n".join(lines[:number] + lines[number + 1 :])), Scenario, "clinic.toml")


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("stat_fraction = 0.15", "stat_fraction = 1.5", "world.arrivals[0].stat_fraction: "),
        (
            "stat_fraction = 0.15",
            "stat_fractoin = 0.15",
            "world.arrivals[0].stat_fraction: Field required; world.arrivals[0].stat_fractoin: Extra",
        ),
        ("no_show = 0.04", "no_show = 4", "world.happenings.no_show: "),
        ("no_show = 0.04", "no_show = 0.04\nlost_bag = 1", "world.happenings.lost_bag: Extra"),
        ('patient_class = "O"', 'patient_class = "X"', "world.arrivals[0].patient_class: "),
        ("latin = 0.8", "klingon = 0.8", "world.name_scripts.klingon"),
        ("day_factors = [1, 1, 1, 1, 1, 0.5, 0.2]", "day_factors = [1]", "world.arrivals[0].day_factors: "),
        ("technologists = 3", "technologists = 0", "world.technologists: "),
        ("technologists = 3", "technologists = 2.5", "world.technologists: "),
        ("days = 1", "days = 0", "world.days: "),
        ("cap = 20", "cap = 0", "world.images.cap: "),
        ("start_hour = 17", "start_hour = 24", "world.radiologists[2].start_hour: "),
        ('ris = "RADRIS"', 'ris = "a title too long"', "site.ae_titles.ris: "),
        ('ehr = "2.5.1"', 'ehr = "2.4"', "site.hl7_version.ehr: "),
        ("[site.hl7_version]", '[site.order_messages]\nris = "OMI"\n\n[site.hl7_version]', "site.order_messages.ris: "),
        (
            "[site.hl7_version]",
            '[site.order_messages]\npacs = "OMI"\n\n[site.hl7_version]',
            "site: Value error, order_messages.pacs: ",
        ),
        ("priors = 1", 'priors = 1\ntime_zone = "Mars/Olympus"', "site.time_zone: Value error, no such time zone"),
        ('modality = "US"', 'modality = "NM"', "site.scanners[3].modality: "),
        ("bandwidth_mbit_s = 1000", "bandwidth_mbit_s = 0", "site.links.hl7.bandwidth_mbit_s: "),
        ("epoch = 2026-03-02T00:00:00", 'epoch = "soon"', "site.epoch: "),
        ("US = 5\n", "", "(file): Value error, world.reading.median_min.US: missing"),
        (
            'ae_title = "US1"\nmodality = "US"',
            'ae_title = "US1"\nmodality = "CT"',
            "(file): Value error, world.arrivals[0].modality_mix.US: no scanner",
        ),
        (
            "modality_mix = { DX = 0.54, US = 0.23, CT = 0.15, MR = 0.08 }",
            "modality_mix = {}",
            "(file): Value error, world.arrivals[0].modality_mix: at least one share",
        ),
    ],
)
def test_a_wrong_key_is_refused_with_file_and_key_path(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    assert right in CLINIC
    path = scenario_file(tmp_path, CLINIC.replace(right, wrong, 1))
    with pytest.raises(ConfigError, match=f"^{re.escape(f'{path}: {complaint}')}"):
        find(str(path))


def test_an_unknown_scenario_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"^hospital: no such scenario; there is clinic, community_hospital, or give the path"
    ):
        find("hospital")
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        find("nowhere.toml")


def test_a_modality_without_exams_needs_no_scanner() -> None:
    mix = {"CT": 1.0, "MG": 0.0}
    clinic = scenario(arrivals=[visits(1, 1, modality_mix=mix)], reading={**_reading(), "median_min": {"CT": 11}})
    assert clinic.world.arrivals[0].modality_mix == mix


@pytest.mark.parametrize(
    ("world", "complaint"),
    [
        ({"radiologists": []}, "nobody reads"),
        ({"teleradiologists": [{"start_hour": 20, "end_hour": 8}]}, "there is no site.teleradiology"),
        ({"name_scripts": {"latin": 0}}, "at least one weight must be above 0"),
    ],
)
def test_a_world_that_cannot_work_is_refused(world: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        small_clinic(**world)


def _reading() -> dict[str, object]:
    return find("clinic")[1].world.reading.model_dump()


def test_links_are_written_as_people_write_them() -> None:
    links = find("clinic")[1].site.links
    assert links.dicom.spec().bandwidth_bit_s == 1_000_000_000
    assert links.dicom.spec().service_us == 5_000
    assert links.hl7.spec().round_trip_us == 1_000


def test_the_back_off_of_the_file_is_the_one_of_the_senders() -> None:
    policy = find("clinic")[1].site.retry.policy()
    assert (policy.deadline_us, policy.first_us, policy.longest_us) == (30_000_000, 5_000_000, 60_000_000)
