"""When patients come: a Poisson process whose rate changes by the hour of the day.

Emergency requests fit a Poisson process (Vasanawala and Desser, Radiology 2005;235:244); the clinic's hours are the scenario's.
"""

from dataclasses import dataclass

from datasets.draws import Draws
from emulators.core.errors import ConfigError
from emulators.core.instant import DAY, HOUR, Instant
from sim.scenario import World

VISITS_AN_HOUR = 10_000
"""Room for the numbers of one hour's visits."""


@dataclass(frozen=True, order=True, slots=True)
class Arrival:
    """``number`` says day, hour and place in the hour, so that a visit more in one hour gives nobody else another number."""

    at: Instant
    number: int


def arrivals(world: World, draws: Draws) -> list[Arrival]:
    """All arrivals of the run, in order of their instants. One hour's draws touch no other hour.

    Raises ConfigError if an hour has more visits than there are numbers for it.
    """
    found: list[Arrival] = []
    for day in range(world.days):
        for hour, expected in enumerate(world.expected_exams_by_hour):
            start = day * DAY + hour * HOUR
            count = draws.poisson(expected, "arrivals", day, hour)
            if count >= VISITS_AN_HOUR:
                raise ConfigError(
                    f"world.expected_exams_by_hour[{hour}]: {count} visits are more than {VISITS_AN_HOUR} an hour"
                )
            first = (day * 24 + hour) * VISITS_AN_HOUR + 1
            found.extend(Arrival(start + _into_hour_us(draws, day, hour, n), first + n) for n in range(count))
    return sorted(found)


def _into_hour_us(draws: Draws, day: int, hour: int, n: int) -> int:
    return int(draws.unit("arrival", day, hour, n) * HOUR)
