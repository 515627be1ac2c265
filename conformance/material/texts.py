"""Names and descriptions in each character set, and how they come back from a product.

The Japanese and Korean names are those of PS3.5 Annexes H and I, the Chinese ones those of Annexes J and K.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydicom.dataset import Dataset

from conformance.material.character_sets import STAND_ALONE, text_of
from conformance.material.data_sets import raw
from conformance.verdict import Failure


@dataclass(frozen=True, slots=True)
class Text:
    """A patient name (PN) and a description (LO) under a Specific Character Set; ``hl7`` is the term of table 0211."""

    declared: str
    name: str
    description: str
    hl7: str = ""

    @property
    def values(self) -> list[str]:
        """Of (0008,0005), as pydicom takes them."""
        return self.declared.split("\\")


TEXTS: Mapping[str, Text] = {
    "ISO_IR 100": Text("ISO_IR 100", "Müller^Jörg", "Schädel, geröntgt", "8859/1"),
    "ISO_IR 144": Text("ISO_IR 144", "Люкceмбypг", "Рентген черепа", "8859/5"),  # noqa: RUF001
    "ISO_IR 166": Text("ISO_IR 166", "สมชาย^ใจดี", "เอกซเรย์"),
    "ISO_IR 192": Text("ISO_IR 192", "Wang^XiaoDong=王^小東", "Schädel 頭部 череп", "UNICODE UTF-8"),
    "GB18030": Text("GB18030", "Wang^XiaoDong=王^小东", "头部检查", "GB 18030-2000"),
    "ISO 2022 IR 149": Text("\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동", "머리 CT", "KS X 1001"),
    "ISO 2022 IR 87": Text("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう", "頭部CT", "ISO IR87"),
    "ISO 2022 IR 13": Text("ISO 2022 IR 13\\ISO 2022 IR 87", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", "頭部CT", "ISO IR87"),
}
"""By the term that the product claims."""

JAPANESE = ("ISO 2022 IR 87", "ISO 2022 IR 13")


def declared_set(dataset: Dataset) -> str | None:
    """(0008,0005) as it came; None where it is absent."""
    value = raw(dataset, "SpecificCharacterSet")
    return None if value is None else value.decode("ascii", "replace").rstrip(" \0")


def read(dataset: Dataset, keyword: str) -> str:
    """A value as text, by its bytes. Raises Malformed; Failure where there is none."""
    value = raw(dataset, keyword)
    if value is None:
        raise Failure(f"{keyword}", "no such element")
    delimiters = b"\\^=" if keyword.endswith("Name") else b"\\"
    return text_of(value, declared_set(dataset) or "", delimiters)


def plain(name: str) -> str:
    """A person name without empty components and groups at the ends (PS3.5 6.2.1.1)."""
    return "=".join(group.rstrip("^ ") for group in name.split("=")).rstrip("=")


def legal_declaration(declared: str | None) -> bool:
    """Whether terms that allow no code extensions stand alone (PS3.3 C.12.1.1.2)."""
    terms = (declared or "").split("\\")
    return len(terms) == 1 or not STAND_ALONE.keys() & set(terms)
