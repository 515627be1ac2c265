"""The RIS behind our DICOM server, asked by findscu: generated queries are answered as the independent matcher says."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from emulators.actors.ris import Ris, RisPeers
from emulators.actors.worklist import Worklist
from emulators.core.effect import Reply
from emulators.core.event import Request
from emulators.core.instant import WallClock
from emulators.messages.attributes import NOTHING, of
from emulators.messages.worklist import STEPS, WorklistItems, WorklistQuery
from emulators.ports.sockets import LOOPBACK, Address
from tests.peers.findscu import ask_worklist
from tests.peers.senders import OURS, Receiver
from tests.worklist_cases import attributes, entries, queries
from tests.worklist_oracle import fits

pytestmark = pytest.mark.peer

STORED = entries(40)
UNKNOWN_KEYS = "Pending: WarningUnsupportedOptionalKeys"


@pytest.fixture
def ris(tmp_path: Path) -> Iterator[Address]:
    """A RIS whose worklist holds the generated entries."""
    worklist = Worklist()
    worklist.preload(map(attributes, STORED))
    actor = Ris("ris", WallClock(datetime(2025, 3, 2)), RisPeers("engine", "pacs", "workstation"), {}, {}, worklist=worklist)

    def answer(message: WorklistQuery) -> WorklistItems:
        (reply,) = actor.handle(Request(1, "ct1", message), 0)
        assert isinstance(reply, Reply)
        assert isinstance(reply.message, WorklistItems)
        return reply.message

    with Receiver(tmp_path / "archive", answer) as receiver:
        yield LOOPBACK, receiver.port


def test_generated_queries_of_findscu_are_answered_as_the_independent_matcher_says(ris: Address, tmp_path: Path) -> None:
    asked = queries(220, STORED)
    found_something = 0
    for keys, answer in zip(asked, ask_worklist(ris, OURS, list(map(attributes, asked)), tmp_path / "dcmtk"), strict=True):
        expected = sorted(
            str(attributes(entry).item(STEPS).text("ScheduledProcedureStepID")) for entry in STORED if fits(entry, keys)
        )
        assert answer.final == "Success"
        assert answer.step_ids == expected, keys
        assert answer.pending <= {"Pending"}
        found_something += bool(expected)
    assert found_something > 80


def test_odd_queries_are_answered_with_a_list_or_an_error_and_never_with_a_wrong_list(ris: Address, tmp_path: Path) -> None:
    """dicom.mwl.match.11."""
    steps = of({STEPS: (of({"ScheduledProcedureStepID": ""}),)})
    known = of({"PatientID": ""})
    day = {"ScheduledProcedureStepStartDate": "2025.03.02", "ScheduledProcedureStepID": ""}
    time = {"ScheduledProcedureStepStartTime": "080000-120000", "ScheduledProcedureStepID": ""}
    asked = [
        known,  # no step sequence
        of({STEPS: (), "PatientID": ""}),
        of({STEPS: (NOTHING,), "PatientID": ""}),
        of({STEPS: (of({"Modality": "CT"}), of({"Modality": "MR"}))}),
        of({STEPS: (of(time),)}),  # a time without a date
        of({STEPS: (of(day),)}),
        steps.with_values({"PatientAge": "040Y"}),
        steps.with_values({"PatientBirthDate": "1970-02-28"}),
    ]
    answers = ask_worklist(ris, OURS, asked, tmp_path / "dcmtk")
    error = "Error: DataSetDoesNotMatchSOPClass"
    assert [answer.final for answer in answers] == ["Success"] * 3 + [error] + ["Success"] * 3 + [error]
    everything = len(STORED)
    fitting = [sum(fits(entry, {STEPS: [dict(step)]}) for entry in STORED) for step in (time, day)]
    assert [len(answer.found) for answer in answers] == [everything] * 3 + [0, *fitting, everything, 0]
    assert [answer.pending == {UNKNOWN_KEYS} for answer in answers] == [False] * 6 + [True, False]
