"""The law of the codec: what was sent is what arrives, for every message and answer, in both transfer syntaxes."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.config import settings
from pydicom.filereader import read_dataset
from pydicom.multival import MultiValue

from emulators.codecs.dicom import codec, elements
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from emulators.core.errors import LocalProtocolError
from emulators.messages.attributes import of
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import Code, Patient, PersonName, Status
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.messages.query import Find, Found, Get, Move, MoveResult
from emulators.messages.steps import PerformedSeries, ScheduledReference, StepEnded, StepProgressed, StepStarted
from emulators.messages.worklist import STEPS, WorklistItems, WorklistQuery, query_for_all_keys
from emulators.wire.dimse import decode_command, encode_command
from tests import strategies

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
DOSE_REPORT = "1.2.840.10008.5.1.4.1.1.88.67"
PATIENT = Patient("MRN-1", "HOSPITAL", PersonName("DOE", "JANE", "M", "DR", "II"), "19700228", "F")
CODE = Code("CTCHEST", "99LOCAL", "CT of the chest")
REQUESTED = ScheduledReference("A1", "1.2.4", "P1", "R1", "S1", CODE, CODE)
STARTED = StepStarted("1.2.3", PATIENT, (REQUESTED,), "1.2.4", "CT", "CT_ONE", "PPS1", "CT of the chest", "20250301093000")
SERIES = PerformedSeries("1.2.4.1", CT_IMAGE, "Chest", InstanceSet("1.2.4.1", 1, 90))
DOSE = PerformedSeries("1.2.4.2", DOSE_REPORT, "Dose", InstanceSet("1.2.4.2", 1, 1))
CT_IMAGES, DOSE_REPORTS = (Referenced(series.sop_class_uid, series.instances) for series in (SERIES, DOSE))
WRONG_ENTRY = Code("110514", "DCM", "Incorrect worklist entry selected")
STEP = of({"ScheduledStationAETitle": "CT_ONE", "ScheduledProcedureStepStartDate": "20250301", "Modality": "CT"})
ITEM = of({"PatientName": "MÜLLER^JÜRGEN^^DR", "PatientID": "MRN-1", "RequestingPhysician": "", STEPS: (STEP,)})
ASKED = of({"PatientName": "MÜLLER^*", "PatientID": "", "RequestingPhysician": "", STEPS: (STEP,)})
MATCH = of({"StudyInstanceUID": "1.2.4", "PatientID": "MRN-1", "ModalitiesInStudy": "CT\\SR"})
STUDIES = of({"StudyInstanceUID": "", "PatientID": "MRN-1", "ModalitiesInStudy": ""})
ONE_STUDY = of({"StudyInstanceUID": "1.2.4"})

EXCHANGES = st.one_of(
    strategies.worklist_exchanges,
    st.tuples(strategies.steps_started, strategies.statuses),
    st.tuples(strategies.steps_progressed, strategies.statuses),
    st.tuples(strategies.steps_ended, strategies.statuses),
    st.tuples(strategies.commit_requests, strategies.statuses),
    st.tuples(strategies.commit_results, strategies.statuses),
    st.tuples(strategies.availabilities, strategies.statuses),
    strategies.find_exchanges(),
    st.tuples(strategies.moves | strategies.gets, strategies.move_results),
)
SYNTAXES = st.sampled_from((IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN))


def over_the_wire(message: object, answer: object, syntax: str = IMPLICIT_VR_LITTLE_ENDIAN) -> tuple[Any, Any]:
    """The message as the receiver has it, and its answer as the sender has it; commands cross as bytes too."""
    command, dataset = codec.encode_request(message, 7, syntax)
    command = decode_command(encode_command(command))
    received = codec.decode_request(command, dataset, syntax)
    responses = [
        (decode_command(encode_command(response)), data)
        for response, data in codec.encode_answer(answer, command, dataset, syntax)
    ]
    return received, codec.decode_answer(message, responses, syntax)


@given(EXCHANGES, SYNTAXES)
def test_every_message_and_every_answer_arrives_as_it_was_sent(exchange: tuple[object, object], syntax: str) -> None:
    message, answer = exchange
    assert over_the_wire(message, answer, syntax) == (message, answer)


REAL_EXCHANGES = [
    (STARTED, Status(0x0000)),
    (StepProgressed("1.2.3", (SERIES,)), Status(0x0000)),
    (StepEnded("1.2.3", "20250301094000", (SERIES, DOSE)), Status(0x0110)),
    (StepEnded("1.2.3", "20250301094000", (), "DISCONTINUED", WRONG_ENTRY), Status(0x0000)),
    (CommitRequest("1.2.5", (CT_IMAGES, DOSE_REPORTS)), Status(0x0000)),
    (CommitResult("1.2.5", (CT_IMAGES, DOSE_REPORTS)), Status(0x0112, "no such transaction")),
    (CommitResult("1.2.5", (CT_IMAGES,), (replace(DOSE_REPORTS, failure_reason=0x0112),)), Status(0)),
    (CommitResult("1.2.5", (), (replace(CT_IMAGES, failure_reason=0x0213),)), Status(0)),
    (WorklistQuery(ASKED), WorklistItems((ITEM,))),
    (query_for_all_keys({"Modality": "CT"}), WorklistItems(())),
    (Find(STUDIES), Found((MATCH,))),
    (Find(STUDIES, "PATIENT", "PATIENT"), Found(())),
    (Move(ONE_STUDY, destination="WORKSTATION"), MoveResult(90, 0, 0)),
    (Move(ONE_STUDY, destination="NOWHERE"), MoveResult(0, 0, 0, 0xA801)),
    (Get(ONE_STUDY), MoveResult(90, 0, 0)),
]


@pytest.mark.parametrize(("message", "answer"), REAL_EXCHANGES, ids=lambda value: type(value).__name__)
def test_what_the_systems_build_arrives_as_it_was_sent(message: object, answer: object) -> None:
    assert over_the_wire(message, answer) == (message, answer)


@given(EXCHANGES, SYNTAXES)
def test_pydicom_reads_the_same_values(exchange: tuple[object, object], syntax: str) -> None:
    assert differences_seen_by_pydicom(*exchange, syntax, pydicom.config.IGNORE) == []


@pytest.mark.parametrize("syntax", [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN])
@pytest.mark.parametrize(("message", "answer"), REAL_EXCHANGES, ids=lambda value: type(value).__name__)
def test_pydicom_finds_no_fault_when_it_checks_every_value(message: object, answer: object, syntax: str) -> None:
    """Only with short texts: pydicom holds the limits in characters against bytes."""
    assert differences_seen_by_pydicom(message, answer, syntax, pydicom.config.RAISE) == []


def differences_seen_by_pydicom(message: object, answer: object, syntax: str, validation: int) -> list[str]:
    """Attributes of all data sets of an exchange that pydicom reads otherwise than we do."""
    command, dataset = codec.encode_request(message, 1, syntax)
    responses = codec.encode_answer(answer, command, dataset, syntax, "ARCHIVE")
    found: list[str] = []
    before = settings.reading_validation_mode
    settings.reading_validation_mode = validation
    try:
        for data in (dataset, *(data for _, data in responses)):
            if data is not None:
                read = read_dataset(io.BytesIO(data), syntax == IMPLICIT_VR_LITTLE_ENDIAN, True)
                found += differences(read, elements.decode(data, syntax))
    finally:
        settings.reading_validation_mode = before
    return found


def differences(read: pydicom.Dataset, ours: elements.DataSet) -> Iterator[str]:
    """Keywords that one has and the other has not, or with another value."""
    for element in read:
        if element.keyword == "SpecificCharacterSet":
            assert element.value == "ISO_IR 192"
            continue
        value = ours[element.keyword]
        if isinstance(value, list):
            for item, our_item in zip(element.value, value, strict=True):
                yield from differences(item, our_item)
        elif text_of(element.value) != str(value):
            yield element.keyword
    yield from ours.keys() - {element.keyword for element in read}


def text_of(value: Any) -> str:
    """A value of pydicom as we have it."""
    if isinstance(value, MultiValue):
        return "\\".join(map(str, value))
    return str("" if value is None else value).strip()


def test_ascii_declares_no_character_set_and_the_rest_is_utf_8() -> None:
    _, ascii_only = codec.encode_request(Find(STUDIES), 1)
    _, beyond = codec.encode_request(WorklistQuery(ASKED), 1)
    assert ascii_only is not None
    assert beyond is not None
    assert b"\x08\x00\x05\x00" not in ascii_only
    assert beyond.startswith(b"\x08\x00\x05\x00\x0a\x00\x00\x00ISO_IR 192")
    assert "MÜLLER^*".encode() in beyond


def test_a_message_that_dicom_does_not_carry_is_our_own_error() -> None:
    with pytest.raises(LocalProtocolError, match="DICOM carries no str"):
        codec.encode_request("a stranger", 1)


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        (CommitRequest("1.2.5", (replace(CT_IMAGES, instances=NO_INSTANCES),)), "names no instance"),
        (CommitResult("1.2.5", ()), "names no instance"),
        (StepEnded("1.2.3", "", (SERIES,)), "StepEndDate"),
        (StepEnded("1.2.3", "20250301094000", ()), "PerformedSeriesSequence"),
        (StepEnded("1.2.3", "20250301094000", (replace(SERIES, protocol_name=""),)), "ProtocolName"),
    ],
)
def test_a_message_without_what_the_standard_requires_is_our_own_error(message: object, missing: str) -> None:
    with pytest.raises(LocalProtocolError, match=missing):
        codec.encode_request(message, 1)
