"""DCMTK and pynetdicom query our PACS at every level and root, and have studies moved and got, cancelled and partly refused."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_role, evt
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    UltrasoundImageStorage,
)

from emulators.codecs.dicom import elements
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, STUDY_ROOT_GET, STUDY_ROOT_MOVE
from emulators.messages.attributes import of
from emulators.messages.imaging import StoreStudy
from emulators.messages.instance_set import InstanceSet
from emulators.messages.query import Find
from emulators.ports.association import Gone
from emulators.site import Route
from emulators.wire.commands import c_cancel_rq, c_get_rq, c_move_rq, response
from emulators.wire.dimse import C_STORE_RQ
from emulators.wire.items import RoleSelection
from tests.peers.products import run, storescp
from tests.peers.pynetdicom_ends import LIMIT_S, acceptor, requestor
from tests.peers.senders import Sender, association, data_sets, files_by_uid, study, write_files
from tests.peers.served import Product, ServedClinic

pytestmark = pytest.mark.peer

PACS = ("-aec", "RADPACS")
FIRST, SECOND = study("US", 5), study("US", 2, skipped=1)
HEADER = FIRST.header
STUDY, SERIES = HEADER.study_instance_uid, FIRST.series_instance_uid
IDENTIFIER = elements.encode({"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": STUDY}, EXPLICIT_VR_LITTLE_ENDIAN)
PENDING, SUCCESS, PARTLY_FAILED, CANCELLED = 0xFF00, 0x0000, 0xB000, 0xFE00


def send(clinic: ServedClinic, *stores: StoreStudy, folder: Path) -> None:
    """Store studies, and wait until the PACS has been told of them."""
    for number, store in enumerate(stores):
        images = folder / f"sent{number}"
        images.mkdir()
        write_files(images, store)
        run("storescu", *PACS, "+sd", *clinic.address("pacs"), images)
        clinic.wait_for(record="stored", system="pacs", study=store.header.study_instance_uid)


@pytest.fixture
def filled(clinic: ServedClinic, tmp_path: Path) -> ServedClinic:
    """The clinic with two studies of two patients in its archive."""
    send(clinic, FIRST, SECOND, folder=tmp_path)
    return clinic


@contextmanager
def with_viewer(folder: Path, port: int) -> Iterator[ServedClinic]:
    """The clinic, filled, with a product at the place of its workstation."""
    route = Route("pacs", "workstation", "store")
    clinic = ServedClinic(folder / "clinic", {route: Product("RADWS", port)})
    clinic.start()
    try:
        send(clinic, FIRST, SECOND, folder=folder)
        yield clinic
    finally:
        clinic.close()


# --- C-FIND ------------------------------------------------------------------------------------------------------------


def findscu(clinic: ServedClinic, folder: Path, root: str, *keys: str) -> list[Dataset]:
    answers = folder / "answers"
    answers.mkdir(exist_ok=True)
    for path in answers.iterdir():
        path.unlink()
    arguments = [part for key in keys for part in ("-k", key)]
    run("findscu", root, *PACS, "-X", "-od", answers, *arguments, *clinic.address("pacs"))
    return [pydicom.dcmread(path, force=True) for path in sorted(answers.glob("rsp*.dcm"))]


def test_findscu_walks_down_the_patient_root(filled: ServedClinic, tmp_path: Path) -> None:
    """dicom.qr.find.1."""
    asked = ("QueryRetrieveLevel=PATIENT", "PatientID", "PatientName", "NumberOfPatientRelatedStudies")
    patients = findscu(filled, tmp_path, "-P", *asked)
    assert {one.PatientID for one in patients} == {one.header.patient.patient_id for one in (FIRST, SECOND)}
    assert {one.NumberOfPatientRelatedStudies for one in patients} == {1}

    upper = [f"PatientID={HEADER.patient.patient_id}"]
    (one,) = findscu(filled, tmp_path, "-P", "QueryRetrieveLevel=STUDY", *upper, "StudyInstanceUID", "ModalitiesInStudy")
    assert (one.StudyInstanceUID, one.ModalitiesInStudy) == (STUDY, "US")

    upper.append(f"StudyInstanceUID={STUDY}")
    asked = ("SeriesInstanceUID", "Modality", "SeriesNumber", "NumberOfSeriesRelatedInstances")
    (one,) = findscu(filled, tmp_path, "-P", "QueryRetrieveLevel=SERIES", *upper, *asked)
    assert (one.SeriesInstanceUID, one.Modality, one.NumberOfSeriesRelatedInstances) == (SERIES, "US", 5)
    assert one.SeriesNumber is not None

    upper.append(f"SeriesInstanceUID={SERIES}")
    images = findscu(filled, tmp_path, "-P", "QueryRetrieveLevel=IMAGE", *upper, "SOPInstanceUID", "InstanceNumber")
    assert [one.SOPInstanceUID for one in images] == list(FIRST.instances)
    assert [one.InstanceNumber for one in images] == [1, 2, 3, 4, 5]


def test_findscu_walks_down_the_study_root(filled: ServedClinic, tmp_path: Path) -> None:
    found = findscu(filled, tmp_path, "-S", "QueryRetrieveLevel=STUDY", f"PatientName={HEADER.patient.name.family}*")
    assert [one.PatientName for one in found] == [HEADER.patient.name.pn]
    asked = ("QueryRetrieveLevel=IMAGE", f"StudyInstanceUID={STUDY}", f"SeriesInstanceUID={SERIES}", "InstanceNumber=3")
    (image,) = findscu(filled, tmp_path, "-S", *asked, "SOPInstanceUID", "SOPClassUID")
    assert (image.SOPInstanceUID, image.SOPClassUID) == (list(FIRST.instances)[2], FIRST.sop_class_uid)


def keys(level: str = "STUDY", **values: str) -> Dataset:
    identifier = Dataset()
    if level:
        identifier.QueryRetrieveLevel = level
    for keyword, value in values.items():
        setattr(identifier, keyword, value)
    return identifier


def test_a_response_has_the_keys_that_were_asked_for_and_what_says_where_to_go(filled: ServedClinic) -> None:
    """dicom.qr.find.5 and .6: an optional key that is not supported gives FF01H, and is not in the response."""
    model = StudyRootQueryRetrieveInformationModelFind
    with requestor(filled.address("pacs"), "RADPACS", model) as ours:
        asked = keys(StudyInstanceUID=STUDY, InstanceAvailability="", PatientBirthDate="")
        (status, found), (final, _) = ours.send_c_find(asked, model)
        assert (status.Status, final.Status) == (PENDING, SUCCESS)
        assert found is not None
        assert [element.keyword for element in found] == [
            "QueryRetrieveLevel",
            "RetrieveAETitle",
            "InstanceAvailability",
            "PatientBirthDate",
            "StudyInstanceUID",
        ]
        assert (found.RetrieveAETitle, found.InstanceAvailability) == ("RADPACS", "ONLINE")
        (status, found), _ = ours.send_c_find(keys(StudyInstanceUID=STUDY, ProtocolName=""), model)
        assert found is not None
        assert (status.Status, "ProtocolName" in found) == (0xFF01, False)


@pytest.mark.parametrize(
    ("model", "identifier"),
    [
        (StudyRootQueryRetrieveInformationModelFind, keys("", PatientID="M1")),
        (StudyRootQueryRetrieveInformationModelFind, keys("FRAME", PatientID="M1")),
        (StudyRootQueryRetrieveInformationModelFind, keys("PATIENT", PatientID="M1")),
        (StudyRootQueryRetrieveInformationModelFind, keys("SERIES", PatientID="M1")),
        (PatientRootQueryRetrieveInformationModelFind, keys("STUDY", PatientID="M*")),
        (PatientRootQueryRetrieveInformationModelFind, keys("STUDY", StudyInstanceUID="")),
    ],
)
def test_a_broken_identifier_is_refused(clinic: ServedClinic, model: Any, identifier: Dataset) -> None:
    """dicom.qr.find.7."""
    with requestor(clinic.address("pacs"), "RADPACS", model) as ours:
        assert [status.Status for status, _ in ours.send_c_find(identifier, model)] == [0xA900]


@pytest.mark.parametrize(("negotiated", "expected"), [(b"\x01", SUCCESS), (b"\x00", 0xA900), (b"\x01\x01\x01", SUCCESS)])
def test_a_relational_query_is_answered_where_it_was_negotiated(filled: ServedClinic, negotiated: bytes, expected: int) -> None:
    """PS3.4 C.5.1.1: without the unique key of the study."""
    model = StudyRootQueryRetrieveInformationModelFind
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid, item.service_class_application_information = model, negotiated
    with requestor(filled.address("pacs"), "RADPACS", model, extended_negotiation=[item]) as ours:
        answered = ours.acceptor.sop_class_extended
        assert answered[model] == negotiated[:1] + bytes(len(negotiated) - 1)
        asked = keys("IMAGE", PatientID=HEADER.patient.patient_id, SOPInstanceUID="")
        *pending, (final, _) = ours.send_c_find(asked, model)
        assert final.Status == expected
        found = [one.SOPInstanceUID for _, one in pending if one is not None]
        assert found == (list(FIRST.instances) if expected == SUCCESS else [])


def test_our_own_relational_query_is_negotiated(filled: ServedClinic) -> None:
    asked = of({"PatientID": HEADER.patient.patient_id, "SOPInstanceUID": ""})
    sender = Sender(filled.address("pacs")[1], "RADPACS")
    found = sender.ask(Find(asked, "IMAGE", relational=True))
    assert [match.text("SOPInstanceUID") for match in found.matches] == list(FIRST.instances)
    assert sender.ask(Find(asked, "IMAGE")).status == 0xA900


# --- C-MOVE ------------------------------------------------------------------------------------------------------------


def move_keys(level: str) -> list[str]:
    """The unique keys down to this level, of the first two images at the lowest."""
    patient, images = HEADER.patient.patient_id, "\\".join(FIRST.instances.head(2))
    named = {"PATIENT": f"PatientID={patient}", "STUDY": f"StudyInstanceUID={STUDY}", "SERIES": f"SeriesInstanceUID={SERIES}"}
    levels = [*named, "IMAGE"]
    unique = {**named, "IMAGE": f"SOPInstanceUID={images}"}
    chosen = [f"QueryRetrieveLevel={level}", *(unique[one] for one in levels[: levels.index(level) + 1])]
    return [part for key in chosen for part in ("-k", key)]


@pytest.mark.parametrize(("level", "count"), [("PATIENT", 5), ("STUDY", 5), ("SERIES", 5), ("IMAGE", 2)])
def test_movescu_moves_at_every_level_and_hears_of_every_image(tmp_path: Path, level: str, count: int) -> None:
    """dicom.qr.move.1: FF00H with counters, and a final response without what remains."""
    files = tmp_path / "files"
    files.mkdir()
    with storescp(files, "-aet", "RADWS") as port, with_viewer(tmp_path, port) as clinic:
        printed = run("movescu", "-d", "-P", *PACS, "-aem", "RADWS", *move_keys(level), *clinic.address("pacs"))
    wanted = FIRST.instances.head(count)
    assert files_by_uid(files) == {uid: data for uid, data in data_sets(FIRST).items() if uid in set(wanted)}
    assert printed.count("0xff00") == count
    assert f"Completed Suboperations       : {count}" in printed
    assert "Remaining Suboperations       : 0" in printed


def test_the_sub_operations_of_a_move_name_who_asked_for_it(tmp_path: Path) -> None:
    originators: set[tuple[str, int]] = set()

    def keep(event: Any) -> int:
        request = event.request
        originators.add((request.MoveOriginatorApplicationEntityTitle, request.MoveOriginatorMessageID))
        return SUCCESS

    model = StudyRootQueryRetrieveInformationModelMove
    with (
        acceptor("RADWS", [UltrasoundImageStorage], [(evt.EVT_C_STORE, keep)]) as port,
        with_viewer(tmp_path, port) as clinic,
        requestor(clinic.address("pacs"), "RADPACS", model, calling_ae_title="ASKER") as ours,
    ):
        *pending, (final, _) = ours.send_c_move(keys(StudyInstanceUID=STUDY), "RADWS", model, msg_id=77)
    assert originators == {("ASKER", 77)}
    assert [(one.NumberOfCompletedSuboperations, one.NumberOfRemainingSuboperations) for one, _ in pending] == [
        (done, 5 - done) for done in range(1, 6)
    ]
    assert (final.Status, final.NumberOfCompletedSuboperations) == (SUCCESS, 5)
    assert "NumberOfRemainingSuboperations" not in final


def test_images_that_the_destination_refuses_are_named(tmp_path: Path) -> None:
    """dicom.qr.move.3: 2 of 5."""
    refused = set(FIRST.instances.head(2))

    def judge(event: Any) -> int:
        return 0xA700 if event.request.AffectedSOPInstanceUID in refused else SUCCESS

    model = StudyRootQueryRetrieveInformationModelMove
    with (
        acceptor("RADWS", [UltrasoundImageStorage], [(evt.EVT_C_STORE, judge)]) as port,
        with_viewer(tmp_path, port) as clinic,
        requestor(clinic.address("pacs"), "RADPACS", model) as ours,
    ):
        *_, (final, identifier) = ours.send_c_move(keys(StudyInstanceUID=STUDY), "RADWS", model)
    assert (final.Status, final.NumberOfCompletedSuboperations, final.NumberOfFailedSuboperations) == (PARTLY_FAILED, 3, 2)
    assert identifier is not None
    assert set(identifier.FailedSOPInstanceUIDList) == refused


def test_a_move_that_is_cancelled_ends_with_honest_counters(tmp_path: Path) -> None:
    """dicom.qr.move.5: after 2 of 5; the third waits until the cancel is on its way."""
    cancelled = threading.Event()
    taken: list[str] = []

    def take(event: Any) -> int:
        if len(taken) == 2:
            assert cancelled.wait(LIMIT_S)
        taken.append(event.request.AffectedSOPInstanceUID)
        return SUCCESS

    model = StudyRootQueryRetrieveInformationModelMove
    with (
        acceptor("RADWS", [UltrasoundImageStorage], [(evt.EVT_C_STORE, take)]) as port,
        with_viewer(tmp_path, port) as clinic,
        requestor(clinic.address("pacs"), "RADPACS", model) as ours,
    ):
        seen = []
        for status, _ in ours.send_c_move(keys(StudyInstanceUID=STUDY), "RADWS", model, msg_id=9):
            seen.append(status)
            if len(seen) == 2:
                ours.send_c_cancel(9, query_model=model)
                cancelled.set()
        final = seen[-1]
        run("echoscu", *PACS, *clinic.address("pacs"))
    assert final.Status == CANCELLED
    assert final.NumberOfCompletedSuboperations == len(taken) < 5
    assert final.NumberOfCompletedSuboperations + final.NumberOfRemainingSuboperations == 5
    assert final.NumberOfFailedSuboperations == 0


def test_a_move_whose_asker_has_gone_goes_on_and_harms_nobody(tmp_path: Path) -> None:
    begun, gone = threading.Event(), threading.Event()

    def take(_event: Any) -> int:
        begun.set()
        assert gone.wait(LIMIT_S)
        return SUCCESS

    with (
        acceptor("RADWS", [UltrasoundImageStorage], [(evt.EVT_C_STORE, take)]) as port,
        with_viewer(tmp_path, port) as clinic,
    ):
        contexts = [(STUDY_ROOT_MOVE, [EXPLICIT_VR_LITTLE_ENDIAN])]
        with suppress(Gone), association(clinic.address("pacs")[1], "RADPACS", contexts) as ours:
            ours.send(ours.context_for(STUDY_ROOT_MOVE).context_id, c_move_rq(5, STUDY_ROOT_MOVE, "RADWS"), [IDENTIFIER])
            assert begun.wait(LIMIT_S)
            ours._socket.shutdown(socket.SHUT_RDWR)
        gone.set()
        clinic.wait_for(record="exchange", message="StoreStudy", receiver="workstation")
        run("echoscu", *PACS, *clinic.address("pacs"))


# --- C-GET -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "count"), [("PATIENT", 5), ("STUDY", 5), ("SERIES", 5), ("IMAGE", 2)])
def test_getscu_gets_at_every_level_byte_for_byte(filled: ServedClinic, tmp_path: Path, level: str, count: int) -> None:
    files = tmp_path / "files"
    files.mkdir()
    run("getscu", "-P", *PACS, "+B", "-od", files, *move_keys(level), *filled.address("pacs"))
    wanted = set(FIRST.instances.head(count))
    assert files_by_uid(files) == {uid: data for uid, data in data_sets(FIRST).items() if uid in wanted}
    record = filled.wait_for(record="exchange", message="Get")
    assert (record["outcome"], record["answer"]["completed"]) == ("answered", count)


def test_images_for_which_no_context_was_offered_count_as_failed(clinic: ServedClinic, tmp_path: Path) -> None:
    """dicom.qr.get.1: one study of two SOP classes, one of which the requestor takes."""
    send(clinic, FIRST, folder=tmp_path)
    header, series = replace(HEADER, modality="CT"), f"{STUDY}.9"
    other = StoreStudy(header, series, study("CT", 2).sop_class_uid, InstanceSet(series, 1, 2), 1, FIRST.context)
    folder = tmp_path / "other"
    folder.mkdir()
    write_files(folder, other)
    run("storescu", *PACS, "+sd", *clinic.address("pacs"), folder)
    clinic.wait_for(record="stored", system="pacs", study=STUDY, instances=2)
    model, came = StudyRootQueryRetrieveInformationModelGet, []

    def take(event: Any) -> int:
        came.append(event.request.AffectedSOPInstanceUID)
        return SUCCESS

    roles = [build_role(UltrasoundImageStorage, scp_role=True)]
    handlers = [(evt.EVT_C_STORE, take)]
    models = (model, UltrasoundImageStorage)
    with requestor(clinic.address("pacs"), "RADPACS", *models, extended_negotiation=roles, handlers=handlers) as ours:
        *_, (final, identifier) = ours.send_c_get(keys(StudyInstanceUID=STUDY), model)
    assert sorted(came) == sorted(FIRST.instances)
    assert (final.Status, final.NumberOfCompletedSuboperations, final.NumberOfFailedSuboperations) == (PARTLY_FAILED, 5, 2)
    assert identifier is not None
    assert set(identifier.FailedSOPInstanceUIDList) == set(other.instances)


def test_a_get_that_is_cancelled_leaves_the_rest(filled: ServedClinic) -> None:
    contexts = [(STUDY_ROOT_GET, [EXPLICIT_VR_LITTLE_ENDIAN]), (FIRST.sop_class_uid, [EXPLICIT_VR_LITTLE_ENDIAN])]
    roles = [RoleSelection(FIRST.sop_class_uid, scu=False, scp=True)]
    stored, counters = 0, {}
    with association(filled.address("pacs")[1], "RADPACS", contexts, roles) as ours:
        context_id = ours.context_for(STUDY_ROOT_GET).context_id
        ours.send(context_id, c_get_rq(5, STUDY_ROOT_GET), [IDENTIFIER])
        while True:
            message = ours.receive()
            assert message is not None
            if message.command.field == C_STORE_RQ:
                stored += 1
                if stored == 2:
                    ours.send(context_id, c_cancel_rq(5))
                ours.send(message.context_id, response(message.command, SUCCESS))
            elif message.command.status != PENDING:
                break
        counters = {name: message.command.number(f"NumberOf{name}Suboperations") for name in ("Completed", "Remaining")}
    assert message.command.status == CANCELLED
    assert (stored, counters) == (2, {"Completed": 2, "Remaining": 3})
    record = filled.wait_for(record="exchange", message="Get")
    assert record["answer"]["status"] == "FE00H"


def test_a_get_whose_asker_has_gone_is_over_and_harms_nobody(filled: ServedClinic) -> None:
    contexts = [(STUDY_ROOT_GET, [EXPLICIT_VR_LITTLE_ENDIAN]), (FIRST.sop_class_uid, [EXPLICIT_VR_LITTLE_ENDIAN])]
    roles = [RoleSelection(FIRST.sop_class_uid, scu=False, scp=True)]
    with suppress(Gone), association(filled.address("pacs")[1], "RADPACS", contexts, roles) as ours:
        ours.send(ours.context_for(STUDY_ROOT_GET).context_id, c_get_rq(5, STUDY_ROOT_GET), [IDENTIFIER])
        assert ours.receive() is not None
        ours._socket.shutdown(socket.SHUT_RDWR)
    assert filled.wait_for(record="exchange", message="Get")["outcome"] == "unknown"
    run("echoscu", *PACS, *filled.address("pacs"))
