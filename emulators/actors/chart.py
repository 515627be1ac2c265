"""One order in the chart: how far it is, and the report that a reader is shown.

Order status (ORC-5, HL7 table 0038) goes forward only, and ends once::

    none --> SC --> IP --> CM
                 any of them --> CA or DC, unless it is CM

Reports (OBR-25, HL7 tables 0085 and 0123), by what is shown now and what comes:

=========  ===========  ============================================  ===============================  ===================
shown      P            F                                             C                                X, D, W
=========  ===========  ============================================  ===============================  ===================
nothing    preliminary  final                                         corrected                        withdrawn
P          the later    final                                         corrected                        withdrawn
F          -            the later; with another text it is corrected  corrected                        withdrawn
C          -            -                                             the later                        withdrawn
X, D, W    if signed later than the withdrawal, as over nothing                                        the code that came
=========  ===========  ============================================  ===============================  ===================

"-" and the earlier of two leave the chart as it is: a report that comes late does not win. "The later" is decided by OBR-22,
to the second; of the same second the one that comes last.

An addendum stands beside the report, whatever becomes of its text later, until the report is withdrawn. One that comes alone,
without the text it adds to, needs a final or corrected report to stand beside.
"""

from dataclasses import dataclass

from emulators.core.instant import Stamp
from emulators.messages.common import Patient, Visit
from emulators.messages.orders import Order
from emulators.messages.report import SHOWN, Document, Report

_PROGRESS = {"": 0, "SC": 1, "IP": 2, "CM": 3, "CA": 3, "DC": 3}
_RANK = {"": 0, "P": 1, "F": 2, "C": 3}

_REPORT_WORDS = {"P": "preliminary", "F": "final", "C": "corrected", "X": "cancelled", "D": "withdrawn", "W": "withdrawn"}
_ORDER_WORDS = {
    "": "ordered",
    "SC": "scheduled",
    "IP": "in progress",
    "CM": "awaiting report",
    "CA": "cancelled",
    "DC": "discontinued",
}


@dataclass(slots=True)
class ChartEntry:
    """An order, and what a reader finds under it. ``report_status`` is P, F, C, X, D or W, or empty; ``history`` is every
    report that was filed, as it came."""

    patient: Patient
    visit: Visit
    order: Order
    accession_number: str = ""
    order_status: str = ""
    report_status: str = ""
    text: str = ""
    addenda: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    reported_at: Stamp = ""
    history: tuple[Report, ...] = ()
    closed: str = ""

    @property
    def shown_status(self) -> str:
        """In words: that of the report, or where there is none that of the order."""
        if not self.report_status:
            return _ORDER_WORDS[self.order_status]
        words = _REPORT_WORDS[self.report_status]
        return f"{words} with addendum" if self.addenda else words

    @property
    def corrected(self) -> bool:
        return self.report_status == "C"

    @property
    def ending(self) -> str:
        """The state in which the order is over, as the placer sees it; empty while it is not."""
        if self.order_status == "CA":
            return "cancelled"
        if self.order_status == "DC":
            return "discontinued"
        if self.order_status != "CM":
            return ""
        return {"F": "reported", "C": "reported", "X": "cancelled"}.get(self.report_status, "")

    def advance(self, status: str) -> bool:
        """Take an order status; False if the order is that far already."""
        if _PROGRESS[status] <= _PROGRESS[self.order_status]:
            return False
        self.order_status = status
        return True

    def misses_its_report(self, report: Report) -> bool:
        """Whether ``report`` is an addendum alone, and there is nothing that it could be added to."""
        return _is_addendum_alone(report) and self.report_status not in ("F", "C")

    def file(self, report: Report) -> bool:
        """Take a report; False if it changes nothing that is shown."""
        signed_at = report.reported_at or report.sent_at
        if _is_addendum_alone(report):
            changed = self._add(report.addendum)
        elif report.status not in SHOWN:
            changed = self._withdraw(report.status, signed_at)
        elif self.report_status and self.report_status not in SHOWN and signed_at <= self.reported_at:
            changed = False
        else:
            changed = self._show(report, signed_at)
            changed = self._add(report.addendum) or changed
        if changed:
            self.history = (*self.history, report)
        return changed

    def _withdraw(self, status: str, signed_at: Stamp) -> bool:
        if self.report_status == status:
            return False
        self.report_status, self.text, self.addenda, self.documents, self.reported_at = status, "", (), (), signed_at
        return True

    def _show(self, report: Report, signed_at: Stamp) -> bool:
        status = report.status
        shown, rank = _RANK.get(self.report_status, 0), _RANK[status]
        is_same = (report.text, report.documents) == (self.text, self.documents)
        if rank < shown or (rank == shown and (is_same or signed_at < self.reported_at)):
            return False
        self.report_status = "C" if status == self.report_status == "F" else status
        self.text, self.documents, self.reported_at = report.text, report.documents, signed_at
        return True

    def _add(self, addendum: str) -> bool:
        if not addendum or addendum in self.addenda:
            return False
        self.addenda = (*self.addenda, addendum)
        return True


def _is_addendum_alone(report: Report) -> bool:
    return bool(report.addendum) and not report.text and not report.documents
