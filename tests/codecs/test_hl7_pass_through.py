"""What an engine passes on unchanged is what came, byte for byte, but for its header."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.codecs.hl7v2 import Hl7Codec
from emulators.messages.adt import UpdatePatient
from emulators.store import typed_json
from tests.codecs.hl7_samples import MESSAGES, codec

TAKES = Hl7Codec("2.5.1", "ENGINE", "CLINIC", "ENGINE", "CLINIC", keeps_original=True)
PASSES = Hl7Codec("2.5.1", "ENGINE", "CLINIC", "RIS", "NORTH")
PID = 'PID|1||M1^^^HOSP^MR~0815^^^CITY^PI||Doe^Jane|Smith|19700228|F|||Way 1^^Town||""|x&y\\T\\z\\Z9\\'
FURTHER = f"EVN||20260301\r{PID}\rNK1|1|Doe^John\rPV1|1|O\rZZZ|1|a~b^c&d|\\X41\\||\r"


def header(sender: str = "EHR|C|ENGINE|C", kind: str = "ADT^A08^ADT_A01", rest: str = "2.5.1") -> str:
    return f"MSH|^~\\&|{sender}|20260301101500.123+0100|secret|{kind}|C1|P|{rest}\r"


def passed(payload: bytes, codec_on: Hl7Codec = PASSES) -> bytes:
    return codec_on.encode(TAKES.decode(payload))


def test_segments_fields_repetitions_nulls_and_escapes_are_still_there() -> None:
    came = (header(rest="2.5.1|7||AL|AL|DEU") + FURTHER).encode()
    head, _, rest = passed(came).partition(b"\r")
    assert rest == FURTHER.encode()
    assert head + b"\r" == header("ENGINE|CLINIC|RIS|NORTH", rest="2.5.1|7||||DEU").encode()


def test_an_empty_line_and_a_missing_last_end_stay_as_they_are() -> None:
    came = (header() + FURTHER.replace("\rPV1", "\r\rPV1")).rstrip("\r").encode()
    assert passed(came).partition(b"\r")[2] == came.partition(b"\r")[2]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("GB 18030-2000", "gb18030"), ("8859/15", "iso8859-15")],
)
def test_text_stays_in_its_character_set(name: str, encoding: str) -> None:
    body = FURTHER.replace("Doe^Jane", "Müller^Jürg").encode(encoding)
    came = header(rest=f"2.5.1||||||{name}").encode() + body
    assert passed(came).partition(b"\r")[2] == body


def test_other_delimiters_stay() -> None:
    came = b"MSH#$%@!#EHR#C#ENGINE#C#20260301##ADT$A08#C1#P#2.5.1\rEVN##20260301\rPID#1##M1$$$H##Doe$Jane\rPV1#1#O\rZZZ#a$b\r"
    head, _, rest = passed(came).partition(b"\r")
    assert head == b"MSH#$%@!#ENGINE#CLINIC#RIS#NORTH#20260301##ADT$A08#C1#P#2.5.1"
    assert rest == came.partition(b"\r")[2]


def test_another_version_is_told_in_the_header_alone() -> None:
    came = (header() + FURTHER).encode()
    head, _, rest = passed(came, replace(PASSES, version="2.3.1")).partition(b"\r")
    assert b"|ADT^A08|C1|P|2.3.1" in head
    assert rest == FURTHER.encode()


def test_what_the_link_asks_for_is_asked() -> None:
    head = passed((header() + FURTHER).encode(), replace(PASSES, accept="AL", application="NE")).partition(b"\r")[0]
    assert head.endswith(b"|C1|P|2.5.1|||AL|NE")


def test_a_message_that_was_changed_or_is_of_another_type_is_written_anew() -> None:
    came = TAKES.decode((header() + FURTHER).encode())
    assert isinstance(came, UpdatePatient)
    renamed = replace(came, patient=replace(came.patient, patient_id="M2"))
    assert b"ZZZ" not in PASSES.encode(renamed)
    assert b"M2^^^HOSP" in PASSES.encode(renamed)
    order = TAKES.decode(codec("2.5.1").encode(MESSAGES["PlaceOrder"]) + b"ZZZ|1\r")
    assert b"ZZZ" in PASSES.encode(order)
    written = replace(PASSES, order_messages="OMG").encode(order)
    assert b"|OMG^O19^OMG_O19|" in written
    assert b"ZZZ" not in written


def test_a_header_beyond_ascii_is_written_anew() -> None:
    came = (header("EHR|Süd|ENGINE|C", rest="2.5.1||||||UNICODE UTF-8") + FURTHER).encode()
    assert b"ZZZ" not in passed(came)
    assert b"|CLINIC|RIS|NORTH|" in passed(came)


def test_it_is_kept_in_a_journal() -> None:
    came = TAKES.decode((header(rest="2.5.1||||||8859/1") + FURTHER.replace("Jane", "Jürg")).encode("latin-1"))
    again = typed_json.loads(typed_json.dumps(came))
    assert PASSES.encode(again) == PASSES.encode(came)


def test_who_does_not_keep_it_says_what_it_knows() -> None:
    came = replace(TAKES, keeps_original=False).decode((header() + FURTHER).encode())
    assert came == TAKES.decode((header() + FURTHER).encode())
    assert b"ZZZ" not in PASSES.encode(came)


@given(st.sampled_from(sorted(MESSAGES)), st.sampled_from(("2.3.1", "2.5.1")))
def test_every_message_arrives_as_it_was_sent(name: str, version: str) -> None:
    payload = codec(version).encode(MESSAGES[name])
    through = passed(payload)
    assert through.partition(b"\r")[2] == payload.partition(b"\r")[2]
    assert PASSES.decode(through) == MESSAGES[name]
