"""DCMTK and pynetdicom store into our PACS, ask it for studies, have them moved, and ask for commitment."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
    UltrasoundImageStorage,
)

from datasets.procedures import MODALITIES, Modality
from emulators.messages.imaging import StoreStudy
from emulators.messages.instance_set import InstanceSet
from emulators.site import Route
from tests.peers.products import run, storescp
from tests.peers.pynetdicom_ends import LIMIT_S, acceptor, requestor
from tests.peers.senders import data_sets, files_by_uid, study, write_files
from tests.peers.served import Product, ServedClinic

pytestmark = pytest.mark.peer

PACS = ("-aec", "RADPACS")
ULTRASOUND = study("US", 3)


def send(clinic: ServedClinic, store: StoreStudy, folder: Path, *options: object) -> None:
    """Store a study with storescu, and wait until the PACS has been told of it."""
    folder.mkdir()
    write_files(folder, store)
    run("storescu", *PACS, *options, "+sd", *clinic.address("pacs"), folder)
    clinic.wait_for(record="stored", system="pacs", study=store.header.study_instance_uid)


def archived(clinic: ServedClinic, system: str, store: StoreStudy) -> dict[str, bytes]:
    """The data sets that a system's archive has of a study."""
    archive = clinic.carriers.archives[system]
    rows = archive.instances(store.header.study_instance_uid)
    return {row.sop_instance_uid: bytes(archive.open_dataset(row)) for row in rows}


# --- DCMTK -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", MODALITIES)
def test_storescu_stores_every_image_byte_for_byte(clinic: ServedClinic, tmp_path: Path, modality: Modality) -> None:
    store = study(modality, 3)
    send(clinic, store, tmp_path / "images")
    assert archived(clinic, "pacs", store) == data_sets(store)


def test_storescu_that_sends_again_succeeds_and_each_image_counts_once(clinic: ServedClinic, tmp_path: Path) -> None:
    uid = ULTRASOUND.header.study_instance_uid
    send(clinic, ULTRASOUND, tmp_path / "images")
    run("storescu", *PACS, "+sd", *clinic.address("pacs"), tmp_path / "images")
    again = clinic.wait_for(record="stored", system="pacs", study=uid, duplicates_same=3)
    assert again["instances"] == 0
    assert archived(clinic, "pacs", ULTRASOUND) == data_sets(ULTRASOUND)
    (found,) = find(clinic, tmp_path, f"StudyInstanceUID={uid}", "NumberOfStudyRelatedInstances")
    assert found.NumberOfStudyRelatedInstances == 3


def test_storescu_with_another_content_under_the_same_uid_is_told_so(clinic: ServedClinic, tmp_path: Path) -> None:
    send(clinic, ULTRASOUND, tmp_path / "images")
    changed = tmp_path / "images" / "001.dcm"
    image = pydicom.dcmread(changed)
    image.PatientComments = "another content"
    image.save_as(changed)
    printed = run("storescu", "-v", *PACS, *clinic.address("pacs"), changed, exit_code=1)
    assert "0x111" in printed  # duplicate SOP instance
    assert archived(clinic, "pacs", ULTRASOUND) == data_sets(ULTRASOUND)


def test_a_small_object_that_ends_before_the_last_attribute_of_the_index_is_filed(clinic: ServedClinic) -> None:
    """Nothing says that an object has pixels, or anything behind its identification."""
    small = Dataset()
    small.SOPClassUID, small.SOPInstanceUID = UltrasoundImageStorage, "1.2.5.1.1"
    small.PatientName, small.PatientID = "Doe^Jane", "M1"
    small.StudyInstanceUID, small.SeriesInstanceUID, small.Modality = "1.2.5", "1.2.5.1", "US"
    small.file_meta = pydicom.dataset.FileMetaDataset()
    small.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    with requestor(clinic.address("pacs"), "RADPACS", UltrasoundImageStorage) as theirs:
        assert theirs.send_c_store(small).Status == 0x0000
    clinic.wait_for(record="stored", system="pacs", study="1.2.5", instances=1)


