"""The workstation: the reading list in step with the RIS, cases that open, and reports.

How the images come is in test_retrieval, what may be signed when in test_signing.
"""

import pickle
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.effect import Effect
from emulators.core.errors import LocalProtocolError
from emulators.core.event import OutcomeKind
from emulators.messages.common import Patient, PersonName
from emulators.messages.imaging import Admission
from emulators.messages.orders import ReadingListRemoval, ReportStatus
from emulators.messages.query import Find
from emulators.messages.report import Report
from tests.actors.desk import CURRENT, SECOND, SECOND_MATCH, SECOND_STUDY, Desk, asked_for, discarded, entry, match, opened
from tests.actors.samples import (
    ACCESSION,
    HEADER,
    NOW,
    PATIENT,
    PROCEDURE,
    READER,
    SOMEBODY_ELSE,
    STUDY,
    ask,
    note_names,
    notes,
    of_procedure,
    only_send,
    reported,
    sends,
    sent,
    timers,
)

OTHER_READER = PersonName("Bell", "Jo")


def not_sent(effects: Sequence[Effect]) -> list[tuple[str, str]]:
    assert sends(effects) == []
    return [(name, fields["reason"]) for name, _, fields in notes(effects)]


# --- the reading list --------------------------------------------------------------------------------------------------


def test_a_listed_study_is_noted_with_what_a_reader_chooses_by() -> None:
    effects = Desk().ask(entry())
    fields = {"mrn": "M1", "placer": "P1", "study": STUDY, "priority": "ROUTINE"}
    assert notes(effects) == [("study listed", ACCESSION, fields)]
    assert sends(effects) == []


def test_the_list_is_in_the_order_in_which_it_came_with_stat_first() -> None:
    desk = Desk("P1", "P2")
    desk.ask(entry("P3", priority="STAT"))
    assert [one.order.placer_order_number for one in desk.actor.reading_list().values()] == ["P3", "P1", "P2"]


def test_the_list_is_shown_to_who_asks_for_it() -> None:
    desk = Desk("P1", "P2")
    desk.ask(entry("P2", number=2, priority="STAT"))
    shown = notes(desk.touch("show reading list"))
    assert shown == [("reading list", "", {"accessions": [SECOND, ACCESSION]})]


def test_a_case_that_becomes_stat_later_is_noted_again_and_comes_first() -> None:
    desk = Desk("P1", "P2")
    effects = desk.ask(entry("P2", number=2, priority="STAT"))
    assert [(name, subject, fields["priority"]) for name, subject, fields in notes(effects)] == [
        ("study listed", SECOND, "STAT")
    ]
    assert desk.list_of_names() == [SECOND, ACCESSION]


def test_the_status_shows_the_list_and_how_far_each_case_is() -> None:
    desk = Desk("P1", "P2", "P3")
    desk.open_study(SECOND)
    assert [one["state"] for one in desk.actor.status()["reading_list"]] == ["waiting", "assigned", "waiting"]
    desk.found(SECOND_MATCH)
    desk.images_come(study=SECOND_STUDY)
    desk.sign("P")
    assert desk.actor.status()["reading_list"][:2] == [
        {"accession": ACCESSION, "priority": "ROUTINE", "state": "preliminary"},
        {"accession": SECOND, "priority": "ROUTINE", "state": "in progress"},
    ]


def test_an_update_brings_patient_and_order_up_to_date_and_the_case_keeps_its_place() -> None:
    desk = Desk("P1", "P2")
    survivor = replace(PATIENT, patient_id="M9")
    assert note_names(desk.ask(entry("P1", survivor, number=2, body_part="NECK"))) == ["study listed"]
    assert desk.list_of_names() == [ACCESSION, SECOND]
    desk.show(ACCESSION, match(patient=survivor))
    desk.sign()
    desk.ris_takes()
    assert desk.reports()[0].patient == survivor


def test_an_update_while_a_case_is_read_does_not_close_it() -> None:
    desk = Desk("P1")
    desk.show()
    desk.ask(entry("P1", replace(PATIENT, patient_id="M9"), number=2, placer_order_number="P1", body_part="NECK"))
    ((_, _, fields),) = notes(desk.open_study())
    assert (fields["mrn"], fields["body_part"]) == ("M9", "NECK")


