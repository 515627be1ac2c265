"""One run of a scenario: the site, the world and the folds over the trace, from the first arrival until everything is at rest.

The run ends when every visit is over, which its orders decide, people have nothing left to do, and nothing is in flight; it
fails when that has not come about by the drain limit.
"""

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import simpy

from datasets.draws import Draws
from datasets.procedures import PROCEDURES
from emulators.actors.worklist import Worklist
from emulators.clock import Clock
from emulators.core.fault import FaultPlan
from emulators.core.instant import HOUR, MINUTE, SECOND, Instant
from emulators.messages.imaging import ArchivedStudy, InstancesStored, StoreStudy
from emulators.site import Carriers, Route, build
from emulators.site_settings import PACS
from emulators.trace import Level, Subscriber, Trace
from sim.images import ScannedImages
from sim.own_data import SYNTHETIC, OwnData
from sim.scenario import Scenario
from sim.world.arrivals import arrivals
from sim.world.exams import Exams
from sim.world.imaging import Imaging
from sim.world.offices import Offices
from sim.world.people import Cases, protocol_code
from sim.world.reading import Reading
from sim.world.visits import Visits
from sim.world.waiting import Errands, Heard, Process

Progress = Callable[[Instant, int, int], None]
"""Called with the instant, the orders closed and the orders of the run."""

_PROGRESS_EVERY_US = 5 * MINUTE
_LOOK_EVERY_US = SECOND
"""How often to see whether something is still in flight when all visits are over."""
_AWAITED = (
    "procedure scheduled",
    "placer number assigned",
    "order closed",
    "study opened",
    "study sent",
    "study unlisted",
)
"""Notes that people of the hospital wait for without having asked."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: the orders that were not closed, and whether nothing was in flight or left to do any more.

    An order is named by its placer order number, one that was to be made after its exam by ``U`` and the number of its visit.
    """

    orders: int
    open_orders: tuple[str, ...]
    at_rest: bool
    ended_at: Instant

    @property
    def finished(self) -> bool:
        return self.at_rest and not self.open_orders


class Run:
    """A scenario with a seed, made ready by construction and carried out once by ``carry_out``.

    ``import_prior`` puts an earlier study into the archive and gives what it has of it. ``products`` are systems in whose place
    a product is, ``left_out`` the routes that it does not claim, ``worklist`` one for the RIS that others look into. ``own``
    are a user's own images and patients.
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
        products: Collection[str] = (),
        left_out: Collection[Route] = (),
        worklist: Worklist | None = None,
        own: OwnData = SYNTHETIC,
    ) -> None:
        self._scenario = scenario
        self._products = products
        self._draws = Draws(seed)
        self._import_prior = import_prior
        self._clock = clock or Clock()
        images = scanned_images(scenario, seed, own)
        self._arrivals = arrivals(scenario.world, self._draws, scenario.site.epoch.date())
        numbers = [arrival.number for arrival in self._arrivals]
        patients = own.patients.of_visits(numbers) if own.patients is not None else {}
        self._source = Cases(scenario, self._draws, images, patients)
        self._cases = [self._source.case(arrival) for arrival in self._arrivals]
        self._trace = Trace(level)
        for subscriber in subscribers:
            self._trace.subscribe(subscriber)
        protocols = {procedure.code: (protocol_code(procedure),) for procedure in PROCEDURES}
        environment = simpy.Environment(0)
        self._kernel = build(
            scenario.site, environment, carriers, faults, self._trace, images, protocols, left_out, worklist, products
        )
        self._orders = sum(len(case.exams) for case in self._cases)
        self._open_orders = {
            exam.placer_order_number or f"U{case.number:09d}": None for case in self._cases for exam in case.exams
        }
        self._exams = Exams()
        self._errands = Errands(environment)

    @property
    def visits(self) -> int:
        return len(self._cases)

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
                batch = self._import_prior(prior)
                if PACS not in self._products:
                    kernel.tell(PACS, ArchivedStudy(prior.header, batch))
        kernel.listen("order closed", self._order_closed)
        if progress is not None:
            environment.process(self._report(progress))
        limit = (self._arrivals[-1].at if self._arrivals else 0) + round(scenario.world.drain_limit_h * HOUR)
        self._clock.run(kernel, environment.process(self._life(self._visits())) | environment.timeout(limit))
        return self.so_far

    def _visits(self) -> Visits:
        """The people of the hospital."""
        kernel, scenario, draws, exams, errands = self._kernel, self._scenario, self._draws, self._exams, self._errands
        heard = Heard(kernel, _AWAITED)
        imaging = Imaging(kernel, scenario, draws, exams, heard, errands)
        reading = Reading(kernel, scenario, draws, exams, heard, errands)
        offices = Offices(kernel, scenario, draws, exams, errands)
        return Visits(kernel, scenario, draws, exams, imaging, reading, offices, heard, errands)

    @property
    def so_far(self) -> Ending:
        """Where the run is; its ending, once it has ended."""
        at_rest = self._kernel.quiet and self._errands.are_over
        return Ending(self._orders, tuple(self._open_orders), at_rest, self._kernel.now)

    def _order_closed(self, placer: str, _fields: Mapping[str, Any]) -> None:
        if placer not in self._open_orders:  # the number that the EHR gave to an order of the RIS
            known = self._exams.of_accession(placer[1:])
            placer = f"U{known.case.number:09d}" if known is not None else placer
        self._open_orders.pop(placer, None)

    def _life(self, visits: Visits) -> Process:
        """Everybody comes; the process ends when people and systems are at rest."""
        kernel, environment = self._kernel, self._kernel.environment
        for case, arrival in zip(self._cases, self._arrivals, strict=True):
            yield environment.timeout(arrival.at - kernel.now)
            self._errands.start(visits.visit(case))
        yield from self._errands.over()
        while not kernel.quiet:
            yield environment.timeout(_LOOK_EVERY_US)
            yield from self._errands.over()

    def _report(self, progress: Progress) -> Process:
        while True:
            progress(self._kernel.now, self._orders - len(self._open_orders), self._orders)
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


def scanned_images(scenario: Scenario, seed: int, own: OwnData = SYNTHETIC) -> ScannedImages:
    """The images of a run."""
    site = scenario.site
    return ScannedImages(seed, scenario.world.images.scale, site.institution, site.character_sets, own.images)
