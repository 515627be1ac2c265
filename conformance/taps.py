"""The record of every connection: bytes and times, as they went and came, before anything reads them.

A tap stands at the tester's end of a connection, or in a relay between a library and the product. Records are numbered from
1 in the order in which they were made; a verdict names the records that prove it. The file is one JSON object a line.
"""

import base64
import json
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

Protocol = Literal["dicom", "mllp"]
Event = Literal["opened", "to product", "from product", "closed"]


@dataclass(frozen=True, slots=True)
class Record:
    """One event of a connection. ``at_s`` counts from the start of the run; ``data`` are bytes, or in words how it closed."""

    number: int
    connection: int
    at_s: float
    event: Event
    data: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection: the case and variant it belongs to, who opened it, and between whom."""

    connection: int
    case: str
    protocol: Protocol
    opened_by: Literal["tester", "product"]
    peer: str  # the tester's system
    address: str


Recorded = tuple[dict[int, Opened], list[Record]]
"""Connections by number, and the records of all of them in order: what a file of records holds."""


class Tap:
    """One connection's end of the record."""

    def __init__(self, taps: "Taps", connection: int) -> None:
        self._taps = taps
        self.connection = connection
        self._is_closed = False

    def sent(self, data: bytes) -> int:
        """The number of the record."""
        return self._taps.add(self.connection, "to product", data)

    def received(self, data: bytes) -> int:
        """The number of the record."""
        return self._taps.add(self.connection, "from product", data)

    def closed(self, how: str) -> None:
        """Who ended it and how; only the first counts."""
        if not self._is_closed:
            self._is_closed = True
            self._taps.add(self.connection, "closed", how.encode())


class Taps:
    """All taps of a run. Any thread may use them. ``file`` gets every record as it is made.

    ``earlier`` are the connections and records of an interrupted run that goes on: numbers and times go on from there.
    """

    def __init__(self, file: TextIO | None = None, earlier: Recorded | None = None) -> None:
        self._lock = threading.Lock()
        self._is_ended = False
        self._file = file
        self._started_s = time.monotonic()
        self.started = datetime.now(UTC)
        self.connections: dict[int, Opened] = {}
        self.records: list[Record] = []
        if earlier is not None:
            self.connections, self.records = dict(earlier[0]), list(earlier[1])
            self._started_s -= self.records[-1].at_s if self.records else 0.0
            for record in self.records:
                self._write(record)

    def open(self, case: str, protocol: Protocol, opened_by: Literal["tester", "product"], peer: str, address: str) -> Tap:
        with self._lock:
            opened = Opened(len(self.connections) + 1, case, protocol, opened_by, peer, address)
            self.connections[opened.connection] = opened
        self.add(opened.connection, "opened", b"")
        return Tap(self, opened.connection)

    def add(self, connection: int, event: Event, data: bytes) -> int:
        with self._lock:
            if self._is_ended:
                return len(self.records)
            at_s = round(time.monotonic() - self._started_s, 6)
            record = Record(len(self.records) + 1, connection, at_s, event, data)
            self.records.append(record)
            self._write(record)
            return record.number

    def end(self) -> None:
        """The record is complete: what a slow thread of the tester still does is no part of it."""
        with self._lock:
            self._is_ended = True

    def _write(self, record: Record) -> None:
        if self._file is not None:
            self._file.write(_line(record, self.connections[record.connection]))

    @property
    def last(self) -> int:
        """The number of the last record."""
        with self._lock:
            return len(self.records)

    def of_case(self, case: str, since: int = 0) -> list[Record]:
        """The records of a case (its variant in the name) behind number ``since``."""
        with self._lock:
            return [one for one in self.records[since:] if self.connections[one.connection].case == case]

    def numbers_since(self, first: int, case: str) -> tuple[tuple[int, ...], list[int]]:
        """The records of a case (its variant in the name) from number ``first`` on: those from the product, and all."""
        own = self.of_case(case, first - 1)
        return tuple(one.number for one in own if one.event == "from product"), [one.number for one in own]


def _line(record: Record, opened: Opened) -> str:
    content: dict[str, Any] = {
        "record": record.number,
        "connection": record.connection,
        "at_s": record.at_s,
        "event": record.event,
    }
    if record.event == "opened":
        content |= {
            "case": opened.case,
            "protocol": opened.protocol,
            "opened_by": opened.opened_by,
            "peer": opened.peer,
            "address": opened.address,
        }
    elif record.event == "closed":
        content["how"] = record.data.decode()
    else:
        content["data"] = base64.b64encode(record.data).decode()
    return json.dumps(content, ensure_ascii=False) + "\n"


def read_records(path: Path) -> Recorded:
    """Read back what a run recorded. Raises ValueError where the file is not such a record, OSError."""
    connections: dict[int, Opened] = {}
    records: list[Record] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                content = json.loads(line)
                records.append(_record(content))
                if content["event"] == "opened":
                    keys = ("connection", "case", "protocol", "opened_by", "peer", "address")
                    connections[content["connection"]] = Opened(*(content[key] for key in keys))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path}: line {number} is not a record: {error!r}") from None
    return connections, records


def _record(content: dict[str, Any]) -> Record:
    event = content["event"]
    data = content.get("how", "").encode() if event == "closed" else base64.b64decode(content.get("data", ""))
    return Record(content["record"], content["connection"], content["at_s"], event, data)


def ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Record numbers as ranges, first and last included."""
    ordered: Sequence[int] = sorted(set(numbers))
    start = 0
    for index in range(1, len(ordered) + 1):
        if index == len(ordered) or ordered[index] != ordered[index - 1] + 1:
            yield ordered[start], ordered[index - 1]
            start = index
