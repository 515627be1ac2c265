"""The head of a DICOM file: preamble, prefix and file meta information (PS3.10 section 7.1)."""

from struct import pack

_PREAMBLE_AND_PREFIX = bytes(128) + b"DICM"
_VERSION = b"\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00\x00\x01"


def head(
    sop_class_uid: str,
    sop_instance_uid: str,
    transfer_syntax_uid: str,
    implementation_class_uid: str,
    implementation_version_name: str,
    sending_ae_title: str,
) -> bytes:
    """All that comes before the data set. An AE title that is empty, or not ASCII, is left out or marked."""
    elements = [
        _VERSION,
        _element(0x0002, b"UI", sop_class_uid, b"\0"),
        _element(0x0003, b"UI", sop_instance_uid, b"\0"),
        _element(0x0010, b"UI", transfer_syntax_uid, b"\0"),
        _element(0x0012, b"UI", implementation_class_uid, b"\0"),
        _element(0x0013, b"SH", implementation_version_name, b" "),
    ]
    if sending_ae_title:
        elements.append(_element(0x0017, b"AE", sending_ae_title[:16], b" "))
    body = b"".join(elements)
    return _PREAMBLE_AND_PREFIX + pack("<HH2sHI", 0x0002, 0x0000, b"UL", 4, len(body)) + body


def _element(number: int, vr: bytes, text: str, padding: bytes) -> bytes:
    value = text.encode("ascii", "replace")
    if len(value) % 2:
        value += padding
    return pack("<HH2sH", 0x0002, number, vr, len(value)) + value
