"""A sender repeats a message until it is acknowledged, and then no more.

One HL7 message on one link (sender, receiver, MSH-10) goes through::

    (nothing) --refused, unknown, AR--> open --AA--> acknowledged
        |                                 +---AE--> rejected
        +--AA, AE: the same                            |
                             open again <--dead letter resent

A message that is rejected with AR for too long is set aside as a dead letter too.
"""

from emulators.trace import Record

_Key = tuple[str, str, str]


class Checker:
    """Every HL7 message is sent until it is acknowledged, or refused for good, and not again after that."""

    kinds = ("exchange", "note")
    needs = ""

    def __init__(self) -> None:
        self._over: dict[_Key, str] = {}
        """What is acknowledged or rejected, in words."""
        self._open: dict[_Key, str] = {}
        """What is not, and how its last try ended."""
        self._violations: set[str] = set()

    def __call__(self, record: Record) -> None:
        if record["record"] == "note":
            self._note(record)
        elif "control" in record:
            self._exchange(record)

    def _exchange(self, record: Record) -> None:
        key = (record["sender"], record["receiver"], record["control"])
        answer = record["answer"] if record["outcome"] == "answered" else None
        if key in self._over:
            self._violations.add(f"{_named(key)}: sent again after its {self._over[key]}")
        elif answer == "AA":
            self._over[key] = "acknowledgement"
            self._open.pop(key, None)
        elif answer is not None and answer.startswith("AE"):
            self._over[key] = "refusal"
            self._open.pop(key, None)
        else:
            self._open[key] = answer or record["outcome"]

    def _note(self, record: Record) -> None:
        if record["name"] == "dead letter":
            self._open.pop((record["system"], record["to"], record["subject"]), None)
        elif record["name"] == "dead letter resent":
            self._over.pop((record["system"], record["to"], record["subject"]), None)

    def violations(self) -> list[str]:
        left = [f"{_named(key)}: never acknowledged, last {last}" for key, last in self._open.items()]
        return sorted([*self._violations, *left])


def _named(key: _Key) -> str:
    sender, receiver, control = key
    return f"message {control} from {sender} to {receiver}"
