"""Invariants that a trace must hold, one per file.

Each file defines ``Checker``, a trace subscriber whose docstring is the invariant in one sentence and whose ``violations()``
are sentences that name the order, the study or the message. The file's name names the checker; a new file is found by itself.
"""

from collections.abc import Collection
from importlib import import_module
from pkgutil import iter_modules
from typing import ClassVar, Protocol, cast

from emulators.trace import Record


class Invariant(Protocol):
    """What a ``Checker`` is."""

    needs: ClassVar[str]
    """The system on whose own records it rests, empty for none: where a product is in its place, nothing can be said."""

    def __call__(self, record: Record) -> None: ...
    def violations(self) -> list[str]:
        """Sorted sentences; empty when the invariant holds."""
        ...


def all_checkers() -> dict[str, Invariant]:
    """A fresh checker of each kind, by name."""
    names = sorted(module.name for module in iter_modules(__path__))
    return {name: cast(Invariant, import_module(f"{__name__}.{name}").Checker()) for name in names}


def not_to_run(checkers: dict[str, Invariant], products: Collection[str]) -> dict[str, str]:
    """The names of those that say nothing when products are in the place of these systems, and why."""
    return {
        name: f"a product is in the place of the {checker.needs}, and its own records cannot be seen"
        for name, checker in checkers.items()
        if checker.needs in products
    }


def sentence(checker: Invariant) -> str:
    """The invariant of a checker, as its docstring says it."""
    return (type(checker).__doc__ or "").strip()
