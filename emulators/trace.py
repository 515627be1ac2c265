"""The one trace: a stream of records that measures, checkers, reports and the file subscribe to.

A record is a plain dict that starts with ``at`` (the instant, microseconds) and ``record`` (its kind):

==============  =======================================================================================================
``exchange``    one Send with its Outcome: sender, receiver, lane, message, the instants taken, started and arrived (-1:
                never), outcome, answer, the fault injected if any, and the identifiers that survive a real product in
                the middle (mrn, placer, accession, study, step, control)
``stimulus``    the world touched a system
``note``        a system told the world
``stored``      a batch of instances is on disk and its archive was told
``late``        an answer that came after its sender had given up; it is dropped
==============  =======================================================================================================

Levels: ``none`` writes no file, ``exchanges`` writes every record, ``full`` adds to each exchange the content of the
message and of the answer. In-process subscribers get the records at every level. No wall times and no paths
stand in a record.
"""

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, BinaryIO

import orjson

KINDS = ("exchange", "stimulus", "note", "stored", "late")

Record = dict[str, Any]
Subscriber = Callable[[Record], None]


class Level(Enum):
    NONE = "none"
    EXCHANGES = "exchanges"
    FULL = "full"


class Trace:
    """Passes each record to its subscribers, in the order of their subscription.

    A subscriber with an attribute ``kinds`` gets only records of these kinds; the others get all.
    """

    def __init__(self, level: Level = Level.EXCHANGES) -> None:
        self.level = level
        self.full = level is Level.FULL
        self._subscribers: dict[str, list[Subscriber]] = {kind: [] for kind in KINDS}

    def subscribe(self, subscriber: Subscriber) -> None:
        """Let ``subscriber`` hear the trace from now on."""
        for kind in getattr(subscriber, "kinds", KINDS):
            self._subscribers[kind].append(subscriber)

    def publish(self, record: Record) -> None:
        """Pass on a record, whose kind must be one of ``KINDS``."""
        for subscriber in self._subscribers[record["record"]]:
            subscriber(record)


class TraceFile:
    """A subscriber that writes one JSON object a line. Close it, or use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("wb", buffering=1 << 20)

    def __call__(self, record: Record) -> None:
        self._file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))

    def __enter__(self) -> "TraceFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> list[Record]:
    """All records of a trace file."""
    with path.open("rb") as lines:
        return [orjson.loads(line) for line in lines]
