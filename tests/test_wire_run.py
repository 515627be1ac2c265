"""The clinic's day over real DICOM and MLLP against the same day in memory: the same facts, with and without faults.

In the clinic's day happens all that can happen to an outpatient, in the eventful morning everything there is.
"""

import threading
from collections import Counter
from pathlib import Path

import pytest

from emulators.carriers import SocketCarriers
from emulators.core.fault import FaultKind, FaultPlan, Rule, Verdict
from emulators.trace import Record
from reports.measures.facts import Facts, digest
from sim import faults
from sim.run import Run, scanned_images
from sim.scenario import Scenario
from tests.clinic import eventful_clinic, run, scenario, small_clinic

SEED = 7


def over_sockets(clinic: Scenario, plan: FaultPlan, folder: Path) -> tuple[str, list[Record]]:
    """The digest of the facts, and the trace."""
    facts, records = Facts(), list[Record]()
    images = scanned_images(clinic, SEED).instances
    carriers = SocketCarriers(clinic.site, images, folder, plan)
    try:
        subscribers = (facts, records.append)
        ending = Run(clinic, SEED, plan, carriers, carriers.import_prior, subscribers=subscribers).carry_out()
    finally:
        carriers.close()
    assert ending.finished
    return digest(facts.result()), records


def in_memory(clinic: Scenario, plan: FaultPlan | None = None) -> tuple[str, list[Record]]:
    facts, records = Facts(), list[Record]()
    assert run(clinic, facts, records.append, seed=SEED, plan=plan).finished
    return digest(facts.result()), records


def seen(records: list[Record]) -> Counter[str]:
    """The records but for what only real images have: their exact size, and the microseconds that it costs to move them.

    Which of two studies that are moved side by side comes first hangs on these too.
    """
    exact = ("bytes", "at", "taken", "started", "arrived")
    return Counter(repr({key: value for key, value in record.items() if key not in exact}) for record in records)


@pytest.mark.parametrize("clinic", [scenario(), eventful_clinic()], ids=["the clinic", "everything happens"])
def test_a_day_over_sockets_ends_in_the_facts_of_memory(clinic: Scenario, tmp_path: Path) -> None:
    wire_facts, wire_records = over_sockets(clinic, FaultPlan(SEED), tmp_path)
    memory_facts, memory_records = in_memory(clinic)
    assert wire_facts == memory_facts
    assert seen(wire_records) == seen(memory_records)


@pytest.mark.parametrize(
    ("name", "clinic"),
    [
        ("half_the_acknowledgements", small_clinic()),
        ("half_the_acknowledgements", eventful_clinic()),
        ("every_kind", eventful_clinic()),
    ],
    ids=["half the acknowledgements", "half the acknowledgements, everything happens", "every kind, everything happens"],
)
def test_a_faulty_morning_over_sockets_ends_in_the_facts_of_memory_and_of_no_faults(
    name: str, clinic: Scenario, tmp_path: Path
) -> None:
    compare(clinic, faults.find(name).plan(SEED), tmp_path)


@pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.SWALLOW, FaultKind.RESET_BEFORE, FaultKind.TRUNCATE])
def test_any_message_may_meet_any_fault_of_its_connection(kind: FaultKind, tmp_path: Path) -> None:
    compare(small_clinic(), FaultPlan(SEED, [Rule(Verdict(kind), probability=0.3)]), tmp_path)


def compare(clinic: Scenario, plan: FaultPlan, folder: Path) -> None:
    """Hold the faulty morning over sockets against the faulty one in memory, and against the undisturbed one."""
    wire_facts, wire_records = over_sockets(clinic, plan.again(), folder)
    memory_facts, memory_records = in_memory(clinic, plan.again())
    undisturbed, _ = in_memory(clinic)
    assert any("fault" in record for record in wire_records)
    assert wire_facts == memory_facts == undisturbed
    assert seen(wire_records) == seen(memory_records)


@pytest.mark.soak
def test_a_whole_day_with_half_the_acknowledgements_lost_through_the_relay(tmp_path: Path) -> None:
    clinic = scenario()
    plan = faults.find("half_the_acknowledgements").plan(SEED)
    assert over_sockets(clinic, plan, tmp_path)[0] == in_memory(clinic)[0]
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("radloop-")]
