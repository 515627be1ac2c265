"""DICOM text from the bytes that came, by the Specific Character Set that came with them, strictly (PS3.5 6.1).

Independent of pydicom, which reads undeclared text as Latin-1 and repairs what is wrong: here it is Malformed.

With code extensions a value begins with the sets of its first term, and is back at them behind every delimiter (PS3.5
6.1.2.5.3): a product that forgets to escape again behind ``^`` or ``=`` is read as it must be read.
"""

import re

from conformance.verdict import Malformed

STAND_ALONE = {"ISO_IR 192": "utf-8", "GB18030": "gb18030", "GBK": "gbk"}
_SINGLE_BYTE = {
    "100": "iso8859_1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "126": "iso8859_7",
    "127": "iso8859_6",
    "138": "iso8859_8",
    "144": "iso8859_5",
    "148": "iso8859_9",
    "166": "tis_620",
}
_ESCAPES: dict[bytes, tuple[int, str]] = {  # the register (0 for 21H to 7EH, 1 above) and what stands in it then
    b"\x1b(B": (0, "ascii"),
    b"\x1b(J": (0, "ascii"),  # JIS X 0201 romaji: differs in backslash and tilde alone
    b"\x1b$B": (0, "jis0208"),
    b"\x1b$(D": (0, "jis0212"),
    b"\x1b)I": (1, "katakana"),
    b"\x1b$)C": (1, "euc_kr"),
    b"\x1b$)A": (1, "gb2312"),
    **{b"\x1b-" + bytes([letter]): (1, codec) for letter, codec in zip(b"ABCDFGHLMT", _SINGLE_BYTE.values(), strict=True)},
}
_TWO_BYTES = ("jis0208", "jis0212", "euc_kr", "gb2312")
_TERM = re.compile(r"ISO[_ ](?:2022 )?IR ([0-9]+)")


def text_of(value: bytes, declared: str, delimiters: bytes = b"\\^=") -> str:
    """The text of a value under (0008,0005), its values joined by backslash. Raises Malformed."""
    terms = declared.split("\\") if declared else [""]
    try:
        if len(terms) > 1:
            return _extended(value, terms[0], delimiters)
        return (
            value.decode(_codec_of(terms[0])).rstrip(" \0") if b"\x1b" not in value else _extended(value, terms[0], delimiters)
        )
    except (UnicodeDecodeError, LookupError):
        raise Malformed(f"text in {declared or 'the default repertoire'}", f"bytes {value.hex(' ')}") from None


def _codec_of(term: str) -> str:
    if term in STAND_ALONE:
        return STAND_ALONE[term]
    number = _TERM.fullmatch(term)
    if not term or (number and number[1] == "6"):
        return "ascii"
    if number and number[1] == "13":
        return "shift_jis"  # of which single bytes are JIS X 0201
    return _SINGLE_BYTE[number[1] if number else term]


def _extended(value: bytes, first: str, delimiters: bytes) -> str:
    start = ("ascii", _codec_of(first) if first else "")
    registers = ["katakana" if one == "shift_jis" else one for one in start]
    begun, text, at = tuple(registers), "", 0
    while at < len(value):
        byte = value[at]
        if byte == 0x1B:
            escape = next(one for one in (value[at : at + 4], value[at : at + 3], b"") if one in _ESCAPES or not one)
            register, held = _ESCAPES[escape]
            registers[register] = held
            at += len(escape)
            continue
        held = registers[byte >> 7]
        width = 2 if held in _TWO_BYTES else 1
        if byte < 0x20 or (width == 1 and byte in delimiters):
            registers = list(begun)
            text += chr(byte)
        else:
            text += _character(value[at : at + width], held)
        at += width
    return text.rstrip(" \0")


def _character(encoded: bytes, held: str) -> str:
    """One character. Raises UnicodeDecodeError, LookupError."""
    if held in ("jis0208", "jis0212"):
        before = b"\x1b$B" if held == "jis0208" else b"\x1b$(D"
        return (before + encoded + b"\x1b(B").decode("iso2022_jp_2")
    if held == "katakana":
        return encoded.decode("shift_jis")
    return encoded.decode(held or "ascii")
