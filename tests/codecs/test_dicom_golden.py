"""Data sets that other products wrote are read for what they say."""

import pydicom
import pytest
from pynetdicom.dsutils import encode as pynetdicom_encode

from emulators.codecs.dicom import codec, elements
from emulators.codecs.dicom.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    MODALITY_PERFORMED_PROCEDURE_STEP,
    MODALITY_WORKLIST_FIND,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
)
from emulators.codecs.dicom.values import items
from emulators.messages.common import Code, Patient, PersonName
from emulators.messages.imaging import CommitResult, InstanceSet, StepEnded, StepStarted
from emulators.messages.orders import ScheduledProcedure
from emulators.messages.query import FindStudies, MoveStudy, StudiesFound, StudyMatch
from emulators.messages.worklist import WorklistItem, WorklistItems, WorklistQuery
from emulators.wire import commands
from emulators.wire.status import PENDING, PENDING_WITH_UNSUPPORTED_KEYS, SUCCESS
from tests.codecs.golden_dicom_data_sets import (
    DCMTK_EVENT,
    DCMTK_N_CREATE,
    DCMTK_N_SET,
    DCMTK_STUDY_IDENTIFIER,
    DCMTK_STUDY_RESPONSE,
    DCMTK_WORKLIST_IDENTIFIER,
    DCMTK_WORKLIST_RESPONSE,
)

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ROOT = "1.2.826.0.1.3680043.8.498"
FIND_WORKLIST = commands.c_find_rq(1, MODALITY_WORKLIST_FIND)
FIND_STUDIES = commands.c_find_rq(1, STUDY_ROOT_FIND)

WORKLIST_ITEM = WorklistItem(
    patient=Patient("G-42", "GOLDEN HOSPITAL", PersonName("Göld", "Jürgen", "", "Dr."), "19600229", "M"),
    admission_id="V-7",
    location="WARD 3",
    referring_physician=PersonName("GOLD", "REFERRER"),
    requesting_physician=PersonName("GOLD", "REQUESTER"),
    placer_order_number="",
    reason="",
    priority="STAT",  # the file says HIGH
    procedure=Code("", "", "CT of the thorax"),
    modality="CT",
    scheduled=ScheduledProcedure(
        "G0001", f"{ROOT}.1", "RP-1", "SPS-1", Code("", "", "Thorax routine"), "CT_ONE", "20240102093000"
    ),
)


def test_the_worklist_query_of_findscu() -> None:
    query = codec.decode_request(FIND_WORKLIST, DCMTK_WORKLIST_IDENTIFIER, EXPLICIT_VR_LITTLE_ENDIAN)
    expected = WorklistQuery(station_ae_title="CT_ONE", start_date="20240101-20240131", modality="CT", patient_name="G*")
    assert query == expected


def test_the_worklist_item_of_wlmscpfs() -> None:
    pending = commands.response(FIND_WORKLIST, PENDING, has_dataset=True)
    responses = [(pending, DCMTK_WORKLIST_RESPONSE), (commands.response(FIND_WORKLIST, SUCCESS), None)]
    answer = codec.decode_answer(WorklistQuery(), responses, EXPLICIT_VR_LITTLE_ENDIAN)
    assert answer == WorklistItems((WORKLIST_ITEM,))


def test_our_answer_to_findscu_has_the_keys_of_wlmscpfs() -> None:
    """The same query and the same step: the same attributes, and the same values where both know them."""
    answer = codec.encode_answer(
        WorklistItems((WORKLIST_ITEM,)), FIND_WORKLIST, DCMTK_WORKLIST_IDENTIFIER, EXPLICIT_VR_LITTLE_ENDIAN
    )
    ours = elements.decode(next(answer)[1] or b"", EXPLICIT_VR_LITTLE_ENDIAN)
    theirs = elements.decode(DCMTK_WORKLIST_RESPONSE, EXPLICIT_VR_LITTLE_ENDIAN)
    assert list(ours) == list(theirs)
    differing = {keyword for keyword in ours if ours[keyword] != theirs[keyword]}
    assert differing == {"MedicalAlerts", "RequestedProcedurePriority", "ScheduledProcedureStepSequence"}
    our_step, their_step = (items(keys, "ScheduledProcedureStepSequence")[0] for keys in (ours, theirs))
    assert list(our_step) == list(their_step)
    differing = {keyword for keyword in our_step if our_step[keyword] != their_step[keyword]}
    assert differing == {"RequestedContrastAgent", "ScheduledPerformingPhysicianName", "ScheduledStationName"} & set(our_step)


def test_the_study_query_of_findscu_and_the_answer_of_dcmqrscp() -> None:
    query = codec.decode_request(FIND_STUDIES, DCMTK_STUDY_IDENTIFIER, EXPLICIT_VR_LITTLE_ENDIAN)
    assert query == FindStudies(patient_id="G1")
    pending = commands.response(FIND_STUDIES, PENDING, has_dataset=True)
    responses = [(pending, DCMTK_STUDY_RESPONSE), (commands.response(FIND_STUDIES, SUCCESS), None)]
    match = StudyMatch(Patient("G1", "", PersonName("")), "1.2.3.4.5", "", "", "", "", 0)
    assert codec.decode_answer(query, responses, EXPLICIT_VR_LITTLE_ENDIAN) == StudiesFound((match,))


