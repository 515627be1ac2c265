"""The teleradiology platform: studies come by route, and the report goes back to the right hospital and order."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from emulators.actors.teleradiology import SETTLE_US, Teleradiology
from emulators.core.effect import Discard, Effect, Send
from emulators.core.errors import LocalProtocolError
from emulators.core.event import OutcomeKind
from emulators.core.instant import SECOND
from emulators.messages.common import NOBODY, Acknowledgement, Code
from emulators.messages.imaging import Admission, StudyHeader
from emulators.messages.instance_set import InstanceSet
from emulators.messages.report import Report, ReportedOrder
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    HEADER,
    NOW,
    PATIENT,
    PROCEDURE,
    READER,
    SOMEBODY_ELSE,
    STUDY,
    ask,
    end,
    note_names,
    notes,
    only_send,
    sends,
    stored,
    tell,
    timers,
    touch,
    wake,
)

OTHER_STUDY = "2.25.1001"
ELSEWHERE = replace(HEADER, study_instance_uid=OTHER_STUDY, patient=replace(SOMEBODY_ELSE, issuer="SITE2"))
"""Another hospital's study, under the same accession number."""


class Platform:
    """A platform that reads for two hospitals; what it sends is kept until the test answers it."""

    def __init__(self, *headers: StudyHeader) -> None:
        self.actor = Teleradiology("teleradiology", CLOCK, {"pacs": "engine", "pacs2": "engine2"})
        self.open: list[Send] = []
        self.taken: list[Report] = []
        for header in headers:
            self.receive(header)

    def keep(self, effects: Sequence[Effect]) -> Sequence[Effect]:
        self.open += sends(effects)
        return effects

    def receive(
        self, header: StudyHeader = HEADER, first: int = 1, last: int = 4, sender: str = "pacs", now: int = 0
    ) -> Sequence[Effect]:
        assert ask(self.actor, header, sender, now) == (Admission(), [])
        study = header.study_instance_uid
        return self.keep(tell(self.actor, stored(InstanceSet(f"{study}.1", first, last), study), now))

    def sign(self, status: str = "F", subject: str = STUDY, **data: Any) -> Sequence[Effect]:
        data = {"text": "Text.", "reader": READER, **data}
        return self.keep(touch(self.actor, "sign report", subject=subject, status=status, **data))

    def answer(self, code: str = "AA", error: str = "") -> Sequence[Effect]:
        """The receiver of the one report that is under way answers."""
        send = self.open.pop(0)
        if code == "AA":
            self.taken.append(send.message)
        answer = Acknowledgement(code, send.message.control_id, error)
        return self.keep(end(self.actor, send, OutcomeKind.ANSWERED, answer))


def discarded(effects: Sequence[Effect]) -> list[str]:
    return [effect.study_instance_uid for effect in effects if isinstance(effect, Discard)]


def reasons(effects: Sequence[Effect]) -> list[str]:
    """Why a report was not sent."""
    assert sends(effects) == []
    return [fields["reason"] for name, _, fields in notes(effects) if name == "report not sent"]


# --- studies -----------------------------------------------------------------------------------------------------------


def test_a_study_is_received_when_nothing_of_it_has_come_for_a_while() -> None:
    platform = Platform()
    assert note_names(platform.receive(last=2)) == []
    (timer,) = timers(platform.receive(first=3, now=10 * SECOND))
    assert timer.at == 10 * SECOND + SETTLE_US
    fields = {"mrn": "M1", "accession": ACCESSION, "instances": 4, "from": "pacs"}
    assert notes(wake(platform.actor, timer.key, timer.at)) == [("study received", STUDY, fields)]


def test_what_comes_later_makes_the_study_whole_again() -> None:
    platform = Platform(HEADER)
    (timer,) = timers(platform.receive(first=5, last=6))
    ((_, _, fields),) = notes(wake(platform.actor, timer.key, timer.at))
    assert fields["instances"] == 6


def test_images_that_are_sent_again_count_once() -> None:
    platform = Platform(HEADER)
    (timer,) = timers(platform.receive())
    ((_, _, fields),) = notes(wake(platform.actor, timer.key, timer.at))
    assert fields["instances"] == 4


# --- reports -----------------------------------------------------------------------------------------------------------


