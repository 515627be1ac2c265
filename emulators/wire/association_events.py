"""What an ``upper_layer.Association`` tells its driver: the indications and confirmations of PS3.8 7, the ARTIM timer and the
transport connection. Data comes as ``pdu.DataValue``.
"""

from dataclasses import dataclass
from typing import Literal

from emulators.wire.pdu import AssociateAccept, AssociateReject, AssociateRequest, DataValue


@dataclass(frozen=True, slots=True)
class ConnectTransport:
    """Open the transport connection, then call ``transport_connected``."""


@dataclass(frozen=True, slots=True)
class AssociationRequested:
    """A-ASSOCIATE indication: answer with ``respond``."""

    request: AssociateRequest


@dataclass(frozen=True, slots=True)
class AssociationAccepted:
    """A-ASSOCIATE confirmation (accept): the agreed contexts are in ``Association.contexts``."""

    accept: AssociateAccept


@dataclass(frozen=True, slots=True)
class AssociationRejected:
    """A-ASSOCIATE confirmation (reject)."""

    reject: AssociateReject


@dataclass(frozen=True, slots=True)
class ReleaseRequested:
    """A-RELEASE indication. Answer with ``respond_to_release`` as soon as ``release_response_is_due``.

    In a collision the acceptor's answer is due only after its own release is confirmed.
    """

    is_collision: bool


@dataclass(frozen=True, slots=True)
class Released:
    """A-RELEASE confirmation."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """A-ABORT or A-P-ABORT indication: the association is gone, not by a local call.

    ``source`` and ``reason`` as in PS3.8 Table 9-26; ``by`` says where it began: the peer's A-ABORT, a lost
    connection, or here because of what the peer sent. ``detail`` is one line without patient data.
    """

    source: int
    reason: int
    by: Literal["peer", "transport", "local"]
    detail: str


@dataclass(frozen=True, slots=True)
class StartArtim:
    """Start the ARTIM timer, anew where it runs; call ``artim_expired`` when it has run out."""


@dataclass(frozen=True, slots=True)
class StopArtim:
    """Stop the ARTIM timer where it runs."""


@dataclass(frozen=True, slots=True)
class CloseTransport:
    """Send what is left to send, then close the transport connection."""


Event = (
    ConnectTransport
    | AssociationRequested
    | AssociationAccepted
    | AssociationRejected
    | DataValue
    | ReleaseRequested
    | Released
    | Aborted
    | StartArtim
    | StopArtim
    | CloseTransport
)
