"""Other values for a few attributes of a stored data set, without touching the rest: whose images these are may have changed.

The elements are exchanged, or put in where they are missing, in the bytes before the pixels, and the former values put into
Original Attributes Sequence (store/original_attributes.py); all else is passed on as it lies. New text goes in the character
set that the data set declares. Where that lacks a character, all of its text is written anew in ISO_IR 192 (PS3.3 C.12.1.1.2),
which is the one case in which the data set is taken apart.
"""

from collections.abc import Collection, Mapping
from io import BytesIO

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from emulators.core.character_set import UTF_8, CharacterSet, character_set_of
from emulators.core.errors import RemoteProtocolError
from emulators.store.elements import element
from emulators.store.header import IMPLICIT_VR_LITTLE_ENDIAN, Buffer, top_level
from emulators.store.original_attributes import ORIGINAL_ATTRIBUTES, Former, Values, is_undefined, with_original_attributes
from emulators.store.pydicom_errors import BROKEN_DATA_SET

_CHARACTER_SET = 0x00080005
_BEFORE_PIXELS = 0x7FDFFFFF
_TEXT_VRS = frozenset(("LO", "PN", "SH"))


def values(dataset: memoryview, transfer_syntax_uid: str, tags: Collection[int]) -> Values:
    """These elements and the character set, as far as they are there: equal where nothing differs. One of undefined length has
    no value, as in the index."""
    found: list[tuple[int, bytes]] = []
    for tag, _, value, end in top_level(dataset, transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN, max(tags)):
        if tag in tags or tag == _CHARACTER_SET:
            found.append((tag, b"" if is_undefined(dataset, value) else bytes(dataset[value:end])))
    return tuple(found)


def replaced(
    dataset: memoryview, transfer_syntax_uid: str, values: Mapping[int, str], former: Former | None = None
) -> tuple[Buffer, ...]:
    """The data set with these values, tag to text, as pieces in their order; ``former`` is what to say of the change.

    Raises RemoteProtocolError for a data set that cannot be taken apart.
    """
    implicit = transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN
    changed = sorted(values)
    try:
        *before, rest = _spliced(dataset, implicit, values)
    except UnicodeEncodeError:
        *before, rest = _spliced(_in_utf_8(dataset, implicit), implicit, values)
        changed.insert(0, _CHARACTER_SET)
    return (*before, rest) if former is None else (*before, *with_original_attributes(rest, implicit, former, changed))


def _spliced(dataset: memoryview, implicit: bool, values: Mapping[int, str]) -> tuple[Buffer, ...]:
    pieces: list[Buffer] = []
    waiting = sorted(values)
    character_set = character_set_of("")
    kept = 0  # everything before is in the pieces
    for tag, start, value, end in top_level(dataset, implicit, waiting[-1]):
        if tag == _CHARACTER_SET:
            character_set = character_set_of(str(dataset[value:end], "latin_1"))
        while waiting and waiting[0] <= tag:
            here = waiting.pop(0)
            pieces += (dataset[kept:start], _element(here, values[here], implicit, character_set))
            kept = end if here == tag else start
    pieces.append(dataset[kept:])
    pieces += (_element(tag, values[tag], implicit, character_set) for tag in waiting)
    return tuple(pieces)


def _element(tag: int, text: str, implicit: bool, character_set: CharacterSet) -> bytes:
    vr = dictionary_VR(tag)
    return element(tag, character_set.encode(text, vr) if vr in _TEXT_VRS else text.encode("ascii"), implicit)


def _in_utf_8(dataset: memoryview, implicit: bool) -> memoryview:
    """The data set with all of its text in ISO_IR 192."""
    pixels = len(dataset)
    for tag, start, _, _ in top_level(dataset, implicit, _BEFORE_PIXELS):
        if tag > _BEFORE_PIXELS:
            pixels = start
    try:
        attributes = read_dataset(BytesIO(dataset[:pixels]), implicit, True)
        attributes.decode()
        _forget_sets_of_items(attributes)
        attributes.SpecificCharacterSet = UTF_8
        written = DicomBytesIO()
        written.is_little_endian, written.is_implicit_VR = True, implicit
        write_dataset(written, attributes)
    except (*BROKEN_DATA_SET, OSError, Warning) as error:  # a Warning where it is made one
        raise RemoteProtocolError(f"its text cannot be written anew: {type(error).__name__}") from None
    return memoryview(b"".join((written.getvalue(), dataset[pixels:])))


def _forget_sets_of_items(attributes: Dataset) -> None:
    """An item without a set of its own has that of the data set. Of original attributes the set is one of them, and stays."""
    for one in attributes:
        if one.VR == "SQ" and one.tag != ORIGINAL_ATTRIBUTES:
            for item in one.value:
                item.pop(_CHARACTER_SET, None)
                _forget_sets_of_items(item)
