"""What the documentation lists or links to is what there is: quirks, happenings, stimuli, options, headings."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

import emulators.quirks
import radloop
from commands.stimuli import described
from emulators.config import parse
from emulators.endpoints import ServedSite
from sim.happenings import Happenings
from tests.documentation import PAGES, SCENARIOS, SERVE, each_page
from tests.serving.processes import example

OPTIONS_OF_OTHERS = {"--hypothesis-profile"}


def rows(page: Path, heading: str) -> dict[str, list[str]]:
    """A table by its first column, without the backquotes; ``heading`` is that of this column."""
    _, _, table = page.read_text(encoding="utf-8").partition(f"| {heading} |")
    lines = table.partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first.strip("`"): rest for first, *rest in cells}


def test_the_quirks_are_those_there_are() -> None:
    assert set(rows(SERVE, "Quirk")) == set(emulators.quirks.names())


def test_the_happenings_are_those_there_are() -> None:
    assert list(rows(SCENARIOS, "Key of `[world.happenings]`")) == list(Happenings.model_fields)


def test_the_stimuli_are_those_there_are() -> None:
    site = parse(tomllib.loads(example()), ServedSite, "example")
    table = {system: set(re.split("[,;] ", cells[0])) for system, cells in rows(SERVE, "System").items()}
    of_every_one = table.pop("every one")
    table["ct1"] = table.pop("a scanner, by its name")
    assert {system: set(described(site, system)) for system in table} == {
        system: names | of_every_one for system, names in table.items()
    }


def options() -> set[str]:
    found = [get_command(radloop.app)]
    for command in found:  # a command of commands adds its own
        found += getattr(command, "commands", {}).values()
    return {name for command in found for option in command.params for name in (*option.opts, *option.secondary_opts)}


@each_page
def test_every_option_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"`(?:radloop [^`]*)?(--[a-z-]+)", page.read_text(encoding="utf-8")))
    assert named - options() <= OPTIONS_OF_OTHERS


def slug(heading: str) -> str:
    """As pages are linked to: lower case, words joined by hyphens, all else left out."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    wrong = []
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if "://" in target:
            continue
        headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE) if file.is_file() else []
        if not file.exists() or (anchor and anchor not in map(slug, headings)):
            wrong.append(target)
    assert wrong == []
