"""A small clinic for tests: the packaged scenario with few exams, and a run of it in memory."""

from typing import Any

from emulators.carriers import CodecCarriers, MemoryCarriers
from emulators.core.fault import FaultPlan
from emulators.trace import Subscriber
from sim import faults
from sim.run import Ending, Run, scanned_images
from sim.scenario import Scenario, find


def scenario(site: dict[str, Any] | None = None, **world: Any) -> Scenario:
    """The clinic with these settings of its site and its world replaced."""
    _, clinic = find("clinic")
    data = clinic.model_dump()
    data["site"].update(site or {})
    data["world"].update(world)
    return Scenario.model_validate(data)


def small_clinic(**world: Any) -> Scenario:
    """A morning of about ten exams of all modalities, with few images each: a run takes some hundredths of a second."""
    by_hour = [0.0] * 8 + [5.0, 5.0] + [0.0] * 14
    mix = {"CT": 1.0, "MR": 1.0, "DX": 1.0, "US": 1.0}
    settings = {"expected_exams_by_hour": by_hour, "modality_mix": mix, "images": {"cap": 5, "scale": 0.125}}
    return scenario(**{**settings, **world})


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