def test_a_removed_study_is_off_the_list_and_cannot_be_opened_or_reported() -> None:
    desk = Desk("P1", "P2")
    assert notes(desk.remove()) == [("study unlisted", ACCESSION, {})]
    assert desk.list_of_names() == [SECOND]
    assert notes(desk.open_study()) == [("no such case", ACCESSION, {"stimulus": "open study"})]
    assert notes(desk.sign()) == [("no such case", ACCESSION, {"stimulus": "sign report"})]


def test_a_removal_of_what_is_not_listed_is_taken_and_changes_nothing() -> None:
    desk = Desk("P1")
    assert desk.remove("P7") == []
    assert desk.list_of_names() == [ACCESSION]


def test_a_study_that_is_removed_while_it_is_read_leaves_nothing_on_the_disk() -> None:
    desk = Desk("P1")
    desk.open_study()
    desk.found(CURRENT)
    desk.images_come(2)
    effects = desk.remove()
    assert discarded(effects) == [STUDY]
    assert discarded(desk.images_come(4, first=3)) == [STUDY]  # what was under way
    assert timers(desk.moved(completed=4)) == []


def test_images_that_were_pushed_for_a_case_go_with_it_though_nobody_opened_it() -> None:
    desk = Desk("P1")
    desk.images_come(4)
    assert discarded(desk.remove()) == [STUDY]


def test_images_of_a_study_that_is_listed_again_may_come_before_it_is_opened() -> None:
    desk = Desk("P1")
    desk.remove()
    desk.ask(entry(number=2))
    assert discarded(desk.images_come()) == []


def test_a_study_that_is_listed_again_is_read_again_and_no_control_id_is_used_twice() -> None:
    desk = Desk("P1")
    for number in (1, 2):
        desk.show()
        desk.sign("P")
        desk.ris_takes()
        desk.remove(number=number)
        assert note_names(desk.ask(entry(number=number + 1))) == ["study listed"]
    used = [message.control_id for message in desk.taken]
    assert len(used) == len(set(used)) == 8
    assert [report.status for report in desk.reports()] == ["P", "P"]


def test_an_entry_of_another_study_is_another_case() -> None:
    """Images of a study that is not the order's any more are not what its reader must see."""
    desk = Desk("P1")
    desk.show()
    effects = desk.ask(entry(number=2, study="2.25.77"))
    assert note_names(effects) == ["study listed"]
    assert discarded(effects) == [STUDY]
    assert asked_for([*desk.open_study(), *desk.found(match("2.25.77"))]) == ["2.25.77"]


@pytest.mark.parametrize("is_read", [False, True])
def test_an_accession_number_of_another_patient_and_study_is_refused(is_read: bool) -> None:
    """Two sites may have given it: the reader of the one must not sign, nor add, for the other."""
    desk = Desk("P1")
    if is_read:
        desk.sign("F")
        desk.ris_takes()
    message = entry(patient=replace(PATIENT, patient_id="M9"), number=2, study="2.25.77")
    answer, effects = ask(desk.actor, message, "ris")
    assert (answer.code, answer.error) == ("AE", "205 OBR-18")
    assert note_names(effects) == ["accession in use"]
    desk.touch("sign report", status="C" if is_read else "F", text="Text.")
    desk.ris_takes()
    assert {report.patient for report in desk.reports()} == {PATIENT}


# --- opening -----------------------------------------------------------------------------------------------------------


def test_opening_assigns_the_study_and_looks_for_the_patients_studies() -> None:
    effects = Desk("P1").open_study()
    assert sent(effects) == [("ris", "ReportStatus"), ("pacs", "Find")]
    assert only_send(effects, ReportStatus).message.status == "ASSIGNED"
    assert only_send(effects, Find).message.keys.text("PatientID") == "M1"


def test_an_open_case_shows_the_studys_context() -> None:
    ((name, subject, fields),) = notes(Desk("P1").show())
    assert (name, subject) == ("study opened", ACCESSION)
    assert fields == {
        "mrn": "M1",
        "accession": ACCESSION,
        "placer": "P1",
        "study": STUDY,
        "procedure": PROCEDURE.meaning,
        "modality": "CT",
        "body_part": "CHEST",
        "reason": "Cough",
        "priority": "ROUTINE",
        "referring_physician": "Grey^Ada",
        "priors": 0,
    }


