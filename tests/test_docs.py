"""What the documentation tells a reader to type works: every command, and every file or part of one."""

import json
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import emulators.quirks
import radloop
from conformance.target import parse_target
from emulators.config import parse
from emulators.endpoints import ServedSite
from emulators.ports.sockets import LOOPBACK
from emulators.sut.target import Target
from sim.faults import FaultSettings
from sim.scenario import Scenario, find
from tests.documentation import (
    PRODUCTS,
    READ_HERE,
    SCENARIOS,
    Reader,
    blocks,
    documented_ports,
    each_page,
    example_target,
    free_distance,
    steps,
)
from tests.serving.processes import ROOT, example


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
    elif page == "certify.md":
        certified = files("commands.certify").joinpath("example_target.toml").read_text(encoding="utf-8")
        parse_target(merged(tomllib.loads(certified), data), page)
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
