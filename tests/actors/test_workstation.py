"""The workstation: a case opens when all of its images are here, and its report goes to the RIS."""

from collections.abc import Sequence

import pytest

from emulators.actors.workstation import LOOK_AGAIN_US, Workstation
from emulators.core.effect import Effect, Send
from emulators.core.event import OutcomeKind
from emulators.core.identity import uid
from emulators.core.instant import SECOND
from emulators.messages.common import Acknowledgement
from emulators.messages.imaging import Admission, InstanceSet
from emulators.messages.orders import ReportStatus
from emulators.messages.query import FindStudies, MoveResult, MoveStudy, StudiesFound, StudyMatch
from emulators.messages.report import Report
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    HEADER,
    NOW,
    PATIENT,
    PROCEDURE,
    READER,
    STUDY,
    ask,
    end,
    note_names,
    notes,
    only_send,
    reading_list_entry,
    report,
    scheduled,
    sends,
    sent,
    stored,
    tell,
    timers,
    touch,
    wake,
)

PRIOR = "2.25.1"
OLDER_PRIOR = "2.25.2"
LATER = "2.25.3"


def match(study: str, study_at: str, instances: int) -> StudyMatch:
    return StudyMatch(PATIENT, study, "A1", study_at, "CT", PROCEDURE.meaning, instances)


CURRENT = match(STUDY, NOW, 4)
PRIORS = (match(PRIOR, "20250501100000", 2), match(OLDER_PRIOR, "20240501100000", 3))


class Desk:
    """A workstation with the sends that are open, so that a test can answer them by type and subject."""

    def __init__(self, priors: int = 1, placers: Sequence[str] = ("P1",)) -> None:
        self.actor = Workstation("workstation", CLOCK, "RADWS", "ris", "pacs", priors)
        self.open: list[Send] = []
        for placer in placers:
            ask(self.actor, reading_list_entry(placer), "ris")

    def keep(self, effects: Sequence[Effect]) -> Sequence[Effect]:
        self.open += sends(effects)
        return effects

    def open_study(self, placer: str = "P1") -> Sequence[Effect]:
        accession = scheduled(placer).accession_number
        return self.keep(touch(self.actor, "open study", subject=accession, reader=READER))

    def sign(self, status: str, text: str = "A line.") -> Sequence[Effect]:
        return self.keep(touch(self.actor, "sign report", subject=ACCESSION, status=status, text=text))

    def answer(self, send: Send, message: object, now: int = 0) -> Sequence[Effect]:
        return self.end(send, OutcomeKind.ANSWERED, message, now)

    def end(self, send: Send, kind: OutcomeKind, message: object = None, now: int = 0) -> Sequence[Effect]:
        self.open.remove(send)
        return self.keep(end(self.actor, send, kind, message, now))

    def found(self, *studies: StudyMatch, now: int = 0) -> Sequence[Effect]:
        """The archive answers the one open query."""
        return self.answer(only_send(self.open, FindStudies), StudiesFound(studies), now)

    def move(self, study: str) -> Send:
        """The one open C-MOVE of this study."""
        (send,) = [send for send in self.open if send.message == MoveStudy(study, "RADWS")]
        return send

    def images_come(self, study: str, first: int, last: int, now: int = 0) -> Sequence[Effect]:
        return self.keep(tell(self.actor, stored(InstanceSet(f"{study}.1", first, last), study), now))

    def wake(self, key: str, now: int = 0) -> Sequence[Effect]:
        return self.keep(wake(self.actor, key, now))


def moved(effects: Sequence[Effect]) -> list[str]:
    """The studies that are asked for."""
    return [send.message.study_instance_uid for send in sends(effects) if isinstance(send.message, MoveStudy)]


# --- the reading list --------------------------------------------------------------------------------------------------


def test_a_listed_study_is_noted_with_what_a_reader_chooses_by() -> None:
    actor = Workstation("workstation", CLOCK, "RADWS", "ris", "pacs")
    acknowledgement, effects = ask(actor, reading_list_entry(), "ris")
    assert acknowledgement.code == "AA"
    fields = {"mrn": "M1", "placer": "P1", "study": STUDY, "priority": "ROUTINE"}
    assert notes(effects) == [("study listed", ACCESSION, fields)]
    assert sends(effects) == []


