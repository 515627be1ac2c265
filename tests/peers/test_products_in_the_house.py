"""Whole clinic days with a product in one place: Orthanc as the archive, DCMTK's wlmscpfs as the worklist."""

import json
import urllib.request
from pathlib import Path

import pytest

from emulators.core.fault import FaultPlan
from emulators.ports.sockets import LOOPBACK
from emulators.sut.house import SutHouse, sut_house
from emulators.sut.target import ROLES, Sut, Target
from emulators.trace import Record
from reports.measures.facts import Facts
from sim.run import Ending, Run, scanned_images
from sim.scenario import Scenario, find
from tests.clinic import run as run_in_memory
from tests.peers.products import ORTHANC, free_port, orthanc, wlmscpfs

pytestmark = pytest.mark.peer

SEED = 7


def clinic() -> Scenario:
    """The packaged day, with fewer and smaller images."""
    data = find("clinic")[1].model_dump()
    data["world"]["images"] = {"cap": 3, "scale": 0.125}
    return Scenario.model_validate(data)


def sut(role: str, **target: object) -> Sut:
    settings = {"product": role, "settle_s": 0.2, "listen": {"first_port": 0}, **target}
    return Sut(role, ROLES[role], Target.model_validate(settings))


def carry_out(scenario: Scenario, house: SutHouse, records: list[Record], facts: Facts) -> Ending:
    carriers = house.carriers
    subscribers = (records.append, facts, house.expectations)
    return Run(
        scenario,
        SEED,
        FaultPlan(SEED),
        carriers,
        carriers.import_prior,
        subscribers=subscribers,
        clock=house.clock,
        products=house.products,
        left_out=house.left_out,
        worklist=carriers.worklist,
    ).carry_out()


def test_a_clinic_day_with_orthanc_as_the_archive_loses_nothing(tmp_path: Path) -> None:
    scenario, records, facts = clinic(), list[Record](), Facts(archive="")
    port, http_port = free_port(), free_port()
    images = scanned_images(scenario, SEED).instances
    claimed = {"dicom_port": port, "ae_title": ORTHANC, "lanes": ("store", "query", "retrieve", "commitment")}
    with sut_house(scenario.site, images, tmp_path, sut("pacs", **claimed)) as house:
        modalities = {peer.title: peer.address[1] for peer in house.peers() if peer.address is not None}
        with orthanc(tmp_path, port, modalities, http_port):
            ending = carry_out(scenario, house, records, facts)
            audit = house.audit()
            held = _held_by_orthanc(http_port)
    assert ending.finished
    studies = house.carriers.acquired.studies
    acquired = {uid for series in studies.values() for instances in series.values() for uid in instances}
    assert held == acquired
    assert audit is not None
    assert audit.agrees
    assert audit.acquired == len(acquired)
    signed = [record["accession"] for record in records if record.get("name") == "report signed"]
    filed = [record["accession"] for record in records if record.get("name") == "report filed"]
    assert sorted(signed) == sorted(filed)
    committed = {record["subject"] for record in records if record.get("name") == "study committed"}
    sent = {record["subject"] for record in records if record.get("name") == "study sent"}
    assert committed == sent
    assert {order["reconciliation"] for order in facts.result()["orders"].values()} == {"unknown"}


def _held_by_orthanc(http_port: int) -> set[str]:
    with urllib.request.urlopen(f"http://{LOOPBACK}:{http_port}/instances?expand") as answer:
        return {instance["MainDicomTags"]["SOPInstanceUID"] for instance in json.load(answer)}


def test_a_clinic_day_with_wlmscpfs_as_the_worklist_ends_as_without_it(tmp_path: Path) -> None:
    scenario, records, facts, expected = clinic(), list[Record](), Facts(), Facts()
    run_in_memory(scenario, expected, seed=SEED)
    folder = tmp_path / "WLMSCPFS"
    folder.mkdir()
    images = scanned_images(scenario, SEED).instances
    with wlmscpfs(tmp_path, "WLMSCPFS") as port:
        claimed = {"dicom_port": port, "ae_title": "WLMSCPFS", "lanes": ("worklist",), "worklist_folder": folder}
        with sut_house(scenario.site, images, tmp_path / "images", sut("worklist", **claimed)) as house:
            ending = carry_out(scenario, house, records, facts)
    assert ending.finished
    answered = [record for record in records if record.get("message") == "WorklistQuery"]
    assert answered
    assert {record["outcome"] for record in answered} == {"answered"}
    assert facts.result() == expected.result()
    assert not list(folder.glob("*.wl"))
