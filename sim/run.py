"""One run of a scenario: the site, the world and the folds over the trace, from the first arrival until everything is at rest.

The run ends when every order is closed and nothing is in flight; it fails when that has not come about by the drain limit.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import simpy

from datasets.draws import Draws
from datasets.procedures import PROCEDURES
from emulators.clock import Clock
from emulators.core.fault import FaultPlan
from emulators.core.instant import HOUR, MINUTE, Instant
from emulators.messages.imaging import ArchivedStudy, InstancesStored, StoreStudy
from emulators.site import PACS, Carriers, build
from emulators.trace import Level, Subscriber, Trace
from sim.images import ScannedImages
from sim.scenario import Scenario
from sim.world.arrivals import arrivals
from sim.world.imaging import Imaging
from sim.world.people import Cases, protocol_code
from sim.world.reading import Reading
from sim.world.waiting import Process

Progress = Callable[[Instant, int, int], None]
"""Called with the instant, the orders closed and the orders of the run."""

_PROGRESS_EVERY_US = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: the placer order numbers that were not closed, and whether nothing was in flight any more."""

    orders: int
    open_orders: tuple[str, ...]
    at_rest: bool
    ended_at: Instant

    @property
    def finished(self) -> bool:
        return self.at_rest and not self.open_orders


class Run:
    """A scenario with a seed, made ready by construction and carried out once by ``carry_out``.

    ``import_prior`` puts an earlier study into the archive and gives what it has of it.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        faults: FaultPlan,
        carriers: Carriers,
        import_prior: Callable[[StoreStudy], InstancesStored],
        level: Level = Level.EXCHANGES,
        subscribers: Iterable[Subscriber] = (),
        clock: Clock | None = None,
    ) -> None:
        self._scenario = scenario
        self._draws = Draws(seed)
        self._import_prior = import_prior
        self._clock = clock or Clock()
        images = scanned_images(scenario, seed)
        self._source = Cases(scenario, self._draws, images)
        self._arrivals = arrivals(scenario.world, self._draws)
        self._cases = [self._source.case(arrival.number) for arrival in self._arrivals]
        self._trace = Trace(level)
        for subscriber in subscribers:
            self._trace.subscribe(subscriber)
        protocols = {procedure.code: protocol_code(procedure) for procedure in PROCEDURES}
        environment = simpy.Environment(0)
        self._kernel = build(scenario.site, environment, carriers, faults, self._trace, images, protocols)
        self._open_orders = {case.placer_order_number: None for case in self._cases}

    @property
    def expected_bytes(self) -> int:
        """What the images of the run come to, earlier studies included, once."""
        priors = (self._source.prior(case) for case in self._cases if case.has_prior)
        return sum(map(self._source.study_bytes, self._cases)) + sum(prior.nominal_bytes for prior in priors)

    def carry_out(self, progress: Progress | None = None) -> Ending:
        """Run the world until everything is at rest, or until the drain limit."""
        with _seldom_collecting():
            return self._carry_out(progress)

    def _carry_out(self, progress: Progress | None) -> Ending:
        kernel, environment, scenario = self._kernel, self._kernel.environment, self._scenario
        for case in self._cases:
            if case.has_prior:
                prior = self._source.prior(case)
                kernel.tell(PACS, ArchivedStudy(prior.header, self._import_prior(prior)))
        all_closed = environment.event()

        def closed(placer: str, _fields: object) -> None:
            del self._open_orders[placer]
            if not self._open_orders:
                all_closed.succeed()

        kernel.listen("order closed", closed)
        Reading(kernel, scenario, self._draws, {case.placer_order_number: case for case in self._cases})
        environment.process(self._arrive(Imaging(kernel, scenario, self._draws)))
        if progress is not None:
            environment.process(self._report(progress))
        limit = (self._arrivals[-1].at if self._arrivals else 0) + round(scenario.world.drain_limit_h * HOUR)
        if self._cases:
            self._clock.run(kernel, all_closed | environment.timeout(limit))
        while not kernel.quiet and environment.now < limit:
            environment.step()
        return self.so_far

    @property
    def so_far(self) -> Ending:
        """Where the run is; its ending, once it has ended."""
        return Ending(len(self._cases), tuple(self._open_orders), self._kernel.quiet, self._kernel.now)

    def _arrive(self, imaging: Imaging) -> Process:
        environment = self._kernel.environment
        for case, arrival in zip(self._cases, self._arrivals, strict=True):
            yield environment.timeout(arrival.at - self._kernel.now)
            environment.process(imaging.visit(case))

    def _report(self, progress: Progress) -> Process:
        orders = len(self._cases)
        while self._open_orders:
            progress(self._kernel.now, orders - len(self._open_orders), orders)
            yield self._kernel.environment.timeout(_PROGRESS_EVERY_US)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Let the cycle collector look less often: a run keeps nearly all that it makes, and looking cost a fifth of its time."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def scanned_images(scenario: Scenario, seed: int) -> ScannedImages:
    """The images of a run."""
    return ScannedImages(seed, scenario.world.images.scale, scenario.site.institution)