def test_opening_assigns_the_study_and_looks_for_the_patients_studies() -> None:
    effects = Desk().open_study()
    assert only_send(effects, ReportStatus).to == "ris"
    assert only_send(effects, ReportStatus).message.status == "ASSIGNED"
    assert only_send(effects, FindStudies).to == "pacs"
    assert only_send(effects, FindStudies).message == FindStudies(patient_id="M1")


def test_opening_again_while_it_opens_does_nothing() -> None:
    desk = Desk()
    desk.open_study()
    assert desk.open_study() == []


# --- retrieving --------------------------------------------------------------------------------------------------------


def test_the_study_and_its_newest_priors_are_retrieved() -> None:
    later = match(LATER, "20260302080001", 5)
    for priors, expected in (
        (0, [STUDY]),
        (1, [STUDY, PRIOR]),
        (2, [STUDY, PRIOR, OLDER_PRIOR]),
        (9, [STUDY, PRIOR, OLDER_PRIOR]),
    ):
        desk = Desk(priors)
        desk.open_study()
        assert moved(desk.found(later, CURRENT, *PRIORS)) == expected


def test_every_study_is_admitted() -> None:
    assert ask(Desk().actor, HEADER, "pacs") == (Admission(), [])


def test_a_case_opens_when_all_images_of_study_and_prior_are_here_and_not_before() -> None:
    desk = Desk()
    desk.open_study()
    desk.found(CURRENT, *PRIORS)
    assert desk.images_come(STUDY, 1, 4) == []
    assert desk.images_come(PRIOR, 1, 1) == []
    effects = desk.images_come(PRIOR, 2, 2)
    assert notes(effects) == [("study opened", ACCESSION, {"priors": 1})]


def test_the_ris_hears_that_reading_is_in_progress_after_it_heard_who_reads() -> None:
    desk = Desk()
    assigned = only_send(desk.open_study(), ReportStatus)
    desk.found(CURRENT)
    desk.images_come(STUDY, 1, 4)
    effects = desk.answer(assigned, Acknowledgement("AA", assigned.message.control_id))
    assert only_send(effects, ReportStatus).message.status == "IN PROGRESS"


def test_a_patient_without_earlier_studies_opens_with_the_study_alone() -> None:
    desk = Desk()
    desk.open_study()
    desk.found(CURRENT)
    assert notes(desk.images_come(STUDY, 1, 4)) == [("study opened", ACCESSION, {"priors": 0})]


def test_the_counters_of_a_move_open_nothing() -> None:
    """A C-MOVE may report success for images that went elsewhere."""
    desk = Desk()
    desk.open_study()
    desk.found(CURRENT)
    effects = desk.answer(desk.move(STUDY), MoveResult(4, 0, 0), now=100)
    assert note_names(effects) == []
    assert [timer.at for timer in timers(effects)] == [100 + LOOK_AGAIN_US]


def test_what_is_missing_when_the_move_is_over_is_asked_for_again() -> None:
    desk = Desk()
    desk.open_study()
    desk.found(CURRENT)
    desk.images_come(STUDY, 1, 3)
    (timer,) = timers(desk.answer(desk.move(STUDY), MoveResult(3, 1, 0, 0xB000)))
    assert moved(desk.wake(timer.key, timer.at)) == [STUDY]
    assert note_names(desk.images_come(STUDY, 4, 4)) == ["study opened"]
    assert desk.answer(desk.move(STUDY), MoveResult(4, 0, 0)) == []


def test_images_that_are_sent_again_do_not_count_twice() -> None:
    desk = Desk()
    desk.open_study()
    desk.found(CURRENT)
    assert desk.images_come(STUDY, 1, 2) == []
    assert desk.images_come(STUDY, 1, 2) == []
    assert note_names(desk.images_come(STUDY, 3, 4)) == ["study opened"]


def test_a_lost_answer_of_a_move_costs_nothing_when_the_images_are_here() -> None:
    desk = Desk()
    desk.open_study()
    desk.found(CURRENT)
    assert note_names(desk.images_come(STUDY, 1, 4)) == ["study opened"]
    (retry,) = timers(desk.end(desk.move(STUDY), OutcomeKind.UNKNOWN))
    (again,) = sends(desk.wake(retry.key, retry.at))  # the outbox does not know of images
    assert desk.answer(again, MoveResult(4, 0, 0)) == []


def test_a_timer_that_finds_all_images_here_asks_for_nothing() -> None:
    desk = Desk()
    desk.open_study()
    desk.found(CURRENT)
    (timer,) = timers(desk.answer(desk.move(STUDY), MoveResult(0, 4, 0, 0xA702)))
    desk.images_come(STUDY, 1, 4)
    assert desk.wake(timer.key, timer.at) == []