def test_opening_again_does_nothing_while_it_opens_and_then_shows_the_same_again() -> None:
    desk = Desk("P1")
    desk.open_study()
    assert desk.open_study() == []
    desk.found(CURRENT)
    first = notes(desk.images_come())
    again = desk.open_study()
    assert notes(again) == first
    assert sends(again) == []


def test_the_ris_hears_of_each_state_once_and_in_order() -> None:
    desk = Desk("P1")
    desk.show()
    desk.sign("P")
    desk.sign("F")
    desk.ris_takes()
    told = [(type(message).__name__, message.status) for message in desk.taken]
    assert told == [
        ("ReportStatus", "ASSIGNED"),
        ("ReportStatus", "IN PROGRESS"),
        ("Report", "P"),
        ("ReportStatus", "PRELIMINARY"),
        ("Report", "F"),
        ("ReportStatus", "FINAL"),
    ]


def test_every_study_is_admitted() -> None:
    assert ask(Desk().actor, HEADER, "pacs") == (Admission(), [])


# --- read as one -------------------------------------------------------------------------------------------------------


def grouped() -> Desk:
    """Two orders that were done in one study."""
    desk = Desk("P1")
    desk.ask(entry("P2", study=STUDY))
    return desk


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


# --- reports -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["P", "F"])
def test_a_signed_report_goes_to_the_ris_with_the_ids_of_its_study_and_is_noted(status: str) -> None:
    desk = Desk("P1")
    desk.show()
    effects = desk.sign(status, text="FINDINGS:\nNone.")
    assert notes(effects) == [("report signed", "P1", {"accession": ACCESSION, "status": status})]
    desk.ris_takes()
    assert desk.reports() == [
        Report(f"P1-R{status}1", NOW, PATIENT, (reported(),), status, "FINDINGS:\nNone.", READER, NOW),
    ]


def test_the_whole_life_of_a_report_gives_the_right_messages_each_with_its_own_control_id() -> None:
    desk = Desk("P1")
    desk.show()
    desk.sign("P", text="Looks well.")
    desk.sign("F", text="Is well.")
    desk.ris_takes()
    desk.touch("add addendum", text="Compared.")
    desk.sign("C", text="Is not well.")
    desk.touch("add addendum", text="Called.", reader=OTHER_READER)
    desk.sign("C", text="Is well after all.")
    desk.ris_takes()
    assert [(one.control_id, one.status, one.text, one.addendum, one.reader) for one in desk.reports()] == [
        ("P1-RP1", "P", "Looks well.", "", READER),
        ("P1-RF1", "F", "Is well.", "", READER),
        ("P1-RAD1", "F", "", "Compared.", READER),
        ("P1-RC1", "C", "Is not well.", "", READER),
        ("P1-RAD2", "F", "", "Called.", OTHER_READER),
        ("P1-RC2", "C", "Is well after all.", "", READER),
    ]
    assert desk.statuses() == [
        ("P1", "ASSIGNED"),
        ("P1", "IN PROGRESS"),
        ("P1", "PRELIMINARY"),
        ("P1", "FINAL"),
    ]


def test_an_addendum_or_a_correction_need_not_wait_until_the_final_report_is_taken() -> None:
    desk = Desk("P1")
    desk.sign("F")
    assert note_names(desk.touch("add addendum", text="More.")) == ["report signed"]
    assert note_names(desk.sign("C")) == ["report signed"]
    desk.ris_takes()
    assert [report.status for report in desk.reports()] == ["F", "F", "C"]


@pytest.mark.parametrize("status", ["X", "D", "W"])
def test_a_withdrawn_report_has_no_text(status: str) -> None:
    desk = Desk("P1")
    desk.sign("F")
    desk.ris_takes()
    assert notes(desk.touch("withdraw report", status=status)) == [
        ("report signed", "P1", {"accession": ACCESSION, "status": status})
    ]
    desk.ris_takes()
    assert [(report.status, report.text, report.addendum) for report in desk.reports()[1:]] == [(status, "", "")]


def test_no_result_can_be_said_of_a_study_that_nobody_read() -> None:
    desk = Desk("P1")
    desk.images_come()
    desk.touch("withdraw report", status="X")
    assert discarded(desk.ris_takes()) == [STUDY]
    assert desk.list_of_names() == []


