"""What can be done to a system: everything it takes is described, every example is right, and what is wrong is named."""

from pathlib import Path
from typing import Any

import pytest

from commands.stimuli import data_for, described, example_of, listing
from commands.values import made, merged, nested
from emulators.core.errors import ConfigError
from emulators.core.instant import WallClock
from emulators.endpoints import ServedSite, load_site
from emulators.messages.common import Code, Patient, PersonName
from emulators.site import actors
from emulators.store import typed_json
from tests.serving.processes import site_file
from tests.serving.services import IMAGES, PROTOCOLS, STARTED

SYSTEMS = ("ehr", "engine", "ris", "pacs", "workstation", "teleradiology", "ct1")


@pytest.fixture
def site(tmp_path: Path) -> ServedSite:
    return load_site(site_file(tmp_path))


def actor_of(site: ServedSite, system: str) -> Any:
    return actors(site.site, IMAGES, PROTOCOLS, WallClock(STARTED))[system]()


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_stimulus_that_a_system_takes_is_described_and_no_other(site: ServedSite, system: str) -> None:
    assert sorted(described(site, system)) == sorted(actor_of(site, system).stimulus_names)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_example_is_taken_by_its_system(site: ServedSite, system: str) -> None:
    for name in described(site, system):
        data = data_for(site, system, name, example_of(site, system, name), [])
        assert typed_json.loads(typed_json.dumps(data)) == data
        method = {**actor_of(site, system).stimuli, **actor_of(site, system)._common_stimuli}[name]
        method(data)  # names every key that it needs


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_listing_names_every_stimulus_and_every_key(site: ServedSite, system: str) -> None:
    lines = listing(site, system).splitlines()
    for name, keys in described(site, system).items():
        start = lines.index(name)
        assert [line.split()[0] for line in lines[start + 1 : start + 1 + len(keys)]] == list(keys)


def test_data_comes_from_json_and_from_words_which_win(site: ServedSite) -> None:
    given = example_of(site, "ehr", "register")
    words = ["patient.name.family=Roe", "visit.visit_number=V9"]
    data = data_for(site, "ehr", "register", given, words)
    assert data["patient"].name == PersonName("Roe", "Jane")
    assert data["visit"].visit_number == "V9"
    assert data["subject"] == "M1"


def test_words_alone_are_enough(site: ServedSite) -> None:
    assert data_for(site, "ct1", "images acquired", {}, ["subject=A1", "instances=4"]) == {"subject": "A1", "instances": 4}
    data = data_for(site, "ct1", "images acquired", {"instances": [2, 3]}, ["subject=007"])
    assert data == {"subject": "007", "instances": (2, 3)}


@pytest.mark.parametrize(
    ("system", "name", "given", "words", "complaint"),
    [
        ("ehr", "regster", {}, [], "ehr: nothing called 'regster' can happen to it; there is register,"),
        ("ct1", "images acquired", {}, [], r"images acquired: subject: missing: accession number \(text\)"),
        ("ct1", "images acquired", {}, ["subject=A1", "images=4"], "images acquired: images: no such key; there is subject,"),
        ("ct1", "images acquired", {}, ["subject=A1", "instances=four"], "images acquired: instances: not a whole number"),
        ("ct1", "images acquired", {}, ["subject"], "subject: not KEY=VALUE"),
        ("ehr", "register", {}, ["subject=M1", "subject.x=1"], "subject.x: subject has a value of its own"),
    ],
)
def test_wrong_data_is_refused_by_its_key(
    site: ServedSite, system: str, name: str, given: dict[str, Any], words: list[str], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        data_for(site, system, name, given, words)


@pytest.mark.parametrize(
    ("kind", "plain", "complaint"),
    [
        (Patient, "Doe", "k: not an object with the keys of Patient"),
        (Patient, {"patient_id": "M1", "issuer": "", "name": {"famly": "Doe"}}, r"k.name.famly: no such key; there is family,"),
        (Patient, {"patient_id": "M1", "issuer": ""}, "k.name: missing"),
        (Patient, {"patient_id": 3, "issuer": "", "name": {"family": ""}}, "k.patient_id: not text"),
        (Code, {"value": "x" * 17, "scheme": "", "meaning": ""}, "k: code.value: longer than 16 characters"),
        (tuple[Code, ...], [{"value": "x"}], r"k\[0\].scheme: missing"),
        (tuple[Code, ...], {}, "k: not a list"),
        (int, True, "k: not a whole number"),
        (int, 1.5, "k: not a whole number"),
    ],
)
def test_a_value_that_is_none_is_refused_by_its_key(kind: Any, plain: Any, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        made(kind, plain, "k")


def test_objects_are_merged_key_by_key() -> None:
    assert nested({"a.b": "1", "a.c": "2", "d": "3"}) == {"a": {"b": "1", "c": "2"}, "d": "3"}
    assert merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 3}, "d": [2]}) == {"a": {"b": 3, "c": 2}, "d": [2]}


def test_an_item_of_a_list_is_changed_under_its_number(site: ServedSite) -> None:
    data = data_for(site, "ehr", "place order", example_of(site, "ehr", "place order"), ["orders.0.placer_order_number=P7"])
    [order] = data["orders"]
    assert (order.placer_order_number, order.modality) == ("P7", "CT")


def test_an_item_that_a_list_does_not_have_is_refused(site: ServedSite) -> None:
    with pytest.raises(ConfigError, match="orders: not a list"):
        data_for(site, "ehr", "place order", example_of(site, "ehr", "place order"), ["orders.1.placer_order_number=P7"])
