"""A served system that is started again: it knows what it knew, and goes on with what was open."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.core.errors import ConfigError
from emulators.messages.common import Acknowledgement, Patient, PersonName, Visit
from emulators.serving.service import JOURNAL
from emulators.store.journal import Entry
from tests.serving.desk import PATIENT, VISIT, registration
from tests.serving.hl7 import Peer, message_of, send
from tests.serving.processes import free_ports, site_file
from tests.serving.services import running, service

HOUR = timedelta(hours=1)


@contextmanager
def engine(port: int = 0, answers: bool = True) -> Iterator[Peer]:
    with closing(Peer(port, answers)) as peer:
        yield peer


def test_a_message_without_outcome_is_sent_again_under_its_control_id(tmp_path: Path) -> None:
    with engine(answers=False) as silent:
        site = site_file(tmp_path, {"engine.mllp_port": silent.port})
        with running(site, "ehr") as ehr:
            assert ehr.stimulate("register", subject="M17", patient=PATIENT, visit=VISIT) == ""
            first = silent.next()
    with engine() as awake:
        site_file(tmp_path, {"engine.mllp_port": awake.port})  # another port is no other state
        with running(site, "ehr", HOUR):  # the outcome is unknown, and a back-off of 5 s begins
            pass
        with running(site, "ehr", 2 * HOUR) as ehr:
            assert awake.next() == first
            assert first.patient == PATIENT
            assert ehr.status()["events"] >= 3


def test_a_timer_that_was_due_meanwhile_fires_at_the_start(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    site = site_file(tmp_path, {"engine.mllp_port": port})
    with running(site, "ehr") as ehr:
        ehr.stimulate("register", subject="M17", patient=PATIENT, visit=VISIT)
        ehr.wait_until(lambda status: status["timers"])  # refused, as nobody listens
    with engine(port) as awake, running(site, "ehr", HOUR):
        assert awake.next().patient == PATIENT


def test_time_goes_on_from_the_first_start(tmp_path: Path) -> None:
    site = site_file(tmp_path)
    for later, control_id in ((timedelta(), "C1"), (HOUR, "C2"), (timedelta(minutes=1), "C3")):  # the last: a clock set back
        with running(site, "ris", later) as ris:
            assert send(ris.address("mllp"), message_of(registration(control_id), "ENGINE")).code == "AA"
    with closing(service(site, "ris")) as ris:
        instants = [entry.at for entry in ris._journal.entries() if isinstance(entry, Entry)]
    assert instants == sorted(instants)
    assert instants[1] >= 3_600_000_000
    assert instants[2] - instants[1] < 60_000_000


def test_a_message_that_came_before_a_restart_is_known_and_has_no_second_effect(tmp_path: Path) -> None:
    site = site_file(tmp_path)
    with running(site, "engine") as served:
        assert send(served.address("mllp"), message_of(registration("C1"), "EHR")) == Acknowledgement("AA", "C1")
    with running(site, "engine", HOUR) as served:
        before = served.status()["queues"]
        assert send(served.address("mllp"), message_of(registration("C1"), "EHR")) == Acknowledgement("AA", "C1")
        assert [(queue["to"], queue["depth"]) for queue in before] == [("ris", 1), ("pacs", 1)]
        assert [(queue["to"], queue["depth"]) for queue in served.status()["queues"]] == [("ris", 1), ("pacs", 1)]


def test_what_cannot_be_sent_is_a_dead_letter_and_the_system_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with engine() as peer, caplog.at_level(logging.ERROR):
        site = site_file(tmp_path, {"engine.mllp_port": peer.port})
        with running(site, "ehr") as ehr:
            nameless = Patient("", "RADLOOP", PersonName("Doe", "Jane"))
            assert ehr.stimulate("register", subject="", patient=nameless, visit=VISIT) == ""
            assert [letter["reason"] for letter in ehr.status()["dead_letters"]] == ["AE 207"]
            assert ehr.stimulate("register", subject="M17", patient=PATIENT, visit=Visit("V2")) == ""
            assert peer.next().patient == PATIENT
    assert "RegisterPatient to engine cannot be encoded: PID-3" in caplog.text
    assert "Doe" not in caplog.text


def test_a_stimulus_that_the_system_cannot_take_is_told_and_ends_nothing(tmp_path: Path) -> None:
    with running(site_file(tmp_path), "ehr") as ehr:
        assert ehr.stimulate("register", subject="M17") == "ehr cannot take it: 'patient' is missing, or is not known here"
        assert "there is" in ehr.stimulate("no such thing")
        assert ehr.stimulate("register", subject="M17", patient=PATIENT, visit=VISIT) == ""


def test_a_system_cannot_be_served_twice_at_once(tmp_path: Path) -> None:
    site = site_file(tmp_path)
    with closing(service(site, "ris")), pytest.raises(ConfigError, match="another process has it open"):
        service(site, "ris")


def test_an_unknown_quirk_is_refused_by_its_key(tmp_path: Path) -> None:
    site = site_file(tmp_path, changes={"[endpoints.ris]\n": '[endpoints.ris]\nquirks = ["no_such_quirk"]\n'})
    with pytest.raises(ConfigError, match=r"endpoints.ris.quirks: .*no_such_quirk"):
        service(site, "ris")


def test_a_port_in_use_leaves_nothing_open(tmp_path: Path) -> None:
    with engine() as peer:
        site = site_file(tmp_path, {"ris.mllp_port": peer.port})
        with pytest.raises(OSError, match="Address already in use"):
            service(site, "ris")
    with closing(service(site_file(tmp_path), "ris")):
        pass  # the journal is not locked, no thread is left


# --- a kill at any byte ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """The site of a RIS that has got some messages, and its journal."""
    folder = tmp_path_factory.mktemp("morning")
    site = site_file(folder)
    with running(site, "ris") as ris:
        for number in range(5):
            assert send(ris.address("mllp"), message_of(registration(f"C{number}"), "ENGINE")).code == "AA"
    return site, (folder / "radloop-state" / "ris" / JOURNAL).read_bytes()


@settings(max_examples=30)
@given(data=st.data())
def test_after_a_kill_at_any_byte_the_system_knows_every_event_whose_line_is_whole(
    morning: tuple[Path, bytes], data: st.DataObject
) -> None:
    site, whole = morning
    size = data.draw(st.integers(0, len(whole)))
    journal = site.parent / "radloop-state" / "ris" / JOURNAL
    journal.write_bytes(whole[:size])
    known = max(0, whole[:size].count(b"\n") - 1)
    with closing(service(site, "ris")) as ris:
        assert ris.events == known
        assert ris.torn_bytes == size - (whole[:size].rfind(b"\n") + 1)
    with running(site, "ris", HOUR) as served:  # and it takes the rest, once each
        for number in range(5):
            assert send(served.address("mllp"), message_of(registration(f"C{number}"), "ENGINE")).code == "AA"
        assert served.status()["events"] == known + 5
