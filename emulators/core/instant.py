"""Time: whole microseconds of the model, and the wall clock of a system.

``Instant`` counts microseconds since the run began. What a system writes into a message is a ``Stamp``: local wall time to the
second, ``YYYYMMDDHHMMSS``, the coarsest form that HL7 TS and DICOM DA + TM share, so that every codec carries it unchanged.
"""

from datetime import datetime, timedelta

Instant = int
Stamp = str

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_STAMP_FORMAT = "%Y%m%d%H%M%S"


class WallClock:
    """The wall clock of one system: the scenario's epoch, plus now, plus the system's skew.

    ``epoch`` is the local wall time of instant 0; ``skew_us`` is how far this system's clock is ahead.
    """

    def __init__(self, epoch: datetime, skew_us: int = 0) -> None:
        self._epoch = epoch
        self._skew_us = skew_us
        self._last_second: int | None = None
        self._last_stamp = ""

    def stamp(self, now: Instant) -> Stamp:
        """Wall time at ``now``, cut to the second."""
        second = (now + self._skew_us) // SECOND
        if second != self._last_second:  # many messages fall into one second; formatting costs more than the rest of a send
            self._last_stamp = (self._epoch + timedelta(seconds=second)).strftime(_STAMP_FORMAT)
            self._last_second = second
        return self._last_stamp
