"""ADT^A04: MSH EVN PID PV1 (3.3.4)."""

from collections.abc import Sequence

from emulators.codecs.hl7v2 import fields
from emulators.core.instant import Stamp
from emulators.messages.adt import RegisterPatient
from emulators.wire import er7
from emulators.wire.er7 import Message, Row


def write_registration(message: RegisterPatient) -> Sequence[Row]:
    evn = er7.row("EVN", {2: fields.present(message.sent_at, "EVN-2")})
    return [evn, fields.pid_row(message.patient), fields.pv1_row(message.visit)]


def read_registration(message: Message, control_id: str, sent_at: Stamp) -> RegisterPatient:
    recorded_at = fields.needed(fields.text(fields.segment(message, "EVN"), 2), "EVN-2")
    pv1 = fields.segment(message, "PV1")
    fields.needed(fields.text(pv1, 2), "PV1-2")
    return RegisterPatient(
        control_id, sent_at or fields.stamp(recorded_at, "EVN-2"), fields.patient(message), fields.visit(message)
    )
