"""Identifiers and attribute lists: a dict from keyword to value, and its bytes (PS3.5 7).

Made for what systems tell each other in a few kB of text; images never come this way. A value is text without padding
(several values keep their backslash), an int for US, or the items of a sequence. Other binary values are skipped: they are
there, and empty. An attribute that the dictionary lacks has its tag as keyword, such as ``(0009,1001)``.

pydicom takes thirty times as long, or more, to build and write, or to read, a worklist item. Reading cannot raise anything but
RemoteProtocolError: every length is held against the buffer, tags must ascend (PS3.5 7.1), and sequences nest to a limit.
"""

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct
from struct import error as StructError

from pydicom.charset import STAND_ALONE_ENCODINGS, decode_bytes, python_encoding
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from emulators.core.errors import LocalProtocolError, RemoteProtocolError

DataSet = dict[str, "str | int | list[DataSet]"]
Buffer = bytes | bytearray | memoryview

_NESTING_LIMIT = 16
_TEXT_VRS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))  # what Specific Character Set is about (PS3.5 6.1.2.3)
_ASCII_VRS = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"))
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_CHARACTER_SET = 0x00080005
_COMPONENT_DELIMITERS = {0x5E, 0x3D}

_tag = Struct("<HH")
_long = Struct("<I")
_number = Struct("<H")
_implicit = Struct("<HHI").unpack_from  # group, element, 32-bit length
_explicit = Struct("<HH2sH").unpack_from  # group, element, VR, 16-bit length (or reserved)
_ITEM_TAG = _tag.pack(0xFFFE, 0xE000)


# --- writing -----------------------------------------------------------------------------------------------------------


def encode(dataset: DataSet, transfer_syntax_uid: str = IMPLICIT_VR_LITTLE_ENDIAN) -> bytes:
    """The bytes of a data set. Text beyond ASCII goes as UTF-8 and is declared so; ASCII alone declares nothing.

    Raises LocalProtocolError for a value that its VR cannot carry, or another transfer syntax than the two little endian ones.
    """
    explicit = _is_explicit(transfer_syntax_uid)
    if not _is_ascii(dataset):
        dataset = {**dataset, "SpecificCharacterSet": "ISO_IR 192"}
    return _encode(dataset, explicit)


def _is_explicit(transfer_syntax_uid: str) -> bool:
    if transfer_syntax_uid not in (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN):
        raise LocalProtocolError(f"no identifier is written or read in transfer syntax {transfer_syntax_uid}")
    return transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN


def _is_ascii(dataset: DataSet) -> bool:
    for value in dataset.values():
        if isinstance(value, str):
            if not value.isascii():
                return False
        elif isinstance(value, list) and not all(map(_is_ascii, value)):
            return False
    return True


def _encode(dataset: DataSet, explicit: bool) -> bytes:
    parts: list[bytes] = []
    for (_, vr, tag_bytes), value in sorted([(_attribute(keyword), value) for keyword, value in dataset.items()], key=_by_tag):
        if isinstance(value, str):
            encoded = _encode_text(value, vr)
        elif isinstance(value, int):
            encoded = _number.pack(value)
        else:
            encoded = b"".join(_encode_items(value, explicit))
        if not explicit:
            parts += (tag_bytes, _long.pack(len(encoded)), encoded)
        elif vr == "SQ":
            parts += (tag_bytes, b"SQ\0\0", _long.pack(len(encoded)), encoded)
        else:
            parts += (tag_bytes, vr.encode(), _number.pack(len(encoded)), encoded)
    return b"".join(parts)


def _by_tag(element: tuple[tuple[int, str, bytes], object]) -> int:
    return element[0][0]


