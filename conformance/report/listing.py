"""The cases that there are, one a line: `radloop certify --list`."""

from collections import Counter
from collections.abc import Iterator, Sequence

from conformance.case import Case


def listed(cases: Sequence[Case], with_status: bool, with_roles: bool, width: int | None) -> Iterator[str]:
    """A line for each case: id, state, level, safety, roles, requirement; cut to ``width`` columns, None for whole lines."""
    id_width = max((len(case.id) for case in cases), default=0)
    for case in cases:
        state = ("built    " if case.is_built else "planned  ") if with_status else ""
        roles = f"{','.join(case.roles)}  " if with_roles else ""
        flag = "⚑" if case.safety else " "
        line = f"{case.id:{id_width}}  {state}{case.level:7} {flag} {roles}{case.requirement}"
        yield line if width is None or len(line) <= width else line[: width - 1] + "…"


def summary(cases: Sequence[Case]) -> str:
    """The counts of all that."""
    levels = Counter(case.level for case in cases)
    built = sum(case.is_built for case in cases)
    by_level = ", ".join(f"{count} {level}" for level, count in levels.items())
    return (
        f"{len(cases)} cases: {built} built, {len(cases) - built} planned; {by_level}; {sum(c.safety for c in cases)} ⚑ safety"
    )
