"""The target file: a product, where it listens, and what it claims; and the roles that a product can take.

===========  ===================================  ===========================================  =============================
role         the product takes the place of       it must claim                                it may claim
===========  ===================================  ===========================================  =============================
pacs         the archive                          store, query, retrieve                       commitment, steps, adt,
                                                                                               orders, reports
engine       the interface engine                 adt, orders, reports
worklist     the worklist of the RIS, which       worklist
             writes it as files into a folder
===========  ===================================  ===========================================  =============================

In other roles people act (an order is placed, a report is signed), which a product of any make would have to be told; for these
there is no description yet.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from emulators.config import Settings, load
from emulators.core.errors import ConfigError
from emulators.ports.sockets import LOOPBACK, Address
from emulators.site import HL7_LANES, Route, routes
from emulators.site_settings import ENGINE, PACS, RIS, SiteSettings

WORKLIST = "worklist"
PortNumber = Annotated[int, Field(ge=1, le=65_535)]
_TITLE = r"^[\x21-\x5b\x5d-\x7e]+( [\x21-\x5b\x5d-\x7e]+)*$"
Title = Annotated[str, StringConstraints(min_length=1, max_length=16, pattern=_TITLE)]
Claim = Literal["store", "query", "retrieve", "commitment", "steps", "worklist", "adt", "orders", "reports"]


@dataclass(frozen=True, slots=True)
class Role:
    """``system`` is whose place it is; ``whole``: no actor of ours is left there."""

    system: str
    must_claim: frozenset[str]
    may_claim: frozenset[str] = frozenset()
    whole: bool = True


ROLES = {
    "pacs": Role(
        PACS,
        frozenset(("store", "query", "retrieve")),
        frozenset(("commitment", "steps", "adt", "orders", "reports")),
    ),
    "engine": Role(ENGINE, frozenset(("adt", "orders", "reports"))),
    WORKLIST: Role(RIS, frozenset((WORKLIST,)), whole=False),
}


class Listen(Settings):
    """Where our systems listen that the product calls: on ``host``, from ``first_port`` on, a port each; 0 is any free one."""

    host: str = LOOPBACK
    first_port: int = Field(ge=0, le=65_000)


class Target(Settings):
    """One product. ``settle_s``: how long it may still be at work after its last answer, before idle time is jumped over."""

    product: str
    host: str = LOOPBACK
    dicom_port: PortNumber | None = None
    ae_title: Title | None = None
    mllp_port: PortNumber | None = None
    application: str | None = None
    lanes: tuple[Claim, ...]
    settle_s: float = Field(gt=0)
    listen: Listen
    worklist_folder: Path | None = None

    @model_validator(mode="after")
    def _has_what_its_lanes_need(self) -> "Target":
        if any(lane not in HL7_LANES for lane in self.lanes) and (self.dicom_port is None or self.ae_title is None):
            raise ValueError("dicom_port, ae_title: needed for the DICOM lanes")
        if any(lane in HL7_LANES for lane in self.lanes) and self.mllp_port is None:
            raise ValueError("mllp_port: needed for the HL7 lanes")
        if (WORKLIST in self.lanes) is not (self.worklist_folder is not None):
            raise ValueError("worklist_folder: needed for lane worklist, and for no other")
        return self

    @property
    def dicom(self) -> Address:
        assert self.dicom_port is not None  # checked for DICOM lanes
        return self.host, self.dicom_port

    @property
    def mllp(self) -> Address:
        assert self.mllp_port is not None  # checked for HL7 lanes
        return self.host, self.mllp_port

    @property
    def title(self) -> str:
        assert self.ae_title is not None  # checked for DICOM lanes
        return self.ae_title


@dataclass(frozen=True, slots=True)
class Sut:
    """A product in a role."""

    role_name: str
    role: Role
    target: Target

    def touches(self, route: Route) -> bool:
        """Whether one end of the route is the product's place."""
        if not self.role.whole:
            return route.receiver == self.role.system and route.lane in self.target.lanes
        return self.role.system in (route.sender, route.receiver)

    def left_out(self, settings: SiteSettings) -> frozenset[Route]:
        """The routes that the product does not claim. An archive answers a retrieve by storing to the workstation only."""
        return frozenset(
            route
            for route in routes(settings)
            if self.touches(route) and (route.lane not in self.target.lanes or not self._carries(route, settings))
        )

    def _carries(self, route: Route, settings: SiteSettings) -> bool:
        moved_to = settings.ae_titles.workstation
        is_routing = route.sender == PACS and route.lane == "store"
        return not is_routing or settings.ae_title_of[route.receiver] == moved_to


def load_sut(text: str) -> Sut:
    """A product as the command line names it, ``pacs=target.toml``. Raises ConfigError."""
    name, equals, path = text.partition("=")
    if not equals:
        raise ConfigError(f"--sut {text}: not ROLE=FILE, such as pacs=target.toml")
    role = ROLES.get(name)
    if role is None:
        raise ConfigError(f"--sut {name}: no role that a product can be driven in; there is {', '.join(ROLES)}")
    target = load(Path(path), Target)
    claims = frozenset(target.lanes)
    missing, surplus = sorted(role.must_claim - claims), sorted(claims - role.must_claim - role.may_claim)
    if missing:
        raise ConfigError(f"{path}: lanes: a product as {name} must claim {', '.join(missing)}")
    if surplus:
        raise ConfigError(f"{path}: lanes: {', '.join(surplus)} is nothing that a product as {name} is asked for")
    if target.worklist_folder is not None and not target.worklist_folder.is_dir():
        raise ConfigError(f"{path}: worklist_folder: {target.worklist_folder}: no such folder")
    return Sut(name, role, target)
