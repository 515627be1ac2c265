"""Every order ends, and ends once."""

from collections import Counter

from emulators.trace import Record


class Checker:
    """Every order that was placed is closed exactly once, and no other."""

    kinds = ("stimulus", "note")

    def __init__(self) -> None:
        self._placed: set[str] = set()
        self._closed: Counter[str] = Counter()

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind == "stimulus":
            if record["name"] == "place order":
                self._placed.add(record["subject"])
        elif kind == "note" and record["name"] == "order closed":
            self._closed[record["subject"]] += 1

    def violations(self) -> list[str]:
        return sorted(
            [f"order {placer}: never closed" for placer in self._placed if placer not in self._closed]
            + [f"order {placer}: closed {count} times" for placer, count in self._closed.items() if count > 1]
            + [f"order {placer}: closed but never placed" for placer in self._closed if placer not in self._placed]
        )
