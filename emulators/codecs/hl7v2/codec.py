"""Messages to ER7 bytes and back: the header here, the rest in one file per conversation.

What we write depends on the version in three places: MSH-9 has its third component and MSH-12 its value in 2.5.1, and ERR
has another form. Orders go as ORM^O01, or in 2.5.1 as OMG^O19 and OMI^O23 to a receiver that wants them. What we read does not
depend on any of it: any 2.x message is read, and what is not known in it is skipped (2.5.2): segments, fields, repetitions,
components.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import partial
from typing import Any

from emulators.codecs.hl7v2 import acknowledgement as acknowledgements
from emulators.codecs.hl7v2 import adt, fields, imaging_orders, orders, pass_through, report
from emulators.codecs.hl7v2.rejection import Rejection, content_error, header_error
from emulators.codecs.hl7v2.time_zones import in_local_time
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.core.identity import digest
from emulators.core.instant import Stamp
from emulators.messages.acknowledgements import ApplicationAcknowledgement
from emulators.messages.adt import VISIT_MESSAGES, MergePatients, PatientMessage
from emulators.messages.common import Acknowledgement
from emulators.messages.orders import (
    CancelOrder,
    CancelProcedure,
    ChangeOrder,
    ChangeProcedure,
    FillerOrder,
    NumberAssigned,
    OrderStatus,
    PlaceOrder,
    ReadingListEntry,
    ReadingListRemoval,
    ReportStatus,
    ScheduleProcedure,
)
from emulators.messages.report import Report
from emulators.wire import er7
from emulators.wire.er7 import Field, Message, Row, Segment

VERSIONS = frozenset(("2.3.1", "2.5.1"))

Hl7Message = PatientMessage | MergePatients | orders.OrderMessage | Report | ApplicationAcknowledgement

_Kind = tuple[str, str, str]
_ORM, _ORR, _ORU = ("ORM", "O01", "ORM_O01"), ("ORR", "O02", "ORR_O02"), ("ORU", "R01", "ORU_R01")
_OMG, _OMI, _ORG = ("OMG", "O19", "OMG_O19"), ("OMI", "O23", "OMI_O23"), ("ORG", "O20", "ORG_O20")


def _adt(event: str) -> _Kind:
    return "ADT", event, adt.STRUCTURES[event]


_Writer = tuple[_Kind, Callable[[Any], Sequence[Row]]]
_WRITERS: Mapping[type, _Writer] = {
    **{kind: (_adt(kind.event), adt.write_patient_message) for kind in VISIT_MESSAGES},
    MergePatients: (_adt(MergePatients.event), adt.write_merge),
    PlaceOrder: (_ORM, orders.write_new_order),
    ChangeOrder: (_ORM, orders.write_changed_order),
    CancelOrder: (_ORM, orders.write_cancelled_order),
    FillerOrder: (_ORM, orders.write_filler_order),
    NumberAssigned: (_ORR, orders.write_assigned_number),
    ScheduleProcedure: (_ORM, orders.write_procedure),
    ChangeProcedure: (_ORM, orders.write_procedure),
    CancelProcedure: (_ORM, orders.write_procedure),
    ReadingListEntry: (_ORM, orders.write_procedure),
    ReadingListRemoval: (_ORM, orders.write_procedure),
    OrderStatus: (_ORM, orders.write_order_status),
    ReportStatus: (_ORM, orders.write_report_status),
    Report: (_ORU, report.write_report),
}


def _of_2_5_1(kind: _Kind, write: Callable[[Any], Sequence[Row]]) -> _Writer:
    """The message of 2.5.1 for one that is an ORM or ORR."""
    if write is orders.write_procedure:
        return _OMI, orders.write_imaging_procedure
    if kind is _ORM:
        return _OMG, lambda message: [*imaging_orders.timed_by_tq1(write(message))]
    return (_ORG if kind is _ORR else kind), write


_WRITERS_OF_2_5_1: Mapping[type, _Writer] = {kind: _of_2_5_1(*writer) for kind, writer in _WRITERS.items()}
"""For a receiver that wants OMG^O19 and OMI^O23."""

_PLACED = (PlaceOrder, ChangeOrder)
"""What a placer asks for, and where it was entered."""

_Reader = Callable[[Message, str, Stamp], Hl7Message]
_READERS: Mapping[str, Mapping[str, _Reader]] = {
    "ADT": {
        **{kind.event: partial(adt.read_patient_message, kind) for kind in VISIT_MESSAGES},
        MergePatients.event: adt.read_merge,
    },
    "ORM": {"O01": orders.read_order},
    "ORR": {"O02": orders.read_assigned_number},
    "OMG": {"O19": orders.read_order},
    "OMI": {"O23": orders.read_imaging_order},
    "ORG": {"O20": orders.read_assigned_number},
    "ORU": {"R01": report.read_report},
}

_COMPATIBLE_VERSION = re.compile(r"2\.[0-9](\.[0-9])?")
_UTF_8 = "UNICODE UTF-8"
_PLACE = re.compile(r"segment [0-9]+ \(([A-Z][A-Z0-9]{2})\), field ([0-9]{1,3}):")
"""Where er7 finds a fault."""


@dataclass(frozen=True, slots=True)
class Hl7Codec:
    """One side of an HL7 link: the version it writes (2.3.1 or 2.5.1) and the names it puts into MSH-3 to MSH-6.

    ``character_set`` is MSH-18 (table 0211), and text that does not fit it cannot be sent; without it MSH-18 is left out for
    ASCII, and UTF-8 is declared for all else. ``order_messages`` is what it writes orders as: ``ORM``, or, in 2.5.1, ``OMG`` or
    ``OMI`` for OMG^O19, OMI^O23 and ORG^O20, which of them by what the message says. ``accept`` and ``application`` are MSH-15
    and MSH-16 of what it writes, empty in original mode. With ``keeps_original`` a message that it reads can be passed on.
    ``zone`` is that of the times it gives; without it what is said of zones is dropped.
    """

    version: str
    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    character_set: str = ""
    order_messages: str = "ORM"
    accept: str = ""
    application: str = ""
    keeps_original: bool = False
    zone: tzinfo | None = None

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise LocalProtocolError(f"version: not one of {', '.join(sorted(VERSIONS))}")
        if self.order_messages not in ("ORM", "OMG", "OMI"):
            raise LocalProtocolError("order_messages: not one of ORM, OMG, OMI")
        if self.order_messages != "ORM" and self.version != "2.5.1":
            raise LocalProtocolError(f"order_messages: {self.order_messages} is not in {self.version}")

    def encode(self, message: Hl7Message) -> bytes:
        """The ER7 bytes of a message, without MLLP frame: as it came, if that was kept and is of the same type here.

        LocalProtocolError: a message of another kind, one that lacks what HL7 requires, or text outside the character set.
        """
        kind, rows = self._rows(message)
        passed = self._passed_on(message, kind)
        if passed is not None:
            return passed
        header: dict[int, Field] = {
            3: self.sending_application,
            4: self.sending_facility,
            5: self.receiving_application,
            6: self.receiving_facility,
            7: fields.present(message.sent_at, "MSH-7"),
            9: kind[: _kind_components(self.version)],
            10: fields.present(message.control_id, "MSH-10"),
            11: "P",
            12: self.version,
            15: self.accept_of(message),
            16: "NE" if kind[0] == "ACK" else self.application,
        }
        return _bytes(header, rows, self.character_set)

    def _passed_on(self, message: Hl7Message, kind: _Kind) -> bytes | None:
        """A message that was kept, with the names of this link, its version, and what it asks for; None for any other."""
        if isinstance(message, ApplicationAcknowledgement) or not message.original:
            return None
        *type_and_event, version = pass_through.kind_of(message.original)
        if tuple(type_and_event) != kind[:2] or not self._is_as_it_came(message):
            return None
        changes: dict[int, tuple[str, ...]] = {
            3: (self.sending_application,),
            4: (self.sending_facility,),
            5: (self.receiving_application,),
            6: (self.receiving_facility,),
            15: (self.accept,),
            16: (self.application,),
        }
        if version != self.version:
            changes |= {9: kind[: _kind_components(self.version)], 12: (self.version,)}
        return pass_through.rewritten(message.original, changes)

    def _is_as_it_came(self, message: Hl7Message) -> bool:
        """Whether nobody has changed what was kept with it."""
        assert not isinstance(message, ApplicationAcknowledgement)
        return _read(message.original.encode("latin-1"), self.zone) == message

    def _rows(self, message: Hl7Message) -> tuple[_Kind, Sequence[Row]]:
        """MSH-9, and all segments but MSH."""
        if isinstance(message, ApplicationAcknowledgement):
            rows = acknowledgements.write_application_acknowledgement(message, self.version)
            return ("ACK", message.event, "ACK"), rows
        entry = (_WRITERS if self.order_messages == "ORM" else _WRITERS_OF_2_5_1).get(type(message))
        if entry is None:
            raise LocalProtocolError(f"no HL7 message for {type(message).__name__}")
        kind, write = entry
        rows = write(message)
        return kind, orders.entered_at(self.sending_facility, rows) if isinstance(message, _PLACED) else rows

    def accept_of(self, message: Hl7Message) -> str:
        """MSH-15 of a message as this codec writes it. An application acknowledgement is always accepted, unless never asked
        to be: its sender forgets what has been taken."""
        return self.accept or ("AL" if isinstance(message, ApplicationAcknowledgement) else "")

    def decode(self, payload: bytes) -> Hl7Message:
        """The message in ER7 bytes; Rejection if there is none that we know, with its MSH-10 if that could be read."""
        try:
            message = _read(payload, self.zone)
            if self.keeps_original and not isinstance(message, ApplicationAcknowledgement):
                return replace(message, original=pass_through.kept(payload))
            return message
        except Rejection as rejection:
            rejection.control_id = control_id_of(payload)
            raise

    def encode_acknowledgement(self, acknowledgement: Acknowledgement, request: bytes, sent_at: Stamp = "") -> bytes:
        """The ER7 bytes of the answer to ``request``, the bytes of the message that came (2.9.2.1).

        Sender and receiver change places, the trigger event and MSH-11 are the request's, and so is the version if we write it;
        MSH-10 derives from it. Without ``sent_at`` MSH-7 is the request's. To bytes without a readable MSH the configured names
        answer. What it copies may be in any character set, so it is ASCII, or else UTF-8.
        """
        msh = _readable_header(request)
        version = msh.component(12, 1) if msh.component(12, 1) in VERSIONS else self.version
        header: dict[int, Field] = {
            3: _designator(msh, 5) or self.sending_application,
            4: _designator(msh, 6) or self.sending_facility,
            5: _designator(msh, 3) or self.receiving_application,
            6: _designator(msh, 4) or self.receiving_facility,
            7: sent_at or msh.component(7, 1),
            9: ("ACK", msh.component(9, 2), "ACK")[: _kind_components(version)],
            10: f"K{digest(64, 'acknowledgement', self.sending_application, request, acknowledgement.code):016X}",
            11: msh.component(11, 1) or "P",
            12: version,
        }
        return _bytes(header, acknowledgements.write_acknowledgement(acknowledgement, version), "")

    def decode_acknowledgement(self, payload: bytes, is_enhanced: bool = False) -> Acknowledgement:
        """RemoteProtocolError if the bytes are not an acknowledgement of original mode, or an accept acknowledgement."""
        return acknowledgements.read_acknowledgement(payload, is_enhanced)


def _kind_components(version: str) -> int:
    """MSH-9: the message structure is its third component; 2.3.1 gives the field 7 characters, no room for it."""
    return 2 if version == "2.3.1" else 3


def control_id_of(payload: bytes) -> str:
    """MSH-10, or "" if it cannot be read. Looks at MSH alone."""
    try:
        return er7.header(payload).component(10, 1)
    except RemoteProtocolError:
        return ""


def _read(payload: bytes, zone: tzinfo | None) -> Hl7Message:
    try:
        message = er7.parse(payload)
    except RemoteProtocolError as error:
        raise _unreadable(payload, error) from None
    msh = message.msh
    control_id = fields.text(msh, 10)
    if not control_id:
        raise header_error("101", "MSH-10")
    if not _COMPATIBLE_VERSION.fullmatch(fields.said(msh, 12)):
        raise header_error("203", "MSH-12")
    if fields.said(msh, 11) != "P":
        raise header_error("202", "MSH-11")
    reader = _reader(msh)
    if zone is not None:
        message = in_local_time(message, zone)
    try:
        return reader(message, control_id, fields.stamp(fields.text(message.msh, 7), "MSH-7"))
    except LocalProtocolError as error:
        raise content_error("102", fields.location_of(error)) from None


def _unreadable(payload: bytes, error: RemoteProtocolError) -> Rejection:
    """Why bytes are no message, at the field where that is known: MSH-18, or the one with text that is not legal in it."""
    if not payload.startswith(b"MSH"):
        return Rejection(f"AR 100 MSH: {error}")
    place = _PLACE.match(str(error))
    if place is None or place[1] == "MSH":
        return Rejection(f"AR 102 {'-'.join(place.groups()) if place else 'MSH'}: {error}")
    return Rejection(f"AE 102 {place[1]}-{place[2]}: {error}")


def _reader(msh: Segment) -> _Reader:
    if fields.said(msh, 9) == "ACK":  # of any event
        return acknowledgements.read_application_acknowledgement
    events = _READERS.get(fields.said(msh, 9))
    if events is None:
        raise header_error("200" if msh.field(9) else "101", "MSH-9")
    reader = events.get(fields.said(msh, 9, 2))
    if reader is None:
        raise header_error("201", "MSH-9")
    return reader


def _bytes(header: dict[int, Field], rows: Sequence[Row], character_set: str) -> bytes:
    """MSH from its fields, and the other segments. Without a character set it is ASCII, or else UTF-8, which is declared."""
    if character_set:
        header[18] = [*character_set.split("~")]
        return er7.encode([er7.row("MSH", header), *rows])
    payload = er7.encode([er7.row("MSH", header), *rows], encoding="utf-8")
    if payload.isascii():
        return payload
    header[18] = _UTF_8
    return er7.encode([er7.row("MSH", header), *rows])


def _readable_header(request: bytes) -> Segment:
    """MSH of a message that may be unreadable in whole or in part; without any, one that says nothing."""
    try:
        return er7.parse(request).msh
    except RemoteProtocolError:
        pass
    try:
        return er7.header(request)
    except RemoteProtocolError:
        return er7.header(b"MSH|^~\\&|")


def _designator(msh: Segment, number: int) -> Field:
    """An HD as it came."""
    return tuple(msh.component(number, part) for part in (1, 2, 3)) if msh.field(number) else None
