"""What others send in another way and means the same (2.5.2: what is not known is skipped), and how values are mapped."""

from dataclasses import replace
from typing import Any

import pytest

from emulators.messages.common import Code
from tests.codecs.hl7_golden import GOLDEN, PV1, changed
from tests.codecs.hl7_samples import CODE, MESSAGES, PATIENT, REPORT, TEXT, codec

READER = codec("2.5.1")

Case = tuple[str, bytes]

TOLERATED: dict[str, Case] = {
    "no last CR": ("RegisterPatient", changed("RegisterPatient", ("V-1\r", "V-1"))),
    "two components of MSH-9": ("PlaceOrder", changed("PlaceOrder", ("^ORM_O01", ""))),
    "a later version": ("PlaceOrder", changed("PlaceOrder", ("2.5.1", "2.8"))),
    "a version with its country": ("PlaceOrder", changed("PlaceOrder", ("2.5.1", "2.5.1^DEU"))),
    "unknown segments": ("Report", changed("Report", ("PID|1", "ZZZ|^~\rPID|1"), ("ORC|", "NTE|1||note\rORC|"))),
    "further fields": ("RegisterPatient", changed("RegisterPatient", ("V-1\r", "V-1|" + "|x" * 40 + "\r"))),
    "further components": ("OrderStatus", changed("OrderStatus", ("^Jr^Dr", "^Jr^Dr^PhD^L^^^^x^y"))),
    "subcomponents": ("OrderStatus", changed("OrderStatus", ("Doe^", "Doe&van&Doe^"), ("^^^HOSPITAL", "^^^HOSPITAL&1.2&ISO"))),
    "repeated names": ("OrderStatus", changed("OrderStatus", ("^Jr^Dr", "^Jr^Dr~Dove^Joan"))),
    "identifiers of other types": (
        "OrderStatus",
        changed("OrderStatus", ("MRN-1^^^HOSPITAL", "X9^^^STATE^DL~MRN-1^^^HOSPITAL^MR~Z1^^^OTHER^MR")),
    ),
    "identifiers without a type": ("OrderStatus", changed("OrderStatus", ("^^^HOSPITAL", "^^^HOSPITAL~X9^^^STATE"))),
    "a check digit": ("OrderStatus", changed("OrderStatus", ("^^^HOSPITAL", "^7^M11^HOSPITAL"))),
    "the authority as universal ID": ("OrderStatus", changed("OrderStatus", ("^^^HOSPITAL", "^^^&HOSPITAL&DNS"))),
    "the authority as universal ID among several": (
        "OrderStatus",
        changed("OrderStatus", ("MRN-1^^^HOSPITAL", "MRN-1^^^&HOSPITAL&DNS^MR~X9^^^STATE^DL")),
    ),
    "a merged identifier of another type": (
        "MergePatients",
        changed("MergePatients", ("MRG|MRN-0^^^HOSPITAL", "MRG|X9^^^STATE^DL~MRN-0^^^HOSPITAL^MR")),
    ),
    "a merge with a visit": ("MergePatients", changed("MergePatients", ("MRN-0^^^HOSPITAL\r", "MRN-0^^^HOSPITAL\r" + PV1))),
    "the accession number in ORC-3 alone": (
        "OrderStatus",
        changed("OrderStatus", ("OBR|1|P-1|A123456789", "OBR|1|P-1|"), ("||||||||||||||A123456789", "")),
    ),
    "the identifier in OBR alone": ("OrderStatus", changed("OrderStatus", ("ORC|SC|P-1|A123456789", "ORC|SC||"))),
    "the accession number as filler number": ("OrderStatus", changed("OrderStatus", ("||||||||||||||A123456789", ""))),
    "timing in OBR-27 alone": (
        "PlaceOrder",
        changed("PlaceOrder", ("|^^^20250301081500^^S||2025", "|||2025"), ("||20250301081500|", "|||")),
    ),
    "timing in TQ1": (
        "PlaceOrder",
        changed(
            "PlaceOrder",
            ("|^^^20250301081500^^S||2025", "|||2025"),
            ("|^^^20250301081500^^S", "|"),
            ("||20250301081500|", "|||"),
            ("OBR|1", "TQ1|1||||||20250301081500||S^STAT^HL70485\rOBR|1"),
        ),
    ),
    "the physician in OBR alone": ("PlaceOrder", changed("PlaceOrder", ("|||^Who^Meredith", ""))),
    "a reason as identifier": ("PlaceOrder", changed("PlaceOrder", ("|^Fall", "|Fall"))),
    "a coded reason to cancel": ("CancelOrder", changed("CancelOrder", ("|^Not needed", "|NN^Not needed^99LOCAL"))),
    "a reason to cancel as identifier": ("CancelOrder", changed("CancelOrder", ("|^Not needed", "|Not needed"))),
    "a schedule without ORC-5": ("ScheduleProcedure", changed("ScheduleProcedure", ("||SC||", "||||"))),
    "a cancellation without ORC-5": ("CancelProcedure", changed("CancelProcedure", ("||CA||", "||||"))),
    "a change of a completed procedure": ("ChangeProcedure", changed("ChangeProcedure", ("||SC||", "||CM||"))),
    "a zone and fractions": ("PlaceOrder", changed("PlaceOrder", ("|20250301080100||ORM", "|20250301080100.1234+0100||ORM"))),
    "a birth date with a time": ("OrderStatus", changed("OrderStatus", ("|19700228|", "|197002281130|"))),
}


