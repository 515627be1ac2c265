"""Text to bytes and back by Specific Character Set (0008,0005) (PS3.3 C.12.1.1.2, PS3.5 6.1).

A set without code extensions is one Python codec. With code extensions (PS3.5 6.1.2.5) two registers say what a byte means: G0
for 21 to 7E, G1 for 80 to FF. A value starts with the registers of the first term; an escape sequence puts another set into
the register that is this set's own.

| bytes read                                      | registers                    | text                                     |
|-------------------------------------------------|------------------------------|------------------------------------------|
| an escape sequence                              | hold its set from here       | -                                        |
| a control character, or an unknown escape       | back to those of the start   | itself; U+FFFD for the escape            |
| a delimiter of the VR, while G0 is single-byte  | back to those of the start   | itself                                   |
| any other, one or two as the set has it         | -                            | by the set in G0 or G1                   |

Delimiters are ``\\`` between values, and ``^`` and ``=`` in a person name; 5C, 5E and 3D inside a two-byte character are none.
What is written names a set by its escape sequence where no register holds it, and is back at the registers of the start before
every control character and delimiter and at the end of the value (PS3.5 6.1.2.5.3). The first component group of a person name
has no escape sequences (PS3.5 6.2.1), so it must fit the registers of the start.

Reading never fails: bytes that do not fit, and all beyond ASCII under a term that nobody knows, become U+FFFD, so that nothing
is lost for its spelling and the damage stays visible. Where nothing is declared, 8-bit text is read as Latin-1: many systems
send it and forget to say so. A term may be misspelt with ``-``, ``_`` and spaces, as in ``ISO-IR 100``.
"""

import re
from functools import lru_cache

UTF_8 = "ISO_IR 192"

_ESCAPE = 0x1B
_UNKNOWN = "\ufffd"
_TERM = re.compile(r"ISO[ _-]?(2022)?[ _-]?IR[ _-]?([0-9]+)")
_CONTROL_C1 = re.compile("[\x80-\x9f]")  # none of them is allowed (PS3.5 6.1.3)
_DELIMITERS = {"PN": b"\\^=", "LO": b"\\", "SH": b"\\", "UC": b"\\"}  # ST, LT and UT hold one value


# --- sets of characters ------------------------------------------------------------------------------------------------


class _SingleByteSet:
    """A set of at most 96 characters, by its table from byte to character. ``register`` is 0 for G0, 1 for G1."""

    width = 1

    def __init__(self, escape: bytes, table: dict[int, str]) -> None:
        self.escape = escape
        self.register = min(table) >> 7
        self._characters = {bytes((byte,)): character for byte, character in table.items()}
        self._bytes = {character: byte for byte, character in self._characters.items()}

    def decode(self, encoded: bytes) -> str:
        """One character; empty where the set has none."""
        return self._characters.get(encoded, "")

    def encode(self, character: str) -> bytes:
        """Its byte; empty where the set does not have it."""
        return self._bytes.get(character, b"")


class _DoubleByteSet:
    """A set of two-byte characters, by a Python codec; that of a set for G0 wants the escape sequences around them."""

    width = 2

    def __init__(self, escape: bytes, register: int, codec: str) -> None:
        self.escape = escape
        self.register = register
        self._codec = codec
        self._before, self._behind = (b"", b"") if register else (escape, b"\x1b(B")

    def decode(self, encoded: bytes) -> str:
        """One character; empty where the set has none."""
        try:
            character = (self._before + encoded).decode(self._codec)
        except UnicodeDecodeError:
            return ""
        return character if len(character) == 1 and len(encoded) == 2 else ""

    def encode(self, character: str) -> bytes:
        """Its two bytes; empty where the set does not have it."""
        try:
            encoded = character.encode(self._codec)
        except UnicodeEncodeError:
            return b""
        fits = encoded.startswith(self._before) and len(encoded) == len(self._before) + 2 + len(self._behind)
        return encoded[len(self._before) :][:2] if fits else b""


_Set = _SingleByteSet | _DoubleByteSet


