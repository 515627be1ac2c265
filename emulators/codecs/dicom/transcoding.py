"""A data set in Explicit VR Little Endian, written in Implicit VR Little Endian, which every peer must take (PS3.5 10.1).

The values stay byte for byte; only the heads of the elements change, and the lengths of sequences with them, which are written
out. Group lengths are left out: they would be wrong (PS3.5 7.2). The VRs of private elements are lost: implicit VR has none.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from struct import Struct
from struct import error as StructError

from emulators.codecs.dicom.elements import Buffer
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from emulators.core.errors import RemoteProtocolError

_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_NESTING_LIMIT = 64

_explicit = Struct("<HH2sH").unpack_from
_long = Struct("<I").unpack_from
_head = Struct("<HHI")


def as_accepted(
    transfer_syntax_uid: str, buffers: tuple[Buffer, ...], context_of: Mapping[str, int]
) -> tuple[int, Sequence[Buffer]] | None:
    """The presentation context for an image, and its bytes as that has them; None where no context fits.

    ``context_of``: accepted transfer syntax to its context.
    """
    if transfer_syntax_uid in context_of:
        return context_of[transfer_syntax_uid], buffers
    if transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN and IMPLICIT_VR_LITTLE_ENDIAN in context_of:
        with suppress(RemoteProtocolError):  # a data set that came broken
            return context_of[IMPLICIT_VR_LITTLE_ENDIAN], [in_implicit_vr(b"".join(buffers))]
    return None


def in_implicit_vr(dataset: bytes) -> bytes:
    """The same data set in implicit VR. Raises RemoteProtocolError where it is none in explicit VR."""
    try:
        written, _ = _elements(memoryview(dataset), 0, len(dataset), depth=0)
    except StructError:
        raise RemoteProtocolError("the data set ends inside the head of an element") from None
    return written


def _elements(data: memoryview, position: int, end: int, depth: int, delimited: bool = False) -> tuple[bytes, int]:
    """The elements from ``position`` to ``end``, or to the item delimiter if ``delimited``; and the position behind."""
    if depth > _NESTING_LIMIT:
        raise RemoteProtocolError(f"the data set nests sequences deeper than {_NESTING_LIMIT}")
    written: list[Buffer] = []
    while position < end:
        group, element, vr, length = _explicit(data, position)
        position += 8
        if group << 16 | element == _ITEM_END and delimited:
            return b"".join(written), position
        if vr not in _SHORT_VRS:
            (length,) = _long(data, position)
            position += 4
        if vr == b"SQ":
            value, position = _items(data, position, length, end, depth + 1)
            written += (_head.pack(group, element, len(value)), value)
            continue
        if length == _UNDEFINED or length > end - position:
            raise RemoteProtocolError(f"element ({group:04X},{element:04X}) has a length that cannot be written in implicit VR")
        if element:  # else a group length
            written += (_head.pack(group, element, length), data[position : position + length])
        position += length
    if delimited:
        raise RemoteProtocolError("an item of the data set has no end")
    return b"".join(written), position


def _items(data: memoryview, position: int, length: int, end: int, depth: int) -> tuple[bytes, int]:
    """The items of a sequence, each with its length, and the position behind the sequence."""
    if length != _UNDEFINED:
        end = min(end, position + length)
    written: list[bytes] = []
    while position < end:
        group, element, item_length = _head.unpack_from(data, position)
        tag, position = group << 16 | element, position + 8
        if tag == _SEQUENCE_END and length == _UNDEFINED:
            return b"".join(written), position
        if tag != _ITEM:
            raise RemoteProtocolError("a sequence of the data set holds something else than items")
        delimited = item_length == _UNDEFINED
        item, position = _elements(data, position, end if delimited else position + item_length, depth, delimited)
        written += [_head.pack(group, element, len(item)), item]
    if length == _UNDEFINED:
        raise RemoteProtocolError("a sequence of the data set has no end")
    return b"".join(written), position
