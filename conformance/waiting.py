"""Waiting for what can only be asked for."""

import time
from collections.abc import Callable


def wait_until(seen: Callable[[], bool], limit_s: float, every_s: float = 0.2) -> bool:
    """Ask with back-off until it is so, or the time is over; whether it is."""
    until = time.monotonic() + limit_s
    pause = min(every_s, 0.05)
    while not seen():
        if time.monotonic() >= until:
            return False
        time.sleep(min(pause, max(until - time.monotonic(), 0.001)))
        pause = min(pause * 1.5, every_s * 5)
    return True