def test_a_report_says_what_the_images_say_and_no_placer_number() -> None:
    platform = Platform(HEADER)
    effects = platform.sign(text="FINDINGS:\nNone.")
    send = only_send(effects, Report)
    assert send.to == "engine"
    order = ReportedOrder("", ACCESSION, STUDY, Code("", "", PROCEDURE.meaning))
    control_id = send.message.control_id
    assert send.message == Report(control_id, NOW, PATIENT, (order,), "F", "FINDINGS:\nNone.", READER, NOW)
    assert notes(effects) == [("report signed", ACCESSION, {"study": STUDY, "accession": ACCESSION, "status": "F"})]


def test_a_study_is_named_by_its_accession_number_too() -> None:
    assert only_send(Platform(HEADER).sign(subject=ACCESSION), Report).message.order.study_instance_uid == STUDY


def test_the_whole_life_of_a_report_gives_the_right_messages_each_with_its_own_control_id() -> None:
    platform = Platform(HEADER)
    platform.sign("P", text="Looks well.")
    platform.sign("F", text="Is well.")
    platform.sign("F", text="", addendum="Compared.")
    platform.sign("C", text="Is not well.")
    platform.sign("W", text="")
    while platform.open:
        platform.answer()
    said = [(report.status, report.text, report.addendum) for report in platform.taken]
    assert said == [
        ("P", "Looks well.", ""),
        ("F", "Is well.", ""),
        ("F", "", "Compared."),
        ("C", "Is not well.", ""),
        ("W", "", ""),
    ]
    assert len({report.control_id for report in platform.taken}) == 5


def test_two_studies_of_one_order_have_reports_of_their_own() -> None:
    platform = Platform(HEADER, replace(HEADER, study_instance_uid=OTHER_STUDY))
    first = only_send(platform.sign(), Report).message
    platform.answer()
    second = only_send(platform.sign(subject=OTHER_STUDY), Report).message
    assert first.order.accession_number == second.order.accession_number
    assert first.control_id != second.control_id


# --- several hospitals -------------------------------------------------------------------------------------------------


def test_equal_accession_numbers_of_two_hospitals_do_not_clash() -> None:
    platform = Platform(HEADER)
    platform.receive(ELSEWHERE, sender="pacs2")
    for study, to, patient in ((STUDY, "engine", PATIENT), (OTHER_STUDY, "engine2", ELSEWHERE.patient)):
        send = only_send(platform.sign(subject=study), Report)
        assert (send.to, send.message.patient, send.message.order.study_instance_uid) == (to, patient, study)


def test_an_accession_number_that_two_studies_have_names_neither() -> None:
    platform = Platform(HEADER)
    platform.receive(ELSEWHERE, sender="pacs2")
    effects = platform.sign(subject=ACCESSION)
    assert notes(effects) == [("no such study", ACCESSION, {"studies": 2})]
    assert sends(effects) == []


def test_a_copy_from_another_hospital_is_the_same_study_and_reported_once_to_the_first() -> None:
    platform = Platform(HEADER)
    platform.receive(replace(HEADER, patient=SOMEBODY_ELSE), sender="pacs2")
    send = only_send(platform.sign(), Report)
    assert (send.to, send.message.patient) == ("engine", PATIENT)


# --- what the sender corrects ------------------------------------------------------------------------------------------


def test_a_study_that_is_sent_again_under_another_patient_or_order_is_reported_as_that() -> None:
    platform = Platform(HEADER)
    platform.receive(replace(HEADER, patient=replace(PATIENT, patient_id="M9"), accession_number="A2"))
    report = only_send(platform.sign(subject="A2"), Report).message
    assert (report.patient.patient_id, report.order.accession_number) == ("M9", "A2")
    assert notes(platform.sign(subject=ACCESSION)) == [("no such study", ACCESSION, {"studies": 0})]


def test_of_another_order_nothing_has_been_signed_yet() -> None:
    platform = Platform(HEADER)
    platform.sign("F")
    platform.receive(replace(HEADER, accession_number="A2"))
    platform.answer()  # to the report on the order that it was taken for
    assert reasons(platform.sign("C")) == ["C cannot follow nothing"]
    assert only_send(platform.sign("F"), Report).message.order.accession_number == "A2"


def test_of_a_merged_patient_the_report_is_still_signed() -> None:
    platform = Platform(HEADER)
    platform.sign("F")
    platform.answer()
    platform.receive(replace(HEADER, patient=replace(PATIENT, patient_id="M9")), first=5, last=5)
    assert only_send(platform.sign("C"), Report).message.patient.patient_id == "M9"


