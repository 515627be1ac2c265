"""One message of every type that goes over HL7, and the codec of one link."""

from emulators.codecs.hl7v2 import Hl7Codec, Hl7Message
from emulators.messages.adt import RegisterPatient
from emulators.messages.common import Code, Patient, PersonName, Visit
from emulators.messages.orders import (
    Order,
    OrderStatus,
    PlaceOrder,
    ReadingListEntry,
    ReportStatus,
    ScheduledProcedure,
    ScheduleProcedure,
)
from emulators.messages.report import Report

VERSIONS = ("2.3.1", "2.5.1")

PATIENT = Patient("MRN-1", "HOSPITAL", PersonName("Doe", "Jane", "M", "Dr", "Jr"), "19700228", "F")
VISIT = Visit("V-1", "O", "RADIOLOGY", PersonName("House", "Greg", prefix="Dr"))
CODE = Code("CTHEAD", "99LOCAL", "CT of the head")
PROTOCOL = Code("CTH1", "99PROT", "Head & sinuses")
ORDER = Order("P-1", CODE, "CT", "HEAD", "STAT", "20250301081500", "Fall; bleeding & fracture?", PersonName("Who", "Meredith"))
SCHEDULED = ScheduledProcedure("A123456789", "2.25.4711", "R123456789", "S123456789", PROTOCOL, "CT_ONE", "20250301083000")
TEXT = r"""FINDINGS
  Kernel B31\T\2 | T1 ~5 mm^2.


IMPRESSION
""
P&R \ ?mass \.br\ end"""
"""Indented, with empty lines, all delimiters, what looks like an escape sequence, and a line that is HL7's null."""

REPORT = Report(
    control_id="P-1-RF1",
    sent_at="20250301100000",
    patient=PATIENT,
    placer_order_number="P-1",
    accession_number="A123456789",
    study_instance_uid="2.25.4711",
    procedure=CODE,
    status="F",
    text=TEXT,
    reader=PersonName("Reed", "Ray", suffix="MD"),
    reported_at="20250301095900",
)

MESSAGES: dict[str, Hl7Message] = {
    "RegisterPatient": RegisterPatient("V-1-A041", "20250301080000", PATIENT, VISIT),
    "PlaceOrder": PlaceOrder("P-1-NW1", "20250301080100", PATIENT, VISIT, ORDER),
    "ScheduleProcedure": ScheduleProcedure("P-1-SP1", "20250301080200", PATIENT, VISIT, ORDER, SCHEDULED),
    "ReadingListEntry": ReadingListEntry("P-1-RL1", "20250301090000", PATIENT, VISIT, ORDER, SCHEDULED),
    "OrderStatus": OrderStatus("P-1-IP1", "20250301084000", PATIENT, "P-1", "A123456789", CODE, "IP"),
    "ReportStatus": ReportStatus("P-1-AS1", "20250301091000", PATIENT, "P-1", "A123456789", CODE, "ASSIGNED"),
    "Report": REPORT,
}


def codec(version: str, character_set: str = "") -> Hl7Codec:
    return Hl7Codec(version, "RIS", "CLINIC", "PACS", "CLINIC", character_set)
