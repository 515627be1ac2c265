"""One run of a scenario: the site, the world and the folds over the trace, from the first arrival until everything is at rest.

The run ends when every order is closed and nothing is in flight; it fails when that has not come about by the drain limit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import simpy

from datasets.draws import Draws
from datasets.procedures import PROCEDURES
from emulators.core.fault import FaultPlan
from emulators.core.instant import HOUR, MINUTE, Instant
from emulators.kernel import Kernel
from emulators.messages.imaging import ArchivedStudy, InstancesStored, StoreStudy
from emulators.site import PACS, Carriers, build
from emulators.trace import Level, Subscriber, Trace
from sim.images import ScannedImages
from sim.scenario import Scenario
from sim.world.arrivals import arrivals
from sim.world.imaging import Imaging
from sim.world.people import Case, Cases, protocol_code
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


@dataclass(slots=True)
class Run:
    """A scenario with a seed, made ready by ``prepare`` and carried out by ``carry_out``."""

    scenario: Scenario
    seed: int
    faults: FaultPlan
    carriers: Carriers
    import_prior: Callable[[StoreStudy], InstancesStored]
    level: Level = Level.EXCHANGES
    subscribers: Iterable[Subscriber] = ()
    images: ScannedImages = field(init=False)
    kernel: Kernel = field(init=False)

    def __post_init__(self) -> None:
        self.images = scanned_images(self.scenario, self.seed)
        trace = Trace(self.level)
        for subscriber in self.subscribers:
            trace.subscribe(subscriber)
        protocols = {procedure.code: protocol_code(procedure) for procedure in PROCEDURES}
        site = self.scenario.site
        self.kernel = build(site, simpy.Environment(0), self.carriers, self.faults, trace, self.images, protocols)

    def carry_out(self, progress: Progress | None = None) -> Ending:
        """Run the world until everything is at rest, or until the drain limit."""
        kernel, environment = self.kernel, self.kernel.environment
        draws = Draws(self.seed)
        instants = arrivals(self.scenario.world, draws)
        source = Cases(self.scenario, draws, self.images)
        cases = [source.case(number) for number in range(1, len(instants) + 1)]
        self._import_priors(source, cases)
        open_orders = {case.placer_order_number: None for case in cases}
        all_closed = environment.event()

        def closed(placer: str, _fields: object) -> None:
            del open_orders[placer]
            if not open_orders:
                all_closed.succeed()

        kernel.listen("order closed", closed)
        Reading(kernel, self.scenario, draws, {case.placer_order_number: case for case in cases})
        environment.process(self._arrive(cases, instants, Imaging(kernel, self.scenario, draws)))
        if progress is not None:
            environment.process(self._report(progress, open_orders, len(cases)))
        limit = (instants[-1] if instants else 0) + round(self.scenario.world.drain_limit_h * HOUR)
        if cases:
            environment.run(until=all_closed | environment.timeout(limit))
        while not kernel.quiet and environment.now < limit:
            environment.step()
        return Ending(len(cases), tuple(open_orders), kernel.quiet, kernel.now)

    def _import_priors(self, source: Cases, cases: list[Case]) -> None:
        """Put the patients' earlier studies into the archive before the first arrival."""
        for case in cases:
            if case.has_prior:
                prior = source.prior(case)
                self.kernel.tell(PACS, ArchivedStudy(prior.header, self.import_prior(prior)))

    def _arrive(self, cases: list[Case], instants: list[Instant], imaging: Imaging) -> Process:
        environment = self.kernel.environment
        for case, instant in zip(cases, instants, strict=True):
            yield environment.timeout(instant - self.kernel.now)
            environment.process(imaging.visit(case))

    def _report(self, progress: Progress, open_orders: dict[str, None], orders: int) -> Process:
        while open_orders:
            progress(self.kernel.now, orders - len(open_orders), orders)
            yield self.kernel.environment.timeout(_PROGRESS_EVERY_US)
        progress(self.kernel.now, orders, orders)


def scanned_images(scenario: Scenario, seed: int) -> ScannedImages:
    """The images of a run."""
    return ScannedImages(seed, scenario.world.images.scale, scenario.site.institution)
