"""MSH-18: what is declared is read and written as declared; what is not legal in it is refused, never converted by guess."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.codecs.hl7v2 import Rejection
from emulators.core.errors import LocalProtocolError
from emulators.messages.common import PersonName
from tests.codecs.hl7_golden import GOLDEN
from tests.codecs.hl7_samples import JAPANESE, PATIENT, codec, variant

LINK = codec("2.5.1")


def of(name: PersonName) -> Any:
    return variant("UpdatePatient", patient=replace(PATIENT, name=name))


def sent(character_set: str, family: bytes) -> bytes:
    """An update with this MSH-18, the family name as bytes."""
    return GOLDEN["UpdatePatient"].replace("2.5.1\r", f"2.5.1||||||{character_set}\r").encode().replace(b"Doe", family)


def family_of(payload: bytes) -> str:
    message: Any = LINK.decode(payload)
    family: str = message.patient.name.family
    return family


# --- both ways -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("character_set", "name", "encoding"),
    [
        ("ASCII", "Muller", "ascii"),
        ("8859/1", "Müller", "iso8859-1"),
        ("8859/2", "Šulc", "iso8859-2"),
        ("8859/3", "Ġorġ", "iso8859-3"),
        ("8859/4", "Ķēniņš", "iso8859-4"),
        ("8859/5", "Жуков", "iso8859-5"),
        ("8859/6", "قباني", "iso8859-6"),
        ("8859/7", "Διονυσιος", "iso8859-7"),
        ("8859/8", "שרון", "iso8859-8"),
        ("8859/9", "Çavuşoğlu", "iso8859-9"),
        ("8859/15", "Œuvrard", "iso8859-15"),
        ("UNICODE UTF-8", "李", "utf-8"),
        ("GB 18030-2000", "王", "gb18030"),
        ("GB 18030-2000", "儂", "gb18030"),  # its second byte is 5EH, a delimiter in ASCII
        ("KS X 1001", "홍", "euc_kr"),
        ("BIG-5", "功", "big5"),  # its second byte is 5CH, the escape character in ASCII
        ("~ISO IR87", "山田", "iso2022_jp"),
        ("ASCII~ISO IR87", "山田", "iso2022_jp"),
        ("ISO IR6~ISO IR87", "山田", "iso2022_jp"),
        ("ISO IR87", "山田", "iso2022_jp"),
        ("JAS2020", "山田", "iso2022_jp"),
        ("~ISO IR87~ISO IR159", "丂田", "iso2022_jp_1"),
        ("JIS X 0202", "丂田", "iso2022_jp_2"),
    ],
)
def test_text_survives_in_each_character_set(character_set: str, name: str, encoding: str) -> None:
    message, link = of(PersonName(name)), codec("2.5.1", character_set)
    payload = link.encode(message)
    assert payload.partition(b"\r")[0].endswith(f"||||||{character_set}".encode())
    assert name.encode(encoding) in payload
    assert LINK.decode(payload) == message


def test_japanese_in_three_ways_of_writing_survives_code_extension() -> None:
    payload = codec("2.5.1", "~ISO IR87").encode(of(JAPANESE))
    assert b"\x1b$B" in payload
    assert LINK.decode(payload) == of(JAPANESE)


@pytest.mark.parametrize(("family", "declared"), [("Muller", b""), ("Müller", b"UNICODE UTF-8"), ("李", b"UNICODE UTF-8")])
def test_without_a_configured_set_ascii_declares_nothing_and_all_else_is_utf_8(family: str, declared: bytes) -> None:
    payload = LINK.encode(of(PersonName(family)))
    msh = payload.split(b"\r")[0].split(b"|")
    assert (msh[17] if len(msh) > 17 else b"") == declared
    assert LINK.decode(payload) == of(PersonName(family))


def test_text_outside_the_configured_character_set_cannot_be_sent() -> None:
    with pytest.raises(LocalProtocolError, match="PID") as caught:
        codec("2.5.1", "8859/1").encode(of(PersonName("山田")))
    assert "山田" not in str(caught.value)


# --- switching between sets with escape sequences (2.7.2) ----------------------------------------------------------------

KANJI = "山田".encode("iso2022_jp").removeprefix(b"\x1b$B").removesuffix(b"\x1b(B")


@pytest.mark.parametrize("family", [b"\x1b$B" + KANJI + b"\x1b(B", b"\\M2442\\" + KANJI + b"\\C2842\\"])
def test_escape_sequences_of_hl7_stand_for_those_of_iso_2022(family: bytes) -> None:
    assert family_of(sent("~ISO IR87", family)) == "山田"


def test_no_byte_of_a_two_byte_character_is_taken_for_an_escape() -> None:
    kanji = bytes.fromhex("5c41 5c42")  # both begin with 5CH
    text = (b"\x1b$B" + kanji + b"\x1b(B").decode("iso2022_jp")
    for family in (b"\x1b$B" + kanji + b"\x1b(B", b"\\M2442\\" + kanji + b"\\C2842\\"):
        assert family_of(sent("~ISO IR87", family)) == text


def test_a_text_that_looks_like_such_an_escape_is_kept() -> None:
    report: Any = variant("Report", text="\\M2442\\ab\\C2842\\")
    link = codec("2.5.1", "~ISO IR87")
    assert link.decode(link.encode(report)) == report


def test_without_a_set_to_switch_to_the_escape_is_no_text() -> None:
    with pytest.raises(Rejection, match="AE 102 PID-5"):
        family_of(sent("", b"\\M2442\\" + KANJI + b"\\C2842\\"))


@given(st.text("山田AZ|^~\\&\x1b", max_size=12), st.sampled_from(("~ISO IR87", "UNICODE UTF-8", "GB 18030-2000")))
def test_any_text_comes_back_or_is_not_sent(text: str, character_set: str) -> None:
    link = codec("2.5.1", character_set)
    try:
        report: Any = variant("Report", text=text)
    except LocalProtocolError:
        return  # a control character
    assert link.decode(link.encode(report)) == report


# --- refused -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("character_set", "family", "refusal"),
    [
        ("", "Müller".encode(), "AE 102 PID-5"),  # UTF-8 that is not declared
        ("", "Müller".encode("latin-1"), "AE 102 PID-5"),
        ("ASCII", "Müller".encode("latin-1"), "AE 102 PID-5"),
        ("UNICODE UTF-8", "Müller".encode("latin-1"), "AE 102 PID-5"),
        ("UNICODE UTF-8", "李".encode()[:-1], "AE 102 PID-5"),  # cut off
        ("8859/8", b"M\xfcller", "AE 102 PID-5"),  # no character of 8859-8
        ("8859/1", b"M\x1b$B;3\x1b(Bller", "AE 102 PID-5"),  # an escape that 8859/1 does not know
        ("8859/1~ISO IR87", b"M\x1b$B;3\x1b(Bller", "AE 102 PID-5"),  # switching starts from ASCII alone
        ("~ISO IR87", b"M\x1b$B;\x1b(Bller", "AE 102 PID-5"),  # half a character
        ("UNICODE", "Doe".encode("utf-16"), "AR 102 MSH-18"),
        ("ISO IR14", b"Doe", "AR 102 MSH-18"),
        ("UTF-8", b"Doe", "AR 102 MSH-18"),
        ("8859/99", b"Doe", "AR 102 MSH-18"),
    ],
)
def test_what_is_not_legal_in_the_declared_set_is_refused(character_set: str, family: bytes, refusal: str) -> None:
    with pytest.raises(Rejection, match=refusal):
        LINK.decode(sent(character_set, family))
