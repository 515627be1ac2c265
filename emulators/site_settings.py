"""The settings of a site: its systems, links and habits, as a file gives them. What is built of them: site.py."""

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, field_validator, model_validator

from emulators.actors.dialect import Dialect
from emulators.actors.modality import CommitmentPolicy
from emulators.actors.outbox import RetryPolicy
from emulators.actors.pacs import QUIET_US
from emulators.actors.routing import RoutingRule
from emulators.config import Settings
from emulators.core.identity import AccessionFormat
from emulators.core.instant import MILLISECOND, SECOND
from emulators.core.link import LinkSpec
from emulators.messages.common import Code, PersonName, from_pn

AeTitle = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]{1,16}$")]
SystemName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]

EHR, ENGINE, RIS, PACS, WORKSTATION, TELERADIOLOGY = "ehr", "engine", "ris", "pacs", "workstation", "teleradiology"

HL7_SYSTEMS = (EHR, ENGINE, RIS, PACS, WORKSTATION)
"""Those that take HL7 messages."""


def application_name(system: str) -> str:
    """What a system calls itself in MSH-3, unless it is told otherwise."""
    return system.upper()


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
