"""Reports of a trial: ORU^R01 about one order."""

from collections.abc import Mapping, Sequence

from conformance.material.hl7 import SENT_AT, message, msh
from conformance.material.orders import Order
from conformance.material.patients import Sent, addressing, pid
from conformance.target import PeerName
from conformance.trial import Trial
from emulators.wire.er7 import Field, Row, row

NARRATIVE = ("18748-4", "Diagnostic imaging study", "LN")


def report(
    trial: Trial,
    order: Order,
    lines: Sequence[str] = ("No finding.",),
    status: str = "F",
    *,
    sender: PeerName | None = None,
    control_id: str | None = None,
    msh_fields: Mapping[int, Field] | None = None,
    version: str | None = None,
) -> Sent:
    """One OBX of type TX for each line. An engine has it from the RIS."""
    number = control_id or trial.control_id()
    sender = sender or ("ris" if trial.role == "engine" else None)
    head = msh(addressing(trial, sender, version), "ORU^R01^ORU_R01", number, msh_fields)
    obr: dict[int, Field] = {1: "1", 2: order.placer, 3: order.accession, 4: order.procedure, 18: order.accession, 22: SENT_AT}
    obr |= {25: status, 32: (("8811", "Moss", "Rita"),)}
    rows = [row("ORC", {1: "RE", 2: order.placer, 3: order.accession}), row("OBR", obr)]
    return Sent(message([head, pid(order.patient), *rows, *_observations(lines, status)]), number)


def _observations(lines: Sequence[str], status: str) -> list[Row]:
    return [
        row("OBX", {1: str(number), 2: "TX", 3: NARRATIVE, 4: str(number), 5: line, 11: status})
        for number, line in enumerate(lines, 1)
    ]
