"""ADT: MSH EVN PID PV1 for a visit or a person, MSH EVN PID MRG for a merge (chapter 3).

An empty field says nothing; ``""`` in PID-7 or PID-8 says that the value is deleted (2.5.3). A merge of several pairs is
refused: a MergePatients is one.
"""

from collections.abc import Mapping, Sequence

from emulators.codecs.hl7v2.fields import needed, present, said, segment, single, stamp, text
from emulators.codecs.hl7v2.patients import cx, identifier, patient, pid_row, pv1_row, visit
from emulators.core.instant import Stamp
from emulators.messages.adt import MergePatients, PatientMessage
from emulators.wire import er7
from emulators.wire.er7 import NULL, Message, Row

STRUCTURES: Mapping[str, str] = {
    "A01": "ADT_A01",
    "A02": "ADT_A02",
    "A03": "ADT_A03",
    "A04": "ADT_A01",
    "A05": "ADT_A05",
    "A06": "ADT_A06",
    "A07": "ADT_A06",
    "A08": "ADT_A01",
    "A11": "ADT_A09",
    "A12": "ADT_A12",
    "A13": "ADT_A01",
    "A28": "ADT_A05",
    "A31": "ADT_A05",
    "A38": "ADT_A38",
    "A40": "ADT_A39",
}
"""MSH-9.3 by event (table 0354)."""

_DELETED_BY: Mapping[str, int] = {"birth_date": 7, "sex": 8}
"""The field of PID that deletes."""


def write_patient_message(message: PatientMessage) -> Sequence[Row]:
    return [_evn_row(message.sent_at), pid_row(message.patient, message.deleted), pv1_row(message.visit)]


def write_merge(message: MergePatients) -> Sequence[Row]:
    prior = cx(message.prior_patient_id, message.prior_issuer, "MRG-1")
    return [_evn_row(message.sent_at), pid_row(message.patient), er7.row("MRG", {1: prior})]


def _evn_row(recorded_at: Stamp) -> Row:
    return er7.row("EVN", {2: present(recorded_at, "EVN-2")})


def read_patient_message(kind: type[PatientMessage], message: Message, control_id: str, sent_at: Stamp) -> PatientMessage:
    recorded_at = _recorded_at(message)
    needed(text(segment(message, "PV1"), 2), "PV1-2")
    who, pid = patient(message), segment(message, "PID")
    deleted = tuple(attribute for attribute, number in _DELETED_BY.items() if said(pid, number) == NULL)
    return kind(control_id, sent_at or recorded_at, who, visit(message), deleted)


def read_merge(message: Message, control_id: str, sent_at: Stamp) -> MergePatients:
    recorded_at = _recorded_at(message)
    prior = identifier(single(message, "MRG"), 1)
    return MergePatients(control_id, sent_at or recorded_at, patient(message), *prior)


def _recorded_at(message: Message) -> Stamp:
    return stamp(needed(text(segment(message, "EVN"), 2), "EVN-2"), "EVN-2")