def test_after_a_withdrawal_the_study_is_read_anew_when_the_ris_lists_it() -> None:
    desk = Desk("P1")
    desk.sign("F")
    desk.touch("withdraw report", status="W")
    desk.ris_takes()
    assert note_names(desk.ask(entry(number=2))) == ["study listed"]
    assert desk.list_of_names() == [ACCESSION]
    assert opened(desk.show()) == [(ACCESSION, 0)]
    desk.sign("F", text="Of the right patient.")
    desk.ris_takes()
    assert [(report.control_id, report.status) for report in desk.reports()] == [
        ("P1-RF1", "F"),
        ("P1-RW1", "W"),
        ("P1-RF2", "F"),
    ]


def test_an_order_that_is_read_anew_has_left_the_case_it_was_in() -> None:
    desk = grouped()
    desk.sign("F")
    desk.touch("withdraw report", status="W")
    desk.ris_takes()
    desk.ask(entry("P1", number=2))
    desk.sign("F", SECOND)
    desk.sign("F", ACCESSION)
    desk.ris_takes()
    assert [[order.accession_number for order in report.orders] for report in desk.reports()[2:]] == [[SECOND], [ACCESSION]]


def test_what_was_signed_as_final_is_not_sent_as_preliminary_or_final_again() -> None:
    desk = Desk("P1")
    desk.sign("F")
    for status in "PF":
        assert not_sent(desk.sign(status)) == [("report not sent", f"{status} cannot follow F")]
    desk.ris_takes()
    assert not_sent(desk.sign("P")) == [("report not sent", "P cannot follow F")]


def test_what_was_not_signed_is_not_corrected_added_to_or_withdrawn() -> None:
    desk = Desk("P1")
    assert not_sent(desk.sign("C")) == [("report not sent", "C cannot follow nothing")]
    assert not_sent(desk.touch("add addendum", text="More.")) == [("report not sent", "addendum cannot follow nothing")]
    assert not_sent(desk.touch("withdraw report", status="W")) == [("report not sent", "W cannot follow nothing")]


def test_a_report_that_the_ris_refuses_keeps_the_case_and_can_be_signed_again() -> None:
    desk = Desk("P1")
    desk.show()
    desk.ris_takes()
    desk.sign("F")
    effects = desk.ris_answers("AE", "204 OBR-3")
    assert note_names(effects) == ["dead letter"]
    assert discarded(effects) == []
    assert desk.list_of_names() == [ACCESSION]
    desk.ris_takes()
    assert opened(desk.open_study()) == [(ACCESSION, 0)]
    desk.sign("F")
    assert desk.to_ris().message.control_id == "P1-RF2"
    assert discarded(desk.ris_takes()) == [STUDY]


def test_a_refused_report_that_is_sent_again_as_it_was_closes_the_case() -> None:
    desk = Desk("P1")
    desk.sign("F")
    desk.images_come()
    desk.ris_answers("AE", "204 OBR-3")
    desk.touch("resend dead letter", "P1-RF1", to="ris")
    assert discarded(desk.ris_takes()) == [STUDY]
    assert desk.list_of_names() == []


def test_a_report_whose_answer_is_lost_keeps_the_case_until_it_is_taken() -> None:
    desk = Desk("P1")
    desk.images_come()
    desk.sign("F")
    (retry,) = timers(desk.end(desk.to_ris(), OutcomeKind.UNKNOWN))
    assert desk.list_of_names() == [ACCESSION]
    desk.wake(retry.key, retry.at)
    assert desk.to_ris().message.control_id == "P1-RF1"
    assert discarded(desk.ris_takes()) == [STUDY]


def test_an_order_without_a_placer_number_is_reported_under_its_accession_number_until_it_has_one() -> None:
    desk = Desk()
    desk.ask(entry(placer_order_number=""))
    assert notes(desk.sign("P")) == [("report signed", ACCESSION, {"accession": ACCESSION, "status": "P"})]
    desk.ask(entry(number=2, placer_order_number="FP1"))
    assert note_names(desk.sign("F")) == ["report signed"]
    desk.ris_takes()
    assert [report.order.placer_order_number for report in desk.reports()] == ["", "FP1"]


