"""The reports on one case, as the one who writes them knows them: what was signed, what was taken, what may be signed next.

===========  ================================================================================
last signed  may follow
===========  ================================================================================
nothing      P, F, or X: no result will come
P            P, F, X, D, W
F, C         C, an addendum, X, D, W: what is final is never edited as if it were preliminary
X, D, W      P, F: it is read anew
===========  ================================================================================

What its receiver refuses for good counts as not signed; as a dead letter it may still be sent again.
"""

from dataclasses import dataclass, field

from emulators.core.errors import LocalProtocolError
from emulators.messages import canonical
from emulators.messages.report import SHOWN, Report

ADDENDUM = "addendum"
"""Beside the statuses: text that is added to a final report, which stays what it is."""

WITHDRAWALS = frozenset("XDW")

_NEXT = {
    "": frozenset("PFX"),
    "P": frozenset("PFXDW"),
    **dict.fromkeys("FC", frozenset(("C", ADDENDUM, *"XDW"))),
    **dict.fromkeys("XDW", frozenset("PF")),
}


@dataclass(slots=True)
class Signatures:
    """``taken`` is the status that the receiver knows."""

    taken: str = ""
    _under_way: dict[str, str] = field(default_factory=dict)
    """By control id: what was signed and waits for its answer."""

    @property
    def last(self) -> str:
        """The status that was signed last, taken or not."""
        return next(reversed(self._under_way.values()), self.taken)

    @property
    def is_read(self) -> bool:
        """Whether the receiver knows that this is over: nothing is to be read any more."""
        return self.taken not in ("", "P")

    def objection(self, kind: str) -> str:
        """Why ``kind``, a status or ADDENDUM, cannot be signed now; empty if it can."""
        return "" if kind in _NEXT[self.last] else f"{kind} cannot follow {self.last or 'nothing'}"

    def sign(self, report: Report) -> None:
        """``report`` goes out."""
        self._under_way[report.control_id] = self._status_after(report)

    def end(self, report: Report, accepted: bool) -> None:
        """``report`` was taken, or refused for good."""
        status = self._under_way.pop(report.control_id, "") or self._status_after(report)
        if accepted and not (status == "P" and self.is_read):  # a dead letter that is sent again may come late
            self.taken = status

    def _status_after(self, report: Report) -> str:
        return self.last if report.addendum else report.status


def checked_text(text: str, kind: str) -> str:
    """The text of a report of this kind as messages carry it. Raises LocalProtocolError for what no message carries, and for a
    report without text: it would take away the text that is there."""
    checked = canonical.lines(text, "text")
    if not checked.strip() and kind not in WITHDRAWALS:
        raise LocalProtocolError("text: empty")
    if checked and kind in WITHDRAWALS:
        raise LocalProtocolError("text: stands in a report that withdraws it")
    return checked


def checked_status(status: str) -> str:
    """P, F or C. Raises LocalProtocolError."""
    return canonical.one_of(status, SHOWN, "status")
