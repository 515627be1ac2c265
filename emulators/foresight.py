"""What the fault plan does to the legs of an exchange: how long they take, and how far a study comes before it fails."""

from emulators.core.fault import PASS, FaultKind, FaultPlan, Verdict
from emulators.core.instant import SECOND, Instant
from emulators.ports.contract import Exchange

_ENDING = frozenset((FaultKind.REFUSE, FaultKind.SWALLOW, FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.TRUNCATE))
"""Verdicts after which the connection is gone."""


def foresee_instances(exchange: Exchange, faults: FaultPlan, start: Instant) -> None:
    """Set in ``exchange`` how far its study will come: what is confirmed, what is stored, and how long that takes.

    The plan is asked once per response: where the association fails decides all three.

    Refused and swallowed concern the connection, so after the first instance they are a reset.
    """
    lane, message = exchange.lane, exchange.message
    total = len(message.instances)
    per_instance_us = lane.link.instance_us(message.instance_bytes)
    exchange.foreseen_confirmed = exchange.foreseen_stored = total
    exchange.instances_us = total * per_instance_us
    if per_instance_us < exchange.deadline_us and not faults.touches(lane.sender, lane.receiver, lane.name, "StoreStudy"):
        return
    now = start
    for number, instance in enumerate(message.instances):
        verdict = faults.verdict(lane.sender, lane.receiver, lane.name, "StoreStudy", instance, now)
        took_us = slowed_us(verdict, per_instance_us, message.instance_bytes, now)
        if verdict is not PASS:
            exchange.fault = verdict.kind
        if took_us >= exchange.deadline_us:
            verdict = Verdict(FaultKind.TRUNCATE)
        elif number and verdict.kind in (FaultKind.REFUSE, FaultKind.SWALLOW):
            verdict = Verdict(FaultKind.RESET_BEFORE)
        now += min(took_us, exchange.deadline_us)
        if verdict.kind in _ENDING:
            exchange.verdict = verdict
            exchange.foreseen_confirmed = number
            exchange.foreseen_stored = number + (verdict.kind is FaultKind.RESET_AFTER)
            break
    exchange.instances_us = now - start


def slowed_us(verdict: Verdict, leg_us: int, size: int, now: Instant) -> int:
    """How long a leg takes under a verdict that only takes time."""
    if verdict.kind is FaultKind.DELAY:
        return leg_us + verdict.delay_us
    if verdict.kind is FaultKind.SLOW:
        return max(leg_us, size * SECOND // verdict.bytes_per_s)
    if verdict.kind is FaultKind.HOLD:
        return max(leg_us, verdict.until_us - now)
    return leg_us
