"""Identifiers that are functions of what they name, so that a run with a fault gives nobody another number.

Every identifier derives from the placer order number (or the MRN) and an occurrence. Two runs, or two systems, that name the
same thing give it the same identifier, and a retry keeps it.
"""

from functools import lru_cache
from hashlib import blake2b

_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U to misread


def digest(bits: int, *parts: object) -> int:
    """A number of ``bits`` bits (at most 128) that depends on the parts alone."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(text, digest_size=16).digest(), "big") >> (128 - bits)


def _base32(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        letters.append(_BASE32[number & 31])
        number >>= 5
    return "".join(reversed(letters))


@lru_cache(maxsize=4096)
def uid(purpose: str, subject: str, occurrence: int = 1) -> str:
    """A DICOM UID of at most 44 characters under the UUID root 2.25 (PS3.5 B.2).

    The 128 bits are a digest of the arguments with the version and variant bits of a name-based UUID (RFC 9562, version 8).
    """
    bits = digest(128, "uid", purpose, subject, occurrence)
    bits = bits & ~(0xF << 76) | (8 << 76)
    bits = bits & ~(0x3 << 62) | (2 << 62)
    return f"2.25.{bits}"


def accession_number(placer_order_number: str, occurrence: int = 1) -> str:
    """An accession number of 10 characters (SH allows 16, PS3.5 6.2). The caller raises ``occurrence`` on a collision."""
    return "A" + _base32(digest(45, "accession", placer_order_number, occurrence), 9)


def control_id(subject: str, purpose: str, occurrence: int = 1) -> str:
    """MSH-10 for one message about ``subject`` (an order or a patient), at most 20 characters (HL7 2.3.1, chapter 2).

    A long subject is replaced by its digest, so that the purpose is never cut off.
    """
    named = f"{subject}-{purpose}{occurrence}"
    return named if len(named) <= 20 else f"{_base32(digest(60, 'control', subject), 12)}-{purpose}{occurrence}"


def procedure_id(purpose: str, accession: str) -> str:
    """Requested procedure or scheduled step ID: ``purpose`` and the accession number, at most 16 characters (SH)."""
    return f"{purpose}{accession[1:]}"
