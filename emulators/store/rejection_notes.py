"""Rejection notes: key object selections that say which instances are not to be used any more (RAD TF-3 4.66, IOCM)."""

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from emulators.core.errors import LocalProtocolError
from emulators.messages import canonical
from emulators.store.header import IMPLICIT_VR_LITTLE_ENDIAN
from emulators.store.pydicom_errors import BROKEN_DATA_SET

REASONS = {
    "113001": "rejected for quality reasons",
    "113037": "rejected for patient safety reasons",
    "113038": "incorrect modality worklist entry",
    "113039": "data retention policy expired",
}
"""Document titles of PS3.16 CID 7011, of the coding scheme DCM."""


def rejected_by(dataset: memoryview, transfer_syntax_uid: str) -> tuple[tuple[str, str], ...]:
    """Study and SOP Instance UID of all that this key object selection rejects; nothing where it is no rejection note."""
    implicit = transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN
    with suppress(*BROKEN_DATA_SET):
        note = read_dataset(BytesIO(bytes(dataset)), implicit, is_little_endian=True)
        if _is_rejection(note):
            return tuple(_evidence(note))
    return ()


def _is_rejection(note: Dataset) -> bool:
    title = note.ConceptNameCodeSequence[0]
    return title.CodingSchemeDesignator == "DCM" and title.CodeValue in REASONS


def _evidence(note: Dataset) -> Iterator[tuple[str, str]]:
    for study in note.CurrentRequestedProcedureEvidenceSequence:
        for series in study.ReferencedSeriesSequence:
            for instance in series.ReferencedSOPSequence:
                with suppress(LocalProtocolError):
                    yield str(study.StudyInstanceUID), canonical.uid(str(instance.ReferencedSOPInstanceUID), "rejected")
