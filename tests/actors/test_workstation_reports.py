"""Reports at the workstation: what the RIS gets of each, and what becomes of the case when it takes or refuses it.

What may be signed when is in test_signing.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from emulators.core.effect import Effect
from emulators.core.errors import LocalProtocolError
from emulators.core.event import OutcomeKind
from emulators.messages.common import PersonName
from emulators.messages.report import Report
from tests.actors.desk import SECOND, Desk, discarded, entry, grouped, opened
from tests.actors.samples import ACCESSION, NOW, PATIENT, READER, STUDY, note_names, notes, reported, sends, timers

OTHER_READER = PersonName("Bell", "Jo")


def not_sent(effects: Sequence[Effect]) -> list[tuple[str, str]]:
    assert sends(effects) == []
    return [(name, fields["reason"]) for name, _, fields in notes(effects)]


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
