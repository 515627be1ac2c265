"""The target file: complete or refused, and what of the house a product leaves out."""

from pathlib import Path

import pytest

from emulators.core.errors import ConfigError
from emulators.site import Route, routes
from emulators.site_settings import PACS, RIS
from emulators.sut.target import ROLES, load_sut
from tests.clinic import scenario

ORTHANC = """
product = "Orthanc"
dicom_port = 4242
ae_title = "ORTHANC"
lanes = ["store", "query", "retrieve"]
settle_s = 0.3
[listen]
first_port = 11200
"""


def target(folder: Path, text: str = ORTHANC) -> str:
    (folder / "target.toml").write_text(text)
    return str(folder / "target.toml")


def refusal(sut: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load_sut(sut)
    return str(refused.value)


def test_the_example_is_a_target_file() -> None:
    sut = load_sut("pacs=commands/example_target.toml")
    assert sut.target.title == "ORTHANC"


def test_what_is_not_claimed_is_left_out(tmp_path: Path) -> None:
    site = scenario().site
    left_out = load_sut(f"pacs={target(tmp_path)}").left_out(site)
    assert Route(RIS, PACS, "orders") in left_out
    assert Route(PACS, "ct1", "commitment") in left_out
    assert Route("ct1", PACS, "store") not in left_out
    assert not [route for route in left_out if PACS not in (route.sender, route.receiver)]


def test_a_retrieve_comes_back_to_the_workstation(tmp_path: Path) -> None:
    sut = load_sut(f"pacs={target(tmp_path)}")
    assert Route(PACS, "workstation", "store") not in sut.left_out(scenario().site)


def test_a_worklist_folder_that_is_not_there_is_named_with_file_and_key(tmp_path: Path) -> None:
    text = ORTHANC.replace('["store", "query", "retrieve"]', '["worklist"]')
    path = target(tmp_path, text.replace("settle_s", 'worklist_folder = "nowhere"\nsettle_s'))
    assert refusal(f"worklist={path}") == f"{path}: worklist_folder: nowhere: no such folder"


def test_a_worklist_product_leaves_the_ris_in_its_place(tmp_path: Path) -> None:
    text = ORTHANC.replace('["store", "query", "retrieve"]', '["worklist"]').replace(
        "settle_s", f'worklist_folder = "{tmp_path}"\nsettle_s'
    )
    sut = load_sut(f"worklist={target(tmp_path, text)}")
    assert not sut.role.whole
    assert not sut.left_out(scenario().site)
    assert sut.touches(Route("ct1", RIS, "worklist"))
    assert not sut.touches(Route("ct1", RIS, "steps"))


@pytest.mark.parametrize(
    ("sut", "text", "said"),
    [
        ("pacs", ORTHANC, "not ROLE=FILE"),
        ("vna=target.toml", ORTHANC, "no role"),
        ("engine", ORTHANC, "must claim adt, orders, reports"),
        ("pacs", ORTHANC.replace(', "retrieve"', ""), "must claim retrieve"),
        ("pacs", ORTHANC.replace('"store"', '"store", "worklist"'), "worklist_folder"),
        ("pacs", ORTHANC.replace('ae_title = "ORTHANC"\n', ""), "ae_title"),
        ("pacs", ORTHANC.replace('"store"', '"store", "adt"'), "mllp_port"),
        ("pacs", ORTHANC.replace("settle_s = 0.3", "settle_s = 0"), "settle_s"),
        ("pacs", ORTHANC + "nonsense = 1\n", "listen.nonsense"),
        ("pacs", ORTHANC.replace("ORTHANC", "A" * 17), "ae_title"),
    ],
)
def test_a_wrong_target_is_refused_in_one_line(tmp_path: Path, sut: str, text: str, said: str) -> None:
    path = target(tmp_path, text)
    line = refusal(sut if "=" in sut or said == "not ROLE=FILE" else f"{sut}={path}")
    assert said in line
    assert "\n" not in line


def test_every_role_names_lanes_that_the_house_has() -> None:
    lanes = {(route.receiver, route.lane) for route in routes(scenario().site)}
    for role in ROLES.values():
        for lane in role.must_claim | role.may_claim:
            assert (role.system, lane) in lanes
