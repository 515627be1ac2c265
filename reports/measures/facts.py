"""The final facts: what is true at the end of a run, without times, so that two ways to run can be compared.

=====================================  =========================================================================
record                                 tells of an order
=====================================  =========================================================================
those of known_orders.py               that there is one, its numbers, its patient and its scheduled study
exchange ``StepStarted``, to the RIS   the study in which it is performed
notes ``exam to reconcile``,           that a study is performed for nothing that the RIS knows; the order
``exam linked``                        that it was found to be for
note ``procedure rescheduled``         its next study, because the last was somebody else's
note ``order status``                  scheduled, in progress or completed, as the EHR knows it
note ``order closed``                  closed, and how: reported, cancelled or discontinued
note ``report filed``                  the report in the chart, with its addenda
note ``study reconciled``              the archive's verdict on its study
``stored`` of the archive              its instances
exchange ``MergePatients``             that two patients are one: a merged patient is named by the survivor
=====================================  =========================================================================

What nobody outside can see of a product in the archive's place is ``unknown``.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from emulators.trace import Record
from reports.measures.known_orders import KnownOrders, Named
from reports.measures.survivors import Survivors

UNKNOWN = "unknown"
_PROGRESS = ("ordered", "scheduled", "in progress", "completed")
_PROGRESS_OF_STATUS = {"SC": 1, "IP": 2, "CM": 3}


@dataclass(slots=True, eq=False)
class _Order(Named):
    progress: int = 0
    closed: str = ""
    patient: str = ""
    study: str = ""
    report_status: str = ""
    report_text: str = ""
    addendum: str = ""


@dataclass(slots=True)
class _Study:
    patient: str = ""
    accession: str = ""
    instances: int = 0
    reconciliation: str = "none"


@dataclass(slots=True)
class Facts:
    """A trace subscriber; ``archive`` is the system whose instances count, empty where a product is in its place, ``ris`` the
    one that knows what is performed."""

    archive: str = "pacs"
    ris: str = "ris"
    _orders: KnownOrders[_Order] = field(default_factory=lambda: KnownOrders(_Order))
    _studies: dict[str, _Study] = field(default_factory=dict)
    _unlinked: set[str] = field(default_factory=set)
    _survivors: Survivors = field(default_factory=Survivors)

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind == "exchange":
            tell = _EXCHANGES.get(record["message"])
            if tell is not None:
                tell(self, record)
        elif kind == "note":
            tell = _NOTES.get(record["name"])
            if tell is not None:
                tell(self, record)
        elif kind == "stimulus":
            if record["name"] == "place order":
                self._orders.placed(record)
        elif kind == "stored" and record["system"] == self.archive:
            # Both archives name in a batch what was filed anew; what came again is counted apart from it.
            self._study(record["study"]).instances += record["instances"]

    # --- orders --------------------------------------------------------------------------------------------------------

    def _placed(self, record: Record) -> None:
        self._orders.placed(record)
        for placer in record["placer"].split("+"):
            order = self._orders.of_placer(placer)
            order.patient = order.patient or record["mrn"]

    def _merged(self, record: Record) -> None:
        self._survivors.merge(record)

    def _performed(self, record: Record) -> None:
        if record["receiver"] == self.ris and record["study"] not in self._unlinked:
            for order in self._orders.of_accessions(record["accession"]):
                order.study = record["study"]

    def _scheduled(self, record: Record) -> None:
        order = self._orders.scheduled(record)
        order.progress = max(order.progress, 1)
        order.patient, order.study = record["mrn"], order.study or record["study"]

    def _numbered(self, record: Record) -> None:
        self._orders.numbered(record)

    def _not_linked(self, record: Record) -> None:
        self._unlinked.add(record["subject"])

    def _linked(self, record: Record) -> None:
        order = self._orders.of_accession(record["subject"])
        if order is not None:
            order.study = record["study"]

    def _rescheduled(self, record: Record) -> None:
        self._orders.of_placer(record["subject"]).study = record["study"]

    def _status(self, record: Record) -> None:
        order = self._orders.of_placer(record["subject"])
        order.progress = max(order.progress, _PROGRESS_OF_STATUS.get(record["status"], 0))

    def _closed(self, record: Record) -> None:
        self._orders.of_placer(record["subject"]).closed = record["state"]

    def _filed(self, record: Record) -> None:
        order = self._orders.of_placer(record["subject"])
        order.report_status, order.report_text, order.addendum = record["status"], record["text"], record["addendum"]

    # --- studies -------------------------------------------------------------------------------------------------------

    def _study(self, study_instance_uid: str) -> _Study:
        study = self._studies.get(study_instance_uid)
        if study is None:
            study = self._studies[study_instance_uid] = _Study()
        return study

    def _reconciled(self, record: Record) -> None:
        study = self._study(record["subject"])
        study.patient, study.accession, study.reconciliation = record["mrn"], record["accession"], record["state"]

    # --- what came of it -----------------------------------------------------------------------------------------------

    def result(self) -> dict[str, Any]:
        """``orders`` by placer order number, or by accession number where there is none; and ``unexplained``: studies in the
        archive whose Study UID no order has."""
        explained = {order.study for order in self._orders.all}
        orders = {order.name: order for order in self._orders.all}
        return {
            "orders": {name: self._order_facts(orders[name]) for name in sorted(orders)},
            "unexplained": [
                {
                    "study": uid,
                    "patient": self._survivors.of(study.patient),
                    "accession": study.accession,
                    "instances": study.instances,
                    "reconciliation": study.reconciliation,
                }
                for uid, study in sorted(self._studies.items())
                if uid not in explained
            ],
        }

    def _order_facts(self, order: _Order) -> dict[str, Any]:
        study = self._studies.get(order.study) or _Study()
        return {
            "patient": self._survivors.of(order.patient),
            "accession": order.accession,
            "study": order.study,
            "state": order.closed or _PROGRESS[order.progress],
            "instances": study.instances if self.archive else UNKNOWN,
            "reconciliation": study.reconciliation if self.archive else UNKNOWN,
            "report": {"status": order.report_status, "text": order.report_text, "addendum": order.addendum},
        }


_EXCHANGES = {
    "PlaceOrder": Facts._placed,
    "StepStarted": Facts._performed,
    "MergePatients": Facts._merged,
}
_NOTES = {
    "procedure scheduled": Facts._scheduled,
    "placer number assigned": Facts._numbered,
    "exam to reconcile": Facts._not_linked,
    "exam linked": Facts._linked,
    "procedure rescheduled": Facts._rescheduled,
    "order status": Facts._status,
    "order closed": Facts._closed,
    "report filed": Facts._filed,
    "study reconciled": Facts._reconciled,
}


def digest(facts: dict[str, Any]) -> str:
    """SHA-256 of the facts as JSON in UTF-8 with sorted keys and no spaces, in hexadecimal."""
    return sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()
