"""The teleradiology platform: receives studies by route, and sends reports back to the hospital that sent them.

==========================  =================================================================================================
``sign report``             subject (Study UID or accession number), status (P, F or C), text, reader; or addendum instead of
                            text; or status X, D or W without either: withdrawn
note ``study received``     of a Study UID; mrn, accession, instances, from (who sent it)
note ``report signed``      of an accession number; study, accession, status
note ``report not sent``    of a Study UID; reason
note ``no such study``      of what was named; studies: how many bear this accession number
==========================  =================================================================================================

One study goes through::

    receiving --quiet for a while--> received --P--> preliminary --F--> final
        ^                               |
        +-------- more of it comes -----+

Rules
- A study is whole when nothing of it has come for ``settle_us``; what comes later makes it whole again, and is noted again.
- All that is known of a study is what its images say: its report names accession number and study, and no placer number.
  When its sender sends it with another patient or accession number, that is what holds.
- Two hospitals may use the same accession number. Studies are told apart by their UID, and a report goes to who sent its study;
  a copy from somebody else is the same study.
- A study that does not say which patient and which order it is of cannot be reported.
- What may be signed next is in signing.py.
- When a final report or a withdrawal has been taken, the images go from the disk (effect Discard), and so does what is sent
  again of them. New images of a study are received like a study.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulators.actors.outbox import Delivery, RetryPolicy
from emulators.actors.signing import ADDENDUM, WITHDRAWALS, Signatures, checked_status, checked_text
from emulators.actors.system import System
from emulators.core.effect import Discard, Effect, Note, SetTimer
from emulators.core.errors import LocalProtocolError
from emulators.core.identity import control_id
from emulators.core.instant import SECOND, WallClock
from emulators.messages.common import NOBODY, Code
from emulators.messages.imaging import Admission, InstancesStored, StudyHeader
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.messages.report import Report, ReportedOrder

SETTLE_US = 30 * SECOND

_PURPOSES = {"P": "TP", "F": "TF", "C": "TC", ADDENDUM: "TAD", "X": "TX", "D": "TD", "W": "TW"}
"""What the control ids of reports are made of."""


@dataclass(slots=True)
class _Study:
    """``instances`` is all that ever came, ``read`` what of it was discarded."""

    header: StudyHeader
    sender: str
    instances: InstanceSet = NO_INSTANCES
    read: InstanceSet = NO_INSTANCES
    reports: Signatures = field(default_factory=Signatures)
    numbers: Counter[str] = field(default_factory=Counter)
    """How many reports of each kind were sent."""

    @property
    def uid(self) -> str:
        return self.header.study_instance_uid

    @property
    def is_on_disk(self) -> bool:
        return len(self.instances) > len(self.read)


class Teleradiology(System):
    """``clients`` gives, by the system that sends studies, the system that takes the reports on them."""

    def __init__(
        self,
        name: str,
        clock: WallClock,
        clients: Mapping[str, str],
        retry: RetryPolicy | None = None,
        settle_us: int = SETTLE_US,
    ) -> None:
        super().__init__(name, clock, retry)
        self._clients = clients
        self._settle_us = settle_us
        self._studies: dict[str, _Study] = {}
        self._by_accession: dict[str, dict[str, _Study]] = {}
        """By accession number, then by UID."""
        self.stimuli = {"sign report": self._sign}
        self.requests = {StudyHeader: self._admit}
        self.deliveries = {Report: self._report_sent}

    # --- studies -------------------------------------------------------------------------------------------------------

    def _admit(self, header: StudyHeader, sender: str) -> tuple[Admission, Sequence[Effect]]:
        study = self._studies.get(header.study_instance_uid)
        if study is None:
            study = self._studies[header.study_instance_uid] = _Study(header, sender)
            self._find_by(header.accession_number, study)
        elif sender == study.sender and _identity(header) != _identity(study.header):
            self._correct(study, header)
        return Admission(), ()

    def _correct(self, study: _Study, header: StudyHeader) -> None:
        """It is of another patient or another order; of another order nothing has been signed yet."""
        before = study.header.accession_number
        study.header = header
        if header.accession_number != before:
            del self._by_accession[before][study.uid]
            self._find_by(header.accession_number, study)
            study.reports = Signatures()

    def _find_by(self, accession: str, study: _Study) -> None:
        self._by_accession.setdefault(accession, {})[study.uid] = study

    def told(self, message: InstancesStored) -> Sequence[Effect]:
        study = self._studies[message.study_instance_uid]
        if not study.is_on_disk and not message.instances.without(study.read):
            return [Discard(study.uid)]
        study.instances = study.instances.union(message.instances)
        return [SetTimer(f"settle/{study.uid}", self.now + self._settle_us)]

    def timer_fired(self, key: str) -> Sequence[Effect]:
        """Nothing of a study has come for a while."""
        kind, _, uid = key.partition("/")
        if kind != "settle":
            return super().timer_fired(key)
        study = self._studies[uid]
        header = study.header
        fields = {
            "mrn": header.patient.patient_id,
            "accession": header.accession_number,
            "instances": len(study.instances),
            "from": study.sender,
        }
        return [Note("study received", study.uid, fields)]

    # --- reports -------------------------------------------------------------------------------------------------------

    def _sign(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        kind, status = _kind(data)
        text = checked_text(data.get("addendum") or data.get("text", ""), kind)
        named = self._named(data["subject"])
        if len(named) != 1:
            return [Note("no such study", data["subject"], {"studies": len(named)})]
        (study,) = named
        client = self._clients.get(study.sender, "")
        reason = _reason_not_to_report(study.header, client) or study.reports.objection(kind)
        if reason:
            return [Note("report not sent", study.uid, {"reason": reason})]
        study.numbers[kind] += 1
        message = Report(
            control_id=control_id(study.uid, _PURPOSES[kind], study.numbers[kind]),
            sent_at=self.stamp(),
            patient=study.header.patient,
            orders=(_reported(study.header),),
            status=status,
            text="" if kind == ADDENDUM else text,
            reader=data.get("reader") or NOBODY,
            reported_at=self.stamp(),
            addendum=text if kind == ADDENDUM else "",
        )
        study.reports.sign(message)
        fields = {"study": study.uid, "accession": message.order.accession_number, "status": status}
        return [*self.outbox.put(client, message), Note("report signed", message.order.accession_number, fields)]

    def _named(self, subject: str) -> Sequence[_Study]:
        """Of this UID, else of this accession number."""
        study = self._studies.get(subject)
        return [study] if study is not None else [*self._by_accession.get(subject, {}).values()]

    def _report_sent(self, delivery: Delivery) -> Sequence[Effect]:
        report: Report = delivery.message
        study = self._studies[report.order.study_instance_uid]
        if report.order.accession_number == study.header.accession_number:
            study.reports.end(report, delivery.accepted)
        if not study.reports.is_read or not study.is_on_disk:
            return ()
        study.read = study.instances
        return [Discard(study.uid)]


def _identity(header: StudyHeader) -> tuple[str, str, str]:
    return header.patient.patient_id, header.patient.issuer, header.accession_number


def _kind(data: Mapping[str, Any]) -> tuple[str, str]:
    """What is signed, and the status of its message. Raises LocalProtocolError for what is neither a report nor an addendum."""
    status: str = data["status"]
    if data.get("addendum"):
        if status != "F" or data.get("text"):
            raise LocalProtocolError("addendum: stands alone, in a report of status F")
        return ADDENDUM, status
    return (status, status) if status in WITHDRAWALS else (checked_status(status), status)


def _reason_not_to_report(header: StudyHeader, client: str) -> str:
    """Empty if there is somebody to report to, and something to report on."""
    if not client:
        return "nobody takes its reports"
    if not header.accession_number:
        return "no accession number"
    return "" if header.patient.patient_id and header.patient.name != NOBODY else "no patient"


def _reported(header: StudyHeader) -> ReportedOrder:
    """OBR-4 needs something: what was done, as far as the images say."""
    procedure = Code("", "", header.description or header.modality or "Imaging study")
    return ReportedOrder("", header.accession_number, header.study_instance_uid, procedure)
