"""Bad performed procedure steps at the RIS and the PACS: refused with what is wrong, and no step is made or changed."""

import io
from collections.abc import Callable, Mapping
from dataclasses import replace

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, MODALITY_PERFORMED_PROCEDURE_STEP, MODALITY_WORKLIST_FIND
from emulators.wire.commands import c_find_rq, n_create_rq, n_get_rq, n_set_rq
from tests.actors import samples
from tests.serving.bad_input_dicom.pieces import drop, encoded, identifier, put
from tests.serving.bad_input_dicom.systems import Role
from tests.serving.raw_dicom import ask

MPPS = "2.25.4001"


def created(change: Callable[[Dataset], object] = lambda _: None) -> bytes:
    """An N-CREATE for an exam that nobody ordered, changed."""
    started = replace(samples.step_started(mpps_uid=MPPS), scheduled=(), study_instance_uid="2.25.4000")
    _, dataset = codec.encode_request(started, 1, EXPLICIT_VR_LITTLE_ENDIAN)
    content = read_dataset(io.BytesIO(dataset or b""), is_implicit_VR=False, is_little_endian=True)
    with pydicom.config.disable_value_validation():
        change(content)
        return encoded(content)


def in_step(keyword: str, value: str | None) -> Callable[[Dataset], object]:
    def change(dataset: Dataset) -> None:
        (step,) = dataset.ScheduledStepAttributesSequence
        if value is None:
            delattr(step, keyword)
        else:
            step[keyword].value = value

    return change


_TYPE_1 = (
    "ScheduledStepAttributesSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepStatus",
    "Modality",
)

BAD_STEPS: Mapping[str, tuple[bytes, int]] = {
    **{f"no {keyword}": (created(drop(keyword)), 0x0120) for keyword in _TYPE_1},
    **{f"{keyword} without value": (created(put(keyword, "")), 0x0121) for keyword in _TYPE_1[1:]},
    "no step": (created(lambda dataset: setattr(dataset, "ScheduledStepAttributesSequence", [])), 0x0121),
    "no study": (created(in_step("StudyInstanceUID", None)), 0x0120),
    "a study without UID": (created(in_step("StudyInstanceUID", "")), 0x0121),
    "a study UID that is none": (created(in_step("StudyInstanceUID", "study")), 0x0106),
    "a step that has ended": (created(put("PerformedProcedureStepStatus", "COMPLETED")), 0x0106),
    "a start that is no date": (created(put("PerformedProcedureStepStartDate", "20261332")), 0x0106),
    "noise": (bytes(range(256)), 0x0106),
    "a data set that is cut": (created()[:-5], 0x0106),
}


@pytest.mark.parametrize("name", ["ris", "pacs"])
@pytest.mark.parametrize("bad", BAD_STEPS)
def test_an_n_create_that_lacks_what_it_needs_makes_no_step(roles: Mapping[str, Role], name: str, bad: str) -> None:
    dataset, status = BAD_STEPS[bad]
    sop_class, role = MODALITY_PERFORMED_PROCEDURE_STEP, roles[name]
    with role.associated(sop_class) as connection:
        answer = ask(connection, n_create_rq(1, sop_class, MPPS), dataset)
        assert (answer.name, answer.status) == ("N-CREATE-RSP", status)
        assert ask(connection, n_set_rq(2, sop_class, MPPS), b"").status == 0x0112  # there is none
        connection.release()
    role.still_serves()


def ended(status: str) -> bytes:
    dataset = Dataset()
    dataset.PerformedProcedureStepStatus = status
    return encoded(dataset)


def test_what_is_set_wrongly_leaves_a_step_as_it_was(ris: Role) -> None:
    sop_class, uid = MODALITY_PERFORMED_PROCEDURE_STEP, "2.25.4002"
    with ris.associated(sop_class) as connection:
        assert ask(connection, n_create_rq(1, sop_class, uid), created()).status == 0x0000
        assert ask(connection, n_create_rq(1, sop_class, uid), created()).status == 0x0111
        assert ask(connection, n_set_rq(2, sop_class, uid), ended("ENDED")).status == 0x0106
        assert ask(connection, n_set_rq(2, sop_class, uid), ended("COMPLETED")).status == 0x0120  # without series and end
        assert ask(connection, n_set_rq(2, sop_class, "no uid"), ended("DISCONTINUED")).status == 0x0117
        assert ask(connection, n_get_rq(2, sop_class, uid)).status == 0x0211
        assert ask(connection, n_set_rq(2, sop_class, uid), ended("DISCONTINUED")).status == 0x0000
        assert ask(connection, n_set_rq(2, sop_class, uid), ended("IN PROGRESS")).status == 0x0110  # it is final
        connection.release()


def test_a_refusal_names_what_is_wrong(ris: Role) -> None:
    """PS3.7 Annex C: what is wrong, by its tag, in C and in N services; Error ID A710H (PS3.4 F.7.2.2.3)."""
    sop_class, uid = MODALITY_PERFORMED_PROCEDURE_STEP, "2.25.4003"
    with ris.associated(sop_class, MODALITY_WORKLIST_FIND) as connection:
        missing = ask(connection, n_create_rq(1, sop_class, uid), created(drop("Modality")))
        assert (missing.status, missing.elements["AttributeIdentifierList"]) == (0x0120, (0x00080060,))
        wrong = ask(connection, n_create_rq(1, sop_class, uid), created(put("PerformedProcedureStepStatus", "COMPLETED")))
        assert (wrong.status, wrong.elements["AttributeIdentifierList"]) == (0x0106, (0x00400252,))
        assert ask(connection, n_create_rq(1, sop_class, uid), created()).status == 0x0000
        assert ask(connection, n_set_rq(2, sop_class, uid), ended("DISCONTINUED")).status == 0x0000
        final = ask(connection, n_set_rq(2, sop_class, uid), ended("DISCONTINUED"))
        assert (final.status, final.number("ErrorID")) == (0x0110, 0xA710)
        day = identifier(PatientBirthDate="yesterday")
        refused = ask(connection, c_find_rq(3, MODALITY_WORKLIST_FIND), day, 3)
        assert (refused.status, refused.elements["OffendingElement"]) == (0xA900, (0x00100030,))
        connection.release()
