"""A clinic day through journals: every event of every system comes back as it was, and brings about what it brought about."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from emulators.carriers import MemoryCarriers
from emulators.core.actor import Actor
from emulators.core.effect import Effect
from emulators.core.event import Event
from emulators.core.fault import FaultPlan
from emulators.kernel import Kernel
from emulators.serving.open_work import OpenWork
from emulators.store.journal import Entry, Journal, Writer
from sim.run import Run
from sim.scenario import find
from tests.clinic import half_the_acknowledgements

SYSTEMS = ("ehr", "engine", "ris", "pacs", "workstation", "ct1", "us1")
Step = tuple[Event, int, Sequence[Effect]]


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
    """The clinic of the scenario, each of its systems in a recorder."""
    recorders: dict[str, Recorder] = {}
    host: Callable[..., None] = Kernel.host

    def record(kernel: Kernel, name: str, actor: Actor, *others: Any) -> None:
        recorders[name] = Recorder(actor)
        host(kernel, name, recorders[name], *others)

    carriers = MemoryCarriers()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Kernel, "host", record)
        run = Run(find("clinic")[1], 7, plan, carriers, carriers.import_prior)
    return recorders, run


@cache
def day() -> dict[str, list[Step]]:
    """What happened to each system on a day on which half of all acknowledgements are lost."""
    recorders, run = hosted(half_the_acknowledgements(7))
    assert run.carry_out().finished
    return {name: recorder.steps for name, recorder in recorders.items()}


@cache
def fresh_actors() -> dict[str, Actor]:
    """Used once each."""
    return {name: recorder.actor for name, recorder in hosted(FaultPlan(7))[0].items()}


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_a_journal_gives_back_brings_about_what_it_brought_about(tmp_path: Path, name: str) -> None:
    writer, epoch = Writer(name, "0", "c", "s"), datetime(2026, 3, 2)
    with closing(Journal(tmp_path / "journal", writer, epoch)) as journal:
        for event, now, _ in day()[name]:
            journal.append(now, event)
    actor, work = fresh_actors()[name], OpenWork()
    with closing(Journal(tmp_path / "journal", writer, epoch)) as journal:
        for entry, (event, now, effects) in zip(journal.entries(), day()[name], strict=True):
            assert entry == Entry(now, event)
            assert isinstance(entry, Entry)
            work.happened(entry.event)
            again = list(actor.handle(entry.event, entry.at))
            assert again == effects
            work.wanted(again, entry.at)
    assert (work.sends, work.tickets) == ({}, {})  # the day has ended, and nothing is open