def test_a_preliminary_report_leaves_case_and_images_where_they_are() -> None:
    desk = Desk("P1")
    desk.show()
    desk.sign("P")
    assert discarded(desk.ris_takes()) == []
    assert desk.list_of_names() == [ACCESSION]


# --- two cases at a time -----------------------------------------------------------------------------------------------

accessions = st.sampled_from((ACCESSION, SECOND))


@given(st.lists(accessions, max_size=6), st.permutations((ACCESSION, ACCESSION, SECOND, SECOND)))
def test_switching_between_two_patients_mixes_neither_reports_nor_statuses(opens: list[str], signs: list[str]) -> None:
    """A is opened, then B, then A again, and what is signed is about what was named."""
    desk = Desk("P1")
    desk.ask(entry("P2", SOMEBODY_ELSE))
    for accession in opens:
        desk.open_study(accession)
    signed: set[str] = set()
    for accession in signs:
        desk.sign("F" if accession in signed else "P", accession, text=f"Of {accession}.")
        signed.add(accession)
    desk.ris_takes()
    whose = {ACCESSION: ("P1", PATIENT, STUDY), SECOND: ("P2", SOMEBODY_ELSE, SECOND_STUDY)}
    assert len(desk.reports()) == 4
    for report in desk.reports():
        (order,) = report.orders
        assert report.text == f"Of {order.accession_number}."
        assert whose[order.accession_number] == (order.placer_order_number, report.patient, order.study_instance_uid)
    for status in (message for message in desk.taken if isinstance(message, ReportStatus)):
        assert whose[status.accession_number][:2] == (status.placer_order_number, status.patient)


# --- nothing is left of a patient --------------------------------------------------------------------------------------


def closed_desk() -> Desk:
    """P1 was read and reported; P2 waits."""
    desk = Desk("P1", "P2")
    desk.show(ACCESSION, CURRENT, match("2.25.5", "20250101000000"))
    desk.sign("F", text="Nothing of note.")
    desk.ris_takes()
    return desk


def test_images_and_priors_go_from_the_disk_when_the_final_report_is_taken_and_not_before() -> None:
    desk = Desk("P1")
    desk.show(ACCESSION, CURRENT, match("2.25.5", "20250101000000"))
    assert discarded(desk.sign("F")) == []
    assert discarded(desk.ris_takes()) == [STUDY, "2.25.5"]


def test_images_that_another_case_needs_stay_until_that_one_is_read_too() -> None:
    prior = match("2.25.5", "20250101000000")
    desk = Desk("P1", "P2")
    desk.show(ACCESSION, CURRENT, prior)
    desk.show(SECOND, SECOND_MATCH, prior)
    desk.sign("F")
    assert discarded(desk.ris_takes()) == [STUDY]
    desk.sign("F", SECOND)
    assert sorted(discarded(desk.ris_takes())) == sorted([SECOND_STUDY, "2.25.5"])


def test_images_of_a_case_that_waits_stay_when_they_were_the_priors_of_one_that_is_read() -> None:
    second = match(SECOND_STUDY, "20260301000000")
    desk = Desk("P1", "P2")
    desk.show(ACCESSION, CURRENT, second)
    desk.sign("F")
    assert discarded(desk.ris_takes()) == [STUDY]
    assert opened([*desk.open_study(SECOND), *desk.found(second)]) == [(SECOND, 0)]


def test_images_that_come_when_their_case_has_been_read_go_at_once() -> None:
    desk = closed_desk()
    assert discarded(desk.images_come(6, first=5)) == [STUDY]


def test_images_that_were_discarded_can_come_again_as_priors() -> None:
    desk = closed_desk()
    desk.ask(entry("P3"))
    third = match(study := entry("P3").procedure.study_instance_uid, "20260303080000")
    desk.open_study(entry("P3").procedure.accession_number)
    assert asked_for(desk.found(third, CURRENT)) == [study, STUDY]
    assert discarded(desk.images_come(study=STUDY)) == []
    assert opened(desk.images_come(study=study)) == [(entry("P3").procedure.accession_number, 1)]


def test_an_update_of_a_case_that_has_been_read_is_kept_for_its_addendum_and_not_listed() -> None:
    desk = closed_desk()
    survivor = replace(PATIENT, patient_id="M9")
    assert desk.ask(entry("P1", survivor, number=2)) == []
    assert desk.list_of_names() == [SECOND]
    desk.touch("add addendum", text="More.")
    assert desk.to_ris().message.patient == survivor


