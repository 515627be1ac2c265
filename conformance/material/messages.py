"""An HL7 message of a trial to the product: from whom it is, and its MSH-10."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conformance.material.hl7 import Addressing, message, msh
from conformance.target import PeerName
from conformance.trial import HL7_CALLERS, Trial
from emulators.wire.er7 import Field, Row, parse


@dataclass(frozen=True, slots=True)
class Sent:
    """A message to be sent: its bytes and its MSH-10."""

    payload: bytes
    control_id: str

    def field(self, segment: str, number: int, component: int = 1) -> str:
        found = parse(self.payload).first(segment)
        return found.component(number, component) if found else ""


def _addressing(trial: Trial, sender: PeerName | None = None, version: str | None = None) -> Addressing:
    """MSH-3 to MSH-6 from one of the tester's systems to the product, in the product's first HL7 version."""
    own = trial.peer(sender or HL7_CALLERS[trial.role]).endpoint
    versions = trial.target.claims.hl7_versions or ("2.5.1",)
    return Addressing(own.application, own.facility, trial.target.application, trial.target.facility, version or versions[0])


def message_to_product(
    trial: Trial,
    message_type: str,
    rows: Sequence[Row],
    *,
    sender: PeerName | None = None,
    control_id: str | None = None,
    msh_fields: Mapping[int, Field] | None = None,
    version: str | None = None,
) -> Sent:
    """Any message; ``message_type`` as MSH-9, ``rows`` are those behind MSH.

    Unless they are given, ``sender`` is who speaks HL7 to such a product, ``control_id`` a fresh one, ``version`` the first
    that the product claims. ``msh_fields`` replaces or adds by number.
    """
    number = control_id or trial.control_id()
    return Sent(message([msh(_addressing(trial, sender, version), message_type, number, msh_fields), *rows]), number)
