"""Bad input: every message that cannot be read is refused with a code of table 0357 and the place, and nothing else happens."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.codecs.hl7v2 import Rejection, control_id_of
from emulators.core.errors import RemoteProtocolError
from tests.codecs.hl7_golden import GOLDEN, PID, PV1, STATUS_OBR, changed
from tests.codecs.hl7_samples import codec

LINK = codec("2.5.1")

REFUSED = {
    # no message
    "nothing": (b"", "AR 100 MSH"),
    "no HL7": (b"GET / HTTP/1.1\r\n", "AR 100 MSH"),
    "a segment before MSH": (PID.encode() + GOLDEN["PlaceOrder"].encode(), "AR 100 MSH"),
    "an empty line before MSH": (b"\r" + GOLDEN["PlaceOrder"].encode(), "AR 100 MSH"),
    "a batch": (b"FHS|^~\\&|\rBHS|^~\\&|\r" + GOLDEN["PlaceOrder"].encode(), "AR 100 MSH"),
    "MSH without delimiters": (b"MSH", "AR 102 MSH"),
    "delimiters that are not distinct": (changed("PlaceOrder", ("MSH|^~\\&|", "MSH|^^\\&|")), "AR 102 MSH"),
    "LF between the segments": (GOLDEN["PlaceOrder"].replace("\r", "\n").encode(), "AR 102 MSH"),
    "CR and LF between the segments": (GOLDEN["PlaceOrder"].replace("\r", "\r\n").encode(), "AR 102 MSH"),
    "a segment without a name": (changed("PlaceOrder", ("PV1|", "|")), "AR 102 MSH"),
    "MSH alone": (GOLDEN["PlaceOrder"].partition("\r")[0].encode(), "AE 100 ORC"),
    # the header
    "undeclared bytes": (changed("PlaceOrder", ("Doe", "D\xf6e")), "AE 102 PID-5"),
    "undeclared bytes in the header": (changed("PlaceOrder", ("|RIS|", "|R\xcdS|")), "AR 102 MSH-3"),
    "an unknown character set": (changed("PlaceOrder", ("2.5.1\r", "2.5.1||||||EBCDIC\r")), "AR 102 MSH-18"),
    "no MSH-10": (changed("PlaceOrder", ("|P-1-NW1|", "||")), "AR 101 MSH-10"),
    "a null MSH-10": (changed("PlaceOrder", ("|P-1-NW1|", '|""|')), "AR 101 MSH-10"),
    "an MSH-10 of 21 characters": (changed("PlaceOrder", ("|P-1-NW1|", f"|{'1' * 21}|")), "AE 102 MSH-10"),
    "no MSH-9": (changed("PlaceOrder", ("ORM^O01^ORM_O01", "")), "AR 101 MSH-9"),
    "no MSH-12": (changed("PlaceOrder", ("2.5.1", "")), "AR 203 MSH-12"),
    "version 3.9": (changed("PlaceOrder", ("2.5.1", "3.9")), "AR 203 MSH-12"),
    "a test at a production system": (changed("PlaceOrder", ("|P|2", "|T|2")), "AR 202 MSH-11"),
    "no processing ID": (changed("PlaceOrder", ("|P|2", "||2")), "AR 202 MSH-11"),
    "an unknown type": (changed("PlaceOrder", ("ORM^O01", "ZZZ^Z01")), "AR 200 MSH-9"),
    "a type without an event": (changed("PlaceOrder", ("ORM^O01^ORM_O01", "ORM")), "AR 201 MSH-9"),
    "an unknown event": (changed("RegisterPatient", ("A04", "A99")), "AR 201 MSH-9"),
    "an event that we do not serve": (changed("RegisterPatient", ("A04", "A60")), "AR 201 MSH-9"),
    "a bad time of the message": (changed("PlaceOrder", ("|20250301080100||ORM", "|yesterday||ORM")), "AE 102 MSH-7"),
    # ADT
    "a registration without EVN": (changed("RegisterPatient", ("EVN||20250301080000\r", "")), "AE 100 EVN"),
    "a registration without EVN-2": (changed("RegisterPatient", ("EVN||20250301080000", "EVN")), "AE 101 EVN-2"),
    "a registration without PV1": (changed("RegisterPatient", (PV1, "")), "AE 100 PV1"),
    "a registration without PV1-2": (changed("RegisterPatient", ("PV1|1|O", "PV1|1|")), "AE 101 PV1-2"),
    "an unknown patient class": (changed("RegisterPatient", ("PV1|1|O", "PV1|1|X")), "AE 103 PV1-2"),
    "a registration of two": (changed("RegisterPatient", (PID, PID + PID.replace("MRN-1", "MRN-2"))), "AE 207 PID"),
    "a doubled PID": (changed("RegisterPatient", (PID, PID + PID)), "AE 207 PID"),
    "an update without identifier": (changed("UpdatePatient", ("MRN-1^^^HOSPITAL", "")), "AE 101 PID-3"),
    "a location too long": (changed("TransferPatient", ("WARD 3", "W" * 65)), "AE 102 PV1-3"),
    "a merge without survivor": (changed("MergePatients", ("MRN-1^^^HOSPITAL", "^^^HOSPITAL")), "AE 101 PID-3"),
    "a merge without MRG": (changed("MergePatients", ("MRG|MRN-0^^^HOSPITAL\r", "")), "AE 100 MRG"),
    "a merge without MRG-1": (changed("MergePatients", ("MRG|MRN-0^^^HOSPITAL", "MRG|")), "AE 101 MRG-1"),
    "a merge of null": (changed("MergePatients", ("MRG|MRN-0", 'MRG|""')), "AE 101 MRG-1"),
    "a merge of an identifier too long": (changed("MergePatients", ("MRN-0", "9" * 65)), "AE 102 MRG-1"),
    "several merges": (changed("MergePatients", ("MRG|", f"MRG|MRN-8\r{PID}MRG|")), "AE 207 MRG"),
    "a merge without EVN": (changed("MergePatients", ("EVN||20250301080000\r", "")), "AE 100 EVN"),
    # the patient of an order
    "an order without PID": (changed("PlaceOrder", (PID, "")), "AE 100 PID"),
    "an order without identifier": (changed("PlaceOrder", ("MRN-1^^^HOSPITAL", "")), "AE 101 PID-3"),
    "an order with a null identifier": (changed("PlaceOrder", ("MRN-1^^^HOSPITAL", '""^^^HOSPITAL')), "AE 101 PID-3"),
    "an identifier too long": (changed("PlaceOrder", ("MRN-1", "9" * 65)), "AE 102 PID-3"),
    "an order without a name": (changed("PlaceOrder", ("Doe^Jane^M^Jr^Dr", "")), "AE 101 PID-5"),
    "a name too long": (changed("PlaceOrder", ("Doe", "D" * 65)), "AE 102 PID-5"),
    "an escape in a name that nobody knows": (changed("PlaceOrder", ("Doe", "D\\Z1\\oe")), "AE 102 PID-5"),
    "a control character in a name": (changed("PlaceOrder", ("Doe", "D\x00oe")), "AE 102 PID-5"),
    "a birth date of a year": (changed("PlaceOrder", ("19700228", "1970")), "AE 102 PID-7"),
    "a birth date that is none": (changed("PlaceOrder", ("19700228", "19700230")), "AE 102 PID-7"),
    "an unknown sex": (changed("PlaceOrder", ("|F\r", "|Q\r")), "AE 103 PID-8"),
    # orders
    "an order without ORC": (changed("PlaceOrder", ("ORC|", "ZRC|")), "AE 100 ORC"),
    "an order without OBR": (changed("PlaceOrder", ("OBR|", "ZBR|")), "AE 100 OBR"),
    "an order cut off behind ORC": (GOLDEN["two orders"].partition("OBR|2")[0].encode(), "AE 100 OBR"),
    "an order cut off in its PID": (GOLDEN["PlaceOrder"].partition("MRN-1")[0].encode(), "AE 100 ORC"),
    "an OBR without its ORC": (changed("two orders", ("ORC|NW|P-2", "ZRC|NW|P-2")), "AE 100 ORC"),
    "an order without ORC-1": (changed("PlaceOrder", ("ORC|NW", "ORC|")), "AE 101 ORC-1"),
    "an order control that we do not serve": (changed("PlaceOrder", ("ORC|NW", "ORC|HD")), "AE 103 ORC-1"),
    "an order without number": (changed("PlaceOrder", ("NW|P-1", "NW|"), ("OBR|1|P-1", "OBR|1|")), "AE 101 ORC-2"),
    "a second order without number": (changed("two orders", ("NW|P-2", "NW|"), ("|2|P-2", "|2|")), "AE 101 ORC-2"),
    "an order number too long": (changed("PlaceOrder", ("NW|P-1", "NW|" + "9" * 23)), "AE 102 ORC-2"),
    "a group number too long": (changed("two orders", ("G-1", "9" * 23)), "AE 102 ORC-4"),
    "an order without procedure": (changed("PlaceOrder", ("CTHEAD^CT of the head^99LOCAL", "")), "AE 101 OBR-4"),
    "a procedure code too long": (changed("PlaceOrder", ("CTHEAD", "C" * 17)), "AE 102 OBR-4"),
    "a modality that is none": (changed("PlaceOrder", ("||CT||", "||ct?||")), "AE 102 OBR-24"),
    "a start that is none": (changed("PlaceOrder", ("^^^20250301081500", "^^^20250301996100")), "AE 102 ORC-7"),
    "orders under several controls": (changed("two orders", ("ORC|NW|P-2", "ORC|CA|P-2")), "AE 207 ORC-1"),
    "several cancellations": (changed("two orders", ("ORC|NW", "ORC|CA"), ("ORC|NW", "ORC|CA")), "AE 207 ORC"),
    "a change without number": (changed("ChangeOrder", ("XO|P-1", "XO|"), ("OBR|1|P-1", "OBR|1|")), "AE 101 ORC-2"),
    "a cancellation without number": (changed("CancelOrder", ("CA|P-1", "CA|"), ("|1|P-1", "|1|")), "AE 101 ORC-2"),
    "a reason too long": (changed("CancelOrder", ("Not needed", "N" * 65)), "AE 102 ORC-16"),
    "a filler's order without number": (changed("FillerOrder", *[("A123456789", "")] * 3), "AE 101 OBR-18"),
    "a schedule without accession number": (changed("ScheduleProcedure", *[("A123456789", "")] * 3), "AE 101 OBR-18"),
    "an accession number of 17 characters": (
        changed("ScheduleProcedure", ("|A123456789|R", f"|{'A' * 17}|R")),
        "AE 102 OBR-18",
    ),
    "a schedule without study": (changed("ScheduleProcedure", ("ZDS|2.25.4711", "ZDS|")), "AE 101 ZDS-1"),
    "a schedule of two studies": (changed("ScheduleProcedure", ("ZDS|", "ZDS|2.25.1\rZDS|")), "AE 207 ZDS"),
    "a study UID that is none": (changed("ScheduleProcedure", ("ZDS|2.25.4711", "ZDS|2.25.x")), "AE 102 ZDS-1"),
    "steps of two orders": (changed("two steps", ("ORC|NW|P-1", "ORC|NW|P-2")), "AE 207 ORC-2"),
    "steps of two procedures": (changed("two steps", ("R123456789|S-2", "R2|S-2")), "AE 102 OBR-19"),
    "a status without ORC-5": (changed("OrderStatus", ("||IP||", "||||")), "AE 101 ORC-5"),
    "an unknown status": (changed("OrderStatus", ("||IP||", "||ZZ||")), "AE 103 ORC-5"),
    "an unknown report status": (changed("ReportStatus", ("ASSIGNED", "LOST")), "AE 103 ORC-16"),
    "a number without MSA": (changed("NumberAssigned", ("MSA|", "ZSA|")), "AE 100 MSA"),
    "a number without ORC": (changed("NumberAssigned", ("ORC|", "ZRC|")), "AE 100 ORC"),
    "a number that was not assigned": (changed("NumberAssigned", ("ORC|NA", "ORC|UA")), "AE 103 ORC-1"),
    "no number": (changed("NumberAssigned", ("NA|FA123456789", "NA|")), "AE 101 ORC-2"),
    "a number for no order": (changed("NumberAssigned", ("|A123456789|", "||")), "AE 101 ORC-3"),
    # reports
    "a report without OBR": (changed("Report", (STATUS_OBR.rstrip("\r"), "ZBR|")), "AE 100 OBR"),
    "a report without text": (changed("Report", *[("|TX|", "|NM|")] * 7), "AE 102 OBX-2"),
    "a report without observations": (GOLDEN["Report"].partition("OBX|")[0].encode(), "AE 100 OBX"),
    "a report without status": (changed("Report", ("|||F|||", "||||||")), "AE 101 OBR-25"),
    "a report status that we do not serve": (changed("Report", ("|||F|||", "|||A|||")), "AE 103 OBR-25"),
    "a preliminary line in a final report": (changed("Report", ("FINDINGS||||||F", "FINDINGS||||||P")), "AE 103 OBX-11"),
    "a report for no order": (changed("Report", *[("A123456789", "")] * 3), "AE 101 OBR-18"),
    "a report with a bad study UID": (changed("Report", ("2.25.4711", "study 1")), "AE 102 OBX-5"),
    "a control character in a text": (changed("Report", ("FINDINGS", "FIND\x0cINGS")), "AE 102 OBX-5"),
    "a reader's name too long": (changed("Report", ("&Reed", "&" + "R" * 65)), "AE 102 OBR-32"),
    "reports on two patients": (changed("two orders reported", ("ORC|RE|P-2", f"{PID}ORC|RE|P-2")), "AE 207 PID"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_says_code_and_location(case: str) -> None:
    payload, expected = REFUSED[case]
    with pytest.raises(Rejection) as caught:
        LINK.decode(payload)
    answer = caught.value.acknowledgement
    assert f"{answer.code} {answer.error}" == expected
    assert answer.control_id == control_id_of(payload)


def test_control_ids_of_refused_messages_were_read() -> None:
    """So that the comparison above is not one of two empty strings."""
    assert sum(control_id_of(payload) == "" for payload, _ in REFUSED.values()) == 8


def test_a_refusal_can_be_built_again_from_its_arguments() -> None:
    rejection = Rejection("AE 101 PID-3: required field missing")
    again = type(rejection)(*rejection.args)
    assert (again.code, again.error, str(again)) == ("AE", "101 PID-3", "AE 101 PID-3: required field missing")
    assert isinstance(again, RemoteProtocolError)


# --- damage --------------------------------------------------------------------------------------------------------------

SECRETS = ("Doe", "Jane", "MRN", "1970", "Yamada", "山田")
FRAGMENTS = (b"|", b"^", b"~", b"\\", b"&", b"\r", b'""', b"\rPID|", b"\rORC|", b"\x1b$B")


def is_read_or_refused(payload: bytes) -> None:
    """No other error, no patient data in the refusal, and an acknowledgement that can be read for each."""
    rejection = _rejection_of(payload)
    if rejection is None:
        return
    assert not any(secret in str(rejection) for secret in SECRETS)
    answer = rejection.acknowledgement
    read = LINK.decode_acknowledgement(LINK.encode_acknowledgement(answer, payload))
    assert (read.code, read.error) == (answer.code, answer.error)


def _rejection_of(payload: bytes) -> Rejection | None:
    try:
        LINK.decode(payload)
    except Rejection as rejection:
        return rejection
    return None


@given(st.sampled_from(sorted(GOLDEN)), st.data())
@settings(max_examples=300)
def test_any_damage_is_read_or_refused_and_answered(name: str, data: st.DataObject) -> None:
    payload = GOLDEN[name].encode()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(payload)))
        end = data.draw(st.integers(start, min(start + 30, len(payload))))
        payload = payload[:start] + data.draw(st.binary(max_size=8) | st.sampled_from(FRAGMENTS)) + payload[end:]
    is_read_or_refused(payload)


@given(st.sampled_from(sorted(GOLDEN)), st.data())
@settings(max_examples=300)
def test_segments_left_out_doubled_moved_or_borrowed_are_read_or_refused(name: str, data: st.DataObject) -> None:
    segments = GOLDEN[name].split("\r")[:-1]
    borrowed = GOLDEN[data.draw(st.sampled_from(sorted(GOLDEN)))].split("\r")[1:-1]
    body = data.draw(st.lists(st.sampled_from(segments[1:] + borrowed), max_size=12))
    is_read_or_refused("\r".join([segments[0], *body]).encode())


@pytest.mark.parametrize("name", GOLDEN)
def test_a_message_cut_off_anywhere_is_read_or_refused(name: str) -> None:
    payload = GOLDEN[name].encode()
    for end in range(len(payload)):
        is_read_or_refused(payload[:end])


@given(st.binary(max_size=200) | st.binary(max_size=200).map(b"MSH|^~\\&|".__add__))
@settings(max_examples=300)
def test_noise_is_refused(payload: bytes) -> None:
    with pytest.raises(Rejection):
        LINK.decode(payload)


@pytest.mark.parametrize("name", ["RegisterPatient", "PlaceOrder", "Report"])
def test_a_message_of_a_megabyte_is_read(name: str) -> None:
    """Where the limit is, the transport says (MLLP)."""
    text = GOLDEN[name] + "NTE|1||" + "x" * 1_000_000 + "\r"
    message: Any = LINK.decode(text.encode())
    assert message == LINK.decode(GOLDEN[name].encode())
