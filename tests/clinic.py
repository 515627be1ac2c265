"""A small clinic for tests: the packaged scenario with few exams, and a run of it in memory."""

from typing import Any

from emulators.carriers import CodecCarriers, MemoryCarriers
from emulators.core.fault import FaultPlan
from emulators.trace import Subscriber
from sim import faults
from sim.happenings import Happenings
from sim.run import Ending, Run, scanned_images
from sim.scenario import Scenario, find

MODALITIES = {"CT": 1.0, "MR": 1.0, "DX": 1.0, "US": 1.0}


def scenario(site: dict[str, Any] | None = None, **world: Any) -> Scenario:
    """The clinic with these settings of its site and its world replaced."""
    _, clinic = find("clinic")
    data = clinic.model_dump()
    data["site"].update(site or {})
    data["world"].update(world)
    return Scenario.model_validate(data)


def visits(eight: float, nine: float, patient_class: str = "O", **settings: Any) -> dict[str, Any]:
    """One kind of visits: how many are expected from 8 to 9 and from 9 to 10 o'clock; none in other hours."""
    return {
        "patient_class": patient_class,
        "location": "CLINIC",
        "expected_exams_by_hour": [0.0] * 8 + [eight, nine] + [0.0] * 14,
        "day_factors": [1.0] * 7,
        "stat_fraction": 0.15,
        "modality_mix": MODALITIES,
        **settings,
    }


def happenings(**fractions: float) -> dict[str, float]:
    """Everything goes by the book, but for these."""
    return {**dict.fromkeys(Happenings.model_fields, 0.0), **fractions}


def small_clinic(**world: Any) -> Scenario:
    """A morning of about ten exams of all modalities, with few images each: a run takes some hundredths of a second."""
    settings = {"arrivals": [visits(5, 5)], "images": {"cap": 5, "scale": 0.125}}
    return scenario(**{**settings, **world})


def eventful_clinic(**world: Any) -> Scenario:
    """The same with some emergencies and inpatients, and everything that can happen: with seed 7 all of it does."""
    kinds = [visits(7, 7), visits(3, 3, "E", stat_fraction=0.9), visits(3, 3, "I")]
    often = happenings(**dict.fromkeys(Happenings.model_fields, 0.2))
    often |= {"no_show": 0.1, "cancelled": 0.1, "unordered": 0.5, "typing_error": 0.8, "transferred": 0.5}
    often |= {"second_procedure": 0.4, "done_as_one": 0.5}
    return small_clinic(**{"arrivals": kinds, "happenings": often, "technologists": 8, **world})


def half_the_acknowledgements(seed: int) -> FaultPlan:
    return faults.find("half_the_acknowledgements").plan(seed)


def codec_carriers(clinic: Scenario, seed: int) -> CodecCarriers:
    return CodecCarriers(clinic.site, scanned_images(clinic, seed).instances)


def run(
    clinic: Scenario,
    *subscribers: Subscriber,
    seed: int = 7,
    plan: FaultPlan | None = None,
    carriers: MemoryCarriers | None = None,
) -> Ending:
    """Run in memory, with ``subscribers`` of its trace."""
    carried = carriers or MemoryCarriers()
    return Run(clinic, seed, plan or FaultPlan(seed), carried, carried.import_prior, subscribers=subscribers).carry_out()
