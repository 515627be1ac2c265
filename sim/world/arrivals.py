"""When patients come: a Poisson process for each kind of visit, whose rate changes by the hour of the week.

Emergency requests fit a Poisson process (Vasanawala and Desser, Radiology 2005;235:244); the hours are the scenario's.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from datasets.draws import Draws
from emulators.core.errors import ConfigError
from emulators.core.instant import DAY, HOUR, Instant
from sim.scenario import World

VISITS_AN_HOUR = 1_000
"""Room for the numbers of one hour's visits of one kind."""

_KINDS = 10


@dataclass(frozen=True, order=True, slots=True)
class Arrival:
    """``number`` says day, hour, kind and place in the hour, so that a visit more in one hour gives nobody else another number.

    ``kind`` is the index in the scenario's arrivals.
    """

    at: Instant
    number: int
    kind: int


def arrivals(world: World, draws: Draws, first_day: date) -> list[Arrival]:
    """All arrivals of the run, in order of their instants. One hour's draws touch no other hour, nor another kind's.

    Raises ConfigError if an hour has more visits than there are numbers for it.
    """
    found: list[Arrival] = []
    for kind, settings in enumerate(world.arrivals):
        for day in range(world.days):
            factor = settings.day_factors[(first_day + timedelta(days=day)).weekday()]
            for hour, expected in enumerate(settings.expected_exams_by_hour):
                key = (day, hour) if not kind else (day, hour, kind)
                count = draws.poisson(expected * factor, "arrivals", *key)
                if count >= VISITS_AN_HOUR:
                    where = f"world.arrivals[{kind}].expected_exams_by_hour[{hour}]"
                    raise ConfigError(f"{where}: {count} visits are more than {VISITS_AN_HOUR} an hour")
                start = day * DAY + hour * HOUR
                first = ((day * 24 + hour) * _KINDS + kind) * VISITS_AN_HOUR + 1
                found.extend(Arrival(start + int(draws.unit("arrival", *key, n) * HOUR), first + n, kind) for n in range(count))
    return sorted(found)
