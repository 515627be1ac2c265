"""What the operator of a served system is told unasked: in its log, without a word of a patient or of a peer.

Everything else that a system notes goes to who listens at its control port.
"""

import logging

from emulators.core.instant import SECOND
from emulators.trace import Record

log = logging.getLogger("radloop")


class Alerts:
    """A subscriber of the trace."""

    kinds = ("note",)

    def __call__(self, record: Record) -> None:
        name, system = record["name"], record["system"]
        if name == "queue alert":
            waited_s, depth = record["oldest_us"] // SECOND, record["depth"]
            log.warning("%s: %d messages wait for %s, the oldest for %d s", system, depth, record["subject"], waited_s)
        elif name == "queue alert over":
            log.warning("%s: nothing waits for %s any more", system, record["subject"])
        elif name in ("dead letter", "delivery refused"):
            log.warning("%s: %s has refused a %s for good", system, record["to"], record["message"])
