"""The registry holds the whole catalogue; a built case is what its row laid down, or stands in DIFFERENT with the reason."""

from collections.abc import Mapping

import pytest

from conformance.case import ROLES, Case
from conformance.catalogue import all_cases, modules, rows
from conformance.groups import GROUPS, group_of
from conformance.selector import select
from emulators.core.errors import ConfigError

# Where a built case differs from its row on purpose: (id, attribute) to the reason.
DIFFERENT: Mapping[tuple[str, str], str] = {
    ("hl7.base.null.1", "roles"): "it is seen in demographics: roles that take ADT",
    ("hl7.base.time.1", "roles"): "it is seen in times of visits and orders: roles that take ADT",
    ("hl7.adt.merge.2", "roles"): "an engine shows nobody's exam",
    ("ie.dicom.1", "roles"): "an archive that sends studies on is a router too",
    ("rpt.wl.1", "level"): "RAD-4, RAD-13 and RAD-49 were not read: an opinion",
}

BUILT = [case for case in all_cases() if case.is_built]


def test_all_250_rows_are_there_once_in_their_order() -> None:
    assert len(rows()) == 250
    assert [case.id for case in all_cases()] == [row["id"] for row in rows()]


def test_every_case_is_in_a_group() -> None:
    assert {group_of(case.id) for case in all_cases()} == set(GROUPS)


@pytest.mark.parametrize("case", BUILT, ids=lambda case: case.id)
def test_a_built_case_is_what_its_row_laid_down(case: Case) -> None:
    row = next(row for row in rows() if row["id"] == case.id)
    said = {"level": case.level.value, "kind": case.kind, "safety": case.safety, "roles": set(case.roles)}
    wanted = {"level": row["level"], "kind": row["kind"], "safety": row["safety"], "roles": set(row["roles"])}
    assert {key for key in said if said[key] != wanted[key]} == {key for case_id, key in DIFFERENT if case_id == case.id}


@pytest.mark.parametrize("case", BUILT, ids=lambda case: case.id)
def test_a_built_case_lies_in_the_file_of_its_id(case: Case) -> None:
    first, second, *_ = case.id.split(".")
    assert case.run is not None
    folder, _, name = case.run.__module__.rpartition(".")
    assert folder == f"conformance.{first}"
    assert name == second or name.startswith(f"{second}_")


def test_every_module_of_cases_holds_one() -> None:
    assert {case.run.__module__ for case in BUILT if case.run} == set(modules())


def test_roles_are_ours() -> None:
    assert {role for case in all_cases() for role in case.roles} == set(ROLES)


def test_a_prefix_selects_whole_parts_and_nothing_selected_is_an_error() -> None:
    assert [case.id for case in select(all_cases(), ["dicom.ul.assoc.1"])] == ["dicom.ul.assoc.1"]
    assert {group_of(case.id).letter for case in select(all_cases(), ["hl7.ack", "dicom.mwl"])} == {"L", "J"}
    assert all("ehr" in case.roles for case in select(all_cases(), [], "ehr"))
    with pytest.raises(ConfigError, match=r"dicom\.ul\.ass: no case begins so"):
        select(all_cases(), ["dicom.ul.ass"])
