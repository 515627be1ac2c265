"""Every case that is built passes on our emulators in every role that claims it, and fails on one that is broken in one way.

Most of the time is waiting: ``pytest -m bite -n 4 --dist loadgroup``. Tests of a group share an emulator.
"""

from collections.abc import Callable, Iterator

import pytest

from conformance.case import Case, Level, Role
from conformance.catalogue import all_cases
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

pytestmark = pytest.mark.bite


def grouped(case: Case, role: Role) -> pytest.MarkDecorator:
    """The group of a test, for those who run several at once."""
    part = "hospital" if case.in_hospital else str(BUILT.index(case) % PARTS.get(role, 1))
    return pytest.mark.xdist_group(f"{role}-{part}")


Key = tuple[Role, bool, tuple[str, ...], str]


class Benches:
    """One bench for each role, quirks and site settings, started when it is first asked for."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._open: dict[Key, Bench] = {}
        self._passes: dict[tuple[str, Role], bool] = {}

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
            if self._passes.get((case.id, role), False) or ((case.id, role) not in self._passes and self.passes(case, role)):
                return role
        pytest.fail(f"{case.id} passes in no role")

    def passes(self, case: Case, role: Role) -> bool:
        """Whether our emulator passes in a role, or does not claim what the case is about; fails where it does neither."""
        result = self.bench(case, role).judge(case.id)
        said = f"{case.id} as {role}: {result.outcome}: {'; '.join(trial.said for trial in result.trials)}"
        assert result.outcome in (*PASSED, Outcome.NOT_APPLICABLE), said
        self._passes[case.id, role] = result.outcome in PASSED
        return self._passes[case.id, role]

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
    [pytest.param(case, role, id=f"{case.id}-{role}", marks=grouped(case, role)) for case in BUILT for role in case.roles],
)
def test_our_emulators_pass_or_do_not_claim_it(case: Case, role: Role, benches: Benches) -> None:
    benches.passes(case, role)


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
    bench = benches.bench(case, mutant.role or benches.role_of(case), mutant.quirks, mutant.site)
    result = bench.judge(case_id, mutant)
    wanted = (Outcome.FAIL, Outcome.WARN) if case.level is Level.SHOULD else (Outcome.FAIL,)
    assert result.outcome in wanted, "; ".join(trial.said for trial in result.trials)
    record_property("caught", case_id)  # counted in tests/conftest.py
