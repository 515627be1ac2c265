"""The HL7 codec: what was sent is what arrives; the bytes a person can read; what is tolerated and what is refused."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.codecs.hl7v2 import Hl7Message, Rejection, control_id_of
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.messages.common import NOBODY, Acknowledgement, Code, Patient, PersonName, Status
from tests import strategies
from tests.codecs.hl7_samples import CODE, MESSAGES, PATIENT, REPORT, TEXT, VERSIONS, codec

WRITER = codec("2.5.1")

PID = "PID|1||MRN-1^^^HOSPITAL||Doe^Jane^M^Jr^Dr||19700228|F\r"
PV1 = "PV1|1|O|RADIOLOGY|||||^House^Greg^^^Dr|||||||||||V-1\r"
ORDER = "^^^HEAD|^Who^Meredith||"
STUDY = "ZDS|2.25.4711^Radloop^Application^DICOM\r"
SCHEDULED_OBR = (
    "OBR|1|P-1|A123456789|CTHEAD^CT of the head^99LOCAL^CTH1^Head \\T\\ sinuses^99PROT||20250301081500|||||||||"
    + ORDER
    + "A123456789|R123456789|S123456789|CT_ONE|||CT|||^^^20250301083000^^S||||^Fall; bleeding \\T\\ fracture?\r"
)
STATUS_OBR = "OBR|1|P-1|A123456789|CTHEAD^CT of the head^99LOCAL||||||||||||||A123456789\r"

GOLDEN = {
    "RegisterPatient": (
        "MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|20250301080000||ADT^A04^ADT_A01|V-1-A041|P|2.5.1\rEVN||20250301080000\r" + PID + PV1
    ),
    "PlaceOrder": (
        "MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|20250301080100||ORM^O01^ORM_O01|P-1-NW1|P|2.5.1\r"
        + PID
        + PV1
        + "ORC|NW|P-1|||||^^^20250301081500^^S||20250301080100|||^Who^Meredith\r"
        "OBR|1|P-1||CTHEAD^CT of the head^99LOCAL||20250301081500|||||||||"
        + ORDER
        + "||||||CT|||^^^20250301081500^^S||||^Fall; bleeding \\T\\ fracture?\r"
    ),
    "ScheduleProcedure": (
        "MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|20250301080200||ORM^O01^ORM_O01|P-1-SP1|P|2.5.1\r"
        + PID
        + PV1
        + "ORC|NW|P-1|A123456789||SC||^^^20250301083000^^S||20250301080200|||^Who^Meredith\r"
        + SCHEDULED_OBR
        + STUDY
    ),
    "ReadingListEntry": (
        "MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|20250301090000||ORM^O01^ORM_O01|P-1-RL1|P|2.5.1\r"
        + PID
        + PV1
        + "ORC|SC|P-1|A123456789||CM||^^^20250301083000^^S||20250301090000|||^Who^Meredith\r"
        + SCHEDULED_OBR
        + STUDY
    ),
    "OrderStatus": (
        "MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|20250301084000||ORM^O01^ORM_O01|P-1-IP1|P|2.5.1\r"
        + PID
        + "ORC|SC|P-1|A123456789||IP||||20250301084000\r"
        + STATUS_OBR
    ),
    "ReportStatus": (
        "MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|20250301091000||ORM^O01^ORM_O01|P-1-AS1|P|2.5.1\r"
        + PID
        + "ORC|SC|P-1|A123456789||CM||||20250301091000|||||||ASSIGNED^Report assigned^99RADLOOP\r"
        + STATUS_OBR
    ),
    "Report": (
        "MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|20250301100000||ORU^R01^ORU_R01|P-1-RF1|P|2.5.1\r"
        + PID
        + "ORC|RE|P-1|A123456789\r"
        + STATUS_OBR.rstrip("\r")
        + "||||20250301095900|||F|||||||&Reed&Ray&&MD\r"
        "OBX|1|ST|113014^DICOM Study^DCM|1|2.25.4711||||||F\r"
        "OBX|2|TX|18748-4^Diagnostic imaging study^LN|1|FINDINGS||||||F\r"
        "OBX|3|TX|18748-4^Diagnostic imaging study^LN|2|  Kernel B31\\E\\T\\E\\2 \\F\\ T1 \\R\\5 mm\\S\\2.||||||F\r"
        "OBX|4|TX|18748-4^Diagnostic imaging study^LN|3|||||||F\r"
        "OBX|5|TX|18748-4^Diagnostic imaging study^LN|4|||||||F\r"
        "OBX|6|TX|18748-4^Diagnostic imaging study^LN|5|IMPRESSION||||||F\r"
        'OBX|7|TX|18748-4^Diagnostic imaging study^LN|6|"" ||||||F\r'
        "OBX|8|TX|18748-4^Diagnostic imaging study^LN|7|P\\T\\R \\E\\ ?mass \\E\\.br\\E\\ end||||||F\r"
    ),
}


def golden(name: str, version: str = "2.5.1") -> str:
    """2.3.1 differs in MSH alone."""
    text = GOLDEN[name]
    if version == "2.3.1":
        for structure in ("ADT_A01", "ORM_O01", "ORU_R01"):
            text = text.replace(f"^{structure}|", "|")
        text = text.replace("|P|2.5.1\r", "|P|2.3.1\r")
    return text


def changed(name: str, *changes: tuple[str, str]) -> bytes:
    """A golden message with each text replaced once by another; the text must be there."""
    text = GOLDEN[name]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text.encode()


# --- the law -------------------------------------------------------------------------------------------------------------


@given(strategies.hl7_messages, st.sampled_from(VERSIONS))
def test_what_was_sent_is_what_arrives(message: Hl7Message, version: str) -> None:
    assert codec(version).decode(codec(version).encode(message)) == message


@given(strategies.acknowledgements, strategies.hl7_messages, st.sampled_from(VERSIONS))
def test_an_acknowledgement_arrives_as_it_was_sent(given: Acknowledgement, to: Hl7Message, version: str) -> None:
    link = codec(version)
    assert link.decode_acknowledgement(link.encode_acknowledgement(given, link.encode(to))) == given


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", MESSAGES)
def test_bytes_are_the_golden_ones_both_ways(name: str, version: str) -> None:
    assert codec(version).encode(MESSAGES[name]).decode() == golden(name, version)
    assert WRITER.decode(golden(name, version).encode()) == MESSAGES[name]


@pytest.mark.parametrize(
    "text", ["", " indented", "\n\nafter two empty lines", "a\n\n\nb", "|^~\\&", "\\.br\\\n\\X0D\\", '""\n""']
)
def test_the_text_of_a_report_is_held_exactly(text: str) -> None:
    report = replace(REPORT, text=text)
    assert WRITER.decode(WRITER.encode(report)) == report


# --- character sets ------------------------------------------------------------------------------------------------------


def _of(name: PersonName) -> Hl7Message:
    return replace(MESSAGES["OrderStatus"], patient=replace(PATIENT, name=name))


@pytest.mark.parametrize(
    ("character_set", "family", "declared", "encoding"),
    [
        ("", "Muller", b"", "ascii"),
        ("", "Müller", b"UNICODE UTF-8", "utf-8"),
        ("8859/1", "Muller", b"8859/1", "iso8859-1"),
        ("8859/1", "Müller", b"8859/1", "iso8859-1"),
        ("UNICODE UTF-8", "李", b"UNICODE UTF-8", "utf-8"),
        ("~ISO IR87", "山田", b"~ISO IR87", "iso2022_jp"),
    ],
)
def test_the_character_set_is_declared_where_given_or_needed(
    character_set: str, family: str, declared: bytes, encoding: str
) -> None:
    link, message = codec("2.5.1", character_set), _of(PersonName(family))
    payload = link.encode(message)
    msh = payload.split(b"\r")[0].split(b"|")
    assert (msh[17] if len(msh) > 17 else b"") == declared
    assert family.encode(encoding) in payload
    assert link.decode(payload) == message


def test_text_outside_the_configured_character_set_cannot_be_sent() -> None:
    with pytest.raises(LocalProtocolError, match="PID") as caught:
        codec("2.5.1", "8859/1").encode(_of(PersonName("山田")))
    assert "山田" not in str(caught.value)


# --- what cannot be encoded ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "attributes", "location"),
    [
        ("PlaceOrder", {"control_id": ""}, "control_id"),
        ("PlaceOrder", {"sent_at": ""}, "MSH-7"),
        ("PlaceOrder", {"patient": Patient("", "HOSPITAL", PersonName("Doe"))}, "PID-3"),
        ("PlaceOrder", {"patient": Patient("MRN-1", "HOSPITAL", NOBODY)}, "PID-5"),
        ("OrderStatus", {"placer_order_number": ""}, "ORC-2"),
        ("Report", {"accession_number": ""}, "OBR-18"),
        ("Report", {"procedure": Code("", "", "")}, "OBR-4"),
    ],
)
def test_a_message_without_what_hl7_requires_is_not_encoded(name: str, attributes: dict[str, Any], location: str) -> None:
    with pytest.raises(LocalProtocolError, match=location):
        WRITER.encode(replace(MESSAGES[name], **attributes))


def test_a_message_of_another_kind_and_another_version_are_our_own_errors() -> None:
    with pytest.raises(LocalProtocolError, match="Status"):
        WRITER.encode(Status(0))  # type: ignore[arg-type]
    with pytest.raises(LocalProtocolError, match="version"):
        codec("2.4")


# --- tolerance -----------------------------------------------------------------------------------------------------------

TOLERATED = {
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
    "the authority as universal ID": ("OrderStatus", changed("OrderStatus", ("^^^HOSPITAL", "^^^&HOSPITAL&DNS"))),
    "the authority as universal ID among several": (
        "OrderStatus",
        changed("OrderStatus", ("MRN-1^^^HOSPITAL", "MRN-1^^^&HOSPITAL&DNS^MR~X9^^^STATE^DL")),
    ),
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
    "a zone and fractions": ("PlaceOrder", changed("PlaceOrder", ("|20250301080100||ORM", "|20250301080100.1234+0100||ORM"))),
    "a birth date with a time": ("OrderStatus", changed("OrderStatus", ("|19700228|", "|197002281130|"))),
    "a preliminary OBX in a final report": ("Report", changed("Report", ("FINDINGS||||||F", "FINDINGS||||||P"))),
    "the text as repetitions": (
        "Report",
        changed("Report", ("FINDINGS||||||F\rOBX|3|TX|18748-4^Diagnostic imaging study^LN|2|", "FINDINGS~")),
    ),
    "formatted text": (
        "Report",
        changed(
            "Report",
            ("OBX|2|TX", "OBX|2|FT"),
            ("FINDINGS||||||F\rOBX|3|TX|18748-4^Diagnostic imaging study^LN|2|", "\\H\\FINDINGS\\N\\\\.br\\"),
        ),
    ),
    "the study as HD": (
        "Report",
        changed("Report", ("1|ST|113014^DICOM Study^DCM|1|2.25.4711", "1|HD|113014^^DCM||^2.25.4711^ISO")),
    ),
    "observations that are no text": ("Report", changed("Report", ("OBX|2|", "OBX|9|NM|1^Dose^L||4711||||||F\rOBX|2|"))),
    "a report without ORC": ("Report", changed("Report", ("ORC|RE|P-1|A123456789\r", ""))),
}


@pytest.mark.parametrize("case", TOLERATED)
def test_what_hl7_tolerates_reads_the_same(case: str) -> None:
    name, payload = TOLERATED[case]
    assert WRITER.decode(payload) == MESSAGES[name]


def test_other_delimiters_read_the_same() -> None:
    swapped = str.maketrans("|^~\\&", "$!%@#")
    payload = GOLDEN["Report"].translate(swapped).encode()
    # an escape stands for the delimiter of its message
    assert WRITER.decode(payload) == replace(REPORT, text=TEXT.translate(swapped))


def test_times_of_lower_precision_are_filled_with_zeros() -> None:
    message = WRITER.decode(changed("PlaceOrder", ("|20250301080100||ORM", "|2025030108||ORM")))
    assert message.sent_at == "20250301080000"


def test_an_order_without_a_visit_has_an_empty_one() -> None:
    message: Any = WRITER.decode(changed("PlaceOrder", (PV1, "")))
    assert (message.visit.visit_number, message.visit.patient_class) == ("", "O")


@pytest.mark.parametrize(("sent", "read"), [("F", "F"), ("M", "M"), ("O", "O"), ("U", ""), ("A", "O"), ("N", ""), ("", "")])
def test_sex_is_that_of_dicom(sent: str, read: str) -> None:
    message = WRITER.decode(changed("OrderStatus", ("|19700228|F", f"|19700228|{sent}")))
    assert message.patient.sex == read


@pytest.mark.parametrize(("sent", "read"), [("I", "I"), ("E", "E"), ("P", "I"), ("B", "I"), ("R", "O"), ("U", "O")])
def test_patient_class_is_one_of_three(sent: str, read: str) -> None:
    message: Any = WRITER.decode(changed("RegisterPatient", ("PV1|1|O", f"PV1|1|{sent}")))
    assert message.visit.patient_class == read


def test_empty_says_nothing_and_null_says_that_there_is_none() -> None:
    empty: Any = WRITER.decode(changed("PlaceOrder", ("|^^^20250301081500^^S||2025", "|||2025")))
    null: Any = WRITER.decode(changed("PlaceOrder", ("|^^^20250301081500^^S||2025", '|^^^""^^""||2025')))
    assert (empty.order.requested_at, empty.order.priority) == ("20250301081500", "STAT")  # as OBR-27 says
    assert (null.order.requested_at, null.order.priority) == ("20250301081500", "ROUTINE")  # OBR-6 is another statement


@pytest.mark.parametrize(
    ("change", "attribute"),
    [(("|19700228|", '|""|'), "birth_date"), (("|F\r", '|""\r'), "sex"), (("^^^HOSPITAL", '^^^""'), "issuer")],
)
def test_null_is_never_read_as_text(change: tuple[str, str], attribute: str) -> None:
    assert getattr(WRITER.decode(changed("OrderStatus", change)).patient, attribute) == ""


def test_null_in_a_name_is_never_read_as_text() -> None:
    message = WRITER.decode(changed("OrderStatus", ("^Jr^Dr", '^""^Dr')))
    assert message.patient.name == replace(PATIENT.name, suffix="")


# --- refusal -------------------------------------------------------------------------------------------------------------

REFUSED = {
    "nothing": (b"", "AR 100 MSH"),
    "no HL7": (b"GET / HTTP/1.1\r\n", "AR 100 MSH"),
    "MSH without delimiters": (b"MSH", "AR 102 MSH"),
    "LF between the segments": (GOLDEN["PlaceOrder"].replace("\r", "\n").encode(), "AR 102 MSH"),
    "undeclared bytes": (changed("PlaceOrder", ("Doe", "D\xf6e")), "AR 102 MSH"),
    "an unknown character set": (changed("PlaceOrder", ("2.5.1\r", "2.5.1||||||EBCDIC\r")), "AR 102 MSH"),
    "no MSH-10": (changed("PlaceOrder", ("|P-1-NW1|", "||")), "AR 101 MSH-10"),
    "no MSH-9": (changed("PlaceOrder", ("ORM^O01^ORM_O01", "")), "AR 101 MSH-9"),
    "no MSH-12": (changed("PlaceOrder", ("2.5.1", "")), "AR 203 MSH-12"),
    "version 3.9": (changed("PlaceOrder", ("2.5.1", "3.9")), "AR 203 MSH-12"),
    "a test at a production system": (changed("PlaceOrder", ("|P|2", "|T|2")), "AR 202 MSH-11"),
    "an unknown type": (changed("PlaceOrder", ("ORM^O01", "ZZZ^Z01")), "AR 200 MSH-9"),
    "an unknown event": (changed("RegisterPatient", ("A04", "A99")), "AR 201 MSH-9"),
    "a bad time of the message": (changed("PlaceOrder", ("|20250301080100||ORM", "|yesterday||ORM")), "AE 102 MSH-7"),
    "a registration without EVN": (changed("RegisterPatient", ("EVN||20250301080000\r", "")), "AE 100 EVN"),
    "a registration without EVN-2": (changed("RegisterPatient", ("EVN||20250301080000", "EVN")), "AE 101 EVN-2"),
    "a registration without PV1": (changed("RegisterPatient", (PV1, "")), "AE 100 PV1"),
    "a registration without PV1-2": (changed("RegisterPatient", ("PV1|1|O", "PV1|1|")), "AE 101 PV1-2"),
    "an unknown patient class": (changed("RegisterPatient", ("PV1|1|O", "PV1|1|X")), "AE 103 PV1-2"),
    "an order without PID": (changed("PlaceOrder", (PID, "")), "AE 100 PID"),
    "an order without identifier": (changed("PlaceOrder", ("MRN-1^^^HOSPITAL", "")), "AE 101 PID-3"),
    "an order with a null identifier": (changed("PlaceOrder", ("MRN-1^^^HOSPITAL", '""^^^HOSPITAL')), "AE 101 PID-3"),
    "an identifier too long": (changed("PlaceOrder", ("MRN-1", "9" * 65)), "AE 102 PID-3"),
    "an order without a name": (changed("PlaceOrder", ("Doe^Jane^M^Jr^Dr", "")), "AE 101 PID-5"),
    "a name too long": (changed("PlaceOrder", ("Doe", "D" * 65)), "AE 102 PID-5"),
    "a birth date of a year": (changed("PlaceOrder", ("19700228", "1970")), "AE 102 PID-7"),
    "a birth date that is none": (changed("PlaceOrder", ("19700228", "19700230")), "AE 102 PID-7"),
    "an unknown sex": (changed("PlaceOrder", ("|F\r", "|Q\r")), "AE 103 PID-8"),
    "an order without ORC": (changed("PlaceOrder", ("ORC|", "ZRC|")), "AE 100 ORC"),
    "an order without OBR": (changed("PlaceOrder", ("OBR|", "ZBR|")), "AE 100 OBR"),
    "an order without ORC-1": (changed("PlaceOrder", ("ORC|NW", "ORC|")), "AE 101 ORC-1"),
    "an order control that we do not serve": (changed("PlaceOrder", ("ORC|NW", "ORC|CA")), "AE 103 ORC-1"),
    "an order without number": (changed("PlaceOrder", ("NW|P-1", "NW|"), ("OBR|1|P-1", "OBR|1|")), "AE 101 ORC-2"),
    "an order number too long": (changed("PlaceOrder", ("NW|P-1", "NW|" + "9" * 23)), "AE 102 ORC-2"),
    "an order without procedure": (changed("PlaceOrder", ("CTHEAD^CT of the head^99LOCAL", "")), "AE 101 OBR-4"),
    "a procedure code too long": (changed("PlaceOrder", ("CTHEAD", "C" * 17)), "AE 102 OBR-4"),
    "a modality that is none": (changed("PlaceOrder", ("||CT||", "||ct?||")), "AE 102 OBR-24"),
    "a start that is none": (changed("PlaceOrder", ("^^^20250301081500", "^^^20250301996100")), "AE 102 ORC-7"),
    "several orders in a message": (changed("PlaceOrder", (PV1, PV1 + "ORC|NW|P-0\rOBR|1|P-0||X\r")), "AE 207 ORC"),
    "a schedule without accession number": (
        changed("ScheduleProcedure", ("A123456789", ""), ("A123456789", ""), ("A123456789", "")),
        "AE 101 OBR-18",
    ),
    "a schedule without study": (changed("ScheduleProcedure", ("ZDS|2.25.4711", "ZDS|")), "AE 101 ZDS-1"),
    "a study UID that is none": (changed("ScheduleProcedure", ("ZDS|2.25.4711", "ZDS|2.25.x")), "AE 102 ZDS-1"),
    "a status without ORC-5": (changed("OrderStatus", ("||IP||", "||||")), "AE 101 ORC-5"),
    "an unknown status": (changed("OrderStatus", ("||IP||", "||ZZ||")), "AE 103 ORC-5"),
    "an unknown report status": (changed("ReportStatus", ("ASSIGNED", "LOST")), "AE 103 ORC-16"),
    "a report without OBR": (changed("Report", (STATUS_OBR.rstrip("\r"), "ZBR|")), "AE 100 OBR"),
    "a report without text": (changed("Report", *[("|TX|", "|NM|")] * 7), "AE 100 OBX"),
    "a report without status": (changed("Report", ("|||F|||", "||||||")), "AE 101 OBR-25"),
    "a report status that we do not serve": (changed("Report", ("|||F|||", "|||X|||")), "AE 103 OBR-25"),
    "a report for no order": (changed("Report", ("RE|P-1", "RE|"), ("OBR|1|P-1", "OBR|1|")), "AE 101 OBR-2"),
    "a report with a bad study UID": (changed("Report", ("2.25.4711", "study 1")), "AE 102 OBX-5"),
    "a reader's name too long": (changed("Report", ("&Reed", "&" + "R" * 65)), "AE 102 OBR-32"),
    "several reports in a message": (changed("Report", ("OBX|1|", "OBR|2|P-2|A2|X\rOBX|1|")), "AE 207 OBR"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_says_code_and_location(case: str) -> None:
    payload, expected = REFUSED[case]
    with pytest.raises(Rejection) as caught:
        WRITER.decode(payload)
    answer = caught.value.acknowledgement
    assert f"{answer.code} {answer.error}" == expected
    assert answer.control_id == control_id_of(payload)


def test_control_ids_of_refused_messages_were_read() -> None:
    """So that the comparison above is not one of two empty strings."""
    assert sum(control_id_of(payload) != "" for payload, _ in REFUSED.values()) == len(REFUSED) - 4


def test_a_refusal_can_be_built_again_from_its_arguments() -> None:
    rejection = Rejection("AE 101 PID-3: required field missing")
    again = type(rejection)(*rejection.args)
    assert (again.code, again.error, str(again)) == ("AE", "101 PID-3", "AE 101 PID-3: required field missing")
    assert isinstance(again, RemoteProtocolError)


@given(st.sampled_from(sorted(GOLDEN)), st.data())
def test_any_damage_is_read_or_refused_and_answered(name: str, data: st.DataObject) -> None:
    """No other error, no patient data in the refusal, and an acknowledgement that can be read for each."""
    payload = GOLDEN[name].encode()
    start = data.draw(st.integers(0, len(payload)))
    end = data.draw(st.integers(start, min(start + 30, len(payload))))
    payload = payload[:start] + data.draw(st.binary(max_size=8) | st.sampled_from((b"|", b"^", b"\r", b'""'))) + payload[end:]
    rejection = _rejection_of(payload)
    if rejection is not None:
        assert not any(secret in str(rejection) for secret in ("Doe", "Jane", "MRN", "1970"))
        answer = rejection.acknowledgement
        read = WRITER.decode_acknowledgement(WRITER.encode_acknowledgement(answer, payload))
        assert (read.code, read.error) == (answer.code, answer.error)


def _rejection_of(payload: bytes) -> Rejection | None:
    try:
        WRITER.decode(payload)
    except Rejection as rejection:
        return rejection
    return None


# --- acknowledgements ----------------------------------------------------------------------------------------------------

REFUSAL = Acknowledgement("AE", "P-1-NW1", "101 PID-3")
ACK_ROUTE = "MSH|^~\\&|PACS|CLINIC|RIS|CLINIC|20250301080100||"


@pytest.mark.parametrize(
    ("version", "kind", "err"),
    [
        ("2.3.1", "ACK^O01", "ERR|PID^1^3^101&Required field missing&HL70357\r"),
        ("2.5.1", "ACK^O01^ACK", "ERR||PID^1^3|101^Required field missing^HL70357|E\r"),
    ],
)
def test_an_acknowledgement_is_the_golden_one(version: str, kind: str, err: str) -> None:
    link = codec(version)
    payload = link.encode_acknowledgement(REFUSAL, link.encode(MESSAGES["PlaceOrder"]))
    control_id = control_id_of(payload)
    assert payload.decode() == f"{ACK_ROUTE}{kind}|{control_id}|P|{version}\rMSA|AE|P-1-NW1\r{err}"
    assert control_id not in ("", "P-1-NW1")
    assert len(control_id) <= 20


def test_an_acknowledgement_is_the_same_each_time_and_its_control_id_differs_by_message() -> None:
    accepted = Acknowledgement("AA", "P-1-NW1")
    first, other = (WRITER.encode(MESSAGES[name]) for name in ("PlaceOrder", "OrderStatus"))
    assert WRITER.encode_acknowledgement(accepted, first) == WRITER.encode_acknowledgement(accepted, first)
    assert control_id_of(WRITER.encode_acknowledgement(accepted, first)) != control_id_of(
        WRITER.encode_acknowledgement(accepted, other)
    )


def test_an_acknowledgement_copies_the_header_whatever_its_delimiters_and_characters() -> None:
    request = "MSH$!%@#$Kö|nig!1.2!ISO$WARD$PACS$CLINIC$20250301$$ADT!A04$7$P$2.5.1$$$$$$UNICODE UTF-8\r".encode()
    payload = WRITER.encode_acknowledgement(Acknowledgement("AA", "7"), request, "20250301090000")
    fields = payload.decode().split("\r")[0].split("|")
    assert fields[2:7] == ["PACS", "CLINIC", "Kö\\F\\nig^1.2^ISO", "WARD", "20250301090000"]
    assert fields[17] == "UNICODE UTF-8"


def test_bytes_without_a_header_are_answered_under_the_configured_names() -> None:
    payload = WRITER.encode_acknowledgement(Acknowledgement("AR", "", "100 MSH"), b"noise")
    assert payload.startswith(b"MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|||ACK^^ACK|")
    assert WRITER.decode_acknowledgement(payload) == Acknowledgement("AR", "", "100 MSH")


@pytest.mark.parametrize(
    ("segments", "error"),
    [
        ("MSA|AE|7\r", ""),
        ("MSA|AE|7|free text that may name a patient\r", ""),
        ("MSA|AE|7||||204^Unknown key^HL70357\r", "204"),
        ("MSA|AE|7\rERR|PID^1^3^101&Missing&HL70357\r", "101 PID-3"),
        ("MSA|AE|7\rERR|PID^1\rERR|PID^1\r", ""),
        ("MSA|AE|7\rERR||PID^1|100^x^HL70357|E|||Jane Doe\r", "100 PID"),
        ("MSA|AE|7\rERR||Jane Doe^1|207|E\r", "207"),
        ("MSA|AE|7\rERR|||oops|E\r", ""),
        ("MSA|AA|7\rERR|||207^A warning^HL70357|W\r", ""),
    ],
)
def test_errors_of_other_systems_are_read_as_far_as_they_have_the_form(segments: str, error: str) -> None:
    answer = WRITER.decode_acknowledgement(f"MSH|^~\\&|||||||ACK|1|P|2.4\r{segments}".encode())
    assert (answer.control_id, answer.error) == ("7", error)


@pytest.mark.parametrize(
    "payload", [b"", b"noise", b"MSH|^~\\&|||||||ACK|1|P|2.4\r", b"MSH|^~\\&|\rMSA|CA|7\r", b"MSH|^~\\&|\rMSA\r"]
)
def test_what_is_no_acknowledgement_is_the_peers_error(payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        WRITER.decode_acknowledgement(payload)


@pytest.mark.parametrize("error", ["PID-3", "101 patient", "1 PID-3"])
def test_an_error_that_is_none_of_table_0357_is_not_sent(error: str) -> None:
    with pytest.raises(LocalProtocolError, match=r"acknowledgement\.error"):
        WRITER.encode_acknowledgement(Acknowledgement("AE", "7", error), b"")


def test_control_id_of_looks_at_the_header_alone() -> None:
    assert control_id_of(b"MSH|^~\\&|A|B|C|D|2025||ORM^O01|X\\F\\1|P|2.3.1\r\xff\xff") == "X|1"
    assert control_id_of(b"PID|1") == ""


def test_the_procedure_may_be_a_text_without_a_code() -> None:
    message: Any = WRITER.decode(changed("OrderStatus", ("CTHEAD^CT of the head^99LOCAL", "^CT of the head^99LOCAL")))
    assert message.procedure == Code("", "", CODE.meaning)