def find(clinic: ServedClinic, folder: Path, *keys: str) -> list[Dataset]:
    """A study query of DCMTK: the identifiers that it got."""
    answers = folder / "answers"
    answers.mkdir()
    arguments = [part for key in ("QueryRetrieveLevel=STUDY", *keys) for part in ("-k", key)]
    run("findscu", "-S", *PACS, "-X", "-od", answers, *arguments, *clinic.address("pacs"))
    return [pydicom.dcmread(path, force=True) for path in sorted(answers.glob("rsp*.dcm"))]


def test_findscu_finds_the_studies_of_a_patient(clinic: ServedClinic, tmp_path: Path) -> None:
    other = study("US", 1, skipped=1)
    send(clinic, ULTRASOUND, tmp_path / "images")
    send(clinic, other, tmp_path / "others")
    header = ULTRASOUND.header
    (found,) = find(clinic, tmp_path, f"PatientID={header.patient.patient_id}", "PatientName", "StudyDate", "ModalitiesInStudy")
    assert found.PatientID == header.patient.patient_id
    assert found.PatientName == "^".join(header.patient.name.components()).rstrip("^")
    assert (found.StudyDate, found.ModalitiesInStudy) == (header.study_at[:8], "US")
    assert (found.QueryRetrieveLevel, found.RetrieveAETitle) == ("STUDY", "RADPACS")


def move(clinic: ServedClinic, store: StoreStudy, destination: str, exit_code: int = 0) -> str:
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={store.header.study_instance_uid}")
    return run("movescu", "-d", "-S", *PACS, "-aem", destination, *keys, *clinic.address("pacs"), exit_code=exit_code)


def test_movescu_has_a_study_sent_to_our_workstation(clinic: ServedClinic, tmp_path: Path) -> None:
    send(clinic, ULTRASOUND, tmp_path / "images")
    printed = move(clinic, ULTRASOUND, "RADWS")
    assert "Completed Suboperations       : 3" in printed
    clinic.wait_for(record="stored", system="workstation", instances=3)
    assert archived(clinic, "workstation", ULTRASOUND) == data_sets(ULTRASOUND)


def test_movescu_to_an_unknown_destination_is_refused(clinic: ServedClinic, tmp_path: Path) -> None:
    send(clinic, ULTRASOUND, tmp_path / "images")
    printed = move(clinic, ULTRASOUND, "NOWHERE", exit_code=69)
    assert "0xa801" in printed