def _upper_half(codec: str) -> dict[int, str]:
    """A0 to FF of an 8-bit codec."""
    decoded = {byte: bytes((byte,)).decode(codec, "ignore") for byte in range(0xA0, 0x100)}
    return {byte: character for byte, character in decoded.items() if character}


_EIGHT_BIT = {  # by registration number: the Python codec that has ASCII too, and the escape sequence to G1
    "100": ("latin_1", b"\x1b-A"),
    "101": ("iso8859_2", b"\x1b-B"),
    "109": ("iso8859_3", b"\x1b-C"),
    "110": ("iso8859_4", b"\x1b-D"),
    "126": ("iso8859_7", b"\x1b-F"),
    "127": ("iso8859_6", b"\x1b-G"),
    "138": ("iso8859_8", b"\x1b-H"),
    "144": ("iso8859_5", b"\x1b-L"),
    "148": ("iso8859_9", b"\x1b-M"),
    "166": ("tis_620", b"\x1b-T"),
    "203": ("iso8859_15", b"\x1b-b"),
}
_STAND_ALONE = {"192": "utf_8", "GB18030": "gb18030", "GBK": "gbk"}  # these allow no code extensions and are none
_WHOLE_VALUE = {number: codec for number, (codec, _) in _EIGHT_BIT.items()} | {"58": "gb2312", "149": "euc_kr"} | _STAND_ALONE

_ASCII_TABLE = {byte: chr(byte) for byte in range(0x20, 0x7F)}
_ASCII = _SingleByteSet(b"\x1b(B", _ASCII_TABLE)
_ROMAJI = _SingleByteSet(b"\x1b(J", _ASCII_TABLE | {0x5C: "¥", 0x7E: "‾"})  # JIS X 0201 has no backslash and no tilde
_KATAKANA = _SingleByteSet(b"\x1b)I", {byte: chr(0xFF61 - 0xA1 + byte) for byte in range(0xA1, 0xE0)})
_SETS: dict[str, tuple[_Set, ...]] = {  # by registration number
    "6": (_ASCII,),
    "13": (_ROMAJI, _KATAKANA),
    "58": (_DoubleByteSet(b"\x1b$)A", 1, "gb2312"),),
    "87": (_DoubleByteSet(b"\x1b$B", 0, "iso2022_jp_1"),),
    "149": (_DoubleByteSet(b"\x1b$)C", 1, "euc_kr"),),
    "159": (_DoubleByteSet(b"\x1b$(D", 0, "iso2022_jp_1"),),
    **{number: (_ASCII, _SingleByteSet(escape, _upper_half(codec))) for number, (codec, escape) in _EIGHT_BIT.items()},
}
_LATIN_1 = _SETS["100"][1]
_NOT_FIRST = frozenset(("58", "87", "149", "159"))
_BY_ESCAPE = {one.escape: one for sets in _SETS.values() for one in sets}


# --- one value of (0008,0005) ------------------------------------------------------------------------------------------


def value_for(term: str) -> str:
    """The value of Specific Character Set that writes in the set of a term. A multi-byte set with code extensions may not be
    the first term (PS3.3 Table C.12-4): it stands behind an empty one. A whole value stays what it is.
    """
    return f"\\{term}" if _number(term) in _NOT_FIRST else term


@lru_cache(maxsize=64)
def character_set_of(declared: str) -> "CharacterSet":
    """The meaning of a value of Specific Character Set, whose several terms are joined by a backslash."""
    return CharacterSet(declared)