# --- what cannot be reported -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "sender", "reason"),
    [
        (HEADER, "stranger", "nobody takes its reports"),
        (replace(HEADER, accession_number=""), "pacs", "no accession number"),
        (replace(HEADER, patient=replace(PATIENT, patient_id="")), "pacs", "no patient"),
        (replace(HEADER, patient=replace(PATIENT, name=NOBODY)), "pacs", "no patient"),
    ],
)
def test_a_study_that_does_not_say_whose_it_is_is_not_reported(header: StudyHeader, sender: str, reason: str) -> None:
    platform = Platform()
    platform.receive(header, sender=sender)
    assert reasons(platform.sign()) == [reason]


def test_what_cannot_follow_what_was_signed_is_not_sent() -> None:
    platform = Platform(HEADER)
    assert reasons(platform.sign("C")) == ["C cannot follow nothing"]
    assert reasons(platform.sign(addendum="More.", text="")) == ["addendum cannot follow nothing"]
    platform.sign("F")
    assert reasons(platform.sign("P")) == ["P cannot follow F"]


def test_a_study_that_never_came_is_noted() -> None:
    assert notes(Platform().sign(subject="A7")) == [("no such study", "A7", {"studies": 0})]


@pytest.mark.parametrize(
    "data",
    [
        {"status": "A"},
        {"status": ""},
        {"status": "F", "text": ""},
        {"status": "F", "text": "a\x0bb"},
        {"status": "W", "text": "Text."},
        {"status": "F", "text": "Text.", "addendum": "More."},
        {"status": "C", "text": "", "addendum": "More."},
        {"status": "F", "text": "", "addendum": "a\x00b"},
    ],
)
def test_what_is_no_report_is_refused_before_anything_changes(data: dict[str, Any]) -> None:
    platform, untouched = Platform(HEADER), Platform(HEADER)
    with pytest.raises(LocalProtocolError):
        platform.sign(**data)
    assert platform.sign("F") == untouched.sign("F")


def test_a_timer_that_it_never_set_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="no timer"):
        wake(Platform().actor, "commit/1.2.3")


# --- what becomes of the images ----------------------------------------------------------------------------------------


def test_the_images_go_from_the_disk_when_the_final_report_is_taken_and_not_before() -> None:
    platform = Platform(HEADER)
    assert discarded(platform.sign("P")) == []
    assert discarded(platform.answer()) == []
    assert discarded(platform.sign("F")) == []
    assert discarded(platform.answer()) == [STUDY]


def test_a_refused_report_keeps_the_images_and_can_be_signed_again() -> None:
    platform = Platform(HEADER)
    platform.sign("F")
    effects = platform.answer("AE", "204 OBR-3")
    assert note_names(effects) == ["dead letter"]
    assert discarded(effects) == []
    platform.sign("F", text="Once more.")
    assert discarded(platform.answer()) == [STUDY]


def test_a_refused_report_that_is_sent_again_as_it_was_ends_the_case() -> None:
    platform = Platform(HEADER)
    control_id = only_send(platform.sign("F"), Report).message.control_id
    platform.answer("AE", "204 OBR-3")
    platform.keep(touch(platform.actor, "resend dead letter", subject=control_id, to="engine"))
    assert discarded(platform.answer()) == [STUDY]
    assert reasons(platform.sign("P")) == ["P cannot follow F"]


def test_images_that_are_sent_again_after_the_final_report_go_at_once() -> None:
    platform = Platform(HEADER)
    platform.sign("F")
    platform.answer()
    effects = platform.receive(first=3)
    assert discarded(effects) == [STUDY]
    assert timers(effects) == []


def test_new_images_after_the_final_report_are_received_and_go_with_the_next_report() -> None:
    platform = Platform(HEADER)
    platform.sign("F")
    platform.answer()
    (timer,) = timers(platform.receive(first=4, last=6))
    ((_, _, fields),) = notes(wake(platform.actor, timer.key, timer.at))
    assert fields["instances"] == 6
    assert discarded(platform.receive(first=1)) == []  # the new ones wait to be read
    platform.sign("F", text="", addendum="The late ones too.")
    assert discarded(platform.answer()) == [STUDY]
