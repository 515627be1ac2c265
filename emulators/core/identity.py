"""Identifiers that are functions of what they name, so that a run with a fault gives nobody another number.

Every identifier derives from the placer order number (or the MRN) and an occurrence. Two runs, or two systems, that name the
same thing give it the same identifier, and a retry keeps it.
"""

import re
from dataclasses import dataclass
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


_ACCESSION = re.compile(r"([A-Za-z0-9./_-]*)\{(digits|base32):([0-9]{1,2})\}([A-Za-z0-9./_-]*)")


@dataclass(frozen=True, slots=True)
class AccessionFormat:
    """How a site writes its accession numbers: fixed text around one field, ``{digits:N}`` or ``{base32:N}`` of N characters.

    ``A{base32:9}`` gives AZ0XVRY200, ``RAD-{digits:8}`` gives RAD-01234567. At most 16 characters (SH, PS3.5 6.2); a million
    different numbers at least. Raises ValueError otherwise, which a configuration reports with its key.
    """

    template: str = "A{base32:9}"

    def __post_init__(self) -> None:
        found = _ACCESSION.fullmatch(self.template)
        if found is None:
            raise ValueError("not letters, digits and ./_- around one {digits:N} or {base32:N}")
        if len(found[1]) + int(found[3]) + len(found[4]) > 16:
            raise ValueError("makes accession numbers of more than 16 characters")
        if int(found[3]) < (6 if found[2] == "digits" else 4):
            raise ValueError("has room for fewer than a million accession numbers")

    def number(self, subject: str, occurrence: int = 1) -> str:
        """The accession number of an order, a function of its placer order number. The caller raises ``occurrence`` on a
        collision."""
        before, alphabet, length, after = _ACCESSION.fullmatch(self.template).groups()  # type: ignore[union-attr]
        width = int(length)
        if alphabet == "base32":
            field = _base32(digest(5 * width, "accession", subject, occurrence), width)
        else:
            field = f"{digest(64, 'accession', subject, occurrence) % 10**width:0{width}d}"
        return f"{before}{field}{after}"


_DEFAULT_FORMAT = AccessionFormat()


def accession_number(placer_order_number: str, occurrence: int = 1) -> str:
    """An accession number in the format that holds where a site sets none."""
    return _DEFAULT_FORMAT.number(placer_order_number, occurrence)


def control_id(subject: str, purpose: str, occurrence: int = 1) -> str:
    """MSH-10 for one message about ``subject`` (an order or a patient), at most 20 characters (HL7 2.3.1, chapter 2).

    A long subject is replaced by its digest, so that the purpose is never cut off.
    """
    named = f"{subject}-{purpose}{occurrence}"
    return named if len(named) <= 20 else f"{_base32(digest(60, 'control', subject), 12)}-{purpose}{occurrence}"


def procedure_id(purpose: str, accession: str, number: int = 1) -> str:
    """Requested procedure or step ID, at most 16 characters (SH): ``purpose`` and the accession number, and for the second and
    further steps their number. An accession number that leaves no room is replaced by its digest.
    """
    ending = f"-{number}" if number > 1 else ""
    named = f"{purpose}{accession}{ending}"
    return named if len(named) <= 16 else f"{purpose}{_base32(digest(60, 'procedure', accession), 12)}{ending}"
