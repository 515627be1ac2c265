"""A file that is wrong is refused in one line that names file and key, before anything is served, run or stored; what was kept
before waits for the file to be mended."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

import radloop
from tests.actors import samples
from tests.serving.hl7 import message_of, send
from tests.serving.processes import ROOT, START_LIMIT_S, example, served, site_file

Change = Callable[[str], str]


def complaint(*words: object) -> str:
    """What a command says that ends with exit code 2, in its one line."""
    done = CliRunner().invoke(radloop.app, [*map(str, words)])
    return only_line(done.exit_code, done.stderr)


def complaint_of_process(site: Path) -> str:
    """The same of a RIS that finds out only when it is about to serve."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "radloop.py"), "serve", "ris", "--config", str(site)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=START_LIMIT_S, check=False)
    return only_line(done.returncode, done.stderr)


def only_line(exit_code: int, said: str) -> str:
    assert exit_code == 2, said
    (line,) = said.splitlines()
    assert line.startswith("radloop: ")
    return line.removeprefix("radloop: ")


def replaced(old: str, new: str) -> Change:
    """This text, which must be there once, replaced."""

    def change(text: str) -> str:
        assert text.count(old) == 1, old
        return text.replace(old, new)

    return change


def added(text: str) -> Change:
    return lambda whole: whole + text


# --- a site file -------------------------------------------------------------------------------------------------------

BAD_SITES: Mapping[str, tuple[Change, str]] = {
    "no TOML": (added("\n[endpoints.ris"), "not TOML: "),
    "a table twice": (added("\n[endpoints.ris]\n"), "not TOML: "),
    "nothing": (lambda _: "", "site: Field required; state: Field required; images: Field required; endpoints: Field"),
    "a table that there is not": (added("\n[printers]\n"), "printers: Extra inputs"),
    "a wrong key": (replaced("priors = 1", "prior = 1"), "site.priors: Field required; site.prior: Extra inputs"),
    "a wrong key of an endpoint": (
        replaced("dicom_port = 11112", "dicom_prot = 11112"),
        "endpoints.ris.dicom_prot: Extra inputs",
    ),
    "a port that is text": (replaced("mllp_port = 2572", 'mllp_port = "ris"'), "endpoints.ris.mllp_port: "),
    "a port that is none": (replaced("mllp_port = 2572", "mllp_port = 65536"), "endpoints.ris.mllp_port: "),
    "a missing port": (replaced("mllp_port = 2572\n", ""), "endpoints.ris.mllp_port: missing"),
    "a port of a protocol that is not spoken": (
        replaced("mllp_port = 2570", "mllp_port = 2570\ndicom_port = 11119"),
        "endpoints.ehr.dicom_port: it does not speak this",
    ),
    "a missing endpoint": (
        lambda text: re.sub(r"\[endpoints\.us1\][^\[]*", "", text),
        "endpoints.us1: missing",
    ),
    "an endpoint of no system": (
        added("\n[endpoints.mr1]\ndicom_port = 11120\n"),
        "endpoints.mr1: no system of the site; there is ehr, engine,",
    ),
    "an AE title in lower case": (replaced('ris = "RADRIS"', 'ris = "radris"'), "site.ae_titles.ris: "),
    "an AE title of 17 characters": (replaced('ris = "RADRIS"', f'ris = "{"R" * 17}"'), "site.ae_titles.ris: "),
    "an AE title twice": (replaced('ris = "RADRIS"', 'ris = "RADPACS"'), "the ae_title RADPACS is used twice"),
    "a modality that there is not": (replaced('modality = "US"', 'modality = "XX"'), "site.scanners[1].modality: "),
    "an HL7 version that there is not": (
        replaced('ris = "2.3.1"', 'ris = "2.9"'),
        "site.hl7_version.ris: ",
    ),
    "an accession number that may be too long": (
        replaced("priors = 1 ", 'accession_format = "ACCESSION{base32:9}"\npriors = 1 '),
        "site.accession_format: ",
    ),
    "a destination that there is not": (
        replaced('destination = "teleradiology"', 'destination = "archive"'),
        "site.routing[0].destination: ",
    ),
    "strangers that are neither": (
        replaced("mllp_port = 2572", 'mllp_port = 2572\nstrangers = "maybe"'),
        "endpoints.ris.strangers: ",
    ),
    "a number that is none": (replaced("scale = 0.25", "scale = nan"), "images.scale: "),
}


