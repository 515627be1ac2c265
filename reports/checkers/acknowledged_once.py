"""A sender repeats a message until it is acknowledged, and then no more.

One HL7 message on one link (sender, receiver, MSH-10) goes through::

    (nothing) --refused, unknown, AR--> open --AA--> acknowledged
                                          +---AE--> rejected
"""

from emulators.trace import Record


class Checker:
    """Every HL7 message is sent until it is acknowledged with AA, and not again after that."""

    kinds = ("exchange",)

    def __init__(self) -> None:
        self._acknowledged: set[tuple[str, str, str]] = set()
        self._open: dict[tuple[str, str, str], str] = {}
        """What is not acknowledged, and how its last try ended."""
        self._violations: set[str] = set()

    def __call__(self, record: Record) -> None:
        if record["record"] != "exchange" or "control" not in record:
            return
        key = (record["sender"], record["receiver"], record["control"])
        if key in self._acknowledged:
            self._violations.add(f"{_named(key)}: sent again after its acknowledgement")
        elif record["outcome"] == "answered" and record["answer"] == "AA":
            self._acknowledged.add(key)
            if self._open:
                self._open.pop(key, None)
        else:
            self._open[key] = record["answer"] or record["outcome"]

    def violations(self) -> list[str]:
        left = [f"{_named(key)}: never acknowledged, last {last}" for key, last in self._open.items()]
        return sorted([*self._violations, *left])


def _named(key: tuple[str, str, str]) -> str:
    sender, receiver, control = key
    return f"message {control} from {sender} to {receiver}"
