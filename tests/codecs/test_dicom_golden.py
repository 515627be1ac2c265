"""Data sets that other products wrote are read for what they say."""

import pytest

from emulators.codecs.dicom import codec, elements
from emulators.codecs.dicom.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    MODALITY_PERFORMED_PROCEDURE_STEP,
    MODALITY_WORKLIST_FIND,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
)
from emulators.messages.attributes import of
from emulators.messages.commitment import CommitResult, Referenced
from emulators.messages.common import Code, Patient, PersonName
from emulators.messages.instance_set import InstanceSet
from emulators.messages.steps import PerformedSeries, ScheduledReference, StepEnded, StepStarted
from emulators.messages.worklist import STEPS, WorklistItems, WorklistQuery
from emulators.wire import commands
from emulators.wire.status import PENDING, SUCCESS
from tests.codecs.golden_dicom_data_sets import (
    DCMTK_EVENT,
    DCMTK_N_CREATE,
    DCMTK_N_SET,
    DCMTK_WORKLIST_IDENTIFIER,
    DCMTK_WORKLIST_RESPONSE,
)

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ROOT = "1.2.826.0.1.3680043.8.498"
FIND_WORKLIST = commands.c_find_rq(1, MODALITY_WORKLIST_FIND)

STEP = {
    "Modality": "CT",
    "RequestedContrastAgent": "IOHEXOL",
    "ScheduledStationAETitle": "CT_ONE",
    "ScheduledProcedureStepStartDate": "20240102",
    "ScheduledProcedureStepStartTime": "093000",
    "ScheduledPerformingPhysicianName": "GOLD^PERFORMER",
    "ScheduledProcedureStepDescription": "Thorax routine",
    "ScheduledProcedureStepID": "SPS-1",
}
WORKLIST_ITEM = of(
    {
        "AccessionNumber": "G0001",
        "ReferringPhysicianName": "GOLD^REFERRER",
        "PatientName": "Göld^Jürgen^^Dr.",
        "PatientID": "G-42",
        "IssuerOfPatientID": "GOLDEN HOSPITAL",
        "PatientBirthDate": "19600229",
        "PatientSex": "M",
        "MedicalAlerts": "NONE",
        "StudyInstanceUID": f"{ROOT}.1",
        "RequestingPhysician": "GOLD^REQUESTER",
        "RequestedProcedureDescription": "CT of the thorax",
        "AdmissionID": "V-7",
        "CurrentPatientLocation": "WARD 3",
        STEPS: (of(STEP),),
        "RequestedProcedureID": "RP-1",
        "RequestedProcedurePriority": "HIGH",
    }
)


def test_the_worklist_query_of_findscu() -> None:
    query = codec.decode_request(FIND_WORKLIST, DCMTK_WORKLIST_IDENTIFIER, EXPLICIT_VR_LITTLE_ENDIAN)
    step = {"ScheduledStationAETitle": "CT_ONE", "ScheduledProcedureStepStartDate": "20240101-20240131", "Modality": "CT"}
    empty_step = of({**dict.fromkeys(STEP, ""), **step})
    empty = dict.fromkeys([keyword for keyword, _ in WORKLIST_ITEM], "")
    assert query == WorklistQuery(of({**empty, "PatientName": "G*", STEPS: (empty_step,)}))


def test_the_worklist_item_of_wlmscpfs() -> None:
    pending = commands.response(FIND_WORKLIST, PENDING, has_dataset=True)
    responses = [(pending, DCMTK_WORKLIST_RESPONSE), (commands.response(FIND_WORKLIST, SUCCESS), None)]
    answer = codec.decode_answer(WorklistQuery(), responses, EXPLICIT_VR_LITTLE_ENDIAN)
    assert answer == WorklistItems((WORKLIST_ITEM,))


def test_our_answer_to_findscu_is_that_of_wlmscpfs() -> None:
    """The same query and the same step; only that wlmscpfs was not asked to tell its character set."""
    answer = codec.encode_answer(
        WorklistItems((WORKLIST_ITEM,)), FIND_WORKLIST, DCMTK_WORKLIST_IDENTIFIER, EXPLICIT_VR_LITTLE_ENDIAN
    )
    ours = elements.decode(next(answer)[1] or b"", EXPLICIT_VR_LITTLE_ENDIAN)
    assert list(ours.items()) == list(elements.decode(DCMTK_WORKLIST_RESPONSE, EXPLICIT_VR_LITTLE_ENDIAN).items())


def test_an_n_create_with_sequences_of_undefined_length() -> None:
    command = commands.n_create_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, f"{ROOT}.3")
    assert codec.decode_request(command, DCMTK_N_CREATE) == StepStarted(
        mpps_uid=f"{ROOT}.3",
        patient=Patient("G-43", "", PersonName("GOLD", "MARIA", "", "", "PHD"), "", "F"),
        scheduled=(
            ScheduledReference(
                accession_number="G0002",
                study_instance_uid=f"{ROOT}.2",
                placer_order_number="PLACER-2",
                requested_procedure_id="RP-2",
                step_id="SPS-2",
                procedure=Code("MRHEAD", "99GOLD", "MR of the head"),
                protocol=Code("HEADKM", "99GOLD", "Head with contrast"),
            ),
        ),
        study_instance_uid=f"{ROOT}.2",
        modality="MR",
        station_ae_title="MR_ONE",
        performed_step_id="PPS-1",
        description="",
        started_at="20240102093100",
    )


def test_an_n_set_whose_time_has_a_fraction() -> None:
    command = commands.n_set_rq(1, MODALITY_PERFORMED_PROCEDURE_STEP, f"{ROOT}.3")
    assert codec.decode_request(command, DCMTK_N_SET) == StepEnded(
        f"{ROOT}.3",
        "20240102094512",
        (PerformedSeries(f"{ROOT}.2.1", MR_IMAGE, "HEAD", InstanceSet(f"{ROOT}.2.1", 1, 2)),),
    )


def test_an_event_with_a_failure() -> None:
    command = commands.n_event_report_rq(1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, 2)
    assert codec.decode_request(command, DCMTK_EVENT, EXPLICIT_VR_LITTLE_ENDIAN) == CommitResult(
        f"{ROOT}.9",
        (Referenced(MR_IMAGE, InstanceSet(f"{ROOT}.2.1", 1, 2)),),
        (Referenced(MR_IMAGE, InstanceSet(f"{ROOT}.2.1", 3, 3), 0x0112),),
    )


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
    name_read = started.patient.name
    assert (name_read.family or name_read.ideographic.partition("^")[0]) == family


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
