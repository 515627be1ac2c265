"""All cases: the built ones from the files of their groups, the others, planned, from the rows of ``catalogue.json``.

A row is what was laid down before a case is built: id, level, roles, kind, clause, basis, safety, requirement. Where a built
case differs from its row, the case is right; tests/conformance/test_catalogue.py lists where and why.
"""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import conformance
from conformance.case import Basis, Case, Level, built_cases

FOLDERS = ("dicom", "hl7", "rpt", "ie", "pir", "flow")


def rows() -> list[dict[str, Any]]:
    """The rows of the catalogue, in its order."""
    text = files("conformance").joinpath("catalogue.json").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)
    return found


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case of the catalogue, in its order."""
    for name in modules():
        importlib.import_module(name)
    built = built_cases()
    known = tuple(built.pop(row["id"]) if row["id"] in built else _planned(row) for row in rows())
    return known + tuple(built.values())


def modules() -> Iterator[str]:
    """The modules that hold cases."""
    for folder in FOLDERS:
        for found in pkgutil.iter_modules([f"{path}/{folder}" for path in conformance.__path__]):
            if not found.name.startswith("_"):
                yield f"conformance.{folder}.{found.name}"


def _planned(row: dict[str, Any]) -> Case:
    return Case(
        row["id"],
        Level(row["level"]),
        tuple(row["roles"]),
        row["kind"],
        row["clause"],
        Basis[row["basis"]],
        row["requirement"],
        safety=row["safety"],
    )
