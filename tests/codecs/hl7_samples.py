"""A message of every type that goes over HL7, further ones where a type has several forms, and the codec of one link."""

from dataclasses import replace
from typing import Any

from emulators.codecs.hl7v2 import Hl7Codec, Hl7Message
from emulators.messages.adt import (
    AddPerson,
    AdmitPatient,
    BecomeInpatient,
    BecomeOutpatient,
    CancelAdmission,
    CancelDischarge,
    CancelPreadmission,
    CancelTransfer,
    DischargePatient,
    MergePatients,
    PreadmitPatient,
    RegisterPatient,
    TransferPatient,
    UpdatePatient,
    UpdatePerson,
)
from emulators.messages.common import Code, Patient, PersonName, Visit
from emulators.messages.orders import (
    CancelOrder,
    CancelProcedure,
    ChangeOrder,
    ChangeProcedure,
    FillerOrder,
    NumberAssigned,
    Order,
    OrderStatus,
    PlaceOrder,
    ReadingListEntry,
    ReadingListRemoval,
    ReportStatus,
    ScheduledProcedure,
    ScheduleProcedure,
)
from emulators.messages.report import Report, ReportedOrder

VERSIONS = ("2.3.1", "2.5.1")

PATIENT = Patient("MRN-1", "HOSPITAL", PersonName("Doe", "Jane", "M", "Dr", "Jr"), "19700228", "F")
JAPANESE = PersonName("Yamada", "Tarou", ideographic="山田^太郎", phonetic="やまだ^たろう")
VISIT = Visit("V-1", "O", "RADIOLOGY", PersonName("House", "Greg", prefix="Dr"))
CODE = Code("CTHEAD", "99LOCAL", "CT of the head")
PROTOCOL = Code("CTH1", "99PROT", "Head & sinuses")
ORDER = Order("P-1", CODE, "CT", "HEAD", "STAT", "20250301081500", "Fall; bleeding & fracture?", PersonName("Who", "Meredith"))
SECOND_ORDER = replace(
    ORDER,
    placer_order_number="P-2",
    procedure=Code("CTNECK", "99LOCAL", "CT of the neck"),
    body_part="NECK",
    priority="ROUTINE",
)
SCHEDULED = ScheduledProcedure(
    "A123456789", "2.25.4711", "R123456789", "S123456789", PROTOCOL, "CT_ONE", "20250301083000", "CT"
)
SECOND_STEP = replace(
    SCHEDULED,
    step_id="S-2",
    protocol=Code("NMH1", "99PROT", "Perfusion"),
    station_ae_title="NM_ONE",
    start="20250301093000",
    modality="NM",
    performing_physician=PersonName("Curie", "Marie"),
)
NOT_NEEDED = Code("NN", "99LOCAL", "Not needed")
TEXT = r"""FINDINGS
  Kernel B31\T\2 | T1 ~5 mm^2.


IMPRESSION
""
P&R \ ?mass \.br\ end"""
"""Indented, with empty lines, all delimiters, what looks like an escape sequence, and a line that is HL7's null."""

REPORTED = ReportedOrder("P-1", "A123456789", "2.25.4711", CODE)
REPORT = Report(
    control_id="P-1-RF1",
    sent_at="20250301100000",
    patient=PATIENT,
    orders=(REPORTED,),
    status="F",
    text=TEXT,
    reader=PersonName("Reed", "Ray", suffix="MD"),
    reported_at="20250301095900",
)

_NUMBERS = ("P-1", "A123456789", CODE)

