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
from emulators.site import SiteSettings

Modality = Literal["CT", "MR", "DX", "US"]
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


class World(Settings):
    days: int = Field(ge=1, le=3660)
    expected_exams_by_hour: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=24, max_length=24)
    modality_mix: dict[Modality, Annotated[float, Field(ge=0)]]
    stat_fraction: Fraction
    prior_fraction: Fraction
    registration_mean_min: Minutes
    technologists: int = Field(ge=1)
    acquisition_sigma: float = Field(ge=0, le=2)
    changeover_min: Minutes
    patience_min: Minutes
    images: Images
    radiologists: tuple[Shift, ...] = Field(min_length=1)
    reading: Reading
    drain_limit_h: float = Field(gt=0)


class Scenario(Settings):
    title: str
    site: SiteSettings
    world: World

    @model_validator(mode="after")
    def _every_modality_has_what_it_needs(self) -> "Scenario":
        for modality, share in self.world.modality_mix.items():
            if share and modality not in self.site.stations:
                raise ValueError(f"world.modality_mix.{modality}: no scanner of this modality in site.scanners")
            if share and modality not in self.world.reading.median_min:
                raise ValueError(f"world.reading.median_min.{modality}: missing")
        if not sum(self.world.modality_mix.values()):
            raise ValueError("world.modality_mix: at least one share must be above 0")
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
