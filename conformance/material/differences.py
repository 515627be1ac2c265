"""Where two data sets differ, element by element, by the bytes of their values.

Padding at the end of a value is none of it (PS3.5 6.2), and neither are group lengths, trailing padding and the form of a
sequence's length. Both are compared in one transfer syntax, so that an element of an unknown VR is the same in both.
"""

from collections.abc import Collection, Iterator

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

from conformance.material.data_sets import decode, encode
from conformance.peers.conversation import Received

_TRAILING_PADDING = Tag(0xFFFC, 0xFFFC)
_PADDING = b" \0"


def changed_elements(sent: Dataset, came: Received, but: Collection[str] = ()) -> list[str]:
    """What came back otherwise than it was sent, each in words; keywords in ``but`` are not looked at."""
    skipped = {Tag(keyword) for keyword in but}
    return list(_differences(decode(encode(sent, came.transfer_syntax), came.transfer_syntax), came.dataset, skipped, ""))


def _differences(sent: Dataset, came: Dataset, skipped: Collection[BaseTag], where: str) -> Iterator[str]:
    for tag in sorted({*sent.keys(), *came.keys()}):
        if tag in skipped or tag.element == 0 or tag == _TRAILING_PADDING:
            continue
        name = f"{where}{tag}"
        if tag not in came:
            if _value(sent, tag) not in (b"", ()):  # an empty type 3 element may be dropped (PS3.4 B.4.1.1)
                yield f"{name} is missing"
        elif tag not in sent:
            yield f"{name} is new"
        else:
            yield from _value_differences(_value(sent, tag), _value(came, tag), skipped, name)


def _value_differences(
    sent: bytes | tuple[Dataset, ...], came: bytes | tuple[Dataset, ...], skipped: Collection[BaseTag], name: str
) -> Iterator[str]:
    if isinstance(sent, bytes) or isinstance(came, bytes):
        if sent != came:
            yield f"{name} has another value"
    elif len(sent) != len(came):
        yield f"{name} has {len(came)} items, not {len(sent)}"
    else:
        for number, (before, after) in enumerate(zip(sent, came, strict=True), start=1):
            yield from _differences(before, after, skipped, f"{name}[{number}]")


def _value(dataset: Dataset, tag: BaseTag) -> bytes | tuple[Dataset, ...]:
    element = dataset.get_item(tag)
    if isinstance(element, RawDataElement) and _is_sequence(element):
        element = dataset[tag]
    value = element.value
    if isinstance(value, Sequence):
        return tuple(value)
    return value.rstrip(_PADDING) if isinstance(value, bytes) else str("" if value is None else value).encode()


def _is_sequence(element: RawDataElement) -> bool:
    if element.VR:
        return element.VR == "SQ"
    try:
        return dictionary_VR(element.tag) == "SQ"
    except KeyError:
        return False
