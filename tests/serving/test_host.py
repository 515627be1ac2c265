"""The host of a served system: what is on disk before what, what a fault costs, and what the control port may do."""

import logging
from pathlib import Path
from typing import Any

import pytest

from emulators.control import AskStatus, Said, Stimulate
from emulators.core.effect import Note, Reply, Send, SetTimer
from emulators.core.errors import LocalProtocolError
from emulators.core.event import Outcome, OutcomeKind, Request, Stimulus, TimerFired, Told, Withdrawn
from emulators.messages.common import Acknowledgement
from emulators.store.journal import Entry, Snapshot
from tests.serving.desk import HEADER, PATIENT, Bench, bench, registration


def events(desk: Bench) -> list[Any]:
    """What is in the journal."""
    return [entry.event for entry in desk.journal.entries() if isinstance(entry, Entry)]


def control(desk: Bench, message: Stimulate | AskStatus) -> tuple[dict[str, Any], list[Any]]:
    """What the operator is told, and the other effects."""
    first, *rest = desk.host.handle(Request(1, "operator", message), 7)
    assert isinstance(first, Reply)
    assert isinstance(first.message, Said)
    return dict(first.message.content), rest


def test_an_event_is_in_the_journal_before_the_actor_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(tmp_path) as desk:
        handle = desk.desk.handle

        def look(event: Any, now: int) -> Any:
            assert events(desk) == [event]
            return handle(event, now)

        monkeypatch.setattr(desk.desk, "handle", look)
        reply, *_ = desk.host.handle(Request(3, "engine", registration()), 5)
        assert reply == Reply(3, Acknowledgement("AA", "C1"))


def test_an_event_that_cannot_be_kept_never_reaches_the_actor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench(tmp_path) as desk:

        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(desk.journal, "append", full)
        with pytest.raises(OSError, match="No space"):
            desk.host.handle(Request(3, "engine", registration()), 5)
        assert desk.desk.seen == []


