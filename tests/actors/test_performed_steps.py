"""The states of performed steps, as PS3.4 F.7.2 has them for every SCP."""

from dataclasses import replace

import pytest

from emulators.actors.performed_steps import PerformedSteps
from emulators.messages.common import SUCCESS
from emulators.messages.steps import StepEnded, StepProgressed, StepStarted
from tests.actors.samples import MPPS, step_ended, step_started

STARTED, PROGRESSED, ENDED = step_started(), StepProgressed(MPPS), step_ended()
DISCONTINUED = step_ended(status="DISCONTINUED")
WITH_SERIES, WITHOUT_SERIES = StepProgressed(MPPS, ENDED.series), replace(ENDED, series=())
Message = StepStarted | StepProgressed | StepEnded


@pytest.mark.parametrize(
    ("before", "message", "status"),
    [
        ([], STARTED, 0x0000),
        ([], PROGRESSED, 0x0112),
        ([], ENDED, 0x0112),
        ([STARTED], STARTED, 0x0111),
        ([STARTED], PROGRESSED, 0x0000),
        ([STARTED, PROGRESSED], PROGRESSED, 0x0000),
        ([STARTED], ENDED, 0x0000),
        ([STARTED, ENDED], STARTED, 0x0111),
        ([STARTED, ENDED], PROGRESSED, 0x0110),
        ([STARTED, ENDED], ENDED, 0x0110),
        ([STARTED, DISCONTINUED], ENDED, 0x0110),
        ([STARTED], WITHOUT_SERIES, 0x0120),
        ([STARTED, WITH_SERIES], WITHOUT_SERIES, 0x0000),
    ],
)
def test_each_state_answers_each_message(before: list[Message], message: Message, status: int) -> None:
    steps = PerformedSteps()
    for earlier in before:
        assert steps.take(earlier) == SUCCESS
    assert steps.take(message).code == status


def test_what_is_refused_changes_nothing() -> None:
    steps = PerformedSteps()
    for message in (STARTED, step_started("P2"), DISCONTINUED, ENDED):
        steps.take(message)
    assert steps[MPPS].started is STARTED
    assert steps[MPPS].ended is DISCONTINUED


def test_who_sets_after_the_end_is_told_why() -> None:
    steps = PerformedSteps()
    steps.take(STARTED)
    steps.take(ENDED)
    assert "may no longer be updated" in steps.take(ENDED).comment


def test_series_that_were_said_before_the_end_are_the_steps() -> None:
    steps = PerformedSteps()
    for message in (STARTED, WITH_SERIES, WITHOUT_SERIES):
        assert steps.take(message) == SUCCESS
    assert steps.ended(MPPS) == ENDED
