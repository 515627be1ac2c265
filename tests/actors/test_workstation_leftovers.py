"""Nothing is left of a patient at the workstation once the case has been read: not on the disk, not in a snapshot."""

import pickle
from dataclasses import replace

from tests.actors.desk import CURRENT, SECOND, SECOND_MATCH, SECOND_STUDY, Desk, asked_for, discarded, entry, match, opened
from tests.actors.samples import ACCESSION, PATIENT, SOMEBODY_ELSE, STUDY, note_names


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
