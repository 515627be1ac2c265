"""Laws of every actor: the same events give the same effects, and a peer may ask anything, in any order, again.

The events are those of a morning in the small clinic with half of all acknowledgements lost, recorded as the kernel gave
them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.carriers import MemoryCarriers
from emulators.core.actor import Actor
from emulators.core.effect import Effect, Note, Reply, Send
from emulators.core.event import Event, Outcome, OutcomeKind, Request
from emulators.core.fault import FaultPlan
from emulators.kernel import Archive, Kernel
from sim.run import Run
from tests.clinic import half_the_acknowledgements, small_clinic

Step = tuple[Event, int, Sequence[Effect]]
"""An event, its instant, and what the actor did."""


class Recorder:
    """An actor that keeps what passes through it."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.steps: list[Step] = []

    def handle(self, event: Event, now: int) -> Sequence[Effect]:
        effects = list(self.actor.handle(event, now))
        self.steps.append((event, now, effects))
        return effects


def hosted(plan: FaultPlan) -> tuple[dict[str, Recorder], Run]:
    """A fresh clinic, each of its actors in a recorder."""
    recorders: dict[str, Recorder] = {}
    host: Callable[..., None] = Kernel.host

    def record(kernel: Kernel, name: str, actor: Actor, archive: Archive | None = None) -> None:
        recorders[name] = Recorder(actor)
        host(kernel, name, recorders[name], archive)

    carriers = MemoryCarriers()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Kernel, "host", record)
        run = Run(small_clinic(), 7, plan, carriers, carriers.import_prior)
    return recorders, run


def fresh_actors() -> dict[str, Actor]:
    return {name: recorder.actor for name, recorder in hosted(FaultPlan(7))[0].items()}


@cache
def morning() -> dict[str, list[Step]]:
    """What happened to each system."""
    recorders, run = hosted(half_the_acknowledgements(7))
    assert run.carry_out().finished
    return {name: recorder.steps for name, recorder in recorders.items()}


def requests_of(name: str) -> list[Request]:
    """What a system was asked, retries included."""
    return [event for event, _, _ in morning()[name] if isinstance(event, Request)]


SYSTEMS = ("ehr", "engine", "ris", "pacs", "workstation", "ct1", "mr1", "dx1", "us1")


def test_the_morning_has_requests_and_losses_for_every_system() -> None:
    assert tuple(morning()) == SYSTEMS
    for name in SYSTEMS:
        assert requests_of(name)
        assert any(isinstance(event, Outcome) and event.kind is OutcomeKind.UNKNOWN for event, _, _ in morning()[name])


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_same_events_in_the_same_order_give_the_same_effects(name: str) -> None:
    actor = fresh_actors()[name]
    for number, (event, now, effects) in enumerate(morning()[name]):
        assert list(actor.handle(event, now)) == effects, f"event {number}"


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_request_is_answered_at_once_and_nothing_else_is(name: str) -> None:
    for event, _, effects in morning()[name]:
        replies = [effect.ticket for effect in effects if isinstance(effect, Reply)]
        assert replies == ([event.ticket] if isinstance(event, Request) else [])


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_key_is_sent_again_while_it_is_open(name: str) -> None:
    open_keys: set[str] = set()
    for event, _, effects in morning()[name]:
        if isinstance(event, Outcome):
            open_keys.remove(event.key)
        for effect in effects:
            if isinstance(effect, Send):
                assert effect.key not in open_keys
                open_keys.add(effect.key)
    assert open_keys == set()


asked = st.sampled_from(SYSTEMS).flatmap(
    lambda name: st.tuples(st.just(name), st.lists(st.sampled_from(requests_of(name)), max_size=40))
)


@given(asked)
def test_requests_in_any_order_are_answered_and_answered_the_same_by_an_equal_actor(asked: tuple[str, list[Request]]) -> None:
    name, requests = asked
    first, second = fresh_actors()[name], fresh_actors()[name]
    for ticket, request in enumerate(requests):
        event = replace(request, ticket=ticket)
        effects = list(first.handle(event, ticket))
        assert [effect.ticket for effect in effects if isinstance(effect, Reply)] == [ticket]
        assert list(second.handle(event, ticket)) == effects


@given(asked)
def test_an_hl7_message_that_was_taken_gets_its_answer_again_and_has_no_second_effect(
    asked: tuple[str, list[Request]],
) -> None:
    name, requests = asked
    actor = fresh_actors()[name]
    answers: dict[tuple[str, str], object] = {}
    for request in requests:
        if not hasattr(request.message, "control_id"):
            continue
        reply, *rest = actor.handle(request, 0)
        assert isinstance(reply, Reply)
        key = (request.sender, request.message.control_id)
        if key in answers:
            assert reply.message == answers[key]
            assert rest == []
        if reply.message.code == "AA":
            answers[key] = reply.message


@given(asked)
def test_an_hl7_message_that_is_refused_is_noted_at_most(asked: tuple[str, list[Request]]) -> None:
    name, requests = asked
    actor = fresh_actors()[name]
    for request in requests:
        reply, *rest = actor.handle(request, 0)
        if isinstance(reply, Reply) and getattr(reply.message, "code", "AA") in ("AE", "AR"):
            assert all(isinstance(effect, Note) for effect in rest)
