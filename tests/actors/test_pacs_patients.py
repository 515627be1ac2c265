"""Patients at the PACS: updates and merges reach the studies that are here, and those that come later."""

from dataclasses import replace

import pytest

from emulators.messages import attributes
from emulators.messages.adt import UpdatePerson
from emulators.messages.common import Patient, PersonName
from emulators.messages.imaging import StudyHeader
from emulators.messages.query import Find
from tests.actors.pacs_samples import archive, identity, pacs, sent_header, states
from tests.actors.samples import (
    ACCESSION,
    HEADER,
    PATIENT,
    SOMEBODY_ELSE,
    ask,
    merge_patients,
    register_patient,
    schedule_procedure,
    scheduled,
    update_patient,
)

MARRIED = replace(PATIENT, name=PersonName("Smith", "Jane"))


def test_a_matched_study_bears_the_name_of_the_order_and_not_of_its_images() -> None:
    actor = pacs(schedule_procedure())
    archive(actor, replace(HEADER, patient=replace(PATIENT, name=PersonName("Deo", "Jane"))))
    assert identity(actor) == ("M1", "Doe^Jane", ACCESSION)


@pytest.mark.parametrize("kind", [type(update_patient()), UpdatePerson])
def test_an_update_changes_the_studies_of_the_patient(kind: type) -> None:
    """hl7.adt.upd.1 and pir.case.1: in C-FIND, and in what leaves."""
    actor = pacs(register_patient(), schedule_procedure())
    archive(actor)
    ask(actor, update_patient(MARRIED, kind=kind))
    assert identity(actor) == ("M1", "Smith^Jane", ACCESSION)
    assert sent_header(actor).patient == MARRIED


def test_after_a_merge_everything_is_under_the_surviving_id() -> None:
    """hl7.adt.merge.1: studies, orders and what is still expected."""
    actor = pacs(register_patient(), schedule_procedure("P1", SOMEBODY_ELSE), schedule_procedure("P2", SOMEBODY_ELSE))
    archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))
    ask(actor, merge_patients())
    assert identity(actor) == ("M1", "Doe^Jane", ACCESSION)
    assert ask(actor, Find(attributes.of({"PatientID": "M2"})))[0].matches == ()
    later = StudyHeader(PATIENT, scheduled("P2").accession_number, scheduled("P2").study_instance_uid, "", "CT", "")
    assert states(archive(actor, later)) == [("matched", "")]


def test_images_that_come_under_a_merged_id_are_filed_under_the_survivor() -> None:
    """hl7.adt.merge.2: the merge comes while the exam goes on."""
    actor = pacs(schedule_procedure(patient=SOMEBODY_ELSE), merge_patients())
    assert states(archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))) == [("matched", "")]
    assert identity(actor) == ("M1", "Doe^Jane", ACCESSION)


def test_a_merge_makes_a_study_fit_that_was_held_for_its_patient() -> None:
    actor = pacs(schedule_procedure())
    assert states(archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))) == [("held", "patient differs")]
    assert states(ask(actor, merge_patients())[1]) == [("matched", "")]


def test_a_merge_across_assigning_authorities_is_refused() -> None:
    actor = pacs(register_patient())
    elsewhere = replace(SOMEBODY_ELSE, issuer="ELSEWHERE")
    acknowledgement, effects = ask(actor, merge_patients(prior=elsewhere))
    assert (acknowledgement.code, acknowledgement.error, effects) == ("AE", "204 MRG-1", [])


def test_two_patients_may_have_the_same_number_of_two_authorities() -> None:
    """hl7.adt.id.1."""
    other = Patient("M1", "ELSEWHERE", PersonName("Poe", "Paul"), "19500101", "M")
    actor = pacs(register_patient(), register_patient(other, "V2-A041"))
    archive(actor)
    archive(actor, replace(HEADER, patient=other, study_instance_uid="1.2.3", accession_number="X1"))
    issuers = attributes.of({"PatientID": "M1", "IssuerOfPatientID": "", "NumberOfPatientRelatedStudies": ""})
    found = ask(actor, Find(issuers, "PATIENT", "PATIENT"))[0].matches
    assert {one.text("IssuerOfPatientID") for one in found} == {"RADLOOP", "ELSEWHERE"}
    assert {one.text("NumberOfPatientRelatedStudies") for one in found} == {"1"}
