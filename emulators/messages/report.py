"""Reports: lane ``reports``, HL7 ORU^R01 (HL7 7.3.1), answered by an Acknowledgement."""

from dataclasses import dataclass
from typing import ClassVar

from emulators.core.errors import LocalProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import Code, PersonName
from emulators.messages.hl7_message import Hl7Message

RESULT_STATUSES = frozenset(("P", "F", "C", "X", "D", "W"))
"""Of HL7 tables 0085 and 0123: P preliminary, F final, C corrected, X cancelled (no result will come), D deleted, W wrong (of
another patient). No other code is taken; A, which many use for an addendum, is none of 2.3.1 or 2.5.1."""

SHOWN = frozenset("PFC")
"""Statuses whose text is a result; the others withdraw it."""


@dataclass(frozen=True, slots=True)
class ReportedOrder:
    """An order that a report answers. A report need not name its study, nor a placer number that nobody has assigned."""

    placer_order_number: str
    accession_number: str
    study_instance_uid: str
    procedure: Code

    def __post_init__(self) -> None:
        canonical.identifier(self.placer_order_number, 22, "placer_order_number")
        canonical.identifier(self.accession_number, 16, "accession_number")
        if self.study_instance_uid:
            canonical.uid(self.study_instance_uid, "study_instance_uid")


@dataclass(frozen=True, slots=True)
class Report(Hl7Message):
    """ORU^R01: one report on one order, or on several that were read as one; OBR-25 and OBX-11 are both ``status``.

    ``text`` holds lines joined by a newline; section headings are lines of it. ``addendum`` is text added to a final report,
    which stands beside the original (OBX-3 suffix ADT). A report of status X, D or W has no text.
    """

    orders: tuple[ReportedOrder, ...]
    status: str
    text: str
    reader: PersonName
    reported_at: Stamp
    addendum: str = ""

    lane: ClassVar[str] = "reports"

    def __post_init__(self) -> None:
        Hl7Message.__post_init__(self)
        if not self.orders:
            raise LocalProtocolError("report.orders: none")
        canonical.stamp(self.reported_at, "reported_at")
        canonical.one_of(self.status, RESULT_STATUSES, "report.status")
        for attribute in ("text", "addendum"):
            object.__setattr__(self, attribute, canonical.lines(getattr(self, attribute), f"report.{attribute}"))
        if self.status not in SHOWN and (self.text or self.addendum):
            raise LocalProtocolError("report.text: stands in a report that withdraws it")

    @property
    def order(self) -> ReportedOrder:
        """The first of the orders."""
        return self.orders[0]

    @property
    def nominal_bytes(self) -> int:
        return 700 + 300 * (len(self.orders) - 1) + len(self.text) + len(self.addendum)

    @property
    def identifiers(self) -> dict[str, str]:
        return {
            **self.named(
                placer=self.order.placer_order_number,
                accession="+".join(order.accession_number for order in self.orders),
                study=self.order.study_instance_uid,
            ),
            "status": self.status,
        }
