"""What an actor is told.

======================  ====================================================================================================
``Stimulus``            the world touches the system: an operator, a patient, a clock on the wall of the ward
``Request``             a peer asks; answer it with ``Reply(ticket, ...)``, at most once
``Withdrawn``           the peer of that ticket cancelled or left; an answer is no longer awaited
``Outcome``             exactly one for every ``Send``, by its deadline
``TimerFired``          a timer that the actor set has run out
``Told``                the actor's own host informs it (the archive has a batch on disk); there is nothing to answer
======================  ====================================================================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

Ticket = int


class OutcomeKind(Enum):
    """What a sender can know of a ``Send``; retry is decided by this.

    ``REFUSED``: it did not happen and will not. ``UNKNOWN``: it may have happened.
    """

    ANSWERED = "answered"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Stimulus:
    name: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class Request:
    """``mode``: how the sender of an HL7 message wants it acknowledged, if not in original mode (messages/acknowledgements)."""

    ticket: Ticket
    sender: str
    message: Any
    mode: Any = None


@dataclass(slots=True)
class Withdrawn:
    ticket: Ticket


@dataclass(slots=True)
class Outcome:
    """``message`` is the answer; after an ``UNKNOWN`` of a study it is what was confirmed until then, else None."""

    key: str
    kind: OutcomeKind
    message: Any


@dataclass(slots=True)
class TimerFired:
    key: str


@dataclass(slots=True)
class Told:
    message: Any


Event = Stimulus | Request | Withdrawn | Outcome | TimerFired | Told
