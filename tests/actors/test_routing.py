"""Routing: which studies the PACS sends on its own, when, and where to."""

from dataclasses import replace

import pytest

from emulators.actors.pacs import Pacs
from emulators.actors.routing import RoutingRule
from emulators.core.effect import Effect, Send
from emulators.core.event import OutcomeKind
from emulators.core.instant import HOUR, MINUTE
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from tests.actors.pacs_samples import images_come, quiet_pacs
from tests.actors.samples import (
    ACCESSION,
    HEADER,
    SERIES,
    SOMEBODY_ELSE,
    STUDY,
    answer,
    ask,
    end,
    images,
    notes,
    schedule_procedure,
    sends,
    step_ended,
    step_started,
    stored,
    tell,
    timers,
    touch,
    wake,
)

TELERADIOLOGY = RoutingRule("teleradiology")


def pacs(*rules: RoutingRule) -> Pacs:
    return quiet_pacs(routing=rules)


def routed(effects: list[Effect]) -> list[tuple[str, InstanceSet]]:
    found = []
    for send in sends(effects):
        assert isinstance(send.message, StoreStudy)
        found.append((send.to, send.message.instances))
    return found


def deliver(actor: Pacs, send: Send) -> list[Effect]:
    return answer(actor, send, StoreResult(stored=send.message.instances))


# --- when --------------------------------------------------------------------------------------------------------------


def test_a_study_is_sent_when_its_step_has_ended_and_all_that_it_made_is_here() -> None:
    actor = pacs(TELERADIOLOGY)
    assert routed(ask(actor, step_started(), "ris")[1]) == []
    assert routed(images_come(actor, images(1, 2))) == []
    assert routed(ask(actor, step_ended(), "ris")[1]) == []
    assert routed(images_come(actor, images(3, 4))) == [("teleradiology", images(1, 4))]


def test_a_study_is_sent_when_its_step_ends_after_its_images() -> None:
    actor = pacs(TELERADIOLOGY)
    ask(actor, step_started(), "ris")
    assert routed(images_come(actor, images(1, 4))) == []
    assert routed(ask(actor, step_ended(), "ris")[1]) == [("teleradiology", images(1, 4))]


def test_a_study_waits_until_the_last_of_its_steps_has_ended() -> None:
    actor = pacs(TELERADIOLOGY)
    ask(actor, step_started(), "ris")
    ask(actor, step_started(mpps_uid="1.2.77"), "ris")
    images_come(actor, images(1, 4))
    assert routed(ask(actor, step_ended(), "ris")[1]) == []
    assert routed(ask(actor, step_ended("1.2.77"), "ris")[1]) == [("teleradiology", images(1, 4))]


def test_what_was_broken_off_is_not_sent_unless_it_was_done_again() -> None:
    actor = pacs(TELERADIOLOGY)
    ask(actor, step_started(), "ris")
    images_come(actor, images(1, 4))
    assert routed(ask(actor, step_ended(status="DISCONTINUED"), "ris")[1]) == []
    ask(actor, step_started(mpps_uid="1.2.77"), "ris")
    assert routed(ask(actor, step_ended("1.2.77"), "ris")[1]) == [("teleradiology", images(1, 4))]


def test_what_was_done_as_one_for_several_orders_is_sent_under_the_number_of_the_first() -> None:
    actor = pacs(TELERADIOLOGY)
    ask(actor, schedule_procedure("P2"), "ris")
    ask(actor, step_started("P1", "P2"), "ris")
    ask(actor, replace(HEADER, accession_number=""), "ct1")
    tell(actor, stored(images(1, 4)))
    (send,) = sends(ask(actor, step_ended(), "ris")[1])
    assert send.message.header.accession_number == ACCESSION


def test_a_study_without_steps_is_sent_when_it_has_been_quiet() -> None:
    actor = pacs(TELERADIOLOGY)
    (timer,) = timers(images_come(actor, images(1, 2)))
    assert timer.at == MINUTE
    (timer,) = timers(images_come(actor, images(3, 4), now=HOUR))
    assert timer.at == HOUR + MINUTE
    assert routed(wake(actor, timer.key, now=HOUR + MINUTE)) == [("teleradiology", images(1, 4))]


