"""Identifiers and attribute lists: a dict from keyword to value, and its bytes (PS3.5 7).

Made for what systems tell each other in a few kB of text; images never come this way. A value is text without padding
(several values keep their backslash), an int for US, or the items of a sequence. Other binary values are skipped: they are
there, and empty. An attribute that the dictionary lacks has its tag as keyword, such as ``(0009,1001)``.

pydicom takes thirty times as long, or more, to build and write, or to read, a worklist item. Reading cannot raise anything but
RemoteProtocolError: every length is held against the buffer, tags must ascend (PS3.5 7.1), and sequences nest to a limit.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from operator import itemgetter
from struct import Struct
from struct import error as StructError

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from emulators.core.character_set import UTF_8, CharacterSet, character_set_of, value_for
from emulators.core.errors import LocalProtocolError, RemoteProtocolError

DataSet = dict[str, "str | int | list[DataSet]"]
Buffer = bytes | bytearray | memoryview

_NESTING_LIMIT = 16
_TAG_AS_KEYWORD = re.compile(r"\(([0-9A-F]{4}),([0-9A-F]{4})\)")
_TEXT_VRS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))  # what Specific Character Set is about (PS3.5 6.1.2.3)
_WRITTEN_AS_TEXT = _TEXT_VRS | {"UN"}  # what was text in explicit VR and whose VR we do not know
_ASCII_VRS = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"))
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_CHARACTER_SET = 0x00080005
_ASCII = character_set_of("")

_tag = Struct("<HH")
_long = Struct("<I")
_number = Struct("<H")
_implicit = Struct("<HHI").unpack_from  # group, element, 32-bit length
_explicit = Struct("<HH2sH").unpack_from  # group, element, VR, 16-bit length (or reserved)
_ITEM_TAG = _tag.pack(0xFFFE, 0xE000)


# --- writing -----------------------------------------------------------------------------------------------------------


def encode(dataset: DataSet, transfer_syntax_uid: str = IMPLICIT_VR_LITTLE_ENDIAN, character_set: str = "") -> bytes:
    """The bytes of a data set. ASCII alone declares no character set.

    Text beyond ASCII goes in ``character_set``, such as ``ISO_IR 100`` or ``ISO 2022 IR 87``, which is written behind the empty
    first term that it needs; where that is empty or lacks a character, the whole data set goes in ISO_IR 192, which is UTF-8.
    Raises LocalProtocolError for a value that its VR cannot carry, or another transfer syntax than the two little endian ones.
    """
    explicit = _is_explicit(transfer_syntax_uid)
    try:
        if _is_ascii(dataset):
            return _encode(dataset, explicit, _ASCII)
        for declared in (value_for(character_set) or UTF_8, UTF_8):
            with suppress(UnicodeEncodeError):
                return _encode({**dataset, "SpecificCharacterSet": declared}, explicit, character_set_of(declared))
    except StructError:
        raise LocalProtocolError("a value of the data set is too long or too large for its VR") from None
    raise LocalProtocolError("a value of the data set holds a character that no character set has")


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


def _encode(dataset: DataSet, explicit: bool, character_set: CharacterSet) -> bytes:
    parts: list[bytes] = []
    for _, keyword, vr, implicit_head, explicit_head, pack_length in _layout(tuple(dataset)):
        value = dataset[keyword]
        if isinstance(value, str):
            encoded = _encode_text(value, vr, character_set)
        elif isinstance(value, int):
            encoded = _number.pack(value)
        else:
            encoded = b"".join(_encode_items(value, explicit, character_set))
        if explicit:
            parts += (explicit_head, pack_length(len(encoded)), encoded)
        else:
            parts += (implicit_head, _long.pack(len(encoded)), encoded)
    return b"".join(parts)


_Attribute = tuple[int, str, str, bytes, bytes, Callable[[int], bytes]]


@lru_cache(maxsize=256)
def _layout(keywords: tuple[str, ...]) -> list[_Attribute]:
    """The attributes of a data set in the order of their tags; data sets of one kind have the same."""
    return sorted(map(_attribute, keywords), key=itemgetter(0))


def _attribute(keyword: str) -> _Attribute:
    """Tag, keyword, VR, what stands before the length in implicit and in explicit VR, and what packs the latter's length.

    A tag that the dictionary lacks has unknown VR (PS3.5 6.2.2).
    """
    tag = tag_for_keyword(keyword) if keyword else None  # some attributes of the dictionary have no keyword
    if tag is None:
        tag, vr = _tag_in(keyword), b"UN"
    else:
        vr = dictionary_VR(tag)[:2].encode()  # the first of "US or SS"
    head = _tag.pack(tag >> 16, tag & 0xFFFF)
    if vr in _SHORT_VRS:
        return tag, keyword, vr.decode(), head, head + vr, _number.pack
    return tag, keyword, vr.decode(), head, head + vr + b"\0\0", _long.pack


def _tag_in(keyword: str) -> int:
    found = _TAG_AS_KEYWORD.fullmatch(keyword)
    if found is None:
        raise LocalProtocolError(f"no attribute has the keyword {keyword}")
    return int(found[1] + found[2], 16)


def _encode_text(value: str, vr: str, character_set: CharacterSet) -> bytes:
    if vr in _WRITTEN_AS_TEXT:
        codec = character_set.write_codec
        encoded = value.encode(codec) if codec else character_set.encode(value, vr)
    else:
        try:
            encoded = value.encode("ascii")
        except UnicodeEncodeError:
            raise LocalProtocolError(f"a value of VR {vr} holds a character that it cannot carry") from None
    if len(encoded) % 2:
        encoded += b"\0" if vr == "UI" else b" "
    return encoded


def _encode_items(items: list[DataSet], explicit: bool, character_set: CharacterSet) -> Iterable[bytes]:
    for item in items:
        encoded = _encode(item, explicit, character_set)
        yield _ITEM_TAG
        yield _long.pack(len(encoded))
        yield encoded


# --- reading -----------------------------------------------------------------------------------------------------------


def decode(data: Buffer, transfer_syntax_uid: str = IMPLICIT_VR_LITTLE_ENDIAN) -> DataSet:
    """The data set in these bytes, without group lengths and Specific Character Set.

    Raises RemoteProtocolError, one line without values, for bytes that are none in this transfer syntax.
    """
    reader = _Reader(bytes(data), _is_explicit(transfer_syntax_uid))
    try:
        dataset, _ = reader.elements(0, len(data), reader.explicit, character_set_of(""), 0)
    except StructError:
        raise RemoteProtocolError("the data set ends inside the head of an element") from None
    return dataset


class _Reader:
    """One data set on its way from bytes. Every step moves on by eight bytes or more, so the time is linear in the length."""

    def __init__(self, data: bytes, explicit: bool) -> None:
        self.data = data
        self.explicit = explicit

    def elements(
        self, position: int, end: int, explicit: bool, character_set: CharacterSet, depth: int, delimited: bool = False
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
                items, position = self._items(position, length, end, explicit and vr != "UN", character_set, depth + 1)
                dataset[keyword] = items
                continue
            start, position = position, position + length
            if position > end:
                raise RemoteProtocolError(f"element ({tag >> 16:04X},{tag & 0xFFFF:04X}) reaches beyond the end")
            if tag == _CHARACTER_SET:
                character_set = character_set_of(str(self.data[start:position], "latin_1"))
            elif tag & 0xFFFF:  # else a group length
                dataset[keyword] = self._value(known_vr or vr, start, position, character_set)
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
        self, position: int, length: int, end: int, explicit: bool, character_set: CharacterSet, depth: int
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
            item, position = self.elements(position, item_end, explicit, character_set, depth, delimited)
            items.append(item)
        if length == _UNDEFINED:
            raise RemoteProtocolError("a sequence of the data set has no end")
        return items, position

    def _value(self, vr: str, start: int, end: int, character_set: CharacterSet) -> str | int:
        value = self.data[start:end]
        if vr in _TEXT_VRS:
            return character_set.decode(value, vr).strip(" \0")
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
