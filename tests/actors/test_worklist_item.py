"""Worklist entries: every key is there, and what is written is read back; entries of other makers are read or refused."""

from dataclasses import replace

import pytest

from emulators.actors.worklist_item import (
    is_urgent,
    patient_of,
    referring_physician_of,
    scheduled_reference,
    start_of,
    step_of,
    worklist_item,
)
from emulators.core.errors import RemoteProtocolError
from emulators.messages.attributes import NOTHING, Attributes, Value, of
from emulators.messages.common import NO_CODE, Code, PersonName
from emulators.messages.worklist import KEYS, STEPS
from tests.actors.samples import ACCESSION, NOW, PATIENT, PROCEDURE, PROTOCOL, STUDY, VISIT, order, scheduled

ITEM = worklist_item(PATIENT, VISIT, order(), scheduled())


def changed(step: dict[str, Value] | None = None, **values: Value) -> Attributes:
    return ITEM.with_values({**values, STEPS: (step_of(ITEM).with_values(step or {}),)})


# --- writing -----------------------------------------------------------------------------------------------------------


def test_an_entry_holds_every_key_of_the_table_and_no_other() -> None:
    assert [keyword for keyword, _ in ITEM] == [keyword for keyword, _ in KEYS]
    assert [keyword for keyword, _ in step_of(ITEM)] == [keyword for keyword, _ in KEYS.item(STEPS)]


def test_keys_of_type_1_have_values() -> None:
    """PS3.4 Table K.6-1."""
    for keyword in ("RequestedProcedureID", "StudyInstanceUID", "PatientName", "PatientID", "RequestedProcedureDescription"):
        assert ITEM.text(keyword)
    for keyword in (
        "ScheduledStationAETitle",
        "ScheduledProcedureStepStartDate",
        "ScheduledProcedureStepStartTime",
        "Modality",
        "ScheduledProcedureStepID",
        "ScheduledProcedureStepDescription",
    ):
        assert step_of(ITEM).text(keyword)


def test_request_and_protocol_have_description_and_code() -> None:
    assert ITEM.text("RequestedProcedureDescription") == PROCEDURE.meaning
    assert ITEM.item("RequestedProcedureCodeSequence").text("CodeValue") == PROCEDURE.value
    assert step_of(ITEM).text("ScheduledProcedureStepDescription") == PROTOCOL.meaning
    assert step_of(ITEM).item("ScheduledProtocolCodeSequence").text("CodingSchemeDesignator") == PROTOCOL.scheme


def test_a_procedure_that_has_no_code_has_a_description_alone() -> None:
    item = worklist_item(PATIENT, VISIT, replace(order(), procedure=Code("", "", "Chest")), scheduled())
    assert ("RequestedProcedureCodeSequence", ()) in item.elements
    assert scheduled_reference(item).procedure == Code("", "", "Chest")


def test_what_is_known_of_order_and_visit_is_in_the_entry() -> None:
    said = {
        "PlacerOrderNumberImagingServiceRequest": "P1",
        "FillerOrderNumberImagingServiceRequest": ACCESSION,
        "AdmissionID": "V1",
        "CurrentPatientLocation": "CLINIC",
        "ReferringPhysicianName": "Grey^Ada",
        "RequestingPhysician": "Grey^Ada",
        "RequestedProcedurePriority": "ROUTINE",
        "ReasonForTheRequestedProcedure": "Cough",
        "IssuerOfPatientID": "RADLOOP",
        "PatientWeight": "",
        "Allergies": "",
    }
    assert {keyword: ITEM.text(keyword) for keyword in said} == said
    performed_by = replace(scheduled(), performing_physician=PersonName("House", "Gregory"))
    step = step_of(worklist_item(PATIENT, VISIT, order(), performed_by))
    assert step.text("ScheduledPerformingPhysicianName") == "House^Gregory"
    assert step.text("ScheduledProcedureStepStatus") == "SCHEDULED"
    assert step.text("Modality") == "CT"


# --- reading -----------------------------------------------------------------------------------------------------------


def test_what_was_written_is_read() -> None:
    assert patient_of(ITEM) == PATIENT
    assert start_of(ITEM) == NOW
    assert referring_physician_of(ITEM) == VISIT.referring_physician
    reference, step = scheduled_reference(ITEM), scheduled()
    assert (reference.accession_number, reference.study_instance_uid) == (ACCESSION, STUDY)
    assert (reference.requested_procedure_id, reference.step_id) == (step.requested_procedure_id, step.step_id)
    assert (reference.placer_order_number, reference.procedure, reference.protocol) == ("P1", PROCEDURE, PROTOCOL)


def test_a_name_keeps_its_component_groups() -> None:
    name = PersonName("Yamada", "Tarou", ideographic="山田^太郎", phonetic="やまだ^たろう")
    assert patient_of(worklist_item(replace(PATIENT, name=name), VISIT, order(), scheduled())).name == name


@pytest.mark.parametrize(
    ("priority", "urgent"), [("STAT", True), ("HIGH", True), ("ROUTINE", False), ("LOW", False), ("", False)]
)
def test_what_is_urgent_is_not_taken_for_routine(priority: str, urgent: bool) -> None:
    assert is_urgent(changed(RequestedProcedurePriority=priority)) is urgent


def test_an_entry_of_another_maker_is_read_as_far_as_it_can_be() -> None:
    item = changed(PatientBirthDate="1970.01.01", PatientSex="f", PatientID="M1\\M2")
    assert patient_of(item) == PATIENT
    item = changed(PatientBirthDate="about 1970", PatientSex="unknown")
    assert patient_of(item) == replace(PATIENT, birth_date="", sex="")
    assert patient_of(NOTHING).patient_id == ""
    assert scheduled_reference(NOTHING).procedure == NO_CODE


@pytest.mark.parametrize(
    ("date", "time", "start"),
    [
        ("20260302", "0815", "20260302081500"),
        ("2026.03.02", "08:15:30", "20260302081530"),
        ("20260302", "081530.25", "20260302081530"),
        ("20260302", "", "20260302000000"),
        ("", "0815", ""),
        ("20260302", "9999", ""),
        ("tomorrow", "0815", ""),
    ],
)
def test_a_start_is_read_to_the_second_or_not_at_all(date: str, time: str, start: str) -> None:
    step: dict[str, Value] = {"ScheduledProcedureStepStartDate": date, "ScheduledProcedureStepStartTime": time}
    assert start_of(changed(step)) == start


@pytest.mark.parametrize(
    "values",
    [{"AccessionNumber": "A" * 17}, {"StudyInstanceUID": "1.02"}, {"RequestedProcedureID": "R" * 17}],
)
def test_an_identifier_that_nobody_could_carry_is_the_other_makers_fault(values: dict[str, Value]) -> None:
    with pytest.raises(RemoteProtocolError, match="worklist item"):
        scheduled_reference(ITEM.with_values(values))
    with pytest.raises(RemoteProtocolError, match="worklist item"):
        patient_of(of({"PatientName": "A" * 65}))
