"""Synthetic patients and staff: person number i of a seed, the same in every process and in every order of asking.

Faker makes the pools of names, streets and places once per seed; a person is then drawn from the pools by key. Names
are plain Latin letters (ASCII) without the delimiters of HL7 and DICOM, unless other scripts are asked for (names.py). A
popular name fills several places of its pool, so two people of one name, and now and then of one birth date, do occur:
patient matching has to live with that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, get_args

from faker import Faker

from datasets.draws import Draws
from datasets.names import NAME_TABLES, Form, Script

Sex = Literal["M", "F", "O"]
StaffRole = Literal["referring_physician", "technologist", "radiologist"]

# A clinic's patients; an assumption of this project, not a published figure.
SEX_WEIGHTS: tuple[tuple[Sex, float], ...] = (("F", 53.0), ("M", 46.5), ("O", 0.5))
AGE_BAND_WEIGHTS = (((1, 18), 6.0), ((18, 40), 24.0), ((40, 65), 40.0), ((65, 80), 22.0), ((80, 96), 8.0))
NO_MIDDLE_NAME_SHARE = 0.3

LATIN_ONLY: tuple[tuple[Script, float], ...] = (("latin", 1.0),)

STAFF_PREFIX: dict[StaffRole, str] = {"referring_physician": "REF", "technologist": "TEC", "radiologist": "RAD"}

_POOL_SIZE = 600
_DELIMITERS = set('^~\\|&="\r\n')
# North American area codes: no second digit 9, no service codes (x11). Lines 555-0100 to 555-0199 are kept for fiction.
_AREA_CODES = tuple(code for code in range(201, 990) if code // 10 % 10 != 9 and code % 100 != 11)


@dataclass(frozen=True, slots=True)
class Person:
    """One patient. Dates are YYYYMMDD. Only ``middle_name``, ``ideographic`` and ``phonetic`` may be empty.

    Names are in the script that was drawn, all else is ASCII. ``ideographic`` and ``phonetic`` are further component groups of
    a DICOM PN, their components joined by ``^``: ``山田^太郎`` and ``やまだ^たろう`` of Yamada, Tarou.
    """

    family_name: str
    given_name: str
    middle_name: str
    sex: Sex
    birth_date: str
    street: str
    city: str
    state: str
    postal_code: str
    country: str
    phone: str
    ideographic: str = ""
    phonetic: str = ""

    @property
    def pn(self) -> str:
        """The name as a DICOM PN of up to three component groups (PS3.5 6.2.1), without empty ones at its end."""
        alphabetic = f"{self.family_name}^{self.given_name}^{self.middle_name}".rstrip("^")
        return f"{alphabetic}={self.ideographic}={self.phonetic}".rstrip("=")


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A referring physician, technologist or radiologist; the identifier is unique over all roles of a seed."""

    role: StaffRole
    identifier: str
    family_name: str
    given_name: str


@dataclass(frozen=True, slots=True)
class _Name:
    family: str
    given: str
    middle: str
    ideographic: str = ""
    phonetic: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    city: str
    state: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class _Pools:
    family_names: tuple[str, ...]
    given_names: dict[Sex, tuple[str, ...]]
    streets: tuple[str, ...]
    places: tuple[_Place, ...]


