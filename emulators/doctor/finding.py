"""What was found out about one connection."""

from dataclasses import dataclass
from enum import Enum

CONNECT_LIMIT_S = 3.0
ANSWER_LIMIT_S = 5.0

STALL_FROM_S, STALL_TO_S = 0.035, 0.25
"""A delayed acknowledgement of TCP is 40 ms on Linux, up to 200 ms elsewhere (measured: 22 instances a second)."""


class Health(Enum):
    GOOD = "good"
    SLOW = "slow"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` in a word or two, for a table; ``advice`` says where to look, empty where all is well."""

    health: Health
    what: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """Who speaks to whom, and about what; ``address`` is where the receiver listens."""

    sender: str
    receiver: str
    protocol: str
    address: tuple[str, int]
    lanes: tuple[str, ...]


def stalls(round_trips_s: list[float], connect_s: float) -> bool:
    """Whether every round trip takes a delayed acknowledgement longer than the network does."""
    ordered = sorted(round_trips_s)
    median = ordered[len(ordered) // 2]
    return STALL_FROM_S <= median <= STALL_TO_S and median > 10 * connect_s


def unreachable(error: OSError, address: tuple[str, int]) -> Finding:
    """A connection that did not come about."""
    where = f"{address[0]}:{address[1]}"
    if isinstance(error, TimeoutError):
        advice = f"nothing answers at {where}: a firewall drops the packets, or the host is down"
        return Finding(Health.BROKEN, "swallowed", advice)
    if isinstance(error, ConnectionRefusedError):
        advice = f"the host says that nothing listens at {where}: wrong port, or the system is not running"
        return Finding(Health.BROKEN, "refused", advice)
    return Finding(Health.BROKEN, "unreachable", f"{where}: {error.strerror or error}")
