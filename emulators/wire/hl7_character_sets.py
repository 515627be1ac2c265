"""Character sets of HL7 v2 messages: MSH-18 (table 0211) to a codec of Python.

The first repetition of MSH-18 is the character set of the message. Japanese text switches between sets inside it as in ISO 2022
(table 0356), with escape characters or with the escape sequences ``\\Chhhh\\`` and ``\\Mhhhh\\`` that stand for them (2.7.2):
such a set stands alone or behind ASCII. Other further sets are skipped; text that needs them is not legal in the first, so it
is refused, never misread.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

CHARACTER_SETS: Mapping[str, str] = {
    "": "ascii",
    "ASCII": "ascii",
    "ISO IR6": "ascii",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
    "UNICODE UTF-8": "utf-8",
}
"""UTF-16 and UTF-32 hold CR and 0BH inside characters: MLLP cannot carry them."""

CODE_EXTENSIONS: Mapping[str, str] = {
    "ISO IR87": "iso2022_jp",
    "JAS2020": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1",
    "JIS X 0202": "iso2022_jp_2",
}
"""Each includes those before it."""


def encoding_of(character_sets: Sequence[str]) -> str | None:
    """The codec for the repetitions of MSH-18, one at least; None if we do not have it."""
    first = character_sets[0]
    extensions = [encoding for name, encoding in CODE_EXTENSIONS.items() if name in character_sets]
    if extensions and (first in CODE_EXTENSIONS or CHARACTER_SETS.get(first) == "ascii"):
        return extensions[-1]
    return CHARACTER_SETS.get(first)


def decode(raw: bytes, encoding: str, delimiters: str) -> str:
    """Text of a message. ``delimiters`` are its own, the escape character first. UnicodeDecodeError: not legal."""
    if encoding in CODE_EXTENSIONS.values():
        raw = _escape_sequences(delimiters).sub(_escape_characters, raw)
    return raw.decode(encoding)


@lru_cache(maxsize=8)
def _escape_sequences(delimiters: str) -> re.Pattern[bytes]:
    """What may hold an escape character, from left to right, so that no byte of a two-byte character is taken for one."""
    mark, no_delimiter = re.escape(delimiters[0]), f"[^\r{re.escape(delimiters)}]"
    switch = "[0-9A-Fa-f]{4}"
    # a text without a way back is kept, up to its end: trying again from inside it would take quadratic time
    way_back = f"(?:{mark}C(?P<back>{switch}){mark}|(?![!-~]{{2}}))"
    alternatives = (
        r"\x1b\$[^\x1b]*",  # two-byte text behind escape characters
        f"{mark}M(?P<to>{switch}(?:[0-9A-Fa-f]{{2}})?){mark}(?P<text>(?:[!-~]{{2}})*?){way_back}",
        f"{mark}C(?P<single>{switch}){mark}",
        f"{mark}{no_delimiter}*{mark}",  # all other escapes
    )
    return re.compile("|".join(alternatives).encode())


def _escape_characters(found: re.Match[bytes]) -> bytes:
    if found["back"]:
        return b"\x1b" + _code(found["to"]) + found["text"] + b"\x1b" + _code(found["back"])
    return b"\x1b" + _code(found["single"]) if found["single"] else found[0]


def _code(hexadecimal: bytes) -> bytes:
    return bytes.fromhex(hexadecimal.decode())