@pytest.mark.parametrize("case", TOLERATED)
def test_what_hl7_tolerates_reads_the_same(case: str) -> None:
    name, payload = TOLERATED[case]
    assert READER.decode(payload) == MESSAGES[name]


def test_other_delimiters_read_the_same() -> None:
    swapped = str.maketrans("|^~\\&", "$!%@#")
    payload = GOLDEN["Report"].translate(swapped).encode()
    # an escape stands for the delimiter of its message
    assert READER.decode(payload) == replace(REPORT, text=TEXT.translate(swapped))


def test_times_of_lower_precision_are_filled_with_zeros() -> None:
    message = READER.decode(changed("PlaceOrder", ("|20250301080100||ORM", "|2025030108||ORM")))
    assert message.sent_at == "20250301080000"


def test_a_message_without_a_time_has_that_of_its_event() -> None:
    for name in ("UpdatePatient", "MergePatients"):
        assert READER.decode(changed(name, ("|20250301080000||ADT", "|||ADT"))) == MESSAGES[name]


def test_an_order_without_a_visit_has_an_empty_one() -> None:
    message: Any = READER.decode(changed("PlaceOrder", (PV1, "")))
    assert (message.visit.visit_number, message.visit.patient_class) == ("", "O")


def test_the_procedure_may_be_a_text_without_a_code() -> None:
    message: Any = READER.decode(changed("OrderStatus", ("CTHEAD^CT of the head^99LOCAL", "^CT of the head^99LOCAL")))
    assert message.procedure == Code("", "", CODE.meaning)


@pytest.mark.parametrize("born", ["19700228000000+1400", "19700228235959.9999-1200", "19700228+0000"])
def test_no_zone_shifts_a_birth_date(born: str) -> None:
    message: Any = READER.decode(changed("OrderStatus", ("|19700228|", f"|{born}|")))
    assert message.patient == PATIENT


@pytest.mark.parametrize(("sent", "read"), [("F", "F"), ("M", "M"), ("O", "O"), ("U", ""), ("A", "O"), ("N", ""), ("", "")])
def test_sex_is_that_of_dicom(sent: str, read: str) -> None:
    message: Any = READER.decode(changed("OrderStatus", ("|19700228|F", f"|19700228|{sent}")))
    assert message.patient.sex == read


@pytest.mark.parametrize(("sent", "read"), [("I", "I"), ("E", "E"), ("P", "I"), ("B", "I"), ("R", "O"), ("U", "O")])
def test_patient_class_is_one_of_three(sent: str, read: str) -> None:
    message: Any = READER.decode(changed("RegisterPatient", ("PV1|1|O", f"PV1|1|{sent}")))
    assert message.visit.patient_class == read


# --- empty and null (2.5.3) ----------------------------------------------------------------------------------------------


def test_empty_says_nothing_and_null_says_that_there_is_none() -> None:
    empty: Any = READER.decode(changed("PlaceOrder", ("|^^^20250301081500^^S||2025", "|||2025")))
    null: Any = READER.decode(changed("PlaceOrder", ("|^^^20250301081500^^S||2025", '|^^^""^^""||2025')))
    assert (_only_order(empty).requested_at, _only_order(empty).priority) == ("20250301081500", "STAT")  # as OBR-27 says
    assert (_only_order(null).requested_at, _only_order(null).priority) == ("20250301081500", "ROUTINE")  # as OBR-6 says


def _only_order(message: Any) -> Any:
    (order,) = message.orders
    return order


@pytest.mark.parametrize(
    ("change", "attribute"),
    [(("|19700228|", '|""|'), "birth_date"), (("|F\r", '|""\r'), "sex"), (("^^^HOSPITAL", '^^^""'), "issuer")],
)
def test_null_is_never_read_as_text(change: tuple[str, str], attribute: str) -> None:
    message: Any = READER.decode(changed("OrderStatus", change))
    assert getattr(message.patient, attribute) == ""


def test_null_in_a_name_is_never_read_as_text() -> None:
    message: Any = READER.decode(changed("OrderStatus", ("^Jr^Dr", '^""^Dr')))
    assert message.patient.name == replace(PATIENT.name, suffix="")


# --- escapes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("a \\T\\ b", "a & b"),
        ("\\X41\\", "A"),
        ("\\H\\a\\N\\", "a"),
        ("a\\.br\\b", "a\nb"),
        ("a\\X0D\\b", "a\nb"),
        ("\\Z1\\a", "\\Z1\\a"),  # known to its sender alone
        ("a\\", "a\\"),
    ],
)
def test_escapes_in_a_text_are_taken_off_once_and_unknown_ones_kept(sent: str, read: str) -> None:
    message: Any = READER.decode(changed("addendum", ("|None.|", f"|{sent}|")))
    assert message.text == read


def test_escapes_in_a_name_are_taken_off_once() -> None:
    message: Any = READER.decode(changed("OrderStatus", ("Doe^", "D\\T\\E\\F\\e^")))
    assert message.patient.name.family == "D&E|e"
