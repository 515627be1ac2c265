"""People: pure, free of delimiters, of ages that fit a clinic, ASCII unless other scripts of names are asked for."""

import re
from collections import Counter
from dataclasses import astuple, replace
from datetime import date

import pytest

from datasets.character_sets import declared
from datasets.names import NAME_TABLES, Form, Script
from datasets.people import LATIN_ONLY, Person, PersonSource, StaffRole, StaffSource

CHARACTER_SET_OF_SCRIPT: dict[Script, str] = {
    "latin1": "ISO_IR 100",
    "cyrillic": "ISO_IR 144",
    "greek": "ISO_IR 126",
    "japanese": "ISO 2022 IR 87",
    "korean": "ISO 2022 IR 149",
    "chinese": "GB18030",
}
EVERY_SCRIPT: tuple[tuple[Script, float], ...] = tuple((script, 1.0) for script in ("latin", *CHARACTER_SET_OF_SCRIPT))
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
        filled_in = replace(person, middle_name="-", ideographic="-", phonetic="-")
        assert all(astuple(filled_in))
        assert (person.ideographic, person.phonetic) == ("", "")
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


# --- scripts of names --------------------------------------------------------------------------------------------------


def people_of(script: Script, count: int = 300) -> list[Person]:
    source = PersonSource(7, scripts=((script, 1.0),))
    return [source.person(index) for index in range(count)]


@pytest.mark.parametrize("script", CHARACTER_SET_OF_SCRIPT)
def test_names_of_a_script_fit_its_character_set_and_need_it(script: Script) -> None:
    for person in people_of(script):
        assert declared(CHARACTER_SET_OF_SCRIPT[script], (), [person.pn]).lstrip("\\") == CHARACTER_SET_OF_SCRIPT[script]
        assert all(len(group) <= 64 for group in person.pn.split("="))
        assert person.pn.isprintable()


@pytest.mark.parametrize("script", ["japanese", "korean", "chinese"])
def test_writings_of_one_name_belong_together(script: Script) -> None:
    table = NAME_TABLES[script][0]
    families = {part.alphabetic: part for part in table.family["M"]}
    givens = {part.alphabetic: part for form in table.given.values() for part in form}
    for person in people_of(script):
        family, given = families[person.family_name], givens[person.given_name]
        assert person.ideographic == (f"{family.ideographic}^{given.ideographic}" if given.ideographic else "")
        assert person.phonetic == (f"{family.phonetic}^{given.phonetic}" if given.phonetic else "")


KANJI, KANA, HANGUL, ROMAN = r"[\u4e00-\u9fff々]+", r"[\u3041-\u3096]+", r"[\uac00-\ud7a3]+", r"[A-Za-z']+"


def test_groups_are_those_of_the_standard() -> None:
    """PS3.5 6.2.1.2: ideographic is kanji, hanzi, hanja; phonetic is kana, hangul."""
    patterns: dict[Script, str] = {
        "japanese": rf"{ROMAN}\^{ROMAN}={KANJI}\^{KANJI}={KANA}\^{KANA}",
        "korean": rf"{ROMAN}\^{ROMAN}=({KANJI}\^{KANJI})?={HANGUL}\^{HANGUL}",
        "chinese": rf"{ROMAN}\^{ROMAN}={KANJI}\^{KANJI}",
    }
    for script, pattern in patterns.items():
        assert all(re.fullmatch(pattern, person.pn) for person in people_of(script))
    assert any(not person.ideographic for person in people_of("korean"))


def test_russian_names_agree_in_sex() -> None:
    for person in people_of("cyrillic"):
        forms: list[Form] = ["M", "F"] if person.sex == "O" else [person.sex]
        table = NAME_TABLES["cyrillic"][0]
        assert any(
            person.family_name in [part.alphabetic for part in table.family[form]]
            and person.given_name in [part.alphabetic for part in table.given[form]]
            and person.middle_name in [part.alphabetic for part in table.middle[form]]
            for form in forms
        )


def test_scripts_come_in_their_shares_and_change_nothing_else_about_a_person() -> None:
    latin, mixed = PersonSource(7), PersonSource(7, scripts=EVERY_SCRIPT)
    unchanged = 0
    for index in range(700):
        person, other = latin.person(index), mixed.person(index)
        unchanged += person == other
        assert nameless(person) == nameless(other)
    assert 70 < unchanged < 130  # one of seven scripts


def nameless(person: Person) -> Person:
    return replace(person, family_name="", given_name="", middle_name="", ideographic="", phonetic="")


def test_latin_alone_is_the_default() -> None:
    assert PersonSource(7).person(3) == PersonSource(7, scripts=LATIN_ONLY).person(3)


def test_a_script_without_names_is_refused() -> None:
    with pytest.raises(KeyError):
        PersonSource(7, scripts=(("runic", 1.0),)).person(0)  # type: ignore[arg-type]
