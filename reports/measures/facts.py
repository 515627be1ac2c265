"""The final facts: what is true at the end of a run, without times, so that two ways to run can be compared.

=====================================  =====================================================
record                                 tells of an order
=====================================  =====================================================
stimulus ``place order``               that it was ordered
exchange ``PlaceOrder``                its patient, also where the RIS never heard of it
note ``procedure scheduled``           scheduled; patient, accession number and Study UID
note ``order status``                  scheduled, in progress or completed, as the EHR knows it
note ``order closed``                  closed
note ``report filed``                  the report in the chart
note ``study reconciled``              the archive's verdict on its study
``stored`` of the archive              its instances
=====================================  =====================================================
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from emulators.trace import Record

STATES = ("ordered", "scheduled", "in progress", "completed", "closed")
_STATE_OF_STATUS = {"SC": 1, "IP": 2, "CM": 3}
_CLOSED = 4


@dataclass(slots=True)
class _Order:
    state: int = 0
    patient: str = ""
    accession: str = ""
    study: str = ""
    report_status: str = ""
    report_text: str = ""


@dataclass(slots=True)
class _Study:
    patient: str = ""
    accession: str = ""
    instances: int = 0
    reconciliation: str = "none"


@dataclass(slots=True)
class Facts:
    """A trace subscriber; ``archive`` is the system whose instances count."""

    archive: str = "pacs"
    _orders: dict[str, _Order] = field(default_factory=dict)
    _studies: dict[str, _Study] = field(default_factory=dict)

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind == "exchange":
            if record["message"] == "PlaceOrder":
                self._order(record["placer"]).patient = record["mrn"]
        elif kind == "note":
            self._note(record)
        elif kind == "stored":
            # Both archives name in a batch what was filed anew; what came again is counted apart from it.
            if record["system"] == self.archive:
                self._study(record["study"]).instances += record["instances"]
        elif kind == "stimulus" and record["name"] == "place order":
            self._order(record["subject"])

    def _order(self, placer: str) -> _Order:
        order = self._orders.get(placer)
        if order is None:
            order = self._orders[placer] = _Order()
        return order

    def _study(self, study_instance_uid: str) -> _Study:
        study = self._studies.get(study_instance_uid)
        if study is None:
            study = self._studies[study_instance_uid] = _Study()
        return study

    def _note(self, record: Record) -> None:
        name, subject = record["name"], record["subject"]
        if name == "order status":
            order = self._order(subject)
            order.state = max(order.state, _STATE_OF_STATUS[record["status"]])
        elif name == "procedure scheduled":
            order = self._order(subject)
            order.state = max(order.state, 1)
            order.patient, order.accession, order.study = record["mrn"], record["accession"], record["study"]
        elif name == "report filed":
            order = self._order(subject)
            order.report_status, order.report_text = record["status"], record["text"]
        elif name == "order closed":
            self._order(subject).state = _CLOSED
        elif name == "study reconciled":
            study = self._study(subject)
            study.patient, study.accession, study.reconciliation = record["mrn"], record["accession"], record["state"]

    def result(self) -> dict[str, Any]:
        """``orders`` by placer order number, and ``unexplained``: studies in the archive whose Study UID no order has."""
        explained = {order.study for order in self._orders.values()}
        return {
            "orders": {placer: self._order_facts(self._orders[placer]) for placer in sorted(self._orders)},
            "unexplained": [
                {
                    "study": uid,
                    "patient": study.patient,
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
            "patient": order.patient,
            "accession": order.accession,
            "study": order.study,
            "state": STATES[order.state],
            "instances": study.instances,
            "reconciliation": study.reconciliation,
            "report": {"status": order.report_status, "text": order.report_text},
        }


def digest(facts: dict[str, Any]) -> str:
    """SHA-256 of the facts as JSON in UTF-8 with sorted keys and no spaces, in hexadecimal."""
    return sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()
