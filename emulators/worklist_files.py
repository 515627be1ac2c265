"""Worklist files: DICOM data sets in a folder, an entry each, such as DCMTK's wlmscpfs reads.

A file is a DICOM file (PS3.10), or a data set alone; Explicit or Implicit VR Little Endian; of any attributes. What has neither
text nor a keyword in PS3.6 (private attributes, numbers of other VRs than US) is not taken over.
"""

from pathlib import Path

from emulators.codecs.dicom import elements
from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, MODALITY_WORKLIST_FIND
from emulators.codecs.dicom.values import from_attributes, to_attributes
from emulators.codecs.dicom.worklist import one_per_step
from emulators.core.errors import ConfigError, LocalProtocolError, RemoteProtocolError
from emulators.core.identity import uid
from emulators.messages.attributes import Attributes
from emulators.messages.worklist import STEPS
from emulators.store import part10
from emulators.wire.negotiation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_SUFFIXES = (".wl", ".dcm")

_PREAMBLE_BYTES = 128
_META_GROUP_LENGTH = b"\x02\x00\x00\x00UL\x04\x00"


def read_worklist_folder(folder: Path) -> list[Attributes]:
    """The entries of all files ``*.wl`` and ``*.dcm`` of a folder, in the order of their names; a file of n steps gives n.

    Raises ConfigError, which names the file, for one that cannot be read.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    except OSError as error:
        raise ConfigError(f"{folder}: no folder of worklist files: {error.strerror}") from None
    return [entry for path in files for entry in _read(path)]


def _read(path: Path) -> list[Attributes]:
    try:
        item = to_attributes(_known(_data_set(path.read_bytes())))
        elements.encode(from_attributes(item))  # so that no query fails for it later
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (RemoteProtocolError, LocalProtocolError) as error:
        raise ConfigError(f"{path}: no worklist file: {error}") from None
    return one_per_step(item)


def _data_set(data: bytes) -> DataSet:
    if data[_PREAMBLE_BYTES : _PREAMBLE_BYTES + 4] != b"DICM":
        return elements.decode(data, _guessed_transfer_syntax(data))
    begin = _PREAMBLE_BYTES + 4 + len(_META_GROUP_LENGTH)
    if data[_PREAMBLE_BYTES + 4 : begin] != _META_GROUP_LENGTH:
        raise RemoteProtocolError("its file meta information does not begin with its length")
    begin, length = begin + 4, int.from_bytes(data[begin : begin + 4], "little")
    meta = elements.decode(data[begin : begin + length], EXPLICIT_VR_LITTLE_ENDIAN)
    return elements.decode(data[begin + length :], str(meta.get("TransferSyntaxUID", "")))


def _guessed_transfer_syntax(data: bytes) -> str:
    """Of a data set alone: where implicit VR has the low half of a length, explicit VR has two capitals."""
    vr = data[4:6]
    return EXPLICIT_VR_LITTLE_ENDIAN if vr.isalpha() and vr.isupper() else IMPLICIT_VR_LITTLE_ENDIAN


def _known(dataset: DataSet) -> DataSet:
    """Without the attributes that PS3.6 does not have: their tags begin with a parenthesis."""
    return {
        keyword: [_known(item) for item in value] if isinstance(value, list) else value
        for keyword, value in dataset.items()
        if not keyword.startswith("(")
    }


def worklist_file(entry: Attributes) -> bytes:
    """A DICOM file of one entry, as DCMTK's wlmscpfs reads it."""
    step_id = entry.item(STEPS).text("ScheduledProcedureStepID")
    head = part10.head(
        MODALITY_WORKLIST_FIND,
        uid("worklist file", step_id),
        EXPLICIT_VR_LITTLE_ENDIAN,
        IMPLEMENTATION_CLASS_UID,
        IMPLEMENTATION_VERSION_NAME,
        "",
    )
    return head + elements.encode(from_attributes(entry), EXPLICIT_VR_LITTLE_ENDIAN)
