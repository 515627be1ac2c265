"""What the documentation tells a reader to type works, and what it lists is what there is."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import emulators.quirks
import radloop
from commands.stimuli import described
from emulators.config import parse
from emulators.endpoints import ServedSite
from emulators.ports.sockets import LOOPBACK
from emulators.sut.target import Target
from sim.faults import FaultSettings
from sim.happenings import Happenings
from sim.scenario import Scenario, find
from tests.documentation import Reader, blocks, documented_ports, example_target, free_distance, steps
from tests.serving.processes import ROOT, example

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
OF_OTHER_TESTS = ("notebooks.md", "own_data.md")
READ_HERE = tuple(page for page in PAGES if page.name not in OF_OTHER_TESTS)
SERVE, SCENARIOS, PRODUCTS = (ROOT / "docs" / f"{name}.md" for name in ("serve", "scenarios", "products"))
OPTIONS_OF_OTHERS = {"--hypothesis-profile"}

each_page = pytest.mark.parametrize("page", READ_HERE, ids=lambda page: page.stem)


@pytest.fixture(scope="module")
def moved() -> Mapping[int, int]:
    """A free port for each that is documented."""
    ports = documented_ports(READ_HERE)
    distance = free_distance(ports)
    return {port: port + distance for port in ports}


@each_page
def test_what_a_page_tells_to_type_works(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: Mapping[int, int]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    reader = Reader(tmp_path, moved)
    with reader.served:
        for block in blocks(page):
            reader.read(block)


def test_the_readme_shows_every_command() -> None:
    words = [command.split() for block in blocks(ROOT / "README.md") for command, _ in steps(block) if not block.language]
    typed = {one[1] for one in words if one[0] == "radloop"}
    assert typed == set(get_command(radloop.app).commands)  # type: ignore[attr-defined]


# --- files -------------------------------------------------------------------------------------------------------------


def merged(whole: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """``whole`` with ``part`` in its place; a list takes the place of a list."""
    both = {key: merged(whole[key] or {}, part[key]) for key in part if isinstance(part[key], dict) and key in whole}
    return {**whole, **part, **both}


def toml_blocks() -> list[tuple[str, str]]:
    return [(page.name, block.text) for page in READ_HERE for block in blocks(page) if block.language == "toml"]


@pytest.mark.parametrize(("page", "text"), toml_blocks())
def test_a_file_or_a_part_of_one_is_as_it_has_to_be(page: str, text: str) -> None:
    data = tomllib.loads(text)
    if "rules" in data:
        parse(data, FaultSettings, page).check(find("clinic")[1].site, page)
    elif "product" in data:
        parse(data, Target, page)
    elif page == SCENARIOS.name:
        parse(merged(find("clinic")[1].model_dump(mode="json"), data), Scenario, page)
    else:
        site = parse(merged(tomllib.loads(example()), data), ServedSite, page)
        assert {quirk for endpoint in site.endpoints.values() for quirk in endpoint.quirks} <= set(emulators.quirks.names())


def test_orthanc_is_told_what_print_peers_says() -> None:
    (orthanc,) = [json.loads(block.text) for block in blocks(PRODUCTS) if block.language == "json"]
    target = Target.model_validate(tomllib.loads(example_target()))
    assert (orthanc["DicomPort"], orthanc["DicomAet"]) == (target.dicom_port, target.ae_title)
    site = find("clinic")[1].site
    called = (site.ae_titles.workstation, *(scanner.ae_title for scanner in site.scanners))
    first_port = target.listen.first_port
    peers = [[title, LOOPBACK, port] for port, title in enumerate(called, first_port)]
    assert list(orthanc["DicomModalities"].values()) == peers


# --- lists -------------------------------------------------------------------------------------------------------------


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
