"""Which studies an archive sends to others on its own, and when.

Rules
- A study is sent when it is matched and whole: every performed step of it has ended, one of them completed, and all instances
  that these named are here; or, if no step was ever announced for it, when nothing of it has come for a quiet time. What
  was only broken off is not sent.
- All rules that take it are followed, each destination once. What comes after that follows at once to the same destinations.
- Each destination has a queue of its own in the outbox: one that is away holds no other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from emulators.actors.performed_steps import PerformedStep
from emulators.actors.study_table import SeriesKey, Study
from emulators.messages.imaging import StoreStudy
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.messages.orders import ProcedureMessage

ANY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """Send to the system ``destination`` what has one of these ``modalities`` and ``body_parts`` and an order of one of these
    ``priorities``; none of them named means any. ``hours``: from the first hour of the day to before the second, also over
    midnight; a study without an order is ROUTINE.
    """

    destination: str
    modalities: frozenset[str] = ANY
    body_parts: frozenset[str] = ANY
    priorities: frozenset[str] = ANY
    hours: tuple[int, int] | None = None

    def takes(self, modalities: frozenset[str], body_part: str, priority: str, hour: int) -> bool:
        return (
            (not self.modalities or not self.modalities.isdisjoint(modalities))
            and (not self.body_parts or body_part in self.body_parts)
            and (not self.priorities or priority in self.priorities)
            and (self.hours is None or _is_within(hour, *self.hours))
        )


def _is_within(hour: int, first: int, last: int) -> bool:
    return first <= hour < last if first < last else hour >= first or hour < last


@dataclass(slots=True)
class _Routed:
    """What of a study was given to the outbox for one destination, and what of that is still on its way."""

    sent: dict[SeriesKey, InstanceSet] = field(default_factory=dict)
    under_way: int = 0
    refused: bool = False
    told: bool = False


class Router:
    """Remembers what was sent where."""

    def __init__(self, rules: Sequence[RoutingRule]) -> None:
        self._rules = rules
        self._routed: dict[str, dict[str, _Routed]] = {}
        """By Study Instance UID, by destination; a study for which no rule is has no destination."""

    @property
    def is_needed(self) -> bool:
        return bool(self._rules)

    def has_decided(self, study: Study) -> bool:
        """Whether the rules have been asked."""
        return study.uid in self._routed

    def decide(self, study: Study, order: ProcedureMessage | None, hour: int) -> None:
        """Ask the rules, once."""
        modalities = frozenset(one.modality for one in study.shown.values())
        body_part = (order.order.body_part if order is not None else "") or study.header.body_part
        priority = order.order.priority if order is not None else "ROUTINE"
        taking = [rule.destination for rule in self._rules if rule.takes(modalities, body_part, priority, hour)]
        self._routed[study.uid] = {destination: _Routed() for destination in dict.fromkeys(taking)}

    def due(self, study: Study) -> Iterator[tuple[str, StoreStudy]]:
        """What is here and was not sent yet, with its destination; it counts as sent."""
        destinations = self._routed[study.uid]
        stores = tuple(_with_a_number(store, study.order) for store in study.stores()) if destinations else ()
        for destination, routed in destinations.items():
            for store in stores:
                key = store.series_instance_uid, store.sop_class_uid
                before = routed.sent.get(key, NO_INSTANCES)
                new = store.instances.without(before)
                if new:
                    routed.sent[key] = before.union(new)
                    routed.under_way += 1
                    yield destination, store.only(new)

    def delivered(self, destination: str, store: StoreStudy, accepted: bool) -> bool:
        """Whether this was the last that was on its way, and all of it has arrived for the first time."""
        routed = self._routed[store.header.study_instance_uid][destination]
        routed.under_way -= 1
        routed.refused |= not accepted
        if routed.under_way or routed.refused or routed.told:
            return False
        routed.told = True
        return True


def _with_a_number(store: StoreStudy, accession_number: str) -> StoreStudy:
    """Who reads elsewhere reports under an accession number: where several orders were done as one, that of the first."""
    if store.header.accession_number:
        return store
    return replace(store, header=replace(store.header, accession_number=accession_number))


def is_whole(study: Study, steps: Iterable[PerformedStep]) -> bool:
    """Whether these steps have ended, one at least as it should, and all that they made is here."""
    completed = False
    here = {uid: NO_INSTANCES for uid, _ in study.series}
    for (uid, _), one in study.series.items():
        here[uid] = here[uid].union(one.instances)
    for step in steps:
        if step.ended is None:
            return False
        completed |= step.ended.status == "COMPLETED"
        if any(made.instances.without(here.get(made.series_instance_uid, NO_INSTANCES)) for made in step.ended.series):
            return False
    return completed