@pytest.mark.parametrize("bad", BAD_SITES)
def test_a_wrong_site_file_is_refused_by_file_and_key(bad: str, tmp_path: Path) -> None:
    change, expected = BAD_SITES[bad]
    site = tmp_path / "site.toml"
    site.write_text(change(example()), encoding="utf-8")
    said = complaint("serve", "ris", "--config", site)
    assert said.startswith(f"{site}: ")
    assert expected in said


def test_a_site_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert complaint("serve", "ris", "--config", tmp_path / "site.toml") == f"{tmp_path}/site.toml: No such file or directory"
    assert complaint("serve", "ris", "--config", tmp_path) == f"{tmp_path}: Is a directory"


def test_a_site_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_bytes(example().encode("utf-16"))
    assert complaint("serve", "ris", "--config", tmp_path / "site.toml") == f"{tmp_path}/site.toml: not UTF-8"


def test_a_system_that_the_site_has_not_is_named_with_those_that_it_has(tmp_path: Path) -> None:
    said = complaint("serve", "mr1", "--config", site_file(tmp_path))
    assert said == f"{tmp_path}/site.toml: no system mr1; there is ehr, engine, ris, pacs, workstation, teleradiology, ct1, us1"


# --- what a site file names --------------------------------------------------------------------------------------------


def site_with(folder: Path, change: Change) -> Path:
    site = site_file(folder)
    site.write_text(change(site.read_text(encoding="utf-8")), encoding="utf-8")
    return site


def test_a_quirk_that_there_is_not_is_named(tmp_path: Path) -> None:
    quirk = replaced("[endpoints.ris]\n", '[endpoints.ris]\nquirks = ["no_such_quirk"]\n')
    assert "endpoints.ris.quirks: there is no quirk no_such_quirk" in complaint_of_process(site_with(tmp_path, quirk))


def test_a_worklist_folder_that_there_is_not_is_named(tmp_path: Path) -> None:
    said = complaint_of_process(site_with(tmp_path, added('\n[worklist]\nfolder = "nowhere"\n')))
    assert said.startswith(f"{tmp_path}/site.toml: worklist.folder: {tmp_path}/nowhere: ")


def test_a_worklist_file_that_is_no_dicom_is_named(tmp_path: Path) -> None:
    (tmp_path / "worklist").mkdir()
    (tmp_path / "worklist" / "1.wl").write_bytes(b"patient,procedure\n")
    said = complaint_of_process(site_with(tmp_path, added('\n[worklist]\nfolder = "worklist"\n')))
    assert said.startswith(f"{tmp_path}/site.toml: worklist.folder: {tmp_path}/worklist/1.wl: no worklist file: ")


def test_a_journal_that_is_none_is_named_and_left_alone(tmp_path: Path) -> None:
    journal = tmp_path / "radloop-state" / "ris" / "journal.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_text("my own notes\n", encoding="utf-8")
    said = complaint_of_process(site_file(tmp_path))
    assert said.startswith(f"{journal}: ")
    assert said.endswith("--discard-state begins anew")
    assert journal.read_text(encoding="utf-8") == "my own notes\n"


def test_a_site_file_that_is_broken_while_it_is_served_costs_nothing(tmp_path: Path) -> None:
    site = site_file(tmp_path)
    good = site.read_text(encoding="utf-8")
    order = message_of(samples.place_order(), "ENGINE")
    with served(site, "ris") as ris:
        assert send(ris.address("mllp"), order).code == "AA"
        site.write_text(good.replace("priors", "prior"), encoding="utf-8")
        assert "site.priors: Field required" in complaint("serve", "ris", "--config", site)
        assert send(ris.address("mllp"), order).code == "AA"
    site.write_text(good, encoding="utf-8")
    with served(site, "ris") as ris:
        assert [procedure["placer"] for procedure in ris.status()["open_procedures"]] == ["P1"]


# --- a scenario, a fault plan, a target ----------------------------------------------------------------------------------

