"""The HL7 codec: what was sent is what arrives, the bytes a person can read, and acknowledgements."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.codecs.hl7v2 import Hl7Message, control_id_of
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.messages.common import NO_CODE, NOBODY, Acknowledgement, Patient, PersonName, Status
from tests import strategies
from tests.codecs.hl7_golden import golden
from tests.codecs.hl7_samples import MESSAGES, ORDER, REPORTED, VERSIONS, codec, variant

WRITER = codec("2.5.1")

# --- the law -------------------------------------------------------------------------------------------------------------


@given(strategies.hl7_messages, st.sampled_from(VERSIONS))
@settings(max_examples=200)
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


# --- what cannot be encoded ----------------------------------------------------------------------------------------------

NO_PLACER = replace(ORDER, placer_order_number="")


@pytest.mark.parametrize(
    ("name", "attributes", "location"),
    [
        ("PlaceOrder", {"control_id": ""}, "control_id"),
        ("PlaceOrder", {"sent_at": ""}, "MSH-7"),
        ("PlaceOrder", {"patient": Patient("", "HOSPITAL", PersonName("Doe"))}, "PID-3"),
        ("PlaceOrder", {"patient": Patient("MRN-1", "HOSPITAL", NOBODY)}, "PID-5"),
        ("PlaceOrder", {"orders": (NO_PLACER,)}, "ORC-2"),
        ("ChangeOrder", {"order": NO_PLACER}, "ORC-2"),
        ("CancelOrder", {"placer_order_number": ""}, "ORC-2"),
        ("FillerOrder", {"accession_number": ""}, "OBR-18"),
        ("NumberAssigned", {"request_control_id": ""}, "MSA-2"),
        ("MergePatients", {"prior_patient_id": ""}, "MRG-1"),
        ("OrderStatus", {"accession_number": ""}, "OBR-18"),
        ("Report", {"orders": (replace(REPORTED, accession_number=""),)}, "OBR-18"),
        ("Report", {"orders": (replace(REPORTED, procedure=NO_CODE),)}, "OBR-4"),
    ],
)
def test_a_message_without_what_hl7_requires_is_not_encoded(name: str, attributes: dict[str, Any], location: str) -> None:
    with pytest.raises(LocalProtocolError, match=location):
        WRITER.encode(variant(name, **attributes))


def test_a_message_of_another_kind_and_another_version_are_our_own_errors() -> None:
    with pytest.raises(LocalProtocolError, match="Status"):
        WRITER.encode(Status(0))  # type: ignore[arg-type]
    with pytest.raises(LocalProtocolError, match="version"):
        codec("2.4")


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


def test_an_acknowledgement_is_of_the_version_that_was_asked_in_if_we_write_it() -> None:
    accepted = Acknowledgement("AA", "P-1-NW1")
    for version, kind in (("2.3.1", b"|ACK^O01|"), ("2.5.1", b"|ACK^O01^ACK|"), ("2.8", b"|ACK^O01^ACK|")):
        request = codec("2.5.1").encode(MESSAGES["PlaceOrder"]).replace(b"|2.5.1\r", f"|{version}\r".encode(), 1)
        payload = WRITER.encode_acknowledgement(accepted, request)
        assert kind in payload
        assert (b"|2.3.1\r" in payload) == (version == "2.3.1")


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
