"""What an archive keeps of a data set: level 2, all of it."""

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from conformance.case import MUST, READ, case
from conformance.material.images import Study
from conformance.material.items import item
from conformance.material.stored import expect_kept, expect_stored
from conformance.trial import Trial

CREATOR = "RADLOOP CONFORMANCE"


def _with_private_elements(image: Dataset) -> Dataset:
    """Twelve private elements under a creator of ours, one of them a nested sequence, one of an unknown VR."""
    block = image.private_block(0x0099, CREATOR, create=True)
    for offset, (vr, value) in enumerate(_PRIVATE, start=1):
        block.add_new(offset, vr, value)
    nested = item()
    nested.private_block(0x0099, CREATOR, create=True).add_new(1, "LO", "nested")
    block.add_new(len(_PRIVATE) + 1, "SQ", Sequence([nested, item()]))
    return image


_PRIVATE: tuple[tuple[str, object], ...] = (
    ("LO", "text"),
    ("SH", "short"),
    ("DS", "1.50"),
    ("IS", "7"),
    ("US", 65535),
    ("SL", -1),
    ("FD", 0.1),
    ("OB", b"\x00\x01\x02\xff"),
    ("UN", b"\x01\x00\x02\x00"),
    ("UI", "1.2.3"),
    ("DA", "20250303"),
)


@case("dicom.store.level.1", MUST, "pacs", "+", "PS3.4 B.4.1.1", READ, needs="storage")
def private_retired_and_unknown_elements_are_kept(trial: Trial) -> None:
    """A level-2 archive keeps all attributes, type 3 and private ones included."""
    image = _with_private_elements(Study(trial).image())
    image.add(DataElement(0x00180060, "DS", "120.00"))  # a value with zeros that a number would lose
    image.add(DataElement(0x00281040, "CS", "LIN"))  # optional here
    image.add(DataElement(0x00080001, "UL", 4))  # Length to End, retired
    image.add(DataElement(0x4000_0300, "ST", "An impression"))  # retired
    image.add(DataElement(0x00189FF0, "UN", b"of another edition"))  # an even group, an element of the future
    expect_stored(trial, image)
    expect_kept(trial, image)