class PersonSource:
    """The patients of a seed. The drawn ages hold on ``reference_date``; a scenario passes its epoch.

    ``scripts`` are scripts of names with their weights. A person whose script is ``latin`` is the same under all weights.
    """

    def __init__(
        self, seed: int, reference_date: date = date(2026, 1, 1), scripts: Sequence[tuple[Script, float]] = LATIN_ONLY
    ) -> None:
        self._draws = Draws(seed)
        self._pools = _pools(seed)
        self._reference_date = reference_date
        self._scripts = tuple(scripts)

    def person(self, index: int) -> Person:
        """Person number ``index`` (0 and up). Raises ValueError for a negative index, KeyError for an unknown script."""
        _check_index(index)
        draws, pools = self._draws, self._pools
        sex = draws.weighted(SEX_WEIGHTS, "person sex", index)
        script = draws.weighted(self._scripts, "person script", index)
        name = self._latin_name(sex, index) if script == "latin" else self._name_in(script, sex, index)
        place = draws.choice(pools.places, "person place", index)
        return Person(
            family_name=name.family,
            given_name=name.given,
            middle_name=name.middle,
            sex=sex,
            birth_date=self._birth_date(index),
            street=f"{1 + draws.integer(999, 'person house', index)} " + draws.choice(pools.streets, "person street", index),
            city=place.city,
            state=place.state,
            postal_code=place.postal_code,
            country="USA",
            phone=f"({draws.choice(_AREA_CODES, 'person area code', index)})555-01"
            f"{draws.integer(100, 'person line', index):02d}",
            ideographic=name.ideographic,
            phonetic=name.phonetic,
        )

    def _latin_name(self, sex: Sex, index: int) -> _Name:
        draws, given_names = self._draws, self._pools.given_names[sex]
        has_middle_name = draws.unit("person has middle name", index) >= NO_MIDDLE_NAME_SHARE
        return _Name(
            family=draws.choice(self._pools.family_names, "person family name", index),
            given=draws.choice(given_names, "person given name", index),
            middle=draws.choice(given_names, "person middle name", index) if has_middle_name else "",
        )

    def _name_in(self, script: Script, sex: Sex, index: int) -> _Name:
        """A name whose parts are of one language and, where they have such forms, of one sex."""
        draws = self._draws
        table = draws.choice(NAME_TABLES[script], "person language", index)
        form: Form = sex if sex != "O" else draws.choice(get_args(Form), "person form of name", index)
        family = draws.choice(table.family[form], "person family name", index)
        given = draws.choice(table.given[form], "person given name", index)
        middle = table.middle[form]
        return _Name(
            family=family.alphabetic,
            given=given.alphabetic,
            middle=draws.choice(middle, "person middle name", index).alphabetic if middle else "",
            ideographic=_group(family.ideographic, given.ideographic),
            phonetic=_group(family.phonetic, given.phonetic),
        )

    def _birth_date(self, index: int) -> str:
        youngest, eldest = self._draws.weighted(AGE_BAND_WEIGHTS, "person age band", index)
        days_in_band = round((eldest - youngest) * 365.25)
        age_days = round(youngest * 365.25) + self._draws.integer(days_in_band, "person age", index)
        return (self._reference_date - timedelta(days=age_days)).strftime("%Y%m%d")


class StaffSource:
    """The staff of a seed, drawn from the same pools as the patients but with keys of their own."""

    def __init__(self, seed: int) -> None:
        self._draws = Draws(seed)
        self._pools = _pools(seed)

    def staff(self, role: StaffRole, index: int) -> StaffMember:
        """Member number ``index`` (0 and up) of a role. Raises ValueError for a negative index or an unknown role."""
        _check_index(index)
        if role not in get_args(StaffRole):
            raise ValueError(f"no such staff role: {role}")
        sex = self._draws.weighted(SEX_WEIGHTS, "staff sex", role, index)
        return StaffMember(
            role=role,
            identifier=f"{STAFF_PREFIX[role]}{index + 1:04d}",
            family_name=self._draws.choice(self._pools.family_names, "staff family name", role, index),
            given_name=self._draws.choice(self._pools.given_names[sex], "staff given name", role, index),
        )


def _group(family: str, given: str) -> str:
    """A component group, empty where a part has no such writing."""
    return f"{family}^{given}" if family and given else ""


def _check_index(index: int) -> None:
    if index < 0:
        raise ValueError(f"people are numbered from 0, not {index}")


@lru_cache(maxsize=8)
def _pools(seed: int) -> _Pools:
    faker = Faker("en_US")
    faker.seed_instance(seed)
    male = _pool(faker.first_name_male)
    female = _pool(faker.first_name_female)
    return _Pools(
        family_names=_pool(faker.last_name),
        given_names={"M": male, "F": female, "O": male + female},
        streets=_pool(faker.street_name),
        places=tuple(_place(faker) for _ in range(_POOL_SIZE // 4)),
    )


def _pool(draw_value: Callable[[], str]) -> tuple[str, ...]:
    values = (draw_value() for _ in range(_POOL_SIZE))
    return tuple(value for value in values if value.isascii() and not _DELIMITERS & set(value))


def _place(faker: Faker) -> _Place:
    state = faker.state_abbr(include_territories=False, include_freely_associated_states=False)
    return _Place(city=faker.city(), state=state, postal_code=faker.zipcode_in_state(state))
