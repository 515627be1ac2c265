"""Bad queries and moves at the RIS and the PACS: refused without a match."""

import io
from collections.abc import Mapping

import pytest
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from emulators.codecs.dicom.uids import MODALITY_WORKLIST_FIND, STUDY_ROOT_FIND, STUDY_ROOT_MOVE
from emulators.wire.commands import c_find_rq, c_move_rq
from tests.serving.bad_input_dicom.pieces import ULTRASOUND, identifier
from tests.serving.bad_input_dicom.systems import Role
from tests.serving.raw_dicom import ask


def step(**values: str) -> Dataset:
    return read_dataset(io.BytesIO(identifier(**values)), is_implicit_VR=False, is_little_endian=True)


BAD_QUERIES: Mapping[str, tuple[str, str, bytes, int]] = {
    "noise on the worklist": ("ris", MODALITY_WORKLIST_FIND, bytes(range(256)), 0xA900),
    "two steps": (
        "ris",
        MODALITY_WORKLIST_FIND,
        identifier(ScheduledProcedureStepSequence=[step(Modality="CT"), step(Modality="MR")]),
        0xA900,
    ),
    "a day that is none": (
        "ris",
        MODALITY_WORKLIST_FIND,
        identifier(ScheduledProcedureStepSequence=[step(ScheduledProcedureStepStartDate="today")]),
        0xA900,
    ),
    "noise": ("pacs", STUDY_ROOT_FIND, bytes(range(256)), 0xA900),
    "no level": ("pacs", STUDY_ROOT_FIND, identifier(PatientID="M1"), 0xA900),
    "an unknown level": ("pacs", STUDY_ROOT_FIND, identifier(QueryRetrieveLevel="VISIT"), 0xA900),
    "a level that the root lacks": ("pacs", STUDY_ROOT_FIND, identifier(QueryRetrieveLevel="PATIENT"), 0xA900),
    "no study above the series": (
        "pacs",
        STUDY_ROOT_FIND,
        identifier(QueryRetrieveLevel="SERIES", SeriesInstanceUID=""),
        0xA900,
    ),
    "a wildcard for the study above": (
        "pacs",
        STUDY_ROOT_FIND,
        identifier(QueryRetrieveLevel="SERIES", StudyInstanceUID="*"),
        0xA900,
    ),
}


@pytest.mark.parametrize("bad", BAD_QUERIES)
def test_an_identifier_that_is_broken_is_refused_without_a_match(roles: Mapping[str, Role], bad: str) -> None:
    name, sop_class, dataset, status = BAD_QUERIES[bad]
    role = roles[name]
    with role.associated(sop_class) as connection:
        assert ask(connection, c_find_rq(1, sop_class), dataset).status == status
        connection.release()
    role.still_serves()


def test_a_c_move_that_cannot_be_carried_out_is_refused(pacs: Role) -> None:
    with pacs.associated(STUDY_ROOT_MOVE) as connection:
        study_key = identifier(QueryRetrieveLevel="STUDY", StudyInstanceUID=ULTRASOUND.header.study_instance_uid)
        for destination, dataset, status in (
            ("NOWHERE", study_key, 0xA801),
            ("RADWS", identifier(QueryRetrieveLevel="STUDY"), 0xA900),
            ("RADWS", bytes(range(256)), 0xA900),
        ):
            assert ask(connection, c_move_rq(1, STUDY_ROOT_MOVE, destination), dataset).status == status
        connection.release()
