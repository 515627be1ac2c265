"""The site file: one hospital's systems, where each of them listens, and where those that we serve keep their state.

One file describes all: who serves the RIS finds in it where the PACS is. A system is served by us or it is a product; for
those who speak to it that is the same.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from emulators.config import Settings, load
from emulators.core.errors import ConfigError
from emulators.ports.association import ARTIM_S, IDLE_S, Limits
from emulators.ports.sockets import LOOPBACK, Address
from emulators.site_settings import HL7_SYSTEMS, SiteSettings, SystemName, application_name

Port = Annotated[int, Field(ge=0, le=65_535)]
Name = Annotated[str, StringConstraints(max_length=180, pattern=r"^[A-Za-z0-9_.-]+$")]

_SET_WHEN_SERVED = datetime(1970, 1, 1)
"""In the place of ``site.epoch``: a served system counts from the wall time of its first start."""


class EnhancedAcknowledgement(Settings):
    """How HL7 messages ask for acknowledgement, MSH-15 and MSH-16 (table 0155)."""

    accept: Literal["AL", "NE"]
    application: Literal["AL", "NE", "ER", "SU"]


class Endpoint(Settings):
    """Where one system listens. Port 0 is any free one, for a system that nobody has to find.

    ``application``: what it calls itself in MSH-3, its name in capitals if left out. ``acknowledgement``: in enhanced mode, of
    what is sent to it; left out: original mode. ``takes_acknowledgements``: where it gets the application acknowledgements of
    what it sends in enhanced mode. The rest is for systems that we serve: ``control_port`` on loopback, what ``strangers`` get
    (an AE title or MSH-3 that is none of the site's), ``quirks``, and what it grants those who open DICOM associations
    (ports/association.py).
    """

    host: Name = LOOPBACK
    dicom_port: Port | None = None
    mllp_port: Port | None = None
    control_port: Port | None = None
    application: Name | None = None
    strangers: Literal["refuse", "answer"] = "refuse"
    quirks: tuple[str, ...] = ()
    acknowledgement: EnhancedAcknowledgement | None = None
    takes_acknowledgements: Literal["on its port", "on the same connection"] = "on its port"
    artim_s: float = Field(default=ARTIM_S, gt=0)
    idle_s: float = Field(default=IDLE_S, gt=0)
    associations_max: int | None = Field(default=None, ge=1)
    users: dict[str, str] = Field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        return Limits(self.artim_s, self.idle_s, self.associations_max, self.users)

    @property
    def dicom(self) -> Address:
        assert self.dicom_port is not None  # a system that speaks DICOM has one
        return self.host, self.dicom_port

    @property
    def mllp(self) -> Address:
        assert self.mllp_port is not None  # a system that speaks HL7 has one
        return self.host, self.mllp_port


class State(Settings):
    """``folder`` is taken from where the site file lies; ``fsync``: state survives a loss of power, too."""

    folder: Annotated[str, StringConstraints(min_length=1)]
    fsync: bool = False


class Images(Settings):
    """The images that served scanners make: from ``seed``, rows and columns multiplied by ``scale``."""

    seed: int = Field(ge=0)
    scale: float = Field(gt=0, le=1)


class WorklistFiles(Settings):
    """DICOM worklist files that the RIS has on its worklist from the start; ``folder`` from where the site file lies."""

    folder: Annotated[str, StringConstraints(min_length=1)]


class ServedSite(Settings):
    """A whole site file."""

    site: SiteSettings
    state: State
    images: Images
    endpoints: dict[SystemName, Endpoint]
    worklist: WorklistFiles | None = None

    @model_validator(mode="before")
    @classmethod
    def _epoch_may_be_left_out(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("site"), dict):
            return {**data, "site": {"epoch": _SET_WHEN_SERVED, **data["site"]}}
        return data

    @model_validator(mode="after")
    def _every_system_has_its_ports(self) -> "ServedSite":
        for name in self.endpoints:
            if name not in self.systems:
                raise ValueError(f"endpoints.{name}: no system of the site; there is {', '.join(self.systems)}")
        for name in self.systems:
            endpoint = self.endpoints.get(name)
            if endpoint is None:
                raise ValueError(f"endpoints.{name}: missing")
            if endpoint.acknowledgement is not None and name not in HL7_SYSTEMS:
                raise ValueError(f"endpoints.{name}.acknowledgement: it takes no HL7 messages")
            speaks = {"dicom_port": name in self.site.ae_title_of, "mllp_port": name in HL7_SYSTEMS}
            for key, wanted in speaks.items():
                if (getattr(endpoint, key) is not None) is not wanted:
                    raise ValueError(f"endpoints.{name}.{key}: {'missing' if wanted else 'it does not speak this'}")
        return self

    @model_validator(mode="after")
    def _applications_are_used_once(self) -> "ServedSite":
        """A sender of HL7 messages is known by its MSH-3 alone."""
        used: dict[str, str] = {}
        for name in self.systems:
            other = used.setdefault(self.application(name), name)
            if other != name:
                raise ValueError(f"endpoints.{name}.application: {self.application(name)} is that of {other}")
        return self

    @property
    def systems(self) -> tuple[str, ...]:
        """Every system of the site, by name."""
        return self.site.systems

    @property
    def awaited(self) -> tuple[str, ...]:
        """The systems that always send an application acknowledgement, and are waited for."""
        asked = {name: self.endpoints[name].acknowledgement for name in self.systems}
        return tuple(name for name, mode in asked.items() if mode is not None and mode.application == "AL")

    def application(self, system: str) -> str:
        """What a system calls itself in MSH-3."""
        return self.endpoints[system].application or application_name(system)


def load_site(path: Path) -> ServedSite:
    """Read a site file. Raises ConfigError."""
    return load(path, ServedSite)


def state_folder(path: Path, settings: ServedSite, system: str) -> Path:
    """Where a system that is served from the site file ``path`` keeps its state."""
    return path.parent / settings.state.folder / system


def require_system(settings: ServedSite, system: str, source: str) -> None:
    """Raises ConfigError if the site has no such system."""
    if system not in settings.systems:
        raise ConfigError(f"{source}: no system {system}; there is {', '.join(settings.systems)}")