def test_our_answer_to_findscu_is_that_of_dcmqrscp() -> None:
    match = StudyMatch(Patient("G1", "ISSUER", PersonName("GOLD")), "1.2.3.4.5", "A1", "", "CT", "Chest", 3)
    answer = codec.encode_answer(StudiesFound((match,)), FIND_STUDIES, DCMTK_STUDY_IDENTIFIER, EXPLICIT_VR_LITTLE_ENDIAN, "QR")
    assert next(answer)[1] == DCMTK_STUDY_RESPONSE


def test_an_n_create_with_sequences_of_undefined_length() -> None:
    command = commands.n_create_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, f"{ROOT}.3")
    assert codec.decode_request(command, DCMTK_N_CREATE) == StepStarted(
        mpps_uid=f"{ROOT}.3",
        patient=Patient("G-43", "", PersonName("GOLD", "MARIA", "", "", "PHD"), "", "F"),
        accession_number="G0002",
        study_instance_uid=f"{ROOT}.2",
        placer_order_number="PLACER-2",
        requested_procedure_id="RP-2",
        step_id="SPS-2",
        procedure=Code("MRHEAD", "99GOLD", "MR of the head"),
        protocol=Code("HEADKM", "99GOLD", "Head with contrast"),
        modality="MR",
        station_ae_title="MR_ONE",
        performed_step_id="PPS-1",
        started_at="20240102093100",
    )


def test_an_n_set_whose_time_has_a_fraction() -> None:
    command = commands.n_set_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, f"{ROOT}.3")
    assert codec.decode_request(command, DCMTK_N_SET) == StepEnded(
        f"{ROOT}.3", "20240102094512", f"{ROOT}.2.1", MR_IMAGE, "HEAD", InstanceSet(f"{ROOT}.2.1", 1, 2)
    )


def test_an_event_with_a_failure() -> None:
    command = commands.n_event_report_rq(1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, 2)
    assert codec.decode_request(command, DCMTK_EVENT, EXPLICIT_VR_LITTLE_ENDIAN) == CommitResult(
        f"{ROOT}.9", MR_IMAGE, InstanceSet(f"{ROOT}.2.1", 1, 2), InstanceSet(f"{ROOT}.2.1", 3, 3)
    )


@pytest.mark.parametrize("syntax", [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN])
def test_identifiers_as_pynetdicom_encodes_them(syntax: str) -> None:
    identifier = pydicom.Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.PatientName = ""
    identifier.StudyInstanceUID = "1.2.3"
    data = pynetdicom_encode(identifier, syntax == IMPLICIT_VR_LITTLE_ENDIAN, True)
    move = commands.c_move_rq(1, STUDY_ROOT_MOVE, "WORKSTATION")
    assert codec.decode_request(move, data, syntax) == MoveStudy("1.2.3", "WORKSTATION")
    responses = list(codec.encode_answer(StudiesFound((), 0xA700), FIND_STUDIES, data, syntax))
    assert [command.status for command, _ in responses] == [0xA700]


@pytest.mark.parametrize(
    ("character_set", "name", "family"),
    [
        ("", b"G\xf6ld^J", "Göld"),  # not declared: read as Latin-1, as it mostly is
        ("ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc"),
        ("ISO_IR 144", "Жилин".encode("iso8859_5"), "Жилин"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小東".encode(), "Wang"),
        ("GB18030", "Wang^XiaoDong=王^小东".encode("gb18030"), "Wang"),
        ("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada"),  # PS3.5 H.3
        ("\\ISO 2022 IR 87", b"=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "山田"),
        ("ISO 2022 IR 13\\ISO 2022 IR 87", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ"),
        ("NO SUCH TERM", b"DOE^\xc4", "DOE"),
        ("ISO_IR 192", b"DO\xff^J", "DO\ufffd"),
    ],
)
def test_character_sets(character_set: str, name: bytes, family: str) -> None:
    started = codec.decode_request(
        commands.n_create_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.3"), with_name(character_set, name)
    )
    assert started.patient.name.family == family


def with_name(character_set: str, name: bytes) -> bytes:
    """The golden N-CREATE with another character set and patient name."""
    declared = b"\x08\x00\x05\x00\x0a\x00\x00\x00ISO_IR 192"
    named = b"\x10\x00\x10\x00\x10\x00\x00\x00GOLD^MARIA^^^PHD"
    assert declared in DCMTK_N_CREATE
    assert named in DCMTK_N_CREATE
    changed = DCMTK_N_CREATE.replace(declared, b"\x08\x00\x05\x00" + value(character_set.encode()))
    return changed.replace(named, b"\x10\x00\x10\x00" + value(name))


def value(text: bytes) -> bytes:
    padded = text + b" " * (len(text) % 2)
    return len(padded).to_bytes(4, "little") + padded


def test_pending_with_unsupported_keys_is_pending() -> None:
    pending = commands.response(FIND_STUDIES, PENDING_WITH_UNSUPPORTED_KEYS, has_dataset=True)
    responses = [(pending, DCMTK_STUDY_RESPONSE), (commands.response(FIND_STUDIES, SUCCESS), None)]
    assert len(codec.decode_answer(FindStudies(), responses, EXPLICIT_VR_LITTLE_ENDIAN).studies) == 1
