"""What is still to come from a product though no exchange waits for it: the results of commitments that it has taken on."""

import time
from collections.abc import Callable

from emulators.trace import Record

SUCCESS = "0000H"


class Expectations:
    """A trace subscriber. A result is expected for ``limit_s`` of the wall; after that its modality may give it up, which
    asks again under another number."""

    kinds = ("exchange",)

    def __init__(self, limit_s: float, wall_s: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._wall_s = wall_s
        self._since: dict[str, float] = {}
        self._come: set[str] = set()

    def __call__(self, record: Record) -> None:
        message = record["message"]
        if message == "CommitRequest":
            if record["answer"] == SUCCESS and record["transaction"] not in self._come:
                self._since[record["transaction"]] = self._wall_s()
        elif message == "CommitResult":
            self._come.add(record["transaction"])
            self._since.pop(record["transaction"], None)

    def pending(self) -> bool:
        """Whether a result is awaited."""
        now = self._wall_s()
        return any(now - since < self._limit_s for since in self._since.values())
