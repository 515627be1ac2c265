"""Stored images on their way out: as they are on disk, but for whose they are now.

What a StoreStudy of an archive says of patient and accession number is what its images leave with. Where that is what they
say themselves, they leave byte for byte; else what they said goes with them, in Original Attributes Sequence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydicom.datadict import tag_for_keyword

from emulators.codecs.dicom.images import study_header
from emulators.core.errors import RemoteProtocolError
from emulators.messages.imaging import StoreStudy, StudyHeader
from emulators.store.archive import ImageArchive
from emulators.store.header import scan
from emulators.store.identity import replaced, values
from emulators.store.original_attributes import Former, Values
from emulators.wire.pdu import Buffer


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """An instance as an archive has it on disk."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    buffers: tuple[Buffer, ...]


def stored_images(archive: ImageArchive, store: StoreStudy) -> Iterator[StoredInstance]:
    """What ``archive`` has of ``store``, in the order of its instances; what it does not have, or cannot send under the
    identity that it should have, is left out."""
    changes: dict[Values, Mapping[int, str]] = {}
    for sop_instance_uid in store.instances:
        row = archive.instance(sop_instance_uid)
        if row is None:
            continue
        try:
            buffers = _with_identity(archive.open_dataset(row), row.transfer_syntax_uid, store, changes)
        except (OSError, RemoteProtocolError):
            continue
        yield StoredInstance(row.sop_class_uid, sop_instance_uid, row.transfer_syntax_uid, buffers)


def _with_identity(
    dataset: memoryview, transfer_syntax_uid: str, store: StoreStudy, known: dict[Values, Mapping[int, str]]
) -> tuple[Buffer, ...]:
    """A data set with the patient and the accession number of ``store``. Raises RemoteProtocolError.

    ``known``: what must change, by what an image says; most images of a series say the same.
    """
    said = values(dataset, transfer_syntax_uid, _TAGS)
    changes = known.get(said)
    if changes is None:
        own = _identity(study_header(scan(dataset, transfer_syntax_uid)))
        changes = known[said] = {tag: value for tag, value in _identity(store.header).items() if own[tag] != value}
    if not changes:
        return (dataset,)
    former = Former(said, store.modification) if store.modification is not None else None
    return replaced(dataset, transfer_syntax_uid, changes, former)


def _identity(header: StudyHeader) -> dict[int, str]:
    patient = header.patient
    return {
        _ACCESSION_NUMBER: header.accession_number,
        _PATIENT_NAME: patient.name.pn,
        _PATIENT_ID: patient.patient_id,
        _ISSUER: patient.issuer,
        _BIRTH_DATE: patient.birth_date,
        _SEX: patient.sex,
    }


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return tag


_ACCESSION_NUMBER = _tag("AccessionNumber")
_PATIENT_NAME = _tag("PatientName")
_PATIENT_ID = _tag("PatientID")
_ISSUER = _tag("IssuerOfPatientID")
_BIRTH_DATE = _tag("PatientBirthDate")
_SEX = _tag("PatientSex")
_TAGS = frozenset((_ACCESSION_NUMBER, _PATIENT_NAME, _PATIENT_ID, _ISSUER, _BIRTH_DATE, _SEX))
