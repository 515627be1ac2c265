"""What did not go by the book, and what people had to put right: how often, in the order in which it is shown.

What is told twice of the same subject counts once.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from emulators.trace import Record

HAPPENED = {
    "cancelled": "orders cancelled",
    "cancelled_too_late": "cancellations that came too late",
    "changed": "orders changed before the exam",
    "made_after": "exams made before there was an order",
    "updated": "patients whose name or birth date was corrected",
    "merged": "patients merged",
    "transferred": "patients transferred",
    "done_as_one": "several orders done as one exam",
    "wrong_entry": "worklist entries picked for somebody else",
    "discontinued": "exams broken off",
    "appended": "exams to which images were appended",
    "addenda": "reports with an addendum",
    "corrected": "reports corrected",
}
PUT_RIGHT = {
    "typed": "patients typed at the scanner",
    "linked": "exams that a clerk linked to their order",
    "ordered": "exams that a clerk made an order for",
    "matched": "studies that a person matched",
    "resent": "dead letters that a person sent again",
}
"""Keys to words."""

_STIMULI = {
    "change order": "changed",
    "update patient": "updated",
    "update person": "updated",
    "merge": "merged",
    "transfer": "transferred",
    "append images": "appended",
    "start unscheduled": "typed",
    "link exam": "linked",
    "create order": "ordered",
}


@dataclass(slots=True)
class Happenings:
    """A trace subscriber."""

    kinds = ("stimulus", "note")

    _seen: set[tuple[str, str]] = field(default_factory=set)
    """Key and subject."""

    def __call__(self, record: Record) -> None:
        name, subject = record["name"], record["subject"]
        if record["record"] == "stimulus":
            keys: tuple[str, ...] = (_STIMULI[name],) if name in _STIMULI else ()
        else:
            keys = _KEYS_OF_NOTE[name](record) if name in _KEYS_OF_NOTE else ()
        self._seen.update((key, subject) for key in keys)

    def result(self) -> dict[str, dict[str, int]]:
        """``happened`` and ``put_right``, by key; what did not occur is 0."""
        counts = Counter(key for key, _ in self._seen)
        groups = {"happened": HAPPENED, "put_right": PUT_RIGHT}
        return {group: {key: counts[key] for key in keys} for group, keys in groups.items()}


def _if(condition: bool, key: str) -> tuple[str, ...]:
    return (key,) if condition else ()


_KEYS_OF_NOTE: dict[str, Callable[[Record], tuple[str, ...]]] = {
    "order closed": lambda note: _if(note["state"] == "cancelled", "cancelled"),
    "order status": lambda note: _if(note["order_control"] == "UC", "cancelled_too_late"),
    "procedure scheduled": lambda note: _if(note["subject"] == note["accession"], "made_after"),
    "procedure rescheduled": lambda _: ("wrong_entry",),
    "exam started": lambda note: _if("+" in note["accession"], "done_as_one"),
    "exam discontinued": lambda note: _if(note["instances"] > 0, "discontinued"),
    "report filed": lambda note: (*_if(bool(note["addendum"]), "addenda"), *_if(note["status"] == "C", "corrected")),
    "study reconciled": lambda note: _if((note["state"], note["by"]) == ("matched", "person"), "matched"),
    "dead letter resent": lambda _: ("resent",),
}
