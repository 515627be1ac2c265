"""A case opens when its images are here; which priors come along, and what a slow or odd archive does to it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from emulators.actors.priors import PriorRule
from emulators.actors.retrieval import LOOK_AGAIN_US, PRIORS_LIMIT_US
from emulators.core.errors import LocalProtocolError
from emulators.core.event import OutcomeKind
from emulators.core.instant import SECOND as ONE_SECOND
from emulators.messages.attributes import Attributes
from emulators.messages.query import MoveResult
from tests.actors.desk import (
    CURRENT,
    OLDER_PRIOR,
    PRIOR,
    PRIORS,
    SECOND,
    SECOND_MATCH,
    SECOND_STUDY,
    Desk,
    asked_for,
    discarded,
    entry,
    match,
    opened,
)
from tests.actors.samples import ACCESSION, PATIENT, STUDY, cancelled, note_names, notes, sends, sent, timers

LATER = match("2.25.3", "20260302080001", "5")
NOT_COUNTED = match(instances="")


def looking(*studies: Attributes, rule: PriorRule | None = None) -> Desk:
    """P1 is being opened, and these studies are found."""
    desk = Desk("P1", rule=rule)
    desk.open_study()
    desk.found(*(studies or (CURRENT,)))
    return desk


def priors_of(rule: PriorRule, *others: Attributes) -> Sequence[str]:
    """What is asked for beside the study."""
    desk = Desk("P1", rule=rule)
    desk.open_study()
    first, *rest = asked_for(desk.found(CURRENT, *others))
    assert first == STUDY
    return rest


# --- which priors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "expected"), [(0, []), (1, [PRIOR]), (2, [PRIOR, OLDER_PRIOR]), (9, [PRIOR, OLDER_PRIOR])])
def test_the_newest_of_the_earlier_studies_come_along(count: int, expected: list[str]) -> None:
    assert priors_of(PriorRule(count), LATER, *PRIORS) == expected


def test_by_rule_they_are_of_the_same_modality() -> None:
    others = (
        match("2.25.11", "20250501100000", ModalitiesInStudy="MR"),
        match("2.25.12", "20240501100000", ModalitiesInStudy="MR\\CT\\SR"),
        match("2.25.13", "20230501100000", ModalitiesInStudy="CT"),
        match("2.25.14", "20220501100000", ModalitiesInStudy=""),
    )
    assert priors_of(PriorRule(2, same_modality=True), *others) == ["2.25.12", "2.25.13"]
    assert priors_of(PriorRule(2, same_modality=False), *others) == ["2.25.11", "2.25.12"]


def test_studies_of_another_patient_with_the_same_number_are_no_priors() -> None:
    elsewhere = match("2.25.11", "20250501100000", patient=replace(PATIENT, issuer="ELSEWHERE"))
    no_issuer = match("2.25.12", "20240501100000", patient=replace(PATIENT, issuer=""))
    other_number = match("2.25.13", "20250601100000", patient=replace(PATIENT, patient_id="M2"))
    assert priors_of(PriorRule(9), elsewhere, no_issuer, other_number) == ["2.25.12"]


def test_an_archive_that_does_not_date_the_study_still_gives_priors() -> None:
    desk = Desk("P1")
    desk.open_study()
    assert asked_for(desk.found(match(study_at=""), *PRIORS)) == [STUDY, PRIOR]


def test_priors_are_looked_for_under_the_number_that_the_patient_has_now() -> None:
    desk = Desk("P1")
    desk.ask(entry("P1", replace(PATIENT, patient_id="M9"), number=2))
    (query,) = [send.message for send in sends(desk.open_study()) if send.to == "pacs"]
    assert query.keys.text("PatientID") == "M9"


# --- opening -----------------------------------------------------------------------------------------------------------


def test_a_case_opens_when_all_images_of_study_and_prior_are_here_and_not_before() -> None:
    desk = looking(CURRENT, *PRIORS)
    assert desk.images_come(2, PRIOR) == []
    assert desk.images_come(3) == []
    assert opened(desk.images_come(4, first=4)) == [(ACCESSION, 1)]


def test_a_move_names_the_study_and_nothing_else() -> None:
    """Only unique keys (PS3.4 C.4.2.1.4.1)."""
    (move,) = [send.message for send in looking().open if send.to == "pacs"]
    assert list(move.keys) == [("StudyInstanceUID", STUDY)]
    assert (move.destination, move.level, move.root) == ("RADWS", "STUDY", "STUDY")


def test_images_that_are_sent_again_do_not_count_twice() -> None:
    desk = looking()
    for _ in range(2):
        assert desk.images_come(2) == []
    assert opened(desk.images_come(4, first=3)) == [(ACCESSION, 0)]


def test_the_counters_of_a_move_open_nothing() -> None:
    """A C-MOVE may report success for images that went elsewhere."""
    desk = looking()
    effects = desk.answer(desk.move(), MoveResult(4, 0, 0), now=100)
    assert notes(effects) == [("images missing", STUDY, {"here": 0, "status": "0000H"})]
    assert [timer.at for timer in timers(effects)] == [100 + LOOK_AGAIN_US]


@pytest.mark.parametrize(
    ("here", "answer"),
    [
        (3, {"completed": 3, "failed": 1, "status": 0xB000}),
        (0, {"failed": 4, "status": 0xA702}),
        (0, {"failed": 4, "status": 0xA701}),
        (0, {"status": 0xA801}),
        (2, {"status": 0xC000}),
        (0, {}),  # nothing matched
    ],
)
def test_what_is_missing_when_the_move_is_over_is_noted_and_asked_for_again(here: int, answer: dict[str, int]) -> None:
    desk = looking()
    if here:
        assert desk.images_come(here) == []
    effects = desk.moved(STUDY, **answer)
    assert ("images missing", STUDY, {"here": here, "status": f"{answer.get('status', 0):04X}H"}) in notes(effects)
    (timer,) = timers(effects)
    assert asked_for(desk.wake(timer.key, timer.at)) == [STUDY]
    assert opened(desk.images_come(4, first=here + 1)) == [(ACCESSION, 0)]
    assert desk.moved(completed=4) == []


def test_a_lost_answer_of_a_move_costs_nothing_when_the_images_are_here() -> None:
    desk = looking()
    assert opened(desk.images_come()) == [(ACCESSION, 0)]
    (retry,) = timers(desk.end(desk.move(), OutcomeKind.UNKNOWN))
    desk.wake(retry.key, retry.at)  # the outbox does not know of images
    assert desk.moved(completed=4) == []


def test_a_lost_move_is_asked_for_again() -> None:
    desk = looking()
    (retry,) = timers(desk.end(desk.move(), OutcomeKind.UNKNOWN))
    assert asked_for(desk.wake(retry.key, retry.at)) == [STUDY]
    assert opened(desk.images_come()) == [(ACCESSION, 0)]


def test_a_timer_that_finds_all_images_here_asks_for_nothing() -> None:
    desk = looking()
    (timer,) = timers(desk.moved(failed=4, status=0xA702))
    desk.images_come()
    assert desk.wake(timer.key, timer.at) == []


def test_a_case_whose_images_are_all_here_opens_at_once() -> None:
    desk = Desk("P1", rule=PriorRule(0))
    desk.images_come()
    desk.open_study()
    effects = desk.found(CURRENT, *PRIORS)
    assert asked_for(effects) == []
    assert opened(effects) == [(ACCESSION, 0)]


# --- an archive that has nothing yet, or does not say ------------------------------------------------------------------


@pytest.mark.parametrize("answered", [(), PRIORS])
def test_a_study_that_the_archive_does_not_have_yet_is_looked_for_again(answered: tuple[Attributes, ...]) -> None:
    desk = Desk("P1")
    desk.open_study()
    assert [find.message.keys.text("StudyInstanceUID") for find in sends(desk.found(*answered))] == [STUDY]
    effects = desk.found(now=3 * ONE_SECOND)
    assert sends(effects) == []
    (timer,) = timers(effects)
    assert timer.at == 3 * ONE_SECOND + LOOK_AGAIN_US
    assert sent(desk.wake(timer.key, timer.at)) == [("pacs", "Find")]
    assert asked_for(desk.found(CURRENT)) == [STUDY]


def test_a_study_that_is_filed_under_what_was_typed_is_found_by_its_uid_and_has_the_priors_of_the_patient() -> None:
    desk = Desk("P1")
    desk.open_study()
    desk.found(*PRIORS)
    effects = desk.found(match(patient=replace(PATIENT, patient_id="M2")))
    assert asked_for(effects) == [STUDY, PRIORS[-1].text("StudyInstanceUID")]


def test_a_query_that_is_refused_is_noted_and_asked_again() -> None:
    desk = Desk("P1")
    desk.open_study()
    effects = desk.found(status=0xA900)
    assert note_names(effects) == ["delivery refused"]
    (timer,) = timers(effects)
    assert sent(desk.wake(timer.key, timer.at)) == [("pacs", "Find")]


def test_a_list_that_ends_with_a_failure_is_used_if_the_study_is_on_it() -> None:
    desk = Desk("P1")
    desk.open_study()
    effects = desk.found(CURRENT, status=0xC001)
    assert note_names(effects) == ["delivery refused"]
    assert asked_for(effects) == [STUDY]


def test_a_query_to_an_archive_that_is_away_is_tried_again_by_the_outbox() -> None:
    desk = Desk("P1")
    desk.open_study()
    (find,) = [send for send in desk.open if send.to == "pacs"]
    (retry,) = timers(desk.end(find, OutcomeKind.REFUSED))
    desk.wake(retry.key, retry.at)
    assert asked_for(desk.found(CURRENT)) == [STUDY]


def test_a_study_that_was_removed_while_it_was_looked_for_is_forgotten() -> None:
    desk = Desk("P1")
    desk.open_study()
    desk.remove()
    assert desk.found(CURRENT) == []
    desk.ask(entry(number=2))
    desk.open_study()
    desk.found()
    (timer,) = timers(desk.found())
    desk.remove(number=2)
    assert desk.wake(timer.key, timer.at) == []


def test_the_answer_to_a_question_asked_before_a_removal_does_not_open_a_case_twice() -> None:
    desk = Desk("P1")
    desk.open_study()
    desk.remove()
    desk.ask(entry(number=2))
    desk.open_study()  # its question waits behind the first one
    assert asked_for(desk.found(CURRENT)) == [STUDY]
    assert opened(desk.images_come()) == [(ACCESSION, 0)]
    assert desk.found(CURRENT) == []


def test_a_question_that_was_asked_twice_costs_no_second_retrieval() -> None:
    desk = Desk("P1")
    desk.open_study()
    desk.remove()
    desk.ask(entry(number=2))
    desk.open_study()
    desk.found(NOT_COUNTED, *PRIORS)
    desk.images_come()
    desk.moved(completed=4)
    assert desk.found(NOT_COUNTED, *PRIORS) == []


def test_a_timer_of_a_case_that_was_removed_and_listed_again_looks_for_nothing() -> None:
    desk = Desk("P1")
    desk.open_study()
    desk.found()
    (timer,) = timers(desk.found())
    desk.remove()
    desk.ask(entry(number=2))
    assert desk.wake(timer.key, timer.at) == []
    desk.open_study()
    desk.found(CURRENT)
    assert desk.wake(timer.key, timer.at) == []


@pytest.mark.parametrize("count", ["", "0", "many", "-4", "4.0"])
def test_where_the_archive_does_not_count_the_move_says_when_all_have_come(count: str) -> None:
    desk = looking(match(instances=count))
    assert desk.images_come() == []
    assert opened(desk.moved(completed=4)) == [(ACCESSION, 0)]


@pytest.mark.parametrize(
    ("here", "answer"),
    [
        (3, {"completed": 3, "failed": 1, "status": 0xB000}),
        (3, {"completed": 3, "failed": 1, "status": 0xA702}),
        (3, {"completed": 4}),  # one went elsewhere
        (3, {"status": 0xC000}),
        (0, {}),
    ],
)
def test_half_a_study_is_never_shown_as_a_whole_one(here: int, answer: dict[str, int]) -> None:
    desk = looking(NOT_COUNTED)
    if here:
        desk.images_come(here)
    effects = desk.moved(STUDY, **answer)
    assert opened(effects) == []
    (timer,) = timers(effects)
    desk.wake(timer.key, timer.at)
    desk.images_come(4)
    assert opened(desk.moved(completed=3, warned=1, status=0xB000)) == [(ACCESSION, 0)]


def test_images_whose_batch_is_told_after_the_move_is_over_are_asked_for_once_more() -> None:
    """A sender may keep its association open longer than the C-MOVE takes."""
    desk = looking(NOT_COUNTED)
    (timer,) = timers(desk.moved(completed=4))
    assert opened(desk.images_come()) == []
    desk.wake(timer.key, timer.at)
    assert opened(desk.moved(completed=4)) == [(ACCESSION, 0)]


# --- priors that do not come -------------------------------------------------------------------------------------------


def test_slow_priors_do_not_keep_the_reader_from_the_study() -> None:
    desk = looking(CURRENT, *PRIORS)
    (timer,) = timers(desk.images_come(now=5 * ONE_SECOND))
    assert timer.at == 5 * ONE_SECOND + PRIORS_LIMIT_US
    assert opened(desk.images_come(1, PRIOR, now=timer.at - 1)) == []
    assert opened(desk.wake(timer.key, timer.at)) == [(ACCESSION, 0)]


def test_one_prior_of_two_opens_nothing_before_the_time_is_over() -> None:
    desk = looking(CURRENT, *PRIORS, rule=PriorRule(2))
    (timer,) = timers(desk.images_come())
    assert desk.images_come(2, PRIOR, now=timer.at - 1) == []
    assert opened(desk.wake(timer.key, timer.at)) == [(ACCESSION, 1)]


def test_a_case_that_is_opened_anew_waits_for_its_priors_anew() -> None:
    desk = looking(CURRENT, *PRIORS)
    desk.ask(entry("P2"))
    (timer,) = timers(desk.images_come())
    desk.wake(timer.key, timer.at)
    desk.touch("join studies", others=(SECOND,))
    effects = desk.found(CURRENT, SECOND_MATCH, *PRIORS, now=timer.at)
    assert asked_for(effects) == [SECOND_STUDY]  # the prior is still on its way
    (again,) = timers(desk.images_come(4, SECOND_STUDY, now=timer.at))
    assert again.at == timer.at + PRIORS_LIMIT_US


def test_a_prior_that_comes_later_is_shown_when_the_case_is_opened_again() -> None:
    desk = looking(CURRENT, *PRIORS)
    (timer,) = timers(desk.images_come())
    desk.wake(timer.key, timer.at)
    assert opened(desk.images_come(2, PRIOR)) == []
    assert opened(desk.open_study()) == [(ACCESSION, 1)]


def test_priors_that_come_in_time_stop_the_clock() -> None:
    desk = looking(CURRENT, *PRIORS)
    (timer,) = timers(desk.images_come())
    effects = desk.images_come(2, PRIOR, now=ONE_SECOND)
    assert cancelled(effects) == [timer.key]
    assert opened(effects) == [(ACCESSION, 1)]


def test_the_time_for_the_priors_starts_when_the_study_itself_is_here() -> None:
    desk = looking(CURRENT, *PRIORS)
    assert timers(desk.images_come(1, PRIOR)) == []
    assert timers(desk.images_come(3)) == []
    assert len(timers(desk.images_come(4, first=4))) == 1


def test_a_case_that_is_reported_without_its_priors_asks_for_them_no_more() -> None:
    desk = looking(CURRENT, *PRIORS)
    (limit,) = timers(desk.images_come())
    desk.moved(completed=4)
    (again,) = timers(desk.moved(PRIOR, failed=2, status=0xA702))
    desk.wake(limit.key, limit.at)
    desk.sign()
    desk.ris_takes()
    assert desk.wake(again.key, again.at) == []
    assert discarded(desk.images_come(2, PRIOR)) == [PRIOR]


# --- two cases ---------------------------------------------------------------------------------------------------------


def test_a_prior_that_is_here_is_not_retrieved_again() -> None:
    desk = Desk("P1", "P2")
    desk.open_study()
    desk.found(CURRENT, *PRIORS)
    desk.images_come()
    desk.images_come(2, PRIOR)
    desk.open_study(SECOND)
    assert asked_for(desk.found(CURRENT, SECOND_MATCH, *PRIORS)) == [SECOND_STUDY]
    assert opened(desk.images_come(4, SECOND_STUDY)) == [(SECOND, 1)]


def test_a_prior_on_its_way_for_another_case_is_waited_for_and_not_retrieved_twice() -> None:
    desk = Desk("P1", "P2")
    desk.open_study()
    desk.found(CURRENT, *PRIORS)
    desk.images_come()
    desk.open_study(SECOND)
    assert asked_for(desk.found(SECOND_MATCH, *PRIORS)) == [SECOND_STUDY]
    desk.images_come(4, SECOND_STUDY)
    assert opened(desk.images_come(2, PRIOR)) == [(ACCESSION, 1), (SECOND, 1)]
    assert desk.moved(PRIOR, completed=2) == []


def test_a_prior_that_one_case_stops_waiting_for_still_comes_for_the_other() -> None:
    desk = Desk("P1", "P2")
    for accession, found in ((ACCESSION, CURRENT), (SECOND, SECOND_MATCH)):
        desk.open_study(accession)
        desk.found(found, *PRIORS)
    desk.remove()
    assert discarded(desk.images_come(2, PRIOR)) == []
    assert opened(desk.images_come(4, SECOND_STUDY)) == [(SECOND, 1)]


def test_a_timer_that_it_never_set_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="no timer"):
        Desk("P1").wake("commit/1.2.3")