BAD_SCENARIOS: Mapping[str, tuple[Change, str]] = {
    "no TOML": (added("\n[world"), "not TOML: "),
    "nothing": (lambda _: "", "title: Field required; site: Field required; world: Field required"),
    "a wrong key": (replaced("days = 1", "day = 1"), "world.days: Field required; world.day: Extra inputs"),
    "a wrong key of a list": (
        replaced("start_hour = 17", "start = 17"),
        "world.radiologists[2].start_hour: Field required; world.radiologists[2].start: Extra inputs",
    ),
    "a count that is text": (replaced("technologists = 3", 'technologists = "three"'), "world.technologists: "),
    "a fraction above 1": (replaced("prior_fraction = 0.6", "prior_fraction = 60"), "world.prior_fraction: "),
    "a site without its scanners": (
        lambda text: re.sub(r"\[\[site\.scanners\]\][^\[]*", "", text),
        "site.scanners: Field required",
    ),
    "a scanner twice": (replaced('ae_title = "MR1"', 'ae_title = "CT1"'), "the ae_title CT1 is used twice"),
}


@pytest.mark.parametrize("bad", BAD_SCENARIOS)
def test_a_wrong_scenario_is_refused_by_file_and_key(bad: str, tmp_path: Path) -> None:
    change, expected = BAD_SCENARIOS[bad]
    scenario = tmp_path / "mine.toml"
    packaged = files("sim.scenarios").joinpath("clinic.toml").read_text(encoding="utf-8")
    scenario.write_text(change(packaged), encoding="utf-8")
    said = complaint("run", scenario, "--out", tmp_path / "out")
    assert said.startswith(f"{scenario}: ")
    assert expected in said
    assert not (tmp_path / "out").exists()


def test_a_scenario_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert complaint("run", tmp_path / "mine.toml") == f"{tmp_path}/mine.toml: No such file or directory"
    assert complaint("run", "hospital").startswith("hospital: no such scenario; there is clinic, ")


BAD_PLANS: Mapping[str, tuple[str, str]] = {
    "no verdict": ("[[rules]]\n", "rules[0].verdict: Field required"),
    "an unknown verdict": ('[[rules]]\nverdict = "explode"\n', "rules[0].verdict: "),
    "a wrong key": ('[[rules]]\nverdict = "refuse"\nlanes = "adt"\n', "rules[0].lanes: Extra inputs"),
    "a message that there is not": ('[[rules]]\nverdict = "refuse"\nmessage = "ADT"\n', "rules[0].message: no ADT; there is "),
    "a system that there is not": ('[[rules]]\nverdict = "refuse"\nsender = "vna"\n', "rules[0].sender: "),
    "a probability above 1": ('[[rules]]\nverdict = "refuse"\nprobability = 2\n', "rules[0].probability: "),
}


@pytest.mark.parametrize("bad", BAD_PLANS)
def test_a_wrong_fault_plan_is_refused_by_file_and_key(bad: str, tmp_path: Path) -> None:
    rules, expected = BAD_PLANS[bad]
    plan = tmp_path / "plan.toml"
    plan.write_text(f'title = "mine"\n{rules}', encoding="utf-8")
    said = complaint("run", "clinic", "--faults", plan, "--out", tmp_path / "out")
    assert said.startswith(f"{plan}: ")
    assert expected in said


BAD_TARGETS: Mapping[str, tuple[Change, str]] = {
    "no product": (replaced('product = "Orthanc 1.10.1"', ""), "product: Field required"),
    "a wrong key": (replaced('ae_title = "ORTHANC"', 'aetitle = "ORTHANC"'), "aetitle: Extra inputs"),
    "a port that is text": (replaced("dicom_port = 4242", 'dicom_port = "dicom"'), "dicom_port: "),
    "a lane that there is not": (replaced('"commitment"', '"commit"'), "lanes"),
    "what it must claim": (replaced('"store", ', ""), "lanes: a product as pacs must claim store"),
}


@pytest.mark.parametrize("bad", BAD_TARGETS)
def test_a_wrong_target_is_refused_by_file_and_key(bad: str, tmp_path: Path) -> None:
    change, expected = BAD_TARGETS[bad]
    target = tmp_path / "target.toml"
    packaged = files("commands").joinpath("example_target.toml").read_text(encoding="utf-8")
    target.write_text(change(packaged), encoding="utf-8")
    said = complaint("run", "clinic", "--sut", f"pacs={target}", "--out", tmp_path / "out")
    assert said.startswith(f"{target}: ")
    assert expected in said
