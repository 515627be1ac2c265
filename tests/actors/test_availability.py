"""Instance availability: when the PACS says what can be had of a study, and what the RIS and the workstation make of it."""

import pytest

from emulators.actors.availability import Announcer
from emulators.actors.pacs import Pacs
from emulators.core.effect import Effect
from emulators.core.event import OutcomeKind
from emulators.core.instant import MINUTE
from emulators.messages.availability import AvailableInstances, InstancesAvailable
from emulators.messages.common import SUCCESS, Status
from emulators.messages.instance_set import InstanceSet
from tests.actors.desk import Desk
from tests.actors.pacs_samples import ALL, images_come, quiet_pacs
from tests.actors.ris_samples import ris
from tests.actors.samples import (
    CT_IMAGE_STORAGE,
    MPPS,
    SERIES,
    STUDY,
    answer,
    ask,
    end,
    images,
    notes,
    sends,
    step_ended,
    step_started,
    timers,
    touch,
    wake,
)


def pacs(*to: str) -> Pacs:
    return quiet_pacs(announcer=Announcer(to, "RADPACS"))


def said(effects: list[Effect]) -> list[tuple[str, InstanceSet, str]]:
    """To whom, of which instances, and what."""
    found = []
    for send in sends(effects):
        assert isinstance(send.message, InstancesAvailable)
        assert send.message.study_instance_uid == STUDY
        for one in send.message.series:
            assert (one.series_instance_uid, one.sop_class_uid) == (SERIES, CT_IMAGE_STORAGE)
            assert one.retrieve_ae_title == "RADPACS"
            found.append((send.to, one.instances, one.availability))
    return found


def test_a_study_is_announced_when_its_step_has_ended_and_all_that_it_made_is_here() -> None:
    actor = pacs("ris", "workstation")
    ask(actor, step_started(), "ris")
    assert said(images_come(actor, images(1, 3))) == []
    assert said(ask(actor, step_ended(), "ris")[1]) == []
    effects = images_come(actor, images(4, 4))
    assert said(effects) == [("ris", ALL, "ONLINE"), ("workstation", ALL, "ONLINE")]
    assert [send.message.steps for send in sends(effects)] == [(MPPS,), (MPPS,)]


def test_without_a_step_a_study_is_announced_when_it_has_been_quiet() -> None:
    actor = pacs("ris")
    (timer,) = timers(images_come(actor))
    assert (timer.key, timer.at) == (f"quiet/{STUDY}", MINUTE)
    assert said(wake(actor, timer.key, MINUTE)) == [("ris", ALL, "ONLINE")]


def test_what_comes_later_is_announced_at_once_under_another_uid_and_the_same_only_once() -> None:
    actor = pacs("ris")
    images_come(actor)
    (first,) = sends(wake(actor, f"quiet/{STUDY}", MINUTE))
    answer(actor, first, SUCCESS)
    assert said(images_come(actor)) == []
    effects = images_come(actor, images(5, 6))
    assert said(effects) == [("ris", images(1, 6), "ONLINE")]
    assert sends(effects)[0].message.notification_uid != first.message.notification_uid


def test_a_rejected_study_is_unavailable_and_an_accepted_one_can_be_had_again() -> None:
    actor = pacs("ris")
    images_come(actor)
    (first,) = sends(wake(actor, f"quiet/{STUDY}", MINUTE))
    answer(actor, first, SUCCESS)
    effects = touch(actor, "reject study", subject=STUDY)
    assert said(effects) == [("ris", ALL, "UNAVAILABLE")]
    answer(actor, sends(effects)[0], SUCCESS)
    assert said(touch(actor, "accept study", subject=STUDY)) == [("ris", ALL, "ONLINE")]


def test_a_study_that_was_never_announced_is_not_when_it_is_rejected() -> None:
    actor = pacs("ris")
    images_come(actor)
    assert said(touch(actor, "reject study", subject=STUDY)) == []


def test_an_archive_that_tells_nobody_sets_no_timer() -> None:
    actor = pacs()
    assert timers(images_come(actor)) == []
    assert said(wake(actor, f"quiet/{STUDY}", MINUTE)) == []


def test_a_notification_that_may_have_been_taken_is_sent_again_and_a_duplicate_is_success() -> None:
    actor = pacs("ris")
    images_come(actor)
    (first,) = sends(wake(actor, f"quiet/{STUDY}", MINUTE))
    end(actor, first, OutcomeKind.UNKNOWN)
    (again,) = sends(wake(actor, first.key, 2 * MINUTE))
    assert again.message is first.message
    assert notes(answer(actor, again, Status(0x0111))) == []


MESSAGE = InstancesAvailable(
    "1.2.9",
    STUDY,
    (MPPS,),
    (
        AvailableInstances(SERIES, CT_IMAGE_STORAGE, images(1, 3), "ONLINE", "RADPACS"),
        AvailableInstances(SERIES, CT_IMAGE_STORAGE, images(4, 5), "UNAVAILABLE", "RADPACS"),
    ),
)


@pytest.mark.parametrize("actor", [ris(), Desk().actor], ids=["ris", "workstation"])
def test_who_is_told_answers_and_notes_it(actor: object) -> None:
    status, effects = ask(actor, MESSAGE, "pacs")  # type: ignore[arg-type]
    assert status is SUCCESS
    assert notes(effects) == [("instances available", STUDY, {"online": 3, "unavailable": 2})]
