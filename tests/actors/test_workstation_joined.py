"""Orders that the workstation reads as one: of one study, or joined by a person; opened, reported and removed together."""

from dataclasses import replace

import pytest

from emulators.messages.common import Patient
from emulators.messages.orders import ReportStatus
from tests.actors.desk import (
    CURRENT,
    SECOND,
    SECOND_MATCH,
    SECOND_STUDY,
    Desk,
    asked_for,
    discarded,
    entry,
    grouped,
    match,
    opened,
)
from tests.actors.samples import ACCESSION, PATIENT, SOMEBODY_ELSE, STUDY, note_names, notes, only_send, reported, sends


def test_orders_of_one_study_are_one_case_and_open_together() -> None:
    desk = grouped()
    assert opened(desk.show(SECOND)) == [(ACCESSION, 0), (SECOND, 0)]
    desk.ris_takes()
    assert desk.statuses() == [("P1", "ASSIGNED"), ("P2", "ASSIGNED"), ("P1", "IN PROGRESS"), ("P2", "IN PROGRESS")]


@pytest.mark.parametrize("signed", [ACCESSION, SECOND])
def test_one_report_answers_all_orders_of_a_study_and_each_is_noted(signed: str) -> None:
    desk = grouped()
    desk.show()
    effects = desk.sign("F", signed)
    assert notes(effects) == [
        ("report signed", "P1", {"accession": ACCESSION, "status": "F"}),
        ("report signed", "P2", {"accession": SECOND, "status": "F"}),
    ]
    assert discarded(desk.ris_takes()) == [STUDY]
    (report,) = desk.reports()
    assert report.orders == (reported("P1"), replace(reported("P2"), study_instance_uid=STUDY))
    assert desk.list_of_names() == []


def test_an_order_of_a_study_that_is_being_read_joins_its_case_as_far_as_that_is() -> None:
    desk = Desk("P1")
    desk.show()
    desk.ris_takes()
    effects = desk.ask(entry("P2", study=STUDY))
    assert note_names(effects) == ["study listed", "study opened"]
    desk.ris_takes()
    assert desk.statuses()[-2:] == [("P2", "ASSIGNED"), ("P2", "IN PROGRESS")]


def test_the_same_study_uid_of_another_patient_is_another_case() -> None:
    desk = Desk("P1")
    desk.ask(entry("P2", SOMEBODY_ELSE, study=STUDY))
    desk.sign("F", SECOND)
    desk.sign("F", ACCESSION)
    desk.ris_takes()
    assert [(report.patient.patient_id, len(report.orders)) for report in desk.reports()] == [("M2", 1), ("M1", 1)]


def test_an_order_of_a_study_that_is_signed_already_is_read_for_itself() -> None:
    desk = Desk("P1")
    desk.sign("F")
    desk.ask(entry("P2", study=STUDY))
    assert [order.accession_number for order in desk.to_ris().message.orders] == [ACCESSION]
    assert note_names(desk.sign("F", SECOND)) == ["report signed"]


def test_studies_that_a_person_joins_are_opened_and_reported_as_one() -> None:
    desk = Desk("P1", "P2")
    assert desk.touch("join studies", others=(SECOND,)) == []
    assert opened(desk.show()) == [(ACCESSION, 0), (SECOND, 0)]
    desk.sign("F")
    assert sorted(discarded(desk.ris_takes())) == sorted([STUDY, SECOND_STUDY])
    (report,) = desk.reports()
    assert report.orders == (reported("P1"), reported("P2"))
    assert desk.statuses()[-2:] == [("P1", "FINAL"), ("P2", "FINAL")]


def test_a_study_that_is_joined_to_an_open_case_is_brought_before_the_case_is_open_again() -> None:
    desk = Desk("P1", "P2")
    desk.show(ACCESSION, CURRENT)
    desk.ris_takes()
    effects = desk.touch("join studies", others=(SECOND,))
    assert only_send(effects, ReportStatus).message.placer_order_number == "P2"
    assert asked_for(desk.found(CURRENT, SECOND_MATCH)) == [SECOND_STUDY]
    assert opened(desk.images_come(study=SECOND_STUDY)) == [(ACCESSION, 0), (SECOND, 0)]


def test_a_case_that_is_joined_while_it_opens_does_not_open_for_itself() -> None:
    desk = Desk("P1", "P2")
    desk.open_study(SECOND)
    desk.found(SECOND_MATCH)
    desk.touch("join studies", others=(SECOND,))
    assert desk.images_come(study=SECOND_STUDY) == []


def test_joining_a_case_that_was_open_for_itself_leaves_none_of_its_images_behind() -> None:
    prior = match("2.25.5", "20250101000000")
    desk = Desk("P1", "P2")
    desk.show(SECOND, SECOND_MATCH, prior)
    desk.touch("join studies", others=(SECOND,))
    desk.sign()
    assert sorted(discarded(desk.ris_takes())) == sorted([SECOND_STUDY, "2.25.5"])


def test_a_removed_order_leaves_the_others_of_its_case_to_be_read() -> None:
    desk = Desk("P1", "P2")
    desk.touch("join studies", others=(SECOND,))
    desk.open_study()
    desk.found(CURRENT, SECOND_MATCH)
    desk.images_come()
    assert discarded(desk.remove("P1")) == [STUDY]
    desk.found(SECOND_MATCH)  # it is looked for under the number that is left
    assert opened(desk.images_come(study=SECOND_STUDY)) == [(SECOND, 0)]
    desk.sign("F", SECOND)
    desk.ris_takes()
    assert [order.accession_number for order in desk.reports()[0].orders] == [SECOND]


def test_an_order_that_is_removed_from_an_open_case_does_not_close_it() -> None:
    desk = grouped()
    desk.show()
    assert notes(desk.remove("P1")) == [("study unlisted", ACCESSION, {})]
    assert opened(desk.open_study(SECOND)) == [(SECOND, 0)]


@pytest.mark.parametrize(
    ("patient", "signed", "reason"),
    [(PATIENT, None, "not on the list"), (SOMEBODY_ELSE, "", "of another patient"), (PATIENT, "P", "signed already")],
)
def test_what_cannot_be_read_as_one_is_not_joined(patient: Patient, signed: str | None, reason: str) -> None:
    desk = Desk("P1")
    if signed is not None:
        desk.ask(entry("P2", patient))
    if signed:
        desk.sign(signed, SECOND)
    effects = desk.touch("join studies", others=(SECOND,))
    assert notes(effects) == [("studies not joined", ACCESSION, {"other": SECOND, "reason": reason})]
    assert sends(effects) == []


def test_joining_again_or_with_itself_changes_nothing() -> None:
    desk = Desk("P1", "P2")
    for _ in range(2):
        assert desk.touch("join studies", others=(SECOND, ACCESSION)) == []
    desk.sign("F", SECOND)
    desk.ris_takes()
    assert [order.accession_number for order in desk.reports()[0].orders] == [ACCESSION, SECOND]
