"""Our sending ends against the servers of DCMTK: storescp, dcmqrscp and wlmscpfs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from datasets.procedures import MODALITIES, Modality
from emulators.messages.imaging import StoreResult, StoreStudy, StudyHeader
from emulators.messages.query import FindStudies, MoveResult, MoveStudy
from emulators.messages.worklist import WorklistItems, WorklistQuery
from emulators.wire.commands import VERIFICATION, c_echo_rq
from tests.peers.products import ARCHIVE, dcmqrscp, storescp, wlmscpfs
from tests.peers.senders import OURS, Receiver, Sender, association, data_sets, files_by_uid, study
from tests.peers.worklist_samples import ITEM, worklist_item

pytestmark = pytest.mark.peer

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
ULTRASOUND = study("US", 3)


# --- storescp ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", MODALITIES)
def test_storescp_gets_every_image_byte_for_byte(tmp_path: Path, modality: Modality) -> None:
    store = study(modality, 2)
    with storescp(tmp_path, "-aet", "STORESCP") as port:
        assert Sender(port, "STORESCP").ask(store) == StoreResult(stored=store.instances)
    assert files_by_uid(tmp_path) == data_sets(store)


def test_storescp_is_verified(tmp_path: Path) -> None:
    with storescp(tmp_path) as port, association(port, "ANY", [(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN])]) as ours:
        ours.send(ours.context_for(VERIFICATION).context_id, c_echo_rq(1))
        answer = ours.receive()
        assert answer is not None
        assert (answer.command.name, answer.command.status) == ("C-ECHO-RSP", 0x0000)


# --- dcmqrscp ----------------------------------------------------------------------------------------------------------


@contextmanager
def archive_with(folder: Path, *stores: StoreStudy) -> Iterator[tuple[Sender, Receiver]]:
    """dcmqrscp, to which our sender has stored these studies, and our receiver that it knows."""
    (folder / "theirs").mkdir()
    with Receiver(folder / "ours") as receiver, dcmqrscp(folder / "theirs", {OURS: receiver.port}) as port:
        sender = Sender(port, ARCHIVE)
        for store in stores:
            assert sender.ask(store) == StoreResult(stored=store.instances)
        yield sender, receiver


def test_dcmqrscp_finds_what_we_stored(tmp_path: Path) -> None:
    other = study("CT", 2)
    with archive_with(tmp_path, ULTRASOUND, other) as (sender, _):
        header = ULTRASOUND.header
        found = sender.ask(FindStudies(patient_id=header.patient.patient_id))
        assert found.status == 0x0000
        (match,) = found.studies
        assert match.study_instance_uid == header.study_instance_uid
        assert match.accession_number == header.accession_number
        assert match.study_at == header.study_at
        assert match.patient.patient_id == header.patient.patient_id
        assert match.patient.name == header.patient.name
        assert {one.study_instance_uid for one in sender.ask(FindStudies()).studies} == {
            header.study_instance_uid,
            other.header.study_instance_uid,
        }
        assert sender.ask(FindStudies(patient_id="NOBODY")).studies == ()


def test_dcmqrscp_moves_a_study_to_our_server(tmp_path: Path) -> None:
    with archive_with(tmp_path, ULTRASOUND) as (sender, receiver):
        moved = sender.ask(MoveStudy(ULTRASOUND.header.study_instance_uid, OURS))
        assert moved == MoveResult(completed=3, failed=0, warned=0)
        assert receiver.next(StudyHeader) == ULTRASOUND.header
        assert receiver.stored(ULTRASOUND) == data_sets(ULTRASOUND)


def test_dcmqrscp_refuses_a_destination_that_it_does_not_know(tmp_path: Path) -> None:
    with archive_with(tmp_path, ULTRASOUND) as (sender, receiver):
        assert sender.ask(MoveStudy(ULTRASOUND.header.study_instance_uid, "NOWHERE")).status == 0xA801
        assert receiver.messages.empty()


# --- wlmscpfs ----------------------------------------------------------------------------------------------------------


def worklist_file(path: Path, *values: str) -> None:
    """``worklist_item(*values)`` as a file."""
    item = worklist_item(*values)
    item.file_meta = FileMetaDataset()
    item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item.file_meta.MediaStorageSOPClassUID = UID("1.2.276.0.7230010.3.1.0.1")  # of DCMTK: a worklist file
    item.file_meta.MediaStorageSOPInstanceUID = UID("2.25.32")
    pydicom.dcmwrite(path, item, enforce_file_format=True)


def test_wlmscpfs_gives_the_items_that_pydicom_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "RIS"
    folder.mkdir()
    worklist_file(folder / "1.wl", "A1", "CT1", "20260302")
    worklist_file(folder / "2.wl", "A2", "CT2", "20260302")
    worklist_file(folder / "3.wl", "A3", "CT1", "20260309")
    with wlmscpfs(tmp_path, "RIS") as port:
        sender = Sender(port, "RIS", calling_ae_title="CT1")
        today = WorklistQuery(station_ae_title="CT1", start_date="20260301-20260302", modality="CT")
        assert sender.ask(today) == WorklistItems((ITEM,))
        all_days = sender.ask(WorklistQuery(station_ae_title="CT1"))
        assert sorted(item.scheduled.accession_number for item in all_days.items) == ["A1", "A3"]
        assert sender.ask(WorklistQuery(station_ae_title="CT9")) == WorklistItems(())
