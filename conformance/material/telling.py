"""Telling the product something by HL7, and hearing whether it takes it."""

from collections.abc import Sequence
from typing import Any

from conformance.material.messages import Sent
from conformance.material.orders import Order, new_order
from conformance.material.patients import register
from conformance.peers.mllp import ReceivedMessage
from conformance.target import PeerName
from conformance.trial import Trial


def told(trial: Trial, sent: Sent, *codes: str, peer: PeerName | None = None) -> ReceivedMessage:
    """Send a message on a connection of its own; the answer, which has one of these codes (MSA-1), AA if none is named.

    Raises Failure.
    """
    with trial.mllp(peer) as client:
        answer = client.ask(sent.payload)
    trial.expect_code(answer, *(codes or ("AA",)))
    return answer


def told_orders(trial: Trial, orders: Sequence[Order], **options: Any) -> None:
    """On one connection: the patients, where the product takes ADT, then their new orders. Each is answered AA or CA.

    ``options`` are those of ``message_to_product``. Raises Failure.
    """
    with trial.mllp() as sender:
        if "adt" in trial.target.claims.services:
            for patient in {order.patient.patient_id: order.patient for order in orders}.values():
                trial.expect_code(sender.ask(register(trial, "A04", patient, **options).payload), "AA", "CA")
        for order in orders:
            trial.expect_code(sender.ask(new_order(trial, order, **options).payload), "AA", "CA")
