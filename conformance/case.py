"""A case: one requirement, the stimulus that tries it and the verdict, as one function in a file of its group.

::

    @case("dicom.echo.1", Level.MUST, ACCEPTORS, "+", "PS3.4 A.2; PS3.7 9.1.5", READ)
    def echo_answers_each_request(trial: Trial) -> None:
        \"\"\"C-ECHO answers 0000H with the same Message ID, several times in one association.\"\"\"

The docstring is the requirement. An id is never renumbered and never used again. ``docs/new_case.md`` is the guide.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from conformance.target import RoleTarget
    from conformance.trial import Trial

Role = Literal["pacs", "ris", "modality", "ehr", "reporting", "engine"]
ROLES: tuple[Role, ...] = ("pacs", "ris", "modality", "ehr", "reporting", "engine")

# Groups of roles, by their side of a connection.
ACCEPTORS: tuple[Role, ...] = ("pacs", "ris", "modality", "reporting")
REQUESTORS: tuple[Role, ...] = ("pacs", "modality", "reporting", "engine")
DICOM_EITHER: tuple[Role, ...] = ("pacs", "ris", "modality", "reporting", "engine")
HL7_RECEIVERS: tuple[Role, ...] = ("pacs", "ris", "ehr", "reporting", "engine")
HL7_SENDERS: tuple[Role, ...] = ("ris", "ehr", "reporting", "engine")


class Level(StrEnum):
    """MUST and SHOULD count for the badge Conformance, OPINION for the badge Workflow resilience."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    OPINION = "OPINION"


class Basis(StrEnum):
    """What the clause rests on. A MUST whose text nobody read is an OPINION."""

    READ = "the text was read"
    SECONDARY = "a secondary source was read"
    MEMORY = "from memory"
    DECLARED = "the product's own declaration"
    NONE = "no clause"


MUST, SHOULD, OPINION = Level
READ, SECONDARY, MEMORY, DECLARED, NO_CLAUSE = Basis
Kind = Literal["+", "-"]
Run = Callable[["Trial"], None]
Variants = Callable[["RoleTarget"], Sequence[str]]

_ID = re.compile(r"[a-z0-9]+(\.[a-z0-9]+)+")


@dataclass(frozen=True, slots=True)
class Case:
    """``kind``: ``+`` good input, ``-`` bad input or a fault. ``needs``: services that the target must claim, all of them.

    ``variants`` names the runs of the case, by the target's claims; none is one run. ``waits``: most of its time is
    waiting, on connections of its own, so that it runs beside others. ``alone``: it restarts the product, or takes away what
    others need, so that it runs when none does. ``slow``: left out by ``--fast``. ``passive``: it runs last and judges what was
    recorded.
    """

    id: str
    level: Level
    roles: tuple[Role, ...]
    kind: Kind
    clause: str
    basis: Basis
    requirement: str
    run: Run | None = None  # None: planned
    safety: bool = False
    needs: tuple[str, ...] = ()
    variants: Variants | None = None
    waits: bool = False
    alone: bool = False
    slow: bool = False
    passive: bool = False

    @property
    def is_built(self) -> bool:
        return self.run is not None

    @property
    def in_hospital(self) -> bool:
        """Whether it works in the small hospital around the product."""
        return self.id.startswith(("pir.", "flow."))

    @property
    def name(self) -> str:
        """What its function says, in words."""
        return self.run.__name__.replace("_", " ") if self.run else self.requirement


_BUILT: dict[str, Case] = {}


def built_cases() -> dict[str, Case]:
    """Every case whose module has been imported, by id."""
    return dict(_BUILT)


def case(
    id: str,  # noqa: A002  it is called so everywhere
    level: Level,
    roles: tuple[Role, ...] | Role,
    kind: Kind,
    clause: str,
    basis: Basis,
    *,
    safety: bool = False,
    needs: tuple[str, ...] | str = (),
    variants: Sequence[str] | Variants = (),
    waits: bool = False,
    alone: bool = False,
    slow: bool = False,
    passive: bool = False,
) -> Callable[[Run], Run]:
    """Put a function into the registry. Raises ValueError for a case that cannot be."""
    if not _ID.fullmatch(id) or id in _BUILT:
        raise ValueError(f"{id}: not an id, or there twice")
    if level is Level.MUST and basis in (Basis.MEMORY, Basis.NONE):
        raise ValueError(f"{id}: a MUST needs a clause that was read")

    def put(run: Run) -> Run:
        requirement = " ".join((run.__doc__ or "").split())
        if not requirement:
            raise ValueError(f"{id}: no requirement in its docstring")
        _BUILT[id] = Case(
            id=id,
            level=level,
            roles=(roles,) if isinstance(roles, str) else roles,
            kind=kind,
            clause=clause,
            basis=basis,
            requirement=requirement,
            run=run,
            safety=safety,
            needs=(needs,) if isinstance(needs, str) else needs,
            variants=variants if callable(variants) else _always(tuple(variants)),
            waits=waits,
            alone=alone,
            slow=slow,
            passive=passive,
        )
        return run

    return put


def _always(names: tuple[str, ...]) -> Variants | None:
    return (lambda _: names) if names else None
