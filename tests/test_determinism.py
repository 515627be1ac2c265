"""Same seed, same run: byte for byte in two processes, and the same facts however the messages are carried or lost.

Over sockets: tests/test_wire_run.py.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulators.trace import Record
from reports.checkers import all_checkers
from reports.measures.facts import Facts, digest
from sim import faults
from sim.scenario import Scenario
from tests.clinic import codec_carriers, eventful_clinic, half_the_acknowledgements, run, scenario, small_clinic

ROOT = Path(__file__).parents[1]

THREE_DAYS = """
import sys
from pathlib import Path
from emulators.trace import TraceFile
from sim.scenario import find
from tests.clinic import half_the_acknowledgements, run

def write(name, scenario, plan):
    with TraceFile(Path(sys.argv[1]) / f"{name}.jsonl") as trace:
        run(find(scenario)[1], trace, seed=7, plan=plan)

write("whole", "clinic", None)
write("with_losses", "clinic", half_the_acknowledgements(7))
write("hospital", "community_hospital", None)
"""


def process(folder: Path, hash_seed: str) -> subprocess.Popen[bytes]:
    """A process that writes the traces of the clinic's day, without faults and with half of all acknowledgements lost, and of a
    hospital's."""
    folder.mkdir()
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", THREE_DAYS, str(folder)], cwd=ROOT, env=environment)


def test_two_processes_with_other_hash_seeds_write_the_same_traces(tmp_path: Path) -> None:
    processes = [process(tmp_path / hash_seed, hash_seed) for hash_seed in ("1", "2")]
    try:
        assert [started.wait(timeout=120) for started in processes] == [0, 0]
    finally:
        for started in processes:
            started.kill()
            started.wait()
    for name in ("whole", "with_losses", "hospital"):
        first, second = ((tmp_path / hash_seed / f"{name}.jsonl").read_bytes() for hash_seed in ("1", "2"))
        assert first == second
        assert first.count(b'"order closed"') > 30
        assert str(ROOT).encode() not in first
        assert str(tmp_path).encode() not in first


def records_of(clinic: Scenario, seed: int = 7, **settings: Any) -> list[Record]:
    records: list[Record] = []
    assert run(clinic, records.append, seed=seed, **settings).finished
    return records


def test_another_seed_is_another_day() -> None:
    assert records_of(small_clinic(), seed=7) != records_of(small_clinic(), seed=8)


def test_a_run_leaves_nothing_behind_for_the_next_one_in_its_process() -> None:
    first = records_of(eventful_clinic())
    records_of(eventful_clinic(), seed=8)
    assert records_of(eventful_clinic()) == first


@pytest.mark.parametrize("clinic", [scenario(), eventful_clinic()], ids=["the clinic", "everything happens"])
def test_messages_that_pass_through_the_codecs_write_the_same_trace(clinic: Scenario) -> None:
    direct = records_of(clinic)
    encoded = records_of(clinic, carriers=codec_carriers(clinic, 7))
    assert len(direct) > 1_500
    assert encoded == direct


def test_with_half_of_all_acknowledgements_lost_every_order_closes_with_the_same_facts() -> None:
    clinic, without, with_losses = scenario(), Facts(), Facts()
    lost: list[Record] = []

    def count_losses(record: Record) -> None:
        if record.get("fault"):
            lost.append(record)

    assert run(clinic, without).finished
    ending = run(clinic, with_losses, count_losses, plan=half_the_acknowledgements(7))
    assert ending.finished
    assert ending.orders > 30
    assert len(lost) > 500
    assert with_losses.result() == without.result()
    assert digest(with_losses.result()) == digest(without.result())


@pytest.mark.parametrize("name", ["half_the_acknowledgements", "every_kind"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_faults_change_no_facts_under_other_seeds_whatever_happens(seed: int, name: str) -> None:
    clinic, without, with_losses, checkers = eventful_clinic(), Facts(), Facts(), all_checkers()
    assert run(clinic, without, seed=seed).finished
    plan = faults.find(name).plan(seed)
    assert run(clinic, with_losses, *checkers.values(), seed=seed, plan=plan).finished
    assert with_losses.result() == without.result()
    assert {name: checker.violations() for name, checker in checkers.items() if checker.violations()} == {}
    assert without.result()["unexplained"] == []
