"""Runs cases against a product: sanity before, each case on fresh connections, a probe of life after it.

Cases that mostly wait run beside the others, in threads of their own. When these have ended, those that run alone have their
turn, and then those that judge what was recorded. The order of results is that of the catalogue.

A case that leaves the product without life fails, whatever it found. If the product then stays dead, an operator step
``restart`` is tried once; what runs while it is dead is inconclusive.
"""

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from conformance.applicability import not_claimed
from conformance.case import Case, Level, Role
from conformance.fixtures import Fixtures
from conformance.house import House, MakeNeighbours
from conformance.life import Life
from conformance.material.data_sets import OddValues
from conformance.operator_steps import Operator
from conformance.peers.acceptor import Acceptor
from conformance.peers.mllp import MllpListener
from conformance.result import CaseResult, TrialResult
from conformance.standards import edition_of
from conformance.taps import Taps, ranges
from conformance.target import PeerName, Target
from conformance.trial import Peer, Trial
from conformance.verdict import Failure, Inconclusive, NotApplicable, Outcome
from emulators.core.errors import ConfigError

WAITING_AT_ONCE = 8

Progress = Callable[[CaseResult], None]


@dataclass(slots=True)
class Run:
    """One run against a target. Close it: it owns the tester's listeners."""

    target: Target
    role: Role
    taps: Taps
    operator: Operator
    seed: int
    strict: bool = False
    resumed: int = 0  # how often it was taken up again: what runs then has identifiers of its own
    make_neighbours: MakeNeighbours | None = None
    peers: dict[PeerName, Peer] = field(init=False)
    life: Life = field(init=False)
    fixtures: Fixtures = field(default_factory=Fixtures, init=False)
    results: dict[str, CaseResult] = field(init=False, default_factory=dict)  # of what has a verdict, by id
    _house: House | None = field(init=False, default=None)
    _current: str = field(init=False, default="")
    _open: set[Trial] = field(init=False, default_factory=set)
    _is_abandoned: bool = field(init=False, default=False)
    _odd_values: OddValues = field(init=False)

    def __post_init__(self) -> None:
        """Raises ConfigError where a port of the tester cannot be had."""
        self.peers = {name: Peer(name, endpoint) for name, endpoint in self.target.tester.peers.items()}
        self.life = Life(self.target, self.role, self.taps, self.peers)
        self._odd_values = OddValues()
        for peer in self.peers.values():
            try:
                self._listen(peer)
            except OSError as error:
                self.close()
                raise ConfigError(f"tester.peers.{peer.name}: a port of it cannot be had: {error.strerror}") from None

    def _listen(self, peer: Peer) -> None:
        if peer.endpoint.dicom_port is not None:
            peer.dicom_listener = Acceptor(peer.name, peer.endpoint.dicom, self.taps)
        if peer.endpoint.mllp_port is not None:
            peer.mllp_listener = MllpListener(peer.name, peer.endpoint.mllp, self.taps)

    @property
    def run_id(self) -> str:
        """What identifiers derive from."""
        return f"{self.seed:x}" + (f"-{self.resumed}" if self.resumed else "")

    def close(self) -> None:
        if self._house is not None:
            self._house.close()
        for listener in self._listeners():
            listener.close()
        self.taps.end()
        self._odd_values.close()

    def _listeners(self) -> Iterator[Acceptor | MllpListener]:
        for peer in self.peers.values():
            yield from (one for one in (peer.dicom_listener, peer.mllp_listener) if one is not None)

    def house(self) -> House:
        """The hospital of the run; from now on its relays have the ports of the tester's systems. Raises Inconclusive."""
        if self._house is None:
            if self.make_neighbours is None:
                raise Inconclusive("no hospital can be started around the product")
            for listener in self._listeners():
                listener.stop_listening()
            own = self.target.roles[self.role]
            peers = self.target.tester.peers
            self._house = House(self.role, own, peers, self.taps, self.make_neighbours, lambda: self._current)
        return self._house

    def sanity(self) -> str:
        """Whether the product can be talked to at all: what is wrong, in words; empty when nothing is."""
        return self.life.probe("sanity", "both")

    def cases(self, cases: Sequence[Case], progress: Progress) -> list[CaseResult]:
        """Run them all; ``progress`` hears of each as it ends, in any order. KeyboardInterrupt goes through."""
        results = self.results

        def done(result: CaseResult) -> None:
            results[result.id] = result
            progress(result)

        waiting: list[Future[CaseResult]] = []
        with ThreadPoolExecutor(WAITING_AT_ONCE, "case") as pool:
            try:
                waiting = [pool.submit(self.case, case) for case in cases if self._runs_beside(case)]
                for case in cases:
                    if _turn(case) == 0 and not self._runs_beside(case):
                        done(self.case(case))
                for future in waiting:
                    done(future.result())
            except BaseException:
                self._is_abandoned = True
                for future in waiting:
                    if future.done() and not future.cancelled() and not future.exception():
                        results.setdefault(future.result().id, future.result())
                pool.shutdown(wait=False, cancel_futures=True)
                for trial in tuple(self._open):  # whoever waits on a connection of these waits no longer
                    trial.close()
                raise
        for case in sorted((one for one in cases if _turn(one)), key=_turn):
            done(self.case(case))
        return [results[case.id] for case in cases]

    def _runs_beside(self, case: Case) -> bool:
        """Whether a case that mostly waits may stand beside others: a product of few associations would fail the others."""
        limit = self.target.roles[self.role].limits.associations
        return case.waits and (limit is None or limit >= 2 * WAITING_AT_ONCE)

    def case(self, case: Case) -> CaseResult:
        """One case in all its variants."""
        missing = not_claimed(case, self.role, self.target.roles[self.role].claims.services)
        if missing:
            trials: tuple[TrialResult, ...] = (_not_applicable(f"not claimed: {missing}"),)
        else:
            names = tuple(case.variants(self.target.roles[self.role])) if case.variants else ("",)
            trials = tuple(self._trial(case, name) for name in names) or (_not_applicable("no variant of it is claimed"),)
        waiver = next((one.reason for one in self.target.waivers if one.case == case.id), "")
        return CaseResult(
            id=case.id,
            requirement=case.requirement,
            name=case.name,
            level=case.level,
            kind=case.kind,
            safety=case.safety,
            clause=case.clause,
            edition=edition_of(case.clause),
            basis=case.basis,
            trials=trials,
            waiver=waiver,
        )

    def _trial(self, case: Case, variant: str) -> TrialResult:
        trial = Trial(case, variant, self.role, self.target, self.taps, self.operator, self.peers, self)
        if not case.waits:
            self._current = trial.key
            self._reset_peers(trial.key)
        if not case.passive and not self.life.is_alive:
            self.life.revive(self.operator)
            if not self.life.is_alive:
                return TrialResult(variant, Outcome.INCONCLUSIVE, 0.0, reason=f"the product is dead: {self.life.trouble}")
        first, begun_s = self.taps.last + 1, time.monotonic()
        verdict = self._verdict(case, trial)
        fault = "" if case.waits else next((one.fault for one in self._listeners() if one.fault), "")
        if fault:
            verdict = _Verdict(Outcome.ERROR, reason=fault)
        if not case.passive and not self._is_abandoned:
            verdict = self._after(case, trial, verdict)
        received, records = self.taps.numbers_since(first, trial.key)
        return TrialResult(
            variant,
            verdict.outcome,
            round(time.monotonic() - begun_s, 3),
            verdict.expected,
            verdict.actual,
            verdict.reason,
            verdict.proof or received[-20:],
            tuple(trial.deviations),
            tuple(ranges(records)),
        )

    def _verdict(self, case: Case, trial: Trial) -> "_Verdict":
        assert case.run is not None  # planned cases are not selected
        self._open.add(trial)
        try:
            case.run(trial)
        except Failure as failure:
            is_mild = case.level is Level.SHOULD and not self.strict
            outcome = Outcome.WARN if is_mild else Outcome.FAIL
            return _Verdict(outcome, failure.expected, failure.actual, proof=failure.proof or trial.last_seen)
        except Inconclusive as reason:
            return _Verdict(Outcome.INCONCLUSIVE, reason=str(reason))
        except NotApplicable as reason:
            return _Verdict(Outcome.NOT_APPLICABLE, reason=str(reason))
        except Exception:
            return _Verdict(Outcome.ERROR, reason=traceback.format_exc(limit=-4).strip())
        finally:
            trial.close()
            self._open.discard(trial)
        return _Verdict(Outcome.WARN if trial.deviations else Outcome.PASS)

    def _after(self, case: Case, trial: Trial, verdict: "_Verdict") -> "_Verdict":
        """The probe of life, part of the verdict."""
        trouble = self.life.probe(trial.key, self.life.protocol_of(case.id))
        if not trouble or verdict.outcome is Outcome.ERROR:
            return verdict
        found = f" (before that: expected {verdict.expected}; {verdict.actual})" if verdict.expected else ""
        return _Verdict(Outcome.FAIL, "the product answers after the case", trouble + found, proof=verdict.proof)

    def _reset_peers(self, key: str) -> None:
        if self._house is None:
            for listener in self._listeners():
                listener.reset(key)


@dataclass(frozen=True, slots=True)
class _Verdict:
    outcome: Outcome
    expected: str = ""
    actual: str = ""
    reason: str = ""
    proof: tuple[int, ...] = ()


def _turn(case: Case) -> int:
    """When a case runs: first those that may stand beside others, then those alone, in the hospital, and over all records."""
    return 3 if case.passive else 2 if case.in_hospital else 1 if case.alone else 0


def _not_applicable(reason: str) -> TrialResult:
    return TrialResult("", Outcome.NOT_APPLICABLE, 0.0, reason=reason)
