"""Hostile input at every port of every served system: thousands of mutated PDUs, data sets and HL7 messages, good traffic among
them. Every connection is answered or closed within its timer, the good exchanges are answered as they must be, the systems stay
up, and afterwards they hold what they held before, what the good traffic brought, and no more.

What is no longer wrong enough to be refused is taken, and its sender told so: that counts as good traffic. How that is held: a
second system of the same kind is given only what the first has acknowledged, and must hold the same in the end.

A failure names its input, such as pacs-dicom-417. The same again, alone::

    pytest tests/serving/test_hostile_input.py -k share --hostile pacs-dicom-417
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.serving.hostile_inputs import TITLES
from tests.serving.hostile_ledgers import difference, images_on_disk, ledger, teach
from tests.serving.hostile_storms import Storm, port_storms, summary
from tests.serving.processes import Served, served, site_file

SYSTEMS = ("ehr", "engine", "ris", "pacs", "workstation", "teleradiology", "ct1")
ARCHIVES = ("pacs", "workstation", "teleradiology")

SHARE, WHOLE = 60, 1000
"""Inputs of each of the ten ports."""

CORPUS = (
    "pacs-dicom-41",  # a SOP class beyond ASCII, which the response could not repeat
    "workstation-dicom-17",  # the same with a SOP instance
    "teleradiology-dicom-758",  # a transfer syntax beyond ASCII, which the A-ASSOCIATE-AC could not repeat
    "pacs-mllp-977",  # a million names of a patient: the system was busy with them for ten seconds
    "ehr-mllp-987",
)
"""Inputs that once found a fault, of the mutations as they are now; they come with the share, too."""

TIMERS = "artim_s = 1.0\nidle_s = 2.0\n"
"""Of every system here. Whoever opened a connection waits for its end 10 s at most after the last byte: the timers and what a
busy machine may take; far from the 60 s that an association may idle if nobody says otherwise."""

SETTLED_LIMIT_S = 20.0


class Hospital:
    """Every system, in a process of its own, and the storm at each port."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self._folder = folder
        self._opened = opened
        site = self.site("first")
        self.systems = {system: Served(site, system) for system in SYSTEMS}  # they start at the same time
        for system in self.systems.values():
            opened.callback(system.kill)
        for system in self.systems.values():
            teach(system)
        self.storms = port_storms()

    def site(self, name: str) -> Path:
        """A site file in a folder of its own."""
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        with_timers = {f"[endpoints.{system}]\n": f"[endpoints.{system}]\n{TIMERS}" for system in TITLES}
        return site_file(folder, changes=with_timers)

    def storm(self, numbers: Mapping[str, Sequence[int]]) -> None:
        """At all ports at once."""
        threads = [
            threading.Thread(target=storm.run, args=(self.systems[storm.system], numbers[port]), name=f"test-{port}")
            for port, storm in self.storms.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(summary(list(self.storms.values())))

    def of(self, system: str) -> Sequence[Storm]:
        return [storm for storm in self.storms.values() if storm.system == system]

    def kill_and_start_again(self, system: str) -> None:
        """As after a crash."""
        self.systems[system].kill()
        self.systems[system] = Served(self._folder / "first" / "site.toml", system)
        self._opened.callback(self.systems[system].kill)


def settled_difference(first: Served, second: Served) -> Sequence[str]:
    """How what two systems hold differs, once they have settled: they are told of images when an association has ended."""
    end_s = time.monotonic() + SETTLED_LIMIT_S
    while (found := difference(ledger(first), ledger(second))) and time.monotonic() < end_s:
        pass
    return found


def numbers_of(whole: bool, chosen: Sequence[str]) -> Mapping[str, Sequence[int]]:
    """The inputs of each port: those that were chosen by name, or else all, or the share with the corpus."""
    numbers: dict[str, list[int]] = {port: [] if chosen else list(range(WHOLE if whole else SHARE)) for port in port_storms()}
    for name in chosen or CORPUS * (not whole):
        port, _, number = name.rpartition("-")
        numbers[port].append(int(number))
    return numbers


@pytest.fixture(scope="module", params=["share", pytest.param("whole", marks=pytest.mark.soak)])
def hospital(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """After the storm; its systems are stopped at the end."""
    with ExitStack() as opened:
        stormed = Hospital(tmp_path_factory.mktemp("hostile"), opened)
        stormed.storm(numbers_of(request.param == "whole", request.config.getoption("--hostile")))
        yield stormed
        for system in stormed.systems.values():
            system.stop()


@pytest.mark.parametrize("port", port_storms())
def test_every_connection_is_answered_or_ended_in_its_time_and_good_traffic_goes_on(hospital: Hospital, port: str) -> None:
    assert hospital.storms[port].failures == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_stays_up_and_has_no_fault_of_its_own(hospital: Hospital, system: str) -> None:
    process = hospital.systems[system]
    assert process.is_running
    log = process.log.read_text(encoding="utf-8")
    faults = ("Traceback", "Error", "cannot handle", "fault")
    assert [line for line in log.splitlines() if any(word in line for word in faults)] == []
    assert "Hostile" not in log  # the patients


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_holds_what_it_held_and_what_it_has_acknowledged_and_no_more(hospital: Hospital, system: str) -> None:
    with served(hospital.site("second"), system) as other:
        teach(other)
        for storm in hospital.of(system):
            assert storm.again(other) == []
        assert settled_difference(hospital.systems[system], other) == []


@pytest.mark.parametrize("system", ARCHIVES)
def test_an_archive_has_every_image_that_it_has_acknowledged_once_and_no_other(hospital: Hospital, system: str) -> None:
    acknowledged = {image for storm in hospital.of(system) for image in storm.images}
    assert images_on_disk(hospital.systems[system]) == dict.fromkeys(acknowledged, 1)


@pytest.mark.parametrize("hospital", [pytest.param("whole", marks=pytest.mark.soak)], indirect=True, scope="module")
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_that_is_killed_after_all_that_comes_back_with_what_it_held(hospital: Hospital, system: str) -> None:
    before = ledger(hospital.systems[system])
    hospital.kill_and_start_again(system)
    assert difference(before, ledger(hospital.systems[system])) == []


# --- the ledger can tell -------------------------------------------------------------------------------------------------


def test_a_ledger_shows_what_is_missing_what_is_too_much_and_what_is_there_twice() -> None:
    first, second = {"studies": {"A": 1, "B": 1}, "worklist": {"C": 1}}, {"studies": {"A": 2, "D": 1}, "worklist": {"C": 1}}
    assert difference(first, second) == ["studies: - B", "studies: + A", "studies: + D"]
    assert difference(first, first) == []


def test_a_system_that_forgets_what_it_has_acknowledged_is_found_out(tmp_path: Path) -> None:
    storm = Storm("engine", "mllp")
    quirk = {"[endpoints.engine]\n": '[endpoints.engine]\nquirks = ["says_aa_but_forgets"]\n'}
    with served(site_file(tmp_path, changes=quirk), "engine") as forgetful:
        storm.run(forgetful, range(20))
        assert storm.failures == []
        held = ledger(forgetful)
    good = site_file(tmp_path)
    with served(good, "engine", "--discard-state") as other:
        assert storm.again(other) == []
        assert difference(held, ledger(other)) != []
