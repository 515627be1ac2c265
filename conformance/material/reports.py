"""Reports of a trial: ORU^R01 about one order."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.material.hl7 import SENT_AT
from conformance.material.messages import Sent, message_to_product
from conformance.material.orders import Order
from conformance.material.patients import pid
from conformance.target import PeerName
from conformance.trial import Trial
from emulators.wire.er7 import Field, Row, row

NARRATIVE = ("18748-4", "Diagnostic imaging study", "LN")
ADDENDUM = (("18748-4", "ADT"), "Diagnostic imaging study", "LN")
"""OBX-3 of the text, and of text that is added to it (7.2.4)."""


def report(
    trial: Trial,
    order: Order,
    lines: Sequence[str] = ("No finding.",),
    status: str = "F",
    *,
    sender: PeerName | None = None,
    obr_fields: Mapping[int, Field] | None = None,
    rows: Sequence[Row] | None = None,
    **options: Any,
) -> Sent:
    """One OBX of type TX for each line, or the ``rows`` behind OBR. ``obr_fields`` replaces or adds by number. An engine has it
    from the RIS. ``options`` are those of ``message_to_product``.
    """
    sender = sender or ("ris" if trial.role == "engine" else None)
    obr: dict[int, Field] = {1: "1", 2: order.placer, 3: order.accession, 4: order.procedure, 18: order.accession, 22: SENT_AT}
    obr |= {25: status, 32: (("8811", "Moss", "Rita"),), **(obr_fields or {})}
    order_rows = [row("ORC", {1: "RE", 2: order.placer, 3: order.accession}), row("OBR", obr)]
    observations = text_rows(lines, status) if rows is None else rows
    behind = [pid(order.patient), *order_rows, *observations]
    return message_to_product(trial, "ORU^R01^ORU_R01", behind, sender=sender, **options)


def text_rows(lines: Sequence[str], status: str, code: Field = NARRATIVE, first: int = 1) -> list[Row]:
    """OBX of type TX, numbered from ``first``."""
    return [observation(number, "TX", line, status, code) for number, line in enumerate(lines, first)]


def observation(number: int, value_type: str, value: Field, status: str, code: Field = NARRATIVE) -> Row:
    """One OBX; its number is its sub-ID too."""
    return row("OBX", {1: str(number), 2: value_type, 3: code, 4: str(number), 5: value, 11: status})
