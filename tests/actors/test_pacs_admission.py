"""What the PACS admits: a study UID has one patient, an issuer is put in, and without space nothing is taken."""

from dataclasses import replace

from emulators.actors.pacs import Pacs
from emulators.messages.imaging import Admission
from tests.actors.pacs_samples import archive, identity, pacs, sent_header
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    HEADER,
    PATIENT,
    SOMEBODY_ELSE,
    STUDY,
    ask,
    images,
    notes,
    schedule_procedure,
    stored,
    tell,
    touch,
)

# --- admission ---------------------------------------------------------------------------------------------------------


def test_a_study_uid_that_another_patient_has_already_is_refused() -> None:
    actor = pacs()
    archive(actor)
    admission, effects = ask(actor, replace(HEADER, patient=SOMEBODY_ELSE), "ct1")
    assert admission == Admission(0xC000)
    fields = {"mrn": "M2", "accession": ACCESSION, "reason": "study UID of another patient"}
    assert notes(effects) == [("study refused", STUDY, fields)]


def test_the_rest_of_a_study_comes_under_the_old_or_the_new_identity() -> None:
    actor = pacs(schedule_procedure())
    archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))
    touch(actor, "assign study", subject=STUDY, accession=ACCESSION)
    for patient in (SOMEBODY_ELSE, PATIENT):
        assert ask(actor, replace(HEADER, patient=patient), "ct1") == (Admission(), [])


def test_a_study_is_found_when_a_batch_of_it_was_told_and_not_before() -> None:
    actor = pacs()
    ask(actor, HEADER, "ct1")
    assert identity(actor) is None
    tell(actor, stored(images(1, 1)))
    assert identity(actor) is not None


# --- coercion ----------------------------------------------------------------------------------------------------------


def test_images_without_an_issuer_are_taken_with_a_warning_and_leave_with_the_configured_one() -> None:
    """dicom.store.coerce.1."""
    actor = Pacs("pacs", CLOCK, {"RADWS": "workstation"}, default_issuer="NORTH")
    said = replace(HEADER, patient=replace(PATIENT, issuer=""))
    assert ask(actor, said, "ct1") == (Admission(0xB000), [])
    tell(actor, stored(images(1, 4)))
    assert sent_header(actor).patient == replace(PATIENT, issuer="NORTH")
    assert ask(actor, said, "ct1") == (Admission(0xB000), [])
    assert ask(actor, replace(HEADER, study_instance_uid="1.2.3"), "ct1") == (Admission(), [])


# --- space -------------------------------------------------------------------------------------------------------------


def test_without_space_images_are_refused_for_now_and_what_is_here_is_found() -> None:
    """dicom.store.status.4."""
    actor = pacs(schedule_procedure())
    archive(actor)
    assert notes(touch(actor, "run out of space")) == [("out of space", "pacs", {})]
    other = replace(HEADER, study_instance_uid="1.2.3")
    assert ask(actor, other, "ct1") == (Admission(0xA700), [])
    assert identity(actor) is not None
    assert notes(touch(actor, "have space again")) == [("space again", "pacs", {})]
    assert ask(actor, other, "ct1") == (Admission(), [])
