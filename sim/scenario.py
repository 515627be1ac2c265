"""A scenario: a site and the hospital life around it, read from one TOML file in which every key is given.

A scenario is named (``clinic``: a file of this package) or a path. Wrong, missing and unknown keys are refused with file
and key.
"""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from emulators.config import Settings, load
from emulators.core.errors import ConfigError
from emulators.site_settings import SiteSettings
from sim.happenings import Happenings

Modality = Literal["CR", "CT", "DX", "MG", "MR", "US"]
Script = Literal["latin", "latin1", "cyrillic", "greek", "japanese", "korean", "chinese"]
Fraction = Annotated[float, Field(ge=0, le=1)]
Minutes = Annotated[float, Field(gt=0)]


class Images(Settings):
    """``cap`` bounds the images of one exam; ``scale`` multiplies rows and columns of every image."""

    cap: int = Field(ge=1)
    scale: float = Field(gt=0, le=1)


class Shift(Settings):
    """One radiologist's hours, every day; past midnight when ``end_hour`` is not after ``start_hour``."""

    start_hour: float = Field(ge=0, lt=24)
    end_hour: float = Field(ge=0, le=24)


class Reading(Settings):
    """Median minutes per case, their spread (sigma of the lognormal), and the mean minutes until a text is verified."""

    median_min: dict[Modality, Minutes]
    sigma: float = Field(ge=0, le=2)
    verification_mean_min: Minutes


class Arrivals(Settings):
    """One kind of visit: how many exams are ordered when, and which.

    ``patient_class`` as in HL7 table 0004: O outpatients, E emergency department, I inpatients. ``day_factors`` multiply the
    hours of a day, Monday first.
    """

    patient_class: Literal["O", "E", "I"]
    location: str
    expected_exams_by_hour: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=24, max_length=24)
    day_factors: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=7, max_length=7)
    stat_fraction: Fraction
    modality_mix: dict[Modality, Annotated[float, Field(ge=0)]]


class Offices(Settings):
    """Who puts things right: mean minutes until a person looks at an exam without an order, or a study in the hold queue."""

    reconciliation_mean_min: Minutes
    addendum_mean_min: Minutes


class World(Settings):
    days: int = Field(ge=1, le=3660)
    arrivals: tuple[Arrivals, ...] = Field(min_length=1, max_length=10)
    name_scripts: dict[Script, Annotated[float, Field(ge=0)]]
    happenings: Happenings
    prior_fraction: Fraction
    registration_mean_min: Minutes
    technologists: int = Field(ge=1)
    acquisition_sigma: float = Field(ge=0, le=2)
    changeover_min: Minutes
    patience_min: Minutes
    worklist_patience_min: Minutes
    images: Images
    radiologists: tuple[Shift, ...]
    teleradiologists: tuple[Shift, ...] = ()
    reading: Reading
    offices: Offices
    drain_limit_h: float = Field(gt=0)


class Scenario(Settings):
    title: str
    site: SiteSettings
    world: World

    @model_validator(mode="after")
    def _every_modality_has_what_it_needs(self) -> "Scenario":
        for index, kind in enumerate(self.world.arrivals):
            where = f"world.arrivals[{index}].modality_mix"
            for modality, share in kind.modality_mix.items():
                if share and modality not in self.site.stations:
                    raise ValueError(f"{where}.{modality}: no scanner of this modality in site.scanners")
                if share and modality not in self.world.reading.median_min:
                    raise ValueError(f"world.reading.median_min.{modality}: missing")
            if not sum(kind.modality_mix.values()):
                raise ValueError(f"{where}: at least one share must be above 0")
        return self

    @model_validator(mode="after")
    def _somebody_reads(self) -> "Scenario":
        if not self.world.radiologists and not self.world.teleradiologists:
            raise ValueError("world.radiologists: nobody reads")
        if self.world.teleradiologists and self.site.teleradiology is None:
            raise ValueError("world.teleradiologists: there is no site.teleradiology")
        if not sum(self.world.name_scripts.values()):
            raise ValueError("world.name_scripts: at least one weight must be above 0")
        return self


def find(name: str) -> tuple[str, Scenario]:
    """The scenario of this name or path, and its short name. Raises ConfigError."""
    path = Path(name)
    if path.suffix != ".toml":
        packaged = files("sim.scenarios")
        known = sorted(entry.name.removesuffix(".toml") for entry in packaged.iterdir() if entry.name.endswith(".toml"))
        if name not in known:
            raise ConfigError(f"{name}: no such scenario; there is {', '.join(known)}, or give the path of a .toml file")
        path = Path(str(packaged / f"{name}.toml"))
    return path.stem, load(path, Scenario)
