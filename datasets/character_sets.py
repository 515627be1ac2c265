"""The character sets in which synthetic images can be written, and which texts they hold (PS3.3 C.12.1.1.2)."""

from collections.abc import Iterable

UTF_8 = "ISO_IR 192"

_CODECS = {  # those that hold the same characters; pydicom does the writing
    "ISO_IR 100": "latin_1",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 144": "iso8859_5",
    "ISO 2022 IR 87": "iso2022_jp",
    "ISO 2022 IR 149": "iso2022_kr",
    "GB18030": "gb18030",
    UTF_8: "utf_8",
}
CHARACTER_SETS = tuple(_CODECS)
"""By defined term. Those with code extensions stand behind an empty first term, the default repertoire, which is ASCII."""

_CODE_EXTENSION = "ISO 2022 "

_ESCAPE_TO_ROMAJI = b"\x1b(J"  # a set that the Python codec has and ISO 2022 IR 87 has not


def declared(character_set: str, texts: Iterable[str], names: Iterable[str] = ()) -> str:
    """The value of Specific Character Set for these texts and person names, several terms joined by a backslash.

    None for ASCII alone, ISO_IR 192 where ``character_set`` lacks a character or is empty, else that of ``character_set``. Code
    extensions are none for the first component group of a name (PS3.5 6.2.1).
    Raises KeyError for a set that is not in CHARACTER_SETS.
    """
    codec = _CODECS[character_set or UTF_8]
    names = tuple(names)
    beyond_ascii = [text for text in (*texts, *names) if not text.isascii()]
    if not beyond_ascii:
        return ""
    fits = all(_fits(text, codec) for text in beyond_ascii)
    if not character_set.startswith(_CODE_EXTENSION):
        return character_set if character_set and fits else UTF_8
    return f"\\{character_set}" if fits and all(name.partition("=")[0].isascii() for name in names) else UTF_8


def _fits(text: str, codec: str) -> bool:
    try:
        return _ESCAPE_TO_ROMAJI not in text.encode(codec)
    except UnicodeEncodeError:
        return False
