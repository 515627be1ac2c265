"""A site: which systems there are, how they are joined, and the kernel built from it.

The route table below is the house's: every (sender, receiver, lane). A row's port is chosen by the ``Carriers``: all memory is
a simulation, all sockets an emulated hospital. A row that a product does not claim is left out, and nothing is sent there.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import simpy

from emulators.actors.availability import Announcer
from emulators.actors.ehr import Ehr
from emulators.actors.engine import Engine, Routes
from emulators.actors.modality import CommitmentPolicy, ImageSpecification, Modality
from emulators.actors.outbox import RetryPolicy
from emulators.actors.pacs import Pacs
from emulators.actors.ris import Ris, RisPeers
from emulators.actors.teleradiology import Teleradiology
from emulators.actors.worklist import Worklist
from emulators.actors.workstation import PriorRule, Workstation
from emulators.core.actor import Actor
from emulators.core.fault import FaultPlan
from emulators.core.identity import AccessionFormat
from emulators.core.instant import SECOND, WallClock
from emulators.kernel import Archive, Kernel
from emulators.messages import adt, orders
from emulators.messages.common import Code
from emulators.messages.report import Report
from emulators.ports.contract import Lane, Port
from emulators.site_settings import EHR, ENGINE, PACS, RIS, TELERADIOLOGY, WORKSTATION, Links, Scanner, SiteSettings
from emulators.trace import Trace

HL7_LANES = frozenset(("adt", "orders", "reports", "reading", "acknowledgements"))
"""Lanes that go over MLLP; the others are DICOM."""


@dataclass(frozen=True, order=True, slots=True)
class Route:
    sender: str
    receiver: str
    lane: str


class Carriers(Protocol):
    """Gives each route its port, and each system its image store, if it has one."""

    def port(self, route: Route) -> Port: ...
    def archive(self, system: str) -> Archive | None: ...


def routes(settings: SiteSettings) -> Iterator[Route]:
    """Every conversation of the site."""
    yield from (
        Route(EHR, ENGINE, "adt"),
        Route(EHR, ENGINE, "orders"),
        Route(ENGINE, RIS, "adt"),
        Route(ENGINE, RIS, "orders"),
        Route(ENGINE, PACS, "adt"),
        Route(ENGINE, PACS, "reports"),
        Route(ENGINE, EHR, "orders"),
        Route(ENGINE, EHR, "reports"),
        Route(RIS, PACS, "orders"),
        Route(RIS, PACS, "steps"),
        Route(RIS, ENGINE, "orders"),
        Route(RIS, ENGINE, "reports"),
        Route(RIS, WORKSTATION, "reading"),
        Route(WORKSTATION, RIS, "reports"),
        Route(WORKSTATION, PACS, "query"),
        Route(WORKSTATION, PACS, "retrieve"),
        Route(PACS, WORKSTATION, "store"),
    )
    if settings.teleradiology is not None:
        yield from (
            Route(PACS, TELERADIOLOGY, "store"),
            Route(TELERADIOLOGY, ENGINE, "reports"),
            Route(ENGINE, RIS, "reports"),
        )
    yield from (Route(PACS, told, "availability") for told in dict.fromkeys(settings.availability))
    for scanner in settings.scanners:
        yield from (
            Route(scanner.name, RIS, "worklist"),
            Route(scanner.name, RIS, "steps"),
            Route(scanner.name, PACS, "store"),
            Route(scanner.name, PACS, "commitment"),
            Route(PACS, scanner.name, "commitment"),
        )


_LANES_OF_ENGINE: Mapping[type, str] = {
    **dict.fromkeys((*adt.VISIT_MESSAGES, adt.MergePatients), "adt"),
    **dict.fromkeys((orders.PlaceOrder, orders.ChangeOrder, orders.CancelOrder, orders.NumberAssigned), "orders"),
    **dict.fromkeys((orders.OrderStatus, orders.FillerOrder), "orders"),
    Report: "reports",
}
_FORWARDED: tuple[tuple[str, tuple[type, ...], tuple[str, ...]], ...] = (
    (EHR, (*adt.VISIT_MESSAGES, adt.MergePatients), (RIS, PACS)),
    (EHR, (orders.PlaceOrder, orders.ChangeOrder, orders.CancelOrder, orders.NumberAssigned), (RIS,)),
    (RIS, (orders.OrderStatus, orders.FillerOrder), (EHR,)),
    (RIS, (Report,), (EHR, PACS)),
    (TELERADIOLOGY, (Report,), (RIS,)),
)
"""What the engine forwards: from whom, which messages, to whom."""


def engine_routes(present: Collection[Route]) -> Routes:
    """What of it there is a route for."""
    return {
        (sender, message): tuple(
            destination for destination in to if Route(ENGINE, destination, _LANES_OF_ENGINE[message]) in present
        )
        for sender, messages, to in _FORWARDED
        for message in messages
    }


def actors(
    settings: SiteSettings,
    images: ImageSpecification,
    protocols: Mapping[str, tuple[Code, ...]],
    clock: WallClock,
    left_out: Collection[Route] = (),
    worklist: Worklist | None = None,
) -> dict[str, Callable[[], Actor]]:
    """How to make each system of the site, by name; ``protocols`` gives the steps of a procedure code, unless the site does.

    ``left_out`` are routes that there are not; ``worklist`` is one that holds entries already, or that others look into.
    """
    present = frozenset(routes(settings)).difference(left_out)
    retry = settings.retry.policy()
    titles = settings.ae_titles
    peers = RisPeers(
        engine=ENGINE,
        pacs=PACS if Route(RIS, PACS, "orders") in present else "",
        workstation=WORKSTATION,
        steps=PACS if Route(RIS, PACS, "steps") in present else "",
    )
    told = frozenset(scanner.name for scanner in settings.scanners if Route(PACS, scanner.name, "commitment") in present)
    announced_to = [system for system in (RIS, WORKSTATION) if Route(PACS, system, "availability") in present]
    destinations = {titles.workstation: WORKSTATION}
    engine, priors = settings.engine, PriorRule(settings.priors, settings.priors_of_same_modality)
    made: dict[str, Callable[[], Actor]] = {
        EHR: lambda: Ehr(EHR, clock, ENGINE, retry),
        ENGINE: lambda: Engine(ENGINE, clock, engine_routes(present), retry, engine.dialects, engine.hold_patient_on_error),
        RIS: lambda: Ris(
            RIS,
            clock,
            peers,
            settings.stations,
            {**protocols, **settings.protocols},
            retry,
            AccessionFormat(settings.accession_format),
            worklist,
            settings.physicians,
        ),
        PACS: lambda: Pacs(
            PACS,
            clock,
            destinations,
            retry,
            told,
            [rule.rule() for rule in settings.routing],
            round(settings.quiet_s * SECOND),
            commits_on_same=settings.commits_on_same_association,
            announcer=Announcer(announced_to, titles.pacs),
            default_issuer=settings.default_issuer,
            ae_title=titles.pacs,
        ),
        WORKSTATION: lambda: Workstation(WORKSTATION, clock, titles.workstation, RIS, PACS, priors, retry),
    }
    if settings.teleradiology is not None:
        destinations[settings.teleradiology.ae_title] = TELERADIOLOGY
        made[TELERADIOLOGY] = lambda: Teleradiology(TELERADIOLOGY, clock, {PACS: ENGINE}, retry)
    for scanner in settings.scanners:
        commits = Route(scanner.name, PACS, "commitment") in present
        made[scanner.name] = _modality(scanner, clock, images, retry, commits, settings.commitment.policy())
    return made


def _modality(
    scanner: Scanner,
    clock: WallClock,
    images: ImageSpecification,
    retry: RetryPolicy,
    commits: bool,
    commitment: CommitmentPolicy,
) -> Callable[[], Actor]:
    return lambda: Modality(scanner.name, clock, scanner.ae_title, RIS, PACS, images, retry, commits, commitment)


def build(
    settings: SiteSettings,
    environment: simpy.Environment,
    carriers: Carriers,
    faults: FaultPlan,
    trace: Trace,
    images: ImageSpecification,
    protocols: Mapping[str, tuple[Code, ...]],
    left_out: Collection[Route] = (),
    worklist: Worklist | None = None,
    products: Collection[str] = (),
) -> Kernel:
    """A kernel with every system of the site on it, joined by the route table.

    ``products`` are systems in whose place a product is: there is no actor for them. The rest as in ``actors``.
    """
    kernel = Kernel(environment, faults, trace)
    for name, make in actors(settings, images, protocols, WallClock(settings.epoch), left_out, worklist).items():
        if name not in products:
            kernel.host(name, make(), carriers.archive(name))
    for route in routes(settings):
        if route not in left_out:
            kernel.connect(lane(route, settings.links, carriers.port(route)))
    return kernel


def lane(route: Route, links: Links, port: Port) -> Lane:
    """One row of a kernel's route table."""
    if route.lane in HL7_LANES:  # MLLP keeps its connection open and has one message outstanding
        return Lane(route.sender, route.receiver, route.lane, port, links.hl7.spec(), associations=1, set_up_round_trips=0)
    settings = links.dicom
    return Lane(
        route.sender,
        route.receiver,
        route.lane,
        port,
        settings.spec(),
        associations=settings.associations,
        set_up_round_trips=2,
    )
