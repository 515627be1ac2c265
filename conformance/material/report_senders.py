"""The product as a sender of reports: what makes it send one, and where that arrives.

=========  =====================================================================  ==========
role       made to send by                                                        arrives at
=========  =====================================================================  ==========
reporting  an entry of its reading list (ORM^O01 SC/CM); operator steps           the RIS
           ``sign report``, ``add addendum``, ``join studies``
ris        an order (ORM^O01 NW), and a report about it from the reading system   the engine
=========  =====================================================================  ==========
"""

from collections.abc import Sequence

from conformance.material.filler import scheduled_order
from conformance.material.orders import Order, order_of, ready_to_read
from conformance.material.patients import Patient
from conformance.material.reading import reader
from conformance.material.report_receivers import reports_to
from conformance.material.reports import ADDENDUM, report, text_rows
from conformance.material.telling import told
from conformance.peers.mllp import MllpListener, ReceivedMessage
from conformance.target import PeerName
from conformance.trial import Trial
from emulators.wire.er7 import Field, Row, row

READER = ("Moss", "Rita")


class ReportSender:
    """Of reports on ``count`` orders of one patient. Raises Inconclusive."""

    def __init__(self, trial: Trial, count: int = 1) -> None:
        self._trial = trial
        self.at: PeerName = "engine" if trial.role == "ris" else "ris"
        self._signed = 0
        patient = Patient(trial.patient_id())
        self.orders = [_ready(trial, patient) for _ in range(count)]

    @property
    def listener(self) -> MllpListener:
        return self._trial.peer(self.at).mllp

    def sign(self, status: str, line: str) -> None:
        """The first order's report is signed: P, F or C."""
        if self._trial.role == "ris":
            self._told(text_rows((line,), status), status)
            return
        self._trial.operate("sign report", subject=self._named, status=status, text=line, **_BY)

    def add(self, line: str) -> None:
        """An addendum to it."""
        if self._trial.role == "ris":
            self._told(text_rows((line,), "F", ADDENDUM), "F")
            return
        self._trial.operate("add addendum", subject=self._named, text=line, **_BY)

    def sign_for_all(self, line: str) -> None:
        """One final report for all orders."""
        if self._trial.role == "ris":
            groups = [_group(number, order, line) for number, order in enumerate(self.orders[1:], 2)]
            self._told([*text_rows((line,), "F"), *(one for group in groups for one in group)], "F")
            return
        others = ", ".join(f'"{one.accession}"' for one in self.orders[1:])
        self._trial.operate("join studies", subject=self._named, others=f"[{others}]")
        self.sign("F", line)

    def came(self, line: str, limit_s: float, count: int = 1) -> list[ReceivedMessage]:
        """The first reports with this line. Raises Silence."""
        return self.listener.wait_for(f"a report with {line}", lambda one: line.encode() in one.payload, limit_s, count)

    def all_came(self) -> list[ReceivedMessage]:
        """Every report of this trial so far about these orders."""
        patient = self.orders[0].patient.patient_id
        return reports_to(self._trial, self.at, lambda message: message.field("PID", 3) == patient)

    @property
    def _named(self) -> str:
        return self.orders[0].accession

    def _told(self, rows: Sequence[Row], status: str) -> None:
        with self._trial.beforehand("a report from the reading system"):
            self._signed += 1
            signed_at = f"202503031015{self._signed:02}"  # none is older than the one before it
            sent = report(
                self._trial, self.orders[0], status=status, sender="workstation", obr_fields={22: signed_at}, rows=rows
            )
            told(self._trial, sent, peer="workstation")


_BY = reader(*READER)


def _ready(trial: Trial, patient: Patient) -> Order:
    if trial.role == "ris":
        return scheduled_order(trial, patient)
    order = order_of(trial, patient)
    with trial.beforehand("an order that can be read"):
        told(trial, ready_to_read(trial, order))
    return order


def _group(number: int, order: Order, line: str) -> list[Row]:
    """ORC, OBR and text of one more order."""
    named: dict[int, Field] = {2: order.placer, 3: order.accession}
    obr: dict[int, Field] = {1: str(number), **named, 4: order.procedure, 18: order.accession, 22: "20250303101500", 25: "F"}
    return [row("ORC", {1: "RE", **named}), row("OBR", {**obr, 32: (("8811", *READER),)}), *text_rows((line,), "F")]
