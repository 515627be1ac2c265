"""Original Attributes Sequence (0400,0561): what an image said before it left under another identity (PS3.3 C.12.1.1.9).

A change is one more item, behind those that are there. It holds the former values of what was exchanged, byte for byte as they
came and empty where there were none; with a patient ID its issuer, changed or not. They are in the character set of the data
set; where that had to be another, its former value is among them, and says how to read them (PS3.5 7.5.3).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from struct import pack

from emulators.core.errors import RemoteProtocolError
from emulators.messages.coercion import AttributeModification
from emulators.store.elements import element, sequence_item
from emulators.store.header import Buffer, top_level

ORIGINAL_ATTRIBUTES = 0x04000561
_MODIFIED_ATTRIBUTES = 0x04000550
_MODIFICATION_DATE_TIME, _MODIFYING_SYSTEM, _SOURCE_OF_PREVIOUS_VALUES, _REASON = range(0x04000562, 0x04000566)
_PATIENT_ID, _ISSUER = 0x00100020, 0x00100021
_SEQUENCE_END_BYTES = 8

Values = tuple[tuple[int, bytes], ...]
"""Tags and values as they stand in a data set."""


@dataclass(frozen=True, slots=True)
class Former:
    """What an image says, and what is to be said of its change."""

    values: Values
    modification: AttributeModification


def with_original_attributes(dataset: Buffer, implicit: bool, former: Former, changed: Iterable[int]) -> tuple[Buffer, ...]:
    """The data set, or what comes of it behind the attributes ``changed``, with an item on these; in pieces.

    Raises RemoteProtocolError for a data set that is broken before the place of the sequence, or with something else there.
    """
    changed = tuple(changed)
    for tag, start, value, end in top_level(dataset, implicit, ORIGINAL_ATTRIBUTES):
        if tag == ORIGINAL_ATTRIBUTES:
            return (dataset[:start], *_extended(dataset[start:end], value - start, implicit, former, changed), dataset[end:])
        if tag > ORIGINAL_ATTRIBUTES:
            return dataset[:start], _begun(implicit, former, changed), dataset[start:]
    return dataset, _begun(implicit, former, changed)


def _begun(implicit: bool, former: Former, changed: tuple[int, ...]) -> bytes:
    """A sequence with the first item."""
    return element(ORIGINAL_ATTRIBUTES, _item(former, changed, implicit), implicit)


def _extended(sequence: Buffer, value: int, implicit: bool, former: Former, changed: tuple[int, ...]) -> tuple[Buffer, ...]:
    """A sequence whose value begins at ``value``, with one more item. Of unknown VR, it is in implicit VR (PS3.5 6.2.2)."""
    vr = bytes(sequence[4:6])
    if not implicit and vr not in (b"SQ", b"UN"):
        raise RemoteProtocolError("the Original Attributes Sequence is no sequence")
    item = _item(former, changed, implicit or vr == b"UN")
    if is_undefined(sequence, value):
        return sequence[:-_SEQUENCE_END_BYTES], item, sequence[-_SEQUENCE_END_BYTES:]
    return sequence[: value - 4], pack("<I", len(sequence) - value + len(item)), sequence[value:], item


def is_undefined(dataset: Buffer, value: int) -> bool:
    """Whether the element whose value begins here has no length; a short VR never looks like that."""
    return bytes(dataset[value - 4 : value]) == b"\xff\xff\xff\xff"


@lru_cache(maxsize=64)  # most images of a series say the same
def _item(former: Former, changed: tuple[int, ...], implicit: bool) -> bytes:
    said, modification = dict(former.values), former.modification
    tags = sorted({*changed, _ISSUER} if _PATIENT_ID in changed else changed)
    modified = b"".join(element(tag, said.get(tag, b""), implicit) for tag in tags)
    return sequence_item(
        element(_MODIFIED_ATTRIBUTES, sequence_item(modified), implicit)
        + element(_MODIFICATION_DATE_TIME, modification.at.encode("ascii"), implicit)
        + element(_MODIFYING_SYSTEM, modification.system.encode("ascii"), implicit)
        + element(_SOURCE_OF_PREVIOUS_VALUES, b"", implicit)
        + element(_REASON, modification.reason.encode("ascii"), implicit)
    )
