"""Configuration is complete or refused, and an error names the file and the key path."""

import re
from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from emulators.config import Settings, load, parse
from emulators.core.errors import ConfigError


class Scanner(Settings):
    name: str
    beds: int = Field(ge=1)


class Clinic(Settings):
    title: str
    scanners: tuple[Scanner, ...]
    speed: float = 1.0


GOOD = 'title = "A"\n[[scanners]]\nname = "ct1"\nbeds = 1\n[[scanners]]\nname = "mr1"\nbeds = 2\n'


def clinic(tmp_path: Path, text: str) -> Clinic:
    path = tmp_path / "clinic.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, Clinic)


def test_a_complete_file_is_read(tmp_path: Path) -> None:
    expected = Clinic(title="A", scanners=(Scanner(name="ct1", beds=1), Scanner(name="mr1", beds=2)))
    assert clinic(tmp_path, GOOD) == expected


def test_what_was_read_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        clinic(tmp_path, GOOD).title = "B"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (GOOD.replace('title = "A"\n', ""), "title: Field required"),
        (GOOD.replace("beds = 2", "beds = 0"), "scanners[1].beds: Input should be greater than or equal to 1"),
        (GOOD.replace("beds = 1", 'beds = "one"'), "scanners[0].beds: "),
        (GOOD + "bed = 3\n", "scanners[1].bed: Extra inputs are not permitted"),
        ("speed = nan\n" + GOOD, "speed: Input should be a finite number"),
        ("speed = inf\n" + GOOD, "speed: Input should be a finite number"),
    ],
)
def test_a_wrong_missing_or_unknown_key_is_named_with_its_file(tmp_path: Path, wrong: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(f'{tmp_path}/clinic.toml: {complaint}')}"):
        clinic(tmp_path, wrong)


def test_every_complaint_is_made_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"scanners\[0\]\.beds: .*; scanners\[1\]\.beds: "):
        clinic(tmp_path, GOOD.replace("beds = 1", "beds = 0").replace("beds = 2", "beds = 0"))


def test_a_file_that_is_not_there_or_not_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        load(tmp_path / "nowhere.toml", Clinic)
    with pytest.raises(ConfigError, match=r"clinic\.toml: not TOML: "):
        clinic(tmp_path, "title = ")


def test_plain_data_may_come_from_elsewhere() -> None:
    assert parse({"title": "A", "scanners": []}, Clinic, "the command line") == Clinic(title="A", scanners=())
    with pytest.raises(ConfigError, match=r"^the command line: scanners: Field required"):
        parse({"title": "A"}, Clinic, "the command line")


def test_a_configuration_error_can_be_raised_again_from_its_arguments() -> None:
    """SimPy does so with what fails in a process."""
    error = ConfigError("clinic.toml: title: Field required")
    assert str(type(error)(*error.args)) == str(error)
