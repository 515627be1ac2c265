"""Cases at the workstation: opened, shown, told to the RIS, and switched between.

How the images come is in test_retrieval.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.messages.imaging import Admission
from emulators.messages.orders import ReportStatus
from emulators.messages.query import Find
from tests.actors.desk import CURRENT, SECOND, SECOND_STUDY, Desk, entry
from tests.actors.samples import (
    ACCESSION,
    HEADER,
    PATIENT,
    PROCEDURE,
    READER,
    SOMEBODY_ELSE,
    STUDY,
    ask,
    notes,
    only_send,
    sends,
    sent,
)


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


def test_data_that_are_missing_change_nothing() -> None:
    desk = Desk("P1")
    with pytest.raises(KeyError):
        desk.touch("open study")
    assert sent(desk.open_study()) == [("ris", "ReportStatus"), ("pacs", "Find")]