class CharacterSet:
    """What a value of Specific Character Set says about text.

    ``read_codec`` and ``write_codec`` are the Python codecs for every value as it stands; empty with code extensions and for
    JIS X 0201.
    """

    def __init__(self, declared: str) -> None:
        terms = [term.strip(" \0") for term in declared.split("\\")]
        first, *others = (_number(term) for term in terms)
        extended = first not in _STAND_ALONE and (bool(others) or "2022" in terms[0])
        undeclared = "latin_1" if not first or first in _SETS else "ascii"
        self._read_without_escape = "" if first == "13" else _WHOLE_VALUE.get(first, undeclared)
        self.read_codec = "" if extended else self._read_without_escape
        self.write_codec = "" if extended or first == "13" else _WHOLE_VALUE.get(first, "ascii")
        self._g0: _Set = _ROMAJI if first == "13" else _ASCII
        self._g1: _Set | None = next((one for one in _SETS.get(first, ()) if one.register), None)
        named = (_SETS.get(number, ()) for number in (first, *others))
        self._sets: tuple[_Set, ...] = (self._g0, *(one for sets in named for one in sets))

    def decode(self, value: bytes, vr: str = "LO") -> str:
        """The text of a whole value field, padding and all; several values keep their backslash."""
        codec = self.read_codec
        if not codec and _ESCAPE not in value:
            codec = self._read_without_escape
        if not codec:
            return self._decode_by_registers(value, _DELIMITERS.get(vr, b""))
        text = value.decode(codec, "replace")
        return text if text.isascii() else _CONTROL_C1.sub(_UNKNOWN, text)

    def encode(self, text: str, vr: str = "LO") -> bytes:
        """The bytes of a whole value field, without padding. Raises UnicodeEncodeError for text that this set does not have."""
        if self.write_codec:
            return text.encode(self.write_codec)
        return self._encode_by_registers(text, vr)

    def _decode_by_registers(self, value: bytes, delimiters: bytes) -> str:
        start: tuple[_Set, _Set] = (self._g0, self._g1 or _LATIN_1)
        g0, g1 = start
        text: list[str] = []
        position = 0
        while position < len(value):
            byte = value[position]
            if byte == _ESCAPE and (designated := _designated(value, position)):
                g0, g1 = (g0, designated) if designated.register else (designated, g1)
                position += len(designated.escape)
                continue
            width = 1
            if byte < 0x20 or (g0.width == 1 and byte in delimiters):
                character = "" if byte == _ESCAPE else chr(byte)
                g0, g1 = start
            elif byte == 0x20:
                character = " "
            else:
                current = g1 if byte & 0x80 else g0
                width = current.width
                character = current.decode(value[position : position + width])
            text.append(character or _UNKNOWN)
            position += width if character else 1
        return "".join(text)

    def _encode_by_registers(self, text: str, vr: str) -> bytes:
        delimiters, in_first_group = _DELIMITERS.get(vr, b""), vr == "PN"
        g0, g1 = self._g0, self._g1
        encoded = bytearray()
        for index, character in enumerate(text):
            if character < " " or (character.isascii() and ord(character) in delimiters):
                encoded += self._way_back(g0, g1) + character.encode("ascii")
                g0, g1 = self._g0, self._g1
                in_first_group = vr == "PN" and (character == "\\" or (in_first_group and character != "="))
                continue
            held = (g0,) if g1 is None else (g0, g1)
            for one in held if in_first_group else (*held, *self._sets):
                written = one.encode(character)
                if written and not (len(written) == 1 and written in delimiters):  # a yen sign would be read as a backslash
                    break
            else:
                raise UnicodeEncodeError("Specific Character Set", text, index, index + 1, "not in the sets declared")
            if one not in held:
                g0, g1 = (g0, one) if one.register else (one, g1)
                encoded += one.escape
            encoded += written
        return bytes(encoded + self._way_back(g0, g1))

    def _way_back(self, g0: _Set, g1: _Set | None) -> bytes:
        """The escape sequences to the registers of the start. A start that has nothing in G1 needs none for it."""
        back = b"" if g0 is self._g0 else self._g0.escape
        return back + (b"" if g1 is self._g1 or self._g1 is None else self._g1.escape)


def _number(term: str) -> str:
    """The registration number in a term, else the term."""
    found = _TERM.fullmatch(term)
    return found[2] if found else term


def _designated(value: bytes, position: int) -> _Set | None:
    """The set whose escape sequence stands here."""
    return _BY_ESCAPE.get(value[position : position + 3]) or _BY_ESCAPE.get(value[position : position + 4])
