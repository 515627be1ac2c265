"""An element as bytes, in implicit or explicit VR little endian (PS3.5 7.1)."""

from struct import pack

from pydicom.datadict import dictionary_VR


def element(tag: int, value: bytes, implicit: bool) -> bytes:
    """Text with a length that 16 bits hold, padded, or the items of a sequence; the VR is that of the dictionary."""
    vr = dictionary_VR(tag)
    if len(value) % 2:
        value += b" "
    if implicit:
        return pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value
    if vr == "SQ":
        return pack("<HH2sHI", tag >> 16, tag & 0xFFFF, b"SQ", 0, len(value)) + value
    return pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(value)) + value


def sequence_item(content: bytes) -> bytes:
    """An item of defined length (PS3.5 7.5)."""
    return pack("<HHI", 0xFFFE, 0xE000, len(content)) + content