def test_a_snapshot_holds_nothing_of_a_case_that_has_been_read_and_all_of_the_others() -> None:
    desk = closed_desk()
    desk.ask(entry("P2", SOMEBODY_ELSE, number=2))
    snapshot = pickle.dumps(desk.actor)
    for gone in (ACCESSION, STUDY, "2.25.5", "Doe", "Jane", "19700101", "Nothing of note", "P1"):
        assert gone.encode() not in snapshot, gone
    restored = Desk()
    restored.actor = pickle.loads(snapshot)
    assert restored.list_of_names() == [SECOND]
    assert opened(restored.show(SECOND, match(SECOND_STUDY, patient=SOMEBODY_ELSE))) == [(SECOND, 0)]
    assert note_names(restored.touch("add addendum", text="More.")) == ["no such case"]


def test_a_case_that_is_read_goes_on_after_a_snapshot_as_without_it() -> None:
    """The parts still know each other."""
    desk = Desk("P1", "P2")
    desk.open_study()
    desk.found(CURRENT)
    desk.images_come(2)
    copy = Desk()
    copy.actor, copy.open = pickle.loads(pickle.dumps(desk.actor)), list(desk.open)
    for one in (desk, copy):
        assert opened(one.images_come(4, first=3)) == [(ACCESSION, 0)]
        one.sign("F")
        assert discarded(one.ris_takes()) == [STUDY]
    assert copy.taken == desk.taken


def test_what_the_ris_says_again_after_a_snapshot_is_the_same_entry() -> None:
    desk = Desk("P1", "P2")
    desk.actor = pickle.loads(pickle.dumps(desk.actor))
    desk.ask(entry("P1"))
    assert desk.list_of_names() == [ACCESSION, SECOND]


# --- what people and peers may get wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stimulus", "data"),
    [
        ("open study", {"reader": READER}),
        ("join studies", {"others": (ACCESSION,)}),
        ("sign report", {"status": "F", "text": "Text."}),
        ("add addendum", {"text": "More."}),
        ("withdraw report", {"status": "W"}),
    ],
)
def test_an_accession_number_that_is_not_known_is_noted(stimulus: str, data: dict[str, Any]) -> None:
    effects = Desk("P1").touch(stimulus, "UNKNOWN", **data)
    assert notes(effects) == [("no such case", "UNKNOWN", {"stimulus": stimulus})]
    assert sends(effects) == []


@pytest.mark.parametrize(
    ("stimulus", "data"),
    [
        ("sign report", {"status": "W", "text": "Text."}),
        ("sign report", {"status": "A", "text": "Text."}),
        ("sign report", {"status": "", "text": "Text."}),
        ("sign report", {"status": "F", "text": ""}),
        ("sign report", {"status": "F", "text": "a\x0bb"}),
        ("sign report", {"status": "C", "text": " \n "}),
        ("add addendum", {"text": ""}),
        ("add addendum", {"text": "a\x00b"}),
        ("withdraw report", {"status": "F"}),
        ("withdraw report", {"status": "W", "text": "Text."}),
    ],
)
def test_what_is_no_report_is_refused_before_anything_changes(stimulus: str, data: dict[str, Any]) -> None:
    desk = Desk("P1")
    desk.sign("F", text="The first.")
    with pytest.raises(LocalProtocolError):
        desk.touch(stimulus, **data)
    desk.ris_takes()
    desk.sign("C")
    desk.ris_takes()
    assert [report.control_id for report in desk.reports()] == ["P1-RF1", "P1-RC1"]


def test_data_that_are_missing_change_nothing() -> None:
    desk = Desk("P1")
    with pytest.raises(KeyError):
        desk.touch("open study")
    assert sent(desk.open_study()) == [("ris", "ReportStatus"), ("pacs", "Find")]


def test_a_repeated_entry_or_removal_has_no_second_effect() -> None:
    desk = Desk("P1")
    assert desk.ask(entry("P1")) == []
    assert note_names(desk.ask(of_procedure(ReadingListRemoval))) == ["study unlisted"]
    assert desk.ask(of_procedure(ReadingListRemoval)) == []