@lru_cache(maxsize=1024)
def _attribute(keyword: str) -> tuple[int, str, bytes]:
    """Tag, VR and the tag's bytes."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise LocalProtocolError(f"no attribute has the keyword {keyword}")
    return tag, dictionary_VR(tag), _tag.pack(tag >> 16, tag & 0xFFFF)


def _encode_text(value: str, vr: str) -> bytes:
    try:
        encoded = value.encode("utf-8" if vr in _TEXT_VRS else "ascii")
    except UnicodeEncodeError:
        raise LocalProtocolError(f"a value of VR {vr} holds a character that it cannot carry") from None
    if len(encoded) % 2:
        encoded += b"\0" if vr == "UI" else b" "
    return encoded


def _encode_items(items: list[DataSet], explicit: bool) -> Iterable[bytes]:
    for item in items:
        encoded = _encode(item, explicit)
        yield _ITEM_TAG
        yield _long.pack(len(encoded))
        yield encoded


# --- reading -----------------------------------------------------------------------------------------------------------


def decode(data: Buffer, transfer_syntax_uid: str = IMPLICIT_VR_LITTLE_ENDIAN) -> DataSet:
    """The data set in these bytes, without group lengths and Specific Character Set.

    Raises RemoteProtocolError, one line without values, for bytes that are none in this transfer syntax.
    """
    reader = _Reader(data, _is_explicit(transfer_syntax_uid))
    try:
        dataset, _ = reader.elements(0, len(data), reader.explicit, ("latin_1",), 0)
    except StructError:
        raise RemoteProtocolError("the data set ends inside the head of an element") from None
    return dataset


class _Reader:
    """One data set on its way from bytes. Every step moves on by eight bytes or more, so the time is linear in the length."""

    def __init__(self, data: Buffer, explicit: bool) -> None:
        self.data = data
        self.explicit = explicit

    def elements(
        self, position: int, end: int, explicit: bool, codecs: tuple[str, ...], depth: int, delimited: bool = False
    ) -> tuple[DataSet, int]:
        """The elements from ``position`` to ``end``, or to the item delimiter if ``delimited``; and the position behind."""
        dataset: DataSet = {}
        previous = -1
        while position < end:
            tag, vr, length, position = self._head(position, explicit)
            if tag == _ITEM_END and delimited:
                return dataset, position
            if tag <= previous:
                raise RemoteProtocolError("the elements of the data set are not in the order of their tags")
            previous = tag
            keyword, known_vr = _known(tag)
            if known_vr == "SQ" or vr == "SQ" or length == _UNDEFINED:
                # UN of undefined length is a sequence in implicit VR (PS3.5 6.2.2 note 4)
                items, position = self._items(position, length, end, explicit and vr != "UN", codecs, depth + 1)
                dataset[keyword] = items
                continue
            start, position = position, position + length
            if position > end:
                raise RemoteProtocolError(f"element ({tag >> 16:04X},{tag & 0xFFFF:04X}) reaches beyond the end")
            if tag == _CHARACTER_SET:
                codecs = _codecs(bytes(self.data[start:position]))
            elif tag & 0xFFFF:  # else a group length
                dataset[keyword] = self._value(known_vr or vr, start, position, codecs)
        if delimited:
            raise RemoteProtocolError("an item of the data set has no end")
        return dataset, position

    def _head(self, position: int, explicit: bool) -> tuple[int, str, int, int]:
        """Tag, VR (empty in implicit VR), length and start of the value."""
        if not explicit:
            group, element, length = _implicit(self.data, position)
            return group << 16 | element, "", length, position + 8
        group, element, vr, length = _explicit(self.data, position)
        tag, position = group << 16 | element, position + 8
        if group == 0xFFFE:  # delimiters have no VR
            return tag, "", 0, position
        if vr in _SHORT_VRS:
            return tag, vr.decode("ascii"), length, position
        if not (vr.isalpha() and vr.isupper()):
            raise RemoteProtocolError("the data set is not in Explicit VR Little Endian")
        return tag, vr.decode("ascii"), _long.unpack_from(self.data, position)[0], position + 4

    def _items(
        self, position: int, length: int, end: int, explicit: bool, codecs: tuple[str, ...], depth: int
    ) -> tuple[list[DataSet], int]:
        """The items of a sequence of defined or undefined length (PS3.5 7.5), and the position behind it."""
        if depth > _NESTING_LIMIT:
            raise RemoteProtocolError(f"the data set nests sequences deeper than {_NESTING_LIMIT}")
        if length != _UNDEFINED:
            if length > end - position:
                raise RemoteProtocolError("a sequence of the data set reaches beyond the end")
            end = position + length
        items: list[DataSet] = []
        while position < end:
            group, element, item_length = _implicit(self.data, position)
            tag, position = group << 16 | element, position + 8
            if tag == _SEQUENCE_END and length == _UNDEFINED:
                return items, position
            if tag != _ITEM:
                raise RemoteProtocolError("a sequence of the data set holds something else than items")
            delimited = item_length == _UNDEFINED
            if not delimited and item_length > end - position:
                raise RemoteProtocolError("an item of the data set reaches beyond the end")
            item_end = end if delimited else position + item_length
            item, position = self.elements(position, item_end, explicit, codecs, depth, delimited)
            items.append(item)
        if length == _UNDEFINED:
            raise RemoteProtocolError("a sequence of the data set has no end")
        return items, position

    def _value(self, vr: str, start: int, end: int, codecs: tuple[str, ...]) -> str | int:
        value = bytes(self.data[start:end])
        if vr in _TEXT_VRS:
            return _decode_text(value, codecs).strip(" \0")
        if vr in _ASCII_VRS:
            return value.decode("latin_1").strip(" \0")
        if vr == "US" and len(value) == 2:
            return int.from_bytes(value, "little")
        return ""


@lru_cache(maxsize=1024)
def _known(tag: int) -> tuple[str, str]:
    """Keyword and VR of the dictionary; the tag in its usual spelling and no VR where it is not in there."""
    keyword = keyword_for_tag(tag)
    return (keyword, dictionary_VR(tag)) if keyword else (f"({tag >> 16:04X},{tag & 0xFFFF:04X})", "")


@lru_cache(maxsize=64)
def _codecs(specific_character_set: bytes) -> tuple[str, ...]:
    """The Python codecs for a value of (0008,0005). A term that nobody knows, and none, are read as Latin-1."""
    terms = [term.strip(" \0") for term in specific_character_set.decode("latin_1").split("\\")]
    if terms[0] in STAND_ALONE_ENCODINGS:  # these allow no code extensions (PS3.3 C.12.1.1.2)
        terms = terms[:1]
    return tuple(python_encoding.get(term, "latin_1") if term else "latin_1" for term in terms)


def _decode_text(value: bytes, codecs: tuple[str, ...]) -> str:
    """Bytes that do not fit become U+FFFD: visible, and no reason to lose a patient from a list."""
    if 0x1B not in value:  # no code extension is switched to
        return value.decode(codecs[0], "replace")
    try:
        return decode_bytes(value, codecs, _COMPONENT_DELIMITERS)
    except (ValueError, LookupError, Warning):  # a Warning where the caller's process turns warnings into errors
        return value.decode("ascii", "replace")
