"""People: pure, ASCII, free of delimiters, and of ages that fit a clinic."""

import re
from collections import Counter
from dataclasses import astuple
from datetime import date

import pytest

from datasets.people import PersonSource, StaffRole, StaffSource

ROLES: tuple[StaffRole, ...] = ("referring_physician", "technologist", "radiologist")


def test_a_person_depends_on_the_seed_and_the_index_only() -> None:
    forward = [PersonSource(7).person(i) for i in range(50)]
    source = PersonSource(7)
    backward = [source.person(i) for i in reversed(range(50))][::-1]
    assert forward == backward
    assert forward != [PersonSource(8).person(i) for i in range(50)]


def test_every_value_is_plain_and_filled_in() -> None:
    source = PersonSource(7)
    for person in map(source.person, range(500)):
        for value in astuple(person):
            assert value.isascii()
            assert value.isprintable()
            assert not set(value) & set('^~\\|&="')
        assert all(value for value in astuple(person) if value != person.middle_name)
        assert re.fullmatch(r"\d{8}", person.birth_date)
        assert re.fullmatch(r"[A-Z]{2}", person.state)
        assert re.fullmatch(r"\d{5}", person.postal_code)
        assert re.fullmatch(r"\(\d{3}\)555-01\d\d", person.phone)


def test_ages_and_sexes_fit_a_clinic() -> None:
    epoch = date(2030, 6, 1)
    source = PersonSource(7, reference_date=epoch)
    people = [source.person(i) for i in range(2000)]
    ages = [(epoch - date.fromisoformat(person.birth_date)).days / 365.25 for person in people]
    assert min(ages) >= 0.99
    assert max(ages) < 96
    assert 0.02 < sum(age < 18 for age in ages) / 2000 < 0.12
    sexes = Counter(person.sex for person in people)
    assert sexes["F"] > sexes["M"] > sexes["O"] > 0


def test_names_vary_but_popular_names_recur() -> None:
    source = PersonSource(7)
    people = [source.person(i) for i in range(1000)]
    names = Counter((person.family_name, person.given_name) for person in people)
    assert len(names) > 950
    assert len({person.family_name for person in people}) > 200


def test_staff_is_pure_and_identifiers_are_unique() -> None:
    members = [StaffSource(7).staff(role, i) for role in ROLES for i in range(30)]
    assert members == [StaffSource(7).staff(role, i) for role in ROLES for i in range(30)]
    assert len({member.identifier for member in members}) == len(members)
    assert len({(member.family_name, member.given_name) for member in members}) > 80


def test_people_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="numbered"):
        PersonSource(7).person(-1)
    with pytest.raises(ValueError, match="numbered"):
        StaffSource(7).staff("radiologist", -1)
    with pytest.raises(ValueError, match="role"):
        StaffSource(7).staff("porter", 0)  # type: ignore[arg-type]
