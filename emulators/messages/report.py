"""Reports: lane ``reports``, HL7 ORU^R01 (HL7 7.3.1), answered by an Acknowledgement."""

import binascii
from base64 import b64decode
from dataclasses import dataclass
from typing import ClassVar

from emulators.core.errors import LocalProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import Code, PersonName
from emulators.messages.hl7_message import Hl7Message

RESULT_STATUSES = frozenset(("P", "F", "C", "X", "D", "W"))
"""P preliminary, F final, C corrected, X cancelled (no result will come), of HL7 tables 0085 (OBX-11) and 0123 (OBR-25); D
deleted and W wrong (of another patient), of 0085 alone and taken in both. No other code is: not A, which is "some results" in
0123, and an addendum for many."""

SHOWN = frozenset("PFC")
"""Statuses whose text is a result; the others withdraw it."""

DOCUMENT_TYPES = frozenset(("ED", "RP"))
"""Of HL7 table 0125."""


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
class Document:
    """A part of a report that is no text: ``value_type`` is ED, the content itself, or RP, where it is (OBX-2).

    ``observation`` and ``value`` are the components of OBX-3 and OBX-5, as many as are said: of ED source, type, subtype,
    encoding and data (2.A.24), of RP pointer, application, type and subtype (2.A.65).
    """

    value_type: str
    observation: tuple[str, ...]
    value: tuple[str, ...]

    def __post_init__(self) -> None:
        canonical.one_of(self.value_type, DOCUMENT_TYPES, "report.documents")
        if not any(self.observation) or not any(self.value) or not (self.observation[-1] and self.value[-1]):
            raise LocalProtocolError("report.documents: one without a name, or without anything")
        _ = self.content

    @property
    def media_type(self) -> str:
        """Such as ``application/pdf``."""
        first = 1 if self.value_type == "ED" else 2
        return "/".join(self.value[first : first + 2]).lower()

    @property
    def content(self) -> bytes:
        """Of an ED; of an RP the pointer. LocalProtocolError if the data are not in the encoding that is named (table 0299)."""
        if self.value_type == "RP":
            return self.value[0].encode()
        encoding, data = (*self.value[3:5], "", "")[:2]
        try:
            if encoding == "Base64":
                return b64decode("".join(data.split()), validate=True)
            return bytes.fromhex(data) if encoding == "Hex" else data.encode()
        except (binascii.Error, ValueError):
            raise LocalProtocolError("report.documents: not in its encoding") from None


@dataclass(frozen=True, slots=True)
class Report(Hl7Message):
    """ORU^R01: one report on one order, or on several that were read as one; OBR-25 and OBX-11 are both ``status``.

    ``text`` holds lines joined by a newline; section headings are lines of it. ``addendum`` is text added to a final report,
    which stands beside the original (OBX-3 suffix ADT). ``documents`` stand beside the text, or in its place. A report of
    status X, D or W has neither.
    """

    orders: tuple[ReportedOrder, ...]
    status: str
    text: str
    reader: PersonName
    reported_at: Stamp
    addendum: str = ""
    documents: tuple[Document, ...] = ()

    lane: ClassVar[str] = "reports"

    def __post_init__(self) -> None:
        Hl7Message.__post_init__(self)
        if not self.orders:
            raise LocalProtocolError("report.orders: none")
        canonical.stamp(self.reported_at, "reported_at")
        canonical.one_of(self.status, RESULT_STATUSES, "report.status")
        for attribute in ("text", "addendum"):
            object.__setattr__(self, attribute, canonical.lines(getattr(self, attribute), f"report.{attribute}"))
        if self.status not in SHOWN and (self.text or self.addendum or self.documents):
            raise LocalProtocolError("report.text: stands in a report that withdraws it")

    @property
    def order(self) -> ReportedOrder:
        """The first of the orders."""
        return self.orders[0]

    @property
    def nominal_bytes(self) -> int:
        documents = sum(len(part) for document in self.documents for part in document.value)
        return 700 + 300 * (len(self.orders) - 1) + len(self.text) + len(self.addendum) + documents

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
