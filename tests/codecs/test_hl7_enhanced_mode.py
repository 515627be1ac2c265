"""Enhanced acknowledgement mode on the wire: what a message asks for, and the application acknowledgement as a message."""

from dataclasses import replace
from typing import Any

import hl7apy.parser
import pytest
from hl7apy.consts import VALIDATION_LEVEL

from emulators.codecs.hl7v2 import Rejection, enhanced_mode
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.messages.acknowledgements import ApplicationAcknowledgement, EnhancedMode, accepting
from emulators.messages.common import Acknowledgement
from tests.codecs.hl7_samples import MESSAGES, VERSIONS, codec
from tests.codecs.hl7_structures import faults

LINK = codec("2.5.1")
ASKING = replace(LINK, accept="AL", application="ER")
REFUSED = ApplicationAcknowledgement("GOLD0008", "20260301101500", "O19", "AE", "P-1-CA1", "204 ORC-2")

# Message("ACK", version="2.5.1", validation_level=STRICT) of hl7apy 1.3.5, filled, validated, to_er7
HL7APY_ACK = (
    b"MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|20260301101500||ACK^O19^ACK|GOLD0008|P|2.5.1|||AL|NE\r"
    b"MSA|AE|P-1-CA1\rERR||ORC^1^2|204^Unknown key identifier^HL70357|E"
)


def test_an_application_acknowledgement_of_hl7apy_is_read_and_written() -> None:
    assert LINK.decode(HL7APY_ACK) == REFUSED
    assert LINK.encode(REFUSED) == HL7APY_ACK + b"\r"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("answer", [REFUSED, replace(REFUSED, code="AA", error=""), replace(REFUSED, code="AR", error="207")])
def test_an_application_acknowledgement_arrives_as_it_was_sent(version: str, answer: ApplicationAcknowledgement) -> None:
    link = codec(version)
    assert link.decode(link.encode(answer)) == answer
    assert faults(link.encode(answer)) == []


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b"MSA|AE", b"MSA|CA", "AE 103 MSA-1"),
        (b"MSA|AE|P-1-CA1", b"MSA|AE", "AE 101 MSA-2"),
        (b"MSA|AE|P-1-CA1\r", b"", "AE 100 MSA"),
    ],
)
def test_an_application_acknowledgement_that_says_nothing_is_refused(old: bytes, new: bytes, error: str) -> None:
    with pytest.raises(Rejection, match=error):
        LINK.decode(HL7APY_ACK.replace(old, new))


def test_a_message_asks_in_msh_15_and_16() -> None:
    payload = ASKING.encode(MESSAGES["PlaceOrder"])
    assert b"|P|2.5.1|||AL|ER\r" in payload
    assert LINK.decode(payload) == MESSAGES["PlaceOrder"]
    assert hl7apy.parser.parse_message(ASKING.encode(MESSAGES["RegisterPatient"]).decode(), VALIDATION_LEVEL.STRICT).validate()


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        ("", None),
        ("|||", None),
        ("|||AL|AL", ("AL", "AL")),
        ("|||NE", ("NE", "NE")),
        ("||||SU", ("NE", "SU")),
        ('|||""|ER', ("NE", "ER")),
        ("|||ZZ|NE", ("AL", "NE")),
        ("|||ZZ|ZZ", None),
    ],
)
def test_what_a_message_asks_for(fields: str, mode: Any) -> None:
    payload = LINK.encode(MESSAGES["PlaceOrder"]).replace(b"|2.5.1\r", f"|2.5.1{fields}\r".encode(), 1)
    asked = enhanced_mode(payload, same_connection=True)
    assert asked == (None if mode is None else EnhancedMode(mode[0], mode[1], "O01", True))


def test_an_acknowledgement_is_not_acknowledged_in_original_mode() -> None:
    payload = HL7APY_ACK.replace(b"|||AL|NE", b"")
    assert enhanced_mode(payload, same_connection=False) == EnhancedMode("NE", "NE", "O19")


@pytest.mark.parametrize(
    ("condition", "wanted"), [("AL", {"AA", "AE", "AR"}), ("NE", set()), ("ER", {"AE", "AR"}), ("SU", {"AA"})]
)
def test_conditions_of_table_0155(condition: str, wanted: set[str]) -> None:
    mode = EnhancedMode(condition, condition)
    assert {code for code in ("AA", "AE", "AR") if mode.wants_application(code)} == wanted
    assert {code for code in ("AA", "AE", "AR") if mode.wants_accept(accepting(Acknowledgement(code, "1")).code)} == wanted


def test_a_condition_of_no_table_cannot_be_asked_for() -> None:
    with pytest.raises(LocalProtocolError, match=r"mode\.accept"):
        EnhancedMode("ZZ", "NE")


@pytest.mark.parametrize(("code", "is_enhanced"), [("CA", False), ("AA", True), ("ZZ", False), ("ZZ", True)])
def test_an_acknowledgement_of_the_other_mode_is_none(code: str, is_enhanced: bool) -> None:
    payload = f"MSH|^~\\&|||||20260302080000||ACK|1|P|2.5.1\rMSA|{code}|P-1-NW1\r".encode()
    with pytest.raises(RemoteProtocolError, match="MSA-1: not"):
        LINK.decode_acknowledgement(payload, is_enhanced)


def test_an_accept_acknowledgement_says_why_not() -> None:
    answer = Acknowledgement("CR", "P-1-NW1", "203 MSH-12")
    payload = LINK.encode_acknowledgement(answer, LINK.encode(MESSAGES["PlaceOrder"]))
    assert LINK.decode_acknowledgement(payload, is_enhanced=True) == answer