def test_movescu_has_a_study_sent_to_storescp_in_the_place_of_the_workstation(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    with storescp(files, "-aet", "RADWS") as port, served(tmp_path, Route("pacs", "workstation", "store"), port) as clinic:
        send(clinic, ULTRASOUND, tmp_path / "images")
        move(clinic, ULTRASOUND, "RADWS")
    assert files_by_uid(files) == data_sets(ULTRASOUND)


@contextmanager
def served(folder: Path, route: Route, port: int, ae_title: str = "RADWS") -> Iterator[ServedClinic]:
    """The clinic with a product at the end of one route."""
    clinic = ServedClinic(folder / "clinic", {route: Product(ae_title, port)})
    clinic.start()
    try:
        yield clinic
    finally:
        clinic.close()


# --- pynetdicom --------------------------------------------------------------------------------------------------------


def keys(**matching: str) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    for keyword, value in matching.items():
        setattr(identifier, keyword, value)
    return identifier


def test_pynetdicom_stores_finds_and_moves_a_study(clinic: ServedClinic, tmp_path: Path) -> None:
    write_files(tmp_path, ULTRASOUND)
    with requestor(clinic.address("pacs"), "RADPACS", UltrasoundImageStorage) as association:
        assert [association.send_c_store(path).Status for path in sorted(tmp_path.glob("*.dcm"))] == [0x0000] * 3
    uid = ULTRASOUND.header.study_instance_uid
    clinic.wait_for(record="stored", system="pacs", study=uid, instances=3)

    models = StudyRootQueryRetrieveInformationModelFind, StudyRootQueryRetrieveInformationModelMove
    with requestor(clinic.address("pacs"), "RADPACS", *models) as association:
        *pending, (final, _) = association.send_c_find(keys(StudyInstanceUID=uid, AccessionNumber=""), models[0])
        assert final.Status == 0x0000
        ((status, found),) = pending
        assert found is not None
        assert (status.Status, found.AccessionNumber) == (0xFF00, ULTRASOUND.header.accession_number)
        *_, (moved, _) = association.send_c_move(keys(StudyInstanceUID=uid), "RADWS", models[1])
        assert (moved.Status, moved.NumberOfCompletedSuboperations, moved.NumberOfFailedSuboperations) == (0x0000, 3, 0)
        *_, (refused, _) = association.send_c_move(keys(StudyInstanceUID=uid), "NOWHERE", models[1])
        assert refused.Status == 0xA801  # move destination unknown
    clinic.wait_for(record="stored", system="workstation", study=uid, instances=3)


# --- storage commitment ------------------------------------------------------------------------------------------------


def commitment(store: StoreStudy, transaction: str, instances: InstanceSet) -> Dataset:
    request = Dataset()
    request.TransactionUID = transaction
    request.ReferencedSOPSequence = []
    for uid in instances:
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = store.sop_class_uid, uid
        request.ReferencedSOPSequence.append(reference)
    return request


def ask_commitment(clinic: ServedClinic, request: Dataset, calling: str) -> int:
    """The status of the N-ACTION."""
    address = clinic.address("pacs")
    with requestor(address, "RADPACS", StorageCommitmentPushModel, calling_ae_title=calling) as association:
        uids = StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        status: int = association.send_n_action(request, 1, *uids)[0].Status
        return status


def test_pynetdicom_in_the_place_of_a_scanner_gets_its_commitment_result(tmp_path: Path) -> None:
    results: SimpleQueue[tuple[int, Dataset]] = SimpleQueue()

    def keep(event: Any) -> tuple[int, None]:
        results.put((event.event_type, event.event_information))
        return 0x0000, None

    handlers = [(evt.EVT_N_EVENT_REPORT, keep)]
    with (
        acceptor("US1", [StorageCommitmentPushModel], handlers, requestor_is_scp=True) as port,
        served(tmp_path, Route("pacs", "us1", "commitment"), port, "US1") as clinic,
    ):
        send(clinic, ULTRASOUND, tmp_path / "images")
        assert ask_commitment(clinic, commitment(ULTRASOUND, "2.25.21", ULTRASOUND.instances), "US1") == 0x0000
        event_type, information = results.get(timeout=LIMIT_S)
        assert (event_type, information.TransactionUID) == (1, "2.25.21")
        assert referenced(information.ReferencedSOPSequence) == list(ULTRASOUND.instances)
        assert "FailedSOPSequence" not in information

        one_more = InstanceSet(ULTRASOUND.series_instance_uid, 1, 4)  # the fourth has not been stored
        assert ask_commitment(clinic, commitment(ULTRASOUND, "2.25.22", one_more), "US1") == 0x0000
        event_type, information = results.get(timeout=LIMIT_S)
        assert (event_type, information.TransactionUID) == (2, "2.25.22")
        assert referenced(information.ReferencedSOPSequence) == list(ULTRASOUND.instances)
        assert referenced(information.FailedSOPSequence) == [f"{ULTRASOUND.series_instance_uid}.4"]
        assert information.FailedSOPSequence[0].FailureReason == 0x0112  # no such object instance
        clinic.wait_for(record="exchange", sender="pacs", receiver="us1", answer="0000H", transaction="2.25.22")


def referenced(sequence: list[Dataset]) -> list[str]:
    return [item.ReferencedSOPInstanceUID for item in sequence]


def test_a_stranger_whom_no_result_can_reach_is_refused_commitment(clinic: ServedClinic, tmp_path: Path) -> None:
    send(clinic, ULTRASOUND, tmp_path / "images")
    request = commitment(ULTRASOUND, "2.25.23", ULTRASOUND.instances)
    assert ask_commitment(clinic, request, "STRANGER") == 0x0124  # not authorized
    run("echoscu", *PACS, *clinic.address("pacs"))


# --- what a system does not do -----------------------------------------------------------------------------------------


def test_a_system_negotiates_only_what_it_serves(clinic: ServedClinic) -> None:
    studies = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=DOOR1")
    worklist = ("-W", "-k", "PatientID=DOOR1")
    for system, query in (("ris", studies), ("workstation", worklist)):
        called = ("-aec", clinic.ae_title(system))
        answer = run("findscu", *query, *called, *clinic.address(system), exit_code=2)
        assert "No Acceptable Presentation Contexts" in answer
        run("echoscu", *called, *clinic.address(system))
