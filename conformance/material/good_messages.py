"""A good message for whatever the product takes, so that the rules of every HL7 message are tried in every role.

By the first of these services that the target claims:

================  =====================================================================================
adt               ADT^A04
orders            ORM^O01 SC/CM with ZDS: a procedure that can be read (a reading system takes no other)
order_status      ORM^O01 SC/SC about an order that the operator has placed
reports           ORU^R01 about such an order
================  =====================================================================================
"""

from collections.abc import Mapping
from typing import Protocol

from conformance.material.hl7 import SENT_AT
from conformance.material.messages import Sent
from conformance.material.orders import Order, order_of, order_status, ready_to_read
from conformance.material.patients import Patient, register
from conformance.material.reports import report
from conformance.trial import Trial
from conformance.verdict import NotApplicable
from emulators.wire.er7 import Field


class GoodMessage(Protocol):
    """Makes one good message after the other, each with an MSH-10 of its own unless one is given."""

    def __call__(
        self,
        *,
        control_id: str | None = None,
        msh_fields: Mapping[int, Field] | None = None,
        version: str | None = None,
    ) -> Sent: ...


def good_messages(trial: Trial) -> GoodMessage:
    """For the product of this trial. Raises NotApplicable where it takes no HL7 messages, Inconclusive."""
    services = trial.target.claims.services
    if "adt" in services:
        return lambda **options: register(trial, **options)
    if "orders" in services:
        return lambda **options: ready_to_read(trial, order_of(trial), **options)
    if "order_status" in services:
        placed = placed_order(trial)
        return lambda **options: order_status(trial, placed, "SC", **options)
    if "reports" in services:
        placed = placed_order(trial)
        return lambda **options: report(trial, placed, **options)
    raise NotApplicable("not claimed: any service that takes HL7 messages")


def placed_order(trial: Trial, patient: Patient | None = None, order: Order | None = None, **more: str) -> Order:
    """An order that the product, an EHR, has placed by the operator's hand; ``more`` is of the step. Raises Inconclusive."""
    order = order or order_of(trial, patient)
    trial.operate(
        "place order",
        **{
            "subject": order.placer,
            **order.patient.step_data,
            "visit.visit_number": order.visit.number,
            **(more or _first_order(order)),
        },
    )
    return order


def _first_order(order: Order) -> dict[str, str]:
    return {
        "orders.0.placer_order_number": order.placer,
        "orders.0.procedure.value": order.procedure[0],
        "orders.0.procedure.meaning": order.procedure[1],
        "orders.0.modality": order.modality,
        "orders.0.requested_at": SENT_AT,
    }
