"""What an actor wants done. The kernel carries effects out in the order in which the actor returned them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulators.core.event import Ticket
from emulators.core.instant import Instant


@dataclass(slots=True)
class Send:
    """Ask ``to``; the answer comes as ``Outcome(key, ...)`` no later than ``deadline_us`` after the port takes it.

    ``key`` is the actor's own and unique among its open sends. The lane follows from the message type. ``over``: on the
    association of this request, which is being answered in the same event, if its peer is somebody else's; it needs no route.
    """

    key: str
    to: str
    message: Any
    deadline_us: int
    over: Ticket | None = None


@dataclass(slots=True)
class Reply:
    ticket: Ticket
    message: Any


@dataclass(slots=True)
class SetTimer:
    """``TimerFired(key)`` at instant ``at``; setting a running timer again moves it."""

    key: str
    at: Instant


@dataclass(slots=True)
class CancelTimer:
    key: str


@dataclass(slots=True)
class Note:
    """Something the world may be waiting for: ``name`` says what happened, ``subject`` to which order, step or report.

    ``fields`` hold what the world needs to go on, in identifiers that a peer sees too.
    """

    name: str
    subject: str
    fields: Mapping[str, Any]


@dataclass(slots=True)
class Discard:
    """Let the system's own image store remove all that it holds of a study."""

    study_instance_uid: str


Effect = Send | Reply | SetTimer | CancelTimer | Note | Discard
