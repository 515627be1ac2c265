"""The workstation's reading list: in step with the RIS, in the order in which a reader takes it, and what a removal leaves."""

from dataclasses import replace

import pytest

from emulators.messages.orders import ReadingListRemoval
from tests.actors.desk import CURRENT, SECOND, SECOND_MATCH, SECOND_STUDY, Desk, asked_for, discarded, entry, match
from tests.actors.samples import ACCESSION, PATIENT, STUDY, ask, note_names, notes, of_procedure, sends, timers


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


def test_a_repeated_entry_or_removal_has_no_second_effect() -> None:
    desk = Desk("P1")
    assert desk.ask(entry("P1")) == []
    assert note_names(desk.ask(of_procedure(ReadingListRemoval))) == ["study unlisted"]
    assert desk.ask(of_procedure(ReadingListRemoval)) == []
