"""One emulator behind manglers, judged case by case: good with no mutant, bad in one way with one."""

import os
import zlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from commands.certify.emulated_site import FIRST_PORT, LAST_PORT, candidates, free_ports
from commands.certify.emulator import Emulator
from commands.certify.neighbours import EmulatedNeighbours
from conformance.case import Case, Role
from conformance.catalogue import all_cases
from conformance.result import CaseResult
from conformance.runner import Run
from conformance.taps import Taps
from conformance.target import Endpoint, RoleTarget, Target
from conformance.verdict import SEVERITY
from tests.conformance.mangler import Mangler, Mutant

SEED_STEP = 1 << 20

FRESH_AFTER = 25
FRESH_ENGINE_AFTER = 1  # what a mutant kept from its receivers waits in its queues
"""Cases that one emulator is judged by: its lists grow with each, and mutants read all of them."""

PORTS_OF_A_WORKER = 5_000


def _first_port() -> int:
    """A port of the tester is bound only while a run is open: each process of tests, of any session, takes others."""
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return FIRST_PORT + (zlib.crc32(session.encode()) + worker * PORTS_OF_A_WORKER) % (LAST_PORT - FIRST_PORT)


candidates.begin_at(_first_port())


def case_of(case_id: str) -> Case:
    return next(case for case in all_cases() if case.id == case_id)


class Bench:
    """Close it: it owns an emulator's process, manglers and the tester's listeners."""

    _judged_so_far = 0

    def __init__(self, role: Role, folder: Path, quirks: tuple[str, ...] = (), site: str = "") -> None:
        self.role = role
        self._mutant = Mutant()
        self._hospital: Run | None = None
        self._judgements = 0
        with ExitStack() as opened:
            self.emulator = Emulator(role, folder, quirks, site)
            opened.callback(self.emulator.close)
            self.target = self._through_manglers(self.emulator.target(), opened)
            self._opened = opened.pop_all()

    @property
    def is_used_up(self) -> bool:
        """Whether a fresh one is better; one in a hospital stays."""
        limit = FRESH_ENGINE_AFTER if self.role == "engine" else FRESH_AFTER
        return self._judgements >= limit and self._hospital is None

    def close(self) -> None:
        self._close_hospital()
        self._opened.close()

    def _through_manglers(self, target: Target, opened: ExitStack) -> Target:
        own = target.roles[self.role]
        product = own.model_copy(update=self._ports(own, True, opened))
        peers = {name: peer.model_copy(update=self._ports(peer, False, opened)) for name, peer in target.tester.peers.items()}
        tester = target.tester.model_copy(update={"peers": peers})
        return target.model_copy(update={"roles": {self.role: product}, "tester": tester})

    def _ports(self, endpoint: Endpoint, is_product: bool, opened: ExitStack) -> dict[str, int]:
        """The tester's own view of an endpoint: the mangler's port for the product, another port for itself."""
        changed = {}
        for key, protocol in (("dicom_port", "dicom"), ("mllp_port", "mllp")):
            port = getattr(endpoint, key)
            if port is not None:
                [other] = free_ports(1)
                listen, upstream = (other, port) if is_product else (port, other)
                mangler = Mangler(listen, ("127.0.0.1", upstream), protocol, is_product, lambda: self._mutant)
                opened.callback(mangler.close)
                changed[key] = other
        return changed

    def judge_good(self, case: Case) -> CaseResult:
        """The good emulator, in every variant of the case."""
        return self._judge(case, [case], Mutant(), lambda _: False)

    def judge_mutant(self, case: Case, mutant: Mutant, is_caught: Callable[[CaseResult], bool]) -> CaseResult:
        """Variant by variant, or the mutant's own alone: the first in which it is caught, or else the worst."""
        names = list(case.variants(self.target.roles[self.role])) if case.variants else []
        if mutant.variant:
            names = [names[names.index(mutant.variant)]]
        return self._judge(case, [replace(case, variants=partial(_only, name)) for name in names] or [case], mutant, is_caught)

    def _judge(self, case: Case, parts: Sequence[Case], mutant: Mutant, is_enough: Callable[[CaseResult], bool]) -> CaseResult:
        self._judgements += 1
        self._mutant = mutant
        self._mutant.reset()
        try:
            if case.in_hospital:
                return self._judged(self._run_with_hospital(), parts, is_enough)
            self._close_hospital()  # its relays stand on the ports of the tester's systems
            run = self._new_run()
            try:
                return self._judged(run, parts, is_enough)
            finally:
                run.close()
        finally:
            self._mutant = Mutant()

    def _new_run(self) -> Run:
        folder = TemporaryDirectory()
        self._opened.callback(folder.cleanup)
        neighbours = partial(EmulatedNeighbours, Path(folder.name))
        return Run(self.target, self.role, Taps(StringIO()), self.emulator, 0, make_neighbours=neighbours)

    def _run_with_hospital(self) -> Run:
        """The one whose hospital the workflow cases of this bench share."""
        if self._hospital is None:
            self._hospital = self._new_run()
        return self._hospital

    def _close_hospital(self) -> None:
        hospital, self._hospital = self._hospital, None
        if hospital is not None:
            hospital.close()

    @staticmethod
    def _judged(run: Run, parts: Sequence[Case], is_enough: Callable[[CaseResult], bool]) -> CaseResult:
        results: list[CaseResult] = []
        for one in parts:
            Bench._judged_so_far += 1
            run.seed = Bench._judged_so_far * SEED_STEP  # identifiers of their own, also for the same case again
            [result] = run.cases([one], lambda _: None)
            results.append(result)
            if is_enough(result):
                return result
        return min(results, key=lambda result: SEVERITY.index(result.outcome))


def _only(name: str, _target: RoleTarget) -> tuple[str, ...]:
    return (name,)
