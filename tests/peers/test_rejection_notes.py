"""A rejection note made with pydicom: our PACS shows what it names no more; any other key object selection changes nothing."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    KeyObjectSelectionDocumentStorage,
    StudyRootQueryRetrieveInformationModelFind,
)

from emulators.messages.instance_set import InstanceSet
from tests.peers.pynetdicom_ends import requestor
from tests.peers.senders import study
from tests.peers.served import ServedClinic
from tests.peers.test_served_archive import send

pytestmark = pytest.mark.peer

IMAGES = study("US", 5)
STUDY, HEADER = IMAGES.header.study_instance_uid, IMAGES.header
REJECTED = IMAGES.instances.head(2)
SERIES_OF_NOTE, NOTE = f"{STUDY}.77", f"{STUDY}.77.1"


def sequence(**values: object) -> Sequence:
    """One item with these values."""
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return Sequence([item])


def note(title: str, rejected: InstanceSet, transfer_syntax: UID) -> Dataset:
    document = Dataset()
    document.SOPClassUID, document.SOPInstanceUID = KeyObjectSelectionDocumentStorage, NOTE
    document.Modality, document.ValueType = "KO", "CONTAINER"
    document.PatientName, document.PatientID = HEADER.patient.name.pn, HEADER.patient.patient_id
    document.IssuerOfPatientID = HEADER.patient.issuer
    document.StudyInstanceUID, document.SeriesInstanceUID = STUDY, SERIES_OF_NOTE
    document.ConceptNameCodeSequence = sequence(CodeValue=title, CodingSchemeDesignator="DCM", CodeMeaning="Rejected")
    instances = Sequence()
    for uid in rejected:
        instances += sequence(ReferencedSOPClassUID=IMAGES.sop_class_uid, ReferencedSOPInstanceUID=uid)
    series = sequence(SeriesInstanceUID=IMAGES.series_instance_uid, ReferencedSOPSequence=instances)
    document.CurrentRequestedProcedureEvidenceSequence = sequence(StudyInstanceUID=STUDY, ReferencedSeriesSequence=series)
    document.file_meta = FileMetaDataset()
    document.file_meta.TransferSyntaxUID = transfer_syntax
    return document


def found(clinic: ServedClinic, level: str) -> list[Dataset]:
    model = StudyRootQueryRetrieveInformationModelFind
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID = level, STUDY
    asked.SeriesInstanceUID = IMAGES.series_instance_uid if level == "IMAGE" else ""
    asked.SOPInstanceUID = asked.NumberOfSeriesRelatedInstances = ""
    with requestor(clinic.address("pacs"), "RADPACS", model) as ours:
        return [match for _, match in ours.send_c_find(asked, model) if match is not None]


@pytest.mark.parametrize(
    ("title", "hidden"),
    [("113001", REJECTED), ("113037", REJECTED), ("113038", REJECTED), ("113039", REJECTED), ("113000", InstanceSet())],
)
@pytest.mark.parametrize("transfer_syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_what_a_note_rejects_is_shown_no_more(
    clinic: ServedClinic, tmp_path: Path, title: str, hidden: InstanceSet, transfer_syntax: UID
) -> None:
    """dicom.ian.2: 2 of 5; 113000 is "of interest"."""
    send(clinic, IMAGES, tmp_path / "images")
    with requestor(clinic.address("pacs"), "RADPACS", KeyObjectSelectionDocumentStorage) as ours:
        assert ours.send_c_store(note(title, REJECTED, transfer_syntax)).Status == 0x0000
    clinic.wait_for(record="stored", system="pacs", study=STUDY, instances=1)
    assert [one.SOPInstanceUID for one in found(clinic, "IMAGE")] == [*IMAGES.instances.without(hidden)]
    counts = {one.SeriesInstanceUID: one.NumberOfSeriesRelatedInstances for one in found(clinic, "SERIES")}
    assert counts.pop(IMAGES.series_instance_uid) == len(IMAGES.instances) - len(hidden)
    assert counts == ({} if hidden else {SERIES_OF_NOTE: 1})
