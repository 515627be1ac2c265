"""When patients come: a Poisson process whose rate changes by the hour of the day.

Emergency requests fit a Poisson process (Vasanawala and Desser, Radiology 2005;235:244); the clinic's hours are the scenario's.
"""

from datasets.draws import Draws
from emulators.core.instant import DAY, HOUR, Instant
from sim.scenario import World


def arrivals(world: World, draws: Draws) -> list[Instant]:
    """The instants of all arrivals of the run, in order. One hour's draws touch no other hour."""
    instants: list[Instant] = []
    for day in range(world.days):
        for hour, expected in enumerate(world.expected_exams_by_hour):
            start = day * DAY + hour * HOUR
            count = draws.poisson(expected, "arrivals", day, hour)
            instants.extend(start + int(draws.unit("arrival", day, hour, n) * HOUR) for n in range(count))
    return sorted(instants)
