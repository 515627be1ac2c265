"""The header scanner reads text as the codec of data sets does: there is one decoder."""

import pytest

from emulators.store.header import scan
from tests.core.golden_character_sets import EXAMPLES, Example

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
NAMES = [example for example in EXAMPLES if example.vr == "PN"]


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    """An element in Explicit VR Little Endian, of a VR with a short length."""
    padded = value + b" " * (len(value) % 2)
    return group.to_bytes(2, "little") + number.to_bytes(2, "little") + vr + len(padded).to_bytes(2, "little") + padded


def header(character_set: bytes, name: bytes, description: bytes = b"") -> tuple[str, str]:
    """Patient name and study description as scanned."""
    data = element(0x0008, 0x0005, b"CS", character_set)
    data += element(0x0008, 0x1030, b"LO", description) + element(0x0010, 0x0010, b"PN", name)
    scanned = scan(data, EXPLICIT_VR_LITTLE_ENDIAN)
    return scanned.patient_name, scanned.study_description


@pytest.mark.parametrize("example", NAMES, ids=lambda example: example.clause)
def test_a_name_of_the_standard_is_read(example: Example) -> None:
    assert header(example.character_set.encode(), example.encoded) == (example.text, "")


@pytest.mark.parametrize(
    ("character_set", "description", "text"),
    [
        (b"GB18030", b"\xd5\x5c\\\x91\x5c", "誠\\慭"),  # second bytes of 5C, and a separator of values
        (b"ISO_IR 13", b"A\\B", "A\\B"),
        (b"\\ISO 2022 IR 87", b"CT \x1b$BF,It\x1b(B=x^\x1b$BF,It\x1b(B", "CT 頭部=x^頭部"),
        (b"\\ISO 2022 IR 149", b"\x1b$)CCT \xc8\xe4\xba\xce=\xc8\xe4\xba\xce", "CT 흉부=흉부"),  # = delimits names only
        (b"", b"Sch\xe4del", "Schädel"),
        (b"ISO_IR 999", b"Sch\xe4del", "Sch\ufffddel"),
    ],
)
def test_other_text_is_read(character_set: bytes, description: bytes, text: str) -> None:
    assert header(character_set, b"Doe", description) == ("Doe", text)
