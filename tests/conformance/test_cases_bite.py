"""Every case that is built passes on our emulators in every role that claims it, and fails on one that is broken in one way.

Most of the time is waiting: the Makefile runs them in several processes. Tests of a group share an emulator.
"""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from conformance.case import Case, Level, Role
from conformance.catalogue import all_cases
from conformance.result import CaseResult
from conformance.verdict import Outcome
from emulators import quirks
from tests.conformance.bench import Bench, case_of
from tests.conformance.mangler import Mutant
from tests.conformance.mutants import all_mutants
from tests.conftest import nothing_left_behind

BUILT = [case for case in all_cases() if case.is_built]
MUTANTS = all_mutants()
PASSED = (Outcome.PASS, Outcome.WARN)
NO_CASE_CATCHES = {"out_of_resources": "an archive may answer A700H: no fault of it, but a trial of its senders"}
"""Misbehaviours of our emulators that are no mutant of a case, and why."""
PARTS = {"pacs": 3, "ris": 2}
"""Into how many groups the cases of a role are parted."""
LONG_GROUPS = ("pacs-hospital", "reporting-0", "engine-0", "ris-0", "modality-0")
"""They come first, so that no process is left with one of them at the end."""

pytestmark = pytest.mark.bite


def group_of(case: Case, role: Role) -> str:
    return f"{role}-hospital" if case.in_hospital else f"{role}-{BUILT.index(case) % PARTS.get(role, 1)}"


def order_of(case: Case, role: Role) -> int:
    """When the group of a test has its turn."""
    group = group_of(case, role)
    return LONG_GROUPS.index(group) if group in LONG_GROUPS else len(LONG_GROUPS)


def grouped(case: Case, role: Role) -> pytest.MarkDecorator:
    """The group of a test, for those who run several at once."""
    return pytest.mark.xdist_group(group_of(case, role))


Key = tuple[Role, bool, tuple[str, ...], str]


class Benches:
    """One bench for each role, quirks and site settings, started when it is first asked for."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._open: dict[Key, Bench] = {}
        self._good: dict[tuple[str, Role], CaseResult] = {}

    def bench(self, case: Case, role: Role, quirks: tuple[str, ...] = (), site: str = "") -> Bench:
        """Workflows have one of their own: what other cases left in the queues of a sender would hold them up."""
        key = (role, case.in_hospital, quirks, site)
        if key in self._open and self._open[key].is_used_up:
            self._open.pop(key).close()
        if key not in self._open:
            if len(self._open) >= 12:  # the oldest goes: each is a process
                self._open.pop(next(iter(self._open))).close()
            self._open[key] = Bench(role, self._factory.mktemp(role), quirks, site)
        return self._open[key]

    def role_of(self, case: Case) -> Role:
        """The first role in which our emulator passes the case; fails where there is none."""
        for role in case.roles:
            if self.known_good(case, role).outcome in PASSED:
                return role
        pytest.fail(f"{case.id} passes in no role")

    def known_good(self, case: Case, role: Role) -> CaseResult:
        """As ``good``, which is asked once."""
        return self._good[case.id, role] if (case.id, role) in self._good else self.good(case, role)

    def good(self, case: Case, role: Role) -> CaseResult:
        """Our emulator passes in a role, or does not claim what the case is about; fails where it does neither."""
        result = self.bench(case, role).judge_good(case)
        said = f"{case.id} as {role}: {result.outcome}: {'; '.join(trial.said for trial in result.trials)}"
        assert result.outcome in (*PASSED, Outcome.NOT_APPLICABLE), said
        self._good[case.id, role] = result
        return result

    def close(self) -> None:
        for bench in self._open.values():
            bench.close()


@pytest.fixture(scope="module", autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """As in tests/conftest.py, but once for all tests here: benches are started by the first test that needs them."""
    with nothing_left_behind():
        yield


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Benches]:
    opened = Benches(tmp_path_factory)
    yield opened
    opened.close()


def test_every_built_case_has_a_mutant_and_every_mutant_a_case() -> None:
    assert sorted(MUTANTS) == sorted(case.id for case in BUILT)


def test_every_quirk_is_caught_by_a_case_or_listed() -> None:
    caught = {name for mutants in MUTANTS.values() for mutant in mutants for name in mutant.quirks}
    assert caught.isdisjoint(NO_CASE_CATCHES)
    assert sorted(caught | set(NO_CASE_CATCHES)) == list(quirks.names())


@pytest.mark.parametrize(
    ("case", "role"),
    [
        pytest.param(case, role, id=f"{case.id}-{role}", marks=grouped(case, role))
        for case, role in sorted(((case, role) for case in BUILT for role in case.roles), key=lambda one: order_of(*one))
    ],
)
def test_our_emulators_pass_or_do_not_claim_it(case: Case, role: Role, benches: Benches) -> None:
    benches.good(case, role)


@pytest.mark.parametrize(
    ("case_id", "mutant"),
    [
        pytest.param(
            case_id,
            mutant,
            id=f"{case_id}-{'+'.join(mutant.quirks) or type(mutant).__name__}",
            marks=grouped(case_of(case_id), mutant.role or case_of(case_id).roles[0]),
        )
        for case_id, mutants in MUTANTS.items()
        for mutant in mutants
    ],
)
def test_a_mutant_is_caught(
    case_id: str, mutant: Mutant, benches: Benches, record_property: Callable[[str, object], None]
) -> None:
    case = case_of(case_id)
    role = mutant.role or benches.role_of(case)
    good = benches.known_good(case, role)
    result = benches.bench(case, role, mutant.quirks, mutant.site).judge_mutant(case, mutant, partial(is_caught, case, good))
    assert is_caught(case, good, result), "; ".join(trial.said for trial in result.trials)
    record_property("caught", case_id)  # counted in tests/conftest.py


def is_caught(case: Case, good: CaseResult, bad: CaseResult) -> bool:
    """It fails, or, where nothing worse can come of it, warns in a variant in which the good one does not."""
    if bad.outcome is Outcome.FAIL or case.level is not Level.SHOULD:
        return bad.outcome is Outcome.FAIL
    warned = {trial.variant for trial in good.trials if trial.outcome is Outcome.WARN}
    return any(trial.outcome is Outcome.WARN and trial.variant not in warned for trial in bad.trials)
