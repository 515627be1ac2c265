"""The tester's reading of DICOM text, held to the examples of PS3.5 Annexes H to K, byte by byte."""

import pytest
from pydicom.dataset import Dataset

from conformance.material.character_sets import text_of
from conformance.material.data_sets import decode, encode, raw
from conformance.material.passage import declared_in
from conformance.material.texts import TEXTS, legal_declaration, plain
from conformance.verdict import Malformed

EXAMPLES = {
    "H.3.1": (
        "\\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    "H.3.2": (
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    "I.2": (
        "\\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    "J.1": ("ISO_IR 192", b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=", "Wang^XiaoDong=王^小東="),
    "J.3": ("GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
    "K.2": ("\\ISO 2022 IR 58", b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=", "Zhang^XiaoDong=张^小东="),
}


@pytest.mark.parametrize(("declared", "value", "text"), EXAMPLES.values(), ids=EXAMPLES)
def test_the_examples_of_the_standard_are_read(declared: str, value: bytes, text: str) -> None:
    assert text_of(value, declared) == text


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("", b"M\xfcller"),  # nothing is declared
        ("ISO_IR 192", b"M\xfcller"),
        ("ISO_IR 999", b"M\xfcller"),
        ("\\ISO 2022 IR 149", b"Hong=\x1b$)C\xfb\xf3^\xd1\xce"),  # not escaped again behind the delimiter
        ("\\ISO 2022 IR 87", b"\x1b%G"),  # an escape of no set that DICOM has
    ],
)
def test_what_the_declaration_does_not_allow_is_malformed(declared: str, value: bytes) -> None:
    with pytest.raises(Malformed):
        text_of(value, declared)


@pytest.mark.parametrize("term", TEXTS)
def test_a_text_of_the_tester_is_sent_as_it_is_read(term: str) -> None:
    text = TEXTS[term]
    dataset = Dataset()
    dataset.PatientName, dataset.StudyDescription = text.name, text.description
    sent = decode(encode(declared_in(dataset, text)))
    assert text_of(raw(sent, "PatientName") or b"", text.declared) == text.name
    assert text_of(raw(sent, "StudyDescription") or b"", text.declared, b"\\") == text.description


def test_empty_ends_of_a_name_mean_nothing() -> None:
    assert plain("Doe^John^^^=王^^=") == "Doe^John=王"


def test_sets_that_allow_no_code_extensions_stand_alone() -> None:
    assert legal_declaration("ISO_IR 192")
    assert legal_declaration(None)
    assert legal_declaration("ISO 2022 IR 13\\ISO 2022 IR 87")
    assert not legal_declaration("ISO_IR 192\\ISO 2022 IR 87")
    assert not legal_declaration("\\GB18030")
