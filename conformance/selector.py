"""Which cases run: by prefixes of their ids, and by the role that is judged."""

from collections.abc import Sequence

from conformance.case import Case, Role
from conformance.groups import is_below
from emulators.core.errors import ConfigError


def select(cases: Sequence[Case], prefixes: Sequence[str], role: Role | None = None) -> list[Case]:
    """The cases of a role below any of the prefixes; without prefixes all. Raises ConfigError for a prefix of no case."""
    for prefix in prefixes:
        if not any(is_below(case.id, prefix) for case in cases):
            raise ConfigError(f"{prefix}: no case begins so; radloop certify --list shows them all")
    return [
        case
        for case in cases
        if (role is None or role in case.roles) and (not prefixes or any(is_below(case.id, prefix) for prefix in prefixes))
    ]
