"""For notebooks and scripts: change a scenario, run it in memory, and keep all that its trace says.

>>> hospital = change("community_hospital", {"world.technologists": 8})
>>> result = run(hospital, seed=7)

A draw is a function of the seed and of what it is drawn for (datasets/draws.py). So with the same seed a changed hospital meets
the same patients at the same times, and two results differ by the change, not by luck.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulators.carriers import MemoryCarriers
from emulators.config import parse
from emulators.core.errors import ConfigError
from emulators.core.fault import FaultPlan
from emulators.trace import Record
from sim.run import Ending, Run
from sim.scenario import Scenario, find


@dataclass(frozen=True, slots=True)
class Result:
    """A run that has ended; ``records`` are those of its trace (emulators/trace.py), in order."""

    scenario: Scenario
    seed: int
    ending: Ending
    records: list[Record]

    @property
    def epoch(self) -> datetime:
        """The hospital's wall time at instant 0."""
        return self.scenario.site.epoch


def run(scenario: Scenario | str, seed: int = 1) -> Result:
    """Run a scenario, or the one of this name or path, in memory and without faults.

    It gives the records that `radloop run SCENARIO --seed SEED` writes. Raises ConfigError where there is no such scenario.
    """
    settings = _settings(scenario)
    records: list[Record] = []
    carriers = MemoryCarriers()
    model = Run(settings, seed, FaultPlan(seed), carriers, carriers.import_prior, subscribers=[records.append])
    return Result(settings, seed, model.carry_out(), records)


def change(scenario: Scenario | str, changes: Mapping[str, Any]) -> Scenario:
    """The scenario with other values, by key path: ``{"world.arrivals[0].stat_fraction": 0.2}``.

    Raises ConfigError, with the key path, for a key that a scenario does not have and for a value that it cannot have.
    """
    data = _settings(scenario).model_dump(mode="json")
    for path, value in changes.items():
        *parents, last = (int(key) if key.isdecimal() else key for key in re.findall(r"[^.\[\]]+", path))
        section: Any = data
        try:
            for key in parents:
                section = section[key]
            section[last] = value
        except (KeyError, IndexError, TypeError):
            raise ConfigError(f"{path}: a scenario has no such key") from None
    return parse(data, Scenario, "changed scenario")


def _settings(scenario: Scenario | str) -> Scenario:
    return find(scenario)[1] if isinstance(scenario, str) else scenario