def test_a_study_that_is_not_matched_is_sent_when_it_is() -> None:
    actor = pacs(TELERADIOLOGY)
    ask(actor, step_started(), "ris")
    ask(actor, step_ended(), "ris")
    ask(actor, replace(HEADER, patient=SOMEBODY_ELSE), "ct1")
    assert routed(tell(actor, stored(images(1, 4)))) == []
    effects = touch(actor, "assign study", subject=STUDY, accession=ACCESSION)
    assert routed(effects) == [("teleradiology", images(1, 4))]
    assert sends(effects)[0].message.header == HEADER


def test_what_comes_later_follows_and_nothing_is_sent_twice() -> None:
    actor = pacs(TELERADIOLOGY)
    ask(actor, step_started(), "ris")
    ask(actor, step_ended(), "ris")
    (send,) = sends(images_come(actor, images(1, 4)))
    late = stored(InstanceSet(f"{STUDY}.2", 1, 3))
    assert routed(tell(actor, late)) == []  # behind the first in its queue
    assert routed(deliver(actor, send)) == [("teleradiology", late.instances)]
    assert routed(tell(actor, stored(NO_INSTANCES, same=4))) == []


def test_without_rules_nothing_is_sent_and_no_timer_is_set() -> None:
    actor = pacs()
    ask(actor, step_started(), "ris")
    ask(actor, step_ended(), "ris")
    effects = images_come(actor, images(1, 4))
    assert (sends(effects), timers(effects)) == ([], [])


# --- where -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "taken"),
    [
        (RoutingRule("x"), True),
        (RoutingRule("x", modalities=frozenset(("CT", "MR"))), True),
        (RoutingRule("x", modalities=frozenset(("MR",))), False),
        (RoutingRule("x", body_parts=frozenset(("CHEST",))), True),
        (RoutingRule("x", body_parts=frozenset(("HEAD",))), False),
        (RoutingRule("x", priorities=frozenset(("STAT",))), False),
        (RoutingRule("x", priorities=frozenset(("ROUTINE",))), True),
        (RoutingRule("x", hours=(8, 9)), True),
        (RoutingRule("x", hours=(9, 17)), False),
        (RoutingRule("x", hours=(18, 7)), False),
        (RoutingRule("x", hours=(22, 9)), True),
        (RoutingRule("x", modalities=frozenset(("CT",)), hours=(9, 17)), False),
    ],
)
def test_a_rule_takes_what_it_names_and_any_of_what_it_does_not(rule: RoutingRule, taken: bool) -> None:
    actor = pacs(rule)
    ask(actor, step_started(), "ris")
    ask(actor, step_ended(), "ris")
    assert bool(routed(images_come(actor, images(1, 4)))) is taken


def test_a_destination_that_is_away_holds_no_other_and_gets_all_of_it_once() -> None:
    actor = pacs(RoutingRule("away"), RoutingRule("away", modalities=frozenset(("CT",))), TELERADIOLOGY)
    ask(actor, step_started(), "ris")
    ask(actor, step_ended(), "ris")
    away, there = sends(images_come(actor, images(1, 4)))
    assert (away.to, there.to) == ("away", "teleradiology")
    fields = {"mrn": "M1", "accession": ACCESSION, "study": STUDY, "destination": "teleradiology"}
    assert notes(deliver(actor, there)) == [("study routed", STUDY, fields)]
    (back_off,) = timers(end(actor, away, OutcomeKind.REFUSED))
    (again,) = sends(wake(actor, back_off.key))
    assert again.message == away.message
    assert [name for name, _, _ in notes(deliver(actor, again))] == ["study routed"]


def test_a_study_of_which_something_was_refused_is_not_said_to_be_routed() -> None:
    actor = pacs(TELERADIOLOGY)
    ask(actor, step_started(), "ris")
    ask(actor, step_ended(), "ris")
    (send,) = sends(images_come(actor, images(1, 4)))
    refused = InstanceSet(SERIES, 4, 4)
    effects = answer(actor, send, StoreResult(stored=images(1, 3), failed=((0xA900, refused),)))
    assert [name for name, _, _ in notes(effects)] == ["delivery refused"]