@pytest.mark.parametrize("answered", [(), PRIORS])
def test_a_study_that_the_archive_does_not_have_yet_is_looked_for_again(answered: tuple[StudyMatch, ...]) -> None:
    desk = Desk()
    desk.open_study()
    effects = desk.found(*answered, now=3 * SECOND)
    assert sends(effects) == []
    (timer,) = timers(effects)
    assert timer.at == 3 * SECOND + LOOK_AGAIN_US
    assert sent(desk.wake(timer.key, timer.at)) == [("pacs", "FindStudies")]
    assert moved(desk.found(CURRENT)) == [STUDY]


def test_a_prior_that_is_here_is_not_retrieved_again() -> None:
    desk = Desk(placers=("P1", "P2"))
    desk.open_study("P1")
    desk.found(CURRENT, *PRIORS)
    desk.images_come(STUDY, 1, 4)
    desk.images_come(PRIOR, 1, 2)
    desk.open_study("P2")
    second = match(uid("study", "P2"), "20250901100000", 1)
    assert moved(desk.found(CURRENT, second, *PRIORS)) == [uid("study", "P2")]
    assert note_names(desk.images_come(uid("study", "P2"), 1, 1)) == ["study opened"]


def test_a_case_whose_images_are_all_here_opens_at_once() -> None:
    desk = Desk(priors=0)
    desk.images_come(STUDY, 1, 4)
    desk.open_study()
    effects = desk.found(CURRENT, *PRIORS)
    assert moved(effects) == []
    assert note_names(effects) == ["study opened"]


def test_a_prior_on_its_way_for_another_case_is_waited_for_and_not_retrieved_twice() -> None:
    desk = Desk(placers=("P1", "P2"))
    desk.open_study("P1")
    desk.found(CURRENT, *PRIORS)
    desk.images_come(STUDY, 1, 4)
    desk.open_study("P2")
    second = match(uid("study", "P2"), "20250901100000", 1)
    assert moved(desk.found(CURRENT, second, *PRIORS)) == [uid("study", "P2")]
    desk.images_come(uid("study", "P2"), 1, 1)
    opened = [subject for name, subject, _ in notes(desk.images_come(PRIOR, 1, 2)) if name == "study opened"]
    assert opened == [ACCESSION, scheduled("P2").accession_number]


# --- reporting ---------------------------------------------------------------------------------------------------------


def opened_desk() -> Desk:
    """A case is open, and the RIS has heard of it."""
    desk = Desk()
    desk.open_study()
    desk.found(CURRENT)
    desk.images_come(STUDY, 1, 4)
    for _ in ("ASSIGNED", "IN PROGRESS"):
        send = only_send(desk.open, ReportStatus)
        desk.answer(send, Acknowledgement("AA", send.message.control_id))
    return desk


@pytest.mark.parametrize("status", ["P", "F"])
def test_a_signed_report_goes_to_the_ris_and_is_noted(status: str) -> None:
    desk = opened_desk()
    effects = desk.sign(status)
    assert notes(effects) == [("report signed", "P1", {"accession": ACCESSION, "status": status})]
    send = only_send(effects, Report)
    assert send.to == "ris"
    assert send.message == report(status, text="A line.")


def test_the_final_report_follows_the_preliminary_one() -> None:
    desk = opened_desk()
    preliminary = only_send(desk.sign("P"), Report)
    assert sends(desk.sign("F")) == []
    effects = desk.answer(preliminary, Acknowledgement("AA", preliminary.message.control_id))
    assert only_send(effects, Report).message.status == "F"


def test_reports_and_statuses_to_the_ris_keep_their_order() -> None:
    """One lane: no status comes after the report that it led to."""
    desk = Desk()
    assigned = only_send(desk.open_study(), ReportStatus)
    desk.found(CURRENT)
    desk.images_come(STUDY, 1, 4)
    desk.sign("F")
    told = []
    send = assigned
    while True:
        told.append((type(send.message).__name__, send.message.status))
        following = sends(desk.answer(send, Acknowledgement("AA", send.message.control_id)))
        if not following:
            break
        (send,) = following
    assert told == [("ReportStatus", "ASSIGNED"), ("ReportStatus", "IN PROGRESS"), ("Report", "F")]
