"""A site: which systems there are, how they are joined, and the kernel built from it.

The route table below is the house's: every (sender, receiver, lane). A row's port is chosen by the ``Carriers``: all memory is
a simulation, all sockets an emulated hospital. A row that a product does not claim is left out, and nothing is sent there.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Protocol
from zoneinfo import ZoneInfo

import simpy
from pydantic import Field, StringConstraints, field_validator, model_validator

from emulators.actors.availability import Announcer
from emulators.actors.dialect import Dialect
from emulators.actors.ehr import Ehr
from emulators.actors.engine import Engine, Routes
from emulators.actors.modality import CommitmentPolicy, ImageSpecification, Modality
from emulators.actors.outbox import RetryPolicy
from emulators.actors.pacs import QUIET_US, Pacs
from emulators.actors.ris import Ris, RisPeers
from emulators.actors.routing import RoutingRule
from emulators.actors.teleradiology import Teleradiology
from emulators.actors.worklist import Worklist
from emulators.actors.workstation import PriorRule, Workstation
from emulators.config import Settings
from emulators.core.actor import Actor
from emulators.core.fault import FaultPlan
from emulators.core.identity import AccessionFormat
from emulators.core.instant import MILLISECOND, SECOND, WallClock
from emulators.core.link import LinkSpec
from emulators.kernel import Archive, Kernel
from emulators.messages import adt, orders
from emulators.messages.common import Code, PersonName, from_pn
from emulators.messages.report import Report
from emulators.ports.contract import Lane, Port
from emulators.trace import Trace

AeTitle = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]{1,16}$")]
SystemName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]

EHR, ENGINE, RIS, PACS, WORKSTATION, TELERADIOLOGY = "ehr", "engine", "ris", "pacs", "workstation", "teleradiology"

HL7_SYSTEMS = (EHR, ENGINE, RIS, PACS, WORKSTATION)
"""Those that take HL7 messages."""

HL7_LANES = frozenset(("adt", "orders", "reports", "reading", "acknowledgements"))


CharacterSet = Literal[
    "", "ISO_IR 100", "ISO_IR 144", "ISO_IR 126", "ISO 2022 IR 87", "ISO 2022 IR 149", "GB18030", "ISO_IR 192"
]
"""Of names in images; empty is ASCII, or else UTF-8 (ISO_IR 192)."""


PhysicianName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\\^=]*(\^[^\\^=]*){0,4}$")]
"""A DICOM PN of one component group."""


class Scanner(Settings):
    name: SystemName
    ae_title: AeTitle
    modality: Literal["CR", "CT", "DX", "MG", "MR", "US"]
    character_set: CharacterSet = ""
    performing_physician: PhysicianName = ""  # who performs the steps that are scheduled here


class AeTitles(Settings):
    ris: AeTitle
    pacs: AeTitle
    workstation: AeTitle


class TeleradiologySettings(Settings):
    """The platform outside the hospital: it takes what site.routing sends it, and sends back reports."""

    ae_title: AeTitle


class RoutingSettings(Settings):
    """What the archive sends on: empty lists mean any, and both hours together any time."""

    destination: Literal["teleradiology", "workstation"]
    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]
    priorities: tuple[Literal["STAT", "ROUTINE"], ...]
    from_hour: int | None = Field(default=None, ge=0, le=23)
    until_hour: int | None = Field(default=None, ge=0, le=24)

    @model_validator(mode="after")
    def _both_hours_or_none(self) -> "RoutingSettings":
        if (self.from_hour is None) is not (self.until_hour is None):
            raise ValueError("from_hour, until_hour: both or neither")
        return self

    def rule(self) -> RoutingRule:
        hours = None
        if self.from_hour is not None and self.until_hour is not None:
            hours = (self.from_hour, self.until_hour)
        return RoutingRule(
            self.destination, frozenset(self.modalities), frozenset(self.body_parts), frozenset(self.priorities), hours
        )


class EngineSettings(Settings):
    """How systems behind the interface engine write what the house writes otherwise (actors/dialect.py), and the destinations
    at which the messages of a patient wait behind one that was refused."""

    dialects: dict[SystemName, Dialect] = Field(default_factory=dict)
    hold_patient_on_error: tuple[SystemName, ...] = ()


ProtocolCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,16}$")]


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
    alert_after_min: float = Field(ge=0)

    def policy(self) -> RetryPolicy:
        return RetryPolicy(
            round(self.deadline_s * SECOND),
            round(self.first_s * SECOND),
            round(self.longest_s * SECOND),
            round(self.alert_after_min * 60 * SECOND),
        )


class CommitmentSettings(Settings):
    """Of every scanner: when it asks again for a result that does not come, and sends again what was not committed."""

    result_limit_s: float = Field(default=600, gt=0)
    resend_after_s: float = Field(default=60, gt=0)

    def policy(self) -> CommitmentPolicy:
        return CommitmentPolicy(round(self.result_limit_s * SECOND), round(self.resend_after_s * SECOND))


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


class OrderMessages(Settings):
    """By receiver: ORM^O01, or of 2.5.1 OMG^O19 (orders and what becomes of them) or OMI^O23 (procedures and their steps)."""

    ehr: Literal["ORM", "OMG"] = "ORM"
    engine: Literal["ORM", "OMG"] = "ORM"
    ris: Literal["ORM", "OMG"] = "ORM"
    pacs: Literal["ORM", "OMI"] = "ORM"
    workstation: Literal["ORM", "OMI"] = "ORM"

    def of(self, system: str) -> str:
        messages: str = getattr(self, system)
        return messages


class SiteSettings(Settings):
    """One hospital's systems."""

    institution: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    epoch: datetime
    ae_titles: AeTitles
    scanners: tuple[Scanner, ...] = Field(min_length=1)
    hl7_version: Hl7Versions
    order_messages: OrderMessages = OrderMessages()
    links: Links
    retry: Retry
    priors: int = Field(ge=0, le=10)
    priors_of_same_modality: bool = False
    accession_format: str = "A{base32:9}"
    time_zone: str = ""
    duplicates: Literal["refuse", "keep_first", "replace"] = "refuse"
    commits_on_same_association: bool = False
    commitment: CommitmentSettings = CommitmentSettings()
    availability: tuple[Literal["ris", "workstation"], ...] = ()
    """Who is told which images the archive has."""
    default_issuer: Annotated[str, StringConstraints(max_length=64)] = ""
    """Of patient IDs in images that come without one."""
    procedure_steps: dict[str, Annotated[tuple[ProtocolCode, ...], Field(min_length=1)]] = Field(default_factory=dict)
    teleradiology: TeleradiologySettings | None = None
    routing: tuple[RoutingSettings, ...] = ()
    engine: EngineSettings = EngineSettings()
    quiet_s: float = Field(default=QUIET_US / SECOND, gt=0)
    """How long nothing comes of a study without performed steps until the archive takes it as whole."""

    @field_validator("accession_format")
    @classmethod
    def _makes_accession_numbers(cls, template: str) -> str:
        AccessionFormat(template)
        return template

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, name: str) -> str:
        try:
            _ = ZoneInfo(name) if name else None
        except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            raise ValueError("no such time zone") from None
        return name

    @model_validator(mode="after")
    def _destinations_exist(self) -> "SiteSettings":
        for index, rule in enumerate(self.routing):
            if rule.destination not in self.ae_title_of:
                raise ValueError(f"routing[{index}].destination: there is no {rule.destination}")
        for system in (*self.engine.dialects, *self.engine.hold_patient_on_error):
            if system not in self.systems:
                raise ValueError(f"engine: no system {system}")
        return self

    @model_validator(mode="after")
    def _order_messages_are_of_the_version(self) -> "SiteSettings":
        for system in HL7_SYSTEMS:
            wanted, version = self.order_messages.of(system), self.hl7_version.of(system)
            if wanted != "ORM" and version != "2.5.1":
                raise ValueError(f"order_messages.{system}: {wanted} is not in {version}")
        return self

    @model_validator(mode="after")
    def _names_are_used_once(self) -> "SiteSettings":
        names = [*HL7_SYSTEMS, TELERADIOLOGY, *(scanner.name for scanner in self.scanners)]
        titles = [self.ae_titles.ris, self.ae_titles.pacs, self.ae_titles.workstation]
        titles += [self.teleradiology.ae_title] if self.teleradiology is not None else []
        titles += [scanner.ae_title for scanner in self.scanners]
        for kind, used in (("name", names), ("ae_title", titles)):
            for value in used:
                if used.count(value) > 1:
                    raise ValueError(f"scanners: the {kind} {value} is used twice")
        return self

    @property
    def zone(self) -> ZoneInfo | None:
        """That of all wall times, if it is said."""
        return ZoneInfo(self.time_zone) if self.time_zone else None

    @property
    def stations(self) -> dict[str, tuple[str, ...]]:
        """Modality to the AE titles of its scanners, in the order of the file."""
        found: dict[str, tuple[str, ...]] = {}
        for scanner in self.scanners:
            found[scanner.modality] = (*found.get(scanner.modality, ()), scanner.ae_title)
        return found

    @property
    def physicians(self) -> dict[str, PersonName]:
        """AE title of a scanner to who performs there, where that is known."""
        return {one.ae_title: from_pn(one.performing_physician) for one in self.scanners if one.performing_physician}

    @property
    def protocols(self) -> dict[str, tuple[Code, ...]]:
        """What the site says of the steps of procedures, by procedure code."""
        return {
            procedure: tuple(Code(value, "99RADLOOP", value) for value in steps)
            for procedure, steps in self.procedure_steps.items()
        }

    @property
    def character_sets(self) -> dict[str, str]:
        """AE title of each scanner to the character set of its images."""
        return {scanner.ae_title: scanner.character_set for scanner in self.scanners}

    @property
    def ae_title_of(self) -> dict[str, str]:
        """System name to AE title, of every system that speaks DICOM."""
        titles = {RIS: self.ae_titles.ris, PACS: self.ae_titles.pacs, WORKSTATION: self.ae_titles.workstation}
        if self.teleradiology is not None:
            titles[TELERADIOLOGY] = self.teleradiology.ae_title
        return titles | {scanner.name: scanner.ae_title for scanner in self.scanners}

    @property
    def systems(self) -> tuple[str, ...]:
        """Every system of the site, by name."""
        return tuple(dict.fromkeys((*HL7_SYSTEMS, *self.ae_title_of)))


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
