"""Character sets: the bytes of the standard's examples, parts stand alone, delimiters are characters, reading never fails."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.core.character_set import character_set_of
from tests.core.golden_character_sets import EXAMPLES, Example

REPERTOIRES = {
    "ISO_IR 100": "Aäßÿ ",
    "ISO_IR 144": "AЯжћ ",
    "ISO_IR 126": "AΩάς ",
    "ISO_IR 166": "Aก๛ ",
    "ISO_IR 13": "A¥‾ｱﾝ ",
    "\\ISO 2022 IR 87": "A~ 山ま々。",
    "\\ISO 2022 IR 87\\ISO 2022 IR 159": "A 山丂侄",
    "ISO 2022 IR 13\\ISO 2022 IR 87": "A ¥ｱ山ま",
    "\\ISO 2022 IR 149": "A~ 홍길洪",
    "\\ISO 2022 IR 58": "A 张小东",
    "ISO 2022 IR 100\\ISO 2022 IR 126\\ISO 2022 IR 144": "A äΩЯ",
    "GB18030": "A 张😀東é",
    "ISO_IR 192": "A 张😀東é",
}
"""Characters that a set holds."""
SINGLE_BYTE_START = [name for name in REPERTOIRES if name not in ("GB18030", "ISO_IR 192")]
EXTENDED = [name for name in REPERTOIRES if "\\" in name]
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.clause)


def values(character_set: str, more: str = "") -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(REPERTOIRES[character_set] + more), max_size=12)


# --- the standard's examples -------------------------------------------------------------------------------------------


@each_example
def test_an_example_of_the_standard_is_read(example: Example) -> None:
    assert character_set_of(example.character_set).decode(example.encoded, example.vr) == example.text


@each_example
def test_an_example_of_the_standard_is_written(example: Example) -> None:
    encoded = character_set_of(example.character_set).encode(example.text, example.vr)
    assert (encoded == example.encoded) is example.written
    assert character_set_of(example.character_set).decode(encoded, example.vr) == example.text


# --- writing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("character_set", REPERTOIRES)
@settings(max_examples=30)
@given(data=st.data())
def test_what_is_written_is_read_again(character_set: str, data: st.DataObject) -> None:
    used = character_set_of(character_set)
    text = data.draw(values(character_set, "\r\n\t"))
    assert used.decode(used.encode(text, "LT"), "LT") == text
    several = data.draw(st.lists(values(character_set).filter(lambda value: "¥" not in value), max_size=3).map("\\".join))
    assert used.decode(used.encode(several, "LO"), "LO") == several
    groups = st.lists(values(character_set).filter(lambda value: "¥" not in value), max_size=5).map("^".join)
    name = f"Yamada^Tarou={data.draw(groups)}={data.draw(groups)}"
    assert used.decode(used.encode(name, "PN"), "PN") == name


@pytest.mark.parametrize("character_set", EXTENDED)
@settings(max_examples=30)
@given(data=st.data())
def test_every_delimiter_and_line_end_finds_the_registers_of_the_start(character_set: str, data: st.DataObject) -> None:
    """So a part has the same bytes wherever it stands (PS3.5 6.1.2.5.3)."""
    used = character_set_of(character_set)
    parts = data.draw(st.lists(values(character_set).filter(lambda value: "¥" not in value), min_size=1, max_size=4))
    for delimiter, vr in (("\\", "LO"), ("\r\n", "LT"), ("\t", "LT")):
        encoded = [used.encode(part, vr) for part in parts]
        assert used.encode(delimiter.join(parts), vr) == delimiter.encode().join(encoded)
    for delimiter in ("^", "="):
        encoded = [used.encode(f"={part}", "PN")[1:] for part in parts]
        assert used.encode("=" + delimiter.join(parts), "PN") == b"=" + delimiter.encode().join(encoded)


@pytest.mark.parametrize(
    ("character_set", "text"),
    [
        ("", "é"),
        ("ISO_IR 100", "Ω"),
        ("ISO_IR 999", "é"),
        ("\\ISO 2022 IR 87", "é"),
        ("\\ISO 2022 IR 87", "¥"),  # JIS X 0201 is not declared
        ("\\ISO 2022 IR 149", "뢔"),  # a syllable that KS X 1001 lacks
        ("ISO 2022 IR 13\\ISO 2022 IR 87", "~"),  # ASCII is not declared
        ("ISO_IR 192", "\ud800"),
    ],
)
def test_text_that_a_set_lacks_is_not_written(character_set: str, text: str) -> None:
    with pytest.raises(UnicodeEncodeError):
        character_set_of(character_set).encode(text, "LT")


@pytest.mark.parametrize("name", ["山田^太郎", "Yamada^太郎=山田", "Yamada\\山田"])
def test_the_first_group_of_a_name_has_no_escape_sequences(name: str) -> None:
    used = character_set_of("\\ISO 2022 IR 87")
    with pytest.raises(UnicodeEncodeError):
        used.encode(name, "PN")
    assert used.decode(used.encode(name, "LO"), "LO") == name


def test_the_set_of_the_start_is_named_again_before_a_delimiter() -> None:
    used = character_set_of("ISO 2022 IR 100\\ISO 2022 IR 126")
    assert used.encode("é=ΩéΩ^é", "PN") == b"\xe9=\x1b-F\xd9\x1b-A\xe9\x1b-F\xd9\x1b-A^\xe9"


def test_the_yen_sign_is_no_separator_of_values() -> None:
    used = character_set_of("ISO_IR 13")
    assert used.decode(b"100\\", "LT") == "100¥"
    assert used.encode("100¥", "LT") == b"100\\"
    assert used.decode(b"A\\B", "LO") == "A\\B"
    assert used.encode("A\\B", "LO") == b"A\\B"
    with pytest.raises(UnicodeEncodeError):
        used.encode("100¥", "LO")
    with pytest.raises(UnicodeEncodeError):
        used.encode("A\\B", "LT")


# --- delimiters inside characters --------------------------------------------------------------------------------------


def characters_with(codec: str, second: int) -> str:
    """Two-byte characters of a Python codec whose second byte is this one."""
    decoded = (bytes((first, second)).decode(codec, "ignore") for first in range(0x81, 0xFF))
    return "".join(character for character in decoded if len(character) == 1 and not character.isascii())


@pytest.mark.parametrize("character_set", ["GB18030", "GBK"])
@pytest.mark.parametrize("second", [0x5C, 0x5E])
def test_a_delimiter_s_code_as_second_byte_of_a_chinese_character_is_none(character_set: str, second: int) -> None:
    text = characters_with("gbk", second)
    assert len(text) > 100
    used = character_set_of(character_set)
    encoded = used.encode(f"Wang=={text}", "PN")
    assert bytes((second,)) in encoded
    assert used.decode(encoded, "PN") == f"Wang=={text}"


@pytest.mark.parametrize("code", [0x3D, 0x5C, 0x5E])
def test_a_delimiter_s_code_in_a_kanji_is_none(code: int) -> None:
    """JIS X 0208 with the code as first and as second byte; 5E3D is ``^=``."""
    encoded = [bytes((0x30 + row, code)) for row in range(16)] + [bytes((code, 0x3D))]
    used = character_set_of("\\ISO 2022 IR 87")
    for pair in encoded:
        value = b"Yamada=\x1b$B" + pair + b"\x1b(B^\x1b$B" + pair + b"\x1b(B"
        name = used.decode(value, "PN")
        first, _, second = name.removeprefix("Yamada=").partition("^")
        assert first == second
        assert len(first) == 1
        assert first != "\ufffd"
        assert used.encode(name, "PN") == value


# --- reading what is wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("character_set", "encoded", "text"),
    [
        ("", b"M\xfcller", "Müller"),  # not declared: read as Latin-1, as it mostly is
        ("", "Müße".encode(), "MÃ¼Ã\ufffde"),  # not converted by guess, and without the control characters of C1
        ("ISO_IR 999", b"M\xfcller", "M\ufffdller"),
        ("ISO_IR 192", b"M\xfcller", "M\ufffdller"),
        ("ISO_IR 192\\ISO_IR 100", "Müller".encode(), "Müller"),  # the first stands alone
        ("\\ISO_IR 192", "ü".encode(), "Ã¼"),  # is none behind another
        ("ISO-IR 100", b"M\xfcller", "Müller"),
        ("ISO IR 144", b"\xc7", "Ч"),
        ("ISO_2022_IR_100", b"M\xfcller", "Müller"),
        (" ISO_IR 100 \0", b"M\xfcller", "Müller"),
        ("ISO 2022 IR 149", b"\xc8\xab", "홍"),  # multi-byte in the first term: read as it was meant
        ("ISO 2022 IR 87", b"=\x1b$B;3\x1b(B", "=山"),
        ("\\ISO 2022 IR 999", b"M\xfcller \x1b$B;3\x1b(B", "Müller 山"),
        ("\\ISO 2022 IR 149", b"=\x1b$)C\xc8\xab^\xc8\xab", "=홍^È«"),  # the delimiter took it back
        ("\\ISO 2022 IR 87", b"\x1b(Z\x1b", "\ufffd(Z\ufffd"),
        ("\\ISO 2022 IR 87", b"\x1b$B;", "\ufffd"),
        ("\\ISO 2022 IR 87", b"\x1b$B;\r\nA", "\ufffd\r\nA"),
        ("\\ISO 2022 IR 149", b"\x1b$)C\xc8A", "\ufffdA"),
        ("ISO_IR 13", b"\x80\xa0\xe0", "\ufffd\ufffd\ufffd"),
    ],
)
def test_what_is_wrong_is_read_as_far_as_it_goes(character_set: str, encoded: bytes, text: str) -> None:
    assert character_set_of(character_set).decode(encoded, "PN") == text


TERMS = ["", "ISO_IR 13", "ISO 2022 IR 87", "ISO 2022 IR 149", "GB18030", "X", "ISO 2022 IR 100"]
PIECES = [b"\x1b", b"$B", b"$)C", b"(J", b"-A", b"$(D", b"A", b"^", b"\\", b"\xff", b"\r"]


@given(
    terms=st.lists(st.sampled_from(TERMS)),
    encoded=st.lists(st.sampled_from(PIECES)).map(b"".join),
    vr=st.sampled_from(["PN", "LO", "LT"]),
)
def test_reading_never_fails(terms: list[str], encoded: bytes, vr: str) -> None:
    character_set_of("\\".join(terms)).decode(encoded, vr)


@pytest.mark.parametrize("character_set", SINGLE_BYTE_START)
@settings(max_examples=30)
@given(encoded=st.binary(max_size=40))
def test_no_control_character_of_c1_is_read(character_set: str, encoded: bytes) -> None:
    text = character_set_of(character_set).decode(encoded, "LO")
    assert not any("\x80" <= character <= "\x9f" for character in text)