def test_replay_gives_the_same_state_and_knows_what_is_open(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        desk.host.handle(Stimulus("register", {"subject": "C1"}), 10)
        desk.host.handle(Stimulus("register", {"subject": "C2"}), 20)
        desk.host.handle(Stimulus("wait", {}), 30)
        desk.host.handle(Request(4, "engine", registration("C9")), 40)
    with bench(tmp_path) as again:
        for entry in again.journal.entries():
            assert isinstance(entry, Entry)
            again.host.replay(entry.event, entry.at)
        assert again.desk.seen == ["C1", "C2", "C9"]
        assert again.host.events == 4
        assert {key: since for key, (_, since) in again.host.work.sends.items()} == {"out/engine/adt": 10}
        assert again.host.work.timers == {"later": 35}
        assert again.host.work.tickets == {}
        assert again.records == []  # nothing is noted a second time
        retry = again.host.handle(Outcome("out/engine/adt", OutcomeKind.UNKNOWN, None), 50)
        assert any(isinstance(effect, SetTimer) for effect in retry)
        assert again.desk.outbox.status()[0]["depth"] == 2


# --- faults ------------------------------------------------------------------------------------------------------------


def test_a_fault_at_an_hl7_request_is_answered_ae_207_and_says_nothing_of_the_patient(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with bench(tmp_path) as desk, caplog.at_level(logging.ERROR):
        effects = desk.host.handle(Request(3, "engine", registration("BAD")), 5)
        assert effects == [Reply(3, Acknowledgement("AE", "BAD", "207"))]
        assert desk.host.work.tickets == {}
    assert "desk cannot handle RegisterPatient: KeyError in Desk._registered" in caplog.text
    assert "M17" not in caplog.text


def test_a_fault_at_a_dimse_request_is_left_to_the_port(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        with pytest.raises(LocalProtocolError, match="StudyHeader was not answered"):
            desk.host.handle(Request(3, "ct1", HEADER), 5)
        assert desk.host.work.tickets == {}


def test_a_fault_at_any_other_event_costs_that_event(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        assert list(desk.host.handle(Stimulus("fail", {"patient": PATIENT}), 5)) == []
        assert list(desk.host.handle(TimerFired("later"), 6)) == []
        assert desk.desk.seen == ["failed", "later"]


def test_what_failed_fails_again_in_the_replay_and_nothing_else(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        desk.host.handle(Stimulus("fail", {"patient": PATIENT}), 5)
        desk.host.handle(Request(3, "engine", registration("BAD")), 5)
        desk.host.handle(Request(4, "engine", registration("C1")), 5)
    with bench(tmp_path) as again:
        for entry in again.journal.entries():
            assert isinstance(entry, Entry)
            again.host.replay(entry.event, entry.at)
        assert again.desk.seen == desk.desk.seen == ["failed", "C1"]
        assert again.host.work.tickets == {}


def test_a_ticket_is_void_when_its_peer_has_left(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        desk.host.work.happened(Request(3, "engine", registration()))
        desk.host.handle(Withdrawn(3), 5)
        assert desk.host.work.tickets == {}


# --- forgetting --------------------------------------------------------------------------------------------------------


def kinds(desk: Bench) -> list[str]:
    """What is in the journal."""
    return [type(entry).__name__ for entry in desk.journal.entries()]


def test_a_system_that_discards_images_keeps_its_state_and_not_its_events(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        desk.host.handle(Stimulus("register", {"subject": "C1"}), 10)
        desk.host.handle(Told(HEADER), 20)
        assert kinds(desk) == ["Entry", "Entry"]  # more parts of the batch may follow
        desk.host.handle(Stimulus("wait", {}), 30)
        assert kinds(desk) == ["Snapshot"]
        desk.host.handle(Request(4, "engine", registration("C9")), 40)
        assert kinds(desk) == ["Snapshot", "Entry"]
        desk.host.handle(Outcome("out/engine/adt", OutcomeKind.ANSWERED, Acknowledgement("AA", "C1")), 50)
        assert kinds(desk) == ["Snapshot"]  # nothing is under way
    with bench(tmp_path) as again:
        (snapshot,) = again.journal.entries()
        assert isinstance(snapshot, Snapshot)
        again.host.restore(snapshot)
        assert again.host.events == 5
        assert again.host.work.timers == {"later": 35}
        again.host.handle(Stimulus("register", {"subject": "C2"}), 60)
        assert list(again.host.work.sends) == ["out/engine/adt"]
        again.host.forget(60)
        assert kinds(again) == ["Snapshot"]


def test_a_system_that_discards_nothing_keeps_its_events(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        desk.host.handle(Stimulus("register", {"subject": "C1"}), 10)
        desk.host.handle(Outcome("out/engine/adt", OutcomeKind.ANSWERED, Acknowledgement("AA", "C1")), 50)
        desk.host.forget(60)
        assert kinds(desk) == ["Entry", "Entry"]


def test_state_that_cannot_be_written_down_stays_in_the_journal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with bench(tmp_path) as desk, caplog.at_level(logging.ERROR):
        desk.desk.stimuli["odd"] = lambda _: ()  # what pickle cannot name
        desk.host.handle(Told(HEADER), 20)
        desk.host.handle(Stimulus("wait", {}), 30)
        assert kinds(desk) == ["Entry", "Entry"]
    assert "desk cannot forget its events" in caplog.text


# --- what cannot be sent -----------------------------------------------------------------------------------------------


def test_what_cannot_be_sent_becomes_a_dead_letter_and_the_next_goes_on(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        desk.refused["C1"] = Acknowledgement("AE", "C1", "207")
        first = desk.host.handle(Stimulus("register", {"subject": "C1"}), 10)
        second = desk.host.handle(Stimulus("register", {"subject": "C2"}), 20)
        assert not any(isinstance(effect, Send) for effect in first)
        assert [effect.name for effect in first if isinstance(effect, Note)] == ["dead letter", "registered"]
        assert [effect.message.control_id for effect in second if isinstance(effect, Send)] == ["C2"]
        assert [letter["control"] for letter in desk.desk.dead_letters.status(30)] == ["C1"]
        assert [type(event).__name__ for event in events(desk)] == ["Stimulus", "Outcome", "Stimulus"]


# --- the control port --------------------------------------------------------------------------------------------------


def test_the_operator_gives_a_stimulus_which_is_kept_and_traced(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        said, effects = control(desk, Stimulate("register", {"subject": "C1"}))
        assert said == {"given": "register"}
        assert [type(effect).__name__ for effect in effects] == ["Send", "Note"]
        assert events(desk) == [Stimulus("register", {"subject": "C1"})]
        assert desk.records == [{"at": 7, "record": "stimulus", "system": "desk", "name": "register", "subject": "C1"}]


def test_an_unknown_stimulus_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        said, effects = control(desk, Stimulate("regster", {}))
        assert said["error"].startswith("desk takes no stimulus 'regster'; there is drop dead letter, fail, register")
        assert effects == []
        assert events(desk) == []


def test_a_stimulus_that_fails_is_told_to_the_operator_who_gave_it(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        said, effects = control(desk, Stimulate("register", {}))
        assert said == {"error": "desk cannot take it: 'subject' is missing, or is not known here"}
        assert effects == []


def test_the_status_counts_what_is_open_and_names_nobody(tmp_path: Path) -> None:
    with bench(tmp_path) as desk:
        desk.host.handle(Stimulus("register", {"subject": "C1"}), 1_000_000)
        desk.host.handle(Stimulus("wait", {}), 1_000_000)
        said, _ = control(desk, AskStatus())
        assert (said["system"], said["events"], said["timers"]) == ("desk", 2, 1)
        assert [(send["to"], send["message"]) for send in said["open_sends"]] == [("engine", "RegisterPatient")]
        assert [(queue["to"], queue["depth"]) for queue in said["queues"]] == [("engine", 1)]
        assert events(desk) != []
        assert "Doe" not in str(said)
        assert "M17" not in str(said)
