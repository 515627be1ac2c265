"""Our sending ends against the servers of DCMTK: storescp, dcmqrscp and wlmscpfs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from datasets.procedures import MODALITIES, Modality
from emulators.codecs.dicom.transcoding import in_implicit_vr
from emulators.messages.attributes import Attributes, of
from emulators.messages.imaging import StoreResult, StoreStudy, StudyHeader
from emulators.messages.query import Find, Move, MoveResult
from emulators.messages.worklist import WorklistItems, query_for_all_keys
from emulators.ports.arrivals import Failure
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


def test_storescp_that_refuses_everybody_gets_nothing(tmp_path: Path) -> None:
    with storescp(tmp_path, "--refuse") as port:
        failed = Sender(port, "STORESCP").failure(ULTRASOUND)
    assert failed.nothing_sent
    assert failed.reason.startswith("rejected")
    assert files_by_uid(tmp_path) == {}


@pytest.mark.parametrize("when", ["--abort-after", "--abort-during"])
def test_an_image_that_storescp_aborts_is_not_confirmed(tmp_path: Path, when: str) -> None:
    with storescp(tmp_path, when) as port:
        assert Sender(port, "STORESCP").failure(ULTRASOUND) == Failure(False, "A-ABORT received", 0)


def test_storescp_that_takes_implicit_vr_alone_gets_the_images_in_it(tmp_path: Path) -> None:
    with storescp(tmp_path, "+xi") as port:
        assert Sender(port, "STORESCP").ask(ULTRASOUND) == StoreResult(stored=ULTRASOUND.instances)
    assert files_by_uid(tmp_path) == {uid: in_implicit_vr(content) for uid, content in data_sets(ULTRASOUND).items()}


# --- dcmqrscp ----------------------------------------------------------------------------------------------------------


KEYS = of(dict.fromkeys(("StudyInstanceUID", "AccessionNumber", "StudyDate", "StudyTime", "PatientID", "PatientName"), ""))


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
        found = sender.ask(Find(KEYS.with_values({"PatientID": header.patient.patient_id})))
        assert found.status == 0x0000
        (match,) = found.matches
        assert dict(match) == {
            "StudyInstanceUID": header.study_instance_uid,
            "AccessionNumber": header.accession_number,
            "StudyDate": header.study_at[:8],
            "StudyTime": header.study_at[8:],
            "PatientID": header.patient.patient_id,
            "PatientName": header.patient.name.pn,
        }
        assert {one.text("StudyInstanceUID") for one in sender.ask(Find(KEYS)).matches} == {
            header.study_instance_uid,
            other.header.study_instance_uid,
        }
        assert sender.ask(Find(KEYS.with_values({"PatientID": "NOBODY"}))).matches == ()


def test_dcmqrscp_finds_by_wildcard_range_and_list(tmp_path: Path) -> None:
    other = study("CT", 2)
    with archive_with(tmp_path, ULTRASOUND, other) as (sender, _):
        ours = ULTRASOUND.header
        uid, uids = ours.study_instance_uid, sorted((ours.study_instance_uid, other.header.study_instance_uid))
        for wanted, expected in (
            (
                {"PatientName": f"{ours.patient.name.family[:3]}*", "PatientID": ours.patient.patient_id},
                [uid],
            ),
            ({"AccessionNumber": f"?{ours.accession_number[1:]}"}, [uid]),
            ({"StudyInstanceUID": "\\".join(uids)}, uids),
            ({"StudyDate": f"{ours.study_at[:8]}-{ours.study_at[:8]}", "PatientID": "M*"}, [uid]),
            ({"StudyDate": "-19700101"}, []),
        ):
            found = sender.ask(Find(KEYS.with_values(wanted)))
            assert sorted(match.text("StudyInstanceUID") for match in found.matches) == expected


def test_dcmqrscp_is_searched_down_to_the_image(tmp_path: Path) -> None:
    header, series = ULTRASOUND.header, ULTRASOUND.series_instance_uid
    above: dict[str, str] = {}
    expected = {
        "PATIENT": ("PatientID", [header.patient.patient_id]),
        "STUDY": ("StudyInstanceUID", [header.study_instance_uid]),
        "SERIES": ("SeriesInstanceUID", [series]),
        "IMAGE": ("SOPInstanceUID", sorted(ULTRASOUND.instances)),
    }
    with archive_with(tmp_path, ULTRASOUND) as (sender, _):
        for level, (unique, values) in expected.items():
            found = sender.ask(Find(of({**above, unique: ""}), level, "PATIENT"))
            assert sorted(match.text(unique) for match in found.matches) == values
            above[unique] = values[0]


def move(store: StoreStudy, destination: str) -> Move:
    return Move(of({"StudyInstanceUID": store.header.study_instance_uid}), destination=destination)


def test_dcmqrscp_moves_a_study_to_our_server(tmp_path: Path) -> None:
    with archive_with(tmp_path, ULTRASOUND) as (sender, receiver):
        moved = sender.ask(move(ULTRASOUND, OURS))
        assert moved == MoveResult(completed=3, failed=0, warned=0)
        assert receiver.next(StudyHeader) == ULTRASOUND.header
        assert receiver.stored(ULTRASOUND) == data_sets(ULTRASOUND)


def test_dcmqrscp_moves_one_image_to_our_server(tmp_path: Path) -> None:
    first = ULTRASOUND.only(ULTRASOUND.instances.head(1))
    with archive_with(tmp_path, ULTRASOUND) as (sender, receiver):
        header, series = ULTRASOUND.header, ULTRASOUND.series_instance_uid
        uids = {"StudyInstanceUID": header.study_instance_uid, "SeriesInstanceUID": series}
        one = of({**uids, "SOPInstanceUID": next(iter(first.instances))})
        assert sender.ask(Move(one, "IMAGE", destination=OURS)) == MoveResult(completed=1, failed=0, warned=0)
        assert receiver.stored(first) == data_sets(first)
        assert sender.ask(Move(of(uids), "SERIES", destination=OURS)) == MoveResult(completed=3, failed=0, warned=0)
        rest = ULTRASOUND.instances.without(first.instances)  # the first is here already
        assert receiver.stored(ULTRASOUND.only(rest)) == data_sets(ULTRASOUND)


def test_dcmqrscp_refuses_a_destination_that_it_does_not_know(tmp_path: Path) -> None:
    with archive_with(tmp_path, ULTRASOUND) as (sender, receiver):
        assert sender.ask(move(ULTRASOUND, "NOWHERE")).status == 0xA801
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


def with_values(item: Attributes) -> Attributes:
    """Without what is empty: wlmscpfs returns every key that it knows."""
    values = {key: value if isinstance(value, str) else tuple(map(with_values, value)) for key, value in item}
    return of({key: value for key, value in values.items() if value})


def test_wlmscpfs_gives_the_items_that_pydicom_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "RIS"
    folder.mkdir()
    worklist_file(folder / "1.wl", "A1", "CT1", "20260302")
    worklist_file(folder / "2.wl", "A2", "CT2", "20260302")
    worklist_file(folder / "3.wl", "A3", "CT1", "20260309")
    with wlmscpfs(tmp_path, "RIS") as port:
        sender = Sender(port, "RIS", calling_ae_title="CT1")
        today = {"ScheduledStationAETitle": "CT1", "ScheduledProcedureStepStartDate": "20260301-20260302"}
        (item,) = sender.ask(query_for_all_keys(today)).items
        assert with_values(item) == with_values(ITEM).with_values({"PregnancyStatus": "4"})  # unknown, which the file left out
        all_days = sender.ask(query_for_all_keys({"ScheduledStationAETitle": "CT1"}))
        assert sorted(item.text("AccessionNumber") for item in all_days.items) == ["A1", "A3"]
        assert sender.ask(query_for_all_keys({"ScheduledStationAETitle": "CT9"})) == WorklistItems(())
