"""Performed procedure steps at the PACS: each is taken once, and ends only where it began."""

from emulators.messages.common import SUCCESS
from emulators.messages.steps import PerformedSeries, StepProgressed
from tests.actors.pacs_samples import pacs
from tests.actors.samples import CT_IMAGE_STORAGE, MPPS, SERIES, ask, images, step_ended, step_started


def test_steps_are_taken_once() -> None:
    actor = pacs()
    assert ask(actor, step_started(), "ris") == (SUCCESS, [])
    assert ask(actor, step_started(), "ris")[0].code == 0x0111
    assert ask(actor, StepProgressed(MPPS, (PerformedSeries(SERIES, CT_IMAGE_STORAGE, "", images(1, 2)),)), "ris")[0] == SUCCESS
    assert ask(actor, step_ended(), "ris") == (SUCCESS, [])
    assert ask(actor, step_ended(), "ris")[0].code == 0x0110


def test_the_end_of_a_step_that_was_never_created_names_no_instance() -> None:
    assert ask(pacs(step_started(mpps_uid="1.2.3")), step_ended(MPPS), "ris")[0].code == 0x0112
