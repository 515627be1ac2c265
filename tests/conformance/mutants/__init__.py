"""What each case catches: for every file of cases one here, with ``MUTANTS``: the id of a case to its mutants.

::

    MUTANTS = {"dicom.ul.assoc.5": AcceptsAnyTitle()}

A mutant is an emulator that is broken in one way (tests/conformance/mangler.py). Each runs in the
first role of its case in which our emulator passes. What several have in common lies one folder up.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from tests.conformance.mangler import Mutant


def all_mutants() -> dict[str, list[Mutant]]:
    """Mutants by the id of the case that catches them."""
    found: dict[str, list[Mutant]] = {}
    for module in _modules():
        mutants: dict[str, Mutant | list[Mutant]] = module.MUTANTS
        for case_id, one in mutants.items():
            found.setdefault(case_id, []).extend(one if isinstance(one, list) else [one])
    return found


def _modules() -> Iterator[ModuleType]:
    for info in pkgutil.iter_modules(__path__):
        yield importlib.import_module(f"{__name__}.{info.name}")
