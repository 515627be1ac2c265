"""What a product must claim for a case to be about it at all."""

from collections.abc import Mapping, Sequence

from conformance.case import Case, Role
from conformance.target import Service

HL7_SERVICES: frozenset[Service] = frozenset(
    (
        "adt",
        "adt_sending",
        "orders",
        "orders_sending",
        "order_status",
        "order_status_sending",
        "reports",
        "reports_sending",
        "enhanced_acknowledgement",
        "appointments",
        "omg",
        "omi",
    )
)

IN_HOSPITAL: Mapping[Role, Sequence[Service]] = {"pacs": ("storage", "query"), "ris": ("orders", "worklist")}
"""Without these no exam comes through the hospital, or nobody sees where it ended."""


def not_claimed(case: Case, role: Role, services: Sequence[Service]) -> str:
    """What is missing of the claims, in words; empty where the case can judge the product."""
    needs = (*case.needs, *(IN_HOSPITAL.get(role, ()) if case.in_hospital else ()))
    missing = [need for need in dict.fromkeys(needs) if need not in services]
    if case.id.startswith("hl7.") and not HL7_SERVICES.intersection(services):
        missing.append("any service of HL7 messages")
    return ", ".join(missing)
