"""Whether the answers to a C-FIND are those that the match oracle wants of entries that are known."""

from collections.abc import Callable, Collection, Mapping

from pydicom.dataset import Dataset

from conformance.material.matching import Match, match
from conformance.peers.association import Found
from conformance.trial import Trial
from conformance.verdict import Inconclusive

PENDING, PENDING_WITH_UNSUPPORTED_KEYS = 0xFF00, 0xFF01
SHOWN = 3
"""How many entries a failure names."""

Identity = Callable[[Dataset], str]
"""What tells one entry from all others."""


def expect_ended(trial: Trial, found: Found) -> None:
    """A final 0000H without identifier, after pending responses with one. Raises Failure."""
    final = found.final
    trial.expect_equal("final status", final.meaning, "0000H success", final.records)
    trial.expect(final.data is None, "no identifier in the final response", "an identifier", final.records)
    for one in found.pending:
        trial.expect(bool(one.data), f"an identifier in a pending response ({one.meaning})", "none", one.records)


def expect_answers(
    trial: Trial,
    found: Found,
    keys: Dataset,
    known: Mapping[str, Dataset],
    identity: Identity,
    *,
    empty_matches: bool,
    separates: bool = True,
) -> None:
    """What must match is there, once, and nothing that may not; entries of others are judged by what they say of themselves.

    Raises Failure; Inconclusive where the key does not tell the known entries apart, unless it need not.
    """
    verdicts = {name: match(keys, entry, empty_matches=empty_matches) for name, entry in known.items()}
    if separates and len({one is Match.NO for one in verdicts.values()}) < 2:
        raise Inconclusive("the entries that the product shows do not differ in the key that is tried")
    expect_ended(trial, found)
    answers = found.matches
    names = [identity(one) for one in answers]
    twice = {name for name in verdicts if names.count(name) > 1}
    missing = [name for name, verdict in verdicts.items() if verdict is Match.YES and name not in names]
    others = [
        name
        for name, answer in zip(names, answers, strict=True)
        if (verdicts[name] if name in verdicts else match(keys, answer, empty_matches=empty_matches)) is Match.NO
    ]
    wanted = sum(verdict is Match.YES for verdict in verdicts.values())
    trial.expect(
        not (missing or others or twice),
        f"the {wanted} of {len(known)} known entries that match, each once, and none that does not",
        f"{len(names)} answers; {_named('missing', missing)}; {_named('not matching', others)}; {_named('twice', twice)}",
    )


def _named(what: str, names: Collection[str]) -> str:
    shown = sorted(names)[:SHOWN]
    return f"{what}: {len(names)}" + (f" ({', '.join(shown)})" if shown else "")