MESSAGES: dict[str, Hl7Message] = {
    "AdmitPatient": AdmitPatient("V-1-A011", "20250301080000", PATIENT, replace(VISIT, patient_class="I")),
    "TransferPatient": TransferPatient("V-1-A021", "20250301080000", PATIENT, replace(VISIT, location="WARD 3")),
    "DischargePatient": DischargePatient("V-1-A031", "20250301080000", PATIENT, VISIT),
    "RegisterPatient": RegisterPatient("V-1-A041", "20250301080000", PATIENT, VISIT),
    "PreadmitPatient": PreadmitPatient("V-1-A051", "20250301080000", PATIENT, VISIT),
    "UpdatePatient": UpdatePatient("V-1-A081", "20250301080000", PATIENT, VISIT),
    "CancelAdmission": CancelAdmission("V-1-A111", "20250301080000", PATIENT, VISIT),
    "UpdatePerson": UpdatePerson(
        "V-1-A311", "20250301080000", replace(PATIENT, birth_date="", sex=""), VISIT, ("sex", "birth_date")
    ),
    "BecomeInpatient": BecomeInpatient("V-1-A061", "20250301080000", PATIENT, replace(VISIT, patient_class="I")),
    "BecomeOutpatient": BecomeOutpatient("V-1-A071", "20250301080000", PATIENT, VISIT),
    "CancelTransfer": CancelTransfer("V-1-A121", "20250301080000", PATIENT, VISIT),
    "CancelDischarge": CancelDischarge("V-1-A131", "20250301080000", PATIENT, VISIT),
    "AddPerson": AddPerson("V-1-A281", "20250301080000", PATIENT, VISIT),
    "CancelPreadmission": CancelPreadmission("V-1-A381", "20250301080000", PATIENT, VISIT),
    "MergePatients": MergePatients("V-1-A401", "20250301080000", PATIENT, "MRN-0", "HOSPITAL"),
    "PlaceOrder": PlaceOrder("P-1-NW1", "20250301080100", PATIENT, VISIT, (ORDER,)),
    "ChangeOrder": ChangeOrder("P-1-XO1", "20250301080100", PATIENT, VISIT, ORDER),
    "CancelOrder": CancelOrder("P-1-CA1", "20250301080100", PATIENT, "P-1", CODE, "Not needed"),
    "FillerOrder": FillerOrder("A-SN1", "20250301080100", PATIENT, VISIT, replace(ORDER, placer_order_number=""), "A123456789"),
    "NumberAssigned": NumberAssigned("A-NA1", "20250301080200", PATIENT, "FA123456789", "A123456789", "A-SN1"),
    "ScheduleProcedure": ScheduleProcedure("P-1-SP1", "20250301080200", PATIENT, VISIT, ORDER, (SCHEDULED,)),
    "ChangeProcedure": ChangeProcedure("P-1-XP1", "20250301080200", PATIENT, VISIT, ORDER, (SCHEDULED,)),
    "CancelProcedure": CancelProcedure("P-1-CP1", "20250301080200", PATIENT, VISIT, ORDER, (SCHEDULED,)),
    "ReadingListEntry": ReadingListEntry("P-1-RL1", "20250301090000", PATIENT, VISIT, ORDER, (SCHEDULED,)),
    "ReadingListRemoval": ReadingListRemoval("P-1-RR1", "20250301090000", PATIENT, VISIT, ORDER, (SCHEDULED,)),
    "OrderStatus": OrderStatus("P-1-IP1", "20250301084000", PATIENT, *_NUMBERS, "IP"),
    "ReportStatus": ReportStatus("P-1-AS1", "20250301091000", PATIENT, *_NUMBERS, "ASSIGNED"),
    "Report": REPORT,
    # further forms
    "two orders": PlaceOrder(
        "P-1-NW1",
        "20250301080100",
        PATIENT,
        VISIT,
        (replace(ORDER, placer_group_number="G-1"), replace(SECOND_ORDER, placer_group_number="G-1")),
    ),
    "two steps": ScheduleProcedure("P-1-SP1", "20250301080200", PATIENT, VISIT, ORDER, (SCHEDULED, SECOND_STEP)),
    "cancelled as asked": OrderStatus("P-1-CR1", "20250301084000", PATIENT, *_NUMBERS, "CA", "CR", NOT_NEEDED),
    "two orders reported": replace(
        REPORT, orders=(REPORTED, ReportedOrder("P-2", "A2", "", SECOND_ORDER.procedure)), text="None."
    ),
    "addendum": replace(REPORT, text="None.", addendum="Seen again.\nStill none."),
    "withdrawn": replace(REPORT, status="W", text=""),
    "Japanese": UpdatePatient("V-1-A081", "20250301080000", replace(PATIENT, name=JAPANESE), VISIT),
}


def variant(name: str, **changes: Any) -> Any:
    """A sample with other values."""
    return replace(MESSAGES[name], **changes)


def codec(version: str, character_set: str = "") -> Hl7Codec:
    return Hl7Codec(version, "RIS", "CLINIC", "PACS", "CLINIC", character_set)
