"""The person at the PACS's hold queue: studies are assigned, accepted and rejected, and no order unsettles that."""

from dataclasses import replace
from typing import Any

import pytest

from emulators.messages import attributes
from emulators.messages.instance_set import InstanceSet
from emulators.messages.orders import ChangeProcedure
from emulators.messages.query import Find, MovePlan
from emulators.messages.query import Move as MoveRequest
from tests.actors.pacs_samples import archive, commit, identity, pacs, sent_header, states
from tests.actors.samples import (
    ACCESSION,
    HEADER,
    PATIENT,
    SOMEBODY_ELSE,
    STUDY,
    WRONG_ENTRY,
    ask,
    images,
    notes,
    of_procedure,
    register_patient,
    schedule_procedure,
    scheduled,
    step_ended,
    step_started,
    stored,
    tell,
    touch,
)


def test_the_status_shows_the_hold_queue_until_a_person_has_settled_it() -> None:
    actor = pacs(schedule_procedure())
    archive(actor)
    archive(actor, replace(HEADER, study_instance_uid="1.2.9", accession_number="TYPED"))
    row = {"study": "1.2.9", "mrn": "M1", "accession": "TYPED", "state": "orphan", "reason": "no order"}
    assert actor.status()["hold_queue"] == [row]
    touch(actor, "accept study", subject="1.2.9")
    assert actor.status()["hold_queue"] == []


def test_an_assigned_study_takes_the_identity_of_the_order() -> None:
    actor = pacs(register_patient(), schedule_procedure())
    wrong = replace(HEADER, patient=SOMEBODY_ELSE, accession_number="TYPED", study_instance_uid="1.2.3")
    assert states(archive(actor, wrong)) == [("orphan", "no order")]
    effects = touch(actor, "assign study", subject="1.2.3", accession=ACCESSION)
    fields = {"mrn": "M1", "accession": ACCESSION, "state": "matched", "reason": "", "by": "person"}
    assert notes(effects) == [("study reconciled", "1.2.3", fields)]
    assert identity(actor, "1.2.3") == ("M1", "Doe^Jane", ACCESSION)
    header = sent_header(actor, "1.2.3")
    assert (header.patient, header.accession_number, header.study_instance_uid) == (PATIENT, ACCESSION, "1.2.3")


def test_an_assigned_study_is_found_under_its_new_identity_alone() -> None:
    actor = pacs(schedule_procedure())
    archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))
    touch(actor, "assign study", subject=STUDY, accession=ACCESSION)
    for key, value, expected in (("PatientID", "M1", 1), ("PatientID", "M2", 0), ("AccessionNumber", ACCESSION, 1)):
        assert len(ask(actor, Find(attributes.of({key: value})))[0].matches) == expected


def test_what_a_person_settled_no_order_unsettles() -> None:
    actor = pacs(schedule_procedure())
    archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))
    assert states(touch(actor, "accept study", subject=STUDY)) == [("matched", "")]
    assert identity(actor) == ("M2", "Roe^Richard", ACCESSION)
    assert ask(actor, of_procedure(ChangeProcedure), "ris")[1] == []
    assert identity(actor) == ("M2", "Roe^Richard", ACCESSION)


def test_a_rejected_study_is_kept_and_shown_to_nobody() -> None:
    actor = pacs(schedule_procedure())
    archive(actor)
    assert states(touch(actor, "reject study", subject=STUDY)) == [("rejected", "")]
    assert identity(actor) is None
    plan = ask(actor, MoveRequest(attributes.of({"StudyInstanceUID": STUDY}), destination="RADWS"))[0]
    assert plan == MovePlan("workstation", ())
    assert commit(actor, images(1, 4)).committed_instances == images(1, 4)


def test_a_study_of_a_wrong_worklist_entry_is_shown_once_a_person_assigns_it() -> None:
    actor = pacs(schedule_procedure("P1"), schedule_procedure("P2", SOMEBODY_ELSE))
    ask(actor, step_started(), "ris")
    ask(actor, step_ended(status="DISCONTINUED", reason=WRONG_ENTRY), "ris")
    archive(actor)
    second = scheduled("P2").accession_number
    touch(actor, "assign study", subject=STUDY, accession=second)
    assert identity(actor) == ("M2", "Roe^Richard", second)


@pytest.mark.parametrize(
    ("stimulus", "data", "reason"),
    [
        ("assign study", {"subject": STUDY, "accession": "NONE"}, "no such order"),
        ("assign study", {"subject": "1.2.3", "accession": ACCESSION}, "no such study"),
        ("accept study", {"subject": "1.2.3"}, "no such study"),
        ("reject study", {"subject": "1.2.3"}, "no such study"),
    ],
)
def test_what_a_person_cannot_do_is_said(stimulus: str, data: dict[str, Any], reason: str) -> None:
    actor = pacs(schedule_procedure())
    archive(actor)
    effects = touch(actor, stimulus, **data)
    assert notes(effects) == [("not done", data["subject"], {"stimulus": stimulus, "reason": reason})]


def test_a_study_that_a_wrong_and_a_right_exam_share_is_not_given_to_another_patient() -> None:
    actor = pacs(schedule_procedure("P1"), schedule_procedure("P2", SOMEBODY_ELSE), step_started())
    archive(actor)
    ask(actor, step_ended(status="DISCONTINUED", reason=WRONG_ENTRY), "ris")
    tell(actor, stored(InstanceSet(f"{STUDY}.2", 1, 2)))
    touch(actor, "assign study", subject=STUDY, accession=scheduled("P2").accession_number)
    assert identity(actor) == ("M1", "Doe^Jane", ACCESSION)
