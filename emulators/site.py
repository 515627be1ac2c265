"""A site: which systems there are, how they are joined, and the kernel built from it.

The route table below is the house's: every (sender, receiver, lane) of the scheduled exam. A row's port is chosen by the
``Carriers``: all memory is a simulation, all sockets an emulated hospital.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Protocol

import simpy
from pydantic import Field, StringConstraints, model_validator

from emulators.actors.ehr import Ehr
from emulators.actors.engine import Engine
from emulators.actors.modality import ImageSpecification, Modality
from emulators.actors.outbox import RetryPolicy
from emulators.actors.pacs import Pacs
from emulators.actors.ris import Ris, RisPeers
from emulators.actors.workstation import Workstation
from emulators.config import Settings
from emulators.core.fault import FaultPlan
from emulators.core.instant import MILLISECOND, SECOND, WallClock
from emulators.core.link import LinkSpec
from emulators.kernel import Kernel
from emulators.messages.adt import RegisterPatient
from emulators.messages.common import Code
from emulators.messages.orders import OrderStatus, PlaceOrder
from emulators.messages.report import Report
from emulators.ports.contract import Lane, Port
from emulators.trace import Trace

AeTitle = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]{1,16}$")]
SystemName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]

EHR, ENGINE, RIS, PACS, WORKSTATION = "ehr", "engine", "ris", "pacs", "workstation"

HL7_SYSTEMS = (EHR, ENGINE, RIS, PACS, WORKSTATION)
HL7_LANES = frozenset(("adt", "orders", "reports", "reading"))


class Scanner(Settings):
    name: SystemName
    ae_title: AeTitle
    modality: Literal["CT", "MR", "DX", "US"]


class AeTitles(Settings):
    ris: AeTitle
    pacs: AeTitle
    workstation: AeTitle


class LinkSettings(Settings):
    """A link as people write it; the model reckons in microseconds and bits per second."""

    round_trip_ms: float = Field(ge=0)
    bandwidth_mbit_s: float = Field(gt=0)
    service_ms: float = Field(ge=0)

    def spec(self) -> LinkSpec:
        return LinkSpec(
            round_trip_us=round(self.round_trip_ms * MILLISECOND),
            bandwidth_bit_s=round(self.bandwidth_mbit_s * 1_000_000),
            service_us=round(self.service_ms * MILLISECOND),
        )


class DicomLinkSettings(LinkSettings):
    """``associations``: sends under way at once; MLLP has one message outstanding."""

    associations: int = Field(ge=1, le=64)


class Links(Settings):
    hl7: LinkSettings
    dicom: DicomLinkSettings


class Retry(Settings):
    deadline_s: float = Field(gt=0)
    first_s: float = Field(gt=0)
    longest_s: float = Field(gt=0)

    def policy(self) -> RetryPolicy:
        return RetryPolicy(round(self.deadline_s * SECOND), round(self.first_s * SECOND), round(self.longest_s * SECOND))


Hl7Version = Literal["2.3.1", "2.5.1"]


class Hl7Versions(Settings):
    """By receiver: who takes a message decides its version."""

    ehr: Hl7Version
    engine: Hl7Version
    ris: Hl7Version
    pacs: Hl7Version
    workstation: Hl7Version

    def of(self, system: str) -> str:
        version: str = getattr(self, system)
        return version


class SiteSettings(Settings):
    """One hospital's systems."""

    institution: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    epoch: datetime
    ae_titles: AeTitles
    scanners: tuple[Scanner, ...] = Field(min_length=1)
    hl7_version: Hl7Versions
    links: Links
    retry: Retry
    priors: int = Field(ge=0, le=10)

    @model_validator(mode="after")
    def _names_are_used_once(self) -> "SiteSettings":
        names = [*HL7_SYSTEMS, *(scanner.name for scanner in self.scanners)]
        titles = [self.ae_titles.ris, self.ae_titles.pacs, self.ae_titles.workstation]
        titles += [scanner.ae_title for scanner in self.scanners]
        for kind, used in (("name", names), ("ae_title", titles)):
            for value in used:
                if used.count(value) > 1:
                    raise ValueError(f"scanners: the {kind} {value} is used twice")
        return self

    @property
    def stations(self) -> dict[str, tuple[str, ...]]:
        """Modality to the AE titles of its scanners, in the order of the file."""
        found: dict[str, tuple[str, ...]] = {}
        for scanner in self.scanners:
            found[scanner.modality] = (*found.get(scanner.modality, ()), scanner.ae_title)
        return found

    @property
    def ae_title_of(self) -> dict[str, str]:
        """System name to AE title, of every system that speaks DICOM."""
        titles = {RIS: self.ae_titles.ris, PACS: self.ae_titles.pacs, WORKSTATION: self.ae_titles.workstation}
        return titles | {scanner.name: scanner.ae_title for scanner in self.scanners}


@dataclass(frozen=True, slots=True)
class Route:
    sender: str
    receiver: str
    lane: str


class Carriers(Protocol):
    """Gives each route its port."""

    def port(self, route: Route) -> Port: ...


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
    for scanner in settings.scanners:
        yield from (
            Route(scanner.name, RIS, "worklist"),
            Route(scanner.name, RIS, "steps"),
            Route(scanner.name, PACS, "store"),
            Route(scanner.name, PACS, "commitment"),
            Route(PACS, scanner.name, "commitment"),
        )


def build(
    settings: SiteSettings,
    environment: simpy.Environment,
    carriers: Carriers,
    faults: FaultPlan,
    trace: Trace,
    images: ImageSpecification,
    protocols: Mapping[str, Code],
) -> Kernel:
    """A kernel with every system of the site on it, joined by the route table."""
    kernel = Kernel(environment, faults, trace)
    clock = WallClock(settings.epoch)
    retry = settings.retry.policy()
    kernel.host(EHR, Ehr(EHR, clock, ENGINE, retry))
    engine_routes = {
        (EHR, RegisterPatient): (RIS, PACS),
        (EHR, PlaceOrder): (RIS,),
        (RIS, OrderStatus): (EHR,),
        (RIS, Report): (EHR, PACS),
    }
    kernel.host(ENGINE, Engine(ENGINE, clock, engine_routes, retry))
    peers = RisPeers(engine=ENGINE, pacs=PACS, workstation=WORKSTATION)
    kernel.host(RIS, Ris(RIS, clock, peers, settings.stations, protocols, retry))
    titles = settings.ae_titles
    scanners = frozenset(scanner.name for scanner in settings.scanners)
    kernel.host(PACS, Pacs(PACS, clock, {titles.workstation: WORKSTATION}, retry, told_results=scanners))
    kernel.host(WORKSTATION, Workstation(WORKSTATION, clock, titles.workstation, RIS, PACS, settings.priors, retry))
    for scanner in settings.scanners:
        kernel.host(scanner.name, Modality(scanner.name, clock, scanner.ae_title, RIS, PACS, images, retry))
    for route in routes(settings):
        kernel.connect(_lane(route, settings.links, carriers.port(route)))
    return kernel


def _lane(route: Route, links: Links, port: Port) -> Lane:
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
